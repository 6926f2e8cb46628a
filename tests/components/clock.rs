//! Tests with a wall clock that changes while the server runs: only absolute times are affected (M10).

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::dpop::Dpop;
use auth_actix::password::{Basic, PasswordAuthenticator, UsersFile, hash_password};
use auth_actix::session::Sessions;
use auth_actix::throttle::{Throttle, ThrottleLimits};
use auth_actix::{Auth, Confers, Jwt, require_auth};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, basic, bearer, now};
use auth_tests::wire::{get, request};
use auth_tests::{logs, program};
use serde_json::json;

use crate::oidc;
use crate::oidc::provider::Provider;

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
}

#[require_auth(max_age = "1h")]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

const PASSWORD: &str = "correct horse battery";

/// An environment variable with the path of the file that controls the clock of the process.
const FILE: &str = "AUTH_TESTS_CLOCK";

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|library| library.exists());
    if found.is_none() {
        program::skipped("this machine has no libfaketime: install faketime (Debian)");
    }
    found
}

#[test]
fn wall_clock_change_affects_only_absolute_times() {
    if std::env::var_os(FILE).is_some() {
        return under_a_clock_that_is_set();
    }
    again("wall_clock_change_affects_only_absolute_times");
}

#[test]
fn provider_keys_age_independently_of_the_wall_clock() {
    if std::env::var_os(FILE).is_some() {
        return provider_under_a_clock_that_is_set();
    }
    again("provider_keys_age_independently_of_the_wall_clock");
}

fn provider_under_a_clock_that_is_set() {
    let Some(provider) = Provider::start() else { return };
    let server = serve_tokens_of(&provider);
    let token = |ttl: u32| bearer_of(provider.token_of(&format!("ttl={ttl}"), "read:reports"));
    let (short, long) = (token(600), token(36_000));
    let both = || [&short, &long].map(|token| server.send(&get("/me").authorization(token)).status);
    assert_eq!(both(), [200, 200]);
    for (offset, answers) in [("+3h", [401, 200]), ("-3h", [401, 401]), ("+0", [200, 200])] {
        set(offset);
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!((both(), provider.asked()), (answers, (1, 1)), "{offset}");
    }
}

#[test]
fn provider_clock_skew_is_tolerated_within_the_leeway() {
    let Some(library) = library() else { return };
    // JWT-21, JWT-23: a clock of the provider that is ahead affects the issue time, one that is behind affects the expiry.
    for (offset, ttl, answer) in [("+30s", 600, 200), ("+120s", 600, 401), ("-30s", 10, 200), ("-120s", 10, 401)] {
        let Some(provider) = Provider::start_with_clock(&library, offset) else { return };
        let server = serve_tokens_of(&provider);
        let token = bearer_of(provider.token_of(&format!("ttl={ttl}"), "read:reports"));
        assert_eq!(server.send(&get("/me").authorization(token)).status, answer, "{offset}");
    }
}

#[test]
fn dpop_nonce_is_renewed_before_it_expires() {
    if std::env::var_os(FILE).is_some() {
        return nonces_under_a_clock_that_is_set();
    }
    again("dpop_nonce_is_renewed_before_it_expires");
}

fn nonces_under_a_clock_that_is_set() {
    let jwt = Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE);
    let dpop = Dpop::at("https://api.example").shared_nonces([7; 32]);
    let auth = Auth::builder().bearer(jwt).dpop(dpop).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me));
    });
    let key = auth_tests::proof::Key::new();
    let token = auth_tests::token::token(json!({ "exp": now() + 3600, "cnf": { "jkt": key.thumbprint() } }));
    let ask = |nonce: Option<&str>| {
        let claims = json!({
            "jti": auth_tests::proof::fresh(), "htm": "GET", "htu": "https://api.example/me", "iat": now(),
            "ath": auth_tests::proof::hash(&token),
        });
        let proof = key.proof(json!({}), claims, json!({ "nonce": nonce }));
        server.send(&get("/me").authorization(format!("DPoP {token}")).field("DPoP", proof))
    };
    // Start five seconds into a minute, then test the following minutes.
    let start = (65 - now() % 60) % 60;
    let at_minute = |minute: i64| set(&format!("+{}s", start + minute * 60));
    at_minute(0);
    let asked = ask(None);
    let first = asked.field("dpop-nonce").unwrap();
    let same = ask(Some(first));
    assert_eq!((asked.status, same.status, same.field("dpop-nonce")), (401, 200, None));
    at_minute(1);
    let old = ask(Some(first));
    let next = old.field("dpop-nonce").unwrap();
    assert_eq!((old.status, old.field("cache-control")), (200, Some("no-store")), "no cache gives out a nonce again");
    let current = ask(Some(next));
    assert_eq!((current.status, current.field("dpop-nonce")), (200, None));
    at_minute(2);
    assert_eq!((ask(Some(first)).status, ask(Some(next)).status), (401, 200));
}

