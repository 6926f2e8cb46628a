//! Tokens that somebody else made, tokens made wrong here, jsonwebtoken as an oracle, and each setting that is refused.

use std::path::Path;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey, Validation};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::atom::{Atom, Named};
use crate::client::cross_site::CrossSite;
use crate::decision::{Decision, Rules, decide};
use crate::denial::Reason;
use crate::denial::challenge::SchemeSet;
use crate::facts::{Caller, Facts};
use crate::open::{Role, TokenScope};
use crate::rule::{Formula, Literal, Rule};
use crate::scheme::{Presented, read};
use crate::vocabulary::Declares as _;

// ── tokens that somebody else made ───────────────────────────────────────────────────────────────────────────────────

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "reports";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tokens").join(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// A row of `tokens.json`, as the README beside it says.
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

/// The algorithms of the table's keys, and the files of the keys.
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

fn server(jwt: Jwt) -> Bearer {
    Bearer::new(vec![jwt], &[]).unwrap()
}

/// What the whole of auth-core answers to the value of an `Authorization` line, for a handler that asks for this role.
fn answer(bearer: &Bearer, line: &[u8], now: Timestamp, role: &'static str) -> (u16, Option<&'static str>) {
    let atom = Atom::Named(Named(Role::VOCABULARY.name(role)));
    let formula = Formula::Literal(Literal { atom, negated: false, text: "role" });
    let rule = Rule { formula, text: "", guards: "", file: "", line: 0, reads_principal: false, not_found: false };
    let rules = Rules { scopes: &[], handler: &rule };
    let sources: Vec<_> = bearer.sources().cloned().collect();
    let decide = |caller| {
        let (client, cross_site) = (None, CrossSite::Passed);
        decide(
            rules,
            &Facts { set_up: None, now, client, address_blocked: false, cross_site, caller, sources: &sources },
        )
    };
    let verified = match read([line].into_iter(), SchemeSet::NONE.with(Scheme::Bearer)) {
        Presented::Bearer(token) => {
            assert_eq!(decide(Caller::Presented(Scheme::Bearer)), Decision::Verify);
            bearer.verify(token, now)
        }
        Presented::Malformed(denial) => Err(denial),
        _ => panic!("a token is presented"),
    };
    let decision = match &verified {
        Ok(principal) => decide(Caller::Known(principal)),
        Err(denial) => decide(Caller::Refused(denial)),
    };
    match decision {
        Decision::Allow => (200, None),
        Decision::Verify => panic!("it has been verified"),
        Decision::Deny(denial) => (denial.reason.answer().status, Some(denial.reason.answer().problem)),
    }
}

