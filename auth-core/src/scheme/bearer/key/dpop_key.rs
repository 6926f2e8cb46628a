//! The public key that a DPoP proof contains, and of which it proves possession (RFC 9449 §4.2).

use jsonwebtoken::AlgorithmFamily;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::Value;

use super::super::kind::is_kind;
use super::Algorithm;
use super::{PreparedKey, jwk};
use crate::runtime::strict_json::{self, Raw};

/// The public key of a proof. It identifies no owner: a valid signature only proves possession of the private key.
pub(crate) struct ProofKey {
    /// The thumbprint of the key, which is a SHA-256 hash of its public part (RFC 7638).
    pub(crate) thumbprint: String,
    key: PreparedKey,
}

const MOST_PARAMETERS: usize = 32;

impl ProofKey {
    /// Reads the key from the header of a proof. Returns the cause as an error, for the log.
    pub(crate) fn read(header: &str) -> Result<Self, &'static str> {
        let (mut algorithm, mut is_proof, mut key, mut critical) = (None, false, None, false);
        strict_json::small_object(header, MOST_PARAMETERS, |name, value| match name {
            "alg" => algorithm = value.string().and_then(|name| Algorithm::from_name(&name)),
            "typ" => is_proof = value.string().is_some_and(|kind| is_kind(&kind, "dpop+jwt")),
            "jwk" => key = Some(value),
            "crit" | "b64" | "enc" | "zip" | "cty" => critical = true,
            _ => {}
        })
        .map_err(|_| "the header of the proof is not a strict JSON object")?;
        if !is_proof || critical {
            return Err("the header is not that of a DPoP proof (typ, crit)");
        }
        let public = |algorithm: &Algorithm| algorithm.family() != AlgorithmFamily::Hmac;
        let algorithm = algorithm.filter(public).ok_or("the algorithm of the proof (alg) is not accepted")?;
        let (thumbprint, key) = read_key(key.ok_or("the proof contains no key (jwk)")?, algorithm)
            .ok_or("the key of the proof (jwk) is private, weak, or of another type than its algorithm")?;
        Ok(Self { thumbprint, key })
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verifies(message, signature)
    }
}

fn read_key(value: Raw<'_>, algorithm: Algorithm) -> Option<(String, PreparedKey)> {
    let mut value: Value = serde_json::from_str(value.text()).ok()?;
    // The key must be for the algorithm of the header, under either of its names (RFC 9864 §2.2).
    let said = value.as_object_mut()?.entry("alg").or_insert_with(|| format!("{algorithm:?}").into());
    if said.as_str().and_then(Algorithm::from_name) != Some(algorithm) {
        return None;
    }
    let key = jwk::read(&value).ok()?.prepare().ok().filter(|key| key.algorithm == algorithm)?;
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    Some((jwk.thumbprint(ThumbprintHash::SHA256).ok()?, key))
}
