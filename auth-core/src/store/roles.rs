//! Roles that no credential carries: the application's own store is asked, where a rule is still open without them.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::identity::id::Id;
use crate::identity::principal::RoleLookup;
use crate::runtime::future::BoxFuture;
use crate::runtime::single_flight::SingleFlightCache;
use crate::runtime::timeout;

/// A store of roles is out of reach. Answered with 503: neither "has them" nor "has none".
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of roles is out of reach")]
pub struct RolesUnavailable;

crate::debug_as_display!(RolesUnavailable);

/// A store of roles. A closure `Fn(Id, Option<String>)` that returns a future is one too.
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
    /// All roles of the caller: within a tenant where a rule says `in`, else those that count everywhere. Where that takes more
    /// than 5 s, or panics, nobody knows, and what the answer would decide is 503.
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

/// Where roles come from that no credential carries, and for how long an answer is kept. Cheap to clone: what one clone
/// forgets, all do.
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

/// Answers that are kept, at most.
const MOST: usize = 100_000;

/// The answer for a tenant with a longer name is not kept.
const LONGEST_TENANT: usize = 128;

impl ProvidedRoles {
    /// Asks this store: once a request and tenant, and only where a rule is still open without.
    pub fn new(source: impl RoleProvider) -> Self {
        Self { source: Arc::new(source), ttl: Duration::ZERO, cache: Arc::new(SingleFlightCache::new(MOST)) }
    }

    /// Keeps an answer for so long, in this process. A role that was taken away counts until then, unless
    /// [`invalidate`](Self::invalidate) says so. Not at all unless set.
    pub fn cache(self, lasts: Duration) -> Self {
        Self { ttl: lasts, ..self }
    }

    /// Forgets what was answered about somebody, in all tenants. In this process: other instances keep theirs as long as they
    /// may.
    pub fn invalidate(&self, id: &Id) {
        self.cache.invalidate(|(other, _)| other == id);
    }

    /// Forgets all answers.
    pub fn invalidate_all(&self) {
        self.cache.invalidate(|_| true);
    }

    /// The answer of before, or else that of the store.
    pub async fn look_up(&self, id: &Id, tenant: Option<&str>) -> RoleLookup {
        let ask = async {
            let found = timeout::with_timeout(async { self.source.roles(id, tenant).await }).await;
            let roles: Arc<[String]> = found.ok_or(RolesUnavailable)??.into();
            Ok::<_, RolesUnavailable>((roles, self.ttl))
        };
        // What anybody may write into a path takes no room.
        let is_long = tenant.is_some_and(|tenant| tenant.len() > LONGEST_TENANT);
        let answer = if self.ttl.is_zero() || is_long {
            ask.await.map(|(roles, _)| roles)
        } else {
            self.cache.get_or_fetch(&(id.clone(), tenant.map(Box::from)), || RolesUnavailable, ask).await
        };
        match answer {
            Ok(roles) => RoleLookup::Roles(roles),
            Err(RolesUnavailable) => {
                tracing::error!(target: "auth_core", "the store of roles is out of reach");
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