fn serve_tokens_of(provider: &Provider) -> Server {
    let jwt = Jwt::oidc(&provider.issuer).audience(oidc::provider::AUDIENCE).access_token_profile();
    let auth = Auth::builder().bearer(jwt).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me));
    })
}

fn bearer_of(token: String) -> String {
    format!("Bearer {token}")
}

/// Runs a test again in a process whose clock can be [`set`].
fn again(test: &str) {
    let Some(library) = library() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    std::fs::write(&file, "+0").unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", &format!("clock::{test}"), "--nocapture"]);
    again.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &file).env("FAKETIME_NO_CACHE", "1");
    let run = again.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env(FILE, &file).output().unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
}

fn set(offset: &str) {
    std::fs::write(std::env::var_os(FILE).unwrap(), offset).unwrap();
}

fn under_a_clock_that_is_set() {
    logs::capture();
    let told = || logs::lines().iter().filter(|line| line.field("message").contains("clock jumped")).count();
    let hash = hash_password(&PASSWORD.into()).unwrap();
    let users = UsersFile::parse(&format!("alice:{hash}:\nbob:{hash}:\n")).unwrap();
    let users = PasswordAuthenticator::new(users)
        .throttle(Throttle::memory().limits(ThrottleLimits::default().account_burst(3)));
    let all = Confers::everything;
    let auth = Auth::builder()
        .bearer(Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE).confers(all()))
        .basic(Basic::new(users).confers(all()))
        .session(Sessions::memory().confers(all()))
        .dpop(Dpop::at("https://api.example"))
        .build()
        .unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(fresh).service(auth.login()));
    });
    let login = request("POST", "/login").field("Sec-Fetch-Site", "same-origin");
    let login = login.field("Content-Type", "application/json");
    let login = server.send(&login.body(json!({ "username": "alice", "password": PASSWORD }).to_string()));
    let cookie = login.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let session = |path: &str| server.send(&get(path).field("Cookie", &cookie)).status;
    let token = bearer(json!({}));
    let token = || server.send(&get("/me").authorization(&token)).status;
    let attempt = |name: &str, password: &str| server.send(&get("/me").authorization(basic(name, password))).status;
    let key = auth_tests::proof::Key::new();
    let tied = || auth_tests::token::token(json!({ "exp": now() + 36_000, "cnf": { "jkt": key.thumbprint() } }));
    let tied = tied();
    let proof = || {
        let claims = json!({
            "jti": auth_tests::proof::fresh(), "htm": "GET", "htu": "https://api.example/me", "iat": now(),
            "ath": auth_tests::proof::hash(&tied),
        });
        key.proof(json!({}), claims, json!({}))
    };
    let bound =
        |proof: &str| server.send(&get("/me").authorization(format!("DPoP {tied}")).field("DPoP", proof)).status;
    let start = now();
    assert_eq!((session("/me"), session("/fresh"), token(), told()), (200, 200, 200, 0));
    for _ in 0..3 {
        assert_eq!(attempt("bob", "wrong"), 401);
    }
    assert_eq!(attempt("bob", PASSWORD), 429);
    // Two hours ahead: tokens and fresh logins have expired. Sessions (idle limit of 30 minutes) and throttle delays are
    // unaffected.
    set("+2h");
    assert!(now() >= start + 7200, "the clock was set");
    assert_eq!((session("/me"), session("/fresh"), token()), (200, 401, 401));
    assert_eq!(attempt("bob", PASSWORD), 429, "no delay ends early");
    assert_eq!(told(), 1, "one warning is logged");
    // A used proof stays used, regardless of clock changes.
    let proof = proof();
    assert_eq!([bound(&proof), bound(&proof)], [200, 401]);
    set("+7190s");
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(bound(&proof), 401, "ten seconds back, it is still used");
    // One hour before the start: nothing expired becomes valid again, and no delay is extended.
    set("-1h");
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(attempt("bob", PASSWORD), 200, "no delay lasts longer");
    assert_eq!((session("/me"), token(), told()), (200, 200, 2));
    assert_eq!(bound(&proof), 401, "a proof from the future is rejected");
}
