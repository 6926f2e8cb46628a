//! Identifiers of tokens.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::base62::push_base62;

/// The identifier of a token, which is public. Lists and audit events contain it, and rotation and revocation name it.
///
/// ```
/// use auth_actix::tokens::TokenId;
/// let id: TokenId = "0197b2a4-7c1e-7000-8000-0242ac120002".parse()?;
/// assert_eq!(id.as_str(), "0197b2a4-7c1e-7000-8000-0242ac120002");
/// assert_ne!(TokenId::generate()?, TokenId::generate()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(Arc<str>);

/// The text is not an identifier of a token.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the identifier of a token has 1 to 128 visible ASCII characters, without spaces")]
pub struct TokenIdError;

crate::debug_as_display!(TokenIdError);

/// The operating system provides no random numbers.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system provides no random numbers")]
pub struct RandomUnavailable;

crate::debug_as_display!(RandomUnavailable);

impl TokenId {
    /// Maximum length in bytes.
    pub const MAX_LENGTH: usize = 128;

    /// Generates an identifier from 128 random bits: 22 base62 characters.
    ///
    /// # Errors
    /// The operating system provides no random numbers.
    pub fn generate() -> Result<Self, RandomUnavailable> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| RandomUnavailable)?;
        let mut text = String::with_capacity(22);
        push_base62(&mut text, random, 22);
        Ok(Self(text.into()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Accepts identifiers of other writers, such as numbers or UUIDs.
impl FromStr for TokenId {
    type Err = TokenIdError;

    /// Checks the characters and the length.
    ///
    /// # Errors
    /// The text is empty, is longer than 128 bytes, or contains a character that is not visible ASCII.
    fn from_str(text: &str) -> Result<Self, TokenIdError> {
        let is_id = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_id { Ok(Self(text.into())) } else { Err(TokenIdError) }
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_ids_are_visible_ascii() {
        for text in ["7", "0197b2a4-7c1e", "a:b\"'\\%", &"x".repeat(128)] {
            assert_eq!(text.parse::<TokenId>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "a\n", "\u{fc}", "a\0", &"x".repeat(129)] {
            assert_eq!(text.parse::<TokenId>(), Err(TokenIdError), "{text:?}");
        }
        let generated = TokenId::generate().unwrap();
        assert_eq!((generated.as_str().len(), generated.as_str().parse()), (22, Ok(generated.clone())));
    }
}
