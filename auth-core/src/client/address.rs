//! The client address, read only from the configured source.
//!
//! # Why
//! Behind a proxy, the peer of the socket is the proxy for all clients. A forwarding header contains whatever the client wrote,
//! except for the entries that trusted proxies appended. There is therefore no default: a rule that names a network is rejected at
//! start-up until an [`AddressSource`] is configured. In case of doubt the address is *unknown*, and satisfies neither a network
//! rule nor its negation. `ConnectionInfo::realip_remote_addr()` of actix takes the left-most entry.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::Fields;
pub use super::forwarding_header::ForwardingHeader;

/// The source of the client address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AddressSource {
    /// The source is not configured. No rule may name a network.
    #[default]
    Unset,
    /// The peer of the socket, without a proxy. The address is unknown if the request contains a forwarding header, which indicates
    /// a proxy.
    Peer,
    /// Proxies with known addresses, which append to this header.
    Behind {
        /// Addresses and networks of the proxies.
        proxies: Vec<IpNet>,
        /// Whether a peer on a Unix socket is a proxy.
        unix: bool,
        /// The header that the proxies append to.
        header: ForwardingHeader,
    },
    /// A fixed number of proxies with any addresses. Each of them appends to this header, and no client can bypass them.
    Hops {
        /// The number of proxies.
        hops: std::num::NonZeroUsize,
        /// The header that the proxies append to.
        header: ForwardingHeader,
    },
}

/// The address that a request is attributed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerOrClient {
    /// The client.
    Client(IpAddr),
    /// The peer of a request whose client is unknown. It may be a proxy that many clients share.
    Peer(IpAddr),
}

impl PeerOrClient {
    /// Returns the address of the client or the peer.
    pub const fn address(self) -> IpAddr {
        match self {
            Self::Client(address) | Self::Peer(address) => address,
        }
    }
}

/// Header fields that indicate a proxy, standard and vendor-specific. A client that sends one of them imitates a proxy.
const FORWARDING: [&str; 24] = [
    "forwarded",
    "via",
    "x-real-ip",
    "true-client-ip",
    "client-ip",
    "cdn-loop",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-remote-ip",
    "x-remote-addr",
    "x-originating-ip",
    "x-proxyuser-ip",
    "x-original-host",
    "proxy-client-ip",
    "wl-proxy-client-ip",
    "do-connecting-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "incap-client-ip",
    "ali-cdn-real-ip",
    "x-sucuri-clientip",
    "x-nf-client-connection-ip",
    "x-appengine-user-ip",
    "x-amzn-trace-id",
];

/// Prefixes of such header fields.
const FORWARDING_PREFIXES: [&str; 9] = [
    "x-forwarded",
    "x-original-forwarded",
    "cf-connecting-",
    "cf-ray",
    "x-amz-cf-",
    "x-azure-",
    "x-envoy-",
    "x-vercel-",
    "akamai-",
];

fn is_forwarding(name: &str) -> bool {
    FORWARDING.contains(&name) || FORWARDING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Returns whether a header field indicates a proxy, or a client that imitates one.
pub fn indicates_proxy(fields: &impl Fields) -> bool {
    fields.has_name(is_forwarding)
}

/// Longer lists are not plausible chains of proxies.
const MOST_ENTRIES: usize = 32;

impl AddressSource {
    /// Returns the address by which logins are counted. It is the address of the client, or of the peer if the client is unknown.
    /// Otherwise a client could avoid the limits with a header that makes its address unknown. Returns `None` if no source is configured, because the peer may then be a
    /// proxy.
    pub fn throttled_client(&self, peer: Option<SocketAddr>, fields: &impl Fields) -> Option<PeerOrClient> {
        match self {
            Self::Unset => None,
            _ => self
                .client(peer, fields)
                .map(PeerOrClient::Client)
                .or_else(|| peer.map(|peer| PeerOrClient::Peer(peer.ip().to_canonical()))),
        }
    }

    /// Returns the address that is compared with the block list. This is the address of the client. Without a proxy, it is the
    /// address of the peer, even if a forwarding header makes the client unknown. Behind a proxy, the peer is the proxy, so it is
    /// not used in place of an unknown client (IP-3).
    pub fn blocked(&self, peer: Option<SocketAddr>, fields: &impl Fields) -> Option<IpAddr> {
        match self {
            Self::Peer => self.throttled_client(peer, fields).map(PeerOrClient::address),
            _ => self.client(peer, fields),
        }
    }

    /// Returns whether header fields were written by a trusted proxy rather than by the client. This is the case if the peer is a
    /// trusted proxy, or if all requests pass through trusted proxies.
    pub fn is_from_proxy(&self, peer: Option<SocketAddr>) -> bool {
        match self {
            Self::Unset | Self::Peer => false,
            Self::Hops { .. } => true,
            Self::Behind { proxies, unix, .. } => match peer {
                None => *unix,
                Some(peer) => proxies.iter().any(|proxy| proxy.contains(&peer.ip().to_canonical())),
            },
        }
    }

    /// Returns whether no proxy is expected, but a header field indicates one.
    pub fn is_contradicted(&self, fields: &impl Fields) -> bool {
        *self == Self::Peer && indicates_proxy(fields)
    }

    /// Returns the client address, or `None` if it is unknown. `peer` is `None` for a Unix socket.
    pub fn client(&self, peer: Option<SocketAddr>, fields: &impl Fields) -> Option<IpAddr> {
        match self {
            Self::Unset => None,
            Self::Peer if self.is_contradicted(fields) => None,
            Self::Peer => usable(peer?.ip()),
            Self::Behind { proxies, unix, header } => {
                let trusted = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(&address));
                match peer.map(|peer| peer.ip().to_canonical()) {
                    None if !unix => return None,
                    // There is no proxy in between, so the peer is the client, regardless of the headers (IP-1).
                    Some(peer) if !trusted(peer) => return usable(peer),
                    _ => {}
                }
                // If all entries are trusted proxies, the client is unknown.
                entries(fields, *header)?.into_iter().rev().find(|entry| !entry.is_some_and(trusted))?.and_then(usable)
            }
            // Each hop appends the address of its peer, so the client is that many entries from the right.
            Self::Hops { hops, header } => {
                entries(fields, *header)?.into_iter().rev().nth(hops.get() - 1)?.and_then(usable)
            }
        }
    }
}

