//! The requirements that the arguments of a handler add to its rule: an account (ACCT-16), and permission on objects (OBJ-14).
#![allow(clippy::indexing_slicing, reason = "const code has no `get`; every index is bounded by the loop around it")]

use super::account::ACCOUNT;
use super::handler_args::ArgRequirement;
use super::{Formula, Literal};
use crate::policy::atom::{Atom, Check};
use crate::policy::facts::Checks;

/// The text of the requirement of an argument. That of an atom contains its types.
pub(super) const OF_ARGUMENT: &str = "authorized";

/// The properties of a rule on which the requirements of arguments depend.
#[derive(Clone, Copy, Debug)]
pub struct RuleProperties {
    /// The number of checks in the formula.
    pub checks: u8,
    /// Whether the formula admits anonymous callers.
    pub admits_anonymous: bool,
    /// Whether limited credentials need no name of their ceiling (RIGHTS-7).
    pub any_token: bool,
}

/// Returns the number of parts of the rule: the formula, and the requirements of arguments.
pub const fn count_conjuncts(arguments: &[ArgRequirement]) -> usize {
    let (mut count, mut index, mut has_account) = (1, 0, false);
    while index < arguments.len() {
        match arguments[index] {
            ArgRequirement::Authorized(_) | ArgRequirement::List(_) => count += 1,
            ArgRequirement::Account(_) => has_account = true,
            _ => {}
        }
        index += 1;
    }
    if has_account { count + 1 } else { count }
}

/// Returns the parts of the rule: the formula, and the requirements of arguments. `COUNT` is that of [`count_conjuncts`].
///
/// # Panics
/// Panics at compile time if there are too many checks. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn conjuncts<const COUNT: usize>(
    formula: Formula,
    arguments: &[ArgRequirement],
    rule: RuleProperties,
) -> [Formula; COUNT] {
    // The account is last, so that it needs no place of its own.
    let mut parts = [ACCOUNT; COUNT];
    parts[0] = formula;
    let (mut next, mut index, mut check) = (1, 0, rule.checks);
    while index < arguments.len() {
        if let ArgRequirement::Authorized(object) | ArgRequirement::List(object) = arguments[index] {
            if check >= Checks::MOST {
                panic!("this rule has too many checks\nhelp: take fewer `Authorized<…>`, or combine some checks")
            }
            let names_principal = !(rule.admits_anonymous && object.admits_anonymous);
            let atom =
                Atom::Check(Check { index: check, names_principal, object: Some(object), any_token: rule.any_token });
            parts[next] = Formula::Literal(Literal { atom, negated: false, text: OF_ARGUMENT });
            next += 1;
            check += 1;
        }
        index += 1;
    }
    parts
}

/// Returns the conjunction of the parts of a rule.
pub const fn with_conjuncts(parts: &'static [Formula]) -> Formula {
    match parts {
        [formula] | [Formula::All([]), formula] => *formula,
        [Formula::All([]), parts @ ..] | parts => Formula::All(parts),
    }
}
