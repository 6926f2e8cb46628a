//! API keys: long random secrets in a dedicated header, for programs.
//!
//! # Why
//! A key has 256 random bits, so it cannot be guessed or listed in a precomputed table. A SHA-256 hash is sufficient, and a slow
//! password hash is unnecessary. The public part in front of the secret identifies the key, so the store is never queried by the
//! secret.

mod file;
mod key;
mod verifier;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use self::file::{ApiKeysFile, ApiKeysFileError};
pub use self::key::{ApiKey, ApiKeyError, NewApiKey};
pub use self::verifier::ApiKeyVerifier;
use crate::client::RequestHead;
use crate::identity::issuer::{Confers, Form, Issuer, ListClaim, LoginSetting, LoginSource, RoleTypes};
use crate::identity::scheme_id::{SchemeId, is_token};
use crate::identity::vocabulary::NameKind;
use crate::runtime::clock::Timestamp;
use crate::runtime::future::BoxFuture;
use crate::scheme::OwnIssuer;
use crate::scheme::build_error::{BuildError, Mistakes};
use crate::scheme::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext};

/// The key store is unavailable. The request is answered with 503.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of API keys is unavailable")]
pub struct ApiKeyStoreUnavailable;

crate::debug_as_display!(ApiKeyStoreUnavailable);

/// A store of API keys.
pub trait ApiKeyStore: Send + Sync + 'static {
    /// Returns the key with this id. The store never receives the secret.
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<ApiKey>, ApiKeyStoreUnavailable>>;

    /// Records that a key was used. Called after the key was verified. Does nothing by default.
    fn used(&self, _id: &str, _at: Timestamp) {}

    /// Returns the roles of all keys, if they are known without I/O. Start-up logs a warning for each one that no type declares.
    /// Empty by default.
    fn roles(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Like [`roles`](Self::roles), for scopes.
    fn scopes(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }
}

/// Settings of API keys.
#[derive(Clone)]
#[must_use]
pub struct ApiKeyScheme {
    keys: Arc<dyn ApiKeyStore>,
    header: String,
    confers: Option<Confers>,
    login: LoginSetting,
}

impl<K: ApiKeyStore> From<K> for ApiKeyScheme {
    fn from(keys: K) -> Self {
        Self::new(keys)
    }
}

impl ApiKeyScheme {
    /// Creates settings for keys in the header `X-Api-Key`.
    pub fn new(keys: impl ApiKeyStore) -> Self {
        Self { keys: Arc::new(keys), header: "x-api-key".to_owned(), confers: None, login: LoginSetting::Unset }
    }

    /// Sets the name of the header. `X-Api-Key` by default.
    pub fn header(self, name: &str) -> Self {
        Self { header: name.to_ascii_lowercase(), ..self }
    }

    /// Sets the names that these keys may confer. Everything by default if this is the only issuer. Required if there are several.
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// States that these credentials are logins of accounts. See [`AuthBuilder::accounts`]. Required, or
    /// [`keeps_own_identity`](Self::keeps_own_identity), if there are several issuers and accounts. A single issuer logs in by
    /// default.
    ///
    /// [`AuthBuilder::accounts`]: https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html#method.accounts
    pub fn logs_in(self) -> Self {
        Self { login: LoginSetting::LogsIn, ..self }
    }

    /// States that these credentials are not logins: their callers keep their own identity and have no account.
    pub fn keeps_own_identity(self) -> Self {
        Self { login: LoginSetting::OwnIdentity, ..self }
    }

    pub(crate) fn has_explicit_confers(&self) -> bool {
        self.confers.is_some()
    }

    pub(crate) fn header_name(&self) -> &str {
        &self.header
    }

    /// Creates the verifier for a realm. `roles` are the role types of the application.
    pub(crate) fn prepare(self, realm: &str, roles: &RoleTypes, login: LoginSource) -> ApiKeyVerifier {
        let list = |kind, name: &str| ListClaim::new(kind, Form::Array, vec![name.to_owned()]);
        let source = Issuer {
            issuer: OwnIssuer::ApiKeys.name(realm),
            scheme: SchemeId::ApiKey,
            confers: self.confers.unwrap_or_else(Confers::everything),
            lists: vec![list(NameKind::Role, "roles"), list(NameKind::Scope, "scopes")],
            has_claims: false,
            tenancy: Default::default(),
            all_scopes: false,
            login,
            roles: roles.clone(),
        };
        ApiKeyVerifier { keys: self.keys, header: self.header, source: Arc::new(source) }
    }
}

impl std::fmt::Debug for ApiKeyScheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyScheme").field("header", &self.header).finish_non_exhaustive()
    }
}

impl<H: RequestHead> SchemeSettings<H> for ApiKeyScheme {
    fn order(&self) -> u8 {
        1
    }

    fn issuers(&self) -> Vec<IssuerSettings> {
        let declares_confers = self.has_explicit_confers();
        vec![IssuerSettings { method: "api_keys", declares_confers, login: self.login }]
    }

    fn check(&self, _: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        if !is_token(self.header_name()) {
            mistakes.add(BuildError::ApiKeyHeader(self.header_name().to_owned()));
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, _: &mut Mistakes) {
        let login = assembly.login_source(self.login);
        let keys = (*self).prepare(assembly.realm, assembly.roles, login);
        assembly.schemes.push(Arc::new(keys));
    }
}

#[cfg(test)]
mod tests;
