//! THE decision: rules and facts in, [`Decision`] out. Pure: no input or output, no clock, no framework.
//!
//! # Why
//! 401 against 403 is decided here for everybody, so that it is a special case nowhere. Each literal says whether it
//! holds **now** and whether it **could** hold with a better credential ([`crate::policy::truth`]); the fold of the first
//! grants, the fold of the second tells 401 from 403. Enumerating what the open literals might still be was rejected: it
//! calls `role("a") || !role("a")` true for a stranger.

mod rules;
mod residual;
mod challenge_hints;
mod explain;

use self::challenge_hints::{scopes, step_up};
pub use self::explain::{Explanation, found_instead};
use self::residual::Residual;
pub use self::rules::Rules;
use crate::client::csrf::CrossSite;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::{SchemeId, SchemeSet};
use crate::identity::vocabulary::NameKind;
use crate::policy::facts::{CallerFacts, Checks, ExternalRoles, Facts};
use crate::policy::rule::{CallerAccess, Literal};
use crate::policy::truth::Truth;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The handler runs.
    Allow,
    /// The presented credential has to be verified; then decide again.
    Verify,
    /// Whoever knows roles that no credential carries has to be asked about the caller, within a tenant or none; then decide
    /// again.
    AskRoles(Option<String>),
    /// A check of the handler's rule has to be run, by its index; then decide again.
    Check(u8),
    /// It is refused.
    Deny(Denial),
}

/// A request on its way through the order.
struct DecisionInput<'a> {
    rules: Rules<'a>,
    facts: &'a Facts<'a>,
    truth: Truth,
}

impl DecisionInput<'_> {
    fn reads_caller(&self) -> bool {
        self.rules.facts_needed().caller
    }
}

/// Returns the answer of the first step that has one.
macro_rules! first_answer {
    ($case:ident: $($step:ident,)+) => {
        $(if let Some(decision) = $step($case) {
            return decision;
        })+
    };
}

/// THE ORDER: the first step that has an answer gives it. Checks, which come last, are decided again by the same steps.
fn in_order(case: &DecisionInput<'_>) -> Decision {
    first_answer! { case:
        set_up_is_wrong,               //  1   500
        address_is_blocked,            //  2   403
        false_whatever_the_credential, //  3   403, or 503 if a source out of reach decides it
        malformed_or_throttled,        //  4   400, and 5   429
        cross_site_on_ambient,         //  6   403
        not_verified_yet,              //      verify, then 7 to 10
        deny_rejected_credential,      //  7   503, 8   401, 9   403
        allow_if_satisfied,            // 10   the handler runs
        needs_roles,                   //      ask for roles that no credential carries, or 503 if nobody can
        needs_check,                   // 11   run a check, and decide again
    }
    deny_insufficient(case) //            10   401 or 403
}

/// Who counts as the caller. A cookie goes with every request of its browser, so where strangers come in, one that has ended
/// and one that another site's page sent along count as none: neither keeps anybody out who could come without. Nor does a
/// credential that nobody can verify now, where the handler says that it copes (M14).
pub fn effective_caller<'a>(rules: Rules<'_>, facts: &Facts<'a>) -> CallerFacts<'a> {
    if is_discarded(rules, facts) { CallerFacts::Nobody } else { facts.caller }
}

fn is_discarded(rules: Rules<'_>, facts: &Facts<'_>) -> bool {
    let cookie_fails = |scheme| !passes_cross_site(scheme, facts.cross_site) && is_like_a_cookie(scheme);
    let may_be = match facts.caller {
        CallerFacts::Presented(scheme) => cookie_fails(scheme),
        CallerFacts::Known(principal) => cookie_fails(principal.scheme()),
        CallerFacts::Refused(denial) => match denial.reason {
            Reason::RevokedCredentials | Reason::ExpiredCredentials => denial.scheme.is_some_and(is_like_a_cookie),
            Reason::AuthenticationUnavailable(_) => rules.handler.reads == CallerAccess::CallerOrOutage,
            _ => false,
        },
        CallerFacts::Nobody | CallerFacts::Hypothetical(_) => false,
    };
    let passes = || rules.truth(&Facts { caller: CallerFacts::Nobody, checks: facts.checks.at_best(), ..*facts }).now;
    may_be && passes()
}

/// Whether it goes with every request of a browser, and programs do not send it.
fn is_like_a_cookie(scheme: SchemeId) -> bool {
    scheme == SchemeId::Session || matches!(scheme, SchemeId::Custom(_)) && scheme.is_ambient()
}

