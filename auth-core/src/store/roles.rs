//! Roles that no credential contains. They are looked up in a store of the application, only if a rule is undecided without them.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::identity::id::Id;
use crate::identity::principal::RoleLookup;
use crate::runtime::future::BoxFuture;
use crate::runtime::single_flight::SingleFlightCache;
use crate::runtime::timeout;

/// The store of roles is unavailable. The request is answered with 503, since neither the presence nor the absence of a role is
/// known.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of roles is unavailable")]
pub struct RolesUnavailable;

crate::debug_as_display!(RolesUnavailable);

/// A store of roles. Implemented for closures `Fn(Id, Option<String>)` that return a future.
///
/// ```
/// use auth_core::Id;
/// use auth_core::runtime::future::BoxFuture;
/// use auth_core::store::roles::{RoleProvider, RolesUnavailable};
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
    /// Returns all roles of the caller: those within `tenant` if a rule contains `in`, otherwise those that apply everywhere.
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
/// use auth_core::Id;
/// use auth_core::store::roles::ProvidedRoles;
/// let roles = ProvidedRoles::new(|_caller: Id, _tenant: Option<String>| async { Ok(vec!["viewer".to_owned()]) });
/// let roles = roles.cache(Duration::from_secs(30));
/// // Whoever changes the roles of somebody says so, and the next request asks.
/// roles.invalidate(&Id::user("https://id.example", "alice"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct ProvidedRoles {
    source: Arc<dyn RoleProvider>,
    ttl: Duration,
    cache: Arc<SingleFlightCache<RoleCacheKey, Arc<[String]>>>,
}

type RoleCacheKey = (Id, Option<Box<str>>);

/// Maximum number of cached answers.
const MOST: usize = 100_000;

/// Maximum length of a tenant name in bytes. The answer for a longer name is not cached.
const LONGEST_TENANT: usize = 128;

impl ProvidedRoles {
    /// Creates a provider from a store. The store is asked at most once per request and tenant, only if a rule is undecided without
    /// roles.
    pub fn new(source: impl RoleProvider) -> Self {
        Self { source: Arc::new(source), ttl: Duration::ZERO, cache: Arc::new(SingleFlightCache::new(MOST)) }
    }

    /// Caches answers for this duration, in this process. A removed role remains in effect until then, unless it is
    /// [invalidated](Self::invalidate). Disabled by default.
    pub fn cache(self, lasts: Duration) -> Self {
        Self { ttl: lasts, ..self }
    }

    /// Removes the cached answers about a principal, in all tenants. Affects only this process: other instances keep their answers
    /// until these expire.
    pub fn invalidate(&self, id: &Id) {
        self.cache.invalidate(|(other, _)| other == id);
    }

    /// Removes all cached answers.
    pub fn invalidate_all(&self) {
        self.cache.invalidate(|_| true);
    }

    /// Returns the cached roles, or asks the store.
    pub async fn look_up(&self, id: &Id, tenant: Option<&str>) -> RoleLookup {
        let ask = async {
            let found = timeout::with_timeout(async { self.source.roles(id, tenant).await }).await;
            let roles: Arc<[String]> = found.ok_or(RolesUnavailable)??.into();
            Ok::<_, RolesUnavailable>((roles, self.ttl))
        };
        // A tenant name from the path is chosen by the client, so a long one must not occupy the cache.
        let is_long = tenant.is_some_and(|tenant| tenant.len() > LONGEST_TENANT);
        let answer = if self.ttl.is_zero() || is_long {
            ask.await.map(|(roles, _)| roles)
        } else {
            self.cache.get_or_fetch(&(id.clone(), tenant.map(Box::from)), || RolesUnavailable, ask).await
        };
        match answer {
            Ok(roles) => RoleLookup::Roles(roles),
            Err(RolesUnavailable) => {
                tracing::error!(target: "auth_core", "the store of roles is unavailable");
                RoleLookup::OutOfReach
            }
        }
    }
}

impl<S: RoleProvider> From<S> for ProvidedRoles {
    fn from(source: S) -> Self {
        Self::new(source)
    }
}

impl fmt::Debug for ProvidedRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedRoles").field("lasts", &self.ttl).finish_non_exhaustive()
    }
}
