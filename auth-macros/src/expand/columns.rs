//! The constants of the columns of a table, and the implementation of a newtype.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::paths::{Paths, Root};
use crate::analyze::{DeclaredColumn, DeclaredTable, analyze_column_type, analyze_columns};
use crate::diagnostics::Diagnostics;

/// Expands `#[derive(Columns)]`.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let input: syn::DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut diagnostics = Diagnostics::default();
    let declared = analyze_columns(&input, &mut diagnostics);
    let root = Root::first_of(declared.iter().map(|declared| &declared.root));
    let implementation = declared.as_ref().map(|declared| table(&input, declared, &Paths::new(&root)));
    let mistakes = diagnostics.into_compile_errors();
    quote!(#mistakes #implementation)
}

fn table(input: &syn::DeriveInput, declared: &DeclaredTable, paths: &Paths<'_>) -> TokenStream {
    let Paths { columns, table_column, .. } = paths;
    let (ident, name) = (&input.ident, &declared.name);
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let constants = declared.columns.iter().map(|column| constant(column, paths));
    let all = declared.columns.iter().map(|column| &column.constant);
    let tenant = declared.tenant.iter().map(|(dimension, constant)| quote!((#dimension, Self::#constant.untyped())));
    let str = quote!(::core::primitive::str);
    quote! {
        #[allow(dead_code)]
        #[automatically_derived]
        impl #generics #ident #arguments #bounds {
            #(#constants)*
        }
        #[automatically_derived]
        impl #generics #columns for #ident #arguments #bounds {
            const TABLE: &'static #str = #name;
            const COLUMNS: &'static [#table_column<Self>] = &[#(Self::#all.untyped()),*];
            const TENANT_COLUMNS: &'static [(&'static #str, #table_column<Self>)] = &[#(#tenant),*];
        }
    }
}

fn constant(column: &DeclaredColumn, paths: &Paths<'_>) -> TokenStream {
    let DeclaredColumn { field, visibility, kind, is_optional, name, constant } = column;
    let doc = format!("The column `{name}`.");
    // A type that is not one of a column is reported once, at the type.
    let at = kind.span();
    let (make_column, field_value) = (paths.make_column.respanned(at), paths.field_value.respanned(at));
    let field = match is_optional {
        true => quote_spanned!(at=> ::core::option::Option::as_ref(&row.#field)),
        false => quote_spanned!(at=> ::core::option::Option::Some(&row.#field)),
    };
    let value = quote_spanned!(at=> ::core::option::Option::map(#field, #field_value));
    let value = quote_spanned!(at=> #make_column(#name, |row: &Self| #value));
    let column_type = paths.column;
    quote! {
        #[doc = #doc]
        #visibility const #constant: #column_type<Self, #kind> = #value;
    }
}

/// Expands `#[derive(ColumnType)]`.
pub(crate) fn derive_type(item: TokenStream) -> TokenStream {
    let input: syn::DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut diagnostics = Diagnostics::default();
    let declared = analyze_column_type(&input, &mut diagnostics);
    let root = Root::first_of([&declared.root].into_iter());
    let column_type = Paths::new(&root).column_type;
    let mistakes = diagnostics.into_compile_errors();
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let implementation = declared.field.map(|(member, kind)| {
        let at = kind.span();
        let column_type = column_type.respanned(at);
        quote_spanned! {at=>
            #[automatically_derived]
            impl #generics #column_type for #ident #arguments #bounds {
                type Stored = <#kind as #column_type>::Stored;

                fn stored(&self) -> ::std::borrow::Cow<'_, <#kind as #column_type>::Stored> {
                    <#kind as #column_type>::stored(&self.#member)
                }
            }
        }
    });
    quote!(#mistakes #implementation)
}
