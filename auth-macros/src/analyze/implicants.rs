//! The implicants to make a formula hold: sets of literals of which each is enough. What a rule means beyond its words is told by them.
//!
//! What a name implies only the vocabulary knows, so const code compares. It is slow, and most parts have nothing to do with each
//! other whatever their names mean: of a role and a network nothing follows. Only what could be found there is handed on.

use proc_macro2::Span;
use syn::spanned::Spanned as _;

use super::model::{Atom, Formula, Literal};
use crate::grammar::Kind;

/// Sets of literals, by where they stand in the rule.
pub(crate) type Implicants = Vec<Vec<u16>>;

/// Implicants that are looked at. A formula with more of them is taken as it is: what is not understood is accepted.
const MAX_IMPLICANTS: usize = 64;

/// The implicants of the formula; `None` where there are too many.
pub(super) fn implicants(formula: &Formula) -> Option<Implicants> {
    implicants_from(formula, &mut 0)
}

/// The same, where the first literal stands at `next` in the rule.
fn implicants_from(formula: &Formula, next: &mut u16) -> Option<Implicants> {
    let each = |parts: &[Formula], next: &mut u16| -> Vec<Option<Implicants>> {
        // All of them, so that the places are right whatever becomes of one.
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

/// The implicants to make all of these hold.
fn product<'a>(parts: impl Iterator<Item = &'a Implicants>) -> Option<Implicants> {
    parts.into_iter().try_fold(vec![Vec::new()], |so_far, more| {
        let joined = so_far.iter().flat_map(|implicant| more.iter().map(|add| [implicant.as_slice(), add].concat()));
        let joined: Implicants = joined.take(MAX_IMPLICANTS + 1).collect();
        (joined.len() <= MAX_IMPLICANTS).then_some(joined)
    })
}

/// Where parts are joined, and something may be wrong with them.
pub(crate) struct Connective {
    pub(crate) is_any: bool,
    pub(crate) parts: Vec<Part>,
    /// The implicants of all of them, where nobody may be able to pass.
    pub(crate) contradictions: Option<Implicants>,
}

/// A part.
pub(crate) struct Part {
    pub(crate) implicants: Implicants,
    pub(crate) text: String,
    pub(crate) at: Span,
    /// The implicants of all others together; none where they are not to be compared with it.
    pub(crate) others: Implicants,
    /// Whether it may be one to leave out.
    pub(crate) compared: bool,
}

/// The places where parts are joined, from the outside in. Where the rule says that it is redundant on purpose, and where there
/// are too many implicants, parts are not compared.
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

/// The literals of a rule, by where they stand. Says what could be, were the names what they would have to be for it: the same
/// questions as those of const code, which knows the names.
struct Literals<'a>(Vec<&'a Literal>);

impl Literals<'_> {
    fn at(&self, index: u16) -> Option<SignedAtom<'_>> {
        self.0.get(usize::from(index)).map(|literal| SignedAtom { atom: &literal.atom, negated: literal.negated })
    }

    /// Whether const code may find that the part can be left out.
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

    /// Whether two literals may leave out only those of whom nothing is known.
    fn may_be_tautology(&self, one: &Implicants, other: &Implicants) -> bool {
        let single = |implicants: &Implicants| match implicants.as_slice() {
            [implicant] if implicant.len() == 1 => self.at(*implicant.first()?),
            _ => None,
        };
        single(one).zip(single(other)).is_some_and(|(one, other)| one.opposite().may_imply(other))
    }

    /// Whether whoever gets in by one of these implicants may always get in by one of those.
    fn may_cover(&self, those: &Implicants, these: &Implicants) -> bool {
        let implies = |one: u16, wanted: u16| {
            one == wanted || self.at(one).zip(self.at(wanted)).is_some_and(|(one, wanted)| one.may_imply(wanted))
        };
        let implied = |implicant: &[u16], wanted: u16| implicant.iter().any(|one| implies(*one, wanted));
        let covered =
            |implicant: &[u16]| those.iter().any(|other| other.iter().all(|wanted| implied(implicant, *wanted)));
        these.iter().all(|implicant| self.may_contradict(implicant) || covered(implicant))
    }

    /// Whether two literals of the implicant may be such that nobody fits both.
    fn may_contradict(&self, implicant: &[u16]) -> bool {
        let literals: Vec<_> = implicant.iter().filter_map(|index| self.at(*index)).collect();
        let after = |index: usize| literals.get(index + 1..).unwrap_or_default();
        let excluded =
            |one: SignedAtom<'_>, others: &[SignedAtom<'_>]| others.iter().any(|other| one.may_imply(other.opposite()));
        literals.iter().enumerate().any(|(index, one)| excluded(*one, after(index)))
    }
}

/// A literal, or its opposite.
#[derive(Clone, Copy)]
struct SignedAtom<'a> {
    atom: &'a Atom,
    negated: bool,
}

impl SignedAtom<'_> {
    fn opposite(self) -> Self {
        Self { negated: !self.negated, ..self }
    }

    /// Whether whoever fits the one may fit the other.
    fn may_imply(self, other: SignedAtom<'_>) -> bool {
        match (self.negated, other.negated) {
            (false, false) => may_include(other.atom, self.atom),
            (true, true) => may_include(self.atom, other.atom),
            (true, false) => false,
            (false, true) => may_be_apart(self.atom, other.atom),
        }
    }
}

/// Whether the one may be a part of the other.
fn may_include(larger: &Atom, smaller: &Atom) -> bool {
    match (larger, smaller) {
        (Atom::Check(_), _) => false,
        (Atom::Authenticated, smaller) => smaller.is_about_caller(),
        (Atom::Named(larger, _), Atom::Named(smaller, _))
        | (Atom::InTenant(larger, ..), Atom::InTenant(smaller, ..)) => {
            larger == smaller || (*larger, *smaller) == (Kind::Permission, Kind::Role)
        }
        (Atom::Claim(name, value), Atom::Claim(other, another)) => name == other && value == another,
        _ => std::mem::discriminant(larger) == std::mem::discriminant(smaller),
    }
}

/// Whether nobody may fit both.
fn may_be_apart(one: &Atom, other: &Atom) -> bool {
    matches!((one, other), (Atom::Networks(_), Atom::Networks(_)) | (Atom::Countries(_), Atom::Countries(_)))
}
