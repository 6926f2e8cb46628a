//! Tokens that the application issues.

mod format;
mod tokens_error;
mod found;
mod lookup;
mod misses;
mod source;
mod uses;
mod settings;
mod deletion;
mod authenticator;
mod administration;
mod prepared;

pub use secrecy::{ExposeSecret, SecretString};

pub use self::administration::{ManagedTokens, TokenAdministration, TokenEndpoints};
pub use self::format::{TokenPrefix, TokenPrefixError, has_token_syntax};
pub use self::prepared::TokenSources;
pub use self::settings::Tokens;
pub use self::tokens_error::TokensError;
