//! Rules with checks: the arguments that a check names first, then the decision, and only then the others.

use std::future::Future;
use std::pin::{Pin, pin};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::facts::Checks;
use auth_core::patience::unless_it_panics;
use auth_core::rule::Rule;
use pin_project_lite::pin_project;

use super::{Denied, NO_AUTH, Place, Waiting, go_on, let_in, refuse, set_up};
use crate::principal::Principal;
use crate::{outcome, respond};

/// Arguments in the order in which they are extracted: the second part only after the first.
#[derive(Debug)]
pub struct Phases<F, R> {
    /// What comes first.
    pub first: F,
    /// What comes after.
    pub rest: R,
}

pin_project! {
    /// The first part, then the second.
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
                    let first = std::task::ready!(first.poll(context)).map_err(Into::into)?;
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

/// The arguments of a handler whose rule has checks.
pub type Checked<A> = Pin<Box<dyn Future<Output = Result<A, Error>>>>;

/// What became of a check.
#[derive(Debug)]
pub enum Answer {
    /// It was run.
    Held(bool),
    /// It could not say.
    Failed(Error),
    /// It panicked.
    Panicked,
    /// There is none of that index, or nobody whom it could be asked about.
    NotAsked,
}

/// What a check may be: a `bool`, or one that may fail.
#[diagnostic::on_unimplemented(
    message = "this check is no yes or no",
    label = "is neither `bool` nor a `Result<bool, _>` whose error the handler could return",
    note = "write an expression of type `bool`, with `.await` where it is asynchronous"
)]
pub trait Verdict<E> {
    /// Whether it holds.
    ///
    /// # Errors
    /// It could not say.
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

/// What a check that never returns gives.
type Never = <fn() -> ! as Returns>::Output;

/// Names the type `!`, which has no name of its own on stable Rust.
pub trait Returns {
    /// What the function returns.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

#[diagnostic::do_not_recommend]
impl<E> Verdict<E> for Never {
    fn verdict(self) -> Result<bool, E> {
        self
    }
}

/// The error of what a handler returns.
#[diagnostic::on_unimplemented(
    message = "what is called `…Result` is taken for a `Result`, and `{Self}` is none",
    label = "the error of a check becomes the handler's, and there is none here",
    note = "return a `Result`, or call the type otherwise"
)]
pub trait Fails {
    /// Its type.
    type Error;
}

impl<T, E> Fails for Result<T, E> {
    type Error = E;
}

/// Runs a check.
pub async fn answer<E: Into<Error>>(asked: impl Future<Output = Result<bool, E>>) -> Answer {
    match unless_it_panics(pin!(asked)).await {
        Some(Ok(held)) => Answer::Held(held),
        Some(Err(error)) => Answer::Failed(error.into()),
        None => Answer::Panicked,
    }
}

/// Decides on a request for a handler whose rule has checks, and extracts the arguments. Those that a check names are extracted
/// before the first check is run, and reach the handler as the checks left them.
pub fn checked<F, R, C>(
    request: &HttpRequest,
    payload: &mut Payload,
    rule: &'static Rule,
    check: C,
) -> Option<Checked<Phases<F, R>>>
where
    F: FromRequest + 'static,
    R: FromRequest + 'static,
    C: AsyncFn(&HttpRequest, u8, F, Option<&Principal>) -> (Answer, F) + 'static,
{
    let (request, mut payload) = (request.clone(), payload.take());
    Some(Box::pin(async move {
        let first = match decided(&request, &mut payload, rule, check).await {
            Ok(first) => first,
            Err(Undecided::Denied(denied)) => {
                outcome::refused(&request);
                return Err(refuse(&request, rule, denied, payload));
            }
            Err(Undecided::Failed(error)) => {
                outcome::refused(&request);
                return Err(failed(&request, rule, &error, payload));
            }
        };
        let first = match first {
            Some(first) => first,
            None => F::from_request(&request, &mut payload).await.map_err(Into::into)?,
        };
        let rest = R::from_request(&request, &mut payload).await.map_err(Into::into)?;
        Ok(Phases { first, rest })
    }))
}

enum Undecided {
    Denied(Denied),
    /// An argument that a check names could not be extracted, or the check failed.
    Failed(Error),
}

impl From<Denied> for Undecided {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

/// Decides, and gives the first arguments if a check has needed them.
async fn decided<F: FromRequest>(
    request: &HttpRequest,
    payload: &mut Payload,
    rule: &'static Rule,
    check: impl AsyncFn(&HttpRequest, u8, F, Option<&Principal>) -> (Answer, F),
) -> Result<Option<F>, Undecided> {
    let place = Place::of(request).ok_or_else(|| set_up(NO_AUTH))?;
    let (mut checks, mut first, mut used) = (Checks::default(), None, Vec::new());
    while let Some((index, principal)) = go_on(request, place, rule, Waiting::default(), checks, &mut used).await? {
        let arguments = match first.take() {
            Some(arguments) => arguments,
            None => F::from_request(request, payload).await.map_err(|error| Undecided::Failed(error.into()))?,
        };
        let (answer, arguments) = check(request, index, arguments, principal.map(Principal::from).as_ref()).await;
        first = Some(arguments);
        checks = match answer {
            Answer::Held(held) if checks.of(index).is_none() => checks.with(index, held),
            Answer::Failed(error) => return Err(Undecided::Failed(error)),
            Answer::Panicked => return Err(denied("a check of the rule panicked")),
            Answer::Held(_) | Answer::NotAsked => return Err(denied("a check of the rule could not be asked")),
        };
    }
    outcome::keep_checks(request, checks);
    let_in(request, place, rule, used).await?;
    Ok(first)
}

fn denied(cause: &'static str) -> Undecided {
    Undecided::Denied(Denial { cause: Some(cause), ..Denial::new(Reason::CheckFailed) }.into())
}

/// The answer where nobody can say whether the rule holds: what the error itself would be answered with, if that is a refusal.
pub(crate) fn failed(request: &HttpRequest, rule: &'static Rule, error: &Error, payload: Payload) -> Error {
    tracing::error!(target: "auth_actix", handler = rule.guards, %error, "a check of the rule failed");
    let denial = Denial { cause: Some("a check of the rule failed"), ..Denial::new(Reason::CheckFailed) };
    super::refuse_with(request, rule, denial.into(), payload, |ours| respond::of_check(error, ours))
}
