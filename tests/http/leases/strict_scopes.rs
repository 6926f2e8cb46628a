//! Tests of strict scopes, in which a WebSocket needs a lease.

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::lease::Lease;
use auth_actix::{require, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::get as ask;
use serde_json::json;

use super::known;
use crate::{Role, bearer_only};

#[test]
fn strict_scope_refuses_websockets_without_a_lease() {
    // M1
    let auth = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("/plain").service(unleased));
        config.service(
            auth.strict_scope("/strict").service(unleased).service(known).service(unleased_too).service(hidden),
        );
    });
    for (path, upgrade, status) in [
        ("/plain/unleased", "websocket", 200),
        ("/strict/unleased", "WebSocket", 403),
        ("/strict/unleased-too", "websocket", 403),
        // actix accepts these as WebSocket upgrades.
        ("/strict/unleased", "websocket, h2c", 403),
        ("/strict/unleased", "xWebSocketx", 403),
        ("/strict/unleased", "h2c", 200),
        ("/strict/unleased", "", 200),
    ] {
        let request = ask(path).authorization(bearer(json!({"sub": "alice"})));
        let request = if upgrade.is_empty() { request } else { request.field("Upgrade", upgrade) };
        assert_eq!(server.send(&request).status, status, "{path} {upgrade}");
    }
    // Unauthorized callers get the usual response, and a hidden handler stays hidden.
    let socket = |path: &str| ask(path).field("Upgrade", "websocket");
    assert_eq!(server.send(&socket("/strict/unleased")).status, 401);
    let answers = ["hidden", "unknown"].map(|name| {
        let answer = server.send(&socket(&format!("/strict/{name}")).authorization(bearer(json!({"sub": "alice"}))));
        (answer.status, answer.text().to_owned())
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 404);
}

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn hidden(_lease: Lease) -> &'static str {
    "on and on"
}

#[require_auth]
#[get("/unleased")]
async fn unleased() -> &'static str {
    "on and on"
}

#[require(check(!principal.is_client()))]
#[get("/unleased-too")]
async fn unleased_too() -> &'static str {
    "on and on"
}
