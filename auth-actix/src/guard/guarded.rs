//! The only argument that actix extracts for a handler with a rule. It decides first, and then extracts the arguments of the
//! handler.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::policy::rule::{ArgRequirement, Rule};
use pin_project_lite::pin_project;

use crate::respond::keep_body;

use super::binding::DecisionSite;
use super::two_phase::with_body;
use super::{CheckedFuture, LayerOutcome, PendingDecision, enforce_at, refuse_at, refuse_hidden, refuse_twice};

/// The link between a handler with these arguments and its rule. Implemented only by the attributes.
///
/// The arguments are a type parameter and not an associated type, because a public handler may take types that are private to its
/// module.
#[diagnostic::on_unimplemented(
    message = "the rule of this handler was lost",
    label = "an attribute between the rule and the handler has dropped it",
    note = "write the rule below that attribute"
)]
pub trait Guard<A: FromRequest>: 'static {
    /// The rule of the handler.
    const RULE: &'static Rule;
    /// Decides with the checks of the rule, and extracts the arguments. Returns `None` if the rule has no checks.
    fn checked(_: &HttpRequest, _: &mut Payload) -> Option<CheckedFuture<A>> {
        None
    }
}

/// The only argument that actix extracts for a handler with a rule. It decides first, and then extracts the arguments of the
/// handler.
pub struct Guarded<G, A> {
    /// The arguments of the handler.
    pub arguments: A,
    _decided: Decided<G>,
}

/// A proof of the decision. Its constructor is private to this module.
struct Decided<G>(PhantomData<fn() -> G>);

impl<G, A> std::fmt::Debug for Guarded<G, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

impl<G: Guard<A>, A: FromRequest> FromRequest for Guarded<G, A> {
    type Error = Error;
    type Future = GuardedFuture<G, A>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let arguments = match G::checked(request, payload) {
            Some(arguments) => Arguments::Checking { arguments },
            None if G::RULE.reads_body() => Arguments::Checking { arguments: with_body(request, payload, G::RULE) },
            None => Arguments::of(request, payload, G::RULE),
        };
        GuardedFuture { arguments, guard: PhantomData }
    }
}

pin_project! {
    /// The future of [`Guarded`]. The work is done in [`Arguments`]: this type is compiled once for each handler, and [`Arguments`]
    /// once for each set of argument types, which reduces the generated code.
    pub struct GuardedFuture<G, A: FromRequest> {
        #[pin]
        arguments: Arguments<A>,
        guard: PhantomData<fn() -> G>,
    }
}

impl<G: Guard<A>, A: FromRequest> Future for GuardedFuture<G, A> {
    type Output = Result<Guarded<G, A>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let extracted = self.project().arguments.poll(context);
        extracted.map_ok(|arguments| Guarded { arguments, _decided: Decided(PhantomData) })
    }
}

pin_project! {
    #[project = Stage]
    enum Arguments<A: FromRequest> {
        /// The decision is pending, for example while a password is hashed.
        Deciding { decision: PendingDecision, request: HttpRequest, payload: Payload, rule: &'static Rule },
        /// Checks of the rule are running.
        Checking { arguments: CheckedFuture<A> },
        /// The rule holds, and no argument can deny the request.
        Extracting { #[pin] arguments: A::Future },
        /// The rule holds, and an argument can still deny the request. The rest of the body is kept for that denial.
        Asking { #[pin] arguments: A::Future, payload: Payload },
        /// The rule holds without reading the caller. An argument may do so, and hide that the credential is refused.
        Watching { #[pin] arguments: A::Future, request: HttpRequest, payload: Payload, rule: &'static Rule },
        /// The rule does not hold.
        Refused { error: Option<Error> },
    }
}

impl<A: FromRequest> Arguments<A> {
    fn of(request: &HttpRequest, payload: &mut Payload, rule: &'static Rule) -> Self {
        let place = DecisionSite::of(request);
        match enforce_at(place, request, rule) {
            LayerOutcome::Allowed => Self::extracting(request, payload, rule),
            LayerOutcome::Refused(denied) => {
                Self::Refused { error: Some(refuse_at(place, request, rule, denied, payload.take())) }
            }
            LayerOutcome::Pending(decision) => {
                Self::Deciding { decision, request: request.clone(), payload: payload.take(), rule }
            }
        }
    }

    fn extracting(request: &HttpRequest, payload: &mut Payload, rule: &'static Rule) -> Self {
        let arguments = A::from_request(request, payload);
        if rule.arguments.iter().any(ArgRequirement::may_refuse) {
            Self::Asking { arguments, payload: payload.take() }
        } else if size_of::<A>() > 0 && !rule.reads_caller() {
            Self::Watching { arguments, request: request.clone(), payload: payload.take(), rule }
        } else {
            Self::Extracting { arguments }
        }
    }
}

impl<A: FromRequest> Future for Arguments<A> {
    type Output = Result<A, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Stage::Extracting { arguments } => return arguments.poll(context).map_err(Into::into),
                Stage::Asking { arguments, payload } => {
                    let extracted = std::task::ready!(arguments.poll(context));
                    return Poll::Ready(extracted.map_err(|error| keep_body(error.into(), payload)));
                }
                Stage::Watching { arguments, request, payload, rule } => {
                    let extracted = std::task::ready!(arguments.poll(context)).map_err(Into::into);
                    return Poll::Ready(
                        extracted.and_then(|arguments| refuse_hidden(request, rule, payload).map(|()| arguments)),
                    );
                }
                Stage::Checking { arguments } => return arguments.as_mut().poll(context),
                Stage::Refused { error } => return Poll::Ready(Err(error.take().unwrap_or_else(refuse_twice))),
                Stage::Deciding { decision, request, payload, rule } => match decision.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) => Self::extracting(request, payload, rule),
                    Poll::Ready(Err(undecided)) => {
                        Self::Refused { error: Some(undecided.refuse(request, rule, payload.take())) }
                    }
                },
            };
            self.set(next);
        }
    }
}
