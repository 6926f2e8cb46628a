//! How often a login may fail: by account, and by the network that it comes from.
//!
//! # Why
//! A lock that strangers can put on an account is a weapon, so there is none that lasts: delays grow and end, and who
//! logged in lately from somewhere has a count of their own there. A count is taken *before* the password is hashed and
//! given back where it was right: of many attempts at once no more than the free ones are judged. Entries of a full table
//! share counts instead of pushing others out: a flood of made-up names forgets nobody's failures.

mod memory;
#[cfg(feature = "redis")]
mod redis;
mod subject;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use self::memory::Table;
use self::subject::{Counted, Subject};
use crate::client::address::Seen;
use crate::clock::{self, Moment};
use crate::denial::RetryAfter;
#[cfg(feature = "redis")]
use crate::server::RedisUrlError;

/// How many failures are free, and how the delay grows. Of an account, 5 failures and then 1 s, 2 s, 4 s … up to 15
/// minutes; from the hundredth on, a day (NIST SP 800-63B §3.2.2). Of an address (an IPv6 /64) 20, of a wider network (/24,
/// /56) 100, of a /48 400. Where the client is not known, its peer has 400, as many may be behind it, and delays of no more
/// than 30 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    account: u32,
    address: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { account: 5, address: 20 }
    }
}

impl Limits {
    /// So many failures of one account before the first delay; at most 50, and one at least.
    #[must_use]
    pub fn free_of_account(self, failures: u32) -> Self {
        Self { account: failures.clamp(1, 50), ..self }
    }

    /// So many failures of one address before the first delay; one at least. Wider networks have five and twenty times as
    /// many.
    #[must_use]
    pub fn free_of_address(self, failures: u32) -> Self {
        Self { address: failures.max(1), ..self }
    }
}

/// Where failed logins are counted. Cheap to clone.
#[derive(Clone)]
pub struct Throttle {
    limits: Limits,
    home: Arc<Home>,
}

enum Home {
    Memory(Table),
    #[cfg(feature = "redis")]
    Redis(Box<redis::Counts>),
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Why an attempt is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// Too many have failed.
    Away(RetryAfter),
    /// The store of counts is out of reach.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "memory is always in reach"))]
    Unavailable,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The password was right.
    Success,
    /// It was not judged.
    Unknown,
}

/// An attempt that is being judged. Dropped, it has failed.
#[derive(Debug)]
pub(crate) struct Attempt {
    throttle: Throttle,
    name: String,
    place: Option<IpNet>,
    counted: Vec<Subject>,
    /// Of those in memory, whether each has a slot of its own, rather than one that it shares.
    own: Vec<bool>,
}

impl Throttle {
    /// In the memory of this process: some 32,000 accounts and networks at a time, in about 1 MiB.
    pub fn memory() -> Self {
        Self { limits: Limits::default(), home: Arc::new(Home::Memory(Table::new())) }
    }

    /// The same with other limits.
    pub fn with(limits: Limits) -> Self {
        Self::memory().limits(limits)
    }

    /// In Redis or Valkey, for all instances together that name the same one: `redis://user:password@host:6379/0`. Keys begin
    /// with `auth:`. No connection is opened before the first login; while the server is out of reach, a login is answered
    /// with 503. Names of accounts are kept as hashes, for a day after the last failure; what uses it says its realm, as a name is
    /// somebody else in another one.
    ///
    /// # Errors
    /// The address is none.
    #[cfg(feature = "redis")]
    pub fn redis(url: &str) -> Result<Self, RedisUrlError> {
        Ok(Self { limits: Limits::default(), home: Arc::new(Home::Redis(Box::new(redis::Counts::new(url)?))) })
    }

    /// Other limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Whether it counts for other processes too.
    pub(crate) fn is_shared(&self) -> bool {
        match &*self.home {
            Home::Memory(_) => false,
            #[cfg(feature = "redis")]
            Home::Redis(_) => true,
        }
    }

    /// Nowhere: for who limits failed logins before they come here.
    pub fn off() -> Self {
        Self::with(Limits { account: u32::MAX, address: u32::MAX })
    }

    /// Whether an attempt would have to wait, where that is known here. Counts nothing, and asks nobody.
    pub(crate) fn must_wait(&self, account: &str, seen: Option<Seen>) -> Option<RetryAfter> {
        match &*self.home {
            Home::Memory(table) => {
                let now = clock::monotonic();
                let counted = self.counted(table, account, seen, now);
                counted.iter().filter_map(|one| table.waits(&one.subject, now)).max().map(seconds)
            }
            #[cfg(feature = "redis")]
            Home::Redis(_) => None,
        }
    }

