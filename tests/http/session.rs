//! Sessions: the cookie, log-in and log-out, time, other sites, and what must not rise from the dead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::{Json, ServiceConfig};
use actix_web::{HttpResponse, Result, get, post};
use auth_actix::{
    Auth, AuthBuilder, Confers, Found, Id, LogIn, MaybePrincipal, Passwords, Principal, Session, Sessions, Unavailable,
    User, Users, public, require, require_auth, require_role, require_scope,
};
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
    caller.map_or("a stranger".to_owned(), |caller| caller.id().to_string())
}

#[require_auth]
#[get("/until-over")]
async fn until_over(session: Session) -> &'static str {
    session.over().await;
    "over"
}

#[public]
#[get("/maybe")]
async fn maybe(caller: MaybePrincipal) -> String {
    match caller {
        MaybePrincipal::Known(caller) => caller.id().to_string(),
        MaybePrincipal::Anonymous => "a stranger".to_owned(),
        MaybePrincipal::Unavailable => "nobody can say".to_owned(),
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
    caller.map_or("a stranger".to_owned(), |caller| caller.id().to_string())
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
    fn login(self) -> LogIn {
        let mut login = LogIn::user(self.sub).roles(self.roles);
        login = self.issuer.into_iter().fold(login, LogIn::issuer);
        login = self.acr.into_iter().fold(login, LogIn::acr);
        if self.remember { login.remember() } else { login }
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

/// Users whose roles change and who go, and a store that can be out of reach.
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

/// Of another password.
static OTHER: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| auth_actix::hash_password(&"another one".into()).unwrap());

impl Users for Staff {
    fn find<'a>(&'a self, name: &'a str) -> Found<'a> {
        let [demoted, gone, down, changed] =
            [DEMOTED, GONE, DOWN, CHANGED].map(|flag: usize| self.0[flag].load(Ordering::SeqCst));
        Box::pin(async move {
            if down {
                return Err(Unavailable);
            }
            let hash = crate::users::Staff::default().find("alice").await?.filter(|_| name == "alice" && !gone);
            let user = hash.map(|user| if changed { User::new(OTHER.as_str()).unwrap() } else { user });
            Ok(user.map(|user: User| user.roles(if demoted { vec!["viewer"] } else { vec!["admin"] })))
        })
    }
}

fn serving(sessions: Sessions, more: impl FnOnce(AuthBuilder) -> AuthBuilder) -> (Server, Auth) {
    let auth = more(Auth::builder().realm("reports").session(sessions).roles::<Role>()).build().unwrap();
    let theirs = auth.clone();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(me).service(change).service(admin).service(scoped).service(fresh);
        let scope = scope.service(strong).service(direct).service(home).service(comment).service(hidden);
        let scope = scope.service(log_in).service(act).service(elsewhere).service(auth.login());
        let scope = scope.service(maybe).service(maybe_both).service(until_over);
        config.service(scope.service(auth.logout("/logout")));
    });
    (server, theirs)
}

fn plain() -> (Server, Auth) {
    serving(Sessions::memory(), |auth| auth)
}

const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const SESSION: &str = "Session realm=\"reports\"";

/// The cookie that an answer sets, as a browser sends it back.
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

#[test]
fn a_login_sets_a_cookie_that_opens_what_its_roles_open_and_a_logout_ends_it() {
    // COOKIE-1, COOKIE-4, SESS-1, SESS-4, SESS-7, T32, H13
    let (server, _) = plain();
    let answer = server.send(&posted("/as", &json!({ "sub": "alice", "roles": ["editor"] })));
    assert_eq!(answer.status, 200);
    let line = answer.lines("set-cookie")[0].to_owned();
    assert!(line.ends_with("; Secure; HttpOnly; Path=/; SameSite=Lax"), "{line}");
    assert_eq!(answer.lines("set-cookie")[1], "theirs=1");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let cookie = cookie_of(&answer);
    let answer = server.send(&with(&cookie, "/me"));
    assert_eq!((answer.status, answer.text()), (200, "user:13:basic:reports:alice editor=true"));
    assert_eq!((answer.field("cache-control"), answer.field("vary")), (Some("private"), Some("Cookie")));
    denied("a role is lacking", &server.send(&with(&cookie, "/admin")), 403, "insufficient-permissions", &[]);
    denied("no cookie", &server.send(&get("/me")), 401, "missing-credentials", &[SESSION]);
    let out = server.send(&request("POST", "/logout").field("Cookie", &cookie).fields(&[OURS]));
    assert_eq!(
        (out.status, out.field("set-cookie")),
        (204, Some("__Host-session=; Secure; HttpOnly; Path=/; SameSite=Lax; Max-Age=0"))
    );
    let replayed = server.send(&with(&cookie, "/me"));
    assert_eq!((replayed.status, replayed.problem().as_str()), (401, "revoked-credentials"));
    assert_eq!(replayed.lines("www-authenticate"), [SESSION]);
    assert_eq!((replayed.lines("set-cookie").len(), replayed.field("cache-control")), (1, Some("no-store")));
    assert!(replayed.lines("set-cookie")[0].ends_with("; Max-Age=0"), "COOKIE-4");
    // A hidden path tells nothing of the cookie: as an unknown one.
    let (hides, unknown) = (server.send(&with(&cookie, "/hidden")), server.send(&with(&cookie, "/unknown")));
    assert_eq!((hides.status, hides.without_date()), (404, unknown.without_date()));
    assert!(hides.lines("set-cookie").is_empty() && hides.field("vary").is_none());
}

