//! The host names of this server, against DNS rebinding.

use std::net::{Ipv4Addr, Ipv6Addr};

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
pub struct Hosts {
    /// In lower case.
    names: Vec<String>,
    /// Whether the loopback hosts belong to this server too.
    includes_loopback: bool,
}

impl Hosts {
    /// Returns one of the names, if there are any.
    pub fn first(&self) -> Option<&str> {
        self.names.first().map(String::as_str)
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
                Some(address) => address.parse::<Ipv6Addr>().is_ok(),
                None => {
                    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
                    !name.is_empty() && !name.ends_with('.') && name.bytes().all(plain)
                }
            };
            if fits { Ok(name) } else { Err(HostError(name)) }
        };
        let names = names.into_iter().map(|name| checked(name.into())).collect::<Result<_, _>>()?;
        Ok(Self { names, includes_loopback: false })
    }

    /// Adds the loopback hosts: `localhost`, the addresses 127.0.0.0/8, and `[::1]`.
    #[must_use]
    pub fn with_loopback(self) -> Self {
        Self { includes_loopback: true, ..self }
    }

    /// Returns whether no names are configured.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.includes_loopback
    }

    /// Returns whether this `Origin` (RFC 6454 §6.1) belongs to a page of this server. Its host must be one of the names, and its
    /// port must be the default port or that of the request. The origin of a loopback host must be that of the request, because other
    /// ports of this machine belong to other servers. `authority` is that of the request target, if it has one.
    pub fn are_origin(&self, origin: &[u8], authority: Option<&str>, fields: &impl Fields) -> bool {
        let Ok(origin) = std::str::from_utf8(origin) else { return false };
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let Some(host) = host else { return false };
        let (name, port) = name_and_port(host);
        let asked = authority.or_else(|| single(fields, "host").ok()?.and_then(|host| std::str::from_utf8(host).ok()));
        let same_port = || asked.is_some_and(|asked| name_and_port(asked).1 == port);
        if self.names.iter().any(|known| known == name) {
            return port.is_none() || same_port();
        }
        self.is_loopback(name) && asked.is_some_and(|asked| asked.eq_ignore_ascii_case(host))
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
        self.contain(host)
    }

    /// Returns whether a request names at least one host, and each that it names is one of this server: the authority of the request
    /// target and the `Host` line, which must not be repeated. Stricter than [`are_asked`](Self::are_asked), which ignores `Host`
    /// beside an authority.
    pub fn are_all_asked(&self, authority: Option<&str>, fields: &impl Fields) -> bool {
        let Ok(line) = single(fields, "host") else { return false };
        let is_ours = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|host| self.contain(host));
        (authority.is_some() || line.is_some())
            && authority.is_none_or(|authority| self.contain(authority))
            && line.is_none_or(is_ours)
    }

    /// Returns whether the host, with or without a port, is one of this server.
    fn contain(&self, host: &str) -> bool {
        let (name, _) = name_and_port(host);
        self.names.iter().any(|known| name.eq_ignore_ascii_case(known)) || self.is_loopback(name)
    }

    fn is_loopback(&self, name: &str) -> bool {
        self.includes_loopback && is_loopback(name)
    }
}

/// Returns whether the name always denotes this machine. Names in other notations do not count: a resolver may answer them with another
/// address.
fn is_loopback(name: &str) -> bool {
    let in_brackets = || name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || in_brackets().is_some_and(|name| name.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()))
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

    #[test]
    fn loopback_hosts_are_recognized_in_one_notation() {
        // TOKEN-20
        let hosts = Hosts::new(["box.example"]).unwrap().with_loopback();
        #[rustfmt::skip]
        let table = [
            ("localhost", true), ("LOCALHOST:6333", true), ("127.0.0.1", true), ("127.1.2.3:80", true), ("[::1]", true),
            ("[::1]:6333", true), ("[0:0:0:0:0:0:0:1]:6333", true), ("box.example:6333", true),
            ("", false), ("localhost.", false), ("localhost.:6333", false), ("localhost.evil.example", false),
            ("evil.example", false), ("x.localhost", false), ("0.0.0.0:6333", false), ("[::]", false), ("::1", false),
            ("127.1", false), ("2130706433", false), ("0x7f.1", false), ("127.0.0.1.evil.example", false),
            ("[::ffff:127.0.0.1]", false), ("localhost@evil.example", false), ("evil.example@localhost", false),
            ("localhost:80:80", false), ("localhost ", false), ("localhost,evil.example", false), ("10.0.0.1", false),
        ];
        for (host, expected) in table {
            assert_eq!(hosts.are_all_asked(None, &Lines(&[("Host", host)])), expected, "{host}");
            assert_eq!(hosts.are_all_asked(Some(host), &Lines(&[])), expected, "{host} in the request target");
            assert_eq!(
                hosts.are_all_asked(Some(host), &Lines(&[("Host", "localhost")])),
                expected,
                "{host} beside Host"
            );
            assert_eq!(
                hosts.are_all_asked(Some("localhost"), &Lines(&[("Host", host)])),
                expected,
                "localhost beside {host}"
            );
        }
        let twice = [("Host", "localhost"), ("Host", "localhost")];
        assert!(!hosts.are_all_asked(None, &Lines(&twice)) && !hosts.are_all_asked(Some("localhost"), &Lines(&twice)));
        assert!(!hosts.are_all_asked(None, &Lines(&[])));
        assert!(!Hosts::new(["box.example"]).unwrap().are_all_asked(None, &Lines(&[("Host", "localhost")])));
    }

    #[test]
    fn a_loopback_origin_is_that_of_the_request() {
        // TOKEN-20: another port of this machine is another server.
        let hosts = Hosts::new(["box.example"]).unwrap().with_loopback();
        #[rustfmt::skip]
        let table = [
            ("http://localhost:6333",   "localhost:6333", true),
            ("http://[::1]:6333",       "[::1]:6333",     true),
            ("http://localhost",        "localhost",      true),
            ("http://localhost",        "localhost:6333", false),
            ("http://localhost:3000",   "localhost:6333", false),
            ("http://127.0.0.1:6333",   "localhost:6333", false),
            ("http://evil.example",     "localhost",      false),
            ("http://localhost.",       "localhost.",     false),
            ("null",                    "localhost",      false),
            ("https://box.example",     "localhost:6333", true),
        ];
        for (origin, host, expected) in table {
            let found = hosts.are_origin(origin.as_bytes(), None, &Lines(&[("Host", host)]));
            assert_eq!(found, expected, "{origin} at {host}");
        }
    }
}
