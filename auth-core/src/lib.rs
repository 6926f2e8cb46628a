//! The engine of `auth-actix`: credentials, principals, access rules, decisions, challenges and problem details, without a web
//! framework. Applications use `auth-actix`, which re-exports what they need.
//!
//! The modules are listed from the bottom up: a module imports only modules listed before it. `tests/architecture/order.rs` checks this,
//! within the groups too.
//!
//! # Why
//! Denials are defined before anything that verifies or decides: a scheme that rejects a credential returns a [`denial::Denial`],
//! so there is no second list of reasons to translate.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Schemes share helpers. If only some schemes are compiled, some helpers are unused.
#![cfg_attr(
    not(all(
        feature = "basic",
        feature = "blocks",
        feature = "client-cert",
        feature = "dpop",
        feature = "geoip",
        feature = "oidc",
        feature = "redis",
        feature = "session"
    )),
    allow(dead_code, unused_imports, reason = "used by schemes that are not compiled")
)]

/// Implements `Debug` for an error type by its `Display`, because `main` prints the `Debug` form of an error that it returns.
macro_rules! debug_as_display {
    ($kind:ty) => {
        impl std::fmt::Debug for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}
pub(crate) use debug_as_display;

pub mod runtime;
pub mod identity;
pub mod condition;
pub mod denial;
pub mod client;
pub mod policy;
pub mod audit;
pub mod matrix;
pub mod store;
pub mod oidc;
pub mod scheme;
pub mod engine;

pub use crate::identity::id::{Id, IdError};
pub use crate::identity::issuer::Confers;
pub use crate::identity::principal::{Actor, ClaimsError, Principal, PrincipalBuilder};
pub use crate::identity::vocabulary::open;
pub use crate::runtime::redis_url::RedisUrlError;
