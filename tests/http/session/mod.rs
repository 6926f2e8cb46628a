//! Tests of sessions: the cookie, login and logout, expiry, cross-site requests, and sessions that must stay ended.

mod callers;
mod cookie;
mod ends;
mod login;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::{Json, ServiceConfig};
use actix_web::{HttpResponse, Result, get, post};
use auth_actix::lease::Lease;
use auth_actix::password::{PasswordAuthenticator, User, UserStore, UserStoreUnavailable};
use auth_actix::session::{NewSession, Sessions};
use auth_actix::{
    Auth, AuthBuilder, BoxFuture, Confers, Id, MaybePrincipal, Principal, Session, public, require, require_auth,
    require_role, require_scope,
};
use auth_tests::logs;
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::{Answer, Request, get, request};
use serde_json::json;

use crate::users::PASSWORD;
use crate::{BEARER, Role, TokenScope, denied, is_a_denial, jwt};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    let actor = caller.actor().map(|actor| format!(" by {}", actor.id())).unwrap_or_default();
    format!("{}{actor} editor={}", caller.id(), caller.has_role(Role::Editor))
}

#[require_auth]
#[post("/me")]
async fn change() -> &'static str {
    "changed"
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[require_scope("read:reports")]
#[get("/scoped")]
async fn scoped() -> &'static str {
    "scoped"
}

#[require_auth(max_age = "1h")]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

#[require_auth(acr = "mfa")]
#[get("/strong")]
async fn strong() -> &'static str {
    "strong"
}

#[require_auth(direct)]
#[get("/direct")]
async fn direct() -> &'static str {
    "direct"
}

#[public]
#[get("/home")]
async fn home(caller: Option<Principal>) -> String {
    caller.map_or("anonymous".to_owned(), |caller| caller.id().to_string())
}

#[require_auth]
#[get("/until-over")]
async fn until_over(session: Session) -> &'static str {
    session.ended().await;
    "over"
}

#[require_auth]
#[get("/until-withdrawn")]
async fn until_withdrawn(lease: Lease) -> String {
    format!("{:?}", lease.every(Duration::from_secs(1)).await)
}

#[public]
#[get("/maybe")]
async fn maybe(caller: MaybePrincipal) -> String {
    match caller {
        MaybePrincipal::Known(caller) => caller.id().to_string(),
        MaybePrincipal::Anonymous => "anonymous".to_owned(),
        MaybePrincipal::Unavailable => "unavailable".to_owned(),
    }
}

#[public]
#[get("/maybe-both")]
async fn maybe_both(_: MaybePrincipal, _: Option<Principal>) -> &'static str {
    "both"
}

#[public]
#[post("/comment")]
async fn comment(caller: Option<Principal>) -> String {
    caller.map_or("anonymous".to_owned(), |caller| caller.id().to_string())
}

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

#[derive(serde::Deserialize)]
struct Who {
    sub: String,
    issuer: Option<String>,
    acr: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    remember: bool,
}

impl Who {
    fn login(self) -> NewSession {
        let mut login = NewSession::user(self.sub).roles(self.roles);
        login = self.issuer.into_iter().fold(login, NewSession::issuer);
        login = self.acr.into_iter().fold(login, NewSession::acr);
        if self.remember { login.persistent() } else { login }
    }
}

#[public]
#[post("/as")]
async fn log_in(session: Session, who: Json<Who>) -> Result<HttpResponse> {
    let cookie = session.log_in(who.into_inner().login()).await?;
    Ok(HttpResponse::Ok().append_header(cookie).append_header(("Set-Cookie", "theirs=1")).finish())
}

#[require_role("admin")]
#[post("/act")]
async fn act(session: Session, who: Json<Who>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().append_header(session.act_as(who.into_inner().login()).await?).finish())
}

#[require_auth]
#[post("/elsewhere")]
async fn elsewhere(session: Session) -> Result<String> {
    Ok(session.log_out_elsewhere().await?.to_string())
}

