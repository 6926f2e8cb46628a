//! The text of a token: its prefix, its random part and its checksum.
//!
//! # Why
//! The prefix selects the token source without a look-up, and lets scanners of source code recognize a token. The checksum lets a
//! scanner discard other text of that form, and lets a server reject a mistyped token without a look-up. It is not a protection: the
//! 256 random bits are.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;

use crate::store::tokens::{RandomUnavailable, base62_digit, is_base62, push_base62};

/// Length of the random part: 32 bytes in base62.
const RANDOM_LENGTH: usize = 43;

/// Length of the checksum: a CRC-32 in base62.
const CHECKSUM_LENGTH: usize = 6;

/// Maximum length of a token in bytes.
const MAX_TOKEN_LENGTH: usize = 512;

/// The beginning of all tokens of a source, such as `pat_`.
///
/// A token is the prefix, 32 random bytes as 43 base62 characters (`0-9A-Za-z`), and 6 base62 characters with the CRC-32 of all
/// characters before them, the prefix included. The CRC is that of zip and PNG.
///
/// ```
/// use auth_actix::tokens::TokenPrefix;
/// let prefix: TokenPrefix = "pat_".parse()?;
/// assert!(prefix.has_checksum("pat_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1akZus"));
/// assert!(!prefix.has_checksum("pat_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1akZut"));
/// # Ok::<(), auth_actix::tokens::TokenPrefixError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenPrefix(Box<str>);

/// An invalid prefix.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenPrefixError {
    /// The prefix has less than 3 or more than 32 bytes.
    #[error("the prefix of tokens has 3 to 32 characters")]
    Length,
    /// The prefix contains a character that a token cannot contain.
    #[error("the prefix of tokens has visible ASCII characters only, without `,`, `;`, `\"`, `\\` and spaces")]
    Character,
    /// A JWT could begin with the prefix, and would be taken for a token.
    #[error("a JWT could begin with the prefix of tokens: write a prefix such as `pat_`")]
    Jwt,
}

crate::debug_as_display!(TokenPrefixError);

impl TokenPrefix {
    /// Maximum length in bytes.
    pub const MAX_LENGTH: usize = 32;

    /// Minimum length in bytes.
    pub const MIN_LENGTH: usize = 3;

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether one of two prefixes begins with the other one. A token could then belong to either source.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.starts_with(&*other.0) || other.0.starts_with(&*self.0)
    }

    /// Generates a token. Its digest belongs into a store, and the token is shown once.
    ///
    /// # Errors
    /// The operating system provides no random numbers.
    pub fn generate(&self) -> Result<SecretString, RandomUnavailable> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|_| RandomUnavailable)?;
        Ok(self.token(random).into())
    }

    /// Generates a token without a prefix and a checksum, for a source of opaque tokens.
    pub(super) fn generate_opaque() -> Result<SecretString, RandomUnavailable> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|_| RandomUnavailable)?;
        let mut token = String::with_capacity(RANDOM_LENGTH);
        push_base62(&mut token, random, RANDOM_LENGTH);
        Ok(token.into())
    }

    fn token(&self, random: [u8; 32]) -> String {
        let mut token = String::with_capacity(self.0.len() + RANDOM_LENGTH + CHECKSUM_LENGTH);
        token.push_str(&self.0);
        push_base62(&mut token, random, RANDOM_LENGTH);
        let checksum = crc32fast::hash(token.as_bytes());
        push_base62(&mut token, checksum.to_be_bytes(), CHECKSUM_LENGTH);
        token
    }

    /// Returns whether the token has the prefix, the length and the characters of issued tokens, and the right checksum.
    pub fn has_checksum(&self, token: &str) -> bool {
        let Some(rest) = token.strip_prefix(&*self.0) else { return false };
        if rest.len() != RANDOM_LENGTH + CHECKSUM_LENGTH || !is_base62(rest) {
            return false;
        }
        let (checked, written) = token.split_at(token.len() - CHECKSUM_LENGTH);
        // Compared from the last digit, without an allocation, since each request comes here.
        let mut rest = crc32fast::hash(checked.as_bytes());
        written.bytes().rev().all(|digit| {
            let is_equal = digit == base62_digit(rest);
            rest /= 62;
            is_equal
        })
    }
}

impl FromStr for TokenPrefix {
    type Err = TokenPrefixError;

    /// Checks the characters and the length.
    ///
    /// # Errors
    /// The prefix has less than 3 or more than 32 bytes, contains a character that a token cannot contain, or could begin a JWT.
    fn from_str(prefix: &str) -> Result<Self, TokenPrefixError> {
        if could_begin_jwt(prefix) {
            return Err(TokenPrefixError::Jwt);
        }
        if !(Self::MIN_LENGTH..=Self::MAX_LENGTH).contains(&prefix.len()) {
            return Err(TokenPrefixError::Length);
        }
        if !prefix.bytes().all(is_token_byte) {
            return Err(TokenPrefixError::Character);
        }
        Ok(Self(prefix.into()))
    }
}

