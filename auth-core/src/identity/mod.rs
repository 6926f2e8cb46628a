//! Identities: who calls, by which scheme, and which issuer vouches for it.

pub mod scheme_id;