#[test]
fn every_token_that_somebody_else_made_is_answered_as_its_row_says() {
    // BEARER-1, BEARER-11, JWT-1 to JWT-27, JWKS-7, DPOP-1, STEP-4: the rules of each row stand in it.
    let servers: Vec<_> =
        ALGORITHMS.iter().map(|(name, ..)| *name).chain(["jwks"]).map(|name| (name, server(jwt_of(name)))).collect();
    let mut wrong = Vec::new();
    let rows = rows();
    for Row { name, key, token, status, problem, rules, why } in &rows {
        let (_, bearer) = servers.iter().find(|(name, _)| name == key).unwrap();
        let found = answer(bearer, format!("Bearer {token}").as_bytes(), crate::clock::now(), "admin");
        if found != (*status, problem.as_deref()) {
            wrong.push(format!("{name}: {found:?}, not {status}: {why} {rules:?}"));
        }
    }
    assert!(rows.len() > 900 && wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
#[test]
fn probe() {
    let k = |name: &str, key: Key| {
        println!(
            "{name}: {:?}",
            Jwt::key(key).issuer("i").audience("a").prepare(&[]).map(|_| "ok").map_err(|e| e.to_string())
        )
    };
    let hs = |name: &str, secret: &[u8]| k(name, Key::secret(Algorithm::HS256, secret));
    let spki = fixture("rsa.public.der");
    let ecpem = text("ec-p256.public.pem");
    let b64 = |pem: &str| pem.lines().filter(|l| !l.starts_with("-")).collect::<String>();
    let ecder = STANDARD.decode(b64(&ecpem)).unwrap();
    let edder = STANDARD.decode(b64(&text("ed25519.public.pem"))).unwrap();
    let cert = text("rsa-other.cert.pem");
    let certder = STANDARD.decode(b64(&cert)).unwrap();
    hs("pem", text("rsa.public.pem").as_bytes());
    hs("spki der", &spki);
    hs("pkcs1 der", &spki[24..]);
    hs("ec der", &ecder);
    hs("ed der", &edder);
    hs("b64 der", STANDARD.encode(&spki).as_bytes());
    hs("b64 ec der", STANDARD.encode(&ecder).as_bytes());
    hs("b64 pkcs1", STANDARD.encode(&spki[24..]).as_bytes());
    hs(
        "b64 lines",
        text("rsa.public.pem").lines().filter(|l| !l.starts_with("-")).collect::<Vec<_>>().join("\n").as_bytes(),
    );
    hs("jwk", text("rsa.jwk.json").as_bytes());
    hs("jwks", text("keys.jwks.json").as_bytes());
    hs("cert", cert.as_bytes());
    hs("cert der", &certder);
    hs("cert b64", STANDARD.encode(&certder).as_bytes());
    hs("ssh", b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ comment");
    hs("ec raw point", &ecder[26..]);
    hs("bom pem", format!("\u{feff}{}", text("rsa.public.pem")).as_bytes());
    hs("bom jwk", format!("\u{feff}{}", text("rsa.jwk.json")).as_bytes());
    hs("quoted pem", serde_json::to_string(&text("rsa.public.pem")).unwrap().as_bytes());
    hs("sk- secret", b"sk-live-0123456789abcdef0123456789abcdef");
    for alg in [Algorithm::RS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA, Algorithm::HS256] {
        for f in [
            "rsa.public.pem",
            "rsa-1024.public.pem",
            "ec-p256.public.pem",
            "ec-p384.public.pem",
            "ed25519.public.pem",
            "rsa.private.pem",
            "ec-p256.private.pem",
            "ed25519.private.pem",
            "rsa-other.cert.pem",
        ] {
            k(&format!("pem {alg:?} {f}"), Key::pem(alg, fixture(f)));
            let der = STANDARD.decode(b64(&text(f))).unwrap();
            k(&format!("der {alg:?} {f}"), Key::der(alg, der));
        }
        for f in ["secp256k1", "prime256v1", "secp521r1", "brainpoolP256r1", "X25519", "ED448"] {
            let f = format!("/tmp/k/{f}.pub.pem");
            let pem = std::fs::read_to_string(&f).unwrap();
            k(&format!("pem {alg:?} {f}"), Key::pem(alg, &pem));
            let der = STANDARD.decode(b64(&pem)).unwrap();
            k(&format!("der {alg:?} {f}"), Key::der(alg, der));
        }
    }
    let j = |name: &str, f: &dyn Fn(&mut serde_json::Value), file: &str| {
        let mut v: serde_json::Value = serde_json::from_str(&text(file)).unwrap();
        f(&mut v);
        k(&format!("jwk {name}"), Key::jwk(&v.to_string()));
    };
    j("rsa", &|_| {}, "rsa.jwk.json");
    j("1024", &|_| {}, "rsa-1024.jwk.json");
    for (n, e) in [
        ("e=1", "AQ"),
        ("e=65536", "AQAA"),
        ("e=3", "Aw"),
        ("e empty", ""),
        ("e=0", "AA"),
        ("e huge", "AQAAAAAAAAAB"),
        ("e padded zeros", "AAABAAE"),
        ("e with pad", "AQAB="),
    ] {
        j(n, &|v| v["e"] = e.into(), "rsa.jwk.json");
    }
    let n = |bytes: usize| {
        let mut b = vec![0xffu8; bytes];
        b[0] = 0xd3;
        b[bytes - 1] = 0x0b;
        URL_SAFE_NO_PAD.encode(b)
    };
    for b in [255, 256, 512, 1024, 1025, 2048] {
        let n = n(b);
        j(&format!("n {b}"), &|v| v["n"] = n.clone().into(), "rsa.jwk.json");
    }
    {
        let mut b = vec![0xffu8; 256];
        b[255] = 0x0a;
        let n = URL_SAFE_NO_PAD.encode(b);
        j("even n", &|v| v["n"] = n.clone().into(), "rsa.jwk.json");
    }
    for (m, val) in [
        ("use", "enc"),
        ("use", "sig"),
        ("use", "SIG"),
        ("alg", "RS512"),
        ("alg", "HS256"),
        ("alg", "ES256"),
        ("alg", "RSA-OAEP"),
        ("alg", "none"),
        ("alg", "foo"),
        ("kty", "EC"),
        ("kty", "oct"),
        ("kty", "xyz"),
        ("d", "AQAB"),
        ("kid", "k"),
    ] {
        j(&format!("{m} {val}"), &|v| v[m] = val.into(), "rsa.jwk.json");
    }
    for ops in [
        serde_json::json!(["verify"]),
        serde_json::json!(["sign"]),
        serde_json::json!([]),
        serde_json::json!(["encrypt", "verify"]),
        serde_json::json!("verify"),
    ] {
        j(&format!("ops {ops}"), &|v| v["key_ops"] = ops.clone(), "rsa.jwk.json");
    }
    j("kid number", &|v| v["kid"] = 1.into(), "rsa.jwk.json");
    for (m, val) in [
        ("alg", "ES384"),
        ("crv", "P-384"),
        ("crv", "P-521"),
        ("crv", "secp256k1"),
        ("crv", "Ed25519"),
        ("x", "AA"),
        ("y", "ukgvq8YvTvHMbGlGDFfLbbagiyKkSGf_iDdyM0i6izw"),
        ("d", "AA"),
    ] {
        j(&format!("ec {m} {val}"), &|v| v[m] = val.into(), "ec-p256.jwk.json");
    }
    for (m, val) in [
        ("alg", "Ed25519"),
        ("alg", "EdDSA"),
        ("alg", "ES256"),
        ("crv", "X25519"),
        ("crv", "Ed448"),
        ("x", "AA"),
        ("x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("x", "__________________________________________8"),
    ] {
        j(&format!("ed {m} {val}"), &|v| v[m] = val.into(), "ed25519.jwk.json");
    }
    for s in [
        "{}",
        "[]",
        "",
        "null",
        r#"{"kty":"oct","k":"AAAA"}"#,
        r#"{"kty":"oct","k":"AAAA","alg":"HS256"}"#,
        r#"{"kty":"oct","alg":"HS256"}"#,
        r#"{"kty":"oct","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE","alg":"HS256"}"#,
        r#"{"kty":"oct","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE","alg":"RS256"}"#,
        r#"{"kty":"oct","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=","alg":"HS256"}"#,
    ] {
        k(s, Key::jwk(s));
    }
}
