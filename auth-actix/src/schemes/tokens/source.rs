//! The settings of a token source. The same value issues and revokes its tokens.

use std::time::Duration;

use auth_core::client::tenant::Location;
use auth_core::identity::rights::Rights;
use auth_core::scheme::own_token;
use auth_core::store::tokens::{ApiKeyFile, TokenStore};

use crate::auth::AuthLink;

/// A source of tokens that the application issues: opaque secrets, which programs send in place of a login.
///
/// A source has a name, and recognizes its tokens by a [prefix](Self::prefix), or as the only source of
/// [opaque](Self::opaque) tokens, or by [a fixed secret](Self::fixed). Its callers are clients: the rights of a token are its ceiling,
/// within what the source [confers](Self::confers). With [`for_accounts`](Self::for_accounts), each token acts for an account instead.
///
/// By default, a token is read in `Authorization: Bearer`. [`places`](Self::places) sets other places. A request with tokens in two places has
/// two credentials, and is answered with 400.
///
/// ```
/// use auth_actix::identity::{All, Rights};
/// use auth_actix::tokens::{MemoryTokenStore, Tokens};
/// use auth_actix::{Auth, at};
/// let keys = Tokens::named("personal-token")
///     .prefix("pat_")
///     .store(MemoryTokenStore::new(10_000))
///     .confers(Rights::new().roles(["reader"]).scopes(All))
///     .places([at::header("x-api-key"), at::bearer()]);
/// let auth = Auth::builder().tokens(keys).build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Issuing tokens
/// The value is cheap to clone. A clone of the value that [`AuthBuilder::tokens`](crate::AuthBuilder::tokens) gets
/// [issues](Self::issue), [rotates](Self::rotate) and [revokes](Self::revoke) tokens as soon as the `Auth` is built. A value belongs to
/// one `Auth`.
///
/// ```
/// use std::time::Duration;
/// use actix_web::{post, web};
/// use auth_actix::tokens::{ExposeSecret, IssueError, NewToken, Tokens};
/// use auth_actix::{Caller, require};
///
/// struct Member;
///
/// #[require(login && direct && max_age("15m"))]
/// #[post("/tokens/ci")]
/// async fn create(me: Caller<Member>, keys: web::Data<Tokens>) -> Result<String, IssueError> {
///     let new = NewToken::by(&me).named("ci").scopes(["projects:write"]).expires_in(Duration::from_secs(90 * 24 * 3600));
///     let issued = keys.issue(new).await?;
///     Ok(issued.secret.expose_secret().to_owned())
/// }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Tokens {
    pub(super) settings: own_token::Tokens,
    pub(super) link: AuthLink,
}

impl Tokens {
    /// Maximum number of valid tokens of an owner in one source. Concurrent calls may exceed it by a few.
    pub const MAX_PER_OWNER: usize = own_token::Tokens::MAX_PER_OWNER;

    /// Minimum length of a fixed token in bytes.
    pub const MIN_FIXED_LENGTH: usize = own_token::Tokens::MIN_FIXED_LENGTH;

    /// Creates a source with this name: lowercase letters, digits and hyphens. The issuer of its callers is `token:<name>`.
    pub fn named(name: impl Into<String>) -> Self {
        own_token::Tokens::named(name).into()
    }

    /// Creates a source of a single token, which is a secret of at least 16 bytes of the configuration. It never expires. Its caller
    /// is the client with the name of the source.
    ///
    /// ```
    /// use auth_actix::identity::Rights;
    /// use auth_actix::tokens::Tokens;
    /// # let secret = "correct-horse-battery-staple";
    /// let master = Tokens::fixed("master", secret, Rights::everything());
    /// ```
    pub fn fixed(name: impl Into<String>, secret: impl Into<String>, rights: Rights) -> Self {
        own_token::Tokens::fixed(name, secret, rights).into()
    }

    /// Removes all cached tokens, so that the store is asked again. Call it after a change of the store that does not use this value.
    /// Clones share one cache.
    pub fn clear_cache(&self) {
        self.settings.clear_cache();
    }

