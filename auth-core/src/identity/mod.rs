//! Identities: who calls, by which scheme, and which issuer vouches for it.

pub mod scheme_id;
pub(crate) mod id;
pub mod vocabulary;
pub mod grants;
pub mod issuer;
pub(crate) mod principal;
