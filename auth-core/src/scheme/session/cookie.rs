//! The session cookie: parsing and `Set-Cookie` lines.
//!
//! # Why
//! Some libraries decode cookie names and trim Unicode white space. A neighboring host can set `%5F%5FHost-session`, which such a
//! library reads as `__Host-session` (CVE-2020-7070, CVE-2020-8184). Therefore the raw bytes are compared.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The name and the attributes of the cookie, fixed at start-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSettings {
    pub(super) name: String,
    pub(super) strict: bool,
    /// Whether the cookie is for a browser on the same machine over plain HTTP.
    pub(super) plain_http: bool,
}

/// The cookie name is invalid.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a cookie name: write letters, digits, `-` and `_`, without a prefix such as `__Host-`")]
pub struct CookieNameError(pub(super) String);

crate::debug_as_display!(CookieNameError);

impl CookieSettings {
    pub(super) fn checked(self) -> Result<Self, CookieNameError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if self.name.is_empty() || self.name.starts_with("__") || !self.name.bytes().all(fits) || self.name.len() > 64 {
            return Err(CookieNameError(self.name));
        }
        Ok(self)
    }

    /// Returns the name with its prefix. `__Host-` makes browsers accept the cookie only from this host and only over TLS
    /// (COOKIE-1).
    pub(super) fn full_name(&self) -> String {
        let prefix = if self.plain_http { "" } else { "__Host-" };
        format!("{prefix}{}", self.name)
    }

    pub(super) fn has_name_of(&self, other: &Self) -> bool {
        self.full_name() == other.full_name()
    }

    /// Returns a `Set-Cookie` line with this value. The cookie expires with the browser session if `lasts` is `None`.
    pub(crate) fn set(&self, value: &str, lasts: Option<Duration>) -> String {
        let age = lasts.map(|lasts| format!("; Max-Age={}", lasts.as_secs())).unwrap_or_default();
        format!("{}={value}{}{age}", self.full_name(), self.attributes())
    }

    /// Returns the `Set-Cookie` line that deletes the cookie. Requires the same name, path and attributes (COOKIE-4).
    pub(crate) fn delete(&self) -> String {
        format!("{}={}; Max-Age=0", self.full_name(), self.attributes())
    }

    pub(super) fn sets(&self, line: &[u8]) -> bool {
        line.strip_prefix(self.full_name().as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    }

    fn attributes(&self) -> String {
        let secure = if self.plain_http { "" } else { "; Secure" };
        let site = if self.strict { "Strict" } else { "Lax" };
        format!("{secure}; HttpOnly; Path=/; SameSite={site}")
    }

    /// Returns the session id in the cookie lines. The cookie name must match byte for byte. The cookie may occur once, or several
    /// times with the same value (COOKIE-2, COOKIE-3).
    pub fn read<'a>(&self, lines: impl Iterator<Item = &'a [u8]>) -> Option<SessionId> {
        SessionId::parse(self.value(lines)?)
    }

    /// Returns the settings of the cookie for a pending login at a provider. `mark` distinguishes it from other pending logins.
    pub(crate) fn of_login(mark: &str, plain_http: bool) -> Self {
        // `Lax`, since the browser must send the cookie when the provider redirects back.
        Self { name: format!("login-{mark}"), strict: false, plain_http }
    }

    /// Returns the settings of the cookies of all pending logins in a browser.
    pub(crate) fn of_logins<'a>(lines: impl Iterator<Item = &'a [u8]>, plain_http: bool) -> Vec<Self> {
        let prefix = Self::of_login("", plain_http).full_name();
        let names = lines.flat_map(|line| line.split(|byte| *byte == b';')).filter_map(|pair| {
            let name = std::str::from_utf8(pair.trim_ascii().split(|byte| *byte == b'=').next()?).ok()?;
            let mark = name.strip_prefix(&prefix)?;
            Self::of_login(mark, plain_http).checked().ok()
        });
        names.collect()
    }

    /// Returns the value of the cookie in the cookie lines.
    pub(crate) fn value<'a>(&self, lines: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
        let name = self.full_name();
        let mut found: Option<&[u8]> = None;
        for pair in lines.flat_map(|line| line.split(|byte| *byte == b';')) {
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
            let start = pair.iter().position(|byte| !blank(byte)).unwrap_or(pair.len());
            let end = pair.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
            let pair = pair.get(start..end).unwrap_or_default();
            let Some(value) = pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")) else {
                continue;
            };
            if found.is_some_and(|other| other != value) {
                return None; // one of the values was set by another party
            }
            found = Some(value);
        }
        found
    }
}

/// The id of a session: 256 random bits. It is disclosed only to the browser of the session.
// Not comparable outside of tests, since `==` does not compare in constant time.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// Creates a random id. Returns `None` if the system provides no random numbers.
    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        // Malformed ids are rejected before any store is queried.
        let mut bytes = [0; 32];
        let fits = text.len() == 43 && URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) == Ok(32);
        fits.then_some(Self(bytes))
    }

    pub(super) fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the key of the session in a store.
    pub fn key(self) -> super::SessionKey {
        use sha2::Digest as _;
        super::SessionKey::from_bytes(sha2::Sha256::digest(self.0).into())
    }
}

