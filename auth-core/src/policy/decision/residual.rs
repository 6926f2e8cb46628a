//! The remainder of a formula after the known facts are filled in.

use super::Decision;
use crate::policy::atom::Atom;
use crate::policy::facts::Facts;
use crate::policy::rule::{Formula, Literal, requires_login};

/// The value of a formula after the known facts are filled in. A formula contains each check only once, negated or not. Each
/// remaining check can therefore change the value for some results of the others.
pub(super) enum Residual {
    Holds,
    Fails,
    /// Depends on checks, the first of which has this index.
    Depends(u8),
}

impl Residual {
    /// `is_beside_login` is whether a formula that must hold in addition requires a login.
    pub(super) fn of(formula: &Formula, facts: &Facts<'_>, is_beside_login: bool) -> Self {
        match formula {
            Formula::Literal(Literal { atom: Atom::Check(check), .. })
                if check.result(facts).is_none() && check.may_run(facts, is_beside_login) =>
            {
                Self::Depends(check.index)
            }
            Formula::Literal(literal) if literal.truth(facts).now => Self::Holds,
            Formula::Literal(_) => Self::Fails,
            Formula::All(parts) => {
                let is_beside_login = is_beside_login || parts.iter().any(requires_login);
                parts.iter().fold(Self::Holds, |open, part| open.and(|| Self::of(part, facts, is_beside_login)))
            }
            Formula::Any(parts) => {
                parts.iter().fold(Self::Fails, |open, part| open.or(|| Self::of(part, facts, is_beside_login)))
            }
        }
    }

    /// Returns whether the formula holds by a role, a permission or a scope, after the known facts are filled in.
    pub(super) fn by_name(formula: &Formula, facts: &Facts<'_>) -> Self {
        match formula {
            Formula::Literal(_) if formula.holds_by_name(facts).1 => Self::Holds,
            // A limited credential performs an action only by the name that the action requires.
            Formula::Literal(Literal { atom: Atom::Check(check), .. }) if check.is_by_name() => {
                Self::of(formula, facts, false)
            }
            Formula::Literal(_) => Self::Fails,
            // `login` leads to no name, so that a check beside it needs no distinction here.
            Formula::All(parts) => Self::any_by_name(parts.iter(), facts).and(|| Self::of(formula, facts, false)),
            Formula::Any(parts) => Self::any_by_name(parts.iter(), facts),
        }
    }

    pub(super) fn any_by_name<'f>(formulas: impl Iterator<Item = &'f Formula>, facts: &Facts<'_>) -> Self {
        formulas.fold(Self::Fails, |open, formula| open.or(|| Self::by_name(formula, facts)))
    }

    pub(super) fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Fails => Self::Fails,
            Self::Holds => other(),
            Self::Depends(first) => match other() {
                Self::Fails => Self::Fails,
                Self::Holds | Self::Depends(_) => Self::Depends(first),
            },
        }
    }

    fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Holds => Self::Holds,
            Self::Fails => other(),
            Self::Depends(first) => match other() {
                Self::Holds => Self::Holds,
                Self::Fails | Self::Depends(_) => Self::Depends(first),
            },
        }
    }

    pub(super) const fn check(self) -> Option<Decision> {
        match self {
            Self::Depends(first) => Some(Decision::Check(first)),
            Self::Holds | Self::Fails => None,
        }
    }
}
