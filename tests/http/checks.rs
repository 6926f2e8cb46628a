//! Tests of `check(…)`: two phases, run at most once, and never an alternative to the rest of the rule.

use std::cell::RefCell;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, ResponseError, delete, get, post};
use auth_actix::{Principal, public, require, require_auth, require_role, test};
use auth_tests::logs;
use auth_tests::token::bearer;
use serde::Deserialize;
use serde_json::json;

use crate::{Role, TokenScope, bearer_only};

thread_local! {
    /// The events, in order. A test and its application run in the same thread.
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(what: impl Into<String>) {
    SEEN.with_borrow_mut(|seen| seen.push(what.into()));
}

/// Records a call and returns its result.
fn noted(what: &str, found: bool) -> bool {
    note(what);
    found
}

/// The store of posts. Records each query.
struct Posts;

impl Posts {
    async fn is_of(&self, id: u64, caller: &Principal) -> Result<bool, Lost> {
        note(format!("is {id} of {}", caller.local_subject()));
        match id {
            500.. => Err(Lost(u16::try_from(id).unwrap())),
            id => Ok(id % 2 == u64::from(caller.local_subject() == "alice")),
        }
    }

    async fn is_public(&self, id: u64) -> bool {
        noted(&format!("is {id} public"), id > 10)
    }
}

/// The error of a store, which is converted to the error of the handler.
#[derive(Debug)]
struct Lost(u16);

#[derive(Debug)]
struct Failure(u16);

impl From<Lost> for Failure {
    fn from(Lost(status): Lost) -> Self {
        Self(status)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SELECT secret FROM posts: {}", self.0)
    }
}

impl ResponseError for Failure {
    fn error_response(&self) -> HttpResponse {
        match self.0 {
            // Statuses that are not valid for a denial.
            600 => HttpResponse::Found().insert_header((header::LOCATION, "/elsewhere")).finish(),
            700 => HttpResponse::Ok().body("admitted"),
            800 => HttpResponse::TooManyRequests().insert_header(("retry-after", "7")).body("slowly"),
            900 => HttpResponse::ServiceUnavailable().insert_header(("retry-after", "9")).body(self.to_string()),
            _ => HttpResponse::InternalServerError().body(self.to_string()),
        }
    }
}

/// A body that records when it is read.
struct Body(Option<&'static str>);

impl futures_core::Stream for Body {
    type Item = Result<Bytes, actix_web::error::PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        note("body");
        Poll::Ready(self.0.take().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))))
    }
}

/// An argument that records its extraction.
struct Noted;

impl FromRequest for Noted {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        note("other");
        ready(Ok(Self))
    }
}

/// A transaction that is rolled back unless it is committed. It cannot be cloned.
struct Transaction(Vec<&'static str>);

impl FromRequest for Transaction {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        note("begin");
        ready(Ok(Self(Vec::new())))
    }
}

impl Transaction {
    async fn selects(&mut self, found: bool) -> bool {
        self.0.push("select");
        found
    }

    fn commit(mut self) {
        note(format!("commit {}", std::mem::take(&mut self.0).join(" ")));
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            note("roll back");
        }
    }
}

#[require(role("admin") || check(posts.is_of(*id, principal).await?))]
#[post("/posts/{id}")]
async fn edit(other: Noted, body: String, id: Path<u64>, posts: Data<Posts>) -> Result<String, Failure> {
    let (Noted, _) = (other, posts);
    note("handler");
    Ok(format!("{id} {body}"))
}

#[require(role("editor") && check(posts.is_public(*id).await))]
#[get("/drafts/{id}")]
async fn draft(id: Path<u64>, posts: Data<Posts>) -> String {
    id.to_string()
}

#[public]
#[require(check(posts.is_public(*id).await))]
#[get("/open/{id}")]
async fn open(id: Path<u64>, posts: Data<Posts>) -> String {
    id.to_string()
}

#[require(!check(posts.is_of(*id, principal).await))]
#[get("/others/{id}")]
async fn of_others(id: Path<u64>, posts: Data<Posts>) -> Result<String, Failure> {
    Ok(id.to_string())
}

#[require(check(tx.selects(*id == 1 && !principal.local_subject().is_empty()).await))]
#[delete("/posts/{id}")]
async fn remove(id: Path<u64>, mut tx: Transaction) -> &'static str {
    tx.0.push("delete");
    tx.commit();
    "removed"
}

#[require_auth]
#[require(check(noted("first", which.as_str() == "a")) || (check(noted("second", which.as_str() == "b")) && !check(noted("third", false))) || role("admin"))]
#[get("/order/{which}")]
async fn order(which: Path<String>) -> String {
    which.into_inner()
}

