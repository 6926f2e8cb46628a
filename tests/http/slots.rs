//! Tests of which arguments are extracted for which check, and of the response, log line and audit event for an argument that
//! cannot be extracted.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use actix_web::web::{Json, Path, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, dev::Payload, post};
use auth_actix::audit::{Event, Sink};
use auth_actix::{Claims, Principal, require, require_auth};
use auth_tests::logs;
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::{Connection, request};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Role, bearer_only};

thread_local! {
    static SEEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// An argument that records its extraction.
struct Noted<const NAME: char>;

impl<const NAME: char> FromRequest for Noted<NAME> {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, actix_web::Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        let name = match NAME {
            'a' => "a",
            'b' => "b",
            _ => "c",
        };
        SEEN.with_borrow_mut(|seen| seen.push(name));
        std::future::ready(Ok(Self))
    }
}

impl<const NAME: char> Noted<NAME> {
    fn is(&self, found: bool) -> bool {
        SEEN.with_borrow_mut(|seen| seen.push("check"));
        found
    }
}

#[derive(Deserialize)]
struct Post {
    title: String,
}

#[require(check(*id == 1) || (role("admin") && check(post.title == "x")))]
#[post("/posts/{id}")]
async fn edit(id: Path<u64>, post: Json<Post>) -> String {
    format!("{id} {}", post.title)
}

#[require(check(principal.local_subject() == *owner) && check(post.title == "x"))]
#[post("/of/{owner}")]
async fn owned(owner: Path<String>, post: Json<Post>) -> String {
    format!("{owner} {}", post.title)
}

#[require(check(a.is(false)) || check(b.is(true)) || (role("admin") && check(c.is(true))))]
#[post("/noted")]
async fn noted(a: Noted<'a'>, b: Noted<'b'>, c: Noted<'c'>) -> &'static str {
    let _ = (a, b, c);
    "ran"
}

#[require(role("admin") || (check(a.is(true)) && check(a.is(true))))]
#[post("/twice")]
async fn twice(a: Noted<'a'>, b: Noted<'b'>) -> &'static str {
    let _ = (a, b);
    "ran"
}

async fn outage() -> Result<bool, actix_web::Error> {
    Err(actix_web::error::ErrorServiceUnavailable("the store is away"))
}

#[require(authenticated && check(outage().await))]
#[post("/outage")]
async fn in_outage(post: Json<Post>) -> String {
    post.title.clone()
}

#[require(authenticated && check(*id == 1))]
#[post("/claims/{id}")]
async fn checked_claims(id: Path<u64>, ours: Claims<Ours>) -> String {
    let _ = ours;
    id.to_string()
}

#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<Value>>>);

impl Sink for Record {
    fn record(&self, event: &Event) {
        self.0.lock().unwrap().push(serde_json::to_value(event).unwrap());
    }
}

fn serve() -> (Server, Record) {
    let record = Record::default();
    let auth = bearer_only().audit(record.clone()).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(
            auth.scope("")
                .service(edit)
                .service(owned)
                .service(claims)
                .service(order)
                .service(in_outage)
                .service(checked_claims),
        );
    });
    (server, record)
}

#[derive(Deserialize)]
struct Ours {
    #[allow(dead_code, reason = "only its type matters, which does not fit")]
    needed: u64,
}

#[require_auth]
#[post("/claims")]
async fn claims(claims: Claims<Ours>) -> &'static str {
    let _ = claims;
    "ran"
}

struct Order;

impl auth_actix::Resource for Order {
    type Key = u64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "id";

    fn key(&self) -> u64 {
        1
    }

    async fn load(keys: &[u64], _: &auth_actix::object::LoadContext<'_>, (): &()) -> actix_web::Result<Vec<Self>> {
        Ok(keys.iter().filter(|key| **key == 1).map(|_| Self).collect())
    }
}

#[derive(auth_actix::Action)]
struct Read;

impl auth_actix::Allows<Read> for Order {
    fn allows(&self, _: &Principal) -> bool {
        false
    }
}

#[require_auth]
#[post("/orders/{id}")]
async fn order(order: auth_actix::Authorized<Order, Read>) -> &'static str {
    let _ = order;
    "ran"
}

#[actix_web::test]
async fn arguments_are_extracted_when_their_check_runs() {
    // S3, H3
    let auth = bearer_only().build().unwrap();
    let app = actix_web::App::new().service(auth.scope("").service(noted).service(twice));
    let app = actix_web::test::init_service(app).await;
    let admin = || Some(bearer(json!({ "roles": ["admin"] })));
    #[rustfmt::skip]
    let table = [
        ("/noted", None,    200, "a check b check c"),
        ("/twice", None,    200, "a check check b"),
        ("/twice", admin(), 200, "a b"),
    ];
    for (path, authorization, status, expected) in table {
        SEEN.take();
        let request = actix_web::test::TestRequest::post().uri(path);
        let request =
            authorization.iter().fold(request, |request, one| request.insert_header(("Authorization", one.as_str())));
        let answer = actix_web::test::call_service(&app, request.to_request()).await;
        assert_eq!((answer.status().as_u16(), SEEN.take().join(" ").as_str()), (status, expected), "{path}");
    }
}

