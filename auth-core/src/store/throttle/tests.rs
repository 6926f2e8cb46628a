//! Tests of the counts in memory. The conformance suite also covers the counts in Redis.

use std::net::IpAddr;
use std::sync::OnceLock;

use super::counter::Subject;
use super::*;
use crate::runtime::clock::{self, Moment};

const ALICE: &str = "alice";

struct Memory {
    store: MemoryThrottleStore,
    limits: ThrottleLimits,
}

struct Admitted<'a> {
    store: &'a MemoryThrottleStore,
    login: LoginCounters,
    counted: Counted,
}

impl Memory {
    fn new(limits: ThrottleLimits) -> Self {
        Self { store: MemoryThrottleStore::new(), limits }
    }

    fn admits(&self, account: &str, seen: Option<PeerOrClient>, now: Moment) -> Result<Admitted<'_>, Duration> {
        let login = LoginCounters::new(account, seen, self.limits);
        match self.store.admit_at(&login, now) {
            Admission::Counted(counted) => Ok(Admitted { store: &self.store, login, counted }),
            Admission::Delayed(delay) => Err(delay),
        }
    }
}

impl Admitted<'_> {
    fn settles(self, outcome: LoginOutcome, now: Moment) {
        self.store.settle_at(&self.login, self.counted, outcome, now);
    }
}

fn throttle() -> Memory {
    Memory::new(ThrottleLimits::default().account_burst(3).address_burst(6))
}

/// A fixed time, independent of the duration of a test.
fn at(seconds: u64) -> Moment {
    static START: OnceLock<Moment> = OnceLock::new();
    START.get_or_init(clock::monotonic).plus(Duration::from_secs(1_000_000 + seconds))
}

fn from(last: u8) -> Option<PeerOrClient> {
    Some(PeerOrClient::Client(IpAddr::from([203, 0, 113, last])))
}

/// Fails this number of times, each as soon as an attempt is admitted. Returns the time of the last failure.
fn fail(throttle: &Memory, account: &str, seen: Option<PeerOrClient>, times: u32, mut now: u64) -> u64 {
    for _ in 0..times {
        while throttle.admits(account, seen, at(now)).is_err() {
            now += 1;
        }
    }
    now
}

#[test]
fn login_delays_grow_and_are_reset_by_success_or_time() {
    // BRUTE-1
    let throttle = throttle();
    let one = Counter::of_account(ALICE, ThrottleLimits::default().account_burst(3));
    let delays =
        [(0, 0), (2, 0), (3, 1), (4, 2), (5, 4), (12, 512), (13, 900), (99, 900), (100, 86_400), (u32::MAX, 86_400)];
    for (count, expected) in delays {
        assert_eq!(one.delay(count).as_secs(), expected, "{count}");
    }
    assert_eq!(fail(&throttle, ALICE, None, 3, 0), 0, "three failures are free");
    assert_eq!(throttle.admits(ALICE, None, at(0)).err(), Some(Duration::from_secs(1)));
    assert_eq!(fail(&throttle, ALICE, None, 3, 0), 1 + 2 + 4);
    assert!(throttle.admits("bob", None, at(7)).is_ok(), "other accounts are not delayed");
    let good = throttle.admits(ALICE, from(1), at(100)).unwrap();
    good.settles(LoginOutcome::Success, at(100));
    assert_eq!(fail(&throttle, ALICE, None, 3, 100), 100, "forgiven");
    assert!(throttle.admits(ALICE, None, at(100 + 2 * 86_400)).is_ok(), "and a day later forgotten");
}

#[test]
fn concurrent_login_attempts_respect_the_burst_limit() {
    let throttle = throttle();
    let all: Vec<_> = (0..32).map(|_| throttle.admits(ALICE, None, at(0))).collect();
    assert_eq!(all.iter().filter(|attempt| attempt.is_ok()).count(), 3);
    drop(all);
    assert!(throttle.admits(ALICE, None, at(0)).is_err(), "and those that ended without a verdict have failed");
}

#[test]
fn unverified_login_attempts_are_not_counted() {
    let throttle = throttle();
    for _ in 0..20 {
        throttle.admits(ALICE, from(1), at(0)).unwrap().settles(LoginOutcome::Unverified, at(0));
    }
    assert!(throttle.admits(ALICE, from(1), at(0)).is_ok());
}

#[test]
fn address_failures_count_across_names_and_survive_success() {
    // BRUTE-1, M7
    let throttle = throttle();
    for name in 0..6 {
        assert!(throttle.admits(&name.to_string(), from(1), at(0)).is_ok());
    }
    assert!(throttle.admits("another", from(1), at(0)).is_err());
    assert!(throttle.admits("another", from(2), at(0)).is_ok(), "a neighbor is judged");
    throttle.admits(ALICE, from(1), at(1)).unwrap().settles(LoginOutcome::Success, at(1));
    assert!(throttle.admits("another", from(1), at(1)).is_ok(), "the delay is over");
    assert!(throttle.admits("another", from(1), at(1)).is_err(), "the count is not");
    // An IPv6 /64 counts as one address. A /56 and a /48 have limits too.
    let v6 =
        |subnet: u16, host: u16| Some(PeerOrClient::Client(IpAddr::from([0x2001, 0xdb8, 1, subnet, 0, 0, 0, host])));
    for host in 0..6 {
        assert!(throttle.admits(&format!("six {host}"), v6(0, host), at(0)).is_ok());
    }
    assert!(throttle.admits("six", v6(0, 99), at(0)).is_err());
    let judged = (0x100..0x600).filter(|subnet| throttle.admits(&format!("s{subnet}"), v6(*subnet, 1), at(0)).is_ok());
    assert_eq!(judged.count(), 120 - 6);
}

