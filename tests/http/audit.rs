//! Tests of the audit log: actors, reasons of denials, and the absence of secrets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::web::{Json, ServiceConfig};
use actix_web::{HttpResponse, Result, get, post};
use auth_actix::audit::{Event, Sink};
use auth_actix::blocklist::Blocklist;
use auth_actix::password::{Basic, PasswordAuthenticator};
use auth_actix::session::{NewSession, Sessions};
use auth_actix::throttle::{Throttle, ThrottleLimits};
use auth_actix::{Auth, AuthBuilder, Confers, Peer, Session, public, require, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::{basic, bearer};
use auth_tests::wire::{Request, get, request};
use serde_json::{Value, json};

use crate::users::{PASSWORD, Staff};
use crate::{Role, jwt};

#[require_auth]
#[get("/me/{private}")]
async fn me() -> &'static str {
    "me"
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[require(role("admin") || network("127.0.0.0/8"))]
#[get("/inside")]
async fn inside() -> &'static str {
    "inside"
}

#[require_role("admin")]
#[post("/act")]
async fn act(session: Session, name: Json<String>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().append_header(session.act_as(NewSession::user(name.into_inner())).await?).finish())
}

#[public]
#[get("/open")]
async fn open() -> &'static str {
    "open"
}

/// A sink that stores events, and can be set to fail.
#[derive(Clone, Default)]
struct Record {
    events: Arc<Mutex<Vec<Value>>>,
    broken: Arc<AtomicBool>,
}

impl Sink for Record {
    fn record(&self, event: &Event) {
        assert!(!self.broken.load(Ordering::SeqCst), "the sink is broken on purpose");
        self.events.lock().unwrap().push(serde_json::to_value(event).unwrap());
    }
}

impl Record {
    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// Returns the only event since the last call.
    fn one(&self) -> Value {
        let events = self.take();
        let [event] = events.as_slice() else { panic!("not one event: {events:?}") };
        event.clone()
    }
}

struct Place {
    server: Server,
    auth: Auth,
    record: Record,
    blocks: Blocklist,
}

fn place(more: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Place {
    let (record, blocks) = (Record::default(), Blocklist::memory());
    let all = Confers::everything;
    let users = PasswordAuthenticator::new(Staff::default()).throttle(Throttle::off());
    let auth = Auth::builder()
        .bearer(jwt().confers(all()))
        .basic(Basic::new(users).confers(all()))
        .session(Sessions::memory().confers(all()))
        .roles::<Role>()
        .client_address(Peer)
        .hosts(["localhost"])
        .blocks(blocks.clone())
        .audit(record.clone());
    let auth = more(auth).build().unwrap();
    let theirs = auth.clone();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(me).service(admin).service(inside).service(act).service(open);
        config.service(scope.service(auth.login()).service(auth.logout("/logout")));
    });
    Place { server, auth: theirs, record, blocks }
}

fn ours(path: &str, body: &Value) -> Request {
    let request = request("POST", path).field("Sec-Fetch-Site", "same-origin");
    request.field("Content-Type", "application/json").body(body.to_string())
}

fn login(name: &str, password: &str) -> Request {
    ours("/login", &json!({ "username": name, "password": password }))
}

#[test]
fn each_action_is_audited_as_one_event_with_its_details() {
    // LOG-3, L5, M15, H16
    let place = place(|auth| auth);
    let has = |event: &Value, expected: Value| {
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&event[name], value, "{name} of {event}");
        }
    };
    place.server.send(&get("/me/canary-path?q=canary-query"));
    let event = place.record.one();
    has(
        &event,
        json!({
            "happened": "denied", "status": 401, "problem": "missing-credentials", "method": "GET", "route": "/me/{private}",
            "client": "127.0.0.1", "rule": "authenticated", "failed": ["authenticated"],
        }),
    );
    assert!(
        event["handler"].as_str().unwrap().ends_with("audit::me")
            && event["place"].as_str().unwrap().contains("audit.rs:")
    );
    assert!(event["at"].as_str().unwrap().ends_with('Z') && event["request"].as_str().unwrap().len() > 16);
    assert!(event.get("subject").is_none());
    place.server.send(&get("/admin").authorization(bearer(json!({ "sub": "bob" }))));
    has(
        &place.record.one(),
        json!({
            "happened": "denied", "status": 403, "subject": "user:18:https://id.example:bob", "scheme": "Bearer", "failed": ["role(\"admin\")"],
        }),
    );
    place.server.send(&get("/admin").authorization(bearer(json!({ "roles": ["admin"] }))));
    assert_eq!(place.record.take(), Vec::<Value>::new(), "grants to clients are recorded only with `.audit_grants()`");
    place.server.send(&get("/admin").authorization(bearer(json!({ "roles": ["admin"], "act": { "sub": "carol" } }))));
    has(&place.record.one(), json!({ "happened": "granted", "actors": ["user:18:https://id.example:carol"] }));
    place.server.send(&get("/inside"));
    let by_network = place.record.one();
    has(&by_network, json!({ "happened": "granted", "cause": "anonymous (by network or country)" }));
    assert!(by_network.get("subject").is_none());
    place.server.send(&login("alice", "canary-password"));
    let failed = place.record.one();
    has(
        &failed,
        json!({ "happened": "login-failed", "status": 401, "problem": "invalid-credentials", "scheme": "Session" }),
    );
    assert!(failed.get("subject").is_none(), "no subject was verified");
    let claimed = failed["claimed"].clone();
    place.server.send(&login("alice", "canary-password"));
    assert_eq!(place.record.one()["claimed"], claimed, "equal hashes for equal names");
    let cookie = place.server.send(&login("alice", PASSWORD));
    let cookie = cookie.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    has(&place.record.one(), json!({ "happened": "logged-in", "subject": "user:16:basic:restricted:alice" }));
    place.server.send(&get("/admin").field("Cookie", &cookie));
    has(&place.record.one(), json!({ "happened": "granted", "scheme": "Session" }));
    let acting = place.server.send(&ours("/act", &json!("victor")).field("Cookie", &cookie));
    let acting = acting.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let events = place.record.take();
    assert_eq!([&events[0]["happened"], &events[1]["happened"]], ["granted", "acts-as"]);
    assert_eq!(events[0]["request"], events[1]["request"], "one request");
    has(
        &events[1],
        json!({ "subject": "user:16:basic:restricted:victor", "actors": ["user:16:basic:restricted:alice"] }),
    );
    place.server.send(&request("POST", "/logout").field("Sec-Fetch-Site", "same-origin").field("Cookie", &acting));
    has(&place.record.one(), json!({ "happened": "logged-out", "subject": "user:16:basic:restricted:victor" }));
    place.blocks.add("block address 192.0.2.1".parse().unwrap()).unwrap();
    has(&place.record.one(), json!({ "happened": "list-added", "entry": "block address 192.0.2.1/32" }));
    place.server.send(&get("/open"));
    assert_eq!(place.record.take(), Vec::<Value>::new(), "public handlers cause no events");
    // Operations of the application on a user, outside of a request.
    let alice = auth_actix::Id::user("basic:restricted", "alice");
    let done = actix_web::rt::System::new()
        .block_on(async { (place.auth.change_roles(&alice, ["viewer"]).await, place.auth.end_sessions(&alice).await) });
    assert_eq!(done, (Ok(0), Ok(0)));
    let events = place.record.take();
    let told: Vec<_> = events.iter().map(|event| (event["happened"].as_str(), event["subject"].as_str())).collect();
    let subject = Some("user:16:basic:restricted:alice");
    assert_eq!(told, [(Some("roles-changed"), subject), (Some("logged-out"), subject)]);
}

