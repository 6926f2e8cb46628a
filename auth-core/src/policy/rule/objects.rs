//! The objects that a rule or an argument asks about, and const checks of them.
#![allow(clippy::indexing_slicing, reason = "const code has no `get`; every index is bounded by the loop around it")]

use super::conjuncts::OF_ARGUMENT;
use super::dimensions::{DimensionSets, check_dimensions};
use super::{Formula, Literal, Rule};
use crate::identity::vocabulary::{Text, same};
use crate::policy::atom::{Atom, Check, ListArg, ObjectAction, Tenancy};

impl Rule {
    /// Returns the checks about objects, those of the formula and those of arguments, with the actions. An argument takes the object
    /// that an atom about the same types has loaded, so its key is located where the atom names it.
    pub fn objects(&self) -> Vec<(Check, &'static ObjectAction)> {
        let mut objects = Vec::new();
        self.formula().literals(&mut |literal| {
            let located =
                literal.object().map(|(check, object)| match literal.is_of_argument() && object.list.is_none() {
                    true => (check, self.located(object)),
                    false => (check, object),
                });
            objects.extend(located);
            false
        });
        objects
    }

    /// Returns the action of the atom about the same types, if it names the location of the key.
    fn located(&self, of_argument: &'static ObjectAction) -> &'static ObjectAction {
        let mut found = of_argument;
        self.formula().literals(&mut |literal| match literal.object() {
            Some((_, object)) if object.at.is_some() && (object.types)() == (of_argument.types)() => {
                found = object;
                true
            }
            _ => false,
        });
        found
    }

    /// Returns the atom whose object the argument takes, if the literal is the requirement of such an argument. Otherwise returns the
    /// literal.
    pub(crate) fn named_by_atom(&self, literal: &Literal) -> Literal {
        let mut named = *literal;
        let Some((_, of_argument)) = literal.object().filter(|_| literal.is_of_argument()) else { return named };
        self.formula().literals(&mut |other| match other.object() {
            Some((_, object)) if !other.is_of_argument() && (object.types)() == (of_argument.types)() => {
                named = *other;
                true
            }
            _ => false,
        });
        named
    }

    /// Returns an object that two atoms are about, with the same action. An argument could then be either of them (OBJ-1).
    pub(crate) fn repeated_object(&self) -> Option<&'static ObjectAction> {
        let mut known: Vec<&'static ObjectAction> = Vec::new();
        let mut repeated = None;
        self.formula().literals(&mut |literal| {
            let is_atom = |(_, object): &(Check, &ObjectAction)| object.list.is_none() && !literal.is_of_argument();
            let Some((_, object)) = literal.object().filter(is_atom) else { return false };
            let is_known = known.iter().any(|other| (other.types)() == (object.types)());
            known.push(object);
            repeated = is_known.then_some(object);
            is_known
        });
        repeated
    }

    /// Returns whether the key of an object is located in the body.
    pub const fn reads_body(&self) -> bool {
        self.terms.reads_body
    }

    /// Returns whether the tenant that is decided on is used: by an argument of the handler, or to load an object.
    pub(crate) fn uses_tenant(&self) -> bool {
        let asks = || self.formula().literals(&mut |literal| literal.object().is_some());
        self.takes_tenant() || self.facts_needed().check && asks()
    }
}

impl Formula {
    /// Returns whether the key of an object is located in the body.
    pub(super) const fn reads_body(&self) -> bool {
        let parts = match self {
            Self::Literal(literal) => return matches!(literal.object(), Some((_, object)) if object.is_in_body()),
            Self::All(parts) | Self::Any(parts) => *parts,
        };
        let mut index = 0;
        while index < parts.len() {
            if parts[index].reads_body() {
                return true;
            }
            index += 1;
        }
        false
    }
}

impl Literal {
    /// Returns the check about an object, with the action.
    pub const fn object(&self) -> Option<(Check, &'static ObjectAction)> {
        match self.atom {
            Atom::Check(check) => match check.object {
                Some(object) => Some((check, object)),
                None => None,
            },
            _ => None,
        }
    }

    /// Returns whether the literal is the requirement of an argument.
    fn is_of_argument(&self) -> bool {
        self.text == OF_ARGUMENT
    }

    /// Returns whether a limited credential satisfies the literal by a name within its ceiling (RIGHTS-6).
    pub(super) fn is_by_name(&self) -> bool {
        self.name().is_some() || matches!(self.atom, Atom::Check(check) if check.is_by_name())
    }
}

/// Returns the first of these dimensions that the tenants of the objects lack. Shared objects lack none.
pub(crate) const fn lacks_dimension(tenancy: Tenancy, names: &[&'static str]) -> Option<&'static str> {
    if let Tenancy::Shared(_) = tenancy {
        return None;
    }
    let (known, mut index) = (tenancy.dimensions(), 0);
    while index < names.len() {
        let (mut is_known, mut other) = (false, 0);
        while other < known.len() {
            is_known |= same(known[other], names[index]);
            other += 1;
        }
        if !is_known {
            return Some(names[index]);
        }
        index += 1;
    }
    None
}

/// Rejects an object whose tenant has not all dimensions of the rule: an object of another tenant could not be told apart (TENANT-8).
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_object_tenant(formula: &Formula, object: &ObjectAction) {
    let sets = DimensionSets::of(formula);
    if sets.is_empty() {
        return;
    }
    check_dimensions(&sets);
    if let Some(name) = lacks_dimension(object.tenancy, sets.names()) {
        let mut text = Text::new();
        text.all(&["the rule names the tenant `", name, "`, and the objects of this type have no `", name, "`"]);
        text.all(&["\nhelp: write `const TENANT: Tenancy = Tenancy::Of(&[\"", name, "\"]);` in its `Resource`, "]);
        text.all(&["or `Tenancy::Shared(\"why\")`"]);
        panic!("{}", text.as_str());
    }
}

/// Rejects an action that its policy never allows to anonymous callers, in a rule that admits them (OBJ-12).
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_anonymous_object(object: &ObjectAction) {
    if !object.admits_anonymous {
        panic!(
            "anonymous callers may call this handler, and the policy of this action admits none\nhelp: write `const ADMITS_ANONYMOUS: bool = true;` and `allows_anonymous` in the policy, or `#[require_auth]` above the handler"
        )
    }
}

/// Rejects the filter of a list whose rows do not contain the tenant of each object (LIST-7).
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_list_columns(list: &ObjectAction) {
    if let Some(ListArg { lacked_column: Some(name) }) = list.list {
        let mut text = Text::new();
        text.all(&["each object of this type has a tenant `", name, "`, and its columns name no field for it"]);
        text.all(&["\nhelp: write `#[columns(…, tenant(", name, " = field))]` with the field that contains it"]);
        panic!("{}", text.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_each_dimension_of_the_rule_or_are_shared() {
        // TENANT-8
        const BOTH: Tenancy = Tenancy::Of(&["org", "team"]);
        #[rustfmt::skip]
        let table: [(Tenancy, &[&'static str], Option<&str>); 7] = [
            (Tenancy::None,              &[],                  None),
            (Tenancy::None,              &["org"],             Some("org")),
            (Tenancy::Of(&["org"]),      &["org"],             None),
            (Tenancy::Of(&["org"]),      &["org", "team"],     Some("team")),
            (BOTH,                       &["team", "org"],     None),
            (BOTH,                       &["org"],             None),
            (Tenancy::Shared("for all"), &["org"],             None),
        ];
        for (tenancy, names, expected) in table {
            assert_eq!(lacks_dimension(tenancy, names), expected, "{tenancy:?} {names:?}");
        }
    }
}
