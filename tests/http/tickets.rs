//! Tests of single-use tickets, for requests of a page that cannot set headers.

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::identity::PrincipalBuilder;
use auth_actix::jwt::Ticket;
use auth_actix::scheme::{Authenticator, CredentialLocation, CustomScheme};
use auth_actix::{Auth, BuildError, Confers, LocalBoxFuture, Principal, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::{bearer, now};
use auth_tests::wire::{Request, get as ask, request};
use serde_json::json;

use crate::{Role, bearer_only, jwt};

#[require_auth]
#[post("/ticket")]
async fn ticket(ticket: Ticket) -> String {
    assert!(!format!("{ticket:?}").contains("eyJ"));
    ticket.into_string()
}

#[require_role("viewer")]
#[get("/events")]
async fn events(caller: Principal, again: Principal2) -> String {
    assert_eq!(caller.id(), again.0.id());
    caller.local_subject().into_owned()
}

/// An application extractor that wraps the principal.
struct Principal2(Principal);

impl actix_web::FromRequest for Principal2 {
    type Error = actix_web::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &actix_web::HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let principal = Principal::from_request(request, payload);
        Box::pin(async { principal.await.map(Self) })
    }
}

/// A custom credential in its own header.
struct ByHeader;

impl Authenticator for ByHeader {
    fn name(&self) -> &'static str {
        "By"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Header("X-By")
    }

    fn authenticate<'a>(
        &'a self,
        _: &'a actix_web::HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, auth_actix::scheme::AuthenticateError>> {
        Box::pin(async { Ok(Principal::builder("somebody")) })
    }
}

fn stream(target: &str) -> Request {
    ask(target).field("Accept", "text/event-stream")
}

#[test]
fn ticket_is_single_use_and_excludes_other_credentials() {
    let own = CustomScheme::new(ByHeader).confers(Confers::nothing());
    let auth = Auth::builder().bearer(jwt().confers(Confers::everything())).scheme(own).tickets();
    let auth = auth.roles::<Role>().build().unwrap();
    let without = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("/a").service(ticket).service(events));
        config.service(without.scope("/b").service(events));
    });
    let claims = |name: &str| json!({"sub": name, "roles": ["viewer"]});
    let issue = |claims: serde_json::Value| {
        let answer = server.send(&request("POST", "/a/ticket").authorization(bearer(claims)).body(""));
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    };
    let target = |given: &str| format!("/a/events?x=1&ticket={given}");
    let (one, two) = (issue(claims("alice")), issue(claims("bob")));
    let first = server.send(&stream(&target(&one)));
    assert_eq!((first.status, first.text()), (200, "alice"));
    assert_eq!(first.field("cache-control"), Some("private"), "no shared cache sees what has decided");
    let again = server.send(&stream(&target(&one)));
    assert_eq!((again.status, again.problem().as_str()), (401, "invalid-credentials"), "used");
    // HTTP-19: next to another credential neither is accepted, and the ticket is not consumed.
    let both = stream(&target(&two)).authorization(bearer(claims("alice")));
    assert_eq!(server.send(&both).status, 400);
    assert_eq!(server.send(&stream(&format!("{}&ticket={two}", target(&two)))).status, 400);
    assert_eq!(server.send(&stream(&target(&two)).field("X-By", "somebody")).status, 400);
    // A ticket in the query is ignored in requests for which a page could set a header.
    let posted = request("POST", &target(&two)).field("Upgrade", "websocket").field("Connection", "Upgrade");
    assert_eq!(server.send(&posted.body("")).status, 404, "no such route: it is not asked");
    assert_eq!(server.send(&ask(&target(&two))).status, 401);
    let socket = ask(&target(&two)).field("Upgrade", "websocket").field("Connection", "Upgrade");
    assert_eq!(server.send(&socket).text(), "bob");
    for none in ["", "x", &"A".repeat(43), &"A".repeat(5000)] {
        assert_eq!(server.send(&stream(&target(none))).status, 401, "{none}");
    }
    // A ticket does not grant more than its token, and does not outlive it.
    let viewer = issue(json!({"sub": "eve", "roles": []}));
    assert_eq!(server.send(&stream(&target(&viewer))).status, 403);
    let short = issue(json!({"sub": "alice", "roles": ["viewer"], "exp": now() - 59}));
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    assert_eq!(server.send(&stream(&target(&short))).problem(), "expired-credentials");
    // Another `Auth` does not accept the ticket, and issues none unless configured.
    let three = issue(claims("alice"));
    assert_eq!(server.send(&stream(&format!("/b/events?ticket={three}"))).status, 401);
    let starts = Server::try_start(1, |config: &mut ServiceConfig| {
        config.service(bearer_only().build().unwrap().scope("").service(ticket));
    });
    assert!(starts.is_err(), "`.tickets()` was not called");
    // One user cannot exhaust the tickets of others.
    let mut last = 200;
    for _ in 0..20 {
        last = server.send(&request("POST", "/a/ticket").authorization(bearer(claims("mallory"))).body("")).status;
    }
    assert_eq!(last, 429);
    issue(claims("alice"));
    assert_eq!(server.send(&request("POST", "/a/ticket").body("")).status, 401);
    let built = Auth::builder().tickets().session(auth_actix::session::Sessions::memory()).build();
    assert!(matches!(built, Err(BuildError::TicketsWithoutTokens)));
}