#[test]
fn only_our_cookie_is_read_and_no_id_is_adopted() {
    // COOKIE-2, COOKIE-3, SESS-1, T31, T32
    let (server, _) = plain();
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    let value = cookie.strip_prefix("__Host-session=").unwrap();
    let mallory = logged_in(&server, json!({ "sub": "mallory" }));
    let split = server.send(&with("a=b", "/me").field("Cookie", &cookie));
    assert_eq!(split.status, 200, "HTTP/2 splits the line");
    for forged in [
        format!("%5F%5FHost-session={value}"),
        format!("__HOST-session={value}"),
        format!("session={value}"),
        format!("__Host-session=\"{value}\""),
        format!("{cookie}; {mallory}"),
        "__Host-session=AAAA".to_owned(),
    ] {
        denied(&forged, &server.send(&with(&forged, "/me")), 401, "missing-credentials", &[SESSION]);
    }
    // Fixation: an id that somebody planted is never the id of a session.
    let planted = format!("__Host-session={}", "A".repeat(43));
    let answer = server.send(&posted("/as", &json!({ "sub": "alice" })).field("Cookie", &planted));
    assert_ne!(cookie_of(&answer), planted);
    assert_eq!(server.send(&with(&planted, "/me")).status, 401);
}

#[test]
fn each_login_has_a_new_id_and_the_one_before_is_dead_without_killing_it() {
    // SESS-2, H14, COOKIE-4
    let (server, _) = plain();
    let before = logged_in(&server, json!({ "sub": "alice" }));
    denied_or(&server.send(&with(&before, "/strong")), 401);
    let answer = server.send(&posted("/as", &json!({ "sub": "alice", "acr": "mfa" })).field("Cookie", &before));
    let after = cookie_of(&answer);
    assert_ne!(before, after);
    assert_eq!(server.send(&with(&after, "/strong")).status, 200, "stepped up");
    let old = server.send(&with(&before, "/me"));
    assert_eq!(old.status, 401, "dead at once");
    assert!(old.lines("set-cookie").is_empty(), "its answer, which may come last, must not delete the new cookie");
    assert_eq!(server.send(&with(&after, "/me")).status, 200);
}

#[test]
fn a_logout_that_still_has_the_cookie_from_before_ends_what_took_its_place() {
    // H14
    let (server, _) = plain();
    let first = logged_in(&server, json!({ "sub": "alice" }));
    let again =
        |cookie: &str| cookie_of(&server.send(&posted("/as", &json!({ "sub": "alice" })).field("Cookie", cookie)));
    let second = again(&first);
    let third = again(&second);
    let out = server.send(&request("POST", "/logout").field("Cookie", &first).fields(&[OURS]));
    assert_eq!(out.status, 204);
    assert_eq!(server.send(&with(&third, "/me")).status, 401, "log-out means log-out");
    let other = logged_in(&server, json!({ "sub": "alice" }));
    let out = server.send(&request("POST", "/logout").field("Cookie", &first).fields(&[OURS]));
    assert_eq!((out.status, server.send(&with(&other, "/me")).status), (204, 200), "and no more than that");
}

#[test]
fn nobody_fills_the_store_and_too_many_sessions_end_their_own() {
    // H14: never those of somebody else
    let (server, _) = serving(Sessions::in_store(auth_actix::MemoryStore::new(150)), |auth| auth);
    let bob = logged_in(&server, json!({ "sub": "bob" }));
    let mallory: Vec<_> = (0..130).map(|_| logged_in(&server, json!({ "sub": "mallory" }))).collect();
    let alive = mallory.iter().map(|cookie| server.send(&with(cookie, "/me")).status == 200);
    assert_eq!(
        alive.collect::<Vec<_>>(),
        (0..130).map(|number| number >= 30).collect::<Vec<_>>(),
        "the latest hundred"
    );
    assert_eq!(server.send(&with(&bob, "/me")).status, 200);
    logged_in(&server, json!({ "sub": "alice" }));
    // Nor by two accounts that take the place of each other.
    let (server, _) = serving(Sessions::in_store(auth_actix::MemoryStore::new(250)), |auth| auth);
    for _ in 0..150 {
        let one = logged_in(&server, json!({ "sub": "mallory" }));
        let other = server.send(&posted("/as", &json!({ "sub": "mal" })).field("Cookie", &one));
        assert_eq!(other.status, 200);
    }
    for number in 0..50 {
        logged_in(&server, json!({ "sub": format!("user{number}") }));
    }
}

