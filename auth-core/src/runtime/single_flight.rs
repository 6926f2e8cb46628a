//! A bounded cache with a time to live, in which concurrent lookups of one key share a single fetch (single flight).

use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::runtime::clock::{self, Moment};

/// Fetched values by key.
pub(crate) struct SingleFlightCache<K, V> {
    values: Cache<K, (Moment, V)>,
    waiting: AtomicUsize,
}

/// Limits on waiting for the fetch of another request: the time per request, and the number of waiting requests.
const FETCH_WAIT_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_WAITERS: usize = 1000;

/// A waiting request, counted until it is dropped.
pub(crate) struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    /// Counts a waiting request. Returns `None` if too many requests wait (M9).
    pub(crate) fn enter(waiting: &'a AtomicUsize) -> Option<Self> {
        let one = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITERS).then_some(one)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<K: Hash + Eq + Clone, V: Clone> SingleFlightCache<K, V> {
    /// Creates a cache of at most `capacity` values. The cache evicts values that are requested less often.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { values: Cache::new(capacity), waiting: AtomicUsize::new(0) }
    }

    /// Returns the cached value, unless it has expired.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let (until, value) = self.values.get(key)?;
        until.after(clock::monotonic()).map(|_| value)
    }

    /// Removes all values.
    pub(crate) fn clear(&self) {
        self.values.clear();
    }

    /// Caches a value for `ttl`.
    pub(crate) fn put(&self, key: K, value: V, ttl: Duration) {
        self.values.insert(key, (clock::monotonic().plus(ttl), value));
    }

    /// Returns the cached value, or awaits `fetch` and caches its result for the returned time to live. Concurrent calls for one key
    /// share a single fetch. With a time to live of zero, only the calls that wait for the fetch get its result. Errors are neither
    /// cached nor shared.
    ///
    /// # Errors
    /// Returns the error of `fetch`, or `crowded` if too many requests wait or this request waits too long.
    pub(crate) async fn get_or_fetch<E>(
        &self,
        key: &K,
        crowded: impl FnOnce() -> E,
        fetch: impl Future<Output = Result<(V, Duration), E>>,
    ) -> Result<V, E> {
        let free = async {
            let since = clock::monotonic();
            loop {
                match self.values.get_value_or_guard_async(key).await {
                    // A value that was valid when this call began may expire while it waits.
                    Ok((until, value)) if until.after(since).is_some() => return Ok(value),
                    Ok((until, _)) => {
                        // Another request may have replaced the expired value.
                        let is_old = |(other, _): &(Moment, V)| *other == until;
                        self.values.remove_if(key, is_old);
                    }
                    Err(guard) => return Err(guard),
                }
            }
        };
        // A cached value is returned without waiting, no matter how many requests wait for other keys.
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let guard = match Waiter::enter(&self.waiting) {
            Some(_waiting) => match tokio::time::timeout(FETCH_WAIT_TIMEOUT, free).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(guard)) => guard,
                Err(_) => return Err(crowded()),
            },
            None => return Err(crowded()),
        };
        let (value, ttl) = fetch.await?;
        let until = clock::monotonic().plus(ttl);
        // An error means that the entry was removed in the meantime. The value is then not cached, but still given to waiting calls.
        let inserted = guard.insert((until, value.clone()));
        if ttl.is_zero() && inserted.is_ok() {
            self.values.remove_if(key, |(other, _)| *other == until);
        }
        Ok(value)
    }
}

impl<K, V> std::fmt::Debug for SingleFlightCache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SingleFlightCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn concurrent_lookups_share_a_fetch_and_errors_are_not_cached() {
        let remembered = Arc::new(SingleFlightCache::<u8, u8>::new(8));
        let asked = Arc::new(AtomicUsize::new(0));
        let fetch = |value: Result<(u8, Duration), ()>| {
            let (remembered, asked) = (Arc::clone(&remembered), Arc::clone(&asked));
            async move {
                let question = async {
                    asked.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    value
                };
                remembered.get_or_fetch(&1, || (), question).await
            }
        };
        let minute = Duration::from_secs(60);
        let (first, second) = tokio::join!(fetch(Err(())), fetch(Ok((2, minute))));
        assert_eq!((first, second, asked.load(Ordering::SeqCst)), (Err(()), Ok(2), 2));
        assert_eq!((fetch(Ok((3, minute))).await, remembered.get(&1)), (Ok(2), Some(2)));
        let uncached = remembered.get_or_fetch(&2, || (), async { Ok::<_, ()>((4, Duration::ZERO)) });
        assert_eq!((uncached.await, remembered.get(&2)), (Ok(4), None));
    }

    #[tokio::test]
    async fn uncached_values_are_shared_by_waiting_lookups_only() {
        // TOKEN-5
        let flights = SingleFlightCache::<u8, usize>::new(8);
        let asked = AtomicUsize::new(0);
        let look_up = || {
            let question = async {
                let number = asked.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok::<_, ()>((number, Duration::ZERO))
            };
            flights.get_or_fetch(&1, || (), question)
        };
        assert_eq!(tokio::join!(look_up(), look_up(), look_up()), (Ok(0), Ok(0), Ok(0)));
        assert_eq!((look_up().await, flights.values.len()), (Ok(1), 0), "nothing is kept");
        // A lookup that begins after the removal does not get the value of an earlier one, which others still wait for.
        let late = async {
            tokio::task::yield_now().await;
            flights.clear();
            look_up().await
        };
        let (first, second, late) = tokio::join!(look_up(), look_up(), late);
        assert!(first == Ok(2) && second == Ok(2) && late == Ok(3), "{first:?} {second:?} {late:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_shared_fetch_is_bounded() {
        let remembered = SingleFlightCache::<u8, u8>::new(8);
        let slow = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok::<_, &str>((1, Duration::ZERO))
        };
        let second = remembered.get_or_fetch(&1, || "crowded", async { Ok((2, Duration::ZERO)) });
        let start = tokio::time::Instant::now();
        let second = async { (second.await, start.elapsed()) };
        let (first, (second, waited)) = tokio::join!(remembered.get_or_fetch(&1, || "crowded", slow), second);
        assert_eq!((first, second, waited), (Ok(1), Err("crowded"), FETCH_WAIT_TIMEOUT));
        let many: Vec<_> = (0..MAX_WAITERS).map(|_| Waiter::enter(&remembered.waiting).unwrap()).collect();
        let one_more = remembered.get_or_fetch(&2, || "crowded", async { Ok((2, Duration::ZERO)) });
        assert_eq!(one_more.await, Err("crowded"));
        drop(many);
        assert_eq!(remembered.get_or_fetch(&2, || "crowded", async { Ok((2, Duration::ZERO)) }).await, Ok(2));
    }
}
