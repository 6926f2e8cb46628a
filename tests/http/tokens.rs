//! Tests of bearer tokens: tokens of other libraries, keys in every encoding, and time limits.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::jwt::{Algorithm, JwtError, Key, KeyError};
use auth_actix::{Auth, BuildError, Jwt, require_role};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, bearer, now, token_of};
use auth_tests::wire::{Answer, Connection, get};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{BEARER, Role, bearer_with, denied};

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

/// A row of `tokens.json`.
#[derive(Deserialize)]
struct Row {
    name: String,
    key: String,
    token: String,
    status: u16,
    problem: Option<String>,
    rules: Vec<String>,
    why: String,
}

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tokens").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn rows() -> Vec<Row> {
    serde_json::from_slice(&fixture("tokens.json")).unwrap()
}

fn built(jwt: Jwt) -> Result<Auth, BuildError> {
    Auth::builder().realm("reports").bearer(jwt.issuer(ISSUER).audience(AUDIENCE)).roles::<Role>().build()
}

fn serving(auth: Auth) -> Server {
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(admin));
    })
}

/// The servers that `README.md` of the fixtures describes: name, algorithm, and key file.
const KEYS: [(&str, Algorithm, &str); 12] = [
    ("hs256", Algorithm::HS256, "hmac"),
    ("hs384", Algorithm::HS384, "hmac"),
    ("hs512", Algorithm::HS512, "hmac"),
    ("rs256", Algorithm::RS256, "rsa"),
    ("rs384", Algorithm::RS384, "rsa"),
    ("rs512", Algorithm::RS512, "rsa"),
    ("ps256", Algorithm::PS256, "rsa"),
    ("ps384", Algorithm::PS384, "rsa"),
    ("ps512", Algorithm::PS512, "rsa"),
    ("es256", Algorithm::ES256, "ec-p256"),
    ("es384", Algorithm::ES384, "ec-p384"),
    ("eddsa", Algorithm::EdDSA, "ed25519"),
];

fn key(algorithm: Algorithm, file: &str) -> Key {
    match file {
        "hmac" => Key::secret(algorithm, fixture("hmac.secret.txt")),
        file => Key::pem(algorithm, fixture(&format!("{file}.public.pem"))),
    }
}

#[test]
fn responses_to_foreign_library_tokens_match_the_fixture() {
    // JWT-1 to JWT-27, BEARER-1, BEARER-9, BEARER-11, STEP-4, DPOP-1, T1 to T5, T7 to T10, T12 to T14, T38: each row names its own
    // rules
    let rows = rows();
    assert!(rows.len() > 900, "{} rows", rows.len());
    let mut known: Vec<(&str, Jwt)> = KEYS.map(|(name, algorithm, file)| (name, Jwt::key(key(algorithm, file)))).into();
    known.push(("jwks", Jwt::jwk_set(&text("keys.jwks.json"))));
    let servers: Vec<_> = known.into_iter().map(|(name, jwt)| (name, serving(built(jwt).unwrap()))).collect();
    let mut wrong = Vec::new();
    for (name, server) in &servers {
        let mut connection = Connection::open(server.address);
        for row in rows.iter().filter(|row| row.key == *name) {
            // Bytes that no HTTP client sends are rejected by the HTTP parser, which closes the connection.
            let stopped = row.token.bytes().any(|byte| byte < b' ' && byte != b'\t');
            let asked = get("/admin").authorization(format!("Bearer {}", row.token));
            let answer = if stopped { server.send(&asked) } else { connection.exchange(&asked) };
            if let Err(seen) = std::panic::catch_unwind(|| fits(row, &answer, stopped)) {
                let seen = seen.downcast_ref::<String>().cloned().unwrap_or_default();
                wrong.push(format!("{} ({}; {:?}): {seen}", row.name, row.why, row.rules));
            }
        }
    }
    let names: Vec<_> = servers.iter().map(|(name, _)| *name).collect();
    assert!(rows.iter().all(|row| names.contains(&row.key.as_str())), "a row of a key that no server has");
    assert!(wrong.is_empty(), "{} of {} rows: {wrong:#?}", wrong.len(), rows.len());
}

