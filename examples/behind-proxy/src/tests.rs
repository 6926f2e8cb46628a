//! Tests of which proxy headers determine the client address and country.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use actix_web::test::{TestRequest, call_service, init_service};
use auth_actix::test::Keys;
use serde_json::json;

use super::*;

const XFF: &str = "X-Forwarded-For";
const PROXY: &str = "127.0.0.1:40000";
const OUTSIDE: &str = "198.51.100.7:40000";
const INSIDE: &str = "10.1.2.3:40000";

type Headers<'a> = &'a [(&'a str, &'a str)];

#[actix_web::test]
async fn network_rule_uses_the_client_address_seen_by_the_proxy() {
    let app =
        init_service(App::new().service(intranet(&settings(&[7; 32], Blocklist::memory()).build().unwrap()))).await;
    let host = ("Host", "intranet.example");
    #[rustfmt::skip] // keep the columns aligned
    let table: [(&str, &str, Headers<'_>, u16); 12] = [
        ("inside",                             PROXY,   &[host, (XFF, "10.1.2.3")],                       200),
        ("inside, over IPv6",                  PROXY,   &[host, (XFF, "fd00::7")],                        200),
        ("outside",                            PROXY,   &[host, (XFF, "198.51.100.7")],                   403),
        ("outside, with a forged entry",       PROXY,   &[host, (XFF, "10.1.2.3, 198.51.100.7")],         403),
        ("a forged line before",               PROXY,   &[host, (XFF, "10.1.2.3"), (XFF, "198.51.100.7")], 403),
        ("the proxy itself as the client",     PROXY,   &[host, (XFF, "127.0.0.1")],                      403),
        ("an invalid entry",                   PROXY,   &[host, (XFF, "10.1.2.3, unknown")],              403),
        ("a header that is not read",          PROXY,   &[host, ("Forwarded", "for=10.1.2.3")],           403),
        ("outside, bypassing the proxy",       OUTSIDE, &[host, (XFF, "10.1.2.3")],                       403),
        ("inside, bypassing the proxy",        INSIDE,  &[host],                                          200),
        ("a proxy that sends no header",       PROXY,   &[host],                                          403),
        ("inside, with another host name",     PROXY,   &[("Host", "evil.example"), (XFF, "10.1.2.3")],   403),
    ];
    for (case, peer, headers, expected) in table {
        let request = TestRequest::get().uri("/metrics").peer_addr(peer.parse().unwrap());
        let request = headers.iter().fold(request, |request, header| request.append_header(*header));
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status(), expected, "{case}");
        // The response depends on the client address, so a shared cache must not reuse it.
        let cached = if expected == 200 { "private" } else { "no-store" };
        assert_eq!(answer.headers().get("cache-control").unwrap(), cached, "{case}");
    }
}

#[actix_web::test]
async fn token_grants_access_only_where_the_rule_permits_it() {
    let keys = Keys::new();
    let auth = settings(&[], Blocklist::memory()).test_keys(&keys).build().unwrap();
    let app = init_service(App::new().service(intranet(&auth))).await;
    let admin = format!("Bearer {}", keys.token(ISSUER, AUDIENCE, &json!({ "roles": ["admin"] })));
    #[rustfmt::skip]
    let table = [
        ("/status",  "10.1.2.3",     "",      200),
        ("/status",  "198.51.100.7", "",      401), // a token would help
        ("/status",  "198.51.100.7", &*admin, 200),
        ("/metrics", "198.51.100.7", &*admin, 403), // a token would not help
        ("/account", "198.51.100.7", &*admin, 200),
        ("/account", "203.0.113.9",  &*admin, 403),
        ("/account", "203.0.113.9",  "",      403), // no challenge, since a token would not help
        ("/account", "unknown",      &*admin, 403),
    ];
    for (path, client, token, expected) in table {
        let request = TestRequest::get().uri(path).peer_addr(PROXY.parse().unwrap());
        let request = request.append_header(("Host", "intranet.example")).append_header((XFF, client));
        let request = if token.is_empty() { request } else { request.append_header(("Authorization", token)) };
        assert_eq!(call_service(&app, request.to_request()).await.status(), expected, "{path} from {client}");
    }
}

#[actix_web::test]
async fn loopback_peer_is_a_trusted_proxy_on_a_real_socket() {
    let auth = settings(&[7; 32], Blocklist::memory()).build().unwrap();
    let server =
        HttpServer::new(move || App::new().service(intranet(&auth))).workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    for (header, expected) in
        [("X-Forwarded-For: 10.1.2.3\r\n", "200"), ("X-Forwarded-For: 8.8.8.8\r\n", "403"), ("", "403")]
    {
        let answer = actix_web::web::block(move || send(address, header)).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{header}\n{answer}");
    }
    handle.stop(false).await;
}

fn send(address: SocketAddr, header: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: intranet.example\r\nConnection: close\r\n{header}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[actix_web::test]
async fn proxy_country_and_blocklist_restrict_access() {
    let blocks = Blocklist::memory();
    let auth = settings(&[7; 32], blocks.clone()).build().unwrap();
    let app = init_service(App::new().service(intranet(&auth))).await;
    let answered = async |peer: &str, country: &[&str]| {
        let request = TestRequest::get().uri("/downloads").peer_addr(peer.parse().unwrap());
        let request = request.insert_header(("Host", "intranet.example")).insert_header((XFF, "198.51.100.7"));
        let request = country.iter().fold(request, |request, country| request.append_header(("X-Country", *country)));
        call_service(&app, request.to_request()).await.status().as_u16()
    };
    assert_eq!(answered(PROXY, &["DE"]).await, 200);
    for (peer, country) in
        [(PROXY, &["KP"][..]), (PROXY, &["XX"]), (PROXY, &[]), (PROXY, &["DE", "KP"]), (OUTSIDE, &["DE"])]
    {
        assert_eq!(answered(peer, country).await, 403, "{peer} {country:?}");
    }
    blocks.add("block address 198.51.100.0/24".parse().unwrap()).unwrap();
    assert_eq!(answered(PROXY, &["DE"]).await, 403);
}
