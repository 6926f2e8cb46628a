//! The one argument that a guarded handler has for actix.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::rule::Rule;
use pin_project_lite::pin_project;

use super::{Checked, Enforced, Pending, enforce, refuse, refuse_twice};

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
    fn checked(_: &HttpRequest, _: &mut Payload) -> Option<Checked<A>> {
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
        if let Some(arguments) = G::checked(request, payload) {
            return GuardedFuture::Checking { arguments };
        }
        match enforce(request, G::RULE) {
            Enforced::Allowed => GuardedFuture::Extracting { arguments: A::from_request(request, payload) },
            Enforced::Refused(denied) => GuardedFuture::Refused {
                error: Some(refuse(request, G::RULE, denied, payload.take())),
                guard: PhantomData,
            },
            Enforced::Pending(decision) => {
                GuardedFuture::Deciding { decision, request: request.clone(), payload: payload.take() }
            }
        }
    }
}

pin_project! {
    /// Decides, then extracts.
    #[project = Stage]
    pub enum GuardedFuture<G, A: FromRequest> {
        /// A password is being hashed.
        Deciding { decision: Pending, request: HttpRequest, payload: Payload },
        /// A check has to say whether it holds.
        Checking { arguments: Checked<A> },
        /// The rule holds.
        Extracting { #[pin] arguments: A::Future },
        /// It does not.
        Refused { error: Option<Error>, guard: PhantomData<fn() -> G> },
    }
}

impl<G: Guard<A>, A: FromRequest> Future for GuardedFuture<G, A> {
    type Output = Result<Guarded<G, A>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Stage::Extracting { arguments } => {
                    return arguments.poll(context).map(|extracted| match extracted {
                        Ok(arguments) => Ok(Guarded { arguments, _decided: Decided(PhantomData) }),
                        Err(error) => Err(error.into()),
                    });
                }
                Stage::Checking { arguments } => {
                    return arguments
                        .as_mut()
                        .poll(context)
                        .map(|arguments| Ok(Guarded { arguments: arguments?, _decided: Decided(PhantomData) }));
                }
                Stage::Refused { error, .. } => {
                    return Poll::Ready(Err(error.take().unwrap_or_else(refuse_twice)));
                }
                Stage::Deciding { decision, request, payload } => match decision.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) => GuardedFuture::Extracting { arguments: A::from_request(request, payload) },
                    Poll::Ready(Err(denied)) => {
                        let error = refuse(request, G::RULE, denied, payload.take());
                        GuardedFuture::Refused { error: Some(error), guard: PhantomData }
                    }
                },
            };
            self.set(next);
        }
    }
}
