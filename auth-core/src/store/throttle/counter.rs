//! The counters of failed logins, and the delay that each count causes.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use sha2::{Digest as _, Sha256};

use super::ThrottleLimits;
use crate::client::address::PeerOrClient;
use crate::runtime::hex::hex;

const MAX_DELAY: Duration = Duration::from_secs(15 * 60);

/// From this count on, an account is delayed by a day (NIST SP 800-63B §3.2.2).
const DAY_DELAY_COUNT: u32 = 100;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The time that a count is kept after the delay that it caused: one day.
pub const COUNT_TTL: Duration = DAY;

/// The time that a place remains known after a successful login: 30 days. Attempts on the account from a known place have their own
/// counter.
pub const KNOWN_PLACE_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// The maximum delay of a counter that unrelated clients share: 30 s.
pub const MAX_SHARED_DELAY: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Account(String),
    /// An account at a place that it logged in from.
    KnownPlace(String, IpNet),
    Network(IpNet),
    /// The peer of a client whose address is unknown.
    Peer(IpNet),
}

impl Subject {
    pub(super) const fn is_account(&self) -> bool {
        matches!(self, Self::Account(_) | Self::KnownPlace(..))
    }
}

/// A counter of failed logins, with its subject and limits.
#[derive(Clone)]
pub struct Counter {
    pub(super) subject: Subject,
    free_failures: u32,
    max_delay: Duration,
}

impl Counter {
    /// Returns the name of the counter, which has at most 70 ASCII characters. Account names are hashed, since users type passwords
    /// into the name field.
    pub fn key(&self) -> String {
        match &self.subject {
            Subject::Account(name) => format!("a:{}", digest(name)),
            Subject::KnownPlace(name, place) => format!("k:{}", digest(&format!("{place} {name}"))),
            Subject::Network(network) => format!("n:{network}"),
            Subject::Peer(network) => format!("h:{network}"),
        }
    }

    /// Returns whether the counter belongs to an account rather than a network. A successful login resets the counters of accounts.
    pub const fn is_account(&self) -> bool {
        self.subject.is_account()
    }

    /// Returns the number of failures before the first delay.
    pub const fn free_failures(&self) -> u32 {
        self.free_failures
    }

    /// Returns the maximum of the delays that double with each failure.
    pub const fn max_delay(&self) -> Duration {
        self.max_delay
    }

    /// Returns the count from which on each failure causes a delay of one day. `None` for counters of networks.
    pub fn day_delay_count(&self) -> Option<u32> {
        self.is_account().then(|| DAY_DELAY_COUNT.max(self.free_failures))
    }

    /// Returns the delay of the next attempt after this number of failures. The delay is 0 for free failures, then 1 s, 2 s, 4 s, …
    /// up to [`max_delay`](Self::max_delay). From [`day_delay_count`](Self::day_delay_count) on, it is one day.
    pub fn delay(&self, failures: u32) -> Duration {
        if failures < self.free_failures {
            return Duration::ZERO;
        }
        if self.day_delay_count().is_some_and(|count| failures >= count) {
            return DAY;
        }
        Duration::from_secs(1 << (failures - self.free_failures).min(20)).min(self.max_delay)
    }

    pub(super) fn of_account(name: &str, limits: ThrottleLimits) -> Self {
        Self { subject: Subject::Account(name.to_owned()), free_failures: limits.account, max_delay: MAX_DELAY }
    }

    fn of_known_place(name: &str, place: IpNet, limits: ThrottleLimits) -> Self {
        let subject = Subject::KnownPlace(name.to_owned(), place);
        Self { subject, free_failures: limits.account, max_delay: MAX_DELAY }
    }
}

/// Redacts the account name.
impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counter").field("key", &self.key()).finish_non_exhaustive()
    }
}

/// The set of counters in which an attempt was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterSet {
    /// The counter [`LoginCounters::known_place`].
    KnownPlace,
    /// The counters [`LoginCounters::general_set`].
    General,
}

