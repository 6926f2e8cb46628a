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
use crate::scheme::settings::{AllSettings, Assembly, SchemeSettings};

/// What becomes of who has logged in at the provider.
pub(super) type ToSession = dyn Fn(&Principal) -> NewSession + Send + Sync;

/// Settings of a log-in at an OpenID provider, which ends in a session.
///
/// ```
/// use auth_core::scheme::session::oidc_login::OidcLogin;
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

/// What is wrong with the settings of a log-in.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Codes would be sent there in the open, or nowhere.
    #[error(
        "the redirect URI {0:?} is no `https` address of this server, such as \"https://app.example/login/callback\""
    )]
    Redirect(String),
    /// The provider is never asked.
    #[error("the provider is never asked: {0}")]
    Address(EndpointError),
    /// How its ID tokens are read.
    #[error("{0}")]
    Tokens(JwtError),
    /// No scope (RFC 6749 §3.3).
    #[error("{0:?} is no scope")]
    Scope(String),
    /// A secret that could be guessed.
    #[error("`.sealing_secret(…)` takes a secret of at least 32 bytes")]
    Secret,
    /// Who may sign tokens could seal log-ins.
    #[error("`.sealing_secret(…)` is the HMAC secret of an issuer too: make another one")]
    SharedSecret,
    /// A session keeps no tenant, so that its roles would count everywhere.
    #[error("`Jwt::tenant(…)` is for tokens: a session is of no tenant, and its roles count everywhere")]
    Tenant,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// The provider cannot be asked in this way.
    #[error("{0}")]
    Reach(ReachError),
    /// The provider knows no client without a name or a secret.
    #[error("the client id or the client secret is empty")]
    Client,
    /// A setting of one value is made twice.
    #[error("`.{0}(…)` is called twice: the calls would undo each other")]
    Repeated(&'static str),
}

crate::debug_as_display!(LoginError);

impl OidcLogin {
    /// Log-in at this provider, as a client that it knows by this id and secret (`client_secret_basic`), and sends back to this
    /// address of ours, whose path the callback is registered at.
    pub fn new(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<SecretString>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        let id: String = client_id.into();
        Self {
            // An ID token is for this client, and an access token is none.
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

    /// Sends the client's id and secret in the body of the request for tokens (`client_secret_post`, RFC 6749 §2.3.1). In the
    /// `Authorization` header (`client_secret_basic`) by default.
    pub fn client_secret_post(mut self) -> Self {
        self.registered.sent = SecretSent::InBody;
        self
    }

    /// Trusts certificates that this authority has signed: see [`Jwt::root_certificate`].
    pub fn root_certificate(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { tokens: self.tokens.root_certificate(pem), ..self }
    }

    /// Asks the provider through a proxy: see [`Jwt::proxy`].
    pub fn proxy(self, url: impl Into<String>) -> Self {
        Self { tokens: self.tokens.proxy(url), ..self }
    }

    /// Asks the provider at this address instead of at its name, as between containers. Browsers are sent to where the provider
    /// says.
    pub fn fetch_from(self, url: impl Into<String>) -> Self {
        let url: String = url.into();
        Self { tokens: self.tokens.fetch_from(&url), from: Some(url), ..self }
    }

    /// Scopes to ask for beside `openid`, such as `profile`.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// How ID tokens are read: where they list roles, what they may confer, the leeway.
    pub fn id_tokens(self, settings: impl FnOnce(Jwt) -> Jwt) -> Self {
        Self { tokens: settings(self.tokens), ..self }
    }

    /// What the session of somebody holds who has logged in. Unless set, the roles and permissions that the ID token lists, and
    /// its `acr`. Whose session it is, and when they logged in, stays what the ID token says.
    pub fn log_in(mut self, login: impl Fn(&Principal) -> NewSession + Send + Sync + 'static) -> Self {
        self.once.note("log_in");
        Self { to_session: Some(Arc::new(login)), ..self }
    }

    /// The secret that log-ins on their way are sealed with, of at least 32 bytes, where several instances share them. Without
    /// one, a log-in comes back to the process that it began in.
    pub fn sealing_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.once.note("sealing_secret");
        Self { secret: Some(secret.into()), ..self }
    }

    /// The relying party. `plain_http` is for development on this machine; `is_secret_of_tokens` says whether a secret is one
    /// that tokens are signed with.
    ///
    /// # Errors
    /// A setting is wrong.
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
        // Of two providers that share a secret, what was sealed for one is good for that one.
        let issuer = self.tokens.name_of_issuer().to_owned();
        let purpose =
            [&issuer, &self.registered.id, &self.redirect].map(|part| format!("{}:{part}", part.len())).concat();
        let seal = match self.secret {
            Some(secret) if secret.expose_secret().len() < 32 => return Err(LoginError::Secret),
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
    /// Before the sessions and the tokens, whose settings it needs.
    fn order(&self) -> u8 {
        2
    }

    /// Sessions vouch for whoever has logged in.
    fn issuers(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, others: &AllSettings<H>, mistakes: &mut Mistakes) {
        let Some(party) = mistakes.collect(self.relying_party(assembly, others).map(Some)) else { return };
        assembly.login_page.get_or_insert_with(|| "/login".to_owned());
        assembly.provide(Arc::new(party));
        assembly.provide(Arc::new(LoginAtProvider));
    }
}

/// No secret.
impl fmt::Debug for OidcLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = self.tokens.name_of_issuer();
        f.debug_struct("OidcLogin").field("issuer", &issuer).field("redirect", &self.redirect).finish_non_exhaustive()
    }
}
