//! A handler with its rule: the arguments become one, which decides first and extracts the others after.

use std::sync::atomic::{AtomicU32, Ordering};

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::Generics;
use syn::ext::IdentExt as _;

use super::check_fn::Phases;
use super::paths::{self, Root};
use super::redundancy;
use super::{needs, rule};
use crate::analyze::{Checked, check};
use crate::parse::{self, Function, Parameter};

/// Where a handler is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// No other attribute follows: a plain function, which declares its own guard.
    Plain,
    /// In the last attribute: the guard was declared by the first one.
    Last,
    /// The same, and no route attribute stood between: there is no service.
    LastWithoutRoute,
}

/// The guard of a handler: a type that has its name.
fn guard(function: &Function) -> Ident {
    format_ident!("__{}_guard", function.signature.ident.unraw(), span = own(function))
}

/// Where the name of the handler is written, for names that are not the user's: lints are silent about those.
fn own(function: &Function) -> Span {
    Span::mixed_site().located_at(function.signature.ident.span())
}

/// The guard's declaration. Generic as the handler is, since its arguments may be.
fn declaration(function: &Function) -> TokenStream {
    let (guard, visibility, conditions) = (guard(function), &function.visibility, function.conditions());
    let (parameters, _, bounds) = function.signature.generics.split_for_impl();
    let types = function.signature.generics.type_params().map(|parameter| &parameter.ident);
    quote! {
        #(#conditions)*
        #[doc(hidden)]
        #visibility struct #guard #parameters (::core::marker::PhantomData<fn() -> (#(::core::marker::PhantomData<#types>,)*)>) #bounds;
    }
}

/// What the first attribute writes beside a handler whose route follows: the guard, and the proof that the struct which the
/// route attribute makes carries a rule. Whether there will be such a struct cannot be known here; where there is none, a
/// private one takes its place.
pub(super) fn beside_route(function: &Function, root: &Root) -> TokenStream {
    let (declaration, conditions) = (declaration(function), function.conditions());
    let (_, fallback) = fallback(function, &TokenStream::new());
    if !function.signature.generics.params.is_empty() {
        let kept = kept(function, root);
        return quote!(#declaration #fallback #kept); // no route attribute makes a struct of a generic handler
    }
    let (name, guard) = (&function.signature.ident, guard(function));
    let (proven, guard_path, rule) =
        (root.private(quote!(Proven)), root.private(quote!(Guard)), root.private(quote!(Rule)));
    let pattern = root.private(quote!(Pattern));
    let routes = function.routes().into_iter().map(|route| {
        let parse::Route { methods, pattern: path, guards, wraps } = route;
        quote!(#pattern { methods: &[#(#methods),*], path: #path, guards: #guards, wraps: #wraps })
    });
    quote! {
        #declaration
        #fallback
        #(#conditions)*
        impl #proven for #name {
            const RULE: &'static #rule = <#guard as #guard_path<_>>::RULE;
            const ROUTES: &'static [#pattern] = &[#(#routes),*];
        }
    }
}

/// What the first attribute writes beside a handler that other attributes follow, and none of a route: the guard.
pub(super) fn beside_no_route(function: &Function, root: &Root) -> TokenStream {
    let (declaration, kept) = (declaration(function), kept(function, root));
    quote!(#declaration #kept)
}

/// Does not compile where an attribute between the first and the last one has dropped the last: nothing else would tell.
fn kept(function: &Function, root: &Root) -> TokenStream {
    let (guard, guard_path, conditions) = (guard(function), root.private(quote!(Guard)), function.conditions());
    let (generics, arguments, bounds) = function.signature.generics.split_for_impl();
    quote! {
        #(#conditions)*
        const _: () = {
            fn __kept #generics() #bounds {
                let _ = <#guard #arguments as #guard_path<_>>::RULE;
            }
        };
    }
}

const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64",
];

