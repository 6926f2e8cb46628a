//! Monitoring of access decisions: Prometheus metrics, and an audit log in JSON Lines format.
//!
//! Combine this with any of the other examples. Prometheus scrapes `/metrics`, which only answers requests from this machine. The
//! audit log is a file that is rotated at 10 MiB. Events are written from a separate queue, so a slow disk does not delay requests.
//! Events that do not fit in the queue are dropped and counted.
//!
//! ```text
//! cargo run -p observed --features metrics
//! ```
//!
//! `PORT` is the port to listen on (8080 by default).

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

/// Prometheus sends no token and is identified by its address.
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
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn main() -> io::Result<()> {
    let prometheus = web::Data::new(PrometheusBuilder::new().install_recorder().map_err(io::Error::other)?);
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = settings(Jwt::dev(), Path::new("audit.jsonl"))?.build()?;
    println!("metrics: curl http://127.0.0.1:{port}/metrics, audit log: audit.jsonl");
    HttpServer::new(move || App::new().app_data(prometheus.clone()).service(site(&auth)))
        .bind(("127.0.0.1", port))?
        .run()
        .await
}

#[cfg(test)]
mod tests;
