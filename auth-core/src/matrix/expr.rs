//! Rules parsed from text. A rule that was just compiled and one from a file committed a year ago have the same form.

use std::fmt;

use super::names::DeclaredNames;
use crate::policy::atom::Fact;
use crate::policy::rule::{Formula, Literal, Rule};

/// A rule as a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// An atom or its negation.
    Literal(ExprLiteral),
    /// A conjunction.
    All(Vec<Expr>),
    /// A disjunction.
    Any(Vec<Expr>),
}

/// An atom or its negation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprLiteral {
    /// The requirement.
    pub fact: Fact,
    /// Whether the requirement is negated.
    pub negated: bool,
}

impl Expr {
    /// Converts a formula.
    pub fn of(formula: &Formula) -> Self {
        Self::converted(formula, &|literal| *literal)
    }

    fn converted(formula: &Formula, named: &dyn Fn(&Literal) -> Literal) -> Self {
        match formula {
            Formula::Literal(literal) => {
                Self::Literal(ExprLiteral { fact: named(literal).describe(), negated: literal.negated })
            }
            Formula::All(parts) => Self::All(parts.iter().map(|part| Self::converted(part, named)).collect()),
            Formula::Any(parts) => Self::Any(parts.iter().map(|part| Self::converted(part, named)).collect()),
        }
    }

    /// Adds the conjuncts of a rule. The requirement of an argument is written like the atom whose object the argument takes, and a
    /// conjunct that occurs twice is listed once.
    pub(super) fn add_conjuncts(all: &mut Vec<Self>, rule: &Rule) {
        fn add(all: &mut Vec<Expr>, part: Expr) {
            match part {
                Expr::All(parts) => parts.into_iter().for_each(|part| add(all, part)),
                part if all.contains(&part) => {}
                part => all.push(part),
            }
        }
        add(all, Self::converted(rule.formula(), &|literal| rule.named_by_atom(literal)));
    }

    /// Parses the text of a rule. Returns `None` if the text is not a rule.
    pub fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let tree = any(&mut rest)?;
        rest.is_empty().then_some(tree)
    }

    /// Returns the atoms about the object of a request.
    pub(super) fn checks(&self) -> Vec<String> {
        match self {
            Self::Literal(ExprLiteral { fact, .. }) if fact.is_about_object() => vec![fact.to_string()],
            Self::Literal(_) => vec![],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::checks).collect(),
        }
    }

    /// Replaces each name with all names whose holders also hold it. The result contains only names that a credential lists.
    pub(super) fn expanded(&self, words: &DeclaredNames) -> Self {
        match self {
            Self::Literal(ExprLiteral { fact: Fact::Name(kind, name, tenant), negated }) => {
                let holders = words.holders(kind, name).into_iter().map(|(kind, name)| {
                    Self::Literal(ExprLiteral { fact: Fact::Name(kind, name, tenant.clone()), negated: *negated })
                });
                // A caller that lacks the name lacks all names that imply it.
                if *negated { Self::All(holders.collect()) } else { Self::Any(holders.collect()) }
            }
            Self::Literal(_) => self.clone(),
            Self::All(parts) => Self::All(parts.iter().map(|part| part.expanded(words)).collect()),
            Self::Any(parts) => Self::Any(parts.iter().map(|part| part.expanded(words)).collect()),
        }
    }

    /// Returns whether a caller could pass, regardless of the configured issuers. Returns `None` if the rule has too many
    /// implicants.
    pub fn can_hold(&self, words: &DeclaredNames) -> Option<bool> {
        self.expanded(words).ways(1024).map(|ways| !ways.is_empty())
    }

    pub(super) fn literals(&self) -> Vec<&ExprLiteral> {
        match self {
            Self::Literal(literal) => vec![literal],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::literals).collect(),
        }
    }

    /// Replaces each name with its representative in `group`, which has the same meaning.
    pub(super) fn renamed(&self, group: &dyn Fn(&Fact) -> Fact) -> Self {
        match self {
            Self::Literal(ExprLiteral { fact, negated }) => {
                Self::Literal(ExprLiteral { fact: group(fact), negated: *negated })
            }
            Self::All(parts) => Self::All(parts.iter().map(|part| part.renamed(group)).collect()),
            Self::Any(parts) => Self::Any(parts.iter().map(|part| part.renamed(group)).collect()),
        }
    }

    /// Returns whether the rule holds, given the literals that hold.
    pub fn holds(&self, holds: &dyn Fn(&ExprLiteral) -> bool) -> bool {
        match self {
            Self::Literal(literal) => holds(literal),
            Self::All(parts) => parts.iter().all(|part| part.holds(holds)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(holds)),
        }
    }
}

// ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

fn any(rest: &mut &str) -> Option<Expr> {
    joined(rest, "||", |rest| joined(rest, "&&", one, Expr::All), Expr::Any)
}

fn joined(
    rest: &mut &str,
    by: &str,
    part: impl Fn(&mut &str) -> Option<Expr>,
    join: impl Fn(Vec<Expr>) -> Expr,
) -> Option<Expr> {
    let first = part(rest)?;
    let mut parts = vec![first];
    while let Some(after) = rest.trim_start().strip_prefix(by) {
        *rest = after;
        parts.push(part(rest)?);
    }
    *rest = rest.trim_start();
    Some(if parts.len() == 1 { parts.pop()? } else { join(parts) })
}

fn one(rest: &mut &str) -> Option<Expr> {
    *rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('(') {
        *rest = after;
        let inner = any(rest)?;
        *rest = rest.strip_prefix(')')?;
        return Some(inner);
    }
    let negated = rest.starts_with('!');
    if negated {
        *rest = rest.get(1..)?;
    }
    let word_ends = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(word_ends)?;
    let (arguments, after) = match after.strip_prefix('(') {
        Some(inside) => {
            let end = closing(inside)?;
            (Some(inside.get(..end)?), inside.get(end + 1..)?)
        }
        None => (None, after),
    };
    *rest = after;
    match (word, arguments, negated) {
        ("public", None, false) => Some(Expr::All(Vec::new())),
        ("nobody", None, false) => Some(Expr::Any(Vec::new())),
        _ => Some(Expr::Literal(ExprLiteral { fact: Fact::read(word, arguments)?, negated })),
    }
}

/// Returns the offset of the parenthesis that closes the one before `text`. Parentheses within string literals do not count.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let letter = rest.chars().next()?;
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += literal(rest).unwrap_or(letter.len_utf8());
    }
    None
}

/// Returns the length of the string or character literal at the start of `text`, or `None` if there is no literal.
fn literal(text: &str) -> Option<usize> {
    if let Some(raw) = text.strip_prefix('r') {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        let inside = raw.get(marks..)?.strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(marks));
        return Some(text.len() - inside.len() + inside.find(&end)? + end.len());
    }
    let quote = text.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
    let mut escaped = false;
    let mut letters = text.char_indices().skip(1);
    let end = letters.find_map(|(at, letter)| {
        let is_end = letter == quote && !escaped;
        escaped = letter == '\\' && !escaped;
        is_end.then_some(at + 1)
    })?;
    // A lifetime has no closing quote after one character.
    let is_character = |length: usize| {
        text.get(1..length - 1).is_some_and(|inside| inside.starts_with('\\') || inside.chars().count() == 1)
    };
    (quote == '"' || is_character(end)).then_some(end)
}

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Writes the form that [`Expr::read`] parses.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], by: &str, none: &str| {
            if parts.is_empty() {
                return f.write_str(none);
            }
            parts.iter().enumerate().try_for_each(|(position, part)| {
                f.write_str(if position == 0 { "" } else { by })?;
                match part {
                    Self::Literal(_) => write!(f, "{part}"),
                    _ => write!(f, "({part})"),
                }
            })
        };
        match self {
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::All(parts) => joined(f, parts, " && ", "public"),
            Self::Any(parts) => joined(f, parts, " || ", "nobody"),
        }
    }
}

impl fmt::Display for ExprLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        self.fact.fmt(f)
    }
}
