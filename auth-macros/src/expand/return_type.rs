//! The error type of a handler, by the text of its signature.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

use super::paths::Paths;

/// Returns the error type that errors of checks are converted to: that of the `Result` in the signature, or that of the dialect.
pub(super) fn error_type(output: &ReturnType, paths: &Paths<'_>) -> TokenStream {
    let result = match output {
        ReturnType::Type(_, kind) => result_type(kind),
        ReturnType::Default => None,
    };
    match result {
        Some(result) => {
            let fails = paths.fails;
            quote!(<#result as #fails>::Error)
        }
        None => paths.error.to_token_stream(),
    }
}

/// Returns the `Result` in a return type: a type whose name ends in `Result`, also as the output of a future. `None` if its error
/// cannot be named.
fn result_type(kind: &Type) -> Option<TokenStream> {
    match kind {
        Type::Group(inner) => result_type(&inner.elem),
        Type::Paren(inner) => result_type(&inner.elem),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let name = last.ident.to_string();
            if name.ends_with("Result") {
                return nameable(path.clone()).map(|path| path.into_token_stream());
            }
            // `Pin<Box<dyn Future<Output = …>>>`, and types whose name ends in `Future`.
            let is_future = name.ends_with("Future") || name == "Pin" || name == "Box" || name == "Ready";
            arguments(&last.arguments).filter(|_| is_future).find_map(|argument| match argument {
                GenericArgument::Type(inner) => result_type(inner),
                GenericArgument::AssocType(output) if output.ident == "Output" => result_type(&output.ty),
                _ => None,
            })
        }
        Type::ImplTrait(one) => output_of(one.bounds.iter()),
        Type::TraitObject(one) => output_of(one.bounds.iter()),
        _ => None,
    }
}

fn output_of<'a>(mut bounds: impl Iterator<Item = &'a TypeParamBound>) -> Option<TokenStream> {
    bounds.find_map(|bound| match bound {
        TypeParamBound::Trait(one) => {
            let last = one.path.segments.last()?;
            arguments(&last.arguments).find_map(|argument| match argument {
                GenericArgument::AssocType(output) if output.ident == "Output" => result_type(&output.ty),
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

/// Replaces the first argument by `()` if it contains `impl Trait`, which cannot be named. `None` if another argument does.
fn nameable(mut result: syn::TypePath) -> Option<syn::TypePath> {
    let last = result.path.segments.last_mut()?;
    if let PathArguments::AngleBracketed(arguments) = &mut last.arguments {
        for (position, argument) in arguments.args.iter_mut().enumerate() {
            if contains_impl(argument.to_token_stream()) {
                if position > 0 {
                    return None;
                }
                *argument = syn::parse_quote!(());
            }
        }
    }
    Some(result)
}

fn contains_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => contains_impl(group.stream()),
        _ => false,
    })
}