#[test]
fn a_session_of_another_realm_is_none_and_its_cookie_stays() {
    // C2
    let sessions = Sessions::memory();
    let staff = |realm: &'static str| serving(sessions.clone(), |auth| auth.realm(realm)).0;
    let (ours, theirs) = (staff("reports"), staff("shop"));
    let alice = logged_in(&ours, json!({ "sub": "alice", "roles": ["admin"] }));
    assert_eq!(ours.send(&with(&alice, "/admin")).status, 200);
    let answer = theirs.send(&with(&alice, "/admin"));
    assert_eq!((answer.status, answer.lines("set-cookie").len()), (401, 0), "{answer:?}");
    assert_eq!(theirs.send(&with(&alice, "/home")).text(), "a stranger");
    // Nor do they end it there.
    let out = theirs.send(&request("POST", "/logout").field("Cookie", &alice).fields(&[OURS]));
    assert_eq!(out.status, 204);
    assert_eq!(theirs.send(&posted("/as", &json!({ "sub": "bob" })).field("Cookie", &alice)).status, 200);
    assert_eq!(ours.send(&with(&alice, "/admin")).status, 200);
}

#[test]
fn what_was_let_in_by_a_session_can_wait_for_its_end() {
    // SESS-8
    let (server, auth) = plain();
    let (alice, bob) = (logged_in(&server, json!({ "sub": "alice" })), logged_in(&server, json!({ "sub": "bob" })));
    let wait = |cookie: &str| {
        let start = std::time::Instant::now();
        let answer = server.send(&with(cookie, "/until-over"));
        assert_eq!((answer.status, answer.text()), (200, "over"));
        start.elapsed()
    };
    std::thread::scope(|scope| {
        let (of_alice, of_bob) = (scope.spawn(|| wait(&alice)), scope.spawn(|| wait(&bob)));
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(server.send(&request("POST", "/logout").field("Cookie", &alice).fields(&[OURS])).status, 204);
        let waited = of_alice.join().unwrap();
        assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(7), "{waited:?}");
        std::thread::sleep(Duration::from_secs(1));
        assert!(!of_bob.is_finished(), "his goes on");
        actix_web::rt::System::new().block_on(auth.end_sessions(&Id::user("basic:reports", "bob"))).unwrap();
        of_bob.join().unwrap();
    });
}

fn denied_or(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    is_a_denial("", answer);
}

#[test]
fn another_site_s_page_does_nothing_with_a_cookie() {
    // CSRF-1 to CSRF-5, T33, M5, HTTP-19
    let (server, _) = serving(Sessions::memory().confers(Confers::everything()), |auth| {
        auth.bearer(jwt().confers(Confers::everything())).origins(["https://app.example"])
    });
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    let post = |path: &str, fields: &[(&str, &str)]| {
        server.send(&request("POST", path).field("Cookie", &cookie).fields(fields).body(""))
    };
    #[rustfmt::skip]
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[OURS], 200),
        (&[("Sec-Fetch-Site", "none")], 200),
        (&[("Origin", "https://app.example")], 200),
        (&[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://app.example")], 200),
        (&[("Sec-Fetch-Site", "cross-site")], 403),
        (&[("Sec-Fetch-Site", "same-site")], 403),
        (&[], 403), // a cookie needs proof
        (&[("Origin", "null")], 403),
        (&[("Origin", "https://app.example.evil")], 403),
        (&[("Origin", "http://app.example")], 403),
        (&[OURS, ("Sec-Fetch-Site", "cross-site")], 403),
        (&[("Sec-Fetch-Site", "cross-site"), ("Content-Type", "text/plain")], 403),
        // A stray credential of another scheme does not switch the check off: it stands for no cookie.
        (&[("Sec-Fetch-Site", "cross-site"), ("Authorization", "Digest x")], 401),
        (&[("Sec-Fetch-Site", "cross-site"), ("Authorization", "Bearer x")], 401),
    ];
    for (fields, status) in table {
        let answer = post("/me", fields);
        assert_eq!(answer.status, *status, "{fields:?}: {answer:?}");
        if *status == 403 {
            denied(&format!("{fields:?}"), &answer, 403, "cross-site-request", &[]);
        }
    }
    let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(server.send(&with(&cookie, "/me").fields(&upgrade)).status, 403);
    assert_eq!(server.send(&with(&cookie, "/me").fields(&[("Sec-Fetch-Site", "cross-site")])).status, 200, "a link");
    // A token that a program attaches decides by itself.
    let program = request("POST", "/me").authorization(bearer(json!({}))).field("Cookie", &cookie);
    assert_eq!(server.send(&program.fields(&[("Sec-Fetch-Site", "cross-site")]).body("")).status, 200);
    // Log-in and log-out too: nobody is logged in as somebody else, or out.
    let (site, evil) = ("Sec-Fetch-Site", "cross-site");
    let json = json!({ "sub": "mallory" }).to_string();
    let forced = request("POST", "/as").field(site, evil).field("Content-Type", "application/json").body(&json);
    denied("login", &server.send(&forced), 403, "cross-site-request", &[]);
    denied(
        "logout",
        &server.send(&request("POST", "/logout").field("Cookie", &cookie).field(site, evil)),
        403,
        "cross-site-request",
        &[],
    );
    assert_eq!(server.send(&with(&cookie, "/me")).status, 200);
    // Where strangers may come, such a cookie counts as none.
    let left = post("/comment", &[(site, evil)]);
    assert_eq!((left.status, left.text()), (200, "a stranger"));
    assert_eq!(post("/comment", &[OURS]).text(), "user:13:basic:reports:alice");
}

