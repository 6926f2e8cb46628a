//! The implementation of an action, with the name that a limited credential needs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::formula::{named, span_of, vocabulary};
use super::paths::{Paths, Root};
use crate::analyze::{DeclaredAction, Name, analyze_action};
use crate::diagnostics::Diagnostics;
use crate::grammar::Kind;

/// Expands `#[derive(Action)]`.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let input: syn::DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut diagnostics = Diagnostics::default();
    let declared = analyze_action(&input, &mut diagnostics);
    let root = Root::first_of([&declared.root].into_iter());
    let paths = Paths::new(&root);
    let mistakes = diagnostics.into_compile_errors();
    // An action with a mistake is closed to limited credentials, and each use of it compiles.
    let required = declared.required.as_ref().filter(|_| mistakes.is_none());
    let implementation = implementation(&input, &declared, required, &paths);
    quote!(#mistakes #implementation)
}

fn implementation(
    input: &syn::DeriveInput,
    declared: &DeclaredAction,
    required: Option<&(Kind, Name)>,
    paths: &Paths<'_>,
) -> TokenStream {
    let Paths { action, required: required_type, vocabulary: vocabulary_type, .. } = paths;
    let (ident, name) = (&input.ident, &declared.name);
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let requires = required.map(|(kind, name)| {
        let (variant, of, named) =
            (Ident::new(kind.variant(), Span::call_site()), vocabulary(*kind, name, paths), named(*kind, name, paths));
        quote! {
            const REQUIRES: ::core::option::Option<#required_type> =
                ::core::option::Option::Some(#required_type::#variant((#named).text));
            const DECLARED_IN: ::core::option::Option<&'static #vocabulary_type> = ::core::option::Option::Some(#of);
        }
    });
    let check = required.map(|(kind, name)| {
        let at = span_of(name);
        let (of, check) = (vocabulary(*kind, name, paths), paths.check_name.respanned(at));
        match name {
            Name::Text(text) => quote_spanned!(at=> const _: () = #check(#of, #text);),
            Name::Variant(of, variant) => quote!(const _: () = { let _ = #of::#variant; };),
        }
    });
    quote! {
        impl #generics #action for #ident #arguments #bounds {
            const NAME: &'static ::core::primitive::str = #name;
            #requires
        }
        #check
    }
}
