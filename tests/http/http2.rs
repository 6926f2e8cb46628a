//! Tests over HTTP/2, where requests share a connection and each body is a separate stream.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::rt::net::TcpStream;
use actix_web::rt::{spawn, time};
use actix_web::web::Bytes;
use actix_web::{App, HttpServer, get, post};
use auth_actix::{Principal, require_auth};
use auth_tests::token::bearer;
use h2::client::SendRequest;
use http::Request;
use serde_json::json;

use crate::{BEARER, bearer_only};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.local_subject().into_owned()
}

#[require_auth]
#[post("/body")]
async fn body(body: String) -> String {
    body
}

/// Starts a server for both versions, and opens an HTTP/2 connection.
async fn connection() -> SendRequest<Bytes> {
    let auth = bearer_only().build().unwrap();
    let server = HttpServer::new(move || App::new().service(auth.scope("").service(me).service(body)));
    let server = server.workers(1).disable_signals().bind_auto_h2c(("127.0.0.1", 0)).unwrap();
    let address: SocketAddr = server.addrs()[0];
    spawn(server.run());
    let (client, connection) = h2::client::handshake(TcpStream::connect(address).await.unwrap()).await.unwrap();
    spawn(async move {
        let _ = connection.await;
    });
    client.ready().await.unwrap()
}

fn request(method: &str, path: &str, authorization: &[&str]) -> Request<()> {
    let request = Request::builder().method(method).uri(format!("http://localhost{path}"));
    authorization.iter().fold(request, |request, value| request.header("authorization", *value)).body(()).unwrap()
}

#[actix_web::test]
async fn http2_streams_keep_separate_identities() {
    // HTTP-3, HTTP-17
    let mut client = connection().await;
    let (alice, bob) = (bearer(json!({ "sub": "alice" })), bearer(json!({ "sub": "bob" })));
    let mut answers = Vec::new();
    for turn in 0..30 {
        let (authorization, expected): (&[&str], _) = match turn % 4 {
            0 => (&[&alice], Some("alice")),
            1 => (&[&bob], Some("bob")),
            2 => (&[], None),
            _ => (&[&alice, &bob], None),
        };
        // All requests are sent before the first response is read.
        answers.push((client.send_request(request("GET", "/me", authorization), true).unwrap().0, turn, expected));
    }
    for (answer, turn, expected) in answers {
        let answer = answer.await.unwrap();
        let status = if expected.is_some() {
            200
        } else if turn % 4 == 2 {
            401
        } else {
            400
        };
        assert_eq!(answer.status().as_u16(), status, "{turn}");
        let mut content = answer.into_body();
        let text = content.data().await.unwrap().unwrap();
        if let Some(expected) = expected {
            assert_eq!(text, expected, "{turn}");
        }
    }
}

#[actix_web::test]
async fn http2_denial_neither_awaits_nor_drains_the_body() {
    // M6
    let mut client = connection().await;
    let (answer, mut sending) = client.send_request(request("POST", "/body", &[]), false).unwrap();
    let answer = time::timeout(Duration::from_secs(2), answer).await.expect("an answer before the body").unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers()["www-authenticate"], BEARER);
    assert!(!answer.headers().contains_key("connection"), "that is a field of version 1");
    // The sender finds the stream closed before it has sent more than the flow-control window.
    let mut sent = 0_usize;
    let closed = time::timeout(Duration::from_secs(5), async {
        loop {
            sending.reserve_capacity(16 * 1024);
            match std::future::poll_fn(|context| sending.poll_capacity(context)).await {
                Some(Ok(capacity)) if sending.send_data(Bytes::from(vec![b'a'; capacity]), false).is_ok() => {
                    sent += capacity
                }
                _ => break,
            }
        }
    });
    let closed = closed.await.is_ok();
    assert!(closed || sent <= 1 << 20, "{sent} bytes were taken");
    // The connection remains usable.
    let alice = bearer(json!({ "sub": "alice" }));
    let answer = client.send_request(request("GET", "/me", &[&alice]), true).unwrap().0.await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
