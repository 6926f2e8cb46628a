//! Rights that no credential contains. They are looked up in a store of the application, only if a rule is undecided without them.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::identity::id::Id;
use crate::identity::principal::{DefaultTenant, RightsLookup};
use crate::identity::rights::Rights;
use crate::identity::tenant::Tenant;
use crate::runtime::clock::{self, Moment};
use crate::runtime::future::BoxFuture;
use crate::runtime::timeout;

/// The store of rights is unavailable. The request is answered with 503, since neither the presence nor the absence of a right is
/// known.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of rights is unavailable")]
pub struct RightsUnavailable;

crate::debug_as_display!(RightsUnavailable);

/// Provides roles and permissions that the application stores, such as memberships in organizations.
///
/// The provider is asked only if a rule is undecided without its answer, at most once per request and tenant. Each call has a
/// timeout of 5 s. After an error, a timeout or a panic, requests that depend on the answer get 503. Scopes in an answer are
/// ignored, because they limit what a client may do for its user.
///
/// ```
/// use auth_actix::Id;
/// use auth_actix::identity::{Rights, RightsProvider, RightsUnavailable, Tenant};
/// struct Memberships;
/// impl RightsProvider for Memberships {
///     async fn rights(&self, caller: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
///         // SELECT role FROM memberships WHERE person = caller AND organization = tenant.get("org")
///         let alice = Id::user("https://id.example", "alice");
///         let is_admin = *caller == alice && tenant == Some(&Tenant::of("org", "acme"));
///         Ok(Rights::new().roles(is_admin.then_some("admin")))
///     }
///
///     async fn default_tenant(&self, caller: &Id) -> Result<Option<Tenant>, RightsUnavailable> {
///         // The only organization that the caller belongs to, if there is one.
///         let _ = caller;
///         Ok(None)
///     }
/// }
/// ```
pub trait RightsProvider: Send + Sync + 'static {
    /// Returns all rights of the caller: those within `tenant` if a rule names one, otherwise those that apply outside of tenants. An
    /// answer that is [silent](Rights::new) about a kind leaves it unknown.
    ///
    /// # Errors
    /// The rights are unknown.
    fn rights(
        &self,
        caller: &Id,
        tenant: Option<&Tenant>,
    ) -> impl Future<Output = Result<Rights, RightsUnavailable>> + Send;

    /// Returns the tenant for a request that names none, such as the only organization of the caller. Asked after authentication, and
    /// only if a tenant could change the decision. Default: none, so that the request gets 400 `tenant-required`.
    ///
    /// # Errors
    /// The tenant is unknown.
    fn default_tenant(&self, caller: &Id) -> impl Future<Output = Result<Option<Tenant>, RightsUnavailable>> + Send {
        let _ = caller;
        async { Ok(None) }
    }

    /// Returns how long answers are cached in this process. A removed right remains in effect until then, unless it is
    /// [invalidated](ProvidedRights::invalidate). Default: 10 s. Zero disables the cache.
    fn cache_ttl(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// [`RightsProvider`] as a trait object.
pub(crate) trait DynRightsProvider: Send + Sync {
    fn rights<'a>(
        &'a self,
        caller: &'a Id,
        tenant: Option<&'a Tenant>,
    ) -> BoxFuture<'a, Result<Rights, RightsUnavailable>>;
    fn default_tenant<'a>(&'a self, caller: &'a Id) -> BoxFuture<'a, Result<Option<Tenant>, RightsUnavailable>>;
}

impl<P: RightsProvider> DynRightsProvider for P {
    fn rights<'a>(
        &'a self,
        caller: &'a Id,
        tenant: Option<&'a Tenant>,
    ) -> BoxFuture<'a, Result<Rights, RightsUnavailable>> {
        Box::pin(RightsProvider::rights(self, caller, tenant))
    }

    fn default_tenant<'a>(&'a self, caller: &'a Id) -> BoxFuture<'a, Result<Option<Tenant>, RightsUnavailable>> {
        Box::pin(RightsProvider::default_tenant(self, caller))
    }
}

/// A provider of rights, with the cache of its answers. Cheap to clone. Clones share the cache.
///
/// The cache contains at most 100,000 callers and 16 tenants of each. Empty answers are not cached, so that a new member is admitted
/// at once. Concurrent requests about one caller and tenant share one call.
#[derive(Clone)]
#[must_use]
pub struct ProvidedRights {
    provider: Arc<dyn DynRightsProvider>,
    ttl: Duration,
    callers: Arc<Cache<Id, Arc<CallerRights>>>,
    /// Whether the provider is a [`RoleProvider`](super::roles::RoleProvider), which supports only tenants with one dimension.
    is_of_roles: bool,
}

/// Maximum number of callers whose rights are cached.
const MAX_CALLERS: usize = 100_000;

/// Maximum number of tenants whose rights are cached for a caller.
const MAX_TENANTS: usize = 16;

