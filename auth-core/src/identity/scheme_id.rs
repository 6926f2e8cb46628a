//! Identifiers of authentication schemes.

use super::vocabulary::{Text, same};

/// An authentication scheme (RFC 9110 §11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SchemeId {
    /// Bearer tokens (RFC 6750).
    Bearer,
    /// Tokens with a DPoP proof of possession of their key (RFC 9449).
    Dpop,
    /// Basic credentials (RFC 7617).
    Basic,
    /// An API key in a dedicated header field. Not registered with IANA.
    ApiKey,
    /// A session cookie. Not registered with IANA, because no registered scheme fits credentials that browsers send automatically.
    Session,
    /// The certificate of a TLS client (RFC 8446 §4.4.2, RFC 9440). Not registered with IANA.
    ClientCertificate,
    /// A scheme of the application.
    Custom(&'static CustomSchemeId),
}

/// The identifier of a scheme of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomSchemeId {
    name: &'static str,
    is_ambient: bool,
    slot: u8,
}

impl CustomSchemeId {
    /// Maximum number of custom schemes in an application.
    pub const MOST: usize = 8;

    /// Creates the identifier of a custom scheme. `is_ambient` states whether browsers may send its credentials automatically.
    /// `slot` distinguishes the custom schemes of the application. Returns `None` if the name is not valid in a challenge (RFC 9110
    /// §5.6.2), if a built-in scheme has the name, or if `slot` is not less than [`MOST`](Self::MOST).
    pub fn new(name: &'static str, is_ambient: bool, slot: u8) -> Option<&'static Self> {
        let is_taken = SchemeId::BUILT_IN
            .iter()
            .chain(&SchemeId::OF_TOKENS)
            .chain([&SchemeId::OPEN])
            .any(|scheme| scheme.name().eq_ignore_ascii_case(name));
        let fits = is_token(name) && !is_taken && usize::from(slot) < Self::MOST;
        // Schemes are copied everywhere and fixed at start-up, so this leaks a few bytes once.
        fits.then(|| &*Box::leak(Box::new(Self { name, is_ambient, slot })))
    }
}

/// Returns whether the text is a token (RFC 9110 §5.6.2), as required for names of schemes and header fields.
pub fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

/// Bearer tokens in a cookie, which browsers send automatically.
static TOKEN_COOKIE: CustomSchemeId =
    CustomSchemeId { name: "BearerCookie", is_ambient: true, slot: CustomSchemeId::MOST as u8 };

/// Tokens that the application issues, in `Authorization`.
static OWN_TOKEN: CustomSchemeId =
    CustomSchemeId { name: "ApiKey", is_ambient: false, slot: CustomSchemeId::MOST as u8 + 2 };

/// Bearer tokens in a header of their own.
static TOKEN_IN_HEADER: CustomSchemeId =
    CustomSchemeId { name: "BearerHeader", is_ambient: false, slot: CustomSchemeId::MOST as u8 + 3 };

/// Bearer tokens that a trusted proxy adds to the requests of browsers.
static TOKEN_OF_PROXY: CustomSchemeId =
    CustomSchemeId { name: "BearerProxy", is_ambient: true, slot: CustomSchemeId::MOST as u8 + 4 };

/// Requests without authentication, which browsers send from pages of other sites too.
static OPEN: CustomSchemeId = CustomSchemeId { name: "Open", is_ambient: true, slot: u8::MAX };

impl SchemeId {
    /// Tokens that the application issues, in `Authorization`. The challenge is that of [`Bearer`](Self::Bearer), and rules name it
    /// like [`ApiKey`](Self::ApiKey).
    pub const OWN_TOKEN: Self = Self::Custom(&OWN_TOKEN);

    /// Open mode, in which no credential is read. No challenge and no rule names it.
    pub const OPEN: Self = Self::Custom(&OPEN);

