//! Gather, decide, extract, call: the only way to a handler.

mod checked;
mod guarded;
mod hidden;
mod lease;
mod place;
mod verify;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{Error, HttpRequest, HttpResponse};
use auth_core::Principal;
use auth_core::denial::{Denial, Reason};
use auth_core::identity::scheme_id::Scheme;
use auth_core::policy::decision::{Decision, Explanation, Rules, counted, decide, found_instead};
use auth_core::policy::facts::{Caller, Checks, Facts};
use auth_core::policy::rule::{Needs, Reads, Rule};
use auth_core::scheme::Presented;

pub use self::checked::{Answer, Checked, Fails, Phases, Verdict, answer, checked, fill};
pub(crate) use self::checked::{Failure, failed};
pub use self::guarded::{Guard, Guarded};
use self::hidden::as_unknown;
pub(crate) use self::hidden::{UNKNOWN_PATH, ask_in_vain};
pub(crate) use self::lease::still_holds;
pub(crate) use self::place::Binding;
use self::place::OwnedPlace;
pub(crate) use self::place::PASS;
use self::place::Place;
#[cfg(any(feature = "jwt", feature = "session"))]
pub(crate) use self::verify::unblocked;
use self::verify::{Used, Wanted, touch, verify};
use crate::auth::Auth;
use crate::outcome::Found;
use crate::respond::{self, Refusal};
use crate::{audit, collect, metrics, outcome};

/// The `Auth` in reach of a request.
pub(crate) fn auth_of(request: &HttpRequest) -> Option<&Auth> {
    Place::of(request).map(Place::auth)
}

/// How far deciding got.
enum Step<'a> {
    Allowed,
    /// Refused, and whether a store of roles was asked about the caller.
    Denied(Denial, bool),
    /// Somebody has to be asked, or a password hashed, which takes a while.
    Later(&'a Auth, Wanted),
    /// A check of the handler's rule has to be run, about this caller or a stranger.
    Check(u8, Option<Principal>),
}

