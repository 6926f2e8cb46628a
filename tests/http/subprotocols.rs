//! Tests of tokens in WebSocket subprotocols, which a page in a browser can set.

use actix_web::HttpResponse;
use actix_web::get;
use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use auth_actix::lease::Lease;
use auth_actix::{BuildError, Principal, require_auth};
use auth_tests::server::Server;
use auth_tests::token::{bearer, token};
use auth_tests::wire::get as ask;
use serde_json::json;

use crate::bearer_only;

#[require_auth]
#[get("/socket")]
async fn socket(caller: Principal, _lease: Lease) -> HttpResponse {
    let open = if caller.local_subject() == "alice" { StatusCode::SWITCHING_PROTOCOLS } else { StatusCode::OK };
    HttpResponse::build(open).insert_header(("x-caller", &*caller.local_subject())).finish()
}

#[test]
fn websocket_subprotocol_token_must_be_the_only_credential() {
    let auth = bearer_only().bearer_in_subprotocol("bearer").build().unwrap();
    let plain = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.strict_scope("/named").service(socket)).service(plain.scope("/plain").service(socket));
    });
    let (alice, bob) = (token(json!({"sub": "alice"})), token(json!({"sub": "bob"})));
    let bad = format!("{}x", token(json!({"sub": "bob"})));
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<String>, Option<String>, u16)> = vec![
        ("/named/socket", vec![format!("bearer, {bob}")],            None,                          200),
        ("/named/socket", vec![format!("chat,bearer ,  {bob}")],     None,                          200),
        ("/named/socket", vec![format!("bearer, {bob}, chat")],      None,                          200),
        ("/named/socket", vec![format!("bearer, {alice}")],          None,                          101),
        ("/named/socket", vec![],                                    Some(bearer(json!({"sub": "bob"}))), 200),
        ("/named/socket", vec!["chat".to_owned()],                   Some(bearer(json!({"sub": "bob"}))), 200),
        // HTTP-19: two credentials are rejected.
        ("/named/socket", vec![format!("bearer, {bob}")],            Some(bearer(json!({"sub": "bob"}))), 400),
        ("/named/socket", vec![format!("bearer, {bob}, bearer, {alice}")], None,                    400),
        ("/named/socket", vec![format!("bearer, {bob}"), "chat".to_owned()], None,                  400),
        ("/named/socket", vec!["bearer".to_owned()],                 None,                          400),
        ("/named/socket", vec!["bearer, {}".to_owned()],             None,                          400),
        ("/named/socket", vec![format!("bearer, {bad}")],            None,                          401),
        ("/named/socket", vec![format!("Bearer, {bob}")],            None,                          401),
        ("/named/socket", vec![format!("{bob}, bearer")],            None,                          400),
        ("/named/socket", vec!["chat".to_owned(), "superchat".to_owned()], None,                    401),
        ("/plain/socket", vec![format!("bearer, {bob}")],            None,                          401),
    ];
    for (path, protocols, authorization, status) in table {
        for upgrade in [true, false] {
            let mut request = ask(path);
            if upgrade {
                request = request.field("Upgrade", "websocket").field("Connection", "Upgrade");
            }
            request = protocols.iter().fold(request, |request, line| request.field("Sec-WebSocket-Protocol", line));
            if let Some(line) = &authorization {
                request = request.authorization(line);
            }
            // The field is ignored in requests that do not open a WebSocket.
            let expected = match (upgrade, &authorization) {
                (true, _) => status,
                (false, Some(_)) => 200,
                (false, None) => 401,
            };
            let mut connection = auth_tests::wire::Connection::open(server.address);
            connection.send(&request.bytes());
            let answer = connection.answer(true);
            assert_eq!(answer.status, expected, "{path} {protocols:?} {authorization:?} {upgrade}");
            // RFC 6455 §4.2.2: the server selects one of the offered subprotocols, and browsers require one.
            let chosen = answer.field("sec-websocket-protocol");
            assert_eq!(chosen, (expected == 101).then_some("bearer"), "{path} {protocols:?}");
        }
    }
    for (name, auth) in [
        ("", bearer_only().bearer_in_subprotocol("")),
        ("a b", bearer_only().bearer_in_subprotocol("a b")),
        (
            "bearer",
            auth_actix::Auth::builder()
                .bearer_in_subprotocol("bearer")
                .session(auth_actix::session::Sessions::memory()),
        ),
    ] {
        assert!(matches!(auth.build(), Err(BuildError::Subprotocol(told)) if told == name), "{name}");
    }
}
