//! Tests of roles from an external provider: queried only if the rule is still undecided, per tenant or globally, and never
//! guessed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::ServiceConfig;
use actix_web::{delete, get};
use auth_actix::identity::{ProvidedRoles, RolesUnavailable};
use auth_actix::{
    Auth, AuthBuilder, Id, Jwt, Principal, Tenant, require, require_claim, require_permission, require_role, rule,
};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, bearer};
use auth_tests::wire::{Answer, get as ask};
use serde_json::json;

#[derive(auth_actix::Role)]
pub(crate) enum Role {
    #[role(implies(Member), grants(Permission::Billing))]
    Owner,
    Member,
    Suspended,
}

#[derive(auth_actix::Permission)]
pub(crate) enum Permission {
    Billing,
}

#[derive(auth_actix::TokenScope)]
pub(crate) enum TokenScope {
    Write,
}

#[require_role("member", in = org)]
#[get("/{org}/board")]
async fn board(caller: Principal, org: Tenant) -> String {
    format!("{} {} {}", org.get("org").unwrap(), caller.has_role_in(Role::Owner, &org), caller.has_role(Role::Owner))
}

#[require(permission("billing", in = org) || role("owner"))]
#[get("/{org}/bill")]
async fn bill() -> &'static str {
    "bill"
}

#[require(role("member", in = org) && !role("suspended", in = org))]
#[get("/{org}/post")]
async fn post() -> &'static str {
    "post"
}

#[require(role("owner", in = org) && max_age("1h"))]
#[delete("/{org}")]
async fn remove() -> &'static str {
    "removed"
}

#[require_role(Role::Member)]
#[get("/everywhere")]
async fn everywhere() -> &'static str {
    "everywhere"
}

#[require_role("owner", in = org, not_found)]
#[get("/{org}/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

#[require(role("member") && !role("suspended", in = org))]
#[get("/{org}/comment")]
async fn comment() -> &'static str {
    "comment"
}

#[require(role("member", in = org) && scope("write"))]
#[get("/{org}/write")]
async fn write() -> &'static str {
    "written"
}

#[require_claim("level", "9", not_found)]
#[get("/deep")]
async fn deep() -> &'static str {
    "deep"
}

#[require_permission("billing", in = from)]
#[require_role(any("owner", "member"), in = to, redundant = "owners are asked about first")]
#[get("/move/{from}/{to}")]
async fn transfer() -> &'static str {
    "moved"
}

/// A database of memberships that records queries and can be unavailable.
#[derive(Clone, Default)]
pub(crate) struct Database {
    asked: Arc<Mutex<Vec<String>>>,
    away: Arc<AtomicBool>,
    owner_has_left: Arc<AtomicBool>,
}

impl Database {
    pub(crate) fn roles(&self) -> ProvidedRoles {
        let this = self.clone();
        ProvidedRoles::new(move |caller: Id, tenant: Option<String>| {
            let this = this.clone();
            async move {
                this.asked.lock().unwrap().push(format!(
                    "{} {}",
                    caller.to_string().rsplit(':').next().unwrap(),
                    tenant.as_deref().unwrap_or("-")
                ));
                if this.away.load(Ordering::SeqCst) {
                    return Err(RolesUnavailable);
                }
                let of = |name: &str| caller == Id::user(ISSUER, name);
                let left = this.owner_has_left.load(Ordering::SeqCst);
                let roles: &[&str] = match tenant.as_deref() {
                    Some("acme") if of("alice") && !left => &["owner"],
                    Some("acme") if of("bob") => &["member"],
                    // RIGHTS-2
                    Some("acme") if of("dave") => &["member", "suspnded"],
                    Some("acme") if of("mallory") => &["member", "suspended"],
                    Some("other") if of("bob") => &["owner"],
                    None if of("root") => &["owner"],
                    Some("panics") => panic!("as stores do"),
                    _ => &[],
                };
                Ok(roles.iter().map(|role| (*role).to_owned()).collect())
            }
        })
    }