#[test]
fn failures_elsewhere_do_not_lock_out_a_known_login_address() {
    // M7
    let throttle = throttle();
    throttle.admits(ALICE, from(1), at(0)).unwrap().settles(LoginOutcome::Success, at(0));
    fail(&throttle, ALICE, None, 12, 1);
    assert!(throttle.admits(ALICE, from(2), at(1)).is_err(), "attempts from other addresses are delayed");
    let hers = throttle.admits(ALICE, from(1), at(1)).unwrap();
    hers.settles(LoginOutcome::Success, at(1));
    assert!(throttle.admits(ALICE, from(2), at(1)).is_err(), "and still do");
    fail(&throttle, ALICE, from(1), 3, 1);
    assert!(throttle.admits(ALICE, from(1), at(1)).is_err(), "at home there is a count too");
}

#[test]
fn logins_from_many_addresses_do_not_exhaust_the_table() {
    // M7: a /48 contains 65,536 places, and each place that logged in is remembered.
    let throttle = Memory::new(ThrottleLimits::default());
    for subnet in 0..40_000_u16 {
        let place = Some(PeerOrClient::Client(IpAddr::from([0x2001, 0xdb8, 1, subnet, 0, 0, 0, 1])));
        throttle.admits("mallory", place, at(0)).unwrap().settles(LoginOutcome::Success, at(0));
    }
    let judged = (0..2_000).filter(|name| {
        let mut attempts = (0..5).map(|_| throttle.admits(&format!("user{name}"), None, at(1)));
        attempts.all(|attempt| attempt.is_ok())
    });
    // In one of twenty runs, six names fall into one bucket, where two share a counter. If known places took all slots, only about
    // 1,200 names would be admitted.
    let judged = judged.count();
    assert!(judged >= 1_990, "each has the failures that are free: {judged}");
}

#[test]
fn flood_of_invented_names_preserves_failure_counts() {
    // M7: a full table keeps its counts.
    let throttle = Memory::new(ThrottleLimits::default());
    fail(&throttle, ALICE, None, 9, 0);
    for name in 0..200_000_u32 {
        let _ = throttle.admits(&name.to_string(), None, at(20));
    }
    fail(&throttle, ALICE, None, 1, 20);
    let Err(delay) = throttle.admits(ALICE, None, at(20)) else { panic!("forgotten") };
    assert!(delay.as_secs() >= 16, "{delay:?}");
    // A name that first appears when the table is full shares a counter, and is still limited.
    let late = fail(&throttle, "late", None, 6, 21);
    assert!(throttle.admits("late", None, at(late)).is_err());
}

#[test]
fn failures_of_others_do_not_lock_out_a_user_at_known_address() {
    // M7
    let throttle = throttle();
    throttle.admits(ALICE, from(1), at(0)).unwrap().settles(LoginOutcome::Success, at(0));
    for name in 0..40 {
        let _ = throttle.admits(&name.to_string(), from(1), at(1));
    }
    assert!(throttle.admits("bob", from(1), at(1)).is_err());
    assert!(throttle.admits(ALICE, from(1), at(1)).is_ok());
}

#[test]
fn unknown_clients_behind_a_proxy_share_a_lenient_short_limit() {
    // M7: an undeclared proxy.
    let throttle = throttle();
    let peer = Some(PeerOrClient::Peer(IpAddr::from([10, 0, 0, 1])));
    for name in 0..119 {
        assert!(throttle.admits(&name.to_string(), peer, at(0)).is_ok(), "{name}");
    }
    let late = fail(&throttle, "mallory", peer, 12, 0);
    for name in 0..40 {
        let _ = throttle.admits(&format!("m{name}"), peer, at(late));
    }
    assert!(throttle.admits(ALICE, peer, at(late + 30)).is_ok());
    throttle.admits(ALICE, peer, at(late + 60)).unwrap().settles(LoginOutcome::Success, at(late + 60));
    assert_eq!(fail(&throttle, ALICE, from(1), 3, late + 90), late + 90, "a proxy address is not a known place");
}

#[test]
fn forwarding_ipv6_peers_share_the_limit_of_their_network() {
    let throttle = throttle();
    let peer = |subnet: u16| Some(PeerOrClient::Peer(IpAddr::from([0x2001, 0xdb8, 1, subnet, 0, 0, 0, 1])));
    let judged = (0..1_000).filter(|subnet| throttle.admits(&format!("user {subnet}"), peer(*subnet), at(0)).is_ok());
    assert_eq!(judged.count(), 120, "of a /48");
}

#[test]
fn successful_login_releases_only_its_own_count() {
    let throttle = throttle();
    let both = [throttle.admits(ALICE, None, at(0)).unwrap(), throttle.admits(ALICE, None, at(0)).unwrap()];
    for name in 0..200_000_u32 {
        let _ = throttle.admits(&name.to_string(), None, at(0));
    }
    let waits = |name: u32| throttle.store.shared_slot_delays(&Subject::Account(format!("more {name}")), at(0));
    let before: usize = (0..20_000).filter(|name| waits(*name)).count();
    both.into_iter().for_each(|attempt| attempt.settles(LoginOutcome::Success, at(0)));
    assert_eq!((0..20_000).filter(|name| waits(*name)).count(), before, "counts of other accounts do not change");
}

#[test]
fn accounts_beyond_table_capacity_wait_only_briefly() {
    // M7
    let throttle = throttle();
    for name in 0..200_000_u32 {
        let _ = throttle.admits(&name.to_string(), None, at(0));
    }
    for name in 0..20_000_u32 {
        let _ = throttle.admits(&format!("more {name}"), None, at(0));
    }
    for name in 0..200_u32 {
        assert!(throttle.admits(&format!("honest {name}"), None, at(30 * u64::from(name) + 30)).is_ok(), "{name}");
    }
}
