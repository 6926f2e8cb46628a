//! Detection of requests from pages of other sites, by Fetch Metadata and `Origin`.
//!
//! Browsers automatically send cached Basic credentials, and send every request from their own network location. A page of another
//! site can therefore use whatever the browser of a victim presents. Credentials that a program attaches need no check.

use super::hosts::Hosts;
use super::{Fields, single};

/// Origins whose pages may change state on this server. Scheme, host and port are compared exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// The origin is not one that browsers send.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is `https://host` or `https://host:port` in lower case, without a path")]
pub struct OriginError;

crate::debug_as_display!(OriginError);

impl Origins {
    /// Returns the origins.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Creates the list after validating the origins.
    ///
    /// # Errors
    /// An origin does not have the form that browsers serialize.
    pub fn new(origins: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, OriginError> {
        origins.into_iter().map(|origin| checked(origin.into())).collect::<Result<_, _>>().map(Self)
    }

    fn contain(&self, origin: &[u8]) -> bool {
        self.0.iter().any(|known| known.as_bytes() == origin)
    }
}

fn checked(origin: String) -> Result<String, OriginError> {
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).ok_or(OriginError)?;
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]_".contains(&byte);
    let default_port =
        origin.starts_with("https") && host.ends_with(":443") || !origin.starts_with("https") && host.ends_with(":80");
    if host.is_empty() || default_port || !host.bytes().all(fits) { Err(OriginError) } else { Ok(origin) }
}

/// The result of the cross-site check of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossSite {
    /// The request does not change state, or comes from a page of this server or of a configured origin.
    Passed,
    /// The request contains neither `Sec-Fetch-Site` nor `Origin`. No current browser sends such a state-changing request, but
    /// cookies require evidence of the origin.
    Unsaid,
    /// The request comes from another site, or is contradictory.
    Failed,
}

