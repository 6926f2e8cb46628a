//! Tests of the `Authorization` header over a socket, byte by byte.

use std::sync::LazyLock;

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::{Principal, public, require_auth};
use auth_tests::server::Server;
use auth_tests::token::{basic, bearer, token};
use auth_tests::wire::{Connection, get, request};
use serde_json::json;

use crate::{BEARER, bearer_only, bearer_with, denied};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.local_subject().into_owned()
}

#[require_auth]
#[post("/me")]
async fn change(caller: Principal, body: String) -> String {
    format!("{} {body}", caller.local_subject())
}

#[public]
#[get("/who")]
async fn who(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "anonymous".to_owned(), |caller| caller.local_subject().into_owned())
}

fn routes() -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let auth = bearer_only().build().unwrap();
    move |config| {
        config.service(auth.scope("/api").service(me).service(change).service(who));
    }
}

static TOKEN: LazyLock<String> = LazyLock::new(|| token(json!({})));

/// The expected outcome. A malformed credential is answered with a challenge. `NoHttp` is a status of the HTTP parser without a
/// challenge.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Expected {
    LetIn,
    Missing,
    Malformed,
    Invalid,
    NoHttp,
}
use Expected::{Invalid, LetIn, Malformed, Missing, NoHttp};

#[test]
fn only_one_well_formed_authorization_header_is_accepted() {
    let server = Server::start(routes());
    let token = TOKEN.as_str();
    let one = |value: String| vec![("Authorization", value.into_bytes())];
    let two = |first: &str, second: &str| {
        vec![("Authorization", first.as_bytes().to_vec()), ("Authorization", second.as_bytes().to_vec())]
    };
    let raw = |before: &[u8], after: &[u8]| vec![("Authorization", [before, token.as_bytes(), after].concat())];
    let good = format!("Bearer {token}");
    let malformed = bearer_with("error=\"invalid_request\"");
    let invalid = bearer_with("error=\"invalid_token\"");
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<(&str, Vec<u8>)>, Expected)> = vec![
        // HTTP-1
        ("as usual", one(good.clone()), LetIn),
        ("lower case", one(format!("bearer {token}")), LetIn),
        ("upper case", one(format!("BEARER {token}")), LetIn),
        ("mixed case", one(format!("bEaReR {token}")), LetIn),
        ("the name in upper case", vec![("AUTHORIZATION", good.clone().into_bytes())], LetIn),
        ("the name in mixed case", vec![("aUtHoRiZaTiOn", good.clone().into_bytes())], LetIn),
        // HTTP-2
        ("several spaces", one(format!("Bearer   {token}")), LetIn),
        ("white space around", one(format!(" \t Bearer {token} \t ")), LetIn),
        ("a tab", one(format!("Bearer\t{token}")), Malformed),
        ("a space and a tab", one(format!("Bearer \t{token}")), Malformed),
        ("a second word", one(format!("Bearer {token} x")), Malformed),
        ("a comma", one(format!("Bearer {token},")), Malformed),
        ("a list", one(format!("Bearer {token}, Bearer {token}")), Malformed),
        ("a list with Basic", one(format!("Bearer {token}, {}", basic("a", "b"))), Malformed),
        ("quotes", one(format!("Bearer \"{token}\"")), Malformed),
        ("a parameter", one(format!("Bearer token={token}")), Malformed),
        ("a colon", one(format!("Bearer: {token}")), Missing),
        ("no scheme", one(token.to_owned()), Missing),
        ("no token", one("Bearer".into()), Malformed),
        ("no token, a space", one("Bearer ".into()), Malformed),
        ("padding alone", one("Bearer =".into()), Malformed),
        ("padding in front", one(format!("Bearer ={token}")), Malformed),
        ("padding behind", one(format!("Bearer {token}=")), Invalid), // JWT-3: a valid token68, but not a token
        ("nothing", one(String::new()), Malformed),
        ("the scheme twice", one(format!("Bearer Bearer {token}")), Malformed),
        // HTTP-3, BEARER-3, T18
        ("one line twice", two(&good, &good), Malformed),
        ("good, then bad", two(&good, "Bearer x"), Malformed),
        ("bad, then good", two("Bearer x", &good), Malformed),
        ("good, then Basic", two(&good, &basic("a", "b")), Malformed),
        ("Basic, then good", two(&basic("a", "b"), &good), Malformed),
        ("good, then nothing", two(&good, ""), Malformed),
        ("nothing, then good", two("", &good), Malformed),
        ("an unknown scheme, then good", two("Digest a", &good), Malformed),
        // HTTP-4
        ("Latin-1", raw(b"Bearer ", b"\xe9"), Malformed),
        ("Latin-1 in the scheme", raw(b"B\xe9arer ", b""), Malformed),
        ("UTF-8", raw(b"Bearer ", "\u{e9}".as_bytes()), Malformed),
        ("a no-break space", raw("Bearer\u{a0}".as_bytes(), b""), Malformed),
        ("a no-break space behind", raw(b"Bearer ", "\u{a0}".as_bytes()), Malformed),
        ("a byte order mark", raw("\u{feff}Bearer ".as_bytes(), b""), Malformed),
        ("NUL", raw(b"Bearer ", b"\0"), NoHttp),
        ("NUL in front", raw(b"\0Bearer ", b""), NoHttp),
        ("DEL", raw(b"Bearer ", b"\x7f"), NoHttp),
        ("escape", raw(b"Bearer ", b"\x1b[1m"), NoHttp),
        ("a lone CR", raw(b"Bearer ", b"\rX: y"), NoHttp),
        ("a folded line", raw(b"Bearer\r\n ", b""), NoHttp),
        ("a space before the colon", vec![("Authorization ", good.clone().into_bytes())], NoHttp),
        // BEARER-6, Q3
        ("an unknown scheme", one("Digest username=\"alice\"".into()), Missing),
        ("Basic, which is not accepted here", one(basic("alice", "pw")), Missing),
        ("a longer name", one(format!("Bearers {token}")), Missing),
        ("DPoP, which is not accepted here", one(format!("DPoP {token}")), Missing),
        // HTTP-13, and similar names
        ("for a proxy", vec![("Proxy-Authorization", good.clone().into_bytes())], Missing),
        ("a name with an underscore", vec![("Authorization_", good.clone().into_bytes())], Missing),
        ("an own field", vec![("X-Authorization", good.clone().into_bytes())], Missing),
        ("a cookie", vec![("Cookie", format!("Authorization={token}; access_token={token}").into_bytes())], Missing),
        ("for a proxy, beside a good one", vec![("Proxy-Authorization", b"Basic !".to_vec()), ("Authorization", good.clone().into_bytes())], LetIn),
        ("named as hop by hop", vec![("Connection", b"Authorization".to_vec()), ("Authorization", good.clone().into_bytes())], LetIn),
    ];
    for (case, fields, expected) in table {
        // The public handler extracts the principal as well: a bad credential is not treated as no credential (HTTP-19, H1).
        for (path, alone) in [("/api/me", 401), ("/api/who", 200)] {
            let case = &format!("{case}, {path}");
            let asked = fields.iter().fold(get(path), |request, (name, value)| request.field(name, value));
            let answer = server.send(&asked);
            match expected {
                LetIn => assert_eq!((answer.status, answer.text()), (200, "alice"), "{case}"),
                Missing if alone == 200 => assert_eq!((answer.status, answer.text()), (200, "anonymous"), "{case}"),
                Missing => denied(case, &answer, 401, "missing-credentials", &[BEARER]),
                Malformed => denied(case, &answer, 400, "malformed-credentials", &[&malformed]),
                Invalid => denied(case, &answer, 401, "invalid-credentials", &[&invalid]),
                NoHttp => assert_eq!((answer.status, answer.body.len()), (400, 0), "{case}"),
            }
        }
    }
}

