//! Rules with checks: the arguments that a check names are extracted when it runs, the others after the decision.

use std::future::Future;
use std::pin::{Pin, pin};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::engine::layers::{self, LayerDenial};
use auth_core::policy::facts::Checks;
use auth_core::policy::rule::Rule;
use auth_core::runtime::timeout::catch_panic;
use pin_project_lite::pin_project;

use super::body::{read_body, refuse_body};
use super::objects::ask_object;
use super::slots::Slots;
use super::{DecisionSite, after_object, no_auth, refuse, refuse_hidden};
use crate::principal::Principal;
use crate::{adapter, respond};

/// Two groups of arguments. The second is extracted after the first.
#[derive(Debug)]
pub struct Phases<F, R> {
    /// The group that is extracted first.
    pub first: F,
    /// The group that is extracted last.
    pub rest: R,
}

pin_project! {
    /// The future of [`Phases`].
    #[project = Phase]
    pub enum PhasesFuture<F: FromRequest, R: FromRequest> {
        First { #[pin] first: F::Future, request: HttpRequest, payload: Payload },
        Rest { #[pin] rest: R::Future, first: Option<F> },
    }
}

impl<F: FromRequest, R: FromRequest> FromRequest for Phases<F, R> {
    type Error = Error;
    type Future = PhasesFuture<F, R>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let first = F::from_request(request, payload);
        PhasesFuture::First { first, request: request.clone(), payload: payload.take() }
    }
}

impl<F: FromRequest, R: FromRequest> Future for PhasesFuture<F, R> {
    type Output = Result<Phases<F, R>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Phase::First { first, request, payload } => {
                    let first = std::task::ready!(first.poll(context));
                    let first = first.map_err(|error| respond::keep_body(error.into(), payload))?;
                    PhasesFuture::Rest { rest: R::from_request(request, payload), first: Some(first) }
                }
                Phase::Rest { rest, first } => {
                    let rest = std::task::ready!(rest.poll(context)).map_err(Into::into)?;
                    let first = first.take().ok_or_else(super::refuse_twice)?;
                    return std::task::Poll::Ready(Ok(Phases { first, rest }));
                }
            };
            self.set(next);
        }
    }
}

/// A future of the arguments of a handler whose rule has checks.
pub type CheckedFuture<A> = Pin<Box<dyn Future<Output = Result<A, Error>>>>;

/// The outcome of a check.
#[derive(Debug)]
pub enum CheckOutcome {
    /// The check returned whether it holds.
    Held(bool),
    /// The credential of the caller does not count for the action on the object (RIGHTS-8).
    Uncounted,
    /// The check failed.
    Failed(Error),
    /// The check cannot be evaluated, for this reason.
    Denied(Box<Denial>),
    /// An argument that the check names could not be extracted.
    NotExtracted(Error),
    /// The check panicked.
    Panicked,
    /// No check has this index, or the check names `principal` and the request is anonymous.
    NotAsked,
}

/// The result of a check: a `bool`, or a `Result<bool, E>`.
#[diagnostic::on_unimplemented(
    message = "the value of this check is not a boolean",
    label = "is neither `bool` nor a `Result<bool, _>` whose error the handler could return",
    note = "write an expression of type `bool`, with `.await` where it is asynchronous"
)]
pub trait Verdict<E> {
    /// Returns whether the check holds.
    ///
    /// # Errors
    /// The check failed.
    fn verdict(self) -> Result<bool, E>;
}

impl<E> Verdict<E> for bool {
    fn verdict(self) -> Result<bool, E> {
        Ok(self)
    }
}

impl<E, F: Into<E>> Verdict<E> for Result<bool, F> {
    fn verdict(self) -> Result<bool, E> {
        self.map_err(Into::into)
    }
}

/// The verdict type of a check that never returns.
type NeverType = <fn() -> ! as Returns>::Output;

/// Names the type `!`, which stable Rust has no name for.
pub trait Returns {
    /// The return type of the function.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

#[diagnostic::do_not_recommend]
impl<E> Verdict<E> for NeverType {
    fn verdict(self) -> Result<bool, E> {
        self
    }
}

/// The error type of a handler's return type.
#[diagnostic::on_unimplemented(
    message = "types named `…Result` are treated as `Result`, and `{Self}` is not one",
    label = "the error of a check is returned by the handler",
    note = "return a `Result`, or rename the type"
)]
pub trait Fails {
    /// The error type.
    type Error;
}

