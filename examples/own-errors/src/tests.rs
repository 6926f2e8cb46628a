//! Tests of each kind of denial, for API clients and for browsers.

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use auth_actix::test::Keys;
use serde_json::Value;

use super::*;

#[actix_web::test]
async fn programs_receive_one_json_error_format() {
    let keys = Keys::new();
    let app = init_service(App::new().configure(site(&settings(&[]).test_keys(&keys).build().unwrap()))).await;
    let token = |roles: &[&str]| format!("Bearer {}", keys.token(ISSUER, AUDIENCE, &json!({ "roles": roles })));
    let expired = format!("Bearer {}", keys.token(ISSUER, AUDIENCE, &json!({ "exp": 1 })));
    let (get, post) = (|| TestRequest::get().uri("/reports/7"), || TestRequest::post().uri("/reports"));
    let two_tokens = "Bearer x y".to_owned(); // one token68 follows the scheme (RFC 9110 §11.4)
    #[rustfmt::skip] // keep the columns aligned
    let table = [ //                                                                           challenge
        (get(),                                String::new(),      401, "missing-credentials",      true),
        (get(),                                expired,            401, "expired-credentials",      true),
        (get(),                                two_tokens,         400, "malformed-credentials",    true),
        (post(),                               token(&[]),         403, "insufficient-permissions", true),
        (post(),                               token(&["admin"]),  400, "malformed-request",        false),
        (TestRequest::get().uri("/nowhere"),   token(&["admin"]),  404, "not-found",                false),
    ];
    for (request, token, status, code, challenge) in table {
        let request = if token.is_empty() { request } else { request.insert_header(("Authorization", token)) };
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status(), status, "{code}");
        assert_eq!(answer.headers().contains_key("WWW-Authenticate"), challenge, "{code}");
        let body: Value = serde_json::from_slice(&read_body(answer).await).unwrap();
        assert_eq!(body["error"]["code"], code);
    }
}

#[actix_web::test]
async fn browsers_receive_an_error_page_or_login_redirect() {
    let keys = Keys::new();
    let app = init_service(App::new().configure(site(&settings(&[]).test_keys(&keys).build().unwrap()))).await;
    let navigating = |request: TestRequest| request.insert_header(("Sec-Fetch-Mode", "navigate"));

    let followed = navigating(TestRequest::get().uri("/reports/7?page=2")).to_request();
    let answer = call_service(&app, followed).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers().get("Location").unwrap(), "/login?return_to=/reports/7%3Fpage%3D2");

    let ways_back = [
        ("/reports/7%3Fpage%3D2%26all", "/reports/7?page=2&amp;all"),
        ("//evil.example", "/"),
        ("/%5Cevil.example", "/"),
        ("/%09/evil.example", "/"),
        ("/%22%3E%3Cscript%3E", "/"),
    ];
    for (way_back, link) in ways_back {
        let login = TestRequest::get().uri(&format!("/login?return_to={way_back}")).to_request();
        let page = read_body(call_service(&app, login).await).await;
        assert!(String::from_utf8_lossy(&page).contains(&format!("href=\"{link}\"")), "{page:?}");
    }

    // A request that changes state is not repeated after a login, so it is not redirected.
    let sent = navigating(TestRequest::post().uri("/reports")).to_request();
    assert_page(call_service(&app, sent).await, 401);
    let lacking = format!("Bearer {}", keys.token(ISSUER, AUDIENCE, &json!({})));
    let sent = navigating(TestRequest::post().uri("/reports")).insert_header(("Authorization", lacking)).to_request();
    assert_page(call_service(&app, sent).await, 403);
}

fn assert_page(answer: actix_web::dev::ServiceResponse, status: u16) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers().get("Content-Type").unwrap(), "text/html; charset=utf-8");
    assert_eq!(answer.headers().get("Cache-Control").unwrap(), "no-store");
}
