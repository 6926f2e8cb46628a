//! Requirements that the arguments of a handler add to its rule.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{GenericArgument, GenericParam, PathArguments, Type};

use super::paths::{Paths, PrivatePath};
use crate::analyze::{CheckKind, Checked, ObjectCheck, check};
use crate::dialect::DIALECT;
use crate::parse::{Function, Parameter};

/// The fields of a rule that depend on the arguments, as expressions.
pub(super) struct ArgumentRequirements {
    pub(super) reads: TokenStream,
    pub(super) arguments: TokenStream,
    pub(super) checks_object: TokenStream,
    /// Whether an argument may add a requirement to the rule: the account of the caller, or permission on an object.
    pub(super) may_add_conjunct: bool,
}

impl ArgumentRequirements {
    /// Returns the requirements of a rule without a handler.
    pub(super) fn none(paths: &Paths<'_>) -> Self {
        let reads = paths.no_caller_access.to_token_stream();
        Self { reads, arguments: quote!(&[]), checks_object: quote!(false), may_add_conjunct: false }
    }
}

/// A type that is extracted for a handler.
struct Extracted<'a> {
    kind: &'a Type,
    /// Whether the handler also runs without the value.
    is_optional: bool,
}

/// Returns the requirements of the arguments, and const checks that the rule meets them. `formula` is an expression for a
/// reference to the formula of the rule.
///
/// An argument whose type depends on a generic parameter is left to the checks at run time.
pub(super) fn argument_requirements(
    function: &Function,
    parameters: &[Parameter],
    checked: &Checked,
    formula: &TokenStream,
    paths: &Paths<'_>,
) -> (ArgumentRequirements, TokenStream) {
    let generics = generic_parameters(function);
    let is_concrete = |kind: &Type| !mentions(&kind.to_token_stream(), &generics);
    let mut extracted = Vec::new();
    parameters.iter().for_each(|parameter| extract(&parameter.kind, false, &mut extracted));
    extracted.retain(|one| is_concrete(one.kind));
    let named = parameters.iter().filter(|parameter| check::is_named_by_checks(parameter, &checked.formula));
    let (named, unknown): (Vec<&Parameter>, Vec<&Parameter>) =
        named.partition(|parameter| is_concrete(&parameter.kind));
    let checks_object = if unknown.is_empty() { quote!(false) } else { quote!(true) };
    if extracted.is_empty() {
        return (ArgumentRequirements { checks_object, ..ArgumentRequirements::none(paths) }, TokenStream::new());
    }
    let arguments = Arguments { checked, named, extracted, paths };
    let requirements = ArgumentRequirements {
        reads: arguments.reads(),
        arguments: arguments.needs(),
        checks_object: arguments.checks_object(&checks_object),
        may_add_conjunct: arguments.of_kind(false).next().is_some(),
    };
    (requirements, arguments.checks(formula))
}

/// The arguments of a handler whose types do not depend on generic parameters.
struct Arguments<'a> {
    checked: &'a Checked,
    /// Arguments that a check names.
    named: Vec<&'a Parameter>,
    extracted: Vec<Extracted<'a>>,
    paths: &'a Paths<'a>,
}

