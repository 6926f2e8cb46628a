//! Keys, each for exactly one algorithm, validated and prepared at startup.

mod algorithm;
mod encoding;
mod issuer;
mod jwk;
mod dpop_key;
mod verifier;

use curve25519_dalek::edwards::CompressedEdwardsY;
use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

pub use self::algorithm::Algorithm;
pub(crate) use self::dpop_key::ProofKey;
use self::encoding::{contains, is_public_key, is_public_key_info, read_pem, to_pem};
pub(super) use self::issuer::KeyIssuer;
use self::verifier::Prepared;

/// A key that verifies tokens of exactly one algorithm. An invalid key is an error of `build()`.
///
/// ```
/// use auth_actix::jwt::{Algorithm, Key};
/// let key = Key::secret(Algorithm::HS256, [7; 32]).kid("2026-11");
/// ```
#[derive(Clone)]
pub struct Key {
    algorithm: Algorithm,
    kid: Option<String>,
    /// Whether the algorithm is assumed, because the key is an RSA key whose JWK specifies none.
    is_assumed: bool,
    /// The only issuer whose tokens the key verifies, if the JWK names one.
    issuer: Option<KeyIssuer>,
    material: Result<DecodingKey, KeyError>,
}

/// An error of a key.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The secret is shorter than the output of the hash (RFC 7518 §3.2).
    #[error(
        "the HMAC secret has {found} bytes, and this algorithm needs {least}: `openssl rand -hex {least}` generates one"
    )]
    SecretTooShort {
        /// The length of the secret in bytes.
        found: usize,
        /// The minimum in bytes.
        least: usize,
    },
    /// The secret is a public key, with which anyone could sign tokens.
    #[error("the HMAC secret is a public key")]
    SecretIsPublicKey,
    /// The key cannot be used with the configured algorithm.
    #[error(
        "the key is not one for this algorithm: an RSA key is for RS256 or PS256, an EC key of P-256 for ES256, one of P-384 for ES384, an Ed25519 key for EdDSA"
    )]
    OtherAlgorithm,
    /// The key is a private key, which verification does not need.
    #[error("expected a public key, found a private key")]
    PrivateKey,
    /// The key cannot be read.
    #[error("this is not a public key in the encoding of this constructor")]
    Unreadable,
    /// The key is a certificate. It is rejected because its validity would not be checked.
    #[error("this is a certificate: extract its key with `openssl x509 -pubkey -noout`")]
    Certificate,
    /// The text is the path of a file.
    #[error("this looks like a path: call `Key::pem_file(…)` to read a file")]
    Path,
    /// The file cannot be read.
    #[error("the file of the key cannot be read")]
    File,
    /// The RSA key has less than 2048 bits (RFC 7518 §3.3).
    #[error("an RSA key has at least 2048 bits")]
    RsaTooShort,
    /// The RSA key has more bits than the backend supports: 8192 with aws-lc, 4096 with RustCrypto.
    #[error("an RSA key has at most {0} bits")]
    RsaTooLong(usize),
    /// The RSA exponent is even, 1, or larger than the backends support.
    #[error("the exponent of an RSA key is odd, at least 3 and below 2^32")]
    RsaExponent,
    /// The key is for another curve than the algorithm, or is not a point on the curve (RFC 8725 §3.4).
    #[error("the key is not a point on the curve of this algorithm")]
    NotOnCurve,
    /// The Ed25519 point has small order, so that valid signatures can be made without the private key.
    #[error("the Ed25519 key has small order: anyone can make signatures that it verifies")]
    SmallOrder,
    /// The `issuer` of the JWK differs from `.issuer(…)`.
    #[error("the JWK is for another issuer (`issuer`)")]
    OtherIssuer,
    /// `use` or `key_ops` of the JWK do not allow the verification of signatures (RFC 7517 §4.2, §4.3).
    #[error("the JWK is not for verifying signatures (`use`, `key_ops`)")]
    OtherUse,
    /// The JWK specifies no algorithm, and its key type does not determine one.
    #[error("the JWK contains no algorithm (`alg`)")]
    NoAlgorithm,
}

