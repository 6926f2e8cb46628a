//! Tests of Redis over TLS: connections are only made to servers with a trusted certificate.

use std::process::Command;
use std::time::{Duration, Instant};

use actix_web::{get, rt};
use auth_actix::blocklist::Blocklist;
use auth_actix::password::{Basic, PasswordAuthenticator, UsersFile};
use auth_actix::session::RedisSessionStore;
use auth_actix::throttle::Throttle;
use auth_actix::{require_auth, test};
use auth_tests::server::Server;
use auth_tests::token::basic;
use auth_tests::wire;

use crate::redis::Redis;

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
}

/// The environment variables of the child processes: the URL of the server, and whether its authority is trusted.
const URL: &str = "AUTH_TESTS_REDIS";
const TRUSTS: &str = "AUTH_TESTS_TRUSTS";

/// Trusted authorities are configured at process start, so the test starts two processes.
#[test]
fn redis_over_tls_requires_a_trusted_certificate() {
    if let Ok(url) = std::env::var(URL) {
        return with(&url, std::env::var_os(TRUSTS).is_some());
    }
    let Some((redis, tls)) = Redis::start_with_tls() else { return };
    let other = tempfile::NamedTempFile::new().unwrap();
    for (trusts, authority) in [(true, tls.authority.as_str()), (false, other.path().to_str().unwrap())] {
        let mut again = Command::new(std::env::current_exe().unwrap());
        let name = "tls::redis_over_tls_requires_a_trusted_certificate";
        again.args(["--exact", name, "--nocapture"]).env(URL, &tls.url).env("SSL_CERT_FILE", authority);
        again.env_remove("SSL_CERT_DIR").envs(trusts.then_some((TRUSTS, "1")));
        let run = again.output().unwrap();
        let said = || String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(run.status.success(), "trusts: {trusts}: {}{}", String::from_utf8_lossy(&run.stdout), said());
    }
    assert!(redis.command("DBSIZE").starts_with(':'));
}

fn with(url: &str, trusts: bool) {
    if trusts {
        rt::System::new().block_on(test::session_store(RedisSessionStore::new(url).unwrap()));
    }
    let throttle = Throttle::redis(url).unwrap();
    let users = Basic::new(PasswordAuthenticator::new(UsersFile::parse("").unwrap()).throttle(throttle));
    let blocks = Blocklist::redis(url).unwrap();
    let auth = auth_actix::Auth::builder()
        .realm("reports")
        .basic(users)
        .client_address(auth_actix::Peer)
        .blocks(blocks.clone());
    let auth = auth.build().unwrap();
    let server = Server::start(move |config: &mut actix_web::web::ServiceConfig| {
        config.service(auth.scope("").service(me));
    });
    let status = || server.send(&wire::get("/me").authorization(basic("alice", "wrong"))).status;
    let blocked = || blocks.add("block address 192.0.2.1".parse().unwrap()).is_ok();
    let start = Instant::now();
    while trusts && !(status() == 401 && blocked()) {
        assert!(start.elapsed() < Duration::from_secs(10), "not shared: {}", status());
        std::thread::sleep(Duration::from_millis(100));
    }
    if !trusts {
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!((status(), blocked()), (403, false), "the block list was never loaded: requests are denied");
        let throttle = Throttle::redis(url).unwrap();
        let users = Basic::new(PasswordAuthenticator::new(UsersFile::parse("").unwrap()).throttle(throttle));
        let auth = auth_actix::Auth::builder().realm("reports").basic(users).build().unwrap();
        let server = Server::start(move |config: &mut actix_web::web::ServiceConfig| {
            config.service(auth.scope("").service(me));
        });
        assert_eq!(server.send(&wire::get("/me").authorization(basic("alice", "wrong"))).status, 503);
    }
}