#[test]
fn one_credential_decides() {
    // HTTP-19, Q8
    let (server, _) = serving(Sessions::memory().confers(Confers::everything()), |auth| {
        auth.bearer(jwt().confers(Confers::everything()))
    });
    let alice = logged_in(&server, json!({ "sub": "alice", "roles": ["admin"] }));
    let bob = bearer(json!({ "sub": "bob" }));
    let by_both = server.send(&with(&alice, "/me").authorization(&bob));
    assert!(by_both.text().contains(":bob "), "{by_both:?}");
    assert_eq!(server.send(&with(&alice, "/admin").authorization(&bob)).status, 403);
    for other in ["Bearer x.y.z", "Digest x", "Bearer \u{e9}"] {
        assert!(server.send(&with(&alice, "/me").authorization(other)).status >= 400, "{other}");
    }
    let stranger = server.send(&get("/me"));
    assert_eq!(stranger.lines("www-authenticate"), [BEARER, SESSION]);
    let (lenient, _) = serving(Sessions::memory(), AuthBuilder::ignore_authorization_of_other_schemes);
    let cookie = logged_in(&lenient, json!({ "sub": "alice" }));
    assert_eq!(lenient.send(&with(&cookie, "/me").authorization("Basic c3RhZ2luZzpwdw==")).status, 200);
    assert_eq!(lenient.send(&with(&cookie, "/me").authorization("\u{e9}")).status, 400, "malformed all the same");
}

#[test]
fn a_dead_cookie_is_none_where_strangers_come_in_and_pages_with_names_are_private() {
    // Q8, H13, M14
    let (server, auth) = plain();
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    let hello = server.send(&with(&cookie, "/home"));
    assert_eq!(hello.text(), "user:13:basic:reports:alice");
    let stranger = server.send(&get("/home"));
    for answer in [&hello, &stranger] {
        assert_eq!((answer.field("cache-control"), answer.field("vary")), (Some("private"), Some("Cookie")));
    }
    actix_web::rt::System::new().block_on(auth.end_sessions(&Id::user("basic:reports", "alice"))).unwrap();
    let dead = server.send(&with(&cookie, "/home"));
    assert_eq!((dead.status, dead.text()), (200, "a stranger"));
    assert_eq!(dead.field("cache-control"), Some("no-store"), "no cache logs everybody out");
    assert!(dead.field("set-cookie").unwrap().ends_with("; Max-Age=0"));
}

#[test]
fn sessions_end_everywhere_elsewhere_and_by_name() {
    // SESS-4
    let (server, auth) = plain();
    let alice: Vec<_> = (0..3).map(|_| logged_in(&server, json!({ "sub": "alice" }))).collect();
    let others = [json!({ "sub": "bob" }), json!({ "sub": "alice", "issuer": "https://id.example" })];
    let others: Vec<_> = others.into_iter().map(|who| logged_in(&server, who)).collect();
    let alive = |cookie: &String| server.send(&with(cookie, "/me")).status == 200;
    let ended = server.send(&request("POST", "/elsewhere").field("Cookie", &alice[1]).fields(&[OURS]).body(""));
    assert_eq!((ended.status, ended.text()), (200, "2"));
    assert_eq!(alice.iter().map(alive).collect::<Vec<_>>(), [false, true, false]);
    let id = Id::user("basic:reports", "alice");
    assert_eq!(actix_web::rt::System::new().block_on(auth.end_sessions(&id)), Ok(1));
    assert!(!alive(&alice[1]) && others.iter().all(alive), "C2: the same name at another issuer is somebody else");
}

