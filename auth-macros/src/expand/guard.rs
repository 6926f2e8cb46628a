//! The items beside a handler: its guard, and a type of its name.

use std::sync::atomic::{AtomicU32, Ordering};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;

use super::paths::Paths;
use crate::parse::{Function, Route};

/// Declares the items beside a handler.
#[derive(Clone, Copy)]
pub(super) struct GuardItems<'a> {
    pub(super) function: &'a Function,
    pub(super) paths: &'a Paths<'a>,
}

impl GuardItems<'_> {
    /// Returns the name of the guard.
    pub(super) fn guard(&self) -> Ident {
        self.ident("guard")
    }

    /// Returns `__<handler>_<suffix>`.
    pub(super) fn ident(&self, suffix: &str) -> Ident {
        format_ident!("__{}_{suffix}", self.function.signature.ident.unraw(), span = self.span())
    }

    /// Returns the location of the handler's name, for names that are not the user's: lints ignore those.
    pub(super) fn span(&self) -> Span {
        Span::mixed_site().located_at(self.function.signature.ident.span())
    }

    /// Returns the declaration of the guard. It has the generic parameters of the handler, as its arguments can depend on them.
    pub(super) fn declaration(&self) -> TokenStream {
        let (guard, visibility, conditions) = (self.guard(), &self.function.visibility, self.function.conditions());
        let (parameters, _, bounds) = self.function.signature.generics.split_for_impl();
        let types = self.function.signature.generics.type_params().map(|parameter| &parameter.ident);
        quote! {
            #(#conditions)*
            #[doc(hidden)]
            #visibility struct #guard #parameters (::core::marker::PhantomData<fn() -> (#(::core::marker::PhantomData<#types>,)*)>) #bounds;
        }
    }

    /// Returns the items beside a handler with a route attribute: the guard, and the proof that the struct of the route attribute
    /// has a rule. Whether that struct will exist is unknown here. If it does not, a placeholder takes its name.
    pub(super) fn beside_route(&self) -> TokenStream {
        let (declaration, conditions) = (self.declaration(), self.function.conditions());
        let (_, placeholder) = self.placeholder(&TokenStream::new());
        if !self.function.signature.generics.params.is_empty() {
            let check = self.check_not_dropped();
            return quote!(#declaration #placeholder #check); // no route attribute makes a struct of a generic handler
        }
        let (name, guard) = (&self.function.signature.ident, self.guard());
        let Paths { proven, guard: guard_trait, rule, pattern, .. } = self.paths;
        let routes = self.function.routes().into_iter().map(|route| {
            let Route { methods, pattern: path, guards, wraps } = route;
            quote!(#pattern { methods: &[#(#methods),*], path: #path, guards: #guards, wraps: #wraps })
        });
        quote! {
            #declaration
            #placeholder
            #(#conditions)*
            impl #proven for #name {
                const RULE: &'static #rule = <#guard as #guard_trait<_>>::RULE;
                const ROUTES: &'static [#pattern] = &[#(#routes),*];
            }
        }
    }

    /// Returns the items beside a handler with other attributes, none of which is a route attribute: the guard.
    pub(super) fn beside_no_route(&self) -> TokenStream {
        let (declaration, check) = (self.declaration(), self.check_not_dropped());
        quote!(#declaration #check)
    }

    /// Returns code that does not compile if an attribute between the first and the last one has dropped the last. Nothing else
    /// would detect it.
    fn check_not_dropped(&self) -> TokenStream {
        let (guard, guard_trait, conditions) = (self.guard(), self.paths.guard, self.function.conditions());
        let (generics, arguments, bounds) = self.function.signature.generics.split_for_impl();
        quote! {
            #(#conditions)*
            const _: () = {
                fn __kept #generics() #bounds {
                    let _ = <#guard #arguments as #guard_trait<_>>::RULE;
                }
            };
        }
    }

    /// Returns a type of the handler's name, and the module that contains it. It is imported by a glob, which any other type of
    /// that name shadows. `only` is a `cfg` of all these items.
    pub(super) fn placeholder(&self, only: &TokenStream) -> (Ident, TokenStream) {
        let (name, conditions) = (&self.function.signature.ident, self.function.conditions());
        // A unique number for each handler: modules that glob-import each other must not find two items of one name.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = if cfg!(test) { 0 } else { NEXT.fetch_add(1, Ordering::Relaxed) };
        let module = self.ident(&format!("fallback_{number}"));
        let mut name = name.clone();
        name.set_span(self.span());
        // Behind a `cfg`, a primitive type keeps its name.
        let import = (only.is_empty() || !PRIMITIVES.iter().any(|primitive| name == primitive))
            .then(|| quote!(#(#conditions)* #only use #module::*;));
        let placeholder = quote! {
            #(#conditions)*
            #only
            #[doc(hidden)]
            mod #module {
                pub(super) struct #name {}
            }
            #import
        };
        (module, placeholder)
    }
}

const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64",
];
