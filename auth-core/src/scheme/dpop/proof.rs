//! Strict parsing of DPoP proofs (RFC 9449 §4.2, §4.3).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::AHEAD;
use super::uri::Uri;
use crate::runtime::clock::Timestamp;
use crate::runtime::strict_json;
use crate::scheme::bearer::ProofKey;

/// The contents of a valid proof.
#[derive(Debug)]
pub(super) struct DpopProof {
    /// Thumbprint of the key that signed the proof (RFC 7638).
    pub(super) thumbprint: String,
    pub(super) method: String,
    pub(super) uri: Uri,
    pub(super) id: String,
    pub(super) nonce: Option<String>,
}

/// Maximum length of a proof in bytes. Sufficient for a proof with an RSA key and a long URL.
const LONGEST: usize = 4096;
const LONGEST_ID: usize = 256;
const MOST_MEMBERS: usize = 32;

/// Parses and verifies a proof for a token. The error is the cause for the log.
pub(super) fn read(line: &[u8], token: &str, now: Timestamp, window: Duration) -> Result<DpopProof, &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "the proof is not UTF-8")?.trim_matches([' ', '\t']);
    if text.len() > LONGEST {
        return Err("the proof is too long");
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(PARTS)?;
    let (header, claims) = signed.split_once('.').ok_or(PARTS)?;
    if claims.contains('.') {
        return Err(PARTS);
    }
    let key = ProofKey::read(&decoded(header)?)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the signature is not canonical base64url")?;
    if !key.verifies(signed.as_bytes(), &signature) {
        return Err("the signature of the proof is invalid");
    }
    let claims = ProofClaims::read(&decoded(claims)?)?;
    let (made, made_up) = claims.iat.ok_or("the proof contains no time of issue (iat)")?;
    if made < now.minus(window) || made_up > now.plus(AHEAD) {
        return Err("the proof is too old, or not valid yet (iat)");
    }
    // A proof for another token is invalid, even if that token is bound to the same key (DPOP-4).
    let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
    if !bool::from(expected.as_bytes().ct_eq(claims.ath.as_bytes())) {
        return Err("the proof is for another token (ath)");
    }
    let uri = Uri::of_proof(&claims.htu).ok_or("the proof contains no valid URI (htu)")?;
    Ok(DpopProof { thumbprint: key.thumbprint, method: claims.htm, uri, id: claims.jti, nonce: claims.nonce })
}

const PARTS: &str = "the proof does not have three parts";

fn decoded(part: &str) -> Result<String, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| "the proof is not canonical base64url")?;
    String::from_utf8(bytes).map_err(|_| "the proof is not UTF-8")
}

#[derive(Default)]
struct ProofClaims {
    jti: String,
    htm: String,
    htu: String,
    ath: String,
    iat: Option<(Timestamp, Timestamp)>,
    nonce: Option<String>,
}

impl ProofClaims {
    fn read(text: &str) -> Result<Self, &'static str> {
        let (mut claims, mut refused) = (Self::default(), None);
        strict_json::small_object(text, MOST_MEMBERS, |name, value| {
            let string = || value.string().map(std::borrow::Cow::into_owned);
            let fits = match name {
                "jti" => string().filter(|id| !id.is_empty() && id.len() <= LONGEST_ID).map(|id| claims.jti = id),
                "htm" => string().map(|method| claims.htm = method),
                "htu" => string().map(|uri| claims.htu = uri),
                "ath" => string().map(|hash| claims.ath = hash),
                "nonce" => string().map(|nonce| claims.nonce = Some(nonce)),
                "iat" => value.numeric_date().map(|made| claims.iat = Some(made)),
                _ => Some(()),
            };
            if fits.is_none() {
                refused = Some("a claim of the proof has another type, or is too long");
            }
        })
        .map_err(|_| "the claims of the proof are not a strict JSON object")?;
        match refused {
            Some(cause) => Err(cause),
            None if claims.jti.is_empty() || claims.htm.is_empty() => {
                Err("the proof contains no id or no method (jti, htm)")
            }
            None => Ok(claims),
        }
    }
}
