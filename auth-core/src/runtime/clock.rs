//! The wall clock and the monotonic clock. No other module reads the time.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The modification time of a file.
pub(crate) type FileTime = SystemTime;

/// The wall-clock time of the standard library, for public signatures.
pub type WallTime = SystemTime;

/// A point in time in seconds since 1970-01-01T00:00:00Z, like a `NumericDate` (RFC 7519 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Creates a timestamp from seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Returns the last whole second at or before `time`. Saturates.
    pub fn from_wall_time(time: WallTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(0).plus(after),
            Err(error) => {
                let before = error.duration();
                let is_between = u64::from(before.subsec_nanos() > 0);
                Self(0_i64.saturating_sub_unsigned(before.as_secs().saturating_add(is_between)))
            }
        }
    }

    /// Returns the wall-clock time. `None` if the platform cannot represent it.
    pub fn to_wall_time(self) -> Option<WallTime> {
        let distance = Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
    }

    /// Returns the timestamp that is later by `duration`. Saturates, so that a hostile claim never wraps.
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(duration.as_secs()))
    }

    /// Returns the timestamp that is earlier by `duration`. Saturates.
    pub const fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(duration.as_secs()))
    }
}

/// Returns the wall-clock time. A clock before 1970 counts as 1970. Logs a warning if the clock was set, because tokens and logins
/// are then older or younger than a moment before.
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    // If the second is unchanged since the last call, the clock was not set.
    if LAST.load(Ordering::Relaxed) == now {
        return Timestamp(now);
    }
    LAST.store(now, Ordering::Relaxed);
    if let Some(seconds) = AHEAD.step(now, monotonic()) {
        tracing::warn!(target: "auth_core", seconds, "the system clock jumped: the ages of tokens and sessions are affected");
    }
    Timestamp(now)
}

/// The second that the last call of `now` returned.
static LAST: AtomicI64 = AtomicI64::new(i64::MIN);

/// The difference between wall clock and monotonic clock at the last check, in seconds.
static AHEAD: Ahead = Ahead(AtomicI64::new(Ahead::UNKNOWN));

struct Ahead(AtomicI64);

impl Ahead {
    const UNKNOWN: i64 = i64::MIN;

    /// Maximum change that counts as drift, in seconds. Equals the default leeway of tokens.
    const STEP: u64 = 60;

    /// Returns the seconds by which the wall clock was set since the last check. Reports each change once.
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

/// A point in time on a clock that is never set. Internal lifetimes are measured with it, so that a step of the wall clock neither
/// ends nor extends them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// Returns the moment that is later by `duration`. Saturates.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// Returns the whole seconds of the monotonic clock, whose starting point is arbitrary.
    pub const fn seconds(self) -> u64 {
        self.0.as_secs()
    }

    /// Returns the time since an earlier moment. Zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the time from `now` until this moment, or `None` if the moment has been reached.
    pub fn after(self, now: Self) -> Option<Duration> {
        self.0.checked_sub(now.0).filter(|wait| !wait.is_zero())
    }
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns the time of the monotonic clock, which is later than [`Moment::default`].
pub fn monotonic() -> Moment {
    Moment(START.elapsed().saturating_add(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_clock_times_are_rounded_down_to_seconds() {
        let at =
            |seconds: i64, nanos: u32| Timestamp(seconds).to_wall_time().unwrap() + Duration::from_nanos(nanos.into());
        for (seconds, nanos) in [(0, 0), (1, 999_999_999), (-1, 0), (-1, 1), (-2, 999_999_999), (1 << 40, 0)] {
            assert_eq!(Timestamp::from_wall_time(at(seconds, nanos)), Timestamp(seconds), "{seconds} {nanos}");
        }
    }

    #[test]
    fn wall_clock_step_is_reported_once() {
        // M10
        let ahead = Ahead(AtomicI64::new(Ahead::UNKNOWN));
        let at = |seconds| Moment(Duration::from_secs(seconds));
        #[rustfmt::skip]
        let table = [
            (1_000_000, at(1),     None),         // the first check
            (1_000_100, at(101),   None),         // both clocks advanced
            (1_000_100, at(161),   None),         // drift
            (1_003_700, at(161),   Some(3_540)),  // set ahead by an hour
            (1_003_701, at(162),   None),
            (1_000_000, at(162),   Some(-3_701)), // set back
            (i64::MAX,  at(162),   Some(i64::MAX - 1_000_000)),
        ];
        for (wall, monotonic, expected) in table {
            assert_eq!(ahead.step(wall, monotonic), expected, "{wall}");
        }
    }
}