/// Returns the entries of all lines in order. An entry is `None` if it is not an address (IP-3, IP-4). Returns `None` if a line
/// cannot be parsed, or if there are too many entries.
fn entries(fields: &impl Fields, header: ForwardingHeader) -> Option<Vec<Option<IpAddr>>> {
    let mut entries = Vec::new();
    for line in fields.lines(header.field()) {
        let line = std::str::from_utf8(line).ok()?;
        match header {
            ForwardingHeader::XForwardedFor => {
                // Reads just enough entries to detect an excess, because clients control the length of a line.
                let room = MOST_ENTRIES + 1 - entries.len();
                entries.extend(line.split(',').take(room).map(|entry| node(entry.trim_matches([' ', '\t']))))
            }
            ForwardingHeader::Forwarded => elements(line, &mut entries)?,
        }
        if entries.len() > MOST_ENTRIES {
            return None;
        }
    }
    Some(entries.into_iter().map(|entry| entry.map(|address| address.to_canonical())).collect())
}

/// Appends the `for` parameter of each element of a `Forwarded` line (RFC 7239 §4). Returns `None` if the line cannot be parsed.
fn elements(line: &str, entries: &mut Vec<Option<IpAddr>>) -> Option<()> {
    let mut rest = line;
    loop {
        let (mut address, mut seen) = (None, false);
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            let (name, after) = rest.split_once('=')?;
            if name.is_empty() || !name.bytes().all(is_token) {
                return None;
            }
            let (value, after) = value(after)?;
            if name.eq_ignore_ascii_case("for") {
                if seen {
                    return None;
                }
                (address, seen) = (node(&value), true);
            }
            rest = after.trim_start_matches([' ', '\t']);
            match rest.strip_prefix(';') {
                Some(after) => rest = after,
                None => break,
            }
        }
        entries.push(address);
        if entries.len() > MOST_ENTRIES {
            return Some(());
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Some(()),
            None => return None,
        }
    }
}

/// Reads a token or a quoted-string (RFC 9110 §5.6.4), and returns it with the remaining text.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (!value.is_empty()).then(|| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((position, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(position + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Parses an address with or without a port (IP-5). Returns `None` for names, `unknown` and obfuscated identifiers.
fn node(text: &str) -> Option<IpAddr> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return address.parse().ok().filter(|_| port_fits).map(IpAddr::V6);
    }
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (address, port) = text.split_once(':')?;
    address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port)).map(IpAddr::V4)
}

fn is_port(text: &str) -> bool {
    // RFC 7239 §6.3: a port is a number or an obfuscated name.
    !text.is_empty() && (text.starts_with('_') || (text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())))
}

/// Converts IPv4-mapped addresses to IPv4. Rejects link-local addresses: they are only valid on their own link, so they match no
/// rule.
fn usable(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    (!link_local).then_some(address)
}

/// Returns the IPv4 addresses that an IPv6 address may contain, for block lists. Behind a translator or a tunnel, the contained
/// address is that of the client.
///
/// The formats are NAT64 (`64:ff9b::/96`, RFC 6052 §2.1, and `64:ff9b:1::/48`, RFC 8215, whose operators choose one of four
/// lengths, RFC 6052 §2.2), 6to4 (`2002::/16`, RFC 3056 §2), Teredo (`2001::/32`, RFC 4380 §4), IPv4-translated (`::ffff:0:0:0/96`,
/// RFC 7915) and IPv4-compatible addresses (`::/96`, RFC 4291 §2.5.5.1).
pub(crate) fn embedded_ipv4(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let IpAddr::V6(v6) = address else { return [None; 4].into_iter().flatten() };
    let o = v6.octets();
    let at = |places: [usize; 4]| {
        let octets = places.map(|place| o.get(place).copied().unwrap_or_default());
        Some(IpAddr::V4(Ipv4Addr::from(octets)))
    };
    const LAST: [usize; 4] = [12, 13, 14, 15];
    let found = match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => [at(LAST), None, None, None],
        [0x64, 0xff9b, 1, ..] => [at(LAST), at([9, 10, 11, 12]), at([7, 9, 10, 11]), at([6, 7, 9, 10])],
        [0x2002, ..] => [at([2, 3, 4, 5]), None, None, None],
        [0x2001, 0, ..] => {
            let hidden = LAST.map(|place| !o.get(place).copied().unwrap_or_default());
            [Some(IpAddr::V4(Ipv4Addr::from(hidden))), None, None, None]
        }
        // Excludes `::` and `::1`.
        [0, 0, 0, 0, 0, 0, high, low] if high > 0 || low > 1 => [at(LAST), None, None, None],
        _ => [None; 4],
    };
    found.into_iter().flatten()
}

#[cfg(test)]
mod tests;
