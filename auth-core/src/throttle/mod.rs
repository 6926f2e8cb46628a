//! How often a login may fail: by account, and by the network that it comes from.
//!
//! # Why
//! A lock that strangers can put on an account is a weapon, so there is none that lasts: delays grow and end, and who
//! logged in lately from somewhere has a count of their own there. A count is taken *before* the password is hashed and
//! given back where it was right: of many attempts at once no more than the free ones are judged. Entries of a full table
//! share counts instead of pushing others out: a flood of made-up names forgets nobody's failures.

mod memory;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use self::memory::Table;
use crate::clock::{self, Moment};
use crate::denial::RetryAfter;

/// How many failures are free, and how the delay grows. Of an account, 5 failures and then 1 s, 2 s, 4 s … up to 15
/// minutes; from the hundredth on, a day (NIST SP 800-63B §3.2.2). Of an address (an IPv6 /64) 20, of a wider network (/24,
/// /56) 100, of a /48 400.
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

/// The longest delay of a count that is below [`MANY`], and that of one above.
const LONGEST: Duration = Duration::from_secs(15 * 60);
const MANY: u32 = 100;
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// How long a count is remembered after its last failure.
const MEMORY: Duration = A_DAY;

/// How long a login is remembered: from there, that account is counted by itself.
const KNOWN: Duration = Duration::from_secs(30 * 24 * 3600);

/// One thing that failures are counted of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Account(String),
    /// An account that logged in from this network lately.
    Known(String, IpNet),
    Network(IpNet),
}

/// A subject, and how many failures are free.
struct Counted {
    subject: Subject,
    free: u32,
    /// Whether it is about accounts at all: those a success forgives.
    is_account: bool,
}

impl Counted {
    fn delay(&self, count: u32) -> Duration {
        if count < self.free {
            return Duration::ZERO;
        }
        if self.is_account && count >= MANY.max(self.free) {
            return A_DAY;
        }
        Duration::from_secs(1 << (count - self.free).min(20)).min(LONGEST)
    }
}

/// Where failed logins are counted. Cheap to clone.
#[derive(Clone)]
pub struct Throttle(Arc<Inner>);

struct Inner {
    limits: Limits,
    table: Table,
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

/// Why an attempt is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// Too many have failed.
    Away(RetryAfter),
    /// The store of counts is out of reach.
    #[allow(dead_code, reason = "memory is always in reach")]
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
    network: Option<IpNet>,
    counted: Vec<(Subject, bool)>,
}

impl Throttle {
    /// In the memory of this process: some 32,000 accounts and networks at a time, in about 1 MiB.
    pub fn memory() -> Self {
        Self::with(Limits::default())
    }

    /// The same with other limits.
    pub fn with(limits: Limits) -> Self {
        Self(Arc::new(Inner { limits, table: Table::new() }))
    }

    /// Nowhere: for who limits failed logins before they come here.
    pub fn off() -> Self {
        Self::with(Limits { account: u32::MAX, address: u32::MAX })
    }

    /// Whether an attempt would have to wait. Counts nothing.
    pub(crate) fn must_wait(&self, account: &str, client: Option<IpAddr>) -> Option<RetryAfter> {
        let now = clock::monotonic();
        self.counted(account, client, now)
            .iter()
            .filter_map(|one| self.0.table.waits(&one.subject, now))
            .max()
            .map(seconds)
    }

    /// Counts an attempt, before it is judged.
    #[allow(clippy::unused_async, reason = "a store that instances share has to be asked")]
    pub(crate) async fn admit(&self, account: &str, client: Option<IpAddr>) -> Result<Attempt, Turned> {
        self.admit_at(account, client, clock::monotonic())
    }

    fn admit_at(&self, account: &str, client: Option<IpAddr>, now: Moment) -> Result<Attempt, Turned> {
        let counted = self.counted(account, client, now);
        let mut attempt = Attempt {
            throttle: self.clone(),
            name: account.to_owned(),
            network: client.map(narrow),
            counted: Vec::with_capacity(counted.len()),
        };
        for one in counted {
            match self.0.table.count(&one.subject, now, |count| one.delay(count)) {
                Ok(()) => attempt.counted.push((one.subject, one.is_account)),
                Err(wait) => {
                    attempt.give_back();
                    return Err(Turned::Away(seconds(wait)));
                }
            }
        }
        Ok(attempt)
    }

