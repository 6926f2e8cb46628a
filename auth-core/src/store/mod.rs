//! Stores of users, roles, failed logins and blocked callers, each with its back ends.

pub mod roles;
#[cfg(feature = "blocks")]
pub mod blocklist;
#[cfg(feature = "passwords")]
#[cfg_attr(not(all(feature = "basic", feature = "session")), allow(dead_code, reason = "schemes decide what is used"))]
pub mod throttle;
#[cfg(feature = "passwords")]
#[cfg_attr(not(all(feature = "basic", feature = "session")), allow(dead_code, reason = "schemes decide what is used"))]
pub mod users;