#[test]
fn sessions_end_by_idleness_and_by_age_and_a_refused_request_is_no_activity() {
    // SESS-3
    let second = Duration::from_secs(1);
    let (server, _) = serving(Sessions::memory().idle_timeout(2 * second).absolute_timeout(4 * second), |auth| auth);
    let [used, refused] = [0, 1].map(|_| logged_in(&server, json!({ "sub": "alice" })));
    let start = std::time::Instant::now();
    let status = |cookie: &str, path: &str| server.send(&with(cookie, path)).status;
    for tenth in [10, 20, 30] {
        std::thread::sleep(Duration::from_millis(tenth * 100).saturating_sub(start.elapsed()));
        assert_eq!(status(&used, "/me"), 200, "{tenth}: in use");
        if tenth < 20 {
            assert_eq!(status(&refused, "/admin"), 403);
        }
    }
    assert_eq!(status(&refused, "/me"), 401, "asked for, in vain, at one second; idle since the login");
    std::thread::sleep(Duration::from_millis(4200).saturating_sub(start.elapsed()));
    assert_eq!(status(&used, "/me"), 401, "in use to the end, and no longer");
}

#[test]
fn a_remembered_login_lasts_and_is_not_fresh_for_ever() {
    let second = Duration::from_secs(1);
    let (server, _) = serving(Sessions::memory().idle_timeout(second).remember_for(60 * second), |auth| auth);
    let who = json!({ "sub": "alice", "acr": "mfa", "remember": true });
    let answer = server.send(&posted("/as", &who));
    assert!(answer.lines("set-cookie")[0].ends_with("; Max-Age=60"));
    let cookie = cookie_of(&answer);
    for path in ["/fresh", "/strong"] {
        assert_eq!(server.send(&with(&cookie, path)).status, 200, "{path}");
    }
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(server.send(&with(&cookie, "/me")).status, 200, "still who it was");
    for (path, parameter) in [("/fresh", "max_age=\"3600\""), ("/strong", "acr_values=\"mfa\"")] {
        let challenge = format!("{SESSION}, error=\"insufficient_user_authentication\", {parameter}");
        denied(path, &server.send(&with(&cookie, path)), 401, "step-up-required", &[&challenge]);
    }
    let again = server.send(&posted("/as", &who).field("Cookie", &cookie));
    assert_eq!(server.send(&with(&cookie_of(&again), "/fresh")).status, 200, "a login is fresh again");
}

#[test]
fn a_remembered_login_of_a_user_whose_roles_are_read_again_stays_stale() {
    // The two changes are one write: the second request must not find the first one's half.
    let second = Duration::from_secs(1);
    let sessions = Sessions::memory().idle_timeout(second).refresh_roles_after(Duration::ZERO);
    let (server, _) = serving(sessions, |auth| auth.users(Staff::default()));
    let form = format!("username=alice&remember=yes&password={}", PASSWORD.replace(' ', "+"));
    let (site, ours) = OURS;
    let login = request("POST", "/login").field(site, ours).field("Content-Type", "application/x-www-form-urlencoded");
    let cookie = cookie_of(&server.send(&login.body(&form)));
    assert_eq!(server.send(&with(&cookie, "/fresh")).status, 200);
    std::thread::sleep(Duration::from_millis(1200));
    for _ in 0..3 {
        assert_eq!(server.send(&with(&cookie, "/me")).status, 200);
        assert_eq!(server.send(&with(&cookie, "/fresh")).status, 401, "remembered, and fresh for nothing");
    }
}

