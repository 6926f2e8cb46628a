//! Tests with tokens that other implementations created, and with invalid tokens created here.

mod cached;
mod dates;
mod hostile;
mod issuers;
mod keys;
mod names;
mod providers;
mod settings;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use serde::Deserialize;

use super::*;
use crate::client::address::AddressSource;
use crate::client::csrf::CrossSite;
use crate::client::request::tests::{TestFramework, TestRequest};
use crate::identity::issuer::Confers;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::Declares as _;
use crate::open::{Role, TokenScope};
use crate::policy::atom::{Atom, Named};
use crate::policy::decision::{Decision, Rules, decide};
use crate::policy::facts::{CallerFacts, Facts};
use crate::policy::rule::{CompiledFormula, Formula, Literal, Rule};
use crate::scheme::{Authenticator as _, Extracted, RequestView};

// ── tokens created elsewhere ─────────────────────────────────────────────────────────────────────────────────────────

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "reports";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tokens").join(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// A row of `tokens.json`, as documented in the README next to it.
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

fn rows() -> Vec<Row> {
    serde_json::from_slice(&fixture("tokens.json")).unwrap()
}

/// The names, algorithms and files of the keys in the table.
const ALGORITHMS: [(&str, Algorithm, &str); 12] = [
    ("hs256", Algorithm::HS256, "hmac.secret.txt"),
    ("hs384", Algorithm::HS384, "hmac.secret.txt"),
    ("hs512", Algorithm::HS512, "hmac.secret.txt"),
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

fn jwt_of(name: &str) -> Jwt {
    let jwt = match ALGORITHMS.iter().find(|(key, ..)| *key == name) {
        None => Jwt::jwk_set(&text("keys.jwks.json")),
        Some((_, algorithm, file)) if file.ends_with(".txt") => Jwt::key(Key::secret(*algorithm, fixture(file))),
        Some((_, algorithm, file)) => Jwt::key(Key::pem(*algorithm, fixture(&format!("{file}.public.pem")))),
    };
    jwt.issuer(ISSUER).audience(AUDIENCE)
}

fn build_all(jwts: Vec<Jwt>) -> Result<Bearer, (String, JwtError)> {
    let bearer = Bearer::new(jwts, None, &RoleTypes::default())?;
    Ok(bearer.with_cache(TokenCache::new().secrets()).unwrap())
}

/// Verifies with the available keys, first without and then with a cached entry.
fn verify(bearer: &Bearer, token: &str, now: Timestamp) -> Result<Principal, Denial> {
    let (first, again) = (bearer.verify(token, now).unwrap(), bearer.verify(token, now).unwrap());
    match (&first, &again) {
        (Ok(first), Ok(again)) => assert!(first.says_the_same_as(again), "{token} is remembered"),
        (Err(first), Err(again)) => assert_eq!(first, again, "{token}"),
        _ => panic!("{token}: {first:?}, and then {again:?}"),
    }
    first
}

fn server(jwt: Jwt) -> Bearer {
    build_all(vec![jwt]).unwrap()
}

/// Returns the complete response of auth-core to an `Authorization` value, for a handler that requires this role.
fn answer(bearer: &Bearer, line: &[u8], now: Timestamp, role: &'static str) -> (u16, Option<&'static str>) {
    let atom = Atom::Named(Named(Role::VOCABULARY.name(role)));
    let formula = Formula::Literal(Literal { atom, negated: false, text: "role" });
    let rule = Rule { terms: CompiledFormula::of(formula), ..crate::policy::rule::PUBLIC };
    let rules = Rules { scopes: &[], handler: &rule };
    let sources: Vec<_> = bearer.sources().cloned().collect();
    let decide = |caller| {
        let (client, cross_site) = (None, CrossSite::Passed);
        decide(
            rules,
            &Facts {
                set_up: None,
                now,
                client,
                country: None,
                refusal: None,
                cross_site,
                caller,
                sources: &sources,
                external: Default::default(),
                checks: Default::default(),
            },
        )
    };
    let reader = server(Jwt::hs256([7; 32]).issuer(ISSUER).audience(AUDIENCE));
    let verified = extracted(&Arc::new(reader), &[line], |found| match found {
        Extracted::Found(credential) => {
            assert_eq!(decide(CallerFacts::Presented(credential.scheme)), Decision::Verify);
            verify(bearer, credential.text, now)
        }
        Extracted::Refused(error) => Err(error.into()),
        _ => panic!("a token is presented"),
    });
    let decision = match &verified {
        Ok(principal) => decide(CallerFacts::Known(principal)),
        Err(denial) => decide(CallerFacts::Refused(denial)),
    };
    match decision {
        Decision::Allow => (200, None),
        Decision::Verify | Decision::AskRights(_) | Decision::AskDefaultTenant | Decision::Check(_) => {
            panic!("it has been verified")
        }
        Decision::Deny(denial) => (denial.reason.response().status, Some(denial.reason.response().problem)),
    }
}

/// Extracts the credential from a request with these `Authorization` lines.
fn extracted<T>(bearer: &Arc<Bearer>, lines: &[&[u8]], then: impl FnOnce(Extracted<'_>) -> T) -> T {
    let lines = lines.iter().map(|line| ("authorization", line.to_vec())).collect();
    let request = TestRequest { method: "GET", lines, ..TestRequest::default() };
    let view = RequestView::<TestFramework>::new(&request, at(1500), &AddressSource::Unset);
    then(BearerTokens::new(Arc::clone(bearer), None, None).extract(&view))
}

#[test]
fn fixture_tokens_receive_their_expected_responses() {
    // BEARER-1, BEARER-11, JWT-1 to JWT-27, JWKS-7, DPOP-1, STEP-4: each row names its rules.
    let servers: Vec<_> =
        ALGORITHMS.iter().map(|(name, ..)| *name).chain(["jwks"]).map(|name| (name, server(jwt_of(name)))).collect();
    let mut wrong = Vec::new();
    let rows = rows();
    for Row { name, key, token, status, problem, rules, why } in &rows {
        let (_, bearer) = servers.iter().find(|(name, _)| name == key).unwrap();
        let found = answer(bearer, format!("Bearer {token}").as_bytes(), crate::runtime::clock::now(), "admin");
        if found != (*status, problem.as_deref()) {
            wrong.push(format!("{name}: {found:?}, not {status}: {why} {rules:?}"));
        }
    }
    assert!(rows.len() > 900 && wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

// ── tokens created here ──────────────────────────────────────────────────────────────────────────────────────────────

/// The current time in all tests that do not use the real time.
const NOW: i64 = 1_800_000_000;
const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// Names and values, with the values as JSON text.
type Members<'a> = &'a [(&'a str, &'a str)];

/// Returns the claims of a valid token as JSON text, with these members replaced. An empty value removes a member.
fn claims(others: Members<'_>) -> String {
    let expires = (NOW + 3600).to_string();
    let usual = [("iss", r#""https://id.example""#), ("aud", r#""reports""#), ("sub", r#""alice""#), ("exp", &expires)];
    let kept = usual.iter().filter(|(name, _)| others.iter().all(|(other, _)| other != name));
    let members = kept.chain(others).filter(|(_, value)| !value.is_empty());
    format!("{{{}}}", members.map(|(name, value)| format!("{name:?}:{value}")).collect::<Vec<_>>().join(","))
}

/// Signs any header and claims, even invalid ones.
fn sign(algorithm: Algorithm, key: &EncodingKey, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    key::install_provider();
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm.to_jsonwebtoken()).unwrap();
    format!("{message}.{signature}")
}

fn sign_by(secret: &[u8], header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    sign(Algorithm::HS256, &EncodingKey::from_secret(secret), header, claims)
}

fn hs256(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    sign_by(&fixture("hmac.secret.txt"), header, claims)
}

/// Returns `accepted`, or the problem.
fn outcome(bearer: &Bearer, token: &str, now: Timestamp) -> &'static str {
    match verify(bearer, token, now) {
        Ok(_) => "accepted",
        Err(denial) => {
            assert_eq!(denial.scheme, Some(SchemeId::Bearer));
            denial.reason.response().problem
        }
    }
}
