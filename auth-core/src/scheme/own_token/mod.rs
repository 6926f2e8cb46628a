//! Tokens that the application issues.

mod format;

pub use secrecy::SecretString;

pub use self::format::{TokenPrefix, TokenPrefixError, has_token_syntax};
