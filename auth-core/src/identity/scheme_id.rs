//! Identifiers of authentication schemes.

/// An authentication scheme (RFC 9110 §11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SchemeId {
    /// RFC 6750.
    Bearer,
    /// RFC 9449: a token, and a proof that its key is at hand.
    Dpop,
    /// RFC 7617.
    Basic,
    /// A key in a header of its own. Not registered with IANA.
    ApiKey,
    /// A session cookie. Not registered with IANA: no scheme that is fits what a browser sends by itself.
    Session,
    /// The certificate of a TLS client (RFC 8446 §4.4.2, RFC 9440). Not registered with IANA.
    ClientCertificate,
    /// The application's own.
    Custom(&'static CustomSchemeId),
}

/// A scheme of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomSchemeId {
    name: &'static str,
    is_ambient: bool,
    slot: u8,
}

impl CustomSchemeId {
    /// So many in one application.
    pub const MOST: usize = 8;

    /// The scheme of that name, which a browser may send by itself. `slot` tells it from others of the application. `None`
    /// where no challenge can have the name (RFC 9110 §5.6.2), or another scheme has it.
    pub fn new(name: &'static str, is_ambient: bool, slot: u8) -> Option<&'static Self> {
        let is_taken = SchemeId::BUILT_IN
            .iter()
            .chain([&SchemeId::TOKEN_COOKIE])
            .any(|scheme| scheme.name().eq_ignore_ascii_case(name));
        let fits = is_token(name) && !is_taken && usize::from(slot) < Self::MOST;
        // Schemes are copied everywhere and settled at start-up, so that this is a few bytes once.
        fits.then(|| &*Box::leak(Box::new(Self { name, is_ambient, slot })))
    }
}

/// Whether the text is a token (RFC 9110 §5.6.2), as names of schemes and of header fields are.
pub fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

/// Bearer tokens in a cookie, which a browser sends by itself.
static TOKEN_COOKIE: CustomSchemeId =
    CustomSchemeId { name: "BearerCookie", is_ambient: true, slot: CustomSchemeId::MOST as u8 };

impl SchemeId {
    /// Bearer tokens in a cookie. Is challenged for as [`Bearer`](Self::Bearer), as no challenge asks for a cookie.
    pub const TOKEN_COOKIE: Self = Self::Custom(&TOKEN_COOKIE);

    /// Those that are no application's own, in the order in which challenges stand when none was used.
    pub const BUILT_IN: [Self; 6] =
        [Self::Bearer, Self::Dpop, Self::Basic, Self::ApiKey, Self::Session, Self::ClientCertificate];

    /// The scheme whose challenge asks for its credentials.
    pub(crate) fn challenged(self) -> Self {
        if self == Self::TOKEN_COOKIE { Self::Bearer } else { self }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Bearer => 1,
            Self::Dpop => 1 << 1,
            Self::Basic => 1 << 2,
            Self::ApiKey => 1 << 3,
            Self::Session => 1 << 4,
            // `CustomSchemeId::MOST` of them, and tokens in a cookie.
            Self::Custom(own) => 1 << (5 + own.slot),
            Self::ClientCertificate => 1 << 14,
        }
    }

    /// The name, as challenges spell it.
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

    /// The word that rules have for it.
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

    /// Whether `Authorization` carries its credentials.
    pub const fn is_in_authorization(self) -> bool {
        match self {
            Self::Bearer | Self::Dpop | Self::Basic => true,
            Self::ApiKey | Self::Session | Self::ClientCertificate | Self::Custom(_) => false,
        }
    }

    /// Whether its credentials are OAuth access tokens, so that challenges speak the codes of OAuth.
    pub const fn is_oauth(self) -> bool {
        matches!(self, Self::Bearer | Self::Dpop)
    }

    /// Whether both are the same scheme, which is not an application's own; in a const.
    pub(crate) const fn is_built_in_as(self, other: Self) -> bool {
        !matches!(self, Self::Custom(_)) && self.bit() == other.bit()
    }

    /// When the people who use it log in.
    pub(crate) const fn login(self) -> AuthenticationTime {
        match self {
            Self::Basic => AuthenticationTime::EachRequest,
            Self::ApiKey | Self::ClientCertificate => AuthenticationTime::Never,
            Self::Bearer | Self::Dpop | Self::Session | Self::Custom(_) => AuthenticationTime::AsClaimed,
        }
    }

    /// Whether shared caches know that responses depend on its credentials: by `Authorization`, or by `Vary: Cookie`.
    pub(crate) const fn is_known_to_caches(self) -> bool {
        self.is_in_authorization() || matches!(self, Self::Session)
    }

    /// Whether a browser sends it by itself, so that a cross-site request carries it too.
    pub const fn is_ambient(self) -> bool {
        match self {
            Self::Bearer | Self::Dpop | Self::ApiKey => false,
            Self::Basic | Self::Session | Self::ClientCertificate => true,
            Self::Custom(own) => own.is_ambient,
        }
    }
}

/// When somebody logged in whose credential is of a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthenticationTime {
    /// At this request: it carries a password.
    EachRequest,
    /// Never: it is for programs.
    Never,
    /// When the credential says.
    AsClaimed,
}

/// A set of schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchemeSet(u16);

impl SchemeSet {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// This set and `scheme`.
    #[must_use]
    pub const fn with(self, scheme: SchemeId) -> Self {
        Self(self.0 | scheme.bit())
    }

    /// This set without `scheme`.
    #[must_use]
    pub const fn without(self, scheme: SchemeId) -> Self {
        Self(self.0 & !scheme.bit())
    }

    /// Whether `scheme` is in it.
    pub const fn contains(self, scheme: SchemeId) -> bool {
        self.0 & scheme.bit() != 0
    }

    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
