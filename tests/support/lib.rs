//! Shared test support. It does not use the crates under test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "for tests, where a panic is the report"
)]

pub mod challenge;
pub mod load;
pub mod logs;
pub mod program;
pub mod proof;
pub mod server;
pub mod token;
pub mod wire;

/// The examples in the documentation of the attributes. They are tested here, because `auth-macros` cannot depend on the crate that
/// re-exports it.
#[cfg(doctest)]
pub mod pages {
    #[doc = include_str!("../../auth-macros/docs/public.md")]
    pub struct Public;
    #[doc = include_str!("../../auth-macros/docs/require_auth.md")]
    pub struct RequireAuth;
    #[doc = include_str!("../../auth-macros/docs/require_role.md")]
    pub struct RequireRole;
    #[doc = include_str!("../../auth-macros/docs/require_permission.md")]
    pub struct RequirePermission;
    #[doc = include_str!("../../auth-macros/docs/require_scope.md")]
    pub struct RequireScope;
    #[doc = include_str!("../../auth-macros/docs/require_claim.md")]
    pub struct RequireClaim;
    #[doc = include_str!("../../auth-macros/docs/require_network.md")]
    pub struct RequireNetwork;
    #[doc = include_str!("../../auth-macros/docs/deny_network.md")]
    pub struct DenyNetwork;
    #[doc = include_str!("../../auth-macros/docs/require_country.md")]
    pub struct RequireCountry;
    #[doc = include_str!("../../auth-macros/docs/deny_country.md")]
    pub struct DenyCountry;
    #[doc = include_str!("../../auth-macros/docs/require.md")]
    pub struct Require;
    #[doc = include_str!("../../auth-macros/docs/rule.md")]
    pub struct Rule;
    #[doc = include_str!("../../auth-macros/docs/derive_role.md")]
    pub struct DeriveRole;
    #[doc = include_str!("../../auth-macros/docs/derive_permission.md")]
    pub struct DerivePermission;
    #[doc = include_str!("../../auth-macros/docs/derive_token_scope.md")]
    pub struct DeriveTokenScope;
}
