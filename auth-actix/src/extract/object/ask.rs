//! The decision on an action on an object: load it, compare its tenant, ask its policy.

use std::any::TypeId;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest as _, HttpMessage as _, HttpRequest};
use auth_core::client::{Head, RequestHead as _, object_key};
use auth_core::denial::{Denial, Reason, RetryAfter};
use auth_core::engine::CallerOutcome;
use auth_core::identity::tenant::Tenant;
use auth_core::identity::vocabulary::{Name, NameKind};
use auth_core::policy::atom::KeyLocation;
use auth_core::runtime::future::LocalBoxFuture;
use auth_core::runtime::timeout::with_timeout;

use super::action::Action;
use super::resource::{LoadContext, ObjectVisibility, Policy, PolicyContext, PolicyUnavailable, Resource, Tenancy};
use crate::adapter::{self, Actix};
use crate::auth::Auth;
use crate::extract::caller;
use crate::guard::{self, CheckOutcome, ObjectQuestion};
use crate::principal::Principal;

/// The decision on one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectVerdict {
    Allowed,
    /// The object does not exist for the caller, or its policy does not allow the action.
    Refused,
    /// The credential of the caller does not count for the action (RIGHTS-8).
    Uncounted,
}

/// The reason why no decision was made.
pub(crate) enum Undecidable {
    Denied(Box<Denial>),
    /// The loader failed.
    Failed(Error),
}

impl From<Denial> for Undecidable {
    fn from(denial: Denial) -> Self {
        Self::Denied(Box::new(denial))
    }
}

fn denied(reason: Reason, cause: &'static str) -> Undecidable {
    Denial { cause: Some(cause), ..Denial::new(reason) }.into()
}

/// The objects of one type that a request has loaded.
struct LoadedObjects<R>(Vec<LoadedObject<R>>);

/// The location of a key, and the caller for whom the object was loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ObjectOf {
    key: KeyLocation,
    /// Whether it was loaded for a caller. One that was loaded for a caller may contain data about them, and is not used for an
    /// anonymous one.
    for_caller: bool,
}

/// The object that a request has loaded, and the decisions on it.
struct LoadedObject<R> {
    of: ObjectOf,
    object: Option<Arc<R>>,
    /// The decisions, by the type of the action.
    verdicts: Vec<(TypeId, ObjectVerdict)>,
}

/// Returns the object that the rule has loaded and whose policy has allowed the action.
pub(super) fn allowed_object<R: Resource, A: Action>(request: &HttpRequest) -> Option<Arc<R>> {
    let extensions = request.extensions();
    let LoadedObjects(objects) = extensions.get::<LoadedObjects<R>>()?;
    let allowed = (TypeId::of::<A>(), ObjectVerdict::Allowed);
    objects.iter().find(|loaded| loaded.verdicts.contains(&allowed))?.object.clone()
}

/// Runs a check about an object.
pub(super) fn ask<'a, R: Policy<A>, A: Action>(
    request: &'a HttpRequest,
    question: ObjectQuestion<'a>,
) -> LocalBoxFuture<'a, CheckOutcome> {
    Box::pin(async move {
        match verdict::<R, A>(request, question).await {
            Ok(ObjectVerdict::Allowed) => CheckOutcome::Held(true),
            Ok(ObjectVerdict::Refused) => CheckOutcome::Held(false),
            Ok(ObjectVerdict::Uncounted) => CheckOutcome::Uncounted,
            Err(Undecidable::Failed(error)) => CheckOutcome::Failed(error),
            Err(Undecidable::Denied(denial)) => CheckOutcome::Denied(denial),
        }
    })
}

/// The facts about an argument that the attribute of the handler cannot see, such as one behind a type parameter.
pub(crate) struct UnseenArgument<'a> {
    request: &'a HttpRequest,
    caller: Option<Principal>,
    pub(crate) rule: &'static auth_core::policy::rule::Rule,
}

