//! The rules of the layers around a handler.

use crate::identity::vocabulary::Name;
use crate::policy::facts::{Checks, Facts};
use crate::policy::rule::{CallerAccess, FactsNeeded, Formula, Literal, Rule};
use crate::policy::truth::Truth;

/// The rules that have to hold together: those of the scopes around a handler, and its own.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Of the scopes, from the outside in.
    pub scopes: &'a [&'static Rule],
    /// Of the handler.
    pub handler: &'a Rule,
}

impl<'a> Rules<'a> {
    pub(super) fn formulas(self) -> impl Iterator<Item = &'a Formula> {
        self.scopes.iter().map(|rule| rule.formula()).chain([self.handler.formula()])
    }

    pub(super) fn truth(self, facts: &Facts<'_>) -> Truth {
        let is_unknown = facts.caller.is_unknown() && facts.checks == Checks::default();
        let of = |rule: &Rule| match rule.of_unknown() {
            Some(truth) if is_unknown => truth,
            _ => rule.formula().truth(facts),
        };
        self.scopes.iter().fold(of(self.handler), |truth, scope| truth.and(of(scope)))
    }

    /// What has to be known of a request: what atoms are about, and who calls where the handler reads the principal.
    pub fn facts_needed(self) -> FactsNeeded {
        let read = self.handler.reads != CallerAccess::Nothing;
        let own = self.handler.facts_needed();
        let own = FactsNeeded { caller: own.caller | read, ..own };
        self.scopes.iter().fold(own, |about, scope| about.and(scope.facts_needed()))
    }

    /// The networks that atoms name.
    pub fn networks(self) -> impl Iterator<Item = &'static ipnet::IpNet> {
        self.literals().into_iter().filter_map(Literal::networks).flatten()
    }

    /// The names that atoms ask for.
    pub fn names(self) -> impl Iterator<Item = Name> {
        self.literals().into_iter().filter_map(Literal::name)
    }

    /// The names in the pattern of the route that atoms take for tenants.
    pub fn tenants(self) -> impl Iterator<Item = &'static str> {
        self.literals().into_iter().filter_map(Literal::tenant)
    }

    /// The names in the pattern of the route where keys of objects stand: of those that atoms are about, and that the handler takes.
    pub fn object_keys(self) -> impl Iterator<Item = &'static str> {
        let taken = self.handler.objects().map(|object| object.path);
        self.literals().into_iter().filter_map(Literal::object_key).chain(taken)
    }

    pub(super) fn literals(self) -> Vec<&'a Literal> {
        let mut literals = Vec::new();
        for formula in self.formulas() {
            formula.literals(&mut |literal| {
                literals.push(literal);
                false
            });
        }
        literals
    }

    /// Whether somebody without a credential can pass, from an address that fits.
    pub fn admit_strangers(self) -> bool {
        self.formulas().all(Formula::admits_strangers)
    }

    /// Whether all could hold, were the client at an address that fits.
    pub fn could_hold_somewhere(self, facts: &Facts<'_>) -> bool {
        self.formulas().all(|formula| formula.could_hold_somewhere(facts))
    }

    /// Whether what is not granted is answered as an unknown path.
    pub fn not_found(self) -> bool {
        self.handler.not_found || self.scopes.iter().any(|rule| rule.not_found)
    }
}
