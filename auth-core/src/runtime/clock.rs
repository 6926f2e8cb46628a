//! The clock. No other module reads the time.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The modification time of a file.
pub(crate) type FileTime = SystemTime;

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

/// What the wall clock says. A clock before 1970 counts as 1970. That it was set goes to the log: tokens and logins are then
/// older or younger than a moment ago.
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    // A clock that shows the second of the last look was not set since.
    if LAST.load(Ordering::Relaxed) == now {
        return Timestamp(now);
    }
    LAST.store(now, Ordering::Relaxed);
    if let Some(seconds) = AHEAD.step(now, monotonic()) {
        tracing::warn!(target: "auth_core", seconds, "the wall clock was set: tokens and logins are older or younger now");
    }
    Timestamp(now)
}

/// The second of the last look.
static LAST: AtomicI64 = AtomicI64::new(i64::MIN);

/// How far the wall clock is ahead of the monotonic one, in seconds, when it was last looked at.
static AHEAD: Ahead = Ahead(AtomicI64::new(Ahead::UNKNOWN));

struct Ahead(AtomicI64);

impl Ahead {
    const UNKNOWN: i64 = i64::MIN;

    /// Longer than this is no drift: the leeway that tokens have.
    const STEP: u64 = 60;

    /// By how much the wall clock was set since the last look. Told once.
    fn step(&self, wall: i64, monotonic: Moment) -> Option<i64> {
        let ahead = wall.saturating_sub_unsigned(monotonic.0.as_secs());
        let before = self.0.load(Ordering::Relaxed);
        let step = ahead.saturating_sub(before);
        if before != Self::UNKNOWN && step.unsigned_abs() <= Self::STEP {
            return None;
        }
        let is_first = self.0.compare_exchange(before, ahead, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        (is_first && before != Self::UNKNOWN).then_some(step)
    }
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

    /// Whole seconds on that clock, which begins when it likes.
    pub const fn seconds(self) -> u64 {
        self.0.as_secs()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_told_of_once() {
        // M10
        let ahead = Ahead(AtomicI64::new(Ahead::UNKNOWN));
        let at = |seconds| Moment(Duration::from_secs(seconds));
        #[rustfmt::skip]
        let table = [
            (1_000_000, at(1),     None),         // the first look
            (1_000_100, at(101),   None),         // both went on
            (1_000_100, at(161),   None),         // a drift
            (1_003_700, at(161),   Some(3_540)),  // an hour ahead
            (1_003_701, at(162),   None),
            (1_000_000, at(162),   Some(-3_701)), // and back
            (i64::MAX,  at(162),   Some(i64::MAX - 1_000_000)),
        ];
        for (wall, monotonic, expected) in table {
            assert_eq!(ahead.step(wall, monotonic), expected, "{wall}");
        }
    }
}
