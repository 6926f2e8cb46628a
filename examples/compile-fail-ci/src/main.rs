//! Starts the payroll API. `PORT` is the port to listen on (8080 by default). `JWT_SECRET` (at least 32 bytes) is the secret that
//! signs tokens.

use actix_web::{App, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = compile_fail_ci::settings(std::env::var("JWT_SECRET").unwrap_or_default().as_bytes()).build()?;
    HttpServer::new(move || App::new().service(compile_fail_ci::api(&auth))).bind(("127.0.0.1", port))?.run().await
}
