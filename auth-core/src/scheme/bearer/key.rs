//! Keys: one key, one algorithm, checked and prepared at start-up.

use aws_or_other::Prepared;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

/// A key that verifies tokens of exactly one algorithm. What is wrong with it is an error of `build()`.
///
/// ```
/// use auth_core::scheme::bearer::{Algorithm, Key};
/// let key = Key::secret(Algorithm::HS256, [7; 32]).kid("2026-11");
/// ```
#[derive(Clone)]
pub struct Key {
    algorithm: Algorithm,
    kid: Option<String>,
    material: Result<DecodingKey, KeyError>,
}

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Shorter than the hash that it is for (RFC 7518 §3.2).
    #[error("an HMAC secret for this algorithm has at least {0} bytes")]
    SecretTooShort(usize),
    /// Everybody knows a public key, so everybody could sign with it.
    #[error("the HMAC secret is a public key, which is no secret")]
    SecretIsPublicKey,
    /// The algorithm of the key is of another family.
    #[error("the key is not one for this algorithm")]
    OtherAlgorithm,
    /// What verifies has no need of a private key.
    #[error("a private key stands where the public one belongs")]
    PrivateKey,
    /// Nothing that could be read.
    #[error("this is no public key in the encoding that was named")]
    Unreadable,
    /// Under 2048 bits (RFC 7518 §3.3).
    #[error("an RSA key has at least 2048 bits")]
    RsaTooShort,
    /// More bits than the backend verifies with: 8192 with aws-lc, 4096 with RustCrypto.
    #[error("an RSA key has at most {0} bits")]
    RsaTooLong(usize),
    /// Even, or 1, or more than the backends verify with.
    #[error("the exponent of an RSA key is odd, at least 3 and below 2^32")]
    RsaExponent,
    /// Another curve than the algorithm's, or a point that is not on it (RFC 8725 §3.4).
    #[error("the key is no point on the curve of this algorithm")]
    NotOnCurve,
    /// `use` or `key_ops` of the JWK say that it does not verify signatures (RFC 7517 §4.2, §4.3).
    #[error("the JWK is not meant to verify signatures")]
    OtherUse,
    /// The JWK names no algorithm, and its type does not settle it.
    #[error("the JWK does not say which algorithm it is for")]
    NoAlgorithm,
}

impl Key {
    /// A secret for HS256, HS384 or HS512, at least as long as the hash.
    pub fn secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Self {
        let secret = secret.as_ref();
        let least = match algorithm {
            Algorithm::HS256 => Ok(32),
            Algorithm::HS384 => Ok(48),
            Algorithm::HS512 => Ok(64),
            _ => Err(KeyError::OtherAlgorithm),
        };
        let material = least.and_then(|least| match secret.len() {
            length if length < least => Err(KeyError::SecretTooShort(least)),
            _ if is_public_key(secret) => Err(KeyError::SecretIsPublicKey),
            _ => Ok(DecodingKey::from_secret(secret)),
        });
        Self { algorithm, kid: None, material }
    }

    /// A public key in PEM: `BEGIN PUBLIC KEY`, or `BEGIN RSA PUBLIC KEY`.
    pub fn pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Self {
        let pem = pem.as_ref();
        let material = if contains(pem, b"PRIVATE KEY-----") {
            Err(KeyError::PrivateKey)
        } else if !contains(pem, b"PUBLIC KEY-----") || contains(pem, b"CERTIFICATE-----") {
            Err(KeyError::Unreadable) // of a certificate nobody would check whether it still holds
        } else {
            read_pem(algorithm.family(), pem).and_then(|key| checked(algorithm, key))
        };
        Self { algorithm, kid: None, material }
    }

