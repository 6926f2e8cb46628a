//! The decision behind `auth-actix`: principals, rules, credentials, challenges and problem details, without a web
//! framework. Applications use `auth-actix`, which re-exports what they need.
//!
//! The rooms, in the order in which they may name each other: a room names only those above it.
//!
//! # Why
//! *Why not* comes before all that is found out: a refused credential is a [`denial::Denial`] from the moment that its
//! scheme refuses it, and there is no second list of reasons that would have to be translated.
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Shows an error type in `Debug` as in `Display`: `main` prints the `Debug` of an error that it returns.
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
// Who, and why not.
pub mod identity;
pub mod denial;
// What is known.
pub mod client;
pub mod policy;
// What is asked.
// The answer.
// What is told.
pub mod audit;
pub mod matrix;
// How it is known.
pub mod store;
pub mod oidc;
pub mod scheme;

pub use crate::identity::id::{Id, IdError};
pub use crate::identity::issuer::Confers;
pub use crate::identity::principal::{Actor, Answer, ClaimsError, Principal, PrincipalBuilder};
pub use crate::identity::vocabulary::open;
#[cfg(feature = "redis")]
pub use crate::runtime::redis::RedisUrlError;
