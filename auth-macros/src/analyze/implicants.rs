//! Implicants of a formula: sets of literals, each of which is sufficient. They show which parts are redundant or unsatisfiable.
//!
//! # Why
//! Only a vocabulary defines which names a name implies, so const code compares the names. Const code is slow, and most pairs of
//! parts cannot be related: a role never implies a network. Therefore only pairs that can be related are compared.

use proc_macro2::Span;
use syn::spanned::Spanned as _;

use super::model::{Atom, Formula, Literal};
use crate::grammar::Kind;

/// Sets of literals, by their positions in the rule.
pub(crate) type Implicants = Vec<Vec<u16>>;

/// The maximum number of implicants. A formula with more of them is not checked for redundancy.
const MAX_IMPLICANTS: usize = 64;

/// Returns the implicants; `None` if there are too many.
pub(super) fn implicants(formula: &Formula) -> Option<Implicants> {
    implicants_from(formula, &mut 0)
}

/// Like [`implicants`]. `next` is the position of the first literal in the rule.
fn implicants_from(formula: &Formula, next: &mut u16) -> Option<Implicants> {
    let each = |parts: &[Formula], next: &mut u16| -> Vec<Option<Implicants>> {
        // All parts are visited, so that the positions are right even if one has too many implicants.
        parts.iter().map(|part| implicants_from(part, next)).collect()
    };
    let implicants = match formula {
        Formula::Literal(_) => {
            let at = *next;
            *next = next.saturating_add(1);
            vec![vec![at]]
        }
        Formula::Any(parts) => each(parts, next).into_iter().collect::<Option<Vec<_>>>()?.concat(),
        Formula::All(parts) => product(each(parts, next).into_iter().collect::<Option<Vec<_>>>()?.iter())?,
    };
    (implicants.len() <= MAX_IMPLICANTS).then_some(implicants)
}

/// Returns the implicants of a conjunction.
fn product<'a>(parts: impl Iterator<Item = &'a Implicants>) -> Option<Implicants> {
    parts.into_iter().try_fold(vec![Vec::new()], |so_far, more| {
        let joined = so_far.iter().flat_map(|implicant| more.iter().map(|add| [implicant.as_slice(), add].concat()));
        let joined: Implicants = joined.take(MAX_IMPLICANTS + 1).collect();
        (joined.len() <= MAX_IMPLICANTS).then_some(joined)
    })
}

/// A conjunction or disjunction with a possible mistake.
pub(crate) struct Connective {
    pub(crate) is_any: bool,
    pub(crate) parts: Vec<Part>,
    /// The implicants of the rule, if all of them can be contradictory.
    pub(crate) contradictions: Option<Implicants>,
}

/// An operand of a connective.
pub(crate) struct Part {
    pub(crate) implicants: Implicants,
    pub(crate) text: String,
    pub(crate) at: Span,
    /// The implicants of the conjunction of all other parts; empty if they are not compared with it.
    pub(crate) others: Implicants,
    /// Whether const code compares it, as it can be redundant.
    pub(crate) compared: bool,
}

/// Returns the connectives with possible mistakes, from the outside in. Parts are not compared if the rule is marked as
/// redundant or has too many implicants.
pub(super) fn connectives(formula: &Formula, redundant: bool) -> Vec<Connective> {
    let (mut connectives, rule) = (Vec::new(), Literals(formula.literals()));
    collect(formula, &rule, &mut 0, &mut connectives);
    if let Some(first) = connectives.first_mut() {
        first.contradictions =
            implicants(formula).filter(|all| all.iter().all(|implicant| rule.may_contradict(implicant)));
    }
    if redundant {
        connectives.iter_mut().flat_map(|node| &mut node.parts).for_each(|part| part.compared = false);
    }
    connectives.retain(|node| node.contradictions.is_some() || node.parts.iter().any(|part| part.compared));
    connectives
}

fn collect(formula: &Formula, rule: &Literals<'_>, next: &mut u16, connectives: &mut Vec<Connective>) {
    let (any, parts) = match formula {
        Formula::Literal(_) => {
            *next = next.saturating_add(1);
            return;
        }
        Formula::Any(parts) => (true, parts),
        Formula::All(parts) => (false, parts),
    };
    let mut at = *next;
    let implicants: Option<Vec<_>> = parts.iter().map(|part| implicants_from(part, &mut at)).collect();
    if let Some(implicants) = implicants.filter(|implicants| implicants.len() > 1) {
        let others = |index: usize| {
            let others =
                implicants.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, implicants)| implicants);
            product(others).filter(|_| !any && implicants.len() > 2).unwrap_or_default()
        };
        let part = |(index, part): (usize, &Formula)| Part {
            implicants: implicants.get(index).cloned().unwrap_or_default(),
            text: part.text(),
            at: part.literals().first().map_or_else(Span::call_site, |first| first.at.span()),
            others: others(index),
            compared: false,
        };
        let mut parts: Vec<_> = parts.iter().enumerate().map(part).collect();
        let compared: Vec<_> = (0..parts.len()).map(|index| rule.may_be_redundant(any, &parts, index)).collect();
        parts.iter_mut().zip(compared).for_each(|(part, compared)| part.compared = compared);
        connectives.push(Connective { is_any: any, parts, contradictions: None });
    }
    for part in parts {
        collect(part, rule, next, connectives);
    }
}

