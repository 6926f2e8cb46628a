//! Tests with tokens of a real provider, including key rotation and outages.

mod dpop;
mod introspection;
mod login;
mod metadata;
pub(crate) mod provider;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::{Auth, AuthBuilder, Confers, Jwt, Principal, require_auth, require_role, require_scope};
use auth_tests::load::under_load;
use auth_tests::server::Server;
use auth_tests::token::{base64url, now, sign_hs256};
use auth_tests::wire::{Answer, get};
use serde_json::{Value, json};

use self::provider::{AUDIENCE, Provider, Second};

mod open {
    pub(crate) use auth_actix::open::{Role, TokenScope};
}
use open::{Role, TokenScope};

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

#[require_scope("read:reports")]
#[get("/reports")]
async fn reports() -> &'static str {
    "reports"
}

#[require_auth(max_age = "1h", acr = "urn:example:mfa")]
#[get("/transfer")]
async fn transfer() -> &'static str {
    "transfer"
}

fn serve(builder: AuthBuilder) -> Server {
    let auth = builder.build().unwrap();
    Server::with_workers(2, move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(admin).service(reports).service(transfer));
    })
}

fn jwt(provider: &Provider) -> Jwt {
    Jwt::oidc(&provider.issuer).audience(AUDIENCE).access_token_profile().cool_down(Duration::from_secs(1))
}

fn ask(server: &Server, path: &str, token: &str) -> Answer {
    server.send(&get(path).authorization(format!("Bearer {token}")))
}

fn status(server: &Server, token: &str) -> u16 {
    ask(server, "/me", token).status
}

