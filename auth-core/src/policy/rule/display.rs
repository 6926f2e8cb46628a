//! How a rule reads in the access matrix: the same however it was written, and read again by [`crate::matrix`].

use crate::runtime::strict_json::quoted;
use std::fmt;

use super::{Formula, Literal};
use crate::policy::atom::{Atom, Claim, Named, Within};

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

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        match &self.atom {
            Atom::Authenticated(_) => f.write_str("authenticated"),
            Atom::Named(Named(name)) => write!(f, "{}({})", name.vocabulary.kind.word(), quoted(name.text)),
            Atom::Within(Within { name, tenant }) => {
                write!(f, "{}({}, in = {tenant})", name.vocabulary.kind.word(), quoted(name.text))
            }
            Atom::Claim(Claim { name, value }) => write!(f, "claim({}, {value})", quoted(name)),
            Atom::MaxAge(age) => write!(f, "max_age({:?})", duration(age.seconds)),
            Atom::Acr(acr) => write!(f, "acr({})", quoted(acr.value)),
            Atom::Scheme(scheme) => write!(f, "scheme({:?})", scheme.0.name().to_ascii_lowercase()),
            Atom::Direct(_) => f.write_str("direct"),
            Atom::Network(networks) => list(f, "network", networks.0),
            Atom::Country(countries) => list(f, "country", countries.0),
            Atom::Check(check) => {
                let text = self.text.trim_start_matches('!');
                match text.strip_prefix("check(") {
                    // The word for who calls may stand in it as any other word.
                    Some(rest) if !check.names_principal => write!(f, "check_for_anyone({rest}"),
                    _ => f.write_str(text),
                }
            }
        }
    }
}

/// A length of time in the largest unit that it is a whole number of.
pub(crate) fn duration(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = UNITS.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, name) = unit.unwrap_or((1, "s"));
    format!("{}{name}", seconds / unit)
}

fn list(f: &mut fmt::Formatter<'_>, word: &str, parts: &[impl fmt::Display]) -> fmt::Result {
    let parts: Vec<_> = parts.iter().map(|part| format!("\"{part}\"")).collect();
    write!(f, "{word}({})", parts.join(", "))
}