#[test]
fn roles_are_read_again_and_who_is_gone_is_out_within_the_bound() {
    // SESS-5, SESS-6
    let staff = Staff::default();
    let (server, _) = serving(Sessions::memory().refresh_roles_after(Duration::ZERO), |auth| auth.users(staff.clone()));
    let form = format!("username=alice&password={}", PASSWORD.replace(' ', "+"));
    let (site, ours) = OURS;
    let login = request("POST", "/login").field(site, ours).field("Content-Type", "application/x-www-form-urlencoded");
    let answer = server.send(&login.body(&form));
    assert_eq!((answer.status, answer.field("location")), (303, Some("/")));
    let cookie = cookie_of(&answer);
    assert_eq!(server.send(&with(&cookie, "/admin")).status, 200);
    staff.set(DEMOTED);
    assert_eq!(server.send(&with(&cookie, "/admin")).status, 403);
    staff.set(DOWN);
    denied_or(&server.send(&with(&cookie, "/me")), 503);
    // M14: neither `None` nor somebody, and no 503 where the handler copes.
    let text = |path: &str, cookie: &str| server.send(&with(cookie, path)).text().to_owned();
    denied_or(&server.send(&with(&cookie, "/home")), 503);
    denied_or(&server.send(&with(&cookie, "/maybe-both")), 503);
    let answer = server.send(&with(&cookie, "/maybe"));
    assert_eq!((answer.status, answer.text(), answer.field("cache-control")), (200, "nobody can say", Some("private")));
    assert!(answer.lines("set-cookie").is_empty(), "the cookie stays");
    assert_eq!(text("/maybe", "a=b"), "a stranger");
    assert_eq!(text("/maybe", &format!("__Host-session={}", "A".repeat(43))), "a stranger");
    staff.0[DOWN].store(false, Ordering::SeqCst);
    assert_eq!(text("/maybe", &cookie), "user:13:basic:reports:alice");
    staff.set(GONE);
    let gone = server.send(&with(&cookie, "/me"));
    assert_eq!((gone.status, gone.problem().as_str()), (401, "revoked-credentials"));
    staff.0[GONE].store(false, Ordering::SeqCst);
    assert_eq!(server.send(&with(&cookie, "/me")).status, 401, "and the session does not come back");
}

#[test]
fn a_session_ends_with_the_password_that_it_began_with() {
    // SESS-4, SESS-5: changed, or that of another person who has the name now.
    let staff = Staff::default();
    let (server, _) = serving(Sessions::memory().refresh_roles_after(Duration::ZERO), |auth| auth.users(staff.clone()));
    let login = |password: &str| server.send(&posted("/login", &json!({ "username": "alice", "password": password })));
    let before = cookie_of(&login(PASSWORD));
    assert_eq!(server.send(&with(&before, "/admin")).status, 200);
    staff.set(CHANGED);
    let after = cookie_of(&login("another one"));
    let answer = server.send(&with(&before, "/admin"));
    assert_eq!((answer.status, answer.problem().as_str()), (401, "revoked-credentials"));
    assert_eq!(server.send(&with(&after, "/admin")).status, 200);
    staff.0[CHANGED].store(false, Ordering::SeqCst);
    assert_eq!(server.send(&with(&before, "/admin")).status, 401, "it has ended");
}

#[test]
fn roles_of_live_sessions_can_be_changed() {
    let (server, auth) = plain();
    let cookie = logged_in(&server, json!({ "sub": "alice", "roles": ["admin"] }));
    assert_eq!(server.send(&with(&cookie, "/admin")).status, 200);
    let id = Id::user("basic:reports", "alice");
    let changed = auth.change_roles(&id, ["viewer"]);
    assert_eq!(actix_web::rt::System::new().block_on(changed), Ok(1));
    assert_eq!(server.send(&with(&cookie, "/admin")).status, 403);
    // Not where they act as somebody else.
    let bob = logged_in(&server, json!({ "sub": "bob", "roles": ["admin"] }));
    let acting = cookie_of(&server.send(&posted("/act", &json!({ "sub": "carol" })).field("Cookie", &bob)));
    let id = Id::user("basic:reports", "bob");
    let changed = auth.change_roles(&id, ["admin"]);
    assert_eq!(actix_web::rt::System::new().block_on(changed), Ok(0));
    assert_eq!(server.send(&with(&acting, "/admin")).status, 403);
}

#[test]
fn a_first_party_site_asks_for_no_scopes() {
    let (server, _) = plain();
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    denied("no scopes", &server.send(&with(&cookie, "/scoped")), 403, "insufficient-scope", &[]);
    let (server, _) = serving(Sessions::memory().all_scopes(), |auth| auth);
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    assert_eq!(server.send(&with(&cookie, "/scoped")).status, 200);
}

