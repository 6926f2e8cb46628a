//! Tests that the rule applies to its handler for every method and every spelling of the path, and that a denied body is not
//! awaited.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::middleware::NormalizePath;
use actix_web::web::ServiceConfig;
use actix_web::{get, post, routes, web};
use auth_actix::{Auth, public, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::{Connection, get, request};
use serde_json::json;

use crate::{BEARER, Role, bearer_only, denied, is_a_denial};

static RUNS: AtomicUsize = AtomicUsize::new(0);

fn ran() -> &'static str {
    RUNS.fetch_add(1, Ordering::SeqCst);
    "ran"
}

#[require_role("admin")]
async fn any() -> &'static str {
    ran()
}

#[require_role("admin")]
#[routes]
#[get("/routes")]
#[post("/routes")]
async fn several() -> &'static str {
    ran()
}

#[require_role("admin")]
#[get("/get")]
async fn only_get() -> &'static str {
    ran()
}

#[require_role("admin")]
#[get("/users/{id}")]
async fn user(_id: web::Path<u32>) -> &'static str {
    ran()
}

#[require_auth]
#[post("/body")]
async fn body(_body: String) -> &'static str {
    "read"
}

#[public]
#[get("/open")]
async fn open() -> &'static str {
    "open"
}

fn api(auth: &Auth) -> impl actix_web::dev::HttpServiceFactory + 'static + use<> {
    let api = auth.scope("/api").service(several).service(only_get).service(user).service(body).service(open);
    api.route("/any", auth_actix::web::route().to(any)).service(auth_actix::web::resource("/resource").to(any))
}

fn routes(auth: &Auth) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let auth = auth.clone();
    move |config| {
        config.service(api(&auth));
        config
            .service(web::scope("/plain").app_data(auth.clone()).route("/any", web::route().to(any)).service(several));
    }
}

const METHODS: [&str; 14] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "MKCOL", "SEARCH", "FOO", "get",
    "Get",
];

#[test]
fn rule_applies_to_every_method_and_path_spelling() {
    // HTTP-14, HTTP-18, T25. A single test, because the handlers share a run counter.
    let server = Server::start(routes(&bearer_only().build().unwrap()));
    let (admin, viewer) = (bearer(json!({ "roles": ["admin"] })), bearer(json!({ "roles": ["viewer"] })));
    let overrides = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"];
    for path in ["/api/any", "/api/resource", "/api/routes", "/api/get", "/plain/any", "/plain/routes"] {
        for method in METHODS {
            let case = &format!("{method} {path}");
            let routed = path.ends_with("any")
                || path.ends_with("resource")
                || method == "GET"
                || path.ends_with("routes") && method == "POST";
            let mut connection = Connection::open(server.address);
            // An anonymous caller, then one without permission. Each also sends method overrides.
            for (authorization, status) in [(None, 401), (Some(&viewer), 403)] {
                let asked =
                    authorization.iter().fold(request(method, path), |request, value| request.authorization(value));
                let answer = connection.exchange(&asked);
                assert_eq!(answer.status, if routed { status } else { answer.status }, "{case}");
                assert!(matches!(answer.status, 401 | 403 | 404 | 405), "{case}: {answer:?}");
                if routed {
                    is_a_denial(case, &answer);
                }
                for name in overrides {
                    let pretending = connection.exchange(&asked.clone().field(name, "GET"));
                    assert_eq!(pretending.without_date(), answer.without_date(), "{case}, {name}");
                }
            }
            assert_eq!(RUNS.swap(0, Ordering::SeqCst), 0, "{case} ran");
            let answer = connection.exchange(&request(method, path).authorization(&admin));
            assert_eq!(
                (answer.status == 200, RUNS.swap(0, Ordering::SeqCst)),
                (routed, usize::from(routed)),
                "{case}: {answer:?}"
            );
        }
        // HEAD has the status and the fields of GET.
        if path.ends_with("any") {
            for authorization in [None, Some(&viewer), Some(&admin)] {
                let asked = |method| {
                    authorization.iter().fold(request(method, path), |request, value| request.authorization(value))
                };
                let (get, head) =
                    (server.send(&asked("GET")).without_date(), server.send(&asked("HEAD")).without_date());
                assert_eq!((get.status, &get.fields), (head.status, &head.fields), "{path}");
                RUNS.store(0, Ordering::SeqCst);
            }
        }
    }
    spellings();
}

