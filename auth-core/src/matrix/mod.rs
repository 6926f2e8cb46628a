//! The access matrix: who may call what, of a whole application, as data that people and programs read.

mod names;
mod expr;
mod implicants;
mod request;
mod assignments;
mod text;
mod markdown;
mod diff;
mod test_cases;
mod html;
mod json;
mod openapi;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

#[cfg(test)]
pub(crate) use self::diff::holds_wherever;
pub use self::diff::{Change, Difference};
pub use self::expr::{Expr, ExprLiteral};
pub use self::names::{DeclaredName, DeclaredNames};
pub use self::openapi::OpenApiError;
pub use self::request::{CaseCaller, CaseLocation};
pub use self::test_cases::{Case, Cases};
use crate::identity::issuer::Issuer;
use crate::identity::vocabulary::Vocabulary;
pub use crate::policy::atom::Fact;
use crate::policy::decision::Rules;
use crate::policy::rule::{CallerAccess, Formula};

/// The whole of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Matrix {
    /// The routes: a line for each method of each path.
    pub routes: Vec<RouteAccess>,
    /// What gives names in rules their meaning.
    pub words: DeclaredNames,
    /// Where credentials come from, and what each may confer.
    pub sources: Vec<String>,
    /// Settings that let in more than their absence would.
    pub switches: Vec<String>,
    /// The schemes that are accepted.
    #[serde(skip)]
    pub schemes: Vec<AcceptedScheme>,
    /// What is in reach of requests and has no rule: why, and where that is written.
    pub unguarded: Vec<String>,
    /// The routes of plain actix within what a scope was given by name. Their rule, if they have one, is that of the service that
    /// they are in.
    pub by_name: Vec<String>,
    /// The patterns of the scopes.
    #[serde(skip)]
    pub scopes: Vec<String>,
    /// The types that declare the names, and what each declares.
    #[serde(skip)]
    pub declared: Vec<(&'static str, DeclaredNames)>,
}

/// One method of one path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RouteAccess {
    /// The method; `*` for every one, `?` where it cannot be seen.
    pub method: String,
    /// The whole pattern of the path.
    pub path: String,
    /// The rule: that of the handler, those of the scopes around it, and what its arguments ask.
    pub rule: String,
    /// The handler.
    pub handler: String,
    /// The source file of the handler. Empty for handlers of auth-actix.
    pub file: String,
    /// The line of its name, from 1.
    pub line: u32,
    /// The least sets of atoms of which each lets somebody in; `None` where there are too many.
    pub sufficient: Option<Vec<Vec<String>>>,
    /// The schemes of credentials that could let somebody in.
    pub schemes: Vec<String>,
    /// What is asked about the object of a request.
    pub objects: Vec<String>,
    /// Whether strangers may come in.
    pub public: bool,
    /// Whether a credential that is presented is verified.
    pub verifies: bool,
    /// Whether whoever is refused is told that the path is unknown.
    pub not_found: bool,
    /// Why it may be called for any object.
    pub any_object: Option<String>,
    /// What else a reader has to know: guards of the route, middleware, routes that hide this one.
    pub notes: Vec<String>,
}