#[test]
fn who_acts_for_somebody_is_known_is_fresh_for_nothing_and_ends_with_a_logout() {
    // H16, SESS-2
    let (server, auth) = plain();
    let bob = logged_in(&server, json!({ "sub": "bob", "roles": ["admin"] }));
    let acting = server.send(&posted("/act", &json!({ "sub": "alice", "roles": ["editor"] })).field("Cookie", &bob));
    let acting = cookie_of(&acting);
    let answer = server.send(&with(&acting, "/me"));
    assert_eq!(answer.text(), "user:13:basic:reports:alice by user:13:basic:reports:bob editor=true");
    assert_eq!(server.send(&with(&bob, "/me")).status, 401, "in place of their own");
    for (path, status) in [("/admin", 403), ("/fresh", 401), ("/direct", 403)] {
        assert_eq!(server.send(&with(&acting, path)).status, status, "{path}");
    }
    let further = server.send(&posted("/act", &json!({ "sub": "carol" })).field("Cookie", &acting));
    assert_eq!(further.status, 403);
    let own = logged_in(&server, json!({ "sub": "alice" }));
    assert_eq!(server.send(&with(&own, "/direct")).status, 200);
    // Ending all of the actor's sessions ends this one.
    assert_eq!(actix_web::rt::System::new().block_on(auth.end_sessions(&Id::user("basic:reports", "bob"))), Ok(1));
    assert_eq!(server.send(&with(&acting, "/me")).status, 401);
    assert_eq!(server.send(&with(&own, "/me")).status, 200);
}

#[test]
fn who_acts_for_somebody_does_so_no_longer_than_they_are_there() {
    // H16, SESS-5
    let staff = Staff::default();
    let (server, _) = serving(Sessions::memory().refresh_roles_after(Duration::ZERO), |auth| auth.users(staff.clone()));
    let login = posted("/login", &json!({ "username": "alice", "password": PASSWORD }));
    let alice = cookie_of(&server.send(&login));
    let acting = server.send(&posted("/act", &json!({ "sub": "bob", "roles": ["editor"] })).field("Cookie", &alice));
    let acting = cookie_of(&acting);
    assert_eq!(
        server.send(&with(&acting, "/me")).text(),
        "user:13:basic:reports:bob by user:13:basic:reports:alice editor=true"
    );
    staff.set(GONE);
    assert_eq!(server.send(&with(&acting, "/me")).status, 401);
    staff.0[GONE].store(false, Ordering::SeqCst);
    assert_eq!(server.send(&with(&acting, "/me")).status, 401, "it has ended");
}

#[test]
fn the_login_page_takes_a_form_or_json_and_leads_back_to_this_site_alone() {
    // CSRF-4, PROB-5, SESS-7
    let (server, _) = serving(Sessions::memory(), |auth| auth.users(Staff::default()).login_page("/login"));
    let (site, ours) = OURS;
    let navigates = [("Sec-Fetch-Mode", "navigate"), (site, "none")];
    let sent = server.send(&get("/me?a=1&b=2").fields(&navigates));
    assert_eq!((sent.status, sent.field("location")), (303, Some("/login?return_to=/me%3Fa%3D1%26b%3D2")));
    let page = server.send(&get("/login?return_to=/me%3Fa%3D1%26b%3D%22%3E%3Cscript%3E"));
    assert_eq!((page.status, page.field("cache-control")), (200, Some("no-store")));
    assert!(page.text().contains("value=\"/me?a=1&amp;b=&quot;&gt;&lt;script&gt;\""), "{}", page.text());
    let form = |fields: &str| {
        let form = request("POST", "/login").field(site, ours).field("Sec-Fetch-Mode", "navigate");
        server.send(&form.field("Content-Type", "application/x-www-form-urlencoded").body(fields))
    };
    let password = PASSWORD.replace(' ', "+");
    #[rustfmt::skip]
    let table = [
        ("/me?a=1%26b=2", "/me?a=1&b=2"), ("//evil.example", "/"), ("/%5Cevil.example", "/"), ("https://evil.example", "/"),
        ("/%09/evil.example", "/"), ("/%0A/evil.example", "/"), ("/a%0D%0ASet-Cookie:x", "/"), ("", "/"), ("me", "/"), ("javascript:alert(1)", "/"),
    ];
    for (return_to, location) in table {
        let answer = form(&format!("username=alice&password={password}&return_to={return_to}"));
        assert_eq!((answer.status, answer.field("location")), (303, Some(location)), "{return_to}");
        assert!(cookie_of(&answer).len() > 40);
    }
    let wrong = form("username=alice&password=canary&return_to=/me");
    assert_eq!(wrong.status, 401);
    is_a_denial("wrong", &wrong);
    assert!(wrong.text().contains("The name or the password is wrong.") && !wrong.text().contains("canary"));
    assert!(wrong.text().contains("value=\"/me\""), "it still leads back");
    let in_json = |body: serde_json::Value| server.send(&posted("/login", &body));
    let good = in_json(json!({ "username": "alice", "password": PASSWORD, "remember": true }));
    assert_eq!(good.status, 204);
    assert!(good.field("set-cookie").unwrap().contains("Max-Age="), "remembered");
    let session = format!("{SESSION}, login=\"/login\"");
    denied("json", &in_json(json!({ "username": "alice", "password": "x" })), 401, "invalid-credentials", &[&session]);
    // Nothing but the two forms, and no more than a login takes.
    for (kind, body) in
        [("text/plain", "{}".to_owned()), ("application/json", format!("{{\"username\":\"{}\"}}", "a".repeat(9000)))]
    {
        let answer = server.send(&request("POST", "/login").field(site, ours).field("Content-Type", kind).body(body));
        assert!((400..500).contains(&answer.status) && answer.lines("set-cookie").is_empty(), "{answer:?}");
    }
    assert_eq!(server.send(&get("/logout")).status, 405, "no link logs anybody out");
}

