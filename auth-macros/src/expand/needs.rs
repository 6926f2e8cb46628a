//! Conditions that the arguments of a handler put on its rule.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{GenericArgument, GenericParam, PathArguments, Type};

use super::paths::{self, Root};
use super::rule::Asked;
use crate::analyze::{Checked, check};
use crate::dialect::DIALECT;
use crate::parse::{Function, Parameter};

/// A type that is extracted for a handler.
struct Extracted<'a> {
    kind: &'a Type,
    /// Whether the handler also runs without it: it is an argument of `Option`, `Result` or `Either`.
    is_optional: bool,
}

/// The conditions that the arguments put on the rule, and the check that the rule meets them. An argument whose type depends
/// on a parameter of the handler cannot be asked; it is told at run time.
pub(super) fn asked(
    function: &Function,
    parameters: &[Parameter],
    rule: Option<(&Checked, &TokenStream)>,
    root: &Root,
) -> (Asked, TokenStream) {
    let nothing = Asked::nothing(root);
    let Some((checked, formula)) = rule else { return (nothing, TokenStream::new()) };
    let own = own_parameters(function);
    let is_asked = |kind: &Type| !mentions(&kind.to_token_stream(), &own);
    let mut extracted = Vec::new();
    parameters.iter().for_each(|parameter| extract(&parameter.kind, false, &mut extracted));
    extracted.retain(|one| is_asked(one.kind));
    let named = parameters.iter().filter(|parameter| check::is_named(parameter, &checked.formula));
    let (known, unknown): (Vec<&Parameter>, Vec<&Parameter>) = named.partition(|parameter| is_asked(&parameter.kind));
    let checks_object = if unknown.is_empty() { quote!(false) } else { quote!(true) };
    if extracted.is_empty() {
        return (Asked { checks_object, ..nothing }, TokenStream::new());
    }
    let fallback = root.private(quote!(NeedsNothing));
    let need = |kind: &Type| {
        let probe = paths::respan(root.private(quote!(Probe)), kind.span());
        quote_spanned!(kind.span()=> <#probe<#kind>>::NEEDS)
    };
    let strangers = checked.formula.admits_anonymous();
    let reads = if checked.formula.is_about_caller() && !strangers {
        nothing.reads // a presented credential is verified anyway
    } else {
        let (none, needs) = (nothing.reads, extracted.iter().map(|one| need(one.kind)));
        quote!({ use #fallback as _; #none #(.and(#needs.reads()))* })
    };
    let checks_object = if known.is_empty() {
        checks_object
    } else {
        let keys = known.iter().map(|parameter| need(&parameter.kind));
        quote!({ use #fallback as _; #checks_object #(|| #keys.may_be_key())* })
    };
    let (optional, asked): (Vec<_>, Vec<_>) = extracted.iter().partition(|one| one.is_optional);
    let needs: Vec<_> = asked.iter().map(|one| need(one.kind)).collect();
    let arguments = quote!({ use #fallback as _; &[#(#needs),*] });
    // A check of what the type needs, whose error stands at the type.
    let call = |check: TokenStream, kind: &Type, others: TokenStream| {
        let (check, need) = (paths::respan(root.private(check), kind.span()), need(kind));
        quote_spanned!(kind.span()=> #check(#need #others);)
    };
    let calls = asked.iter().enumerate().map(|(position, one)| {
        let (at, before) = (one.kind.span(), needs.iter().take(position));
        let others = quote_spanned!(at=> , #strangers, false #(|| #before.is_principal())*, __FORMULA);
        call(quote!(check_argument), one.kind, others)
    });
    let optional_calls = optional.iter().map(|one| {
        let others = quote_spanned!(one.kind.span()=> , __FORMULA);
        call(quote!(check_optional), one.kind, others)
    });
    let mut hidden = Vec::new();
    let named = known.iter().filter(|_| checked.not_found);
    named.for_each(|parameter| extract(&parameter.kind, false, &mut hidden));
    let hidden_calls = hidden.iter().map(|one| call(quote!(check_hidden_body), one.kind, TokenStream::new()));
    let kind = root.private(quote!(Formula));
    let calls = quote!(#(#calls)* #(#optional_calls)* #(#hidden_calls)*);
    let checks = quote!(use #fallback as _; const __FORMULA: &#kind = #formula; #calls);
    (Asked { reads, arguments, checks_object }, checks)
}

/// The type, and those that are extracted with it: the parts of a tuple, and what an extractor of actix makes optional. What
/// stands behind an alias cannot be seen.
fn extract<'a>(kind: &'a Type, is_optional: bool, extracted: &mut Vec<Extracted<'a>>) {
    extracted.push(Extracted { kind, is_optional });
    match kind {
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|part| extract(part, is_optional, extracted)),
        Type::Group(group) => replace(&group.elem, is_optional, extracted),
        Type::Paren(paren) => replace(&paren.elem, is_optional, extracted),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return };
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return };
            if DIALECT.optional_extractors.iter().any(|name| last.ident == name) {
                for argument in &arguments.args {
                    if let GenericArgument::Type(inner) = argument {
                        extract(inner, true, extracted);
                    }
                }
            }
        }
        _ => {}
    }
}

/// The type within parentheses, in place of it.
fn replace<'a>(kind: &'a Type, is_optional: bool, extracted: &mut Vec<Extracted<'a>>) {
    extracted.pop();
    extract(kind, is_optional, extracted);
}

/// The parameters of the handler that a type can depend on.
fn own_parameters(function: &Function) -> Vec<String> {
    let params = function.signature.generics.params.iter();
    let own = params.filter_map(|parameter| match parameter {
        GenericParam::Type(one) => Some(one.ident.to_string()),
        GenericParam::Const(one) => Some(one.ident.to_string()),
        GenericParam::Lifetime(_) => None,
    });
    own.collect()
}

fn mentions(tokens: &TokenStream, names: &[String]) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(word) => names.contains(&word.to_string()),
        proc_macro2::TokenTree::Group(group) => mentions(&group.stream(), names),
        _ => false,
    })
}
