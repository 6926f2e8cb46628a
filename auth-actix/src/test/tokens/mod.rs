//! Tests with signed tokens.

mod keys;
mod tenants;
mod senders;
mod requests;
mod outcome;
mod matrix;

pub use self::keys::Keys;
pub use self::matrix::{MatrixTest, assert_matrix, verify_matrix};