/// Limit on waiting for the answer to another request.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// The cached answers about one caller. Invalidation removes them from the cache. An answer that arrives later is stored in the
/// removed value, which no further request reads.
#[derive(Default)]
struct CallerRights(Mutex<Vec<TenantRights>>);

/// The place of a cached answer with its expiry, locked while the provider is asked.
type AnswerSlot = Arc<tokio::sync::Mutex<Option<(Moment, Arc<Rights>)>>>;

struct TenantRights {
    tenant: Option<Tenant>,
    answer: AnswerSlot,
}

impl CallerRights {
    fn answers(&self) -> MutexGuard<'_, Vec<TenantRights>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the place of an answer that was asked for.
    fn known(answers: &[TenantRights], tenant: Option<&Tenant>) -> Option<AnswerSlot> {
        answers.iter().find(|known| known.tenant.as_ref() == tenant).map(|known| Arc::clone(&known.answer))
    }

    /// Returns the place of the answer for a tenant. `None` if there are too many tenants.
    fn of(&self, tenant: Option<&Tenant>) -> Option<AnswerSlot> {
        let mut answers = self.answers();
        if let Some(known) = Self::known(&answers, tenant) {
            return Some(known);
        }
        // An answer that nobody waits for may be empty or expired.
        let is_used = |known: &TenantRights| match known.answer.try_lock() {
            Ok(answer) => answer.as_ref().is_some_and(|(until, _)| until.after(clock::monotonic()).is_some()),
            Err(_) => true,
        };
        if answers.len() >= MAX_TENANTS {
            answers.retain(is_used);
        }
        if answers.len() >= MAX_TENANTS {
            return None;
        }
        let answer = Arc::default();
        answers.push(TenantRights { tenant: tenant.cloned(), answer: Arc::clone(&answer) });
        Some(answer)
    }
}

impl ProvidedRights {
    /// Wraps a provider.
    pub fn new(provider: impl RightsProvider) -> Self {
        let ttl = provider.cache_ttl();
        let callers = Arc::new(Cache::new(MAX_CALLERS));
        Self { provider: Arc::new(provider), ttl, callers, is_of_roles: false }
    }

    /// Wraps a provider of roles, which supports only tenants with one dimension.
    pub(super) fn of_roles(provider: impl RightsProvider) -> Self {
        Self { is_of_roles: true, ..Self::new(provider) }
    }

    /// Sets how long answers are cached.
    pub(super) fn with_ttl(self, ttl: Duration) -> Self {
        Self { ttl, ..self }
    }

    /// Removes the cached answers about a principal, in all tenants. Affects only this process: other instances keep their answers
    /// until these expire.
    pub fn invalidate(&self, id: &Id) {
        self.callers.remove(id);
    }

    /// Removes all cached answers.
    pub fn invalidate_all(&self) {
        self.callers.clear();
    }

    /// Returns whether the provider can be asked about tenants with several dimensions.
    pub(crate) fn knows_dimensions(&self) -> bool {
        !self.is_of_roles
    }

    /// Returns the cached rights, if they are known without waiting.
    pub(crate) fn known(&self, id: &Id, tenant: Option<&Tenant>) -> Option<RightsLookup> {
        let caller = self.callers.get(id).filter(|_| !self.ttl.is_zero())?;
        let slot = CallerRights::known(&caller.answers(), tenant)?;
        let answer = slot.try_lock().ok()?;
        let (until, rights) = answer.as_ref()?;
        until.after(clock::monotonic()).map(|_| RightsLookup::Answered(Arc::clone(rights)))
    }

    /// Returns the cached rights, or asks the provider.
    pub(crate) async fn look_up(&self, id: &Id, tenant: Option<&Tenant>) -> RightsLookup {
        let answer = match self.cached(id, tenant) {
            None => self.ask(id, tenant).await,
            Some(place) => match tokio::time::timeout(WAIT_TIMEOUT, place.lock()).await {
                Err(_) => Err(RightsUnavailable),
                Ok(mut known) => match known.as_ref().filter(|(until, _)| until.after(clock::monotonic()).is_some()) {
                    Some((_, rights)) => Ok(Arc::clone(rights)),
                    None => {
                        *known = None;
                        let answer = self.ask(id, tenant).await;
                        if let Some(rights) = answer.as_ref().ok().filter(|rights| !rights.is_empty()) {
                            *known = Some((clock::monotonic().plus(self.ttl), Arc::clone(rights)));
                        }
                        answer
                    }
                },
            },
        };
        match answer {
            Ok(rights) => RightsLookup::Answered(rights),
            Err(RightsUnavailable) => {
                tracing::error!(target: "auth_core", "the store of rights is unavailable");
                RightsLookup::OutOfReach
            }
        }
    }

    fn cached(&self, id: &Id, tenant: Option<&Tenant>) -> Option<AnswerSlot> {
        if self.ttl.is_zero() {
            return None;
        }
        let caller = self.callers.get_or_insert_with(id, || Ok::<_, RightsUnavailable>(Arc::default()));
        caller.ok()?.of(tenant)
    }

