//! Throttling of failed logins, by account and by client network.
//!
//! # Why
//! Account locks would be a denial of service, since any attacker could cause them. Therefore delays grow and end, and an account
//! has its own counter at each place that it recently logged in from. While an attacker guesses elsewhere, that place stays
//! available. Places are known only if the builder declares the source of client addresses.
//!
//! An attempt is counted *before* its password is verified, and the count is undone after a success. Only as many concurrent
//! attempts are verified as there are free failures.
//!
//! Counters that do not fit into a full table share slots instead of evicting others, so a flood of made-up names resets no
//! counter.

#[cfg(feature = "test-util")]
pub mod conformance;
mod counter;
mod store;
mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::sync::Arc;
use std::time::Duration;

pub use self::counter::{COUNT_TTL, Counter, CounterSet, KNOWN_PLACE_TTL, LoginCounters, MAX_SHARED_DELAY};
pub use self::memory::MemoryThrottleStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisThrottleStore;
pub use self::store::{Admission, Counted, LoginOutcome, ThrottleStore, ThrottleUnavailable};
use crate::client::address::PeerOrClient;
use crate::denial::RetryAfter;
use crate::runtime::timeout;

/// The number of free failures, and the growth of delays.
///
/// An account has 5 free failures, then delays of 1 s, 2 s, 4 s, … up to 15 minutes. From the hundredth failure on, the delay is
/// one day (NIST SP 800-63B §3.2.2). A client address (an IPv6 /64) has 20 free failures, a wider network (/24, /56) has 100, and a
/// /48 has 400. If the client address is unknown, its peer has 400 free failures, since it may be a proxy of many clients, and its
/// delays are at most 30 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleLimits {
    account: u32,
    address: u32,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self { account: 5, address: 20 }
    }
}

impl ThrottleLimits {
    /// Sets the number of free failures of an account, from 1 to 50. 5 by default.
    #[must_use]
    pub fn account_burst(self, failures: u32) -> Self {
        Self { account: failures.clamp(1, 50), ..self }
    }

    /// Sets the number of free failures of a client address, at least 1. 20 by default. Wider networks have five and twenty times
    /// as many.
    #[must_use]
    pub fn address_burst(self, failures: u32) -> Self {
        Self { address: failures.max(1), ..self }
    }
}

/// The throttle of failed logins. Cheap to clone. Clones share their counts.
#[derive(Clone)]
pub struct Throttle {
    limits: ThrottleLimits,
    store: Arc<dyn ThrottleStore>,
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    TooManyFailures(RetryAfter),
    Unavailable,
}

/// An admitted attempt whose password is being verified. If dropped, it counts as a failure.
pub(crate) struct Attempt {
    store: Arc<dyn ThrottleStore>,
    login: LoginCounters,
    counted: Counted,
}

impl Throttle {
    /// Creates a throttle with a custom store.
    pub fn new(store: impl ThrottleStore) -> Self {
        Self { limits: ThrottleLimits::default(), store: Arc::new(store) }
    }

    /// Creates a throttle that counts in the memory of this process. It holds about 32,000 accounts and networks, in about 1 MiB.
    pub fn memory() -> Self {
        Self::new(MemoryThrottleStore::new())
    }

    /// Sets the limits. [`ThrottleLimits::default`] by default.
    #[must_use]
    pub fn limits(self, limits: ThrottleLimits) -> Self {
        Self { limits, ..self }
    }

    /// Creates a disabled throttle, for applications whose failed logins are already limited by another service.
    pub fn off() -> Self {
        Self::memory().limits(ThrottleLimits { account: u32::MAX, address: u32::MAX })
    }

    /// Returns whether the store is shared with other processes.
    pub(crate) fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Returns the delay of an attempt, if it is known without I/O. Counts nothing.
    pub(crate) fn delay(&self, account: &str, seen: Option<PeerOrClient>) -> Option<RetryAfter> {
        self.store.delay(&LoginCounters::new(account, seen, self.limits)).map(retry_after)
    }

    /// Returns the delay of a request without an account from this address, if it is known without I/O. Counts nothing.
    pub(crate) fn delay_of_networks(&self, seen: PeerOrClient) -> Option<RetryAfter> {
        self.store.delay(&LoginCounters::of_networks(seen, self.limits)).map(retry_after)
    }

    /// Counts a failed request without an account from this address.
    pub(crate) async fn count_for_networks(&self, seen: PeerOrClient) {
        let failed = LoginCounters::of_networks(seen, self.limits);
        // A failure that is not counted, because the address is delayed or the store is unavailable, needs no other treatment.
        let _ = timeout::with_timeout(async { self.store.admit(&failed).await }).await;
    }

    /// Counts an attempt before its password is verified.
    pub(crate) async fn admit(&self, account: &str, seen: Option<PeerOrClient>) -> Result<Attempt, NotAdmitted> {
        let login = LoginCounters::new(account, seen, self.limits);
        let admission = timeout::with_timeout(async { self.store.admit(&login).await }).await;
        match admission {
            Some(Ok(Admission::Counted(counted))) => Ok(Attempt { store: Arc::clone(&self.store), login, counted }),
            Some(Ok(Admission::Delayed(delay))) => Err(NotAdmitted::TooManyFailures(retry_after(delay))),
            Some(Err(ThrottleUnavailable)) | None => Err(NotAdmitted::Unavailable),
        }
    }
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt").field("login", &self.login).finish_non_exhaustive()
    }
}

impl Attempt {
    /// Records the outcome. If the store is unavailable, the attempt counts as a failure, which expires.
    pub(crate) async fn settle(self, outcome: LoginOutcome) {
        let settle = async { self.store.settle(&self.login, self.counted, outcome).await };
        if !matches!(timeout::with_timeout(settle).await, Some(Ok(()))) {
            tracing::warn!(target: "auth_core", "the store of failed logins is unavailable: an attempt that did not fail was counted as a failure");
        }
    }
}

/// Rounds up to whole seconds.
fn retry_after(delay: Duration) -> RetryAfter {
    RetryAfter::seconds(u32::try_from(delay.as_millis().div_ceil(1000)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