impl<'a> UnseenArgument<'a> {
    /// Extracts the caller, who may be anonymous if the policy admits that. `without_rule` is the rule in logs for a handler without one.
    pub(crate) async fn of(
        request: &'a HttpRequest,
        admits_anonymous: bool,
        without_rule: &'static auth_core::policy::rule::Rule,
    ) -> Result<Self, Error> {
        let caller = match caller::decided(request) {
            Some(CallerOutcome::Nobody) if admits_anonymous => None,
            _ => Some(Principal::from_request(request, &mut Payload::None).await?),
        };
        Ok(Self { request, caller, rule: guard::rule_of(request).unwrap_or(without_rule) })
    }

    /// Returns the question about the object, whose key is located in the path.
    pub(crate) fn question<'p, R: Resource>(&self, payload: &'p mut Payload) -> ObjectQuestion<'p> {
        let (key, any_token) = (KeyLocation::Path(R::PATH), self.rule.any_token.is_some());
        ObjectQuestion { key, payload, caller: self.caller.clone(), any_token, rule: self.rule }
    }

    /// Returns the error that carries the response to a denial about the argument.
    pub(crate) fn refuse(&self, denial: Denial) -> Error {
        guard::refuse(self.request, self.rule, guard::after_object(self.request, denial), Payload::None)
    }

    /// Returns the error of an argument about which no decision was made.
    pub(crate) fn undecidable(&self, cause: Undecidable) -> Error {
        match cause {
            Undecidable::Denied(denial) => self.refuse(*denial),
            Undecidable::Failed(error) => {
                guard::failed(self.request, self.rule, &error, guard::Failure::OfCheck, Payload::None)
            }
        }
    }
}

/// Decides on an action on the object of a request, unless that was done.
pub(super) async fn verdict<R: Policy<A>, A: Action>(
    request: &HttpRequest,
    question: ObjectQuestion<'_>,
) -> Result<ObjectVerdict, Undecidable> {
    let ObjectQuestion { key, payload, caller, any_token, rule } = question;
    // Objects are decided for a login without an account as for an anonymous caller.
    let caller = caller.filter(|caller| !caller.lacks_account());
    if caller.is_none() && !<R as Policy<A>>::ADMITS_ANONYMOUS {
        return Ok(ObjectVerdict::Refused);
    }
    let (of, action) = (ObjectOf { key, for_caller: caller.is_some() }, TypeId::of::<A>());
    if let Some(known) = loaded::<R, _>(request, of, |loaded| known_verdict(loaded, action)).flatten() {
        return Ok(known);
    }
    let asking = Asking::new::<R>(request, ObjectQuestion { key, payload, caller, any_token, rule })?;
    let found = asking.decide::<R, A>().await?;
    if found != ObjectVerdict::Allowed && hides::<R>(request, of) {
        adapter::update(request, |state| state.notes_mut().hides_object = true);
    }
    loaded::<R, _>(request, of, |loaded| loaded.verdicts.push((action, found)));
    Ok(found)
}

/// Returns whether a denial about the object must look as if the object did not exist.
fn hides<R: Resource>(request: &HttpRequest, of: ObjectOf) -> bool {
    let is_there = loaded::<R, _>(request, of, |loaded| loaded.object.is_some()).unwrap_or_default();
    !is_there || R::EXISTENCE == ObjectVisibility::Hidden
}

fn known_verdict<R>(loaded: &mut LoadedObject<R>, action: TypeId) -> Option<ObjectVerdict> {
    loaded.verdicts.iter().find(|(known, _)| *known == action).map(|(_, verdict)| *verdict)
}

/// Applies a function to what was loaded for this kind of caller.
fn loaded<R: Resource, T>(
    request: &HttpRequest,
    of: ObjectOf,
    apply: impl FnOnce(&mut LoadedObject<R>) -> T,
) -> Option<T> {
    let mut extensions = request.extensions_mut();
    let LoadedObjects(objects) = extensions.get_mut::<LoadedObjects<R>>()?;
    objects.iter_mut().find(|loaded| loaded.of == of).map(apply)
}

/// The facts with which an object or a list is decided on.
pub(crate) struct Asking<'a> {
    request: &'a HttpRequest,
    payload: &'a mut Payload,
    key: KeyLocation,
    auth: Auth,
    pub(crate) caller: Option<Principal>,
    /// The tenant that was decided on.
    pub(crate) tenant: Option<Tenant>,
    any_token: bool,
    rule: &'static auth_core::policy::rule::Rule,
}

