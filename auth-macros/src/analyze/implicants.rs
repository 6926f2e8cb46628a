//! The ways to make a formula hold: sets of literals of which each is enough. What a rule means beyond its words is told by them.
//!
//! What a name implies only the vocabulary knows, so const code compares. It is slow, and most parts have nothing to do with each
//! other whatever their names mean: of a role and a network nothing follows. Only what could be found there is handed on.

use proc_macro2::Span;
use syn::spanned::Spanned as _;

use super::model::{Atom, Formula, Literal};
use crate::grammar::Kind;

/// Sets of literals, by where they stand in the rule.
pub(crate) type Ways = Vec<Vec<u16>>;

/// Ways that are looked at. A formula with more of them is taken as it is: what is not understood is accepted.
const MOST: usize = 64;

/// The ways of the formula; `None` where there are too many.
pub(super) fn of(formula: &Formula) -> Option<Ways> {
    from(formula, &mut 0)
}

/// The same, where the first literal stands at `next` in the rule.
fn from(formula: &Formula, next: &mut u16) -> Option<Ways> {
    let each = |parts: &[Formula], next: &mut u16| -> Vec<Option<Ways>> {
        // All of them, so that the places are right whatever becomes of one.
        parts.iter().map(|part| from(part, next)).collect()
    };
    let ways = match formula {
        Formula::Literal(_) => {
            let at = *next;
            *next = next.saturating_add(1);
            vec![vec![at]]
        }
        Formula::Any(parts) => each(parts, next).into_iter().collect::<Option<Vec<_>>>()?.concat(),
        Formula::All(parts) => joined(each(parts, next).into_iter().collect::<Option<Vec<_>>>()?.iter())?,
    };
    (ways.len() <= MOST).then_some(ways)
}

/// The ways to make all of these hold.
fn joined<'a>(parts: impl Iterator<Item = &'a Ways>) -> Option<Ways> {
    parts.into_iter().try_fold(vec![Vec::new()], |so_far, more| {
        let joined = so_far.iter().flat_map(|way| more.iter().map(|add| [way.as_slice(), add].concat()));
        let joined: Ways = joined.take(MOST + 1).collect();
        (joined.len() <= MOST).then_some(joined)
    })
}

/// Where parts are joined, and something may be wrong with them.
pub(crate) struct Node {
    pub(crate) any: bool,
    pub(crate) parts: Vec<Part>,
    /// The ways of all of them, where nobody may be able to pass.
    pub(crate) impossible: Option<Ways>,
}

/// A part.
pub(crate) struct Part {
    pub(crate) ways: Ways,
    pub(crate) text: String,
    pub(crate) at: Span,
    /// The ways of all others together; none where they are not to be compared with it.
    pub(crate) others: Ways,
    /// Whether it may be one to leave out.
    pub(crate) compared: bool,
}

/// The places where parts are joined, from the outside in. Where the rule says that it is redundant on purpose, and where there
/// are too many ways, parts are not compared.
pub(super) fn nodes(formula: &Formula, redundant: bool) -> Vec<Node> {
    let (mut nodes, rule) = (Vec::new(), Literals(formula.literals()));
    collect(formula, &rule, &mut 0, &mut nodes);
    if let Some(first) = nodes.first_mut() {
        first.impossible = of(formula).filter(|all| all.iter().all(|way| rule.may_contradict(way)));
    }
    if redundant {
        nodes.iter_mut().flat_map(|node| &mut node.parts).for_each(|part| part.compared = false);
    }
    nodes.retain(|node| node.impossible.is_some() || node.parts.iter().any(|part| part.compared));
    nodes
}

