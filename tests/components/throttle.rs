//! Tests of login throttling that is shared by several instances.

use std::time::Duration;

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::client::ForwardingHeader;
use auth_actix::password::{
    Basic, PasswordAuthenticator, User, UserStore, UserStoreUnavailable, UsersFile, hash_password,
};
use auth_actix::throttle::{Throttle, ThrottleLimits};
use auth_actix::{Auth, BoxFuture, require_auth};
use auth_tests::server::Server;
use auth_tests::token::basic;
use auth_tests::wire::{Answer, get};

use crate::redis::{Redis, programs};

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
}

const PASSWORD: &str = "correct horse battery";

struct Instances(Vec<Server>);

impl Instances {
    fn of(redis: &Redis) -> Self {
        let hash = hash_password(&PASSWORD.into()).unwrap();
        let limits = ThrottleLimits::default().account_burst(3).address_burst(6);
        Self(
            (0..2)
                .map(|_| {
                    let users = UsersFile::parse(&format!("alice:{hash}:admin\nbob:{hash}:\n")).unwrap();
                    let throttle = Throttle::redis(&redis.url()).unwrap().limits(limits);
                    let users = Basic::new(PasswordAuthenticator::new(users).throttle(throttle));
                    let auth = Auth::builder()
                        .realm("reports")
                        .basic(users)
                        .trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor);
                    let auth = auth.build().unwrap();
                    Server::start(move |config: &mut ServiceConfig| {
                        config.service(auth.scope("").service(me));
                    })
                })
                .collect(),
        )
    }

    fn send(&self, instance: usize, name: &str, password: &str, from: &str) -> Answer {
        self.0[instance].send(&get("/me").field("X-Forwarded-For", from).authorization(basic(name, password)))
    }
}

#[test]
fn instances_share_throttle_counts() {
    // BRUTE-1 to BRUTE-3, M7
    for program in programs() {
        let redis = Redis::start(program);
        let both = Instances::of(&redis);
        let status =
            |instance, name: &str, password: &str, from: &str| both.send(instance, name, password, from).status;
        assert_eq!(status(0, "alice", PASSWORD, "192.0.2.1"), 200);
        // Of 32 concurrent attempts at both instances, three are verified.
        let judged: Vec<u16> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..32)
                .map(|n| scope.spawn(move || status(n % 2, "alice", "wrong", &format!("198.51.{n}.1"))))
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(judged.iter().filter(|one| **one == 401).count(), 3, "{judged:?}");
        let away = both.send(1, "alice", PASSWORD, "203.0.113.1");
        assert_eq!((away.status, away.field("retry-after")), (429, Some("1")));
        assert_eq!(status(1, "alice", PASSWORD, "192.0.2.1"), 200, "from where she logged in lately");
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(status(0, "alice", "wrong", "198.51.99.1"), 401, "the delay is over");
        let away = both.send(1, "alice", PASSWORD, "203.0.113.1");
        assert_eq!((away.status, away.field("retry-after")), (429, Some("2")), "and the next is longer");
        std::thread::sleep(Duration::from_millis(2100));
        assert_eq!(status(1, "alice", PASSWORD, "203.0.113.1"), 200);
        // Per address, regardless of the user name. A user with a recent login from that address is counted separately, and a
        // success does not reset the count.
        for number in 0..6 {
            assert_eq!(status(number % 2, &format!("user{number}"), "wrong", "192.0.2.1"), 401);
        }
        assert_eq!(status(0, "bob", PASSWORD, "192.0.2.1"), 429);
        assert_eq!(status(0, "alice", PASSWORD, "192.0.2.1"), 200);
        assert_eq!(status(0, "bob", PASSWORD, "192.0.2.1"), 429);
        // Names and addresses are not stored in plain text.
        let keys = redis.all_keys();
        assert!(keys.len() > 5 && keys.iter().all(|key| key.starts_with("auth:t:")), "{keys:?}");
        assert!(!keys.iter().any(|key| key.contains("alice") || key.contains("user0")), "{keys:?}");
        assert!(
            keys.iter().all(|key| redis
                .command(&format!("PTTL {key}"))
                .trim_start_matches(':')
                .parse::<i64>()
                .unwrap()
                > 0)
        );
    }
}

#[test]
fn throttle_store_outage_is_503_until_it_recovers() {
    // LOG-6, SESS-6
    for program in programs() {
        let mut redis = Redis::start(program);
        let both = Instances::of(&redis);
        assert_eq!(both.send(0, "alice", PASSWORD, "192.0.2.1").status, 200);
        redis.freeze(true);
        assert_eq!(both.send(0, "alice", PASSWORD, "192.0.2.1").status, 503);
        redis.freeze(false);
        redis.kill();
        for password in [PASSWORD, "wrong"] {
            let away = both.send(1, "alice", password, "192.0.2.1");
            assert_eq!((away.status, away.problem().as_str()), (503, "authentication-unavailable"));
        }
        redis.restart();
        let back = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            both.send(0, "alice", PASSWORD, "192.0.2.1").status == 200
        });
        assert!(back, "without a restart of the application");
        let may_not_write =
            PasswordAuthenticator::new(Nobody).throttle(Throttle::redis(&redis.url_that_may_not_write()).unwrap());
        let auth = Auth::builder().realm("reports").basic(may_not_write).build().unwrap();
        let server = Server::start(move |config: &mut ServiceConfig| {
            config.service(auth.scope("").service(me));
        });
        assert_eq!(server.send(&get("/me").authorization(basic("alice", PASSWORD))).status, 503);
    }
}

struct Nobody;

impl UserStore for Nobody {
    fn find<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>> {
        Box::pin(std::future::ready(Ok(None::<User>)))
    }
}
