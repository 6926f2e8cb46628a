//! Tests of all session stores with one conformance suite, and of requests while a store is unavailable.

use std::time::{Duration, Instant};

use actix_web::web::{Json, ServiceConfig};
use actix_web::{HttpResponse, Result, get, post, rt};
use auth_actix::session::{MemorySessionStore, NewSession, RedisSessionStore, SessionStore, Sessions};
use auth_actix::{Auth, Principal, Session, public, require_auth, test};
use auth_tests::load::under_load;
use auth_tests::server::Server;
use auth_tests::wire::{Answer, get, request};
use serde_json::json;

use crate::redis::{Redis, programs};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.id().to_string()
}

#[public]
#[get("/open")]
async fn open() -> &'static str {
    "open"
}

#[public]
#[post("/as")]
async fn log_in(session: Session, name: Json<String>) -> Result<HttpResponse> {
    let cookie = session.log_in(NewSession::user(name.into_inner())).await?;
    Ok(HttpResponse::Ok().append_header(cookie).finish())
}

fn serving(store: impl SessionStore) -> (Server, Auth) {
    let auth = Auth::builder().realm("reports").session(Sessions::new(store)).build().unwrap();
    let theirs = auth.clone();
    let server = Server::with_workers(2, move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(open).service(log_in).service(auth.logout("/logout")));
    });
    (server, theirs)
}

fn instance(redis: &Redis) -> (Server, Auth) {
    serving(RedisSessionStore::new(&redis.url()).unwrap())
}

const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

fn try_login(server: &Server, name: &str) -> Answer {
    let login = request("POST", "/as").fields(&[OURS]).field("Content-Type", "application/json");
    server.send(&login.body(json!(name).to_string()))
}

fn login(server: &Server, name: &str) -> String {
    let answer = try_login(server, name);
    answer.field("set-cookie").unwrap_or_else(|| panic!("{answer:?}")).split(';').next().unwrap().to_owned()
}

fn status(server: &Server, cookie: &str) -> u16 {
    server.send(&get("/me").field("Cookie", cookie)).status
}

#[test]
fn every_session_store_passes_the_suite() {
    // SESS-2 to SESS-6, H14
    rt::System::new().block_on(test::session_store(MemorySessionStore::new(1000)));
    for program in programs() {
        let redis = Redis::start(program);
        rt::System::new().block_on(test::session_store(RedisSessionStore::new(&redis.url()).unwrap()));
    }
}

#[test]
fn full_memory_store_refuses_logins_and_keeps_sessions() {
    // H14
    let (server, _) = serving(MemorySessionStore::new(3));
    let cookies: Vec<_> = (0..3).map(|number| login(&server, &format!("user{number}"))).collect();
    assert_eq!(try_login(&server, "one more").status, 503);
    assert!(cookies.iter().all(|cookie| status(&server, cookie) == 200));
    let out = server.send(&request("POST", "/logout").field("Cookie", &cookies[0]).fields(&[OURS]));
    assert_eq!(out.status, 204);
    assert_eq!(status(&server, &login(&server, "one more")), 200);
}