#[test]
fn tokens_outside_the_authorization_header_are_ignored() {
    // BEARER-2
    let server = Server::start(routes());
    let token = TOKEN.as_str();
    let form = format!("access_token={token}");
    let trailers = format!("0\r\nAuthorization: Bearer {token}\r\n\r\n");
    let chunked = |rest: &str| {
        let head =
            "POST /api/me HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n";
        format!("{head}{rest}").into_bytes()
    };
    #[rustfmt::skip]
    let table = [
        ("in the query", get(&format!("/api/me?access_token={token}")).bytes()),
        ("in the path", get(&format!("/api/me;access_token={token}")).bytes()),
        ("in a form", request("POST", "/api/me").field("Content-Type", "application/x-www-form-urlencoded").body(&form).bytes()),
        ("in a trailer", chunked(&trailers)),
        ("as user information", get(&format!("http://alice:{token}@localhost/api/me")).bytes()),
    ];
    for (case, bytes) in table {
        let mut connection = Connection::open(server.address);
        connection.send(&bytes);
        let answer = connection.answer(false);
        assert!(matches!(answer.status, 401 | 404), "{case}: {answer:?}");
        assert_ne!(answer.problem(), "invalid-credentials", "{case}");
    }
    // Sending it in two places is not an error, because only the header is read.
    let both = get(&format!("/api/me?access_token={token}")).authorization(format!("Bearer {token}"));
    assert_eq!(server.send(&both).text(), "alice");
}

