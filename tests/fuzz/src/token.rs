//! Fuzzing of token verification. The input is split at a line break into a header and claims of arbitrary bytes, which get a valid
//! signature. The whole input is also used as a header value. A token that we accept must also be accepted by jsonwebtoken, with
//! its own parsers and all of its checks.
#![no_main]

use std::sync::LazyLock;

use auth_core::runtime::clock;
use auth_core::identity::scheme_id::Scheme;
use auth_core::scheme::bearer::{Algorithm, Bearer, Jwt, TokenCache};
use auth_core::scheme::Authorization;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey, Validation};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const SECRET: &[u8] = &[7; 32];
const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "api";

/// A verifier with a cache, because a second verification of a token must have the same result as the first.
static BEARER: LazyLock<Bearer> = LazyLock::new(|| {
    let jwt = Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE);
    let bearer = Bearer::new(vec![jwt], None, &Default::default()).expect("the settings are good");
    bearer.remembering(TokenCache::new().secrets()).expect("the cache keeps something")
});

static VALIDATION: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation
});

fuzz_target!(|data: &[u8]| {
    look_at(&[b"Bearer ", data].concat());
    let middle = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, claims) = data.split_at(middle);
    let claims = claims.get(1..).unwrap_or_default();
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    LazyLock::force(&BEARER); // installs the backend
    let key = EncodingKey::from_secret(SECRET);
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).expect("HMAC takes any bytes");
    look_at(format!("Bearer {message}.{signature}").as_bytes());
});

fn look_at(line: &[u8]) {
    let line = Authorization::Line(line.trim_ascii());
    let Some(Ok(token)) = line.token68(SchemeId::Bearer) else { return };
    let now = clock::now();
    let first = BEARER.verify(token, now).expect("no key has to be fetched");
    let second = BEARER.verify(token, now).expect("no key has to be fetched");
    match (first, second) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first.id(), second.id());
            let claims: Value = first.claims().expect("what is accepted is JSON");
            let key = DecodingKey::from_secret(SECRET);
            match jsonwebtoken::decode::<Value>(token, &key, &VALIDATION) {
                Ok(theirs) => assert_eq!(theirs.claims, claims),
                // jsonwebtoken rejects a time before 1970, and RFC 7519 allows it.
                Err(_) => assert!(claims["nbf"].as_f64().is_some_and(|nbf| nbf < 0.0), "jsonwebtoken refuses {token}"),
            }
        }
        (first, second) => assert_eq!(first.err(), second.err()),
    }
}