    /// Bearer tokens in a cookie. The challenge is that of [`Bearer`](Self::Bearer), because no challenge can request a cookie.
    pub const TOKEN_COOKIE: Self = Self::Custom(&TOKEN_COOKIE);

    /// Bearer tokens in a header of their own. The challenge is that of [`ApiKey`](Self::ApiKey), and rules name it like
    /// [`Bearer`](Self::Bearer).
    pub const TOKEN_IN_HEADER: Self = Self::Custom(&TOKEN_IN_HEADER);

    /// Bearer tokens that a trusted proxy adds to the requests of browsers. Challenge and rules name it like
    /// [`Bearer`](Self::Bearer).
    pub const TOKEN_OF_PROXY: Self = Self::Custom(&TOKEN_OF_PROXY);

    /// The schemes of tokens whose challenge is that of another scheme.
    pub(crate) const OF_TOKENS: [Self; 4] =
        [Self::TOKEN_IN_HEADER, Self::TOKEN_COOKIE, Self::TOKEN_OF_PROXY, Self::OWN_TOKEN];

    /// The built-in schemes, in the order of their challenges when the caller used none.
    pub const BUILT_IN: [Self; 6] =
        [Self::Bearer, Self::Dpop, Self::Basic, Self::ApiKey, Self::Session, Self::ClientCertificate];

    /// Returns whether rules that require `other` accept credentials of this scheme.
    pub fn is_in_rules(self, other: Self) -> bool {
        match other {
            Self::ApiKey => self == other || self == Self::OWN_TOKEN,
            Self::Bearer => self == other || self == Self::TOKEN_IN_HEADER || self == Self::TOKEN_OF_PROXY,
            _ => self == other,
        }
    }

    /// Returns whether the credentials are tokens that the application issues.
    pub fn is_of_own_tokens(self) -> bool {
        self == Self::ApiKey || self == Self::OWN_TOKEN
    }

    /// Returns the name of a scheme of the application. `None` for other schemes.
    pub(crate) const fn name_of_application(self) -> Option<&'static str> {
        match self {
            Self::Custom(own) if (own.slot as usize) < CustomSchemeId::MOST => Some(own.name),
            _ => None,
        }
    }

    /// Returns the scheme whose challenge requests credentials of this scheme.
    pub(crate) fn challenged(self) -> Self {
        match self {
            Self::Custom(_) if self == Self::TOKEN_IN_HEADER => Self::ApiKey,
            Self::Custom(_) if Self::OF_TOKENS.contains(&self) => Self::Bearer,
            _ => self,
        }
    }

    const fn bit(self) -> u32 {
        match self {
            Self::Bearer => 1,
            Self::Dpop => 1 << 1,
            Self::Basic => 1 << 2,
            Self::ApiKey => 1 << 3,
            Self::Session => 1 << 4,
            // The slots of custom schemes are less than `CustomSchemeId::MOST`, which is the slot of tokens in a cookie. The next
            // one but one is that of own tokens in `Authorization`, followed by those of tokens in other places. Open mode has no bit,
            // because no challenge names it.
            Self::Custom(own) => 1_u32.unbounded_shl(5 + own.slot as u32),
            Self::ClientCertificate => 1 << 14,
        }
    }