/// Whether a credential of the scheme may come with such a request. A cookie needs proof that it is ours; without a word,
/// no current browser sends what changes state.
fn passes_cross_site(scheme: SchemeId, cross_site: CrossSite) -> bool {
    match (scheme, cross_site) {
        (_, CrossSite::Passed) => true,
        (scheme, CrossSite::Unsaid) => !is_like_a_cookie(scheme),
        (_, CrossSite::Failed) => !scheme.is_ambient(),
    }
}

/// Decides. Called with a credential that is [`CallerFacts::Presented`] it may ask for its verification, and is then called
/// again with the outcome.
pub fn decide(rules: Rules<'_>, facts: &Facts<'_>) -> Decision {
    decide_counted(rules, &Facts { caller: effective_caller(rules, facts), ..*facts })
}

/// Decides as [`decide`] does, about a caller who is [`effective_caller`] already.
pub fn decide_counted(rules: Rules<'_>, facts: &Facts<'_>) -> Decision {
    let case = DecisionInput { rules, facts, truth: rules.truth(facts) };
    in_order(&case)
}

#[inline]
fn set_up_is_wrong(case: &DecisionInput<'_>) -> Option<Decision> {
    let cause = case.facts.set_up?;
    Some(Decision::Deny(Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) }))
}

#[inline]
fn address_is_blocked(case: &DecisionInput<'_>) -> Option<Decision> {
    case.facts.address_blocked.then(|| deny(case, Reason::AccessBlocked))
}

/// No password is hashed and no token verified for a request that no credential could save.
#[inline]
fn false_whatever_the_credential(case: &DecisionInput<'_>) -> Option<Decision> {
    // What holds could hold, whoever calls.
    if case.truth.now {
        return None;
    }
    let truth = match case.facts.caller {
        // Of whoever is not known yet, nothing is known.
        CallerFacts::Nobody | CallerFacts::Presented(_) | CallerFacts::Refused(_)
            if case.facts.checks == Checks::default() =>
        {
            case.truth
        }
        _ => case.rules.truth(&Facts { caller: CallerFacts::Nobody, checks: Checks::default(), ..*case.facts }),
    };
    if truth.could {
        return None;
    }
    if truth.could_if_reached {
        return Some(deny(case, Reason::AuthenticationUnavailable(RETRY)));
    }
    let from_our_pages =
        Facts { caller: CallerFacts::Nobody, cross_site: CrossSite::Passed, checks: Checks::default(), ..*case.facts };
    let only_cross_site = case.rules.truth(&from_our_pages).could;
    Some(deny(case, if only_cross_site { Reason::CrossSiteRequest } else { Reason::AccessBlocked }))
}

/// How long to stay away when a source is out of reach and does not say.
const RETRY: RetryAfter = RetryAfter::seconds(5);

#[inline]
fn malformed_or_throttled(case: &DecisionInput<'_>) -> Option<Decision> {
    match case.facts.caller {
        CallerFacts::Refused(denial)
            if matches!(denial.reason, Reason::MalformedCredentials | Reason::TooManyAttempts(_))
                && case.reads_caller() =>
        {
            Some(Decision::Deny(denial.clone()))
        }
        _ => None,
    }
}

#[inline]
fn cross_site_on_ambient(case: &DecisionInput<'_>) -> Option<Decision> {
    let scheme = match case.facts.caller {
        CallerFacts::Presented(scheme) => scheme,
        CallerFacts::Refused(denial) => denial.scheme?,
        CallerFacts::Known(principal) => principal.scheme(),
        CallerFacts::Nobody | CallerFacts::Hypothetical(_) => return None,
    };
    let refused = !passes_cross_site(scheme, case.facts.cross_site) && case.reads_caller();
    refused.then(|| deny(case, Reason::CrossSiteRequest))
}

#[inline]
fn not_verified_yet(case: &DecisionInput<'_>) -> Option<Decision> {
    (matches!(case.facts.caller, CallerFacts::Presented(_)) && case.reads_caller()).then_some(Decision::Verify)
}

#[inline]
fn deny_rejected_credential(case: &DecisionInput<'_>) -> Option<Decision> {
    match case.facts.caller {
        CallerFacts::Refused(denial) if case.reads_caller() => {
            Some(Decision::Deny(Denial { schemes: challenge_schemes(case), ..denial.clone() }))
        }
        _ => None,
    }
}

#[inline]
fn allow_if_satisfied(case: &DecisionInput<'_>) -> Option<Decision> {
    case.truth.now.then_some(Decision::Allow)
}

