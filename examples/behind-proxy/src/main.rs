//! An application behind a reverse proxy, with rules on the address of the client.
//!
//! Copy this when a rule names a network and requests come through nginx, Caddy, a load balancer. The socket's peer is
//! then the proxy, for everybody; and `X-Forwarded-For` begins with whatever the client wrote. So nothing is assumed: a
//! rule that names a network does not start until the proxies, their header and the own host names are said. The proxy
//! has to append to the header, as this one does, or to replace it:
//!
//! ```text
//! location / {
//!     proxy_pass http://127.0.0.1:8080;
//!     proxy_set_header Host $host;
//!     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
//! }
//! ```
//!
//! `PORT` says where it listens, `JWT_SECRET` (at least 32 bytes) which secret signs tokens.

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, get};
use auth_actix::{Auth, AuthBuilder, Forwarding, Jwt, deny_network, public, require, require_auth, require_network};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

// Whether strangers may come in is said beside a network, always: here whoever is inside, known or not.
#[public]
#[require_network("10.0.0.0/8", "fd00::/8")]
#[get("/metrics")]
async fn metrics() -> impl Responder {
    "up 1\n"
}

// Inside without a token, outside with one: a stranger outside is challenged (401), since a token would help.
#[require(role("admin") || network("10.0.0.0/8"))]
#[get("/status")]
async fn status() -> impl Responder {
    "all is well\n"
}

// An address that is not known is in no network, and is let in by no list: `deny_network` does not fail open.
#[require_auth]
#[deny_network("203.0.113.0/24")]
#[get("/account")]
async fn account() -> impl Responder {
    "your account\n"
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "intranet";

fn settings(secret: &[u8]) -> AuthBuilder {
    Auth::builder()
        .realm("intranet")
        .bearer(Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE))
        // Each proxy by its address: whoever is inside a trusted range could name any client. Only this one header is
        // read.
        .behind(["127.0.0.1", "::1"], Forwarding::XForwardedFor)
        // Asked for under another name, the address counts as not known. Otherwise the page of a stranger, whose name
        // leads to our address (DNS rebinding), could read what a network rule shows to the browser of somebody inside.
        .hosts(["intranet.example"])
}

fn intranet(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("").service(metrics).service(status).service(account)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = settings(std::env::var("JWT_SECRET").unwrap_or_default().as_bytes()).build()?;
    // On loopback, so that nobody gets here but through the proxy.
    HttpServer::new(move || App::new().service(intranet(&auth))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests;
