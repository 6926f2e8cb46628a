//! The decision on an action on objects: load them, compare their tenants, ask their policy. It depends on no request.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use auth_core::denial::{Denial, Reason, RetryAfter};
use auth_core::engine::GivenRights;
use auth_core::identity::tenant::Tenant;
use auth_core::identity::vocabulary::{Name, NameKind};
use auth_core::runtime::timeout::with_timeout;

use super::action::Action;
use super::resource::{LoadContext, Policy, PolicyContext, PolicyUnavailable, Resource, Tenancy};
use crate::auth::Auth;
use crate::principal::Principal;

/// The decision on one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectVerdict {
    Allowed,
    /// The object does not exist for the caller, or its policy does not allow the action.
    Refused,
    /// The credential of the caller does not count for the action (RIGHTS-8).
    Uncounted,
    /// The objects belong to more tenants than the rights provider is asked about.
    TooManyTenants,
}

/// Maximum number of tenants of the objects of one decision about which the rights provider is asked (OBJ-10).
const MAX_TENANTS: usize = 16;

/// The facts with which objects or a list are decided on.
#[derive(Clone)]
pub(crate) struct ObjectFacts {
    pub(crate) auth: Auth,
    /// The caller. `None` for an anonymous one, and for a login without an account.
    pub(crate) caller: Option<Principal>,
    /// The tenant that was decided on.
    pub(crate) tenant: Option<Tenant>,
    /// Whether limited credentials count without the name that an action requires.
    pub(crate) any_token: bool,
    /// The answers of a test in place of those of the rights provider.
    pub(crate) given: Option<GivenRights>,
}

impl ObjectFacts {
    /// Returns these facts for an anonymous caller.
    pub(crate) fn anonymous(&self) -> Self {
        Self { caller: None, ..self.clone() }
    }

    pub(crate) fn is_limited(&self) -> bool {
        !self.any_token && self.caller.as_ref().is_some_and(|caller| caller.is_limited())
    }

    /// Asks for the rights of the caller in a tenant, or outside of tenants, and in the tenant that was decided on.
    async fn ask_rights(&mut self, tenant: Option<&Tenant>) -> Result<(), Denial> {
        let of_rule = self.tenant.clone().filter(|of_rule| Some(of_rule) != tenant).map(Some);
        for tenant in [tenant.cloned()].into_iter().chain(of_rule) {
            let Some(caller) = &self.caller else { return Ok(()) };
            if self.auth.engine().knows_rights_in(caller, tenant.as_ref()) {
                continue;
            }
            let known = (**caller).clone();
            let asked = self.auth.engine().with_rights_in(known, tenant, self.given.as_ref()).await?;
            self.caller = Some(asked.into());
        }
        Ok(())
    }

    /// Returns whether the credential of the caller counts for an action in a tenant whose rights are known.
    fn counts_in<A: Action>(&self, tenant: Option<&Tenant>) -> bool {
        let caller = self.caller.as_ref().filter(|_| self.is_limited());
        caller.is_none_or(|caller| required::<A>().is_some_and(|name| caller.has_required(name, tenant)))
    }

    /// Asks for the rights of the caller in the tenant of an object. Returns whether the credential counts for the action.
    async fn counts<A: Action>(&mut self, tenant: Option<&Tenant>) -> Result<bool, Denial> {
        self.ask_rights(tenant).await?;
        Ok(self.counts_in::<A>(tenant))
    }