/// Decides one layer, for `handler`. `verified` is the outcome of a verification that took a while.
fn step<'a>(
    request: &HttpRequest,
    auth: &'a Auth,
    rules: Rules<'_>,
    handler: &'static Rule,
    verified: Option<Result<Principal, Denial>>,
    checks: Checks,
) -> Step<'a> {
    let about = rules.about();
    let tenants = collect::tenants(request, rules, about);
    let facts = collect::facts(request, auth, rules, about, &tenants, checks);
    if about.caller && auth.reads_cookies() {
        outcome::mark(request, |marks| marks.cookie = true);
    }
    let authorization = outcome::authorization(request);
    let mut presented = about.caller.then(|| collect::presented_now(request, auth, authorization, facts.now));
    #[cfg(feature = "jwt")]
    if matches!(presented, Some(Presented::Ticket(_))) {
        // What decides stands in the address, where no cache looks for it.
        outcome::mark(request, |marks| marks.private = true);
    }
    let mut known = verified.or_else(|| found(request, auth));
    #[cfg(feature = "jwt")]
    if known.is_none()
        && let Some(Presented::Remembered(principal)) =
            presented.take_if(|presented| matches!(presented, Presented::Remembered(_)))
    {
        let since = metrics::start();
        known = Some(unblocked(auth, principal));
        metrics::authenticated(Scheme::Bearer, since, matches!(known, Some(Ok(_))));
    }
    if known.is_none() {
        known = presented.as_ref().and_then(|presented| collect::throttled(request, auth, presented)).map(Err);
    }
    let principal = loop {
        let caller = match (&known, &presented) {
            (Some(Ok(principal)), _) => Caller::Known(principal),
            (Some(Err(denial)), _) | (None, Some(Presented::Refused(denial))) => Caller::Refused(denial),
            (None, presented) => {
                presented.as_ref().and_then(Presented::scheme).map_or(Caller::Nobody, Caller::Presented)
            }
        };
        let mut case = Facts { caller, ..facts };
        case.caller = counted(rules, &case);
        match decide(rules, &case) {
            Decision::Deny(denial) => {
                outcome::explain(request, handler, || Explanation::of(rules, &case));
                let denial = detailed(denial, request, auth, rules, &case);
                let asked = matches!(&known, Some(Ok(principal)) if principal.was_asked_about());
                return Step::Denied(denial, asked);
            }
            Decision::Allow => {
                outcome::explain(request, handler, || Explanation::of(rules, &case));
                match case.caller {
                    Caller::Known(principal) => break Some(principal),
                    _ => break None,
                }
            }
            Decision::Check(index) => {
                let principal = match case.caller {
                    Caller::Known(principal) => Some(principal.clone()),
                    _ => None,
                };
                // What the check names may ask who calls.
                let found = principal.clone().map_or(Found::Nobody, Found::Known);
                outcome::remember(request, auth, authorization, found, handler);
                return Step::Check(index, principal);
            }
            Decision::Verify => {}
            Decision::AskRoles(tenant) => match known {
                Some(Ok(principal)) => return Step::Later(auth, Wanted::Roles(principal, tenant)),
                _ => return Step::Denied(Denial::new(Reason::SetUp), false), // only of a known caller is anything asked
            },
        }
        known = match presented.take() {
            #[cfg(feature = "jwt")]
            Some(Presented::Bearer(token)) => {
                let since = metrics::start();
                let verified = auth.verifier_of_tokens().map(|bearer| bearer.verify(token, facts.now));
                if matches!(verified, Some(None)) {
                    return Step::Later(auth, Wanted::Token(token.into()));
                }
                let verified = verified.flatten();
                metrics::authenticated(Scheme::Bearer, since, matches!(verified, Some(Ok(_))));
                verified.map(|verified| unblocked(auth, verified?))
            }
            #[cfg(feature = "jwt")]
            Some(Presented::Ticket(None)) => {
                let cause = "the ticket is unknown, was used, or has ended";
                Some(Err(Denial::refused(Scheme::Bearer, Reason::InvalidCredentials, cause)))
            }
            #[cfg(feature = "jwt")]
            Some(Presented::Ticket(Some(token))) => return Step::Later(auth, Wanted::Token(token)),
            #[cfg(feature = "dpop")]
            Some(Presented::Dpop(token)) => {
                return Step::Later(auth, Wanted::Bound(token.into(), collect::proven(request, auth)));
            }
            #[cfg(feature = "basic")]
            Some(Presented::Basic(credential)) => return Step::Later(auth, Wanted::Password(credential)),
            #[cfg(feature = "api-key")]
            Some(Presented::ApiKey(key)) => return Step::Later(auth, Wanted::ApiKey(key.into())),
            #[cfg(feature = "session")]
            Some(Presented::Session(id)) => return Step::Later(auth, Wanted::Session(id)),
            Some(Presented::Own(scheme)) => return Step::Later(auth, Wanted::Own(scheme)),
            _ => None,
        };
        if known.is_none() {
            // A credential without a verifier is not accepted, and so was not presented: this cannot be.
            return Step::Denied(Denial::new(Reason::SetUp), false);
        }
    };
    if principal.is_some_and(|principal| matches!(principal.scheme(), Scheme::ApiKey | Scheme::Own(_))) {
        // A shared cache knows of `Authorization`, and of no other header that decides.
        outcome::mark(request, |marks| marks.private = true);
    }
    let counts = principal.is_some();
    if counts || rules.handler.reads != Reads::Nothing {
        let found = match known {
            Some(Ok(principal)) if counts => Found::Known(principal),
            Some(Err(denial)) if matches!(denial.reason, Reason::AuthenticationUnavailable(_)) => Found::Unavailable,
            _ => Found::Nobody,
        };
        outcome::remember(request, auth, authorization, found, handler);
    }
    if about.place {
        outcome::mark(request, |marks| marks.private = true);
    }
    Step::Allowed
}

