//! Log-in at an OpenID provider (OpenID Connect Core 1.0 §3.1, RFC 9700 §2.1): the browser is sent there, comes back with a code,
//! and the code is exchanged for an ID token, which says who it is.
//!
//! # Why
//! Whoever can make a browser come back with a code of their own logs its user into their account. So what was asked for, the
//! state, the nonce and the verifier of PKCE, goes with the browser in a sealed cookie and is good for one return; nothing is
//! stored. All that the provider says is verified as a token of its is, by keys that are fetched as those are.

mod sealed;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::{Url, form_urlencoded};

use self::sealed::Seal;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::issuer::RoleTypes;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::NameKind;
use crate::oidc::discovery::{
    ClientRegistration, DiscoveryCache, EndpointError, EndpointUrl, HttpClient, OK, ProviderMetadata, ReachError,
    SecretSent,
};
use crate::runtime::clock::{self, Timestamp};
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::set_once::SetOnce;
use crate::runtime::single_flight::SingleFlightCache;
use crate::scheme::bearer::{Bearer, Jwt, JwtError};
use crate::scheme::session::{CookieSettings, NewSession};

/// What becomes of who has logged in at the provider.
type ToSession = dyn Fn(&Principal) -> NewSession + Send + Sync;

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
    pub fn prepare(
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

/// No secret.
impl fmt::Debug for OidcLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = self.tokens.name_of_issuer();
        f.debug_struct("OidcLogin").field("issuer", &issuer).field("redirect", &self.redirect).finish_non_exhaustive()
    }
}

/// A log-in has to come back within this.
const LASTS: Duration = Duration::from_secs(10 * 60);
/// So many that came back are remembered, so that none does twice.
const MOST_USED: usize = 100_000;
/// So many codes are exchanged at a time.
const AT_A_TIME: usize = 32;
const MOST_BYTES: usize = 64 * 1024;
/// Longer, and a log-in leads to the first page: some such cookies have to fit into a request.
const LONGEST_RETURN: usize = 512;
/// The log-ins of one browser that may be on their way at a time.
const MOST_ON_THEIR_WAY: usize = 4;
/// The clock of a provider may be so much behind.
const SKEW: Duration = Duration::from_secs(60);

/// Logs people in at a provider.
pub struct RelyingParty {
    issuer: String,
    tokens: Bearer,
    provider: Arc<DiscoveryCache>,
    client: HttpClient,
    registered: ClientRegistration,
    redirect: String,
    path: String,
    scopes: String,
    seal: Seal,
    plain_http: bool,
    used: SingleFlightCache<String, ()>,
    concurrency: Arc<ConcurrencyLimit>,
    to_session: Option<Arc<ToSession>>,
}

/// What goes with the browser, sealed.
#[derive(Serialize, Deserialize)]
struct OnItsWay {
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    began: i64,
    anew: bool,
}

/// What a log-in asks of the provider.
#[derive(Clone, Debug, Default)]
pub struct ReturnTarget {
    /// Where to go afterwards: a path on this site.
    pub return_to: String,
    /// Whether the person has to log in although the provider knows them.
    pub anew: bool,
    /// The assurance levels of which one is enough.
    pub acr_values: Option<String>,
}

/// A log-in that has begun: where the browser goes, and what goes with it.
pub struct Begun {
    /// At the provider.
    pub location: String,
    /// Each a `Set-Cookie`: what was asked for, sealed, and what is given up.
    pub cookies: Vec<String>,
}

/// A log-in that came back.
pub struct Returned {
    /// Who it is, and what their session holds.
    pub login: NewSession,
    /// Where to go now: a path on this site, as it was said at the beginning.
    pub return_to: String,
    /// The `Set-Cookie` that deletes what was asked for.
    pub delete_cookie: String,
}

fn failed(cause: &'static str) -> Denial {
    Denial::refused(SchemeId::Session, Reason::LoginFailed, cause)
}

fn unavailable(cause: &'static str) -> Denial {
    Denial::refused(SchemeId::Session, Reason::AuthenticationUnavailable(RetryAfter::seconds(2)), cause)
}