fn collect(formula: &Formula, rule: &Literals<'_>, next: &mut u16, nodes: &mut Vec<Node>) {
    let (any, parts) = match formula {
        Formula::Literal(_) => {
            *next = next.saturating_add(1);
            return;
        }
        Formula::Any(parts) => (true, parts),
        Formula::All(parts) => (false, parts),
    };
    let mut at = *next;
    let ways: Option<Vec<_>> = parts.iter().map(|part| from(part, &mut at)).collect();
    if let Some(ways) = ways.filter(|ways| ways.len() > 1) {
        let others = |index: usize| {
            let others = ways.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, ways)| ways);
            joined(others).filter(|_| !any && ways.len() > 2).unwrap_or_default()
        };
        let part = |(index, part): (usize, &Formula)| Part {
            ways: ways.get(index).cloned().unwrap_or_default(),
            text: part.text(),
            at: part.literals().first().map_or_else(Span::call_site, |first| first.at.span()),
            others: others(index),
            compared: false,
        };
        let mut parts: Vec<_> = parts.iter().enumerate().map(part).collect();
        let compared: Vec<_> = (0..parts.len()).map(|index| rule.may_leave_out(any, &parts, index)).collect();
        parts.iter_mut().zip(compared).for_each(|(part, compared)| part.compared = compared);
        nodes.push(Node { any, parts, impossible: None });
    }
    for part in parts {
        collect(part, rule, next, nodes);
    }
}

/// The literals of a rule, by where they stand. Says what could be, were the names what they would have to be for it: the same
/// questions as those of const code, which knows the names.
struct Literals<'a>(Vec<&'a Literal>);

impl Literals<'_> {
    fn at(&self, index: u16) -> Option<Side<'_>> {
        self.0.get(usize::from(index)).map(|literal| Side { atom: &literal.atom, negated: literal.negated })
    }

    /// Whether const code may find that the part can be left out.
    fn may_leave_out(&self, any: bool, parts: &[Part], index: usize) -> bool {
        let Some(part) = parts.get(index) else { return false };
        let mut others = parts.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
        if any {
            others.any(|other| self.may_cover(&other.ways, &part.ways) || self.may_be_all(&other.ways, &part.ways))
        } else {
            others.any(|other| self.may_cover(&part.ways, &other.ways))
                || !part.others.is_empty() && self.may_cover(&part.ways, &part.others)
        }
    }

    /// Whether two literals may leave out only those of whom nothing is known.
    fn may_be_all(&self, one: &Ways, other: &Ways) -> bool {
        let single = |ways: &Ways| match ways.as_slice() {
            [way] if way.len() == 1 => self.at(*way.first()?),
            _ => None,
        };
        single(one).zip(single(other)).is_some_and(|(one, other)| one.opposite().may_imply(other))
    }

    /// Whether whoever gets in by one of these ways may always get in by one of those.
    fn may_cover(&self, those: &Ways, these: &Ways) -> bool {
        let implies = |one: u16, wanted: u16| {
            one == wanted || self.at(one).zip(self.at(wanted)).is_some_and(|(one, wanted)| one.may_imply(wanted))
        };
        let implied = |way: &[u16], wanted: u16| way.iter().any(|one| implies(*one, wanted));
        let covered = |way: &[u16]| those.iter().any(|other| other.iter().all(|wanted| implied(way, *wanted)));
        these.iter().all(|way| self.may_contradict(way) || covered(way))
    }

    /// Whether two literals of the way may be such that nobody fits both.
    fn may_contradict(&self, way: &[u16]) -> bool {
        let literals: Vec<_> = way.iter().filter_map(|index| self.at(*index)).collect();
        let after = |index: usize| literals.get(index + 1..).unwrap_or_default();
        let excluded = |one: Side<'_>, others: &[Side<'_>]| others.iter().any(|other| one.may_imply(other.opposite()));
        literals.iter().enumerate().any(|(index, one)| excluded(*one, after(index)))
    }
}

/// A literal, or its opposite.
#[derive(Clone, Copy)]
struct Side<'a> {
    atom: &'a Atom,
    negated: bool,
}

impl Side<'_> {
    fn opposite(self) -> Self {
        Self { negated: !self.negated, ..self }
    }

    /// Whether whoever fits the one may fit the other.
    fn may_imply(self, other: Side<'_>) -> bool {
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