fn fits(row: &Row, answer: &Answer, stopped: bool) {
    let problem = row.problem.as_deref().unwrap_or_default();
    let challenge = match problem {
        "invalid-credentials" => bearer_with("error=\"invalid_token\""),
        "expired-credentials" => bearer_with("error=\"invalid_token\", error_description=\"The token expired\""),
        "malformed-credentials" => bearer_with("error=\"invalid_request\""),
        _ => BEARER.to_owned(),
    };
    match row.status {
        200 => assert_eq!((answer.status, answer.text()), (200, "admin")),
        status if stopped => assert_eq!((answer.status, answer.body.len()), (status, 0)),
        status => denied(&row.name, answer, status, problem, &[&challenge]),
    }
}

#[test]
fn public_key_verifies_in_every_encoding_for_one_algorithm() {
    // JWT-6, JWT-9, JWT-10, JWKS-3: keys of openssl, tokens of PyJWT
    let rows = rows();
    let token = |name: String| rows.iter().find(|row| row.name == name).map(|row| row.token.clone()).unwrap();
    for (name, algorithm, file) in KEYS.into_iter().filter(|(_, _, file)| *file != "hmac") {
        let pem = fixture(&format!("{file}.public.pem"));
        let der = STANDARD
            .decode(String::from_utf8_lossy(&pem).lines().filter(|line| !line.starts_with('-')).collect::<String>())
            .unwrap();
        let mut jwk: Value = serde_json::from_slice(&fixture(&format!("{file}.jwk.json"))).unwrap();
        jwk["alg"] = json!(name.to_uppercase().replace("EDDSA", "EdDSA"));
        let named = |kid: &str| {
            let mut jwk = jwk.clone();
            jwk["kid"] = json!(kid);
            jwk
        };
        let neighbors = [json!({ "kty": "oct", "k": "c2VjcmV0" }), json!({ "kty": "new" }), named("a"), json!({})];
        #[rustfmt::skip]
        let encodings = [
            ("PEM", Jwt::key(Key::pem(algorithm, &pem))),
            ("PEM with other lines", Jwt::key(Key::pem(algorithm, String::from_utf8_lossy(&pem).replace('\n', "\r\n")))),
            ("DER", Jwt::key(Key::der(algorithm, &der))),
            ("JWK", Jwt::key(Key::jwk(&jwk.to_string()))),
            ("JWK set", Jwt::jwk_set(&json!({ "keys": [jwk] }).to_string())),
            ("JWK set with others", Jwt::jwk_set(&json!({ "keys": neighbors }).to_string())),
            ("the second of two keys", Jwt::key(Key::pem(algorithm, &pem).kid("old")).or_key(Key::pem(algorithm, &pem))),
        ];
        for (encoding, jwt) in encodings {
            let case = &format!("{name} as {encoding}");
            let server = serving(built(jwt).unwrap_or_else(|error| panic!("{case}: {error}")));
            let by = |token: &str| server.send(&get("/admin").authorization(format!("Bearer {token}")));
            assert_eq!(by(&token(format!("good_{name}"))).text(), "admin", "{case}");
            denied(case, &by(&token(format!("viewer_{name}"))), 403, "insufficient-permissions", &[BEARER]);
            for (other, ..) in KEYS.into_iter().filter(|(other, ..)| *other != name) {
                let answer = by(&token(format!("good_{other}")));
                denied(
                    &format!("{case}, {other}"),
                    &answer,
                    401,
                    "invalid-credentials",
                    &[&bearer_with("error=\"invalid_token\"")],
                );
            }
        }
    }
}

