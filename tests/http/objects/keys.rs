//! Tests of keys of objects in the body, the query and headers.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{Bytes, Json, ServiceConfig};
use actix_web::{App, get, post};
use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Authorized, Principal, Resource, public, require, require_role, rule};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire;
use serde_json::json;

use super::{SEEN, note};
use crate::{Role, bearer_only};

/// Notes with an even id belong to Bob, the others to Alice. Those below 10 are published.
struct Note(u64);

#[derive(Action)]
struct Edit;
#[derive(Action)]
struct Show;

impl Resource for Note {
    type Key = u64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "note";

    fn key(&self) -> u64 {
        self.0
    }

    async fn load(ids: &[u64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        note(format!("load {ids:?}"));
        Ok(ids.iter().filter(|id| **id < 100).map(|id| Self(*id)).collect())
    }
}

impl Allows<Edit> for Note {
    fn allows(&self, caller: &Principal) -> bool {
        caller.local_subject() == if self.0.is_multiple_of(2) { "bob" } else { "alice" }
    }
}

impl Allows<Show> for Note {
    const ADMITS_ANONYMOUS: bool = true;

    fn allows(&self, caller: &Principal) -> bool {
        Allows::<Show>::allows_anonymous(self) || Allows::<Edit>::allows(self, caller)
    }

    fn allows_anonymous(&self) -> bool {
        self.0 < 10
    }
}

#[derive(serde::Deserialize)]
struct Change {
    text: String,
}

#[require(authorized(Note, Edit, at = json("/note_id")))]
#[post("/edit")]
async fn edit_note(change: Json<Change>, note: Authorized<Note, Edit>) -> String {
    format!("{} {}", note.0, change.text)
}

#[require_role("editor")]
#[require(authorized(Note, Edit, at = json("/note/id")))]
#[post("/nested")]
async fn edit_nested(body: Bytes) -> Bytes {
    body
}

#[require(authorized(self::Note, Edit, at = json("/note_id")))]
#[post("/qualified")]
async fn edit_qualified(note: Authorized<Note, Edit>) -> String {
    note.key().to_string()
}

#[require(authorized(Note, Edit, at = json("/from")) && authorized(Note, Show, at = json("/to")))]
#[post("/move")]
async fn move_note(to: Authorized<Note, Show>, from: Authorized<Note, Edit>, body: Bytes) -> String {
    format!("{} {} {}", from.0, to.0, body.len())
}

#[require(authorized(Note, Edit, at = json("/note_id")) && check(change.text != "secret"))]
#[post("/checked")]
async fn edit_checked(change: Json<Change>, note: Authorized<Note, Edit>) -> String {
    format!("{} {}", note.0, change.text)
}

#[require(check(change.text != "secret") && authorized(Note, Edit, at = json("/note_id")))]
#[post("/checked-first")]
async fn edit_checked_first(change: Json<Change>, note: Authorized<Note, Edit>) -> String {
    format!("{} {}", note.0, change.text)
}

#[require(role("editor") || authorized(Note, Edit, at = json("/note_id")))]
#[post("/either")]
async fn edit_either(body: Bytes) -> Bytes {
    body
}

#[require(role("editor") || authorized(Note, Edit, at = json("/note_id")))]
#[post("/either-taken")]
async fn edit_taken(note: Authorized<Note, Edit>) -> String {
    note.0.to_string()
}

#[public]
#[require(authorized(Note, Show, at = query("id")))]
#[get("/note")]
async fn get_note(note: Authorized<Note, Show>) -> String {
    note.0.to_string()
}

#[public]
#[require(authorized(Note, Show, at = json("/id")))]
#[post("/show")]
async fn show_note(note: Authorized<Note, Show>) -> String {
    note.0.to_string()
}

#[require(authorized(Note, Edit, at = header("X-Note")))]
#[get("/by-header")]
async fn get_by_header(note: Authorized<Note, Edit>) -> String {
    note.0.to_string()
}

#[require(authorized(Note, Edit, at = path("other")))]
#[get("/by-path/{other}")]
async fn get_by_path(note: Authorized<Note, Edit>) -> String {
    note.0.to_string()
}

fn services(auth: auth_actix::Auth) -> impl actix_web::dev::HttpServiceFactory + 'static {
    let scope = auth.strict_scope("").service(edit_note).service(edit_nested).service(move_note).service(edit_checked);
    let scope = scope.service(edit_checked_first).service(edit_either).service(get_note).service(show_note);
    scope.service(get_by_header).service(get_by_path)
}

