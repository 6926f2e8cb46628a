//! Limits concurrent expensive operations (password hashing, outbound requests), in total and per client network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Semaphore;

/// Maximum time for which a request waits for a permit. After that, the response is 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// A semaphore with bounded queues. Without a limit, a flood exhausts memory or overloads another server. Without a limit per
/// network, a single client takes all permits (M8, M9).
pub(crate) struct ConcurrencyLimit {
    running: Arc<Semaphore>,
    /// The number of requests that run or wait, by network. `None` counts clients without a known address.
    queued: Mutex<HashMap<Option<IpNet>, usize>>,
    permits: usize,
}

impl std::fmt::Debug for ConcurrencyLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConcurrencyLimit").field("permits", &self.permits).finish_non_exhaustive()
    }
}

/// A permit, released when dropped.
pub(crate) struct Permit {
    _running: tokio::sync::OwnedSemaphorePermit,
    _waiting: QueueSlot,
}

/// A slot of the queue, counted for a network.
struct QueueSlot {
    limit: Arc<ConcurrencyLimit>,
    network: Option<IpNet>,
}

impl ConcurrencyLimit {
    const QUEUE_PER_PERMIT: usize = 8;
    const QUEUE_PER_PERMIT_AND_NETWORK: usize = 4;

    pub(crate) fn new(permits: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(permits)), queued: Mutex::default(), permits }
    }

    pub(crate) async fn acquire(self: &Arc<Self>, client: Option<IpAddr>) -> Option<Permit> {
        let waiting = self.enqueue(client.map(network_of))?;
        let running =
            tokio::time::timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.running).acquire_owned()).await.ok()?.ok()?;
        Some(Permit { _running: running, _waiting: waiting })
    }

    fn enqueue(self: &Arc<Self>, network: Option<IpNet>) -> Option<QueueSlot> {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = queued.values().sum();
        let mine = queued.get(&network).copied().unwrap_or_default();
        // If addresses are unknown, all clients share one limit.
        let most = if network.is_some() { Self::QUEUE_PER_PERMIT_AND_NETWORK } else { Self::QUEUE_PER_PERMIT };
        if all >= self.permits * Self::QUEUE_PER_PERMIT || mine >= self.permits * most {
            return None;
        }
        queued.insert(network, mine + 1);
        Some(QueueSlot { limit: Arc::clone(self), network })
    }
}

impl Drop for QueueSlot {
    fn drop(&mut self) {
        let mut queued = self.limit.queued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = queued.get_mut(&self.network) {
            *mine -= 1;
            if *mine == 0 {
                queued.remove(&self.network);
            }
        }
    }
}

/// Returns the network that counts as one client: /24 for IPv4, /64 for IPv6.
fn network_of(address: IpAddr) -> IpNet {
    client_network(address, 64)
}

/// Returns the network of a client: /24 for IPv4, and of this length for IPv6.
pub(super) fn client_network(address: IpAddr, ipv6_length: u8) -> IpNet {
    let length = if address.is_ipv4() { 24 } else { ipv6_length };
    IpNet::new(address, length).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn permit_queue_is_limited_per_network_and_waiting_times_out() {
        // M8, PWD-3
        let limit = Arc::new(ConcurrencyLimit::new(1));
        let address = |last| Some(IpAddr::from([203, 0, 113, last]));
        let mut places: Vec<_> = (1..=4).map(|last| limit.enqueue(address(last).map(network_of)).unwrap()).collect();
        assert!(limit.enqueue(address(9).map(network_of)).is_none(), "one network has its share");
        places.extend((0..4).map(|other| limit.enqueue(Some(network_of(IpAddr::from([198, 51, other, 1])))).unwrap()));
        assert!(limit.enqueue(Some(network_of(IpAddr::from([192, 0, 2, 1])))).is_none(), "and so has everybody");
        places.clear();
        assert!(limit.queued.lock().unwrap().is_empty(), "no trace is left");
        let permit = limit.acquire(None).await.unwrap();
        tokio::time::pause();
        assert!(limit.acquire(None).await.is_none(), "after a while the answer is 503");
        drop(permit);
        assert!(limit.acquire(None).await.is_some());
    }
}
