//! Enforcement: the decision on a request, and the error that carries the response to a denial. No handler with a rule runs without
//! it.

mod binding;
mod body;
mod guarded;
mod reevaluate;
mod objects;
mod slots;
mod two_phase;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{Error, HttpRequest, HttpResponse};
use auth_core::denial::{Denial, Reason};
use auth_core::engine::RequestState;
use auth_core::engine::layers::{self, LayerDenial, Layers as _};
use auth_core::policy::rule::Rule;

pub(crate) use self::binding::Binding;
use self::binding::DecisionSite;
use self::binding::OwnedPlace;
pub(crate) use self::binding::PASS;
pub(crate) use self::body::read_body;
pub use self::guarded::{Guard, Guarded};
pub(crate) use self::objects::{AskObject, ObjectQuestion, admits_anonymous, names_tenant};
pub(crate) use self::reevaluate::still_holds;
pub use self::slots::fill;
pub use self::two_phase::{CheckOutcome, CheckedFuture, Fails, Phases, Verdict, answer, checked};
pub(crate) use self::two_phase::{Failure, Undecided, failed};
use crate::adapter;
use crate::auth::Auth;
use crate::respond::{self, Refusal};

/// Returns the `Auth` of the innermost scope, or that of the application's `app_data`.
pub(crate) fn auth_of(request: &HttpRequest) -> Option<&Auth> {
    DecisionSite::of(request).map(DecisionSite::auth)
}

/// Returns the rule that decided last for that `Auth`.
pub(crate) fn rule_of(request: &HttpRequest) -> Option<&'static Rule> {
    let auth = auth_of(request)?;
    adapter::read(request, |state| state.rule(auth.engine().id()))
}

/// A decision, or the pending rest of one.
pub(crate) enum LayerOutcome {
    Allowed,
    Refused(LayerDenial),
    Pending(PendingDecision),
}

impl LayerOutcome {
    /// Waits for the decision.
    pub(crate) async fn settled(self) -> Result<(), LayerDenial> {
        match self {
            Self::Allowed => Ok(()),
            Self::Refused(denied) => Err(denied),
            Self::Pending(decision) => decision.await.map_err(Into::into),
        }
    }
}

/// The rest of a decision that has to wait.
pub(crate) type PendingDecision = Pin<Box<dyn Future<Output = Result<(), Undecided>>>>;

const NO_AUTH: &str = "no `Auth` found: put the handler in `auth.scope(…)`, or call `App::app_data(auth.clone())`; `web::Data` is not searched";

fn no_auth() -> LayerDenial {
    Denial { cause: Some(NO_AUTH), ..Denial::new(Reason::SetUp) }.into()
}

/// Decides on a request for a handler with this rule, immediately if nothing has to be awaited.
pub(crate) fn enforce(request: &HttpRequest, handler: &'static Rule) -> LayerOutcome {
    enforce_at(DecisionSite::of(request), request, handler)
}

/// Like [`enforce`], for a site that is already known.
fn enforce_at(place: Option<DecisionSite<'_>>, request: &HttpRequest, handler: &'static Rule) -> LayerOutcome {
    let Some(place) = place else { return LayerOutcome::Refused(no_auth()) };
    match layers::enforce(place, request, handler) {
        layers::Enforcement::Granted => LayerOutcome::Allowed,
        layers::Enforcement::Denied(denied) => LayerOutcome::Refused(denied),
        layers::Enforcement::Pending(wait) => {
            let request = request.clone();
            LayerOutcome::Pending(Box::pin(async move {
                let place = DecisionSite::of(&request).ok_or_else(no_auth)?;
                match layers::finish(place, &request, handler, wait).await? {
                    true => Ok(()),
                    false => two_phase::decide_on_objects(&request, &mut Payload::None, handler).await,
                }
            }))
        }
        layers::Enforcement::RunCheck => {
            let request = request.clone();
            LayerOutcome::Pending(Box::pin(async move {
                two_phase::decide_on_objects(&request, &mut Payload::None, handler).await
            }))
        }
    }
}