impl fmt::Display for TokenPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether the text begins like a JWT, whose first part is the base64url of a JSON object. The first three characters
/// determine its first two bytes: `{`, followed by a quotation mark or by white space.
fn could_begin_jwt(text: &str) -> bool {
    match text.as_bytes() {
        [b'e'] | [b'e', b'y' | b'w'] => true,
        [b'e', b'y', third, ..] => matches!(third, b'A'..=b'D' | b'I'..=b'L'),
        [b'e', b'w', third, ..] => matches!(third, b'k'..=b'r' | b'0'..=b'3'),
        _ => false,
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b",;\"\\".contains(&byte)
}

/// Returns whether the text may be a token with a registered prefix: 1 to 512 bytes of visible ASCII without space, comma,
/// semicolon, double quote and backslash. Such tokens are not limited to token68 (RFC 9110 §11.2).
pub fn has_token_syntax(text: &[u8]) -> bool {
    (1..=MAX_TOKEN_LENGTH).contains(&text.len()) && text.iter().all(|byte| is_token_byte(*byte))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn prefix(text: &str) -> TokenPrefix {
        text.parse().unwrap()
    }

    #[test]
    fn issued_tokens_match_independent_vectors() {
        // TOKEN-4. Computed with `zlib.crc32` of Python.
        let mut counted = [0; 32];
        counted.iter_mut().zip(0..).for_each(|(byte, number)| *byte = number);
        #[rustfmt::skip]
        let table = [
            ("pat_",    counted,   "pat_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1akZus"),
            ("mk-",     [255; 32], "mk-yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp10ISSrh"),
            ("apikey:", [0; 32],   "apikey:0000000000000000000000000000000000000000000264IF7"),
        ];
        for (text, random, expected) in table {
            assert_eq!(prefix(text).token(random), expected);
            assert!(prefix(text).has_checksum(expected), "{expected}");
        }
    }

    #[test]
    fn generated_tokens_differ_and_are_redacted() {
        // TOKEN-4
        let prefix = prefix("pat_");
        let [one, other] = [prefix.generate().unwrap(), prefix.generate().unwrap()];
        for token in [&one, &other] {
            assert!(prefix.has_checksum(token.expose_secret()) && has_token_syntax(token.expose_secret().as_bytes()));
            assert_eq!(token.expose_secret().len(), 4 + 49);
        }
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(!format!("{one:?}").contains("pat_"));
    }

    #[test]
    fn each_changed_character_fails_the_checksum() {
        // TOKEN-4
        let token = prefix("pat_").token([7; 32]);
        assert!(prefix("pat_").has_checksum(&token));
        for at in 0..token.len() {
            for other in ['0', 'z', '-', '\u{fc}'] {
                let changed: String =
                    token.char_indices().map(|(position, one)| if position == at { other } else { one }).collect();
                assert!(changed == token || !prefix("pat_").has_checksum(&changed), "{changed}");
            }
        }
        let swapped = prefix("pbt_").token([7; 32]).replacen("pbt_", "pat_", 1);
        for wrong in [
            "",
            "pat_",
            &token[1..],
            &token[..token.len() - 1],
            &format!("{token}0"),
            &format!("pat_{token}"),
            &token.to_uppercase(),
            &format!("{token} "),
            &swapped,
        ] {
            assert!(!prefix("pat_").has_checksum(wrong), "{wrong}");
        }
    }

    #[test]
    fn invalid_prefixes_are_rejected() {
        // TOKEN-2, TOKEN-3
        use TokenPrefixError::{Character, Jwt, Length};
        #[rustfmt::skip]
        let table = [
            ("pat_",            Ok(())),
            ("ak.",             Ok(())),
            ("apikey:",         Ok(())),
            ("~!#",             Ok(())),
            ("env_",            Ok(())),
            ("eyes_",           Ok(())),
            ("Eyj",             Ok(())),
            ("ewe_",            Ok(())),
            (&"p".repeat(32),   Ok(())),
            ("",                Err(Length)),
            ("p",               Err(Length)),
            ("pa",              Err(Length)),
            (&"p".repeat(33),   Err(Length)),
            ("e",               Err(Jwt)),
            ("ey",              Err(Jwt)),
            ("eyJ",             Err(Jwt)),
            ("eyJhbGciOi",      Err(Jwt)),
            ("eyI_",            Err(Jwt)), // `{""`
            ("eyAi",            Err(Jwt)), // `{ "`
            ("ewog",            Err(Jwt)), // `{`, line feed
            ("ew0K",            Err(Jwt)), // `{`, carriage return
            ("ewki",            Err(Jwt)), // `{`, tab
            ("a b",             Err(Character)),
            ("ab,",             Err(Character)),
            ("ab;",             Err(Character)),
            ("ab\"",            Err(Character)),
            ("ab\\",            Err(Character)),
            ("ab\t",            Err(Character)),
            ("ab\u{7f}",        Err(Character)),
            ("\u{e4}b",         Err(Character)),
        ];
        for (text, expected) in table {
            let read = text.parse::<TokenPrefix>();
            assert_eq!(read.as_ref().map(drop).map_err(|error| *error), expected, "{text:?}");
            assert!(read.is_err() || read.unwrap().as_str() == text);
        }
    }

    #[test]
    fn a_prefix_that_begins_another_overlaps_it() {
        // TOKEN-2
        #[rustfmt::skip]
        let table = [
            ("pat_",  "pat_",   true),
            ("pat_",  "pat_x",  true),
            ("pat_x", "pat_",   true),
            ("pat_",  "pit_",   false),
            ("pat_",  "PAT_",   false),
            ("pat_a", "pat_b",  false),
        ];
        for (one, other, expected) in table {
            assert_eq!(prefix(one).overlaps(&prefix(other)), expected, "{one} {other}");
        }
    }

    #[test]
    fn presented_tokens_are_bounded_visible_ascii() {
        // TOKEN-3
        for text in ["a", "apikey:1.2/3=", &"x".repeat(512)] {
            assert!(has_token_syntax(text.as_bytes()), "{text}");
        }
        for text in ["", "a b", "a,b", "a;b", "a\"b", "a\\b", "a\tb", "a\u{7f}", "\u{fc}", &"x".repeat(513)] {
            assert!(!has_token_syntax(text.as_bytes()), "{text:?}");
        }
    }
}
