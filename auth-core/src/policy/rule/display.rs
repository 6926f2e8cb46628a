//! The text of a rule in the access matrix. It does not depend on how the rule was written, and [`crate::matrix`] parses it.

use std::fmt;

use super::{Formula, Literal};
use crate::policy::atom::Fact;

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], by: &str| {
            parts.iter().enumerate().try_for_each(|(position, part)| {
                if position > 0 {
                    f.write_str(by)?;
                }
                match part {
                    Self::All(inner) | Self::Any(inner) if inner.len() > 1 && parts.len() > 1 => write!(f, "({part})"),
                    _ => write!(f, "{part}"),
                }
            })
        };
        match self {
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::All([]) => f.write_str("public"),
            Self::Any([]) => f.write_str("nobody"),
            Self::All(parts) => joined(f, parts, " && "),
            Self::Any(parts) => joined(f, parts, " || "),
        }
    }
}

impl Literal {
    /// Returns the requirement of the atom as data.
    pub fn describe(&self) -> Fact {
        self.atom.describe(self.text)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        self.describe().fmt(f)
    }
}
