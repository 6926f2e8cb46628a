//! Tests of leases: a connection that outlives its request ends when the rule that admitted it no longer holds.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Path, ServiceConfig};
use actix_web::{Error, HttpResponse, get, post};
use auth_actix::api_key::ApiKey;
use auth_actix::blocklist::{BlockEntry, Blocklist};
use auth_actix::dpop::Dpop;
use auth_actix::identity::{Grants, ProvidedRoles, RolesUnavailable};
use auth_actix::jwt::Ticket;
use auth_actix::lease::{Lease, LeaseEnd};
use auth_actix::{Id, Peer, guarded, public, require, require_auth, require_permission, require_role, rule};
use auth_tests::proof;
use auth_tests::server::Server;
use auth_tests::token::{ISSUER, bearer, now};
use auth_tests::wire::{Request, get as ask, request};
use serde_json::json;

use crate::{Permission, Role, bearer_only};

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
    assert_eq!((&mut lease).await, end, "asked again, it says the same");
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

#[test]
fn stream_ends_once_its_rule_no_longer_holds() {
    // M1
    let most = Duration::from_secs(6);
    let mut threads = Vec::new();
    let mut case = |name: &'static str, run: fn() -> Option<Duration>, from: u64, to: u64| {
        threads.push((name, std::thread::spawn(run), Duration::from_millis(from), Duration::from_millis(to)));
    };
    const MOST: Duration = Duration::from_secs(6);
    // The clock leeway is 60 s, so a token that should end in two seconds has to be expired for 58 s.
    let _ = most;
    case(
        "its token expires",
        || {
            let (server, ..) = serve();
            lasts(&server, "/known", json!({"sub": "alice", "exp": now() - 58}), MOST, || {})
        },
        500,
        3_500,
    );
    case(
        "its login becomes too old",
        || {
            let (server, ..) = serve();
            lasts(&server, "/fresh", json!({"sub": "alice", "auth_time": now()}), MOST, || {})
        },
        2_000,
        5_500,
    );
    case(
        "its caller is blocked",
        || {
            let (server, _, blocks) = serve();
            lasts(&server, "/known", json!({"sub": "alice"}), MOST, move || {
                blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "alice"))).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "its token is revoked",
        || {
            let (server, _, blocks) = serve();
            let (issuer, jti) = (ISSUER.to_owned(), "one".to_owned());
            let expires = auth_actix::identity::Timestamp::from_seconds(now() + 3600);
            lasts(&server, "/known", json!({"sub": "alice", "jti": "one"}), MOST, move || {
                blocks.add(BlockEntry::RevokeToken { issuer, jti, expires }).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "all of its caller's are",
        || {
            let (server, _, blocks) = serve();
            lasts(&server, "/known", json!({"sub": "alice", "iat": now() - 5}), MOST, move || {
                let since = auth_actix::identity::Timestamp::from_seconds(now());
                blocks.add(BlockEntry::RevokeSubject { id: Id::user(ISSUER, "alice"), since }).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "the token of its ticket expires",
        || {
            let (server, ..) = serve();
            let claims = json!({"sub": "alice", "exp": now() - 58});
            let answer = server.send(&request("POST", "/ticket").authorization(bearer(claims)).body(""));
            let stream = ask(&format!("/known?ticket={}", answer.text())).field("Accept", "text/event-stream");
            lasts_of(&server, &stream, MOST, || {})
        },
        500,
        3_500,
    );
    case(
        "whoever came by a ticket is blocked",
        || {
            let (server, _, blocks) = serve();
            let answer =
                server.send(&request("POST", "/ticket").authorization(bearer(json!({"sub": "alice"}))).body(""));
            let stream = ask(&format!("/known?ticket={}", answer.text())).field("Accept", "text/event-stream");
            lasts_of(&server, &stream, MOST, move || {
                blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "alice"))).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "whoever came by a subprotocol is blocked",
        || {
            let (server, _, blocks) = serve();
            let socket = ask("/known").field("Upgrade", "websocket").field("Connection", "Upgrade");
            let token = bearer(json!({"sub": "alice"})).replace("Bearer ", "bearer, ");
            lasts_of(&server, &socket.field("Sec-WebSocket-Protocol", &token), MOST, move || {
                blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "alice"))).unwrap()
            })
        },
        0,
        2_500,
    );
    case(
        "somebody else is blocked",
        || {
            let (server, _, blocks) = serve();
            lasts(&server, "/known", json!({"sub": "alice"}), Duration::from_secs(3), move || {
                blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, "bob"))).unwrap()
            })
        },
        u64::MAX,
        0,
    );
    case(
        "its role is withdrawn",
        || {
            let (server, database, _) = serve();
            lasts(&server, "/editors", json!({"sub": "editor"}), MOST, move || {
                database.withdrawn.store(true, Ordering::SeqCst)
            })
        },
        0,
        2_500,
    );
    case(
        "nobody can say for long",
        || {
            let (server, database, _) = serve();
            lasts(&server, "/editors", json!({"sub": "editor"}), MOST, move || {
                database.away.store(true, Ordering::SeqCst)
            })
        },
        2_000,
        5_500,
    );
    case(
        "nobody can say for a moment",
        || {
            let (server, database, _) = serve();
            let then = move || {
                database.away.store(true, Ordering::SeqCst);
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(1_500));
                    database.away.store(false, Ordering::SeqCst);
                });
            };
            lasts(&server, "/editors", json!({"sub": "editor"}), Duration::from_secs(5), then)
        },
        u64::MAX,
        0,
    );
    case(
        "what its check has found stays",
        || {
            let (server, ..) = serve();
            lasts(&server, "/checked/1", json!({"sub": "alice", "roles": []}), Duration::from_secs(3), || {})
        },
        u64::MAX,
        0,
    );
    case(
        "a stranger's has nothing to end",
        || {
            let (server, ..) = serve();
            lasts(&server, "/open", json!({"sub": "alice"}), Duration::from_secs(3), || {})
        },
        u64::MAX,
        0,
    );
    for (name, thread, from, to) in threads {
        let lasted = thread.join().unwrap();
        match lasted {
            None => assert!(to.is_zero(), "{name}: it goes on"),
            Some(lasted) => assert!(lasted >= from && lasted <= to, "{name}: after {lasted:?}"),
        }
    }
}

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

