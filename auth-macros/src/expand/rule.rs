//! A rule as a const, and const checks of its names.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::argument_requirements::ArgumentRequirements;
use super::formula::{formula, span_of, vocabulary};
use super::paths::{Paths, Root};
use super::redundancy;
use crate::analyze::{self, Atom, Checked, Formula, Literal, Name};
use crate::diagnostics::Diagnostics;
use crate::grammar::Attribute;
use crate::parse;

/// Expands `rule!(…)` to an expression of type `&'static Rule`.
pub(crate) fn standalone(words: TokenStream) -> TokenStream {
    let mut diagnostics = Diagnostics::default();
    let words = parse::words(Attribute::Require, Span::call_site(), &words, &mut diagnostics);
    let root = Root::first_of([&words.root].into_iter());
    let paths = Paths::new(&root);
    let checked = if diagnostics.is_empty() { analyze::analyze_rule(&words, &mut diagnostics) } else { None };
    let checked = match (diagnostics.into_compile_errors(), &checked) {
        (None, Some(checked)) => checked,
        (mistakes, _) => {
            let refusing = refusing(&paths);
            return quote!({ #mistakes #refusing });
        }
    };
    let names = name_checks(&checked.formula, &TokenStream::new(), &paths);
    let own = quote!(__RULE.formula());
    let parts = redundancy::checks(checked, &own, &TokenStream::new(), &paths);
    let rule = RuleExpansion {
        checked,
        formula: formula(&checked.formula, &paths),
        target: "scope".to_owned(),
        requirements: ArgumentRequirements::none(&paths),
        at: Span::call_site(),
    };
    let (rule, kind) = (rule.tokens(&paths), paths.rule);
    quote!({ const __RULE: &'static #kind = #rule; #names #parts __RULE })
}

/// The parts of a rule that was found valid.
pub(super) struct RuleExpansion<'a> {
    pub(super) checked: &'a Checked,
    /// The formula as an expression.
    pub(super) formula: TokenStream,
    /// The name of the guarded item, for logs.
    pub(super) target: String,
    pub(super) requirements: ArgumentRequirements,
    /// The location of the guarded item, for logs.
    pub(super) at: Span,
}

impl RuleExpansion<'_> {
    /// Returns the rule as an expression.
    pub(super) fn tokens(&self, paths: &Paths<'_>) -> TokenStream {
        let Self { checked, formula, target, requirements, at } = self;
        let Paths { rule, rule_target, compiled_formula, arg_requirement, .. } = paths;
        let Paths { with_conjuncts, conjuncts, count_conjuncts, rule_properties, .. } = paths;
        let ArgumentRequirements { reads, arguments, checks_object, may_add_conjunct } = requirements;
        let (text, not_found) = (checked.formula.text(), checked.not_found);
        let reason = |reason: &Option<String>| match reason {
            Some(reason) => quote!(::core::option::Option::Some(#reason)),
            None => quote!(::core::option::Option::None),
        };
        let (any_object, any_token) = (reason(&checked.any_object), reason(&checked.any_token));
        // The line of the item, not that of the macro.
        let line = quote_spanned!(*at=> ::core::line!());
        let (checks, admits_anonymous) = (checked.formula.checks().len(), checked.formula.admits_anonymous());
        let (checks, is_any_token) = (u8::try_from(checks).unwrap_or(u8::MAX), checked.any_token.is_some());
        let (declared, arguments, formula) = match may_add_conjunct {
            true => (
                quote!(const __ARGUMENTS: &[#arg_requirement] = #arguments;),
                quote!(__ARGUMENTS),
                quote!(#with_conjuncts(&#conjuncts::<{ #count_conjuncts(__ARGUMENTS) }>(
                    #formula,
                    __ARGUMENTS,
                    #rule_properties {
                        checks: #checks,
                        admits_anonymous: #admits_anonymous,
                        any_token: #is_any_token,
                    },
                ))),
            ),
            false => (TokenStream::new(), arguments.clone(), formula.clone()),
        };
        let rule = quote! {
            &#rule {
                terms: #compiled_formula::of(#formula),
                text: #text,
                target: #rule_target::Handler(::core::concat!(::core::module_path!(), "::", #target)),
                file: ::core::file!(),
                line: #line,
                reads: #reads,
                not_found: #not_found,
                arguments: #arguments,
                checks_object: #checks_object,
                any_object: #any_object,
                any_token: #any_token,
            }
        };
        if *may_add_conjunct { quote!({ #declared #rule }) } else { rule }
    }
}

/// Returns the rule that denies every request. It replaces rules with mistakes.
pub(super) fn refusing(paths: &Paths<'_>) -> TokenStream {
    let rule = paths.refusing;
    quote!(&#rule)
}

/// Returns consts that do not compile if a name is not declared or is of the wrong kind. Each name has a const of its own, as each
/// is its own mistake. `conditions` are the `cfg`s of the handler.
pub(super) fn name_checks(formula: &Formula, conditions: &TokenStream, paths: &Paths<'_>) -> TokenStream {
    let checks = formula.literals().into_iter().flat_map(|literal| literal_checks(literal, paths));
    checks.map(|check| quote!(#conditions #check)).collect()
}

fn literal_checks(literal: &Literal, paths: &Paths<'_>) -> Vec<TokenStream> {
    let (kind, name) = match &literal.atom {
        Atom::Named(kind, name) | Atom::InTenant(kind, name, _) => (kind, name),
        Atom::Countries(codes) => {
            let checks = codes.iter().map(|code| {
                let check = paths.check_country.respanned(code.span());
                quote_spanned!(code.span()=> const _: () = #check(#code);)
            });
            return checks.collect();
        }
        Atom::Scheme(name) => {
            let check = paths.check_scheme.respanned(name.span());
            return vec![quote_spanned!(name.span()=> const _: () = #check(#name);)];
        }
        _ => return Vec::new(),
    };
    let vocabulary = vocabulary(*kind, name, paths);
    let mut calls = match name {
        Name::Text(text) => {
            let at = span_of(name);
            let check = paths.check_name.respanned(at);
            quote_spanned!(at=> #check(#vocabulary, #text);)
        }
        // The compiler explains a variant that does not exist, and editors find one that does.
        Name::Variant(of, variant) => quote!(let _ = #of::#variant;),
    };
    if literal.negated {
        let at = literal.at.span();
        let check = paths.check_negated.respanned(at);
        calls.extend(quote_spanned!(at=> #check(#vocabulary);));
    }
    vec![quote!(const _: () = { #calls };)]
}
