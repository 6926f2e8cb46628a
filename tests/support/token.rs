//! Credentials for tests: tokens signed by jsonwebtoken, and Basic.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// The default issuer.
pub const ISSUER: &str = "https://id.example";
/// The default audience.
pub const AUDIENCE: &str = "reports";
/// The default HMAC secret.
pub const SECRET: [u8; 32] = [7; 32];

/// Returns the current time in seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap()
}

/// Returns a token of [`ISSUER`] that is valid for one hour. The given members are added or replace the default ones. `null`
/// removes a member.
pub fn token(members: Value) -> String {
    token_of(ISSUER, &SECRET, members)
}

/// Like [`token`], with another issuer and secret.
pub fn token_of(issuer: &str, secret: &[u8], members: Value) -> String {
    let mut claims = json!({ "iss": issuer, "aud": AUDIENCE, "sub": "alice", "exp": now() + 3600 });
    for (name, value) in members.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let all = claims.as_object_mut().unwrap();
    all.retain(|_, value| !value.is_null());
    let key = EncodingKey::from_secret(secret);
    // With two backends enabled, jsonwebtoken requires an explicit choice. Fails if it was already made.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

/// Returns the value of `Authorization` for [`token`].
pub fn bearer(members: Value) -> String {
    format!("Bearer {}", token(members))
}

/// Returns the value of `Authorization` for a name and a password.
pub fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// Like [`basic`], for arbitrary bytes instead of a name and a password.
pub fn basic_of(bytes: &[u8]) -> String {
    format!("Basic {}", STANDARD.encode(bytes))
}

/// Encodes bytes as in tokens.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns a token with these claims, signed with a secret that has a key id.
pub fn sign_hs256(secret: &[u8], kid: &str, claims: &Value) -> String {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let header = Header { kid: Some(kid.into()), typ: Some("at+jwt".into()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}