#[test]
fn ended_lease_reports_its_reason_to_the_handler() {
    let (server, ..) = serve();
    let answer = server.send(&ask("/why").authorization(bearer(json!({"sub": "alice", "exp": now() - 59}))));
    assert_eq!((answer.status, answer.text()), (200, "expired"));
}

#[require_permission("posts:write")]
#[get("/granted")]
async fn granted(lease: Lease) -> HttpResponse {
    stream(lease)
}

#[derive(Clone, Copy, auth_actix::Role)]
enum Author {
    Writer,
}

fn text_of(new: &auth_actix::api_key::NewApiKey) -> &str {
    use secrecy::ExposeSecret as _;
    new.key.expose_secret()
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

#[test]
fn lease_of_bound_token_ends_at_expiry_without_leeway() {
    let auth = bearer_only().dpop(Dpop::at("https://reports.example")).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(known));
    });
    let lasted =
        lasts_of(&server, &proven("/known", json!({"sub": "alice", "exp": now() + 2})), Duration::from_secs(6), || {});
    assert!(lasted.is_some_and(|lasted| lasted < Duration::from_millis(4_500)), "{lasted:?}");
}

/// A scheme whose badge can be passed to another user while a connection is open.
#[derive(Clone, Default)]
struct Badge(Arc<AtomicBool>, &'static str);

impl auth_actix::scheme::Authenticator for Badge {
    fn name(&self) -> &'static str {
        "Badge"
    }

    fn location(&self) -> auth_actix::scheme::CredentialLocation<'_> {
        auth_actix::scheme::CredentialLocation::Header("X-Badge")
    }

    fn authenticate<'a>(
        &'a self,
        _: &'a actix_web::HttpRequest,
    ) -> auth_actix::LocalBoxFuture<
        'a,
        Result<auth_actix::identity::PrincipalBuilder, auth_actix::scheme::AuthenticateError>,
    > {
        let holder = match (self.0.load(Ordering::SeqCst), self.1) {
            (true, "another person") => auth_actix::Principal::builder("bob"),
            (true, "an actor") => auth_actix::Principal::builder("alice").claim("act", json!({"sub": "bob"})),
            _ => auth_actix::Principal::builder("alice"),
        };
        Box::pin(async move { Ok(holder) })
    }
}

