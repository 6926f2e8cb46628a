//! The checks of a rule: each argument that they name has a slot, which is filled when a check that names it is run.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, GenericArgument, PathArguments, ReturnType, Stmt, Type, TypeParamBound};

use super::paths::{Root, respan};
use crate::analyze::{CheckKind, Checked, check};
use crate::dialect::DIALECT;
use crate::parse::{self, Function, Parameter};

/// The arguments of a handler, by when they are extracted.
pub(super) struct Phases<'a> {
    /// Before the decision, if a check is run.
    first: Vec<&'a Parameter>,
    /// After it, and before anything else: the objects that the caller may do something to, or not.
    objects: Vec<&'a Parameter>,
    /// Last.
    rest: Vec<&'a Parameter>,
    has_checks: bool,
}

fn tuple<'a>(parts: impl Iterator<Item = impl quote::ToTokens + 'a>) -> TokenStream {
    quote!((#(#parts,)*))
}

impl<'a> Phases<'a> {
    pub(super) fn of(parameters: &'a [Parameter], checked: Option<&Checked>) -> Self {
        let checks = checked.filter(|checked| !checked.formula.checks().is_empty());
        let is_first =
            |parameter: &&Parameter| checks.is_some_and(|checked| check::is_named(parameter, &checked.formula));
        let (first, others): (_, Vec<_>) = parameters.iter().partition(is_first);
        let (objects, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(|parameter| is_object(&parameter.kind));
        // Where there is nothing else, they need not come before it.
        let (objects, rest) = if rest.is_empty() { (rest, objects) } else { (objects, rest) };
        Self { first, objects, rest, has_checks: checks.is_some() }
    }

    /// The pattern of all of them.
    pub(super) fn pattern(&self, root: &Root) -> TokenStream {
        let patterns = |of: &[&Parameter]| tuple(of.iter().map(|parameter| parameter.pattern.clone()));
        let (first, mut rest) = (patterns(&self.first), patterns(&self.rest));
        let phases = root.private(quote!(Phases));
        if !self.objects.is_empty() {
            let objects = patterns(&self.objects);
            rest = quote!(#phases { first: #objects, rest: #rest });
        }
        if !self.has_checks {
            return rest;
        }
        quote!(#phases { first: #first, rest: #rest })
    }

    /// The type of all of them.
    pub(super) fn types(&self, root: &Root) -> TokenStream {
        let types = |of: &[&Parameter]| tuple(of.iter().map(|parameter| parameter.kind.clone()));
        let (first, mut rest) = (types(&self.first), types(&self.rest));
        let phases = root.private(quote!(Phases));
        if !self.objects.is_empty() {
            let objects = types(&self.objects);
            rest = quote!(#phases<#objects, #rest>);
        }
        if !self.has_checks {
            return rest;
        }
        quote!(#phases<#first, #rest>)
    }

    /// The function of the guard that runs the checks; nothing where there are none.
    pub(super) fn checked(&self, function: &Function, checked: Option<&Checked>, root: &Root) -> TokenStream {
        let Some(checked) = checked.filter(|_| self.has_checks) else { return TokenStream::new() };
        let private = |name: TokenStream| root.private(name);
        let first = tuple(self.first.iter().map(|parameter| {
            let kind = &parameter.kind;
            quote!(::core::option::Option<#kind>)
        }));
        let error = error(&function.signature.output, root);
        let (answer, run, verdict) = (private(quote!(Answer)), private(quote!(answer)), private(quote!(Verdict)));
        // Not to be met by names of the user's.
        let own = |name: &str| proc_macro2::Ident::new(name, proc_macro2::Span::mixed_site());
        let (index_of, asked, caller) = (own("__index"), own("__asked"), own("__principal"));
        let (slots, body, answered, fill) = (own("__slots"), own("__payload"), own("__answer"), private(quote!(fill)));
        let failure = own("__failure");
        let arms = checked.formula.checks().into_iter().map(|check| {
            let index = check.index;
            let expression = match &check.kind {
                CheckKind::Expression(expression) => expression,
                CheckKind::Object(object, action) => {
                    let ask = private(quote!(authorized));
                    return quote!(#index => #ask::<#object, #action>(#asked, #caller).await,);
                }
            };
            let at = expression.span();
            let verdict = respan(verdict.clone(), at);
            // As the last expression `todo!()` is of any type, and no call after it is never reached.
            let ask = match is_never(expression) {
                true => quote!(#expression),
                false => quote_spanned!(at=> #verdict::<#error>::verdict(#expression)),
            };
            let ask = quote!(#run::<#error>(async { #ask }).await);
            let named = self.first.iter().enumerate().filter(|(_, parameter)| check.names(parameter));
            let rebuilt = named.filter_map(|(position, parameter)| {
                let slot = syn::Index::from(position);
                check::rebuilt(&parameter.pattern).map(|rebuilt| (slot, rebuilt.pattern, rebuilt.expression))
            });
            let rebuilt: Vec<_> = rebuilt.collect();
            // Each of the arguments is used, as it is put together again; not each is changed.
            let changes = self
                .first
                .iter()
                .filter(|parameter| check.names(parameter))
                .flat_map(|parameter| check::changes(parameter));
            let slot: Vec<_> = rebuilt.iter().map(|(slot, ..)| slot).collect();
            let pattern = rebuilt.iter().map(|(_, pattern, _)| pattern);
            let expression = rebuilt.iter().map(|(.., expression)| expression);
            let ask = if rebuilt.is_empty() {
                ask
            } else {
                // Out of their slots, and back as the check has left them.
                quote!({
                    #(if let ::core::result::Result::Err(#failure) = #fill(&mut #slots.#slot, #asked, #body).await {
                        return #answer::NotExtracted(#failure);
                    })*
                    match (#(#slots.#slot.take(),)*) {
                        (#(::core::option::Option::Some(#pattern),)*) => {
                            #(let _ = #changes;)*
                            let #answered = #ask;
                            #(#slots.#slot = ::core::option::Option::Some(#expression);)*
                            #answered
                        }
                        _ => #answer::NotAsked,
                    }
                })
            };
            match &check.principal {
                None => quote!(#index => #ask,),
                Some(principal) => quote! {
                    #index => match #caller {
                        ::core::option::Option::Some(#principal) => #ask,
                        ::core::option::Option::None => #answer::NotAsked,
                    },
                },
            }
        });
        let (request, payload, phases, future) = (
            root.private_type(DIALECT.request),
            root.private_type(DIALECT.payload),
            self.types(root),
            private(quote!(Checked)),
        );
        let allowed = parse::allowed(&function.attributes);
        let of = own("__request");
        let (principal, decide) = (private(quote!(Principal)), private(quote!(checked)));
        quote! {
            #(#allowed)*
            fn checked(
                #of: &#request,
                #body: &mut #payload,
            ) -> ::core::option::Option<#future<#phases>> {
                #decide(
                    #of,
                    #body,
                    Self::RULE,
                    async |
                        #asked: &#request,
                        #body: &mut #payload,
                        #index_of: ::core::primitive::u8,
                        #slots: &mut #first,
                        #caller: ::core::option::Option<&#principal>,
                    | {
                        match #index_of {
                            #(#arms)*
                            _ => #answer::NotAsked,
                        }
                    },
                )
            }
        }
    }
}

/// Whether the argument is loaded before a body is read. By its name: one that goes by another is authorized all the same, and
/// loaded together with the others.
fn is_object(kind: &Type) -> bool {
    match kind {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| last.ident == "Authorized" || last.ident == "Object")
        }
        Type::Group(inner) => is_object(&inner.elem),
        _ => false,
    }
}

/// Whether a check is not written yet, or never to be run: `todo!()` and the like.
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

/// The error of what the handler returns, which that of a check has to become: of a written `Result` its own, else actix's.
fn error(output: &ReturnType, root: &Root) -> TokenStream {
    let written = match output {
        ReturnType::Type(_, kind) => returned(kind),
        ReturnType::Default => None,
    };
    match written {
        Some(result) => {
            let fails = root.private(quote!(Fails));
            quote!(<#result as #fails>::Error)
        }
        None => root.private_type(DIALECT.error),
    }
}

/// The `Result` that is returned, also as the output of a future: a type whose name ends so. Without what cannot be named; `None`
/// where the error cannot be.
fn returned(kind: &Type) -> Option<TokenStream> {
    match kind {
        Type::Group(inner) => returned(&inner.elem),
        Type::Paren(inner) => returned(&inner.elem),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let name = last.ident.to_string();
            if name.ends_with("Result") {
                return nameable(path.clone()).map(ToTokens::into_token_stream);
            }
            // `Pin<Box<dyn Future<Output = …>>>`, and what is called a future.
            let is_future = name.ends_with("Future") || name == "Pin" || name == "Box" || name == "Ready";
            arguments(&last.arguments).filter(|_| is_future).find_map(|argument| match argument {
                GenericArgument::Type(inner) => returned(inner),
                GenericArgument::AssocType(output) if output.ident == "Output" => returned(&output.ty),
                _ => None,
            })
        }
        Type::ImplTrait(one) => outputs(one.bounds.iter()),
        Type::TraitObject(one) => outputs(one.bounds.iter()),
        _ => None,
    }
}

fn outputs<'a>(mut bounds: impl Iterator<Item = &'a TypeParamBound>) -> Option<TokenStream> {
    bounds.find_map(|bound| match bound {
        TypeParamBound::Trait(one) => {
            let last = one.path.segments.last()?;
            arguments(&last.arguments).find_map(|argument| match argument {
                GenericArgument::AssocType(output) if output.ident == "Output" => returned(&output.ty),
                _ => None,
            })
        }
        _ => None,
    })
}

fn arguments(of: &PathArguments) -> impl Iterator<Item = &GenericArgument> {
    let arguments = match of {
        PathArguments::AngleBracketed(arguments) => Some(arguments.args.iter()),
        _ => None,
    };
    arguments.into_iter().flatten()
}

/// The type with `()` for the first argument if an `impl Trait` is in it, which has no name; `None` where another one has none.
fn nameable(mut result: syn::TypePath) -> Option<syn::TypePath> {
    let last = result.path.segments.last_mut()?;
    if let PathArguments::AngleBracketed(arguments) = &mut last.arguments {
        for (position, argument) in arguments.args.iter_mut().enumerate() {
            if has_no_name(argument.to_token_stream()) {
                if position > 0 {
                    return None;
                }
                *argument = syn::parse_quote!(());
            }
        }
    }
    Some(result)
}

fn has_no_name(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(word) => word == "impl",
        proc_macro2::TokenTree::Group(group) => has_no_name(group.stream()),
        _ => false,
    })
}
