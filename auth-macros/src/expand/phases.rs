//! The order in which the arguments of a handler are extracted.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::paths::Paths;
use crate::analyze::{Checked, check};
use crate::parse::Parameter;

/// The arguments of a handler, by when they are extracted.
pub(super) struct Phases<'a> {
    /// Before the decision, if a check names them.
    pub(super) first: Vec<&'a Parameter>,
    /// After the decision and before the rest: the objects whose access is authorized.
    objects: Vec<&'a Parameter>,
    /// Last.
    rest: Vec<&'a Parameter>,
    pub(super) has_checks: bool,
}

/// A tuple of any length.
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
        let patterns = |of: &[&Parameter]| tuple(of.iter().map(|parameter| parameter.pattern.clone()));
        let (first, mut rest) = (patterns(&self.first), patterns(&self.rest));
        let phases = paths.phases;
        if !self.objects.is_empty() {
            let objects = patterns(&self.objects);
            rest = quote!(#phases { first: #objects, rest: #rest });
        }
        if !self.has_checks {
            return rest;
        }
        quote!(#phases { first: #first, rest: #rest })
    }

    /// Returns the type of all arguments.
    pub(super) fn types(&self, paths: &Paths<'_>) -> TokenStream {
        let types = |of: &[&Parameter]| tuple(of.iter().map(|parameter| parameter.kind.clone()));
        let (first, mut rest) = (types(&self.first), types(&self.rest));
        let phases = paths.phases;
        if !self.objects.is_empty() {
            let objects = types(&self.objects);
            rest = quote!(#phases<#objects, #rest>);
        }
        if !self.has_checks {
            return rest;
        }
        quote!(#phases<#first, #rest>)
    }
}

/// Whether an argument is loaded before a body is read. Recognized by the name of its type. An object behind an alias is authorized
/// too, but extracted together with the rest.
fn is_object(kind: &Type) -> bool {
    match kind {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| last.ident == "Authorized" || last.ident == "Loaded")
        }
        Type::Group(inner) => is_object(&inner.elem),
        _ => false,
    }
}
