//! The ways to make a formula hold: sets of literals of which each is enough. What a rule means beyond its words is told by them.

use proc_macro2::Span;
use syn::spanned::Spanned as _;

use super::formula::Formula;

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
pub(crate) fn joined<'a>(parts: impl Iterator<Item = &'a Ways>) -> Option<Ways> {
    parts.into_iter().try_fold(vec![Vec::new()], |so_far, more| {
        let joined = so_far.iter().flat_map(|way| more.iter().map(|add| [way.as_slice(), add].concat()));
        let joined: Ways = joined.take(MOST + 1).collect();
        (joined.len() <= MOST).then_some(joined)
    })
}

/// Where parts are joined: each is compared with the others.
pub(crate) struct Node {
    pub(crate) any: bool,
    /// Whether its parts are compared with each other. That somebody can pass is asked in any case.
    pub(crate) compared: bool,
    pub(crate) parts: Vec<Part>,
}

/// A part.
pub(crate) struct Part {
    pub(crate) ways: Ways,
    pub(crate) text: String,
    pub(crate) at: Span,
    /// The ways of all others together; none where they are not to be compared with it.
    pub(crate) others: Ways,
}

/// The places where parts are joined, from the outside in. Where the rule says that it is redundant on purpose, and where there
/// are too many ways, parts are not compared.
pub(super) fn nodes(formula: &Formula, redundant: bool) -> Vec<Node> {
    let mut nodes = Vec::new();
    collect(formula, &mut 0, &mut nodes);
    if redundant {
        nodes.truncate(1);
        nodes.iter_mut().for_each(|node| node.compared = false);
    }
    nodes
}

fn collect(formula: &Formula, next: &mut u16, nodes: &mut Vec<Node>) {
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
        };
        nodes.push(Node { any, compared: true, parts: parts.iter().enumerate().map(part).collect() });
    }
    for part in parts {
        collect(part, next, nodes);
    }
}