/// Decides on a request for a service in front of which the rule is enforced. The rule is kept with the request, because a
/// [`Lease`](crate::lease::Lease) that the service takes depends on it as well.
pub(crate) async fn enforce_in_front(request: &HttpRequest, rule: &'static Rule) -> Result<(), LayerDenial> {
    enforce(request, rule).settled().await?;
    if let Some(place) = OwnedPlace::of(request) {
        reevaluate::admitted_by(request, place, rule);
    }
    Ok(())
}

/// Returns the error that carries the response to a denial. The reason is logged when the response is sent, and not if an
/// `Option<Principal>` turns the error into `None`.
pub(crate) fn refuse(
    request: &HttpRequest,
    handler: &'static Rule,
    denied: impl Into<LayerDenial>,
    payload: Payload,
) -> Error {
    refuse_at(DecisionSite::of(request), request, handler, denied.into(), payload)
}

/// Like [`refuse`], for a site that is already known.
fn refuse_at(
    place: Option<DecisionSite<'_>>,
    request: &HttpRequest,
    handler: &'static Rule,
    denied: LayerDenial,
    payload: Payload,
) -> Error {
    refuse_with(place, (request, handler), denied, payload, |ours| ours)
}

/// Returns a denial after an object was asked about, which may have to look as if the object did not exist.
pub(crate) fn after_object(request: &HttpRequest, denied: impl Into<LayerDenial>) -> LayerDenial {
    let hides_object = adapter::read(request, |state| Some(state.notes()?.hides_object)).unwrap_or_default();
    LayerDenial { hides_object, ..denied.into() }
}

/// Like [`refuse`], with a function that may replace the response, unless the handler is hidden.
fn refuse_with(
    place: Option<DecisionSite<'_>>,
    (request, handler): (&HttpRequest, &'static Rule),
    denied: LayerDenial,
    payload: Payload,
    answer: impl FnOnce(HttpResponse) -> HttpResponse,
) -> Error {
    let LayerDenial { mut denial, layer, hides_object } = denied;
    let by_layer = || place?.auth_of(layer?.into());
    let by = by_layer().or_else(|| place.map(DecisionSite::auth));
    // If a check of the rule fails, the denial still contains the known caller.
    if let Some(auth) = by
        && matches!(denial.reason, Reason::CheckFailed)
        && let Some(Ok(caller)) = auth.engine().caller(request)
    {
        denial.caller = Some(caller.id());
        denial.scheme = Some(caller.scheme());
    }
    let is_of_object = || {
        matches!(
            denial.reason,
            Reason::InsufficientPermissions | Reason::InsufficientScope(_) | Reason::MissingCredentials
        )
    };
    let hides = hides_object && is_of_object() || place.is_some_and(|place| place.not_found(handler));
    if hides {
        // The response to an unknown path contains none of this.
        adapter::update(request, RequestState::take_hints);
    }
    let response = match by {
        Some(auth) if hides => auth.responses().not_found(request),
        Some(auth) => answer(auth.responses().response(&denial, request)),
        None => answer(respond::plain(&denial)),
    };
    // The audit event contains the status of the response.
    let status = response.status().as_u16();
    let event = by.and_then(|auth| {
        let event = auth.engine().event_of_denial(request, handler, &denial, status)?;
        let auth = auth.clone();
        Some(Box::new(move || auth.engine().record(&event)) as Box<dyn Fn()>)
    });
    let of_client = !hides && response.status().is_client_error();
    let is_fault = denial.reason.is_of_server() && !(of_client && matches!(denial.reason, Reason::CheckFailed));
    Refusal::new(denial, is_fault, handler, request.method().clone(), response, payload, event).into()
}

/// Returns the denial of a handler whose arguments have hidden the refusal of a credential. To the attributes, the types of such
/// arguments are unknown: aliases, generic parameters, and extractors of the application that extract the caller.
fn refuse_hidden(request: &HttpRequest, rule: &'static Rule, payload: &mut Payload) -> Result<(), Error> {
    match adapter::read(request, |state| state.notes()?.hidden_refusal.clone()) {
        Some(denial) => Err(refuse(request, rule, *denial, payload.take())),
        None => Ok(()),
    }
}

/// Returns the error of a future that is polled after completion.
pub(crate) fn refuse_twice() -> Error {
    let denial = Denial::new(Reason::SetUp);
    let response = respond::plain(&denial);
    Refusal::new(denial, true, &PASS, actix_web::http::Method::GET, response, Payload::None, None).into()
}
