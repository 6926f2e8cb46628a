//! Tests of each row of the denial table, and of the order of the decision steps.

use actix_web::web::ServiceConfig;
use actix_web::{get, post, web};
use auth_actix::{
    Auth, Confers, Peer, public, require, require_auth, require_claim, require_network, require_permission,
    require_role, require_scope,
};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, basic, basic_of, bearer, now, token_of};
use auth_tests::wire::{Request, get, request};
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{BASIC, BEARER, Permission, Role, TokenScope, bearer_with, denied, jwt};

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
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

#[require_permission("posts:write")]
#[get("/write")]
async fn write() -> &'static str {
    "write"
}

#[require_claim("org", "acme")]
#[get("/claim")]
async fn claim() -> &'static str {
    "claim"
}

#[require_scope("read:reports")]
#[get("/scope")]
async fn scope() -> &'static str {
    "scope"
}

#[require(scope("read:reports") && (scope("write:reports") || role("admin")))]
#[get("/scopes")]
async fn scopes() -> &'static str {
    "scopes"
}

#[require(role("viewer") && scope("read:reports"))]
#[get("/role-and-scope")]
async fn role_and_scope() -> &'static str {
    "role and scope"
}

#[require_auth(max_age = "5m")]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

#[require_auth(acr = "urn:example:mfa", max_age = "1h")]
#[get("/strong")]
async fn strong() -> &'static str {
    "strong"
}

#[require_auth(scheme = "basic")]
#[get("/by-password")]
async fn by_password() -> &'static str {
    "by password"
}

#[require_network("10.0.0.0/8")]
#[require_auth]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[require(role("admin") || network("127.0.0.0/8"))]
#[get("/either")]
async fn either() -> &'static str {
    "either"
}

#[public]
#[require_network("127.0.0.0/8")]
#[post("/lobby")]
async fn lobby() -> &'static str {
    "lobby"
}

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

/// Registered without an `Auth`.
#[require_auth]
async fn without() -> &'static str {
    "without"
}

fn auth() -> Auth {
    let tokens = jwt().confers(Confers::everything());
    let users = auth_actix::password::Basic::new(Staff::default()).confers(Confers::everything());
    let auth = Auth::builder().realm("reports").bearer(tokens).basic(users).roles::<Role>();
    auth.client_address(Peer).hosts(["localhost"]).build().unwrap()
}

fn routes(auth: &Auth) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let auth = auth.clone();
    move |config| {
        let api = auth.scope("/api").service(me).service(change).service(admin).service(write).service(claim);
        let api = api.service(scope).service(scopes).service(role_and_scope).service(fresh).service(strong);
        let api = api.service(by_password).service(inside).service(either).service(lobby);
        config.service(auth.scope("/hiding").service(hidden)).service(api);
        config.route("/without", web::get().to(without));
    }
}

