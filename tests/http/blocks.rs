//! Tests of block lists and revocation, which apply regardless of the rule.

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::blocklist::Blocklist;
use auth_actix::client::ForwardingHeader;
use auth_actix::password::{Basic, PasswordAuthenticator};
use auth_actix::session::Sessions;
use auth_actix::throttle::Throttle;
use auth_actix::{Auth, Confers, Principal, public, require_auth, require_network, require_role};
use auth_tests::server::Server;
use auth_tests::token::{ISSUER, basic, bearer, now};
use auth_tests::wire::{Answer, Request, get, request};
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{BASIC, BEARER, Role, bearer_with, denied, jwt};

#[public]
#[get("/open")]
async fn open(caller: Option<Principal>) -> String {
    caller.map_or("anonymous".to_owned(), |caller| caller.id().to_string())
}

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.id().to_string()
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[public]
#[require_network("203.0.113.0/24")]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

struct Place {
    server: Server,
    blocks: Blocklist,
    staff: Staff,
}

fn place() -> Place {
    let (blocks, staff) = (Blocklist::memory(), Staff::default());
    let all = Confers::everything;
    let users = PasswordAuthenticator::new(staff.clone()).throttle(Throttle::off());
    let auth = Auth::builder()
        .realm("reports")
        .bearer(jwt().confers(all()))
        .basic(Basic::new(users).confers(all()))
        .session(Sessions::memory().confers(all()))
        .roles::<Role>()
        .trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor)
        .hosts(["localhost"])
        .blocks(blocks.clone())
        .build()
        .unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(open).service(me).service(admin).service(inside);
        config.service(scope.service(auth.login()));
    });
    Place { server, blocks, staff }
}

impl Place {
    fn add(&self, line: &str) {
        self.blocks.add(line.parse().unwrap()).unwrap();
    }

    fn send(&self, request: Request) -> Answer {
        self.server.send(&request.field("X-Forwarded-For", "203.0.113.9"))
    }
}

#[test]
fn blocked_address_is_refused_before_any_password_hash() {
    let place = place();
    assert_eq!(place.send(get("/open")).status, 200);
    place.add("block address 203.0.113.0/24");
    for request in [
        get("/open"),
        get("/inside"),
        get("/me").authorization(bearer(json!({}))),
        get("/me").authorization(basic("alice", PASSWORD)),
        get("/me").authorization("Bearer"),
        request("POST", "/login").field("Content-Type", "application/json").body("{}"),
    ] {
        denied("blocked", &place.send(request), 403, "access-blocked", &[]);
    }
    assert_eq!(place.staff.counts(), (0, 0), "no password is hashed for it");
    // An unreadable header does not evade the list: the proxy's address is not the client's (IP-3, IP-9).
    let many = ["203.0.113.9"; 33].join(", ");
    for hidden in [&b"\xff, 203.0.113.9"[..], many.as_bytes(), b"unknown", b"203.0.113.9, ", b"127.0.0.1"] {
        let answer = place.server.send(&get("/open").field("X-Forwarded-For", hidden));
        denied("hidden", &answer, 403, "access-blocked", &[]);
    }
    denied("no header", &place.server.send(&get("/open")), 403, "access-blocked", &[]);
    let other = place.server.send(&get("/open").field("X-Forwarded-For", "203.0.113.9, 198.51.100.1"));
    assert_eq!(other.status, 200, "an entry that the client wrote");
    place.blocks.remove("block address 203.0.113.0/24".parse().unwrap()).unwrap();
    assert_eq!(place.send(get("/open")).status, 200);
    // Maintenance: only allowed addresses are admitted.
    place.add("allow address 198.51.100.0/24");
    assert_eq!(place.send(get("/open")).status, 403);
    assert_eq!(place.server.send(&get("/open").field("X-Forwarded-For", "198.51.100.1")).status, 200);
    assert_eq!(place.server.send(&get("/open").field("X-Forwarded-For", "unknown")).status, 403);
}

