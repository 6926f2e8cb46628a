//! Tests of rules on the client address: the peer, proxies, and host names.

use std::net::SocketAddr;

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, Error, HttpResponse, get, web};
use auth_actix::client::ForwardingHeader;
use auth_actix::{
    Auth, AuthBuilder, Peer, deny_network, guarded, public, require, require_auth, require_network, rule,
};
use auth_tests::logs;
use auth_tests::token::bearer;
use serde_json::json;

use crate::{Role, bearer_only};

#[public]
#[require_network("10.0.0.0/8", "2001:db8:1::/48")]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[public]
#[deny_network("203.0.113.0/24", "2001:db8:bad::/48")]
#[get("/not-denied")]
async fn not_denied() -> &'static str {
    "not denied"
}

#[public]
#[require_network(
    "10.0.0.0/8",
    "192.0.2.0/27",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001:db8::/46",
    "2001:db8:bad::/48"
)]
#[get("/somewhere")]
async fn somewhere() -> &'static str {
    "somewhere"
}

#[require(role("admin") || network("10.0.0.0/8", "2001:db8:1::/48"))]
#[get("/either")]
async fn either() -> &'static str {
    "either"
}

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
}

#[public]
#[require_network("10.0.0.0/8")]
#[get("/cached")]
async fn cached() -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "max-age=60")).body("cached")
}

#[public]
#[require_network("10.0.0.0/8")]
#[get("/broken")]
async fn broken() -> Result<&'static str, Error> {
    Err(actix_web::error::ErrorGone("gone"))
}

async fn app(auth: Auth) -> impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error> {
    let api = auth.scope("").service(inside).service(not_denied).service(somewhere).service(either).service(me);
    let files = web::scope("/files").route("/a", web::get().to(HttpResponse::Ok));
    let api = api.service(cached).service(broken).service(guarded(rule!(public && network("10.0.0.0/8")), files));
    init_service(App::new().service(api)).await
}

/// The client address as the handlers of this test classify it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Client {
    Inside,
    Elsewhere,
    Denied,
    Unknown,
}
use Client::{Denied, Elsewhere, Inside, Unknown};