#[test]
fn body_is_not_read_if_the_denial_does_not_depend_on_it() {
    // S3: no byte of the body is sent, so a response shows that the server did not wait for it.
    let (server, _) = serve();
    let alice = bearer(json!({ "sub": "alice" }));
    let admin = bearer(json!({ "sub": "alice", "roles": ["admin"] }));
    #[rustfmt::skip]
    let table = [
        ("/posts/2", None,         401),
        ("/posts/2", Some(&alice), 403),
        ("/of/bob",  None,         401),
        ("/of/bob",  Some(&alice), 403),
    ];
    for (path, authorization, status) in table {
        for length in ["5", "9999999", "x"] {
            if length == "x" && path == "/posts/2" {
                continue; // actix rejects it before the decision
            }
            let asked = request("POST", path).field("Content-Type", "application/json");
            let asked = authorization.iter().fold(asked, |asked, one| asked.authorization(one));
            let asked = if length == "x" {
                asked.field("Transfer-Encoding", "chunked")
            } else {
                asked.field("Content-Length", length)
            };
            let mut connection = Connection::open(server.address);
            connection.send(&asked.bytes());
            assert_eq!(connection.answer(false).status, status, "{path} {length}");
        }
    }
    let send = |path: &str, who: &str, body: &str| {
        server
            .send(&request("POST", path).field("Content-Type", "application/json").authorization(who).body(body))
            .status
    };
    #[rustfmt::skip]
    let table = [
        ("/posts/1", &alice, r#"{"title":"x"}"#, 200), ("/posts/2", &admin, r#"{"title":"x"}"#, 200), ("/posts/2", &admin, r#"{"title":"y"}"#, 403),
        ("/of/alice", &alice, r#"{"title":"x"}"#, 200), ("/of/alice", &alice, r#"{"title":"y"}"#, 403),
    ];
    for (path, who, body, status) in table {
        assert_eq!(send(path, who, body), status, "{path} {body}");
    }
}

#[test]
fn unextractable_argument_is_recorded_as_a_client_error() {
    // S8, S9
    logs::capture();
    let (server, record) = serve();
    let admin = bearer(json!({ "sub": "alice", "roles": ["admin"] }));
    let before = logs::lines().len();
    #[rustfmt::skip]
    let table = [
        ("/posts/2", r#"{"title":"c4nary-7"#,          400),
        ("/posts/2", r#"{"title":["c4nary-7"]}"#,      400),
        ("/posts/c4nary-7", r#"{"title":"x"}"#,        404),
    ];
    for (path, body, status) in table {
        let asked = request("POST", path).field("Content-Type", "application/json").authorization(&admin).body(body);
        assert_eq!(server.send(&asked).status, status, "{path} {body}");
        let event = record.0.lock().unwrap().pop().unwrap();
        assert_eq!(event["status"], status, "what was answered: {event}");
        assert_eq!(event["subject"], "user:18:https://id.example:alice", "the subject of the grant: {event}");
        assert!(!event.to_string().contains("c4nary-7"), "{event}");
    }
    for line in logs::lines().split_off(before) {
        assert!(!format!("{line:?}").contains("c4nary-7"), "{line:?}");
        let is_ours = line.target.starts_with("auth") && line.field("handler").contains("slots");
        assert!(!is_ours || line.level > tracing::Level::ERROR, "{line:?}");
    }
}

#[test]
fn denial_by_an_argument_or_check_does_not_drain_the_body() {
    // S13, M6
    let (server, _) = serve();
    #[rustfmt::skip]
    let table = [
        ("/claims", 403), ("/orders/1", 404), ("/orders/2", 404),
        // A failed check, a check with an error, and an argument behind a successful check.
        ("/of/bob", 403), ("/outage", 503), ("/claims/2", 403), ("/claims/1", 403),
    ];
    for (path, status) in table {
        let asked = request("POST", path)
            .field("Transfer-Encoding", "chunked")
            .authorization(bearer(json!({ "sub": "alice" })));
        let mut connection = Connection::open(server.address);
        connection.send(&asked.bytes());
        let answer = connection.answer(false);
        assert_eq!((answer.status, answer.field("connection")), (status, Some("close")), "{path}");
        assert!(connection.closes_within(std::time::Duration::from_secs(2), b"1\r\na\r\n"), "{path}");
    }
}
