//! Tests of accounts: the application's own records of callers, and what their absence, suspension and failure mean for requests.

mod assignment;
mod callers;
mod failures;
mod later;
mod sessions;
mod settings;
mod unknown_paths;
mod wrapped;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Path, ServiceConfig};
use actix_web::{get, post};
use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights, Who};
use auth_actix::{
    Auth, AuthBuilder, Caller, MaybePrincipal, Peer, Principal, public, require, require_auth, require_role,
};
use auth_tests::server::Server;
use auth_tests::token::{ISSUER, bearer};
use auth_tests::wire::{Answer, get as ask, request};
use serde_json::json;

use crate::{Role, jwt};

/// A record of the application: a member or a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    kind: &'static str,
    id: u32,
    roles: Option<Vec<&'static str>>,
}

impl Party {
    fn member(id: u32) -> Self {
        Self { kind: "member", id, roles: None }
    }

    fn with_roles(self, roles: &[&'static str]) -> Self {
        Self { roles: Some(roles.into()), ..self }
    }
}

/// The answer of the table of accounts for a login.
#[derive(Clone)]
pub(super) enum Row {
    Found(Party),
    Suspended(Party),
    Revoked,
    /// `find` fails in this way: `panics`, `hangs` or `fails`.
    Broken(&'static str),
    /// `find` returns nothing, and `provision` creates the account.
    New(Party),
    /// `find` returns nothing, and `provision` fails.
    NotCreated,
}

/// A table of accounts that records the calls.
#[derive(Clone, Default)]
pub(super) struct Directory(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    /// The rows by the text of the login or of the account id.
    rows: BTreeMap<String, Row>,
    calls: Vec<String>,
    /// The tokens that were logged out, by their digest.
    logged_out: Vec<Vec<u8>>,
    ttl: Duration,
}

impl Directory {
    pub(super) fn set(&self, subject: &str, row: Row) -> &Self {
        self.0.lock().unwrap().rows.insert(format!("user:{}:{ISSUER}:{subject}", ISSUER.len()), row);
        self
    }

    pub(super) fn set_key(&self, key: &str, row: Row) -> &Self {
        self.0.lock().unwrap().rows.insert(key.to_owned(), row);
        self
    }

    pub(super) fn remove(&self, key: &str) {
        self.0.lock().unwrap().rows.remove(key);
    }

    pub(super) fn cached_for(&self, seconds: u64) -> &Self {
        self.0.lock().unwrap().ttl = Duration::from_secs(seconds);
        self
    }

    fn log_out(&self, token: &str) {
        let digest = auth_actix::identity::TokenDigest::sha256(token.as_bytes());
        self.0.lock().unwrap().logged_out.push(digest.as_bytes().to_vec());
    }

    /// Returns the calls since the last call.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    fn row(&self, call: &str, login: &Login<'_>) -> Option<Row> {
        let key = match login.who() {
            Who::Account(id) => id.to_string(),
            Who::External(id) => id.to_string(),
        };
        let mut table = self.0.lock().unwrap();
        table.calls.push(format!("{call} {}", key.rsplit(':').next().unwrap()));
        let digest = login.token_digest();
        if digest.is_some_and(|digest| table.logged_out.iter().any(|known| known == digest.as_bytes())) {
            return Some(Row::Revoked);
        }
        table.rows.get(&key).cloned()
    }
}

impl Accounts for Directory {
    type Account = Party;
    type Error = &'static str;
    const KINDS: &'static [&'static str] = &["member", "merchant"];

    async fn find(&self, login: &Login<'_>) -> Result<Lookup<Party>, &'static str> {
        let row = self.row("find", login);
        match row {
            None | Some(Row::New(_) | Row::NotCreated) => Ok(Lookup::NotFound),
            Some(Row::Found(party)) => Ok(Lookup::Found(party)),
            Some(Row::Suspended(party)) => Ok(Lookup::Suspended(party)),
            Some(Row::Revoked) => Ok(Lookup::Revoked),
            Some(Row::Broken("hangs")) => std::future::pending().await,
            Some(Row::Broken("fails")) => Err("the table is locked"),
            Some(Row::Broken(_)) => panic!("as stores do"),
        }
    }

    async fn provision(&self, login: &Login<'_>) -> Result<Lookup<Party>, &'static str> {
        match self.row("provision", login) {
            Some(Row::New(party)) => Ok(Lookup::Found(party)),
            Some(Row::NotCreated) => Err("the table is locked"),
            _ => Ok(Lookup::NotFound),
        }
    }

    fn account_id(&self, party: &Party) -> AccountId {
        AccountId::new(party.kind, party.id)
    }

    fn rights(&self, party: &Party) -> Rights {
        match &party.roles {
            Some(roles) => Rights::new().roles(roles),
            None => Rights::new(),
        }
    }

    fn cache_ttl(&self) -> Duration {
        self.0.lock().unwrap().ttl
    }
}

#[require_auth]
#[get("/me")]
async fn profile(me: Caller<Party>) -> String {
    assert_eq!(me.principal().account::<Party>(), Some(&*me));
    format!("{} {} {}", me.account_id(), me.principal().id(), me.principal().credential_id())
}

#[require_auth]
#[get("/known")]
async fn identity(caller: Principal) -> String {
    caller.id().to_string()
}

#[public]
#[get("/home")]
async fn front_page(me: Option<Caller<Party>>) -> String {
    me.map_or_else(|| "none".to_owned(), |me| me.id.to_string())
}

#[public]
#[get("/open")]
async fn open_page(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "none".to_owned(), |caller| caller.id().to_string())
}

#[public]
#[get("/maybe")]
async fn maybe_page(caller: MaybePrincipal) -> String {
    match caller {
        MaybePrincipal::Known(caller) => caller.id().to_string(),
        MaybePrincipal::Anonymous => "none".to_owned(),
        MaybePrincipal::Unavailable => "unavailable".to_owned(),
    }
}

#[require(login)]
#[post("/sign-up")]
async fn sign_up(caller: Principal) -> String {
    caller.id().to_string()
}

#[require_role("editor")]
#[get("/editors")]
async fn for_editors() -> &'static str {
    "editors"
}

