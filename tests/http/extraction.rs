//! Tests that no argument is extracted and no byte of the body is read before the rule holds.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Bytes;
use actix_web::{App, FromRequest, HttpRequest, get, post, web};
use auth_actix::{Principal, public, require_auth, require_role};
use auth_tests::token::{basic, bearer};
use serde::Deserialize;
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{Role, bearer_only, jwt};

thread_local! {
    /// The events, in order. A test and its application run in the same thread.
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(what: impl Into<String>) {
    SEEN.with_borrow_mut(|seen| seen.push(what.into()));
}

fn seen() -> Vec<String> {
    SEEN.take()
}

/// An argument that records its extraction.
struct Noted<const N: usize>;

impl<const N: usize> FromRequest for Noted<N> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        note(format!("begins {N}"));
        Box::pin(async {
            note(format!("polled {N}"));
            Ok(Self)
        })
    }
}

/// A body that records when it is read.
struct Body(Vec<&'static str>);

impl futures_core::Stream for Body {
    type Item = Result<Bytes, actix_web::error::PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        note("body");
        Poll::Ready(self.0.pop().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))))
    }
}

fn payload(body: &'static str) -> Payload {
    let payload: Pin<Box<dyn futures_core::Stream<Item = _>>> = Box::pin(Body(vec![body]));
    Payload::Stream { payload }
}

#[derive(Deserialize)]
struct New {
    title: String,
}

#[require_role("admin")]
#[post("/items/{id}")]
async fn item(one: Noted<1>, id: web::Path<u32>, caller: Principal, two: Noted<2>, new: web::Json<New>) -> String {
    let (Noted::<1>, Noted::<2>) = (one, two);
    note("handler");
    format!("{} {id} {}", caller.local_subject(), new.title)
}

#[require_role("admin")]
async fn raw(_: Noted<1>, body: web::Payload) -> String {
    note("handler");
    String::from_utf8(body.to_bytes().await.unwrap().to_vec()).unwrap()
}

#[public]
#[post("/open")]
async fn open(_: Noted<1>, caller: Option<Principal>, body: String) -> String {
    note("handler");
    format!("{} {body}", caller.is_some())
}

#[require_auth]
#[get("/order")]
async fn order(_: Noted<1>, _: Noted<2>, _: Noted<3>, _: Noted<4>) -> &'static str {
    note("handler");
    "order"
}

#[actix_web::test]
async fn denied_requests_extract_no_argument_and_read_no_body() {
    let everything = auth_actix::Confers::everything;
    let users = auth_actix::password::Basic::new(Staff::default()).confers(everything());
    let auth =
        auth_actix::Auth::builder().bearer(jwt().confers(everything())).basic(users).roles::<Role>().build().unwrap();
    let api = auth.scope("/api").service(item).service(open).service(order);
    let api = api.route("/raw", auth_actix::web::post().to(raw));
    let plain = web::scope("/plain").app_data(auth.clone()).service(item).route("/raw", web::post().to(raw));
    let app = init_service(App::new().service(api).service(plain)).await;
    let (admin, viewer) = (bearer(json!({ "roles": ["admin"] })), bearer(json!({ "roles": ["viewer"] })));
    let (good, broken) = (r#"{"title":"t"}"#, r#"{"title":"#);
    let granted = ["begins 1", "begins 2", "polled 1", "polled 2", "body", "body", "handler"];
    #[rustfmt::skip]
    let table: Vec<(&str, Option<String>, &str, &str, u16, &[&str])> = vec![
        // T37, and mistakes of other libraries: the response depends on the caller, whatever else is wrong.
        ("anonymous", None, "/items/7", good, 401, &[]),
        ("anonymous, a broken body", None, "/items/7", broken, 401, &[]),
        ("anonymous, no number in the path", None, "/items/x", good, 401, &[]),
        ("no role", Some(viewer.clone()), "/items/7", good, 403, &[]),
        ("no role, a broken body", Some(viewer.clone()), "/items/7", broken, 403, &[]),
        ("no role, no number in the path", Some(viewer.clone()), "/items/x", broken, 403, &[]),
        ("no token", Some("Bearer x".into()), "/items/7", broken, 401, &[]),
        ("malformed", Some("Bearer".into()), "/items/x", broken, 400, &[]),
        ("anonymous, the body unread", None, "/raw", good, 401, &[]),
        ("no role, the body as it comes", Some(viewer.clone()), "/raw", good, 403, &[]),
        ("a wrong password", Some(basic("alice", "guess")), "/items/7", broken, 401, &[]),
        ("no role, by Basic", Some(basic("victor", PASSWORD)), "/items/7", broken, 403, &[]),
        ("the store is down", Some(basic("down", "x")), "/items/7", broken, 503, &[]),
        // After a grant, extraction works as in actix.
        ("granted", Some(admin.clone()), "/items/7", good, 200, &granted),
        ("granted, by Basic", Some(basic("alice", PASSWORD)), "/items/7", good, 200, &granted),
        ("granted, a broken body", Some(admin.clone()), "/items/7", broken, 400, &granted[..6]),
        ("granted, no number in the path", Some(admin.clone()), "/items/x", good, 404, &["begins 1", "begins 2", "polled 1"]),
        ("granted, the body as it comes", Some(admin), "/raw", good, 200, &["begins 1", "polled 1", "handler", "body", "body"]),
    ];
    for (case, authorization, path, body, status, expected) in table {
        for scope in ["/api", "/plain"] {
            let request =
                TestRequest::post().uri(&format!("{scope}{path}")).insert_header(("content-type", "application/json"));
            let request = authorization
                .iter()
                .fold(request, |request, value| request.insert_header(("authorization", value.as_str())));
            let (request, _) = request.to_request().replace_payload(payload(body));
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status(), StatusCode::from_u16(status).unwrap(), "{case}, {scope}");
            drop(read_body(answer).await); // the rest of the request is dropped only after the response is written
            assert_eq!(seen(), expected, "{case}, {scope}");
        }
    }
}

