//! Tests of login throttling, by account and by network, without effect on unrelated users.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::client::ForwardingHeader;
use auth_actix::password::PasswordAuthenticator;
use auth_actix::session::Sessions;
use auth_actix::throttle::{
    Admission, Counted, CounterSet, LoginCounters, LoginOutcome, Throttle, ThrottleLimits, ThrottleStore,
    ThrottleUnavailable,
};
use auth_actix::{Auth, BoxFuture, require_auth};
use auth_tests::server::Server;
use auth_tests::token::basic;
use auth_tests::wire::{Answer, get, request};

use crate::users::{PASSWORD, Staff};
use crate::{BASIC, denied, is_a_denial};

#[require_auth]
#[get("/me")]
async fn me() -> &'static str {
    "me"
}

struct Place {
    server: Server,
    staff: Staff,
}

/// Counts failures without a clock: a delay lasts until [`later`](Self::later), however long a password hash takes.
#[derive(Clone, Default)]
struct Timeless(Arc<Mutex<Failures>>);

#[derive(Default)]
struct Failures {
    counts: BTreeMap<String, u32>,
    is_later: bool,
}

impl Timeless {
    /// Ends all delays.
    fn later(&self) {
        self.0.lock().unwrap().is_later = true;
    }
}

impl ThrottleStore for Timeless {
    fn admit<'a>(&'a self, login: &'a LoginCounters) -> BoxFuture<'a, Result<Admission, ThrottleUnavailable>> {
        let admission = match self.delay(login) {
            Some(delay) => Admission::Delayed(delay),
            None => {
                let counts = &mut self.0.lock().unwrap().counts;
                login.general_set().iter().for_each(|counter| *counts.entry(counter.key()).or_default() += 1);
                Admission::Counted(Counted::new(CounterSet::General))
            }
        };
        Box::pin(std::future::ready(Ok(admission)))
    }

    fn settle<'a>(
        &'a self,
        _: &'a LoginCounters,
        _: Counted,
        _: LoginOutcome,
    ) -> BoxFuture<'a, Result<(), ThrottleUnavailable>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn delay(&self, login: &LoginCounters) -> Option<Duration> {
        let Failures { counts, is_later } = &*self.0.lock().unwrap();
        let count = |key: String| counts.get(&key).copied().unwrap_or_default();
        let delays = login.general_set().iter().map(|counter| counter.delay(count(counter.key())));
        delays.max().filter(|delay| !is_later && !delay.is_zero())
    }
}

/// Starts a server with Basic and the login form for the same users, behind a proxy that forwards the client address.
fn place() -> Place {
    place_with(Throttle::memory())
}

fn place_with(throttle: Throttle) -> Place {
    let staff = Staff::default();
    let limits = ThrottleLimits::default().account_burst(3).address_burst(6);
    let users = PasswordAuthenticator::new(staff.clone()).throttle(throttle.limits(limits));
    let confers = auth_actix::Confers::everything;
    let auth = Auth::builder()
        .realm("reports")
        .basic(auth_actix::password::Basic::new(users).confers(confers()))
        .session(Sessions::memory().confers(confers()))
        .trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor)
        .build()
        .unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(auth.login()));
    });
    Place { server, staff }
}

impl Place {
    fn basic(&self, name: &str, password: &str, from: &str) -> Answer {
        self.server.send(&get("/me").field("X-Forwarded-For", from).authorization(basic(name, password)))
    }

    fn form(&self, name: &str, password: &str, from: &str) -> Answer {
        let body = format!("username={name}&password={}", password.replace(' ', "+"));
        let form = request("POST", "/login").field("X-Forwarded-For", from).field("Sec-Fetch-Site", "same-origin");
        self.server.send(&form.field("Content-Type", "application/x-www-form-urlencoded").body(body))
    }
}