    /// Returns the queries since the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn jwt() -> Jwt {
    Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE)
}

pub(crate) fn serve(builder: AuthBuilder) -> Server {
    serve_with(builder, true)
}

/// Starts a server. `by_both` adds rules that require more than a credential.
pub(crate) fn serve_with(builder: AuthBuilder, by_both: bool) -> Server {
    let auth = builder.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("/orgs").service(everywhere).service(board).service(bill).service(post).service(hidden);
        let scope = scope.service(write).service(deep);
        let scope = if by_both { scope.service(comment).service(transfer) } else { scope };
        config.service(scope.service(remove));
    })
}

fn as_user(name: &str) -> String {
    bearer(json!({ "sub": name, "auth_time": auth_tests::token::now() }))
}

fn send(server: &Server, path: &str, name: &str) -> Answer {
    server.send(&ask(&format!("/orgs{path}")).authorization(as_user(name)))
}

#[test]
fn provided_roles_are_queried_lazily_and_apply_per_tenant() {
    let database = Database::default();
    let server = serve(Auth::builder().bearer(jwt()).roles_from(database.roles()));
    #[rustfmt::skip]
    let table: &[(&str, &str, u16, &str, &[&str])] = &[
        ("alice",   "/acme/board",     200, "acme true false",  &["alice acme"]),
        ("bob",     "/acme/board",     200, "acme false false", &["bob acme"]),
        ("bob",     "/%61cme/board",   200, "acme false false", &["bob acme"]), // decoded, as in the handler
        ("bob",     "/%2561cme/board", 403, "",                 &["bob %61cme"]),
        ("bob",     "/ACME/board",     403, "",                 &["bob ACME"]),
        ("alice",   "/other/board",    403, "",                 &["alice other"]),
        ("carol",   "/acme/board",     403, "",                 &["carol acme"]),
        ("root",    "/acme/board",     403, "",                 &["root acme"]), // a global role is not a membership
        ("alice",   "/acme/bill",      200, "bill",             &["alice acme"]),
        ("bob",     "/acme/bill",      403, "",                 &["bob acme", "bob -"]),
        ("root",    "/acme/bill",      200, "bill",             &["root acme", "root -"]),
        ("bob",     "/acme/post",      200, "post",             &["bob acme"]), // one query for both atoms
        ("mallory", "/acme/post",      403, "",                 &["mallory acme"]),
        ("dave",    "/acme/board",     200, "acme false false", &["dave acme"]),
        ("dave",    "/acme/post",      403, "",                 &["dave acme"]), // an undeclared role proves no absence
        ("root",    "/everywhere",     200, "everywhere",       &["root -"]),
        ("alice",   "/everywhere",     403, "",                 &["alice -"]),
        ("alice",   "/acme/hidden",    200, "hidden",           &["alice acme"]),
        ("bob",     "/acme/hidden",    404, "",                 &["bob acme"]),
        ("bob",     "/move/other/acme", 200, "moved",           &["bob other", "bob acme"]),
        ("bob",     "/move/acme/other", 403, "",                &["bob acme"]), // the first result decides
    ];
    for (name, path, status, text, asked) in table {
        let answer = send(&server, path, name);
        assert_eq!(
            (answer.status, database.asked().as_slice()),
            (*status, &asked.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()[..]),
            "{name} {path}"
        );
        if *status == 200 {
            assert_eq!(answer.text(), *text, "{name} {path}");
        }
    }
    // The absence of a role is only known for tenants in which the caller has a role, because the tenant may have another spelling
    // (C4).
    let member = |name: &str, path: &str| {
        server
            .send(&ask(&format!("/orgs{path}")).authorization(bearer(json!({ "sub": name, "roles": ["member"] }))))
            .status
    };
    assert_eq!(
        [member("mallory", "/acme/comment"), member("mallory", "/Acme/comment"), member("bob", "/acme/comment")],
        [403, 403, 200]
    );
    // If only a scope is missing, the denial names it.
    let lacking = [send(&server, "/acme/write", "bob"), send(&server, "/acme/write", "carol")];
    assert_eq!(lacking.each_ref().map(Answer::problem), ["insufficient-scope", "insufficient-permissions"]);
    database.asked();
    // H5: a hidden handler costs as many queries as an unknown path, whatever its rule.
    for path in ["/acme/hidden", "/deep", "/no/such/path"] {
        assert_eq!((send(&server, path, "carol").status, database.asked().len()), (404, 1), "{path}");
        assert_eq!((server.send(&ask(&format!("/orgs{path}"))).status, database.asked().len()), (404, 0), "{path}");
    }
    // No query for anonymous callers, for bad tokens, or if the credential is sufficient.
    assert_eq!(server.send(&ask("/orgs/acme/board")).status, 401);
    assert_eq!(server.send(&ask("/orgs/acme/board").authorization("Bearer x.y.z")).status, 401);
    let by_token = bearer(json!({ "sub": "carol", "roles": ["owner"] }));
    assert_eq!(server.send(&ask("/orgs/acme/bill").authorization(&by_token)).status, 200);
    assert_eq!(server.send(&ask("/orgs/everywhere").authorization(&by_token)).status, 200);
    assert_eq!(database.asked(), Vec::<String>::new());
    // A role in a token applies in no tenant: C3.
    assert_eq!(server.send(&ask("/orgs/acme/board").authorization(&by_token)).status, 403);
    database.asked();
    // The choice between 401 and 403 depends on the roles too: a caller who is not an owner is not asked to log in again.
    let old = |name: &str| {
        let token = bearer(json!({ "sub": name, "auth_time": 1 }));
        server.send(&auth_tests::wire::request("DELETE", "/orgs/acme").authorization(token))
    };
    assert_eq!(
        (old("alice").problem().as_str(), old("bob").problem().as_str()),
        ("step-up-required", "insufficient-permissions")
    );
    assert_eq!(database.asked(), ["alice acme", "bob acme"]);
}

