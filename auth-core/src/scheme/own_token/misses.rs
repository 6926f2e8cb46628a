//! The throttle of clients that present unknown tokens.
//!
//! # Why
//! A token cannot be guessed, but each unknown one costs a lookup (M9). Failures count for networks, because an unknown token has no
//! owner. A token that was accepted from an address remains accepted there, so that a neighbor who sends wrong tokens does not lock it
//! out (M7). A wrong checksum is not counted: it is refused without a lookup, and often belongs to a mistyped token.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use quick_cache::sync::Cache;

use crate::client::address::PeerOrClient;
use crate::denial::RetryAfter;
use crate::identity::token_digest::TokenDigest;
use crate::store::throttle::Throttle;

/// Number of tokens that are known to be accepted at an address.
const MAX_KNOWN: usize = 10_000;

/// Counts unknown tokens by the network of their clients, in the memory of this process.
pub(super) struct Misses {
    throttle: Throttle,
    /// Whether any failure was counted. No client is delayed before that.
    has_counted: AtomicBool,
    known: Cache<(TokenDigest, IpAddr), ()>,
}

impl Default for Misses {
    fn default() -> Self {
        Self { throttle: Throttle::memory(), has_counted: AtomicBool::new(false), known: Cache::new(MAX_KNOWN) }
    }
}

impl Misses {
    /// Returns how long the client must wait because of earlier unknown tokens. `None` for a token that was accepted at its address.
    pub(super) fn delay(
        &self,
        seen: Option<PeerOrClient>,
        digest: impl FnOnce() -> Option<TokenDigest>,
    ) -> Option<RetryAfter> {
        let delay = self.throttle.delay_of_networks(seen.filter(|_| self.has_counted.load(Ordering::Relaxed))?)?;
        let known = place_of(digest().as_ref(), seen).and_then(|place| self.known.get(&place));
        known.is_none().then_some(delay)
    }

    /// Records that a token was accepted.
    pub(super) fn accept(&self, digest: &TokenDigest, seen: Option<PeerOrClient>) {
        if let Some(place) = place_of(Some(digest), seen)
            && self.known.get(&place).is_none()
        {
            self.known.insert(place, ());
        }
    }

    /// Counts an unknown token.
    pub(super) async fn count(&self, digest: Option<&TokenDigest>, seen: Option<PeerOrClient>) {
        let Some(client) = seen else { return };
        if let Some(place) = place_of(digest, seen) {
            self.known.remove(&place);
        }
        self.has_counted.store(true, Ordering::Relaxed);
        self.throttle.count_for_networks(client).await;
    }
}

/// Returns a token at the address of its client. `None` if the address is unknown, because a peer may be a proxy of many clients.
fn place_of(digest: Option<&TokenDigest>, seen: Option<PeerOrClient>) -> Option<(TokenDigest, IpAddr)> {
    match (digest, seen) {
        (Some(digest), Some(PeerOrClient::Client(address))) => Some((digest.clone(), address)),
        _ => None,
    }
}