crate::debug_as_display!(KeyError);

impl Key {
    /// Creates an HMAC key for HS256, HS384 or HS512. The secret must be at least as long as the output of the hash.
    pub fn secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Self {
        let secret = secret.as_ref();
        let least = match algorithm {
            Algorithm::HS256 => Ok(32),
            Algorithm::HS384 => Ok(48),
            Algorithm::HS512 => Ok(64),
            _ => Err(KeyError::OtherAlgorithm),
        };
        let material = least.and_then(|least| match secret.len() {
            found if found < least => Err(KeyError::SecretTooShort { found, least }),
            _ if is_public_key(secret) => Err(KeyError::SecretIsPublicKey),
            _ => Ok(DecodingKey::from_secret(secret)),
        });
        Self { algorithm, kid: None, is_assumed: false, issuer: None, material }
    }

    /// Reads a public key in PEM: `BEGIN PUBLIC KEY` or `BEGIN RSA PUBLIC KEY`.
    pub fn pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Self {
        let pem = pem.as_ref();
        let is_path = !contains(pem, b"-----") && pem.len() < 512 && (pem.ends_with(b".pem") || pem.contains(&b'/'));
        let material = if contains(pem, b"PRIVATE KEY-----") {
            Err(KeyError::PrivateKey)
        } else if contains(pem, b"CERTIFICATE-----") {
            Err(KeyError::Certificate)
        } else if is_path {
            Err(KeyError::Path)
        } else if !contains(pem, b"PUBLIC KEY-----") {
            Err(KeyError::Unreadable)
        } else {
            read_pem(algorithm.family(), pem).and_then(|key| checked(algorithm, key))
        };
        Self { algorithm, kid: None, is_assumed: false, issuer: None, material }
    }

    /// Like [`pem`](Self::pem), but reads a file. An unreadable file is an error of `build()`.
    ///
    /// ```no_run
    /// use auth_actix::Jwt;
    /// use auth_actix::jwt::{Algorithm, Key};
    /// let key = Key::pem_file(Algorithm::ES256, "/etc/reports/issuer.pem");
    /// let jwt = Jwt::key(key).issuer("https://id.example").audience("reports");
    /// ```
    pub fn pem_file(algorithm: Algorithm, path: impl AsRef<std::path::Path>) -> Self {
        match std::fs::read(path) {
            Ok(pem) => Self::pem(algorithm, pem),
            Err(_) => Self { algorithm, kid: None, is_assumed: false, issuer: None, material: Err(KeyError::File) },
        }
    }

