//! Checks about objects. They are functions of the types of the object and the action, which only extractors name.

use actix_web::HttpRequest;
use auth_core::engine::layers::Layers as _;
use auth_core::policy::atom::{Check, ObjectAction};
use auth_core::policy::rule::Rule;
use auth_core::runtime::future::LocalBoxFuture;

use super::{CheckOutcome, DecisionSite};
use crate::principal::Principal;

/// A question about an object.
pub(crate) struct ObjectQuestion {
    /// The caller. `None` for an anonymous one.
    pub(crate) caller: Option<Principal>,
    /// Whether limited credentials count without the name that the action requires.
    pub(crate) any_token: bool,
    /// The rule of the handler.
    pub(crate) rule: &'static Rule,
}

/// The function that loads an object and asks its policy about an action.
#[derive(Clone, Copy)]
pub(crate) struct AskObject(pub(crate) for<'a> fn(&'a HttpRequest, ObjectQuestion) -> LocalBoxFuture<'a, CheckOutcome>);

/// Runs a check about an object.
pub(super) async fn ask_object(
    request: &HttpRequest,
    (check, object): (&Check, &ObjectAction),
    caller: Option<Principal>,
    rule: &'static Rule,
) -> CheckOutcome {
    match object.ask.downcast_ref() {
        Some(AskObject(ask)) => ask(request, ObjectQuestion { caller, any_token: check.any_token, rule }).await,
        None => CheckOutcome::NotAsked,
    }
}

/// Returns whether the rules of the handler and of the scopes that share its `Auth` name a tenant.
pub(crate) fn names_tenant(request: &HttpRequest, rule: &'static Rule) -> bool {
    let last = DecisionSite::of(request).and_then(|place| place.iter(rule).last());
    last.is_some_and(|(_, rules)| !rules.dimensions().is_empty())
}
