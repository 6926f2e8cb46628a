//! Errors of settings.

use crate::client::address::HostError;
use crate::client::csrf::OriginError;
use crate::denial::challenge::RealmError;
use crate::oidc::protected_resource::ResourceError;

/// An invalid setting, or several. Converts into [`std::io::Error`], which `main` functions of servers return.
#[derive(PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The realm contains a character that a header cannot carry.
    #[error("`.realm({0:?})`: {1}")]
    Realm(String, RealmError),
    /// A store that other applications may share requires a realm.
    #[error(
        "`{0}` is shared with whoever uses the same server: call `.realm(…)`, so that it is told apart from theirs"
    )]
    RealmMissing(&'static str),
    /// Nobody could ever authenticate.
    #[error("no scheme is accepted: call `.bearer(…)`, `.basic(…)`, `.api_keys(…)`, `.session(…)` or `.scheme(…)`")]
    NoScheme,
    /// The settings of an issuer of tokens.
    #[cfg(feature = "jwt")]
    #[error("`.bearer(…)` for issuer {issuer:?}: {error}")]
    Jwt {
        /// The issuer.
        issuer: String,
        /// The cause.
        error: crate::scheme::bearer::JwtError,
    },
    /// Verified tokens could not be remembered.
    #[cfg(feature = "jwt")]
    #[error("`.token_cache(…)`: {0}")]
    TokenCache(crate::scheme::bearer::TokenCacheError),
    /// A ticket stands for a bearer token.
    #[error("`.tickets()` stand for bearer tokens: call `.bearer(…)`")]
    TicketsWithoutTokens,
    /// A subprotocol that could not carry a token.
    #[error("`.bearer_in_subprotocol({0:?})`: write a name of letters, digits and `-`, beside `.bearer(…)`")]
    Subprotocol(String),
    /// The settings of proofs.
    #[cfg(feature = "dpop")]
    #[error("`.dpop(…)`: {0}")]
    Dpop(crate::scheme::dpop::DpopError),
    /// Proofs come with tokens.
    #[error("`.dpop(…)` is for tokens: call `.bearer(…)` too")]
    DpopWithoutTokens,
    /// No challenge can have the name, or another scheme has it.
    #[error("`.scheme(…)`: {0:?} is no name for a scheme, or another one has it: write a word, such as \"Legacy\"")]
    SchemeName(&'static str),
    /// The header of a scheme.
    #[error("`.scheme(…)` {0:?}: {1:?} is no name of a header that a credential has for itself")]
    SchemeHeader(&'static str, String),
    /// Anybody could write the header.
    #[error("`.scheme(…)` {0:?} believes a header of a trusted proxy: call `.trusted_proxies(…)`")]
    SchemeWithoutProxy(&'static str),
    /// More custom schemes than the limit of 8.
    #[error("`.scheme(…)` is called more than 8 times")]
    TooManySchemes,
    /// With several sources, each one must declare the names that it may confer. Otherwise the weakest source could grant any role.
    #[error(
        "`.{0}(…)` does not say what it `.confers(…)`, and there are several sources: `Confers::nothing().roles([…])`, or `Confers::everything()` for each"
    )]
    ConfersMissing(&'static str),
    /// No header has that name.
    #[error("`.api_keys(…)`: {0:?} is no name of a header")]
    ApiKeyHeader(String),
    /// The settings of sessions.
    #[cfg(feature = "session")]
    #[error("`.session(…)`: {0}")]
    Sessions(crate::scheme::session::SessionsError),
    /// The settings of a log-in at a provider.
    #[cfg(all(feature = "oidc", feature = "session"))]
    #[error("`.oidc_login(…)`: {0}")]
    OidcLogin(crate::scheme::session::oidc_login::LoginError),
    /// There is nothing to log in to.
    #[error("`.oidc_login(…)` ends in a session: call `.session(…)` too")]
    OidcLoginWithoutSession,
    /// The browser would not bring the cookie along from the provider, and be sent there again, for ever.
    #[error("`.oidc_login(…)` comes back from another site, where a browser brings no cookie of `Sessions::strict()`")]
    OidcLoginWithStrictSession,
    /// Development cookies are restricted to this machine, and a proxy forwards requests of others.
    #[error(
        "`.insecure_localhost()` is for a browser on this machine, and `.trusted_proxies(…)` says that there is a proxy"
    )]
    PlainHttpBehindProxy,
    /// One name would be two people.
    #[error("`.basic(…)` and `.users(…)` name two stores: make one `PasswordAuthenticator`, and give each a clone")]
    TwoStoresOfUsers,
    /// A proxy is not a valid address or network.
    #[error("`.trusted_proxies(…)`: {0:?} is no address and no network")]
    Proxy(String),
    /// The country header is only trusted from a proxy.
    #[error(
        "`.countries(…)`: the header {0:?} counts from a trusted proxy alone: call `.trusted_proxies(…)`, and name it by letters"
    )]
    CountryHeader(String),
    /// Block lists contain addresses, and the source of client addresses is not configured.
    #[error("`.blocks(…)` may name addresses: call `.client_address(Peer)` or `.trusted_proxies(…)`")]
    BlocksWithoutAddress,
    /// No proxy is named.
    #[error("`.trusted_proxies(…)` names no proxy: write `.client_address(Peer)` if there is none")]
    NoProxy,
    /// An origin that no browser sends.
    #[error("`.origins(…)`: {0}")]
    Origin(OriginError),
    /// A host name that no request asks for.
    #[error("`.hosts(…)`: {0}")]
    Host(HostError),
    /// The login page is somewhere else.
    #[error("`.login_page({0:?})`: write a path on this site, such as \"/login\"")]
    LoginPage(String),
    /// The base of problem types is not an absolute URI.
    #[error("`.problem_base({0:?})`: write an absolute URI that ends in `/`, `:` or `#`")]
    ProblemBase(String),
    /// The name of this server as a resource.
    #[error("`.resource({0:?})`: {1}")]
    Resource(String, ResourceError),
    /// Clients would ask for tokens that are refused here.
    #[error("`.resource({0:?})`: tokens of issuer {1:?} are for another `.audience(…)`: name the resource there")]
    ResourceIsNoAudience(String, String),
    /// More than one setting is wrong.
    #[error("{} settings are wrong:{}", .0.len(), lines(.0))]
    Several(Vec<BuildError>),
    /// A setting of one value is made twice.
    #[error("`.{0}(…)` is called twice: the calls would undo each other")]
    Repeated(&'static str),
    /// No cookie has such a name, or no bearer tokens are accepted.
    #[error("`.bearer_cookie({0:?})`: write letters, digits, `-` and `_`, beside `.bearer(…)`")]
    Cookie(String),
    /// A subject of tokens would be the same person as one of another scheme.
    #[error("`.bearer(…)` for issuer {0:?}: that is the name under which another scheme identifies its callers")]
    IssuerOfAnotherScheme(String),
    /// `Jwt::dev()` in a build without debug assertions.
    #[error("`Jwt::dev()` is for development: this is a release build")]
    DevInRelease,
    /// Keys of tests in a build without debug assertions.
    #[error("`.test_keys(…)` is for tests: this is a release build")]
    TestKeysInRelease,
}

/// The sentence: it is what Rust prints where `main` returns the error.
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

/// Formats each error on its own line.
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

    /// Returns the value, or records the error and returns the default. `settled` then fails, so the default is never used.
    pub fn collect<T: Default>(&mut self, made: Result<T, BuildError>) -> T {
        made.unwrap_or_else(|mistake| {
            self.add(mistake);
            T::default()
        })
    }

    /// Returns the value if no error was recorded.
    pub fn settled<T>(mut self, value: Option<T>) -> Result<T, BuildError> {
        match (self.0.len(), value) {
            (0, Some(value)) => Ok(value),
            (1, _) => Err(self.0.remove(0)),
            _ => Err(BuildError::Several(self.0)),
        }
    }
}
