//! The requirement of an account by the arguments of a handler (ACCT-16).

use super::{Formula, Literal};
use crate::policy::atom::{Account, Atom};

/// The requirement that a handler with the account as an argument adds to its rule.
pub const ACCOUNT: Formula =
    Formula::Literal(Literal { atom: Atom::Account(Account), negated: false, text: "account" });

/// Rejects the account as an argument of a handler whose rule admits logins without an account.
///
/// # Panics
/// Panics at compile time. The message is the compile error.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_account(formula: &Formula) {
    if admits_without_account(formula, false) {
        panic!(
            "this rule admits logins that have no account\nhelp: take `Principal`, or add `#[require_auth]` if the handler needs an account"
        )
    }
}

/// Returns whether a login without an account could satisfy the formula. Of the atoms about the caller, only `login` holds for one, and
/// checks that name the caller run only beside it.
#[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop")]
const fn admits_without_account(formula: &Formula, is_beside_login: bool) -> bool {
    let (parts, all) = match formula {
        Formula::Literal(Literal { atom: Atom::Login(_), negated, .. }) => return !*negated,
        Formula::Literal(Literal { atom: Atom::Check(check), .. }) => {
            return !check.names_principal || is_beside_login && check.object.is_none();
        }
        Formula::Literal(Literal { atom, .. }) => return !atom.is_about_caller(),
        Formula::All(parts) => (*parts, true),
        Formula::Any(parts) => (*parts, false),
    };
    let is_beside_login = is_beside_login || all && requires_login(formula);
    let mut index = 0;
    while index < parts.len() {
        if admits_without_account(&parts[index], is_beside_login) != all {
            return !all;
        }
        index += 1;
    }
    all
}

/// Returns whether each way to satisfy the formula contains `login`, as far as conjunctions show it.
#[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop")]
pub(crate) const fn requires_login(formula: &Formula) -> bool {
    let parts = match formula {
        Formula::Literal(Literal { atom, negated, .. }) => return matches!(atom, Atom::Login(_)) && !*negated,
        Formula::All(parts) => *parts,
        Formula::Any(_) => return false,
    };
    let mut index = 0;
    while index < parts.len() {
        if requires_login(&parts[index]) {
            return true;
        }
        index += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::atom::{Authenticated, Check, Direct, Login};

    const fn literal(atom: Atom) -> Formula {
        Formula::Literal(Literal { atom, negated: false, text: "" })
    }

    #[test]
    fn only_rules_by_login_admit_callers_without_account() {
        // ACCT-5, ACCT-16
        const LOGIN: Formula = literal(Atom::Login(Login));
        const DIRECT: Formula = literal(Atom::Direct(Direct));
        const ANYONE: Formula = literal(Atom::Authenticated(Authenticated));
        const CHECK: Formula =
            literal(Atom::Check(Check { index: 0, names_principal: true, object: None, any_token: false }));
        const OF_ANYONE: Formula =
            literal(Atom::Check(Check { index: 0, names_principal: false, object: None, any_token: false }));
        #[rustfmt::skip]
        let table = [
            (LOGIN,                              true),
            (ANYONE,                             false),
            (Formula::All(&[LOGIN, DIRECT]),     false),
            (Formula::All(&[LOGIN, ANYONE]),     false),
            (Formula::All(&[LOGIN, OF_ANYONE]),  true),
            (Formula::All(&[LOGIN, CHECK]),      true),
            (Formula::Any(&[ANYONE, LOGIN]),     true),
            (Formula::Any(&[ANYONE, DIRECT]),    false),
            (Formula::Any(&[ANYONE, CHECK]),     false),
        ];
        for (formula, expected) in table {
            assert_eq!(admits_without_account(&formula, false), expected, "{formula:?}");
        }
    }
}