    /// A public key in DER: a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    pub fn der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Self {
        let der = der.as_ref();
        let material = if is_public_key_info(der) {
            read_pem(algorithm.family(), &to_pem("PUBLIC KEY", der)).and_then(|key| checked(algorithm, key))
        } else {
            Err(KeyError::Unreadable)
        };
        Self { algorithm, kid: None, material }
    }

    /// A JWK (RFC 7517), as JSON text. Its `alg` says the algorithm; without one, an RSA key is for RS256, an EC key for
    /// the algorithm of its curve, an Ed25519 key for EdDSA.
    pub fn jwk(json: &str) -> Self {
        match serde_json::from_str(json).map_err(|_| KeyError::Unreadable).and_then(|value| read_jwk(&value)) {
            Ok(key) => key,
            Err(error) => Self { algorithm: Algorithm::default(), kid: None, material: Err(error) },
        }
    }

    /// The id by which tokens name this key. A token that names none is tried against every key of its algorithm.
    #[must_use]
    pub fn kid(self, kid: impl Into<String>) -> Self {
        Self { kid: Some(kid.into()), ..self }
    }

    /// The usable keys of a JWK set (RFC 7517 §5): one that cannot be used does not void the others.
    pub(super) fn of_set(json: &str) -> Result<Vec<Self>, KeyError> {
        let set: Value = serde_json::from_str(json).map_err(|_| KeyError::Unreadable)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(KeyError::Unreadable)?;
        Ok(keys.iter().filter_map(|key| read_jwk(key).ok()).filter(|key| key.clone().prepare().is_ok()).collect())
    }

    /// Whether a token that names this key, or none if this has no id, is tried against the other one too.
    pub(super) fn is_tried_with(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && (other.kid.is_none() || self.kid == other.kid)
    }

    pub(super) fn is_hmac(&self) -> bool {
        self.algorithm.family() == AlgorithmFamily::Hmac
    }

    /// Whether both are the same HMAC secret.
    pub(super) fn is_same_secret(&self, other: &Self) -> bool {
        // HMAC fills a secret up with zeros (RFC 2104 §2), so those at its end make no other one of it.
        let unpadded = |secret: &[u8]| {
            let zeros = secret.iter().rev().take_while(|byte| **byte == 0).count();
            secret.iter().copied().take(secret.len() - zeros).collect::<Vec<_>>()
        };
        let secret = |key: &Self| match &key.material {
            Ok(material) if key.is_hmac() => material.try_get_as_bytes().map(unpadded).ok(),
            _ => None,
        };
        matches!((secret(self), secret(other)), (Some(a), Some(b)) if a.ct_eq(&b).into())
    }

    pub(super) fn prepare(self) -> Result<PreparedKey, KeyError> {
        let verifier = Prepared::new(self.algorithm, self.material?)?;
        Ok(PreparedKey { algorithm: self.algorithm, kid: self.kid, verifier })
    }
}

/// No key material.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// A key with its verifier, made once.
pub(super) struct PreparedKey {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    verifier: Prepared,
}

