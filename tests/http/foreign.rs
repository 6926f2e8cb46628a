//! Tests of attributes of other crates next to guard attributes, above and below the route: each sees the handler as it is
//! written, and an argument that one of them adds is extracted after the decision.

use actix_web::dev::ServiceRequest;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, get, web};
use actix_web_grants::{GrantsMiddleware, protect};
use auth_actix::{Principal, require_role};
use auth_tests::token::bearer;
use serde_json::json;

use crate::{Role, bearer_only};

/// Returns a report by id.
#[require_role("viewer")]
#[utoipa::path(responses((status = 200, description = "one")), params(("id" = u64, Path)))]
#[tracing::instrument(skip_all, fields(id = *id))]
#[get("/above/{id}")]
#[protect("READ")]
async fn above(caller: Principal, id: web::Path<u64>) -> String {
    format!("{} {id}", caller.local_subject())
}

/// Returns a report by id, with the rule below the route.
#[utoipa::path(responses((status = 200, description = "one")), params(("id" = u64, Path)))]
#[protect("READ")]
#[get("/below/{id}")]
#[tracing::instrument(skip_all)]
#[require_role("viewer")]
async fn below(caller: Principal, id: web::Path<u64>) -> String {
    format!("{} {id}", caller.local_subject())
}

async fn grants(request: &mut ServiceRequest) -> Result<std::collections::HashSet<String>, actix_web::Error> {
    Ok(request.headers().get("x-grant").and_then(|grant| grant.to_str().ok()).map(str::to_owned).into_iter().collect())
}

#[actix_web::test]
async fn rule_is_decided_before_third_party_attribute_extractors() {
    let auth = bearer_only().build().unwrap();
    let app = App::new().wrap(GrantsMiddleware::with_extractor(grants));
    let app = init_service(app.service(auth.scope("/api").service(above)).app_data(auth.clone()).service(below)).await;
    let viewer = bearer(json!({ "roles": ["viewer"] }));
    let stranger = bearer(json!({ "roles": [Role::Suspended] }));
    #[rustfmt::skip]
    let table = [
        // (credential, grant of the other crate, path parameter, status)
        (None,            Some("READ"), "x", 401),
        (None,            None,         "7", 401),
        (Some(&stranger), Some("READ"), "x", 403),
        (Some(&viewer),   None,         "7", 403),
        (Some(&viewer),   Some("READ"), "x", 404),
        (Some(&viewer),   Some("READ"), "7", 200),
    ];
    for path in ["/api/above", "/below"] {
        for (credential, grant, id, expected) in &table {
            let mut request = TestRequest::get().uri(&format!("{path}/{id}"));
            if let Some(credential) = credential {
                request = request.insert_header(("Authorization", credential.as_str()));
            }
            if let Some(grant) = grant {
                request = request.insert_header(("X-Grant", *grant));
            }
            let answer = call_service(&app, request.to_request()).await;
            assert_eq!(answer.status().as_u16(), *expected, "{path}/{id} {credential:?} {grant:?}");
            let ours = answer.headers().get("content-type").is_some_and(|kind| kind == "application/problem+json");
            assert_eq!(ours, *expected == 401 || *credential == Some(&stranger), "{path}: whose answer it is");
            if *expected == 200 {
                assert_eq!(read_body(answer).await, "alice 7");
            }
        }
    }
}
