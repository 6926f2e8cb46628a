//! Settings of the login at an OpenID provider.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::sealed::Seal;
use super::{AT_A_TIME, MOST_USED, RelyingParty};
use crate::client::RequestHead;
use crate::identity::issuer::RoleTypes;
use crate::identity::principal::Principal;
use crate::oidc::discovery::{
    ClientRegistration, DiscoveryCache, EndpointError, EndpointUrl, HttpClient, ReachError, SecretSent,
};
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::set_once::SetOnce;
use crate::runtime::single_flight::SingleFlightCache;
use crate::scheme::LoginAtProvider;
use crate::scheme::bearer::{Bearer, Jwt, JwtError};
use crate::scheme::build_error::{BuildError, Mistakes};
use crate::scheme::session::{LoginSettings, NewSession};
use crate::scheme::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings};

/// Converts the principal of an ID token to a session.
pub(super) type ToSession = dyn Fn(&Principal) -> NewSession + Send + Sync;

/// Settings of a login at an OpenID provider. The login begins a session.
///
/// ```
/// use auth_actix::oidc::OidcLogin;
/// let secret = "of the client, from a file or the environment";
/// let login = OidcLogin::new("https://id.example", "reports", secret, "https://reports.example/login/callback");
/// let login = login.id_tokens(|tokens| tokens.keycloak("reports"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct OidcLogin {
    tokens: Jwt,
    from: Option<String>,
    registered: ClientRegistration,
    redirect: String,
    scopes: Vec<String>,
    secret: Option<SecretString>,
    to_session: Option<Arc<ToSession>>,
    once: SetOnce,
}

/// An error of the login settings.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The redirect URI is not an `https` URL of this server. Codes would be sent unencrypted, or not at all.
    #[error(
        "the redirect URI {0:?} is not an `https` address of this server, such as \"https://app.example/login/callback\""
    )]
    Redirect(String),
    /// The URL of the provider is invalid.
    #[error("invalid provider address: {0}")]
    Address(EndpointError),
    /// The settings of the ID tokens are invalid.
    #[error("{0}")]
    Tokens(JwtError),
    /// The scope is invalid (RFC 6749 §3.3).
    #[error("{0:?} is not a scope")]
    Scope(String),
    /// The sealing secret is shorter than 32 bytes. Contains its length in bytes.
    #[error("the secret of `.sealing_secret(…)` has {0} bytes, and needs 32: `openssl rand -hex 32` generates one")]
    Secret(usize),
    /// The sealing secret is also the HMAC secret of a token issuer. A party that can sign tokens could seal logins.
    #[error("`.sealing_secret(…)` must differ from the HMAC secret of an issuer: generate a separate secret")]
    SharedSecret,
    /// A tenant is set for ID tokens. A session does not store a tenant, so its roles would apply in every tenant.
    #[error("`Jwt::tenant(…)` is for tokens: sessions have no tenant, and their roles apply everywhere")]
    Tenant,
    /// The system provides no random numbers.
    #[error("the operating system provides no random numbers")]
    NoRandom,
    /// The settings of the connection to the provider are invalid.
    #[error("{0}")]
    Reach(ReachError),
    /// The client id or the client secret is empty.
    #[error("the client id or the client secret is empty")]
    Client,
    /// A setting with a single value is set twice.
    #[error("`.{0}(…)` is called twice: the second call would replace the first")]
    Repeated(&'static str),
}

crate::debug_as_display!(LoginError);

impl OidcLogin {
    /// Creates settings for a login at this provider. The client id and secret authenticate this server (`client_secret_basic`).
    /// The redirect URI is the URL of this server to which the provider redirects, and its path is where the callback is
    /// registered.
    pub fn new(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<SecretString>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        let id: String = client_id.into();
        Self {
            // The audience of an ID token is this client. An access token has another type.
            tokens: Jwt::oidc(issuer).audience(&id).types(["JWT"]).accept_id_tokens(),
            from: None,
            registered: ClientRegistration { id, secret: client_secret.into(), sent: SecretSent::InHeader },
            redirect: redirect_uri.into(),
            scopes: vec!["openid".to_owned()],
            secret: None,
            to_session: None,
            once: SetOnce::default(),
        }
    }

    /// Sends the client id and secret in the body of the token request (`client_secret_post`, RFC 6749 §2.3.1). They are sent in
    /// the `Authorization` header (`client_secret_basic`) by default.
    pub fn client_secret_post(mut self) -> Self {
        self.registered.sent = SecretSent::InBody;
        self
    }

    /// Trusts certificates that this authority has signed. See [`Jwt::root_certificate`].
    pub fn root_certificate(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { tokens: self.tokens.root_certificate(pem), ..self }
    }

    /// Connects to the provider through a proxy. See [`Jwt::proxy`].
    pub fn proxy(self, url: impl Into<String>) -> Self {
        Self { tokens: self.tokens.proxy(url), ..self }
    }

    /// Connects to the provider at this URL instead of its issuer URL, for example between containers. Browsers are redirected to
    /// the authorization endpoint in the provider metadata.
    pub fn fetch_from(self, url: impl Into<String>) -> Self {
        let url: String = url.into();
        Self { tokens: self.tokens.fetch_from(&url), from: Some(url), ..self }
    }

