//! Tests that a denial by a hidden handler is identical to the response for an unknown path: the same bytes, after the same work.

use std::time::Duration;

use actix_web::web::ServiceConfig;
use actix_web::{get, routes, web};
use auth_actix::password::Basic;
use auth_actix::{
    Auth, AuthBuilder, Confers, Peer, guarded, public, require_auth, require_network, require_role, rule,
};
use auth_tests::server::Server;
use auth_tests::token::{basic, basic_of, bearer, now};
use auth_tests::wire::{Answer, Connection, Request, request};
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{Role, jwt};

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

#[require_role("admin", not_found)]
#[routes]
#[get("/several")]
#[post("/several")]
async fn several(_body: String) -> &'static str {
    "several"
}

#[require_role("admin", not_found)]
async fn plain(_body: String) -> &'static str {
    "plain"
}

#[require_auth]
async fn visible() -> &'static str {
    "visible"
}

#[require_network("10.0.0.0/8", not_found)]
#[require_auth]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[public]
#[require_network("10.0.0.0/8", not_found)]
#[get("/lobby")]
async fn lobby() -> &'static str {
    "lobby"
}

#[require_auth(max_age = "5m", not_found)]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

fn auth(staff: &Staff) -> AuthBuilder {
    let users = Basic::new(staff.clone()).confers(Confers::everything());
    let auth = Auth::builder().realm("reports").bearer(jwt().confers(Confers::everything())).basic(users);
    auth.roles::<Role>().client_address(Peer).hosts(["localhost"]).login_page("/login")
}

/// Sends all kinds of requests to the hidden path and to an unknown path, and returns the differences.
fn differences(server: &Server, staff: &Staff, there: &str, hashes: bool) -> Vec<String> {
    let nothing = format!("{}/x9-nothing-7q", there.rsplit_once('/').unwrap().0);
    let plain = |method: &str, path: &str| request(method, path);
    let mut ways: Vec<(String, Box<dyn Fn(&str) -> Request>)> = Vec::new();
    let viewer = bearer(json!({ "roles": ["viewer"], "auth_time": 1 }));
    #[rustfmt::skip]
    let lines: Vec<(&str, Vec<String>)> = vec![
        ("anonymous", vec![]),
        ("a good token", vec![viewer.clone()]),
        ("a bad token", vec!["Bearer x.y.z".into()]),
        ("an expired token", vec![bearer(json!({ "exp": now() - 3600 }))]),
        ("two lines", vec![viewer.clone(), viewer.clone()]),
        ("no token68", vec!["Bearer a=b".into()]),
        ("an unknown scheme", vec!["Digest a".into()]),
        ("broken Basic", vec![basic_of(b"alice")]),
    ];
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"];
    for (who, lines) in &lines {
        for method in methods {
            for body in [None, Some("{\"a\":1}")] {
                let lines = lines.clone();
                let asked = move |path: &str| {
                    let asked = lines.iter().fold(plain(method, path), |request, line| request.authorization(line));
                    body.iter().fold(asked, |request, body| request.body(body))
                };
                ways.push((format!("{method}, {who}, body: {body:?}"), Box::new(asked)));
            }
        }
    }
    #[rustfmt::skip]
    let fields: [&[(&str, &str)]; 8] = [
        &[("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")], &[("Sec-Fetch-Mode", "cors")], &[("Accept", "text/html")],
        &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")], &[("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-Fetch-Site", "cross-site")],
        &[("X-Forwarded-For", "10.0.0.1")], &[("If-None-Match", "*")], &[("Range", "bytes=0-1")],
    ];
    for fields in fields {
        for (who, line) in [("anonymous", None), ("a good token", Some(viewer.clone()))] {
            for method in ["GET", "POST"] {
                let line = line.clone();
                let asked = move |path: &str| {
                    line.iter().fold(plain(method, path).fields(fields), |request, line| request.authorization(line))
                };
                ways.push((format!("{method}, {who}, {fields:?}"), Box::new(asked)));
            }
        }
    }
    if hashes {
        // H5: each of these may cost a hash, so there are few.
        for (who, line) in [
            ("a wrong password", basic("alice", "guess")),
            ("an unknown user", basic("mallory", "x")),
            ("no role", basic("victor", PASSWORD)),
            ("the store is down", basic("down", "x")),
        ] {
            for (method, fields) in [("GET", &[][..]), ("POST", &[("Origin", "https://evil.example")][..])] {
                let line = line.clone();
                let asked = move |path: &str| plain(method, path).fields(fields).authorization(&line);
                ways.push((format!("{method}, {who}, {fields:?}"), Box::new(asked)));
            }
        }
    }
    let mut differences = Vec::new();
    for (way, asked) in ways {
        let ask = |path: &str| -> (Answer, (usize, usize)) {
            let answer = server.send(&asked(path)).without_date();
            (answer, staff.counts())
        };
        let (found, not_found) = (ask(there), ask(&nothing));
        if found != not_found {
            differences.push(format!("{there}: {way}: {found:?}, but where nothing is {not_found:?}"));
        }
        if found.0.status != 404 || found.0.field("cache-control") != Some("no-store") {
            differences.push(format!("{there}: {way}: {found:?}"));
        }
    }
    differences
}

