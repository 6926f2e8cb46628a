//! Networks from which a credential counts.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Parses a network in CIDR notation, or a single address. Returns `None` if the text is invalid or has address bits beyond the
/// prefix.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    if network.trunc() != network {
        return None;
    }
    // `::ffff:10.0.0.0/104` is 10.0.0.0/8: peers are compared as IPv4 (IP-7).
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(96)) {
        (IpAddr::V4(mapped), Some(prefix)) if network.addr().is_ipv6() => IpNet::new(mapped.into(), prefix).ok(),
        _ => Some(network),
    }
}

/// A network of client addresses, in CIDR notation. A single address is a network of one.
///
/// ```
/// use auth_actix::tokens::Network;
/// let office: Network = "203.0.113.0/24".parse()?;
/// assert!(office.contains([203, 0, 113, 7].into()) && !office.contains([203, 0, 114, 7].into()));
/// assert_eq!("2001:db8::1".parse::<Network>()?.to_string(), "2001:db8::1/128");
/// # Ok::<(), auth_actix::tokens::NetworkError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

/// The text is not a network.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a network such as `10.0.0.0/8`, without address bits after its prefix, or an address")]
pub struct NetworkError;

crate::debug_as_display!(NetworkError);

impl Network {
    /// Returns whether the network contains the address. An IPv4 address that is mapped to IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Returns whether the network contains every address of the other one.
    pub fn includes(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }
}

/// Accepts CIDR notation or a single address.
impl FromStr for Network {
    type Err = NetworkError;

    /// Parses a network.
    ///
    /// # Errors
    /// The text is invalid, or the address has bits after the prefix.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        network(text).map(Self).ok_or(NetworkError)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

/// Writes CIDR notation, also for a single address.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.addr(), self.0.prefix_len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_strictly_and_contain_mapped_addresses() {
        // TOKEN-12
        #[rustfmt::skip]
        let table = [
            ("10.0.0.0/8",        Some("10.0.0.0/8")),
            ("10.0.0.1",          Some("10.0.0.1/32")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("0.0.0.0/0",         Some("0.0.0.0/0")),
            ("2001:db8::/32",     Some("2001:db8::/32")),
            ("10.0.0.1/8",        None),
            ("10.0.0.0/33",       None),
            (" 10.0.0.0/8",       None),
            ("",                  None),
            ("example.com",       None),
        ];
        for (text, expected) in table {
            let read = text.parse::<Network>().ok();
            assert_eq!(read.map(|network| network.to_string()).as_deref(), expected, "{text}");
            if let Some(network) = read {
                assert_eq!(network.to_string().parse(), Ok(network), "{text}");
            }
        }
        let ten: Network = "10.0.0.0/8".parse().unwrap();
        let contained =
            ["10.1.2.3", "::ffff:10.1.2.3", "11.0.0.1", "::"].map(|text| ten.contains(text.parse().unwrap()));
        assert_eq!(contained, [true, true, false, false]);
        let network = |text: &str| text.parse::<Network>().unwrap();
        for (other, expected) in [("10.0.0.0/8", true), ("10.9.0.0/16", true), ("0.0.0.0/0", false), ("::/0", false)] {
            assert_eq!(ten.includes(&network(other)), expected, "{other}");
        }
        assert!(!"0.0.0.0/0".parse::<Network>().unwrap().contains("2001:db8::1".parse().unwrap()));
        assert_eq!(Network::from("::ffff:10.0.0.1".parse::<IpAddr>().unwrap()).to_string(), "10.0.0.1/32");
    }
}