impl<T, E> Fails for Result<T, E> {
    type Error = E;
}

/// Runs a check, and catches panics.
pub async fn answer<E: Into<Error>>(asked: impl Future<Output = Result<bool, E>>) -> CheckOutcome {
    match catch_panic(pin!(asked)).await {
        Some(Ok(held)) => CheckOutcome::Held(held),
        Some(Err(error)) => CheckOutcome::Failed(error.into()),
        None => CheckOutcome::Panicked,
    }
}

/// Decides on a request for a handler whose rule has checks, and extracts the arguments. Arguments that checks name reach the
/// handler as the checks left them.
pub fn checked<S, R, C>(
    request: &HttpRequest,
    payload: &mut Payload,
    rule: &'static Rule,
    check: C,
) -> Option<CheckedFuture<Phases<S::Arguments, R>>>
where
    S: Slots,
    R: FromRequest + 'static,
    C: AsyncFn(&HttpRequest, &mut Payload, u8, &mut S, Option<&Principal>) -> CheckOutcome + 'static,
{
    let (request, mut payload) = (request.clone(), payload.take());
    Some(Box::pin(async move {
        let slots = match decided(&request, &mut payload, rule, check).await {
            Ok(slots) => slots,
            Err(undecided) => return Err(undecided.refuse(&request, rule, payload)),
        };
        let extracted = async {
            let first = slots.complete(&request, &mut payload).await?;
            let rest = R::from_request(&request, &mut payload).await.map_err(Into::into)?;
            Ok(Phases { first, rest })
        };
        let extracted = extracted.await.map_err(|error| respond::keep_body(error, &mut payload))?;
        refuse_hidden(&request, rule, &mut payload).map(|()| extracted)
    }))
}

/// The result of a decision with checks that is not a grant.
#[derive(Debug)]
pub(crate) enum Undecided {
    /// A rule does not hold.
    Denied(LayerDenial),
    /// A check failed.
    Failed(Error),
    /// An argument that a check names could not be extracted.
    NotExtracted(Error),
}

impl From<LayerDenial> for Undecided {
    fn from(denied: LayerDenial) -> Self {
        Self::Denied(denied)
    }
}

impl From<Undecided> for LayerDenial {
    fn from(undecided: Undecided) -> Self {
        match undecided {
            Undecided::Denied(denied) => denied,
            Undecided::Failed(_) | Undecided::NotExtracted(_) => Denial::new(Reason::CheckFailed).into(),
        }
    }
}

impl Undecided {
    /// Returns the error that carries the response.
    pub(super) fn refuse(self, request: &HttpRequest, rule: &'static Rule, payload: Payload) -> Error {
        adapter::update(request, |state| state.notes_mut().is_denied = true);
        match self {
            Self::Denied(denied) => refuse(request, rule, after_object(request, denied), payload),
            Self::Failed(error) => failed(request, rule, &error, Failure::OfCheck, payload),
            Self::NotExtracted(error) => failed(request, rule, &error, Failure::OfArgument, payload),
        }
    }
}

/// Decides on a request for a handler whose rule has no checks other than those about objects.
pub(super) async fn decide_on_objects(
    request: &HttpRequest,
    payload: &mut Payload,
    rule: &'static Rule,
) -> Result<(), Undecided> {
    let no_check =
        async |_: &HttpRequest, _: &mut Payload, _: u8, (): &mut (), _: Option<&Principal>| CheckOutcome::NotAsked;
    decided::<()>(request, payload, rule, no_check).await
}

/// Decides on a request for a handler whose rule reads the body and has no checks other than those about objects, and extracts the
/// arguments.
pub(super) fn with_body<A: FromRequest>(
    request: &HttpRequest,
    payload: &mut Payload,
    rule: &'static Rule,
) -> CheckedFuture<A> {
    let (request, mut payload) = (request.clone(), payload.take());
    Box::pin(async move {
        if let Err(undecided) = decide_on_objects(&request, &mut payload, rule).await {
            return Err(undecided.refuse(&request, rule, payload));
        }
        let extracted = A::from_request(&request, &mut payload).await.map_err(Into::into);
        extracted.map_err(|error| respond::keep_body(error, &mut payload))
    })
}

