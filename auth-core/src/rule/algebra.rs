//! Rules that say more than they mean, found at compile time: parts that nobody passes, that add nothing, that leave nobody out.
//!
//! A part is a set of ways in, each a set of literals: the attributes make them. Exact for what [`super::implication`] understands;
//! whatever else stands in a rule is taken for what nothing follows from, and is accepted.
#![allow(clippy::indexing_slicing, reason = "const code has no `get`; every index is bounded by the loop around it")]

use super::implication::Side;
use super::{Formula, Literal};
use crate::vocabulary::Text;

/// One of the parts that are joined by `&&` or `||`.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The ways to make it hold: the literals of each, by where they stand in the rule.
    pub ways: &'static [&'static [u16]],
    /// How it is written.
    pub text: &'static str,
}

impl Formula {
    /// The literal that stands there, from left to right.
    const fn literal(&self, index: u16) -> Option<&Literal> {
        let mut left = index;
        self.nth(&mut left)
    }

    const fn nth(&self, left: &mut u16) -> Option<&Literal> {
        let parts = match self {
            Self::Literal(literal) if *left == 0 => return Some(literal),
            Self::Literal(_) => {
                *left -= 1;
                return None;
            }
            Self::All(parts) | Self::Any(parts) => *parts,
        };
        let mut part = 0;
        while part < parts.len() {
            if let Some(literal) = parts[part].nth(left) {
                return Some(literal);
            }
            part += 1;
        }
        None
    }

    /// Whether some literal of the way implies this one.
    const fn implied_by(&self, way: &[u16], index: u16) -> bool {
        let Some(wanted) = self.literal(index) else { return false };
        let mut at = 0;
        while at < way.len() {
            if way[at] == index {
                return true;
            }
            if let Some(literal) = self.literal(way[at])
                && Side::of(literal).implies(Side::of(wanted))
            {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Two literals of the way that nobody fits both of.
    const fn contradiction(&self, way: &[u16]) -> Option<(&Literal, &Literal)> {
        let mut at = 0;
        while at < way.len() {
            let mut with = at + 1;
            while with < way.len() {
                if let (Some(one), Some(other)) = (self.literal(way[at]), self.literal(way[with]))
                    && Side::of(one).implies(Side::of(other).opposite())
                {
                    return Some((one, other));
                }
                with += 1;
            }
            at += 1;
        }
        None
    }

    /// Whether whoever gets in by one of these ways gets in by one of those.
    const fn covers(&self, those: &[&[u16]], these: &[&[u16]]) -> bool {
        let mut at = 0;
        while at < these.len() {
            if self.contradiction(these[at]).is_none() && !self.covers_way(those, these[at]) {
                return false;
            }
            at += 1;
        }
        true
    }

    const fn covers_way(&self, those: &[&[u16]], way: &[u16]) -> bool {
        let mut at = 0;
        while at < those.len() {
            let (wanted, mut index) = (those[at], 0);
            while index < wanted.len() && self.implied_by(way, wanted[index]) {
                index += 1;
            }
            if index == wanted.len() {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Why nobody gets in by any of these ways.
    const fn impossible(&self, ways: &[&[u16]]) -> Option<(&Literal, &Literal)> {
        let (mut at, mut why) = (0, None);
        while at < ways.len() {
            let found = self.contradiction(ways[at]);
            if found.is_none() {
                return None;
            }
            if why.is_none() {
                why = found;
            }
            at += 1;
        }
        why
    }
}

const KEEP: &str = "help: delete it, or say why it stays: `redundant = \"…\"`";

#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
const fn refuse(parts: &[&str]) {
    let mut text = Text::new();
    text.all(parts);
    panic!("{}", text.as_str());
}

/// Refuses a rule, or a part of one, that nobody can pass.
///
/// # Panics
/// At compile time, with a text for the user.
#[track_caller]
pub const fn check_possible(formula: &Formula, ways: &[&[u16]]) {
    if let Some((one, other)) = formula.impossible(ways) {
        let (one, other) = if one.negated { (other, one) } else { (one, other) };
        refuse(&[
            "no caller can pass: whoever fits `",
            one.text,
            "` does not fit `",
            other.text,
            "`\nhelp: delete one of the two",
        ]);
    }
}

/// Refuses one of several parts, of which any is enough, if another lets in all whom it does, or if it and another leave nobody
/// out.
///
/// # Panics
/// At compile time, with a text for the user.
#[track_caller]
pub const fn check_any(formula: &Formula, parts: &[Part], index: usize) {
    let part = &parts[index];
    let mut at = 0;
    while at < parts.len() {
        let other = &parts[at];
        // Of two that are the same, the second.
        if at != index
            && formula.covers(other.ways, part.ways)
            && (at < index || !formula.covers(part.ways, other.ways))
        {
            refuse(&["`", part.text, "` lets in nobody whom `", other.text, "` does not\n", KEEP]);
        }
        if let ([[one]], [[two]]) = (other.ways, part.ways)
            && let (Some(one), Some(two)) = (formula.literal(*one), formula.literal(*two))
            && at < index
            && Side::of(one).opposite().implies(Side::of(two))
        {
            let everybody = if two.atom.is_about_caller() { "authenticated" } else { "public" };
            refuse(&["`", one.text, "` or `", two.text, "` leaves nobody out\nhelp: write `", everybody, "`"]);
        }
        at += 1;
    }
}

/// Refuses one of several parts, all of which have to hold, if it follows from another, or from the others together (whose ways
/// these are).
///
/// # Panics
/// At compile time, with a text for the user.
#[track_caller]
pub const fn check_all(formula: &Formula, parts: &[Part], index: usize, others: &[&[u16]]) {
    let part = &parts[index];
    let mut at = 0;
    while at < parts.len() {
        let other = &parts[at];
        if at != index
            && formula.covers(part.ways, other.ways)
            && (at < index || !formula.covers(other.ways, part.ways))
        {
            refuse(&["`", part.text, "` adds nothing to `", other.text, "`\n", KEEP]);
        }
        at += 1;
    }
    if !others.is_empty() && formula.impossible(others).is_none() && formula.covers(part.ways, others) {
        refuse(&["`", part.text, "` adds nothing to the rest of the rule\n", KEEP]);
    }
}
