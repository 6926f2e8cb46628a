//! Sends the same requests at every step. A row whose status changes between two steps shows the effect of that step.

use actix_web::test::{TestRequest, call_service, init_service};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::*;

const SECRET: &str = "a secret of the shop, of 32 bytes";
const IN_2100: u64 = 4_102_444_800;

fn token(roles: &[&str], expires: u64) -> String {
    let claims = json!({ "sub": "alice", "roles": roles, "exp": expires });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    format!("Bearer {}", jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap())
}

#[actix_web::test]
async fn each_migration_step_answers_as_expected() {
    let (nobody, clerk, manager) = (String::new(), token(&[], IN_2100), token(&["manager"], IN_2100));
    let expired = token(&["manager"], 1);
    #[rustfmt::skip] // keep the columns aligned
    let table = [ //                   before guarding swapped done
        ("GET /stock",       "",   &clerk,   [200, 200, 200, 200]),
        ("GET /stock",       "",   &nobody,  [403, 401, 401, 401]),
        ("GET /stock",       "",   &expired, [403, 401, 401, 401]),
        ("POST /price",      "7",  &manager, [200, 200, 200, 200]),
        ("POST /price",      "7",  &clerk,   [403, 403, 403, 403]),
        ("POST /price",      "7",  &nobody,  [403, 403, 401, 401]),
        ("POST /price",      "no", &manager, [400, 400, 400, 400]),
        ("POST /price",      "no", &nobody,  [400, 400, 401, 401]), // the body of an unauthenticated caller is not read
        ("GET /export",      "",   &manager, [200, 200, 200, 200]),
        ("GET /export",      "",   &nobody,  [200, 200, 200, 401]), // the old handler has no check
    ];
    let auth = auth(SECRET.as_bytes()).unwrap();
    for (number, step) in STEPS.iter().enumerate() {
        let secret = web::Data::new(old::Secret(SECRET.to_owned()));
        let app = init_service(App::new().app_data(secret).configure(|config| step(config, &auth))).await;
        for (request, body, token, expected) in &table {
            let (method, path) = request.split_once(' ').unwrap();
            let request = TestRequest::with_uri(&format!("/api{path}")).method(method.parse().unwrap());
            let request = request.insert_header(("Content-Type", "application/json")).set_payload(*body);
            let request =
                if token.is_empty() { request } else { request.insert_header(("Authorization", token.as_str())) };
            let status = call_service(&app, request.to_request()).await.status();
            assert_eq!(status, expected[number], "step {number}: {method} {path} {body:?} {token:?}");
        }
    }
}

#[actix_web::test]
async fn handler_without_auth_in_app_data_answers_500() {
    let app = init_service(App::new().service(new::stock)).await; // without `app_data(auth)`
    let request = TestRequest::get().uri("/stock").insert_header(("Authorization", token(&[], IN_2100)));
    assert_eq!(call_service(&app, request.to_request()).await.status(), 500);
}