#[test]
fn htmx_is_led_to_the_login_and_shown_a_fragment() {
    let (server, _) = serving(Sessions::memory(), |auth| auth.users(Staff::default()).login_page("/login"));
    let cookie = logged_in(&server, json!({ "sub": "alice" }));
    let htmx =
        |request: Request| request.field("HX-Request", "true").field("HX-Current-URL", "http://localhost/page?x=1");
    let away = server.send(&htmx(get("/me")));
    assert_eq!((away.status, away.field("hx-redirect")), (401, Some("/login?return_to=/page%3Fx%3D1")));
    let refused = server.send(&htmx(with(&cookie, "/admin")));
    assert_eq!((refused.status, refused.field("content-type")), (403, Some("text/html; charset=utf-8")));
    assert!(refused.text().starts_with("<div role=\"alert\">") && refused.field("hx-redirect").is_none());
    let evil = server.send(&get("/me").field("HX-Request", "true").field("HX-Current-URL", "http://a//evil.example"));
    assert_eq!(evil.field("hx-redirect"), Some("/login?return_to=/"));
}

#[test]
fn what_would_weaken_sessions_does_not_build_or_answers_this_machine_alone() {
    // COOKIE-1, SESS-3, L7
    let build =
        |sessions: Sessions| Auth::builder().session(sessions).build().map(drop).map_err(|error| error.to_string());
    let hour = Duration::from_secs(3600);
    #[rustfmt::skip]
    let table = [
        (Sessions::memory().cookie_name("__Host-x"), "`.session(…)`: `.cookie_name(…)`: \"__Host-x\" is no name of a cookie: write letters, digits, `-` and `_`, without a prefix such as `__Host-`"),
        (Sessions::memory().idle_timeout(Duration::ZERO), "`.session(…)`: `.idle_timeout(…)`: at least a second, and at most a year"),
        (Sessions::memory().absolute_timeout(Duration::MAX), "`.session(…)`: `.absolute_timeout(…)`: at least a second, and at most a year"),
        (Sessions::memory().absolute_timeout(hour).idle_timeout(2 * hour), "`.session(…)`: `.idle_timeout(…)` is longer than `.absolute_timeout(…)`"),
    ];
    for (sessions, expected) in table {
        assert_eq!(build(sessions), Err(expected.to_owned()));
    }
    assert_eq!(build(Sessions::memory()), Ok(()));
    let two =
        Auth::builder().session(Sessions::memory()).bearer(jwt()).build().map(drop).map_err(|error| error.to_string());
    assert!(two.unwrap_err().contains("does not say what it `.confers(…)`"));
    let users = Passwords::new(Staff::default());
    let basic = |users: Passwords| auth_actix::Basic::new(users).confers(Confers::everything());
    let both = |form: Passwords| {
        let sessions = Sessions::memory().confers(Confers::everything());
        Auth::builder().session(sessions).basic(basic(users.clone())).users(form).build().map(drop)
    };
    assert_eq!(both(users.clone()), Ok(()));
    assert!(both(Passwords::new(Staff::default())).is_err(), "one name, two people");
    // L7: behind a proxy everybody seems to be on this machine.
    let here = || Auth::builder().session(Sessions::memory().over_plain_http_on_this_machine());
    let proxied = here().behind(["127.0.0.1"], auth_actix::Forwarding::XForwardedFor).build().map(drop);
    assert!(proxied.unwrap_err().to_string().starts_with("`.over_plain_http_on_this_machine()`"));
    assert!(here().client_address(auth_actix::Peer).build().is_ok());
    let (server, _) = serving(Sessions::memory().over_plain_http_on_this_machine(), |auth| auth);
    let answer = server.send(&posted("/as", &json!({ "sub": "alice" })));
    assert!(answer.lines("set-cookie")[0].starts_with("session=") && !answer.lines("set-cookie")[0].contains("Secure"));
}

#[require(scope("read:reports") || scope("write:reports"))]
#[get("/unused")]
async fn _names_are_used() -> &'static str {
    let _ = (TokenScope::Read, TokenScope::Write, Role::Viewer, Role::Suspended);
    "unused"
}
