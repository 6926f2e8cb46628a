//! Tests of opaque tokens and token introspection at a real provider.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, post};
use auth_actix::oidc::Introspection;
use auth_actix::{Auth, Jwt};
use auth_tests::server::Server;
use auth_tests::token::base64url;
use auth_tests::wire::{Connection, get};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::provider::{AUDIENCE, Provider, WEB};
use super::{ask, serve, status, until};

fn introspection() -> Introspection {
    Introspection::as_client(WEB.0, WEB.1)
}

/// Accepts tokens without a subject, because the provider names none for a client's own token.
fn jwt(provider: &Provider) -> Jwt {
    super::jwt(provider).clients_without_subject()
}

fn asked(provider: &Provider) -> u64 {
    provider.stats()["introspection"].as_u64().unwrap()
}

#[test]
fn introspection_result_is_cached_until_it_expires() {
    // INTRO-1, INTRO-2, M9
    let Some(provider) = Provider::start() else { return };
    let server =
        serve(Auth::builder().bearer(jwt(&provider).introspection(introspection().cache(Duration::from_secs(2)))));
    let opaque = provider.token_of("format=opaque", "read:reports");
    assert_eq!(opaque.split('.').count(), 1, "{opaque}");
    let strict = serve(Auth::builder().bearer(super::jwt(&provider).introspection(introspection())));
    assert_eq!(ask(&strict, "/me", &opaque).status, 401, "without a subject, which is not configured as accepted");
    let before = asked(&provider);
    for _ in 0..5 {
        let answer = ask(&server, "/reports", &opaque);
        assert_eq!((answer.status, answer.text()), (200, "reports"));
    }
    assert_eq!(asked(&provider), before + 1, "once, while the answer is kept");
    assert_eq!(
        ask(&server, "/me", &opaque).text(),
        format!("client:{}:{}:service", provider.issuer.len(), provider.issuer)
    );
    assert_eq!(
        ask(&server, "/reports", &provider.token_of("format=opaque", "admin")).status,
        403,
        "the scope is another"
    );
    assert_eq!(status(&server, &provider.token_of("format=opaque&aud=https://other.example", "read:reports")), 401);
    // A JWT of this issuer is verified locally, and never introspected, even if it is invalid.
    let before = asked(&provider);
    let jwt = provider.token("ES256");
    assert_eq!(status(&server, &jwt), 200);
    let (header, rest) = jwt.split_once('.').unwrap();
    for broken in [format!("{header}.{}", &rest[..rest.len() - 2]), format!("{}.{rest}", base64url("{}"))] {
        assert_eq!(status(&server, &broken), 401);
    }
    assert_eq!(asked(&provider), before);
    // A revoked token is rejected as soon as the cached response expires.
    provider.revoke(&opaque);
    assert_eq!(status(&server, &opaque), 200, "still kept");
    until("the answer is forgotten", Duration::from_secs(4), || status(&server, &opaque) == 401);
    let before = asked(&provider);
    let answer = ask(&server, "/me", &opaque);
    assert_eq!((answer.status, answer.problem().as_str()), (401, "invalid-credentials"));
    assert!(answer.field("www-authenticate").unwrap().ends_with(r#"error="invalid_token""#));
    assert_eq!(asked(&provider), before, "and that is kept too");
    // A token expires at its own expiry, even if the response is cached.
    let short = provider.token_of("format=opaque&ttl=1", "read:reports");
    assert_eq!(status(&server, &short), 200);
}

#[test]
fn introspection_failures_never_grant_access() {
    // INTRO-2
    let Some(mut provider) = Provider::start() else { return };
    let opaque = provider.token_of("format=opaque", "read:reports");
    let with = |introspection| serve(Auth::builder().bearer(jwt(&provider).introspection(introspection)));
    for (case, introspection) in [
        ("a secret that is wrong", Introspection::as_client(WEB.0, "wrong")),
        ("an unknown client", Introspection::as_client("nobody", "wrong")),
        ("an unknown endpoint", introspection().at(format!("{}/none", provider.issuer))),
        ("a page", introspection().at(format!("{}/_test/stats", provider.issuer))),
        ("an unreachable endpoint", introspection().at("http://127.0.0.1:1/")),
    ] {
        let answer = ask(&with(introspection), "/me", &opaque);
        let expected =
            if case == "a page" { (401, "invalid-credentials") } else { (503, "authentication-unavailable") };
        assert_eq!((answer.status, answer.problem().as_str()), expected, "{case}");
    }
    let server = with(introspection().cache(Duration::from_secs(1)));
    assert_eq!(status(&server, &opaque), 200);
    provider.kill();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(status(&server, &opaque), 503, "the cached response has expired");
    provider.restart();
    until("it is there again", Duration::from_secs(3), || status(&server, &opaque) == 401);
    assert_eq!(status(&server, &provider.token_of("format=opaque", "read:reports")), 200);
    provider.freeze(true);
    let frozen = status(&server, &base64url("another token, without a response"));
    provider.freeze(false);
    assert_eq!(frozen, 503);
}

/// An introspection endpoint whose response is the decoded token.
#[post("/introspect")]
async fn introspect(form: web::Form<std::collections::BTreeMap<String, String>>) -> HttpResponse {
    let says = URL_SAFE_NO_PAD.decode(&form["token"]).unwrap();
    HttpResponse::Ok().content_type("application/json").body(says)
}

#[test]
fn only_active_access_tokens_for_this_audience_are_accepted() {
    // INTRO-1
    let endpoint = Server::start(|config: &mut ServiceConfig| {
        config.service(introspect);
    });
    let address = format!("http://{}/introspect", endpoint.address);
    let jwt = Jwt::jwks("https://127.0.0.1:1/keys").issuer("https://id.example").audience(AUDIENCE);
    let jwt = jwt.clients_without_subject();
    let server = serve(Auth::builder().bearer(jwt.introspection(introspection().at(address))));
    let now = auth_tests::token::now();
    let good = json!({ "active": true, "sub": "alice", "client_id": "web", "aud": AUDIENCE, "exp": now + 60 });
    let with = |members: Value| {
        let mut all = good.clone();
        for (name, value) in members.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        ask(&server, "/me", &base64url(all.to_string()))
    };
    #[rustfmt::skip]
    let table = [
        (json!({}),                                             200),
        (json!({ "token_type": "Bearer", "iss": "https://id.example" }), 200),
        (json!({ "token_use": "access_token" }),                200),
        (json!({ "active": false }),                            401),
        (json!({ "active": "true" }),                           401),
        (json!({ "active": 1 }),                                401),
        (json!({ "active": null }),                             401),
        (json!({ "token_use": "refresh_token" }),               401),
        (json!({ "token_type": "refresh_token" }),              401),
        (json!({ "iss": "https://other.example" }),             401),
        (json!({ "aud": "https://other.example" }),             401),
        (json!({ "aud": null }),                                401),
        (json!({ "exp": now - 61 }),                            401),
        (json!({ "exp": null }),                                401),
        (json!({ "nbf": now + 120 }),                           401),
        (json!({ "sub": null, "username": "alice" }),           401),
        (json!({ "sub": null, "client_id": null }),             401),
        (json!({ "cnf": { "jkt": "x" } }),                      401), // DPOP-1
    ];
    for (members, status) in table {
        assert_eq!(with(members.clone()).status, status, "{members}");
    }
    assert_eq!(with(json!({ "sub": null })).text(), "client:18:https://id.example:web");
}

#[test]
fn unknown_token_flood_does_not_block_known_tokens() {
    // M9
    let Some(provider) = Provider::start() else { return };
    let auth = Auth::builder().bearer(jwt(&provider).introspection(introspection())).client_address(auth_actix::Peer);
    let server = serve(auth);
    let opaque = provider.token_of("format=opaque", "read:reports");
    assert_eq!(status(&server, &opaque), 200);
    let answers: Vec<AtomicUsize> = (0..600).map(|_| AtomicUsize::new(0)).collect();
    let same = "one token, repeatedly";
    std::thread::scope(|scope| {
        for client in 0..20 {
            let (answers, server, opaque) = (&answers, &server, &opaque);
            scope.spawn(move || {
                let mut connection = Connection::open(server.address);
                let mut send =
                    |token: &str| connection.exchange(&get("/me").authorization(format!("Bearer {token}"))).status;
                for number in 0..50 {
                    answers[usize::from(send(&base64url(format!("{client}-{number}"))))]
                        .fetch_add(1, Ordering::Relaxed);
                    assert_eq!(send(opaque), 200, "a cached token is accepted without waiting");
                    assert_eq!(send(&base64url(same)), 401);
                }
            });
        }
    });
    let count = |status: usize| answers[status].load(Ordering::Relaxed);
    assert_eq!(count(401) + count(503), 1000);
    assert!(asked(&provider) <= 2 + 1000, "one question each, and one for the one that came again and again");
}

#[test]
fn invalid_introspection_settings_do_not_build() {
    let oidc = |issuer: &str| Jwt::oidc(issuer).audience(AUDIENCE).confers(auth_actix::Confers::everything());
    let at = |endpoint: &str| introspection().at(endpoint);
    let jwks = || Jwt::jwks("https://id.example/keys").issuer("https://id.example").audience(AUDIENCE);
    #[rustfmt::skip]
    let table = [
        (vec![oidc("https://id.example").introspection(introspection())], ""),
        (vec![jwks().introspection(at("https://id.example/introspect"))], ""),
        (vec![jwks().introspection(introspection())], "only `Jwt::oidc(…)` discovers the endpoint"),
        (vec![jwks().introspection(at("http://id.example/introspect"))], "invalid endpoint"),
        (vec![jwks().introspection(at("https://id.example/").cache(Duration::from_secs(31)))], "must be at most 30 s"),
        (vec![oidc("https://a.example").introspection(introspection()), oidc("https://b.example").introspection(introspection())], "do not name their issuer"),
    ];
    for (jwts, expected) in table {
        let built = jwts.into_iter().fold(Auth::builder(), |builder, jwt| builder.bearer(jwt)).build();
        let error = built.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected) && error.is_empty() == expected.is_empty(), "{expected}: {error}");
        assert!(!error.contains("secret"));
    }
    assert!(!format!("{:?}", introspection()).contains(WEB.1));
}