    /// Creates the source `api-key` of the keys in a file of an earlier format. Their prefix is `ak.`, and they are read in the header
    /// `X-Api-Key`, unless [`places`](Self::places) sets other places. Their callers are clients of the issuer `apikey:<realm>`.
    pub fn api_key_file(file: ApiKeyFile) -> Self {
        own_token::Tokens::api_key_file(file).into()
    }
}

impl From<own_token::Tokens> for Tokens {
    fn from(settings: own_token::Tokens) -> Self {
        Self { settings, link: AuthLink::default() }
    }
}

/// Defines methods that apply a setting of auth-core.
macro_rules! settings {
    ($($(#[$docs:meta])* fn $name:ident($($argument:ident: $type:ty),*);)*) => {
        impl Tokens {$(
            $(#[$docs])*
            pub fn $name(self $(, $argument: $type)*) -> Self {
                Self { settings: self.settings.$name($($argument),*), ..self }
            }
        )*}
    };
}

settings! {
    /// Recognizes tokens by their prefix of 3 to 32 bytes, such as `pat_`. No other source may have a prefix that begins this one.
    fn prefix(prefix: impl Into<String>);

    /// Recognizes every token68 of at most 512 bytes that belongs to no other source and is not a JWT. At most one source may do so.
    fn opaque();

    /// Accepts tokens with the prefix that have no valid checksum, such as those of an existing table. By default, they are refused
    /// without a lookup. The checksum is for scanners of source code, and its absence weakens nothing.
    fn accept_unchecked();

    /// Makes each token act for the account that owns it. The account is loaded, and has the identity `account:<kind>:<id>`. The rights
    /// of the token are those of the account within the ceiling of the token, and its scopes are those of the ceiling. A token with a
    /// ceiling other than [`Rights::everything`] is limited: a rule must hold by a role, a permission or a scope. It never counts as a
    /// login, unless the tokens are [login sessions](Self::login_sessions). Requires `.accounts(…)`. By default, each token is a client
    /// of its own.
    fn for_accounts();

    /// Makes the tokens login sessions of the application. A token then counts as a login, at the time at which it was created, so that
    /// its holder may issue other tokens. Only code of the application issues such a token, after a login; the
    /// [token endpoints](crate::AuthBuilder::token_endpoints) do not. A rotation keeps the time of the login. If an owner has
    /// [`MAX_PER_OWNER`](Self::MAX_PER_OWNER) tokens, a new one revokes the oldest. The tokens of another source in the same store count,
    /// and may be revoked: give login sessions a store of their own. Requires [`for_accounts`](Self::for_accounts).
    fn login_sessions();

    /// Sets the store of the tokens. Required, except for a fixed token.
    fn store(store: impl TokenStore);

    /// Sets the ceiling of records that have none, because another program wrote them. Default: no rights. Tokens that
    /// [`issue`](Self::issue) creates always have a ceiling.
    fn default_ceiling(ceiling: Rights);

    /// Sets the upper bound of the rights of all tokens. Default: everything, if this is the only issuer. Required if there are
    /// several.
    fn confers(rights: Rights);

    /// Sets the places in which tokens are read: [`at::bearer`](crate::at::bearer), [`at::header`](crate::at::header), and
    /// [`at::bare_authorization`](crate::at::bare_authorization), which is an `Authorization` line that consists of the token. Default:
    /// [`at::bearer`](crate::at::bearer).
    fn places(places: impl IntoIterator<Item = Location>);

    /// Caches found tokens in the memory of this process. Default: none, and at most 60 s.
    ///
    /// A cached token is checked like a new one: its expiry, block lists, its account, and the limits of its tenants, networks and
    /// ceiling. A change of the store by another process, such as a revocation, takes effect after at most this time. In this process,
    /// [`rotate`](Self::rotate) and [`revoke`](Self::revoke) take effect at once. Call [`clear_cache`](Self::clear_cache) after other
    /// changes.
    ///
    /// # Errors
    /// [`build`](crate::AuthBuilder::build) returns [`TokensError::CacheTtl`](super::TokensError::CacheTtl) for more than 60 s.
    fn cache(ttl: Duration);
}

/// Redacts the secret.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.settings.fmt(f)
    }
}
