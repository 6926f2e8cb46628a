//! `check(…)`: an expression of the user about the arguments and the caller.

mod free;
mod pattern;
#[cfg(test)]
mod tests;

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens as _;
use syn::Expr;
use syn::ext::IdentExt as _;

pub(crate) use self::pattern::rebuild;
use super::model::{Atom, Check, CheckKind, Formula};
use crate::diagnostics::Diagnostics;
use crate::grammar;
use crate::parse::{Function, Parameter, one_line};

/// The name of the caller in a check.
pub(super) const PRINCIPAL: &str = "principal";

/// The type of an argument that is the caller.
const PRINCIPAL_TYPE: &str = "Principal";

/// The maximum number of checks of a rule. The decision stores their results in 32 bits.
const MAX_CHECKS: u8 = 32;

/// Reads a check.
pub(super) fn read_check(
    row: &grammar::Atom,
    arguments: &[&Expr],
    at: &TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<Check> {
    let expression = match arguments {
        [one] => *one,
        [] => return diagnostics.report(at, "`check` needs an expression", format!("write `{}`", row.example)),
        [_, second, ..] => {
            return diagnostics.report(
                second,
                "`check` takes one expression",
                "join them with `&&`, or write two checks",
            );
        }
    };
    let mut free = free::free_names(expression);
    let principal = free.iter().position(|name| name.unraw() == PRINCIPAL).map(|at| free.remove(at));
    let free = free.iter().map(|name| name.unraw().to_string()).collect();
    Some(Check {
        kind: CheckKind::Expression(expression.clone()),
        index: 0,
        principal,
        free_names: free,
        any_token: false,
        text: one_line(expression.to_token_stream()),
    })
}

/// Numbers the checks in source order.
pub(super) fn number_checks(formula: Formula, diagnostics: &mut Diagnostics) -> Formula {
    let next = std::cell::Cell::new(0_u8);
    let numbered = formula.map(&|mut literal| {
        if let Atom::Check(check) = &mut literal.atom {
            check.index = next.replace(next.get().saturating_add(1));
        }
        literal
    });
    if next.get() > MAX_CHECKS
        && let Some(extra) =
            numbered.literals().into_iter().filter(|one| matches!(one.atom, Atom::Check(_))).nth(MAX_CHECKS.into())
    {
        diagnostics.note(&extra.at, format!("more than {MAX_CHECKS} checks"), "combine some of them in a function");
    }
    numbered
}

/// Completes the checks about objects with what other attributes state: whether anonymous callers are admitted beside them, and
/// whether limited credentials need no name.
pub(super) fn complete_objects(formula: Formula, is_public: bool, any_token: bool) -> Formula {
    formula.map(&|mut literal| {
        if let Atom::Check(check) = &mut literal.atom
            && let CheckKind::Object(_) = check.kind
        {
            check.any_token = any_token;
            check.principal.take_if(|_| is_public);
        }
        literal
    })
}

/// Returns whether a check names a variable of the argument, so that the argument can be extracted before the decision.
pub(crate) fn is_named_by_checks(parameter: &Parameter, formula: &Formula) -> bool {
    formula.checks().into_iter().any(|check| check.names(parameter))
}

impl Check {
    /// Returns whether the check names a variable of the argument.
    pub(crate) fn names(&self, parameter: &Parameter) -> bool {
        free::bound_names(&parameter.pattern).iter().any(|name| self.free_names.contains(name))
    }
}

/// Returns expressions that use the variables that checks name, so that the compiler does not report them as unused.
pub(crate) fn uses(parameter: &Parameter, formula: &Formula) -> Vec<TokenStream> {
    let is_free =
        |name: &Ident| formula.checks().iter().any(|check| check.free_names.contains(&name.unraw().to_string()));
    let named = free::bindings(&parameter.pattern).into_iter().filter(|binding| is_free(&binding.ident));
    named.map(|binding| uses_of(&binding)).collect()
}

/// Returns expressions that use the `mut` variables mutably, so that the compiler does not report `mut` as unused.
pub(crate) fn mutable_uses(parameter: &Parameter) -> Vec<TokenStream> {
    let bindings = free::bindings(&parameter.pattern).into_iter();
    bindings.filter(|binding| binding.mutability.is_some()).map(|binding| uses_of(&binding)).collect()
}

fn uses_of(binding: &syn::PatIdent) -> TokenStream {
    let (mutability, ident) = (binding.mutability, &binding.ident);
    quote::quote!(& #mutability #ident)
}

/// Reports arguments that a check cannot name: the caller, if anonymous callers are admitted, and patterns that cannot be
/// rebuilt for the handler. Returns whether one is the caller.
pub(super) fn check_arguments(function: &Function, formula: &Formula, diagnostics: &mut Diagnostics) -> bool {
    if formula.checks().is_empty() {
        return false;
    }
    let mut names_caller = false;
    for parameter in function.parameters().iter().filter(|parameter| is_named_by_checks(parameter, formula)) {
        if formula.admits_anonymous() && is_principal(&parameter.kind) {
            names_caller = true;
            let named = parameter.pattern.to_token_stream();
            diagnostics.note(
                &parameter.pattern,
                "in a check the caller is named `principal`: anonymous callers may call this handler, and have no `Principal`",
                format!("write `principal` in the check instead of `{named}`"),
            );
        } else if rebuild(&parameter.pattern).is_none() {
            diagnostics.note(
                &parameter.pattern,
                "a check uses a part of this argument, whose pattern moves out of it",
                "give the argument a name, and destructure it in the handler",
            );
        }
    }
    names_caller
}

/// Returns whether an argument is the caller, by the name of its type. The caller is known before arguments are extracted.
fn is_principal(kind: &syn::Type) -> bool {
    matches!(kind, syn::Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == PRINCIPAL_TYPE))
}

/// Reports checks in a rule without a handler.
pub(super) fn check_standalone(formula: &Formula, diagnostics: &mut Diagnostics) {
    for literal in formula.literals().into_iter().filter(|literal| matches!(literal.atom, Atom::Check(_))) {
        let wrong = "`check` uses the arguments of a handler, and this rule has no handler";
        diagnostics.note(&literal.at, wrong, "write it in `#[require(…)]` above the handler");
    }
}
