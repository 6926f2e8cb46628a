//! A rule as it is read from its text: the same for one that was just compiled, and one that was committed a year ago.

use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;

use super::names::Words;
use crate::policy::rule::duration;
use crate::runtime::strict_json::quoted;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// An atom, or its absence.
    Literal(Lit),
    /// All of these.
    All(Vec<Tree>),
    /// Any of these.
    Any(Vec<Tree>),
}

/// An atom, or its absence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lit {
    /// What is asked.
    pub fact: Fact,
    /// Whether its absence is.
    pub negated: bool,
}

/// What an atom asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Any authenticated caller.
    Authenticated,
    /// A role, a permission or a scope: its kind, its name, and the tenant that it is of.
    Name(String, String, Option<String>),
    /// A claim, and its value as JSON.
    Claim(String, String),
    /// A login of at most so many seconds ago.
    MaxAge(u64),
    /// An address in one of these.
    Network(Vec<IpNet>),
    /// A country of these.
    Country(BTreeSet<String>),
    /// What is understood no further, as it is written.
    Other(String),
}

impl Fact {
    /// Whether it holds for those alone who have authenticated.
    pub fn is_about_caller(&self) -> bool {
        match self {
            Self::Network(_) | Self::Country(_) => false,
            Self::Other(text) if text.starts_with("check_for_anyone(") => false,
            _ => true,
        }
    }
}

impl Tree {
    /// Reads the text of a rule; `None` where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let tree = any(&mut rest)?;
        rest.is_empty().then_some(tree)
    }

    /// What it asks about the object of a request.
    pub(super) fn checks(&self) -> Vec<String> {
        match self {
            Self::Literal(Lit { fact: Fact::Other(text), .. })
                if text.starts_with("check") || text.starts_with("authorized(") =>
            {
                vec![text.clone()]
            }
            Self::Literal(_) => vec![],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::checks).collect(),
        }
    }

    /// The same, with each name replaced by all whose holders hold it: what is left are names that a credential lists.
    pub(super) fn expanded(&self, words: &Words) -> Self {
        match self {
            Self::Literal(Lit { fact: Fact::Name(kind, name, tenant), negated }) => {
                let holders = words.holders(kind, name).into_iter().map(|(kind, name)| {
                    Self::Literal(Lit { fact: Fact::Name(kind, name, tenant.clone()), negated: *negated })
                });
                // Whoever lacks the name lacks all that it follows from.
                if *negated { Self::All(holders.collect()) } else { Self::Any(holders.collect()) }
            }
            Self::Literal(_) => self.clone(),
            Self::All(parts) => Self::All(parts.iter().map(|part| part.expanded(words)).collect()),
            Self::Any(parts) => Self::Any(parts.iter().map(|part| part.expanded(words)).collect()),
        }
    }

    /// Whether somebody could pass, whatever sources there are; `None` where there are too many ways to tell.
    pub fn can_hold(&self, words: &Words) -> Option<bool> {
        self.expanded(words).ways(1024).map(|ways| !ways.is_empty())
    }

    /// Its literals.
    pub(super) fn literals(&self) -> Vec<&Lit> {
        match self {
            Self::Literal(literal) => vec![literal],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::literals).collect(),
        }
    }

    /// The same, with each name that `group` gives another one of the same meaning replaced by that.
    pub(super) fn renamed(&self, group: &dyn Fn(&Fact) -> Fact) -> Self {
        match self {
            Self::Literal(Lit { fact, negated }) => Self::Literal(Lit { fact: group(fact), negated: *negated }),
            Self::All(parts) => Self::All(parts.iter().map(|part| part.renamed(group)).collect()),
            Self::Any(parts) => Self::Any(parts.iter().map(|part| part.renamed(group)).collect()),
        }
    }

    /// Whether it holds, where `holds` says which literals do.
    pub fn holds(&self, holds: &dyn Fn(&Lit) -> bool) -> bool {
        match self {
            Self::Literal(literal) => holds(literal),
            Self::All(parts) => parts.iter().all(|part| part.holds(holds)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(holds)),
        }
    }
}

// ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