/// A body that arrives in two chunks, and records each read.
struct Chunks(Vec<Bytes>);

impl futures_core::Stream for Chunks {
    type Item = Result<Bytes, actix_web::error::PayloadError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        note("body");
        std::task::Poll::Ready(self.0.pop().map(Ok))
    }
}

/// A body that stops after the first chunk.
struct Stalling(Option<Bytes>);

impl futures_core::Stream for Stalling {
    type Item = Result<Bytes, actix_web::error::PayloadError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.take().map_or(std::task::Poll::Pending, |chunk| std::task::Poll::Ready(Some(Ok(chunk))))
    }
}

fn chunks(body: &[u8]) -> Payload {
    let (first, second) = body.split_at(body.len() / 2);
    let chunks = vec![Bytes::copy_from_slice(second), Bytes::copy_from_slice(first)];
    Payload::Stream { payload: Box::pin(Chunks(chunks)) }
}

#[actix_web::test]
async fn body_keys_are_read_after_everything_else_holds() {
    // OBJ-2, OBJ-5
    let app = init_service(App::new().service(services(bearer_only().build().unwrap()))).await;
    let alice = |role: &str| Some(json!({"sub": "alice", "roles": [role]}));
    let read = "body, body, body, ";
    let long = format!(r#"{{"note_id":1,"text":"{}"}}"#, "x".repeat(65_536));
    #[rustfmt::skip]
    let table = [
        // An anonymous caller, and one without the role, cause no read.
        ("/edit",    None,            r#"{"note_id":1,"text":"a"}"#,     401, "".to_owned(),  String::new()),
        ("/nested",  alice("viewer"), r#"{"note":{"id":1}}"#,            403, "".to_owned(),  String::new()),
        ("/edit",    alice("viewer"), r#"{"note_id":1,"text":"a"}"#,     200, "1 a".to_owned(), format!("{read}load [1]")),
        ("/edit",    alice("viewer"), r#"{"note_id":"1","text":"a"}"#,   200, "1 a".to_owned(), format!("{read}load [1]")),
        ("/edit",    alice("viewer"), r#"{"note_id":2,"text":"a"}"#,     404, "".to_owned(),  format!("{read}load [2]")),
        ("/edit",    alice("viewer"), r#"{"note_id":100,"text":"a"}"#,   404, "".to_owned(),  format!("{read}load [100]")),
        ("/edit",    alice("viewer"), r#"{"note_id":"x","text":"a"}"#,   404, "".to_owned(),  read.to_owned()),
        ("/edit",    alice("viewer"), r#"{"note_id":18446744073709551616,"text":"a"}"#, 404, "".to_owned(), read.to_owned()),
        ("/edit",    alice("viewer"), r#"{"text":"a"}"#,                 400, "".to_owned(),  read.to_owned()),
        ("/edit",    alice("viewer"), r#"{"note_id":1,"text":"a","note_id":2}"#, 400, "".to_owned(), read.to_owned()),
        ("/edit",    alice("viewer"), r#"{"note_id":[1],"text":"a"}"#,   400, "".to_owned(),  read.to_owned()),
        ("/edit",    alice("viewer"), r#"{"note_id":1.0,"text":"a"}"#,   400, "".to_owned(),  read.to_owned()),
        ("/edit",    alice("viewer"), r#"{"note_id":1e0,"text":"a"}"#,   400, "".to_owned(),  read.to_owned()),
        ("/edit",    alice("viewer"), "note_id=1",                       400, "".to_owned(),  read.to_owned()),
        ("/edit",    alice("viewer"), "",                                400, "".to_owned(),  read.to_owned()),
        ("/edit",    alice("viewer"), &long,                             413, "".to_owned(),  "body, body".to_owned()),
        // The handler gets the same bytes.
        ("/nested",  alice("editor"), " {\"note\": {\"id\": 1}, \"more\": [\"\\u00e9\"]} ", 200, " {\"note\": {\"id\": 1}, \"more\": [\"\\u00e9\"]} ".to_owned(), format!("{read}load [1]")),
        // Two objects of one type. Each argument takes the object of its action.
        ("/move",    alice("viewer"), r#"{"from":1,"to":2}"#,            200, "1 2 17".to_owned(), format!("{read}load [1], load [2]")),
        ("/move",    alice("viewer"), r#"{"from":1,"to":12}"#,           404, "".to_owned(),  format!("{read}load [1], load [12]")),
        ("/move",    alice("viewer"), r#"{"from":2,"to":1}"#,            404, "".to_owned(),  format!("{read}load [2]")),
        // A check that uses the body sees the bytes that were decided on, in either order.
        ("/checked", alice("viewer"), r#"{"note_id":1,"text":"a"}"#,     200, "1 a".to_owned(), format!("{read}load [1]")),
        ("/checked", alice("viewer"), r#"{"note_id":1,"text":"secret"}"#, 403, "".to_owned(), format!("{read}load [1]")),
        ("/checked-first", alice("viewer"), r#"{"note_id":1,"text":"a"}"#, 200, "1 a".to_owned(), format!("{read}load [1]")),
        ("/checked-first", alice("viewer"), r#"{"note_id":2,"text":"a"}"#, 404, "".to_owned(), format!("{read}load [2]")),
        // Without need of the object, the body is left to the handler.
        ("/either",  alice("editor"), "anything",                        200, "anything".to_owned(), "body, body, body".to_owned()),
        ("/either",  alice("viewer"), r#"{"note_id":1}"#,                200, r#"{"note_id":1}"#.to_owned(), format!("{read}load [1]")),
        // The policy admits anonymous callers.
        ("/show",    None,            r#"{"id":2}"#,                     200, "2".to_owned(), format!("{read}load [2]")),
        ("/show",    None,            r#"{"id":12}"#,                    404, "".to_owned(),  format!("{read}load [12]")),
        ("/show",    None,            "{",                               400, "".to_owned(),  read.to_owned()),
    ];
    for (target, claims, body, status, expected, happened) in table {
        let request = TestRequest::post().uri(target).insert_header(header::ContentType::json());
        let request = match &claims {
            Some(claims) => request.insert_header((header::AUTHORIZATION, bearer(claims.clone()))),
            None => request,
        };
        let (request, _) = request.to_request().replace_payload(chunks(body.as_bytes()));
        SEEN.take();
        let answer = call_service(&app, request).await;
        let case = format!("{target} {} by {claims:?}", body.chars().take(60).collect::<String>());
        assert_eq!(answer.status().as_u16(), status, "{case}: {:?}", SEEN.take());
        let answer = read_body(answer).await;
        assert_eq!(SEEN.take().join(", "), happened.trim_end_matches(", "), "{case}");
        if status == 200 {
            assert_eq!(answer, expected.as_bytes(), "{case}");
        }
    }
}

#[test]
fn bodies_with_keys_are_strict_json_on_a_socket() {
    // OBJ-3, OBJ-4
    let auth = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(services(auth.clone()));
    });
    let right = r#"{"note_id":1,"text":"a"}"#.as_bytes().to_vec();
    let utf16: Vec<u8> = r#"{"note_id":1}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bom = [b"\xef\xbb\xbf", right.as_slice()].concat();
    let long = format!("{{\"note_id\":1,\"text\":\"{}\"}}", "x".repeat(65_536)).into_bytes();
    const JSON: &str = "application/json";
    #[rustfmt::skip]
    let table: [(&[(&str, &str)], Vec<u8>, u16, &str); 15] = [
        (&[("content-type", JSON)],                                    right.clone(), 200, ""),
        (&[("content-type", "application/json; charset=utf-8")],       right.clone(), 200, ""),
        (&[("content-type", JSON), ("content-encoding", "identity")],  right.clone(), 200, ""),
        (&[],                                                          right.clone(), 415, "unsupported-body"),
        (&[("content-type", "text/plain")],                            right.clone(), 415, "unsupported-body"),
        (&[("content-type", "application/json; charset=utf-16")],      utf16.clone(), 415, "unsupported-body"),
        (&[("content-type", "application/json; charset=iso-8859-1")],  right.clone(), 415, "unsupported-body"),
        (&[("content-type", JSON), ("content-type", "text/plain")],    right.clone(), 415, "unsupported-body"),
        (&[("content-type", JSON), ("content-encoding", "gzip")],      right.clone(), 415, "unsupported-body"),
        (&[("content-type", JSON)],                                    bom,           415, "unsupported-body"),
        (&[("content-type", JSON)],                                    utf16,         400, "malformed-body"),
        (&[("content-type", JSON)],   b"{\"note_id\":1,\"text\":\"\xff\"}".to_vec(),    415, "unsupported-body"),
        (&[("content-type", JSON)],                                    long,          413, "body-too-large"),
        (&[("content-type", JSON)],   b"{\"note_id\":1}{\"note_id\":2}".to_vec(),       400, "malformed-body"),
        (&[("content-type", JSON)],                                    Vec::new(),    400, "malformed-body"),
    ];
    let token = bearer(json!({"sub": "alice"}));
    let edit = |fields: &[(&str, &str)]| wire::request("POST", "/edit").authorization(&token).fields(fields);
    for (fields, body, status, problem) in table {
        let answer = server.send(&edit(fields).body(&body));
        let case = format!("{fields:?} {:?}", String::from_utf8_lossy(&body).chars().take(40).collect::<String>());
        assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{case}: {answer:?}");
    }
    // A refusal after the whole body was read leaves the connection usable, and the next request is not its rest.
    let mut connection = wire::Connection::open(server.address);
    let (wrong, json) = (b"{\"note_id\":2,\"text\":\"a\"}", [("content-type", JSON)]);
    assert_eq!(connection.exchange(&edit(&json).body(wrong)).status, 404);
    assert_eq!(connection.exchange(&edit(&json).body(&right)).status, 200);
    // A body in chunks, and one of which the length is a lie.
    let chunked = edit(&json).field("transfer-encoding", "chunked").bytes();
    let mut connection = wire::Connection::open(server.address);
    connection.send(&[chunked.as_slice(), b"9\r\n{\"note_id\r\n", b"f\r\n\":1,\"text\":\"a\"}\r\n0\r\n\r\n"].concat());
    assert_eq!(connection.answer(false).status, 200);
}

#[actix_web::test]
async fn slow_bodies_and_full_buffers_are_refused() {
    // OBJ-3
    let auth = bearer_only().body_key_limit(100).body_keys_in_flight(800).build().unwrap();
    let app = init_service(App::new().service(services(auth))).await;
    let send = |payload: Payload| {
        let request = TestRequest::post().uri("/edit").insert_header(header::ContentType::json());
        let request = request.insert_header((header::AUTHORIZATION, bearer(json!({"sub": "alice"}))));
        let (request, _) = request.to_request().replace_payload(payload);
        call_service(&app, request)
    };
    let right = br#"{"note_id":1,"text":"a"}"#;
    let padded = format!(r#"{{"note_id":1,"text":"{}"}}"#, "x".repeat(77));
    assert_eq!((padded.len(), send(chunks(padded.as_bytes())).await.status().as_u16()), (100, 200));
    assert_eq!(send(chunks(format!("{padded} ").as_bytes())).await.status().as_u16(), 413);
    tokio::time::pause();
    let stalled = || send(Payload::Stream { payload: Box::pin(Stalling(Some(Bytes::from_static(&[b' '; 100])))) });
    let first =
        async { tokio::join!(stalled(), stalled(), stalled(), stalled(), stalled(), stalled(), stalled(), stalled()) };
    let ninth = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let answer = send(chunks(right)).await;
        (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
    };
    let ((first, .., last), ninth) = tokio::join!(first, ninth);
    assert_eq!((first.status().as_u16(), last.status().as_u16()), (408, 408));
    assert_eq!(ninth, (503, true));
    assert_eq!(send(chunks(right)).await.status().as_u16(), 200, "the buffers are free again");
}

#[actix_web::test]
async fn refusals_after_the_body_was_read_are_throttled() {
    // OBJ-3
    let app = init_service(App::new().service(services(bearer_only().build().unwrap()))).await;
    let send = |caller: &str, id: u64| {
        let request = TestRequest::post().uri("/edit").insert_header(header::ContentType::json());
        let request = request.insert_header((header::AUTHORIZATION, bearer(json!({ "sub": caller }))));
        let body = json!({"note_id": id, "text": "a"}).to_string();
        let (request, _) = request.to_request().replace_payload(chunks(body.as_bytes()));
        call_service(&app, request)
    };
    for _ in 0..49 {
        assert_eq!(send("alice", 2).await.status().as_u16(), 404);
    }
    assert_eq!(send("alice", 1).await.status().as_u16(), 200, "admitted as long as failures are free");
    assert_eq!(send("alice", 2).await.status().as_u16(), 404);
    SEEN.take();
    let refused = send("alice", 1).await;
    assert_eq!((refused.status().as_u16(), SEEN.take().as_slice()), (429, [].as_slice()), "the body is not read");
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(send("bob", 2).await.status().as_u16(), 200, "another caller is not affected");
}

#[test]
fn query_and_header_keys_occur_exactly_once() {
    // OBJ-1
    let auth = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(services(auth.clone()));
    });
    let alice = bearer(json!({"sub": "alice"}));
    #[rustfmt::skip]
    let table: [(&str, bool, &[&str], u16, &str); 15] = [
        ("/note?id=2",              false, &[],         200, "2"),
        ("/note?%69d=2",            false, &[],         200, "2"),
        ("/note?id=12",             false, &[],         404, ""),
        ("/note?id=11",             true,  &[],         200, "11"),
        ("/note?id=x",              false, &[],         404, ""),
        ("/note",                   false, &[],         400, "malformed-key"),
        ("/note?id=2&id=12",        false, &[],         400, "malformed-key"),
        ("/note?id=12&%69%64=2",    false, &[],         400, "malformed-key"),
        ("/note?id=%ff",            false, &[],         400, "malformed-key"),
        ("/by-header",              true,  &["1"],      200, "1"),
        ("/by-header",              true,  &["2"],      404, ""),
        ("/by-header",              true,  &[],         400, "malformed-key"),
        ("/by-header",              true,  &["1", "1"], 400, "malformed-key"),
        ("/by-header",              false, &["1"],      401, ""),
        ("/by-path/1",              true,  &[],         200, "1"),
    ];
    for (target, is_alice, keys, status, expected) in table {
        let request = if is_alice { wire::get(target).authorization(&alice) } else { wire::get(target) };
        let answer = server.send(&keys.iter().fold(request, |request, key| request.field("x-note", key)));
        assert_eq!(answer.status, status, "{target} {keys:?}: {answer:?}");
        assert!(answer.text().contains(expected), "{target} {keys:?}: {answer:?}");
    }
}

#[require(authorized(Note, Edit) && authorized(Alias, Edit, at = query("id")))]
#[get("/twice/{note}")]
async fn get_twice() -> &'static str {
    "never"
}

type Alias = Note;

#[require(authorized(Note, Edit, at = json("/note_id")))]
#[post("/hidden")]
async fn edit_hidden() -> &'static str {
    "never"
}

#[test]
fn ambiguous_and_hidden_keys_are_start_up_errors() {
    // OBJ-1, OBJ-6
    let auth = bearer_only().build().unwrap();
    let hidden = auth.scope("").require(rule!(authenticated, not_found)).service(edit_hidden);
    for (mistakes, expected) in [
        (auth.scope("").service(get_twice).check(), "another atom about the same types"),
        (hidden.check(), "reads the key of an object from the body"),
        (auth.scope("").service(edit_hidden).check(), ""),
    ] {
        let mistakes: Vec<_> = mistakes.err().unwrap_or_default().iter().map(ToString::to_string).collect();
        let found = mistakes.join("\n");
        assert!(found.contains(expected) && mistakes.len() == usize::from(!expected.is_empty()), "{found}");
    }
    for (limit, in_flight) in [(0, 1 << 20), (64 * 1024, 64 * 1024), (usize::MAX, usize::MAX)] {
        let built = bearer_only().body_key_limit(limit).body_keys_in_flight(in_flight).build();
        assert!(built.err().unwrap().to_string().contains("body_key_limit"), "{limit} {in_flight}");
    }
}

#[test]
fn openapi_documents_list_keys_outside_of_the_path() {
    let auth = bearer_only().build().unwrap();
    let scope = auth.scope("").service(edit_nested).service(edit_either).service(get_note).service(get_by_header);
    let matrix = scope.access_matrix();
    let operation = |method: &str| json!({ method: { "responses": {} } });
    let document = json!({ "openapi": "3.1.0", "paths": {
        "/nested": operation("post"), "/either": operation("post"), "/note": operation("get"), "/by-header": operation("get"),
    } });
    let secured = matrix.secure_openapi(&document).unwrap();
    let of = |path: &str, method: &str| secured["paths"][path][method].clone();
    let key = |place: &str, name: &str| {
        json!([{
            "name": name, "in": place, "required": true, "description": "The key of the object.",
            "schema": { "type": "string" },
        }])
    };
    assert_eq!(of("/note", "get")["parameters"], key("query", "id"));
    assert_eq!(of("/by-header", "get")["parameters"], key("header", "x-note"));
    let nested = of("/nested", "post");
    let schema = &nested["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!((&schema["required"], &schema["properties"]["note"]["required"]), (&json!(["note"]), &json!(["id"])));
    for status in ["400", "408", "413", "415"] {
        assert!(nested["responses"][status].is_object(), "{status}: {nested}");
    }
    // The other alternative of the rule reads no key.
    assert_eq!(
        (&nested["requestBody"]["required"], &of("/either", "post")["requestBody"]["required"]),
        (&json!(true), &json!(false))
    );
    // The matrix names the location.
    let text = matrix.to_markdown();
    assert!(text.contains(r#"authorized(Note, Edit, at = json("/note/id"))"#), "{text}");
    let again = matrix.secure_openapi(&secured).unwrap();
    assert_eq!(again["paths"], secured["paths"], "what the document has is kept");
}

#[test]
fn the_matrix_lists_the_object_of_an_argument_once() {
    // OBJ-1, OBJ-14
    let auth = bearer_only().build().unwrap();
    let scope = auth.strict_scope("").service(edit_note).service(edit_checked).service(move_note).service(edit_taken);
    let matrix = scope.service(get_by_path).service(edit_qualified).access_matrix();
    let rules: Vec<_> = matrix.routes.iter().map(|route| (route.path.as_str(), route.rule.as_str())).collect();
    let expected = [
        ("/by-path/{other}", r#"authorized(Note, Edit, at = path("other"))"#),
        ("/checked", r#"authorized(Note, Edit, at = json("/note_id")) && check_for_anyone(change.text != "secret")"#),
        ("/edit", r#"authorized(Note, Edit, at = json("/note_id"))"#),
        // Without the object, the argument cannot be extracted, so it is a requirement of its own.
        (
            "/either-taken",
            r#"(role("editor") || authorized(Note, Edit, at = json("/note_id"))) && authorized(Note, Edit, at = json("/note_id"))"#,
        ),
        ("/qualified", r#"authorized(self::Note, Edit, at = json("/note_id"))"#),
        ("/move", r#"authorized(Note, Edit, at = json("/from")) && authorized(Note, Show, at = json("/to"))"#),
    ];
    for (path, rule) in expected {
        assert!(rules.contains(&(path, rule)), "{path}: {rules:#?}");
    }
    for route in matrix.routes.iter().filter(|route| route.path != "/by-path/{other}") {
        assert!(route.object_keys.iter().all(|key| key.required), "{}: {:?}", route.path, route.object_keys);
    }
}
