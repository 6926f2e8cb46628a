//! PEM and DER encodings, and the detection of public keys that are used as secrets.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use serde_json::Value;

use super::{KeyError, rsa_parts};

pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

pub(super) fn to_pem(label: &str, der: &[u8]) -> Vec<u8> {
    let lines: Vec<_> = STANDARD.encode(der).into_bytes().chunks(64).map(<[u8]>::to_vec).collect();
    [
        format!("-----BEGIN {label}-----\n").as_bytes(),
        &lines.join(&b'\n'),
        format!("\n-----END {label}-----\n").as_bytes(),
    ]
    .concat()
}

pub(super) fn read_pem(family: AlgorithmFamily, pem: &[u8]) -> Result<DecodingKey, KeyError> {
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

/// Returns whether the DER begins like a `SubjectPublicKeyInfo`, which is a sequence whose first element is a sequence that starts
/// with an object identifier. In a certificate, the inner sequence starts with a version or serial number. A private key starts
/// with a number instead of the inner sequence.
pub(super) fn is_public_key_info(der: &[u8]) -> bool {
    fn inside(sequence: &[u8]) -> Option<&[u8]> {
        match sequence {
            [0x30, length, rest @ ..] if *length < 0x80 => Some(rest),
            [0x30, length, rest @ ..] => rest.get(usize::from(length & 0x7f)..),
            _ => None,
        }
    }
    inside(der).and_then(inside).is_some_and(|inner| inner.first() == Some(&0x06))
}

/// Returns whether the bytes are a public key in any encoding in which one might be pasted (T1).
pub(super) fn is_public_key(secret: &[u8]) -> bool {
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

/// Returns whether the bytes are the DER of a public key or a certificate.
fn is_public_der(der: &[u8]) -> bool {
    let reads_as = |label| {
        let pem = to_pem(label, der);
        rsa_parts(&DecodingKey::from_rsa_pem(&pem).ok()).is_some()
            || DecodingKey::from_ec_pem(&pem).is_ok()
            || DecodingKey::from_ed_pem(&pem).is_ok()
    };
    der.first() == Some(&0x30) && (reads_as("PUBLIC KEY") || reads_as("RSA PUBLIC KEY"))
}
