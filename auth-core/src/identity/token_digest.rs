//! Digests of presented credentials.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::runtime::hex::Hex;

/// A digest of a presented credential, by which stores and caches find it. It does not reveal the credential.
///
/// ```
/// use auth_actix::identity::TokenDigest;
/// assert_eq!(TokenDigest::sha256(b"secret"), TokenDigest::sha256(b"secret"));
/// assert_eq!(TokenDigest::sha256(b"secret").bytes().len(), 32);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TokenDigest(Box<[u8]>);

impl TokenDigest {
    /// Computes the SHA-256 digest of a credential.
    pub fn sha256(credential: &[u8]) -> Self {
        Self(Sha256::digest(credential).as_slice().into())
    }

    /// Creates a digest from its bytes, as computed by a store. `None` if there are no bytes, or more than 64.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (1..=64).contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    /// Returns the bytes, for comparison with a column of a database.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Shows only eight digits, which suffice to distinguish log lines.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest({}…)", Hex(self.0.get(..4).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_1_to_64_bytes_and_hide_them_in_debug() {
        for (length, is_digest) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!(TokenDigest::from_bytes(&vec![7; length]).is_some(), is_digest, "{length}");
        }
        let digest = TokenDigest::sha256(b"abc");
        assert_eq!(digest.bytes().first_chunk(), Some(&[0xba, 0x78, 0x16, 0xbf]));
        assert_eq!(format!("{digest:?}"), "TokenDigest(ba7816bf…)");
    }
}
