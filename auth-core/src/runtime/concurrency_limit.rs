//! Who may do now what costs much: hash a password, ask another server.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Semaphore;

/// How long a request waits for its turn. Longer, and it is answered with 503.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who may now. Without a bound a flood takes all memory, or another server down; without one for each network a single
/// source takes all turns (M8, M9).
pub(crate) struct Turns {
    running: Arc<Semaphore>,
    /// How many requests of each network run or wait, and of those without a known address.
    here: Mutex<HashMap<Option<IpNet>, usize>>,
    at_a_time: usize,
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turns").field("at_a_time", &self.at_a_time).finish_non_exhaustive()
    }
}

/// A turn; ends when dropped.
pub(crate) struct Turn {
    _running: tokio::sync::OwnedSemaphorePermit,
    _waiting: Place,
}

/// A place in the queue, counted for a network.
struct Place {
    turns: Arc<Turns>,
    network: Option<IpNet>,
}

impl Turns {
    /// How many requests wait for each turn, in all, and how many of one network.
    const QUEUE: usize = 8;
    const QUEUE_OF_ONE: usize = 4;

    pub(crate) fn new(at_a_time: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(at_a_time)), here: Mutex::default(), at_a_time }
    }

    pub(crate) async fn take(self: &Arc<Self>, client: Option<IpAddr>) -> Option<Turn> {
        let waiting = self.enter(client.map(network_of))?;
        let running = tokio::time::timeout(PATIENCE, Arc::clone(&self.running).acquire_owned()).await.ok()?.ok()?;
        Some(Turn { _running: running, _waiting: waiting })
    }

    fn enter(self: &Arc<Self>, network: Option<IpNet>) -> Option<Place> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = here.values().sum();
        let mine = here.get(&network).copied().unwrap_or_default();
        // Where addresses are not known, one bound has to do for all.
        let most = if network.is_some() { Self::QUEUE_OF_ONE } else { Self::QUEUE };
        if all >= self.at_a_time * Self::QUEUE || mine >= self.at_a_time * most {
            return None;
        }
        here.insert(network, mine + 1);
        Some(Place { turns: Arc::clone(self), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut here = self.turns.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = here.get_mut(&self.network) {
            *mine -= 1;
            if *mine == 0 {
                here.remove(&self.network);
            }
        }
    }
}

/// The network that counts as one source: /24 of IPv4, /64 of IPv6.
fn network_of(address: IpAddr) -> IpNet {
    let length = if address.is_ipv4() { 24 } else { 64 };
    IpNet::new(address, length).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_network_takes_all_turns_and_nobody_waits_for_ever() {
        // M8, PWD-3
        let turns = Arc::new(Turns::new(1));
        let address = |last| Some(IpAddr::from([203, 0, 113, last]));
        let mut places: Vec<_> = (1..=4).map(|last| turns.enter(address(last).map(network_of)).unwrap()).collect();
        assert!(turns.enter(address(9).map(network_of)).is_none(), "one network has its share");
        places.extend((0..4).map(|other| turns.enter(Some(network_of(IpAddr::from([198, 51, other, 1])))).unwrap()));
        assert!(turns.enter(Some(network_of(IpAddr::from([192, 0, 2, 1])))).is_none(), "and so has everybody");
        places.clear();
        assert!(turns.here.lock().unwrap().is_empty(), "no trace is left");
        let turn = turns.take(None).await.unwrap();
        tokio::time::pause();
        assert!(turns.take(None).await.is_none(), "after a while the answer is 503");
        drop(turn);
        assert!(turns.take(None).await.is_some());
    }
}
