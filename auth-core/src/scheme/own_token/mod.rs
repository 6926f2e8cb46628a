//! Tokens that the application issues.

mod format;
mod errors;
mod source;
mod settings;
mod authenticator;
mod prepared;

pub use secrecy::SecretString;

pub use self::errors::TokensError;
pub use self::format::{TokenPrefix, TokenPrefixError, has_token_syntax};
pub use self::prepared::TokenSources;
pub use self::settings::Tokens;
