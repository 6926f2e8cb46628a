//! Authenticated encryption of data that is stored in the browser: AES-256-GCM with a random nonce (RFC 5116).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

pub(super) struct Seal(RandomizedNonceKey, Vec<u8>);

/// Domain separation, so that sealed data is not valid for any other purpose. A different value makes all sealed data invalid.
const FOR: &[u8] = b"auth-actix log-in 1";

impl Seal {
    /// Derives the key from a secret of the application.
    pub(super) fn of(secret: &[u8], purpose: &str) -> Option<Self> {
        Self::by(&Sha256::digest([FOR, b"\0", secret].concat()), purpose)
    }

    /// Generates a key that is valid only in this process.
    pub(super) fn random(purpose: &str) -> Option<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok()?;
        Self::by(&key, purpose)
    }

    fn by(key: &[u8], purpose: &str) -> Option<Self> {
        let purpose = [FOR, b"\0", purpose.as_bytes()].concat();
        RandomizedNonceKey::new(&AES_256_GCM, key).ok().map(|key| Self(key, purpose))
    }

    pub(super) fn close(&self, mut text: Vec<u8>) -> Option<String> {
        let nonce = self.0.seal_in_place_append_tag(Aad::from(&self.1), &mut text).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &text].concat()))
    }

    pub(super) fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let (nonce, mut text) = (Nonce::try_assume_unique_for_key(nonce).ok()?, text.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(&self.1), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_data_opens_only_unmodified_with_its_key_and_purpose() {
        let of = |purpose| Seal::of(&[7; 32], purpose).unwrap();
        let (seal, same, other) = (of("a"), of("a"), Seal::random("a").unwrap());
        let closed = seal.close(b"on its way".to_vec()).unwrap();
        assert_ne!(closed, seal.close(b"on its way".to_vec()).unwrap(), "no two are equal");
        assert_eq!(same.open(&closed).as_deref(), Some(b"on its way".as_slice()));
        assert_eq!((other.open(&closed), of("b").open(&closed)), (None, None), "another key, another purpose");
        for at in 0..closed.len() {
            let mut changed = closed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open(std::str::from_utf8(&changed).unwrap()), None, "{at}");
        }
        for broken in ["", "AAAA", &closed[..20], "\u{e9}"] {
            assert_eq!(seal.open(broken), None, "{broken}");
        }
    }

    #[test]
    fn data_sealed_by_an_earlier_version_opens() {
        // A change of the constant, the key derivation or the layout ends all logins that are pending during an update.
        const SEALED: &str = "AAECAwQFBgcICQoLyg7I_flOhoBubPQ_ytHjmw9X0T-zGht8XnE";
        let seal = Seal::of(b"a secret of at least 32 characters", "a purpose").unwrap();
        assert_eq!(seal.open(SEALED).as_deref(), Some(b"on its way".as_slice()));
    }
}
