//! Errors of the settings.

use crate::client::csrf::OriginError;
use crate::client::hosts::HostError;
use crate::client::tenant::LocationError;
use crate::denial::challenge::RealmError;
use crate::oidc::protected_resource::ResourceError;
use crate::store::accounts::AccountsError;

/// One or more invalid settings. Converts into [`std::io::Error`], which `main` functions of servers return.
#[derive(PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The realm contains a character that is invalid in a header.
    #[error("`.realm({0:?})`: {1}")]
    Realm(String, RealmError),
    /// A store that other applications may share requires a realm.
    #[error("`{0}` shares its server with other applications: call `.realm(…)` to separate them")]
    RealmMissing(&'static str),
    /// No scheme is accepted, so no caller could authenticate.
    #[error("no scheme is accepted: call `.bearer(…)`, `.tokens(…)`, `.basic(…)`, `.session(…)` or `.scheme(…)`")]
    NoScheme,
    /// Open mode reads no credentials, and a source of credentials is configured.
    #[error("`.open(…)` reads no credentials: remove it, or `.{0}(…)`")]
    OpenBesideSource(&'static str),
    /// The reason for open mode is empty.
    #[error(
        "`.open({0:?}, …)`: give the reason why requests are not authenticated, such as \"no api_key is configured\""
    )]
    OpenWithoutReason(String),
    /// The setting belongs to open mode, which is not configured.
    #[error("`.{0}(…)` is a setting of open mode: call `.open(\"why\", Rights::everything())`, or remove it")]
    SettingOfOpenMode(&'static str),
    /// Open mode is restricted to this machine, and a proxy forwards requests from other machines.
    #[error(
        "`.open(…)` is for requests from this machine, and `.trusted_proxies(…)` configures a proxy: call `.beyond_loopback()`, or remove one of the two"
    )]
    OpenBehindProxy,
    /// The local account is not one of the provider of accounts.
    #[error(
        "`.local_account(…)`: the account must be of the type of `.accounts(…)`, with a kind that `KINDS` contains, and an id"
    )]
    LocalAccount,
    /// No object could be loaded in a batch.
    #[error("`.batch_limit(0)`: a batch has at least one key")]
    EmptyBatches,
    /// The limits on bodies that contain keys of objects contradict each other.
    #[error(
        "`.body_key_limit({limit})` and `.body_keys_in_flight({in_flight})`: a body has at least one byte, and at most an eighth of the buffers, which is the share of one client network"
    )]
    BodyKeyLimits {
        /// Maximum length of a body, in bytes.
        limit: usize,
        /// Maximum number of bytes of all bodies.
        in_flight: usize,
    },
    /// The settings of a token issuer are invalid.
    #[cfg(feature = "jwt")]
    #[error("`.bearer(…)` for issuer {issuer:?}: {error}")]
    Jwt {
        /// The issuer.
        issuer: String,
        /// The cause.
        error: crate::scheme::bearer::JwtError,
    },
    /// The settings of the token cache are invalid.
    #[cfg(feature = "jwt")]
    #[error("`.token_cache(…)`: {0}")]
    TokenCache(crate::scheme::bearer::TokenCacheError),
    /// Tickets replace bearer tokens, but no bearer tokens are accepted.
    #[error("`.tickets()` requires bearer tokens: call `.bearer(…)`")]
    TicketsWithoutTokens,
    /// The subprotocol name is invalid, or no bearer tokens are accepted.
    #[error("`.bearer_in_subprotocol({0:?})`: write a name of letters, digits and `-`, beside `.bearer(…)`")]
    Subprotocol(String),
    /// The settings of DPoP are invalid.
    #[cfg(feature = "dpop")]
    #[error("`.dpop(…)`: {0}")]
    Dpop(crate::scheme::dpop::DpopError),
    /// DPoP proofs require bearer tokens, but none are accepted.
    #[error("`.dpop(…)` requires bearer tokens: call `.bearer(…)`")]
    DpopWithoutTokens,
    /// The scheme name is invalid in a challenge, or another scheme has the same name.
    #[error("`.scheme(…)`: {0:?} is not a unique HTTP token: write a name such as \"Legacy\"")]
    SchemeName(&'static str),
    /// The header of a custom scheme is invalid, or has another purpose.
    #[error("`.scheme(…)` {0:?}: {1:?} is not a header that only credentials use, such as \"x-legacy-token\"")]
    SchemeHeader(&'static str, String),
    /// The header is trusted only from a proxy, but no trusted proxies are configured. Any client could send it.
    #[error("`.scheme(…)` {0:?} trusts a header of a proxy: call `.trusted_proxies(…)`")]
    SchemeWithoutProxy(&'static str),
    /// A proxy adds tokens, but no trusted proxies are configured. Any client could send the header.
    #[error("`Jwt::proxy_header({0:?})` trusts a header of a proxy: call `.trusted_proxies(…)`")]
    ProxyHeaderWithoutProxy(String),
    /// A proxy adds tokens, and browsers send another credential by themselves.
    #[error(
        "`Jwt::proxy_header(…)` and `.{0}(…)` contradict each other: browsers would send two credentials, and neither is explicit"
    )]
    ProxyHeaderBeside(&'static str),
    /// More than 8 custom schemes are configured.
    #[error("`.scheme(…)` is called more than 8 times")]
    TooManySchemes,
    /// There are several issuers, and one of them does not declare the names that it may confer. Otherwise the weakest issuer could
    /// grant any role.
    #[error(
        "`.{0}(…)` must declare what it `.confers(…)`, since there are several issuers: `Confers::nothing().roles([…])`, or `Confers::everything()` for each"
    )]
    ConfersMissing(&'static str),
    /// There are accounts and several issuers, and one of them does not state whether its credentials log in.
    #[error(
        "`.{0}(…)` must state whether it logs in, since there are `.accounts(…)` and several issuers: `.logs_in()`, or `.keeps_own_identity()`"
    )]
    LoginMissing(&'static str),
    /// The settings of accounts are invalid.
    #[error("`.accounts(…)`: {0}")]
    Accounts(AccountsError),
    /// The sign-up page is not a path on this site.
    #[error("`.sign_up_page({0:?})`: write a path on this site, such as \"/sign-up\"")]
    SignUpPage(String),
    /// The location of a tenant is invalid.
    #[error("`.tenant({0:?}, …)`: {1}")]
    Tenant(String, LocationError),
    /// The settings of a token source are invalid.
    #[cfg(feature = "own-tokens")]
    #[error("`.tokens(…)` {name:?}: {error}")]
    Tokens {
        /// The name of the source.
        name: String,
        /// The cause.
        error: crate::scheme::own_token::TokensError,
    },
    /// The settings of the token endpoints are invalid.
    #[error("`.token_endpoints({0:?})`: {1}")]
    TokenEndpoints(String, TokenEndpointsError),
    /// The header name is invalid.
    #[error("`.api_keys(…)`: {0:?} is not a header name")]
    ApiKeyHeader(String),
    /// The settings of sessions are invalid.
    #[cfg(feature = "session")]
    #[error("`.session(…)`: {0}")]
    Sessions(crate::scheme::session::SessionsError),
    /// The settings of the login at a provider are invalid.
    #[cfg(all(feature = "oidc", feature = "session"))]
    #[error("`.oidc_login(…)`: {0}")]
    OidcLogin(crate::scheme::session::oidc_login::LoginError),
    /// A login at a provider requires sessions, but none are configured.
    #[error("`.oidc_login(…)` requires sessions: call `.session(…)`")]
    OidcLoginWithoutSession,
    /// A login at a provider is combined with strict session cookies. The browser would not send the cookie after the redirect from
    /// the provider, and would be redirected to the provider endlessly.
    #[error(
        "`.oidc_login(…)` and `Sessions::strict()` contradict each other: browsers send no strict cookie when they return from the provider"
    )]
    OidcLoginWithStrictSession,
    /// Development cookies are restricted to this machine, but a proxy forwards requests from other machines.
    #[error("`.insecure_localhost()` is for browsers on this machine, and `.trusted_proxies(…)` configures a proxy")]
    PlainHttpBehindProxy,
    /// Basic authentication and the login form use different user stores. One name would identify two users.
    #[error("`.basic(…)` and `.users(…)` use two stores: make one `PasswordAuthenticator`, and give each a clone")]
    TwoStoresOfUsers,
    /// A proxy is not a valid address or network.
    #[error("`.trusted_proxies(…)`: {0:?} is neither an address nor a network")]
    Proxy(String),
    /// The country header is invalid, or no trusted proxies are configured. The header is trusted only from a proxy.
    #[error(
        "`.countries(…)`: the header {0:?} is accepted only from a trusted proxy: call `.trusted_proxies(…)`, and use a valid header name"
    )]
    CountryHeader(String),
    /// Block lists contain addresses, but the source of client addresses is not configured.
    #[error("`.blocks(…)` may name addresses: call `.client_address(Peer)` or `.trusted_proxies(…)`")]
    BlocksWithoutAddress,
    /// The list of trusted proxies is empty.
    #[error("`.trusted_proxies(…)` is empty: call `.client_address(Peer)` if there is no proxy")]
    NoProxy,
    /// The origin is invalid.
    #[error("`.origins(…)`: {0}")]
    Origin(OriginError),
    /// The host name is invalid.
    #[error("`.hosts(…)`: {0}")]
    Host(HostError),
    /// The login page is not a path on this site.
    #[error("`.login_page({0:?})`: write a path on this site, such as \"/login\"")]
    LoginPage(String),
    /// The base of problem types is not an absolute URI.
    #[error("`.problem_base({0:?})`: write an absolute URI that ends in `/`, `:` or `#`")]
    ProblemBase(String),
    /// The identifier of this server as a protected resource is invalid.
    #[error("`.resource({0:?})`: {1}")]
    Resource(String, ResourceError),
    /// An issuer's tokens are not for the configured resource. Clients would request tokens that this server refuses.
    #[error("`.resource({0:?})`: tokens of issuer {1:?} are for another `.audience(…)`: name the resource there")]
    ResourceIsNoAudience(String, String),
    /// More than one setting is invalid.
    #[error("{} settings are invalid:{}", .0.len(), lines(.0))]
    Several(Vec<BuildError>),
    /// A setting with a single value is set twice.
    #[error("`.{0}(…)` is called twice: the second call would replace the first")]
    Repeated(&'static str),
    /// Two values of one type were registered for loading objects.
    #[error("`.resource_deps(…)` is called twice with a `{0}`: register one value of each type")]
    ResourceDepsTwice(&'static str),
    /// Two providers of rights are configured.
    #[error("`.roles_from(…)` and `.rights_from(…)` both set the provider of rights: call one of them")]
    TwoRightsProviders,
    /// The cookie name is invalid, or no bearer tokens are accepted.
    #[error("`.bearer_cookie({0:?})`: write letters, digits, `-` and `_`, beside `.bearer(…)`")]
    Cookie(String),
    /// A token issuer has the name of an issuer of another scheme. Subjects of both would be the same identity.
    #[error("`.bearer(…)` for issuer {0:?}: another scheme uses that name for its callers")]
    IssuerOfAnotherScheme(String),
    /// `Jwt::dev()` is used in a build without debug assertions.
    #[error("`Jwt::dev()` is for development: this is a release build")]
    DevInRelease,
    /// Test keys are used in a build without debug assertions.
    #[error("`.test_keys(…)` is for tests: this is a release build")]
    TestKeysInRelease,
}

/// An error of the settings of the token endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenEndpointsError {
    /// The path is invalid.
    #[error("write a path without parameters, such as \"/tokens\"")]
    Path,
    /// No source has tokens that callers can issue.
    #[error("call `.tokens(…)` with `.for_accounts()`, and without `.login_sessions()`")]
    NoSource,
    /// Several sources have tokens that callers can issue.
    #[error("several sources have `.for_accounts()`: write handlers that call `Tokens::issue` of one of them")]
    SeveralSources,
    /// The store cannot issue tokens.
    #[error("the store only finds tokens: it has no `TokenStore::admin`")]
    ReadOnly,
}

/// Formats the error like `Display`, since Rust prints the `Debug` output if `main` returns an error.
impl std::fmt::Debug for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<BuildError> for std::io::Error {
    fn from(error: BuildError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}

fn lines(mistakes: &[BuildError]) -> String {
    mistakes.iter().map(|mistake| format!("\n  {mistake}")).collect()
}

/// Collects errors, so that `build()` reports all of them at once.
#[derive(Default)]
pub struct Mistakes(Vec<BuildError>);

impl Mistakes {
    /// Adds an error.
    pub fn add(&mut self, mistake: BuildError) {
        self.0.push(mistake);
    }

    /// Returns the value, or records the error and returns the default. [`settled`](Self::settled) then fails, so the default is
    /// never used.
    pub fn collect<T: Default>(&mut self, made: Result<T, BuildError>) -> T {
        made.unwrap_or_else(|mistake| {
            self.add(mistake);
            T::default()
        })
    }

    /// Returns the value, or the recorded errors.
    pub fn settled<T>(mut self, value: Option<T>) -> Result<T, BuildError> {
        match (self.0.len(), value) {
            (0, Some(value)) => Ok(value),
            (1, _) => Err(self.0.remove(0)),
            _ => Err(BuildError::Several(self.0)),
        }
    }
}
