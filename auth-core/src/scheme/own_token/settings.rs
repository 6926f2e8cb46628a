//! The settings of one source of tokens that the application issues.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::format::{TokenPrefix, TokenPrefixError, has_token_syntax};
use super::lookup::Lookups;
use super::source::{Recognition, TokenSource};
use super::tokens_error::TokensError;
use crate::client::tenant::{Location, at};
use crate::identity::granted::GrantedRights;
use crate::identity::issuer::{Confers, Issuer, LoginSource, RoleTypes};
use crate::identity::rights::Rights;
use crate::identity::scheme_id::SchemeId;
use crate::runtime::set_once::SetOnce;
use crate::scheme::OwnIssuer;
use crate::scheme::authorization_header::has_jwt_form;
use crate::scheme::token_place::{PlaceError, PlaceSet, TokenPlace};
use crate::store::tokens::{ApiKeyFile, TokenDigest, TokenStore};

/// The settings of a source of tokens that the application issues.
///
/// auth-actix wraps this type in its own `Tokens`, whose documentation describes the settings. Each method here has one there.
#[derive(Clone)]
#[must_use]
pub struct Tokens {
    name: String,
    form: Option<Form>,
    is_unchecked: bool,
    is_for_accounts: bool,
    is_login_sessions: bool,
    /// Whether another `Auth` was built with this value.
    is_taken: bool,
    store: Option<Arc<dyn TokenStore>>,
    default_ceiling: Rights,
    confers: Option<Rights>,
    places: Option<Vec<Location>>,
    /// The keys of the source, if it is a file of an earlier format.
    api_keys: Option<ApiKeyFile>,
    cache: Duration,
    /// Shared by clones, so that a change of tokens removes cached records.
    lookups: Arc<Lookups>,
    once: SetOnce,
}

#[derive(Clone)]
enum Form {
    Prefix(Result<TokenPrefix, TokenPrefixError>),
    Opaque,
    Fixed(SecretString, Rights),
}

impl Tokens {
    /// Maximum number of valid tokens of an owner in one source. Concurrent calls may exceed it by a few.
    pub const MAX_PER_OWNER: usize = 100;

    /// Minimum length of a fixed token in bytes.
    pub const MIN_FIXED_LENGTH: usize = 16;

    /// Maximum time for which found tokens are [cached](Self::cache).
    pub const MAX_CACHE_TTL: Duration = Duration::from_secs(60);

