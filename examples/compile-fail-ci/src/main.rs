//! Starts the payroll. `PORT` says where it listens, `JWT_SECRET` (at least 32 bytes) which secret signs tokens.

use actix_web::{App, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = compile_fail_ci::settings(std::env::var("JWT_SECRET").unwrap_or_default().as_bytes()).build()?;
    HttpServer::new(move || App::new().service(compile_fail_ci::api(&auth))).bind(("127.0.0.1", port))?.run().await
}