    /// Counts an attempt, before it is judged.
    #[cfg_attr(
        not(feature = "redis"),
        allow(clippy::unused_async, reason = "a store that instances share has to be asked")
    )]
    pub(crate) async fn admit(&self, account: &str, seen: Option<Seen>) -> Result<Attempt, Turned> {
        match &*self.home {
            Home::Memory(table) => self.admit_at(table, account, seen, clock::monotonic()),
            #[cfg(feature = "redis")]
            Home::Redis(counts) => {
                let counted = counts.admit(account, seen, self.limits).await?;
                Ok(self.attempt(account, seen, counted))
            }
        }
    }

    fn attempt(&self, account: &str, seen: Option<Seen>, counted: Vec<Subject>) -> Attempt {
        Attempt {
            throttle: self.clone(),
            name: account.to_owned(),
            place: subject::place(seen),
            counted,
            own: Vec::new(),
        }
    }

    fn admit_at(&self, table: &Table, account: &str, seen: Option<Seen>, now: Moment) -> Result<Attempt, Turned> {
        let mut attempt = self.attempt(account, seen, Vec::new());
        for one in self.counted(table, account, seen, now) {
            match table.count(&one, now) {
                Ok(own) => {
                    attempt.counted.push(one.subject);
                    attempt.own.push(own);
                }
                Err(wait) => {
                    attempt.give_back(table);
                    return Err(Turned::Away(seconds(wait)));
                }
            }
        }
        Ok(attempt)
    }

    fn counted(&self, table: &Table, account: &str, seen: Option<Seen>, now: Moment) -> Vec<Counted> {
        let known = subject::place(seen).map(|place| subject::known(account, place, self.limits));
        match known.filter(|known| table.is_remembered(&known.subject, now)) {
            Some(known) => vec![known],
            None => {
                let account = std::iter::once(subject::account(account, self.limits));
                account.chain(subject::networks(seen, self.limits)).collect()
            }
        }
    }
}

impl Attempt {
    /// Says what became of it. Where that cannot be put down, it has failed.
    #[cfg_attr(
        not(feature = "redis"),
        allow(clippy::unused_async, reason = "a store that instances share has to be told")
    )]
    pub(crate) async fn settle(self, outcome: Outcome) {
        match &*self.throttle.home {
            Home::Memory(table) => self.settle_at(table, outcome, clock::monotonic()),
            #[cfg(feature = "redis")]
            Home::Redis(counts) => counts.settle(&self.name, self.place, &self.counted, outcome).await,
        }
    }

    fn settle_at(&self, table: &Table, outcome: Outcome, now: Moment) {
        if outcome == Outcome::Success {
            self.counted.iter().filter(|subject| subject.is_account()).for_each(|subject| table.forgive(subject));
            if let Some(place) = self.place {
                table.remember(&Subject::Known(self.name.clone(), place), now);
            }
        }
        self.give_back(table);
    }

    fn give_back(&self, table: &Table) {
        self.counted.iter().zip(&self.own).for_each(|(subject, own)| table.give_back(subject, *own));
    }
}

