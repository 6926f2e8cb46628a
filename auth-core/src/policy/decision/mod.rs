//! THE decision: rules and facts in, [`Decision`] out. Pure: no input or output, no clock, no framework.
//!
//! # Why
//! 401 against 403 is decided here for everybody, so that it is a special case nowhere. Each literal says whether it
//! holds **now** and whether it **could** hold with a better credential ([`crate::policy::truth`]); the fold of the first
//! grants, the fold of the second tells 401 from 403. Enumerating what the open literals might still be was rejected: it
//! calls `role("a") || !role("a")` true for a stranger.

mod explain;

pub use self::explain::{Explanation, found_instead};
use crate::client::csrf::CrossSite;
use crate::denial::{Denial, Reason, RetryAfter, StepUp};
use crate::identity::scheme_id::{SchemeId, SchemeSet};
use crate::identity::vocabulary::Name;
use crate::identity::vocabulary::NameKind;
use crate::policy::atom::Atom;
use crate::policy::facts::{CallerFacts, Checks, ExternalRoles, Facts};
use crate::policy::rule::{CallerAccess, FactsNeeded, Formula, Literal, Rule};
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
        self.scopes.iter().map(|rule| rule.formula()).chain([self.handler.formula()])
    }

    fn truth(self, facts: &Facts<'_>) -> Truth {
        let is_unknown = facts.caller.is_unknown() && facts.checks == Checks::default();
        let of = |rule: &Rule| match rule.of_unknown() {
            Some(truth) if is_unknown => truth,
            _ => rule.formula().truth(facts),
        };
        self.scopes.iter().fold(of(self.handler), |truth, scope| truth.and(of(scope)))
    }

    /// What has to be known of a request: what atoms are about, and who calls where the handler reads the principal.
    pub fn facts_needed(self) -> FactsNeeded {
        let read = self.handler.reads != CallerAccess::Nothing;
        let own = self.handler.facts_needed();
        let own = FactsNeeded { caller: own.caller | read, ..own };
        self.scopes.iter().fold(own, |about, scope| about.and(scope.facts_needed()))
    }

    /// The networks that atoms name.
    pub fn networks(self) -> impl Iterator<Item = &'static ipnet::IpNet> {
        self.literals().into_iter().filter_map(Literal::networks).flatten()
    }

    /// The names that atoms ask for.
    pub fn names(self) -> impl Iterator<Item = Name> {
        self.literals().into_iter().filter_map(Literal::name)
    }

    /// The names in the pattern of the route that atoms take for tenants.
    pub fn tenants(self) -> impl Iterator<Item = &'static str> {
        self.literals().into_iter().filter_map(Literal::tenant)
    }

    /// The names in the pattern of the route where keys of objects stand: of those that atoms are about, and that the handler takes.
    pub fn object_keys(self) -> impl Iterator<Item = &'static str> {
        let taken = self.handler.objects().map(|object| object.path);
        self.literals().into_iter().filter_map(Literal::object_key).chain(taken)
    }

    fn literals(self) -> Vec<&'a Literal> {
        let mut literals = Vec::new();
        for formula in self.formulas() {
            formula.literals(&mut |literal| {
                literals.push(literal);
                false
            });
        }
        literals
    }

    /// Whether somebody without a credential can pass, from an address that fits.
    pub fn admit_strangers(self) -> bool {
        self.formulas().all(Formula::admits_strangers)
    }

    /// Whether all could hold, were the client at an address that fits.
    pub fn could_hold_somewhere(self, facts: &Facts<'_>) -> bool {
        self.formulas().all(|formula| formula.could_hold_somewhere(facts))
    }

    /// Whether what is not granted is answered as an unknown path.
    pub fn not_found(self) -> bool {
        self.handler.not_found || self.scopes.iter().any(|rule| rule.not_found)
    }
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

/// THE ORDER: the first step that has an answer gives it. Checks, which come last, are decided again by the same steps.
const ORDER: [fn(&DecisionInput<'_>) -> Option<Decision>; 11] = [
    set_up_is_wrong,               //  1   500
    address_is_blocked,            //  2   403
    false_whatever_the_credential, //  3   403, or 503 if a source out of reach decides it
    malformed_or_throttled,        //  4   400, and 5   429
    cross_site_on_ambient,         //  6   403
    not_verified_yet,              //      verify, then 7 to 10
    refused,                       //  7   503, 8   401, 9   403
    holds,                         // 10   the handler runs
    open_without_roles,            //      ask for roles that no credential carries, or 503 if nobody can
    open_without_check,            // 11   run a check, and decide again
    lacking,                       // 10   401 or 403
];

/// Who counts as the caller. A cookie goes with every request of its browser, so where strangers come in, one that has ended
/// and one that another site's page sent along count as none: neither keeps anybody out who could come without. Nor does a
/// credential that nobody can verify now, where the handler says that it copes (M14).
pub fn counted<'a>(rules: Rules<'_>, facts: &Facts<'a>) -> CallerFacts<'a> {
    if is_shed(rules, facts) { CallerFacts::Nobody } else { facts.caller }
}

fn is_shed(rules: Rules<'_>, facts: &Facts<'_>) -> bool {
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
    decide_counted(rules, &Facts { caller: counted(rules, facts), ..*facts })
}

/// Decides as [`decide`] does, about a caller who is [`counted`] already.
pub fn decide_counted(rules: Rules<'_>, facts: &Facts<'_>) -> Decision {
    let case = DecisionInput { rules, facts, truth: rules.truth(facts) };
    // The last step always answers; were it not so, the request would be refused.
    ORDER.iter().find_map(|step| step(&case)).unwrap_or_else(|| deny(&case, Reason::SetUp))
}

fn set_up_is_wrong(case: &DecisionInput<'_>) -> Option<Decision> {
    let cause = case.facts.set_up?;
    Some(Decision::Deny(Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) }))
}

