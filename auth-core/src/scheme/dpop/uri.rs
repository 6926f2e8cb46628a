//! The URI that a proof is for, compared as required by RFC 9449 §4.3: after syntax-based and scheme-based normalization (RFC 3986
//! §6.2.2, §6.2.3), without query and fragment.

use url::{Host, Url};

/// A URI in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uri(String);

impl Uri {
    /// Parses the `htu` claim of a proof.
    pub(super) fn of_proof(text: &str) -> Option<Self> {
        Self::of(Url::parse(text).ok()?)
    }

    /// Parses a base URL of this server. It must be `https`, or `http` on this machine.
    pub(super) fn base(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| url.query().is_none() && url.fragment().is_none())?;
        let is_here = match url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
        is_safe.then_some(url).and_then(Self::of)
    }

    fn of(mut url: Url) -> Option<Self> {
        if !matches!(url.scheme(), "https" | "http") || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        url.set_query(None);
        url.set_fragment(None);
        Some(Self(normal(url.as_str())))
    }

    /// Returns the URI of a path relative to this base.
    pub(super) fn with_path(&self, path: &str) -> Self {
        let whole = format!("{}{path}", self.0.trim_end_matches('/'));
        // A request path is always a valid path. If it is not, the result equals no URI of a proof.
        Url::parse(&whole).ok().and_then(Self::of).unwrap_or(Self(String::new()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Normalizes percent-encodings: upper-case digits, and no encoding of unreserved characters.
fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                        normal.push(char::from(byte))
                    }
                    _ => normal.push_str(&format!("%{byte:02X}")),
                }
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                normal.push('%');
                rest = after;
            }
        }
    }
    normal + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpop_htu_comparison_normalizes_equivalent_uris() {
        // DPOP-3: (base, path of the request, htu, equal)
        #[rustfmt::skip]
        let table = [
            ("https://api.example",     "/a",       "https://api.example/a",            true),
            ("https://api.example",     "/a",       "HTTPS://API.Example:443/a",        true),
            ("https://api.example/",    "/a",       "https://api.example/a?x=1#y",      true),
            ("https://api.example",     "/%7ea",    "https://api.example/~a",           true),
            ("https://api.example",     "/~a",      "https://api.example/%7Ea",         true),
            ("https://api.example",     "/%c3%a4",  "https://api.example/%C3%A4",       true),
            ("https://api.example",     "/",        "https://api.example",              true),
            ("https://api.example",     "/b/../a",  "https://api.example/a",            true),
            ("https://api.example/v1",  "/a",       "https://api.example/v1/a",         true),
            ("https://api.example:8443", "/a",      "https://api.example:8443/a",       true),
            ("http://127.0.0.1:80",     "/a",       "http://127.0.0.1/a",               true),
            ("https://api.example",     "/a",       "https://api.example/a/",           false),
            ("https://api.example",     "/a",       "https://api.example/A",            false),
            ("https://api.example",     "/a%2fb",   "https://api.example/a/b",          false),
            ("https://api.example",     "/a",       "http://api.example/a",             false),
            ("https://api.example",     "/a",       "https://api.example.evil/a",       false),
            ("https://api.example",     "/a",       "https://api.example:8443/a",       false),
            ("https://api.example",     "/a",       "https://evil@api.example/a",       false),
            ("https://api.example",     "/a",       "/a",                               false),
            ("https://api.example/v1",  "/a",       "https://api.example/a",            false),
        ];
        for (base, path, htu, equal) in table {
            let ours = Uri::base(base).unwrap().with_path(path);
            assert_eq!(Uri::of_proof(htu).is_some_and(|uri| uri == ours), equal, "{base} {path} {htu}: {ours:?}");
        }
        for base in [
            "http://api.example",
            "api.example",
            "https://api.example?x",
            "ftp://api.example",
            "https://a:b@api.example",
            "",
        ] {
            assert_eq!(Uri::base(base), None, "{base}");
        }
    }
}
