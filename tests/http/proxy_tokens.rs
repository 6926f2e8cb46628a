//! Tests of tokens that a trusted proxy adds to the requests of browsers.

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::client::ForwardingHeader;
use auth_actix::jwt::JwtError;
use auth_actix::session::Sessions;
use auth_actix::{Auth, AuthBuilder, BuildError, Confers, Jwt, Principal, at, public, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::{basic, bearer, now, token};
use auth_tests::wire::{Request, get as ask, request};
use serde_json::json;

use crate::{Role, jwt};

const HEADER: &str = "Cf-Access-Jwt-Assertion";

#[require_auth]
#[get("/me")]
async fn get_me(caller: Principal) -> String {
    format!("{} {}", caller.id(), caller.scheme().name())
}

#[require_role("admin")]
#[post("/change")]
async fn post_change() -> &'static str {
    "changed"
}

#[public]
#[post("/open")]
async fn post_open(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "anonymous".to_owned(), |caller| caller.local_subject().into_owned())
}

#[require_auth(scheme = "bearer")]
#[get("/jwts-only")]
async fn get_jwts_only() -> &'static str {
    "JWTs only"
}

fn builder(jwt: Jwt, proxy: &str) -> AuthBuilder {
    let builder = Auth::builder().realm("reports").bearer(jwt).hosts(["localhost"]);
    builder.trusted_proxies([proxy], ForwardingHeader::XForwardedFor)
}

fn serve(jwt: Jwt, proxy: &str) -> Server {
    let auth = builder(jwt, proxy).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_me).service(post_change).service(post_open);
        config.service(scope.service(get_jwts_only));
    })
}

fn of_proxy(token: impl AsRef<[u8]>) -> Request {
    ask("/me").field(HEADER, token)
}

#[test]
fn token_of_a_proxy_counts_from_trusted_proxies_only() {
    // TOKEN-1, TOKEN-11, TOKEN-17
    let (trusted, other) = ("127.0.0.1", "10.0.0.1");
    let only = || jwt().proxy_header(HEADER);
    let both = || only().places([at::bearer()]);
    let good = token(json!({ "sub": "alice" }));
    let bob = || bearer(json!({ "sub": "bob" }));
    let expired = token(json!({ "exp": now() - 3600 }));
    let alice = "200 user:18:https://id.example:alice BearerProxy";
    let explicit = "200 user:18:https://id.example:bob Bearer";
    let (missing, malformed, invalid) =
        ("401 missing-credentials", "400 malformed-credentials", "401 invalid-credentials");
    #[rustfmt::skip]
    let table: Vec<(&str, Jwt, &str, Request, &str)> = vec![
        ("from the proxy",                 only(), trusted, of_proxy(&good),                                      alice),
        ("surrounded by spaces",           only(), trusted, of_proxy(format!(" {good} ")),                        alice),
        ("from another peer",              only(), other,   of_proxy(&good),                                      missing),
        ("broken, from another peer",      only(), other,   of_proxy("a,b"),                                      missing),
        ("expired",                        only(), trusted, of_proxy(&expired),                                   "401 expired-credentials"),
        ("forged",                         only(), trusted, of_proxy(format!("{good}x")),                         invalid),
        ("for another application",        only(), trusted, of_proxy(token(json!({ "aud": "others" }))),          invalid),
        ("repeated",                       only(), trusted, of_proxy(&good).field(HEADER, &good),                 malformed),
        ("with a comma",                   only(), trusted, of_proxy(format!("{good},{good}")),                   malformed),
        ("with a scheme",                  only(), trusted, of_proxy(format!("Bearer {good}")),                   malformed),
        ("empty",                          only(), trusted, of_proxy(""),                                         malformed),
        ("as a bearer token",              only(), trusted, ask("/me").authorization(bob()),                      missing),
        ("beside a bearer token",          only(), trusted, of_proxy(&good).authorization(bob()),                 missing),
        ("beside Basic",                   only(), trusted, of_proxy(&good).authorization(basic("alice", "x")),   missing),
        ("as a bearer token, both",        both(), trusted, ask("/me").authorization(bob()),                      explicit),
        ("beside a bearer token, both",    both(), trusted, of_proxy(&good).authorization(bob()),                 explicit),
        ("beside a bad one, both",         both(), trusted, of_proxy(&good).authorization("Bearer x"),            invalid),
        ("beside a malformed one, both",   both(), trusted, of_proxy(&good).authorization("Bearer a b"),          malformed),
        ("broken beside a good one, both", both(), trusted, of_proxy("a,b").authorization(bob()),                 explicit),
        ("without a bearer token, both",   both(), trusted, of_proxy(&good),                                      alice),
    ];
    for (case, jwt, proxy, request, expected) in table {
        let answer = serve(jwt, proxy).send(&request);
        let found = match answer.status {
            200 => format!("200 {}", answer.text()),
            status => format!("{status} {}", answer.problem()),
        };
        assert_eq!(found, expected, "{case}");
        let challenges = answer.lines("www-authenticate");
        assert!(challenges.iter().all(|line| line.starts_with("Bearer realm=\"reports\"")), "{case}: {challenges:?}");
        assert_eq!(challenges.is_empty(), answer.status == 200, "{case}");
    }
    let answer = serve(only(), trusted).send(&of_proxy(&good));
    assert_eq!(answer.field("cache-control"), Some("private"), "caches do not know the header");
    let answer = serve(only(), trusted).send(&ask("/jwts-only").field(HEADER, &good));
    assert_eq!(answer.text(), "JWTs only", "TOKEN-9");
}

