//! Hints for challenges: missing scopes and the login that would be sufficient. They never affect the decision.

use super::DecisionInput;
use crate::denial::StepUp;
use crate::identity::vocabulary::NameKind;
use crate::policy::atom::Atom;
use crate::policy::facts::{CallerFacts, Facts};
use crate::policy::rule::{Formula, Literal};

/// One way to satisfy a formula: the requirements on a credential.
trait SatisfyingSet: Clone + Default {
    /// Combines both requirements. Returns `None` if no single credential can meet both.
    fn and(&self, other: &Self) -> Option<Self>;
    /// Returns the number of missing requirements, followed by a tie breaker.
    fn cost(&self) -> (usize, usize);
}

/// Returns some of the ways to satisfy all rules, the cheapest first. `of` returns the requirements of a literal, or `None` if nothing can satisfy it.
fn ways_of_all<W: SatisfyingSet>(case: &DecisionInput<'_>, of: &dyn Fn(&Literal) -> Option<W>) -> Vec<W> {
    case.rules.formulas().map(|formula| ways(formula, of)).fold(vec![W::default()], each_with_each)
}

/// Returns all ways, the cheapest first.
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

/// Returns some of the cheapest ways. Others are not needed, because only challenges depend on the ways, never the decision.
fn least_first<W: SatisfyingSet>(mut ways: Vec<W>) -> Vec<W> {
    const MOST: usize = 64;
    ways.sort_by_key(W::cost);
    ways.truncate(MOST);
    ways
}

/// Scopes, each with whether the caller holds it.
#[derive(Clone, Default)]
struct Scopes {
    scopes: Vec<(&'static str, bool)>,
    /// Whether a role, a permission or a scope is among the requirements.
    by_name: bool,
}

impl SatisfyingSet for Scopes {
    fn and(&self, other: &Self) -> Option<Self> {
        let mut scopes = self.scopes.clone();
        scopes.extend(other.scopes.iter().filter(|scope| !self.scopes.contains(scope)));
        Some(Self { scopes, by_name: self.by_name || other.by_name })
    }

    fn cost(&self) -> (usize, usize) {
        (self.scopes.iter().filter(|(_, held)| !held).count(), self.scopes.len())
    }
}

/// Returns the scopes that would satisfy the rule, given the roles and everything else that the caller has. The result includes
/// scopes that the caller already holds, so that a token with exactly these scopes is sufficient (BEARER-10). Returns `None` if
/// scopes are not sufficient.
pub(super) fn scopes(case: &DecisionInput<'_>) -> Option<Vec<&'static str>> {
    let CallerFacts::Known(principal) = case.facts.caller else { return None };
    let source = principal.source();
    let facts = Facts { checks: case.facts.checks.at_best(), ..*case.facts };
    let of_action = |literal: &Literal| match literal.object()? {
        (check, object) if !check.any_token && principal.is_limited() => {
            object.required.filter(|name| !principal.holds_within(*name, None))
        }
        _ => None,
    };
    let scope = |literal: &Literal| {
        literal.name().or_else(|| of_action(literal)).filter(|name| name.vocabulary.kind == NameKind::Scope)
    };
    if !case.rules.formulas().any(|formula| formula.literals(&mut |literal| scope(literal).is_some())) {
        // Most rules contain no scopes.
        return case.rules.truth(&facts).now.then(Vec::new);
    }
    let ways = ways_of_all(case, &|literal| {
        let holds = literal.truth(&facts).now;
        match scope(literal).filter(|_| !literal.negated) {
            // A scope that the issuer may not confer would be dropped again.
            Some(name) => {
                (holds || source.could_hold(name)).then(|| Scopes { scopes: vec![(name.text, holds)], by_name: true })
            }
            None => holds.then(|| Scopes { scopes: Vec::new(), by_name: !literal.negated && literal.name().is_some() }),
        }
    });
    let requires_name = case.rules.requires_name(&facts);
    let way = ways.into_iter().find(|way| way.by_name || !requires_name)?;
    Some(way.scopes.into_iter().map(|(name, _)| name).collect())
}

/// The requirements on another login.
#[derive(Clone, Default)]
struct Renewal {
    max_age: Option<u64>,
    /// The assurance level, and whether the caller already has it. A login has one level.
    acr: Option<(&'static str, bool)>,
    /// The number of requirements that no challenge parameter can express.
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
        (named + self.others, self.others) // at equal cost, prefer requirements that parameters can express
    }
}

/// Returns the smallest requirement on another login, given what the caller already has. It describes one way to satisfy the rule,
/// not all of them.
pub(super) fn step_up(case: &DecisionInput<'_>) -> StepUp {
    let facts = Facts { checks: case.facts.checks.at_best(), ..*case.facts };
    let ways = ways_of_all(case, &|literal| {
        let truth = literal.truth(&facts);
        let login = match literal.atom {
            Atom::Acr(acr) => Renewal { acr: Some((acr.value, truth.now)), ..Renewal::default() },
            _ if truth.now => Renewal::default(),
            Atom::MaxAge(age) => Renewal { max_age: Some(age.seconds), ..Renewal::default() },
            _ => Renewal { others: 1, ..Renewal::default() },
        };
        truth.could.then_some(login)
    });
    let Renewal { max_age, acr, .. } = ways.into_iter().next().unwrap_or_default();
    let max_age = max_age.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
    StepUp { max_age, acr_values: acr.into_iter().filter(|(_, held)| !held).map(|(value, _)| value).collect() }
}
