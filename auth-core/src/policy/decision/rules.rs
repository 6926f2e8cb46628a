//! The rules of a handler and of the scopes around it.

use smallvec::SmallVec;

use crate::identity::vocabulary::Name;
use crate::policy::atom::{Atom, ByCredential, KeyLocation, ObjectAction};
use crate::policy::facts::{Checks, Facts};
use crate::policy::rule::{CallerAccess, DimensionSets, FactsNeeded, Formula, Literal, Rule};
use crate::policy::truth::Truth;

/// The rules that must all hold: those of the scopes around a handler, and its own.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The rules of the scopes, from the outermost to the innermost.
    pub scopes: &'a [&'static Rule],
    /// The rule of the handler.
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
        let truth = self.scopes.iter().fold(of(self.handler), |truth, scope| truth.and(of(scope)));
        if self.requires_name(facts) { self.truth_by_name(truth, facts) } else { truth }
    }

    /// Returns the truth for a limited credential. Rules that hold, or would hold after the remaining checks, but not by a name,
    /// deny the request, and no other login would change that.
    #[cold]
    fn truth_by_name(self, truth: Truth, facts: &Facts<'_>) -> Truth {
        if self.hold_without_name(facts) {
            return Truth::NO;
        }
        Truth { now: truth.now && self.hold_by_name(facts), ..truth }
    }

    /// Returns whether the rules must hold by a name, because the credential is limited and the handler does not admit any token
    /// (RIGHTS-6, RIGHTS-7).
    #[inline]
    pub(super) fn requires_name(self, facts: &Facts<'_>) -> bool {
        facts.caller.is_limited() && self.handler.any_token.is_none()
    }

    /// Returns whether one of the rules, all of which hold, does so by a name within the ceiling.
    #[cold]
    fn hold_by_name(self, facts: &Facts<'_>) -> bool {
        self.formulas().any(|formula| formula.holds_by_name(facts).1)
    }

    /// Returns whether the caller has a limited credential, and the rules hold, or would hold after the remaining checks, but not by
    /// a name.
    #[inline]
    pub(super) fn hold_without_name(self, facts: &Facts<'_>) -> bool {
        self.requires_name(facts) && self.hold_only_without_name(facts)
    }

    #[cold]
    fn hold_only_without_name(self, facts: &Facts<'_>) -> bool {
        let facts = &Facts { checks: facts.checks.at_best(), ..*facts };
        self.formulas().all(|formula| formula.truth(facts).now) && !self.hold_by_name(facts)
    }

    /// Returns the facts that the decision needs: those that atoms are about, and the caller if the handler reads the principal.
    pub fn facts_needed(self) -> FactsNeeded {
        let read = self.handler.reads != CallerAccess::Nothing;
        let own = self.handler.facts_needed();
        let own = FactsNeeded { caller: own.caller | read, ..own };
        self.scopes.iter().fold(own, |about, scope| about.and(scope.facts_needed()))
    }

    /// Returns the networks in the atoms.
    pub fn networks(self) -> impl Iterator<Item = &'static ipnet::IpNet> {
        self.literals().into_iter().filter_map(Literal::networks).flatten()
    }

    /// Returns the names in the atoms.
    pub fn names(self) -> impl Iterator<Item = Name> {
        self.literals().into_iter().filter_map(Literal::name)
    }

    /// Returns the kinds of credentials in the atoms.
    pub(crate) fn credentials(self) -> impl Iterator<Item = Name> {
        self.literals().into_iter().filter_map(|literal| match literal.atom {
            Atom::Credential(ByCredential { kind, .. }) => Some(kind),
            _ => None,
        })
    }

    /// Returns the dimensions of the tenants that atoms name, each once.
    pub fn dimensions(self) -> SmallVec<[&'static str; 4]> {
        let mut names = SmallVec::new();
        for name in self.literals().into_iter().filter_map(Literal::tenant).flatten() {
            if !names.contains(name) {
                names.push(*name);
            }
        }
        names
    }

    /// Returns the dimensions that each way to satisfy all rules names.
    pub(crate) fn dimension_sets(self) -> DimensionSets {
        self.formulas().fold(DimensionSets::ALWAYS, |sets, formula| sets.and(DimensionSets::of(formula)))
    }

    /// Returns the path parameters that contain keys of objects.
    pub fn object_keys(self) -> impl Iterator<Item = &'static str> {
        let of_path = |object: &ObjectAction| match object.key() {
            KeyLocation::Path(name) if object.list.is_none() => Some(name),
            _ => None,
        };
        self.handler.objects().into_iter().filter_map(move |(_, object)| of_path(object))
    }

    pub(crate) fn literals(self) -> SmallVec<[&'a Literal; 8]> {
        let mut literals = SmallVec::new();
        for formula in self.formulas() {
            formula.literals(&mut |literal| {
                literals.push(literal);
                false
            });
        }
        literals
    }

    /// Returns whether a caller without a credential can pass from a matching address.
    pub fn admit_strangers(self) -> bool {
        self.formulas().all(Formula::admits_strangers)
    }

    /// Returns whether all rules could hold if the client had a matching address.
    pub fn could_hold_somewhere(self, facts: &Facts<'_>) -> bool {
        self.formulas().all(|formula| formula.could_hold_somewhere(facts))
    }

    /// Returns whether denials look like the response to an unknown path.
    pub fn not_found(self) -> bool {
        self.handler.not_found || self.scopes.iter().any(|rule| rule.not_found)
    }
}
