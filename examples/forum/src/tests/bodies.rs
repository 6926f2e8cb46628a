//! Hostile bodies: the id that the rule decides on is the one that the handler gets, or the request is refused.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::HeaderValue;
use futures_core::Stream;

use super::*;

in_each_database! {
    bodies_in_which_the_id_is_ambiguous_are_refused
    bodies_of_callers_without_access_are_not_read
    slow_bodies_are_refused
}

/// A body that counts how often it is polled. It never ends if it is slow.
struct Body {
    chunk: Option<web::Bytes>,
    is_slow: bool,
    polls: Rc<Cell<usize>>,
}

impl Body {
    fn into_payload(self) -> Payload {
        Payload::Stream { payload: Box::pin(self) }
    }
}

impl Stream for Body {
    type Item = Result<web::Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.polls.set(self.polls.get() + 1);
        match self.chunk.take() {
            Some(chunk) => Poll::Ready(Some(Ok(chunk))),
            None if self.is_slow => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

async fn bodies_in_which_the_id_is_ambiguous_are_refused(forum: Forum) {
    const RIGHT: &str = r#"{"post_id":1,"title":"T","body":"B"}"#;
    let people = populate(&forum).await;
    let auth = forum.settings().build().unwrap();
    let app = init_service(App::new().service(api(&auth, &forum))).await;
    let id = |id: &str| format!(r#"{{"post_id":{id},"title":"T","body":"B"}}"#).into_bytes();
    let utf16: Vec<u8> = RIGHT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let long = format!(r#"{{"post_id":1,"title":"T","body":"{}"}}"#, "x".repeat(65 * 1024)).into_bytes();
    let (json, no_fields): (_, &[(&str, &str)]) = ("application/json", &[]);
    #[rustfmt::skip]
    let table = [
        // (case, media type, further header, body, status)
        ("the right body",            json,                               no_fields, id("1"),                                200),
        ("the id as a string",        json,                               no_fields, id("\"1\""),                            200),
        ("the same id twice",         json,                               no_fields, br#"{"post_id":1,"post_id":1,"title":"T","body":"B"}"#.to_vec(), 400),
        ("another id first",          json,                               no_fields, br#"{"post_id":2,"title":"T","body":"B","post_id":1}"#.to_vec(), 400),
        ("an id with an escape",      json,                               no_fields, br#"{"post_id":1,"\u0070ost_id":2,"title":"T","body":"B"}"#.to_vec(), 400),
        ("another duplicate member",  json,                               no_fields, br#"{"post_id":1,"title":"T","title":"U","body":"B"}"#.to_vec(), 400),
        ("a fraction",                json,                               no_fields, id("1.0"),                              400),
        ("an exponent",               json,                               no_fields, id("1e3"),                              400),
        ("2^64",                      json,                               no_fields, id("18446744073709551616"),             404),
        ("21 digits",                 json,                               no_fields, id("100000000000000000001"),            400),
        ("a negative zero",           json,                               no_fields, id("-0"),                               400),
        ("an array of ids",           json,                               no_fields, id("[1]"),                              400),
        ("an object as the id",       json,                               no_fields, id(r#"{"post_id":1}"#),                 400),
        ("null",                      json,                               no_fields, id("null"),                             400),
        ("the body in an array",      json,                               no_fields, format!("[{RIGHT}]").into_bytes(),      400),
        ("no id",                     json,                               no_fields, br#"{"title":"T","body":"B"}"#.to_vec(), 400),
        ("no body",                   json,                               no_fields, Vec::new(),                             400),
        ("two bodies",                json,                               no_fields, RIGHT.repeat(2).into_bytes(),           400),
        ("gzip",                      json,                               &[("Content-Encoding", "gzip")], RIGHT.into(),     415),
        ("UTF-16, stated",            "application/json; charset=utf-16", no_fields, utf16.clone(),                          415),
        ("UTF-16, not stated",        json,                               no_fields, utf16,                                  400),
        ("a byte order mark",         json,                               no_fields, [b"\xef\xbb\xbf", RIGHT.as_bytes()].concat(), 415),
        ("a form",                    "application/x-www-form-urlencoded", no_fields, b"post_id=1&title=T&body=B".to_vec(),  415),
        ("65 KiB",                    json,                               no_fields, long,                                   413),
    ];
    for (case, media_type, fields, body, expected) in table {
        let request = ask("PUT", "/post", Some(&people.author)).insert_header(("Content-Type", media_type));
        let request = fields.iter().fold(request, |request, field| request.insert_header(*field)).set_payload(body);
        let (status, answer) = send(&app, request).await;
        assert_eq!(status, expected, "{case}: {answer}");
    }
    let forged = ask("PUT", "/post", Some(&people.author)).insert_header(("Content-Type", json));
    let forged = forged.insert_header(("Content-Type", HeaderValue::from_static("text/plain"))).set_payload(RIGHT);
    assert_eq!(send(&app, forged).await.0, 415);
}

async fn bodies_of_callers_without_access_are_not_read(forum: Forum) {
    let people = populate(&forum).await;
    let auth = forum.settings().build().unwrap();
    let app = init_service(App::new().service(api(&auth, &forum))).await;
    let body = br#"{"post_id":4,"community_id":1,"title":"T","body":"B","score":1,"removed":true}"#;
    #[rustfmt::skip]
    let table = [
        // (method, path, caller, status, whether the body is read)
        ("POST", "/post",             None,                     401, false),
        ("PUT",  "/post",             None,                     401, false),
        ("POST", "/post/like",        None,                     401, false),
        ("POST", "/post/remove",      None,                     401, false),
        ("POST", "/admin/purge/post", None,                     401, false),
        ("POST", "/post",             Some(&people.logged_out), 401, false),
        ("POST", "/post",             Some(&people.suspended),  403, false),
        ("POST", "/admin/purge/post", Some(&people.member),     403, false),
        ("POST", "/admin/purge/post", Some(&people.moderator),  403, false),
        ("PUT",  "/post",             Some(&people.member),     404, true),
        ("POST", "/admin/purge/post", Some(&people.admin),      204, true),
    ];
    for (method, path, caller, expected, is_read) in table {
        let polls = Rc::new(Cell::new(0));
        let chunk = Some(web::Bytes::from_static(body));
        let body = Body { chunk, is_slow: false, polls: Rc::clone(&polls) };
        let request = ask(method, path, caller.map(String::as_str)).insert_header(("Content-Type", "application/json"));
        let (request, _) = request.to_request().replace_payload(body.into_payload());
        let status = call_service(&app, request).await.status().as_u16();
        assert_eq!((status, polls.get() > 0), (expected, is_read), "{method} {path} {caller:?}");
    }
}

async fn slow_bodies_are_refused(forum: Forum) {
    let people = populate(&forum).await;
    let auth = forum.settings().build().unwrap();
    let app = init_service(App::new().service(api(&auth, &forum))).await;
    // Caches the account, so that the database is not asked while the clock is stopped.
    assert_eq!(send(&app, ask("GET", "/account", Some(&people.author))).await.0, 200);
    tokio::time::pause();
    let chunk = Some(web::Bytes::from_static(br#"{"post_id":1,"#));
    let body = Body { chunk, is_slow: true, polls: Rc::default() };
    let request = ask("PUT", "/post", Some(&people.author)).insert_header(("Content-Type", "application/json"));
    let (request, _) = request.to_request().replace_payload(body.into_payload());
    assert_eq!(call_service(&app, request).await.status().as_u16(), 408);
    tokio::time::resume();
}