#[test]
fn unavailable_role_provider_is_answered_with_503() {
    let database = Database::default();
    let server = serve(Auth::builder().bearer(jwt()).roles_from(database.roles()));
    database.away.store(true, Ordering::SeqCst);
    for (name, path) in [
        ("alice", "/acme/board"),
        ("carol", "/acme/board"),
        ("bob", "/acme/post"),
        ("mallory", "/acme/post"),
        ("root", "/everywhere"),
    ] {
        let answer = send(&server, path, name);
        assert_eq!((answer.status, answer.problem().as_str()), (503, "authentication-unavailable"), "{name} {path}");
        assert!(answer.field("retry-after").is_some());
    }
    // Requests that do not depend on the database still work.
    let by_token = bearer(json!({ "sub": "carol", "roles": ["owner"] }));
    assert_eq!(server.send(&ask("/orgs/acme/bill").authorization(&by_token)).status, 200);
    assert_eq!(server.send(&ask("/orgs/acme/board")).status, 401);
    assert_eq!(send(&server, "/acme/hidden", "alice").status, 404, "a hidden handler does not disclose it");
    database.away.store(false, Ordering::SeqCst);
    assert_eq!(send(&server, "/acme/board", "alice").status, 200, "and nothing of it was kept");
    assert_eq!(send(&server, "/panics/board", "alice").status, 503); // LOG-6
}

