//! Custom authentication schemes. The application identifies the caller. Everything else works as for built-in schemes: what the
//! scheme confers, block lists, rules, 401 and 403, and audit events.

#[cfg(feature = "identity")]
mod identity_login;
mod prepared;
mod proxy_header;

use std::sync::Arc;

use actix_web::HttpRequest;
use auth_core::PrincipalBuilder;
use auth_core::identity::issuer::{Confers, LoginSetting};
use auth_core::runtime::future::LocalBoxFuture;

#[cfg(feature = "identity")]
pub use self::identity_login::IdentityLogin;
pub(crate) use self::prepared::CustomSchemes;
pub use self::proxy_header::ProxyHeader;

/// The location of a scheme's credentials in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialLocation<'a> {
    /// In a separate header, which browsers do not send automatically. Two credentials in one request are 400.
    Header(&'a str),
    /// In `Authorization`, after the name of the scheme.
    Authorization,
    /// In a location that a browser or a proxy fills automatically, such as a cookie or a client certificate. Cross-site
    /// state-changing requests are refused. The credential counts only if no other one is presented.
    Ambient,
}

/// The reason why a credential is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticateError {
    /// The credential is invalid. The response is 401.
    Invalid,
    /// The credential has expired. The response is 401.
    Expired,
    /// The credential was revoked. The response is 401.
    Revoked,
    /// The credential cannot be verified now. The response is 503.
    Unavailable,
}

/// A custom authentication scheme.
///
/// ```
/// use actix_web::HttpRequest;
/// use auth_actix::scheme::CredentialLocation;
/// use auth_actix::{Auth, LocalBoxFuture, Principal};
/// use auth_actix::identity::PrincipalBuilder;
/// use auth_actix::scheme::{AuthenticateError, Authenticator};
///
/// /// Authenticates employees by their badges.
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
    /// Returns the name of the scheme, for challenges and [`Principal::scheme`](auth_core::Principal::scheme). The issuer of its
    /// identities is `scheme:<name>`.
    fn name(&self) -> &'static str;

    /// Returns the location of the credentials.
    fn location(&self) -> CredentialLocation<'_>;

    /// Returns whether the request contains a credential, for a scheme that is [`CredentialLocation::Ambient`]. Must not verify it.
    /// Default: `true`.
    fn is_presented(&self, request: &HttpRequest) -> bool {
        let _ = request;
        true
    }

    /// Returns whether only trusted proxies can present credentials. From other peers, they are ignored. Requires
    /// [`trusted_proxies`](crate::AuthBuilder::trusted_proxies). Default: `false`.
    fn comes_from_a_proxy(&self) -> bool {
        false
    }

    /// Returns the headers that the scheme reads, if it is [`CredentialLocation::Ambient`]. Cookies need not be listed. If
    /// middleware changes one of them between two rules, the caller is authenticated again.
    fn headers(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Authenticates the caller. Called once per request, if a rule requires the caller. If it takes more than 5 s or panics, the
    /// result is [`AuthenticateError::Unavailable`].
    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>>;
}

/// A custom authentication scheme, and what it may confer.
#[derive(Clone)]
#[must_use]
pub struct CustomScheme {
    authenticator: Arc<dyn Authenticator>,
    confers: Option<Confers>,
    login: LoginSetting,
}

impl CustomScheme {
    /// Creates the scheme of an authenticator.
    pub fn new(authenticator: impl Authenticator) -> Self {
        Self { authenticator: Arc::new(authenticator), confers: None, login: LoginSetting::Unset }
    }

    /// Sets what the scheme may confer. Default: everything, if there are no other issuers of credentials. Required if there are
    /// others.
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// States that these credentials are logins of accounts. See [`accounts`](crate::AuthBuilder::accounts). Required, or
    /// [`keeps_own_identity`](Self::keeps_own_identity), if there are several issuers and accounts. A single issuer logs in by
    /// default.
    pub fn logs_in(self) -> Self {
        Self { login: LoginSetting::LogsIn, ..self }
    }

    /// States that these credentials are not logins: their callers keep their own identity and have no account.
    pub fn keeps_own_identity(self) -> Self {
        Self { login: LoginSetting::OwnIdentity, ..self }
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

    /// Returns whether browsers send its credentials automatically. For schemes of some names they do so in any location (RFC 4559,
    /// RFC 7616).
    fn is_sent_by_browsers(&self) -> bool {
        let is_known = ["digest", "negotiate", "ntlm"].iter().any(|known| self.name().eq_ignore_ascii_case(known));
        self.is_ambient() || is_known
    }

    fn comes_from_a_proxy(&self) -> bool {
        self.authenticator.comes_from_a_proxy()
    }

    /// Returns the separate header of its credentials.
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
