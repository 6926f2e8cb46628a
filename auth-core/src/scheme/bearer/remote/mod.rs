//! Data that is fetched from an issuer at run time: its keys, and introspection responses.

mod introspection;
mod jwks;

use std::sync::Arc;

pub(super) use self::introspection::Introspector;
pub use self::introspection::{Introspection, IntrospectionError};
pub use self::jwks::FetchError;
pub(super) use self::jwks::{Fetch, JwksCache, JwksLocation};
use super::JwtError;
use super::key::Algorithm;
use crate::oidc::discovery::Reach;

/// The settings of fetched data.
#[derive(Clone, Default)]
pub(super) struct RemoteSettings {
    pub(super) fetch: Option<Fetch>,
    pub(super) introspection: Option<Introspection>,
    /// An error: a setting of fetched keys, although no keys are fetched.
    pub(super) misplaced: Option<FetchError>,
}

impl RemoteSettings {
    /// Returns whether the provider's metadata contain the location of its keys.
    pub(super) fn is_discovered(&self) -> bool {
        matches!(&self.fetch, Some(fetch) if matches!(fetch.place, JwksLocation::Discovered))
    }

    /// Returns whether the issuer is asked about opaque tokens.
    pub(super) fn has_introspection(&self) -> bool {
        self.introspection.is_some()
    }

    /// Returns whether tokens can be verified with fetched data.
    pub(super) fn is_fetched(&self) -> bool {
        self.fetch.is_some() || self.introspection.is_some()
    }

    /// Checks that settings of fetched keys are only made for fetched keys.
    pub(super) fn check(&self) -> Result<(), JwtError> {
        self.misplaced.clone().map_or(Ok(()), |error| Err(JwtError::Fetch(error)))
    }

    /// Checks that at most one of two issuers uses introspection, because opaque tokens do not name their issuer.
    pub(super) fn check_beside(&self, other: &Self) -> Result<(), JwtError> {
        match (&self.introspection, &other.introspection) {
            (Some(_), Some(_)) => Err(JwtError::Introspection(IntrospectionError::Twice)),
            _ => Ok(()),
        }
    }

    /// Returns the settings of connections to the provider.
    pub(super) fn reach(&self) -> Reach {
        self.fetch.as_ref().map(|fetch| fetch.reach.clone()).unwrap_or_default()
    }

    pub(super) fn prepare(self, issuer: &str, rsa_algorithm: Option<Algorithm>) -> Result<Remote, JwtError> {
        let reach = self.reach();
        let keys = self.fetch.map(|fetch| JwksCache::new(issuer, fetch, rsa_algorithm)).transpose();
        let keys = keys.map_err(JwtError::Fetch)?;
        let introspector = self.introspection.map(|settings| Introspector::new(settings, keys.as_ref(), &reach));
        Ok(Remote { introspector: introspector.transpose().map_err(JwtError::Introspection)?, keys })
    }
}

/// The fetched data of one issuer.
pub(super) struct Remote {
    keys: Option<Arc<JwksCache>>,
    introspector: Option<Introspector>,
}

impl Remote {
    pub(super) fn keys(&self) -> Option<&Arc<JwksCache>> {
        self.keys.as_ref()
    }

    pub(super) fn introspector(&self) -> Option<&Introspector> {
        self.introspector.as_ref()
    }
}
