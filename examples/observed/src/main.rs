//! What happens, for who has to know: every decision counted for Prometheus, and an audit trail as lines of JSON.
//!
//! Copy this beside any of the others. Prometheus scrapes `/metrics`, which answers this machine alone; the trail is a file that
//! is turned over at 10 MiB. Events wait in a queue of their own: a slow disk holds up no request, and what does not fit is
//! counted.
//!
//! ```text
//! cargo run -p observed --features metrics
//! ```

use std::io;
use std::path::Path;

use actix_web::{App, HttpServer, get, web};
use auth_actix::audit::{Bounded, JsonLines};
use auth_actix::{Auth, AuthBuilder, Jwt, Peer, public, require_network, require_role};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

#[require_role("admin")]
#[get("/reports")]
async fn reports() -> &'static str {
    "all of them"
}

/// Prometheus has no token; it has an address.
#[public]
#[require_network("127.0.0.1", "::1")]
#[get("/metrics")]
async fn metrics(prometheus: web::Data<PrometheusHandle>) -> String {
    prometheus.render()
}

fn settings(jwt: Jwt, trail: &Path) -> io::Result<AuthBuilder> {
    let trail = JsonLines::open(trail)?.rotate(10 * 1024 * 1024, 5);
    Ok(Auth::builder()
        .realm("reports")
        .bearer(jwt)
        .roles::<Role>()
        .client_address(Peer)
        .hosts(["localhost", "127.0.0.1"])
        .audit(Bounded::new(trail, 10_000)?)
        .audit_grants())
}

fn site(auth: &Auth) -> impl actix_web::dev::HttpServiceFactory + use<> {
    auth.scope("").service(reports).service(metrics)
}

#[actix_web::main]
#[allow(clippy::print_stdout, reason = "for the person who started it")]
async fn main() -> io::Result<()> {
    let prometheus = web::Data::new(PrometheusBuilder::new().install_recorder().map_err(io::Error::other)?);
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = settings(Jwt::dev(), Path::new("audit.jsonl"))?.build()?;
    println!("then look at  curl http://127.0.0.1:{port}/metrics  and at audit.jsonl");
    HttpServer::new(move || App::new().app_data(prometheus.clone()).service(site(&auth)))
        .bind(("127.0.0.1", port))?
        .run()
        .await
}

#[cfg(test)]
mod tests;