/// The literals of a rule, by position. Its methods return whether a relation is possible in some vocabulary. Const code checks
/// the relation in the declared vocabulary.
struct Literals<'a>(Vec<&'a Literal>);

impl Literals<'_> {
    fn literal(&self, index: u16) -> Option<SignedAtom<'_>> {
        self.0.get(usize::from(index)).map(|literal| SignedAtom { atom: &literal.atom, negated: literal.negated })
    }

    /// Returns whether const code can find the part redundant.
    fn may_be_redundant(&self, any: bool, parts: &[Part], index: usize) -> bool {
        let Some(part) = parts.get(index) else { return false };
        let mut others = parts.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
        if any {
            others.any(|other| {
                self.may_cover(&other.implicants, &part.implicants)
                    || self.may_be_tautology(&other.implicants, &part.implicants)
            })
        } else {
            others.any(|other| self.may_cover(&part.implicants, &other.implicants))
                || !part.others.is_empty() && self.may_cover(&part.implicants, &part.others)
        }
    }

    /// Returns whether the disjunction of two literals can be true for every caller whose facts are known.
    fn may_be_tautology(&self, one: &Implicants, other: &Implicants) -> bool {
        let single = |implicants: &Implicants| match implicants.as_slice() {
            [implicant] if implicant.len() == 1 => self.literal(*implicant.first()?),
            _ => None,
        };
        single(one).zip(single(other)).is_some_and(|(one, other)| one.opposite().may_imply(other))
    }

    /// Returns whether every request that satisfies `these` can be one that satisfies `those`.
    fn may_cover(&self, those: &Implicants, these: &Implicants) -> bool {
        let implies = |one: u16, wanted: u16| {
            one == wanted
                || self.literal(one).zip(self.literal(wanted)).is_some_and(|(one, wanted)| one.may_imply(wanted))
        };
        let implied = |implicant: &[u16], wanted: u16| implicant.iter().any(|one| implies(*one, wanted));
        let covered =
            |implicant: &[u16]| those.iter().any(|other| other.iter().all(|wanted| implied(implicant, *wanted)));
        these.iter().all(|implicant| self.may_contradict(implicant) || covered(implicant))
    }

    /// Returns whether two literals of the implicant can contradict each other.
    fn may_contradict(&self, implicant: &[u16]) -> bool {
        let literals: Vec<_> = implicant.iter().filter_map(|index| self.literal(*index)).collect();
        let after = |index: usize| literals.get(index + 1..).unwrap_or_default();
        let excluded =
            |one: SignedAtom<'_>, others: &[SignedAtom<'_>]| others.iter().any(|other| one.may_imply(other.opposite()));
        literals.iter().enumerate().any(|(index, one)| excluded(*one, after(index)))
    }
}

/// A literal or its negation.
#[derive(Clone, Copy)]
struct SignedAtom<'a> {
    atom: &'a Atom,
    negated: bool,
}

impl SignedAtom<'_> {
    fn opposite(self) -> Self {
        Self { negated: !self.negated, ..self }
    }

    /// Returns whether this literal can imply the other.
    fn may_imply(self, other: SignedAtom<'_>) -> bool {
        match (self.negated, other.negated) {
            (false, false) => may_include(other.atom, self.atom),
            (true, true) => may_include(self.atom, other.atom),
            (true, false) => false,
            (false, true) => may_be_apart(self.atom, other.atom),
        }
    }
}

/// Returns whether the smaller atom can imply the larger.
fn may_include(larger: &Atom, smaller: &Atom) -> bool {
    match (larger, smaller) {
        (Atom::Check(_), _) => false,
        (Atom::Authenticated, smaller) => smaller.is_about_caller(),
        (Atom::Named(larger, _), Atom::Named(smaller, _))
        | (Atom::InTenant(larger, ..), Atom::InTenant(smaller, ..)) => {
            larger == smaller || (*larger, *smaller) == (Kind::Permission, Kind::Role)
        }
        (Atom::Named(Kind::Credential, _) | Atom::TenantMember(_), Atom::InTenant(Kind::Credential, ..)) => true,
        (Atom::Claim(name, value), Atom::Claim(other, another)) => name == other && value == another,
        _ => std::mem::discriminant(larger) == std::mem::discriminant(smaller),
    }
}

/// Returns whether two atoms can be mutually exclusive.
fn may_be_apart(one: &Atom, other: &Atom) -> bool {
    let is_of_credentials = |atom: &Atom| matches!(atom, Atom::Scheme(_)) || atom.credential().is_some();
    matches!((one, other), (Atom::Networks(_), Atom::Networks(_)) | (Atom::Countries(_), Atom::Countries(_)))
        || is_of_credentials(one) && is_of_credentials(other)
}
