//! The decision on an action on an object: load it, compare its tenant, ask its policy.

use std::any::TypeId;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest as _, HttpMessage as _, HttpRequest};
use auth_core::client::{Head, RequestHead as _, object_key};
use auth_core::denial::{Denial, Reason};
use auth_core::engine::{Adapter as _, CallerOutcome};
use auth_core::policy::atom::KeyLocation;
use auth_core::policy::rule::Rule;
use auth_core::runtime::future::LocalBoxFuture;

use super::action::Action;
use super::decision::{ObjectFacts, ObjectVerdict, denied};
use super::resource::{ObjectVisibility, Policy, Resource, Tenancy};
use crate::adapter::{self, Actix};
use crate::extract::caller;
use crate::guard::{self, CheckOutcome, ObjectQuestion};
use crate::principal::Principal;

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
            Ok(ObjectVerdict::Refused | ObjectVerdict::TooManyTenants) => CheckOutcome::Held(false),
            Ok(ObjectVerdict::Uncounted) => CheckOutcome::Uncounted,
            Err(Undecidable::Failed(error)) => CheckOutcome::Failed(error),
            Err(Undecidable::Denied(denial)) => CheckOutcome::Denied(denial),
        }
    })
}

/// The facts about an argument that the attribute of the handler cannot see, such as one behind a type parameter.
pub(crate) struct UnseenArgument<'a> {
    request: &'a HttpRequest,
    pub(crate) caller: Option<Principal>,
    pub(crate) rule: &'static Rule,
}

impl<'a> UnseenArgument<'a> {
    /// Extracts the caller, who may be anonymous if the policy admits that. `without_rule` is the rule in logs for a handler without one.
    pub(crate) async fn of(
        request: &'a HttpRequest,
        admits_anonymous: bool,
        without_rule: &'static Rule,
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

    /// Returns the facts with which objects of any type are decided on.
    pub(crate) fn facts(&self) -> Result<ObjectFacts, Denial> {
        facts_of(self.request, self.caller.clone(), self.rule.any_token.is_some(), self.rule, true)
    }

    /// Keeps what the rights provider has answered for the request.
    pub(crate) fn keep_answers(&self, facts: &ObjectFacts) {
        keep_answers(self.request, facts, self.rule);
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
    let facts = facts_of(request, caller, any_token, rule, R::TENANT != Tenancy::None)?;
    let mut asking = Asking { request, payload, key, facts };
    let found = asking.decide::<R, A>().await;
    keep_answers(request, &asking.facts, rule);
    let found = found?;
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

/// Returns the facts with which objects, or a list of them, are decided on in a request. `have_tenants` is whether the objects may belong to
/// tenants.
pub(crate) fn facts_of(
    request: &HttpRequest,
    caller: Option<Principal>,
    any_token: bool,
    rule: &'static Rule,
    have_tenants: bool,
) -> Result<ObjectFacts, Denial> {
    let auth = guard::auth_of(request).cloned().ok_or_else(|| denied(Reason::SetUp, "no `Auth` decides here"))?;
    let tenant = auth.engine().decided_tenant(request);
    if tenant.is_none() && have_tenants && guard::names_tenant(request, rule) {
        let cause =
            "the rule names a tenant, and the attribute cannot see an argument that decides on objects or lists";
        return Err(denied(Reason::SetUp, cause));
    }
    // Objects are decided for a login without an account as for an anonymous caller.
    let caller = caller.filter(|caller| !caller.lacks_account());
    Ok(ObjectFacts { auth, caller, tenant, any_token, given: Actix::rights_override(request) })
}

/// Keeps what the rights provider has answered for the request.
pub(crate) fn keep_answers(request: &HttpRequest, facts: &ObjectFacts, rule: &'static Rule) {
    if let Some(caller) = facts.caller.as_ref().filter(|_| facts.auth.engine().rights_provider().is_some()) {
        facts.auth.engine().keep_answers(request, (**caller).clone(), rule);
    }
}

/// The decision on the object of a request.
struct Asking<'a> {
    request: &'a HttpRequest,
    payload: &'a mut Payload,
    key: KeyLocation,
    facts: ObjectFacts,
}

impl Asking<'_> {
    async fn decide<R: Policy<A>, A: Action>(&mut self) -> Result<ObjectVerdict, Undecidable> {
        let counts = self.facts.counts_unloaded::<R, A>().await?;
        if counts == Some(false) {
            return Ok(ObjectVerdict::Uncounted);
        }
        let Some(object) = self.load::<R>().await? else {
            return Ok(self.facts.of_missing::<R, A>(counts));
        };
        let verdicts = self.facts.judge::<R, A>(&[object], counts).await?;
        Ok(verdicts.first().copied().unwrap_or(ObjectVerdict::Refused))
    }

    /// Returns the object, if it exists for the caller.
    async fn load<R: Resource>(&mut self) -> Result<Option<Arc<R>>, Undecidable> {
        let of = ObjectOf { key: self.key, for_caller: self.facts.caller.is_some() };
        if let Some(object) = loaded::<R, _>(self.request, of, |loaded| loaded.object.clone()) {
            return Ok(object);
        }
        let object = match self.key().await?.parse::<R::Key>() {
            Ok(key) => self.facts.load(&[key], |error| Undecidable::Failed(Into::<Error>::into(error))).await?.pop(),
            Err(_) => None,
        };
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
                let found = Actix::path_parameter(self.request, name);
                return found.ok_or_else(|| denied(Reason::SetUp, cause).into());
            }
            KeyLocation::Query(name) => object_key::in_query(self.request.query_string(), name),
            KeyLocation::Header(name) => object_key::in_header(&Head::<Actix>(self.request), name),
            KeyLocation::Json(pointer) => {
                let body = guard::read_body(self.request, self.payload, self.facts.caller.as_ref()).await?;
                object_key::in_json(&body, pointer)
            }
        };
        key.map_err(|error| Denial::from(error).into())
    }
}
