//! Test support for applications: callers, tokens, access matrices, and conformance tests of stores.
//!
//! Nothing in this module weakens a server: see [`Caller`] and [`Keys`].

mod caller;
mod explain;
mod routing;
mod access;
#[cfg(feature = "jwt")]
mod tokens;

pub use self::access::{access_matrix, assert_access};
pub use self::caller::Caller;
pub use self::explain::{explained, explanation};
#[cfg(feature = "jwt")]
pub use self::tokens::{Keys, MatrixTest, assert_matrix, verify_matrix};
#[cfg(feature = "_sql")]
pub use crate::list::sql::assert_visible;
#[cfg(feature = "dpop")]
pub use auth_core::scheme::dpop::conformance::replay_store;
#[cfg(feature = "session")]
pub use auth_core::scheme::session::conformance::session_store;
#[cfg(feature = "blocks")]
pub use auth_core::store::blocklist::conformance::blocklist_store;
#[cfg(feature = "passwords")]
pub use auth_core::store::throttle::conformance::throttle_store;
#[cfg(feature = "own-tokens")]
pub use auth_core::store::tokens::conformance::token_store;
