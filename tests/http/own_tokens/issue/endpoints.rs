//! Tests of the endpoints at which callers list, issue and revoke their own tokens.

use super::*;

use auth_actix::BuildError;
use auth_actix::tokens::TokenEndpointsError;
use auth_tests::token::now;

fn recent(members: serde_json::Value) -> String {
    let mut claims = json!({ "auth_time": now() });
    claims.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    bearer(claims)
}

fn post(line: &str, body: &str) -> Request {
    request("POST", "/tokens").authorization(line).field("Content-Type", "application/json").body(body)
}

#[test]
fn callers_list_issue_and_revoke_their_own_tokens() {
    // TOKEN-8
    let place = place();
    let alice = recent(json!({ "scope": "read:reports" }));
    let body =
        r#"{"name":"ci","roles":["admin"],"scopes":["read:reports"],"expires_in":3600,"networks":["127.0.0.1"]}"#;
    let created = place.server.send(&post(&alice, body));
    assert_eq!((created.status, created.field("cache-control")), (201, Some("no-store")), "{}", created.text());
    let new = created.json();
    let token = new["token"].as_str().unwrap();
    assert_eq!(place.send(&ask("/admin").authorization(format!("Bearer {token}"))), "admin");
    assert_eq!(new["expires"].as_i64().unwrap() - new["created"].as_i64().unwrap(), 3600);
    assert_eq!(
        (&new["roles"], &new["permissions"], &new["networks"]),
        (&json!(["admin"]), &json!(null), &json!(["127.0.0.1/32"]))
    );
    // The list has the valid tokens of the caller, and no secret.
    for (name, account, change) in [("pat_gone", 7, true), ("pat_of-another", 8, false)] {
        place.stores[0].add(name, |record| {
            record.owner = Owner::Account(AccountId::new("member", account));
            record.revoked = change;
        });
    }
    let list = || place.server.send(&ask("/tokens").authorization(bearer(json!({}))));
    let listed = list();
    let tokens = listed.json()["tokens"].clone();
    let mut expected = new.clone();
    expected.as_object_mut().unwrap().remove("token");
    expected["last_used"] = tokens[0]["last_used"].clone();
    assert_eq!((listed.status, &tokens), (200, &json!([expected])));
    let digest = TokenDigest::sha256(token.as_bytes()).to_hex();
    assert!(!listed.text().contains(&digest) && !listed.text().contains(token), "{}", listed.text());
    // Revocation: only of own tokens.
    let delete = |id: &str| place.send(&request("DELETE", &format!("/tokens/{id}")).authorization(&alice));
    let other = futures_lite(place.stores[0].tokens.list(&Owner::Account(AccountId::new("member", 8)))).unwrap();
    for id in [other[0].id.as_str(), "unknown", &"x".repeat(129)] {
        assert_eq!(delete(id), "404 not-found", "{id}");
    }
    let id = new["id"].as_str().unwrap();
    assert_eq!(delete(id), "204 ");
    assert_eq!(place.send(&ask("/admin").authorization(format!("Bearer {token}"))), "401 revoked-credentials");
    assert_eq!((list().json(), delete(id).as_str()), (json!({ "tokens": [] }), "404 not-found"));
    let events = ["token-issued", "token-revoked"].map(|kind| place.record.take(kind).len());
    assert_eq!(events[0], 1);
}

