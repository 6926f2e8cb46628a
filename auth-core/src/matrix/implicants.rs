//! Implicants of rules: the minimal sets of literals that are each sufficient. They describe exactly the callers that one rule
//! admits and another does not.

use std::collections::BTreeSet;

use super::expr::{Expr, ExprLiteral};
use crate::policy::atom::{Fact, has_dimensions_of};

/// Literals that together satisfy a rule.
pub(super) type Implicant = BTreeSet<ExprLiteral>;

impl ExprLiteral {
    /// Returns whether every request that satisfies `self` also satisfies `other`. As in decisions, an unknown fact satisfies
    /// neither a literal nor its negation. Implications between names are not considered here: see [`Expr::expanded`].
    pub(super) fn implies(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (&self.fact, &other.fact, self.negated, other.negated) {
            // A login without an account satisfies `login` only.
            (Fact::Login, Fact::Authenticated, ..) => false,
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
            // Every caller has exactly one value of these.
            (Fact::Acr(one), Fact::Acr(other), false, true) | (Fact::Scheme(one), Fact::Scheme(other), false, true) => {
                one != other
            }
            (Fact::Credential(one, _), Fact::Credential(other, _), false, true) => one != other,
            // A credential that is bound to a tenant is bound to each of its dimensions.
            (Fact::Credential(one, bound), Fact::Credential(other, asked), false, false) if one == other => {
                asked.as_ref().is_none_or(|asked| bound.as_ref().is_some_and(|bound| has_dimensions_of(bound, asked)))
            }
            (Fact::Credential(_, Some(bound)), Fact::TenantMember(asked), false, false) => {
                has_dimensions_of(bound, asked)
            }
            _ => false,
        }
    }
}

/// Returns whether no caller can satisfy the implicant, because two of its literals exclude each other.
fn is_closed(way: &Implicant) -> bool {
    way.iter().any(|one| {
        way.iter().any(|other| {
            let opposite = ExprLiteral { negated: !other.negated, fact: other.fact.clone() };
            one != other && one.implies(&opposite)
        })
    })
}

/// Returns whether every caller that satisfies `narrow` satisfies `wide`.
pub(super) fn is_within(narrow: &Implicant, wide: &Implicant) -> bool {
    wide.iter().all(|wanted| narrow.iter().any(|held| held.implies(wanted)))
}

/// Removes implicants that no caller can satisfy, and those that another one covers.
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
    /// Returns the minimal implicants, or `None` if there are more than `most`.
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
        // A literal that another literal of the same implicant implies is redundant.
        let trimmed = ways.into_iter().map(|way| {
            let says = |one: &&ExprLiteral| !way.iter().any(|other| other != *one && other.implies(one));
            way.iter().filter(says).cloned().collect()
        });
        let ways: Vec<Implicant> = trimmed.collect();
        (ways.len() <= most).then_some(ways)
    }
}
