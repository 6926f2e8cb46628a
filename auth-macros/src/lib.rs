//! Attributes and derives of `auth-actix`, which re-exports them. Applications depend only on that crate.
//!
//! The modules are listed from the bottom up. A module imports only modules that are listed before it.
//!
//! # Why
//! Sibling attributes are not recognized by their names, which users can change. Each guard attribute forwards its words to
//! one attribute, `finish`, which it adds as the last one. Attributes expand from the outside in, so only `finish` sees the
//! handler with all rules, whatever other attributes are between.

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

/// Expands a guard attribute.
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

/// Expands a handler with all of its rules. Internal: each guard attribute adds this attribute last and forwards its words to it.
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

// The helper attributes of the other derives are accepted here, to report which one is expected. The compiler would suggest
// another derive.
#[doc = include_str!("../docs/derive_role.md")]
#[proc_macro_derive(Role, attributes(role, permission, token_scope, scope, credential))]
pub fn derive_role(item: TokenStream) -> TokenStream {
    expand::vocabulary(grammar::Kind::Role, item.into()).into()
}

#[doc = include_str!("../docs/derive_permission.md")]
#[proc_macro_derive(Permission, attributes(permission, role, token_scope, scope, credential))]
pub fn derive_permission(item: TokenStream) -> TokenStream {
    expand::vocabulary(grammar::Kind::Permission, item.into()).into()
}

#[doc = include_str!("../docs/derive_action.md")]
#[proc_macro_derive(Action, attributes(action))]
pub fn derive_action(item: TokenStream) -> TokenStream {
    expand::action(item.into()).into()
}

#[doc = include_str!("../docs/derive_columns.md")]
#[proc_macro_derive(Columns, attributes(columns))]
pub fn derive_columns(item: TokenStream) -> TokenStream {
    expand::columns(item.into()).into()
}

#[doc = include_str!("../docs/derive_column_type.md")]
#[proc_macro_derive(ColumnType, attributes(columns))]
pub fn derive_column_type(item: TokenStream) -> TokenStream {
    expand::column_type(item.into()).into()
}

#[doc = include_str!("../docs/derive_token_scope.md")]
#[proc_macro_derive(TokenScope, attributes(token_scope, role, permission, scope, credential))]
pub fn derive_token_scope(item: TokenStream) -> TokenStream {
    expand::vocabulary(grammar::Kind::Scope, item.into()).into()
}

#[doc = include_str!("../docs/derive_credential.md")]
#[proc_macro_derive(Credential, attributes(credential, role, permission, token_scope, scope))]
pub fn derive_credential(item: TokenStream) -> TokenStream {
    expand::vocabulary(grammar::Kind::Credential, item.into()).into()
}
