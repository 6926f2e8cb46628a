//! Test requests that a rule distinguishes. For each atom, one request is granted because of the atom, and one is denied because of
//! it (MC/DC, as in avionics tests).

use std::collections::BTreeSet;

use super::assignments::{World, Worlds};
use super::expr::{Expr, ExprLiteral};
use super::names::DeclaredNames;
use super::request::{CaseCaller, CaseLocation};
use crate::policy::atom::Fact;

/// Maximum number of assignments that are examined to find the requests.
const MOST: usize = 1 << 14;

/// A request with its expected result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Case {
    /// The caller. `None` for an anonymous request.
    pub caller: Option<CaseCaller>,
    /// The location of the client.
    pub place: CaseLocation,
    /// Whether the handler runs.
    pub granted: bool,
    /// Whether another login could change a denial. The response is 401 if it could, and 403 otherwise.
    pub could: bool,
}

impl Case {
    /// Replaces the caller.
    #[must_use]
    pub fn with_caller(self, caller: CaseCaller) -> Self {
        Self { caller: Some(caller), ..self }
    }
}

/// The requests that a rule distinguishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cases {
    /// The requests.
    pub cases: Vec<Case>,
    /// Atoms for which no test request can be created, such as checks, whose results depend on the application.
    pub undecided: Vec<String>,
}

/// Returns whether the sender of a test request can determine the fact.
fn is_ours(fact: &Fact) -> bool {
    match fact {
        Fact::Authenticated | Fact::Claim(..) | Fact::MaxAge(_) | Fact::Network(_) | Fact::Name(..) => true,
        Fact::Acr(_) | Fact::Scheme(_) | Fact::Credential(..) => true,
        Fact::TenantMember(_) | Fact::Country(_) | Fact::Direct => false,
        Fact::Login | Fact::Account => false,
        Fact::ObjectAction(_) | Fact::Check(_) | Fact::CheckForAnyone(_) | Fact::Other(_) => false,
    }
}

impl Cases {
    /// Derives the requests from a rule. Returns `None` if the rule cannot be parsed, or has too many assignments.
    pub fn of(rule: &str, words: &DeclaredNames) -> Option<Self> {
        let written = Expr::read(rule)?;
        let tree = written.expanded(words);
        let worlds = Worlds::of(&[&tree])?;
        let mut found = Self::default();
        let candidates: Vec<(World, bool, bool)> = worlds
            .each()
            .take(MOST)
            .filter(|world| worlds.can_be_made(world))
            .filter_map(|world| {
                let granted = decided(&tree, &|literal| is_ours(&literal.fact).then(|| worlds.holds(literal, &world)))?;
                let could = !granted && could(&tree, &worlds, &world);
                Some((world, granted, could))
            })
            .collect();
        let case = |(world, granted, could): &(World, bool, bool)| {
            let (caller, place) = worlds.request(world);
            Case { caller, place, granted: *granted, could: *could }
        };
        let mut chosen = BTreeSet::new();
        // An anonymous caller, an authenticated caller with nothing else, and a caller with access.
        chosen.extend(candidates.first().map(case));
        chosen.extend(candidates.iter().find(|(world, ..)| worlds.is_known(world)).map(case));
        chosen.extend(candidates.iter().find(|(_, granted, _)| *granted).map(case));
        // A caller with each single name, which covers the names that it implies.
        let cases: Vec<Case> = candidates.iter().map(case).collect();
        for literal in tree.literals() {
            let Fact::Name(kind, name, None) = &literal.fact else { continue };
            let only = [(kind.clone(), name.clone())];
            let has_only = |case: &&Case| case.caller.as_ref().is_some_and(|caller| caller.names == only);
            chosen.extend(cases.iter().find(has_only).cloned());
        }
        for (position, literal) in written.literals().iter().enumerate() {
            let mut missing = Vec::new();
            for wanted in [true, false] {
                // The atom as written. A name holds for every caller that holds a name implying it.
                let decides = |(world, granted, _): &&(World, bool, bool)| {
                    let atom = Expr::Literal((*literal).clone()).expanded(words);
                    let holds = atom.holds(&|one| is_ours(&one.fact) && worlds.holds(one, world));
                    let flipped = forced(&written, position, !holds, words, &|one| {
                        is_ours(&one.fact).then(|| worlds.holds(one, world))
                    });
                    is_ours(&literal.fact) && holds == wanted && flipped.is_some_and(|flipped| flipped != *granted)
                };
                match candidates.iter().find(decides) {
                    Some(candidate) => drop(chosen.insert(case(candidate))),
                    None => missing.push(wanted),
                }
            }
            if !missing.is_empty() {
                found.undecided.push(literal.to_string());
            }
        }
        found.cases = chosen.into_iter().collect();
        Some(found)
    }
}

/// Evaluates the rule for all values of unknown literals. Returns `None` if they decide the result.
fn decided(tree: &Expr, holds: &dyn Fn(&ExprLiteral) -> Option<bool>) -> Option<bool> {
    match tree {
        Expr::Literal(literal) => holds(literal),
        Expr::All(parts) => all(parts.iter().map(|part| decided(part, holds))),
        Expr::Any(parts) => any(parts.iter().map(|part| decided(part, holds))),
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Vec<_> = parts.collect();
    if parts.contains(&Some(false)) {
        return Some(false);
    }
    parts.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
}

fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.map(|part| part.map(|part| !part))).map(|none| !none)
}

/// Like [`decided`], with the literal at `position` of the written rule forced to `value`.
fn forced(
    written: &Expr,
    position: usize,
    value: bool,
    words: &DeclaredNames,
    holds: &dyn Fn(&ExprLiteral) -> Option<bool>,
) -> Option<bool> {
    fn walk(
        tree: &Expr,
        next: &mut usize,
        position: usize,
        value: bool,
        words: &DeclaredNames,
        holds: &dyn Fn(&ExprLiteral) -> Option<bool>,
    ) -> Option<bool> {
        match tree {
            Expr::Literal(_) => {
                *next += 1;
                if *next - 1 == position { Some(value) } else { decided(&tree.expanded(words), holds) }
            }
            Expr::All(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| walk(part, next, position, value, words, holds)).collect();
                all(parts.into_iter())
            }
            Expr::Any(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| walk(part, next, position, value, words, holds)).collect();
                any(parts.into_iter())
            }
        }
    }
    walk(written, &mut 0, position, value, words, holds)
}

/// Returns whether another login could satisfy the rule.
fn could(tree: &Expr, worlds: &Worlds, world: &World) -> bool {
    let stranger = !worlds.is_known(world);
    tree.holds(&|literal| match &literal.fact {
        fact if fact.is_about_caller() && stranger => true,
        // Logging in again can change these, and checks have not run.
        Fact::MaxAge(_) | Fact::Acr(_) | Fact::Scheme(_) | Fact::Credential(..) | Fact::Login | Fact::Account => true,
        Fact::ObjectAction(_) | Fact::Check(_) | Fact::CheckForAnyone(_) | Fact::Other(_) => true,
        _ => worlds.holds(literal, world),
    })
}