/// Repeats a request until the condition holds, or fails after `limit`.
fn until(what: &str, limit: Duration, answered: impl Fn() -> bool) {
    let start = Instant::now();
    while !answered() {
        assert!(start.elapsed() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until the cool-down of the tests is over.
fn cool_down() {
    std::thread::sleep(Duration::from_millis(1050));
}

#[test]
fn provider_tokens_are_accepted_with_every_algorithm() {
    let Some(provider) = Provider::start() else { return };
    let server = serve(Auth::builder().bearer(jwt(&provider)));
    assert_eq!(provider.asked(), (0, 0), "nothing is fetched before a token comes");
    for algorithm in ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"] {
        let answer = ask(&server, "/reports", &provider.token(algorithm));
        assert_eq!((answer.status, answer.text()), (200, "reports"), "{algorithm}");
    }
    // JWKS-4, JWKS-8
    assert_eq!(provider.asked(), (1, 1), "one fetch for all of them");
    let machine = ask(&server, "/me", &provider.token("ES256"));
    assert_eq!(machine.text(), format!("client:{}:{}:service", provider.issuer.len(), provider.issuer)); // AT-5
    let alice = provider.token_of_user("alice", &[]);
    assert_eq!(ask(&server, "/me", &alice).text(), format!("user:{}:{}:alice", provider.issuer.len(), provider.issuer));
    assert_eq!(ask(&server, "/admin", &alice).status, 200);
    assert_eq!(ask(&server, "/admin", &provider.token_of_user("bob", &[])).status, 403);
    // STEP-1, STEP-4: an old or weak login is answered with a step-up challenge.
    let mfa = ("acr_values", "urn:example:mfa");
    assert_eq!(ask(&server, "/transfer", &provider.token_of_user("alice", &[mfa])).status, 200);
    let old = ask(&server, "/transfer", &provider.token_of_user("alice", &[mfa, ("auth_age", "7200")]));
    let challenge = old.field("www-authenticate").unwrap();
    assert_eq!(old.status, 401);
    assert!(challenge.ends_with(r#"error="insufficient_user_authentication", max_age="3600""#), "{challenge}");
    let weak = ask(&server, "/transfer", &provider.token_of_user("alice", &[]));
    let challenge = weak.field("www-authenticate").unwrap();
    assert!(challenge.ends_with(r#"acr_values="urn:example:mfa""#), "{challenge}");
    // Expires in two seconds, plus one minute of leeway. The provider shares the clock of this machine.
    assert_eq!(status(&server, &provider.token_of("ttl=2", "read:reports")), 200);
}

#[test]
fn invalid_tokens_of_a_second_issuer_are_refused() {
    let Some(second) = Second::start() else { return };
    let jwt = Jwt::oidc(&second.issuer).audience(AUDIENCE).access_token_profile();
    let server = serve(Auth::builder().bearer(jwt));
    let now = now();
    let good = json!({ "aud": AUDIENCE, "sub": "alice", "client_id": "web", "jti": "1", "iat": now, "exp": now + 600, "roles": ["admin"] });
    let token = |header: Value, claims: Value, algorithm: &str| {
        let mut typed = json!({ "typ": "at+jwt" });
        typed.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
        let mut all = good.clone();
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        second.token(typed, all, algorithm)
    };
    for algorithm in ["ES256", "RS256", "EdDSA"] {
        assert_eq!(ask(&server, "/admin", &token(json!({}), json!({}), algorithm)).status, 200, "{algorithm}");
    }
    let nothing = json!({});
    #[rustfmt::skip]
    let table: Vec<(&str, Value, Value, u16, &str)> = vec![
        ("an ID token",            json!({ "typ": "JWT" }),             nothing.clone(),                         401, "invalid-credentials"), // AT-1, T38
        ("of no type",             json!({ "typ": null }),              nothing.clone(),                         401, "invalid-credentials"),
        ("a proof",                json!({ "typ": "dpop+jwt" }),        nothing.clone(),                         401, "invalid-credentials"),
        ("typed in full",          json!({ "typ": "application/AT+JWT" }), nothing.clone(),                      200, ""),
        ("no client",              nothing.clone(), json!({ "client_id": null }),                                401, "invalid-credentials"), // AT-2
        ("no id",                  nothing.clone(), json!({ "jti": null }),                                      401, "invalid-credentials"),
        ("no time",                nothing.clone(), json!({ "iat": null }),                                      401, "invalid-credentials"),
        ("no end",                 nothing.clone(), json!({ "exp": null }),                                      401, "invalid-credentials"),
        ("no subject",             nothing.clone(), json!({ "sub": null }),                                      401, "invalid-credentials"),
        ("no audience",            nothing.clone(), json!({ "aud": null }),                                      401, "invalid-credentials"),
        ("another audience",       nothing.clone(), json!({ "aud": "https://other.example" }),                   401, "invalid-credentials"),
        ("the audience and a slash", nothing.clone(), json!({ "aud": format!("{AUDIENCE}/") }),                  401, "invalid-credentials"), // META-2
        ("another issuer",         nothing.clone(), json!({ "iss": "https://id.example" }),                      401, "invalid-credentials"),
        ("the issuer and a slash", nothing.clone(), json!({ "iss": format!("{}/", second.issuer) }),             401, "invalid-credentials"),
        ("expired",                nothing.clone(), json!({ "exp": now - 61 }),                                  401, "expired-credentials"),
        ("expired, within leeway", nothing.clone(), json!({ "exp": now - 30 }),                                  200, ""), // JWT-23
        ("not yet",                nothing.clone(), json!({ "nbf": now + 120 }),                                 401, "invalid-credentials"),
        ("from the future",        nothing.clone(), json!({ "iat": now + 120 }),                                 401, "invalid-credentials"),
        ("bound to a key",         nothing.clone(), json!({ "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }), 401, "invalid-credentials"), // DPOP-1
        ("a role as text",         nothing.clone(), json!({ "roles": "admin" }),                                 403, "insufficient-permissions"), // JWT-27
        ("no role",                nothing.clone(), json!({ "roles": [] }),                                      403, "insufficient-permissions"),
        ("a key of its own",       json!({ "jwk": { "kty": "EC" } }),   nothing.clone(),                         401, "invalid-credentials"), // JWT-11
        ("an unknown key",         json!({ "kid": "unknown" }),         nothing.clone(),                         401, "invalid-credentials"), // JWKS-6
        ("the other key's name",   json!({ "kid": null }),              nothing.clone(),                         200, ""), // JWKS-7
    ];
    for (case, header, claims, expected, problem) in table {
        let answer = ask(&server, "/admin", &token(header, claims, "ES256"));
        assert_eq!((answer.status, answer.problem().as_str()), (expected, problem), "{case}");
        if expected == 401 {
            assert!(answer.field("www-authenticate").unwrap().contains(r#"error="invalid_token""#), "{case}"); // AT-3
        }
    }
}

#[test]
fn issuer_keys_and_conferred_roles_are_kept_separate() {
    // C3, JWT-15
    let (Some(provider), Some(second)) = (Provider::start(), Second::start()) else { return };
    let builder = || {
        let of_second = Jwt::oidc(&second.issuer).audience(AUDIENCE).confers(Confers::nothing().roles(["viewer"]));
        Auth::builder().bearer(jwt(&provider).confers(Confers::everything())).bearer(of_second)
    };
    let server = serve(builder());
    let claims = |issuer: &str| json!({ "iss": issuer, "aud": AUDIENCE, "sub": "alice", "roles": ["admin"] });
    let theirs = second.token(json!({}), claims(&second.issuer), "ES256");
    let stolen = second.token(json!({}), claims(&provider.issuer), "ES256");
    assert_eq!(ask(&server, "/me", &theirs).text(), format!("user:{}:{}:alice", second.issuer.len(), second.issuer));
    assert_eq!(ask(&server, "/admin", &theirs).status, 403, "a weak issuer makes no administrator");
    assert_eq!(ask(&server, "/admin", &provider.token_of_user("alice", &[])).status, 200);
    assert_eq!(status(&server, &stolen), 401, "no key signs for another issuer");
    let asked = provider.asked();
    for unknown in ["https://evil.example", "http://127.0.0.1:1", ""] {
        assert_eq!(status(&server, &second.token(json!({}), claims(unknown), "ES256")), 401);
    }
    assert_eq!(provider.asked(), asked, "an unknown issuer causes no request");
}

/// Sends requests from four clients while `during` runs. Returns the statuses, without repetitions.
fn statuses_under_load(server: &Server, token: &str, during: impl FnOnce()) -> Vec<u16> {
    let mut statuses = under_load(4, |_| status(server, token), during);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

#[test]
fn key_rotation_under_load_causes_no_wrong_responses() {
    // JWKS-4, JWKS-5
    let Some(provider) = Provider::start() else { return };
    let server = serve(Auth::builder().bearer(jwt(&provider)));
    let first = provider.token("ES256");
    assert_eq!(status(&server, &first), 200);
    cool_down();
    // The old keys are still published, so tokens of both remain valid throughout.
    let wait = || std::thread::sleep(Duration::from_millis(300));
    let statuses = statuses_under_load(&server, &first, || {
        provider.rotate(false);
        let next = provider.token("ES256");
        assert_eq!(statuses_under_load(&server, &next, wait), [200], "the new key");
    });
    assert_eq!(statuses, [200], "the old key");
    // The old keys are removed. The first token with a new key triggers a fetch.
    cool_down();
    provider.rotate(true);
    let last = provider.token("EdDSA");
    assert_eq!(statuses_under_load(&server, &last, wait), [200], "the last key");
    let answers: Vec<_> = (0..20).map(|_| status(&server, &first)).collect();
    assert_eq!(answers, [401; 20], "a key that was taken away verifies nothing");
    let asked = provider.asked().1;
    assert!((3..=4).contains(&asked), "a fetch a change, and one for the key that went: {asked}");
}

#[test]
fn removed_keys_are_rejected_after_the_refresh_interval() {
    // H8: cached tokens are rejected as well once their key is removed.
    let Some(provider) = Provider::start() else { return };
    let server = serve(Auth::builder().bearer(jwt(&provider).refresh_every(Duration::from_secs(2))));
    let token = provider.token("RS256");
    assert_eq!(status(&server, &token), 200);
    provider.rotate(true);
    assert_eq!(status(&server, &token), 200, "not before it was seen");
    let asked = provider.asked().1;
    until("the set is fetched in the background", Duration::from_secs(5), || provider.asked().1 > asked);
    until("and the key is gone", Duration::from_secs(1), || status(&server, &token) == 401);
}

#[test]
fn unknown_key_ids_cause_one_fetch_per_cool_down() {
    // JWKS-4, M9, T16
    let Some(provider) = Provider::start() else { return };
    let jwt = Jwt::oidc(&provider.issuer).audience(AUDIENCE).access_token_profile();
    let server = serve(Auth::builder().bearer(jwt.cool_down(Duration::from_secs(3))));
    let good = provider.token("ES256");
    assert_eq!(status(&server, &good), 200);
    assert_eq!(provider.asked(), (1, 1));
    std::thread::sleep(Duration::from_millis(3100));
    provider.publish("delay=500");
    let (payload, signature) = good.split_once('.').unwrap().1.split_once('.').unwrap();
    let answers: Vec<AtomicUsize> = (0..600).map(|_| AtomicUsize::new(0)).collect();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..50 {
            let (answers, server, good) = (&answers, &server, &good);
            scope.spawn(move || {
                let mut connection = auth_tests::wire::Connection::open(server.address);
                for number in 0..200 {
                    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": format!("{client}-{number}") });
                    let forged = format!("{}.{payload}.{signature}", base64url(header.to_string()));
                    let answer = connection.exchange(&get("/me").authorization(format!("Bearer {forged}")));
                    answers[usize::from(answer.status)].fetch_add(1, Ordering::Relaxed);
                    if number % 50 == 0 {
                        let known = connection.exchange(&get("/me").authorization(format!("Bearer {good}")));
                        assert_eq!(known.status, 200, "a known key waits for nothing");
                    }
                }
            });
        }
    });
    let count = |status: usize| answers[status].load(Ordering::Relaxed);
    assert_eq!(count(401) + count(503), 10_000);
    let (seconds, fetches) = (start.elapsed().as_secs(), provider.asked().1 - 1);
    assert!(seconds < 60, "{seconds}");
    assert!((1..=1 + seconds / 3).contains(&fetches), "one fetch a cool-down: {fetches} in {seconds} s");
    assert_eq!(provider.asked().0, 1, "the metadata is fetched once");
}

#[test]
fn provider_unavailable_at_start_is_503_until_it_recovers() {
    // JWKS-6, Q12
    let Some(mut provider) = Provider::start() else { return };
    let before = provider.token("ES256");
    provider.kill();
    let server = serve(Auth::builder().bearer(jwt(&provider)));
    let answer = ask(&server, "/me", &before);
    assert_eq!((answer.status, answer.problem().as_str()), (503, "authentication-unavailable"));
    assert!(answer.field("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(answer.lines("www-authenticate"), Vec::<&str>::new());
    assert_eq!(server.send(&get("/me")).status, 401, "a request without a token is 401");
    provider.restart();
    let after = provider.token("ES256");
    until("it is found again", Duration::from_secs(5), || status(&server, &after) == 200);
    assert_eq!(status(&server, &before), 401, "its keys went with it");
}

#[test]
fn cached_keys_are_used_only_up_to_their_maximum_age() {
    // JWKS-5, H8: cached keys and cached tokens are not used beyond the configured age.
    let Some(mut provider) = Provider::start() else { return };
    let jwt = jwt(&provider).refresh_every(Duration::from_secs(2)).max_stale(Duration::from_secs(5));
    let server = serve(Auth::builder().bearer(jwt));
    let token = provider.token("ES256");
    assert_eq!(status(&server, &token), 200);
    let start = Instant::now();
    provider.kill();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(status(&server, &token), 200, "stale keys are used while the provider is unavailable");
    let (_, rest) = token.split_once('.').unwrap();
    let forged = format!("{}.{rest}", base64url(r#"{"alg":"ES256","typ":"at+jwt","kid":"new"}"#));
    assert_eq!(status(&server, &forged), 503, "an unknown key, while the provider is unavailable");
    std::thread::sleep(Duration::from_secs(8).saturating_sub(start.elapsed()));
    assert_eq!(status(&server, &token), 503, "the cached keys are too old");
    provider.restart();
    let after = provider.token("ES256");
    until("it is found again", Duration::from_secs(5), || status(&server, &after) == 200);
}

#[test]
fn invalid_jwks_responses_keep_the_previous_keys() {
    // JWKS-1, JWKS-2, JWKS-3, T16, T17
    let Some(provider) = Provider::start() else { return };
    let server = serve(Auth::builder().bearer(jwt(&provider).refresh_every(Duration::from_secs(1))));
    let token = provider.token("ES256");
    assert_eq!(status(&server, &token), 200);
    for how in [
        "status=503",
        "status=404",
        "status=302",
        "body=empty",
        "body=garbage",
        "body=enormous",
        "body=many",
        "delay=6000",
    ] {
        provider.publish(how);
        let asked = provider.asked().1;
        until(how, Duration::from_secs(10), || provider.asked().1 > asked);
        assert_eq!(status(&server, &token), 200, "{how}: those of before hold");
        let fresh = serve(Auth::builder().bearer(jwt(&provider)));
        let start = Instant::now();
        assert_eq!(status(&fresh, &token), 503, "{how}: and without any it is 503");
        assert!(start.elapsed() < Duration::from_secs(9), "{how}: in time");
    }
    provider.publish("");
    provider.freeze(true);
    let fresh = serve(Auth::builder().bearer(jwt(&provider)));
    let frozen = status(&fresh, &token);
    provider.freeze(false);
    assert_eq!(frozen, 503);
    until("it is found again", Duration::from_secs(15), || status(&fresh, &token) == 200);
    // From a key set with invalid entries, the valid key is used, and a symmetric key is never used.
    provider.publish("body=mixed");
    let fresh = serve(Auth::builder().bearer(jwt(&provider)));
    assert_eq!(status(&fresh, &token), 200);
    for algorithm in ["RS256", "ES384"] {
        assert_eq!(status(&fresh, &provider.token(algorithm)), 401, "{algorithm}");
    }
    let claims = json!({
        "iss": provider.issuer, "aud": AUDIENCE, "sub": "alice", "client_id": "a", "jti": "a", "iat": now(),
        "exp": now() + 60,
    });
    let by_secret = sign_hs256(b"secret-secret-secret-secret-secret", "secret", &claims);
    assert_eq!(status(&fresh, &by_secret), 401);
}

#[test]
fn fetch_url_may_differ_but_issuer_must_match_exactly() {
    // JWKS-8: as between containers.
    let name = "https://id.example/realms/shop";
    let Some(provider) = Provider::start_as(name) else { return };
    let jwt = |issuer: &str| Jwt::oidc(issuer).fetch_from(provider.url()).audience(AUDIENCE).access_token_profile();
    let token = provider.token("ES256");
    let server = serve(Auth::builder().bearer(jwt(name)));
    assert_eq!(ask(&server, "/me", &token).text(), format!("client:{}:{name}:service", name.len()));
    // The issuer in the metadata must match the configured name exactly.
    for other in ["https://id.example/realms/shop/", "https://id.example/realms/Shop", "https://id.example"] {
        let server = serve(Auth::builder().bearer(jwt(other)));
        assert_eq!(status(&server, &token), 503, "{other}");
    }
    let keys = format!("{}/jwks", provider.url());
    let by_address = Jwt::jwks(keys).issuer(name).audience(AUDIENCE).access_token_profile();
    assert_eq!(status(&serve(Auth::builder().bearer(by_address)), &token), 200);
}

#[test]
fn curl_authenticates_with_a_provider_token() {
    let Some(provider) = Provider::start() else { return };
    let dpop = auth_actix::dpop::Dpop::at("https://api.example");
    let server = serve(Auth::builder().bearer(jwt(&provider)).dpop(dpop));
    let url = format!("http://{}/me", server.address);
    let curl = |more: &[&str]| {
        let common = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30", "--noproxy", "*"];
        let run = auth_tests::program::run("curl", &[&common[..], more, &[&url]].concat())?;
        Some(String::from_utf8_lossy(&run.stdout).into_owned())
    };
    let token = provider.token("ES256");
    let Some(plain) = curl(&[]) else { return };
    assert_eq!(plain, "401");
    assert_eq!(curl(&["--oauth2-bearer", &token]).unwrap(), "200");
    assert_eq!(
        curl(&["--anyauth", "--oauth2-bearer", &token]).unwrap(),
        "200",
        "of DPoP and Bearer it takes what it has"
    );
}

#[test]
fn dev_tokens_work_without_the_provider() {
    let jwt = || Jwt::oidc("https://127.0.0.1:1").audience(AUDIENCE).access_token_profile().or_dev();
    let development = jwt();
    let token = development.dev_token(Some("admin")).unwrap();
    let server = serve(Auth::builder().bearer(development));
    assert_eq!((ask(&server, "/admin", &token).status, server.send(&get("/admin")).status), (200, 401));
    let other = jwt().dev_token(Some("admin")).unwrap();
    assert_eq!(status(&server, &other), 401, "of another process: no key that could be fetched verifies it");
}