#[test]
fn throttled_login_is_audited_as_locked_out() {
    // LOG-3, BRUTE-1
    let users = PasswordAuthenticator::new(Staff::default())
        .throttle(Throttle::memory().limits(ThrottleLimits::default().account_burst(1)));
    let all = Confers::everything;
    let record = Record::default();
    let auth = Auth::builder().basic(Basic::new(users).confers(all())).session(Sessions::memory().confers(all()));
    let auth = auth.audit(record.clone()).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(auth.login()));
    });
    server.send(&login("alice", "wrong"));
    server.send(&login("alice", PASSWORD));
    server.send(&get("/me/x").authorization(basic("alice", PASSWORD)));
    let events = record.take();
    let happened: Vec<_> = events.iter().map(|event| (event["happened"].as_str(), event["status"].as_u64())).collect();
    let locked_out = (Some("locked-out"), Some(429));
    assert_eq!(happened, [(Some("login-failed"), Some(401)), locked_out, locked_out]);
}

#[test]
fn audit_grants_setting_records_every_grant() {
    let place = place(AuthBuilder::audit_grants);
    place.server.send(&get("/admin").authorization(bearer(json!({ "roles": ["admin"] }))));
    assert_eq!(place.record.one()["happened"], "granted");
    place.server.send(&get("/open"));
    assert_eq!(place.record.one()["rule"], "public");
}

#[test]
fn audit_events_contain_no_secrets() {
    // LOG-1, LOG-4, LOG-5
    let place = place(AuthBuilder::audit_grants);
    let token = bearer(json!({ "sub": "bob", "secret": "canary-claim" }));
    let cookie = place.server.send(&login("alice", PASSWORD));
    let cookie = cookie.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let id = cookie.split('=').next_back().unwrap().to_owned();
    for request in [
        get("/me/canary-path?access_token=canary-query").authorization(&token).field("User-Agent", "canary-agent"),
        get("/me/x").authorization("Bearer canary.token.canary"),
        get("/me/x").authorization(basic("canary-name", "canary-password")),
        get("/me/x").authorization(basic("alice", PASSWORD)),
        get("/me/x").field("Cookie", &cookie),
        get("/me/x").field("Cookie", format!("{cookie}; __Host-session=canary")),
        get("/admin").field("Cookie", &cookie).field("X-Forwarded-For", "canary-address"),
        login("canary-name", "canary-password"),
        request("POST", "/logout").field("Sec-Fetch-Site", "same-origin").field("Cookie", &cookie),
    ] {
        place.server.send(&request);
    }
    let events = place.record.take();
    assert!(events.len() >= 9, "{events:?}");
    let text = json!(events).to_string();
    for secret in ["canary", PASSWORD, &id, &token[7..], token.rsplit('.').next().unwrap()] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn failing_audit_sink_prevents_grants_and_logins() {
    // LOG-6
    let place = place(AuthBuilder::audit_grants);
    place.record.broken.store(true, Ordering::SeqCst);
    let granted = get("/admin").authorization(bearer(json!({ "roles": ["admin"] })));
    for (case, request, status) in [
        ("a grant", granted.clone(), 503),
        ("a login", login("alice", PASSWORD), 503),
        ("a refusal", get("/me/x"), 401),
        ("another", get("/admin").authorization(bearer(json!({}))), 403),
    ] {
        let answer = place.server.send(&request);
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        crate::is_a_denial(case, &answer);
    }
    place.record.broken.store(false, Ordering::SeqCst);
    assert_eq!(place.server.send(&granted).status, 200);
}