/// The denial with what was found, for the log: where nobody reads that, nothing is found out.
fn detailed(denial: Denial, request: &HttpRequest, auth: &Auth, rules: Rules<'_>, case: &Facts<'_>) -> Denial {
    if denial.detail.is_some() || !tracing::enabled!(target: "auth_actix", tracing::Level::INFO) {
        return denial;
    }
    match denial.reason {
        Reason::CrossSiteRequest => {
            let detail = collect::told_of_site(request, auth);
            let cause = "the request does not show that it comes from our own pages";
            // What the rule asks for is not what is wrong.
            Denial { cause: Some(cause), failed: Vec::new(), ..denial }.with_detail(detail)
        }
        Reason::InsufficientPermissions | Reason::InsufficientScope(_) => match found_instead(rules, case) {
            Some(found) => denial.with_detail(found),
            None => denial,
        },
        _ => denial,
    }
}

/// Who was found before for this request, or put there by a test.
fn found(request: &HttpRequest, auth: &Auth) -> Option<Result<Principal, Denial>> {
    #[cfg(feature = "test-util")]
    if let Some(principal) = crate::stand_in::by_hand(request, auth.sources()) {
        return Some(Ok(principal));
    }
    match outcome::recall(request, auth)? {
        Found::Known(principal) => Some(Ok(principal)),
        Found::Refused(denial) => Some(Err(*denial)),
        Found::Nobody | Found::Unavailable => None,
    }
}

/// Finds out who calls, and decides nothing: what was found, the rules of handlers find.
pub(crate) async fn identify(request: &HttpRequest, auth: &Auth, rule: &'static Rule) {
    let rules = Rules { scopes: &[], handler: rule };
    let (mut verified, mut used) = (None, Vec::new());
    loop {
        match step(request, auth, rules, rule, verified.take(), Checks::default()) {
            Step::Allowed => break,
            // A bad credential is verified once, and counted once where such are counted.
            Step::Denied(denial, _) if denial.used.is_some() && !denial.reason.is_of_server() => {
                let found = Found::Refused(Box::new(denial));
                outcome::remember(request, auth, outcome::authorization(request), found, rule);
                break;
            }
            Step::Denied(..) | Step::Check(..) => break,
            Step::Later(auth, wanted) => verified = Some(verify(request, auth, wanted, &mut used).await),
        }
    }
    // Whether it is activity, the rule of the handler says.
    #[cfg(feature = "session")]
    outcome::keep_untouched(request, used);
}

/// A decision, or the rest of one.
pub(crate) enum Enforced {
    Allowed,
    Refused(Denied),
    Pending(Pending),
}

impl Enforced {
    /// The decision, however long it takes.
    pub(crate) async fn settled(self) -> Result<(), Denied> {
        match self {
            Self::Allowed => Ok(()),
            Self::Refused(denied) => Err(denied),
            Self::Pending(decision) => decision.await,
        }
    }
}

/// Decides on a request for what is behind a rule without being its handler. The rule is kept with the request: what goes on after
/// it, such as a [`Lease`](crate::Lease), has to hold by it too.
pub(crate) async fn enforce_in_front(request: &HttpRequest, rule: &'static Rule) -> Result<(), Denied> {
    enforce(request, rule).settled().await?;
    if let Some(place) = OwnedPlace::of(request) {
        lease::admitted_by(request, place, rule);
    }
    Ok(())
}

/// The rest of a decision, which takes a while.
pub(crate) type Pending = Pin<Box<dyn Future<Output = Result<(), Denied>>>>;

/// A denial, and whose it is: where scopes of several `Auth`s nest, each answers for itself.
pub(crate) struct Denied {
    denial: Denial,
    by: Option<Auth>,
}

impl Denied {
    fn by(auth: &Auth, denial: Denial) -> Self {
        Self { denial, by: Some(auth.clone()) }
    }
}

/// By the innermost of the `Auth`s.
impl From<Denial> for Denied {
    fn from(denial: Denial) -> Self {
        Self { denial, by: None }
    }
}

