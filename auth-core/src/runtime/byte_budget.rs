//! Limits the bytes that requests may keep in memory, in total and per client network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use super::concurrency_limit::client_network;

/// One network may hold this fraction of the budget.
const NETWORK_SHARE: usize = 8;

/// A number of bytes that requests share.
#[derive(Debug)]
pub(crate) struct ByteBudget {
    total: usize,
    held: Mutex<HeldBytes>,
}

#[derive(Debug, Default)]
struct HeldBytes {
    all: usize,
    by_network: HashMap<IpNet, usize>,
}

/// Bytes of the budget, returned when dropped.
#[derive(Debug)]
pub(crate) struct ByteReservation {
    budget: Arc<ByteBudget>,
    /// The network of the client. `None` if the address is unknown: then only the total is limited, because the peer may be a proxy of
    /// many clients.
    network: Option<IpNet>,
    bytes: usize,
}

impl ByteBudget {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, held: Mutex::default() }
    }

    /// Returns an empty reservation for a client.
    pub(crate) fn reserve(self: &Arc<Self>, client: Option<IpAddr>) -> ByteReservation {
        ByteReservation { budget: Arc::clone(self), network: client.map(network_of), bytes: 0 }
    }
}

impl ByteReservation {
    /// Adds bytes. Returns whether the budget and the share of the network contain them. If not, the reservation is unchanged.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let total = self.budget.total;
        let mut held = self.budget.held.lock().unwrap_or_else(PoisonError::into_inner);
        let all = held.all.saturating_add(bytes);
        if all > total {
            return false;
        }
        if let Some(network) = self.network {
            let mine = held.by_network.get(&network).copied().unwrap_or_default().saturating_add(bytes);
            if mine > total / NETWORK_SHARE {
                return false;
            }
            held.by_network.insert(network, mine);
        }
        held.all = all;
        self.bytes += bytes;
        true
    }
}

impl Drop for ByteReservation {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut held = self.budget.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(self.bytes);
        if let Some(network) = self.network
            && let Some(mine) = held.by_network.get_mut(&network)
        {
            *mine = mine.saturating_sub(self.bytes);
            if *mine == 0 {
                held.by_network.remove(&network);
            }
        }
    }
}

/// Returns the network that has a share: /24 for IPv4, /48 for IPv6.
fn network_of(address: IpAddr) -> IpNet {
    client_network(address.to_canonical(), 48)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_is_limited_in_total_and_per_network() {
        // OBJ-3
        let budget = Arc::new(ByteBudget::new(80));
        let of = |address: &str| budget.reserve(Some(address.parse().unwrap()));
        let (mut first, mut neighbor, mut other) = (of("192.0.2.1"), of("192.0.2.9"), of("198.51.100.1"));
        assert!(first.grow(6) && neighbor.grow(4) && !neighbor.grow(1) && !first.grow(1));
        assert!(other.grow(10) && !other.grow(1));
        let (mut six, mut same_site) = (of("2001:db8:1:1::1"), of("2001:db8:1:2::1"));
        assert!(six.grow(10) && !same_site.grow(1) && of("2001:db8:2::1").grow(10));
        let mut unknown = budget.reserve(None);
        assert!(unknown.grow(50) && !unknown.grow(1), "the total is limited");
        drop(first);
        assert!(neighbor.grow(6) && !neighbor.grow(1));
        drop((neighbor, other, six, same_site, unknown));
        let held = budget.held.lock().unwrap();
        assert!(held.all == 0 && held.by_network.is_empty(), "{held:?}");
    }
}
