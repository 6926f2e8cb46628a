//! Differences between a reviewed matrix and the current one. Rules are compared by the callers that they admit, not by their text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::assignments::Worlds;
use super::expr::{Expr, ExprLiteral};
use super::implicants::{Implicant, is_within};
use super::names::DeclaredNames;
use super::{Matrix, RouteAccess, markdown};
use crate::policy::atom::Fact;

/// Maximum number of implicants of a rule. Larger rules are not compared.
const MOST: usize = 2048;

/// The changes between two matrices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference(pub Vec<Change>);

/// A change of one route, or of the entire matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A route was added. Contains the conditions that grant access.
    Added(String, Vec<String>),
    /// A route was removed.
    Removed(String),
    /// A route admits different callers.
    Access {
        /// The method and the path.
        route: String,
        /// Conditions that grant access now. A caller that meets one gains access unless another condition granted it before.
        gains: Vec<String>,
        /// Conditions that granted access before. A caller that met one loses access unless another condition grants it now.
        loses: Vec<String>,
    },
    /// The rules of a route cannot be compared, because they are too large or cannot be parsed.
    CannotTell(String),
    /// An entry changed in something other than the admitted callers. Contains its title and the changed lines.
    Said(String, String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, word: &str, who: &[String]| {
            who.iter().try_for_each(|who| writeln!(f, "    {word} {who}"))
        };
        for change in &self.0 {
            match change {
                Change::Added(route, who) => {
                    writeln!(f, "{route}: added")?;
                    list(f, "gains: ", who)?;
                }
                Change::Removed(route) => writeln!(f, "{route}: removed")?,
                Change::Access { route, gains, loses } => {
                    writeln!(f, "{route}")?;
                    list(f, "gains: ", gains)?;
                    list(f, "loses: ", loses)?;
                }
                Change::CannotTell(route) => {
                    writeln!(f, "{route}\n    not comparable: a rule has too many alternatives, or cannot be parsed")?;
                }
                Change::Said(what, how) => writeln!(f, "{what}\n    {how}")?,
            }
        }
        Ok(())
    }
}

impl Matrix {
    /// Returns the changes since `before`.
    pub fn since(&self, before: &Self) -> Difference {
        let mut changes = Vec::new();
        let by_route = |matrix: &'_ Self| -> BTreeMap<String, Vec<RouteAccess>> {
            let mut routes: BTreeMap<String, Vec<RouteAccess>> = BTreeMap::new();
            for route in &matrix.routes {
                routes.entry(format!("{} {}", route.method, route.path)).or_default().push(route.clone());
            }
            routes
        };
        let (old, new) = (by_route(before), by_route(self));
        for (name, old) in &old {
            match new.get(name) {
                None => changes.push(Change::Removed(name.clone())),
                Some(new) => compare(name, (old, &before.words), (new, &self.words), &mut changes),
            }
        }
        for (name, routes) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let who = tree(routes)
                .and_then(|tree| tree.ways(MOST))
                .map(|ways| ways.iter().map(|way| but_for(way, &[])).collect());
            changes.push(match who {
                Some(who) => Change::Added(name.clone(), who),
                None => Change::CannotTell(name.clone()),
            });
        }
        let sentences = |all: &[String]| all.iter().map(|one| markdown::sentence(one)).collect::<Vec<_>>();
        let lists = [
            (markdown::SOURCES, &before.sources, &self.sources),
            (markdown::SWITCHES, &before.switches, &self.switches),
            (markdown::UNGUARDED, &before.unguarded, &self.unguarded),
            (markdown::BY_NAME, &before.by_name, &self.by_name),
        ];
        for (what, before, now) in lists {
            said(what, &sentences(before), &sentences(now), &mut changes);
        }
        if before.words != self.words {
            let lines = |words: &DeclaredNames| markdown::words(words);
            said(markdown::WORDS, &lines(&before.words), &lines(&self.words), &mut changes);
        }
        Difference(changes)
    }
}

/// Joins the rules of all routes of one method and path, because the router picks one of them.
fn tree(routes: &[RouteAccess]) -> Option<Expr> {
    Some(Expr::Any(routes.iter().map(|route| Expr::read(&route.rule)).collect::<Option<_>>()?))
}

fn compare(
    name: &str,
    old: (&[RouteAccess], &DeclaredNames),
    new: (&[RouteAccess], &DeclaredNames),
    changes: &mut Vec<Change>,
) {
    let found =
        tree(old.0).zip(tree(new.0)).and_then(|(before, now)| gains_and_losses((&before, old.1), (&now, new.1)));
    match found {
        None => changes.push(Change::CannotTell(name.to_owned())),
        Some((gains, loses)) if gains.is_empty() && loses.is_empty() => {
            let lines = |routes: &[RouteAccess]| routes.iter().map(markdown::line).collect::<Vec<_>>();
            said(name, &lines(old.0), &lines(new.0), changes);
        }
        Some((gains, loses)) => {
            changes.push(Change::Access { route: name.to_owned(), gains, loses });
            let flags = |routes: &[RouteAccess]| routes.iter().map(properties).collect::<Vec<_>>();
            said(name, &flags(old.0), &flags(new.0), changes);
        }
    }
}

fn properties(route: &RouteAccess) -> String {
    match markdown::flags(route).strip_prefix("; ") {
        Some(properties) => properties.to_owned(),
        None => "no other properties".to_owned(),
    }
}