impl<'a> Arguments<'a> {
    fn of_kind(&self, is_optional: bool) -> impl Iterator<Item = &'a Type> {
        self.extracted.iter().filter(move |one| one.is_optional == is_optional).map(|one| one.kind)
    }

    /// Returns the requirements of a type, as a const expression.
    fn need(&self, kind: &Type) -> TokenStream {
        let probe = self.paths.probe.respanned(kind.span());
        quote_spanned!(kind.span()=> <#probe<#kind>>::NEEDS)
    }

    fn reads(&self) -> TokenStream {
        let Paths { needs_nothing, no_caller_access, .. } = self.paths;
        let formula = &self.checked.formula;
        if formula.is_about_caller() && !formula.admits_anonymous() {
            return no_caller_access.to_token_stream(); // every credential is verified anyway
        }
        let needs = self.extracted.iter().map(|one| self.need(one.kind));
        quote!({ use #needs_nothing as _; #no_caller_access #(.and(#needs.reads()))* })
    }

    fn needs(&self) -> TokenStream {
        let needs_nothing = self.paths.needs_nothing;
        let needs = self.of_kind(false).map(|kind| self.need(kind));
        quote!({ use #needs_nothing as _; &[#(#needs),*] })
    }

    /// Returns an expression for whether a check names an object. `known` is that expression for the arguments that are not
    /// concrete.
    fn checks_object(&self, known: &TokenStream) -> TokenStream {
        if self.named.is_empty() {
            return known.clone();
        }
        let needs_nothing = self.paths.needs_nothing;
        let keys = self.named.iter().map(|parameter| self.need(&parameter.kind));
        quote!({ use #needs_nothing as _; #known #(|| #keys.may_be_key())* })
    }

    /// Returns the const checks that the rule meets the requirements.
    fn checks(&self, formula: &TokenStream) -> TokenStream {
        let Paths { needs_nothing, formula: formula_type, .. } = self.paths;
        // Errors are reported at the type.
        let call = |check: PrivatePath<'_>, kind: &Type, others: TokenStream| {
            let (check, need) = (check.respanned(kind.span()), self.need(kind));
            quote_spanned!(kind.span()=> #check(#need #others);)
        };
        let is_anonymous = self.checked.formula.admits_anonymous();
        let needs: Vec<_> = self.of_kind(false).map(|kind| self.need(kind)).collect();
        let unasked = |(_, kind): &(usize, &Type)| !asks_about(self.checked, kind);
        let required = self.of_kind(false).enumerate().filter(unasked).map(|(position, kind)| {
            let before = needs.iter().take(position);
            let others = quote_spanned!(kind.span()=> , #is_anonymous, false #(|| #before.is_principal())*, __FORMULA);
            call(self.paths.check_argument, kind, others)
        });
        let optional = self.of_kind(true).filter(|kind| !asks_about(self.checked, kind)).map(|kind| {
            let others = quote_spanned!(kind.span()=> , __FORMULA);
            call(self.paths.check_optional, kind, others)
        });
        let mut hidden = Vec::new();
        let named = self.named.iter().filter(|_| self.checked.not_found);
        named.for_each(|parameter| extract(&parameter.kind, false, &mut hidden));
        let hidden = hidden.iter().map(|one| call(self.paths.check_hidden_body, one.kind, TokenStream::new()));
        quote! {
            use #needs_nothing as _;
            const __FORMULA: &#formula_type = #formula;
            #(#required)*
            #(#optional)*
            #(#hidden)*
        }
    }
}

/// Returns whether the rule asks about the action of an argument `Authorized<R, A>`. Its mistakes are then reported at the rule.
fn asks_about(checked: &Checked, argument: &Type) -> bool {
    let Type::Path(path) = argument else { return false };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == DIALECT.authorized) else { return false };
    let PathArguments::AngleBracketed(types) = &last.arguments else { return false };
    let taken = types.args.to_token_stream().to_string();
    checked.formula.checks().into_iter().any(|check| match &check.kind {
        CheckKind::Object(ObjectCheck { object, action, .. }) => quote!(#object, #action).to_string() == taken,
        CheckKind::Expression(_) => false,
    })
}

/// Collects a type and those that are extracted with it: the parts of a tuple, and the arguments of optional extractors. Types
/// behind an alias are not visible here.
fn extract<'a>(kind: &'a Type, is_optional: bool, extracted: &mut Vec<Extracted<'a>>) {
    match kind {
        Type::Group(group) => return extract(&group.elem, is_optional, extracted),
        Type::Paren(paren) => return extract(&paren.elem, is_optional, extracted),
        _ => extracted.push(Extracted { kind, is_optional }),
    }
    match kind {
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|part| extract(part, is_optional, extracted)),
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

/// Returns the generic parameters that a type can depend on.
pub(super) fn generic_parameters(function: &Function) -> Vec<String> {
    let params = function.signature.generics.params.iter();
    let names = params.filter_map(|parameter| match parameter {
        GenericParam::Type(one) => Some(one.ident.to_string()),
        GenericParam::Const(one) => Some(one.ident.to_string()),
        GenericParam::Lifetime(_) => None,
    });
    names.collect()
}

pub(super) fn mentions(tokens: &TokenStream, names: &[String]) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => names.contains(&word.to_string()),
        TokenTree::Group(group) => mentions(&group.stream(), names),
        _ => false,
    })
}