    /// Creates a source with this name: lowercase letters, digits and hyphens. The issuer of its callers is `token:<name>`.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            form: None,
            is_unchecked: false,
            is_for_accounts: false,
            is_login_sessions: false,
            is_taken: false,
            store: None,
            default_ceiling: Rights::new(),
            confers: None,
            places: None,
            api_keys: None,
            cache: Duration::ZERO,
            lookups: Arc::default(),
            once: SetOnce::default(),
        }
    }

    /// Creates a source of a single token, which is a secret of at least 16 bytes of the configuration.
    pub fn fixed(name: impl Into<String>, secret: impl Into<String>, rights: Rights) -> Self {
        Self { form: Some(Form::Fixed(SecretString::from(secret.into()), rights)), ..Self::named(name) }
    }

    /// Creates the source `api-key` of the keys in a file of an earlier format. Their prefix is `ak.`, and they are read in the header
    /// `X-Api-Key`, unless [`places`](Self::places) sets other places. Their callers are clients of the issuer `apikey:<realm>`.
    pub fn api_key_file(file: ApiKeyFile) -> Self {
        let keys = Self::named("api-key").prefix(ApiKeyFile::PREFIX).accept_unchecked().store(file.clone());
        Self { api_keys: Some(file), ..keys }
    }

    /// Recognizes tokens by their prefix of 3 to 32 bytes, such as `pat_`. No other source may have a prefix that begins this one.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.once.note("prefix");
        Self { form: Some(Form::Prefix(prefix.into().parse())), ..self }
    }

    /// Recognizes every token68 of at most 512 bytes that belongs to no other source and is not a JWT. At most one source may do so.
    pub fn opaque(mut self) -> Self {
        self.once.note("opaque");
        Self { form: Some(Form::Opaque), ..self }
    }

    /// Accepts tokens with the prefix that have no valid checksum, such as those of an existing table. By default, they are refused
    /// without a lookup. The checksum is for scanners of source code, and its absence weakens nothing.
    pub fn accept_unchecked(self) -> Self {
        Self { is_unchecked: true, ..self }
    }

    /// Makes each token act for the account that owns it. Default: each token is a client of its own.
    pub fn for_accounts(self) -> Self {
        Self { is_for_accounts: true, ..self }
    }

    /// Makes the tokens login sessions of the application, which count as logins at the time at which they were created.
    pub fn login_sessions(self) -> Self {
        Self { is_login_sessions: true, ..self }
    }

    /// Marks that another application was built with this value.
    #[doc(hidden)]
    pub fn taken(self) -> Self {
        Self { is_taken: true, ..self }
    }

    /// Sets the store of the tokens. Required, except for a fixed token.
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.once.note("store");
        Self { store: Some(Arc::new(store)), ..self }
    }

    /// Sets the ceiling of records that have none, because another program wrote them. Default: no rights.
    pub fn default_ceiling(mut self, ceiling: Rights) -> Self {
        self.once.note("default_ceiling");
        Self { default_ceiling: ceiling, ..self }
    }

    /// Sets the upper bound of the rights of all tokens. Default: everything, if this is the only issuer. Required if there are
    /// several.
    pub fn confers(mut self, rights: Rights) -> Self {
        self.once.note("confers");
        Self { confers: Some(rights), ..self }
    }

    /// Sets the places in which tokens are read: [`at::bearer`], [`at::header`], and [`at::bare_authorization`], which is an
    /// `Authorization` line that consists of the token. Default: [`at::bearer`].
    pub fn places(mut self, places: impl IntoIterator<Item = Location>) -> Self {
        self.once.note("places");
        Self { places: Some(places.into_iter().collect()), ..self }
    }

    /// Caches found tokens in the memory of this process. Default: none, and at most 60 s.
    ///
    /// A cached token is checked like a new one: its expiry, block lists, its account, and the limits of its tenants, networks and
    /// ceiling. A change of the store by another process, such as a revocation, takes effect after at most this time. Call
    /// [`clear_cache`](Self::clear_cache) after a change in this process.
    ///
    /// # Errors
    /// [`build`](https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html#method.build) returns
    /// [`TokensError::CacheTtl`] for more than 60 s.
    pub fn cache(mut self, ttl: Duration) -> Self {
        self.once.note("cache");
        Self { cache: ttl, ..self }
    }

    /// Removes all cached tokens, so that the store is asked again. Call it after a change of the store that does not use this value.
    /// Clones share one cache.
    pub fn clear_cache(&self) {
        self.lookups.clear();
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn has_explicit_confers(&self) -> bool {
        self.confers.is_some() || matches!(self.form, Some(Form::Fixed(..)))
    }

    pub(super) fn is_for_accounts(&self) -> bool {
        self.is_for_accounts
    }

    /// Returns whether tokens are read in this place.
    pub(super) fn is_read_in(&self, place: TokenPlace<'_>) -> bool {
        self.place_set().is_ok_and(|places| places.has(place))
    }

    fn place_set(&self) -> Result<PlaceSet, PlaceError> {
        let default_place = || if self.api_keys.is_some() { at::header("x-api-key") } else { at::bearer() };
        PlaceSet::new(self.places.clone().unwrap_or_else(|| vec![default_place()]))
    }

    pub(super) fn is_login_sessions(&self) -> bool {
        self.is_login_sessions
    }

    pub(super) fn is_taken(&self) -> bool {
        self.is_taken
    }

    /// Returns whether tokens can be issued and revoked.
    pub(super) fn is_administrable(&self) -> bool {
        self.store.as_ref().is_some_and(|store| store.admin().is_some())
    }

    pub(super) fn is_opaque(&self) -> bool {
        matches!(self.form, Some(Form::Opaque))
    }

    /// Returns the prefix, if it is valid.
    pub(super) fn valid_prefix(&self) -> Option<&TokenPrefix> {
        match &self.form {
            Some(Form::Prefix(prefix)) => prefix.as_ref().ok(),
            _ => None,
        }
    }

    /// Returns the fixed token.
    pub(super) fn fixed_secret(&self) -> Option<&str> {
        match &self.form {
            Some(Form::Fixed(secret, _)) => Some(secret.expose_secret()),
            _ => None,
        }
    }

    fn check_cache(&self) -> Result<(), TokensError> {
        if self.cache > Self::MAX_CACHE_TTL {
            return Err(TokensError::CacheTtl);
        }
        let is_fixed = matches!(self.form, Some(Form::Fixed(..)));
        if is_fixed && self.once.has("cache") { Err(TokensError::CacheOfFixed) } else { Ok(()) }
    }

    /// Checks the settings that do not depend on the form of the tokens.
    fn check(&self, login: LoginSource) -> Result<(), TokensError> {
        if let Some(setting) = self.once.repeated().next() {
            return Err(TokensError::Repeated(setting));
        }
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=32).contains(&self.name.len()) || !self.name.bytes().all(is_name) {
            return Err(TokensError::Name);
        }
        self.check_cache()?;
        let is_fixed = matches!(self.form, Some(Form::Fixed(..)));
        if self.is_for_accounts && self.api_keys.is_some() {
            return Err(TokensError::AccountOfApiKeys);
        }
        if self.is_for_accounts && (is_fixed || !login.loads_account()) {
            return Err(if is_fixed { TokensError::AccountOfFixed } else { TokensError::NoAccounts });
        }
        if self.is_login_sessions && !self.is_for_accounts {
            return Err(TokensError::LoginSessionsOfClients);
        }
        if self.form.is_some() && is_fixed == self.store.is_some() {
            return Err(if is_fixed { TokensError::StoreOfFixed } else { TokensError::NoStore });
        }
        Ok(())
    }

    /// Returns the name of the issuer of the callers.
    fn issuer(&self, realm: &str) -> Arc<str> {
        match self.api_keys {
            Some(_) => OwnIssuer::ApiKeys.name(realm),
            None => format!("token:{}", self.name).into(),
        }
    }

    /// Validates the settings.
    pub(super) fn prepare(
        self,
        realm: &str,
        roles: &RoleTypes,
        login: LoginSource,
    ) -> Result<TokenSource, TokensError> {
        self.check(login)?;
        let name = self.issuer(realm);
        let places = self.place_set()?;
        let login = LoginSource { is_login_session: self.is_login_sessions, ..login };
        let confers = self.confers.unwrap_or_else(Rights::everything).to_confers();
        let has_prefix = matches!(self.form, Some(Form::Prefix(_)));
        if self.is_unchecked && !has_prefix {
            return Err(TokensError::UncheckedWithoutPrefix);
        }
        if places.bare && !has_prefix {
            return Err(TokensError::BareWithoutPrefix);
        }
        let recognition = match self.form {
            None => return Err(TokensError::NoForm),
            Some(Form::Opaque) => Recognition::Opaque,
            Some(Form::Prefix(prefix)) => {
                Recognition::Prefix { prefix: prefix.map_err(TokensError::Prefix)?, is_unchecked: self.is_unchecked }
            }
            Some(Form::Fixed(secret, rights)) => fixed(secret.expose_secret(), rights, &confers)?,
        };
        let issuer = |scheme| {
            Arc::new(Issuer {
                issuer: Arc::clone(&name),
                scheme,
                confers: confers.clone(),
                lists: Vec::new(),
                has_claims: false,
                tenancy: crate::identity::tenant::IssuerTenancy { grants_in_tenants: true, ..Default::default() },
                all_scopes: false,
                login,
                roles: roles.clone(),
            })
        };
        Ok(TokenSource {
            name: self.name.clone(),
            recognition,
            places,
            store: self.store,
            api_keys: self.api_keys,
            cache: self.cache,
            lookups: self.lookups,
            is_for_accounts: self.is_for_accounts,
            is_login_sessions: self.is_login_sessions,
            default_ceiling: self.default_ceiling,
            in_header: issuer(SchemeId::ApiKey),
            in_authorization: issuer(SchemeId::OWN_TOKEN),
        })
    }
}

/// Returns how a fixed token is recognized, with its rights.
fn fixed(secret: &str, rights: Rights, confers: &Confers) -> Result<Recognition, TokensError> {
    let secret = secret.as_bytes();
    if secret.len() < Tokens::MIN_FIXED_LENGTH {
        return Err(TokensError::FixedTooShort);
    }
    if !has_token_syntax(secret) {
        return Err(TokensError::FixedSyntax);
    }
    if has_jwt_form(secret) {
        return Err(TokensError::FixedIsJwt);
    }
    let description = rights.to_confers().to_string();
    let granted = GrantedRights::unbound(rights, confers);
    Ok(Recognition::Fixed { digest: TokenDigest::sha256(secret), granted, description })
}

/// Redacts the secret.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("name", &self.name).finish_non_exhaustive()
    }
}

impl From<PlaceError> for TokensError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Location => Self::Place,
            PlaceError::Header(header) => Self::Header(header),
        }
    }
}
