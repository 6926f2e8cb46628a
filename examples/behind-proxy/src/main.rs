//! An application behind a reverse proxy, with rules on the address of the client and its country, and a block list.
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
//!     proxy_set_header X-Country $geoip2_country_code;   # always set: what the client wrote must not come through
//! }
//! ```
//!
//! `BLOCKS` names a file of who is blocked (`blocks.txt` unless set), an entry a line, which is read again when it changes:
//! `block address 203.0.113.0/24`, `block subject user:18:https://id.example:alice`. Without a proxy that knows countries,
//! take `Countries::database(Database::open("GeoLite2-Country.mmdb")?)` (feature `geoip`).
//!
//! `PORT` says where it listens, `JWT_SECRET` (at least 32 bytes) which secret signs tokens; one of its own is for a first look.

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, get};
use auth_actix::blocklist::Blocklist;
use auth_actix::client::{Countries, ForwardingHeader};
use auth_actix::{Auth, AuthBuilder, Jwt, deny_country, deny_network, public, require, require_auth, require_network};

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

// A country that is not known is refused as well.
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
        // Each proxy by its address: whoever is inside a trusted range could name any client. Only this one header is
        // read.
        .trusted_proxies(["127.0.0.1", "::1"], ForwardingHeader::XForwardedFor)
        // Asked for under another name, the address counts as not known. Otherwise the page of a stranger, whose name
        // leads to our address (DNS rebinding), could read what a network rule shows to the browser of somebody inside.
        .hosts(["intranet.example"])
        // From anybody but the proxies this header says nothing.
        .countries(Countries::header("X-Country"))
        // Addresses before anything else, subjects and tokens once they are verified.
        .blocks(blocks)
}

fn intranet(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("").service(metrics).service(status).service(account).service(downloads)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let secret = std::env::var("JWT_SECRET").unwrap_or_else(|_| "for this example, and nowhere else".to_owned());
    let list = std::env::var("BLOCKS").unwrap_or("blocks.txt".into());
    // Without a list nobody is blocked, until the application adds somebody.
    let blocks = if std::path::Path::new(&list).exists() { Blocklist::file(list)? } else { Blocklist::memory() };
    let auth = settings(secret.as_bytes(), blocks).build()?;
    // On loopback, so that nobody gets here but through the proxy.
    HttpServer::new(move || App::new().service(intranet(&auth))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests;
