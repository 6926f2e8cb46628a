//! Actions on objects in rules, and const checks of them.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::argument_requirements::{generic_parameters, mentions};
use super::paths::Paths;
use crate::analyze::{CheckKind, Checked};
use crate::parse::Function;

/// Returns an action on a type of objects, as a const expression.
pub(super) fn action((object, action): (&syn::Path, &syn::Path), paths: &Paths<'_>) -> TokenStream {
    // A missing policy is reported at the object.
    let function = paths.object_action.respanned(object.span());
    quote_spanned!(object.span()=> #function::<#object, #action>())
}

/// Returns consts that do not compile if an object has not the tenant of the rule, or its policy admits no anonymous callers where the
/// rule does. `formula` is an expression for a reference to the formula. An object that depends on a generic parameter is left to the
/// checks at start-up.
pub(super) fn checks(checked: &Checked, function: &Function, formula: &TokenStream, paths: &Paths<'_>) -> TokenStream {
    let (conditions, generics) = (function.conditions(), generic_parameters(function));
    let mut known = Vec::new();
    let checks = checked.formula.checks().into_iter().filter_map(|check| {
        let CheckKind::Object(object, action) = &check.kind else { return None };
        if mentions(&quote!(#object #action), &generics) {
            return None;
        }
        let at = object.span();
        let asked = self::action((object, action), paths);
        let tenant = paths.check_object_tenant.respanned(at);
        let anonymous = check.principal.is_none().then(|| {
            let check = paths.check_anonymous_object.respanned(at);
            quote_spanned!(at=> #check(#asked);)
        });
        // The tenants of a type are reported once.
        let text = object.to_token_stream().to_string();
        let tenant = (!known.contains(&text)).then(|| quote_spanned!(at=> #tenant(#formula, #asked);));
        known.push(text);
        Some(quote!(#(#conditions)* const _: () = { #anonymous #tenant };))
    });
    checks.collect::<TokenStream>().into_token_stream()
}
