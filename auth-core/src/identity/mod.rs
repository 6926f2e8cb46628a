//! Principals, authentication schemes, and the issuers that vouch for principals.

pub(crate) mod id;
pub mod account_id;
pub mod token_digest;
pub mod network;
pub mod tenant;
pub(crate) mod dimension_name;
pub mod vocabulary;
pub mod scheme_id;
pub mod grants;
pub mod issuer;
pub mod rights;
pub mod granted;
pub(crate) mod principal;
