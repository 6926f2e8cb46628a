//! Tests of leases: a connection that outlives its request ends when the rule that admitted it no longer holds.

mod credentials;
mod rules;
mod strict_scopes;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Path, ServiceConfig};
use actix_web::{Error, HttpResponse, get, post};
use auth_actix::blocklist::Blocklist;
use auth_actix::identity::{ProvidedRoles, RolesUnavailable};
use auth_actix::jwt::Ticket;
use auth_actix::lease::{Lease, LeaseEnd};
use auth_actix::{Id, Peer, public, require, require_auth, require_role};
use auth_tests::proof;
use auth_tests::server::Server;
use auth_tests::token::{bearer, now};
use auth_tests::wire::{Request, get as ask};
use serde_json::json;

use crate::{Role, bearer_only};

/// A stream that never ends.
struct Ticks(actix_web::rt::time::Interval);

impl Ticks {
    fn new() -> Self {
        Self(actix_web::rt::time::interval(Duration::from_millis(100)))
    }
}

impl futures_core::Stream for Ticks {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_tick(context).map(|_| Some(Ok(Bytes::from_static(b"data: tick\n\n"))))
    }
}

const EVERY: Duration = Duration::from_secs(1);

fn stream(lease: Lease) -> HttpResponse {
    HttpResponse::Ok().content_type("text/event-stream").streaming(lease.every(EVERY).over(Ticks::new()))
}

#[require_auth]
#[get("/known")]
async fn known(lease: Lease) -> HttpResponse {
    stream(lease)
}

#[require_role("editor")]
#[get("/editors")]
async fn editors(lease: Lease) -> HttpResponse {
    stream(lease)
}

#[require_auth(max_age = "3s")]
#[get("/fresh")]
async fn fresh(lease: Lease) -> HttpResponse {
    stream(lease)
}

#[require(check(*id == 1) && !role("suspended"))]
#[get("/checked/{id}")]
async fn checked(id: Path<u64>, lease: Lease) -> HttpResponse {
    let _ = id;
    stream(lease)
}

#[public]
#[get("/open")]
async fn open(lease: Lease) -> HttpResponse {
    stream(lease)
}

/// Returns the reason why the lease ended.
#[require_auth]
#[get("/why")]
async fn why(lease: Lease) -> String {
    let mut lease = lease.every(EVERY);
    let end = (&mut lease).await;
    assert_eq!((&mut lease).await, end, "a second poll returns the same end");
    match end {
        LeaseEnd::Expired => "expired".to_owned(),
        other => format!("{other:?}"),
    }
}

#[require_auth]
#[post("/ticket")]
async fn ticket(ticket: Ticket) -> String {
    ticket.into_string()
}

#[derive(Clone, Default)]
struct Database {
    withdrawn: Arc<AtomicBool>,
    away: Arc<AtomicBool>,
}

/// Starts a server. Returns it with the database of its roles, and its block list.
fn serve() -> (Server, Database, Blocklist) {
    let (database, blocks) = (Database::default(), Blocklist::memory());
    let asked = database.clone();
    let roles = ProvidedRoles::new(move |caller: Id, _| {
        let asked = asked.clone();
        async move {
            match caller.to_string().contains("editor") {
                _ if asked.away.load(Ordering::SeqCst) => Err(RolesUnavailable),
                true if !asked.withdrawn.load(Ordering::SeqCst) => Ok(vec!["editor".to_owned()]),
                _ => Ok(Vec::new()),
            }
        }
    });
    let auth = bearer_only().roles_from(roles).blocks(blocks.clone()).client_address(Peer).tickets();
    let auth = auth.bearer_in_subprotocol("bearer").build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(known).service(editors).service(fresh).service(checked).service(open);
        config.service(scope.service(why).service(ticket));
    });
    (server, database, blocks)
}

/// Returns how long the response lasts after it has started and `then` was called, or `None` if it outlasts `most`.
fn lasts(
    server: &Server,
    path: &str,
    claims: serde_json::Value,
    most: Duration,
    then: impl FnOnce(),
) -> Option<Duration> {
    lasts_of(server, &ask(path).authorization(bearer(claims)), most, then)
}

fn lasts_of(server: &Server, request: &Request, most: Duration, then: impl FnOnce()) -> Option<Duration> {
    use std::io::{Read as _, Write as _};
    let mut socket = std::net::TcpStream::connect(server.address).unwrap();
    socket.write_all(&request.bytes()).unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("tick") {
        let count = socket.read(&mut buffer).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..count]);
    }
    then();
    let begun = Instant::now();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    while begun.elapsed() < most {
        match socket.read(&mut buffer) {
            // The last chunk, or the end of the connection.
            Ok(0) => return Some(begun.elapsed()),
            Ok(count) if buffer[..count].ends_with(b"0\r\n\r\n") => return Some(begun.elapsed()),
            Ok(_) => {}
            Err(error) => {
                assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut))
            }
        }
    }
    None
}

/// Returns a request with a token that is bound to a new key, and its proof.
fn proven(path: &str, mut claims: serde_json::Value) -> Request {
    let key = proof::Key::new();
    claims["cnf"] = json!({"jkt": key.thumbprint()});
    let token = auth_tests::token::token(claims);
    let claims = json!({
        "jti": proof::fresh(), "htm": "GET", "htu": format!("https://reports.example{path}"),
        "iat": now(), "ath": proof::hash(&token),
    });
    let proof = key.proof(json!({}), claims, json!({}));
    ask(path).authorization(format!("DPoP {token}")).field("DPoP", &proof)
}