/// Decides, and returns the arguments that checks have needed.
async fn decided<S: Slots>(
    request: &HttpRequest,
    payload: &mut Payload,
    rule: &'static Rule,
    check: impl AsyncFn(&HttpRequest, &mut Payload, u8, &mut S, Option<&Principal>) -> CheckOutcome,
) -> Result<S, Undecided> {
    let decided = run_checks(request, payload, rule, check).await;
    if decided.is_err() && rule.reads_body() {
        refuse_body(request, payload).await;
    }
    decided
}

async fn run_checks<S: Slots>(
    request: &HttpRequest,
    payload: &mut Payload,
    rule: &'static Rule,
    check: impl AsyncFn(&HttpRequest, &mut Payload, u8, &mut S, Option<&Principal>) -> CheckOutcome,
) -> Result<S, Undecided> {
    let place = DecisionSite::of(request).ok_or_else(no_auth)?;
    let (mut checks, mut slots, objects) = (Checks::default(), S::empty(), rule.objects());
    while let Some((index, principal)) = layers::evaluate_layers(place, request, rule, 0, checks).await? {
        let principal = principal.map(Principal::from);
        let object = objects.iter().find(|(check, _)| check.index == index);
        let is_anonymous = object.is_some() && principal.as_ref().is_none_or(|caller| caller.lacks_account());
        let answer = match object {
            Some((check, object)) => ask_object(request, payload, (check, object), principal, rule).await,
            None => {
                if rule.reads_body() {
                    // The arguments of the check may contain the body.
                    read_body(request, payload, principal.as_ref()).await.map_err(LayerDenial::from)?;
                }
                check(request, payload, index, &mut slots, principal.as_ref()).await
            }
        };
        checks = match answer {
            CheckOutcome::Held(held) if is_anonymous && checks.of_anonymous(index).is_none() => {
                checks.with_anonymous(index, held)
            }
            CheckOutcome::Held(held) if !is_anonymous && checks.of(index).is_none() => checks.with(index, held),
            CheckOutcome::Uncounted if !checks.is_uncounted(index) => checks.with_uncounted(index),
            CheckOutcome::Denied(denial) => return Err(Undecided::Denied((*denial).into())),
            CheckOutcome::Failed(error) => return Err(Undecided::Failed(error)),
            CheckOutcome::NotExtracted(error) => return Err(Undecided::NotExtracted(error)),
            CheckOutcome::Panicked => return Err(denied("a check of the rule panicked")),
            CheckOutcome::Held(_) | CheckOutcome::Uncounted | CheckOutcome::NotAsked => {
                return Err(denied("a check of the rule could not be evaluated"));
            }
        };
    }
    adapter::update(request, |state| state.notes_mut().checks = checks);
    layers::grant(place, request, rule).await?;
    Ok(slots)
}

fn denied(cause: &'static str) -> Undecided {
    Undecided::Denied(Denial { cause: Some(cause), ..Denial::new(Reason::CheckFailed) }.into())
}

/// A failure before the decision was complete.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// Application code failed: a check, or the loader of an object.
    OfCheck,
    /// The extraction of an argument failed, mostly by a mistake of the client. The message may quote the request.
    OfArgument,
}

/// Returns the response error if it is unknown whether the rule holds. A client error (4xx) of the application is sent as it is.
pub(crate) fn failed(
    request: &HttpRequest,
    rule: &'static Rule,
    error: &Error,
    failure: Failure,
    payload: Payload,
) -> Error {
    let status = error.as_response_error().status_code();
    let (cause, handler) = match failure {
        Failure::OfCheck => ("a check of the rule failed", rule.target.name()),
        Failure::OfArgument => ("an argument of a check cannot be extracted", rule.target.name()),
    };
    match failure {
        // The application reports its own failure. A client error is not a fault of the server.
        Failure::OfCheck if !status.is_client_error() => {
            tracing::error!(target: "auth_actix", handler, %error, "{cause}");
        }
        Failure::OfCheck | Failure::OfArgument => {
            tracing::debug!(target: "auth_actix", handler, status = status.as_u16(), "{cause}");
        }
    }
    let denial = Denial { cause: Some(cause), ..Denial::new(Reason::CheckFailed) };
    super::refuse_with(DecisionSite::of(request), (request, rule), denial.into(), payload, |ours| {
        respond::of_check(error, ours)
    })
}