/// A type of the handler's name, for where `only` a function has it. A glob yields to whatever else is called so.
fn fallback(function: &Function, only: &TokenStream) -> (Ident, TokenStream) {
    let (name, conditions) = (&function.signature.ident, function.conditions());
    // Another one for each handler: modules that import all of each other must not find two of one name.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = if cfg!(test) { 0 } else { NEXT.fetch_add(1, Ordering::Relaxed) };
    let module = format_ident!("__{}_fallback_{number}", name.unraw(), span = own(function));
    let mut name = name.clone();
    name.set_span(own(function));
    // Where only a function has it, a primitive type keeps its name.
    let import = (only.is_empty() || !PRIMITIVES.iter().any(|primitive| name == primitive))
        .then(|| quote!(#(#conditions)* #only use #module::*;));
    let fallback = quote! {
        #(#conditions)*
        #only
        #[doc(hidden)]
        mod #module {
            pub(super) struct #name {}
        }
        #import
    };
    (module, fallback)
}

/// The handler with its rule; without one (`None`), with a rule that refuses everybody.
pub(super) fn handler(function: &Function, checked: Option<&Checked>, root: &Root, place: Place) -> TokenStream {
    let name = &function.signature.ident;
    let (beside, called) = match place {
        Place::Plain | Place::LastWithoutRoute => {
            let (module, fallback) = fallback(function, &quote!(#[cfg(test)]));
            let declaration = (place == Place::Plain).then(|| declaration(function));
            // By its path: a module or a type may have the name too.
            (quote!(#declaration #fallback), quote!(#module::#name))
        }
        Place::Last => (TokenStream::new(), quote!(#name)),
    };
    let (here, alias) = here(function, place);
    let (tested, tested_alias) = in_tests(function, &called);
    let variants = variants(&function.parameters());
    let handlers = variants.iter().map(|(conditions, parameters)| {
        let phases = Phases::of(parameters, checked);
        let guarded = guarded(function, parameters, &phases, checked, root);
        let implementation = implementation(function, parameters, &phases, conditions, checked, &here, root);
        let call = call(function, parameters, checked, conditions, &tested);
        quote!(#(#conditions)* #guarded #implementation #call)
    });
    let conditions = function.conditions();
    let checks = checked.map(|checked| {
        let conditions = quote!(#(#conditions)*);
        let names = rule::checks(&checked.formula, &conditions, root);
        let parts = redundancy::checks(checked, &formula_of(function, checked, root), &conditions, root);
        quote!(#names #parts)
    });
    let shared = shared_formula(function, checked, &here, root);
    quote!(#beside #alias #tested_alias #shared #(#handlers)* #checks)
}

/// A name of this place for the guard: of an `impl` for what is declared around a function, and not in it, the compiler warns.
fn here(function: &Function, place: Place) -> (Ident, TokenStream) {
    let guard = guard(function);
    // No route attribute puts a generic handler into a function.
    if place != Place::Last || !function.signature.generics.params.is_empty() {
        return (guard, TokenStream::new());
    }
    let here = format_ident!("__{}_here", function.signature.ident.unraw(), span = own(function));
    let conditions = function.conditions();
    let alias = quote!(#(#conditions)* type #here = #guard;);
    (here, alias)
}

/// The formula of the rule, as an expression of a reference to it. A guard that is generic has no one rule that could be named.
fn formula_of(function: &Function, checked: &Checked, root: &Root) -> TokenStream {
    if shares_formula(function, checked) {
        let guard = guard(function);
        quote!(&#guard::FORMULA)
    } else {
        let formula = rule::formula(&checked.formula, root);
        quote!(&#formula)
    }
}

/// Whether the formula is a const of the guard: where that is not generic, and something beside the rule asks for it.
fn shares_formula(function: &Function, checked: &Checked) -> bool {
    let is_asked = !checked.nodes.is_empty() || !function.signature.inputs.is_empty();
    is_asked && function.signature.generics.params.is_empty()
}

/// The formula as a const of the guard: what is checked of it must not hang on the arguments.
fn shared_formula(function: &Function, checked: Option<&Checked>, here: &Ident, root: &Root) -> TokenStream {
    let Some(checked) = checked.filter(|checked| shares_formula(function, checked)) else {
        return TokenStream::new();
    };
    let conditions = function.conditions();
    let (kind, formula) = (root.private(quote!(Formula)), rule::formula(&checked.formula, root));
    quote! {
        #(#conditions)*
        impl #here {
            const FORMULA: #kind = #formula;
        }
    }
}

/// The mistakes of a function that cannot be a handler, and one in its place that refuses everybody, so that they are told once.
pub(super) fn instead_of(function: &Function, root: &Root, mistakes: &TokenStream, place: Place) -> TokenStream {
    if function.is_associated_function() {
        return among_methods(function, mistakes);
    }
    let (as_written, refusing) = refusing(function);
    let refusing = handler(&refusing, None, root, place);
    quote!(#mistakes #as_written #refusing)
}

/// The function as it was written, where it does no harm, and one of its name without arguments.
pub(super) fn refusing(function: &Function) -> (TokenStream, Function) {
    let (name, attributes) = (&function.signature.ident, &function.attributes);
    let inert = attributes.iter().filter(|attribute| parse::is_inert(attribute));
    let as_written = Function { attributes: inert.cloned().collect(), ..function.clone() }.to_tokens();
    let refusing = Function {
        signature: syn::parse_quote!(async fn #name() -> &'static ::core::primitive::str),
        body: quote!({ "" }),
        ..function.clone()
    };
    (quote!(const _: () = { #as_written };), refusing)
}

/// The mistakes beside a method: among methods nothing else may stand. The rules below would tell the same.
pub(super) fn among_methods(function: &Function, mistakes: &TokenStream) -> TokenStream {
    let others = function.attributes.iter().filter(|attribute| !parse::is_guard(attribute));
    let function = Function { attributes: others.cloned().collect(), ..function.clone() }.to_tokens();
    quote!(#mistakes #function)
}

/// The user's function, but for its arguments.
fn guarded(
    function: &Function,
    parameters: &[Parameter],
    phases: &Phases<'_>,
    checked: Option<&Checked>,
    root: &Root,
) -> TokenStream {
    let Function { attributes, visibility, signature, body } = function;
    let body = using(body, parameters, checked);
    let guard = guard(function);
    let arguments = arguments(&signature.generics);
    let lints = parameters.iter().flat_map(Parameter::lints);
    let argument = root.private(quote!(Guarded));
    let pattern = phases.pattern(root);
    let inside = quote_spanned!(signature.paren_token.span.join()=> #argument { arguments: #pattern, .. });
    let mut signature = signature.clone();
    let types = phases.types(root);
    signature.inputs = syn::parse_quote!(#(#lints)* #inside: #argument<#guard #arguments, #types>);
    quote!(#(#attributes)* #visibility #signature #body)
}

/// The body, after a use of what the checks name: what only a check uses is used.
fn using(body: &TokenStream, parameters: &[Parameter], checked: Option<&Checked>) -> TokenStream {
    let uses = parameters.iter().zip(checked.into_iter().cycle());
    let uses: Vec<_> = uses.flat_map(|(parameter, checked)| check::uses(parameter, &checked.formula)).collect();
    if uses.is_empty() {
        return body.clone();
    }
    let body = body.clone().into_iter().map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let (attributes, rest) = parse::split_inner_attributes(group.stream());
            let mut used = Group::new(Delimiter::Brace, quote!(#attributes #(let _ = #uses;)* #rest));
            used.set_span(group.span());
            used.into()
        }
        other => other,
    });
    body.collect()
}

/// What ties the guard to the rule and to the arguments, and the check of these.
fn implementation(
    function: &Function,
    parameters: &[Parameter],
    phases: &Phases<'_>,
    conditions: &[TokenStream],
    checked: Option<&Checked>,
    here: &Ident,
    root: &Root,
) -> TokenStream {
    let all = function.conditions();
    let signature = &function.signature;
    let name = &signature.ident;
    let (generics, arguments, bounds) = signature.generics.split_for_impl();
    // What is no extractor is told at the arguments.
    let at = signature.paren_token.span.join();
    let (types, bound) = (phases.types(root), paths::respan(root.private(quote!(Guard)), at));
    let bound = quote_spanned!(at=> #bound<#types>);
    let formula = checked.map(|checked| formula_of(function, checked, root));
    let (asked, checks) = needs::asked(function, parameters, checked.zip(formula.as_ref()), root);
    let rule = match checked {
        Some(checked) => {
            let formula = match shares_formula(function, checked) {
                true => quote!(Self::FORMULA),
                false => rule::formula(&checked.formula, root),
            };
            rule::rule(checked, &formula, &name.unraw().to_string(), &asked, name.span(), root)
        }
        None => rule::refusing(root),
    };
    let rule_path = root.private(quote!(Rule));
    let run_checks = phases.checked(function, checked, root);
    let checks = (!checks.is_empty()).then(|| quote!(#(#conditions)* #(#all)* const _: () = { #checks };));
    quote! {
        #checks
        #(#conditions)*
        #(#all)*
        impl #generics #bound for #here #arguments #bounds {
            const RULE: &'static #rule_path = #rule;
            #run_checks
        }
    }
}

/// The generic arguments that the handler passes to its guard.
fn arguments(generics: &Generics) -> TokenStream {
    let (_, arguments, _) = generics.split_for_impl();
    quote!(#arguments)
}

/// In tests, a name of this place for the type that has the handler's.
fn in_tests(function: &Function, called: &TokenStream) -> (Ident, TokenStream) {
    let conditions = function.conditions();
    let tested = format_ident!("__{}_tested", function.signature.ident.unraw(), span = own(function));
    let alias = quote!(#(#conditions)* #[cfg(test)] type #tested = #called;);
    (tested, alias)
}

/// In tests, the handler as it was written, as `name::call(…)`. What a lint says of it it says of the handler too, and is shown
/// once; to allow that here as well would not compile where somebody has forbidden to.
fn call(
    function: &Function,
    parameters: &[Parameter],
    checked: Option<&Checked>,
    conditions: &[TokenStream],
    of: &Ident,
) -> TokenStream {
    let Function { attributes, signature, body, .. } = function;
    let all = function.conditions();
    let arguments = parameters.iter().map(|parameter| {
        let (pattern, kind) = (&parameter.pattern, &parameter.kind);
        let own = parse::allowed(&parameter.attributes);
        quote!(#(#own)* #pattern: #kind)
    });
    let body = using(body, parameters, checked);
    let allowed = parse::allowed(attributes);
    let mut signature = signature.clone();
    signature.ident = Ident::new("call", own(function));
    signature.inputs = syn::parse_quote!(#(#arguments),*);
    quote! {
        #(#conditions)*
        #(#all)*
        #[cfg(test)]
        impl #of {
            #[doc(hidden)]
            #(#allowed)*
            pub #signature #body
        }
    }
}

/// The handler once for each way in which the conditions of its arguments can turn out.
fn variants(parameters: &[Parameter]) -> Vec<(Vec<TokenStream>, Vec<Parameter>)> {
    let mut variants = vec![(Vec::new(), Vec::new())];
    for parameter in parameters {
        let condition = parameter.condition();
        variants = variants
            .into_iter()
            .flat_map(|(conditions, parameters): (Vec<TokenStream>, Vec<Parameter>)| {
                let mut with = parameters.clone();
                with.push(parameter.clone());
                match &condition {
                    None => vec![(conditions, with)],
                    Some(condition) => {
                        let and = |more: TokenStream| conditions.iter().cloned().chain([more]).collect::<Vec<_>>();
                        vec![
                            (and(quote!(#[cfg(#condition)])), with),
                            (and(quote!(#[cfg(not(#condition))])), parameters),
                        ]
                    }
                }
            })
            .collect();
    }
    variants
}