    /// Reads a public key in DER, which must be a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    pub fn der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Self {
        let der = der.as_ref();
        let material = if is_public_key_info(der) {
            read_pem(algorithm.family(), &to_pem("PUBLIC KEY", der)).and_then(|key| checked(algorithm, key))
        } else {
            Err(KeyError::Unreadable)
        };
        Self { algorithm, kid: None, is_assumed: false, issuer: None, material }
    }

    /// Reads a JWK (RFC 7517) from JSON text. Its `alg` specifies the algorithm. Without `alg`, an RSA key is for RS256, an EC key
    /// for the algorithm of its curve, and an Ed25519 key for EdDSA.
    ///
    /// A member `issuer`, which Entra ID publishes, restricts the key to tokens of that issuer. `{tenantid}` in it matches any
    /// single path segment.
    pub fn jwk(json: &str) -> Self {
        match serde_json::from_str(json).map_err(|_| KeyError::Unreadable).and_then(|value| jwk::read(&value)) {
            Ok(key) => key,
            Err(error) => {
                Self { algorithm: Algorithm::HS256, kid: None, is_assumed: false, issuer: None, material: Err(error) }
            }
        }
    }

    /// Sets the id by which tokens name this key. A token without a `kid` is tried against every key of its algorithm.
    #[must_use]
    pub fn kid(self, kid: impl Into<String>) -> Self {
        Self { kid: Some(kid.into()), ..self }
    }

    /// Reads the keys of a JWK set (RFC 7517 §5), each of which may be invalid. Returns `None` if there are more than `most`.
    pub(super) fn of_set(json: &str, most: usize) -> Result<Option<Vec<Result<Self, KeyError>>>, KeyError> {
        let set: Value = serde_json::from_str(json).map_err(|_| KeyError::Unreadable)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(KeyError::Unreadable)?;
        Ok((keys.len() <= most).then(|| keys.iter().map(jwk::read).collect()))
    }

    /// Returns whether a token that names this key is also tried against `other`. If this key has no id, returns whether a token
    /// without a `kid` is tried against both.
    pub(super) fn is_tried_with(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && (other.kid.is_none() || self.kid == other.kid)
    }

    /// Sets the algorithm if this is an RSA key whose JWK specifies none.
    pub(super) fn assume_rsa_algorithm(self, algorithm: Option<Algorithm>) -> Self {
        match algorithm {
            Some(algorithm) if self.is_assumed && self.algorithm.family() == AlgorithmFamily::Rsa => {
                Self { algorithm, ..self }
            }
            _ => self,
        }
    }

    /// Returns whether the key verifies tokens of this issuer. A key whose JWK names no issuer verifies tokens of all issuers.
    pub(super) fn is_of_issuer(&self, name: &str) -> bool {
        self.issuer.as_ref().is_none_or(|issuer| issuer.is(name))
    }

    pub(super) fn is_hmac(&self) -> bool {
        self.algorithm.family() == AlgorithmFamily::Hmac
    }

    /// Returns whether both keys are the same HMAC secret.
    pub(super) fn is_same_secret(&self, other: &Self) -> bool {
        // HMAC pads a secret with zeros (RFC 2104 §2), so trailing zeros do not make it a different secret.
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
        Ok(PreparedKey { algorithm: self.algorithm, kid: self.kid, issuer: self.issuer, verifier })
    }
}

/// Redacts the key material.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// A key with its prepared verifier.
pub(super) struct PreparedKey {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) issuer: Option<KeyIssuer>,
    verifier: Prepared,
}

impl PreparedKey {
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verifies(message, signature)
    }
}

/// Returns the modulus and the exponent of an RSA key.
fn rsa_parts(key: &Option<DecodingKey>) -> Option<(Vec<u8>, Vec<u8>)> {
    match key.as_ref()?.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => Some((n.clone(), e.clone())),
        DecodingKeyKind::SecretOrDer(der) => (verifier::KEY_UTILS.rsa_pub_components_from_public_key)(der).ok(),
    }
}

/// Checks properties of a key that not every backend checks, and converts an RSA key to its raw components.
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
            if bits > verifier::MOST_RSA_BITS {
                return Err(KeyError::RsaTooLong(verifier::MOST_RSA_BITS));
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
            let bytes = key.try_get_as_bytes().map_err(|_| KeyError::NotOnCurve)?;
            check_edwards_point(bytes)?;
            Ok(key)
        }
        AlgorithmFamily::Hmac => Err(KeyError::OtherAlgorithm),
    }
}

/// Checks that the bytes are the canonical encoding of an Ed25519 point that is not of small order (RFC 8032 §5.1.3, §5.1.7). The
/// backends check neither.
fn check_edwards_point(bytes: &[u8]) -> Result<(), KeyError> {
    let encoded = CompressedEdwardsY::from_slice(bytes).map_err(|_| KeyError::NotOnCurve)?;
    let point = encoded.decompress().ok_or(KeyError::NotOnCurve)?;
    if point.is_small_order() {
        return Err(KeyError::SmallOrder);
    }
    if point.compress() == encoded { Ok(()) } else { Err(KeyError::NotOnCurve) }
}

/// Returns the error for a key that passed the checks but is rejected by the backend.
fn unusable(algorithm: Algorithm) -> KeyError {
    if algorithm.family() == AlgorithmFamily::Rsa { KeyError::Unreadable } else { KeyError::NotOnCurve }
}

/// Selects the backend of jsonwebtoken. If an application enables both backends and selects neither, jsonwebtoken panics in the
/// first request. A backend that is already selected is kept.
pub(super) fn install_provider() {
    let _ = verifier::PROVIDER.install_default();
}
