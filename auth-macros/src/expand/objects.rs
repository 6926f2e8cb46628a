//! Actions on objects in rules, and const checks of them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::argument_requirements::{generic_parameters, mentions};
use super::paths::Paths;
use crate::analyze::{CheckKind, Checked, KeyLocation, ObjectCheck};
use crate::parse::Function;

/// Returns an action on a type of objects, as a const expression.
pub(super) fn action(check: &ObjectCheck, paths: &Paths<'_>) -> TokenStream {
    let ObjectCheck { object, action, location } = check;
    // A missing policy is reported at the object.
    let Some(location) = location else {
        let function = paths.object_action.respanned(object.span());
        return quote_spanned!(object.span()=> #function::<#object, #action>());
    };
    let (function, atoms) = (paths.object_action_at.respanned(object.span()), paths.atoms);
    let (variant, text) = match location {
        KeyLocation::Path(name) => ("Path", name),
        KeyLocation::Query(name) => ("Query", name),
        KeyLocation::Header(name) => ("Header", name),
        KeyLocation::Json(pointer) => ("Json", pointer),
    };
    let variant = Ident::new(variant, Span::call_site());
    let location = quote!(#atoms::KeyLocation::#variant(#text));
    quote_spanned!(object.span()=> const { &#function::<#object, #action>(#location) })
}

/// Returns consts that do not compile if an object has not the tenant of the rule, or its policy admits no anonymous callers where the
/// rule does. `formula` is an expression for a reference to the formula. An object that depends on a generic parameter is left to the
/// checks at start-up.
pub(super) fn checks(checked: &Checked, function: &Function, formula: &TokenStream, paths: &Paths<'_>) -> TokenStream {
    let (conditions, generics) = (function.conditions(), generic_parameters(function));
    let mut known = Vec::new();
    let checks = checked.formula.checks().into_iter().filter_map(|check| {
        let CheckKind::Object(asked) = &check.kind else { return None };
        let ObjectCheck { object, action, .. } = asked;
        if mentions(&quote!(#object #action), &generics) {
            return None;
        }
        let at = object.span();
        let asked = self::action(asked, paths);
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
