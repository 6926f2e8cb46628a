//! Three kinds of tests, from the handler to the complete server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use auth_actix::test::{Caller, Keys};
use serde_json::json;

use super::*;

/// Returns one expense with number 1, which belongs to Alice.
fn expenses() -> web::Data<Expenses> {
    let expense = Expense { of: Id::user(ISSUER, "alice"), approved: false };
    web::Data::new(Expenses(Mutex::new(BTreeMap::from([(1, expense)]))))
}

/// Returns a user of the configured issuer. The issuer matters: the same subject at another issuer is a different user.
fn user(subject: &str) -> Caller {
    Caller::user(subject).issuer(ISSUER)
}

fn seconds_ago(seconds: u64) -> u64 {
    (SystemTime::now() - Duration::from_secs(seconds)).duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Tests the handler's own logic, by calling the original function (available under `cfg(test)`). No rule is evaluated, so the
/// callers below need no role.
#[actix_web::test]
async fn own_expenses_cannot_be_approved() {
    #[rustfmt::skip] // keep the columns aligned
    let table = [
        ("alice", 1, 409, false),
        ("bob",   1, 204, true),
        ("bob",   2, 404, false),
    ];
    for (subject, id, status, approved) in table {
        let expenses = expenses();
        let answer = approve_expense::call(user(subject).principal(), web::Path::from(id), expenses.clone()).await;
        assert_eq!(answer.status(), status, "{subject} on {id}");
        assert_eq!(expenses.0.lock().unwrap()[&1].approved, approved, "{subject} on {id}");
    }
}

/// Tests the rules: the complete application, with callers constructed by hand. Rules decide as if a verified credential contained
/// the caller's attributes.
#[actix_web::test]
async fn rules_decide_for_each_kind_of_caller() {
    let app = init_service(App::new().service(api(&settings(&[7; 32]).build().unwrap(), &expenses()))).await;
    let approve = || TestRequest::post().uri("/expenses/1/approve");
    let account = || TestRequest::get().uri("/bank-account");
    #[rustfmt::skip]
    let table = [
        ("an anonymous caller",     approve(), None,                                                    401),
        ("without a role",          approve(), Some(user("bob")),                                       403),
        ("an approver",             approve(), Some(user("bob").role(Role::Approver)),                  204),
        ("an undeclared role",      approve(), Some(user("bob").role("aprover")),                       403),
        ("logged in a minute ago",  account(), Some(user("bob").claim("auth_time", seconds_ago(60))),   200),
        ("logged in an hour ago",   account(), Some(user("bob").claim("auth_time", seconds_ago(3600))), 401),
        ("login time unknown",      account(), Some(user("bob")),                                       401),
    ];
    for (case, request, caller, expected) in table {
        let request = request.to_request();
        let request = match caller {
            Some(caller) => caller.call(request),
            None => request,
        };
        assert_eq!(call_service(&app, request).await.status(), expected, "{case}");
    }
    let greeting = || TestRequest::get().uri("/greeting").to_request();
    assert_eq!(call_and_read_body(&app, greeting()).await, "hello anonymous\n");
    assert_eq!(call_and_read_body(&app, user("bob").call(greeting())).await, "hello bob\n");
}

/// Tests the authentication: real tokens are verified, with a key that exists only in this test. All other settings, such as issuer
/// and audience, are the configured ones.
#[actix_web::test]
async fn only_tokens_for_this_issuer_and_audience_are_accepted() {
    let (keys, others) = (Keys::new(), Keys::new());
    let auth = settings(&[]).test_keys(&keys).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &expenses()))).await;
    let bob = json!({ "sub": "bob", "roles": ["approver"] });
    #[rustfmt::skip]
    let table = [
        ("valid",                keys.token(ISSUER, AUDIENCE, &bob),                 204),
        ("expired",              keys.token(ISSUER, AUDIENCE, &json!({ "exp": 1 })), 401),
        ("another audience",     keys.token(ISSUER, "payroll", &bob),                401),
        ("another issuer",       keys.token("https://else.example", AUDIENCE, &bob), 401),
        ("another key",          others.token(ISSUER, AUDIENCE, &bob),               401),
        ("a missing byte",       keys.token(ISSUER, AUDIENCE, &bob).split_off(1),    401),
    ];
    for (case, token, expected) in table {
        let request = TestRequest::post().uri("/expenses/1/approve");
        let request = request.insert_header(("Authorization", format!("Bearer {token}"))).to_request();
        let answer = call_service(&app, request).await;
        assert_eq!(answer.status(), expected, "{case}");
        assert_eq!(answer.headers().contains_key("WWW-Authenticate"), expected == 401, "{case}");
    }
}