#[test]
fn subject_block_is_disclosed_only_after_authentication() {
    // H9, C2, BASIC-8, H16
    let place = place();
    place.add(&format!("block subject user:{}:{ISSUER}:alice", ISSUER.len()));
    place.add("block subject user:13:basic:reports:alice");
    let alice = json!({ "sub": "alice", "roles": ["admin"] });
    for path in ["/me", "/admin", "/open"] {
        denied(path, &place.send(get(path).authorization(bearer(alice.clone()))), 403, "access-blocked", &[]);
    }
    assert_eq!(place.send(get("/me").authorization(bearer(json!({ "sub": "bob" })))).status, 200);
    let acting = json!({ "sub": "bob", "act": { "sub": "alice" } });
    denied("an actor", &place.send(get("/me").authorization(bearer(acting))), 403, "access-blocked", &[]);
    // Forged, expired and wrong credentials get the usual response, so that blocked subjects are not disclosed.
    let forged = bearer(alice.clone());
    let forged = format!("{}x", &forged[..forged.len() - 1]);
    let [invalid, expired] = ["invalid_token", "invalid_token"].map(|error| format!("error=\"{error}\""));
    denied(
        "forged",
        &place.send(get("/me").authorization(&forged)),
        401,
        "invalid-credentials",
        &[&bearer_with(&invalid), BASIC, SESSION],
    );
    let old = bearer(json!({ "sub": "alice", "exp": now() - 1000 }));
    let expired = bearer_with(&format!("{expired}, error_description=\"The token expired\""));
    denied(
        "expired",
        &place.send(get("/me").authorization(old)),
        401,
        "expired-credentials",
        &[&expired, BASIC, SESSION],
    );
    let by = |name: &str, password: &str| place.send(get("/me").authorization(basic(name, password))).without_date();
    assert_eq!(
        by("alice", "wrong"),
        by("anonymous", "wrong"),
        "a wrong password of a blocked user is a wrong password"
    );
    assert_eq!(by("alice", "wrong").status, 401);
    denied("the right one", &by("alice", PASSWORD), 403, "access-blocked", &[]);
    assert_eq!(by("victor", PASSWORD).status, 200);
}

const SESSION: &str = "Session realm=\"reports\"";

#[test]
fn revoked_tokens_and_sessions_are_refused_immediately() {
    // JWT-26, M2, T15
    let place = place();
    let token = bearer(json!({ "jti": "j1", "iat": now() }));
    let other = bearer(json!({ "jti": "j2", "iat": now() }));
    let status = |token: &str| place.send(get("/me").authorization(token)).status;
    assert_eq!([status(&token), status(&other)], [200, 200]);
    place.add(&format!("revoke token {ISSUER} j1 {}", now() + 3600));
    let revoked = place.send(get("/me").authorization(&token));
    denied("revoked", &revoked, 401, "revoked-credentials", &[&bearer_with("error=\"invalid_token\""), BASIC, SESSION]);
    assert_eq!(status(&other), 200);
    place.add(&format!("revoke subject user:{}:{ISSUER}:alice {}", ISSUER.len(), now()));
    assert_eq!(status(&other), 401, "made before");
    assert_eq!(status(&bearer(json!({}))), 401, "does not say when it was made");
    assert_eq!(status(&bearer(json!({ "sub": "bob" }))), 200);
    place.add(&format!("block token {ISSUER} j3"));
    denied(
        "blocked",
        &place.send(get("/me").authorization(bearer(json!({ "sub": "bob", "jti": "j3" })))),
        403,
        "access-blocked",
        &[],
    );
    // Sessions of the same user end as well. On public routes, an ended session counts as no credential.
    let login =
        request("POST", "/login").field("Sec-Fetch-Site", "same-origin").field("Content-Type", "application/json");
    let login = place.send(login.body(json!({ "username": "alice", "password": PASSWORD }).to_string()));
    let cookie = login.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(place.send(get("/me").field("Cookie", &cookie)).status, 200);
    place.add(&format!("revoke subject user:13:basic:reports:alice {}", now()));
    let over = place.send(get("/me").field("Cookie", &cookie));
    assert_eq!(over.status, 401);
    assert!(over.field("set-cookie").is_some_and(|line| line.ends_with("; Max-Age=0")), "it does not come back");
    assert_eq!(place.send(get("/open").field("Cookie", &cookie)).text(), "anonymous");
}

#[test]
fn blocked_subject_with_correct_password_gets_no_session() {
    // H9
    let place = place();
    let login = |password: &str| {
        let login = request("POST", "/login").field("Sec-Fetch-Site", "same-origin");
        let body = json!({ "username": "alice", "password": password }).to_string();
        place.send(login.field("Content-Type", "application/json").body(body))
    };
    assert_eq!(login(PASSWORD).status, 204);
    place.add("block subject user:13:basic:reports:alice");
    let wrong = login("wrong");
    denied("wrong", &wrong, 401, "invalid-credentials", &[SESSION, crate::BEARER, BASIC]);
    let right = login(PASSWORD);
    assert!(right.field("set-cookie").is_none());
    denied("right", &right, 403, "access-blocked", &[]);
}

#[test]
fn blocklist_requires_a_configured_client_address() {
    let error = crate::bearer_only().blocks(Blocklist::memory()).build().map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`.blocks(…)` may name addresses: call `.client_address(Peer)` or `.trusted_proxies(…)`"
    );
    let _ = BEARER;
}