#[test]
fn lease_ends_when_its_credential_changes_identity() {
    let threads = ["another person", "an actor", "the same person"].map(|case| {
        std::thread::spawn(move || {
            let badge = Badge(Arc::default(), case);
            let changed = Arc::clone(&badge.0);
            let auth = auth_actix::Auth::builder().realm("reports").scheme(badge).build().unwrap();
            let server = Server::start(move |config: &mut ServiceConfig| {
                config.service(auth.scope("").service(known));
            });
            let request = ask("/known").field("X-Badge", "7");
            (case, lasts_of(&server, &request, Duration::from_secs(4), || changed.store(true, Ordering::SeqCst)))
        })
    });
    for thread in threads {
        let (case, lasted) = thread.join().unwrap();
        assert_eq!(lasted.is_some(), case != "the same person", "{case}: {lasted:?}");
    }
}

#[test]
fn stream_ends_when_a_grant_is_withdrawn_for_each_scheme() {
    // S1: Basic and a bound token are not verified again, so the principal of the request stays in use.
    let most = Duration::from_secs(6);
    let mut threads = Vec::new();
    for scheme in ["Bearer", "Basic", "DPoP", "ApiKey"] {
        threads.push(std::thread::spawn(move || {
            let grants = Grants::<Author, Permission>::new();
            grants.replace("1", [("writer", "posts:write")]).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let keys = folder.path().join("keys");
            let new = ApiKey::generate("robot").unwrap();
            std::fs::write(&keys, new.stored.clone().roles(["writer"]).to_line() + "\n").unwrap();
            let hash = auth_actix::password::hash_password(&"sesame".into()).unwrap();
            let users = auth_actix::password::UsersFile::parse(&format!("alice:{hash}:writer")).unwrap();
            let everything = auth_actix::Confers::everything;
            let auth = auth_actix::Auth::builder()
                .realm("reports")
                .bearer(crate::jwt().confers(everything()))
                .dpop(Dpop::at("https://reports.example"))
                .basic(
                    auth_actix::password::Basic::new(auth_actix::password::PasswordAuthenticator::new(users))
                        .confers(everything()),
                )
                .api_keys(
                    auth_actix::api_key::ApiKeyScheme::new(auth_actix::api_key::ApiKeysFile::open(&keys).unwrap())
                        .confers(everything()),
                )
                .grants(&grants)
                .build()
                .unwrap();
            let server = Server::start(move |config: &mut ServiceConfig| {
                config.service(auth.scope("").service(granted));
            });
            let ask = ask("/granted");
            let request = match scheme {
                "Bearer" => ask.authorization(bearer(json!({"sub": "alice", "roles": ["writer"]}))),
                "Basic" => ask.authorization(auth_tests::token::basic("alice", "sesame")),
                "ApiKey" => ask.field("X-API-Key", text_of(&new)),
                _ => proven("/granted", json!({"sub": "alice", "roles": ["writer"]})),
            };
            let then = || grants.replace("2", [("", ""); 0]).unwrap();
            (scheme, lasts_of(&server, &request, most, then))
        }));
    }
    for thread in threads {
        let (scheme, lasted) = thread.join().unwrap();
        assert!(lasted.is_some_and(|lasted| lasted < Duration::from_millis(2_500)), "{scheme}: {lasted:?}");
    }
}

/// Tests that every rule that admitted a request is part of its lease.
#[test]
fn stream_ends_when_an_enclosing_rule_no_longer_holds() {
    // S2
    let withdrawn = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&withdrawn);
    let roles = ProvidedRoles::new(move |_: Id, _| {
        let withdrawn = asked.load(Ordering::SeqCst);
        async move { Ok(if withdrawn { Vec::new() } else { vec!["editor".to_owned()] }) }
    });
    let auth = bearer_only().roles_from(roles).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let inside = |path: &str| actix_web::web::scope(path).service(known).service(open);
        let one = guarded(rule!(role("editor")), inside("/one"));
        let two =
            guarded(rule!(authenticated), actix_web::web::scope("/two").service(auth.scope("/in").service(known)));
        let plain = actix_web::web::scope("/three").service(auth.scope("/in").service(known).service(open));
        let three = guarded(rule!(role("editor")), plain);
        config.service(auth.scope("").service(one).service(two).service(three));
    });
    let most = Duration::from_secs(5);
    #[rustfmt::skip]
    let table = [
        ("/one/known", true), ("/one/open", true), ("/two/in/known", false), ("/three/in/known", true), ("/three/in/open", true),
    ];
    for (path, ends) in table {
        withdrawn.store(false, Ordering::SeqCst);
        let then = || withdrawn.store(true, Ordering::SeqCst);
        let lasted = lasts(&server, path, json!({"sub": "alice"}), most, then);
        assert_eq!(lasted.is_some(), ends, "{path}: {lasted:?}");
    }
}
