//! An API that is documented with utoipa. Its OpenAPI document is protected by a rule as well.
//!
//! Copy this if handlers have `#[utoipa::path]` next to their rule. utoipa reads the original signature, whether its attribute is
//! above or below the rule. Do not use utoipa-actix-web: it collects operations with its own scopes, and those accept handlers
//! without a rule.
//!
//! Run it with `cargo run -p openapi`. `PORT` is the port to listen on (8080 by default). `JWT_SECRET` (at least 32 bytes) is the
//! secret that signs tokens.

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, get, post, web};
use auth_actix::{Auth, AuthBuilder, Jwt, Principal, public, require_auth, require_role};
use serde::{Deserialize, Serialize};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Staff))]
    Admin,
    Staff,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Report {
    title: String,
}

// utoipa below the rule: path, method, parameters and body are read from the route attribute and the signature.
#[require_auth]
#[utoipa::path(
    responses((status = OK, body = Report), (status = UNAUTHORIZED)),
    security(("bearer" = []))
)]
#[get("/reports/{id}")]
async fn report(id: web::Path<u64>, caller: Principal) -> impl Responder {
    web::Json(Report { title: format!("report {id} for {}", caller.local_subject()) })
}

// utoipa above the rule. The rule must always be above the route attribute, because the scope recognizes it only there.
#[utoipa::path(
    responses((status = OK, body = Report), (status = UNAUTHORIZED), (status = FORBIDDEN)),
    security(("bearer" = []))
)]
#[require_role("admin")]
#[post("/reports")]
async fn publish(new: web::Json<Report>) -> impl Responder {
    new
}

#[utoipa::path(responses((status = OK, body = str)), security(()))]
#[public]
#[get("/health")]
async fn health() -> &'static str {
    "up\n"
}

// The API description is for staff only.
#[require_role("staff")]
#[get("/openapi.json")]
async fn serve_document() -> impl Responder {
    web::Json(Document::openapi())
}

#[derive(OpenApi)]
#[openapi(paths(report, publish, health), modifiers(&Bearer))]
struct Document;

/// Defines the security scheme that `security(("bearer" = []))` refers to.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "reports";

fn settings(secret: &[u8]) -> AuthBuilder {
    Auth::builder().realm("reports").bearer(Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE))
}

fn api(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("").service(report).service(publish).service(health).service(serve_document)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = settings(std::env::var("JWT_SECRET").unwrap_or_default().as_bytes()).build()?;
    HttpServer::new(move || App::new().service(api(&auth))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, call_and_read_body_json, call_service, init_service};
    use auth_actix::test::Keys;
    use serde_json::{Value, json};

    use super::*;

    #[actix_web::test]
    async fn documented_security_matches_anonymous_responses() {
        let keys = Keys::new();
        let auth = settings(&[]).test_keys(&keys).build().unwrap();
        let app = init_service(App::new().service(api(&auth))).await;
        let staff = format!("Bearer {}", keys.token(ISSUER, AUDIENCE, &json!({ "roles": ["staff"] })));
        let document = || TestRequest::get().uri("/openapi.json");
        assert_eq!(call_service(&app, document().to_request()).await.status(), 401);
        let request = document().insert_header(("Authorization", staff)).to_request();
        let document: Value = call_and_read_body_json(&app, request).await;

        // Rules and `security(…)` are separate declarations, so each documented operation is requested without a token and
        // compared.
        let mut operations = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let method: Method = method.to_uppercase().parse().unwrap();
                let request = TestRequest::with_uri(&path.replace("{id}", "7")).method(method.clone()).to_request();
                let refused = call_service(&app, request).await.status() == 401;
                assert_eq!(operation["security"][0].get("bearer").is_some(), refused, "{method} {path}");
                operations += 1;
            }
        }
        assert_eq!(operations, 3);
        let parameters = &document["paths"]["/reports/{id}"]["get"]["parameters"];
        assert_eq!(parameters[0]["name"], "id", "the signature is read as it is written: {parameters}");
    }
}
