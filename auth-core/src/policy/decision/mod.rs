//! The decision function. It takes rules and facts, and returns a [`Decision`]. It is pure: no I/O, no clock, no framework.
//!
//! # Why
//! Only this module chooses between 401 and 403, so that no other module needs special cases. Each literal answers whether it
//! holds **now** and whether it **could** hold with a better credential ([`crate::policy::truth`]). Combining the first answers
//! decides whether access is granted. Combining the second answers decides between 401 and 403. Enumerating the possible values
//! of unknown literals was rejected, because `role("a") || !role("a")` would be true for an anonymous caller.

mod rules;
mod residual;
mod challenge_hints;
mod explain;
mod lookups;

use self::challenge_hints::{scopes, step_up};
pub use self::explain::{Explanation, found_instead};
use self::lookups::{needs_rights, outside_networks_or_tenants, tenant_is_unknown};
use self::residual::Residual;
pub use self::rules::Rules;
use crate::client::csrf::CrossSite;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::{SchemeId, SchemeSet};
use crate::policy::atom::Atom;
use crate::policy::facts::{CallerFacts, Checks, ExternalRights, Facts, RequestRefusal};
use crate::policy::rule::{CallerAccess, Literal, requires_login};
use crate::policy::truth::Truth;

/// The result of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The handler runs.
    Allow,
    /// The presented credential must be verified before deciding again.
    Verify,
    /// The caller's rights that no credential carries must be looked up before deciding again. Contains the dimensions of the tenant,
    /// or `None` for rights outside of tenants.
    AskRights(Option<&'static [&'static str]>),
    /// The rights provider must choose a tenant for the request, which names none, before deciding again.
    AskDefaultTenant,
    /// The check of the handler's rule with this index must run before deciding again.
    Check(u8),
    /// The request is denied.
    Deny(Denial),
}

/// The input of all decision steps.
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

/// Returns the result of the first step that has one.
macro_rules! first_answer {
    ($case:ident: $($step:ident,)+) => {
        $(if let Some(decision) = $step($case) {
            return decision;
        })+
    };
}

/// Runs the steps in their fixed order. The first step with a result decides. After a check, which comes last, the same steps run
/// again.
fn in_order(case: &DecisionInput<'_>) -> Decision {
    first_answer! { case:
        set_up_is_wrong,               //  1   500
        request_is_refused,            //  2   403
        false_whatever_the_credential, //  3   403, or 503 if an unavailable data source decides it
        malformed_or_throttled,        //  4   400, and 5   429
        cross_site_on_ambient,         //  6   403
        not_verified_yet,              //      verify, then 7 to 10
        deny_rejected_credential,      //  7   503, 8   401, 9   403, 9a 503, 9b 403, 9c 401
        outside_networks_or_tenants,   //      403, 10a 400
        tenant_is_unknown,             // 10a  400, or ask for the default tenant
        allow_if_satisfied,            // 10   the handler runs
        needs_rights,                  //      look up rights, or 503 if the lookup failed
        needs_check,                   // 11   run a check, and decide again
    }
    deny_insufficient(case) //            10   401 or 403, 9d 403
}

/// Returns the caller for the decision. If the rules admit anonymous callers, some credentials are ignored: expired or revoked
/// cookies, cookies that a page of another site sent, credentials that are bound to another tenant, limited credentials without a
/// name of their ceiling that the rules require (RIGHTS-14), and, if the handler accepts outages, credentials that cannot be verified
/// now (M14). A browser sends its cookies with every request, so without this exception a cookie could deny a request that would be
/// admitted without it.
pub fn effective_caller<'a>(rules: Rules<'_>, facts: &Facts<'a>) -> CallerFacts<'a> {
    if is_discarded(rules, facts) { CallerFacts::Nobody } else { facts.caller }
}

