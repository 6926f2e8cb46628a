//! Tests of requests that a foreign page initiates in the browser of an authorized user.

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, get, post, web};
use auth_actix::password::Basic;
use auth_actix::{Auth, Confers, Peer, deny_network, public, require, require_auth, require_network};
use auth_tests::server::Server;
use auth_tests::token::{basic, bearer};
use auth_tests::wire::request;
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{Role, is_a_denial, jwt};

#[public]
#[require_network("10.0.0.0/8")]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
}

#[public]
#[require_network("10.0.0.0/8", "127.0.0.0/8")]
#[post("/inside")]
async fn change_inside(_body: String) -> &'static str {
    "changed"
}

#[public]
#[deny_network("203.0.113.0/24")]
#[post("/not-denied")]
async fn change_not_denied() -> &'static str {
    "changed"
}

#[require(role("admin") || network("10.0.0.0/8"))]
#[post("/either")]
async fn change_either() -> &'static str {
    "changed"
}

#[require_auth]
#[post("/me")]
async fn change_me() -> &'static str {
    "changed"
}

const SITE: &str = "Sec-Fetch-Site";
const ORIGIN: &str = "Origin";

#[actix_web::test]
async fn cross_site_requests_cannot_use_ambient_credentials() {
    // C5, CSRF-1 to CSRF-5, M5, T33
    let tokens = jwt().confers(Confers::everything());
    let users = Basic::new(Staff::default()).confers(Confers::everything());
    let auth = Auth::builder().realm("reports").bearer(tokens).basic(users).roles::<Role>().hosts(["localhost"]);
    let auth = auth.client_address(Peer).origins(["https://app.example"]).build().unwrap();
    let api = auth.scope("").service(inside).service(me).service(change_inside).service(change_not_denied);
    let app = init_service(App::new().service(api.service(change_either).service(change_me))).await;
    #[rustfmt::skip]
    let pages: &[(&[(&str, &str)], bool)] = &[
        (&[], true), // no current browser sends such a POST
        (&[(SITE, "same-origin")], true),
        (&[(SITE, "none")], true),
        (&[(SITE, "cross-site"), (ORIGIN, "https://app.example")], true),
        (&[(ORIGIN, "https://app.example")], true),
        (&[(SITE, "same-site")], false),
        (&[(SITE, "cross-site")], false),
        (&[(SITE, "cross-site"), (ORIGIN, "https://evil.example")], false),
        (&[(SITE, "Same-Origin")], false),
        (&[(SITE, "")], false),
        (&[(SITE, "same-origin"), (SITE, "same-origin")], false),
        (&[(SITE, "same-origin"), (SITE, "cross-site")], false),
        (&[(ORIGIN, "null")], false),
        (&[(ORIGIN, "https://app.example.evil")], false),
        (&[(ORIGIN, "http://app.example")], false),
        (&[(ORIGIN, "https://app.example:8443")], false),
        (&[(ORIGIN, "https://app.example/")], false),
        (&[(ORIGIN, "http://localhost")], true), // one of the configured hosts, without `Sec-Fetch-Site`
        (&[(ORIGIN, "http://localhost:8081")], false),
        (&[(SITE, "cross-site"), (ORIGIN, "http://localhost")], false),
        (&[(ORIGIN, "https://app.example"), (ORIGIN, "https://app.example")], false),
        (&[(ORIGIN, "https://app.example https://evil.example")], false),
    ];
    let (alice, admin) = (basic("alice", PASSWORD), bearer(json!({ "roles": ["admin"] })));
    let mut hashed = 0;
    for (fields, ours) in pages {
        #[rustfmt::skip]
        let table = [
            // (method, path, credential, upgrade, status of a request from a foreign page)
            ("POST", "/inside", None, false, 403),
            ("POST", "/either", None, false, 401), // a token would help
            ("POST", "/me", Some(&alice), false, 403),
            ("GET", "/inside", None, true, 403), // CSRF-4
            ("GET", "/me", Some(&alice), true, 403),
            // Not ambient.
            ("POST", "/either", Some(&admin), false, 200),
            ("POST", "/me", Some(&admin), false, 200),
            ("POST", "/not-denied", None, false, 200),
            ("GET", "/inside", None, false, 200),
        ];
        for (method, path, credential, upgrade, strange) in table {
            if credential == Some(&alice) && *ours {
                hashed += 1;
                if hashed > 2 {
                    continue; // each costs a hash
                }
            }
            let request =
                TestRequest::with_uri(path).method(method.parse().unwrap()).peer_addr("10.1.2.3:1".parse().unwrap());
            let request = request.insert_header(("Host", "localhost"));
            let request = fields.iter().fold(request, |request, field| request.append_header(*field));
            let request = if upgrade { request.insert_header(("Upgrade", "websocket")) } else { request };
            let request = credential
                .iter()
                .fold(request, |request, value| request.insert_header(("Authorization", value.as_str())));
            let status = call_service(&app, request.to_request()).await.status().as_u16();
            let expected = if *ours { 200 } else { strange };
            assert_eq!(status, expected, "{fields:?}: {method} {path}, upgrade: {upgrade}");
        }
    }
}

#[test]
fn cross_site_form_posts_are_denied() {
    // C5, T33: as a current browser sends it, with a cached password, from inside the network
    let auth = Auth::builder()
        .realm("reports")
        .basic(Staff::default())
        .client_address(Peer)
        .hosts(["localhost"])
        .build()
        .unwrap();
    let server = Server::start(move |config: &mut web::ServiceConfig| {
        config.service(auth.scope("").service(change_inside).service(change_me));
    });
    for (path, kind) in [
        ("/inside", "application/x-www-form-urlencoded"),
        ("/me", "text/plain"),
        ("/inside", "multipart/form-data; boundary=x"),
    ] {
        let form = request("POST", path).authorization(basic("alice", PASSWORD)).fields(&[
            (ORIGIN, "https://evil.example"),
            (SITE, "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-User", "?1"),
            ("Content-Type", kind),
            ("Accept", "text/html,*/*;q=0.8"),
            ("Referer", "https://evil.example/"),
        ]);
        let answer = server.send(&form.body("{\"amount\":1,\"x\":\"=\"}"));
        is_a_denial(path, &answer);
        assert_eq!((answer.status, answer.field("content-type")), (403, Some("text/html; charset=utf-8")), "{path}");
        assert!(answer.text().contains("Cross-site") && answer.lines("www-authenticate").is_empty(), "{answer:?}");
    }
}
