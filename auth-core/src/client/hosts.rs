//! The host names of this server, against DNS rebinding.

use super::{Fields, single};

/// The host name is invalid.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a host name: write it without a scheme, a port and a path, such as `intranet.example` or `[::1]`"
)]
pub struct HostError(String);

crate::debug_as_display!(HostError);

/// The host names of this server. Empty if not configured. They protect against DNS rebinding: under another name, a page of
/// another site could read responses that a network rule permits to an employee's browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Returns one of the names, if there are any.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Creates the list from names, each of which matches any port. An IPv6 address in brackets is also a valid name.
    ///
    /// # Errors
    /// A name is invalid in a request.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, HostError> {
        let checked = |name: String| {
            let name = name.to_ascii_lowercase();
            let inside = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
            let fits = match inside {
                Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
                None => {
                    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
                    !name.is_empty() && !name.ends_with('.') && name.bytes().all(plain)
                }
            };
            if fits { Ok(name) } else { Err(HostError(name)) }
        };
        names.into_iter().map(|name| checked(name.into())).collect::<Result<_, _>>().map(Self)
    }

    /// Returns whether no names are configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether this `Origin` (RFC 6454 §6.1) belongs to a page of this server. Its host must be one of the names, and its
    /// port must be the default port or that of the request. `authority` is that of the request target, if it has one.
    pub fn are_origin(&self, origin: &[u8], authority: Option<&str>, fields: &impl Fields) -> bool {
        let Ok(origin) = std::str::from_utf8(origin) else { return false };
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let Some((name, port)) = host.map(name_and_port) else { return false };
        let asked = authority.or_else(|| single(fields, "host").ok()?.and_then(|host| std::str::from_utf8(host).ok()));
        let same_port = || asked.is_some_and(|asked| name_and_port(asked).1 == port);
        self.0.iter().any(|known| known == name) && (port.is_none() || same_port())
    }

    /// Returns whether a request is addressed to one of the names. `authority` is that of the request target, if it has one
    /// (HTTP/2).
    pub fn are_asked(&self, authority: Option<&str>, fields: &impl Fields) -> bool {
        let host = match (authority, single(fields, "host")) {
            (Some(authority), _) => authority,
            (None, Ok(Some(host))) => match std::str::from_utf8(host) {
                Ok(host) => host,
                Err(_) => return false,
            },
            _ => return false,
        };
        let (name, _) = name_and_port(host);
        self.0.iter().any(|known| name.eq_ignore_ascii_case(known))
    }
}

/// Splits `host:port`.
fn name_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(']') => {
            (name, Some(port))
        }
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Lines;
    use super::*;

    #[test]
    fn host_header_matches_only_configured_host_names() {
        for name in ["", "a:80", "https://a", "a.", "a/b", "::1", "[a]", "a b", "a@b"] {
            assert_eq!(Hosts::new([name]), Err(HostError(name.to_owned())), "{name}");
        }
        let hosts = Hosts::new(["Intranet.Example", "[::1]"]).unwrap();
        let ours = |fields: &[(&str, &str)]| hosts.are_asked(None, &Lines(fields));
        for host in ["intranet.example", "INTRANET.example:8080", "[::1]", "[::1]:80"] {
            assert!(ours(&[("Host", host)]), "{host}");
        }
        for host in
            ["", "evil.example", "intranet.example.evil", "intranet.example:80:80", "intranet.example@evil", "::1"]
        {
            assert!(!ours(&[("Host", host)]), "{host}");
        }
        assert!(!ours(&[]) && !ours(&[("Host", "intranet.example"), ("Host", "intranet.example")]));
        assert!(hosts.are_asked(Some("intranet.example"), &Lines(&[])));
        assert!(!hosts.are_asked(Some("evil.example"), &Lines(&[("Host", "intranet.example")])));
    }
}