#[test]
fn login_throttling_spans_schemes_and_hides_user_existence() {
    // BRUTE-1 to BRUTE-3, M7, HTTP-16
    let throttle = Timeless::default();
    let place = place_with(Throttle::new(throttle.clone()));
    for (name, network) in [("alice", 1), ("anonymous", 2)] {
        assert_eq!(place.basic(name, "wrong", &format!("192.0.2.{network}")).status, 401);
        assert_eq!(place.form(name, "wrong", &format!("192.0.3.{network}")).status, 401);
        assert_eq!(place.basic(name, "wrong", &format!("192.0.4.{network}")).status, 401);
    }
    place.staff.counts();
    let away: Vec<_> = ["alice", "anonymous"]
        .into_iter()
        .flat_map(|name| [place.basic(name, PASSWORD, "192.0.9.1"), place.form(name, PASSWORD, "192.0.9.2")])
        .collect();
    for answer in &away {
        assert_eq!((answer.status, answer.field("retry-after")), (429, Some("1")), "{answer:?}");
        is_a_denial("429", answer);
    }
    denied("by Basic", &away[0], 429, "too-many-attempts", &[]);
    assert_eq!(away[0].without_date(), away[2].without_date(), "whether or not there is such a user");
    assert_eq!(away[1].without_date(), away[3].without_date());
    assert_eq!(place.staff.counts(), (0, 0), "no user was looked up, and nothing hashed");
    throttle.later();
    assert_eq!(place.basic("alice", PASSWORD, "192.0.9.1").status, 200, "the delay is over");
}

#[test]
fn concurrent_wrong_logins_are_limited_to_the_account_burst() {
    let place = place();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..32)
            .map(|number| {
                scope.spawn({
                    let place = &place;
                    move || place.basic("alice", "wrong", &format!("192.0.{number}.1")).status
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(401), count(429)), (3, 29), "{statuses:?}");
    assert_eq!(place.staff.counts().0, 3);
}

#[test]
fn concurrent_valid_logins_are_not_throttled() {
    // BRUTE-1, M7: an attempt in progress does not count as a failure.
    let place = place();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = || place.basic("alice", PASSWORD, "192.0.2.1").status;
        let all: Vec<_> = (0..12).map(|_| scope.spawn(ask)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 12]);
}

#[test]
fn address_throttling_spans_names_and_resists_spoofing() {
    let place = place();
    for number in 0..6 {
        assert_eq!(place.basic(&format!("user{number}"), "wrong", "203.0.113.9").status, 401);
    }
    assert_eq!(place.basic("another", "wrong", "203.0.113.9").status, 429);
    assert_eq!(place.basic("another", "wrong", "1.2.3.4, 203.0.113.9").status, 429, "what it wrote itself");
    assert_eq!(place.basic("another", "wrong", "203.0.113.10").status, 401, "a neighbor");
    let challenge = place.basic("another", "wrong", "203.0.113.11");
    denied("still an ordinary refusal", &challenge, 401, "invalid-credentials", &[BASIC, "Session realm=\"reports\""]);
}

#[test]
fn attacker_behind_undeclared_proxy_locks_out_no_other_user() {
    // M7
    let limits = ThrottleLimits::default().account_burst(3).address_burst(6);
    let users = PasswordAuthenticator::new(Staff::default()).throttle(Throttle::memory().limits(limits));
    let auth = Auth::builder().realm("reports").basic(users).client_address(auth_actix::Peer).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me));
    });
    let send = |name: &str, password: &str, via: &[(&str, &str)]| {
        server.send(&get("/me").fields(via).authorization(basic(name, password))).status
    };
    let via = [("X-Forwarded-For", "198.51.100.7")];
    for number in 0..20 {
        assert_eq!(send(&format!("user{number}"), "wrong", &via), 401);
    }
    assert_eq!(send("alice", PASSWORD, &via), 200);
    // Without a proxy header, the address is the client's, and a request cannot avoid its count by omitting the header.
    for number in 0..6 {
        assert_eq!(send(&format!("user{number}"), "wrong", &[]), 401);
    }
    assert_eq!(send("alice", PASSWORD, &[]), 429);
}