#[actix_web::test]
async fn public_handler_verifies_credentials_before_the_body() {
    let auth = bearer_only().build().unwrap();
    let app = init_service(App::new().service(auth.scope("/api").service(open).service(order))).await;
    let all = ["begins 1", "polled 1", "body", "body", "handler"];
    #[rustfmt::skip]
    let table: Vec<(Option<String>, u16, &str, &[&str])> = vec![
        (None, 200, "false b", &all),
        (Some(bearer(json!({}))), 200, "true b", &all),
        (Some("Bearer x".into()), 401, "", &[]), // H1
        (Some("Bearer".into()), 400, "", &[]),
    ];
    for (authorization, status, text, expected) in table {
        let request = TestRequest::post().uri("/api/open");
        let request = authorization
            .iter()
            .fold(request, |request, value| request.insert_header(("authorization", value.as_str())));
        let (request, _) = request.to_request().replace_payload(payload("b"));
        let answer = call_service(&app, request).await;
        assert_eq!(answer.status().as_u16(), status, "{authorization:?}");
        let body = read_body(answer).await;
        assert!(status != 200 || body == text, "{body:?}");
        assert_eq!(seen(), expected, "{authorization:?}");
    }
    // Arguments start and finish extraction in declaration order, as in actix.
    let request = TestRequest::get().uri("/api/order").insert_header(("authorization", bearer(json!({}))));
    call_service(&app, request.to_request()).await;
    let expected: Vec<_> =
        ["begins", "polled"].iter().flat_map(|what| (1..5).map(move |n| format!("{what} {n}"))).collect();
    assert_eq!(seen(), [expected, vec!["handler".to_owned()]].concat());
}

/// An application type over an optional principal.
struct CurrentUser(Option<Principal>);

impl FromRequest for CurrentUser {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Option::<Principal>::from_request(request, payload);
        Box::pin(async move { Ok(Self(caller.await.unwrap_or_default())) })
    }
}

async fn without_rule(caller: Option<Principal>, body: String) -> String {
    format!("{} {body}", caller.is_some())
}

#[public]
#[post("/own")]
async fn with_own_extractor(CurrentUser(caller): CurrentUser, body: String) -> String {
    format!("{} {body}", caller.is_some())
}

#[actix_web::test]
async fn principal_lookup_does_not_consume_the_body() {
    let auth = auth_actix::Auth::builder().realm("reports").basic(Staff::default()).build().unwrap();
    let app = App::new()
        .app_data(auth.clone())
        .route("/plain", web::post().to(without_rule))
        .service(auth.scope("/in").service(with_own_extractor));
    let app = init_service(app).await;
    for path in ["/plain", "/in/own"] {
        for (credential, expected) in [(None, "false hello"), (Some(basic("alice", PASSWORD)), "true hello")] {
            let mut request = TestRequest::post().uri(path).set_payload("hello");
            if let Some(credential) = credential {
                request = request.insert_header(("Authorization", credential));
            }
            let answer = call_service(&app, request.to_request()).await;
            assert_eq!(read_body(answer).await, expected, "{path}");
        }
    }
}