#[derive(Deserialize)]
struct Page {
    from: u64,
    to: u64,
}

#[allow(clippy::manual_contains, clippy::needless_return, reason = "each is a way of naming things")]
#[require_role("viewer")]
#[require(check({
    // Operators, ranges, `as`, closures, macros, an inner `return`, and shadowed names: the expression is user code.
    let body = [from, to].iter().any(|body| *body == 3) || matches!(to, 4..=6);
    let early = || -> bool { return from as u8 <= to as u8 };
    let mut count = 0;
    count += 1;
    body && early() && (from..to).contains(&from) && format!("{from}").len() == count && r#type.0 == "x"
}))]
#[get("/pages/{kind}")]
async fn pages(Query(Page { mut from, to }): Query<Page>, r#type: Kind, body: String) -> String {
    from += 1;
    format!("{from} {to} {body}")
}

/// An argument that is bound to a raw identifier.
struct Kind(&'static str);

impl FromRequest for Kind {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self("x")))
    }
}

#[require(role("admin") || check(panics(*id)), not_found)]
#[get("/hidden/{id}")]
async fn hidden(id: Path<u64>) -> String {
    id.to_string()
}

#[require(!check(posts.is_of(*id, principal).await?), not_found)]
#[get("/hidden-error/{id}")]
async fn hidden_error(id: Path<u64>, posts: Data<Posts>) -> Result<String, Failure> {
    let _ = posts;
    Ok(id.to_string())
}

fn panics(id: u64) -> bool {
    assert!(id > 1, "as code does");
    id == 2
}

#[require_auth]
#[require(check(panics(*id)))]
#[get("/panics/{id}")]
async fn panicking(id: Path<u64>) -> String {
    id.to_string()
}

#[require(scope("read:reports") && check(caller.id() == principal.id() && noted("asked", true)))]
#[get("/scoped")]
async fn scoped(caller: Principal) -> String {
    caller.local_subject().into_owned()
}

#[require(max_age("5m") && check(noted("asked", principal.has_role(Role::Viewer))))]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

/// Method, path, claims of the caller, status, body, and events.
type Row = (&'static str, &'static str, Option<serde_json::Value>, u16, &'static str, &'static str);

