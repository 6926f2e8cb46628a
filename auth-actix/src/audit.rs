//! Events of requests, for whoever has to know later.

use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{HttpMessage as _, HttpRequest};
use auth_core::Principal;
use auth_core::audit::{Event, Happened};
use auth_core::client::address::Seen;
use auth_core::denial::{Denial, Reason, RetryAfter};
use auth_core::policy::rule::Rule;
use auth_core::runtime::clock;

use crate::auth::Auth;
use crate::collect;

/// The number of a request in the events of this process, once it has one.
struct Number(String);

/// A name that a login claims.
struct Claimed(String);

fn number_of(request: &HttpRequest) -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()));
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut extensions = request.extensions_mut();
    if let Some(Number(number)) = extensions.get() {
        return number.clone();
    }
    let number = format!("{:016x}-{:x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed));
    extensions.insert(Number(number.clone()));
    number
}

/// Takes note of whom a login claims to be, for the event that it becomes: as a hash, since people type passwords there.
#[cfg(feature = "session")]
pub(crate) fn claims(request: &HttpRequest, name: &str) {
    request.extensions_mut().insert(Claimed(Event::hash_of(name)));
}

/// What is known of a request.
fn event(request: &HttpRequest, auth: &Auth, happened: Happened) -> Event {
    Event {
        request: Some(number_of(request)),
        // No longer than a method is.
        method: Some(request.method().as_str().chars().take(32).collect()),
        route: request.match_pattern(),
        client: collect::counted(request, auth).map(Seen::address),
        grants: auth.version_of_grants(),
        ..Event::new(clock::now(), happened)
    }
}

/// The event of a refusal that is answered with this status; `None` without a sink.
pub(crate) fn refused(
    request: &HttpRequest,
    auth: &Auth,
    rule: &'static Rule,
    denial: &Denial,
    status: u16,
) -> Option<Event> {
    auth.sink()?;
    let happened = match denial.reason {
        Reason::TooManyAttempts(_) => Happened::LockedOut,
        _ if rule.guards == LOG_IN => Happened::LoginFailed,
        _ => Happened::Denied,
    };
    let answer = denial.reason.answer();
    let claimed = request.extensions().get::<Claimed>().map(|Claimed(name)| name.clone());
    Some(Event {
        status: Some(status),
        problem: Some(answer.problem),
        failed: denial.failed.clone(),
        cause: denial.cause,
        scheme: denial.used.map(|scheme| scheme.name()),
        subject: denial.caller.as_ref().map(ToString::to_string),
        claimed,
        ..of_rule(event(request, auth, happened), rule)
    })
}

/// What the rule of a log-in guards, in its name.
pub(crate) const LOG_IN: &str = "a log-in";

fn of_rule(event: Event, rule: &'static Rule) -> Event {
    Event { handler: Some(rule.guards), rule: Some(rule.text), place: rule.place(), ..event }
}

/// Tells a refusal. It is one whatever becomes of this.
pub(crate) fn tell(auth: &Auth, event: &Event) {
    if let Some(sink) = auth.sink()
        && catch_unwind(AssertUnwindSafe(|| sink.record(event))).is_err()
    {
        tracing::error!(target: "auth_actix", "the audit sink panicked");
    }
}

/// Tells of something that is about to happen.
///
/// # Errors
/// The sink panicked: what is not on record does not happen.
fn tell_first(auth: &Auth, event: impl FnOnce() -> Event) -> Result<(), Denial> {
    let Some(sink) = auth.sink() else { return Ok(()) };
    let event = event();
    catch_unwind(AssertUnwindSafe(|| sink.record(&event))).map_err(|_| {
        let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(5));
        Denial { cause: Some("the audit sink panicked"), ..Denial::new(reason) }
    })
}

fn of_caller(event: Event, caller: Option<&Principal>) -> Event {
    let Some(caller) = caller else { return event };
    Event {
        subject: Some(caller.id().to_string()),
        actors: caller.actors().map(|actor| actor.id().to_string()).collect(),
        scheme: Some(caller.scheme().name()),
        ..event
    }
}

/// Tells of a grant, where it is to be told: to whom a browser speaks for by itself and to whom somebody acts for always, to
/// others where the builder said so.
pub(crate) fn granted(
    request: &HttpRequest,
    auth: &Auth,
    rule: &'static Rule,
    caller: Option<&Principal>,
    by_place: bool,
) -> Result<(), Denial> {
    let ambient = caller.is_some_and(|caller| caller.scheme().is_ambient() || caller.actor().is_some());
    if auth.sink().is_none() || !(auth.tells_grants() || ambient || by_place && caller.is_none()) {
        return Ok(());
    }
    tell_first(auth, || {
        let cause = if by_place && caller.is_none() { Some("anonymous (by network or country)") } else { None };
        of_caller(of_rule(Event { cause, ..event(request, auth, Happened::Granted) }, rule), caller)
    })
}

/// Tells of what was done to somebody by the application, in no request.
#[cfg(feature = "session")]
pub(crate) fn done_to(auth: &Auth, happened: Happened, id: &auth_core::Id) {
    if auth.sink().is_some() {
        tell(auth, &Event { subject: Some(id.to_string()), ..Event::new(clock::now(), happened) });
    }
}

/// Tells of a log-in, a log-out, or of somebody who goes on as another.
#[cfg(feature = "session")]
pub(crate) fn session(
    request: &HttpRequest,
    auth: &Auth,
    happened: Happened,
    caller: Option<&Principal>,
) -> Result<(), Denial> {
    tell_first(auth, || of_caller(event(request, auth, happened), caller))
}
