//! Tests of block lists and revocations that instances share through Redis, including while the server is unavailable.

use std::time::{Duration, Instant};

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::blocklist::Blocklist;
use auth_actix::{Auth, Jwt, Peer, public, require_auth};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, bearer, now};
use auth_tests::wire::get;
use serde_json::json;

use crate::redis::{Redis, programs};

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
}

#[public]
#[get("/open")]
async fn open() -> &'static str {
    "open"
}

fn instance(redis: &Redis) -> (Server, Blocklist) {
    let blocks = Blocklist::redis(&redis.url()).unwrap();
    let jwt = Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE);
    let auth = Auth::builder().bearer(jwt).client_address(Peer).blocks(blocks.clone()).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(open));
    });
    (server, blocks)
}

fn within(seconds: u64, what: &str, expected: impl Fn() -> bool) {
    let start = Instant::now();
    while !expected() {
        assert!(start.elapsed() < Duration::from_secs(seconds), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn revocation_reaches_all_instances_and_survives_data_loss() {
    // M2, JWT-26
    for program in programs() {
        let mut redis = Redis::start(program);
        let ((one, blocks), (other, _)) = (instance(&redis), instance(&redis));
        let token = bearer(json!({ "jti": "j1" }));
        let status = |server: &Server| server.send(&get("/me").authorization(&token)).status;
        within(5, "both have read the lists", || status(&one) == 200 && status(&other) == 200);
        blocks.add(format!("revoke token {ISSUER} j1 {}", now() + 3600).parse().unwrap()).unwrap();
        assert_eq!(status(&one), 401, "at once where it was said");
        within(3, "within the bound everywhere", || status(&other) == 401);
        // A new instance loads the existing entries.
        let (third, _) = instance(&redis);
        within(5, "a new instance", || status(&third) == 401);
        redis.kill();
        assert!(
            blocks.add("block address 192.0.2.1".parse().unwrap()).is_err(),
            "a change that cannot be stored fails"
        );
        assert_eq!(status(&other), 401, "loaded entries stay in effect");
        let good = bearer(json!({ "jti": "j2" }));
        let stranger_and_good =
            |server: &Server| [server.send(&get("/open")).status, server.send(&get("/me").authorization(&good)).status];
        assert_eq!(stranger_and_good(&other), [200, 200]);
        within(20, "the loaded entries are too old", || stranger_and_good(&other) == [200, 503]);
        redis.restart(); // its data is lost
        within(5, "requests succeed again", || stranger_and_good(&other) == [200, 200]);
        assert_eq!(status(&other), 401, "revocations stay in effect");
        // A change before the data loss was detected removes no entry from any instance.
        redis.kill();
        redis.restart();
        within(5, "the server takes changes", || blocks.add("block address 192.0.2.9".parse().unwrap()).is_ok());
        assert_eq!(status(&one), 401);
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!([status(&one), status(&other)], [401, 401], "nowhere");
        // Instances rewrite the entries that are missing after a rollback, even if the log of the server has grown since.
        redis.command("DEL auth:blocks auth:blocks:log");
        redis.command("SADD auth:blocks \"block address 192.0.2.77/32\"");
        for mark in 0..50 {
            redis.command(&format!("LPUSH auth:blocks:log {mark}"));
        }
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!([status(&one), status(&other)], [401, 401], "after a rollback");
        let (fourth, _) = instance(&redis);
        within(5, "a new instance loads the entries of the others", || status(&fourth) == 401);
        // Only the last change is lost, within the second before the next poll.
        let marks = redis.command("LLEN auth:blocks:log");
        let line = format!("revoke token {ISSUER} j9 {}", now() + 3600);
        blocks.add(line.parse().unwrap()).unwrap();
        redis.command("LPOP auth:blocks:log");
        assert_eq!(redis.command(&format!("SREM auth:blocks \"{line}\"")), ":1");
        assert_eq!(redis.command("LLEN auth:blocks:log"), marks);
        std::thread::sleep(Duration::from_secs(3));
        let j9 = bearer(json!({ "jti": "j9" }));
        let statuses = [&one, &other].map(|server| server.send(&get("/me").authorization(&j9)).status);
        assert_eq!(statuses, [401, 401], "the entry is written again, and all instances load it");
        // The entries are lost, but the log remains.
        redis.command("DEL auth:blocks");
        let (fifth, _) = instance(&redis);
        blocks.add("block address 192.0.2.11".parse().unwrap()).unwrap();
        std::thread::sleep(Duration::from_secs(3));
        let servers = [&one, &other, &fifth];
        assert_eq!(servers.map(status), [401, 401, 401], "instances with the entries write them again");
        assert!(
            blocks.entries().iter().any(|entry| entry.to_string().contains("192.0.2.77")),
            "and what it has is read"
        );
        blocks.remove(format!("revoke token {ISSUER} j1 0").parse().unwrap()).unwrap();
        within(3, "taken back", || status(&other) == 200);
    }
}
