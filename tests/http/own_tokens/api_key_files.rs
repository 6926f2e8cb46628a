//! Tests of API key files of an earlier format: the header, keys as explicit credentials, and adding and revoking them.

use std::time::Duration;

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::blocklist::Blocklist;
use auth_actix::identity::Rights;
use auth_actix::tokens::{ApiKeyFile, TokenStore as _, Tokens};
use auth_actix::{Auth, Confers, Peer, Principal, require_auth, require_role, require_scope};
use auth_tests::server::Server;
use auth_tests::token::{bearer, now};
use auth_tests::wire::{Request, get, request};
use serde_json::json;

use crate::api_key::ApiKey;
use crate::{BEARER, Role, TokenScope, denied, jwt};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    format!("{} {}", caller.id(), caller.is_client())
}

#[require_auth]
#[post("/me")]
async fn change() -> &'static str {
    "changed"
}

#[require_role("editor")]
#[get("/editor")]
async fn editor() -> &'static str {
    "editor"
}

#[require_scope("read:reports")]
#[get("/scoped")]
async fn scoped() -> &'static str {
    "scoped"
}

#[require_auth(max_age = "5m")]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

const KEY: &str = "ApiKey realm=\"reports\"";

struct Place {
    server: Server,
    path: std::path::PathBuf,
    keys: ApiKeyFile,
    blocks: Blocklist,
    _folder: tempfile::TempDir,
}

fn place(lines: &[String]) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.txt");
    std::fs::write(&path, lines.concat()).unwrap();
    let keys = ApiKeyFile::open_with_interval(&path, Duration::from_millis(20)).unwrap();
    let blocks = Blocklist::memory();
    let auth = Auth::builder()
        .realm("reports")
        .bearer(jwt().confers(Confers::everything()))
        .tokens(Tokens::api_key_file(keys.clone()).confers(Rights::everything()))
        .roles::<Role>()
        .client_address(Peer)
        .blocks(blocks.clone())
        .build()
        .unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(change).service(editor).service(scoped).service(fresh));
    });
    Place { server, path, keys, blocks, _folder: folder }
}

fn with(key: &str, path: &str) -> Request {
    get(path).field("X-Api-Key", key)
}

#[test]
fn api_key_grants_its_roles_but_is_never_a_fresh_login() {
    // CSRF-5, STEP-5, HTTP-12, HTTP-19, PWD-4, TOKEN-6
    let key = ApiKey::new(7);
    let place = place(&[key.line("backup editor - -")]);
    let (digest, key) = (place.keys.digest(key.text.as_bytes()), key.text);
    let answer = place.server.send(&with(&key, "/me"));
    assert_eq!((answer.status, answer.text()), (200, "client:14:apikey:reports:backup true"));
    assert_eq!(answer.field("cache-control"), Some("private"));
    // The use is recorded in the background.
    let last_used = || super::futures_lite(place.keys.find(&digest)).unwrap().unwrap().last_used;
    let used = (0..300).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        last_used()
    });
    let used = used.unwrap();
    assert!(used.elapsed().is_ok_and(|since| since < Duration::from_secs(5)));
    assert_eq!(place.server.send(&with(&key, "/editor")).status, 200);
    denied("a scope", &place.server.send(&with(&key, "/scoped")), 403, "insufficient-scope", &[]);
    let old = place.server.send(&with(&key, "/fresh"));
    assert_eq!((old.status, old.problem().as_str()), (401, "step-up-required"));
    assert!(old.lines("www-authenticate").iter().all(|line| !line.starts_with("ApiKey")), "no key is ever fresh");
    let post = request("POST", "/me").field("x-api-key", &key).field("Sec-Fetch-Site", "cross-site").body("");
    assert_eq!(place.server.send(&post).status, 200, "no browser adds it by itself");
    denied("stranger", &place.server.send(&get("/me")), 401, "missing-credentials", &[BEARER, KEY]);
}

#[test]
fn invalid_or_additional_api_key_credentials_are_refused() {
    let [backup, ApiKey { text: other, .. }, old] = [1, 2, 3].map(ApiKey::new);
    let expired = old.line(&format!("old - - {}", now() - 1));
    let place = place(&["# keys\n".to_owned(), backup.line("backup - - -"), expired]);
    let key = backup.text;
    let token = bearer(json!({ "sub": "alice" }));
    #[rustfmt::skip]
    let table: Vec<(&str, Request, u16, &str)> = vec![
        ("another key", with(&other, "/me"), 401, "invalid-credentials"),
        ("no key at all", with("nonsense", "/me"), 401, "invalid-credentials"),
        ("a bearer token", with(&token[7..], "/me"), 401, "invalid-credentials"),
        ("expired", with(&old.text, "/me"), 401, "expired-credentials"),
        ("empty", with("", "/me"), 400, "malformed-credentials"),
        ("with a space", with(&format!("{key} x"), "/me"), 400, "malformed-credentials"),
        ("not ASCII", with("\u{e9}", "/me"), 400, "malformed-credentials"),
        ("twice", with(&key, "/me").field("X-Api-Key", &key), 400, "malformed-credentials"),
        ("beside a token", with(&key, "/me").authorization(&token), 400, "malformed-credentials"),
        ("beside another scheme", with(&key, "/me").authorization("Digest x"), 400, "malformed-credentials"),
        ("in Authorization", get("/me").authorization(format!("ApiKey {key}")), 401, "missing-credentials"),
        ("in the query", get(&format!("/me?x-api-key={key}")), 401, "missing-credentials"),
    ];
    for (case, request, status, problem) in table {
        let answer = place.server.send(&request);
        assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{case}: {answer:?}");
        crate::is_a_denial(case, &answer);
        let lines = answer.lines("www-authenticate").join(", ");
        assert!(status == 400 || lines.contains(KEY), "{case}: {lines}");
    }
}

#[test]
fn api_key_is_accepted_beside_an_ignored_basic_header() {
    let key = ApiKey::new(7);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.txt");
    std::fs::write(&path, key.line("backup - - -")).unwrap();
    let keys = Tokens::api_key_file(ApiKeyFile::open(path).unwrap());
    let auth = Auth::builder().tokens(keys).ignore_unknown_schemes();
    let auth = auth.build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me));
    });
    let request = with(&key.text, "/me").authorization("Basic c3RhZ2luZzpwdw==");
    assert_eq!(server.send(&request).status, 200);
}

#[test]
fn deleted_or_blocked_api_key_is_refused() {
    let key = ApiKey::new(7);
    let line = key.line("backup - - -");
    let place = place(std::slice::from_ref(&line));
    let status = || place.server.send(&with(&key.text, "/me")).status;
    let within = |expected: u16| {
        (0..300).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            status() == expected
        })
    };
    assert_eq!(status(), 200);
    std::fs::write(&place.path, "# none\n").unwrap();
    assert!(within(401));
    std::fs::write(&place.path, "not a line\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(status(), 401, "what cannot be read brings no key back");
    std::fs::write(&place.path, line).unwrap();
    assert!(within(200));
    place.blocks.add(format!("block token apikey:reports {}", key.id).parse().unwrap()).unwrap();
    assert_eq!(status(), 403);
}