fn address_is_blocked(case: &DecisionInput<'_>) -> Option<Decision> {
    case.facts.address_blocked.then(|| deny(case, Reason::AccessBlocked))
}

/// No password is hashed and no token verified for a request that no credential could save.
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

fn not_verified_yet(case: &DecisionInput<'_>) -> Option<Decision> {
    (matches!(case.facts.caller, CallerFacts::Presented(_)) && case.reads_caller()).then_some(Decision::Verify)
}

fn refused(case: &DecisionInput<'_>) -> Option<Decision> {
    match case.facts.caller {
        CallerFacts::Refused(denial) if case.reads_caller() => {
            Some(Decision::Deny(Denial { schemes: helpful(case), ..denial.clone() }))
        }
        _ => None,
    }
}

fn holds(case: &DecisionInput<'_>) -> Option<Decision> {
    case.truth.now.then_some(Decision::Allow)
}

/// Whether roles that no credential carries could change the answer. Asked for one tenant at a time, in the order in which the
/// rules name them: the first answer may be enough.
fn open_without_roles(case: &DecisionInput<'_>) -> Option<Decision> {
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
        None => open_without_check(case).unwrap_or_else(|| deny(case, Reason::AuthenticationUnavailable(RETRY))),
    })
}

/// The first check, in the order in which they are written, whose answer can still let the request in.
fn open_without_check(case: &DecisionInput<'_>) -> Option<Decision> {
    if !case.rules.facts_needed().check {
        return None;
    }
    case.rules.formulas().fold(Open::Holds, |open, formula| open.and(|| Open::of(formula, case.facts))).check()
}

/// What is left of a formula once all that is known has been put in. Each check stands in it once and with no `!` that counts,
/// so that one which is left decides for some answers of the others.
enum Open {
    Holds,
    Fails,
    /// By the answers of checks, the first of which is this one.
    Depends(u8),
}

impl Open {
    fn of(formula: &Formula, facts: &Facts<'_>) -> Self {
        match formula {
            Formula::Literal(Literal { atom: Atom::Check(check), .. })
                if facts.checks.of(check.index).is_none() && check.may_run(facts) =>
            {
                Self::Depends(check.index)
            }
            Formula::Literal(literal) if literal.truth(facts).now => Self::Holds,
            Formula::Literal(_) => Self::Fails,
            Formula::All(parts) => parts.iter().fold(Self::Holds, |open, part| open.and(|| Self::of(part, facts))),
            Formula::Any(parts) => parts.iter().fold(Self::Fails, |open, part| open.or(|| Self::of(part, facts))),
        }
    }

    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Fails => Self::Fails,
            Self::Holds => other(),
            Self::Depends(first) => match other() {
                Self::Fails => Self::Fails,
                Self::Holds | Self::Depends(_) => Self::Depends(first),
            },
        }
    }

    fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Holds => Self::Holds,
            Self::Fails => other(),
            Self::Depends(first) => match other() {
                Self::Holds => Self::Holds,
                Self::Fails | Self::Depends(_) => Self::Depends(first),
            },
        }
    }

    const fn check(self) -> Option<Decision> {
        match self {
            Self::Depends(first) => Some(Decision::Check(first)),
            Self::Holds | Self::Fails => None,
        }
    }
}

fn lacking(case: &DecisionInput<'_>) -> Option<Decision> {
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
    Some(deny(case, reason))
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
    Decision::Deny(Denial { reason, scheme: used, schemes: helpful(case), failed, caller, cause: None, detail: None })
}

