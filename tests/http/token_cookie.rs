//! Tests of bearer tokens in a cookie: equivalent to `Authorization`, but subject to cross-site checks.

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::{Auth, Principal, public, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::{bearer, now, token};
use auth_tests::wire::{Request, get as ask, request};
use serde_json::json;

use crate::{Role, jwt};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    format!("{} {}", caller.id(), caller.scheme().name())
}

#[require_role("admin")]
#[post("/change")]
async fn change_it() -> &'static str {
    "changed"
}

#[public]
#[post("/open")]
async fn open_to_all(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "anonymous".to_owned(), |caller| caller.local_subject().into_owned())
}

fn serve() -> Server {
    let auth = Auth::builder().realm("reports").bearer(jwt()).bearer_cookie("access_token").hosts(["localhost"]);
    let auth = auth.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(change_it).service(open_to_all));
    })
}

fn cookie(request: Request, token: &str) -> Request {
    request.field("Cookie", format!("other=1; access_token={token}; last=2"))
}

#[test]
fn bearer_token_in_a_cookie_authenticates_the_caller() {
    let server = serve();
    let good = token(json!({ "sub": "alice", "roles": ["admin"] }));
    let other = token(json!({ "sub": "bob" }));
    let answer = server.send(&cookie(ask("/me"), &good));
    assert_eq!((answer.status, answer.text()), (200, "user:18:https://id.example:alice BearerCookie"));
    assert_eq!(answer.field("cache-control"), Some("private"));
    assert!(answer.lines("vary").iter().any(|line| line.contains("Cookie")));
    let expired = token(json!({ "sub": "alice", "exp": now() - 3600 }));
    let bound = token(json!({ "sub": "alice", "cnf": { "jkt": "x" } }));
    let id_token = token(json!({ "sub": "alice", "token_use": "id" }));
    let twice = || ask("/me").field("Cookie", format!("access_token={good}; access_token={other}"));
    let in_two_lines = || cookie(cookie(ask("/me"), &good), &good);
    #[rustfmt::skip]
    let table = [
        ("expired",                     cookie(ask("/me"), &expired),                                   401, "expired-credentials"),
        ("forged",                      cookie(ask("/me"), &format!("{good}x")),                        401, "invalid-credentials"),
        ("bound to a key",              cookie(ask("/me"), &bound),                                     401, "invalid-credentials"),
        ("an ID token",                 cookie(ask("/me"), &id_token),                                  401, "invalid-credentials"),
        ("no token",                    cookie(ask("/me"), "no token"),                                 401, "missing-credentials"),
        ("empty",                       cookie(ask("/me"), ""),                                         401, "missing-credentials"),
        ("twice",                       twice(),                                                        401, "missing-credentials"),
        ("in two lines",                in_two_lines(),                                                 401, "missing-credentials"),
        ("another name",                ask("/me").field("Cookie", format!("xaccess_token={good}")),    401, "missing-credentials"),
        ("a name in capitals",          ask("/me").field("Cookie", format!("Access_Token={good}")),     401, "missing-credentials"),
        ("beside a bad explicit one",   cookie(ask("/me"), &good).authorization("Bearer x"),            401, "invalid-credentials"),
        ("beside a foreign scheme",     cookie(ask("/me"), &good).authorization("Digest x=\"1\""),      401, "missing-credentials"),
    ];
    for (case, request, status, problem) in table {
        let answer = server.send(&request);
        assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{case}");
        assert!(answer.lines("www-authenticate").iter().all(|line| line.starts_with("Bearer ")), "{case}: {answer:?}");
    }
    let explicit = cookie(ask("/me"), &other).authorization(bearer(json!({ "sub": "alice" })));
    assert_eq!(server.send(&explicit).text(), "user:18:https://id.example:alice Bearer", "one credential decides");
}

#[test]
fn bearer_token_in_a_cookie_is_refused_cross_site() {
    // Row 19, C5
    let server = serve();
    let good = token(json!({ "sub": "alice", "roles": ["admin"] }));
    #[rustfmt::skip]
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[("Sec-Fetch-Site", "same-origin")], 200),
        (&[("Origin", "http://localhost")], 200),
        (&[], 403),
        (&[("Sec-Fetch-Site", "cross-site")], 403),
        (&[("Sec-Fetch-Site", "same-site")], 403),
        (&[("Origin", "https://evil.example")], 403),
    ];
    for (fields, status) in table {
        let change = || request("POST", "/change").fields(fields).body("");
        assert_eq!(server.send(&cookie(change(), &good)).status, *status, "{fields:?}");
        // Not affected by the token cache: the same token first in `Authorization`, then again in the cookie.
        let explicit = change().authorization(format!("Bearer {good}"));
        assert_eq!(server.send(&explicit).status, 200, "{fields:?}");
        assert_eq!(server.send(&cookie(change(), &good)).status, *status, "{fields:?}, remembered");
        let open = server.send(&cookie(request("POST", "/open").fields(fields).body(""), &good));
        assert_eq!(open.text(), if *status == 200 { "alice" } else { "anonymous" }, "{fields:?}");
    }
    let upgrade = |origin: &str| {
        let request = ask("/me").fields(&[("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Origin", origin)]);
        server.send(&cookie(request, &good)).status
    };
    assert_eq!([upgrade("http://localhost"), upgrade("https://evil.example")], [200, 403]);
}