/// Decides on a request for a handler with this rule: at once, unless a password has to be hashed.
pub(crate) fn enforce(request: &HttpRequest, handler: &'static Rule) -> Enforced {
    let Some(place) = Place::of(request) else { return Enforced::Refused(set_up(NO_AUTH)) };
    for index in 0..place.count() {
        let Some((auth, rules)) = place.layer(index, handler) else { break };
        match step(request, auth, rules, handler, None, Checks::default()) {
            Step::Allowed => {}
            Step::Denied(denial, asked) if place.not_found(handler) => return as_unknown(request, auth, denial, asked),
            Step::Denied(denial, _) => return Enforced::Refused(Denied::by(auth, denial)),
            Step::Later(_, wanted) => {
                let request = request.clone();
                return Enforced::Pending(Box::pin(async move {
                    let place = Place::of(&request).ok_or_else(|| set_up(NO_AUTH))?;
                    let mut used = Vec::new();
                    let from = Waiting { index, wanted: Some(wanted) };
                    match go_on(&request, place, handler, from, Checks::default(), &mut used).await? {
                        None => let_in(&request, place, handler, used).await,
                        Some(_) => Err(set_up(NO_CHECKS)),
                    }
                }));
            }
            Step::Check(..) => return Enforced::Refused(set_up(NO_CHECKS)),
        }
    }
    // A rule that asks nobody who they are is no use of a session.
    #[cfg(feature = "session")]
    if outcome::has_untouched(request)
        && (0..place.count()).filter_map(|index| place.layer(index, handler)).any(|(_, rules)| rules.about().caller)
    {
        let (request, used) = (request.clone(), outcome::take_untouched(request));
        return Enforced::Pending(Box::pin(async move {
            touch(&request, used).await?;
            let place = Place::of(&request).ok_or_else(|| set_up(NO_AUTH))?;
            tell_of_grant(&request, place, handler)
        }));
    }
    match tell_of_grant(request, place, handler) {
        Ok(()) => Enforced::Allowed,
        Err(denied) => Enforced::Refused(denied),
    }
}

const NO_AUTH: &str = "no `Auth` in reach: put the handler in `auth.scope(…)`, or call `App::app_data(auth.clone())`; `web::Data` is not looked at";
const NO_CHECKS: &str = "the checks of this rule were lost on the way to its handler";

fn set_up(cause: &'static str) -> Denied {
    Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) }.into()
}

/// Refuses a WebSocket in a strict scope whose handler takes no `Lease`: it would go on for ever (M1). Only whom the rule lets in
/// learns of it.
fn no_lease(request: &HttpRequest, place: Place<'_>, handler: &Rule) -> Result<(), Denied> {
    let takes_lease = || handler.arguments.iter().any(|argument| matches!(argument, Needs::Lease));
    if !place.is_strict() || !collect::is_socket(request) || takes_lease() {
        return Ok(());
    }
    let cause = "a WebSocket in a strict scope, and its handler takes no `Lease`";
    Err(Denial { cause: Some(cause), ..Denial::new(Reason::AccessBlocked) }.into())
}

/// Where deciding goes on: at a layer, which may wait for something.
#[derive(Default)]
struct Waiting {
    index: usize,
    wanted: Option<Wanted>,
}

/// Decides the layers from there on. `Some` is a check that has to be run first, and about whom.
async fn go_on(
    request: &HttpRequest,
    place: Place<'_>,
    handler: &'static Rule,
    from: Waiting,
    checks: Checks,
    used: &mut Used,
) -> Result<Option<(u8, Option<Principal>)>, Denied> {
    let mut wanted = from.wanted;
    for index in from.index..place.count() {
        let Some((auth, rules)) = place.layer(index, handler) else { break };
        let mut verified = None;
        loop {
            if let Some(wanted) = wanted.take() {
                let (scheme, since) = (wanted.scheme(), metrics::start());
                let outcome = verify(request, auth, wanted, used).await;
                if let Some(scheme) = scheme {
                    metrics::authenticated(scheme, since, outcome.is_ok());
                }
                verified = Some(outcome);
            }
            match step(request, auth, rules, handler, verified.take(), checks) {
                Step::Allowed => break,
                Step::Denied(denial, asked) if place.not_found(handler) => {
                    let hidden = as_unknown(request, auth, denial, asked).settled().await;
                    return hidden.and_then(|()| Err(Denial::new(Reason::SetUp).into()));
                }
                Step::Denied(denial, _) => return Err(Denied::by(auth, denial)),
                Step::Later(_, next) => wanted = Some(next),
                Step::Check(index, principal) => return Ok(Some((index, principal))),
            }
        }
    }
    Ok(None)
}

