//! Tests of the page of the example `live` in a real browser: credentials for requests without custom headers.

use std::time::Duration;

use actix_web::web::{Bytes, Html, Payload, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse, get, post, rt};
use actix_ws::{CloseCode, CloseReason};
use auth_actix::blocklist::{BlockEntry, Blocklist};
use auth_actix::jwt::Ticket;
use auth_actix::lease::Lease;
use auth_actix::{Auth, Id, Jwt, Peer, Principal, public, require_auth};
use auth_tests::server::Server;
use auth_tests::token;
use futures_core::Stream;
use serde_json::json;

use crate::browser::Browser;

const AT_MOST: Duration = Duration::from_secs(1);

#[public]
#[get("/")]
async fn page() -> Html {
    Html::new(include_str!("../../examples/live/src/page.html"))
}

#[require_auth]
#[post("/ticket")]
async fn ticket(ticket: Ticket) -> String {
    ticket.into_string()
}

#[require_auth]
#[get("/events")]
async fn events(caller: Principal, lease: Lease) -> HttpResponse {
    let events = Once(Some(format!("data: events of {}\n\n", caller.local_subject())));
    HttpResponse::Ok().content_type("text/event-stream").streaming(lease.every(AT_MOST).over(events))
}

/// A stream with one event that never ends.
struct Once(Option<String>);

impl Stream for Once {
    type Item = Result<Bytes, Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.take().map_or(std::task::Poll::Pending, |event| std::task::Poll::Ready(Some(Ok(event.into()))))
    }
}

#[require_auth]
#[get("/socket")]
async fn socket(caller: Principal, lease: Lease, request: HttpRequest, body: Payload) -> Result<HttpResponse, Error> {
    let (response, mut session, _) = actix_ws::handle(&request, body)?;
    rt::spawn(async move {
        session.text(format!("socket of {}", caller.local_subject())).await.unwrap();
        lease.every(AT_MOST).await;
        let description = Some("access has ended".to_owned());
        session.close(Some(CloseReason { code: CloseCode::Policy, description })).await.unwrap();
    });
    Ok(response)
}

#[test]
fn page_connects_by_subprotocol_and_ticket_until_blocked() {
    let Some(browser) = Browser::start() else { return };
    let blocks = Blocklist::memory();
    let tokens = Jwt::hs256(token::SECRET).issuer(token::ISSUER).audience(token::AUDIENCE);
    let auth = Auth::builder().bearer(tokens).bearer_in_subprotocol("bearer").tickets();
    let auth = auth.blocks(blocks.clone()).client_address(Peer).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.strict_scope("").service(page).service(ticket).service(events).service(socket);
        config.service(scope);
    });
    let alice = token::token(json!({"sub": "alice"}));
    let bad = format!("{}x", &alice[..alice.len() - 1]);
    browser.open(&format!("http://localhost:{}/#{bad}", server.address.port()));
    browser.shows("refused: 401");
    assert_eq!(browser.run("return document.getElementById('socket').textContent"), "closed");
    browser.open("about:blank");
    browser.open(&format!("http://localhost:{}/#{alice}", server.address.port()));
    browser.shows("open, by bearer");
    browser.shows("socket of alice");
    browser.shows("events of alice");
    blocks.add(BlockEntry::BlockSubject(Id::user(token::ISSUER, "alice"))).unwrap();
    browser.shows("access has ended");
    // The page requests another ticket, which is denied.
    browser.shows("refused: 403");
}