#[require_auth]
#[get("/sessions")]
async fn list(session: Session) -> Result<Json<Vec<serde_json::Value>>> {
    let this = session.key();
    let all = session.all().await?;
    let shown = all.iter().map(|one| {
        let actor = one.principal.actor().map(|actor| actor.id().to_string());
        let whose = one.principal.id().to_string();
        json!({ "key": one.key.to_string(), "whose": whose, "actor": actor, "this": Some(one.key) == this, "remembered": one.is_remembered })
    });
    Ok(Json(shown.collect()))
}

#[require_auth]
#[post("/sessions")]
async fn end_one(session: Session, key: Json<String>) -> Result<String> {
    let Ok(key) = key.parse() else { return Ok("no key".to_owned()) };
    Ok(session.end_one(key).await?.to_string())
}

/// A user store whose users can change or disappear, and that can be unavailable.
#[derive(Clone, Default)]
struct Staff(Arc<[AtomicBool; 4]>);

impl Staff {
    fn set(&self, flag: usize) {
        self.0[flag].store(true, Ordering::SeqCst);
    }
}

const DEMOTED: usize = 0;
const GONE: usize = 1;
const DOWN: usize = 2;
const CHANGED: usize = 3;

/// The hash of another password.
static OTHER: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| auth_actix::password::hash_password(&"another one".into()).unwrap());

impl UserStore for Staff {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>> {
        let [demoted, gone, down, changed] =
            [DEMOTED, GONE, DOWN, CHANGED].map(|flag: usize| self.0[flag].load(Ordering::SeqCst));
        Box::pin(async move {
            if down {
                return Err(UserStoreUnavailable);
            }
            let hash = crate::users::Staff::default().find("alice").await?.filter(|_| name == "alice" && !gone);
            let user = hash.map(|user| if changed { User::new(OTHER.as_str()).unwrap() } else { user });
            Ok(user.map(|user: User| user.roles(if demoted { vec!["viewer"] } else { vec!["admin"] })))
        })
    }
}

fn serving(sessions: Sessions, more: impl FnOnce(AuthBuilder) -> AuthBuilder) -> (Server, Auth) {
    serving_in("reports", sessions, more)
}

fn serving_in(realm: &str, sessions: Sessions, more: impl FnOnce(AuthBuilder) -> AuthBuilder) -> (Server, Auth) {
    let auth = more(Auth::builder().realm(realm).session(sessions).roles::<Role>()).build().unwrap();
    let theirs = auth.clone();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(me).service(change).service(admin).service(scoped).service(fresh);
        let scope = scope.service(strong).service(direct).service(home).service(comment).service(hidden);
        let scope = scope.service(log_in).service(act).service(elsewhere).service(auth.login());
        let scope = scope
            .service(maybe)
            .service(maybe_both)
            .service(until_over)
            .service(until_withdrawn)
            .service(list)
            .service(end_one);
        config.service(scope.service(auth.logout("/logout")));
    });
    (server, theirs)
}

fn plain() -> (Server, Auth) {
    serving(Sessions::memory(), |auth| auth)
}

const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const SESSION: &str = "Session realm=\"reports\"";

/// Returns the session cookie that a response sets, as a browser sends it back.
fn cookie_of(answer: &Answer) -> String {
    let set: Vec<_> =
        answer.lines("set-cookie").into_iter().filter(|line| line.starts_with("__Host-session=")).collect();
    let [line] = set.as_slice() else { panic!("not one session cookie: {answer:?}") };
    line.split(';').next().unwrap().to_owned()
}

fn posted(path: &str, body: &serde_json::Value) -> Request {
    let (site, ours) = OURS;
    request("POST", path).field(site, ours).field("Content-Type", "application/json").body(body.to_string())
}

fn logged_in(server: &Server, who: serde_json::Value) -> String {
    cookie_of(&server.send(&posted("/as", &who)))
}

fn with(cookie: &str, path: &str) -> Request {
    get(path).field("Cookie", cookie)
}

fn denied_or(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    is_a_denial("", answer);
}

#[require(scope("read:reports") || scope("write:reports"))]
#[get("/unused")]
async fn _names_are_used() -> &'static str {
    let _ = (TokenScope::Read, TokenScope::Write, Role::Viewer, Role::Suspended);
    "unused"
}