    /// Returns the name as spelled in challenges.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
            Self::Basic => "Basic",
            Self::ApiKey => "ApiKey",
            Self::Session => "Session",
            Self::ClientCertificate => "ClientCertificate",
            Self::Custom(own) => own.name,
        }
    }

    /// Returns the word for the scheme in rules.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Dpop => "dpop",
            Self::Basic => "basic",
            Self::ApiKey => "api-key",
            Self::Session => "session",
            Self::ClientCertificate => "client-cert",
            Self::Custom(own) => own.name,
        }
    }

    /// Returns the built-in scheme of a word in rules.
    pub const fn from_word(word: &str) -> Option<Self> {
        let mut rest: &[Self] = &Self::BUILT_IN;
        while let [scheme, more @ ..] = rest {
            if same(scheme.word(), word) {
                return Some(*scheme);
            }
            rest = more;
        }
        None
    }

    /// Returns whether `Authorization` contains the credentials of this scheme.
    pub const fn is_in_authorization(self) -> bool {
        match self {
            Self::Bearer | Self::Dpop | Self::Basic => true,
            Self::ApiKey | Self::Session | Self::ClientCertificate | Self::Custom(_) => false,
        }
    }

    /// Returns whether the credentials are OAuth access tokens, so that challenges use the error codes of OAuth.
    pub const fn is_oauth(self) -> bool {
        matches!(self, Self::Bearer | Self::Dpop)
    }

    /// Returns whether both are the same built-in scheme. Usable in const contexts.
    pub(crate) const fn is_built_in_as(self, other: Self) -> bool {
        !matches!(self, Self::Custom(_)) && self.bit() == other.bit()
    }

    /// Returns how the time of a login by this scheme is determined.
    pub(crate) const fn login(self) -> AuthenticationTime {
        match self {
            Self::Basic => AuthenticationTime::EachRequest,
            Self::ApiKey | Self::ClientCertificate => AuthenticationTime::Never,
            Self::Custom(own) if own.slot == OWN_TOKEN.slot => AuthenticationTime::Never,
            Self::Bearer | Self::Dpop | Self::Session | Self::Custom(_) => AuthenticationTime::AsClaimed,
        }
    }

    /// Returns whether shared caches account for the credentials of this scheme, by `Authorization` or by `Vary: Cookie`.
    pub(crate) const fn is_known_to_caches(self) -> bool {
        self.is_in_authorization()
            || match self {
                Self::Session => true,
                Self::Custom(own) => own.slot == OWN_TOKEN.slot,
                _ => false,
            }
    }

    /// Returns whether browsers send the credentials automatically, so that cross-site requests contain them as well.
    pub const fn is_ambient(self) -> bool {
        match self {
            Self::Bearer | Self::Dpop | Self::ApiKey => false,
            Self::Basic | Self::Session | Self::ClientCertificate => true,
            Self::Custom(own) => own.is_ambient,
        }
    }
}

/// Checks that a rule can require the scheme of this word.
///
/// # Panics
/// Panics at compile time if there is no such scheme. The message is for the user, and suggests a similar word.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
#[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop around it")]
pub const fn check_scheme(word: &str) {
    if SchemeId::from_word(word).is_some() {
        return;
    }
    let mut words = [""; SchemeId::BUILT_IN.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = SchemeId::BUILT_IN[index].word();
        index += 1;
    }
    let mut text = Text::new();
    text.unknown("scheme", word, &words);
    text.all(&["\nhelp: write one of "]);
    text.list(&words);
    panic!("{}", text.as_str());
}

/// The time of a login, depending on the scheme of the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthenticationTime {
    /// The time of the request, because it contains a password.
    EachRequest,
    /// No login, because the scheme is for programs.
    Never,
    /// The time that the credential states.
    AsClaimed,
}

/// A set of schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchemeSet(u32);

impl SchemeSet {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Returns this set with `scheme` added.
    #[must_use]
    pub const fn with(self, scheme: SchemeId) -> Self {
        Self(self.0 | scheme.bit())
    }

    /// Returns this set without `scheme`.
    #[must_use]
    pub const fn without(self, scheme: SchemeId) -> Self {
        Self(self.0 & !scheme.bit())
    }

    /// Returns whether the set contains `scheme`.
    pub const fn contains(self, scheme: SchemeId) -> bool {
        self.0 & scheme.bit() != 0
    }

    /// Returns this set with the schemes whose challenges request credentials of its schemes.
    #[must_use]
    pub(crate) fn challenged(self) -> Self {
        let mapped = SchemeId::OF_TOKENS.into_iter().filter(|scheme| self.contains(*scheme));
        mapped.fold(self, |set, scheme| set.without(scheme).with(scheme.challenged()))
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