/// What a granted request still has to do: its session was used, and its grant is told.
#[cfg_attr(not(feature = "session"), allow(unused_mut, reason = "sessions alone are used up"))]
async fn let_in(request: &HttpRequest, place: Place<'_>, handler: &'static Rule, mut used: Used) -> Result<(), Denied> {
    #[cfg(feature = "session")]
    used.extend(outcome::take_untouched(request));
    touch(request, used).await?;
    tell_of_grant(request, place, handler)
}

/// Counts a grant, and tells the audit of each `Auth` that had to grant it.
fn tell_of_grant(request: &HttpRequest, place: Place<'_>, handler: &'static Rule) -> Result<(), Denied> {
    no_lease(request, place, handler)?;
    outcome::let_in(request);
    let count = place.count();
    for index in 0..count {
        let Some((auth, rules)) = place.layer(index, handler) else { break };
        let is_last = index + 1 == count;
        if auth.sink().is_none() && !(is_last && cfg!(feature = "metrics")) {
            continue;
        }
        let caller = found(request, auth).and_then(Result::ok);
        if is_last {
            metrics::granted(handler, caller.as_ref());
        }
        audit::granted(request, auth, handler, caller.as_ref(), rules.about().place)
            .map_err(|denial| Denied::by(auth, denial))?;
    }
    Ok(())
}

/// The error that answers a denial. The line that tells why is written when it is answered with, and not where an
/// `Option<Principal>` makes `None` of it.
pub(crate) fn refuse(
    request: &HttpRequest,
    handler: &'static Rule,
    denied: impl Into<Denied>,
    payload: Payload,
) -> Error {
    refuse_with(request, handler, denied.into(), payload, |ours| ours)
}

/// The same, with an answer that is made of ours where the handler does not hide.
fn refuse_with(
    request: &HttpRequest,
    handler: &'static Rule,
    denied: Denied,
    payload: Payload,
    answer: impl FnOnce(HttpResponse) -> HttpResponse,
) -> Error {
    let place = Place::of(request);
    let Denied { denial, by } = denied;
    let by = by.or_else(|| place.map(|place| place.auth().clone()));
    let denial = match &by {
        // Who is known stays known where a check of the rule fails.
        Some(auth) if matches!(denial.reason, Reason::CheckFailed) => match found(request, auth) {
            Some(Ok(caller)) => Denial { caller: Some(caller.id()), used: Some(caller.scheme()), ..denial },
            _ => denial,
        },
        _ => denial,
    };
    let hides_object = matches!(denial.reason, Reason::InsufficientPermissions) && outcome::hides_object(request);
    let hides = hides_object || place.is_some_and(|place| place.not_found(handler));
    let response = match &by {
        Some(auth) if hides => {
            // What hides says nothing that an unknown path does not say.
            outcome::take_marks(request);
            auth.answers().not_found(request)
        }
        Some(auth) => answer(auth.answers().response(&denial, request)),
        None => answer(respond::plain(&denial)),
    };
    // What is recorded is what is answered.
    let status = response.status().as_u16();
    let event = by.as_ref().and_then(|auth| {
        let event = audit::refused(request, auth, handler, &denial, status)?;
        let auth = auth.clone();
        Some(Box::new(move || audit::tell(&auth, &event)) as Box<dyn Fn()>)
    });
    let of_client = !hides && response.status().is_client_error();
    let is_fault = denial.reason.is_of_server() && !(of_client && matches!(denial.reason, Reason::CheckFailed));
    Refusal::new(denial, is_fault, handler, request.method().clone(), response, payload, event).into()
}

/// A future that is polled after its end refuses again.
pub(crate) fn refuse_twice() -> Error {
    let denial = Denial::new(Reason::SetUp);
    let response = respond::plain(&denial);
    Refusal::new(denial, true, &PASS, actix_web::http::Method::GET, response, Payload::None, None).into()
}
