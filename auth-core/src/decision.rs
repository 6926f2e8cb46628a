//! THE decision: rules and facts in, [`Decision`] out. Pure: no input or output, no clock, no framework.
//!
//! # Why
//! 401 against 403 is decided here for everybody, so that it is a special case nowhere. Each literal says whether it
//! holds **now** and whether it **could** hold with a better credential ([`crate::truth`]); the fold of the first
//! grants, the fold of the second tells 401 from 403. Enumerating what the open literals might still be was rejected: it
//! calls `role("a") || !role("a")` true for a stranger.

use crate::client::cross_site::CrossSite;
use crate::denial::challenge::SchemeSet;
use crate::denial::{Denial, Reason, RetryAfter, StepUp};
use crate::facts::{Caller, Facts};
use crate::rule::{Formula, Rule};
use crate::truth::Truth;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The handler runs.
    Allow,
    /// The presented credential has to be verified; then decide again.
    Verify,
    /// It is refused.
    Deny(Denial),
}

/// The rules that have to hold together: those of the scopes around a handler, and its own.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Of the scopes, from the outside in.
    pub scopes: &'a [&'static Rule],
    /// Of the handler.
    pub handler: &'a Rule,
}

impl<'a> Rules<'a> {
    fn formulas(self) -> impl Iterator<Item = &'a Formula> {
        self.scopes.iter().map(|rule| &rule.formula).chain([&self.handler.formula])
    }

    fn truth(self, facts: &Facts<'_>) -> Truth {
        self.formulas().fold(Truth::HOLDS, |truth, formula| truth.and(formula.truth(facts)))
    }

    /// Whether a presented credential is verified: some atom is about the caller, or the handler reads the principal.
    pub fn read_caller(self) -> bool {
        self.handler.reads_principal || self.formulas().any(Formula::is_about_caller)
    }

    /// Whether what is not granted is answered as an unknown path.
    pub fn not_found(self) -> bool {
        self.handler.not_found || self.scopes.iter().any(|rule| rule.not_found)
    }
}

/// A request on its way through the order.
struct Case<'a> {
    rules: Rules<'a>,
    facts: &'a Facts<'a>,
    truth: Truth,
    reads_caller: bool,
}

/// THE ORDER: the first step that has an answer gives it. Checks, which come last, are decided again by the same steps.
const ORDER: [fn(&Case<'_>) -> Option<Decision>; 9] = [
    set_up_is_wrong,               //  1   500
    address_is_blocked,            //  2   403
    false_whatever_the_credential, //  3   403, or 503 if a source out of reach decides it
    malformed_or_throttled,        //  4   400, and 5   429
    cross_site_on_ambient,         //  6   403
    not_verified_yet,              //      verify, then 7 to 10
    refused,                       //  7   503, 8   401, 9   403
    holds,                         // 10   the handler runs
    lacking,                       // 10   401 or 403
];

/// Decides. Called with a credential that is [`Caller::Presented`] it may ask for its verification, and is then called
/// again with the outcome.
pub fn decide(rules: Rules<'_>, facts: &Facts<'_>) -> Decision {
    let case = Case { rules, facts, truth: rules.truth(facts), reads_caller: rules.read_caller() };
    // The last step always answers; were it not so, the request would be refused.
    ORDER.iter().find_map(|step| step(&case)).unwrap_or_else(|| deny(&case, Reason::SetUp))
}

fn set_up_is_wrong(case: &Case<'_>) -> Option<Decision> {
    let cause = case.facts.set_up?;
    Some(Decision::Deny(Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) }))
}

fn address_is_blocked(case: &Case<'_>) -> Option<Decision> {
    case.facts.address_blocked.then(|| deny(case, Reason::AccessBlocked))
}

/// No password is hashed and no token verified for a request that no credential could save.
fn false_whatever_the_credential(case: &Case<'_>) -> Option<Decision> {
    let truth = match case.facts.caller {
        Caller::Nobody => case.truth,
        _ => case.rules.truth(&Facts { caller: Caller::Nobody, ..*case.facts }),
    };
    if truth.could {
        return None;
    }
    if truth.could_if_reached {
        return Some(deny(case, Reason::AuthenticationUnavailable(RETRY)));
    }
    let from_our_pages = Facts { caller: Caller::Nobody, cross_site: CrossSite::Passed, ..*case.facts };
    let only_cross_site = case.rules.truth(&from_our_pages).could;
    Some(deny(case, if only_cross_site { Reason::CrossSiteRequest } else { Reason::AccessBlocked }))
}

/// How long to stay away when a source is out of reach and does not say.
const RETRY: RetryAfter = RetryAfter::seconds(5);

fn malformed_or_throttled(case: &Case<'_>) -> Option<Decision> {
    match case.facts.caller {
        Caller::Refused(denial)
            if case.reads_caller
                && matches!(denial.reason, Reason::MalformedCredentials | Reason::TooManyAttempts(_)) =>
        {
            Some(Decision::Deny(denial.clone()))
        }
        _ => None,
    }
}

fn cross_site_on_ambient(case: &Case<'_>) -> Option<Decision> {
    let scheme = match case.facts.caller {
        Caller::Presented(scheme) => scheme,
        Caller::Refused(denial) => denial.used?,
        Caller::Known(principal) => principal.scheme(),
        Caller::Nobody | Caller::Would(_) => return None,
    };
    let refused = case.reads_caller && scheme.is_ambient() && case.facts.cross_site == CrossSite::Failed;
    refused.then(|| deny(case, Reason::CrossSiteRequest))
}

