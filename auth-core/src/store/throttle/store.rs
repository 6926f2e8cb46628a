//! The trait of throttle stores and its types.

use std::time::Duration;

use super::counter::{CounterSet, LoginCounters};
use crate::runtime::future::BoxFuture;

/// The store of failure counts is unavailable. The login is answered with 503.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of failed logins is unavailable")]
pub struct ThrottleUnavailable;

crate::debug_as_display!(ThrottleUnavailable);

/// A store of failed login counts, for [`Throttle::new`](super::Throttle::new).
///
/// The conformance suite is `auth_actix::test::throttle_store`. All times are measured by the clock of the store.
///
/// ```
/// use auth_actix::BoxFuture;
/// use auth_actix::throttle::{
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
/// # use auth_actix::throttle::LoginOutcome;
/// let throttle = Throttle::new(Unlimited);
/// ```
pub trait ThrottleStore: Send + Sync + 'static {
    /// Returns whether other processes also count in this store. If so, the builder requires a realm. `true` by default.
    fn is_shared(&self) -> bool {
        true
    }

    /// Counts an attempt before its password is verified, in one atomic step.
    ///
    /// The attempt counts in [`LoginCounters::known_place`] if the account logged in from that place within
    /// [`KNOWN_PLACE_TTL`](super::KNOWN_PLACE_TTL), and in [`LoginCounters::general_set`] otherwise. If one of these counters still
    /// delays attempts, nothing is counted and the longest delay is returned. Otherwise each counter delays the next attempt by
    /// [`Counter::delay`](super::Counter::delay) of its new count.
    fn admit<'a>(&'a self, login: &'a LoginCounters) -> BoxFuture<'a, Result<Admission, ThrottleUnavailable>>;

    /// Records the outcome of an admitted attempt. An attempt that is never settled counts as a failure.
    ///
    /// Either outcome decrements the counters in which the attempt was counted and ends their delay. A success also resets the
    /// counters of the account (not those of networks), and stores [`LoginCounters::place`] as a known place.
    fn settle<'a>(
        &'a self,
        login: &'a LoginCounters,
        counted: Counted,
        outcome: LoginOutcome,
    ) -> BoxFuture<'a, Result<(), ThrottleUnavailable>>;

    /// Returns the delay of an attempt, if it is known without I/O. Counts nothing. `None` by default.
    fn delay(&self, _login: &LoginCounters) -> Option<Duration> {
        None
    }
}

/// The response of a store to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The attempt was counted. Its password may be verified.
    Counted(Counted),
    /// Too many attempts have failed. Nothing was counted. The next attempt is admitted after this duration.
    Delayed(Duration),
}

/// The result of an admitted attempt that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The password was correct.
    Success,
    /// The password could not be verified because a store was unavailable. This is not a failure of the caller.
    Unverified,
}

/// A counted attempt, with the data that a store needs to settle it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// The set of counters in which the attempt was counted.
    pub set: CounterSet,
    /// An opaque value of the store, which is passed back to [`ThrottleStore::settle`]. 0 by default.
    pub token: u64,
}

impl Counted {
    /// Creates an attempt that was counted in this set.
    pub const fn new(set: CounterSet) -> Self {
        Self { set, token: 0 }
    }

    /// Sets [`token`](Self::token).
    #[must_use]
    pub const fn with_token(self, token: u64) -> Self {
        Self { token, ..self }
    }
}