impl PreparedKey {
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verifies(message, signature)
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn to_pem(label: &str, der: &[u8]) -> Vec<u8> {
    let lines: Vec<_> = STANDARD.encode(der).into_bytes().chunks(64).map(<[u8]>::to_vec).collect();
    [
        format!("-----BEGIN {label}-----\n").as_bytes(),
        &lines.join(&b'\n'),
        format!("\n-----END {label}-----\n").as_bytes(),
    ]
    .concat()
}

fn read_pem(family: AlgorithmFamily, pem: &[u8]) -> Result<DecodingKey, KeyError> {
    let read = match family {
        AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(pem),
        AlgorithmFamily::Ec => DecodingKey::from_ec_pem(pem),
        AlgorithmFamily::Ed => DecodingKey::from_ed_pem(pem),
        AlgorithmFamily::Hmac => return Err(KeyError::OtherAlgorithm),
    };
    read.map_err(|_| {
        let families = [AlgorithmFamily::Rsa, AlgorithmFamily::Ec, AlgorithmFamily::Ed];
        let of_another = families.iter().filter(|other| **other != family).any(|other| match other {
            AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(pem).is_ok(),
            AlgorithmFamily::Ec => DecodingKey::from_ec_pem(pem).is_ok(),
            _ => DecodingKey::from_ed_pem(pem).is_ok(),
        });
        if of_another { KeyError::OtherAlgorithm } else { KeyError::Unreadable }
    })
}

/// Whether the DER begins as a `SubjectPublicKeyInfo` does: with a sequence that begins with an object identifier. In a
/// certificate yet another sequence stands there, in a private key a number.
fn is_public_key_info(der: &[u8]) -> bool {
    fn inside(sequence: &[u8]) -> Option<&[u8]> {
        match sequence {
            [0x30, length, rest @ ..] if *length < 0x80 => Some(rest),
            [0x30, length, rest @ ..] => rest.get(usize::from(length & 0x7f)..),
            _ => None,
        }
    }
    inside(der).and_then(inside).is_some_and(|inner| inner.first() == Some(&0x06))
}

/// Whether the bytes are a public key in any encoding in which one might be pasted (T1).
fn is_public_key(secret: &[u8]) -> bool {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let text = secret.trim_ascii();
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let base64: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
    contains(text, b"-----BEGIN ")
        || [&b"ssh-"[..], b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-"].iter().any(|prefix| text.starts_with(prefix))
        || serde_json::from_slice::<Value>(text)
            .is_ok_and(|json| json.get("kty").is_some() || json.get("keys").is_some())
        || is_public_der(secret)
        || [STANDARD_NO_PAD, URL_SAFE_NO_PAD]
            .iter()
            .any(|form| form.decode(&base64).is_ok_and(|der| is_public_der(&der)))
}

/// Whether the bytes are the DER of a public key or of a certificate.
fn is_public_der(der: &[u8]) -> bool {
    let reads_as = |label| {
        let pem = to_pem(label, der);
        rsa_parts(&DecodingKey::from_rsa_pem(&pem).ok()).is_some()
            || DecodingKey::from_ec_pem(&pem).is_ok()
            || DecodingKey::from_ed_pem(&pem).is_ok()
    };
    der.first() == Some(&0x30) && (reads_as("PUBLIC KEY") || reads_as("RSA PUBLIC KEY"))
}

/// The modulus and the exponent.
fn rsa_parts(key: &Option<DecodingKey>) -> Option<(Vec<u8>, Vec<u8>)> {
    match key.as_ref()?.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => Some((n.clone(), e.clone())),
        DecodingKeyKind::SecretOrDer(der) => (aws_or_other::KEY_UTILS.rsa_pub_components_from_public_key)(der).ok(),
    }
}

/// Checks what no library checks on every backend, and brings an RSA key into the one form of its parts.
fn checked(algorithm: Algorithm, key: DecodingKey) -> Result<DecodingKey, KeyError> {
    let length = |key: &DecodingKey| key.try_get_as_bytes().map_or(0, <[u8]>::len);
    match algorithm.family() {
        AlgorithmFamily::Rsa => {
            let (n, e) = rsa_parts(&Some(key)).ok_or(KeyError::Unreadable)?;
            let n: Vec<u8> = n.into_iter().skip_while(|byte| *byte == 0).collect();
            let e: Vec<u8> = e.into_iter().skip_while(|byte| *byte == 0).collect();
            let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
            match e.as_slice() {
                [.., last] if last % 2 == 1 && e != [1] && e.len() <= 4 => {}
                _ => return Err(KeyError::RsaExponent),
            }
            if bits < 2048 {
                return Err(KeyError::RsaTooShort);
            }
            if bits > aws_or_other::MOST_RSA_BITS {
                return Err(KeyError::RsaTooLong(aws_or_other::MOST_RSA_BITS));
            }
            if n.last().is_some_and(|last| last % 2 == 0) {
                return Err(KeyError::Unreadable); // the product of two primes is odd
            }
            Ok(DecodingKey::from_rsa_raw_components(&n, &e))
        }
        AlgorithmFamily::Ec => {
            let expected = if algorithm == Algorithm::ES256 { 65 } else { 97 };
            if length(&key) == expected { Ok(key) } else { Err(KeyError::NotOnCurve) }
        }
        AlgorithmFamily::Ed => {
            if length(&key) == 32 {
                Ok(key)
            } else {
                Err(KeyError::NotOnCurve)
            }
        }
        AlgorithmFamily::Hmac => Err(KeyError::OtherAlgorithm),
    }
}

/// What is wrong with a key that the backend does not take although it looked right.
fn unusable(algorithm: Algorithm) -> KeyError {
    if algorithm.family() == AlgorithmFamily::Rsa { KeyError::Unreadable } else { KeyError::NotOnCurve }
}

fn read_jwk(value: &Value) -> Result<Key, KeyError> {
    if ["d", "p", "q", "dp", "dq", "qi", "oth"].iter().any(|member| value.get(member).is_some()) {
        return Err(KeyError::PrivateKey);
    }
    let jwk: Jwk = serde_json::from_value(value.clone()).map_err(|_| KeyError::Unreadable)?;
    let for_signatures = jwk.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
        && jwk.common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !for_signatures {
        return Err(KeyError::OtherUse);
    }
    let said = match jwk.common.key_algorithm {
        Some(algorithm) => Some(algorithm.to_string().parse::<Algorithm>().map_err(|_| KeyError::OtherAlgorithm)?),
        None => None,
    };
    let algorithm = match (&jwk.algorithm, said) {
        (AlgorithmParameters::RSA(_), said) => said.unwrap_or(Algorithm::RS256),
        (AlgorithmParameters::EllipticCurve(key), said) => match key.curve {
            EllipticCurve::P256 => said.unwrap_or(Algorithm::ES256),
            EllipticCurve::P384 => said.unwrap_or(Algorithm::ES384),
            _ => return Err(KeyError::NotOnCurve),
        },
        (AlgorithmParameters::OctetKeyPair(key), said) if key.curve == EllipticCurve::Ed25519 => {
            said.unwrap_or(Algorithm::EdDSA)
        }
        (AlgorithmParameters::OctetKey(_), said) => said.ok_or(KeyError::NoAlgorithm)?,
        _ => return Err(KeyError::Unreadable),
    };
    let key = match &jwk.algorithm {
        AlgorithmParameters::OctetKey(secret) => {
            Key::secret(algorithm, URL_SAFE_NO_PAD.decode(&secret.value).map_err(|_| KeyError::Unreadable)?)
        }
        _ => {
            let read = DecodingKey::from_jwk(&jwk).map_err(|_| KeyError::Unreadable)?;
            let fits = if read.family() == algorithm.family() { Ok(read) } else { Err(KeyError::OtherAlgorithm) };
            Key { algorithm, kid: None, material: fits.and_then(|key| checked(algorithm, key)) }
        }
    };
    Ok(Key { kid: jwk.common.key_id, ..key })
}

/// Verifiers on aws-lc-rs, each made once: the key is parsed and the pads of HMAC are hashed at start-up.
#[cfg(feature = "jwt-aws-lc")]
mod aws_or_other {
    use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
    use aws_lc_rs::{constant_time, hmac};
    use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
    use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};

