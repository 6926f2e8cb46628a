//! Proofs of possession (RFC 9449), valid and invalid, generated without the crates under test.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::token::base64url;

/// An ES256 key of a client.
pub struct Key {
    key: EncodingKey,
    jwk: Value,
}

impl Key {
    /// Generates a new key.
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let key = EncodingKey::from_ec_der(pair.as_ref());
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        Self { key, jwk: serde_json::to_value(jwk).unwrap() }
    }

    /// Returns the public key as a JWK.
    pub fn public(&self) -> Value {
        let mut jwk = self.jwk.clone();
        jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
        jwk
    }

    /// Returns a JWK with private members, which must not be accepted.
    pub fn private(&self) -> Value {
        let mut jwk = self.public();
        jwk["d"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        jwk
    }

    /// Returns the thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> String {
        serde_json::from_value::<Jwk>(self.jwk.clone()).unwrap().thumbprint(ThumbprintHash::SHA256).unwrap()
    }

    /// Returns a proof. The given members replace those of a valid proof. `null` removes a member.
    pub fn proof(&self, header: Value, mut claims: Value, others: Value) -> String {
        let mut whole = json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": self.public() });
        for (into, from) in [(&mut whole, header), (&mut claims, others)] {
            for (name, value) in from.as_object().unwrap() {
                into[name] = value.clone();
            }
            into.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
        let message = format!("{}.{}", base64url(whole.to_string()), base64url(claims.to_string()));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, Algorithm::ES256).unwrap();
        format!("{message}.{signature}")
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the token hash of a proof: base64url of SHA-256.
pub fn hash(token: &str) -> String {
    let digest = (jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.key_utils.compute_digest)(
        token.as_bytes(),
        ThumbprintHash::SHA256,
    );
    base64url(digest.unwrap())
}

/// Returns a new unique proof id.
pub fn fresh() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("proof-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