impl<'a> Asking<'a> {
    /// Returns the facts about objects of this type.
    pub(crate) fn new<R: Resource>(
        request: &'a HttpRequest,
        question: ObjectQuestion<'a>,
    ) -> Result<Self, Undecidable> {
        let ObjectQuestion { key, payload, caller, any_token, rule } = question;
        let auth = guard::auth_of(request).cloned().ok_or_else(|| denied(Reason::SetUp, "no `Auth` decides here"))?;
        let tenant = auth.engine().decided_tenant(request);
        if tenant.is_none() && R::TENANT != Tenancy::None && guard::names_tenant(request, rule) {
            let cause =
                "the rule names a tenant, and the attribute cannot see the argument `Authorized<…>` or `ListFilter<…>`";
            return Err(denied(Reason::SetUp, cause));
        }
        // Objects are decided for a login without an account as for an anonymous caller.
        let caller = caller.filter(|caller| !caller.lacks_account());
        Ok(Self { request, payload, key, auth, caller, tenant, any_token, rule })
    }

    /// Returns whether the credential of the caller counts for a list, after it has asked for the rights of the caller (RIGHTS-12). The
    /// tenant of the objects is the one that was decided on, or the only one that the credential is bound to.
    pub(crate) async fn counts_for_list<R: Resource, A: Action>(&mut self) -> Result<bool, Undecidable> {
        if self.caller.is_none() {
            return Ok(true);
        }
        if let Some(tenant) = expected_tenant::<R>(self.tenant.as_ref()) {
            return self.counts::<A>(tenant).await;
        }
        let bound = self.caller.as_ref().and_then(|caller| caller.tenant()).cloned();
        match bound.and_then(|bound| in_order(&bound, R::TENANT.dimensions())) {
            Some(tenant) => self.counts::<A>(Some(tenant)).await,
            // Each object may belong to another tenant, so that only a scope counts for all of them.
            None => {
                let counts = self.counts::<A>(None).await?;
                Ok(counts && (!self.is_limited() || is_scope::<A>() || R::TENANT.dimensions().is_empty()))
            }
        }
    }

    async fn decide<R: Policy<A>, A: Action>(mut self) -> Result<ObjectVerdict, Undecidable> {
        // If the tenant of the object is known, a credential that does not count causes no load.
        let expected = expected_tenant::<R>(self.tenant.as_ref());
        let is_known = expected.is_some();
        if let Some(tenant) = expected
            && !self.counts::<A>(tenant).await?
        {
            return Ok(ObjectVerdict::Uncounted);
        }
        let Some(object) = self.load::<R>().await? else {
            // As many loads as for an object of a tenant in which the credential does not count.
            let may_be_uncounted = !is_known && self.is_limited() && <R as Policy<A>>::ADMITS_ANONYMOUS;
            return Ok(if may_be_uncounted { ObjectVerdict::Uncounted } else { ObjectVerdict::Refused });
        };
        if !is_known && !self.counts::<A>(own_tenant(&*object)).await? {
            return Ok(ObjectVerdict::Uncounted);
        }
        let cx = PolicyContext { caller: self.caller.as_ref(), tenant: self.tenant.as_ref() };
        let objects = [&*object];
        let allowed = with_timeout(async { <R as Policy<A>>::allowed(&objects, &cx).await }).await;
        let allowed = match allowed {
            Some(Ok(allowed)) => allowed,
            Some(Err(PolicyUnavailable)) => {
                let reason = Reason::AuthorizationUnavailable(RetryAfter::seconds(5));
                return Err(denied(reason, "the policy of an object is unavailable"));
            }
            None => return Err(denied(Reason::CheckFailed, "the policy of an object panicked, or took too long")),
        };
        let key = object.key();
        if allowed.iter().any(|other| *other != key) {
            return Err(denied(Reason::CheckFailed, "a policy answered about an object that it was not asked about"));
        }
        Ok(if allowed.is_empty() { ObjectVerdict::Refused } else { ObjectVerdict::Allowed })
    }

