//! The trait of throttle stores.

use std::time::Duration;

use super::counter::{CounterSet, LoginCounters};
use crate::runtime::future::BoxFuture;

/// The store of failure counts is unavailable. A login is answered with 503.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of failed logins is unavailable")]
pub struct ThrottleUnavailable;

crate::debug_as_display!(ThrottleUnavailable);

/// A store of failed login counts, for [`Throttle::new`](super::Throttle::new).
///
/// The conformance suite is `auth_actix::test::throttle_store`. Times run on the clock of the store.
///
/// ```
/// use auth_core::runtime::future::BoxFuture;
/// use auth_core::store::throttle::{
///     Admission, Counted, CounterSet, LoginCounters, Throttle, ThrottleStore, ThrottleUnavailable,
/// };
///
/// /// Counts nothing.
/// struct Unlimited;
///
/// impl ThrottleStore for Unlimited {
///     fn admit<'a>(&'a self, _login: &'a LoginCounters) -> BoxFuture<'a, Result<Admission, ThrottleUnavailable>> {
///         Box::pin(async { Ok(Admission::Counted(Counted::new(CounterSet::General))) })
///     }
///
///     fn settle<'a>(
///         &'a self,
///         _login: &'a LoginCounters,
///         _counted: Counted,
///         _outcome: LoginOutcome,
///     ) -> BoxFuture<'a, Result<(), ThrottleUnavailable>> {
///         Box::pin(async { Ok(()) })
///     }
/// }
///
/// # use auth_core::store::throttle::LoginOutcome;
/// let throttle = Throttle::new(Unlimited);
/// ```
pub trait ThrottleStore: Send + Sync + 'static {
    /// Returns whether other processes count in this store too. Then the builder requires a realm. `true` by default.
    fn is_shared(&self) -> bool {
        true
    }

    /// Counts an attempt before its password is verified, in one atomic step.
    ///
    /// The attempt counts in [`LoginCounters::known_place`] if the account logged in from that place within
    /// [`KNOWN_PLACE_TTL`](super::KNOWN_PLACE_TTL), and in [`LoginCounters::general_set`] otherwise. If one of these counters still
    /// delays attempts, nothing is counted and the longest delay is returned. Each counter then delays the next attempt by
    /// [`Counter::delay`](super::Counter::delay) of its new count.
    fn admit<'a>(&'a self, login: &'a LoginCounters) -> BoxFuture<'a, Result<Admission, ThrottleUnavailable>>;

    /// Records the outcome of an admitted attempt. An attempt that is never settled has failed.
    ///
    /// Either outcome decrements the counters in which the attempt was counted and ends their delay. A success also resets the
    /// counters of the account (not those of networks), and remembers [`LoginCounters::place`] as a known place.
    fn settle<'a>(
        &'a self,
        login: &'a LoginCounters,
        counted: Counted,
        outcome: LoginOutcome,
    ) -> BoxFuture<'a, Result<(), ThrottleUnavailable>>;

    /// Returns how long an attempt would have to wait, if that is known without I/O. Counts nothing. `None` by default.
    fn delay(&self, _login: &LoginCounters) -> Option<Duration> {
        None
    }
}

/// The answer of a store to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The attempt was counted; its password may be verified.
    Counted(Counted),
    /// Too many attempts have failed. Nothing was counted; the next attempt is admitted after this.
    Delayed(Duration),
}

/// The result of an attempt that was admitted and did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The password was correct.
    Success,
    /// The password could not be verified: a store was unavailable. It is not a failure of the caller.
    Unverified,
}

/// A counted attempt, as a store needs it to settle the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// The set of counters in which the attempt was counted.
    pub set: CounterSet,
    /// A value of the store, returned to [`ThrottleStore::settle`] as it is. 0 unless set.
    pub token: u64,
}

impl Counted {
    /// An attempt that was counted in this set.
    pub const fn new(set: CounterSet) -> Self {
        Self { set, token: 0 }
    }

    /// Sets [`token`](Self::token).
    #[must_use]
    pub const fn with_token(self, token: u64) -> Self {
        Self { token, ..self }
    }
}