    fn counted(&self, account: &str, client: Option<IpAddr>, now: Moment) -> Vec<Counted> {
        let Limits { account: free, address } = self.0.limits;
        let known = client.map(|client| Subject::Known(account.to_owned(), narrow(client)));
        let known = known.filter(|known| self.0.table.is_remembered(known, now));
        let of_account = known.unwrap_or_else(|| Subject::Account(account.to_owned()));
        let mut all = vec![Counted { subject: of_account, free, is_account: true }];
        for (network, times) in client.into_iter().flat_map(networks) {
            let free = address.saturating_mul(times);
            all.push(Counted { subject: Subject::Network(network), free, is_account: false });
        }
        all
    }
}

impl Attempt {
    /// Says what became of it.
    #[allow(clippy::unused_async, reason = "a store that instances share has to be told")]
    pub(crate) async fn settle(self, outcome: Outcome) {
        self.settle_at(outcome, clock::monotonic());
    }

    fn settle_at(mut self, outcome: Outcome, now: Moment) {
        let table = &self.throttle.0.table;
        if outcome == Outcome::Success {
            for (subject, _) in self.counted.iter().filter(|(_, is_account)| *is_account) {
                table.forgive(subject);
            }
            if let Some(network) = self.network {
                table.remember(&Subject::Known(std::mem::take(&mut self.name), network), now);
            }
        }
        self.give_back();
    }

