//! Roles that no credential contains, as lists of names: the simple form of [`RightsProvider`].

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::rights::{ProvidedRights, RightsProvider, RightsUnavailable};
use crate::identity::id::Id;
use crate::identity::rights::Rights;
use crate::identity::tenant::Tenant;
use crate::runtime::future::BoxFuture;

/// The store of roles is unavailable. The request is answered with 503, since neither the presence nor the absence of a role is
/// known.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of roles is unavailable")]
pub struct RolesUnavailable;

crate::debug_as_display!(RolesUnavailable);

/// A store of roles. Implemented for closures `Fn(Id, Option<String>)` that return a future.
///
/// ```
/// use auth_actix::{BoxFuture, Id};
/// use auth_actix::identity::{RoleProvider, RolesUnavailable};
/// struct Staff;
/// impl RoleProvider for Staff {
///     fn roles<'a>(&'a self, caller: &'a Id, tenant: Option<&'a str>) -> BoxFuture<'a, Result<Vec<String>, RolesUnavailable>> {
///         Box::pin(async move {
///             let alice = Id::user("https://id.example", "alice");
///             Ok(if *caller == alice && tenant == Some("acme") { vec!["admin".to_owned()] } else { Vec::new() })
///         })
///     }
/// }
/// ```
pub trait RoleProvider: Send + Sync + 'static {
    /// Returns all roles of the caller: those within `tenant` if a rule contains `in`, otherwise those that apply outside of tenants.
    /// `tenant` is the value of the only dimension. A rule that names two dimensions requires a
    /// [`RightsProvider`].
    ///
    /// The timeout is 5 s. After a timeout or a panic, the roles are unknown. Requests that depend on them are answered with 503.
    fn roles<'a>(
        &'a self,
        caller: &'a Id,
        tenant: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, RolesUnavailable>>;
}

impl<F, R> RoleProvider for F
where
    F: Fn(Id, Option<String>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Vec<String>, RolesUnavailable>> + Send + 'static,
{
    fn roles<'a>(
        &'a self,
        caller: &'a Id,
        tenant: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, RolesUnavailable>> {
        Box::pin(self(caller.clone(), tenant.map(str::to_owned)))
    }
}

/// A provider of roles that no credential contains, with an optional cache. Cheap to clone. Clones share the cache.
///
/// ```
/// use std::time::Duration;
/// use auth_actix::Id;
/// use auth_actix::identity::ProvidedRoles;
/// let roles = ProvidedRoles::new(|_caller: Id, _tenant: Option<String>| async { Ok(vec!["viewer".to_owned()]) });
/// let roles = roles.cache(Duration::from_secs(30));
/// // After the roles of a user have changed. The next request of the user asks the store again.
/// roles.invalidate(&Id::user("https://id.example", "alice"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct ProvidedRoles(ProvidedRights);

/// Adapts a provider of roles.
struct RolesOf<S>(S);

impl<S: RoleProvider> RightsProvider for RolesOf<S> {
    async fn rights(&self, caller: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        let tenant = match tenant {
            None => None,
            // Two dimensions have no value that stands for both. Start-up rejects such rules.
            Some(tenant) => match tenant.single() {
                Some(value) => Some(value),
                None => return Ok(Rights::new()),
            },
        };
        let roles = self.0.roles(caller, tenant).await.map_err(|RolesUnavailable| RightsUnavailable)?;
        Ok(Rights::new().roles(roles))
    }

    fn cache_ttl(&self) -> Duration {
        Duration::ZERO
    }
}

impl ProvidedRoles {
    /// Creates a provider from a store. The store is asked at most once per request and tenant, only if a rule is undecided without
    /// roles.
    pub fn new(source: impl RoleProvider) -> Self {
        Self(ProvidedRights::of_roles(RolesOf(source)))
    }

    /// Caches answers for this duration, in this process. A removed role remains in effect until then, unless it is
    /// [invalidated](Self::invalidate). Empty answers are not cached. Disabled by default.
    pub fn cache(self, ttl: Duration) -> Self {
        Self(self.0.with_ttl(ttl))
    }

    /// Removes the cached answers about a principal, in all tenants. Affects only this process: other instances keep their answers
    /// until these expire.
    pub fn invalidate(&self, id: &Id) {
        self.0.invalidate(id);
    }

    /// Removes all cached answers.
    pub fn invalidate_all(&self) {
        self.0.invalidate_all();
    }
}

impl From<ProvidedRoles> for ProvidedRights {
    fn from(roles: ProvidedRoles) -> Self {
        roles.0
    }
}

impl<S: RoleProvider> From<S> for ProvidedRoles {
    fn from(source: S) -> Self {
        Self::new(source)
    }
}

impl fmt::Debug for ProvidedRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProvidedRoles").field(&self.0).finish()
    }
}
