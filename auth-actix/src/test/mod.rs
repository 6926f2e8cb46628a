//! For the tests of applications: callers of each kind, by hand or through the real path; and who may call what, held against the
//! file that was reviewed.
//!
//! Nothing here adds a way into a server: see [`Caller`] and [`Keys`].

mod access;
mod caller;
mod explain;
#[cfg(feature = "jwt")]
mod keys;
mod routing;
#[cfg(feature = "jwt")]
mod matrix;
#[cfg(feature = "session")]
mod session_store;

pub use self::access::{access_matrix, assert_access};
pub use self::caller::Caller;
pub use self::explain::{explained, explanation};
#[cfg(feature = "jwt")]
pub use self::keys::Keys;
#[cfg(feature = "jwt")]
pub use self::matrix::{assert_matrix, hold};
#[cfg(feature = "session")]
pub use self::session_store::session_store;