#[test]
fn weak_private_or_mismatched_keys_do_not_build() {
    // JWT-7 to JWT-9, T1, T10, T17
    use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, RS256};
    let pem = |algorithm, file: &str| Key::pem(algorithm, fixture(&format!("{file}.pem")));
    let jwk = |file: &str, members: Value| {
        let mut jwk: Value = serde_json::from_slice(&fixture(&format!("{file}.jwk.json"))).unwrap();
        jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Key::jwk(&jwk.to_string())
    };
    #[rustfmt::skip]
    let table: Vec<(&str, Key, KeyError)> = vec![
        ("an empty secret", Key::secret(HS256, ""), KeyError::SecretTooShort { found: 0, least: 32 }),
        ("31 bytes", Key::secret(HS256, [7; 31]), KeyError::SecretTooShort { found: 31, least: 32 }),
        ("47 bytes", Key::secret(HS384, [7; 47]), KeyError::SecretTooShort { found: 47, least: 48 }),
        ("63 bytes", Key::secret(HS512, [7; 63]), KeyError::SecretTooShort { found: 63, least: 64 }),
        ("a secret for RS256", Key::secret(RS256, [7; 64]), KeyError::OtherAlgorithm),
        ("1024 bits", pem(RS256, "rsa-1024.public"), KeyError::RsaTooShort),
        ("1024 bits as JWK", jwk("rsa-1024", json!({})), KeyError::RsaTooShort),
        ("a private key", pem(RS256, "rsa.private"), KeyError::PrivateKey),
        ("a private EC key", pem(ES256, "ec-p256.private"), KeyError::PrivateKey),
        ("a private Ed25519 key", pem(EdDSA, "ed25519.private"), KeyError::PrivateKey),
        ("a certificate", pem(RS256, "rsa-other.cert"), KeyError::Certificate),
        ("a PEM for HS256", pem(HS256, "rsa.public"), KeyError::OtherAlgorithm),
        ("RSA for ES256", pem(ES256, "rsa.public"), KeyError::OtherAlgorithm),
        ("EC for PS256", pem(PS256, "ec-p256.public"), KeyError::OtherAlgorithm),
        ("Ed25519 for ES256", pem(ES256, "ed25519.public"), KeyError::OtherAlgorithm),
        ("P-384 for ES256", pem(ES256, "ec-p384.public"), KeyError::NotOnCurve),
        ("P-256 for ES384", pem(ES384, "ec-p256.public"), KeyError::NotOnCurve),
        ("P-384 for ES256 as JWK", jwk("ec-p384", json!({ "alg": "ES256" })), KeyError::NotOnCurve),
        ("another curve's name", jwk("ec-p384", json!({ "crv": "P-256" })), KeyError::NotOnCurve),
        ("a JWK for encryption", jwk("rsa", json!({ "use": "enc" })), KeyError::OtherUse),
        ("a JWK to sign with", jwk("rsa", json!({ "key_ops": ["sign"] })), KeyError::OtherUse),
        ("a JWK of another algorithm", jwk("rsa", json!({ "alg": "ES256" })), KeyError::OtherAlgorithm),
        ("a JWK with its private member", jwk("rsa", json!({ "d": "AQAB" })), KeyError::PrivateKey),
        ("no key", Key::pem(RS256, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), KeyError::Unreadable),
    ];
    for (case, key, expected) in table {
        let error = built(Jwt::key(key)).map(drop).err();
        let expected = JwtError::Key { position: 1, error: expected };
        assert_eq!(error, Some(BuildError::Jwt { issuer: ISSUER.to_owned(), error: expected }), "{case}");
    }
    // T1: a public key, in any encoding, is not accepted as a secret.
    let public = [
        "rsa.public.pem",
        "rsa.public.der",
        "rsa.jwk.json",
        "rsa-other.cert.pem",
        "ec-p256.public.pem",
        "ec-p384.jwk.json",
        "ed25519.public.pem",
        "ed25519.jwk.json",
        "keys.jwks.json",
    ];
    for file in public {
        let bytes = fixture(file);
        let lines: String = String::from_utf8_lossy(&bytes).lines().filter(|line| !line.starts_with('-')).collect();
        let der = if file.ends_with(".pem") { STANDARD.decode(&lines).unwrap() } else { bytes.clone() };
        let mut pasted = vec![
            ("as it is", bytes.clone()),
            ("its DER", der.clone()),
            ("its base64", STANDARD.encode(&der).into_bytes()),
        ];
        pasted.push(("its base64url", URL_SAFE_NO_PAD.encode(&der).into_bytes()));
        if !file.ends_with(".der") {
            pasted.push(("trimmed", bytes.trim_ascii().to_vec()));
            pasted.push(("behind white space", [b"\n ", bytes.as_slice()].concat()));
        }
        // Base64 of JSON is not a key format.
        for (form, secret) in pasted.iter().filter(|(form, _)| !file.ends_with(".json") || !form.starts_with("its")) {
            let lengths = [(HS256, 32), (HS384, 48), (HS512, 64)];
            for (algorithm, _) in lengths.into_iter().filter(|(_, least)| secret.len() >= *least) {
                let error = built(Jwt::key(Key::secret(algorithm, secret))).map(drop).err();
                let expected = JwtError::Key { position: 1, error: KeyError::SecretIsPublicKey };
                let expected = Some(BuildError::Jwt { issuer: ISSUER.to_owned(), error: expected });
                assert_eq!(error, expected, "{file}, {form}");
            }
        }
    }
}

