//! The only room that asks for the time: everything else is told.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00Z, as a `NumericDate` of RFC 7519 §2 counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// That many seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// This much later; saturates, so that a hostile claim never wraps.
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(duration.as_secs()))
    }

    /// This much earlier; saturates.
    pub const fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(duration.as_secs()))
    }
}

/// What the wall clock says. A clock before 1970 counts as 1970.
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
}

/// A point of time on a clock that is never set: what life spans of our own are measured by, so that a step of the wall
/// clock neither ends nor lengthens them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// This much later; saturates.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How long it is from `now` until then; `None` where it has come.
    pub fn after(self, now: Self) -> Option<Duration> {
        self.0.checked_sub(now.0).filter(|wait| !wait.is_zero())
    }
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What the monotonic clock says; later than [`Moment::default`].
pub fn monotonic() -> Moment {
    Moment(START.elapsed().saturating_add(Duration::from_secs(1)))
}
