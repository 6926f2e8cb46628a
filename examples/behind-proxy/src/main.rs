//! An application behind a reverse proxy, with rules on the network and country of the client, and a block list.
//!
//! Copy this if a rule names a network and requests arrive through nginx, Caddy or a load balancer. The peer of the socket is then
//! always the proxy, and the first entries of `X-Forwarded-For` are written by the client. No defaults are assumed: an application
//! with a network rule does not start until the proxies, their header and its own host names are configured. The proxy must append
//! to the header, as in this configuration, or replace it:
//!
//! ```text
//! location / {
//!     proxy_pass http://127.0.0.1:8080;
//!     proxy_set_header Host $host;
//!     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
//!     proxy_set_header X-Country $geoip2_country_code;   # always set, so that a value sent by the client is replaced
//! }
//! ```
//!
//! Run it with `cargo run -p behind-proxy`. `BLOCKS` is the path of the block list (`blocks.txt` by default). It has one entry per
//! line, such as `block address 203.0.113.0/24` or `block subject user:18:https://id.example:alice`, and is reloaded when it
//! changes. If the proxy cannot determine countries, use `Countries::database(Database::open("GeoLite2-Country.mmdb")?)` (feature
//! `geoip`).
//!
//! `PORT` is the port to listen on (8080 by default). `JWT_SECRET` (at least 32 bytes) is the secret that signs tokens. The default
//! secret is for trying the example only.

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, get};
use auth_actix::blocklist::Blocklist;
use auth_actix::client::{Countries, ForwardingHeader};
use auth_actix::{Auth, AuthBuilder, Jwt, deny_country, deny_network, public, require, require_auth, require_network};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

// A network rule must state whether it also requires authentication. This one admits every caller inside the network.
#[public]
#[require_network("10.0.0.0/8", "fd00::/8")]
#[get("/metrics")]
async fn metrics() -> impl Responder {
    "up 1\n"
}

// Inside the network without a token, outside with one. An anonymous caller outside gets a challenge (401), because a token would
// help.
#[require(role("admin") || network("10.0.0.0/8"))]
#[get("/status")]
async fn status() -> impl Responder {
    "up\n"
}

// An unknown address is in no network, but `deny_network` still denies it: the rule does not fail open.
#[require_auth]
#[deny_network("203.0.113.0/24")]
#[get("/account")]
async fn account() -> impl Responder {
    "your account\n"
}

// An unknown country is denied as well.
#[public]
#[deny_country("KP")]
#[get("/downloads")]
async fn downloads() -> impl Responder {
    "for export\n"
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "intranet";

fn settings(secret: &[u8], blocks: Blocklist) -> AuthBuilder {
    Auth::builder()
        .realm("intranet")
        .bearer(Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE))
        // Each proxy by its address, because any host in a trusted range could claim any client address. Only this header is read.
        .trusted_proxies(["127.0.0.1", "::1"], ForwardingHeader::XForwardedFor)
        // Requests for other host names have an unknown address. Otherwise, with DNS rebinding, a foreign page could use the
        // browser of a user inside the network to read what a network rule protects.
        .hosts(["intranet.example"])
        // The header is only accepted from the proxies.
        .countries(Countries::header("X-Country"))
        // Addresses are checked first, subjects and tokens after they are verified.
        .blocks(blocks)
}

fn intranet(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("").service(metrics).service(status).service(account).service(downloads)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let secret = std::env::var("JWT_SECRET").unwrap_or_else(|_| "only for this example, not a secret".to_owned());
    let list = std::env::var("BLOCKS").unwrap_or("blocks.txt".into());
    // Without a file the list is empty until the application adds entries.
    let blocks = if std::path::Path::new(&list).exists() { Blocklist::file(list)? } else { Blocklist::memory() };
    let auth = settings(secret.as_bytes(), blocks).build()?;
    // Listens on loopback only, so that all requests come through the proxy.
    HttpServer::new(move || App::new().service(intranet(&auth))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests;