/// The counters of one login attempt.
pub struct LoginCounters {
    account: String,
    known_place: Option<Counter>,
    general_set: Vec<Counter>,
    place: Option<IpNet>,
}

impl LoginCounters {
    /// Returns the counters of an attempt on an account. `seen` is the address of the attempt, if known.
    pub fn new(account: &str, seen: Option<PeerOrClient>, limits: ThrottleLimits) -> Self {
        let place = place(seen);
        let account_counter = std::iter::once(Counter::of_account(account, limits));
        Self {
            account: account.to_owned(),
            known_place: place.map(|place| Counter::of_known_place(account, place, limits)),
            general_set: account_counter.chain(networks(seen, limits)).collect(),
            place,
        }
    }

    /// Returns the counters of a failure without an account, which counts for the networks of the address only.
    pub(super) fn of_networks(seen: PeerOrClient, limits: ThrottleLimits) -> Self {
        let general_set = networks(Some(seen), limits).collect();
        Self { account: String::new(), known_place: None, general_set, place: None }
    }

    /// Returns the counter of the account at the place of the attempt. `None` if the client address is unknown.
    pub const fn known_place(&self) -> Option<&Counter> {
        self.known_place.as_ref()
    }

    /// Returns the counters of the account and of the networks of the attempt. They apply if the account has not recently logged in
    /// from the address of the attempt.
    pub fn general_set(&self) -> &[Counter] {
        &self.general_set
    }

    /// Returns the counters of a set.
    pub fn set(&self, set: CounterSet) -> &[Counter] {
        match set {
            CounterSet::KnownPlace => self.known_place.as_slice(),
            CounterSet::General => &self.general_set,
        }
    }

    /// Returns the hashed name of the place of the attempt, which is an IPv4 address or an IPv6 /64. `None` if the client address
    /// is unknown.
    pub fn place(&self) -> Option<String> {
        self.place.map(|place| digest(&place.to_string()))
    }

    /// Returns the hashed name of the account.
    pub fn account(&self) -> String {
        digest(&self.account)
    }
}

/// Redacts the account name.
impl std::fmt::Debug for LoginCounters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginCounters").field("general_set", &self.general_set).finish_non_exhaustive()
    }
}

/// Returns the counters of the networks of an attempt. Wider networks have more free failures, as do peers, which may be proxies of
/// many clients.
fn networks(seen: Option<PeerOrClient>, limits: ThrottleLimits) -> impl Iterator<Item = Counter> {
    let prefixes: &[(u8, u32)] = match seen {
        None => &[],
        Some(PeerOrClient::Client(IpAddr::V4(_))) => &[(32, 1), (24, 5)],
        Some(PeerOrClient::Client(IpAddr::V6(_))) => &[(64, 1), (56, 5), (48, 20)],
        Some(PeerOrClient::Peer(IpAddr::V4(_))) => &[(32, 20)],
        // A peer that is not a proxy is a client that hides its address and may use many addresses.
        Some(PeerOrClient::Peer(IpAddr::V6(_))) => &[(64, 20), (48, 20)],
    };
    let all = seen.into_iter().flat_map(|seen| prefixes.iter().map(move |prefix| (seen, *prefix)));
    all.map(move |(seen, (prefix, factor))| {
        let network = network_of(seen.address(), prefix);
        let (subject, max_delay) = match seen {
            PeerOrClient::Client(_) => (Subject::Network(network), MAX_DELAY),
            PeerOrClient::Peer(_) => (Subject::Peer(network), MAX_SHARED_DELAY),
        };
        Counter { subject, free_failures: limits.address.saturating_mul(factor), max_delay }
    })
}

/// Returns the network that counts as one place: an IPv4 address or an IPv6 /64. `None` if the client address is unknown.
fn place(seen: Option<PeerOrClient>) -> Option<IpNet> {
    match seen? {
        PeerOrClient::Client(address) => Some(network_of(address, if address.is_ipv4() { 32 } else { 64 })),
        PeerOrClient::Peer(_) => None,
    }
}

fn network_of(address: IpAddr, prefix: u8) -> IpNet {
    IpNet::new(address, prefix).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}
