//! Background fetches of a value. At most one fetch runs at a time, and all callers await it. The next one starts only after the
//! pause that follows the previous one.

use std::future::Future;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

use super::clock::{self, Moment};

/// The state of the fetches of one value.
#[derive(Debug, Default)]
pub(crate) struct BackgroundFetch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Closed when the fetch ends.
    in_flight: Option<watch::Receiver<()>>,
    /// The earliest time at which a request may start a fetch.
    not_before: Moment,
    consecutive_failures: u32,
    /// Number of finished fetches. A scheduled fetch does not start if another fetch has finished since it was scheduled.
    generation: u64,
}

/// The trigger of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A request, which must respect the minimum interval between fetches.
    Request,
    /// The schedule that was set after the fetch of this generation.
    Schedule { generation: u64 },
}

/// The result of starting a fetch.
pub(crate) enum FetchStart {
    /// A fetch is in flight. `changed()` of the receiver returns when the fetch ends, with a value or an error.
    InFlight(watch::Receiver<()>),
    TooEarly,
    /// The operating system could not provide the background thread.
    NoThread,
}

impl BackgroundFetch {
    /// Joins the fetch in flight, or starts one. No request starts the next fetch sooner than `min_interval` from now, regardless
    /// of the outcome, unless [`finish`](Self::finish) sets another time. `fetch` receives the number of consecutive failures.
    pub(crate) fn start<F: Future<Output = ()> + Send + 'static>(
        &self,
        trigger: Trigger,
        min_interval: Duration,
        fetch: impl FnOnce(u32) -> F,
    ) -> FetchStart {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(in_flight) = state.in_flight.as_ref().filter(|in_flight| in_flight.has_changed().is_ok()) {
            return FetchStart::InFlight(in_flight.clone());
        }
        let may_start = match trigger {
            Trigger::Schedule { generation } => state.generation == generation,
            Trigger::Request => state.not_before.after(clock::monotonic()).is_none(),
        };
        if !may_start {
            return FetchStart::TooEarly;
        }
        let (sender, in_flight) = watch::channel(());
        state.not_before = clock::monotonic().plus(min_interval);
        let fetch = fetch(state.consecutive_failures);
        let run = async move {
            fetch.await;
            drop(sender);
        };
        if spawn(run).is_err() {
            return FetchStart::NoThread;
        }
        state.in_flight = Some(in_flight.clone());
        FetchStart::InFlight(in_flight)
    }

    /// Records the end of a fetch, before its waiters continue. `pause` returns the time in which no request may start another
    /// fetch, given the number of consecutive failures. Returns the pause and the generation, for the schedule.
    pub(crate) fn finish(&self, failed: bool, pause: impl FnOnce(u32) -> Duration) -> (Duration, u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_flight = None;
        state.generation += 1;
        state.consecutive_failures = if failed { state.consecutive_failures.saturating_add(1) } else { 0 };
        let pause = pause(state.consecutive_failures);
        state.not_before = clock::monotonic().plus(pause);
        (pause, state.generation)
    }

    pub(crate) fn is_in_flight(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).in_flight.is_some()
    }

    /// Returns the remaining time in which no request may start a fetch, or `None` if requests may start one.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).not_before.after(clock::monotonic())
    }
}

/// An error: the operating system could not provide the background thread.
pub(crate) struct NoThread;

/// Runs a future in the background thread, which outlives the runtimes of the application.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Result<(), NoThread> {
    static THREAD: OnceLock<Option<Handle>> = OnceLock::new();
    let start = || {
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let handle = runtime.handle().clone();
        let run = move || runtime.block_on(std::future::pending::<()>());
        std::thread::Builder::new().name("auth-provider".to_owned()).spawn(run).ok()?;
        Some(handle)
    };
    THREAD.get_or_init(start).as_ref().ok_or(NoThread)?.spawn(future);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn concurrent_requests_share_one_fetch() {
        let (fetch, fetches) = (Arc::new(BackgroundFetch::default()), Arc::new(AtomicUsize::new(0)));
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let mut released = Some(released);
        let mut start = |trigger| {
            let (this, fetches, released) = (Arc::clone(&fetch), Arc::clone(&fetches), released.take());
            fetch.start(trigger, Duration::from_secs(60), move |_| async move {
                fetches.fetch_add(1, Ordering::SeqCst);
                if let Some(released) = released {
                    let _ = released.await;
                }
                this.finish(true, |failures| Duration::from_secs(60 * u64::from(failures)));
            })
        };
        let FetchStart::InFlight(mut first) = start(Trigger::Request) else { panic!("started") };
        let FetchStart::InFlight(_) = start(Trigger::Request) else { panic!("joined") };
        let FetchStart::InFlight(_) = start(Trigger::Schedule { generation: 9 }) else { panic!("joined") };
        release.send(()).unwrap();
        assert!(first.changed().await.is_err(), "closed");
        assert_eq!((fetches.load(Ordering::SeqCst), fetch.is_in_flight()), (1, false));
        assert!(fetch.pause().is_some_and(|pause| pause > Duration::from_secs(50)));
        assert!(matches!(start(Trigger::Request), FetchStart::TooEarly));
        assert!(matches!(start(Trigger::Schedule { generation: 0 }), FetchStart::TooEarly), "an old schedule");
        let FetchStart::InFlight(mut scheduled) = start(Trigger::Schedule { generation: 1 }) else { panic!("due") };
        assert!(scheduled.changed().await.is_err());
        assert!(fetch.pause().is_some_and(|pause| pause > Duration::from_secs(110)), "failures are consecutive");
    }
}
