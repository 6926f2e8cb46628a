//! Tests with signed tokens.

mod keys;
mod tenants;
mod matrix;

pub use self::keys::Keys;
pub use self::matrix::{assert_matrix, verify_matrix};