fn not_verified_yet(case: &Case<'_>) -> Option<Decision> {
    (case.reads_caller && matches!(case.facts.caller, Caller::Presented(_))).then_some(Decision::Verify)
}

fn refused(case: &Case<'_>) -> Option<Decision> {
    match case.facts.caller {
        Caller::Refused(denial) if case.reads_caller => {
            Some(Decision::Deny(Denial { schemes: helpful(case), ..denial.clone() }))
        }
        _ => None,
    }
}

fn holds(case: &Case<'_>) -> Option<Decision> {
    case.truth.now.then_some(Decision::Allow)
}

fn lacking(case: &Case<'_>) -> Option<Decision> {
    let reason = match case.facts.caller {
        Caller::Known(_) if case.truth.could => Reason::StepUpRequired(step_up(case)),
        Caller::Known(_) => match scopes(case) {
            Some(scopes) => Reason::InsufficientScope(scopes),
            None => Reason::InsufficientPermissions,
        },
        _ => Reason::MissingCredentials,
    };
    Some(deny(case, reason))
}

fn deny(case: &Case<'_>, reason: Reason) -> Decision {
    let mut failed = Vec::new();
    for formula in case.rules.formulas() {
        formula.literals(&mut |literal| {
            if !literal.truth(case.facts).now {
                failed.push(literal.text);
            }
            false
        });
    }
    let used = match case.facts.caller {
        Caller::Known(principal) => Some(principal.scheme()),
        Caller::Presented(scheme) => Some(scheme),
        Caller::Refused(denial) => denial.used,
        Caller::Nobody | Caller::Would(_) => None,
    };
    Decision::Deny(Denial { reason, used, schemes: helpful(case), failed, cause: None })
}

/// The schemes of those sources whose best credential could make the rule hold.
fn helpful(case: &Case<'_>) -> SchemeSet {
    let could =
        |source: &&std::sync::Arc<_>| case.rules.truth(&Facts { caller: Caller::Would(source), ..*case.facts }).could;
    case.facts.sources.iter().filter(could).fold(SchemeSet::NONE, |set, source| set.with(source.scheme))
}

/// The scopes of the least set that, with what this caller has, would make the rule hold; `None` where scopes alone
/// would not change the answer (BEARER-10), or where the caller's scheme has none.
fn scopes(case: &Case<'_>) -> Option<Vec<&'static str>> {
    fn least(formula: &Formula, facts: &Facts<'_>) -> Option<Vec<&'static str>> {
        use crate::vocabulary::Kind;
        match formula {
            Formula::Literal(literal) => match literal.name() {
                Some(name) if name.vocabulary.kind == Kind::Scope && !literal.negated => Some(vec![name.text]),
                _ => literal.truth(facts).now.then(Vec::new),
            },
            Formula::All(parts) => union(parts.iter().map(|part| least(part, facts))),
            Formula::Any(parts) => parts.iter().filter_map(|part| least(part, facts)).min_by_key(Vec::len),
        }
    }
    match case.facts.caller {
        Caller::Known(principal) if principal.source().has_claims => {
            union(case.rules.formulas().map(|formula| least(formula, case.facts)))
        }
        _ => None,
    }
}

fn union(sets: impl Iterator<Item = Option<Vec<&'static str>>>) -> Option<Vec<&'static str>> {
    let mut union = Vec::new();
    for name in sets.collect::<Option<Vec<_>>>()?.into_iter().flatten() {
        if !union.contains(&name) {
            union.push(name);
        }
    }
    Some(union)
}

/// The least that another login has to bring, given what this caller has: one way in, not all of them.
fn step_up(case: &Case<'_>) -> StepUp {
    use crate::atom::Atom;

    /// What to ask for, and how much that is.
    fn least(formula: &Formula, facts: &Facts<'_>) -> Option<(usize, StepUp)> {
        match formula {
            Formula::Literal(literal) => {
                let truth = literal.truth(facts);
                let ask = match literal.atom {
                    _ if truth.now => return Some((0, StepUp::default())),
                    Atom::MaxAge(age) => StepUp { max_age: Some(age.seconds), ..StepUp::default() },
                    Atom::Acr(acr) => StepUp { acr_values: vec![acr.value], ..StepUp::default() },
                    _ => StepUp::default(),
                };
                truth.could.then_some((1, ask))
            }
            Formula::All(parts) => parts.iter().map(|part| least(part, facts)).try_fold((0, StepUp::default()), both),
            Formula::Any(parts) => parts.iter().filter_map(|part| least(part, facts)).min_by_key(|(cost, _)| *cost),
        }
    }
    fn both(sum: (usize, StepUp), next: Option<(usize, StepUp)>) -> Option<(usize, StepUp)> {
        let ((cost, mut ask), (next_cost, next)) = (sum, next?);
        ask.max_age = ask.max_age.into_iter().chain(next.max_age).min();
        for value in next.acr_values {
            if !ask.acr_values.contains(&value) {
                ask.acr_values.push(value);
            }
        }
        Some((cost + next_cost, ask))
    }
    let all = case.rules.formulas().map(|formula| least(formula, case.facts)).try_fold((0, StepUp::default()), both);
    all.map(|(_, ask)| ask).unwrap_or_default()
}
