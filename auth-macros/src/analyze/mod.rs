//! Validation. Only this module returns [`Checked`]. It generates no code.

mod model;
mod name_syntax;
mod suggestions;
pub(crate) mod check;
mod object;
mod atoms;
mod formula;
mod implicants;
mod conflicts;
mod handler;
mod vocabulary;
mod action;
mod columns;

pub(crate) use self::action::{DeclaredAction, analyze_action};
pub(crate) use self::columns::{DeclaredColumn, DeclaredTable, analyze_column_type, analyze_columns};
pub(crate) use self::handler::{check_function, report_other_item};
pub(crate) use self::implicants::{Connective, Implicants};
pub(crate) use self::model::{
    Atom, Check, CheckKind, ClaimValue, Dimensions, Formula, KeyLocation, Literal, Name, Network, ObjectCheck,
};
pub(crate) use self::vocabulary::{DeclaredVocabulary, analyze_vocabulary};

use crate::diagnostics::Diagnostics;
use crate::grammar::Attribute;
use crate::parse::{Function, Words};

/// The rules of one handler, joined and valid.
pub(crate) struct Checked {
    pub(crate) formula: Formula,
    pub(crate) not_found: bool,
    /// The reason why the handler may be called for any object.
    pub(crate) any_object: Option<String>,
    /// The reason why limited credentials may call the handler without a name of their ceiling.
    pub(crate) any_token: Option<String>,
    /// The connectives whose parts const code compares, because only const code can read the vocabularies.
    pub(crate) connectives: Vec<Connective>,
}

/// Validates all attributes of a handler together.
pub(crate) fn analyze_handler(
    attributes: &[Words],
    function: &Function,
    diagnostics: &mut Diagnostics,
) -> Option<Checked> {
    let formulas: Vec<_> = attributes.iter().map(|words| formula::attribute_formula(words, diagnostics)).collect();
    let is_repeated = conflicts::check_attributes(attributes, &formulas, diagnostics);
    let is_public = attributes.iter().any(|words| words.attribute == Attribute::Public);
    let any_token = attributes.iter().find_map(|words| words.any_token.as_ref()).map(syn::LitStr::value);
    let formula = check::number_checks(Formula::all(formulas.into_iter().collect::<Option<_>>()?), diagnostics);
    let formula = check::complete_objects(formula, is_public, any_token.is_some());
    let names_caller = check::check_arguments(function, &formula, diagnostics);
    // A check that names the caller by an argument is about the caller too.
    if !names_caller {
        conflicts::check_anonymous(attributes, &formula, diagnostics);
    }
    conflicts::check_contradictions(&formula, diagnostics);
    let redundant = attributes.iter().any(|words| words.redundant.is_some());
    let not_found = attributes.iter().any(|words| words.not_found);
    if !is_repeated {
        object::check_objects(&formula, not_found, diagnostics);
    }
    Some(Checked {
        connectives: implicants::connectives(&formula, redundant),
        not_found,
        any_object: attributes.iter().find_map(|words| words.any_object.as_ref()).map(syn::LitStr::value),
        any_token,
        formula,
    })
}

/// Validates the rule of a scope or service.
pub(crate) fn analyze_rule(words: &Words, diagnostics: &mut Diagnostics) -> Option<Checked> {
    let (public, formula) = formula::standalone_formula(words, diagnostics)?;
    check::check_standalone(&formula, diagnostics);
    if !public && !formula.is_about_caller() {
        let wrong = "this rule does not state whether anonymous callers are admitted";
        return diagnostics.report_at(words.span, wrong, "write `public && …` or `authenticated && …`");
    }
    conflicts::check_contradictions(&formula, diagnostics);
    if let Some(reason) = &words.any_token {
        let help = "delete it here, and write it in an attribute of the handler";
        diagnostics.note(reason, "`any_token` applies to one handler", help);
    }
    Some(Checked {
        connectives: implicants::connectives(&formula, words.redundant.is_some()),
        not_found: words.not_found,
        any_object: words.any_object.as_ref().map(syn::LitStr::value),
        any_token: None,
        formula,
    })
}
