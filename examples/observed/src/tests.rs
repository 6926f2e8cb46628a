//! Tests that each kind of decision is counted and recorded.

use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use auth_actix::test::Keys;
use serde_json::{Value, json};

use super::*;

#[actix_web::test]
async fn each_decision_is_counted_and_audited() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit.jsonl");
    let recorder = PrometheusBuilder::new().install_recorder().unwrap();
    let keys = Keys::new();
    let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
    let auth = settings(jwt, &trail).unwrap().test_keys(&keys).build().unwrap();
    let app = init_service(App::new().app_data(web::Data::new(recorder)).service(site(&auth))).await;
    let token =
        |roles: &[&str]| keys.token("https://id.example", "reports", &json!({ "sub": "alice", "roles": roles }));
    let get = |path: &str| {
        TestRequest::get().uri(path).insert_header(("Host", "localhost")).peer_addr("127.0.0.1:1".parse().unwrap())
    };
    let tokens = [(None, 401), (Some(token(&["viewer"])), 403), (Some(token(&["admin"])), 200)];
    for (token, expected) in tokens {
        let request = token.iter().fold(get("/reports"), |request, token| {
            request.insert_header(("Authorization", format!("Bearer {token}")))
        });
        assert_eq!(call_service(&app, request.to_request()).await.status(), expected);
    }
    let outside = get("/metrics").peer_addr("192.0.2.1:1".parse().unwrap());
    assert_eq!(call_service(&app, outside.to_request()).await.status(), 403, "only from this machine");
    let counted = call_and_read_body(&app, get("/metrics").to_request()).await;
    let counted = String::from_utf8_lossy(&counted);
    for reason in ["missing-credentials", "insufficient-permissions", "access-blocked", "none"] {
        assert!(counted.contains(&format!("reason=\"{reason}\"")), "{reason}: {counted}");
    }
    assert!(counted.contains("auth_authentication_seconds"), "{counted}");
    let events = || -> Vec<Value> {
        let text = std::fs::read_to_string(&trail).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    // Events are written from a queue.
    for _ in 0..100 {
        if events().len() >= 5 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let happened: Vec<_> = events().iter().map(|event| event["happened"].clone()).collect();
    assert_eq!(happened, ["denied", "denied", "granted", "denied", "granted"]);
}