#[test]
fn mutated_authorization_headers_are_refused() {
    // HTTP-2, BEARER-1: each byte of the scheme, and some bytes of the token, replaced, removed, and duplicated
    let server = Server::start(routes());
    let good = format!("Bearer {}", *TOKEN);
    let fits = |value: &[u8]| {
        let Ok(text) = std::str::from_utf8(value) else { return false };
        let text = text.trim_matches([' ', '\t']);
        text.split_once(' ').is_some_and(|(scheme, rest)| {
            scheme.eq_ignore_ascii_case("bearer") && rest.trim_start_matches(' ') == TOKEN.as_str()
        })
    };
    let mut values: Vec<Vec<u8>> = Vec::new();
    let places = (0..12).chain((12..good.len()).step_by(29)).chain([good.len() - 1]);
    for place in places {
        let (before, rest) = good.as_bytes().split_at(place);
        values.push([before, &rest[1..]].concat());
        values.push([before, &rest[..1], rest].concat());
        for byte in b" \t,;=\"\\.AaZz09-_~+/!\x80\xff" {
            values.push([before, &[*byte], rest].concat());
            values.push([before, &[*byte], &rest[1..]].concat());
        }
    }
    let mut connection = Connection::open(server.address);
    for value in values {
        let answer = connection.exchange(&get("/api/me").authorization(&value));
        let shown = String::from_utf8_lossy(&value);
        assert_eq!(answer.status == 200, fits(&value), "{shown:?}: {answer:?}");
        assert!(matches!(answer.status, 200 | 400 | 401), "{shown:?}: {answer:?}");
    }
}

