//! How often a login may fail: by account, and by the network that it comes from.
//!
//! # Why
//! A lock that strangers can put on an account is a weapon, so delays grow and end, and who logged in lately from somewhere has
//! a count of their own there: while somebody goes on guessing, that place stays open, and no other. It is known only where the
//! builder says where addresses come from. A count is taken *before* the password is hashed and
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
use crate::client::address::PeerOrClient;
use crate::denial::RetryAfter;
use crate::runtime::clock::{self, Moment};
#[cfg(feature = "redis")]
use crate::runtime::redis::RedisUrlError;

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
    pub(crate) fn must_wait(&self, account: &str, seen: Option<PeerOrClient>) -> Option<RetryAfter> {
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
    pub(crate) async fn admit(&self, account: &str, seen: Option<PeerOrClient>) -> Result<Attempt, Turned> {
        match &*self.home {
            Home::Memory(table) => self.admit_at(table, account, seen, clock::monotonic()),
            #[cfg(feature = "redis")]
            Home::Redis(counts) => {
                let counted = counts.admit(account, seen, self.limits).await?;
                Ok(self.attempt(account, seen, counted))
            }
        }
    }

    fn attempt(&self, account: &str, seen: Option<PeerOrClient>, counted: Vec<Subject>) -> Attempt {
        Attempt {
            throttle: self.clone(),
            name: account.to_owned(),
            place: subject::place(seen),
            counted,
            own: Vec::new(),
        }
    }

    fn admit_at(
        &self,
        table: &Table,
        account: &str,
        seen: Option<PeerOrClient>,
        now: Moment,
    ) -> Result<Attempt, Turned> {
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

    fn counted(&self, table: &Table, account: &str, seen: Option<PeerOrClient>, now: Moment) -> Vec<Counted> {
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
mod tests;