/// Whether roles that no credential carries could change the answer. Asked for one tenant at a time, in the order in which the
/// rules name them: the first answer may be enough.
fn needs_roles(case: &DecisionInput<'_>) -> Option<Decision> {
    let CallerFacts::Known(principal) = case.facts.caller else { return None };
    if !case.facts.elsewhere.is_asked {
        return None;
    }
    let elsewhere = ExternalRoles { unknown_holds: true, ..case.facts.elsewhere };
    let facts = Facts { elsewhere, checks: case.facts.checks.at_best(), ..*case.facts };
    let at_best = DecisionInput { facts: &facts, truth: case.rules.truth(&facts), ..*case };
    // The same without what nobody has said yet: of roles, and of checks.
    let as_known = Facts { checks: case.facts.checks.at_best(), ..*case.facts };
    let without_checks = Facts { elsewhere, ..*case.facts };
    // Whether the caller gets in, what could help, and whether it is a scope alone that is missing.
    let is_open = || {
        case.rules.truth(&without_checks).now
            || at_best.truth.now && !case.rules.truth(&as_known).now
            || at_best.truth.could && !case.truth.could
            || scopes(&at_best).is_some() && scopes(case).is_none()
    };
    if !is_open() {
        return None;
    }
    let unasked = |literal: &&Literal| {
        let tenant = literal.tenant().map(|name| elsewhere.tenant(name).unwrap_or_default());
        let by_roles = literal.name().is_some_and(|name| name.vocabulary.kind != NameKind::Scope);
        by_roles && principal.answer(tenant).is_none() && !literal.truth(case.facts).now
    };
    let first = case.rules.literals().into_iter().find(unasked);
    Some(match first {
        Some(literal) => {
            Decision::AskRoles(literal.tenant().map(|name| elsewhere.tenant(name).unwrap_or_default().to_owned()))
        }
        // Nobody can say; a check may let the request in all the same.
        None => needs_check(case).unwrap_or_else(|| deny(case, Reason::AuthenticationUnavailable(RETRY))),
    })
}

/// The first check, in the order in which they are written, whose answer can still let the request in.
fn needs_check(case: &DecisionInput<'_>) -> Option<Decision> {
    if !case.rules.facts_needed().check {
        return None;
    }
    case.rules.formulas().fold(Residual::Holds, |open, formula| open.and(|| Residual::of(formula, case.facts))).check()
}

fn deny_insufficient(case: &DecisionInput<'_>) -> Decision {
    let reason = match case.facts.caller {
        CallerFacts::Known(_) if case.truth.could => Reason::StepUpRequired(step_up(case)),
        CallerFacts::Known(_) => match scopes(case) {
            Some(scopes) => Reason::InsufficientScope(scopes),
            None => Reason::InsufficientPermissions,
        },
        // A check has said no to whoever it may be.
        _ if !case.truth.could => Reason::InsufficientPermissions,
        _ => Reason::MissingCredentials,
    };
    deny(case, reason)
}

fn deny(case: &DecisionInput<'_>, reason: Reason) -> Decision {
    let mut failed = Vec::with_capacity(1);
    for formula in case.rules.formulas() {
        formula.literals(&mut |literal| {
            if !literal.truth(case.facts).now {
                failed.push(literal.text);
            }
            false
        });
    }
    let caller = match case.facts.caller {
        CallerFacts::Known(principal) => Some(principal.id()),
        _ => None,
    };
    let used = match case.facts.caller {
        CallerFacts::Known(principal) => Some(principal.scheme()),
        CallerFacts::Presented(scheme) => Some(scheme),
        CallerFacts::Refused(denial) => denial.scheme,
        CallerFacts::Nobody | CallerFacts::Hypothetical(_) => None,
    };
    Decision::Deny(Denial {
        reason,
        scheme: used,
        schemes: challenge_schemes(case),
        failed,
        caller,
        cause: None,
        detail: None,
    })
}

/// The schemes of those sources whose best credential could make the rule hold.
fn challenge_schemes(case: &DecisionInput<'_>) -> SchemeSet {
    // One scheme alone is named whether or not it could help: a 401 has a challenge.
    if let [first, others @ ..] = case.facts.sources
        && others.iter().all(|other| other.scheme == first.scheme)
    {
        return SchemeSet::NONE.with(first.scheme);
    }
    let could = |source: &&std::sync::Arc<_>| {
        case.rules.truth(&Facts { caller: CallerFacts::Hypothetical(source), ..*case.facts }).could
    };
    case.facts.sources.iter().filter(could).fold(SchemeSet::NONE, |set, source| set.with(source.scheme))
}

#[cfg(test)]
mod tests;