impl CrossSite {
    /// Checks a request (CSRF-1 to CSRF-4). A request with `Upgrade` counts as state-changing regardless of its method, because
    /// browsers open WebSockets across sites. Chromium sends no Fetch Metadata with a WebSocket, and no browser sends it to a
    /// server without TLS. In these cases an `Origin` of one of the hosts passes. `authority` is that of the request target, if it
    /// has one.
    pub fn of(method: &str, authority: Option<&str>, fields: &impl Fields, origins: &Origins, hosts: &Hosts) -> Self {
        let safe = matches!(method, "GET" | "HEAD" | "OPTIONS") && fields.lines("upgrade").next().is_none();
        if safe {
            return Self::Passed;
        }
        let (Ok(site), Ok(origin)) = (single(fields, "sec-fetch-site"), single(fields, "origin")) else {
            return Self::Failed;
        };
        match (site, origin) {
            (_, Some(origin)) if origins.contain(origin) => Self::Passed,
            (Some(b"same-origin" | b"none"), _) => Self::Passed,
            (None, Some(origin)) if hosts.are_origin(origin, authority, fields) => Self::Passed,
            (None, None) => Self::Unsaid,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Lines;
    use super::*;

    #[test]
    fn csrf_check_passes_only_same_origin_or_configured_origins() {
        // CSRF-1 to CSRF-4, C5, M5
        use CrossSite::{Failed, Passed, Unsaid};
        const SITE: &str = "Sec-Fetch-Site";
        const ORIGIN: &str = "Origin";
        let origins = Origins::new(["https://app.example", "http://localhost:3000"]).unwrap();
        #[rustfmt::skip]
        let table: &[(&str, &[(&str, &str)], CrossSite)] = &[
            ("GET", &[(SITE, "cross-site")], Passed),
            ("HEAD", &[(SITE, "cross-site")], Passed),
            ("OPTIONS", &[(SITE, "cross-site")], Passed),
            ("get", &[(SITE, "cross-site")], Failed),
            ("GET", &[(SITE, "cross-site"), ("Upgrade", "websocket")], Failed),
            ("GET", &[("Upgrade", "websocket"), (SITE, "same-origin")], Passed),
            ("POST", &[(SITE, "same-origin")], Passed),
            ("POST", &[(SITE, "none")], Passed),
            ("POST", &[(SITE, "same-site")], Failed),
            ("POST", &[(SITE, "cross-site")], Failed),
            ("POST", &[(SITE, "Same-Origin")], Failed),
            ("POST", &[(SITE, "")], Failed),
            ("POST", &[(SITE, "same-origin"), (SITE, "cross-site")], Failed),
            ("POST", &[(SITE, "cross-site"), (ORIGIN, "https://app.example")], Passed),
            ("POST", &[(SITE, "same-site"), (ORIGIN, "http://localhost:3000")], Passed),
            ("POST", &[(ORIGIN, "https://app.example")], Passed),
            ("POST", &[(ORIGIN, "https://app.example.evil")], Failed),
            ("POST", &[(ORIGIN, "http://app.example")], Failed),
            ("POST", &[(ORIGIN, "https://app.example:8443")], Failed),
            ("POST", &[(ORIGIN, "https://APP.example")], Failed),
            ("POST", &[(ORIGIN, "null")], Failed),
            ("POST", &[(ORIGIN, "https://app.example"), (ORIGIN, "https://app.example")], Failed),
            ("DELETE", &[(SITE, "cross-site")], Failed),
            ("PROPFIND", &[(SITE, "cross-site")], Failed),
            ("POST", &[], Unsaid),
        ];
        for (method, fields, expected) in table {
            let judged = CrossSite::of(method, None, &Lines(fields), &origins, &Hosts::default());
            assert_eq!(judged, *expected, "{method} {fields:?}");
        }
    }

    #[test]
    fn origin_of_configured_host_passes_without_fetch_metadata() {
        // Row 17: (field lines, expected result)
        use CrossSite::{Failed, Passed};
        let hosts = Hosts::new(["app.example", "localhost", "[::1]"]).unwrap();
        const WS: (&str, &str) = ("Upgrade", "websocket");
        const SITE: &str = "Sec-Fetch-Site";
        #[rustfmt::skip]
        let table: &[(&[(&str, &str)], CrossSite)] = &[
            (&[WS, ("Host", "app.example"), ("Origin", "https://app.example")], Passed),
            (&[WS, ("Host", "backend:8080"), ("Origin", "https://app.example")], Passed),
            (&[WS, ("Host", "localhost:8080"), ("Origin", "http://localhost:8080")], Passed),
            (&[WS, ("Host", "[::1]:8080"), ("Origin", "http://[::1]:8080")], Passed),
            (&[WS, ("Host", "localhost:8080"), ("Origin", "http://localhost:9090")], Failed),
            (&[WS, ("Host", "localhost"), ("Origin", "http://localhost:9090")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "https://evil.example")], Failed),
            (&[WS, ("Host", "evil.example"), ("Origin", "https://evil.example")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "https://app.example.evil")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "https://evil.example/app.example")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "https://x@app.example")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "https://APP.example")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "ftp://app.example")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "app.example")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "null")], Failed),
            (&[WS, ("Host", "app.example"), ("Origin", "https://app.example"), ("Origin", "https://app.example")], Failed),
            (&[WS, (SITE, "cross-site"), ("Host", "app.example"), ("Origin", "https://app.example")], Failed),
            (&[WS, (SITE, "same-site"), ("Host", "app.example"), ("Origin", "https://app.example")], Failed),
        ];
        for (fields, expected) in table {
            for method in ["GET", "POST"] {
                let judged = CrossSite::of(method, None, &Lines(fields), &Origins::default(), &hosts);
                assert_eq!(judged, *expected, "{method} {fields:?}");
            }
            let judged = CrossSite::of("GET", None, &Lines(fields), &Origins::default(), &Hosts::default());
            assert_eq!(judged, Failed, "without hosts: {fields:?}");
            let sent = fields.get(1..).unwrap();
            let judged = CrossSite::of("POST", None, &Lines(sent), &Origins::default(), &hosts);
            assert_eq!(judged, *expected, "without an upgrade: {sent:?}");
        }
    }

    #[test]
    fn origins_not_in_browser_serialization_are_rejected() {
        for origin in [
            "app.example",
            "https://",
            "https://a/",
            "https://A",
            "https://a:443",
            "http://a:80",
            "ftp://a",
            "null",
            "*",
        ] {
            assert_eq!(Origins::new([origin]), Err(OriginError), "{origin}");
        }
    }
}
