//! The parts of token sources that issue and revoke tokens.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::format::TokenPrefix;
use super::source::{Recognition, TokenSource};
use crate::identity::id::Id;
use crate::identity::rights::Rights;
use crate::store::tokens::{Owner, RandomUnavailable, TokenAdmin, TokenDigest};

/// The token sources of an application, for handlers that issue and revoke tokens.
pub struct TokenAdministration(Arc<[TokenSource]>);

/// The settings of the token endpoints.
pub struct TokenEndpoints {
    /// The path of the scope that contains them.
    pub path: String,
    /// The name of the source.
    pub source: String,
}

/// A token source whose tokens are issued and revoked.
#[derive(Clone, Copy)]
pub struct ManagedTokens<'a>(&'a TokenSource);

impl TokenAdministration {
    pub(super) fn new(sources: Arc<[TokenSource]>) -> Self {
        Self(sources)
    }

    /// Returns the source with this name.
    pub fn source(&self, name: &str) -> Option<ManagedTokens<'_>> {
        self.0.iter().find(|source| source.name == name).map(ManagedTokens)
    }
}

impl<'a> ManagedTokens<'a> {
    /// Returns the name.
    pub fn name(self) -> &'a str {
        &self.0.name
    }

    /// Returns whether the owners of tokens are accounts. Otherwise they are clients.
    pub fn is_for_accounts(self) -> bool {
        self.0.is_for_accounts
    }

    /// Returns whether the tokens are login sessions.
    pub fn is_login_sessions(self) -> bool {
        self.0.is_login_sessions
    }

    /// Returns the ceiling of records that have none.
    pub fn default_ceiling(self) -> &'a Rights {
        &self.0.default_ceiling
    }

    /// Removes all cached tokens, after a change.
    pub fn clear_cache(self) {
        self.0.lookups.clear();
    }

    /// Returns the operations that change tokens. `None` for a fixed token, and for a store that only finds tokens.
    pub fn admin(self) -> Option<&'a dyn TokenAdmin> {
        self.0.store.as_ref()?.admin()
    }

    /// Returns the identity of callers with tokens of an owner.
    pub fn identity(self, owner: &Owner) -> Id {
        self.0.identity(owner)
    }

    /// Generates a token, and returns it with its digest. `None` for a source without a store.
    ///
    /// # Errors
    /// The operating system provides no random numbers.
    pub fn generate(self) -> Result<Option<(SecretString, TokenDigest)>, RandomUnavailable> {
        let Some(store) = &self.0.store else { return Ok(None) };
        let token = match &self.0.recognition {
            Recognition::Prefix { prefix, .. } => prefix.generate()?,
            Recognition::Opaque | Recognition::Fixed { .. } => TokenPrefix::generate_opaque()?,
        };
        let digest = store.digest(token.expose_secret().as_bytes());
        Ok(Some((token, digest)))
    }
}