/// T22, L4: the router and the rule cannot disagree, because the rule is attached to the handler.
fn spellings() {
    let auth = bearer_only().build().unwrap();
    let plain = Server::start(routes(&auth));
    let normalized = Server::start(move |config: &mut ServiceConfig| {
        let api = api(&auth);
        config.service(web::scope("").wrap(NormalizePath::trim()).service(api));
    });
    let admin = bearer(json!({ "roles": ["admin"] }));
    #[rustfmt::skip]
    let spellings: Vec<String> = ["/api/get", "/api/users/7"].iter().flat_map(|path| {
        let (head, last) = path.rsplit_once('/').unwrap();
        let encoded: String = last.bytes().map(|byte| format!("%{byte:02x}")).collect();
        vec![
            (*path).to_owned(), format!("{path}/"), format!("{path}//"), format!("{head}//{last}"), format!("/{path}"), format!("{head}/./{last}"),
            format!("{head}/x/../{last}"), format!("{head}/open/../{last}"), format!("{head}/..{path}"), path.to_uppercase(), format!("{head}/{encoded}"),
            format!("{head}%2f{last}"), format!("{path}%2f"), format!("{path};x=1"), format!("{head};x/{last}"), format!("{path}%00"), format!("{path}%20"),
            format!("{path}.json"), format!("{path}?"), format!("{path}?x=/api/open"), format!("http://localhost{path}"), format!("http://evil.example{path}"),
            format!("{head}\\{last}"), format!("{head}/%2e/{last}"), format!("{head}/%2e%2e{path}"), format!("{path}/../open"), format!("/./{path}"), format!("{path}%252f"),
        ]
    }).collect();
    for (server, name) in [(&plain, "plain"), (&normalized, "normalized")] {
        for target in &spellings {
            let case = format!("{name} {target:?}");
            for authorization in [None, Some(bearer(json!({ "roles": ["viewer"] })))] {
                let asked = authorization.iter().fold(get(target), |request, value| request.authorization(value));
                let answer = server.send(&asked);
                assert!(matches!(answer.status, 400 | 401 | 403 | 404 | 405), "{case}: {answer:?}");
                assert_eq!(RUNS.swap(0, Ordering::SeqCst), 0, "{case} ran");
            }
            let answer = server.send(&get(target).authorization(&admin));
            assert_eq!(answer.status == 200, RUNS.swap(0, Ordering::SeqCst) == 1, "{case}: {answer:?}");
        }
        assert_eq!(server.send(&get("/api/get").authorization(&admin)).text(), "ran");
        RUNS.store(0, Ordering::SeqCst);
    }
}

#[test]
fn http1_denial_does_not_await_or_drain_the_body() {
    let server = Server::start(routes(&bearer_only().build().unwrap()));
    let missing = |case: &str, answer| denied(case, &answer, 401, "missing-credentials", &[BEARER]);
    let head = "POST /api/body HTTP/1.1\r\nHost: localhost\r\n";
    let limit = Duration::from_secs(2);
    #[rustfmt::skip]
    let table = [
        // (case, field lines, bytes after the head, bytes that are sent repeatedly)
        ("a body that never comes", "Content-Length: 10\r\n", "", ""),
        ("an incomplete body", "Content-Length: 10\r\n", "abc", ""),
        ("an endless body", "Transfer-Encoding: chunked\r\n", "", "1\r\na\r\n"), // M6
        ("an endless body in large chunks", "Transfer-Encoding: chunked\r\n", "", "4000\r\n"),
        ("chunks that stop", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n", ""),
        ("a body as large as it gets", "Content-Length: 1000000000000\r\n", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ];
    for (case, fields, first, on) in table {
        let mut connection = Connection::open(server.address);
        connection.send(format!("{head}{fields}\r\n{first}").as_bytes());
        let answer = connection.answer(false);
        assert_eq!(answer.field("connection"), Some("close"), "{case}");
        missing(case, answer);
        let on = if on == "4000\r\n" { format!("{on}{}\r\n", "a".repeat(0x4000)) } else { on.to_owned() };
        assert!(connection.closes_within(limit, on.as_bytes()), "{case}: still open");
    }
    // HTTP-15: actix may send 100 first. The guarantee is that neither handler nor extractor runs.
    let mut connection = Connection::open(server.address);
    connection.send(format!("{head}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n").as_bytes());
    let first = connection.answer(false);
    let answer = if first.status == 100 { connection.answer(false) } else { first };
    missing("Expect: 100-continue", answer);
    assert!(connection.closes_within(limit, b""), "Expect: 100-continue: still open");
    // For an authorized request, the whole body is read and the connection stays open.
    let mut connection = Connection::open(server.address);
    for _ in 0..2 {
        let answer =
            connection.exchange(&request("POST", "/api/body").authorization(bearer(json!({}))).body("0123456789"));
        assert_eq!((answer.status, answer.field("connection")), (200, None));
    }
}
