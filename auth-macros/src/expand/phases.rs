//! The order in which the arguments of a handler are extracted.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::Type;

use super::paths::Paths;
use crate::analyze::{Checked, check};
use crate::parse::Parameter;

/// The arguments of a handler, by when they are extracted.
pub(super) struct Phases<'a> {
    /// Extracted before the decision, because a check names them.
    pub(super) first: Vec<&'a Parameter>,
    /// Extracted after the decision and before the rest: the objects whose access is authorized.
    objects: Vec<&'a Parameter>,
    /// Extracted last.
    rest: Vec<&'a Parameter>,
    pub(super) has_checks: bool,
}

/// Returns a tuple of these parts, of which there may be none or one.
pub(super) fn tuple<'a>(parts: impl Iterator<Item = impl quote::ToTokens + 'a>) -> TokenStream {
    quote!((#(#parts,)*))
}

impl<'a> Phases<'a> {
    pub(super) fn new(parameters: &'a [Parameter], checked: Option<&Checked>) -> Self {
        let checks = checked.filter(|checked| !checked.formula.checks().is_empty());
        let is_first = |parameter: &&Parameter| {
            checks.is_some_and(|checked| check::is_named_by_checks(parameter, &checked.formula))
        };
        let (first, others): (_, Vec<_>) = parameters.iter().partition(is_first);
        let (objects, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(|parameter| is_object(&parameter.kind));
        // Without other arguments, objects need no phase of their own.
        let (objects, rest) = if rest.is_empty() { (rest, objects) } else { (objects, rest) };
        Self { first, objects, rest, has_checks: checks.is_some() }
    }

    /// Returns the pattern of all arguments.
    pub(super) fn pattern(&self, paths: &Paths<'_>) -> TokenStream {
        let phases = paths.phases;
        let nest = |first, rest| quote!(#phases { first: #first, rest: #rest });
        self.nested(|parameter| parameter.pattern.to_token_stream(), nest)
    }

    /// Returns the type of all arguments.
    pub(super) fn types(&self, paths: &Paths<'_>) -> TokenStream {
        let phases = paths.phases;
        self.nested(|parameter| parameter.kind.to_token_stream(), |first, rest| quote!(#phases<#first, #rest>))
    }

    /// Returns the tuples of the phases, each nested into the one before it by `nest`. `part` writes one argument.
    fn nested(
        &self,
        part: impl Fn(&Parameter) -> TokenStream,
        nest: impl Fn(TokenStream, TokenStream) -> TokenStream,
    ) -> TokenStream {
        let parts = |of: &[&Parameter]| tuple(of.iter().map(|parameter| part(parameter)));
        let mut rest = parts(&self.rest);
        if !self.objects.is_empty() {
            rest = nest(parts(&self.objects), rest);
        }
        if self.has_checks { nest(parts(&self.first), rest) } else { rest }
    }
}

/// Returns whether an argument is loaded before a body is read. Recognized by the name of its type. An object behind an alias is
/// authorized too, but extracted together with the rest.
fn is_object(kind: &Type) -> bool {
    match kind {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| last.ident == "Authorized" || last.ident == "Loaded")
        }
        Type::Group(inner) => is_object(&inner.elem),
        _ => false,
    }
}