#[actix_web::test]
async fn check_runs_only_if_decisive_and_before_extraction() {
    let auth = bearer_only().build().unwrap();
    let scope = auth.scope("").service(edit).service(draft).service(open).service(of_others).service(remove);
    let scope = scope
        .service(order)
        .service(pages)
        .service(hidden)
        .service(hidden_error)
        .service(panicking)
        .service(scoped)
        .service(fresh);
    let app = init_service(App::new().app_data(Data::new(Posts)).service(scope)).await;
    let (alice, bob) = (|| Some(json!({"sub": "alice"})), || Some(json!({"sub": "bob"})));
    let with = |role: &str| Some(json!({"sub": "bob", "roles": [role]}));
    #[rustfmt::skip]
    let table: Vec<Row> = vec![
        // H3: an anonymous caller gets the response of the rest of the rule, and the object is not accessed.
        ("POST", "/posts/1",           None,            401, "",           ""),
        ("POST", "/posts/x",           None,            401, "",           ""),
        ("GET",  "/drafts/20",         None,            401, "",           ""),
        ("GET",  "/drafts/1",          None,            401, "",           ""),
        ("GET",  "/drafts/20",         with("viewer"),  403, "",           ""),
        ("GET",  "/drafts/x",          with("viewer"),  403, "",           ""),
        ("GET",  "/drafts/x",          with("editor"),  404, "",           ""),
        ("GET",  "/drafts/20",         with("editor"),  200, "20",         "is 20 public"),
        ("GET",  "/drafts/2",          with("editor"),  403, "",           "is 2 public"),
        // HTTP-15: a denied request does not poll the body. A granted request extracts the remaining arguments in order.
        ("POST", "/posts/1",           alice(),         200, "1 text",     "is 1 of alice, other, body, body, handler"),
        ("POST", "/posts/2",           alice(),         403, "",           "is 2 of alice"),
        ("POST", "/posts/2",           with("admin"),   200, "2 text",     "other, body, body, handler"),
        ("POST", "/posts/x",           with("admin"),   404, "",           ""),
        // A check that does not use the principal runs for every caller.
        ("GET",  "/open/20",           None,            200, "20",         "is 20 public"),
        ("GET",  "/open/1",            None,            403, "",           "is 1 public"),
        ("GET",  "/open/1",            alice(),         403, "",           "is 1 public"),
        // A negated check.
        ("GET",  "/others/1",          None,            401, "",           ""),
        ("GET",  "/others/1",          alice(),         403, "",           "is 1 of alice"),
        ("GET",  "/others/1",          bob(),           200, "1",          "is 1 of bob"),
        // M12: an error denies access, negated or not, and discloses nothing about the server.
        ("POST", "/posts/500",         alice(),         500, "",           "is 500 of alice"),
        ("GET",  "/others/500",        alice(),         500, "",           "is 500 of alice"),
        ("GET",  "/others/600",        alice(),         500, "",           "is 600 of alice"),
        ("GET",  "/others/700",        alice(),         500, "",           "is 700 of alice"),
        ("GET",  "/others/800",        alice(),         429, "slowly",     "is 800 of alice"),
        ("GET",  "/others/900",        alice(),         503, "",           "is 900 of alice"),
        ("GET",  "/panics/1",          alice(),         500, "",           ""),
        ("GET",  "/panics/2",          alice(),         200, "2",          ""),
        ("GET",  "/panics/3",          alice(),         403, "",           ""),
        // One transaction for the check and the handler, rolled back on a denial.
        ("DELETE", "/posts/1",         alice(),         200, "removed",    "begin, commit select delete"),
        ("DELETE", "/posts/2",         alice(),         403, "",           "begin, roll back"),
        ("DELETE", "/posts/1",         None,            401, "",           ""),
        // Checks run in the order in which they are written, and only as needed.
        ("GET",  "/order/a",           alice(),         200, "a",          "first"),
        ("GET",  "/order/b",           alice(),         200, "b",          "first, second, third"),
        ("GET",  "/order/c",           alice(),         403, "",           "first, second"),
        ("GET",  "/order/c",           with("admin"),   200, "c",          ""),
        ("GET",  "/order/c",           None,            401, "",           ""),
        // T20: the expression is user code.
        ("GET",  "/pages/x?from=3&to=9", with("viewer"), 200, "4 9 text",  "body, body"),
        ("GET",  "/pages/x?from=5&to=6", with("viewer"), 200, "6 6 text",  "body, body"),
        ("GET",  "/pages/x?from=5&to=7", with("viewer"), 403, "",          ""),
        ("GET",  "/pages/x?from=9&to=3", with("viewer"), 403, "",          ""),
        ("GET",  "/pages/x?from=3",    with("viewer"),  400, "",           ""),
        ("GET",  "/pages/x?from=3&to=9", None,           401, "",           ""),
        // H5: a hidden handler responds like an unknown path, whatever the result of its check.
        ("GET",  "/hidden/1",          alice(),         404, "",           ""),
        ("GET",  "/hidden/2",          alice(),         200, "2",          ""),
        ("GET",  "/hidden/3",          alice(),         404, "",           ""),
        ("GET",  "/hidden/x",          alice(),         404, "",           ""),
        ("GET",  "/hidden-error/500",  alice(),         404, "",           "is 500 of alice"),
        ("GET",  "/hidden-error/700",  alice(),         404, "",           "is 700 of alice"),
        ("GET",  "/hidden-error/900",  alice(),         404, "",           "is 900 of alice"),
        ("GET",  "/hidden-error/2",    alice(),         200, "2",          "is 2 of alice"),
        ("GET",  "/unknown",           alice(),         404, "",           ""),
        // Other missing requirements are reported as without the check. The check does not run if it cannot change the result.
        ("GET",  "/scoped",            alice(),         403, "",           ""),
        ("GET",  "/scoped",            Some(json!({"sub": "alice", "scope": "read:reports"})), 200, "alice", "asked"),
        ("GET",  "/fresh",             with("viewer"),  401, "",           ""),
        ("GET",  "/fresh",             Some(json!({"roles": ["viewer"], "auth_time": auth_tests::token::now()})), 200, "fresh", "asked"),
        ("GET",  "/fresh",             Some(json!({"auth_time": auth_tests::token::now()})), 403, "", "asked"),
    ];
    let mut unknown = Vec::new();
    for (method, target, claims, status, expected, happened) in table {
        let request = TestRequest::with_uri(target).method(Method::from_bytes(method.as_bytes()).unwrap());
        let request = match &claims {
            Some(claims) => request.insert_header((header::AUTHORIZATION, bearer(claims.clone()))),
            None => request,
        };
        let payload: Pin<Box<dyn futures_core::Stream<Item = _>>> = Box::pin(Body(Some("text")));
        let (request, _) = request.to_request().replace_payload(Payload::Stream { payload });
        SEEN.take();
        let answer = call_service(&app, request).await;
        let case = format!("{method} {target} by {claims:?}");
        assert_eq!(answer.status(), StatusCode::from_u16(status).unwrap(), "{case}: {:?}", SEEN.take());
        assert_eq!(SEEN.take().join(", "), happened, "{case}");
        let field = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        if status >= 400 && status != 404 && !(target.contains("pages") && status == 400) {
            assert_eq!(field("cache-control").as_deref(), Some("no-store"), "{case}");
        }
        match status {
            429 => assert_eq!(field("retry-after").as_deref(), Some("7"), "{case}"),
            503 => assert_eq!(field("retry-after").as_deref(), Some("9"), "{case}"),
            _ => assert!(field("location").is_none(), "{case}"),
        }
        if target.contains("/scoped") && status == 403 {
            assert!(field("www-authenticate").is_some_and(|line| line.contains("insufficient_scope")), "{case}");
        }
        let headers = format!("{:?}", answer.headers());
        let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
        if expected.is_empty() {
            assert!(!body.contains("SELECT") && !body.contains("admitted"), "{case}: {body}");
            if matches!(status, 500 | 503) {
                let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
                assert_eq!(problem["status"], status, "{case}");
                assert!(problem["type"].as_str().unwrap().ends_with("check-failed"), "{case}");
            }
        } else {
            assert_eq!(body, expected, "{case}");
        }
        if status == 404 && (target.contains("hidden") || target.contains("unknown")) {
            unknown.push((headers, body));
        }
    }
    assert!(unknown.windows(2).all(|pair| pair[0] == pair[1]), "{unknown:?}");
}

