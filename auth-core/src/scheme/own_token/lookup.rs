//! Lookups of tokens in a store: bounded, coalesced, and cached if configured.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;

use super::found::FoundToken;
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::single_flight::SingleFlightCache;
use crate::runtime::timeout;
use crate::store::tokens::{TokenDigest, TokenRecord, TokenStore};
use crate::store::unavailable::StoreUnavailable;

/// Maximum number of cached records of one source.
const MAX_CACHED: usize = 10_000;

/// The lookups of one token source. A missing token is never cached (TOKEN-5).
pub(super) struct Lookups {
    cached: SingleFlightCache<TokenDigest, Option<Arc<FoundToken>>>,
    /// The callers of records that stores in memory have passed. They are used only for an equal record.
    callers: Cache<TokenDigest, Arc<FoundToken>>,
}

/// The answer of a store that finds records without waiting. Contains `None` if there is no record.
pub(super) type FoundNow = Option<Option<Arc<FoundToken>>>;

impl Default for Lookups {
    fn default() -> Self {
        Self { cached: SingleFlightCache::new(MAX_CACHED), callers: Cache::new(MAX_CACHED) }
    }
}

impl Lookups {
    /// Returns the cached token.
    pub(super) fn cached(&self, digest: &TokenDigest) -> Option<Arc<FoundToken>> {
        self.cached.get(digest).flatten()
    }

