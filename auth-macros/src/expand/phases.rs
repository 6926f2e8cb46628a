//! The order in which the arguments of a handler are extracted.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use super::paths::Paths;
use crate::analyze::{Check, CheckKind, Checked, check};
use crate::parse::Parameter;

/// The arguments of a handler, by when they are extracted.
pub(super) struct Phases<'a> {
    /// Extracted before the decision, because a check names them.
    pub(super) first: Vec<&'a Parameter>,
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
        let is_expression = |check: &&Check| matches!(check.kind, CheckKind::Expression(_));
        let checks = checked.filter(|checked| checked.formula.checks().iter().any(is_expression));
        let is_first = |parameter: &&Parameter| {
            checks.is_some_and(|checked| check::is_named_by_checks(parameter, &checked.formula))
        };
        let (first, rest) = parameters.iter().partition(is_first);
        Self { first, rest, has_checks: checks.is_some() }
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
        let rest = parts(&self.rest);
        if self.has_checks { nest(parts(&self.first), rest) } else { rest }
    }
}