    async fn ask(&self, id: &Id, tenant: Option<&Tenant>) -> Result<Arc<Rights>, RightsUnavailable> {
        let found = timeout::with_timeout(async { self.provider.rights(id, tenant).await }).await;
        found.ok_or(RightsUnavailable)?.map(Arc::new)
    }

    /// Asks the provider for the tenant of a request that names none.
    pub(crate) async fn default_tenant(&self, id: &Id) -> DefaultTenant {
        match timeout::with_timeout(async { self.provider.default_tenant(id).await }).await {
            Some(Ok(tenant)) => DefaultTenant::Answered(tenant),
            Some(Err(RightsUnavailable)) | None => {
                tracing::error!(target: "auth_core", "the store of rights is unavailable");
                DefaultTenant::OutOfReach
            }
        }
    }
}

impl<P: RightsProvider> From<P> for ProvidedRights {
    fn from(provider: P) -> Self {
        Self::new(provider)
    }
}

impl fmt::Debug for ProvidedRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedRights").field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;

    /// Answers with the role `member`, except to the user `stranger`.
    #[derive(Clone, Default)]
    struct Store {
        calls: Arc<AtomicUsize>,
        is_away: Arc<AtomicBool>,
        ttl: Duration,
    }

    impl RightsProvider for Store {
        async fn rights(&self, caller: &Id, _: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            if self.is_away.load(Ordering::SeqCst) {
                return Err(RightsUnavailable);
            }
            let is_member = *caller != Id::user("iss", "stranger");
            Ok(Rights::new().roles(is_member.then_some("member")))
        }

        fn cache_ttl(&self) -> Duration {
            self.ttl
        }
    }

    fn store(seconds: u64) -> (ProvidedRights, Store) {
        let store = Store { ttl: Duration::from_secs(seconds), ..Store::default() };
        (ProvidedRights::new(store.clone()), store)
    }

    #[tokio::test(start_paused = true)]
    async fn rights_are_cached_per_caller_and_tenant() {
        // RIGHTS-11, ACCT-10
        let (rights, store) = store(10);
        let calls = || store.calls.swap(0, Ordering::SeqCst);
        let (alice, bob) = (Id::user("iss", "alice"), Id::user("iss", "bob"));
        let acme = Tenant::of("org", "acme");
        for _ in 0..2 {
            rights.look_up(&alice, None).await;
            rights.look_up(&alice, Some(&acme)).await;
            rights.look_up(&bob, Some(&acme)).await;
        }
        assert_eq!(calls(), 3);
        rights.invalidate(&alice);
        rights.look_up(&alice, None).await;
        rights.look_up(&bob, Some(&acme)).await;
        assert_eq!(calls(), 1, "the answers about bob are kept");
        rights.invalidate_all();
        rights.look_up(&bob, Some(&acme)).await;
        assert_eq!(calls(), 1);
        // Concurrent requests share one call.
        let carol = Id::user("iss", "carol");
        tokio::join!(rights.look_up(&carol, None), rights.look_up(&carol, None), rights.look_up(&carol, None));
        assert_eq!(calls(), 1);
        // Empty answers and errors are not cached.
        let stranger = Id::user("iss", "stranger");
        rights.look_up(&stranger, None).await;
        rights.look_up(&stranger, None).await;
        assert_eq!(calls(), 2);
        store.is_away.store(true, Ordering::SeqCst);
        let dave = Id::user("iss", "dave");
        assert!(matches!(rights.look_up(&dave, None).await, RightsLookup::OutOfReach));
        store.is_away.store(false, Ordering::SeqCst);
        assert!(matches!(rights.look_up(&dave, None).await, RightsLookup::Answered(_)));
        assert_eq!(calls(), 2);
        // At most 16 tenants are cached for a caller. Further ones are asked about each time.
        let tenants: Vec<_> = (0..17).map(|number| Tenant::of("org", &number.to_string())).collect();
        for tenant in tenants.iter().chain(&tenants) {
            rights.look_up(&dave, Some(tenant)).await;
        }
        assert!((17 + 1..=17 + 2).contains(&calls()), "15 or 16 of the tenants are cached");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_flight_is_not_cached_after_invalidation() {
        // SCALE-6
        let (rights, store) = store(10);
        let alice = Id::user("iss", "alice");
        let invalidate = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            rights.invalidate(&alice);
        };
        tokio::join!(rights.look_up(&alice, None), invalidate);
        rights.look_up(&alice, None).await;
        assert_eq!(store.calls.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_without_cache_is_asked_each_time() {
        let (rights, store) = store(0);
        let alice = Id::user("iss", "alice");
        rights.look_up(&alice, None).await;
        rights.look_up(&alice, None).await;
        assert_eq!(store.calls.load(Ordering::SeqCst), 2);
    }
}