#[test]
fn token_validity_period_is_extended_by_leeway_at_both_ends() {
    // JWT-19 to JWT-23. The clock is read before and after the request, so a result is accepted if either second allows it.
    let leeways = [0_i64, 60, 300];
    let servers = leeways
        .map(|leeway| serving(built(Jwt::hs256(SECRET).leeway(Duration::from_secs(leeway.unsigned_abs()))).unwrap()));
    for (leeway, server) in leeways.into_iter().zip(&servers) {
        for distance in [-2, -1, 0, 1, 2] {
            for (claim, edge, holds_before) in [
                ("exp", now() - leeway, false),
                ("nbf", now() + leeway, true),
                ("iat", now() + leeway, true),
                ("auth_time", now() + leeway, true),
            ] {
                let time = edge + distance;
                let asked = get("/admin").authorization(bearer(json!({ "roles": ["admin"], claim: time })));
                let (earliest, answer, latest) = (now(), server.send(&asked), now());
                let lets_in = |now: i64| if holds_before { now >= time - leeway } else { now < time + leeway };
                let possible = [lets_in(earliest), lets_in(latest)];
                let case = format!("{claim} {distance:+} at leeway {leeway}");
                assert!(possible.contains(&(answer.status == 200)), "{case}: {answer:?}");
                let problem = if holds_before { "invalid-credentials" } else { "expired-credentials" };
                assert!(answer.status == 200 || answer.problem() == problem, "{case}: {answer:?}");
            }
        }
    }
    let error = built(Jwt::hs256(SECRET).leeway(Duration::from_secs(301))).map(drop).unwrap_err();
    assert_eq!(error, BuildError::Jwt { issuer: ISSUER.to_owned(), error: JwtError::LeewayTooLong });
}

#[test]
fn tokens_trigger_no_fetch_and_oversized_ones_fail_quickly() {
    let server = serving(built(Jwt::hs256(SECRET)).unwrap());
    // T5, JWT-11: the header names a key server, signed with the right key and with another one
    let canary = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    canary.set_nonblocking(true).unwrap();
    let url = format!("http://{}/jwks.json", canary.local_addr().unwrap());
    for (secret, status) in [(SECRET, 200), ([8; 32], 401)] {
        let header = jsonwebtoken::Header {
            jku: Some(url.clone()),
            x5u: Some(url.clone()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
        };
        let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": now() + 60, "roles": ["admin"] });
        let token = jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(server.send(&get("/admin").authorization(format!("Bearer {token}"))).status, status);
    }
    let unknown = token_of(&url, &SECRET, json!({}));
    assert_eq!(server.send(&get("/admin").authorization(format!("Bearer {unknown}"))).status, 401);
    std::thread::sleep(Duration::from_millis(50));
    assert!(
        canary.accept().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
        "something was fetched"
    );
    // T13, JWT-2: an oversized token is rejected before it is parsed
    let long = |piece: &str| piece.repeat(100 * 1024 / piece.len());
    for token in [
        long("."),
        long("a"),
        long("a.b."),
        format!("{}.{}.{}", long("a").split_at(40_000).0, long("b").split_at(40_000).0, "c"),
    ] {
        let asked = get("/admin").authorization(format!("Bearer {token}"));
        let start = Instant::now();
        let answer = server.send(&asked);
        assert_eq!(answer.problem(), "invalid-credentials");
        assert!(start.elapsed() < Duration::from_millis(500), "{:?} for {}…", start.elapsed(), &token[..8]);
    }
}