    pub(crate) fn is_limited(&self) -> bool {
        !self.any_token && self.caller.as_ref().is_some_and(|caller| caller.is_limited())
    }

    /// Asks for the rights of the caller in the tenant of the object, and in that of the rule. Returns whether the credential counts for
    /// the action.
    async fn counts<A: Action>(&mut self, tenant: Option<Tenant>) -> Result<bool, Undecidable> {
        let is_limited = self.is_limited();
        let Some(caller) = self.caller.take() else { return Ok(true) };
        let mut known = (*caller).clone();
        let of_rule = self.tenant.clone().filter(|of_rule| Some(of_rule) != tenant.as_ref()).map(Some);
        for tenant in [tenant.clone()].into_iter().chain(of_rule) {
            known = self.auth.engine().with_rights_in(self.request, known, tenant, self.rule).await?;
        }
        let counts = !is_limited || required::<A>().is_some_and(|name| known.has_required(name, tenant.as_ref()));
        self.caller = Some(known.into());
        Ok(counts)
    }

    /// Returns the object, if it exists for the caller.
    async fn load<R: Resource>(&mut self) -> Result<Option<Arc<R>>, Undecidable> {
        let of = ObjectOf { key: self.key, for_caller: self.caller.is_some() };
        if let Some(object) = loaded::<R, _>(self.request, of, |loaded| loaded.object.clone()) {
            return Ok(object);
        }
        let object = self.find::<R>().await?;
        let object = object.filter(|object| exists(object, self.tenant.as_ref(), self.caller.as_ref())).map(Arc::new);
        let loaded = LoadedObject { of, object: object.clone(), verdicts: Vec::new() };
        let mut extensions = self.request.extensions_mut();
        let LoadedObjects(objects) = extensions.get_or_insert_with(|| LoadedObjects(Vec::with_capacity(1)));
        // What was loaded for a caller is not used for an anonymous one, or vice versa.
        objects.retain(|known: &LoadedObject<R>| known.of.key != of.key);
        objects.push(loaded);
        Ok(object)
    }

    /// Returns the text of the key.
    async fn key(&mut self) -> Result<String, Undecidable> {
        let key = match self.key {
            KeyLocation::Path(name) => {
                let cause = "the route pattern does not contain the path parameter of the object exactly once";
                return Actix::path_parameter(self.request, name).ok_or_else(|| denied(Reason::SetUp, cause));
            }
            KeyLocation::Query(name) => object_key::in_query(self.request.query_string(), name),
            KeyLocation::Header(name) => object_key::in_header(&Head::<Actix>(self.request), name),
            KeyLocation::Json(pointer) => {
                let body = guard::read_body(self.request, self.payload, self.caller.as_ref()).await?;
                object_key::in_json(&body, pointer)
            }
        };
        key.map_err(|error| Denial::from(error).into())
    }

    async fn find<R: Resource>(&mut self) -> Result<Option<R>, Undecidable> {
        let Ok(key) = self.key().await?.parse::<R::Key>() else { return Ok(None) };
        let deps = self.auth.engine().resource_deps().get::<R::Deps>().cloned().ok_or_else(|| {
            denied(
                Reason::SetUp,
                "the value with which an object is loaded is not registered: call `.resource_deps(…)`",
            )
        })?;
        let cx = LoadContext { caller: self.caller.as_ref(), tenant: self.tenant.as_ref() };
        let keys = [key];
        let found = with_timeout(async { R::load(&keys, &cx, &deps).await }).await;
        let found =
            found.ok_or_else(|| denied(Reason::CheckFailed, "the loader of an object panicked, or took too long"))?;
        let mut found = found.map_err(|error| Undecidable::Failed(error.into()))?;
        let object = found.pop();
        let is_asked_for = |object: &R| keys.contains(&object.key());
        if !found.is_empty() || !object.as_ref().is_none_or(is_asked_for) {
            return Err(denied(Reason::CheckFailed, "a loader returned an object that it was not asked for"));
        }
        Ok(object)
    }
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