    /// Returns whether the credential of the caller counts for the action, if the tenant of the objects is known before they are loaded.
    /// A credential that does not count causes no load.
    pub(crate) async fn counts_unloaded<R: Resource, A: Action>(&mut self) -> Result<Option<bool>, Denial> {
        match expected_tenant::<R>(self.tenant.as_ref()) {
            Some(tenant) => self.counts::<A>(tenant.as_ref()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns the tenant in which the credential of the caller must count for a list: the one that was decided on, or the only one that
    /// the credential is bound to. `None` if each object may belong to another tenant.
    fn list_tenant<R: Resource>(&self) -> Option<Option<Tenant>> {
        expected_tenant::<R>(self.tenant.as_ref()).or_else(|| {
            let bound = self.caller.as_ref()?.tenant()?;
            in_order(bound, R::TENANT.dimensions()).map(Some)
        })
    }

    /// Asks for the rights of the caller that a list depends on (RIGHTS-12).
    pub(crate) async fn ask_list_rights<R: Resource>(&mut self) -> Result<(), Denial> {
        self.ask_rights(self.list_tenant::<R>().flatten().as_ref()).await
    }

    /// Asks for the rights of the caller outside of tenants, in the tenant that was decided on, and in the one that the credential is
    /// bound to. A failure is reported by what depends on the answer.
    pub(crate) async fn ask_rights_of_lists(&mut self) {
        let bound = self.caller.as_ref().and_then(|caller| caller.tenant()).cloned();
        // An answer that is not obtained stays unknown.
        if self.ask_rights(None).await.is_ok() && bound.is_some() {
            let _ = self.ask_rights(bound.as_ref()).await;
        }
    }

    /// Returns whether the rights that a list depends on are known.
    pub(crate) fn knows_list_rights<R: Resource>(&self) -> bool {
        let tenants = [self.list_tenant::<R>().flatten(), self.tenant.clone()];
        let of_rule = tenants.iter().skip(1).filter(|tenant| tenant.is_some());
        let mut needed = tenants.iter().take(1).chain(of_rule);
        self.caller
            .as_ref()
            .is_none_or(|caller| needed.all(|tenant| self.auth.engine().knows_rights_in(caller, tenant.as_ref())))
    }

    /// Returns whether the credential of the caller counts for a list whose rights are known.
    pub(crate) fn counts_for_list<R: Resource, A: Action>(&self) -> bool {
        match self.list_tenant::<R>() {
            Some(tenant) => self.counts_in::<A>(tenant.as_ref()),
            // Each object may belong to another tenant, so that only a scope counts for all of them.
            None => {
                let is_of_all = !self.is_limited() || is_scope::<A>() || R::TENANT.dimensions().is_empty();
                self.counts_in::<A>(None) && is_of_all
            }
        }
    }

    /// Loads the objects with these keys that exist for the caller, in any order. `failed` converts an error of the loader.
    pub(crate) async fn load<R: Resource, E: From<Denial>>(
        &self,
        keys: &[R::Key],
        failed: impl Fn(R::Error) -> E,
    ) -> Result<Vec<Arc<R>>, E> {
        let deps = self.auth.engine().resource_deps().get::<R::Deps>().cloned().ok_or_else(|| {
            denied(
                Reason::SetUp,
                "the value with which an object is loaded is not registered: call `.resource_deps(…)`",
            )
        })?;
        let cx = LoadContext { caller: self.caller.as_ref(), tenant: self.tenant.as_ref() };
        let found = with_timeout(async { R::load(keys, &cx, &deps).await.map_err(&failed) }).await;
        let found = found
            .ok_or_else(|| denied(Reason::CheckFailed, "the loader of an object panicked, or took too long"))??;
        let mut left = Keys::of(keys.iter().cloned());
        if !found.iter().all(|object| left.remove(&object.key())) {
            let cause = "a loader returned an object that it was not asked for, or one object twice";
            return Err(denied(Reason::CheckFailed, cause).into());
        }
        let exists = |object: &R| exists(object, self.tenant.as_ref(), self.caller.as_ref());
        Ok(found.into_iter().filter(exists).map(Arc::new).collect())
    }

    /// Returns the decision on an object that does not exist for the caller. It causes as many loads as for an object of a tenant in which
    /// the credential does not count.
    pub(crate) fn of_missing<R: Policy<A>, A: Action>(&self, counts: Option<bool>) -> ObjectVerdict {
        let may_be_uncounted = counts.is_none() && self.is_limited() && <R as Policy<A>>::ADMITS_ANONYMOUS;
        if may_be_uncounted { ObjectVerdict::Uncounted } else { ObjectVerdict::Refused }
    }

    /// Decides on an action on objects that exist for the caller. `counts` is whether their credential counts, if that is known.
    pub(crate) async fn judge<R: Policy<A>, A: Action>(
        &mut self,
        objects: &[Arc<R>],
        counts: Option<bool>,
    ) -> Result<Vec<ObjectVerdict>, Denial> {
        let mut verdicts = Vec::with_capacity(objects.len());
        // The verdict in each tenant.
        let mut tenants: Vec<(Option<Tenant>, ObjectVerdict)> = Vec::new();
        for object in objects {
            let tenant = own_tenant(&**object);
            let verdict = match (counts, tenants.iter().find(|(known, _)| *known == tenant)) {
                (Some(counts), _) => of_counts(counts),
                (None, Some((_, verdict))) => *verdict,
                (None, None) => {
                    let is_full = tenants.len() >= MAX_TENANTS && self.auth.engine().rights_provider().is_some();
                    let verdict = match is_full && self.caller.is_some() {
                        true => ObjectVerdict::TooManyTenants,
                        false => of_counts(self.counts::<A>(tenant.as_ref()).await?),
                    };
                    tenants.push((tenant, verdict));
                    verdict
                }
            };
            verdicts.push(verdict);
        }
        let counted = objects.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == ObjectVerdict::Allowed);
        let counted: Vec<&R> = counted.map(|(object, _)| &**object).collect();
        if counted.is_empty() {
            return Ok(verdicts);
        }
        let allowed = self.ask_policy::<R, A>(&counted).await?;
        for (object, verdict) in objects.iter().zip(&mut verdicts) {
            if *verdict == ObjectVerdict::Allowed && !allowed.contains(&object.key()) {
                *verdict = ObjectVerdict::Refused;
            }
        }
        Ok(verdicts)
    }

    /// Returns the keys of the objects on which the policy allows the action.
    async fn ask_policy<R: Policy<A>, A: Action>(&self, objects: &[&R]) -> Result<HashSet<R::Key>, Denial> {
        let cx = PolicyContext { caller: self.caller.as_ref(), tenant: self.tenant.as_ref() };
        let allowed = with_timeout(async { <R as Policy<A>>::allowed(objects, &cx).await }).await;
        let allowed = match allowed {
            Some(Ok(allowed)) => allowed,
            Some(Err(PolicyUnavailable)) => {
                let reason = Reason::AuthorizationUnavailable(RetryAfter::seconds(5));
                return Err(denied(reason, "the policy of an object is unavailable"));
            }
            None => return Err(denied(Reason::CheckFailed, "the policy of an object panicked, or took too long")),
        };
        let mut asked = Keys::of(objects.iter().map(|object| object.key()));
        if !allowed.iter().all(|key| asked.remove(key)) {
            return Err(denied(Reason::CheckFailed, "a policy answered about an object that it was not asked about"));
        }
        Ok(allowed)
    }
}

/// The keys that were asked about. A single key, as in most requests, takes no allocation.
enum Keys<K> {
    One(Option<K>),
    Many(HashSet<K>),
}

impl<K: Eq + Hash> Keys<K> {
    fn of(mut keys: impl ExactSizeIterator<Item = K>) -> Self {
        if keys.len() > 1 { Self::Many(keys.collect()) } else { Self::One(keys.next()) }
    }

    /// Removes a key. Returns `false` if it was not asked about, or was removed before.
    fn remove(&mut self, key: &K) -> bool {
        match self {
            Self::One(one) => one.take_if(|one| one == key).is_some(),
            Self::Many(keys) => keys.remove(key),
        }
    }
}

const fn of_counts(counts: bool) -> ObjectVerdict {
    if counts { ObjectVerdict::Allowed } else { ObjectVerdict::Uncounted }
}

pub(crate) fn denied(reason: Reason, cause: &'static str) -> Denial {
    Denial { cause: Some(cause), ..Denial::new(reason) }
}

/// Returns whether the object belongs to the tenant that was decided on, and to none that contradicts the credential (TENANT-8).
pub(crate) fn exists<R: Resource>(object: &R, decided: Option<&Tenant>, caller: Option<&Principal>) -> bool {
    let own = own_tenant(object);
    let is_in = |name, value| own.as_ref().is_some_and(|own| own.get(name) == Some(value));
    let is_of_rule = matches!(R::TENANT, Tenancy::Shared(_))
        || decided.into_iter().flat_map(Tenant::dimensions).all(|(name, value)| is_in(name, value));
    // A dimension that the object lacks may be the one in which it differs.
    let lacks = |name: &str| own.as_ref().is_none_or(|own| own.get(name).is_none());
    let is_visible = caller.is_none_or(|caller| {
        own.as_ref().is_none_or(|own| caller.may_see_tenant(own))
            && !R::TENANT.dimensions().iter().any(|name| caller.is_bound_in(name) && lacks(name))
    });
    is_of_rule && is_visible
}

/// Returns the name that a limited credential needs.
pub(crate) const fn required<A: Action>() -> Option<Name> {
    match A::REQUIRES {
        Some(required) => Some(required.name(A::DECLARED_IN)),
        None => None,
    }
}

/// Returns whether limited credentials need a scope, which counts in each tenant.
pub(crate) fn is_scope<A: Action>() -> bool {
    required::<A>().is_some_and(|name| name.vocabulary.kind == NameKind::Scope)
}

/// Returns the tenant of the object, with the dimensions in the order of the resource.
fn own_tenant<R: Resource>(object: &R) -> Option<Tenant> {
    let tenant = object.tenant()?;
    in_order(&tenant, R::TENANT.dimensions()).or(Some(tenant))
}

/// Returns the tenant of each object that can exist under a rule with this tenant. `None` if it is unknown before the object is loaded.
fn expected_tenant<R: Resource>(of_rule: Option<&Tenant>) -> Option<Option<Tenant>> {
    match R::TENANT {
        Tenancy::Of(dimensions) => in_order(of_rule?, dimensions).map(Some),
        Tenancy::None => Some(None),
        // An object that all tenants share may still name its own.
        Tenancy::Shared(_) => None,
    }
}

/// Returns a tenant with exactly these dimensions. `None` if one is missing.
fn in_order(tenant: &Tenant, dimensions: &'static [&'static str]) -> Option<Tenant> {
    let mut dimensions = dimensions.iter();
    let first = dimensions.next()?;
    let start = Tenant::of(first, tenant.get(first)?);
    dimensions.try_fold(start, |all, name| Some(all.and(name, tenant.get(name)?)))
}
