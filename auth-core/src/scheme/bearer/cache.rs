//! Tokens that were verified a moment ago, with what they say.
//!
//! # Why
//! A signature by a public key costs a hundred times what all else costs here, and the same token comes again and again. An entry
//! holds what the token says and nothing else: whether it is in time, whether its key still holds, what it is bound to, who is
//! blocked and what roles grant now is asked at every hit as if there were no cache. Only what was verified comes in, so a flood of
//! forged tokens finds it closed. Its size is settled at start-up, an entry takes the place of at most those of its own set, and
//! nobody waits for anybody: who finds a set being written to goes without.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

use super::jws::VerifiedJws;
use crate::runtime::clock::Timestamp;

/// How verified tokens are remembered: how many, how long, and which.
///
/// Unless it is said otherwise, tokens that a public key verifies are: up to 10,000, in 16 MiB, for ten minutes each at most.
///
/// ```
/// use std::time::Duration;
/// use auth_core::scheme::bearer::TokenCache;
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

/// A cache that could keep nothing.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a cache of tokens keeps at least {WAYS} of {LEAST} bytes each, for a second or more: turn it off with `TokenCache::off()`"
)]
pub struct TokenCacheError;

crate::debug_as_display!(TokenCacheError);

impl TokenCache {
    /// As it is unless said otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// None: each token is verified each time.
    pub fn off() -> Self {
        Self { entries: 0, ..Self::default() }
    }

    /// So many tokens at most. 10,000 unless set.
    pub fn entries(self, entries: usize) -> Self {
        Self { entries, ..self }
    }

    /// So much memory at most, as far as tokens, their claims and what is kept beside them go. 16 MiB unless set. A token that would
    /// take more than eight times its part (`bytes / entries`) is not kept.
    pub fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// So long at most, and never longer than the token and its key are good. Ten minutes unless set.
    pub fn lasts(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    /// Also tokens that a shared secret verifies (HMAC), which is nearly as fast.
    pub fn secrets(self) -> Self {
        Self { secrets: true, ..self }
    }

    /// The cache; `None` where it is off.
    pub(super) fn prepare(self) -> Result<Option<Cache>, TokenCacheError> {
        if self.entries == 0 {
            return Ok(None);
        }
        // As many sets as keep what was said, of a number that a mask picks from.
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

/// Places for tokens that a hash puts together.
const WAYS: usize = 8;

/// The smallest token takes that much.
const LEAST: usize = 1024;

pub(super) struct Cache {
    /// Of a seed that this process alone has: nobody can choose which tokens push out which.
    hasher: SeedableRandomState,
    sets: Box<[Set]>,
    /// The bytes of a set.
    share: usize,
    lasts: Duration,
    secrets: bool,
}

#[derive(Default)]
struct Set {
    /// Of what is in each place; 0 where nothing is.
    tags: [AtomicU64; WAYS],
    places: [ArcSwapOption<CachedToken>; WAYS],
    /// A bit for each place that was hit since somebody looked for room.
    used: AtomicU8,
    /// Where somebody looks for room next.
    hand: AtomicU8,
    /// Whether somebody does.
    busy: AtomicBool,
}

/// A token, and what it says.
pub(super) struct CachedToken {
    token: Box<[u8]>,
    pub(super) verified: VerifiedJws,
    /// Which grants that are data counted when it was verified.
    pub(super) grants: u64,
    pub(super) until: Timestamp,
    size: usize,
}

impl Cache {
    /// What is kept of the token: of the whole of it, and of no other.
    pub(super) fn find(&self, token: &[u8]) -> Option<Guard<Option<Arc<CachedToken>>>> {
        let (set, tag) = self.set_of(token)?;
        for (place, (known, kept)) in set.tags.iter().zip(&set.places).enumerate() {
            if known.load(Ordering::Relaxed) != tag {
                continue;
            }
            let kept = kept.load();
            if kept.as_ref().is_some_and(|kept| *kept.token == *token) {
                let bit = 1 << place;
                // Written to only where it changes, so that workers do not take it from each other.
                if set.used.load(Ordering::Relaxed) & bit == 0 {
                    set.used.fetch_or(bit, Ordering::Relaxed);
                }
                return Some(kept);
            }
        }
        None
    }

    /// Keeps a token that was just verified, if it is one of those that are kept and there is room.
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

    /// How many there are, and the bytes that they take.
    #[cfg(test)]
    pub(super) fn taken(&self) -> (usize, usize) {
        let all = self.sets.iter().flat_map(|set| &set.places).filter_map(|kept| kept.load_full());
        all.fold((0, 0), |(entries, bytes), kept| (entries + 1, bytes + kept.size))
    }

    fn set_of(&self, token: &[u8]) -> Option<(&Set, u64)> {
        // The end of a token is its signature: no two that verify have the same, but by chance.
        const END: usize = 32;
        let mut hasher = self.hasher.build_hasher();
        hasher.write(token.get(token.len().saturating_sub(END)..).unwrap_or_default());
        let hash = hasher.finish();
        let set = self.sets.get((hash >> 32) as usize & (self.sets.len() - 1))?;
        Some((set, hash | 1))
    }
}

impl Set {
    /// Puts it where the same token is, where nothing is, or where what is there was not asked for lately; and takes out more until
    /// all that is left has room.
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

    /// Takes one out: the next that was not asked for since somebody came by.
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

/// No token.
impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("sets", &self.sets.len()).finish_non_exhaustive()
    }
}
