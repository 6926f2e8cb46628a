//! The dimensions of tenants that the ways to satisfy a formula name. Available in const code.
#![allow(clippy::indexing_slicing, reason = "const code has no `get`; every index is bounded by the loop around it")]

use super::Formula;
use crate::identity::vocabulary::{Text, same};

/// For each way to satisfy a formula, the set of the dimensions that it names. Each set is listed once.
///
/// An argument that contains the tenant requires that all non-empty sets are equal: otherwise the tenant of a granted request would
/// depend on which way granted it.
#[derive(Clone, Copy)]
pub(crate) struct DimensionSets {
    names: [&'static str; Self::MOST],
    names_found: usize,
    /// Bit sets of positions in `names`.
    sets: [u32; Self::MOST],
    sets_found: usize,
    /// Whether there are more names or sets than fit.
    is_too_large: bool,
}

impl DimensionSets {
    const MOST: usize = 16;

    const NONE: Self =
        Self { names: [""; Self::MOST], names_found: 0, sets: [0; Self::MOST], sets_found: 0, is_too_large: false };

    /// The sets of a formula that always holds.
    pub(crate) const ALWAYS: Self = Self { sets_found: 1, ..Self::NONE };

    /// Returns the sets of a formula.
    pub(crate) const fn of(formula: &Formula) -> Self {
        match formula {
            Formula::Literal(literal) => {
                let mut of = Self::ALWAYS;
                if let Some(dimensions) = literal.tenant() {
                    let mut index = 0;
                    while index < dimensions.len() {
                        of.sets[0] |= of.bit(dimensions[index]);
                        index += 1;
                    }
                }
                of
            }
            Formula::All(parts) => {
                let (mut all, mut index) = (Self::ALWAYS, 0);
                while index < parts.len() {
                    all = all.and(Self::of(&parts[index]));
                    index += 1;
                }
                all
            }
            Formula::Any(parts) => {
                let (mut any, mut index) = (Self::NONE, 0);
                while index < parts.len() {
                    any = any.or(Self::of(&parts[index]));
                    index += 1;
                }
                any
            }
        }
    }

    /// Returns the sets of the conjunction of two formulas.
    pub(crate) const fn and(self, other: Self) -> Self {
        let (mut joined, mut one) = (Self { sets_found: 0, ..self }, 0);
        joined.is_too_large |= other.is_too_large;
        while one < self.sets_found {
            let mut with = 0;
            while with < other.sets_found {
                let translated = joined.translated(&other, other.sets[with]);
                joined.add(self.sets[one] | translated);
                with += 1;
            }
            one += 1;
        }
        joined
    }

    const fn or(self, other: Self) -> Self {
        let (mut joined, mut index) = (self, 0);
        joined.is_too_large |= other.is_too_large;
        while index < other.sets_found {
            let translated = joined.translated(&other, other.sets[index]);
            joined.add(translated);
            index += 1;
        }
        joined
    }

    /// Returns the bit of a name.
    const fn bit(&mut self, name: &'static str) -> u32 {
        let mut index = 0;
        while index < self.names_found {
            if same(self.names[index], name) {
                return 1 << index;
            }
            index += 1;
        }
        if index == Self::MOST {
            self.is_too_large = true;
            return 0;
        }
        self.names[index] = name;
        self.names_found += 1;
        1 << index
    }

    /// Returns a set of `other` with the positions of `self`.
    const fn translated(&mut self, other: &Self, set: u32) -> u32 {
        let (mut translated, mut index) = (0, 0);
        while index < other.names_found {
            if set & (1 << index) != 0 {
                translated |= self.bit(other.names[index]);
            }
            index += 1;
        }
        translated
    }

    const fn add(&mut self, set: u32) {
        let mut index = 0;
        while index < self.sets_found {
            if self.sets[index] == set {
                return;
            }
            index += 1;
        }
        if index == Self::MOST {
            self.is_too_large = true;
        } else {
            self.sets[index] = set;
            self.sets_found += 1;
        }
    }

    /// Returns all dimensions, each once.
    pub(super) const fn names(&self) -> &[&'static str] {
        self.names.split_at(self.names_found).0
    }

    /// Returns whether no way names a tenant.
    pub(crate) const fn is_empty(&self) -> bool {
        self.names_found == 0
    }

    /// Returns whether all ways that name a tenant name the same dimensions.
    pub(crate) const fn agree(&self) -> bool {
        let (mut first, mut index) = (0, 0);
        while index < self.sets_found {
            if self.sets[index] != 0 {
                if first == 0 {
                    first = self.sets[index];
                } else if self.sets[index] != first {
                    return false;
                }
            }
            index += 1;
        }
        !self.is_too_large
    }
}

/// Rejects an argument that contains the tenant if the rule names none.
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_tenant(formula: &Formula) {
    let sets = DimensionSets::of(formula);
    if sets.is_empty() {
        panic!(
            "the rule names no tenant, and this argument contains the tenant that was decided on\nhelp: write a tenant in the rule, such as `in = org`, or delete the argument"
        );
    }
    check_dimensions(&sets);
}

/// Rejects an argument that decides within the tenant of the rule if its ways name different dimensions.
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
pub const fn check_one_tenant(formula: &Formula) {
    check_dimensions(&DimensionSets::of(formula));
}

/// Rejects a rule whose ways name different dimensions.
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub(super) const fn check_dimensions(sets: &DimensionSets) {
    if !sets.agree() {
        let mut text = Text::new();
        text.all(&["the rule admits callers by different dimensions of tenants: "]);
        text.list(sets.names());
        text.all(&["\nhelp: write the same dimensions in each part, such as `in = (org, workspace)`"]);
        panic!("{}", text.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::atom::{Atom, TenantMember};
    use crate::policy::rule::{Literal, PUBLIC};

    const fn within(dimensions: &'static [&'static str]) -> Formula {
        Formula::Literal(Literal { atom: Atom::TenantMember(TenantMember(dimensions)), negated: false, text: "" })
    }

    #[test]
    fn ways_agree_if_they_name_the_same_dimensions() {
        // TENANT-7
        const ORG: Formula = within(&["org"]);
        const TEAM: Formula = within(&["team"]);
        const BOTH: Formula = within(&["org", "team"]);
        const SWAPPED: Formula = within(&["team", "org"]);
        const ANY: Formula = Formula::All(&[]);
        #[rustfmt::skip]
        let table = [
            // (formula, is empty, agrees)
            (*PUBLIC.formula(),                                                        true,  true),
            (ORG,                                                                      false, true),
            (Formula::All(&[ORG, TEAM]),                                               false, true),
            (Formula::Any(&[ORG, TEAM]),                                               false, false),
            (Formula::Any(&[ORG, BOTH]),                                               false, false),
            (Formula::Any(&[ORG, ANY]),                                                false, true),
            (Formula::Any(&[BOTH, SWAPPED]),                                           false, true),
            (Formula::All(&[Formula::Any(&[ORG, TEAM]), BOTH]),                        false, true),
            (Formula::All(&[Formula::Any(&[ORG, ANY]), Formula::Any(&[TEAM, ANY])]),   false, false),
            (Formula::Any(&[Formula::All(&[ORG, TEAM]), BOTH]),                        false, true),
        ];
        for (row, (formula, is_empty, agrees)) in table.into_iter().enumerate() {
            let sets = DimensionSets::of(&formula);
            assert_eq!((sets.is_empty(), sets.agree()), (is_empty, agrees), "row {row}");
        }
    }
}
