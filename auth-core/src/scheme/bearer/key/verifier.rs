//! Signature verifiers, each prepared once from a key.

pub(super) use self::backend::{KEY_UTILS, MOST_RSA_BITS, PROVIDER, Prepared};

/// Verifiers based on aws-lc-rs. Each is created once, so that the key is parsed and the pads of HMAC are hashed at startup.
#[cfg(feature = "jwt-aws-lc")]
mod backend {
    use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
    use aws_lc_rs::{constant_time, hmac};
    use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
    use jsonwebtoken::{DecodingKey, DecodingKeyKind};

    use super::super::Algorithm;
    use super::super::{KeyError, unusable};

    pub(in super::super) static PROVIDER: &CryptoProvider = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
    pub(in super::super) static KEY_UTILS: &KeyUtils = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.key_utils;
    pub(in super::super) const MOST_RSA_BITS: usize = 8192;

    pub(in super::super) enum Prepared {
        Secret(Box<hmac::Key>),
        Public(ParsedPublicKey),
    }

    impl Prepared {
        pub(in super::super) fn new(algorithm: Algorithm, key: DecodingKey) -> Result<Self, KeyError> {
            let public: &'static dyn VerificationAlgorithm = match algorithm {
                Algorithm::HS256 => return secret(hmac::HMAC_SHA256, &key),
                Algorithm::HS384 => return secret(hmac::HMAC_SHA384, &key),
                Algorithm::HS512 => return secret(hmac::HMAC_SHA512, &key),
                Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
                Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
                Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
                Algorithm::ES256 => &signature::ECDSA_P256_SHA256_FIXED,
                Algorithm::ES384 => &signature::ECDSA_P384_SHA384_FIXED,
                Algorithm::EdDSA => &signature::ED25519,
            };
            let parsed = match key.kind() {
                DecodingKeyKind::SecretOrDer(bytes) => ParsedPublicKey::new(public, bytes),
                DecodingKeyKind::RsaModulusExponent { n, e } => ParsedPublicKey::new(public, rsa_public_key(n, e)),
            };
            parsed.map(Self::Public).map_err(|_| unusable(algorithm))
        }

        pub(in super::super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
            match self {
                Self::Public(key) => key.verify_sig(message, signature).is_ok(),
                Self::Secret(key) => {
                    let expected = hmac::sign(key, message);
                    constant_time::verify_slices_are_equal(expected.as_ref(), signature).is_ok()
                }
            }
        }
    }

    fn secret(algorithm: hmac::Algorithm, key: &DecodingKey) -> Result<Prepared, KeyError> {
        let secret = key.try_get_as_bytes().map_err(|_| KeyError::OtherAlgorithm)?;
        Ok(Prepared::Secret(Box::new(hmac::Key::new(algorithm, secret))))
    }

    /// Encodes an `RSAPublicKey` (RFC 8017 A.1.1) in DER, as a sequence of two positive integers.
    fn rsa_public_key(n: &[u8], e: &[u8]) -> Vec<u8> {
        fn element(tag: u8, content: &[u8]) -> Vec<u8> {
            let length = content.len().to_be_bytes();
            let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            let mut der = vec![tag];
            match length.as_slice() {
                [] => der.push(0),
                [short] if *short < 0x80 => der.push(*short),
                long => {
                    der.push(0x80 | long.len() as u8);
                    der.extend_from_slice(long);
                }
            }
            der.extend_from_slice(content);
            der
        }
        // A leading zero keeps the integer positive.
        let integer = |number: &[u8]| match number.first() {
            Some(first) if *first >= 0x80 => element(2, &[&[0], number].concat()),
            _ => element(2, number),
        };
        element(0x30, &[integer(n), integer(e)].concat())
    }
}

/// Verifiers of jsonwebtoken, for builds without aws-lc-rs. They cannot be shared between threads, so one is created per token.
#[cfg(not(feature = "jwt-aws-lc"))]
mod backend {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::DecodingKey;
    use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};

    use super::super::{Algorithm, KeyError, unusable};

    pub(in super::super) static PROVIDER: &CryptoProvider = &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
    pub(in super::super) static KEY_UTILS: &KeyUtils = &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.key_utils;
    pub(in super::super) const MOST_RSA_BITS: usize = 4096;

    pub(in super::super) struct Prepared {
        algorithm: Algorithm,
        key: DecodingKey,
    }

    impl Prepared {
        pub(in super::super) fn new(algorithm: Algorithm, key: DecodingKey) -> Result<Self, KeyError> {
            super::super::install_provider();
            // An EC or Ed25519 key that is not a point on the curve is detected only when a verifier is created from it.
            jsonwebtoken::crypto::verify("", b"", &key, algorithm.to_jsonwebtoken())
                .map_err(|_| unusable(algorithm))?;
            Ok(Self { algorithm, key })
        }

        pub(in super::super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
            let signature = URL_SAFE_NO_PAD.encode(signature);
            jsonwebtoken::crypto::verify(&signature, message, &self.key, self.algorithm.to_jsonwebtoken())
                .unwrap_or(false)
        }
    }
}