fn is_discarded(rules: Rules<'_>, facts: &Facts<'_>) -> bool {
    let cookie_fails = |scheme| !passes_cross_site(scheme, facts.cross_site) && is_like_a_cookie(scheme);
    let may_be = match facts.caller {
        CallerFacts::Presented(scheme) => cookie_fails(scheme),
        CallerFacts::Known(principal) | CallerFacts::WithoutAccount(principal) => {
            cookie_fails(principal.scheme())
                || facts.is_outside(principal)
                || principal.is_limited() && !could_hold_by_name(rules, facts)
        }
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

/// Returns whether the refusal of a credential denies a request also where the rules admit anonymous callers.
pub fn denies_everywhere(denial: &Denial) -> bool {
    match denial.reason {
        Reason::MissingCredentials
        | Reason::InsufficientPermissions
        | Reason::InsufficientScope(_)
        | Reason::StepUpRequired(_)
        | Reason::TenantRequired
        | Reason::AccountRequired => false,
        Reason::RevokedCredentials | Reason::ExpiredCredentials | Reason::CrossSiteRequest => {
            !denial.scheme.is_some_and(is_like_a_cookie)
        }
        _ => true,
    }
}

/// Returns whether answers that are not known yet could admit a limited credential by a name of its ceiling.
#[cold]
fn could_hold_by_name(rules: Rules<'_>, facts: &Facts<'_>) -> bool {
    let external = ExternalRights { unknown_holds: true, ..facts.external };
    rules.truth(&Facts { external, checks: facts.checks.at_best(), ..*facts }).now
}

/// Returns whether only browsers send the credential, and send it with every request.
fn is_like_a_cookie(scheme: SchemeId) -> bool {
    let is_custom = matches!(scheme, SchemeId::Custom(_)) && scheme != SchemeId::OPEN;
    scheme == SchemeId::Session || is_custom && scheme.is_ambient()
}

/// Returns whether a credential of the scheme is accepted with this result of the cross-site check. A request with a cookie must
/// prove that it comes from this site. Other credentials are also accepted without information about the origin: every current
/// browser sends this information with state-changing requests, so a request without it comes from another program.
fn passes_cross_site(scheme: SchemeId, cross_site: CrossSite) -> bool {
    match (scheme, cross_site) {
        (_, CrossSite::Passed) => true,
        (scheme, CrossSite::Unsaid) => !is_like_a_cookie(scheme),
        (_, CrossSite::Failed) => !scheme.is_ambient(),
    }
}

/// Decides on a request. For a [`CallerFacts::Presented`] credential it may request verification, and is then called again with the
/// outcome.
pub fn decide(rules: Rules<'_>, facts: &Facts<'_>) -> Decision {
    decide_counted(rules, &Facts { caller: effective_caller(rules, facts), ..*facts })
}

/// Like [`decide`], for a caller that [`effective_caller`] has already returned.
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
fn request_is_refused(case: &DecisionInput<'_>) -> Option<Decision> {
    let (reason, cause) = match case.facts.refusal? {
        RequestRefusal::AddressBlocked => (Reason::AccessBlocked, None),
        RequestRefusal::NotLocal => {
            let cause =
                "in open mode, requests come from this machine without a proxy, unless `.beyond_loopback()` is set";
            (Reason::AccessBlocked, Some(cause))
        }
        RequestRefusal::OtherHost => {
            let cause = "in open mode, requests name a loopback host or one of `.hosts([…])`";
            (Reason::CrossSiteRequest, Some(cause))
        }
        RequestRefusal::OtherSite => (Reason::CrossSiteRequest, None),
    };
    Some(caused(deny(case, reason), cause))
}

/// Avoids hashing a password or verifying a token if no credential could satisfy the rules.
#[inline]
fn false_whatever_the_credential(case: &DecisionInput<'_>) -> Option<Decision> {
    // A rule that holds now could hold for any caller.
    if case.truth.now {
        return None;
    }
    let truth = match case.facts.caller {
        // An unknown caller contributes no facts, so this is already the truth without a caller.
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

/// The `Retry-After` delay if an unavailable data source provides none.
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
        CallerFacts::Known(principal) | CallerFacts::WithoutAccount(principal) => principal.scheme(),
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

/// Returns the first check, in the order in which they are written, whose result can still grant the request.
#[inline]
fn needs_check(case: &DecisionInput<'_>) -> Option<Decision> {
    if case.rules.facts_needed().check { first_open_check(case) } else { None }
}

#[inline(never)]
fn first_open_check(case: &DecisionInput<'_>) -> Option<Decision> {
    let formulas = || case.rules.formulas();
    let lacks_account = matches!(case.facts.caller, CallerFacts::WithoutAccount(_));
    let is_beside_login = lacks_account && formulas().any(requires_login);
    let of = |formula| Residual::of(formula, case.facts, is_beside_login);
    let all = || formulas().fold(Residual::Holds, |open, formula| open.and(|| of(formula)));
    let open = match case.rules.requires_name(case.facts) {
        // A check that cannot lead to a name does not run, even if it would satisfy the rules.
        true => Residual::any_by_name(formulas(), case.facts).and(all),
        false => all(),
    };
    open.check()
}

fn deny_insufficient(case: &DecisionInput<'_>) -> Decision {
    let reason = match case.facts.caller {
        CallerFacts::Known(principal) => return deny_known(case, principal.scheme()),
        CallerFacts::WithoutAccount(_) => Reason::AccountRequired,
        // A check that does not depend on the caller has failed.
        _ if !case.truth.could => Reason::InsufficientPermissions,
        _ => Reason::MissingCredentials,
    };
    deny(case, reason)
}

/// Returns whether the caller lacks a login, an account, or a credential of another kind, which no parameter of a challenge can
/// express.
fn needs_other_credential(case: &DecisionInput<'_>) -> bool {
    let is_missing = |literal: &Literal| {
        let truth = literal.truth(case.facts);
        matches!(literal.atom, Atom::Login(_) | Atom::Account(_) | Atom::Credential(_)) && truth.could && !truth.now
    };
    case.rules.formulas().any(|formula| formula.literals(&mut |literal| is_missing(literal)))
}

#[inline(never)]
fn deny_known(case: &DecisionInput<'_>, scheme: SchemeId) -> Decision {
    // In open mode, no other credential is accepted, so that nothing could hold (TOKEN-19).
    let reason = match case.truth.could && scheme != SchemeId::OPEN {
        // The credential is of the wrong kind.
        true if needs_other_credential(case) => Reason::MissingCredentials,
        true => Reason::StepUpRequired(step_up(case)),
        false => scopes(case).map_or(Reason::InsufficientPermissions, Reason::InsufficientScope),
    };
    let cause = "the credential is limited, and the rule holds without a role, permission or scope within its ceiling";
    caused(deny(case, reason), case.rules.hold_without_name(case.facts).then_some(cause))
}

/// Returns the denial with a cause, if there is one.
fn caused(decision: Decision, cause: Option<&'static str>) -> Decision {
    match decision {
        Decision::Deny(denial) => Decision::Deny(Denial { cause: cause.or(denial.cause), ..denial }),
        other => other,
    }
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
    let caller = case.facts.caller.principal().map(|principal| principal.id());
    let used = match case.facts.caller {
        CallerFacts::Known(principal) | CallerFacts::WithoutAccount(principal) => Some(principal.scheme()),
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

/// Returns the schemes of the issuers whose best credential could satisfy the rules.
fn challenge_schemes(case: &DecisionInput<'_>) -> SchemeSet {
    // A single scheme is named even if it could not help, because a 401 response needs a challenge.
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
