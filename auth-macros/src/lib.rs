//! The attributes and derives of `auth-actix`, which re-exports them; applications name that crate alone.
//!
//! The rooms, in the order in which they may name each other: a room names only those above it.
//!
//! # Why
//! Names of sibling attributes are never compared, as they can be renamed. Each guard attribute hands its words to one
//! attribute of ours, `finish`, which it puts last: the compiler expands from the outside in, so that one alone sees the
//! handler with every rule, whatever stands between.

mod grammar;
mod dialect;
mod diagnostics;
mod parse;
mod analyze;
mod expand;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

use crate::grammar::Attribute;

/// What every guard attribute does: it hands its words on, and the last one to do so reads them all.
fn guard(attribute: Attribute, arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::forward(attribute, arguments.into(), item.into()).into()
}

macro_rules! guards {
    ($($name:ident: $attribute:ident, $page:literal;)*) => {$(
        #[doc = include_str!(concat!("../docs/", $page, ".md"))]
        #[proc_macro_attribute]
        pub fn $name(arguments: TokenStream, item: TokenStream) -> TokenStream {
            guard(Attribute::$attribute, arguments, item)
        }
    )*};
}

guards! {
    public: Public, "public";
    require_auth: RequireAuth, "require_auth";
    require_role: RequireRole, "require_role";
    require_permission: RequirePermission, "require_permission";
    require_scope: RequireScope, "require_scope";
    require_claim: RequireClaim, "require_claim";
    require_network: RequireNetwork, "require_network";
    deny_network: DenyNetwork, "deny_network";
    require_country: RequireCountry, "require_country";
    deny_country: DenyCountry, "deny_country";
    require: Require, "require";
}

/// Not for use: what the guard attributes put last on a handler. It reads all their words.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn finish(words: TokenStream, item: TokenStream) -> TokenStream {
    expand::finish(words.into(), item.into()).into()
}

#[doc = include_str!("../docs/rule.md")]
#[proc_macro]
pub fn rule(words: TokenStream) -> TokenStream {
    expand::rule(words.into()).into()
}

// The helpers of the others are refused with a word on which one is meant; the compiler would send for another derive.
#[doc = include_str!("../docs/derive_role.md")]
#[proc_macro_derive(Role, attributes(role, permission, token_scope, scope))]
pub fn derive_role(item: TokenStream) -> TokenStream {
    expand::vocabulary(grammar::Kind::Role, item.into()).into()
}

#[doc = include_str!("../docs/derive_permission.md")]
#[proc_macro_derive(Permission, attributes(permission, role, token_scope, scope))]
pub fn derive_permission(item: TokenStream) -> TokenStream {
    expand::vocabulary(grammar::Kind::Permission, item.into()).into()
}

#[doc = include_str!("../docs/derive_token_scope.md")]
#[proc_macro_derive(TokenScope, attributes(token_scope, role, permission, scope))]
pub fn derive_token_scope(item: TokenStream) -> TokenStream {
    expand::vocabulary(grammar::Kind::Scope, item.into()).into()
}
