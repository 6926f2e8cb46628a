//! Explanations of decisions: each atom of the rules, with its result.

use std::fmt;

use super::Rules;
use crate::policy::atom::Atom;
use crate::policy::facts::{CallerFacts, Facts};
use crate::policy::rule::{Formula, Literal};
use crate::policy::truth::Truth;

/// Describes the contents of a verified caller's credential, for logs, if it lacks names and claims that the rules require.
pub fn found_instead(rules: Rules<'_>, facts: &Facts<'_>) -> Option<String> {
    let CallerFacts::Known(caller) = facts.caller else { return None };
    let mut found: Vec<String> = Vec::new();
    for literal in rules.literals().into_iter().filter(|literal| !literal.negated && !literal.truth(facts).now) {
        let one = match literal.atom {
            Atom::Claim(claim) => Some(claim.told(caller)),
            _ => literal.name().and_then(|name| caller.told_of_lists(name.vocabulary.kind)),
        };
        if let Some(one) = one.filter(|one| !found.contains(one)) {
            found.push(one);
        }
    }
    (!found.is_empty()).then(|| found.join("; "))
}

/// A rule with the result of each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The requirement, or the operator that joins several parts.
    pub text: String,
    /// Whether the part holds.
    pub holds: bool,
    /// The reason for the result. Only atoms have one.
    pub why: Option<&'static str>,
    /// The joined parts.
    pub parts: Vec<Explanation>,
}

impl Explanation {
    /// Explains the conjunction of all rules.
    pub fn of(rules: Rules<'_>, facts: &Facts<'_>) -> Self {
        let mut parts: Vec<_> = rules.formulas().map(|formula| Self::of_formula(formula, facts)).collect();
        if rules.hold_without_name(facts) {
            let text = "a role, permission or scope within the ceiling".to_owned();
            let why = Some("the credential is limited, and must hold one that the rule names");
            parts.push(Self { text, holds: false, why, parts: Vec::new() });
        }
        match <[Self; 1]>::try_from(parts) {
            Ok([one]) => one,
            Err(parts) => Self::joined("all of the rules", rules.truth(facts), parts),
        }
    }

    fn joined(text: &str, truth: Truth, parts: Vec<Self>) -> Self {
        Self { text: text.to_owned(), holds: truth.now, why: None, parts }
    }

    fn of_formula(formula: &Formula, facts: &Facts<'_>) -> Self {
        let each = |parts: &[Formula]| parts.iter().map(|part| Self::of_formula(part, facts)).collect();
        match formula {
            Formula::All([]) | Formula::Any([]) => Self::joined(&formula.to_string(), formula.truth(facts), Vec::new()),
            Formula::All(parts) => Self::joined("all of", formula.truth(facts), each(parts)),
            Formula::Any(parts) => Self::joined("any of", formula.truth(facts), each(parts)),
            Formula::Literal(literal) => {
                let truth = literal.truth(facts);
                Self {
                    text: literal.to_string(),
                    holds: truth.now,
                    why: Some(why(literal, truth, facts)),
                    parts: Vec::new(),
                }
            }
        }
    }

    fn write(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, indent) = (if self.holds { "yes" } else { "no " }, depth * 2);
        write!(f, "{:indent$}{mark} {}", "", self.text)?;
        if let Some(why) = self.why {
            write!(f, " ({why})")?;
        }
        self.parts.iter().try_for_each(|part| {
            f.write_str("\n")?;
            part.write(depth + 1, f)
        })
    }
}

fn why(literal: &Literal, truth: Truth, facts: &Facts<'_>) -> &'static str {
    let about_caller = literal.atom.is_about_caller();
    match (&literal.atom, facts.caller) {
        (Atom::Check(check), _) => match check.result(facts) {
            _ if facts.checks.is_uncounted(check.index) => {
                "the limited credential lacks the name that the action requires"
            }
            Some(true) => "it returned true",
            Some(false) => "it returned false",
            None => "it was not run: its result could not have granted the request",
        },
        _ if truth.now => "satisfied",
        (_, CallerFacts::Nobody) if about_caller => "no caller is authenticated",
        (_, CallerFacts::Presented(_)) if about_caller => "the credential is not verified yet",
        (_, CallerFacts::Refused(_)) if about_caller => "the credential was refused",
        (_, CallerFacts::WithoutAccount(_)) if about_caller => "the login has no account",
        _ if truth.could_if_reached && !truth.could => "its data source is unavailable",
        (Atom::Credential(_), _) if truth.could => "the credential is of another kind",
        (Atom::Credential(_), CallerFacts::Known(_)) => "the credential is not bound to the tenant",
        _ if truth.could => "not satisfied; another login could satisfy it",
        (Atom::Network(_), _) if facts.client.is_none() => "the client address is unknown",
        (Atom::Country(_), _) if facts.country.is_none() => "the country is unknown",
        _ => "not satisfied, or unknown",
    }
}

/// Writes one line for each part, indented by its depth.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(0, f)
    }
}
