//! The function of a guard that runs the checks of its rule.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Stmt};

use super::paths::Paths;
use super::phases::{Phases, tuple};
use super::return_type::error_type;
use crate::analyze::{Check, CheckKind, Checked, check};
use crate::parse::{self, Function, Parameter};

/// The function that runs the checks. Each argument that a check names has a slot. The first check that names the argument fills
/// it.
pub(super) struct CheckFn<'a> {
    function: &'a Function,
    checked: &'a Checked,
    phases: &'a Phases<'a>,
    paths: &'a Paths<'a>,
    error: TokenStream,
    variables: Variables,
}

/// Variables of the generated function, which the user's expressions cannot name.
struct Variables {
    request: Ident,
    /// The request within the closure.
    inner_request: Ident,
    payload: Ident,
    index: Ident,
    slots: Ident,
    principal: Ident,
    answer: Ident,
    failure: Ident,
}

impl Variables {
    fn new() -> Self {
        let hidden = |name: &str| Ident::new(name, Span::mixed_site());
        Self {
            request: hidden("__request"),
            inner_request: hidden("__asked"),
            payload: hidden("__payload"),
            index: hidden("__index"),
            slots: hidden("__slots"),
            principal: hidden("__principal"),
            answer: hidden("__answer"),
            failure: hidden("__failure"),
        }
    }
}

impl<'a> CheckFn<'a> {
    /// Returns `None` if the rule has no checks.
    pub(super) fn new(
        function: &'a Function,
        checked: Option<&'a Checked>,
        phases: &'a Phases<'a>,
        paths: &'a Paths<'a>,
    ) -> Option<Self> {
        let checked = checked.filter(|_| phases.has_checks)?;
        let error = error_type(&function.signature.output, paths);
        Some(Self { function, checked, phases, paths, error, variables: Variables::new() })
    }

    pub(super) fn tokens(&self) -> TokenStream {
        let Paths { request: request_type, payload: payload_type, .. } = self.paths;
        let Paths { principal: principal_type, run_checks, checked_future, check_answer, .. } = self.paths;
        let Variables { request, inner_request, payload, index, slots, principal, .. } = &self.variables;
        let slot_types = tuple(self.phases.first.iter().map(|parameter| {
            let kind = &parameter.kind;
            quote!(::core::option::Option<#kind>)
        }));
        let arms = self.checked.formula.checks().into_iter().filter_map(|check| self.arm(check));
        let (phases, allowed) = (self.phases.types(self.paths), parse::lint_allows(&self.function.attributes));
        quote! {
            #(#allowed)*
            fn checked(
                #request: &#request_type,
                #payload: &mut #payload_type,
            ) -> ::core::option::Option<#checked_future<#phases>> {
                #run_checks(
                    #request,
                    #payload,
                    Self::RULE,
                    async |
                        #inner_request: &#request_type,
                        #payload: &mut #payload_type,
                        #index: ::core::primitive::u8,
                        #slots: &mut #slot_types,
                        #principal: ::core::option::Option<&#principal_type>,
                    | {
                        match #index {
                            #(#arms)*
                            _ => #check_answer::NotAsked,
                        }
                    },
                )
            }
        }
    }

    /// Returns the arm of one check. Checks about objects run without it.
    fn arm(&self, check: &Check) -> Option<TokenStream> {
        let (Paths { check_answer, .. }, Variables { principal, .. }) = (self.paths, &self.variables);
        let CheckKind::Expression(expression) = &check.kind else { return None };
        let (index, run) = (check.index, self.with_arguments(check, self.run(expression)));
        Some(match &check.principal {
            None => quote!(#index => #run,),
            Some(name) => quote! {
                #index => match #principal {
                    ::core::option::Option::Some(#name) => #run,
                    ::core::option::Option::None => #check_answer::NotAsked,
                },
            },
        })
    }

    /// Returns the code that evaluates the expression of a check.
    fn run(&self, expression: &Expr) -> TokenStream {
        let (at, error, run_check) = (expression.span(), &self.error, self.paths.run_check);
        let verdict = self.paths.verdict.respanned(at);
        // `todo!()` as the last expression is of every type. A call around it would be reported as unreachable.
        let verdict = match is_never(expression) {
            true => quote!(#expression),
            false => quote_spanned!(at=> #verdict::<#error>::verdict(#expression)),
        };
        quote!(#run_check::<#error>(async { #verdict }).await)
    }

    /// Returns `run` with the arguments that the check names in scope.
    fn with_arguments(&self, check: &Check, run: TokenStream) -> TokenStream {
        let Paths { check_answer, fill_slot, .. } = self.paths;
        let Variables { inner_request, payload, slots, answer, failure, .. } = &self.variables;
        let named = || self.phases.first.iter().enumerate().filter(|(_, parameter)| check.names(parameter));
        let rebuilt = named().filter_map(|(position, parameter)| {
            let slot = syn::Index::from(position);
            check::rebuild(&parameter.pattern).map(|rebuilt| (slot, rebuilt.pattern, rebuilt.expression))
        });
        let rebuilt: Vec<_> = rebuilt.collect();
        if rebuilt.is_empty() {
            return run;
        }
        // Every argument is used when it is rebuilt, but not every `mut` argument is changed.
        let changes = named().flat_map(|(_, parameter): (usize, &&Parameter)| check::mutable_uses(parameter));
        let slot: Vec<_> = rebuilt.iter().map(|(slot, ..)| slot).collect();
        let pattern = rebuilt.iter().map(|(_, pattern, _)| pattern);
        let expression = rebuilt.iter().map(|(.., expression)| expression);
        // Arguments are moved out of their slots, and back as the check has left them.
        quote!({
            #(if let ::core::result::Result::Err(#failure) = #fill_slot(&mut #slots.#slot, #inner_request, #payload).await {
                return #check_answer::NotExtracted(#failure);
            })*
            match (#(#slots.#slot.take(),)*) {
                (#(::core::option::Option::Some(#pattern),)*) => {
                    #(let _ = #changes;)*
                    let #answer = #run;
                    #(#slots.#slot = ::core::option::Option::Some(#expression);)*
                    #answer
                }
                _ => #check_answer::NotAsked,
            }
        })
    }
}

/// Returns whether an expression does not return: `todo!()` and the like.
fn is_never(expression: &Expr) -> bool {
    const NEVER: [&str; 4] = ["todo", "unimplemented", "unreachable", "panic"];
    let is_named =
        |of: &syn::Macro| of.path.segments.last().is_some_and(|last| NEVER.iter().any(|name| last.ident == name));
    match expression {
        Expr::Macro(one) => is_named(&one.mac),
        Expr::Group(inner) => is_never(&inner.expr),
        Expr::Paren(inner) => is_never(&inner.expr),
        Expr::Block(block) if block.label.is_none() => match block.block.stmts.last() {
            Some(Stmt::Macro(one)) => is_named(&one.mac),
            Some(Stmt::Expr(last, _)) => is_never(last),
            _ => false,
        },
        _ => false,
    }
}
