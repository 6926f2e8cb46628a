//! The names that generated code uses: all by absolute path, below the crate that the user names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Attribute;

use crate::dialect::DIALECT;
use crate::parse;

/// The path of `auth_actix` in the user's crate.
pub(super) struct Root(TokenStream);

impl Default for Root {
    fn default() -> Self {
        let facade = Ident::new(DIALECT.facade, Span::call_site());
        Self(quote!(::#facade))
    }
}

impl Root {
    /// The first that the user wrote (`crate = …`), or the usual one.
    pub(super) fn first_of<'a>(mut written: impl Iterator<Item = &'a Option<syn::Path>>) -> Self {
        let path = written.find_map(Option::as_ref);
        path.map_or_else(Self::default, |path| Self(quote!(#path)))
    }

    /// Of the words of one attribute, before they are read: what follows `crate =`.
    pub(super) fn of(words: &TokenStream) -> Self {
        Self::first_of([&parse::root_of(words)].into_iter())
    }

    /// A type of the dialect.
    pub(super) fn private_type(&self, name: &str) -> TokenStream {
        let name = Ident::new(name, Span::call_site());
        self.private(quote!(#name))
    }

    /// A name that only generated code uses.
    pub(super) fn private(&self, name: TokenStream) -> TokenStream {
        let root = &self.0;
        quote!(#root::__private::#name)
    }
}

/// Whether this is the attribute that [`super::hand_on`] puts last: the only one that is recognised by its name, which
/// nobody writes.
pub(super) fn is_finish(attribute: &Attribute) -> bool {
    let mut segments = attribute.path().segments.iter().rev();
    let last_two = (segments.next(), segments.next());
    matches!(last_two, (Some(last), Some(before)) if last.ident == "finish" && before.ident == "__private")
}

/// Gives all tokens one span, so that rustc reports a panic in them at that place.
pub(super) fn respan(tokens: TokenStream, at: Span) -> TokenStream {
    let respanned = tokens.into_iter().map(|mut token| {
        token.set_span(token.span().located_at(at).resolved_at(at));
        token
    });
    respanned.collect()
}
