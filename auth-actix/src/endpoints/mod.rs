//! Endpoints that applications can register: login, logout, metadata, and responses to unknown paths.

mod protected_resource;
mod json_errors;
#[cfg(feature = "session")]
mod login;
#[cfg(all(feature = "oidc", feature = "session"))]
mod oidc_login;