#[test]
fn endpoints_require_a_recent_login_without_an_actor() {
    // TOKEN-8
    let place = place();
    for (store, token) in [(0, "pat_all"), (1, "log_all")] {
        place.stores[store].add(token, |record| {
            record.owner = Owner::Account(AccountId::new("member", 7));
            record.ceiling = Some(Rights::everything());
        });
    }
    place.stores[1].add("log_old", |record| {
        record.owner = Owner::Account(AccountId::new("member", 7));
        record.ceiling = Some(Rights::everything());
        record.created = SystemTime::now() - Duration::from_secs(16 * 60);
    });
    let wrong = "401 missing-credentials";
    #[rustfmt::skip]
    let table = [
        // (caller, GET, POST, DELETE)
        ("recent login",   recent(json!({})),                           ["200", "201", "404 not-found"]),
        ("old login",      bearer(json!({ "auth_time": now() - 901 })), ["200", "401 step-up-required", "401 step-up-required"]),
        ("unknown time",   bearer(json!({})),                           ["200", "401 step-up-required", "401 step-up-required"]),
        ("with an actor",  recent(json!({ "act": { "sub": "bob" } })),  ["403 insufficient-permissions"; 3]),
        ("client",         recent(json!({ "client_id": "alice" })),     [wrong; 3]),
        ("without account", recent(json!({ "sub": "carol" })),          ["403 account-required"; 3]),
        ("own token",      "Bearer pat_all".to_owned(),                 [wrong; 3]),
        ("session",        "Bearer log_all".to_owned(),                 ["200", "201", "404 not-found"]),
        ("old session",    "Bearer log_old".to_owned(),                 ["200", "401 step-up-required", "401 step-up-required"]),
    ];
    for (caller, line, expected) in table {
        let requests = [
            ask("/tokens").authorization(&line),
            post(&line, r#"{"name":"ci"}"#),
            request("DELETE", "/tokens/unknown").authorization(&line),
        ];
        for (request, expected) in requests.into_iter().zip(expected) {
            let answer = place.server.send(&request);
            let found = if answer.status < 300 { answer.status.to_string() } else { found(&answer) };
            assert_eq!(found, expected, "{caller}");
        }
    }
    let anonymous = place.server.send(&request("POST", "/tokens").field("Content-Type", "application/json").body("{}"));
    assert_eq!(found(&anonymous), wrong);
}

#[test]
fn requests_of_other_sites_issue_nothing() {
    // TOKEN-8, C5
    let place = place();
    let login = place.server.send(&request("POST", "/log-in").field("Sec-Fetch-Site", "same-origin"));
    let cookie = login.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let send = |method: &str, path: &str, fields: &[(&str, &str)]| {
        let request = request(method, path).field("Cookie", &cookie).fields(fields);
        found(&place.server.send(&request.field("Content-Type", "application/json").body(r#"{"name":"ci"}"#)))
    };
    const SITE: &str = "Sec-Fetch-Site";
    #[rustfmt::skip]
    let table: &[(&[(&str, &str)], bool)] = &[
        (&[(SITE, "cross-site")],                                                   false),
        (&[(SITE, "same-site")],                                                    false),
        (&[(SITE, "none")],                                                         true),
        (&[(SITE, "SAME-ORIGIN")],                                                  false),
        (&[(SITE, "same-origin"), (SITE, "cross-site")],                            false),
        (&[(SITE, "cross-site"), ("Origin", "http://localhost")],                   false),
        (&[("Origin", "https://evil.example")],                                     false),
        (&[("Origin", "http://localhost.evil.example")],                            false),
        (&[("Origin", "http://localhost:3000")],                                    false),
        (&[("Origin", "null")],                                                     false),
        (&[("Referer", "http://localhost/")],                                       false),
        (&[],                                                                       false),
        (&[(SITE, "cross-site"), ("X-HTTP-Method-Override", "GET")],                false),
        (&[(SITE, "same-origin")],                                                  true),
        (&[("Origin", "http://localhost")],                                         true),
    ];
    for (fields, passes) in table {
        let (issued, revoked) = (send("POST", "/tokens", fields), send("DELETE", "/tokens/7", fields));
        let cross = "403 cross-site-request";
        let expected = if *passes { ("201 ", "404 not-found") } else { (cross, cross) };
        assert!(issued.starts_with(expected.0) && revoked == expected.1, "{fields:?}: {issued}, {revoked}");
    }
    let alice = Owner::Account(AccountId::new("member", 7));
    assert_eq!(futures_lite(place.stores[0].tokens.list(&alice)).unwrap().len(), 3, "one for each accepted request");
}

#[test]
fn bodies_are_bounded_and_read_strictly() {
    // TOKEN-8
    let place = place();
    let alice = recent(json!({}));
    let malformed = "400 malformed-request";
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(16 * 1024));
    #[rustfmt::skip]
    let table = [
        ("",                                                 malformed),
        (r#"{"name":"ci","name":"cd"}"#,                     malformed),
        (r#"{"name":"ci","owner":"account:member:8"}"#,      malformed),
        (r#"{"name":"ci","expires_in":1.5}"#,                malformed),
        (r#"{"name":"a\nb"}"#,                               malformed),
        ("{\"name\":\"\u{feff}\"}x",                         malformed),
        (r#"{"name":"ci","tenants":[[["planet","mars"]]]}"#, malformed),
        (r#"{"name":"ci","tenants":[[]]}"#,                  malformed),
        (r#"{"name":"ci","tenants":[[["org",""]]]}"#,        malformed),
        (r#"{"name":"ci","tenants":[[["org","acme"],["org","umbrella"]]]}"#, malformed),
        (r#"{"na\u006de":"ci","name":"cd"}"#,                malformed),
        (r#"{"name":"\ud800"}"#,                             malformed),
        (r#"{"name":"ci","tenants":[[["org","umbrella"]]]}"#, "403 insufficient-permissions"),
        (r#"{"name":"ci","roles":"all"}"#,                   "403 insufficient-permissions"),
        (r#"{"name":"ci","scopes":["read:reports"]}"#,       "403 insufficient-permissions"),
        (&long,                                              "413 content-too-large"),
    ];
    for (body, expected) in table {
        assert_eq!(place.send(&post(&alice, body)), expected, "{body:.80}");
    }
    let chunked = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let head = request("POST", "/tokens").authorization(&alice).field("Content-Type", "application/json");
    let bytes = [head.field("Transfer-Encoding", "chunked").bytes(), chunked.into_bytes()].concat();
    let mut connection = auth_tests::wire::Connection::open(place.server.address);
    assert!(connection.send(&bytes));
    assert_eq!(found(&connection.answer(false)), "413 content-too-large");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let request = request("POST", "/tokens").authorization(&alice).field("Content-Type", kind);
        assert_eq!(place.send(&request.body(r#"{"name":"ci"}"#)), "415 unsupported-media-type", "{kind}");
    }
    let body = r#"{"name":"ci"}"#;
    for (name, value, status) in [
        ("Content-Type", "application/json; charset=utf-8", 201),
        ("Content-Type", "APPLICATION/JSON", 201),
        ("Content-Type", "application/json; charset=utf-16", 415),
        ("Content-Type", "application/problem+json", 415),
        ("Content-Encoding", "gzip", 415),
    ] {
        let request = request("POST", "/tokens").authorization(&alice).field(name, value);
        let request = if name == "Content-Type" { request } else { request.field("Content-Type", "application/json") };
        assert_eq!(place.server.send(&request.body(body)).status, status, "{name}: {value}");
    }
    let denied = place.send(&post("Bearer pat_unknown", &long));
    assert_eq!(denied, "401 invalid-credentials", "the body is not read before the decision");
}

#[test]
fn endpoints_are_in_the_matrix() {
    // TOKEN-8
    let place = place();
    let matrix = place.auth.token_endpoints().access_matrix().to_markdown();
    for expected in ["GET", "POST", "DELETE", "/tokens/{id}", "max_age(\"15m\")", "login", "direct"] {
        assert!(matrix.contains(expected), "{expected}: {matrix}");
    }
    assert!(place.auth.token_endpoints().check().is_ok());
}

#[test]
fn endpoints_without_a_suitable_source_do_not_build() {
    // TOKEN-8
    use TokenEndpointsError::{NoSource, Path, ReadOnly, SeveralSources};
    struct Finding;
    impl TokenStore for Finding {
        fn find<'a>(&'a self, _: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
            Box::pin(std::future::ready(Ok(None)))
        }

        fn touch<'a>(&'a self, _: &'a TokenId, _: SystemTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }
    let source = |name: &str| Tokens::named(name).prefix(format!("{name}_")).confers(Rights::new());
    let stored = |name: &str| source(name).store(MemoryTokenStore::new(1));
    let builder = || Auth::builder().bearer(jwt().logs_in()).accounts(Members::default());
    let at = |builder: AuthBuilder, path: &str| builder.token_endpoints(path).build().map(drop);
    let one = || builder().tokens(stored("one").for_accounts());
    let error = |path: &str, error| Err(BuildError::TokenEndpoints(path.to_owned(), error));
    #[rustfmt::skip]
    let table = [
        (at(one(), "/tokens"),                                                      Ok(())),
        (at(one(), "/api/v1/my-tokens"),                                            Ok(())),
        (at(one().tokens(stored("key")), "/tokens"),                                Ok(())),
        (at(one().tokens(stored("log").for_accounts().login_sessions()), "/tokens"), Ok(())),
        (at(one(), "tokens"),                                                       error("tokens", Path)),
        (at(one(), ""),                                                             error("", Path)),
        (at(one(), "/tokens/"),                                                     error("/tokens/", Path)),
        (at(one(), "/{org}/tokens"),                                                error("/{org}/tokens", Path)),
        (at(builder(), "/tokens"),                                                  error("/tokens", NoSource)),
        (at(builder().tokens(stored("key")), "/tokens"),                            error("/tokens", NoSource)),
        (at(one().tokens(stored("two").for_accounts()), "/tokens"),                 error("/tokens", SeveralSources)),
        (at(builder().tokens(source("one").store(Finding).for_accounts()), "/tokens"), error("/tokens", ReadOnly)),
    ];
    for (position, (built, expected)) in table.into_iter().enumerate() {
        assert_eq!(built, expected, "{position}");
    }
    let twice = one().token_endpoints("/a").token_endpoints("/b").build().unwrap_err();
    assert_eq!(twice, BuildError::Repeated("token_endpoints"));
}
