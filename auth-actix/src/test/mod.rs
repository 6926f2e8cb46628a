//! For the tests of applications: callers of each kind, by hand or through the real path; and who may call what, held against the
//! file that was reviewed.
//!
//! Nothing here adds a way into a server: see [`Caller`] and [`Keys`].

mod access;
mod explain;
#[cfg(feature = "jwt")]
mod held;
mod routing;

pub use self::access::{access_matrix, assert_access};
pub use self::explain::{explained, explanation};
#[cfg(feature = "jwt")]
pub use self::held::{assert_matrix, hold};
pub use crate::stand_in::Caller;
#[cfg(feature = "jwt")]
pub use crate::stand_in::Keys;
#[cfg(feature = "session")]
pub use crate::stand_in::session_store;
