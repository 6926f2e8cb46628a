//! Digests of presented tokens, by which stores and caches find them.

use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::Digest as _;
use subtle::ConstantTimeEq as _;

/// The digest of a token, by which stores and caches find it.
///
/// A store never receives the token. The default is SHA-256, which suffices because a token has 256 random bits. Comparison takes
/// constant time for digests of equal length.
///
/// ```
/// use auth_actix::identity::TokenDigest;
/// let digest = TokenDigest::sha256(b"pat_secret");
/// assert_eq!(TokenDigest::from_bytes(digest.as_bytes())?, digest);
/// assert!(!format!("{digest:?}").contains(&digest.to_hex()));
/// # Ok::<(), auth_actix::identity::TokenDigestError>(())
/// ```
#[derive(Clone)]
pub struct TokenDigest {
    bytes: [u8; Self::MAX_LENGTH],
    length: usize,
}

/// A digest has less than 16 or more than 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the digest of a token has 16 to 64 bytes")]
pub struct TokenDigestError;

crate::debug_as_display!(TokenDigestError);

impl TokenDigest {
    /// Maximum length of a digest in bytes, which is the length of SHA-512.
    pub const MAX_LENGTH: usize = 64;

    /// Minimum length of a digest in bytes. With fewer bytes, a token whose digest equals that of another token could be found by
    /// trying.
    pub const MIN_LENGTH: usize = 16;

    /// Returns the SHA-256 of a token.
    pub fn sha256(token: &[u8]) -> Self {
        let mut bytes = [0; Self::MAX_LENGTH];
        let digest = sha2::Sha256::digest(token);
        bytes.iter_mut().zip(&digest).for_each(|(byte, digit)| *byte = *digit);
        Self { bytes, length: digest.len() }
    }

    /// Wraps a digest of another function, such as SHA-512, BLAKE3 or an HMAC.
    ///
    /// # Errors
    /// The digest has less than 16 or more than 64 bytes.
    pub fn from_bytes(digest: &[u8]) -> Result<Self, TokenDigestError> {
        let length = digest.len();
        if !(Self::MIN_LENGTH..=Self::MAX_LENGTH).contains(&length) {
            return Err(TokenDigestError);
        }
        let mut bytes = [0; Self::MAX_LENGTH];
        bytes.iter_mut().zip(digest).for_each(|(byte, digit)| *byte = *digit);
        Ok(Self { bytes, length })
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Returns the bytes as lowercase hexadecimal digits, for stores with text columns.
    pub fn to_hex(&self) -> String {
        crate::runtime::hex::hex(self.as_bytes())
    }

    /// Reads lowercase hexadecimal digits. There is one text for each digest, so that two lines cannot contain one digest.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(text.len() / 2);
        for pair in text.as_bytes().chunks(2) {
            bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
        }
        Self::from_bytes(&bytes).ok().filter(|read| read.to_hex() == text)
    }
}

/// Compares in constant time, by words of eight bytes. Bytes after the end of a digest are zero.
impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.bytes.as_chunks::<8>().0, other.bytes.as_chunks::<8>().0);
        let is_same_length = (self.length as u64).ct_eq(&(other.length as u64));
        let words = ours.iter().zip(theirs).map(|(one, other)| (u64::from_ne_bytes(*one), u64::from_ne_bytes(*other)));
        words.fold(is_same_length, |equal, (one, other)| equal & one.ct_eq(&other)).into()
    }
}

impl Eq for TokenDigest {}

impl Hash for TokenDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// Redacts the digest.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenDigest").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_16_to_64_bytes_and_one_text() {
        // TOKEN-5
        for length in 0..80 {
            let digest = TokenDigest::from_bytes(&vec![7; length]);
            assert_eq!(digest.is_ok(), (16..=64).contains(&length), "{length}");
            if let Ok(digest) = digest {
                assert_eq!((digest.as_bytes(), digest.to_hex()), (&*vec![7; length], "07".repeat(length)));
                assert_eq!(TokenDigest::from_hex(&digest.to_hex()), Some(digest));
            }
        }
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(TokenDigest::sha256(b"abc").to_hex(), of_abc, "FIPS 180-4");
        for text in [
            "",
            &of_abc[1..],
            &of_abc.to_uppercase(),
            &of_abc.replace("ba", "+a"),
            &of_abc.replace("ba", "\u{e4}"),
            &of_abc[..30],
            &of_abc.repeat(3),
        ] {
            assert_eq!(TokenDigest::from_hex(text), None, "{text}");
        }
    }

    #[test]
    fn digests_of_different_lengths_differ() {
        let of = |length: usize| TokenDigest::from_bytes(&vec![0; length]).unwrap();
        assert!(of(20) != of(32) && of(32) == of(32) && of(32) != TokenDigest::sha256(b""));
    }
}