    /// Adds scopes to request in addition to `openid`, such as `profile`.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Changes the settings of ID tokens: the claims that list roles, the names that they may confer, and the leeway.
    pub fn id_tokens(self, settings: impl FnOnce(Jwt) -> Jwt) -> Self {
        Self { tokens: settings(self.tokens), ..self }
    }

    /// Sets the function that returns the session of a user who has logged in. The session contains the roles and permissions that
    /// the ID token lists by default. The subject, the issuer, the login time and the `acr`, if present, always come from the ID
    /// token.
    pub fn log_in(mut self, login: impl Fn(&Principal) -> NewSession + Send + Sync + 'static) -> Self {
        self.once.note("log_in");
        Self { to_session: Some(Arc::new(login)), ..self }
    }

    /// Sets the secret that seals pending logins, at least 32 bytes. Required if several instances share logins. By default the key
    /// is random, and a login must return to the process in which it began.
    pub fn sealing_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.once.note("sealing_secret");
        Self { secret: Some(secret.into()), ..self }
    }

    /// Creates the relying party. `plain_http` is for development on this machine. `is_secret_of_tokens` returns whether a secret
    /// signs tokens.
    ///
    /// # Errors
    /// A setting is invalid.
    pub(crate) fn prepare(
        self,
        roles: &RoleTypes,
        plain_http: bool,
        is_secret_of_tokens: impl FnOnce(&[u8]) -> bool,
    ) -> Result<RelyingParty, LoginError> {
        if let Some(setting) = self.once.repeated().next() {
            return Err(LoginError::Repeated(setting));
        }
        if self.registered.id.trim().is_empty() || self.registered.secret.expose_secret().is_empty() {
            return Err(LoginError::Client);
        }
        let redirect = EndpointUrl::new(&self.redirect).ok().filter(|redirect| redirect.url().query().is_none());
        let redirect = redirect.ok_or_else(|| LoginError::Redirect(self.redirect.clone()))?;
        let is_scope = |scope: &String| {
            !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
        };
        if let Some(scope) = self.scopes.iter().find(|scope| !is_scope(scope)) {
            return Err(LoginError::Scope(scope.clone()));
        }
        // Data that is sealed for one provider is invalid for another provider with the same secret.
        let issuer = self.tokens.name_of_issuer().to_owned();
        let purpose =
            [&issuer, &self.registered.id, &self.redirect].map(|part| format!("{}:{part}", part.len())).concat();
        let seal = match self.secret {
            Some(secret) if secret.expose_secret().len() < 32 => {
                return Err(LoginError::Secret(secret.expose_secret().len()));
            }
            Some(secret) if is_secret_of_tokens(secret.expose_secret().as_bytes()) => {
                return Err(LoginError::SharedSecret);
            }
            Some(secret) => Seal::of(secret.expose_secret().as_bytes(), &purpose),
            None => Seal::random(&purpose),
        };
        if self.tokens.is_of_tenant() {
            return Err(LoginError::Tenant);
        }
        let provider = DiscoveryCache::new(&issuer, self.from.as_deref()).map_err(LoginError::Address)?;
        let client = HttpClient::new(&self.tokens.reach()).map_err(LoginError::Reach)?;
        let tokens = Bearer::new(vec![self.tokens], None, roles).map_err(|(_, error)| LoginError::Tokens(error))?;
        Ok(RelyingParty {
            issuer,
            tokens,
            provider: Arc::new(provider),
            client,
            registered: self.registered,
            path: redirect.url().path().to_owned(),
            redirect: self.redirect,
            scopes: self.scopes.join(" "),
            seal: seal.ok_or(LoginError::NoRandom)?,
            plain_http,
            used: SingleFlightCache::new(MOST_USED),
            concurrency: Arc::new(ConcurrencyLimit::new(AT_A_TIME)),
            to_session: self.to_session,
        })
    }
}

impl OidcLogin {
    fn relying_party<H: RequestHead>(
        self,
        assembly: &Assembly<'_, H>,
        others: &AllSettings<H>,
    ) -> Result<RelyingParty, BuildError> {
        let sessions = others.get::<LoginSettings>().and_then(|logins| logins.sessions.as_ref());
        let sessions = sessions.ok_or(BuildError::OidcLoginWithoutSession)?;
        if sessions.is_strict() {
            return Err(BuildError::OidcLoginWithStrictSession);
        }
        let is_of_tokens = |secret: &[u8]| others.iter().any(|settings| settings.has_secret(secret));
        self.prepare(assembly.roles, sessions.is_for_this_machine(), is_of_tokens).map_err(BuildError::OidcLogin)
    }
}

impl<H: RequestHead> SchemeSettings<H> for OidcLogin {
    /// Returns the position before the sessions and the tokens, since their settings are needed.
    fn order(&self) -> u8 {
        2
    }

    /// Returns no issuers, since the session scheme is the issuer of the caller.
    fn issuers(&self) -> Vec<IssuerSettings> {
        Vec::new()
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, others: &AllSettings<H>, mistakes: &mut Mistakes) {
        let Some(party) = mistakes.collect(self.relying_party(assembly, others).map(Some)) else { return };
        assembly.login_page.get_or_insert_with(|| "/login".to_owned());
        assembly.provide(Arc::new(party));
        assembly.provide(Arc::new(LoginAtProvider));
    }
}

/// Redacts the secret.
impl fmt::Debug for OidcLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = self.tokens.name_of_issuer();
        f.debug_struct("OidcLogin").field("issuer", &issuer).field("redirect", &self.redirect).finish_non_exhaustive()
    }
}
