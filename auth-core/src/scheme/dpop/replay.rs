//! Proofs that were used: each counts once, for its address, as long as it could be taken.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::proof::Proof;
use super::uri::Uri;
use crate::runtime::clock::{self, Moment};
#[cfg(feature = "redis")]
use crate::runtime::redis::{RedisUrlError, Server};

/// Who was used when; only hashes, whatever the proofs said.
pub(super) enum Replay {
    Memory {
        most: usize,
        keep: Duration,
        used: Mutex<Used>,
    },
    #[cfg(feature = "redis")]
    Redis {
        keep: Duration,
        server: Box<Server>,
        script: redis::Script,
    },
}

/// All are kept equally long, so the oldest is the first that may go.
#[derive(Default)]
pub(super) struct Used {
    all: HashSet<[u8; 32]>,
    in_order: VecDeque<(Moment, [u8; 32])>,
}

/// By the server's clock. The answer is 1 for the first.
#[cfg(feature = "redis")]
const FIRST: &str = "return redis.call('SET', ARGV[1] .. ARGV[2], '', 'NX', 'PX', ARGV[3]) and 1 or 0";

impl Replay {
    pub(super) fn memory(most: usize, keep: Duration) -> Self {
        Self::Memory { most, keep, used: Mutex::default() }
    }

    #[cfg(feature = "redis")]
    pub(super) fn redis(url: &str, realm: &str, keep: Duration) -> Result<Self, RedisUrlError> {
        let server = Box::new(Server::new(url, &format!("auth:{realm}:dpop:"))?);
        Ok(Self::Redis { keep, server, script: redis::Script::new(FIRST) })
    }

    /// Whether nobody used it before. `None` where nobody can say.
    pub(super) async fn is_first(&self, proof: &Proof, target: &Uri) -> Option<bool> {
        let mut hash = Sha256::new();
        for part in [proof.thumbprint.as_bytes(), b"\0", target.as_str().as_bytes(), b"\0", proof.id.as_bytes()] {
            hash.update(part);
        }
        let hash: [u8; 32] = hash.finalize().into();
        match self {
            Self::Memory { most, keep, used } => {
                used.lock().unwrap_or_else(PoisonError::into_inner).add(hash, *most, *keep, clock::monotonic())
            }
            #[cfg(feature = "redis")]
            Self::Redis { keep, server, script } => {
                let key: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                let first = server.run::<u8>(script, &[&key, &keep.as_millis().to_string()]).await;
                first.ok().map(|first| first == 1)
            }
        }
    }
}

impl Used {
    /// `None` where it is full: what might be a replay is let through no more than one that is.
    fn add(&mut self, hash: [u8; 32], most: usize, keep: Duration, now: Moment) -> Option<bool> {
        while let Some((until, oldest)) = self.in_order.front().copied().filter(|(until, _)| until.after(now).is_none())
        {
            let _ = until;
            self.all.remove(&oldest);
            self.in_order.pop_front();
        }
        if self.all.contains(&hash) {
            return Some(false);
        }
        if self.all.len() >= most {
            return None;
        }
        self.all.insert(hash);
        self.in_order.push_back((now.plus(keep), hash));
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_counts_once_and_a_full_store_lets_nothing_through() {
        // DPOP-5
        let (mut used, keep) = (Used::default(), Duration::from_secs(66));
        let at = |seconds| Moment::default().plus(Duration::from_secs(seconds));
        let mut add = |byte: u8, now| used.add([byte; 32], 2, keep, at(now));
        assert_eq!([add(1, 1), add(1, 1), add(1, 66), add(2, 66)], [Some(true), Some(false), Some(false), Some(true)]);
        assert_eq!([add(3, 66), add(1, 66)], [None, Some(false)], "full, and what is known stays known");
        assert_eq!([add(3, 67), add(1, 68)], [Some(true), None], "the oldest went in its time, and no other");
    }
}