#[test]
fn token_of_a_proxy_is_refused_cross_site() {
    // TOKEN-17, C5
    let server = serve(jwt().proxy_header(HEADER).places([at::bearer()]), "127.0.0.1");
    let good = token(json!({ "sub": "alice", "roles": ["admin"] }));
    #[rustfmt::skip]
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[("Sec-Fetch-Site", "same-origin")],   200),
        (&[("Origin", "http://localhost")],      200),
        (&[],                                    403),
        (&[("Sec-Fetch-Site", "cross-site")],    403),
        (&[("Sec-Fetch-Site", "same-site")],     403),
        (&[("Origin", "https://evil.example")],  403),
    ];
    for (fields, status) in table {
        let change = || request("POST", "/change").fields(fields).body("");
        assert_eq!(server.send(&change().field(HEADER, &good)).status, *status, "{fields:?}");
        assert_eq!(server.send(&change().authorization(format!("Bearer {good}"))).status, 200, "{fields:?}");
        let open = server.send(&request("POST", "/open").fields(fields).body("").field(HEADER, &good));
        assert_eq!(open.text(), if *status == 200 { "alice" } else { "anonymous" }, "{fields:?}");
    }
    let upgrade = |origin: &str| {
        let request =
            of_proxy(&good).fields(&[("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Origin", origin)]);
        server.send(&request).status
    };
    assert_eq!([upgrade("http://localhost"), upgrade("https://evil.example")], [200, 403]);
}

#[test]
fn headers_of_proxies_that_cannot_be_trusted_do_not_build() {
    // TOKEN-2, TOKEN-17
    let jwt = || jwt().confers(Confers::everything()).proxy_header(HEADER);
    let name = || HEADER.to_ascii_lowercase();
    let of_jwt = |error| Some(BuildError::Jwt { issuer: auth_tests::token::ISSUER.to_owned(), error });
    let behind = |builder: AuthBuilder| builder.trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor);
    let hops = std::num::NonZeroUsize::MIN;
    let without_audience = || Jwt::hs256([9; 32]).issuer(auth_tests::token::ISSUER).accept_tokens_of_any_audience();
    let other = Jwt::hs256([9; 32]).issuer("https://other.example").audience("reports").confers(Confers::everything());
    let session = || Sessions::memory().confers(Confers::everything());
    #[rustfmt::skip]
    let table = [
        (behind(Auth::builder().bearer(jwt())),                                              None),
        (Auth::builder().bearer(jwt()),                                                      Some(BuildError::ProxyHeaderWithoutProxy(name()))),
        (Auth::builder().bearer(jwt()).client_address(auth_actix::Peer),                     Some(BuildError::ProxyHeaderWithoutProxy(name()))),
        (Auth::builder().bearer(jwt()).trusted_proxy_hops(hops, ForwardingHeader::Forwarded), Some(BuildError::ProxyHeaderWithoutProxy(name()))),
        (behind(Auth::builder().bearer(jwt()).session(session())),                           Some(BuildError::ProxyHeaderBeside("session"))),
        (behind(Auth::builder().bearer(jwt()).bearer_cookie("token")),                       Some(BuildError::ProxyHeaderBeside("bearer_cookie"))),
        (behind(Auth::builder().bearer(without_audience().proxy_header(HEADER))),            of_jwt(JwtError::ProxyHeaderWithoutAudience)),
        (behind(Auth::builder().bearer(jwt().places([at::header(HEADER)]))),                 of_jwt(JwtError::ProxyHeaderIsPlace(name()))),
        (behind(Auth::builder().bearer(jwt()).bearer(other.places([at::header(HEADER)]))),   of_jwt(JwtError::ProxyHeaderIsPlace(name()))),
        (behind(Auth::builder().bearer(jwt().proxy_header("x"))),                            of_jwt(JwtError::Repeated("proxy_header"))),
        (behind(Auth::builder().bearer(crate::jwt().proxy_header("Cookie"))),                of_jwt(JwtError::Header("cookie".to_owned()))),
    ];
    for (builder, expected) in table {
        assert_eq!(builder.build().err(), expected);
    }
    let error =
        builder(crate::jwt().proxy_header(HEADER), "127.0.0.1").session(Sessions::memory()).build().unwrap_err();
    assert!(error.to_string().contains("browsers would send two credentials"), "{error}");
}