    /// It was no failure.
    fn give_back(&mut self) {
        for (subject, _) in self.counted.drain(..) {
            self.throttle.0.table.give_back(&subject);
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(wait: Duration) -> RetryAfter {
    RetryAfter::seconds(u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX))
}

/// The network that counts as one place: an address of IPv4, a /64 of IPv6.
fn narrow(address: IpAddr) -> IpNet {
    within(address, if address.is_ipv4() { 32 } else { 64 })
}

fn within(address: IpAddr, prefix: u8) -> IpNet {
    IpNet::new(address, prefix).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

/// The networks that are counted, each with how many times the failures of an address are free.
fn networks(address: IpAddr) -> impl Iterator<Item = (IpNet, u32)> {
    let prefixes: &[(u8, u32)] = if address.is_ipv4() { &[(32, 1), (24, 5)] } else { &[(64, 1), (56, 5), (48, 20)] };
    prefixes.iter().map(move |(prefix, times)| (within(address, *prefix), *times))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "alice";

    fn throttle() -> Throttle {
        Throttle::with(Limits::default().free_of_account(3).free_of_address(6))
    }

    fn at(seconds: u64) -> Moment {
        clock::monotonic().plus(Duration::from_secs(1_000_000 + seconds))
    }

    fn from(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([203, 0, 113, last]))
    }

    /// Fails so many times, each as soon as it may, and says when.
    fn fail(throttle: &Throttle, account: &str, client: Option<IpAddr>, times: u32, mut now: u64) -> u64 {
        for _ in 0..times {
            while throttle.admit_at(account, client, at(now)).is_err() {
                now += 1;
            }
        }
        now
    }

    #[test]
    fn delays_grow_and_end_and_a_success_forgives_the_account_alone() {
        // BRUTE-1
        let throttle = throttle();
        let one = Counted { subject: Subject::Account(ALICE.into()), free: 3, is_account: true };
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
        assert_eq!(throttle.admit_at(ALICE, None, at(0)).unwrap_err(), Turned::Away(RetryAfter::seconds(1)));
        assert_eq!(fail(&throttle, ALICE, None, 3, 0), 1 + 2 + 4);
        assert!(throttle.admit_at("bob", None, at(7)).is_ok(), "nobody else waits");
        let good = throttle.admit_at(ALICE, from(1), at(100)).unwrap();
        good.settle_at(Outcome::Success, at(100));
        assert_eq!(fail(&throttle, ALICE, None, 3, 100), 100, "forgiven");
        assert!(throttle.admit_at(ALICE, None, at(100 + 2 * 86_400)).is_ok(), "and a day later forgotten");
    }

    #[test]
    fn many_at_once_find_no_gap() {
        let throttle = throttle();
        let all: Vec<_> = (0..32).map(|_| throttle.admit_at(ALICE, None, at(0))).collect();
        assert_eq!(all.iter().filter(|attempt| attempt.is_ok()).count(), 3);
        drop(all);
        assert!(throttle.admit_at(ALICE, None, at(0)).is_err(), "and those that ended without a verdict have failed");
    }

    #[test]
    fn an_attempt_that_nobody_judged_is_none() {
        let throttle = throttle();
        for _ in 0..20 {
            throttle.admit_at(ALICE, from(1), at(0)).unwrap().settle_at(Outcome::Unknown, at(0));
        }
        assert!(throttle.admit_at(ALICE, from(1), at(0)).is_ok());
    }

    #[test]
    fn an_address_is_counted_over_all_names_and_a_success_does_not_clear_it() {
        // BRUTE-1, M7
        let throttle = throttle();
        for name in 0..6 {
            assert!(throttle.admit_at(&name.to_string(), from(1), at(0)).is_ok());
        }
        assert!(throttle.admit_at("another", from(1), at(0)).is_err());
        assert!(throttle.admit_at("another", from(2), at(0)).is_ok(), "a neighbour is judged");
        throttle.admit_at(ALICE, from(1), at(1)).unwrap().settle_at(Outcome::Success, at(1));
        assert!(throttle.admit_at("another", from(1), at(1)).is_ok(), "the delay is over");
        assert!(throttle.admit_at("another", from(1), at(1)).is_err(), "the count is not");
        // IPv6: a /64 is one address; a /56 and a /48 of them end too.
        let v6 = |subnet: u16, host: u16| Some(IpAddr::from([0x2001, 0xdb8, 1, subnet, 0, 0, 0, host]));
        for host in 0..6 {
            assert!(throttle.admit_at(&format!("six {host}"), v6(0, host), at(0)).is_ok());
        }
        assert!(throttle.admit_at("six", v6(0, 99), at(0)).is_err());
        let judged =
            (0x100..0x600).filter(|subnet| throttle.admit_at(&format!("s{subnet}"), v6(*subnet, 1), at(0)).is_ok());
        assert_eq!(judged.count(), 120 - 6);
    }

    #[test]
    fn a_stranger_s_failures_do_not_lock_out_who_logged_in_from_elsewhere_lately() {
        // M7
        let throttle = throttle();
        throttle.admit_at(ALICE, from(1), at(0)).unwrap().settle_at(Outcome::Success, at(0));
        fail(&throttle, ALICE, None, 12, 1);
        assert!(throttle.admit_at(ALICE, from(2), at(1)).is_err(), "strangers wait");
        let hers = throttle.admit_at(ALICE, from(1), at(1)).unwrap();
        hers.settle_at(Outcome::Success, at(1));
        assert!(throttle.admit_at(ALICE, from(2), at(1)).is_err(), "and still do");
        fail(&throttle, ALICE, from(1), 3, 1);
        assert!(throttle.admit_at(ALICE, from(1), at(1)).is_err(), "at home there is a count too");
    }

    #[test]
    fn who_logs_in_from_everywhere_takes_no_room_from_others() {
        // M7: a /48 has 65,536 places, and each that logged in is remembered.
        let throttle = Throttle::with(Limits::default());
        for subnet in 0..40_000_u16 {
            let place = Some(IpAddr::from([0x2001, 0xdb8, 1, subnet, 0, 0, 0, 1]));
            throttle.admit_at("mallory", place, at(0)).unwrap().settle_at(Outcome::Success, at(0));
        }
        let judged = (0..2_000).filter(|name| {
            let mut attempts = (0..5).map(|_| throttle.admit_at(&format!("user{name}"), None, at(1)));
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
            let _ = throttle.admit_at(&name.to_string(), None, at(20));
        }
        fail(&throttle, ALICE, None, 1, 20);
        let Err(Turned::Away(after)) = throttle.admit_at(ALICE, None, at(20)) else { panic!("forgotten") };
        assert!(after.get() >= 16, "{after:?}");
        // And who comes first when the table is full is counted with others, and still is.
        let late = fail(&throttle, "late", None, 6, 21);
        assert!(throttle.admit_at("late", None, at(late)).is_err());
    }
}
