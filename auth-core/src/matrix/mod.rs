//! The access matrix of an application: the callers that each route admits, as data for people and programs.

mod names;
mod expr;
mod implicants;
mod request;
mod assignments;
mod markdown;
mod text;
mod diff;
mod test_cases;
mod html;
mod json;
mod accepted;
mod object_keys;
mod openapi;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

pub use self::accepted::{AcceptedScheme, CredentialPlace};
#[cfg(test)]
pub(crate) use self::diff::holds_wherever;
pub use self::diff::{Change, Difference};
pub use self::expr::{Expr, ExprLiteral};
pub use self::names::{DeclaredName, DeclaredNames};
pub use self::object_keys::{ObjectKey, ObjectKeyPlace};
pub use self::openapi::OpenApiError;
pub use self::request::{CaseCaller, CaseLocation};
pub use self::test_cases::{Case, CaseOutcome, CaseRule, Cases};
use crate::identity::issuer::Issuer;
use crate::identity::vocabulary::Vocabulary;
pub use crate::policy::atom::Fact;
use crate::policy::decision::Rules;
use crate::policy::rule::CallerAccess;

/// The access matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Matrix {
    /// The routes, one entry for each method of each path.
    pub routes: Vec<RouteAccess>,
    /// The meaning of the names in rules.
    pub words: DeclaredNames,
    /// The issuers, each with what it may confer.
    pub sources: Vec<String>,
    /// Settings that admit more callers than their absence would.
    pub switches: Vec<String>,
    /// The accepted credentials, one entry for each place.
    #[serde(skip)]
    pub schemes: Vec<AcceptedScheme>,
    /// Services without a rule that requests can reach, each with the reason and the location of its declaration.
    pub unguarded: Vec<String>,
    /// Plain actix routes inside services that were registered with `guarded` or `unguarded`. Their rule, if any, is that of the
    /// service.
    pub by_name: Vec<String>,
    /// The patterns of the scopes.
    #[serde(skip)]
    pub scopes: Vec<String>,
    /// The types that declare names, each with its names.
    #[serde(skip)]
    pub declared: Vec<(&'static str, DeclaredNames)>,
}

/// The access to one method of one path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RouteAccess {
    /// The method. `*` means every method, `?` means that the method is unknown.
    pub method: String,
    /// The full pattern of the path.
    pub path: String,
    /// The combined rule of the handler, the scopes around it and the handler's arguments.
    pub rule: String,
    /// The path of the handler, or a description.
    pub handler: String,
    /// The source file of the handler. Empty for handlers of auth-actix.
    pub file: String,
    /// The line of the handler's name, starting at 1.
    pub line: u32,
    /// The minimal sets of atoms that each grant access. `None` if there are too many.
    pub sufficient: Option<Vec<Vec<String>>>,
    /// The credential schemes that could grant access.
    pub schemes: Vec<String>,
    /// The keys of the accepted credentials ([`Matrix::schemes`]) that could grant access.
    #[serde(skip)]
    pub credentials: Vec<String>,
    /// The headers that name the tenants of the rule, each with the name of the tenant.
    pub tenant_headers: Vec<(String, String)>,
    /// The keys of objects that are located outside of the path.
    pub object_keys: Vec<ObjectKey>,
    /// The atoms about the object of a request.
    pub objects: Vec<String>,
    /// Whether anonymous callers may pass.
    pub public: bool,
    /// Whether a presented credential is verified.
    pub verifies: bool,
    /// Whether denials look like the response to an unknown path.
    pub not_found: bool,
    /// The reason why the handler may be called for any object.
    pub any_object: Option<String>,
    /// The reason why limited credentials may call the handler without a role, permission or scope within their ceiling.
    pub any_token: Option<String>,
    /// Other information for readers: guards of the route, middleware, and routes that shadow this one.
    pub notes: Vec<String>,
}

impl RouteAccess {
    /// Creates the entry of a route from the rules of its handler and the scopes around it.
    pub fn new(method: &str, path: &str, rules: Rules<'_>) -> Self {
        let handler = rules.handler;
        let mut parts = Vec::new();
        for rule in rules.scopes.iter().copied().chain([handler]) {
            Expr::add_conjuncts(&mut parts, rule);
        }
        let in_parentheses = |part: &Expr| match part {
            Expr::Any(inner) if inner.len() > 1 && parts.len() > 1 => format!("({part})"),
            _ => part.to_string(),
        };
        let all: Vec<_> = parts.iter().map(in_parentheses).collect();
        let rule = if all.is_empty() { "public".to_owned() } else { all.join(" && ") };
        let tree = Expr::All(parts);
        let of_rule = tree.checks().into_iter();
        let sufficient = tree.ways(SUFFICIENT_SETS).map(|ways| {
            let texts = ways.iter().map(|way| way.iter().map(ToString::to_string).collect());
            texts.collect()
        });
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            object_keys: object_keys::keys_of(handler, sufficient.as_deref()),
            objects: of_rule.collect::<BTreeSet<_>>().into_iter().collect(),
            sufficient,
            public: rules.admit_strangers(),
            verifies: rules.facts_needed().caller || handler.reads != CallerAccess::Nothing,
            not_found: rules.not_found(),
            any_object: handler.any_object.map(str::to_owned),
            any_token: handler.any_token.map(str::to_owned),
            schemes: Vec::new(),
            credentials: Vec::new(),
            tenant_headers: Vec::new(),
            handler: handler.target.name().to_owned(),
            file: handler.file.to_owned(),
            line: handler.line,
            notes: Vec::new(),
            rule,
        }
    }
}

/// Maximum number of minimal sets that are listed for a rule.
const SUFFICIENT_SETS: usize = 32;

impl Matrix {
    /// Adds the meaning of the names in these rules and of the `roles` vocabularies.
    pub fn add_words(&mut self, rules: Rules<'_>, roles: impl Iterator<Item = &'static Vocabulary>) {
        for vocabulary in rules.names().map(|name| name.vocabulary).chain(roles) {
            let declares = (vocabulary.declared_in, DeclaredNames::of(vocabulary));
            if self.declared.contains(&declares) {
                continue;
            }
            for (other, words) in &self.declared {
                let (kind, here) = (vocabulary.kind.word(), vocabulary.declared_in);
                let differ = words.first_other(&declares.1);
                let what = |name| format!("the {kind} {name} has different meanings in {other} and {here}");
                self.switches.extend(differ.map(what));
            }
            self.words.add(vocabulary);
            self.declared.push(declares);
        }
    }

    /// Returns whether each name has the same meaning in every type that declares it.
    pub fn has_one_meaning(&self) -> bool {
        let words = || self.declared.iter().map(|(_, words)| words);
        words().all(|one| words().all(|other| one.first_other(other).is_none()))
    }

    /// Adds an issuer, with additional information about it.
    pub fn add_source(&mut self, source: &Issuer, more: &str) {
        let line = format!(
            "{} from issuer {:?}{more}, confers {}{}",
            source.scheme.name(),
            source.issuer,
            source.confers,
            source.places()
        );
        if !self.sources.contains(&line) {
            self.sources.push(line);
        }
    }

    /// Sorts the routes by path and then by method, and all other lists by their text.
    pub fn sort(&mut self) {
        // The sort is stable: routes of one path and method stay in the order in which actix tries them.
        self.routes.sort_by_key(|route| (route.path.clone(), route.method.clone()));
        self.sources.sort();
        self.switches.sort();
        self.unguarded.sort();
        self.by_name.sort();
    }
}
