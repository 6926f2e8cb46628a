//! For the tests of applications: callers of each kind, by hand or through the real path; and who may call what, held against the
//! file that was reviewed.
//!
//! Nothing here adds a way into a server: see [`Caller`] and [`Keys`].

mod random;
mod access;
#[cfg(feature = "blocks")]
mod blocklist_store;
mod caller;
mod explain;
#[cfg(feature = "jwt")]
mod keys;
#[cfg(feature = "dpop")]
mod replay_store;
mod routing;
#[cfg(feature = "jwt")]
mod matrix;
#[cfg(feature = "session")]
mod session_store;
#[cfg(feature = "passwords")]
mod throttle_store;

pub use self::access::{access_matrix, assert_access};
#[cfg(feature = "blocks")]
pub use self::blocklist_store::blocklist_store;
pub use self::caller::Caller;
pub use self::explain::{explained, explanation};
#[cfg(feature = "jwt")]
pub use self::keys::Keys;
#[cfg(feature = "jwt")]
pub use self::matrix::{assert_matrix, verify_matrix};
#[cfg(feature = "dpop")]
pub use self::replay_store::replay_store;
#[cfg(feature = "session")]
pub use self::session_store::session_store;
#[cfg(feature = "passwords")]
pub use self::throttle_store::throttle_store;
