//! A site with an API that uses one format for all errors, including denials.
//!
//! Copy this if clients already expect your error format, or if browsers should show your own pages. The application renders the
//! body. The status, challenges, `Retry-After` and `Cache-Control` are always those of the decision, even if the rendered response
//! sets others.
//!
//! Run it with `cargo run -p own-errors`. `PORT` is the port to listen on (8080 by default). `JWT_SECRET` (at least 32 bytes) is
//! the secret that signs tokens.

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Html, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder, ResponseError, get, post};
use auth_actix::response::Refused;
use auth_actix::{Auth, AuthBuilder, Jwt, public, require_auth, require_role};
use serde::Deserialize;
use serde_json::json;

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

/// An error of this application. API clients match on `code`.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({ "error": { "code": self.code, "message": self.message } }))
    }
}

/// Renders a denial. The function receives only the kind of answer, so it cannot disclose which role is missing. The log contains
/// it.
fn render(refused: &Refused<'_>, request: &HttpRequest) -> HttpResponse {
    let answer = refused.answer;
    let mut response = if navigates(request) {
        // The texts are constants and contain nothing from the request, so nothing needs escaping.
        Html::new(format!("<!doctype html><title>{0}</title><h1>{0}</h1><p>{1}", answer.title, answer.detail))
            .respond_to(request)
            .map_into_boxed_body()
    } else {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::FORBIDDEN);
        Failure { status, code: answer.problem, message: refused.detail().to_owned() }.error_response()
    };
    // The URL has two representations, and a cache must not mix them up.
    response.headers_mut().insert(header::VARY, header::HeaderValue::from_static("Sec-Fetch-Mode"));
    response
}

/// Returns whether a browser navigates to a page. Browsers set this header, and scripts cannot.
fn navigates(request: &HttpRequest) -> bool {
    request.headers().get("Sec-Fetch-Mode").is_some_and(|mode| mode == "navigate")
}

#[require_auth]
#[get("/reports/{id}")]
async fn report(id: web::Path<u64>) -> impl Responder {
    format!("report {id}\n")
}

#[derive(Deserialize)]
struct NewReport {
    title: String,
}

#[require_role("admin")]
#[post("/reports")]
async fn publish(new: Json<NewReport>) -> impl Responder {
    format!("published {:?}\n", new.title)
}

#[derive(Deserialize)]
struct Login {
    return_to: Option<String>,
}

// Browser navigations that need a login are redirected here. The page has to be public, because otherwise it would redirect to
// itself.
#[public]
#[get("/login")]
async fn login_page(query: web::Query<Login>) -> impl Responder {
    // Anyone can create a link to this page, so the return path must be on this site. Browsers treat `\` as `/` and skip tabs.
    let is_here = |path: &&str| {
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte));
        plain && path.starts_with('/') && !path.starts_with("//")
    };
    let path = query.return_to.as_deref().filter(is_here).unwrap_or("/").replace('&', "&amp;");
    Html::new(format!("<!doctype html><title>Log in</title><p>Log in, and then go on to <a href=\"{path}\">{path}</a>"))
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "reports";

fn settings(secret: &[u8]) -> AuthBuilder {
    Auth::builder()
        .realm("reports")
        .bearer(Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE))
        .render(render)
        .login_page("/login")
}

fn site(auth: &Auth) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let scope = auth.scope("").service(report).service(publish).service(login_page);
    // Rejections of extractors and unknown paths use the same format. Rules are decided first, so unauthorized callers do not see
    // these errors.
    let others = auth.json_errors();
    |config| {
        config.configure(others).service(scope);
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = settings(std::env::var("JWT_SECRET").unwrap_or_default().as_bytes()).build()?;
    HttpServer::new(move || App::new().configure(site(&auth))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests;
