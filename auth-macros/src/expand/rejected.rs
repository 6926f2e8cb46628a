//! Functions that cannot be handlers. Each mistake is reported once, so the expansion of the rest has to compile.

use proc_macro2::TokenStream;
use quote::quote;

use super::handler::{ExpansionSite, HandlerExpansion};
use super::paths::Paths;
use crate::parse::{self, Function};

/// Returns the mistakes of the function, and a handler of its name that denies every request.
pub(super) fn rejected(
    function: &Function,
    mistakes: &TokenStream,
    site: ExpansionSite,
    paths: &Paths<'_>,
) -> TokenStream {
    if function.is_associated_function() {
        return among_methods(function, mistakes);
    }
    let (as_written, denying) = split(function);
    let denying = HandlerExpansion::new(&denying, None, site, paths).tokens();
    quote!(#mistakes #as_written #denying)
}

/// Returns the function as it was written, in a place where it has no effect, and one of its name without arguments.
pub(super) fn split(function: &Function) -> (TokenStream, Function) {
    let (name, attributes) = (&function.signature.ident, &function.attributes);
    let inert = attributes.iter().filter(|attribute| parse::is_inert(attribute));
    let as_written = Function { attributes: inert.cloned().collect(), ..function.clone() };
    let denying = Function {
        signature: syn::parse_quote!(async fn #name() -> &'static ::core::primitive::str),
        body: quote!({ "" }),
        ..function.clone()
    };
    (quote!(const _: () = { #as_written };), denying)
}

/// Returns the mistakes beside a method. Other items are not allowed among methods, and other guard attributes would report the
/// same mistakes.
pub(super) fn among_methods(function: &Function, mistakes: &TokenStream) -> TokenStream {
    let others = function.attributes.iter().filter(|attribute| !parse::is_guard(attribute));
    let function = Function { attributes: others.cloned().collect(), ..function.clone() };
    quote!(#mistakes #function)
}