/// Sends a request to each handler for each row, and compares the results with the expected client. IP-9: an unknown address is
/// denied by both kinds of rules.
async fn tells(auth: &Auth, rows: &[(&str, &[(&str, &str)], Client)]) {
    let app = app(auth.clone()).await;
    let mut wrong = Vec::new();
    for (peer, fields, expected) in rows {
        let asked = |path: &str| {
            let request = TestRequest::get().uri(path);
            let request =
                if peer.is_empty() { request } else { request.peer_addr(SocketAddr::new(peer.parse().unwrap(), 1)) };
            let has_host = fields.iter().any(|(name, _)| *name == "Host");
            let host = (!has_host).then_some(("Host", "localhost"));
            host.iter().chain(*fields).fold(request, |request, field| request.append_header(*field)).to_request()
        };
        let mut seen = Vec::new();
        for path in ["/inside", "/not-denied", "/somewhere", "/either"] {
            seen.push(call_service(&app, asked(path)).await.status().as_u16());
        }
        let known = match seen.as_slice() {
            [200, 200, 200, 200] => Inside,
            [403, 200, 200, 401] => Elsewhere,
            [403, 403, 200, 401] => Denied,
            [403, 403, 403, 401] => Unknown,
            _ => panic!("the handlers do not agree: {peer} {fields:?}: {seen:?}"),
        };
        if known != *expected {
            wrong.push(format!("{peer} {fields:?}: {known:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn base() -> AuthBuilder {
    bearer_only().hosts(["localhost", "App.Example", "[::1]"])
}

#[actix_web::test]
async fn without_proxies_the_peer_is_the_client() {
    // C1, IP-1, IP-7 to IP-9, T27, T30, L6
    #[rustfmt::skip]
    let rows: &[(&str, &[(&str, &str)], Client)] = &[
        ("10.1.2.3", &[], Inside),
        ("::ffff:10.1.2.3", &[], Inside),
        ("2001:db8:1::5", &[], Inside),
        ("203.0.113.7", &[], Denied),
        ("::ffff:203.0.113.7", &[], Denied),
        ("2001:db8:bad::1", &[], Denied),
        ("198.51.100.1", &[], Elsewhere),
        ("2001:db8:2::1", &[], Elsewhere),
        ("", &[], Unknown),
        ("fe80::1", &[], Unknown),
        // Headers of an undeclared proxy.
        ("10.1.2.3", &[("X-Forwarded-For", "198.51.100.1")], Unknown),
        ("198.51.100.1", &[("X-Forwarded-For", "10.1.2.3")], Unknown),
        ("198.51.100.1", &[("Forwarded", "for=10.1.2.3")], Unknown),
        ("10.1.2.3", &[("X-Real-IP", "10.1.2.3")], Unknown),
        ("10.1.2.3", &[("Via", "1.1 proxy")], Unknown),
        ("10.1.2.3", &[("X-Forwarded-Proto", "https")], Unknown),
        ("10.1.2.3", &[("X-Forwarded-For", "")], Unknown),
        // Fields that are not read.
        ("198.51.100.1", &[("X_Forwarded_For", "10.1.2.3"), ("Client", "10.1.2.3")], Elsewhere),
        ("198.51.100.1", &[("X-Client-IP", "10.1.2.3")], Unknown), // S10
        ("198.51.100.1", &[("True-Client-IP", "10.1.2.3")], Unknown),
        // DNS rebinding: a foreign page whose name resolves to our address
        ("10.1.2.3", &[("Host", "evil.example")], Unknown),
        ("10.1.2.3", &[("Host", "10.1.2.3")], Unknown),
        ("10.1.2.3", &[("Host", "localhost.evil.example")], Unknown),
        ("10.1.2.3", &[("Host", "evil.example:80:localhost")], Unknown),
        ("10.1.2.3", &[("Host", "localhost@evil.example")], Unknown),
        ("10.1.2.3", &[("Host", "")], Unknown),
        ("10.1.2.3", &[("Host", "localhost"), ("Host", "evil.example")], Unknown),
        ("203.0.113.7", &[("Host", "evil.example")], Unknown),
        ("10.1.2.3", &[("Host", "localhost:8080")], Inside),
        ("10.1.2.3", &[("Host", "APP.example")], Inside),
        ("10.1.2.3", &[("Host", "[::1]:8080")], Inside),
        ("10.1.2.3", &[("Host", "[::1]")], Inside),
    ];
    tells(&base().client_address(Peer).build().unwrap(), rows).await;
}

#[actix_web::test]
async fn network_rule_uses_rightmost_untrusted_forwarded_address() {
    // IP-1 to IP-7, H12, T26 to T29
    const XFF: &str = "X-Forwarded-For";
    const FWD: &str = "Forwarded";
    let behind =
        |header| base().trusted_proxies(["192.0.2.10", "192.0.2.64/26", "2001:db8:ffff::/64"], header).build().unwrap();
    let many = |count: usize| ["198.51.100.1, "; 64][..count - 1].concat() + "10.1.2.3";
    let (most, too_many) = (many(32), many(33));
    #[rustfmt::skip]
    let rows: &[(&str, &[(&str, &str)], Client)] = &[
        ("192.0.2.10", &[(XFF, "10.1.2.3")], Inside),
        ("::ffff:192.0.2.10", &[(XFF, "::ffff:10.1.2.3")], Inside),
        ("192.0.2.70", &[(XFF, "203.0.113.7")], Denied),
        ("192.0.2.10", &[(XFF, "10.1.2.3, 198.51.100.1")], Elsewhere),
        ("192.0.2.10", &[(XFF, "10.1.2.3, 192.0.2.70, 2001:db8:ffff::9")], Inside),
        ("192.0.2.10", &[(XFF, "198.51.100.1, 10.1.2.3, 192.0.2.70")], Inside),
        ("192.0.2.10", &[(XFF, "10.1.2.3"), (XFF, "198.51.100.1")], Elsewhere),
        ("192.0.2.10", &[(XFF, "198.51.100.1"), (XFF, "10.1.2.3")], Inside),
        ("192.0.2.10", &[(XFF, "10.1.2.3:4711")], Inside),
        ("192.0.2.10", &[(XFF, "2001:db8:1::5")], Inside),
        ("192.0.2.10", &[(XFF, "[2001:db8:1::5]:80")], Inside),
        ("192.0.2.10", &[(XFF, &most)], Inside),
        ("192.0.2.10", &[(XFF, &too_many)], Unknown),
        // All addresses are trusted, or there is none: the client is unknown, and never the proxy's own address.
        ("192.0.2.10", &[], Unknown),
        ("192.0.2.10", &[(XFF, "")], Unknown),
        ("192.0.2.10", &[(XFF, "192.0.2.70")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3, unknown")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3, _hidden")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3,")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3, 010.0.0.1")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3, 10.1")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3, fe80::1%eth0")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3 192.0.2.70")], Unknown),
        ("192.0.2.10", &[(XFF, "for=10.1.2.3")], Unknown),
        // The header of a client that bypasses the proxies is ignored.
        ("198.51.100.1", &[(XFF, "10.1.2.3")], Elsewhere),
        ("10.1.2.3", &[(XFF, "198.51.100.1")], Inside),
        ("192.0.2.11", &[(XFF, "10.1.2.3")], Elsewhere),
        ("", &[(XFF, "10.1.2.3")], Unknown),
        // Other fields are neither read nor preferred.
        ("192.0.2.10", &[(FWD, "for=10.1.2.3")], Unknown),
        ("192.0.2.10", &[("X_Forwarded_For", "10.1.2.3")], Unknown),
        ("192.0.2.10", &[(XFF, "198.51.100.1"), (FWD, "for=10.1.2.3"), ("X-Real-IP", "10.1.2.3")], Elsewhere),
        ("192.0.2.10", &[(XFF, "10.1.2.3"), ("Host", "evil.example")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3"), ("Host", "evil.example"), ("X-Forwarded-Host", "localhost")], Unknown),
    ];
    tells(&behind(ForwardingHeader::XForwardedFor), rows).await;
    #[rustfmt::skip]
    let rows: &[(&str, &[(&str, &str)], Client)] = &[
        ("192.0.2.10", &[(FWD, "for=10.1.2.3")], Inside),
        ("192.0.2.10", &[(FWD, "FOR=\"10.1.2.3:80\";Proto=https;by=192.0.2.10")], Inside),
        ("192.0.2.10", &[(FWD, "for=\"[2001:db8:1::5]:80\"")], Inside),
        ("192.0.2.10", &[(FWD, "for=10.1.2.3, for=198.51.100.1")], Elsewhere),
        ("192.0.2.10", &[(FWD, "for=10.1.2.3"), (FWD, "for=203.0.113.7")], Denied),
        ("192.0.2.10", &[(FWD, "for=198.51.100.1;host=\"a, for=10.1.2.3\"")], Elsewhere),
        ("192.0.2.10", &[(FWD, "for=10.1.2.3, for=192.0.2.70")], Inside),
        ("192.0.2.10", &[(FWD, "for=10.1.2.3, for=_hidden")], Unknown),
        ("192.0.2.10", &[(FWD, "for=10.1.2.3, for=unknown")], Unknown),
        ("192.0.2.10", &[(FWD, "for=10.1.2.3, proto=https")], Unknown),
        ("192.0.2.10", &[(FWD, "for=10.1.2.3;for=198.51.100.1")], Unknown),
        ("192.0.2.10", &[(FWD, "for=2001:db8:1::5")], Unknown),
        ("192.0.2.10", &[(FWD, "10.1.2.3")], Unknown),
        ("192.0.2.10", &[(FWD, "for=\"10.1.2.3")], Unknown),
        ("192.0.2.10", &[(XFF, "10.1.2.3")], Unknown),
        ("198.51.100.1", &[(FWD, "for=10.1.2.3")], Elsewhere),
    ];
    tells(&behind(ForwardingHeader::Forwarded), rows).await;
    let two = base()
        .trusted_proxy_hops(std::num::NonZeroUsize::new(2).unwrap(), ForwardingHeader::XForwardedFor)
        .build()
        .unwrap();
    #[rustfmt::skip]
    let rows: &[(&str, &[(&str, &str)], Client)] = &[
        ("192.0.2.10", &[(XFF, "203.0.113.7, 10.1.2.3, 198.51.100.1")], Inside),
        ("192.0.2.10", &[(XFF, "10.1.2.3")], Unknown),
        ("192.0.2.10", &[(XFF, "unknown, 198.51.100.1")], Unknown),
        ("192.0.2.10", &[], Unknown),
    ];
    tells(&two, rows).await;
    let unix = base().trusted_proxies(["unix"], ForwardingHeader::XForwardedFor).build().unwrap();
    let rows: &[(&str, &[(&str, &str)], Client)] =
        &[("", &[(XFF, "10.1.2.3")], Inside), ("", &[], Unknown), ("198.51.100.1", &[(XFF, "10.1.2.3")], Elsewhere)];
    tells(&unix, rows).await;
}

#[actix_web::test]
async fn address_dependent_responses_are_marked_private() {
    // HTTP-12, T35, Q14
    let auth = base().client_address(Peer).build().unwrap();
    let app = app(auth).await;
    let admin = bearer(json!({ "roles": ["admin"] }));
    #[rustfmt::skip]
    let table = [
        ("/inside", None, Some("private")),
        ("/not-denied", None, Some("private")),
        ("/either", None, Some("private")),
        ("/either", Some(&admin), Some("private")),
        ("/files/a", None, Some("private")),
        ("/broken", None, Some("private")), // 410 is cacheable by default
        ("/cached", None, Some("max-age=60")), // set by its handler
        ("/me", Some(&admin), None), // protected by RFC 9111 §3.5
    ];
    for (path, credential, expected) in table {
        let request =
            TestRequest::with_uri(path).peer_addr("10.1.2.3:1".parse().unwrap()).insert_header(("Host", "localhost"));
        let request =
            credential.iter().fold(request, |request, value| request.insert_header(("Authorization", value.as_str())));
        let answer = call_service(&app, request.to_request()).await;
        assert!(matches!(answer.status().as_u16(), 200 | 410), "{path}");
        let lines: Vec<_> = answer.headers().get_all("cache-control").map(|value| value.to_str().unwrap()).collect();
        assert_eq!(lines, expected.into_iter().collect::<Vec<_>>(), "{path}, {credential:?}");
    }
}

#[actix_web::test]
async fn unscoped_network_rule_with_missing_settings_returns_500() {
    // C1, C5, H12: settings that are rejected at start-up in a scope are a set-up error outside of a scope, and never a grant
    let base = || bearer_only().client_address(Peer);
    let behind = |auth: AuthBuilder, proxies: &str| auth.trusted_proxies([proxies], ForwardingHeader::XForwardedFor);
    #[rustfmt::skip]
    let table: Vec<(&str, AuthBuilder, &str, &[(&str, &str)], u16)> = vec![
        ("all there", base().hosts(["localhost"]), "10.1.2.3:1", &[], 200),
        ("no address", bearer_only().hosts(["localhost"]), "10.1.2.3:1", &[], 500),
        ("no hosts", base(), "10.1.2.3:1", &[], 500),
        ("no hosts, and an unknown name", base(), "10.1.2.3:1", &[("Host", "evil.example")], 500),
        ("a range of proxies inside", behind(bearer_only().hosts(["localhost"]), "10.1.0.0/16"), "10.1.2.3:1", &[("X-Forwarded-For", "10.9.9.9")], 500),
    ];
    let mut wrong = Vec::new();
    for (case, auth, peer, fields, expected) in table {
        let app = init_service(App::new().app_data(auth.build().unwrap()).service(inside)).await;
        let request =
            TestRequest::with_uri("/inside").peer_addr(peer.parse().unwrap()).insert_header(("Host", "localhost"));
        let request = fields.iter().fold(request, |request, field| request.insert_header(*field));
        let status = call_service(&app, request.to_request()).await.status().as_u16();
        if status != expected {
            wrong.push(format!("{case}: {status}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[actix_web::test]
async fn undeclared_proxy_is_logged_but_not_for_each_request() {
    // C1: otherwise nothing explains why all requests get 403
    logs::capture();
    let told = || {
        let ours =
            logs::lines().into_iter().filter(|line| line.target == "auth_actix" && line.level <= tracing::Level::WARN);
        ours.filter(|line| format!("{:?}", line.fields).to_ascii_lowercase().contains("forward")).count()
    };
    let app = app(base().client_address(Peer).build().unwrap()).await;
    for _ in 0..50 {
        let request = TestRequest::with_uri("/inside").peer_addr("10.1.2.3:1".parse().unwrap());
        let request = request.insert_header(("Host", "localhost")).insert_header(("X-Forwarded-For", "198.51.100.1"));
        assert_eq!(call_service(&app, request.to_request()).await.status(), 403);
    }
    assert!((1..10).contains(&told()), "{} lines", told()); // other tests run servers of their own
}