#[test]
fn each_denial_has_its_status_problem_and_challenges() {
    let server = Server::start(routes(&auth()));
    let viewer = |members: serde_json::Value| {
        let mut claims = json!({ "roles": ["viewer"], "scope": "" });
        claims.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        bearer(claims)
    };
    let by = |path: &str, authorization: String| get(path).authorization(authorization);
    let error = |code: &str| bearer_with(&format!("error=\"{code}\""));
    let (invalid, malformed) = (error("invalid_token"), error("invalid_request"));
    let expired = bearer_with(r#"error="invalid_token", error_description="The token expired""#);
    let step_up = |parameters: &str| format!("{}, {parameters}", error("insufficient_user_authentication"));
    let lacks = |names: &str| format!("{}, scope=\"{names}\"", error("insufficient_scope"));
    let other = |issuer: &str, audience: &str| token_of(issuer, &auth_tests::token::SECRET, json!({ "aud": audience }));
    #[rustfmt::skip]
    let table: Vec<(&str, Request, u16, &str, Vec<String>)> = vec![
        // BEARER-6, HTTP-20, Q3
        ("anonymous", get("/api/me"), 401, "missing-credentials", vec![BEARER.into(), BASIC.into()]),
        ("anonymous, where Basic cannot help", get("/api/scope"), 401, "missing-credentials", vec![BEARER.into()]),
        ("anonymous, where Bearer cannot help", get("/api/by-password"), 401, "missing-credentials", vec![BASIC.into()]),
        ("anonymous, where a login must be strong", get("/api/strong"), 401, "missing-credentials", vec![BEARER.into()]), // STEP-2
        ("an unknown scheme", by("/api/me", "Digest username=\"a\"".into()), 401, "missing-credentials", vec![BEARER.into(), BASIC.into()]),
        // BEARER-1, BEARER-3, BEARER-5, BEARER-12, BASIC-1, Q2
        ("no token68", by("/api/me", "Bearer a=b".into()), 400, "malformed-credentials", vec![malformed.clone()]),
        ("two credentials", get("/api/me").authorization("Bearer a").authorization(basic("a", "b")), 400, "malformed-credentials", vec![malformed.clone(), BASIC.into()]),
        ("broken Basic", by("/api/me", basic_of(b"alice")), 400, "malformed-credentials", vec![BASIC.into()]),
        // BEARER-11, JWT-16, JWT-18
        ("no token", by("/api/me", "Bearer abc".into()), 401, "invalid-credentials", vec![invalid.clone(), BASIC.into()]),
        ("a forged token", by("/api/me", format!("Bearer {}", token_of(ISSUER, &[8; 32], json!({})))), 401, "invalid-credentials", vec![invalid.clone(), BASIC.into()]),
        ("another issuer", by("/api/me", format!("Bearer {}", other("https://other.example", AUDIENCE))), 401, "invalid-credentials", vec![invalid.clone(), BASIC.into()]),
        ("another audience", by("/api/me", format!("Bearer {}", other(ISSUER, "billing"))), 401, "invalid-credentials", vec![invalid.clone(), BASIC.into()]),
        ("no audience", by("/api/me", bearer(json!({ "aud": null }))), 401, "invalid-credentials", vec![invalid.clone(), BASIC.into()]),
        ("not yet", by("/api/me", bearer(json!({ "nbf": now() + 3600 }))), 401, "invalid-credentials", vec![invalid.clone(), BASIC.into()]),
        ("a forged token, where Bearer cannot help", by("/api/by-password", "Bearer abc".into()), 401, "invalid-credentials", vec![invalid.clone(), BASIC.into()]),
        // JWT-19, JWT-23
        ("expired", by("/api/me", bearer(json!({ "exp": now() - 61 }))), 401, "expired-credentials", vec![expired, BASIC.into()]),
        // BASIC-8, HTTP-20
        ("a wrong password", by("/api/me", basic("alice", "guess")), 401, "invalid-credentials", vec![BASIC.into(), BEARER.into()]),
        ("an unknown user", by("/api/me", basic("mallory", "guess")), 401, "invalid-credentials", vec![BASIC.into(), BEARER.into()]),
        // STEP-1 to STEP-4
        ("a login of long ago", by("/api/fresh", viewer(json!({ "auth_time": now() - 900 }))), 401, "step-up-required", vec![step_up(r#"max_age="300""#), BASIC.into()]),
        ("a login at an unknown time", by("/api/fresh", viewer(json!({ "iat": now() }))), 401, "step-up-required", vec![step_up(r#"max_age="300""#), BASIC.into()]),
        ("a weak login", by("/api/strong", viewer(json!({ "auth_time": now(), "acr": "pwd" }))), 401, "step-up-required", vec![step_up(r#"acr_values="urn:example:mfa""#)]),
        ("a weak login of long ago", by("/api/strong", viewer(json!({ "auth_time": now() - 7200 }))), 401, "step-up-required", vec![step_up(r#"max_age="3600", acr_values="urn:example:mfa""#)]),
        ("a token, where a password is asked for", by("/api/by-password", viewer(json!({}))), 401, "step-up-required", vec![error("insufficient_user_authentication"), BASIC.into()]),
        // HTTP-9, Q4, Q9
        ("no role", by("/api/admin", viewer(json!({}))), 403, "insufficient-permissions", vec![BEARER.into()]),
        ("no role, by Basic", by("/api/admin", basic("victor", PASSWORD)), 403, "insufficient-permissions", vec![]),
        ("no permission", by("/api/write", viewer(json!({}))), 403, "insufficient-permissions", vec![BEARER.into()]),
        ("no claim", by("/api/claim", viewer(json!({ "org": "acme2" }))), 403, "insufficient-permissions", vec![BEARER.into()]),
        ("no scope, by Basic", by("/api/scope", basic("alice", PASSWORD)), 403, "insufficient-permissions", vec![]),
        ("no role either", by("/api/role-and-scope", bearer(json!({ "scope": "" }))), 403, "insufficient-permissions", vec![BEARER.into()]), // L3
        // BEARER-5, BEARER-8, BEARER-10
        ("no scope", by("/api/scope", viewer(json!({ "scope": "read Read:reports read:reports:all" }))), 403, "insufficient-scope", vec![lacks("read:reports")]),
        ("one of two scopes", by("/api/scopes", viewer(json!({ "scope": "read:reports" }))), 403, "insufficient-scope", vec![lacks("read:reports write:reports")]),
        ("a scope beside the role", by("/api/role-and-scope", viewer(json!({}))), 403, "insufficient-scope", vec![lacks("read:reports")]),
        ("the scope that an admin lacks", by("/api/scopes", bearer(json!({ "roles": ["admin"] }))), 403, "insufficient-scope", vec![lacks("read:reports")]),
        // HTTP-9, C5, CSRF-1
        ("from outside", get("/api/inside"), 403, "access-blocked", vec![]),
        ("from outside, known", by("/api/inside", viewer(json!({}))), 403, "access-blocked", vec![]),
        ("another site, by the network", request("POST", "/api/lobby").field("Sec-Fetch-Site", "cross-site"), 403, "cross-site-request", vec![]),
        ("another site, by Basic", request("POST", "/api/me").authorization(basic("alice", PASSWORD)).field("Origin", "https://evil.example"), 403, "cross-site-request", vec![]),
        // A handler without an `Auth`: the client made no mistake.
        ("no Auth", get("/without"), 500, "set-up", vec![]),
        ("no Auth, known", by("/without", viewer(json!({}))), 500, "set-up", vec![]),
        // HTTP-16, SESS-6
        ("the store is down", by("/api/me", basic("down", PASSWORD)), 503, "authentication-unavailable", vec![]),
    ];
    for (case, request, status, problem, challenges) in table {
        let answer = server.send(&request);
        denied(case, &answer, status, problem, &challenges.iter().map(String::as_str).collect::<Vec<_>>());
    }
    // HTTP-10: a hidden handler is not disclosed, whatever the reason. pages.rs compares it with an unknown path.
    for authorization in [None, Some(bearer(json!({}))), Some("Bearer a=b".into()), Some(basic("down", PASSWORD))] {
        let asked = authorization.iter().fold(get("/hiding/hidden"), |request, value| request.authorization(value));
        let answer = server.send(&asked);
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"), "{authorization:?}");
        assert_eq!(answer.field("cache-control"), Some("no-store"));
        assert_eq!(answer.lines("www-authenticate"), [""; 0]);
    }
    assert_eq!(server.send(&by("/hiding/hidden", bearer(json!({ "roles": ["admin"] })))).text(), "hidden");
}

#[test]
fn first_decisive_step_determines_the_http_response() {
    let server = Server::start(routes(&auth()));
    let forged = || format!("Bearer {}", token_of(ISSUER, &[8; 32], json!({})));
    #[rustfmt::skip]
    let table: Vec<(&str, Request, u16, &str)> = vec![
        // H1: a request that no credential can help is denied before any credential is read.
        ("malformed, from outside", get("/api/inside").authorization("Bearer a=b"), 403, "access-blocked"),
        ("forged, from outside", get("/api/inside").authorization(forged()), 403, "access-blocked"),
        ("store down, from outside", get("/api/inside").authorization(basic("down", "x")), 403, "access-blocked"),
        // Malformed before cross-site, cross-site before the password is verified.
        ("malformed, another site", request("POST", "/api/me").authorization("Basic a").field("Sec-Fetch-Site", "cross-site"), 400, "malformed-credentials"),
        ("wrong password, another site", request("POST", "/api/me").authorization(basic("alice", "guess")).field("Sec-Fetch-Site", "cross-site"), 403, "cross-site-request"),
        ("store down, another site", request("POST", "/api/me").authorization(basic("down", "x")).field("Sec-Fetch-Site", "cross-site"), 403, "cross-site-request"),
        // A bad credential gets 401 even if another branch of the rule already holds.
        ("forged, from inside", get("/api/either").authorization(forged()), 401, "invalid-credentials"),
        ("malformed, from inside", get("/api/either").authorization("Bearer"), 400, "malformed-credentials"),
        ("store down, from inside", get("/api/either").authorization(basic("down", "x")), 503, "authentication-unavailable"),
        // A rule of networks only reads no credential.
        ("forged, at an open door", request("POST", "/api/lobby").authorization(forged()), 200, ""),
        ("malformed, at an open door", request("POST", "/api/lobby").authorization("Bearer").authorization("x"), 200, ""),
        ("anonymous, from inside", get("/api/either"), 200, ""),
        // Bearer is not ambient.
        ("a token, another site", request("POST", "/api/me").authorization(bearer(json!({}))).field("Sec-Fetch-Site", "cross-site"), 200, ""),
    ];
    for (case, request, status, problem) in table {
        let answer = server.send(&request);
        assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{case}: {answer:?}");
    }
}

#[test]
fn realm_round_trips_through_the_challenges() {
    // HTTP-8, T19
    for realm in [r#"a"b\c"#, r#"\"#, r#"", error="x"#, "a, Basic realm=\"b\"", " ", "~!@#$%^&*()"] {
        let users = auth_actix::password::Basic::new(Staff::default()).confers(Confers::everything());
        let auth =
            Auth::builder().realm(realm).bearer(jwt().confers(Confers::everything())).basic(users).build().unwrap();
        let server = Server::start(move |config: &mut ServiceConfig| {
            config.service(auth.scope("").service(me));
        });
        let answer = server.send(&get("/me"));
        crate::is_a_denial(realm, &answer);
        let read =
            answer.lines("www-authenticate").into_iter().flat_map(|line| auth_tests::challenge::read(line).unwrap());
        let realms: Vec<_> = read.map(|challenge| challenge.parameter("realm").unwrap().to_owned()).collect();
        assert_eq!(realms, [realm, realm]);
    }
}
