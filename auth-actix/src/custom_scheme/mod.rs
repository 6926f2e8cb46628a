//! The application's own schemes: it makes out who calls, and all else goes its usual way: what the scheme confers, blocks, the
//! rule, 401 against 403, the audit.

#[cfg(feature = "identity")]
mod identity_login;
mod prepared;
mod proxy_header;

use std::sync::Arc;

use actix_web::HttpRequest;
use auth_core::PrincipalBuilder;
use auth_core::identity::issuer::Confers;
use auth_core::runtime::future::LocalBoxFuture;

#[cfg(feature = "identity")]
pub use self::identity_login::IdentityLogin;
pub(crate) use self::prepared::CustomSchemes;
pub use self::proxy_header::ProxyHeader;

/// Where the credentials of a scheme stand in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialLocation<'a> {
    /// In a header of its own, which no browser sends by itself. Two credentials in one request are then 400.
    Header(&'a str),
    /// In `Authorization`, behind the name of the scheme.
    Authorization,
    /// Where a browser or a proxy puts it by itself: a cookie, a client certificate. Requests of other sites' pages that change
    /// something are refused, and it counts only where nothing else was presented.
    Ambient,
}

/// Why a credential is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticateError {
    /// It is none, or somebody else's. Answered with 401.
    Invalid,
    /// It was good once. Answered with 401.
    Expired,
    /// It was taken back. Answered with 401.
    Revoked,
    /// Nobody can tell now. Answered with 503.
    Unavailable,
}

/// A scheme of the application's own.
///
/// ```
/// use actix_web::HttpRequest;
/// use auth_actix::scheme::CredentialLocation;
/// use auth_actix::{Auth, LocalBoxFuture, Principal};
/// use auth_actix::identity::PrincipalBuilder;
/// use auth_actix::scheme::{AuthenticateError, Authenticator};
///
/// /// Badges of a reader at the door.
/// struct Badges;
///
/// impl Authenticator for Badges {
///     fn name(&self) -> &'static str { "Badge" }
///     fn location(&self) -> CredentialLocation<'_> { CredentialLocation::Header("X-Badge") }
///     fn authenticate<'a>(&'a self, request: &'a HttpRequest) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
///         Box::pin(async move {
///             match request.headers().get("X-Badge").map(|badge| badge.as_bytes()) {
///                 Some(b"0042-of-a-table-that-is-compared-in-constant-time") => Ok(Principal::builder("alice").role("guard")),
///                 _ => Err(AuthenticateError::Invalid),
///             }
///         })
///     }
/// }
///
/// let auth = Auth::builder().scheme(Badges).build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Authenticator: Send + Sync + 'static {
    /// The name of the scheme, in challenges and in [`Principal::scheme`](auth_core::Principal::scheme); identities are of the
    /// issuer `scheme:<name>`.
    fn name(&self) -> &'static str;

    /// Where its credentials stand.
    fn location(&self) -> CredentialLocation<'_>;

    /// Whether one is there, for a scheme that is [`CredentialLocation::Ambient`]. Looks, and verifies nothing.
    fn is_presented(&self, request: &HttpRequest) -> bool {
        let _ = request;
        true
    }

    /// Whether only a trusted proxy can present it: from anybody else it counts as none. Needs
    /// [`trusted_proxies`](crate::AuthBuilder::trusted_proxies).
    fn comes_from_a_proxy(&self) -> bool {
        false
    }

    /// The headers that it reads, for a scheme that is [`CredentialLocation::Ambient`]; cookies need not be named. Where middleware changes one
    /// between two rules, the caller is made out anew.
    fn headers(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Makes out who calls. Called once a request, where a rule asks for it. Where that takes more than 5 s, or panics, it
    /// cannot tell.
    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>>;
}

/// A scheme of the application's own, and what it may confer.
#[derive(Clone)]
#[must_use]
pub struct CustomScheme {
    authenticator: Arc<dyn Authenticator>,
    confers: Option<Confers>,
}

impl CustomScheme {
    /// The scheme of this authenticator.
    pub fn new(authenticator: impl Authenticator) -> Self {
        Self { authenticator: Arc::new(authenticator), confers: None }
    }

    /// What it may confer. Without other sources, everything; beside others, it has to be said.
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    fn says_what_it_confers(&self) -> bool {
        self.confers.is_some()
    }

    fn name(&self) -> &'static str {
        self.authenticator.name()
    }

    fn is_ambient(&self) -> bool {
        self.authenticator.location() == CredentialLocation::Ambient
    }

    /// Whether browsers send its credentials by themselves. Those of some names they do, wherever they stand (RFC 4559, RFC 7616).
    fn is_sent_by_browsers(&self) -> bool {
        let is_known = ["digest", "negotiate", "ntlm"].iter().any(|known| self.name().eq_ignore_ascii_case(known));
        self.is_ambient() || is_known
    }

    fn comes_from_a_proxy(&self) -> bool {
        self.authenticator.comes_from_a_proxy()
    }

    /// The header that its credentials have for themselves.
    pub(crate) fn header(&self) -> Option<String> {
        match self.authenticator.location() {
            CredentialLocation::Header(name) => Some(name.to_owned()),
            CredentialLocation::Authorization | CredentialLocation::Ambient => None,
        }
    }
}

impl<A: Authenticator> From<A> for CustomScheme {
    fn from(authenticator: A) -> Self {
        Self::new(authenticator)
    }
}

impl std::fmt::Debug for CustomScheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomScheme").field("name", &self.name()).finish_non_exhaustive()
    }
}
