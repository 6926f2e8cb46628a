//! Stores of accounts, users, roles, tokens, failed logins and blocked callers, each with its back ends.

pub mod unavailable;
pub mod throttle;
pub mod accounts;
pub mod rights;
pub mod roles;
#[cfg(feature = "blocks")]
pub mod blocklist;
#[cfg(feature = "passwords")]
pub mod users;
#[cfg(feature = "own-tokens")]
pub mod tokens;