    use super::KeyError;

    pub(crate) static PROVIDER: &CryptoProvider = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
    pub(super) static KEY_UTILS: &KeyUtils = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.key_utils;
    pub(super) const MOST_RSA_BITS: usize = 8192;

    pub(super) enum Prepared {
        Secret(Box<hmac::Key>),
        Public(ParsedPublicKey),
    }

    impl Prepared {
        pub(super) fn new(algorithm: Algorithm, key: DecodingKey) -> Result<Self, KeyError> {
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
                _ => return Err(KeyError::OtherAlgorithm),
            };
            let parsed = match key.kind() {
                DecodingKeyKind::SecretOrDer(bytes) => ParsedPublicKey::new(public, bytes),
                DecodingKeyKind::RsaModulusExponent { n, e } => ParsedPublicKey::new(public, rsa_public_key(n, e)),
            };
            parsed.map(Self::Public).map_err(|_| super::unusable(algorithm))
        }

        pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
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

    /// `RSAPublicKey` (RFC 8017 A.1.1) in DER: a sequence of two positive integers.
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

/// Without aws-lc-rs, jsonwebtoken's own verifiers. They cannot be shared between threads, so one is made per token.
#[cfg(not(feature = "jwt-aws-lc"))]
mod aws_or_other {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
    use jsonwebtoken::{Algorithm, DecodingKey};

    use super::KeyError;

    pub(crate) static PROVIDER: &CryptoProvider = &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
    pub(super) static KEY_UTILS: &KeyUtils = &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.key_utils;
    pub(super) const MOST_RSA_BITS: usize = 4096;

    pub(super) struct Prepared {
        algorithm: Algorithm,
        key: DecodingKey,
    }

    impl Prepared {
        pub(super) fn new(algorithm: Algorithm, key: DecodingKey) -> Result<Self, KeyError> {
            super::install_provider();
            // A key that is no point on the curve shows when a verifier is made of it.
            jsonwebtoken::crypto::verify("", b"", &key, algorithm).map_err(|_| super::unusable(algorithm))?;
            Ok(Self { algorithm, key })
        }

        pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
            let signature = URL_SAFE_NO_PAD.encode(signature);
            jsonwebtoken::crypto::verify(&signature, message, &self.key, self.algorithm).unwrap_or(false)
        }
    }
}

/// Tells jsonwebtoken which backend to use. Where an application turns both on and says nothing, jsonwebtoken panics in
/// the first request; where somebody has said, that stands.
pub(super) fn install_provider() {
    let _ = aws_or_other::PROVIDER.install_default();
}