fn any(rest: &mut &str) -> Option<Tree> {
    joined(rest, "||", |rest| joined(rest, "&&", one, Tree::All), Tree::Any)
}

fn joined(
    rest: &mut &str,
    by: &str,
    part: impl Fn(&mut &str) -> Option<Tree>,
    join: impl Fn(Vec<Tree>) -> Tree,
) -> Option<Tree> {
    let first = part(rest)?;
    let mut parts = vec![first];
    while let Some(after) = rest.trim_start().strip_prefix(by) {
        *rest = after;
        parts.push(part(rest)?);
    }
    *rest = rest.trim_start();
    Some(if parts.len() == 1 { parts.pop()? } else { join(parts) })
}

fn one(rest: &mut &str) -> Option<Tree> {
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
        ("public", None, false) => Some(Tree::All(Vec::new())),
        ("nobody", None, false) => Some(Tree::Any(Vec::new())),
        _ => Some(Tree::Literal(Lit { fact: fact(word, arguments)?, negated })),
    }
}

/// Where the parenthesis closes that was opened before the text; those within strings are none.
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

/// How long the string or the character is that stands first; `None` where none does.
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
    // A lifetime has no second quote near it.
    let is_character = |length: usize| {
        text.get(1..length - 1).is_some_and(|inside| inside.starts_with('\\') || inside.chars().count() == 1)
    };
    (quote == '"' || is_character(end)).then_some(end)
}

fn fact(word: &str, arguments: Option<&str>) -> Option<Fact> {
    let other = || match arguments {
        Some(arguments) => Fact::Other(format!("{word}({arguments})")),
        None => Fact::Other(word.to_owned()),
    };
    if word.is_empty() {
        return None;
    }
    let strings = || arguments.and_then(strings).unwrap_or_default();
    Some(match word {
        "authenticated" => Fact::Authenticated,
        "role" | "permission" | "scope" => {
            let (names, tenant) = match arguments?.rsplit_once(", in = ") {
                Some((names, tenant)) => (names, Some(tenant.to_owned())),
                None => (arguments?, None),
            };
            Fact::Name(word.to_owned(), self::strings(names)?.pop()?, tenant)
        }
        "claim" => {
            let parts: Vec<serde_json::Value> = serde_json::from_str(&format!("[{}]", arguments?)).ok()?;
            match parts.as_slice() {
                [serde_json::Value::String(name), value] => Fact::Claim(name.clone(), value.to_string()),
                _ => return None,
            }
        }
        "max_age" => {
            let text = strings().pop()?;
            let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
            let unit = match unit {
                "d" => 86_400,
                "h" => 3_600,
                "m" => 60,
                "s" => 1,
                _ => return None,
            };
            Fact::MaxAge(number.parse::<u64>().ok()?.checked_mul(unit)?)
        }
        "network" => Fact::Network(strings().iter().map(|net| net.parse().ok()).collect::<Option<_>>()?),
        "country" => Fact::Country(strings().into_iter().collect()),
        _ => other(),
    })
}

/// `"a", "b"`, as [`fmt::Debug`] writes them.
fn strings(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(&format!("[{text}]")).ok()
}

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// As it is read again.
impl fmt::Display for Tree {
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

impl fmt::Display for Lit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        match &self.fact {
            Fact::Authenticated => f.write_str("authenticated"),
            Fact::Name(kind, name, None) => write!(f, "{kind}({})", quoted(name)),
            Fact::Name(kind, name, Some(tenant)) => write!(f, "{kind}({}, in = {tenant})", quoted(name)),
            Fact::Claim(name, value) => write!(f, "claim({}, {value})", quoted(name)),
            Fact::MaxAge(seconds) => write!(f, "max_age({:?})", duration(*seconds)),
            Fact::Network(networks) => write!(f, "network({})", listed(networks.iter())),
            Fact::Country(countries) => write!(f, "country({})", listed(countries.iter())),
            Fact::Other(text) => f.write_str(text),
        }
    }
}

fn listed(parts: impl Iterator<Item = impl fmt::Display>) -> String {
    parts.map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(", ")
}