fn random() -> Result<String, Denial> {
    let mut bytes = [0; 32];
    let cause = "the system gives no random numbers";
    getrandom::fill(&mut bytes).map_err(|_| Denial::refused(SchemeId::Session, Reason::SetUp, cause))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl RelyingParty {
    /// The path that the provider sends back to.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The cookie of the log-in with this state. One for each: two that are on their way do not hinder each other.
    fn cookie(&self, state: &str) -> CookieSettings {
        CookieSettings::of_login(state.get(..8).unwrap_or_default(), self.plain_http)
    }

    /// Begins a log-in. `cookies` are those that the browser has: where too many log-ins are on their way, those are given up.
    ///
    /// # Errors
    /// The provider is out of reach: 503.
    pub async fn begin<'a>(
        &self,
        wanted: ReturnTarget,
        cookies: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Begun, Denial> {
        let on_their_way = CookieSettings::of_logins(cookies, self.plain_http);
        let given_up = if on_their_way.len() < MOST_ON_THEIR_WAY { Vec::new() } else { on_their_way };
        let metadata = self.provider.metadata(&self.client, false).await.map_err(|failed| {
            tracing::warn!(target: "auth_core", issuer = %self.issuer, %failed, "nobody can log in");
            unavailable("the provider is out of reach")
        })?;
        let endpoint = metadata.authorization_endpoint.as_ref();
        let endpoint = endpoint.ok_or_else(|| unavailable("the provider names no authorization endpoint"))?;
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let mut location: Url = endpoint.url().clone();
        let mut query = location.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.registered.id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &self.scopes)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)))
            .append_pair("code_challenge_method", "S256");
        if wanted.anew {
            // The second has the ID token say when it was.
            query.append_pair("prompt", "login").append_pair("max_age", "0");
        }
        if let Some(values) = &wanted.acr_values {
            query.append_pair("acr_values", values);
        }
        drop(query);
        let return_to = if wanted.return_to.len() > LONGEST_RETURN { "/".to_owned() } else { wanted.return_to };
        let (began, anew) = (clock::now().seconds(), wanted.anew);
        let cookie = self.cookie(&state);
        let sealed = serde_json::to_vec(&OnItsWay { state, nonce, verifier, return_to, began, anew });
        let sealed = sealed.ok().and_then(|sealed| self.seal.close(sealed));
        let sealed =
            sealed.ok_or_else(|| Denial::refused(SchemeId::Session, Reason::SetUp, "a log-in cannot be sealed"))?;
        let given_up = given_up.iter().map(CookieSettings::delete);
        let cookies = given_up.chain([cookie.set(&sealed, Some(LASTS))]).collect();
        Ok(Begun { location: location.into(), cookies })
    }

    /// Ends a log-in: the query that the provider sent the browser back with, and the cookies that it brought.
    ///
    /// # Errors
    /// It is not one that began here, in this browser, and just now; or the provider refused it, or says something else than
    /// was asked for. The provider is out of reach: 503.
    pub async fn finish<'a>(
        &self,
        query: &str,
        cookies: impl Iterator<Item = &'a [u8]>,
        client: Option<IpAddr>,
    ) -> Result<Returned, Denial> {
        self.finished(query, cookies, client).await.map_err(|denial| match denial.reason.response().status {
            // Nobody is sent to log in from here: the address has a code in it, and this would go round in circles.
            status if is_of_client(status) && !matches!(denial.reason, Reason::AccessBlocked) => {
                Denial { reason: Reason::LoginFailed, ..denial }
            }
            _ => denial,
        })
    }

    async fn finished<'a>(
        &self,
        query: &str,
        cookies: impl Iterator<Item = &'a [u8]>,
        client: Option<IpAddr>,
    ) -> Result<Returned, Denial> {
        let query = CallbackQuery::read(query)?;
        let cookie = self.cookie(&query.state);
        let sealed = cookie.value(cookies).ok_or_else(|| failed("no log-in of this state began in this browser"))?;
        let sealed = std::str::from_utf8(sealed).ok().and_then(|sealed| self.seal.open(sealed));
        let sealed = sealed.and_then(|sealed| serde_json::from_slice(&sealed).ok());
        let on_its_way: OnItsWay = sealed.ok_or_else(|| failed("the cookie of the log-in is none of ours"))?;
        if !bool::from(on_its_way.state.as_bytes().ct_eq(query.state.as_bytes())) {
            return Err(failed("the log-in is another one (state)"));
        }
        if clock::now() >= Timestamp::from_seconds(on_its_way.began).plus(LASTS) {
            return Err(failed("the log-in took too long"));
        }
        let metadata = self.provider.metadata(&self.client, false).await;
        let metadata = metadata.map_err(|_| unavailable("the provider is out of reach"))?;
        // Once: who finds a used address in a history gets nothing by it.
        if self.used.get(&on_its_way.state).is_some() {
            return Err(failed("the log-in has come back before"));
        }
        self.used.put(on_its_way.state.clone(), (), LASTS);
        // Of two providers, the answer of one must not be taken to the other (RFC 9207 §2.4).
        match &query.issuer {
            Some(issuer) if *issuer != self.issuer => return Err(failed("another provider has answered (iss)")),
            None if metadata.says_who_answers => {
                return Err(failed("the provider does not say that it has answered (iss)"));
            }
            _ => {}
        }
        let code = query.code.ok_or_else(|| failed("the provider did not log anybody in (error)"))?;
        let token = self.exchange(&metadata, &code, &on_its_way.verifier, client).await?;
        let who = self.tokens.verify_later(&token, client).await.map_err(|denial| match denial.reason {
            Reason::AuthenticationUnavailable(_) => Denial { scheme: Some(SchemeId::Session), ..denial },
            _ => failed("the ID token does not verify"),
        })?;
        self.check(&who, &on_its_way)?;
        Ok(Returned { login: self.login(&who), return_to: on_its_way.return_to, delete_cookie: cookie.delete() })
    }

    /// The ID token for a code.
    async fn exchange(
        &self,
        metadata: &ProviderMetadata,
        code: &str,
        verifier: &str,
        client: Option<IpAddr>,
    ) -> Result<String, Denial> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: Option<String>,
        }
        let endpoint = metadata.token_endpoint.as_ref();
        let endpoint = endpoint.ok_or_else(|| unavailable("the provider names no token endpoint"))?;
        let permit =
            self.concurrency.acquire(client).await.ok_or_else(|| unavailable("too many log-ins come back at once"))?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", verifier),
        ];
        let answer = self.client.post(endpoint, &self.registered, &form, MOST_BYTES, permit).await;
        let (status, body) = answer.map_err(|failed| {
            tracing::warn!(target: "auth_core", issuer = %self.issuer, %failed, "a code cannot be exchanged");
            unavailable("the provider is out of reach")
        })?;
        match status {
            OK => {
                let tokens: Option<Tokens> = serde_json::from_slice(&body).ok();
                tokens.and_then(|tokens| tokens.id_token).ok_or_else(|| failed("the provider gave no ID token"))
            }
            // Ours is refused, not the person: somebody has to mend the settings.
            status if is_of_client(status) && is_about_us(&body) => {
                tracing::error!(target: "auth_core", issuer = %self.issuer, status, "the provider does not know this client");
                Err(unavailable("the provider does not know this client"))
            }
            status if is_of_client(status) => Err(failed("the provider refuses the code")),
            _ => Err(unavailable("the provider fails")),
        }
    }

    /// What an ID token has to say beside what every token has (OpenID Connect Core 1.0 §3.1.3.7).
    fn check(&self, who: &Principal, on_its_way: &OnItsWay) -> Result<(), Denial> {
        // Who acts for somebody does not become them (H16).
        if who.actor().is_some() {
            return Err(failed("the ID token is of somebody who acts for another (act)"));
        }
        let earliest = Timestamp::from_seconds(on_its_way.began).minus(SKEW);
        if on_its_way.anew && who.authenticated_at().is_none_or(|at| at < earliest) {
            return Err(failed("the provider did not ask anew (auth_time)"));
        }
        let text = |name: &str| who.registered(name).and_then(|value| value.string());
        let said = text("nonce").unwrap_or_default();
        if !bool::from(said.as_bytes().ct_eq(on_its_way.nonce.as_bytes())) {
            return Err(failed("the ID token is of another log-in (nonce)"));
        }
        let several = who.registered("aud").and_then(|aud| aud.elements()).is_some_and(|all| all.count() > 1);
        match text("azp") {
            Some(party) if *party != *self.registered.id => Err(failed("the ID token is for another client (azp)")),
            None if several => Err(failed("the ID token is for several clients, and does not say for which (azp)")),
            _ => Ok(()),
        }
    }

    fn login(&self, who: &Principal) -> NewSession {
        let login = match &self.to_session {
            Some(to_session) => to_session(who),
            None => {
                let ((roles, all), (permissions, _)) = (who.listed(NameKind::Role), who.listed(NameKind::Permission));
                let login = NewSession::user(who.local_subject()).roles(roles).permissions(permissions);
                // What the ID token does not answer, the session does not either (C4).
                let omitted = serde_json::json!({ "roles": "id_token", "permissions": "id_token" });
                if all { login } else { login.claim("_claim_names", omitted) }
            }
        };
        let login = login.subject(who.local_subject()).issuer(who.issuer()).authenticated_at(who.authenticated_at());
        match who.acr() {
            Some(acr) => login.acr(acr),
            None => login,
        }
    }
}

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelyingParty").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What the provider sends back with the browser (RFC 6749 §4.1.2, RFC 9207 §2).
struct CallbackQuery {
    state: String,
    code: Option<String>,
    issuer: Option<String>,
}

impl CallbackQuery {
    /// Each once: of two, somebody else may read the other one.
    fn read(text: &str) -> Result<Self, Denial> {
        let [mut state, mut code, mut issuer] = [None, None, None];
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let place = match &*name {
                "state" => &mut state,
                "code" => &mut code,
                "iss" => &mut issuer,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(failed("a parameter of the answer stands twice"));
            }
        }
        let is_state = |state: &String| URL_SAFE_NO_PAD.decode(state).is_ok_and(|bytes| bytes.len() == 32);
        let state = state.filter(is_state).ok_or_else(|| failed("the answer has no state of ours"))?;
        Ok(Self { state, code, issuer })
    }
}

const fn is_of_client(status: u16) -> bool {
    status / 100 == 4
}

/// Whether the error is that this client is not the one it says (RFC 6749 §5.2).
fn is_about_us(body: &[u8]) -> bool {
    let error: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    matches!(error.get("error").and_then(|error| error.as_str()), Some("invalid_client" | "unauthorized_client"))
}