#[require(!role("suspended"))]
#[get("/not-suspended")]
async fn not_suspended() -> &'static str {
    "not suspended"
}

#[require(role("editor") || network("127.0.0.0/8"))]
#[get("/inside")]
async fn from_inside() -> &'static str {
    "inside"
}

#[require(check(principal.id().to_string() == *owner))]
#[get("/owned/{owner:.*}")]
async fn of_owner(owner: Path<String>) -> &'static str {
    let _ = owner;
    "owned"
}

#[require(login && check(principal.credential_id().to_string() == *owner))]
#[get("/login-of/{owner:.*}")]
async fn login_of(owner: Path<String>) -> &'static str {
    let _ = owner;
    "yours"
}

#[require_role("editor", not_found)]
#[get("/hidden")]
async fn hidden_page() -> &'static str {
    "hidden"
}

#[require(role("editor") && network("10.0.0.0/8"), not_found)]
#[get("/far")]
async fn far() -> &'static str {
    "far"
}

#[require(login, not_found)]
#[get("/hidden-login")]
async fn hidden_login() -> &'static str {
    "hidden login"
}

#[require_auth(not_found)]
#[get("/hidden-me")]
async fn hidden_me(me: Caller<Party>) -> String {
    me.account_id().to_string()
}

fn builder() -> AuthBuilder {
    let auth = Auth::builder().realm("reports").roles::<Role>();
    auth.client_address(Peer).hosts(["localhost", "127.0.0.1"])
}

fn serve(auth: AuthBuilder) -> (Server, Auth) {
    let auth = auth.build().unwrap();
    let theirs = auth.clone();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth
            .scope("/a")
            .service(profile)
            .service(identity)
            .service(front_page)
            .service(open_page)
            .service(maybe_page);
        let scope = scope.service(sign_up).service(for_editors).service(not_suspended).service(from_inside);
        let scope = scope.service(of_owner).service(login_of).service(hidden_page).service(far).service(hidden_login);
        config.service(scope.service(hidden_me));
    });
    (server, theirs)
}

/// Starts a server whose tokens log in.
fn with_tokens(directory: &Directory) -> (Server, Auth) {
    serve(builder().bearer(jwt()).accounts(directory.clone()).sign_up_page("/sign-up"))
}

fn as_user(name: &str) -> String {
    bearer(json!({ "sub": name }))
}

fn send(server: &Server, path: &str, authorization: Option<&str>) -> Answer {
    let method = if path == "/sign-up" { "POST" } else { "GET" };
    let request = request(method, &format!("/a{path}"));
    let request = if method == "POST" { request.body("") } else { request };
    server.send(&match authorization {
        Some(line) => request.authorization(line),
        None => request,
    })
}

/// Formats a response as its status, with the problem or the body.
fn told(answer: &Answer) -> String {
    if answer.status < 400 {
        return answer.text().to_owned();
    }
    let problem = answer.problem();
    format!("{} {}", answer.status, problem.rsplit('/').next().unwrap())
}

#[test]
fn handlers_without_accounts_are_unaffected_by_login() {
    // ACCT-5
    let auth = builder().bearer(jwt()).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("/a").service(sign_up).service(identity).service(login_of));
    });
    let id = format!("user:{}:{ISSUER}:alice", ISSUER.len());
    let client = bearer(json!({ "sub": "robot", "client_id": "robot" }));
    assert_eq!(told(&send(&server, "/sign-up", Some(&as_user("alice")))), id);
    assert_eq!(told(&send(&server, "/known", Some(&as_user("alice")))), id);
    assert_eq!(told(&send(&server, "/sign-up", Some(&client))), "401 missing-credentials");
    assert_eq!(told(&send(&server, "/sign-up", None)), "401 missing-credentials");
}