#[test]
fn unrelated_header_fields_do_not_change_the_decision() {
    // HTTP-17, T24: fields that other libraries trusted, and random names
    let server = Server::start(routes());
    #[rustfmt::skip]
    let mut names: Vec<String> = [
        "X-Middleware-Subrequest", "X-User", "X-User-Id", "X-Roles", "X-Role", "X-Admin", "X-Remote-User", "Remote-User", "REMOTE_USER", "X-Forwarded-User",
        "X-Forwarded-Email", "X-Auth-Request-User", "X-Authenticated", "X-Authenticated-User", "X-Authenticated-Scope", "X-Principal", "X-Auth", "X-Auth-Token",
        "X-Access-Token", "X-Api-Key", "Api-Key", "X-Original-Url", "X-Rewrite-Url", "X-Original-Method", "X-Http-Method", "X-Http-Method-Override",
        "X-Method-Override", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via", "True-Client-Ip", "Cf-Connecting-Ip",
        "X-Internal", "X-Trusted", "X-Debug", "X-Test", "X-Skip-Auth", "X-Decision", "X-Guarded", "Cookie", "Origin", "Referer", "Sec-Fetch-Site",
        "Authentication", "Authentication-Info", "Www-Authenticate", "Proxy-Authenticate", "Proxy-Authorization", "X-Client-Cert", "X-Ssl-Client-Verify",
        "Dpop", "X-Amzn-Oidc-Data", "X-Ms-Client-Principal", "X-Goog-Iap-Jwt-Assertion", "X-Envoy-Internal", "X-Csrf-Token", "User-Agent", "Traceparent",
    ].map(str::to_owned).to_vec();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    names.extend((0..60).map(|_| {
        let letters = (0..4).map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + u8::try_from(seed >> 59).unwrap() % 26)
        });
        format!("x-auth-{}", letters.collect::<String>())
    }));
    let values = ["true", "admin", "alice", "127.0.0.1", &format!("Bearer {}", *TOKEN), "\u{e9}"];
    let mut connection = Connection::open(server.address);
    let plain = |path: &str, known: bool| {
        if known { get(path).authorization(format!("Bearer {}", *TOKEN)) } else { get(path) }
    };
    for (path, known) in [("/api/me", false), ("/api/me", true), ("/api/who", false), ("/api/who", true)] {
        let expected = connection.exchange(&plain(path, known)).without_date();
        for name in &names {
            for value in values {
                let answer = connection.exchange(&plain(path, known).field(name, value)).without_date();
                assert_eq!(answer, expected, "{name}: {value} at {path}, known: {known}");
            }
        }
    }
}

#[test]
fn pipelined_requests_keep_separate_identities() {
    // HTTP-17: sequentially and pipelined
    let server = Server::start(routes());
    let (alice, bob) = (bearer(json!({})), bearer(json!({ "sub": "bob" })));
    let turns: Vec<_> = (0..40)
        .map(|turn| match turn % 4 {
            0 => (get("/api/me").authorization(&alice), 200, "alice"),
            1 => (get("/api/who"), 200, "anonymous"),
            2 => (get("/api/me").authorization(&bob), 200, "bob"),
            _ => (get("/api/me"), 401, ""),
        })
        .collect();
    let mut connection = Connection::open(server.address);
    for (request, status, name) in &turns {
        let answer = connection.exchange(request);
        assert_eq!(answer.status, *status);
        assert!(*status == 401 || answer.text() == *name, "{answer:?}");
    }
    let all: Vec<u8> = turns.iter().flat_map(|(request, ..)| request.bytes()).collect();
    let mut connection = Connection::open(server.address);
    connection.send(&all);
    for (_, status, name) in &turns {
        let answer = connection.answer(false);
        assert_eq!(answer.status, *status);
        assert!(*status == 401 || answer.text() == *name, "{answer:?}");
    }
    // The body of a granted or denied request is not parsed as the next request.
    let post = |authorization: &str| {
        request("POST", "/api/me").authorization(authorization).body("GET /api/me HTTP/1.1\r\n\r\n")
    };
    let mut connection = Connection::open(server.address);
    let bytes = [
        post(&alice).bytes(),
        get("/api/me").authorization(&bob).bytes(),
        post("Bearer x").bytes(),
        get("/api/who").bytes(),
    ];
    connection.send(&bytes.concat());
    assert_eq!(connection.answer(false).text(), "alice GET /api/me HTTP/1.1\r\n\r\n");
    assert_eq!(connection.answer(false).text(), "bob");
    let refused = connection.answer(false);
    assert_eq!((refused.status, refused.field("connection")), (401, Some("close")));
    assert!(connection.closes_within(std::time::Duration::from_secs(2), b""));
}
