//! Credentials for tests: tokens signed by jsonwebtoken, and Basic.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Who signs, unless a test says otherwise.
pub const ISSUER: &str = "https://id.example";
/// For whom.
pub const AUDIENCE: &str = "reports";
/// With what.
pub const SECRET: [u8; 32] = [7; 32];

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap()
}

/// A token of [`ISSUER`], good for an hour, with these members beside or in place of the usual ones; `null` leaves one out.
pub fn token(members: Value) -> String {
    token_of(ISSUER, &SECRET, members)
}

/// The same of another issuer.
pub fn token_of(issuer: &str, secret: &[u8], members: Value) -> String {
    let mut claims = json!({ "iss": issuer, "aud": AUDIENCE, "sub": "alice", "exp": now() + 3600 });
    for (name, value) in members.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let all = claims.as_object_mut().unwrap();
    all.retain(|_, value| !value.is_null());
    let key = EncodingKey::from_secret(secret);
    // Whoever came first has installed it: with two backends turned on, jsonwebtoken chooses none by itself.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

/// The value of `Authorization` for [`token`].
pub fn bearer(members: Value) -> String {
    format!("Bearer {}", token(members))
}

/// The value of `Authorization` for a name and a password.
pub fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// The same for bytes that are no name and password.
pub fn basic_of(bytes: &[u8]) -> String {
    format!("Basic {}", STANDARD.encode(bytes))
}

/// Bytes as tokens have them.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of these claims, under a secret that has a name.
pub fn sign_hs256(secret: &[u8], kid: &str, claims: &Value) -> String {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let header = Header { kid: Some(kid.into()), typ: Some("at+jwt".into()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}