fn none(differences: Vec<String>) {
    let (all, some) = (differences.len(), &differences[..differences.len().min(4)]);
    assert!(differences.is_empty(), "{all} differences, among them {some:#?}");
}

#[test]
fn hidden_handler_is_indistinguishable_from_unknown_path() {
    // HTTP-10, HTTP-11, H5, Q6
    let staff = Staff::default();
    let auth = auth(&staff).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let resource = auth_actix::web::resource("/resource")
            .route(auth_actix::web::get().to(plain))
            .route(auth_actix::web::put().to(plain));
        let files = web::scope("/files").route("/a", web::get().to(|| async { "file" }));
        let api = auth
            .scope("/s")
            .service(hidden)
            .service(several)
            .service(resource)
            .route("/plain", auth_actix::web::post().to(plain));
        let api = api
            .service(guarded(rule!(role("admin"), not_found), files))
            .service(fresh)
            .route("/visible", auth_actix::web::get().to(visible));
        config.service(api);
    });
    let admin = bearer(json!({ "roles": ["admin"], "auth_time": now() }));
    #[rustfmt::skip]
    let table = [("/s/hidden", "GET", true), ("/s/several", "POST", false), ("/s/resource", "PUT", false), ("/s/plain", "POST", false), ("/s/files/a", "GET", false), ("/s/fresh", "GET", false)];
    let mut all = Vec::new();
    for (path, method, hashes) in table {
        assert_eq!(server.send(&request(method, path).authorization(&admin)).status, 200, "{path}");
        all.extend(differences(&server, &staff, path, hashes));
    }
    none(all);
    // M6: neither path waits for a body.
    for path in ["/s/several", "/s/nothing"] {
        let mut connection = Connection::open(server.address);
        connection.send(
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
                .as_bytes(),
        );
        assert_eq!(connection.answer(false).status, 404, "{path}");
        assert!(connection.closes_within(Duration::from_secs(2), b"1\r\na\r\n"), "{path}: still open");
    }
    // A handler that is not hidden responds as usual.
    assert_eq!(server.send(&request("GET", "/s/visible")).status, 401);
    // An authorized caller gets 404 for an unknown path.
    assert_eq!(server.send(&request("GET", "/s/nothing").authorization(&admin)).status, 404);
}

#[test]
fn hidden_network_rule_hashes_as_often_as_an_unknown_path() {
    // H5: the same number of hashes, even if no credential could help
    let staff = Staff::default();
    let auth = auth(&staff).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("/s").service(inside)).service(auth.scope("/t").service(lobby));
    });
    let mut all = differences(&server, &staff, "/s/inside", true);
    all.extend(differences(&server, &staff, "/t/lobby", true));
    none(all);
}

#[test]
fn hidden_handler_under_two_auths_hashes_like_unknown_path() {
    // H5, H6: two hashes for both paths, although the inner `Auth` alone would need none.
    let staff = Staff::default();
    let (outer, inner) = (auth(&staff).build().unwrap(), auth(&staff).build().unwrap());
    let server = Server::start(move |config: &mut ServiceConfig| {
        let inner = inner.scope("/in").service(inside);
        config.service(outer.scope("/out").require(rule!(authenticated)).service(inner));
    });
    none(differences(&server, &staff, "/out/in/inside", true));
}

#[test]
fn hidden_scope_hides_its_handlers() {
    // H5: `not_found` in the rule of the scope, or of an enclosing scope
    let staff = Staff::default();
    let auth = auth(&staff).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let rule = rule!(role("admin"), not_found);
        config.service(auth.scope("/whole").require(rule).route("/visible", auth_actix::web::get().to(visible)));
        let inner = auth.scope("/in").route("/visible", auth_actix::web::get().to(visible));
        config.service(auth.scope("/around").require(rule).service(inner));
    });
    let mut all = differences(&server, &staff, "/whole/visible", true);
    all.extend(differences(&server, &staff, "/around/in/visible", false));
    none(all);
}
