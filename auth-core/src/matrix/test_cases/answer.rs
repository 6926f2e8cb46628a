//! The answer of a rule for a test request.

use crate::matrix::expr::{Expr, ExprLiteral};
use crate::policy::atom::Fact;

/// The answer of a literal or a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// The result of a check decides.
    AfterCheck,
    /// No request can determine the answer.
    Unknown,
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl Answer {
    /// Evaluates a rule.
    pub(super) fn of(tree: &Expr, answer: &dyn Fn(&ExprLiteral) -> Self) -> Self {
        match tree {
            Expr::Literal(literal) => answer(literal),
            Expr::All(parts) => Self::all(parts.iter().map(|part| Self::of(part, answer))),
            Expr::Any(parts) => Self::any(parts.iter().map(|part| Self::of(part, answer))),
        }
    }

    /// Evaluates a rule with a value for the literal at `position`. `answer` evaluates the others.
    pub(super) fn forced(tree: &Expr, position: usize, value: bool, answer: &dyn Fn(&Expr) -> Self) -> Self {
        Self::forced_from(tree, &mut 0, (position, value), answer)
    }

    fn forced_from(tree: &Expr, next: &mut usize, forced: (usize, bool), answer: &dyn Fn(&Expr) -> Self) -> Self {
        match tree {
            Expr::Literal(_) => {
                *next += 1;
                if *next - 1 == forced.0 { Self::from(forced.1) } else { answer(tree) }
            }
            // All parts are evaluated, because each counts its literals.
            Expr::All(parts) | Expr::Any(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| Self::forced_from(part, next, forced, answer)).collect();
                if matches!(tree, Expr::All(_)) { Self::all(parts.into_iter()) } else { Self::any(parts.into_iter()) }
            }
        }
    }

    fn all(parts: impl Iterator<Item = Self>) -> Self {
        Self::joined(parts, Self::No, Self::Yes)
    }

    fn any(parts: impl Iterator<Item = Self>) -> Self {
        Self::joined(parts, Self::Yes, Self::No)
    }

    /// Joins the answers of parts. `decides` is the answer of one part that decides, `otherwise` the answer if all parts have it.
    fn joined(parts: impl Iterator<Item = Self>, decides: Self, otherwise: Self) -> Self {
        let weight = |answer: Self| match answer {
            _ if answer == decides => 3,
            Self::Unknown => 2,
            Self::AfterCheck => 1,
            Self::Yes | Self::No => 0,
        };
        parts.max_by_key(|answer| weight(*answer)).unwrap_or(otherwise)
    }
}

impl Expr {
    /// Returns whether the rule holds by a role, a permission or a scope (RIGHTS-6).
    pub(super) fn holds_by_name(&self, holds: &dyn Fn(&ExprLiteral) -> bool) -> bool {
        let whole = |part: &Self| part.holds(holds);
        match self {
            Self::Literal(literal) => !literal.negated && matches!(literal.fact, Fact::Name(..)) && holds(literal),
            Self::All(parts) => parts.iter().all(whole) && parts.iter().any(|part| part.holds_by_name(holds)),
            Self::Any(parts) => parts.iter().any(|part| part.holds_by_name(holds)),
        }
    }
}