    /// Looks a token up in a store that finds records without waiting. Returns `None` for another store.
    ///
    /// # Errors
    /// The store panicked.
    pub(super) fn find_now(&self, store: &dyn TokenStore, digest: &TokenDigest) -> Result<FoundNow, &'static str> {
        let mut found = None;
        let mut visit = |record: Option<&TokenRecord>| found = record.map(|record| self.caller_of(digest, record));
        let is_found = catch_unwind(AssertUnwindSafe(|| store.find_now(digest, &mut visit)));
        match is_found {
            Ok(true) => Ok(Some(found)),
            Ok(false) => Ok(None),
            Err(_) => Err("the store of tokens panicked"),
        }
    }

    fn caller_of(&self, digest: &TokenDigest, record: &TokenRecord) -> Arc<FoundToken> {
        match self.callers.get(digest).filter(|known| known.record == *record) {
            Some(known) => known,
            None => {
                let found = Arc::new(FoundToken::new(record.clone()));
                self.callers.insert(digest.clone(), Arc::clone(&found));
                found
            }
        }
    }

    /// Looks a token up, and caches it for `ttl`. Requests that present one token at the same time share a lookup. `client` is the
    /// address of the client, if known.
    ///
    /// # Errors
    /// The store is unavailable, or too many lookups are in progress.
    pub(super) async fn find(
        &self,
        (store, digest, ttl): (&dyn TokenStore, &TokenDigest, Duration),
        limit: &Arc<ConcurrencyLimit>,
        client: Option<IpAddr>,
    ) -> Result<Option<Arc<FoundToken>>, &'static str> {
        const CROWDED: &str = "too many lookups of tokens are in progress";
        let look_up = async {
            let _permit = limit.acquire(client).await.ok_or(CROWDED)?;
            let found = timeout::with_timeout(async { store.find(digest).await }).await;
            let found = found.unwrap_or(Err(StoreUnavailable));
            let record = found.map_err(|StoreUnavailable| "the store of tokens is unavailable")?;
            let ttl = if record.is_some() { ttl } else { Duration::ZERO };
            Ok((record.map(FoundToken::new).map(Arc::new), ttl))
        };
        self.cached.get_or_fetch(digest, || CROWDED, look_up).await
    }

    /// Removes all cached records, because tokens of the source have changed. Lookups in progress are neither cached nor shared with
    /// later requests.
    pub(super) fn clear(&self) {
        self.cached.clear();
        self.callers.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;
    use crate::runtime::clock::{self, WallTime};
    use crate::runtime::future::BoxFuture;
    use crate::store::tokens::{Owner, TokenId, TokenRecord};

    /// A store that answers one lookup for each permit.
    struct Slow {
        permits: Semaphore,
        lookups: AtomicUsize,
        found: Option<TokenRecord>,
    }

    impl Slow {
        fn new(found: bool) -> Self {
            let owner = Owner::Client("backup".into());
            let created = clock::now().to_wall_time().unwrap();
            let found = found.then(|| TokenRecord::new(TokenId::generate().unwrap(), owner, created));
            Self { permits: Semaphore::new(0), lookups: AtomicUsize::new(0), found }
        }
    }

    impl TokenStore for Slow {
        fn find<'a>(&'a self, _: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
            self.lookups.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {
                self.permits.acquire().await.unwrap().forget();
                Ok(self.found.clone())
            })
        }

        fn touch<'a>(&'a self, _: &'a TokenId, _: WallTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
            Box::pin(async { Ok(()) })
        }
    }

    fn token(number: usize) -> TokenDigest {
        TokenDigest::sha256(&number.to_be_bytes())
    }

    #[tokio::test]
    async fn requests_with_one_token_share_a_lookup_that_is_not_cached() {
        // TOKEN-5
        for found in [true, false] {
            let (store, lookups, limit) = (Slow::new(found), Lookups::default(), Arc::new(ConcurrencyLimit::new(4)));
            let (one, other) = (token(1), token(2));
            let find = |digest| lookups.find((&store, digest, Duration::ZERO), &limit, None);
            let answer = async { store.permits.add_permits(2) };
            let (first, second, third, ()) = tokio::join!(find(&one), find(&one), find(&other), answer);
            for answer in [first, second, third] {
                assert_eq!(answer.unwrap().is_some(), found);
            }
            assert_eq!(store.lookups.load(Ordering::Relaxed), 2, "one for each token");
            store.permits.add_permits(1);
            assert_eq!(find(&one).await.unwrap().is_some(), found);
            assert_eq!(store.lookups.load(Ordering::Relaxed), 3, "and a new one for a later request");
            assert!(lookups.cached(&one).is_none());
        }
    }

    #[tokio::test]
    async fn lookups_are_limited_per_network_and_in_total() {
        // TOKEN-5, M9
        let (store, lookups, limit) = (Slow::new(true), Lookups::default(), Arc::new(ConcurrencyLimit::new(1)));
        let digests: Vec<_> = (0..10).map(token).collect();
        let [attacker, other] = [[203, 0, 113, 7], [198, 51, 100, 1]].map(|address| Some(IpAddr::from(address)));
        let find = |number: usize, client| lookups.find((&store, &digests[number], Duration::ZERO), &limit, client);
        let answer = async {
            tokio::task::yield_now().await;
            assert_eq!(store.lookups.load(Ordering::Relaxed), 1, "one at a time");
            store.permits.add_permits(5);
        };
        let flood = async { tokio::join!(find(0, attacker), find(1, attacker), find(2, attacker), find(3, attacker)) };
        let more = async {
            tokio::task::yield_now().await;
            tokio::join!(find(4, attacker), find(5, other))
        };
        let (flood, (refused, admitted), ()) = tokio::join!(flood, more, answer);
        assert!(flood.0.is_ok() && flood.1.is_ok() && flood.2.is_ok() && flood.3.is_ok());
        assert!(refused.is_err() && admitted.is_ok(), "one network has its share");
    }

    #[tokio::test(start_paused = true)]
    async fn only_found_tokens_are_cached_until_the_cache_is_cleared() {
        // TOKEN-5, TOKEN-15
        let (ttl, limit) = (Duration::from_secs(60), Arc::new(ConcurrencyLimit::new(4)));
        for (found, asked) in [(true, 1), (false, 2)] {
            let (store, lookups) = (Slow::new(found), Lookups::default());
            store.permits.add_permits(9);
            for _ in 0..2 {
                assert_eq!(lookups.find((&store, &token(1), ttl), &limit, None).await.unwrap().is_some(), found);
            }
            assert_eq!((store.lookups.load(Ordering::Relaxed), lookups.cached(&token(1)).is_some()), (asked, found));
        }
        // An answer from before a change is not cached after it.
        let (store, lookups) = (Slow::new(true), Lookups::default());
        let digest = token(1);
        let change = async {
            tokio::task::yield_now().await;
            lookups.clear();
            store.permits.add_permits(1);
        };
        let (found, ()) = tokio::join!(lookups.find((&store, &digest, ttl), &limit, None), change);
        assert!(found.unwrap().is_some() && lookups.cached(&digest).is_none());
    }
}
