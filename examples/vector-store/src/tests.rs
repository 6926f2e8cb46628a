//! Tests with the requests of the clients: keys, tokens with the claim `access`, and requests without authentication.

use std::net::SocketAddr;
use std::task::Poll;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use auth_actix::test::{Keys, assert_access, assert_matrix};
use futures_util::stream::{self, StreamExt as _};
use jsonwebtoken::{EncodingKey, Header};

use super::*;

const KEY: &str = "owner-key-of-23-letters";
const READ_KEY: &str = "reader-key-of-24-letters";
const SECRET: &str = "the secret of tokens, of 32 bytes";

fn secured() -> Secrets {
    let named = |text: &str| Some(text.to_owned());
    Secrets { api_key: named(KEY), read_only_api_key: named(READ_KEY), jwt_secret: named(SECRET) }
}

fn with_docs() -> Collections {
    let collections = Collections::default();
    let parameters: NewCollection =
        serde_json::from_value(json!({ "vectors": { "size": 2, "distance": "Cosine" } })).unwrap();
    assert!(collections.create("docs", parameters.vectors) && collections.create("other", parameters.vectors));
    collections
}

fn token(claims: Value, expires_in: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let mut claims = claims;
    claims["exp"] = (now + expires_in).into();
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// Sends each request, and compares the statuses.
async fn compare(auth: &Auth, table: Vec<(&str, TestRequest, u16)>) {
    let collections = with_docs();
    let app = init_service(App::new().service(api(auth, &collections))).await;
    for (case, request, expected) in table {
        let local: SocketAddr = "127.0.0.1:5000".parse().unwrap();
        let answer = call_service(&app, request.peer_addr(local).to_request()).await;
        assert_eq!(answer.status().as_u16(), expected, "{case}");
    }
}

/// One request for each handler, with the statuses for: the owner's key, the reader's key, a token for `docs`, a token that may manage, and
/// an anonymous caller.
#[rustfmt::skip]
const ROUTES: [(&str, &str, &str, [u16; 5]); 15] = [
    ("GET",    "/collections",                       "",                                                 [200, 200, 200, 200, 401]),
    ("GET",    "/collections/docs",                  "",                                                 [200, 200, 200, 200, 401]),
    ("GET",    "/collections/other",                 "",                                                 [200, 200, 403, 200, 401]),
    ("GET",    "/collections/missing",               "",                                                 [404, 404, 403, 404, 401]),
    ("PUT",    "/collections/docs/points",           r#"{"points":[{"id":1,"vector":[1.0,0.0]}]}"#,      [200, 403, 200, 200, 401]),
    ("PUT",    "/collections/other/points",          r#"{"points":[{"id":1,"vector":[1.0,0.0]}]}"#,      [200, 403, 403, 200, 401]),
    ("POST",   "/collections/docs/points/search",    r#"{"vector":[1.0,0.0],"limit":3}"#,                [200, 200, 200, 200, 401]),
    ("PUT",    "/collections/docs",                  r#"{"vectors":{"size":2,"distance":"Dot"}}"#,       [409, 403, 403, 409, 401]),
    ("DELETE", "/collections/missing",               "",                                                 [200, 403, 403, 200, 401]),
    ("POST",   "/collections/docs/snapshots/upload", "",                                                 [415, 403, 403, 415, 401]),
    ("POST",   "/search/batch", r#"{"searches":[{"collection":"docs","vector":[1,0],"limit":1}]}"#,  [200, 200, 200, 200, 401]),
    ("POST",   "/search/batch", r#"{"searches":[{"collection":"docs","vector":[1,0],"limit":1},{"collection":"other","vector":[1,0],"limit":1}]}"#, [200, 200, 404, 200, 401]),
    ("POST",   "/search/batch", r#"{"searches":[{"collection":"docs","point":1,"lookup_from":"other","limit":1}]}"#, [200, 200, 404, 200, 401]),
    ("GET",    "/telemetry",                         "",                                                 [200, 200, 200, 200, 401]),
    ("GET",    "/healthz",                           "",                                                 [200, 200, 200, 200, 200]),
];

fn request(method: &str, path: &str, body: &'static str) -> TestRequest {
    let request = TestRequest::with_uri(path).method(Method::from_bytes(method.as_bytes()).unwrap());
    request.insert_header(("Content-Type", "application/json")).set_payload(body)
}

#[actix_web::test]
async fn each_kind_of_caller_reaches_its_routes_only() {
    let auth = settings(secured(), &with_docs()).build().unwrap();
    let docs = token(json!({ "access": [{ "collection": "docs", "access": "rw" }] }), 3600);
    let manage = token(json!({ "access": "m" }), 3600);
    let credentials = [Some(KEY), Some(READ_KEY), Some(&*docs), Some(&*manage), None];
    let mut table = Vec::new();
    for (method, path, body, expected) in ROUTES {
        for (credential, expected) in credentials.into_iter().zip(expected) {
            let plain = request(method, path, body);
            match credential {
                None => table.push((path, plain, expected)),
                Some(text) => {
                    table.push((path, plain.insert_header(("api-key", text)), expected));
                    let bearer = ("Authorization", format!("Bearer {text}"));
                    table.push((path, request(method, path, body).insert_header(bearer), expected));
                }
            }
        }
    }
    compare(&auth, table).await;
}

#[actix_web::test]
async fn lists_contain_readable_collections_only() {
    let auth = settings(secured(), &with_docs()).build().unwrap();
    let collections = with_docs();
    let app = init_service(App::new().service(api(&auth, &collections))).await;
    let by = |access: Value| token(json!({ "access": access }), 3600);
    let entry = |name: &str, access: &str| json!({ "collection": name, "access": access });
    #[rustfmt::skip]
    let table = [
        ("the owner",                KEY.to_owned(),                                                  "docs other"),
        ("the reader",               READ_KEY.to_owned(),                                             "docs other"),
        ("everything",               by(json!("m")),                                                  "docs other"),
        ("one, for writing",         by(json!([entry("docs", "rw")])),                                "docs"),
        ("one, for reading",         by(json!([entry("other", "r")])),                                "other"),
        ("one that is missing",      by(json!([entry("missing", "r"), entry("docs", "r")])),          "docs"),
        ("an empty list",            by(json!([])),                                                   ""),
        ("no `access`",              token(json!({}), 3600),                                          ""),
        ("a restricted entry",       by(json!([entry("docs", "r"), { "collection": "other", "access": "r", "payload": {} }])), ""),
    ];
    for (case, key, expected) in table {
        let list =
            call_service(&app, request("GET", "/collections", "").insert_header(("api-key", &*key)).to_request());
        let listed: Value = read_body_json(list.await).await;
        let listed: Vec<_> = listed["result"]["collections"].as_array().unwrap().iter().collect();
        let names: Vec<_> = listed.iter().map(|collection| collection["name"].as_str().unwrap()).collect();
        assert_eq!(names.join(" "), expected, "{case}");
        // The list and the requests for single collections agree.
        for name in ["docs", "other"] {
            let show = request("GET", &format!("/collections/{name}"), "").insert_header(("api-key", &*key));
            let is_shown = call_service(&app, show.to_request()).await.status().is_success();
            assert_eq!(is_shown, names.contains(&name), "{case}: {name}");
        }
    }
}

#[actix_web::test]
async fn hostile_credentials_are_refused() {
    let auth = settings(secured(), &with_docs()).build().unwrap();
    let ask = |path| TestRequest::with_uri(path);
    let by = |claims: Value, path| ask(path).insert_header(("api-key", token(claims, 3600)));
    let docs = "/collections/docs";
    #[rustfmt::skip]
    let table = vec![
        ("no `access`: no rights",          by(json!({}), docs),                                                                              403),
        ("no `access`: still a caller",     by(json!({}), "/telemetry"),                                                                      200),
        ("an unknown access",               by(json!({ "access": "rw" }), docs),                                                              403),
        ("a restricted entry",              by(json!({ "access": [{ "collection": "docs", "access": "r", "payload": { "user": 1 } }] }), docs), 403),
        ("beside an unrestricted one",      by(json!({ "access": [{ "collection": "other", "access": "r", "payload": {} }, { "collection": "docs", "access": "rw" }] }), docs), 403),
        ("an empty list",                   by(json!({ "access": [] }), docs),                                                                403),
        ("an empty name",                   by(json!({ "access": [{ "collection": "", "access": "rw" }] }), docs),                            403),
        ("an expired token",                ask(docs).insert_header(("api-key", token(json!({ "access": "m" }), -3600))),                     401),
        ("another secret",                  ask(docs).insert_header(("api-key", forged())),                                                   401),
        ("a wrong key",                     ask(docs).insert_header(("api-key", "owner-key-of-23-letterz")),                                  401),
        ("an empty key",                    ask(docs).insert_header(("api-key", "")),                                                         400),
        ("the key twice",                   ask(docs).append_header(("api-key", KEY)).append_header(("api-key", KEY)),                        400),
        ("a key and a token",               ask(docs).insert_header(("api-key", KEY)).insert_header(("Authorization", format!("Bearer {READ_KEY}"))), 400),
        ("a key with a comma",              ask(docs).insert_header(("api-key", format!("{KEY},{KEY}"))),                                     400),
        ("a key without Bearer",            ask(docs).insert_header(("Authorization", KEY)),                                                  401),
        ("the key in the query",            ask("/collections/docs?api-key=owner-key-of-23-letters"),                                         401),
    ];
    compare(&auth, table).await;
}

fn forged() -> String {
    let claims = json!({ "access": "m", "exp": 4_102_444_800_u64 });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(&[7; 32])).unwrap()
}

#[actix_web::test]
async fn refused_uploads_are_never_read() {
    let auth = settings(secured(), &with_docs()).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &with_docs()))).await;
    let reader = token(json!({ "access": "r" }), 3600);
    for (key, expected) in [(None, 401), (Some(READ_KEY), 403), (Some(&*reader), 403)] {
        let mut upload = request("POST", "/collections/docs/snapshots/upload", "")
            .insert_header(("Content-Type", "multipart/form-data; boundary=x"));
        if let Some(key) = key {
            upload = upload.insert_header(("api-key", key));
        }
        let body = stream::poll_fn(|_| -> Poll<Option<std::result::Result<web::Bytes, PayloadError>>> {
            unreachable!("the body of a refused request is read")
        });
        let (upload, _) = upload.to_request().replace_payload(Payload::from(body.boxed_local()));
        assert_eq!(call_service(&app, upload).await.status().as_u16(), expected, "{key:?}");
    }
}

#[actix_web::test]
async fn every_rule_admits_exactly_its_callers() {
    let keys = Keys::new();
    let collections = Collections::default();
    let auth = settings(secured(), &collections).test_keys(&keys).build().unwrap();
    let undecided = assert_matrix(&keys, App::new().service(api(&auth, &collections))).await;
    // Whether a collection exists and admits the caller is tested above.
    assert!(undecided.iter().all(|atom| atom.contains(": authorized(Collection, ")), "{undecided:?}");
    assert_eq!(undecided.len(), 4, "{undecided:?}");
}

#[actix_web::test]
async fn access_matches_the_reviewed_file() {
    let auth = settings(secured(), &Collections::default()).build().unwrap();
    assert_access(App::new().service(api(&auth, &Collections::default()))).await;
}

#[test]
fn short_and_equal_secrets_do_not_start() {
    let with = |api_key: &str, jwt_secret: Option<&str>| {
        let secrets = Secrets {
            api_key: Some(api_key.to_owned()),
            jwt_secret: jwt_secret.map(str::to_owned),
            ..Secrets::default()
        };
        settings(secrets, &Collections::default()).build().is_ok()
    };
    #[rustfmt::skip]
    let table = [
        (KEY,               None,         true),
        (KEY,               Some(SECRET), true),
        ("",                None,         false),
        ("fifteen-letters", None,         false),
        (SECRET,            Some(SECRET), false),
        (KEY,               Some("short"), false),
    ];
    for (key, secret, starts) in table {
        assert_eq!(with(key, secret), starts, "{key:?} {secret:?}");
    }
}

#[actix_web::test]
async fn without_keys_only_this_machine_is_served() {
    let auth = settings(Secrets::default(), &with_docs()).build().unwrap();
    let put =
        || request("PUT", "/collections/docs/points", r#"{"points":[]}"#).insert_header(("Host", "localhost:6333"));
    #[rustfmt::skip]
    let table = vec![
        ("a client",                  put(),                                                            200),
        ("the list",                  request("GET", "/collections", "").insert_header(("Host", "localhost:6333")), 200),
        ("an address",                put().insert_header(("Host", "127.0.0.1:6333")),                  200),
        ("an ignored credential",     put().insert_header(("api-key", "anything")),                     200),
        ("a page of another site",    put().insert_header(("Origin", "https://evil.example")),          403),
        ("a rebound host",            put().insert_header(("Host", "evil.example:6333")),               403),
        ("behind a proxy",            put().insert_header(("X-Forwarded-For", "203.0.113.7")),          403),
    ];
    compare(&auth, table).await;
}

#[actix_web::test]
async fn search_finds_the_most_similar_points() {
    let collections = with_docs();
    let docs = collections.get("docs").unwrap();
    let point = |id: u64, vector: [f32; 2]| serde_json::from_value(json!({ "id": id, "vector": vector })).unwrap();
    docs.upsert(vec![point(1, [1.0, 0.0]), point(2, [0.0, 1.0]), point(3, [1.0, 1.0])]).unwrap();
    let found: Vec<_> = docs
        .search(&[1.0, 0.1], 2)
        .into_iter()
        .map(|found| serde_json::to_value(found).unwrap()["id"].clone())
        .collect();
    assert_eq!(found, [1, 3]);
    let wrong: Point = serde_json::from_value(json!({ "id": 4, "vector": [1.0] })).unwrap();
    assert!(docs.upsert(vec![wrong]).is_err());
}

#[actix_web::test]
async fn batches_of_searches_are_refused_as_a_whole() {
    let collections = with_docs();
    let points = vec![serde_json::from_value(json!({ "id": 1, "vector": [0.0, 1.0] })).unwrap()];
    collections.get("other").unwrap().upsert(points).unwrap();
    let auth = settings(secured(), &collections).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &collections))).await;
    let docs = token(json!({ "access": [{ "collection": "docs", "access": "r" }] }), 3600);
    let both = token(
        json!({ "access": [{ "collection": "docs", "access": "r" }, { "collection": "other", "access": "r" }] }),
        3600,
    );
    let search = |collection: &str| json!({ "collection": collection, "vector": [1.0, 0.0], "limit": 1 });
    let like_other = json!({ "collection": "docs", "point": 1, "lookup_from": "other", "limit": 1 });
    let many = |searches: usize| vec![search("docs"); searches];
    #[rustfmt::skip]
    let table = [
        ("of the own collection",             &docs, vec![search("docs")],                    200),
        ("of a foreign collection, too",      &docs, vec![search("docs"), search("other")],   404),
        ("of a missing collection, too",      &docs, vec![search("docs"), search("missing")], 404),
        ("with a point of a foreign one",     &docs, vec![like_other.clone()],                404),
        ("with a point of a readable one",    &both, vec![like_other],                        200),
        ("500 searches name 1,000 keys",      &docs, many(500),                               200),
        ("501 searches name 1,002 keys",      &docs, many(501),                               400),
    ];
    for (case, token, searches, expected) in table {
        let request = TestRequest::post().uri("/search/batch").set_json(json!({ "searches": searches }));
        let request = request.insert_header(("api-key", token.as_str()));
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status().as_u16(), expected, "{case}");
    }
}