/// Whole seconds, rounded up.
fn seconds(wait: Duration) -> RetryAfter {
    RetryAfter::seconds(u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const ALICE: &str = "alice";

    impl Throttle {
        fn table(&self) -> &Table {
            match &*self.home {
                Home::Memory(table) => table,
                #[cfg(feature = "redis")]
                Home::Redis(_) => panic!("in memory"),
            }
        }

        fn admits(&self, account: &str, seen: Option<Seen>, now: Moment) -> Result<Attempt, Turned> {
            self.admit_at(self.table(), account, seen, now)
        }
    }

    impl Attempt {
        fn settles(self, outcome: Outcome, now: Moment) {
            self.settle_at(self.throttle.table(), outcome, now);
        }
    }

    fn throttle() -> Throttle {
        Throttle::with(Limits::default().free_of_account(3).free_of_address(6))
    }

    fn at(seconds: u64) -> Moment {
        clock::monotonic().plus(Duration::from_secs(1_000_000 + seconds))
    }

    fn from(last: u8) -> Option<Seen> {
        Some(Seen::Client(IpAddr::from([203, 0, 113, last])))
    }

    /// Fails so many times, each as soon as it may, and says when.
    fn fail(throttle: &Throttle, account: &str, seen: Option<Seen>, times: u32, mut now: u64) -> u64 {
        for _ in 0..times {
            while throttle.admits(account, seen, at(now)).is_err() {
                now += 1;
            }
        }
        now
    }

    #[test]
    fn delays_grow_and_end_and_a_success_forgives_the_account_alone() {
        // BRUTE-1
        let throttle = throttle();
        let one = subject::account(ALICE, Limits::default().free_of_account(3));
        let delays = [
            (0, 0),
            (2, 0),
            (3, 1),
            (4, 2),
            (5, 4),
            (12, 512),
            (13, 900),
            (99, 900),
            (100, 86_400),
            (u32::MAX, 86_400),
        ];
        for (count, expected) in delays {
            assert_eq!(one.delay(count).as_secs(), expected, "{count}");
        }
        assert_eq!(fail(&throttle, ALICE, None, 3, 0), 0, "three are free");
        assert_eq!(throttle.admits(ALICE, None, at(0)).unwrap_err(), Turned::Away(RetryAfter::seconds(1)));
        assert_eq!(fail(&throttle, ALICE, None, 3, 0), 1 + 2 + 4);
        assert!(throttle.admits("bob", None, at(7)).is_ok(), "nobody else waits");
        let good = throttle.admits(ALICE, from(1), at(100)).unwrap();
        good.settles(Outcome::Success, at(100));
        assert_eq!(fail(&throttle, ALICE, None, 3, 100), 100, "forgiven");
        assert!(throttle.admits(ALICE, None, at(100 + 2 * 86_400)).is_ok(), "and a day later forgotten");
    }

    #[test]
    fn many_at_once_find_no_gap() {
        let throttle = throttle();
        let all: Vec<_> = (0..32).map(|_| throttle.admits(ALICE, None, at(0))).collect();
        assert_eq!(all.iter().filter(|attempt| attempt.is_ok()).count(), 3);
        drop(all);
        assert!(throttle.admits(ALICE, None, at(0)).is_err(), "and those that ended without a verdict have failed");
    }

    #[test]
    fn an_attempt_that_nobody_judged_is_none() {
        let throttle = throttle();
        for _ in 0..20 {
            throttle.admits(ALICE, from(1), at(0)).unwrap().settles(Outcome::Unknown, at(0));
        }
        assert!(throttle.admits(ALICE, from(1), at(0)).is_ok());
    }

    #[test]
    fn an_address_is_counted_over_all_names_and_a_success_does_not_clear_it() {
        // BRUTE-1, M7
        let throttle = throttle();
        for name in 0..6 {
            assert!(throttle.admits(&name.to_string(), from(1), at(0)).is_ok());
        }
        assert!(throttle.admits("another", from(1), at(0)).is_err());
        assert!(throttle.admits("another", from(2), at(0)).is_ok(), "a neighbour is judged");
        throttle.admits(ALICE, from(1), at(1)).unwrap().settles(Outcome::Success, at(1));
        assert!(throttle.admits("another", from(1), at(1)).is_ok(), "the delay is over");
        assert!(throttle.admits("another", from(1), at(1)).is_err(), "the count is not");
        // IPv6: a /64 is one address; a /56 and a /48 of them end too.
        let v6 = |subnet: u16, host: u16| Some(Seen::Client(IpAddr::from([0x2001, 0xdb8, 1, subnet, 0, 0, 0, host])));
        for host in 0..6 {
            assert!(throttle.admits(&format!("six {host}"), v6(0, host), at(0)).is_ok());
        }
        assert!(throttle.admits("six", v6(0, 99), at(0)).is_err());
        let judged =
            (0x100..0x600).filter(|subnet| throttle.admits(&format!("s{subnet}"), v6(*subnet, 1), at(0)).is_ok());
        assert_eq!(judged.count(), 120 - 6);
    }

    #[test]
    fn a_stranger_s_failures_do_not_lock_out_who_logged_in_from_elsewhere_lately() {
        // M7
        let throttle = throttle();
        throttle.admits(ALICE, from(1), at(0)).unwrap().settles(Outcome::Success, at(0));
        fail(&throttle, ALICE, None, 12, 1);
        assert!(throttle.admits(ALICE, from(2), at(1)).is_err(), "strangers wait");
        let hers = throttle.admits(ALICE, from(1), at(1)).unwrap();
        hers.settles(Outcome::Success, at(1));
        assert!(throttle.admits(ALICE, from(2), at(1)).is_err(), "and still do");
        fail(&throttle, ALICE, from(1), 3, 1);
        assert!(throttle.admits(ALICE, from(1), at(1)).is_err(), "at home there is a count too");
    }

    #[test]
    fn who_logs_in_from_everywhere_takes_no_room_from_others() {
        // M7: a /48 has 65,536 places, and each that logged in is remembered.
        let throttle = Throttle::with(Limits::default());
        for subnet in 0..40_000_u16 {
            let place = Some(Seen::Client(IpAddr::from([0x2001, 0xdb8, 1, subnet, 0, 0, 0, 1])));
            throttle.admits("mallory", place, at(0)).unwrap().settles(Outcome::Success, at(0));
        }
        let judged = (0..2_000).filter(|name| {
            let mut attempts = (0..5).map(|_| throttle.admits(&format!("user{name}"), None, at(1)));
            attempts.all(|attempt| attempt.is_ok())
        });
        assert_eq!(judged.count(), 2_000, "each has the failures that are free");
    }

    #[test]
    fn a_flood_of_made_up_names_forgets_nobody() {
        // M7: a full table keeps counts.
        let throttle = Throttle::with(Limits::default());
        fail(&throttle, ALICE, None, 9, 0);
        for name in 0..200_000_u32 {
            let _ = throttle.admits(&name.to_string(), None, at(20));
        }
        fail(&throttle, ALICE, None, 1, 20);
        let Err(Turned::Away(after)) = throttle.admits(ALICE, None, at(20)) else { panic!("forgotten") };
        assert!(after.get() >= 16, "{after:?}");
        // And who comes first when the table is full is counted with others, and still is.
        let late = fail(&throttle, "late", None, 6, 21);
        assert!(throttle.admits("late", None, at(late)).is_err());
    }

    #[test]
    fn what_others_do_in_one_s_network_locks_nobody_out_who_logged_in_there_lately() {
        // M7
        let throttle = throttle();
        throttle.admits(ALICE, from(1), at(0)).unwrap().settles(Outcome::Success, at(0));
        for name in 0..40 {
            let _ = throttle.admits(&name.to_string(), from(1), at(1));
        }
        assert!(throttle.admits("bob", from(1), at(1)).is_err());
        assert!(throttle.admits(ALICE, from(1), at(1)).is_ok());
    }

    #[test]
    fn where_clients_are_not_known_many_may_fail_before_others_wait_and_never_for_long() {
        // M7: a proxy that nobody declared
        let throttle = throttle();
        let peer = Some(Seen::Peer(IpAddr::from([10, 0, 0, 1])));
        for name in 0..119 {
            assert!(throttle.admits(&name.to_string(), peer, at(0)).is_ok(), "{name}");
        }
        let late = fail(&throttle, "mallory", peer, 12, 0);
        for name in 0..40 {
            let _ = throttle.admits(&format!("m{name}"), peer, at(late));
        }
        assert!(throttle.admits(ALICE, peer, at(late + 30)).is_ok());
        throttle.admits(ALICE, peer, at(late + 60)).unwrap().settles(Outcome::Success, at(late + 60));
        assert_eq!(fail(&throttle, ALICE, from(1), 3, late + 90), late + 90, "it is no place to be known at");
    }

    #[test]
    fn who_hides_has_no_more_tries_for_having_many_addresses() {
        let throttle = throttle();
        let peer = |subnet: u16| Some(Seen::Peer(IpAddr::from([0x2001, 0xdb8, 1, subnet, 0, 0, 0, 1])));
        let judged =
            (0..1_000).filter(|subnet| throttle.admits(&format!("user {subnet}"), peer(*subnet), at(0)).is_ok());
        assert_eq!(judged.count(), 120, "of a /48");
    }

    #[test]
    fn what_is_given_back_is_what_was_counted() {
        let throttle = throttle();
        let both = [throttle.admits(ALICE, None, at(0)).unwrap(), throttle.admits(ALICE, None, at(0)).unwrap()];
        for name in 0..200_000_u32 {
            let _ = throttle.admits(&name.to_string(), None, at(0));
        }
        let waits = |name: u32| throttle.table().waits_in_shared(&Subject::Account(format!("more {name}")), at(0));
        let before: usize = (0..20_000).filter(|name| waits(*name)).count();
        both.into_iter().for_each(|attempt| attempt.settles(Outcome::Success, at(0)));
        assert_eq!((0..20_000).filter(|name| waits(*name)).count(), before, "nobody else is forgiven");
    }

    #[test]
    fn what_found_no_room_waits_for_seconds_and_no_longer() {
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
}
