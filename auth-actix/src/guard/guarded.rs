//! The one argument that a guarded handler has for actix.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::policy::rule::{ArgRequirement, Rule};
use pin_project_lite::pin_project;

use crate::respond::keep_body;

use super::{CheckedFuture, LayerOutcome, PendingDecision, enforce, refuse, refuse_twice};

/// What ties a handler with these arguments to its rule. Written by the attributes, and by nobody else.
///
/// The arguments are a parameter and no associated type: a public handler may take what is private to its module.
#[diagnostic::on_unimplemented(
    message = "the rule of this handler was lost",
    label = "an attribute between the rule and the handler has dropped it",
    note = "write the rule below that attribute"
)]
pub trait Guard<A: FromRequest>: 'static {
    /// The rule above the handler.
    const RULE: &'static Rule;
    /// Decides with the checks of the rule, and extracts the arguments; `None` where it has no checks.
    fn checked(_: &HttpRequest, _: &mut Payload) -> Option<CheckedFuture<A>> {
        None
    }
}

/// The one argument that a guarded handler has for actix: decides, and extracts the others after.
pub struct Guarded<G, A> {
    /// The arguments.
    pub arguments: A,
    _decided: Decided<G>,
}

/// Only this room makes one.
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
            None => Arguments::of(request, payload, G::RULE),
        };
        GuardedFuture { arguments, guard: PhantomData }
    }
}

pin_project! {
    /// Decides, then extracts. All that is done is [`Arguments`]': there is one of these for each handler, and of those for each set
    /// of arguments, which compilers are glad of.
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
        /// A password is being hashed.
        Deciding { decision: PendingDecision, request: HttpRequest, payload: Payload, rule: &'static Rule },
        /// A check has to say whether it holds.
        Checking { arguments: CheckedFuture<A> },
        /// The rule holds.
        Extracting { #[pin] arguments: A::Future },
        /// The rule holds, and an argument may refuse all the same: then what is left of the body is kept.
        Asking { #[pin] arguments: A::Future, payload: Payload },
        /// It does not.
        Refused { error: Option<Error> },
    }
}

impl<A: FromRequest> Arguments<A> {
    fn of(request: &HttpRequest, payload: &mut Payload, rule: &'static Rule) -> Self {
        match enforce(request, rule) {
            LayerOutcome::Allowed => Self::extracting(request, payload, rule),
            LayerOutcome::Refused(denied) => {
                Self::Refused { error: Some(refuse(request, rule, denied, payload.take())) }
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
                Stage::Checking { arguments } => return arguments.as_mut().poll(context),
                Stage::Refused { error } => return Poll::Ready(Err(error.take().unwrap_or_else(refuse_twice))),
                Stage::Deciding { decision, request, payload, rule } => match decision.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) => Self::extracting(request, payload, rule),
                    Poll::Ready(Err(denied)) => {
                        Self::Refused { error: Some(refuse(request, rule, denied, payload.take())) }
                    }
                },
            };
            self.set(next);
        }
    }
}
