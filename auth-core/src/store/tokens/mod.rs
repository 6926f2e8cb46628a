//! Stores of tokens that the application issues.
//!
//! A token is an opaque secret. Its store keeps a [`TokenRecord`] under the digest of the token.
//!
//! # Why
//! A record that cannot be read completely is an error. Without one of its limits a token would have more rights than its owner gave
//! it. For the same reason, the text of the limits contains each of them, and a version.

mod base62;
mod id;
mod record;
mod limits;
mod endpoint_json;
mod columns;
mod store;
mod table;
mod memory;
mod line;
mod file;
mod key_file;
#[cfg(feature = "test-util")]
pub mod conformance;

pub(crate) use self::base62::{base62_digit, is_base62, push_base62};
pub use self::columns::{TokenColumns, owner};
pub use self::endpoint_json::{TokenRequest, list_json};
pub use self::file::{FileTokenStore, TokensFileError};
pub use self::id::{RandomUnavailable, TokenId, TokenIdError};
pub use self::key_file::{ApiKeyFile, ApiKeyFileError};
pub use self::memory::MemoryTokenStore;
pub use self::record::{Owner, TokenRecord, TokenRecordError};
pub use self::store::{TokenAdmin, TokenStore};
#[doc(hidden)]
pub use crate::identity::token_digest::{TokenDigest, TokenDigestError};

#[cfg(test)]
mod tests;
