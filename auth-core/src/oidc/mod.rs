//! OpenID Connect and OAuth: requests to a provider, and the metadata of this server.

pub mod protected_resource;
#[cfg(feature = "oidc")]
pub mod discovery;