/// Groups the names that a credential can list. Two names are in one group if they satisfy the same atoms of the rules. Returns
/// the representative of the group of each name. This limits the number of assignments: a long hierarchy would otherwise have too
/// many to enumerate.
fn same_names(rules: &[(&Expr, &DeclaredNames)]) -> BTreeMap<Fact, Fact> {
    let mut atoms_of: BTreeMap<Fact, BTreeSet<usize>> = BTreeMap::new();
    let literals = rules.iter().flat_map(|(tree, words)| tree.literals().into_iter().map(move |one| (one, *words)));
    for (atom, (literal, words)) in literals.enumerate() {
        for holder in Expr::Literal(literal.clone()).expanded(words).literals() {
            atoms_of.entry(holder.fact.clone()).or_default().insert(atom);
        }
    }
    // The representative of a group is the name that all its other names imply, or the first one if there is no such name.
    let is_weaker = |one: &Fact, other: &Fact| match (one, other) {
        (Fact::Name(kind, one, _), Fact::Name(_, other, _)) => {
            rules.iter().any(|(_, words)| words.holders(kind, one).contains(&(kind.clone(), other.clone())))
        }
        _ => false,
    };
    let kind = |fact: &Fact| match fact {
        Fact::Name(kind, _, tenant) => Some((kind.clone(), tenant.clone())),
        _ => None,
    };
    let names = || atoms_of.keys().filter(|fact| matches!(fact, Fact::Name(..)));
    let same = |one: &Fact, other: &Fact| kind(one) == kind(other) && atoms_of.get(one) == atoms_of.get(other);
    let weakest = |fact: &Fact| {
        let group: Vec<_> = names().filter(|other| same(fact, other)).collect();
        let weakest = group.iter().find(|one| group.iter().all(|other| is_weaker(one, other)));
        weakest.or(group.first()).map(|one| (*one).clone())
    };
    names().filter_map(|fact| Some((fact.clone(), weakest(fact)?))).collect()
}

/// Returns the conditions under which callers gain and lose access. Tries every assignment that the two rules distinguish.
fn gains_and_losses(
    before: (&Expr, &DeclaredNames),
    now: (&Expr, &DeclaredNames),
) -> Option<(Vec<String>, Vec<String>)> {
    let names = same_names(&[before, now]);
    let named = |fact: &Fact| names.get(fact).unwrap_or(fact).clone();
    let (before, now) = (&before.0.expanded(before.1).renamed(&named), &now.0.expanded(now.1).renamed(&named));
    let worlds = Worlds::of(&[before, now])?;
    let (ways_before, ways_now) = (before.ways(MOST)?, now.ways(MOST)?);
    let (mut gains, mut loses) = (BTreeSet::new(), BTreeSet::new());
    for world in worlds.each() {
        let (ways, into) = match (worlds.lets_in(before, &world), worlds.lets_in(now, &world)) {
            (false, true) => (&ways_now, &mut gains),
            (true, false) => (&ways_before, &mut loses),
            _ => continue,
        };
        let goes = |way: &&Implicant| way.iter().all(|literal| worlds.holds(literal, &world));
        into.extend(ways.iter().filter(goes));
    }
    let texts =
        |ways: BTreeSet<&Implicant>, others: &[Implicant]| ways.into_iter().map(|way| but_for(way, others)).collect();
    Some((texts(gains, &ways_before), texts(loses, &ways_now)))
}

/// Formats an implicant with its exceptions: the callers that satisfy a narrower implicant of the other rule, whose access does
/// not change. The exceptions are written in words. A `!` would state that a fact is false, but an exception also covers facts
/// that are unknown.
fn but_for(way: &Implicant, others: &[Implicant]) -> String {
    let joined =
        |literals: Vec<&ExprLiteral>| literals.iter().map(ToString::to_string).collect::<Vec<_>>().join(" && ");
    let narrower = others.iter().filter(|other| is_within(other, way));
    let besides = narrower.map(|other| joined(other.iter().filter(|literal| !way.contains(*literal)).collect()));
    let besides: Vec<_> =
        besides.filter(|besides| !besides.is_empty()).map(|besides| format!("except {besides}")).collect();
    let all = if way.is_empty() { "anyone".to_owned() } else { joined(way.iter().collect()) };
    std::iter::once(all).chain(besides).collect::<Vec<_>>().join(", ")
}

/// Returns whether `other` holds in every assignment in which `one` holds.
#[cfg(test)]
pub(crate) fn holds_wherever(one: &Expr, other: &Expr, words: &DeclaredNames) -> Option<bool> {
    let (one, other) = (one.expanded(words), other.expanded(words));
    let worlds = Worlds::of(&[&one, &other])?;
    Some(worlds.each().all(|world| !worlds.lets_in(&one, &world) || worlds.lets_in(&other, &world)))
}

/// Records removed and added lines, counting duplicates. If only the order differs, records the new order.
fn said(what: &str, before: &[String], now: &[String], changes: &mut Vec<Change>) {
    let left = |of: &[String], other: &[String]| {
        let mut other = other.to_vec();
        let is_left = |line: &&String| match other.iter().position(|known| known == *line) {
            Some(known) => {
                other.remove(known);
                false
            }
            None => true,
        };
        of.iter().filter(is_left).cloned().collect::<Vec<_>>()
    };
    let gone = left(before, now).into_iter().map(|line| format!("was: {line}"));
    let new = left(now, before).into_iter().map(|line| format!("is:  {line}"));
    let mut lines: Vec<_> = gone.chain(new).collect();
    if lines.is_empty() && before != now {
        lines = now.iter().map(|line| format!("order now: {line}")).collect();
    }
    if !lines.is_empty() {
        changes.push(Change::Said(what.to_owned(), lines.join("\n    ")));
    }
}
