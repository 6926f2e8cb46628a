//! Checks about objects. They are functions of the types of the object and the action, which only extractors name.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use auth_core::engine::layers::Layers as _;
use auth_core::policy::atom::{Check, KeyLocation, ObjectAction};
use auth_core::policy::rule::Rule;
use auth_core::runtime::future::LocalBoxFuture;

use super::{CheckOutcome, DecisionSite};
use crate::principal::Principal;

/// A question about an object.
pub(crate) struct ObjectQuestion<'a> {
    /// The location of the key.
    pub(crate) key: KeyLocation,
    /// The body, if it may contain the key.
    pub(crate) payload: &'a mut Payload,
    /// The caller. `None` for an anonymous one.
    pub(crate) caller: Option<Principal>,
    /// Whether limited credentials count without the name that the action requires.
    pub(crate) any_token: bool,
    /// The rule of the handler.
    pub(crate) rule: &'static Rule,
}

/// The function that loads an object and asks its policy about an action.
#[derive(Clone, Copy)]
pub(crate) struct AskObject(
    pub(crate) for<'a> fn(&'a HttpRequest, ObjectQuestion<'a>) -> LocalBoxFuture<'a, CheckOutcome>,
);

/// Runs a check about an object.
pub(super) async fn ask_object(
    request: &HttpRequest,
    payload: &mut Payload,
    (check, object): (&Check, &ObjectAction),
    caller: Option<Principal>,
    rule: &'static Rule,
) -> CheckOutcome {
    match object.ask.downcast_ref() {
        Some(AskObject(ask)) => {
            let (key, any_token) = (object.key(), check.any_token);
            ask(request, ObjectQuestion { key, payload, caller, any_token, rule }).await
        }
        None => CheckOutcome::NotAsked,
    }
}

/// Returns whether the rules of the handler and of all scopes around it can admit an anonymous caller.
pub(crate) fn admits_anonymous(request: &HttpRequest, rule: &'static Rule) -> bool {
    DecisionSite::of(request).is_some_and(|place| place.iter(rule).all(|(_, rules)| rules.admit_strangers()))
}

/// Returns whether the rules of the handler and of the scopes that share its `Auth` name a tenant.
pub(crate) fn names_tenant(request: &HttpRequest, rule: &'static Rule) -> bool {
    let last = DecisionSite::of(request).and_then(|place| place.iter(rule).last());
    last.is_some_and(|(_, rules)| !rules.dimensions().is_empty())
}
