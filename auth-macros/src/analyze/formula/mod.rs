//! The formula of an attribute, in negation normal form: `!` stands at atoms alone.

mod arguments;
mod naming;
mod expression;
mod attribute;

use proc_macro2::TokenStream;

pub(crate) use self::attribute::of_attribute;
pub(crate) use self::expression::of_standalone;
use super::atoms::{Atom, Literal};

#[derive(Clone)]
pub(crate) enum Formula {
    Literal(Box<Literal>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

impl Formula {
    /// All of these; one of them stands for itself.
    pub(crate) fn all(parts: Vec<Self>) -> Self {
        let parts = parts.into_iter().flat_map(|part| match part {
            Self::All(inner) => inner,
            other => vec![other],
        });
        <[_; 1]>::try_from(parts.collect::<Vec<_>>()).map_or_else(Self::All, |[one]| one)
    }

    /// The same with each literal changed.
    pub(in crate::analyze) fn map(self, change: &dyn Fn(Literal) -> Literal) -> Self {
        let each = |parts: Vec<Self>| parts.into_iter().map(|part| part.map(change)).collect();
        match self {
            Self::Literal(literal) => Self::Literal(Box::new(change(*literal))),
            Self::All(parts) => Self::All(each(parts)),
            Self::Any(parts) => Self::Any(each(parts)),
        }
    }

    pub(crate) fn literals(&self) -> Vec<&Literal> {
        match self {
            Self::Literal(literal) => vec![literal],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::literals).collect(),
        }
    }

    pub(crate) fn is_about_caller(&self) -> bool {
        self.literals().iter().any(|literal| literal.atom.is_about_caller())
    }

    /// Whether somebody without a credential can pass, from the right place.
    pub(crate) fn admits_strangers(&self) -> bool {
        match self {
            Self::Literal(literal) => !literal.atom.is_about_caller(),
            Self::All(parts) => parts.iter().all(Self::admits_strangers),
            Self::Any(parts) => parts.iter().any(Self::admits_strangers),
        }
    }

    /// The formula as a rule is written.
    pub(crate) fn text(&self) -> String {
        let joined = |parts: &[Self], by: &str| {
            let nested = |part: &Self| match part {
                Self::Literal(_) => part.text(),
                _ => format!("({})", part.text()),
            };
            parts.iter().map(nested).collect::<Vec<_>>().join(by)
        };
        match self {
            Self::Literal(literal) => format!("{}{}", if literal.negated { "!" } else { "" }, literal.atom.text()),
            Self::All(parts) if parts.is_empty() => "public".to_owned(),
            Self::All(parts) => joined(parts, " && "),
            Self::Any(parts) => joined(parts, " || "),
        }
    }
}

fn literal(atom: Atom, negated: bool, at: TokenStream) -> Formula {
    Formula::Literal(Box::new(Literal { atom, negated, at }))
}

fn any(left: Formula, right: Formula) -> Formula {
    let parts = [left, right].into_iter().flat_map(|part| match part {
        Formula::Any(inner) => inner,
        other => vec![other],
    });
    Formula::Any(parts.collect())
}
