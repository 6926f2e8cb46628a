//! A cache of recently verified tokens and their content.
//!
//! # Why
//! The verification of a public-key signature costs a hundred times as much as everything else here, and clients send the same
//! token repeatedly. An entry contains only the content of the token. Whether the token has expired, whether its key is still
//! valid, the key binding, blocks and role grants are checked on every hit, as without a cache. Only verified tokens are inserted,
//! so a flood of forged tokens has no effect on the cache. The size is fixed at startup, an entry evicts only entries of its own
//! set, and no request waits for another: while a set is written to, other requests skip their insertion.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

use super::jws::VerifiedJws;
use crate::runtime::clock::Timestamp;

/// Settings of the cache of verified tokens: its size, its lifetime, and which tokens it contains.
///
/// By default, tokens verified by a public key are cached: up to 10,000 tokens, in 16 MiB, for at most ten minutes each.
///
/// ```
/// use std::time::Duration;
/// use auth_actix::jwt::TokenCache;
/// let cache = TokenCache::new().entries(50_000).bytes(64 * 1024 * 1024).lasts(Duration::from_secs(60)).secrets();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct TokenCache {
    entries: usize,
    bytes: usize,
    lasts: Duration,
    secrets: bool,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self { entries: 10_000, bytes: 16 * 1024 * 1024, lasts: Duration::from_secs(600), secrets: false }
    }
}

/// The cache settings are too small to contain a token.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token cache needs space for at least {WAYS} tokens of {LEAST} bytes, and a lifetime of at least one second: call `TokenCache::off()` to disable it"
)]
pub struct TokenCacheError;

crate::debug_as_display!(TokenCacheError);

impl TokenCache {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Disables the cache, so that each token is verified on each request.
    pub fn off() -> Self {
        Self { entries: 0, ..Self::default() }
    }

    /// Sets the maximum number of tokens. 10,000 by default.
    pub fn entries(self, entries: usize) -> Self {
        Self { entries, ..self }
    }

    /// Sets the maximum memory in bytes, for tokens, their claims and related data. 16 MiB by default. A token that would use more
    /// than eight times its share (`bytes / entries`) is not cached.
    pub fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// Sets the maximum time for which a token is cached. Ten minutes by default. A token is never used for longer than it and its
    /// key are valid.
    pub fn lasts(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    /// Also caches tokens that are verified by a shared secret (HMAC). By default, they are not cached, because their verification is
    /// nearly as fast as a lookup in the cache.
    pub fn secrets(self) -> Self {
        Self { secrets: true, ..self }
    }

    /// Creates the cache. Returns `None` if it is disabled.
    pub(super) fn prepare(self) -> Result<Option<Cache>, TokenCacheError> {
        if self.entries == 0 {
            return Ok(None);
        }
        // The number of sets is rounded down to a power of two, so that a mask can select a set within the configured limit.
        let sets = self.entries / WAYS;
        let sets = if sets.is_power_of_two() { sets } else { sets.next_power_of_two() / 2 };
        if sets == 0 || self.bytes / sets < WAYS * LEAST || self.lasts < Duration::from_secs(1) {
            return Err(TokenCacheError);
        }
        Ok(Some(Cache {
            hasher: SeedableRandomState::with_seed(RandomState::new().hash_one(()), SharedSeed::global_random()),
            sets: (0..sets).map(|_| Set::default()).collect(),
            share: self.bytes / sets,
            lasts: self.lasts,
            secrets: self.secrets,
        }))
    }
}

/// Number of tokens per set, which a hash selects.
const WAYS: usize = 8;

/// Minimum memory per token, in bytes.
const LEAST: usize = 1024;

pub(super) struct Cache {
    /// Seeded at random per process, so that no client can choose which tokens evict which.
    hasher: SeedableRandomState,
    sets: Box<[Set]>,
    /// Maximum bytes per set.
    share: usize,
    lasts: Duration,
    secrets: bool,
}

#[derive(Default)]
struct Set {
    /// Hashes of the tokens in each place, or 0 if the place is empty.
    tags: [AtomicU64; WAYS],
    places: [ArcSwapOption<CachedToken>; WAYS],
    /// A bit for each place that was hit since the last search for space.
    used: AtomicU8,
    /// The place at which the next search for space starts.
    hand: AtomicU8,
    /// Whether an insertion is in progress.
    busy: AtomicBool,
}

/// A token and its verified content.
pub(super) struct CachedToken {
    token: Box<[u8]>,
    pub(super) verified: VerifiedJws,
    /// The version of the role grants when the token was verified.
    pub(super) grants: u64,
    pub(super) until: Timestamp,
    size: usize,
}

impl Cache {
    /// Returns the entry whose token equals `token` as a whole.
    pub(super) fn find(&self, token: &[u8]) -> Option<Guard<Option<Arc<CachedToken>>>> {
        let (set, tag) = self.set_of(token)?;
        for (place, (known, kept)) in set.tags.iter().zip(&set.places).enumerate() {
            if known.load(Ordering::Relaxed) != tag {
                continue;
            }
            let kept = kept.load();
            if kept.as_ref().is_some_and(|kept| *kept.token == *token) {
                let bit = 1 << place;
                // Written only if it changes, to avoid contention for the cache line between workers.
                if set.used.load(Ordering::Relaxed) & bit == 0 {
                    set.used.fetch_or(bit, Ordering::Relaxed);
                }
                return Some(kept);
            }
        }
        None
    }