/// The schemes of those sources whose best credential could make the rule hold.
fn helpful(case: &DecisionInput<'_>) -> SchemeSet {
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

/// One way to make a formula hold: what a credential has to bring for it.
trait SatisfyingSet: Clone + Default {
    /// What both ask for; `None` where no one credential could bring it.
    fn and(&self, other: &Self) -> Option<Self>;
    /// How much of it is missing; then what else tells two apart.
    fn cost(&self) -> (usize, usize);
}

/// The least way to make all rules hold; `of` says what a literal takes, `None` where nothing would do.
fn least<W: SatisfyingSet>(case: &DecisionInput<'_>, of: &dyn Fn(&Literal) -> Option<W>) -> Option<W> {
    let ways = case.rules.formulas().map(|formula| ways(formula, of)).fold(vec![W::default()], each_with_each);
    ways.into_iter().next()
}

/// All ways, the least first.
fn ways<W: SatisfyingSet>(formula: &Formula, of: &dyn Fn(&Literal) -> Option<W>) -> Vec<W> {
    match formula {
        Formula::Literal(literal) => of(literal).into_iter().collect(),
        Formula::All(parts) => parts.iter().map(|part| ways(part, of)).fold(vec![W::default()], each_with_each),
        Formula::Any(parts) => least_first(parts.iter().flat_map(|part| ways(part, of)).collect()),
    }
}

fn each_with_each<W: SatisfyingSet>(ways: Vec<W>, others: Vec<W>) -> Vec<W> {
    least_first(ways.iter().flat_map(|way| others.iter().filter_map(|other| way.and(other))).collect())
}

/// They serve challenges and never the decision: of very many, some least ones will do.
fn least_first<W: SatisfyingSet>(mut ways: Vec<W>) -> Vec<W> {
    const MOST: usize = 64;
    ways.sort_by_key(W::cost);
    ways.truncate(MOST);
    ways
}

/// Scopes, and whether the caller has them.
#[derive(Clone, Default)]
struct Scopes(Vec<(&'static str, bool)>);

impl SatisfyingSet for Scopes {
    fn and(&self, other: &Self) -> Option<Self> {
        let mut scopes = self.0.clone();
        scopes.extend(other.0.iter().filter(|scope| !self.0.contains(scope)));
        Some(Self(scopes))
    }

    fn cost(&self) -> (usize, usize) {
        (self.0.iter().filter(|(_, held)| !held).count(), self.0.len())
    }
}

/// The scopes that would make the rule hold, with the roles and all else that this caller has: those it has among them, so
/// that a token with just these would do (BEARER-10). `None` where scopes alone would not.
fn scopes(case: &DecisionInput<'_>) -> Option<Vec<&'static str>> {
    let CallerFacts::Known(principal) = case.facts.caller else { return None };
    let source = principal.source();
    let facts = Facts { checks: case.facts.checks.at_best(), ..*case.facts };
    let scope = |literal: &Literal| literal.name().filter(|name| name.vocabulary.kind == NameKind::Scope);
    if !case.rules.formulas().any(|formula| formula.literals(&mut |literal| scope(literal).is_some())) {
        // Most rules name none.
        return case.rules.truth(&facts).now.then(Vec::new);
    }
    let scopes = least(case, &|literal| {
        let holds = literal.truth(&facts).now;
        match scope(literal).filter(|_| !literal.negated) {
            // A scope that this source may not confer would be dropped again.
            Some(name) => (holds || source.could_hold(name)).then(|| Scopes(vec![(name.text, holds)])),
            None => holds.then(Scopes::default),
        }
    });
    scopes.map(|Scopes(scopes)| scopes.into_iter().map(|(name, _)| name).collect())
}

/// What another login brings.
#[derive(Clone, Default)]
struct Renewal {
    max_age: Option<u64>,
    /// The level, and whether the caller has it already. A login is at one level.
    acr: Option<(&'static str, bool)>,
    /// What no parameter can ask for.
    others: usize,
}

impl SatisfyingSet for Renewal {
    fn and(&self, other: &Self) -> Option<Self> {
        let one_level = self.acr.is_none() || other.acr.is_none() || self.acr == other.acr;
        one_level.then(|| Self {
            max_age: self.max_age.into_iter().chain(other.max_age).min(),
            acr: self.acr.or(other.acr),
            others: self.others + other.others,
        })
    }

    fn cost(&self) -> (usize, usize) {
        let level = self.acr.is_some_and(|(_, held)| !held);
        let named = usize::from(self.max_age.is_some()) + usize::from(level);
        (named + self.others, self.others) // of two that are as much, the one that can be asked for
    }
}

/// The least that another login has to bring, given what this caller has: one way in, not all of them.
fn step_up(case: &DecisionInput<'_>) -> StepUp {
    let facts = Facts { checks: case.facts.checks.at_best(), ..*case.facts };
    let login = least(case, &|literal| {
        let truth = literal.truth(&facts);
        let login = match literal.atom {
            Atom::Acr(acr) => Renewal { acr: Some((acr.value, truth.now)), ..Renewal::default() },
            _ if truth.now => Renewal::default(),
            Atom::MaxAge(age) => Renewal { max_age: Some(age.seconds), ..Renewal::default() },
            _ => Renewal { others: 1, ..Renewal::default() },
        };
        truth.could.then_some(login)
    });
    let Renewal { max_age, acr, .. } = login.unwrap_or_default();
    let max_age = max_age.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    StepUp { max_age, acr_values: acr.into_iter().filter(|(_, held)| !held).map(|(value, _)| value).collect() }
}

#[cfg(test)]
mod tests;
