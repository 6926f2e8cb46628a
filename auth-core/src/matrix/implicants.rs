//! The ways into a rule: the least sets of literals of which each is enough. What one rule lets in and another does not is told
//! by them, exactly.

use std::collections::BTreeSet;

use super::expr::{Expr, ExprLiteral};
use crate::policy::atom::Fact;

/// What has to be so for one way in.
pub(super) type Implicant = BTreeSet<ExprLiteral>;

impl ExprLiteral {
    /// Whether wherever this one holds, the other does: with the decision's own semantics, where neither a fact nor its absence
    /// holds if it is not known. Names that imply each other are no matter of this: see [`Tree::expanded`].
    pub(super) fn implies(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (&self.fact, &other.fact, self.negated, other.negated) {
            (one, Fact::Authenticated, _, false) => one.is_about_caller(),
            (Fact::MaxAge(one), Fact::MaxAge(other), false, false) => one <= other,
            (Fact::Network(smaller), Fact::Network(larger), false, false)
            | (Fact::Network(larger), Fact::Network(smaller), true, true) => {
                smaller.iter().all(|one| larger.iter().any(|other| other.contains(one)))
            }
            (Fact::Network(one), Fact::Network(other), false, true) => {
                one.iter().all(|one| !other.iter().any(|other| other.contains(one) || one.contains(other)))
            }
            (Fact::Country(smaller), Fact::Country(larger), false, false)
            | (Fact::Country(larger), Fact::Country(smaller), true, true) => smaller.is_subset(larger),
            (Fact::Country(one), Fact::Country(other), false, true) => one.is_disjoint(other),
            // Every caller has one of these.
            (Fact::Acr(one), Fact::Acr(other), false, true) | (Fact::Scheme(one), Fact::Scheme(other), false, true) => {
                one != other
            }
            _ => false,
        }
    }
}

/// Whether nobody goes this way: it asks for something and for its absence, or for what cannot be together.
fn is_closed(way: &Implicant) -> bool {
    way.iter().any(|one| {
        way.iter().any(|other| {
            let opposite = ExprLiteral { negated: !other.negated, fact: other.fact.clone() };
            one != other && one.implies(&opposite)
        })
    })
}

/// Whether whoever goes the one way could go the other.
pub(super) fn is_within(narrow: &Implicant, wide: &Implicant) -> bool {
    wide.iter().all(|wanted| narrow.iter().any(|held| held.implies(wanted)))
}

/// Without ways that nobody goes, and those that another one makes superfluous.
fn least(ways: Vec<Implicant>) -> Vec<Implicant> {
    let mut kept: Vec<Implicant> = Vec::new();
    for way in ways.into_iter().filter(|way| !is_closed(way)) {
        if !kept.iter().any(|other| is_within(&way, other)) {
            kept.retain(|other| !is_within(other, &way));
            kept.push(way);
        }
    }
    kept
}

impl Expr {
    /// The least ways in; `None` where there are more than that.
    pub(super) fn ways(&self, most: usize) -> Option<Vec<Implicant>> {
        let ways = match self {
            Self::Literal(literal) => vec![Implicant::from([literal.clone()])],
            Self::Any(parts) => {
                let each = parts.iter().map(|part| part.ways(most)).collect::<Option<Vec<_>>>()?;
                least(each.concat())
            }
            Self::All(parts) => parts.iter().try_fold(vec![Implicant::new()], |so_far, part| {
                let more = part.ways(most)?;
                let joined = so_far.iter().flat_map(|way| more.iter().map(move |add| way | add));
                let joined = least(joined.take(most * most + 1).collect());
                (joined.len() <= most && so_far.len() * more.len() <= most * most).then_some(joined)
            })?,
        };
        // Of an atom that implies another of the same way, the other says nothing.
        let trimmed = ways.into_iter().map(|way| {
            let says = |one: &&ExprLiteral| !way.iter().any(|other| other != *one && other.implies(one));
            way.iter().filter(says).cloned().collect()
        });
        let ways: Vec<Implicant> = trimmed.collect();
        (ways.len() <= most).then_some(ways)
    }
}
