//! Expansion of a handler with its rule. One argument replaces the arguments of the handler. It first decides on the request, and
//! then extracts the original arguments.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;

use super::argument_requirements::{ArgumentRequirements, argument_requirements};
use super::check_fn::CheckFn;
use super::formula::formula;
use super::guard::GuardItems;
use super::objects;
use super::paths::Paths;
use super::phases::Phases;
use super::redundancy;
use super::rule::{RuleExpansion, name_checks, refusing};
use crate::analyze::{Checked, check};
use crate::parse::{self, Function, Parameter};

/// The attribute that expands a handler.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ExpansionSite {
    /// The only attribute of a plain function. It declares the guard.
    Only,
    /// The last attribute. The first one has declared the guard.
    Last,
    /// The last attribute, without a route attribute before it: there is no service.
    LastWithoutRoute,
}

/// Expands one handler.
pub(super) struct HandlerExpansion<'a> {
    function: &'a Function,
    /// `None` if the rule has mistakes: the handler denies every request.
    checked: Option<&'a Checked>,
    site: ExpansionSite,
    paths: &'a Paths<'a>,
    items: GuardItems<'a>,
    /// The path by which sibling items name the guard.
    local_guard: Ident,
    /// The path by which sibling items name the handler's type, in tests.
    local_type: Ident,
}

/// The handler under one combination of the `cfg`s of its arguments.
struct Variant<'a> {
    handler: &'a HandlerExpansion<'a>,
    conditions: &'a [TokenStream],
    parameters: &'a [Parameter],
    phases: Phases<'a>,
}

impl<'a> HandlerExpansion<'a> {
    pub(super) fn new(
        function: &'a Function,
        checked: Option<&'a Checked>,
        site: ExpansionSite,
        paths: &'a Paths<'a>,
    ) -> Self {
        let items = GuardItems { function, paths };
        // No route attribute puts a generic handler into a function.
        let is_local = site == ExpansionSite::Last && function.signature.generics.params.is_empty();
        let local_guard = if is_local { items.ident("here") } else { items.guard() };
        Self { function, checked, site, paths, items, local_guard, local_type: items.ident("tested") }
    }