/// Redacts the id.
impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionId(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> CookieSettings {
        CookieSettings { name: "session".to_owned(), strict: false, plain_http: false }
    }

    #[test]
    fn session_cookie_name_and_value_match_byte_for_byte() {
        // COOKIE-2, COOKIE-3, T31, M14
        let id = SessionId([7; 32]);
        let other = SessionId([8; 32]).text();
        let value = id.text();
        let good = [
            vec![format!("__Host-session={value}")],
            vec![format!("a=b; \t__Host-session={value} ; c")],
            vec!["a=b".to_owned(), format!("__Host-session={value}")],
            vec![format!("__Host-session={value}; __Host-session={value}")],
            vec![format!("\u{fffd}\u{fffd}; =; ;;a; __Host-session={value}; __host-session={other}")],
        ];
        for lines in good {
            assert_eq!(settings().read(lines.iter().map(String::as_bytes)), Some(id), "{lines:?}");
        }
        let broken: &[&[u8]] = &[b"\xff\xfe=\x80; x"];
        let line = format!("__Host-session={value}");
        assert_eq!(settings().read(broken.iter().copied().chain([line.as_bytes()])), Some(id), "a broken neighbor");
        let bad = [
            format!("%5F%5FHost-session={value}"),
            format!("\u{2000}__Host-session={value}"),
            format!("\u{a0}__Host-session={value}"),
            format!("\u{b}__Host-session={value}"),
            format!("__HOST-session={value}"),
            format!("__Host-Session={value}"),
            format!("session={value}"),
            format!("__Secure-session={value}"),
            format!("__Host-session ={value}"),
            format!("__Host-session= {value}"),
            format!("__Host-session=\"{value}\""),
            format!("__Host-session={value}="),
            format!("__Host-session={}", &value[..42]),
            format!("__Host-session={value}; __Host-session={other}"),
            format!("__Host-session={}*", &value[..42]),
            format!("__Host-session={}9", &value[..42]), // not canonical
            "__Host-session=".to_owned(),
            "__Host-session".to_owned(),
            String::new(),
        ];
        for line in &bad {
            assert_eq!(settings().read([line.as_bytes()].into_iter()), None, "{line}");
        }
    }

    #[test]
    fn session_cookie_attributes_are_secure_when_set_and_deleted() {
        // COOKIE-1, COOKIE-4
        let plain = "__Host-session=v; Secure; HttpOnly; Path=/; SameSite=Lax";
        assert_eq!(settings().set("v", None), plain);
        assert_eq!(settings().set("v", Some(Duration::from_secs(60))), format!("{plain}; Max-Age=60"));
        assert_eq!(settings().delete(), format!("{}; Max-Age=0", plain.replace("=v;", "=;")));
        let strict = CookieSettings { strict: true, ..settings() };
        assert!(strict.set("v", None).ends_with("; SameSite=Strict"));
        let here = CookieSettings { plain_http: true, ..settings() };
        assert_eq!(here.set("v", None), "session=v; HttpOnly; Path=/; SameSite=Lax");
        for name in ["", "__Host-session", "a b", "a=b", "a;b", "\u{e9}", "__x"] {
            assert!(CookieSettings { name: name.to_owned(), ..settings() }.checked().is_err(), "{name}");
        }
        assert!(settings().checked().is_ok());
    }

    #[test]
    fn session_ids_are_random_and_redacted_in_debug_output() {
        // SESS-1, LOG-1
        let (one, other) = (SessionId::random().unwrap(), SessionId::random().unwrap());
        assert_ne!(one, other);
        let shown = format!("{one:?} {:?}", one.key());
        assert!(!shown.contains(&one.text()) && shown.len() < 60, "{shown}");
        assert_ne!(one.key().bytes(), &one.0, "a store holds the hash alone");
    }

    #[test]
    fn session_cookie_of_an_earlier_version_is_read() {
        let table = [
            (
                [0; 32],
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
            ),
            (
                [0xff; 32],
                "__________________________________________8",
                "af9613760f72635fbdb44a5a0a63c39f12af30f950a6ee5c971be188e89c4051",
            ),
        ];
        for (bytes, value, key) in table {
            let id = SessionId(bytes);
            let line = format!("__Host-session={value}");
            assert_eq!(settings().read([line.as_bytes()].into_iter()), Some(id));
            assert_eq!((id.text().as_str(), id.key().to_string().as_str()), (value, key));
            assert_eq!(key.parse(), Ok(id.key()));
        }
        assert_eq!(CookieSettings::of_login("AbCd-_09", false).full_name(), "__Host-login-AbCd-_09");
        assert_eq!(CookieSettings::of_login("AbCd-_09", true).full_name(), "login-AbCd-_09");
    }
}