    /// Caches a token that was just verified, if tokens of its kind are cached and there is space.
    pub(super) fn insert(&self, token: &[u8], verified: &VerifiedJws, grants: u64, now: Timestamp) {
        let size = size_of::<CachedToken>() + token.len() + verified.principal.size();
        if !verified.may_be_kept(self.secrets) || size > self.share {
            return;
        }
        let Some((set, tag)) = self.set_of(token) else { return };
        if set.busy.swap(true, Ordering::Acquire) {
            return;
        }
        let kept =
            CachedToken { token: token.into(), verified: verified.clone(), grants, until: now.plus(self.lasts), size };
        set.put(tag, Arc::new(kept), self.share, now);
        set.busy.store(false, Ordering::Release);
    }

    /// Returns the number of entries and their size in bytes.
    #[cfg(test)]
    pub(super) fn taken(&self) -> (usize, usize) {
        let all = self.sets.iter().flat_map(|set| &set.places).filter_map(|kept| kept.load_full());
        all.fold((0, 0), |(entries, bytes), kept| (entries + 1, bytes + kept.size))
    }

    fn set_of(&self, token: &[u8]) -> Option<(&Set, u64)> {
        // The end of a token is its signature, which two valid tokens share only by chance.
        const END: usize = 32;
        let mut hasher = self.hasher.build_hasher();
        hasher.write(token.get(token.len().saturating_sub(END)..).unwrap_or_default());
        let hash = hasher.finish();
        let set = self.sets.get((hash >> 32) as usize & (self.sets.len() - 1))?;
        Some((set, hash | 1))
    }
}

impl Set {
    /// Replaces an entry of the same token or an expired entry, uses an empty place, or evicts an entry that was not hit recently.
    /// Then evicts further entries until the remaining ones fit.
    fn put(&self, tag: u64, new: Arc<CachedToken>, share: usize, now: Timestamp) {
        let mut sizes = [0; WAYS];
        let mut place = None;
        for (index, (kept, size)) in self.places.iter().zip(&mut sizes).enumerate() {
            let kept = kept.load();
            match kept.as_ref() {
                None => place = place.or(Some(index)),
                Some(kept) if kept.token == new.token || kept.until <= now => {
                    self.clear(index);
                    place = Some(index);
                }
                Some(kept) => *size = kept.size,
            }
        }
        let place = place.unwrap_or_else(|| self.evict(&mut sizes));
        while sizes.iter().sum::<usize>() + new.size > share {
            self.evict(&mut sizes);
        }
        if let (Some(tags), Some(places)) = (self.tags.get(place), self.places.get(place)) {
            places.store(Some(new));
            tags.store(tag, Ordering::Release);
        }
        self.used.fetch_and(!(1 << place), Ordering::Relaxed);
    }

    /// Evicts the next entry that was not hit since the last search, and returns its place.
    fn evict(&self, sizes: &mut [usize; WAYS]) -> usize {
        loop {
            let place = usize::from(self.hand.fetch_add(1, Ordering::Relaxed)) % WAYS;
            let bit = 1 << place;
            let Some(size) = sizes.get_mut(place).filter(|size| **size > 0) else { continue };
            if self.used.fetch_and(!bit, Ordering::Relaxed) & bit == 0 {
                *size = 0;
                self.clear(place);
                return place;
            }
        }
    }

    fn clear(&self, place: usize) {
        if let (Some(tag), Some(kept)) = (self.tags.get(place), self.places.get(place)) {
            tag.store(0, Ordering::Release);
            kept.store(None);
        }
    }
}

/// Redacts the tokens.
impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("sets", &self.sets.len()).finish_non_exhaustive()
    }
}
