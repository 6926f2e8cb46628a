//! Tests of the program that compiles.

use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service};
use auth_actix::test::Keys;
use compile_fail_ci::{AUDIENCE, ISSUER, api, settings};
use serde_json::json;

#[actix_web::test]
async fn accountants_read_salaries_and_users_their_own_payslip() {
    let keys = Keys::new();
    let app = init_service(App::new().service(api(&settings(&[]).test_keys(&keys).build().unwrap()))).await;
    for (roles, salary, payslip) in [(json!(["accountant"]), 200, 200), (json!(["temp"]), 403, 200)] {
        let token = format!("Bearer {}", keys.token(ISSUER, AUDIENCE, &json!({ "roles": roles })));
        for (path, expected) in [("/api/salaries/7", salary), ("/api/payslip", payslip)] {
            let request = TestRequest::get().uri(path).insert_header(("Authorization", token.as_str())).to_request();
            assert_eq!(call_service(&app, request).await.status(), expected, "{roles} {path}");
        }
    }
}
