//! What shows only when all attributes of a handler are read together.

use super::atoms::Literal;
use super::formula::Formula;
use crate::diagnostics::Diagnostics;
use crate::parse::Words;
use crate::words::Attribute;

/// Attributes that stand twice, and `#[public]` beside a rule about the caller.
pub(crate) fn check_attributes(attributes: &[Words], formulas: &[Option<Formula>], diagnostics: &mut Diagnostics) {
    for (position, words) in attributes.iter().enumerate() {
        let earlier = attributes.get(..position).unwrap_or_default();
        if earlier.iter().any(|other| other.attribute == words.attribute && other.text == words.text) {
            let wrong = format!("`#[{}]` stands twice with the same words", words.attribute.word());
            diagnostics.note_at(words.span, wrong, "delete one of the two");
        }
    }
    let about_caller = formulas.iter().flatten().any(Formula::is_about_caller);
    let public = attributes.iter().find(|words| words.attribute == Attribute::Public);
    if let Some(public) = public.filter(|_| about_caller) {
        let wrong = "`#[public]` lets anyone in, and another attribute asks who calls";
        diagnostics.note_at(public.span, wrong, "delete one of the two");
    }
}

/// A rule of networks alone would let strangers in, and reads like a tightening.
pub(crate) fn check_strangers(attributes: &[Words], formula: &Formula, diagnostics: &mut Diagnostics) {
    let public = attributes.iter().any(|words| words.attribute == Attribute::Public);
    if public || formula.is_about_caller() {
        return;
    }
    if let Some(first) = attributes.first() {
        let wrong = "this rule does not say whether strangers may come in";
        diagnostics.note_at(first.span, wrong, "write `#[public]` or `#[require_auth]` beside it");
    }
}

/// Ways in that are looked at; a rule with more of them is taken as it is.
const MOST_WAYS: usize = 64;

/// A rule that asks on every way in for something and for its absence.
pub(crate) fn check_contradictions(formula: &Formula, diagnostics: &mut Diagnostics) {
    let Some(ways) = ways(formula) else { return };
    let contradictions: Vec<_> = ways.iter().map(|way| contradiction(way)).collect();
    if let Some(Some(literal)) = contradictions.first().filter(|_| contradictions.iter().all(Option::is_some)) {
        let wrong = format!("no caller can pass: the rule asks for `{}` and for its absence", literal.atom.text());
        diagnostics.note(&literal.at, wrong, "delete one of the two");
    }
}

/// The second of two literals that exclude each other.
fn contradiction<'a>(way: &[&'a Literal]) -> Option<&'a Literal> {
    let excludes = |a: &Literal, b: &Literal| a.negated != b.negated && a.atom.text() == b.atom.text();
    let mut later = way.iter().enumerate();
    later.find_map(|(position, literal)| {
        let earlier = way.get(..position).unwrap_or_default();
        earlier.iter().any(|other| excludes(other, literal)).then_some(*literal)
    })
}

/// The ways in: sets of literals of which each is enough. `None` where there are too many.
fn ways(formula: &Formula) -> Option<Vec<Vec<&Literal>>> {
    let ways = match formula {
        Formula::Literal(literal) => vec![vec![&**literal]],
        Formula::Any(parts) => parts.iter().map(ways).collect::<Option<Vec<_>>>()?.concat(),
        Formula::All(parts) => parts.iter().try_fold(vec![Vec::new()], |so_far, part| {
            let more = ways(part)?;
            let joined = so_far.iter().flat_map(|way| more.iter().map(|add| [way.as_slice(), add].concat()));
            let joined: Vec<Vec<&Literal>> = joined.take(MOST_WAYS + 1).collect();
            (joined.len() <= MOST_WAYS).then_some(joined)
        })?,
    };
    (ways.len() <= MOST_WAYS).then_some(ways)
}