    pub(super) fn tokens(&self) -> TokenStream {
        let name = &self.function.signature.ident;
        let (beside, type_path) = match self.site {
            ExpansionSite::Only | ExpansionSite::LastWithoutRoute => {
                let (module, placeholder) = self.items.placeholder(&quote!(#[cfg(test)]));
                let declaration = (self.site == ExpansionSite::Only).then(|| self.items.declaration());
                // The handler is named by its path, because a module or a type can have the same name.
                (quote!(#declaration #placeholder), quote!(#module::#name))
            }
            ExpansionSite::Last => (TokenStream::new(), quote!(#name)),
        };
        let aliases = self.aliases(&type_path);
        let variants = cfg_variants(&self.function.parameters());
        let variants = variants.iter().map(|(conditions, parameters)| {
            let phases = Phases::new(parameters, self.checked);
            Variant { handler: self, conditions, parameters, phases }.tokens()
        });
        let checks = self.checked.map(|checked| {
            let conditions = self.function.conditions();
            let conditions = quote!(#(#conditions)*);
            let names = name_checks(&checked.formula, &conditions, self.paths);
            let parts = redundancy::checks(checked, &self.formula(checked), &conditions, self.paths);
            let objects = objects::checks(checked, self.function, &self.formula(checked), self.paths);
            quote!(#names #parts #objects)
        });
        let shared = self.shared_formula();
        quote!(#beside #aliases #shared #(#variants)* #checks)
    }

    /// Returns local names of the guard and of the type of the handler's name. The compiler warns of an `impl` within a function for
    /// a type outside of it.
    fn aliases(&self, type_path: &TokenStream) -> TokenStream {
        let conditions = self.function.conditions();
        let (guard, local_guard, local_type) = (self.items.guard(), &self.local_guard, &self.local_type);
        let guard = (*local_guard != guard).then(|| quote!(#(#conditions)* type #local_guard = #guard;));
        quote!(#guard #(#conditions)* #[cfg(test)] type #local_type = #type_path;)
    }

    /// Returns an expression for a reference to the formula.
    fn formula(&self, checked: &Checked) -> TokenStream {
        if self.shares_formula(checked) {
            let guard = self.items.guard();
            quote!(&#guard::FORMULA)
        } else {
            let formula = formula(&checked.formula, self.paths);
            quote!(&#formula)
        }
    }

    /// Returns whether the formula is a const of the guard. A generic guard has no such const that could be named, and without
    /// const checks only the rule uses the formula.
    fn shares_formula(&self, checked: &Checked) -> bool {
        let is_used = !checked.connectives.is_empty() || !self.function.signature.inputs.is_empty();
        is_used && self.function.signature.generics.params.is_empty()
    }

    /// Returns the formula as a const of the guard. It is independent of the arguments, whose errors must not hide its own.
    fn shared_formula(&self) -> TokenStream {
        let Some(checked) = self.checked.filter(|checked| self.shares_formula(checked)) else {
            return TokenStream::new();
        };
        let (conditions, guard) = (self.function.conditions(), &self.local_guard);
        let (kind, formula) = (self.paths.formula, formula(&checked.formula, self.paths));
        quote! {
            #(#conditions)*
            impl #guard {
                const FORMULA: #kind = #formula;
            }
        }
    }

    /// Returns the rule as an expression.
    fn rule(&self, requirements: ArgumentRequirements) -> TokenStream {
        let Some(checked) = self.checked else { return refusing(self.paths) };
        let formula = match self.shares_formula(checked) {
            true => quote!(Self::FORMULA),
            false => formula(&checked.formula, self.paths),
        };
        let name = &self.function.signature.ident;
        let target = name.unraw().to_string();
        RuleExpansion { checked, formula, target, requirements, at: name.span() }.tokens(self.paths)
    }
}

impl Variant<'_> {
    fn tokens(&self) -> TokenStream {
        let conditions = self.conditions;
        let (guarded, implementation, call) = (self.guarded(), self.implementation(), self.call());
        quote!(#(#conditions)* #guarded #implementation #call)
    }

    /// Returns the user's function with its arguments replaced.
    fn guarded(&self) -> TokenStream {
        let Function { attributes, visibility, signature, .. } = self.handler.function;
        let body = self.body();
        let guard = self.handler.items.guard();
        let (_, generics, _) = signature.generics.split_for_impl();
        let lints = self.parameters.iter().flat_map(Parameter::lints);
        let Paths { guarded, .. } = self.handler.paths;
        let pattern = self.phases.pattern(self.handler.paths);
        let argument = quote_spanned!(signature.paren_token.span.join()=> #guarded { arguments: #pattern, .. });
        let types = self.phases.types(self.handler.paths);
        let inputs = syn::parse_quote!(#(#lints)* #argument: #guarded<#guard #generics, #types>);
        let mut signature = signature.clone();
        signature.inputs = inputs;
        quote!(#(#attributes)* #visibility #signature #body)
    }

    /// Returns the body after a use of the variables that checks name, so that the compiler does not report them as unused.
    fn body(&self) -> TokenStream {
        let body = &self.handler.function.body;
        let uses = self.parameters.iter().zip(self.handler.checked.into_iter().cycle());
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

    /// Returns the `impl` that connects the guard with the rule and the arguments, and const checks of the arguments.
    fn implementation(&self) -> TokenStream {
        let HandlerExpansion { function, checked, paths, local_guard, .. } = self.handler;
        let (all, conditions) = (function.conditions(), self.conditions);
        let (generics, arguments, bounds) = function.signature.generics.split_for_impl();
        // Types that are not extractors are reported at the arguments.
        let at = function.signature.paren_token.span.join();
        let (types, guard_trait) = (self.phases.types(paths), paths.guard.respanned(at));
        let guard_trait = quote_spanned!(at=> #guard_trait<#types>);
        let (requirements, checks) = self.requirements();
        let (rule, rule_type) = (self.handler.rule(requirements), paths.rule);
        let run_checks = CheckFn::new(function, *checked, &self.phases, paths).map(|checks| checks.tokens());
        let checks = (!checks.is_empty()).then(|| quote!(#(#conditions)* #(#all)* const _: () = { #checks };));
        quote! {
            #checks
            #(#conditions)*
            #(#all)*
            impl #generics #guard_trait for #local_guard #arguments #bounds {
                const RULE: &'static #rule_type = #rule;
                #run_checks
            }
        }
    }

    fn requirements(&self) -> (ArgumentRequirements, TokenStream) {
        let HandlerExpansion { function, checked, paths, .. } = self.handler;
        let Some(checked) = checked else { return (ArgumentRequirements::none(paths), TokenStream::new()) };
        argument_requirements(function, self.parameters, checked, &self.handler.formula(checked), paths)
    }

    /// Returns the handler as it was written, as `name::call(…)` in tests. Lints report the handler itself, so they are not repeated
    /// here; `#[allow]` would not compile below a `#![forbid]`.
    fn call(&self) -> TokenStream {
        let HandlerExpansion { function, local_type, items, .. } = self.handler;
        let (all, conditions) = (function.conditions(), self.conditions);
        let arguments = self.parameters.iter().map(|parameter| {
            let (pattern, kind) = (&parameter.pattern, &parameter.kind);
            let allowed = parse::lint_allows(&parameter.attributes);
            quote!(#(#allowed)* #pattern: #kind)
        });
        let (body, allowed) = (self.body(), parse::lint_allows(&function.attributes));
        let mut signature = function.signature.clone();
        signature.ident = Ident::new("call", items.span());
        signature.inputs = syn::parse_quote!(#(#arguments),*);
        quote! {
            #(#conditions)*
            #(#all)*
            #[cfg(test)]
            impl #local_type {
                #[doc(hidden)]
                #(#allowed)*
                pub #signature #body
            }
        }
    }
}

/// Returns the conditions and arguments of each combination of the `cfg`s.
fn cfg_variants(parameters: &[Parameter]) -> Vec<(Vec<TokenStream>, Vec<Parameter>)> {
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