#[test]
fn memory_store_holds_ten_thousand_sessions() {
    let (server, auth) = serving(MemorySessionStore::new(10_000));
    let cookies: Vec<_> = std::thread::scope(|scope| {
        let logins = (0..4).map(|part| {
            let server = &server;
            scope.spawn(move || (0..2_500).map(|number| login(server, &format!("{part}-{number}"))).collect::<Vec<_>>())
        });
        logins.collect::<Vec<_>>().into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert_eq!(try_login(&server, "one more").status, 503);
    for cookie in cookies.iter().step_by(997) {
        assert_eq!(status(&server, cookie), 200);
    }
    let ended = rt::System::new().block_on(auth.end_sessions(&auth_actix::Id::user("basic:reports", "0-0")));
    assert_eq!(ended, Ok(1));
    assert_eq!([status(&server, &cookies[0]), status(&server, &cookies[1])], [401, 200]);
}

#[test]
fn logout_on_one_instance_ends_the_session_on_both() {
    // SESS-4
    for program in programs() {
        let redis = Redis::start(program);
        let ((one, _), (other, auth)) = (instance(&redis), instance(&redis));
        let cookie = login(&one, "alice");
        assert_eq!([status(&one, &cookie), status(&other, &cookie)], [200, 200]);
        let out = other.send(&request("POST", "/logout").field("Cookie", &cookie).fields(&[OURS]));
        assert_eq!(out.status, 204);
        assert_eq!([status(&one, &cookie), status(&other, &cookie)], [401, 401]);
        let cookies = [login(&one, "bob"), login(&other, "bob")];
        let ended = rt::System::new().block_on(auth.end_sessions(&auth_actix::Id::user("basic:reports", "bob")));
        assert_eq!(ended, Ok(2));
        assert!(cookies.iter().all(|cookie| status(&one, cookie) == 401));
        assert!(!redis.command("KEYS *").is_empty(), "keys are there");
    }
}

#[test]
fn session_store_outage_is_503_until_it_recovers() {
    // SESS-6, LOG-6
    for program in programs() {
        let mut redis = Redis::start(program);
        let (server, _) = instance(&redis);
        let cookie = login(&server, "alice");
        let away = |case: &str| {
            let start = Instant::now();
            let answer = server.send(&get("/me").field("Cookie", &cookie));
            assert_eq!(
                (answer.status, answer.problem().as_str()),
                (503, "authentication-unavailable"),
                "{case}: {answer:?}"
            );
            assert!(
                answer.field("retry-after").is_some() && answer.lines("set-cookie").is_empty(),
                "{case}: {answer:?}"
            );
            assert!(start.elapsed() < Duration::from_secs(5), "{case}: the response is late");
            assert_eq!(server.send(&get("/open")).status, 200, "{case}: a public route needs no store");
            assert_eq!(try_login(&server, "bob").status, 503, "{case}");
        };
        redis.freeze(true);
        away("frozen");
        redis.freeze(false);
        within(&|| status(&server, &cookie) == 200, "it thaws, and the session is still there");
        // A slow store within the timeout is not unavailable.
        std::thread::scope(|scope| {
            redis.freeze(true);
            let late = scope.spawn(|| status(&server, &cookie));
            std::thread::sleep(Duration::from_millis(500));
            redis.freeze(false);
            assert_eq!(late.join().unwrap(), 200);
        });
        redis.kill();
        away("killed");
        redis.restart();
        within(&|| status(&server, &cookie) == 401, "it is empty, so the session is gone");
        let cookie = login(&server, "alice");
        assert_eq!(status(&server, &cookie), 200, "without a restart of the application");
        // With a read-only store, existing sessions can be read, but logins fail.
        let (reading, _) = serving(RedisSessionStore::new(&redis.url_that_may_not_write()).unwrap());
        assert_eq!(try_login(&reading, "bob").status, 503);
    }
}

fn within(expected: &dyn Fn() -> bool, what: &str) {
    let start = Instant::now();
    while !expected() {
        assert!(start.elapsed() < Duration::from_secs(15), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn store_killed_under_load_admits_no_invalid_session() {
    for program in programs() {
        let mut redis = Redis::start(program);
        let (server, _) = instance(&redis);
        let cookie = login(&server, "alice");
        let address = server.address;
        let unknown = format!("__Host-session={}A", "B".repeat(42));
        let request = |client: usize| {
            // Half of the clients send a nonexistent session.
            let is_unknown = client % 2 == 1;
            let status = get("/me").field("Cookie", if is_unknown { &unknown } else { &cookie }).send(address).status;
            assert!(!is_unknown || matches!(status, 401 | 503), "unexpected status: {status}");
            status
        };
        let statuses = under_load(4, request, || {
            std::thread::sleep(Duration::from_millis(300));
            redis.kill();
            std::thread::sleep(Duration::from_millis(500));
            redis.restart();
            std::thread::sleep(Duration::from_millis(1500));
        });
        for status in [200, 401, 503] {
            assert!(statuses.contains(&status), "{status} was not seen");
        }
        assert!(statuses.iter().all(|status| matches!(status, 200 | 401 | 503)), "{statuses:?}");
    }
}
