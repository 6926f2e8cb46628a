//! Stores of used proofs. A proof is accepted only once while it is valid.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::runtime::clock::{self, Moment};
use crate::runtime::future::BoxFuture;

/// The store of used proofs is unavailable or full. The request is answered with 503.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of used proofs is unavailable or full")]
pub struct ReplayStoreUnavailable;

crate::debug_as_display!(ReplayStoreUnavailable);

/// A store of used DPoP proofs (RFC 9449 §11.1), for [`Dpop::replay_store`](super::Dpop::replay_store).
///
/// `auth_actix::test::replay_store` tests whether a store conforms.
///
/// ```
/// use std::time::Duration;
/// use auth_actix::BoxFuture;
/// use auth_actix::dpop::{ReplayStore, ReplayStoreUnavailable};
///
/// struct Offline;
///
/// impl ReplayStore for Offline {
///     fn insert(&self, _proof: [u8; 32], _ttl: Duration) -> BoxFuture<'_, Result<bool, ReplayStoreUnavailable>> {
///         Box::pin(async { Err(ReplayStoreUnavailable) })
///     }
/// }
/// ```
pub trait ReplayStore: Send + Sync + 'static {
    /// Returns whether other processes use this store too. `true` by default.
    fn is_shared(&self) -> bool {
        true
    }

    /// Records a proof for at least `ttl`, in one atomic step. Returns `false` if it was already recorded. `proof` is a SHA-256
    /// digest.
    ///
    /// # Errors
    /// The store is unavailable or full. Entries are never evicted before they expire.
    fn insert(&self, proof: [u8; 32], ttl: Duration) -> BoxFuture<'_, Result<bool, ReplayStoreUnavailable>>;
}

/// A store of used proofs in the memory of this process.
pub struct MemoryReplayStore {
    capacity: usize,
    used: Mutex<Used>,
}

/// Used proofs. `by_expiry` is sorted without further effort, since all proofs of a store have one time to live.
#[derive(Default)]
struct Used {
    proofs: HashSet<[u8; 32]>,
    by_expiry: VecDeque<(Moment, [u8; 32])>,
}

impl MemoryReplayStore {
    /// Creates a store for at most `capacity` proofs of about 100 bytes each.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, used: Mutex::default() }
    }

    fn insert_at(&self, proof: [u8; 32], ttl: Duration, now: Moment) -> Result<bool, ReplayStoreUnavailable> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, expired)) = used.by_expiry.front().copied().filter(|(until, _)| until.after(now).is_none()) {
            used.proofs.remove(&expired);
            used.by_expiry.pop_front();
        }
        if used.proofs.contains(&proof) {
            return Ok(false);
        }
        if used.proofs.len() >= self.capacity {
            return Err(ReplayStoreUnavailable);
        }
        used.proofs.insert(proof);
        used.by_expiry.push_back((now.plus(ttl), proof));
        Ok(true)
    }
}

impl ReplayStore for MemoryReplayStore {
    fn is_shared(&self) -> bool {
        false
    }

    fn insert(&self, proof: [u8; 32], ttl: Duration) -> BoxFuture<'_, Result<bool, ReplayStoreUnavailable>> {
        Box::pin(std::future::ready(self.insert_at(proof, ttl, clock::monotonic())))
    }
}

impl std::fmt::Debug for MemoryReplayStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryReplayStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpop_proof_is_single_use_and_full_replay_store_refuses() {
        // DPOP-5
        let (store, ttl) = (MemoryReplayStore::new(2), Duration::from_secs(66));
        let at = |seconds| Moment::default().plus(Duration::from_secs(seconds));
        let add = |byte: u8, now| store.insert_at([byte; 32], ttl, at(now)).ok();
        assert_eq!([add(1, 1), add(1, 1), add(1, 66), add(2, 66)], [Some(true), Some(false), Some(false), Some(true)]);
        assert_eq!([add(3, 66), add(1, 66)], [None, Some(false)], "full, and what is known stays known");
        assert_eq!([add(3, 67), add(1, 68)], [Some(true), None], "the oldest went in its time, and no other");
    }
}
