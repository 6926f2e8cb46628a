//! What failures are counted of, and how long each delays the next.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::Limits;
use crate::client::address::PeerOrClient;

/// The longest delay of a count that is below [`MANY`], and that of one above.
pub(super) const LONGEST: Duration = Duration::from_secs(15 * 60);
pub(super) const MANY: u32 = 100;
pub(super) const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// How long a count is remembered after its last failure.
pub(super) const MEMORY: Duration = A_DAY;

/// How long a login is remembered: from there, that account is counted by itself.
pub(super) const KNOWN: Duration = Duration::from_secs(30 * 24 * 3600);

/// The longest delay that somebody brings upon others who share no more than a count.
pub(super) const SHORT: Duration = Duration::from_secs(30);

/// One thing that failures are counted of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Account(String),
    /// An account that logged in from this place lately.
    Known(String, IpNet),
    Network(IpNet),
    /// Of a client that is not known, its peer.
    Peer(IpNet),
}

impl Subject {
    /// Whether it is about an account: those a success forgives.
    pub(super) const fn is_account(&self) -> bool {
        matches!(self, Self::Account(_) | Self::Known(..))
    }
}

/// A subject, how many failures are free, and the longest delay.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) subject: Subject,
    pub(super) free: u32,
    pub(super) longest: Duration,
}

impl Counted {
    pub(super) fn delay(&self, count: u32) -> Duration {
        if count < self.free {
            return Duration::ZERO;
        }
        if self.subject.is_account() && count >= MANY.max(self.free) {
            return A_DAY;
        }
        Duration::from_secs(1 << (count - self.free).min(20)).min(self.longest)
    }
}

/// The account, when it logs in from nowhere in particular.
pub(super) fn account(name: &str, limits: Limits) -> Counted {
    Counted { subject: Subject::Account(name.to_owned()), free: limits.account, longest: LONGEST }
}

/// The account at the place where it logged in lately: counted alone, whatever others do to its name or its network.
pub(super) fn known(name: &str, place: IpNet, limits: Limits) -> Counted {
    Counted { subject: Subject::Known(name.to_owned(), place), free: limits.account, longest: LONGEST }
}

/// The networks of where an attempt comes from. Wider ones have more failures that are free; and many may be behind a peer.
pub(super) fn networks(seen: Option<PeerOrClient>, limits: Limits) -> impl Iterator<Item = Counted> {
    let prefixes: &[(u8, u32)] = match seen {
        None => &[],
        Some(PeerOrClient::Client(IpAddr::V4(_))) => &[(32, 1), (24, 5)],
        Some(PeerOrClient::Client(IpAddr::V6(_))) => &[(64, 1), (56, 5), (48, 20)],
        Some(PeerOrClient::Peer(IpAddr::V4(_))) => &[(32, 20)],
        // Where it is no proxy it is a client that hides, and has many addresses.
        Some(PeerOrClient::Peer(IpAddr::V6(_))) => &[(64, 20), (48, 20)],
    };
    let all = seen.into_iter().flat_map(|seen| prefixes.iter().map(move |prefix| (seen, *prefix)));
    all.map(move |(seen, (prefix, times))| {
        let network = within(seen.address(), prefix);
        let (subject, longest) = match seen {
            PeerOrClient::Client(_) => (Subject::Network(network), LONGEST),
            PeerOrClient::Peer(_) => (Subject::Peer(network), SHORT),
        };
        Counted { subject, free: limits.address.saturating_mul(times), longest }
    })
}

/// The network that counts as one place: an address of IPv4, a /64 of IPv6. `None` where the client is not known.
pub(super) fn place(seen: Option<PeerOrClient>) -> Option<IpNet> {
    match seen? {
        PeerOrClient::Client(address) => Some(within(address, if address.is_ipv4() { 32 } else { 64 })),
        PeerOrClient::Peer(_) => None,
    }
}

fn within(address: IpAddr, prefix: u8) -> IpNet {
    IpNet::new(address, prefix).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}