impl RouteAccess {
    /// A route with these rules: of the scopes around it, from the outside in, and of its handler.
    pub fn new(method: &str, path: &str, rules: Rules<'_>) -> Self {
        let handler = rules.handler;
        let taken = handler.objects().filter(|object| object.action.is_some());
        let taken: Vec<_> = taken.map(ToString::to_string).collect();
        let own = rules.scopes.iter().map(|rule| rule.formula()).chain([handler.formula()]);
        let parts: Vec<&Formula> = own.filter(|formula| !matches!(formula, Formula::All([]))).collect();
        let in_parentheses = |part: &&Formula| match part {
            Formula::Any(inner) if inner.len() > 1 && parts.len() + taken.len() > 1 => format!("({part})"),
            _ => part.to_string(),
        };
        let all: Vec<_> = parts.iter().map(in_parentheses).chain(taken.iter().cloned()).collect();
        let rule = if all.is_empty() { "public".to_owned() } else { all.join(" && ") };
        let of_objects = taken.iter().filter_map(|object| Expr::read(object));
        let tree = Expr::All(parts.iter().map(|part| Expr::of(part)).chain(of_objects).collect());
        let of_rule = tree.checks().into_iter();
        let sufficient = tree.ways(SUFFICIENT_SETS).map(|ways| {
            let texts = ways.iter().map(|way| way.iter().map(ToString::to_string).collect());
            texts.collect()
        });
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            objects: of_rule.collect::<BTreeSet<_>>().into_iter().collect(),
            sufficient,
            public: rules.admit_strangers(),
            verifies: rules.facts_needed().caller || handler.reads != CallerAccess::Nothing,
            not_found: rules.not_found(),
            any_object: handler.any_object.map(str::to_owned),
            schemes: Vec::new(),
            handler: handler.target.name().to_owned(),
            file: handler.file.to_owned(),
            line: handler.line,
            notes: Vec::new(),
            rule,
        }
    }
}

/// A scheme of credentials, and where they come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedScheme {
    /// Its name, as challenges have it.
    pub name: String,
    /// `header` or `cookie` and its name, or `tls`; nothing for credentials in `Authorization`.
    pub place: Option<(&'static str, String)>,
}

impl AcceptedScheme {
    /// The security scheme of OpenAPI.
    fn to_openapi(&self) -> serde_json::Value {
        match &self.place {
            Some(("tls", _)) => serde_json::json!({ "type": "mutualTLS" }),
            Some((place, name)) => serde_json::json!({ "type": "apiKey", "in": place, "name": name }),
            None if self.name == "Bearer" => {
                serde_json::json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" })
            }
            None => serde_json::json!({ "type": "http", "scheme": self.name.to_ascii_lowercase() }),
        }
    }
}

/// So many least sets are shown of a rule.
const SUFFICIENT_SETS: usize = 32;

impl Matrix {
    /// Adds what the names in these rules mean.
    pub fn add_words(&mut self, rules: Rules<'_>, roles: impl Iterator<Item = &'static Vocabulary>) {
        for vocabulary in rules.names().map(|name| name.vocabulary).chain(roles) {
            let declares = (vocabulary.declared_in, DeclaredNames::of(vocabulary));
            if self.declared.contains(&declares) {
                continue;
            }
            for (other, words) in &self.declared {
                let (kind, here) = (vocabulary.kind.word(), vocabulary.declared_in);
                let differ = words.first_other(&declares.1);
                let what = |name| format!("the {kind} {name} means one thing in {other} and another in {here}");
                self.switches.extend(differ.map(what));
            }
            self.words.add(vocabulary);
            self.declared.push(declares);
        }
    }

    /// Whether each name means one thing, of whatever type it is.
    pub fn has_one_meaning(&self) -> bool {
        let words = || self.declared.iter().map(|(_, words)| words);
        words().all(|one| words().all(|other| one.first_other(other).is_none()))
    }

    /// Adds a source of credentials, and what else is said of it.
    pub fn add_source(&mut self, source: &Issuer, more: &str) {
        let line = format!(
            "{} of {:?}{more} confers {}{}",
            source.scheme.name(),
            source.issuer,
            source.confers,
            source.places()
        );
        if !self.sources.contains(&line) {
            self.sources.push(line);
        }
    }

    /// In the order in which it is read: by path, then by method.
    pub fn sort(&mut self) {
        // Of one path and method they stay in the order in which actix tries them.
        self.routes.sort_by_key(|route| (route.path.clone(), route.method.clone()));
        self.sources.sort();
        self.switches.sort();
        self.unguarded.sort();
        self.by_name.sort();
    }
}