#[test]
fn provided_roles_are_cached_until_expiry_or_invalidation() {
    let database = Database::default();
    let roles = database.roles().cache(Duration::from_secs(2));
    let server = serve(Auth::builder().bearer(jwt()).roles_from(roles.clone()));
    for _ in 0..3 {
        assert_eq!(send(&server, "/acme/board", "alice").status, 200);
    }
    assert_eq!(send(&server, "/other/board", "alice").status, 403);
    assert_eq!(database.asked(), ["alice acme", "alice other"], "once for each tenant");
    database.owner_has_left.store(true, Ordering::SeqCst);
    assert_eq!(send(&server, "/acme/board", "alice").status, 200, "kept");
    roles.invalidate(&Id::user(ISSUER, "bob"));
    assert_eq!(send(&server, "/acme/board", "alice").status, 200, "another caller was invalidated");
    roles.invalidate(&Id::user(ISSUER, "alice"));
    assert_eq!(send(&server, "/acme/board", "alice").status, 403);
    database.owner_has_left.store(false, Ordering::SeqCst);
    assert_eq!(send(&server, "/acme/board", "alice").status, 200, "an empty answer is not cached"); // RIGHTS-11
    database.away.store(true, Ordering::SeqCst);
    assert_eq!(send(&server, "/acme/board", "alice").status, 200, "cached while the provider is unavailable");
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(send(&server, "/acme/board", "alice").status, 503, "and no longer");
    database.away.store(false, Ordering::SeqCst);
    roles.invalidate_all();
    assert_eq!(send(&server, "/acme/board", "alice").status, 200);
}

#[require_role("member", in = team)]
#[get("/{org}/lost")]
async fn lost() -> &'static str {
    "lost"
}

#[require_role("member", in = org)]
async fn plain() -> &'static str {
    "plain"
}

#[test]
fn rule_with_missing_tenant_parameter_fails_at_start_up() {
    auth_tests::logs::capture();
    let build = || Auth::builder().bearer(jwt()).roles_from(Database::default().roles()).build().unwrap();
    type Configure = fn(&Auth, &mut ServiceConfig);
    #[rustfmt::skip]
    let table: [(&str, Configure, bool); 11] = [
        ("the pattern of the handler", |auth, config| { config.service(auth.scope("").service(board)); }, true),
        ("another name", |auth, config| { config.service(auth.scope("").service(lost)); }, false),
        ("another name, and the scope has it", |auth, config| { config.service(auth.scope("/{team}").service(lost)); }, true),
        ("a duplicate name", |auth, config| { config.service(auth.scope("/{org}").service(board)); }, false),
        ("the scope's alone", |auth, config| { config.service(auth.scope("/{org:[a-z]+}").route("/x", auth_actix::web::get().to(plain))); }, true),
        ("the route's", |auth, config| { config.service(auth.scope("").route("/{org}/x", auth_actix::web::get().to(plain))); }, true),
        ("neither's", |auth, config| { config.service(auth.scope("").route("/x", auth_actix::web::get().to(plain))); }, false),
        ("of the scope around", |auth, config| { config.service(auth.scope("/{org}").service(auth.scope("/y").route("/x", auth_actix::web::get().to(plain)))); }, true),
        ("of a scope of actix", |auth, config| { config.service(actix_web::web::scope("/{org}").service(auth.scope("/y").route("/x", auth_actix::web::get().to(plain)))); }, true),
        ("the scope's rule", |auth, config| { config.service(auth.scope("").require(rule!(role("member", in = team))).service(board)); }, false),
        ("the scope's rule, and its path", |auth, config| { config.service(auth.scope("/{team}").require(rule!(role("member", in = team))).service(board)); }, true),
    ];
    for (case, configure, starts) in table {
        let auth = build();
        let server = Server::try_start(1, move |config: &mut ServiceConfig| configure(&auth, config));
        assert_eq!(server.is_ok(), starts, "{case}");
    }
    assert!(auth_tests::logs::lines().iter().any(|line| line.field("message").contains("has no `{team}`")));
    // If the missing parameter cannot be detected at start-up, each request is denied as a set-up error.
    let auth = build();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(
            actix_web::web::scope("/{other}").service(auth.scope("/y").route("/x", auth_actix::web::get().to(plain))),
        );
    });
    assert_eq!(server.send(&ask("/acme/y/x").authorization(as_user("bob"))).status, 500);
    let auth = build();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let inner = auth.scope("/y").route("/{org}", auth_actix::web::get().to(plain));
        config.service(actix_web::web::scope("/{org}").service(inner));
    });
    assert_eq!(server.send(&ask("/acme/y/other").authorization(as_user("bob"))).status, 500, "which of the two?");
}
