//! Extractors for handlers.

pub(crate) mod caller;
pub(crate) mod account;
pub(crate) mod granted;
pub(crate) mod tenant;
pub(crate) mod object;
pub(crate) mod lease;
#[cfg(feature = "jwt")]
pub(crate) mod ticket;
#[cfg(feature = "session")]
pub(crate) mod session;
