//! Keys in JSON (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde_json::Value;

use super::Algorithm;
use super::{Key, KeyError, KeyIssuer, checked};

/// Reads a JWK for exactly one algorithm.
pub(super) fn read(value: &Value) -> Result<Key, KeyError> {
    let value = &without_empty_members(value);
    if ["d", "p", "q", "dp", "dq", "qi", "oth"].iter().any(|member| value.get(member).is_some()) {
        return Err(KeyError::PrivateKey);
    }
    let issuer = match value.get("issuer") {
        None => None,
        Some(Value::String(name)) => Some(KeyIssuer::new(name)),
        Some(_) => return Err(KeyError::Unreadable),
    };
    let jwk: Jwk = serde_json::from_value(value.clone()).map_err(|_| KeyError::Unreadable)?;
    let for_signatures = jwk.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
        && jwk.common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !for_signatures {
        return Err(KeyError::OtherUse);
    }
    let said = match jwk.common.key_algorithm {
        Some(_) => Some(value["alg"].as_str().and_then(Algorithm::from_name).ok_or(KeyError::OtherAlgorithm)?),
        None => None,
    };
    let is_assumed = said.is_none();
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
            Key {
                algorithm,
                kid: None,
                is_assumed,
                issuer: None,
                material: fits.and_then(|key| checked(algorithm, key)),
            }
        }
    };
    Ok(Key { kid: jwk.common.key_id, issuer, ..key })
}

/// Returns the members that are neither null nor empty, because serializers write both for missing members.
fn without_empty_members(jwk: &Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let members = jwk.as_object().into_iter().flatten().filter(|(_, value)| !is_empty(value));
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
}