#[actix_web::test]
async fn handler_with_checks_is_callable_directly_in_tests() {
    let (other, posts) = (Noted, Data::new(Posts));
    let id = Path::from(1_u64);
    assert_eq!(edit::call(other, "text".to_owned(), id, posts).await.unwrap(), "1 text");
    assert_eq!(test::Caller::user("alice").principal().local_subject(), "alice");
}

#[actix_web::test]
async fn decision_explanation_covers_each_atom_of_the_rule() {
    logs::capture();
    let auth = bearer_only().build().unwrap();
    let scope = auth.scope("").service(order).service(fresh).service(draft);
    let app = init_service(App::new().app_data(Data::new(Posts)).service(scope)).await;
    #[rustfmt::skip]
    let table = [
        ("/order/b", Some("alice"), "\
yes all of
  yes authenticated (satisfied)
  yes any of
    no  check_for_anyone(noted(\"first\", which.as_str() == \"a\")) (it returned false)
    yes all of
      yes check_for_anyone(noted(\"second\", which.as_str() == \"b\")) (it returned true)
      yes !check_for_anyone(noted(\"third\", false)) (it returned false)
    no  role(\"admin\") (not satisfied, or unknown)"),
        ("/drafts/1", None, "\
no  all of
  no  role(\"editor\") (no caller is authenticated)
  no  check_for_anyone(posts.is_public(*id).await) (it was not run: its result could not have granted the request)"),
        ("/fresh", Some("alice"), "\
no  all of
  no  max_age(\"5m\") (not satisfied; another login could satisfy it)
  no  check(noted(\"asked\", principal.has_role(Role::Viewer))) (it was not run: its result could not have granted the request)"),
    ];
    for (path, caller, expected) in table {
        let request = TestRequest::with_uri(path).to_request();
        let request = match caller {
            Some(name) => test::Caller::user(name).call(request),
            None => request,
        };
        let answer = call_service(&app, test::explained(request)).await;
        assert_eq!(test::explanation(answer.request()).as_deref(), Some(expected), "{path}");
    }
    let answer = call_service(&app, TestRequest::with_uri("/fresh").to_request()).await;
    assert_eq!(test::explanation(answer.request()), None, "explanations were not requested");
    // The same explanation in one line, in the log at debug level.
    let of_draft = |line: &logs::Line| {
        line.level == tracing::Level::DEBUG
            && line.target == "auth_actix"
            && line.field("handler").ends_with("checks::draft")
    };
    let lines: Vec<_> = logs::lines().into_iter().filter(of_draft).collect();
    let why = "no  all of; no  role(\"editor\") (no caller is authenticated); no  check_for_anyone(posts.is_public(*id).await) \
               (it was not run: its result could not have granted the request)";
    assert!(lines.iter().any(|line| line.field("message") == "decided" && line.field("why") == why), "{lines:#?}");
}
