//! Tests of what must not happen: secrets in outputs, work for each byte of a flood, and tokens that jsonwebtoken would reject.

use std::time::Instant;

use jsonwebtoken::{DecodingKey, Validation};
use proptest::prelude::*;

use super::*;

#[test]
fn debug_and_error_output_reveals_no_secret_token_or_claim() {
    // LOG-1, LOG-2, T36
    const SECRET: &str = "canary-of-the-secret-0123456789abcdef";
    const CLAIM: &str = "canary-of-a-claim";
    #[derive(Debug, Deserialize)]
    struct Other {
        #[allow(dead_code, reason = "only its type matters, which does not fit")]
        canary: u64,
    }
    let mut shown = Vec::new();
    let mut show = |value: &dyn std::fmt::Debug| shown.push(format!("{value:?} {value:#?}"));
    let oct = format!(r#"{{"kty":"oct","alg":"HS256","kid":"k","k":"{}"}}"#, URL_SAFE_NO_PAD.encode(SECRET));
    let keys = [
        Key::secret(Algorithm::HS256, SECRET),
        Key::secret(Algorithm::HS512, SECRET),
        Key::jwk(&oct),
        Key::jwk(SECRET),
        Key::pem(Algorithm::RS256, SECRET),
    ];
    for key in keys {
        show(&key);
        let jwt = Jwt::key(key).issuer(ISSUER).audience(AUDIENCE);
        show(&jwt);
        match build_all(vec![jwt]) {
            Ok(bearer) => show(&bearer),
            Err((name, error)) => show(&(name, error.to_string(), error)),
        }
    }
    show(&build_all(vec![Jwt::jwk_set(SECRET).issuer(ISSUER).audience(AUDIENCE)]).err());
    let bearer = server(Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE));
    let quoted = format!("{CLAIM:?}");
    let names = format!("[{quoted}]");
    let token = |others: Members<'_>| sign_by(SECRET.as_bytes(), HS256, claims(others));
    let good = token(&[("canary", &quoted), ("roles", &names), ("jti", &quoted), ("acr", &quoted)]);
    let principal = verify(&bearer, &good, at(NOW)).unwrap();
    show(&principal);
    let error = principal.claims::<Other>().unwrap_err();
    show(&(error.to_string(), error));
    #[rustfmt::skip]
    let tokens = [
        good.clone(), good.replacen('.', "..", 1), format!("{CLAIM}.{CLAIM}.{CLAIM}"), format!("{good}x"), sign_by(&[7; 32], HS256, claims(&[("canary", &quoted)])),
        token(&[("exp", "1"), ("canary", &quoted)]), token(&[("aud", "\"other\""), ("canary", &quoted)]), token(&[("typ", "\"ID\""), ("canary", &quoted)]),
        sign_by(SECRET.as_bytes(), HS256, format!("{{\"canary\":\"{CLAIM}")), sign_by(SECRET.as_bytes(), format!(r#"{{"alg":{quoted},"typ":{quoted}}}"#), claims(&[])),
    ];
    for token in &tokens {
        show(&crate::scheme::Credential::new(SchemeId::Bearer, token));
        let now = at(NOW);
        let verified = verify(&bearer, token, now);
        let caller = verified.as_ref().map_or_else(CallerFacts::Refused, CallerFacts::Known);
        show(&Facts {
            set_up: None,
            now,
            client: None,
            country: None,
            refusal: None,
            cross_site: CrossSite::Passed,
            caller,
            sources: &[],
            external: Default::default(),
            checks: Default::default(),
        });
        if let Err(denial) = verified {
            show(&(
                denial.to_string(),
                denial.cause,
                denial.failed.clone(),
                denial.reason.clone(),
                denial.clone(),
                Decision::Deny(denial),
            ));
        }
    }
    let line = format!("Bearer {good} {SECRET}");
    let reader = Arc::new(server(Jwt::hs256([7; 32]).issuer(ISSUER).audience(AUDIENCE)));
    let refused = extracted(&reader, &[line.as_bytes()], |found| match found {
        Extracted::Refused(error) => Denial::from(error),
        _ => panic!("it is malformed"),
    });
    show(&refused);
    let shown = shown.concat();
    let bytes = |text: &str| text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    let parts = tokens.iter().flat_map(|token| token.split('.')).filter(|part| part.len() > 8).map(str::to_owned);
    let encoded = [SECRET.to_owned(), CLAIM.to_owned(), bytes(SECRET), URL_SAFE_NO_PAD.encode(SECRET)];
    for canary in parts.chain(encoded) {
        assert!(!shown.contains(&canary), "{canary} in {shown}");
    }
    assert!(shown.contains(ISSUER) && shown.contains("invalid-credentials"), "something is shown");
}

/// The system allocator with a counter per thread.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static ALLOCATIONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[allow(unsafe_code, reason = "an allocator cannot be written without; it only counts")]
// SAFETY: all calls are passed to the system allocator unchanged.
unsafe impl std::alloc::GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { std::alloc::System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: std::alloc::Layout) {
        unsafe { std::alloc::System.dealloc(pointer, layout) }
    }
}

#[test]
fn oversized_tokens_are_refused_quickly_without_allocations() {
    // JWT-1, JWT-2, T13, CVE-2025-30204: for any size limit, and for one and several issuers.
    let other = || Jwt::hs256([8; 64]).issuer("https://other.example").audience(AUDIENCE).max_token_size(1 << 20);
    let capped = server(jwt_of("hs256"));
    let uncapped = server(jwt_of("hs256").max_token_size(1 << 20));
    let several = build_all(vec![jwt_of("hs256").max_token_size(1 << 20), other()]).unwrap();
    const KIB_100: usize = 100 * 1024;
    #[rustfmt::skip]
    let floods = [
        ("dots",             ".".repeat(KIB_100),                      0),
        ("a dot each",       "a.".repeat(KIB_100 / 2),                 0),
        ("one part",         "a".repeat(KIB_100),                      0),
        ("dots at the end",  format!("{}{}", hs256(HS256, claims(&[])), ".".repeat(KIB_100)), 0),
        ("a long header",    format!("{}.e30.e30", "e".repeat(KIB_100)), 8),
        ("long claims",      format!("e30.{}.e30", "e".repeat(KIB_100)), 8),
        ("a long signature", format!("e30.e30.{}", "e".repeat(KIB_100)), 8),
    ];
    for (case, token, most) in &floods {
        for (bearer, most) in [(&capped, &0), (&uncapped, most), (&several, most)] {
            let mut least = Duration::MAX;
            for _ in 0..20 {
                let (before, start) = (ALLOCATIONS.get(), Instant::now());
                let verified = verify(bearer, token, at(NOW));
                let (elapsed, allocations) = (start.elapsed(), ALLOCATIONS.get() - before);
                assert!(verified.is_err() && allocations <= *most, "{case}: {allocations} allocations");
                least = least.min(elapsed);
            }
            if *most == 0 {
                assert!(least < Duration::from_millis(1), "{case}: {least:?}");
            }
        }
    }
}

// ── the oracle ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Returns whether jsonwebtoken's own `decode` accepts the token, with all of its checks.
fn jsonwebtoken_accepts(algorithm: Algorithm, key: &DecodingKey, token: &str) -> bool {
    key::install_provider();
    let mut validation = Validation::new(algorithm.to_jsonwebtoken());
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    jsonwebtoken::decode::<serde_json::Value>(token, key, &validation).is_ok()
}

/// Returns whether `nbf` is negative, which jsonwebtoken rejects and RFC 7519 allows.
fn begins_before_1970(token: &str) -> bool {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap_or_default();
    claims.get("nbf").and_then(serde_json::Value::as_f64).is_some_and(|nbf| nbf < 0.0)
}

#[test]
fn accepted_fixture_tokens_are_accepted_by_jsonwebtoken() {
    let keys: Vec<_> = ALGORITHMS
        .iter()
        .map(|(name, algorithm, file)| {
            let pem = |file: &str| fixture(&format!("{file}.public.pem"));
            let key = match &name[..2] {
                "hs" => DecodingKey::from_secret(&fixture(file)),
                "rs" | "ps" => DecodingKey::from_rsa_pem(&pem(file)).unwrap(),
                "es" => DecodingKey::from_ec_pem(&pem(file)).unwrap(),
                _ => DecodingKey::from_ed_pem(&pem(file)).unwrap(),
            };
            (*name, *algorithm, key)
        })
        .collect();
    let mut accepted = 0;
    for name in ALGORITHMS.iter().map(|(name, ..)| *name).chain(["jwks"]) {
        let bearer = server(jwt_of(name));
        for row in rows() {
            if verify(&bearer, &row.token, crate::runtime::clock::now()).is_ok() {
                accepted += 1;
                let mut keys = keys.iter().filter(|(key, ..)| *key == name || name == "jwks");
                assert!(
                    keys.any(|(_, algorithm, key)| jsonwebtoken_accepts(*algorithm, key, &row.token)),
                    "{} by {name}",
                    row.name
                );
            }
        }
    }
    assert!(accepted > 150, "{accepted}");
}

/// Unexpected values, as JSON text.
#[rustfmt::skip]
const ODD: [&str; 41] = [
    "null", "true", "false", "0", "1", "-1", "-0", "1.5", "1e3", "1e400", "4102444800", "4102444800.5", "9007199254740993", "18446744073709551616", "01",
    r#""""#, r#""x""#, r#""reports""#, r#""Reports""#, r#""https://id.example""#, r#""https://id.example/""#, r#""0""#, r#""\u0000""#, r#""\ud800""#, r#""\q""#,
    "[]", r#"["reports"]"#, r#"["other","reports"]"#, r#"["reports",1]"#, r#"["https://id.example"]"#, "[[]]", "[null]",
    "{}", r#"{"sub":"bob"}"#, r#"{"sub":1}"#, r#"{"a":1,"a":2}"#, r#"{"kty":"RSA"}"#, "{", "1 2", r#""HS512""#, r#""JWT","sub":"eve""#,
];

/// Generates a JSON object of these members. Most members have their usual value, others are odd, duplicated or missing.
fn object(members: &'static [(&'static str, &'static str)]) -> impl Strategy<Value = String> {
    let member = |(name, usual): (&'static str, &'static str)| {
        let one = move |value: &str| format!("{name:?}:{value},");
        let usual = if usual.is_empty() { String::new() } else { one(usual) };
        prop_oneof![
            100 => Just(usual.clone()),
            4 => proptest::sample::select(&ODD[..]).prop_map(one),
            1 => proptest::sample::select(&ODD[..]).prop_map(move |value| usual.clone() + &one(value)),
            1 => Just(String::new()),
        ]
    };
    let members: Vec<_> = members.iter().map(|pair| member(*pair)).collect();
    members.prop_shuffle().prop_map(|members| format!("{{{}}}", members.concat().trim_end_matches(',')))
}

/// Generates the bytes of the text, of which some are replaced, removed or added.
fn mutated(text: String) -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<proptest::sample::Index>(),
        prop_oneof![Just(b'"'), Just(b'\\'), Just(b' '), Just(b'0'), any::<u8>()],
        0..3_u8,
    );
    let changes = prop_oneof![3 => Just(Vec::new()), 1 => proptest::collection::vec(change, 1..3)];
    changes.prop_map(move |changes| {
        let mut bytes = text.clone().into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match how {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

#[test]
fn accepted_random_tokens_are_accepted_by_jsonwebtoken() {
    // T2, T7, T9, T10, T14: correctly signed tokens with any content, and combined parts of several tokens.
    const EXPIRES: &str = "4102444800";
    #[rustfmt::skip]
    const HEADER: &[(&str, &str)] = &[
        ("alg", r#""HS256""#), ("typ", r#""JWT""#), ("kid", ""), ("cty", ""), ("crit", ""), ("jwk", ""), ("jku", ""), ("x5c", ""), ("x5t#S256", ""), ("x5t", ""),
        ("x5u", ""), ("enc", ""), ("zip", ""), ("url", ""), ("nonce", ""), ("b64", ""), ("x", ""),
    ];
    #[rustfmt::skip]
    const CLAIMS: &[(&str, &str)] = &[
        ("iss", r#""https://id.example""#), ("aud", r#""reports""#), ("sub", r#""alice""#), ("exp", EXPIRES), ("nbf", "0"), ("iat", "1"), ("auth_time", ""), ("jti", ""),
        ("azp", ""), ("acr", ""), ("act", ""), ("cnf", ""), ("scope", ""), ("roles", r#"["admin"]"#), ("client_id", ""), ("x", ""),
    ];
    let secret = fixture("hmac.secret.txt");
    let (key, bearer) = (DecodingKey::from_secret(&secret), server(jwt_of("hs256")));
    let agree = |token: &str| {
        let accepted = verify(&bearer, token, crate::runtime::clock::now()).is_ok();
        let oracle = jsonwebtoken_accepts(Algorithm::HS256, &key, token);
        assert!(!accepted || oracle || begins_before_1970(token), "we alone accept {token}");
        (accepted, oracle)
    };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let tokens =
        || (object(HEADER), object(CLAIMS)).prop_flat_map(|(header, claims)| (mutated(header), mutated(claims)));
    let counts = std::cell::Cell::new((0, 0));
    let outcome = runner.run(&(tokens(), tokens()), |((header, claims), (other_header, other_claims))| {
        let (one, other) = (sign_by(&secret, header, claims), sign_by(&secret, other_header, other_claims));
        let (accepted, oracle) = agree(&one);
        let (ours, theirs) = counts.get();
        counts.set((ours + usize::from(accepted), theirs + usize::from(oracle)));
        let parts: Vec<_> = one.split('.').chain(other.split('.')).collect();
        for swapped in [[3, 1, 2], [0, 4, 2], [0, 1, 5], [0, 4, 5], [1, 0, 2], [0, 1, 1]] {
            let token = swapped.map(|part| parts[part]).join(".");
            prop_assert!(token == one || token == other || !agree(&token).0, "{token}");
        }
        Ok(())
    });
    outcome.unwrap();
    let (ours, theirs) = counts.get();
    assert!(ours > 150 && theirs > ours, "of 3000 we accept {ours}, and jsonwebtoken {theirs}: neither trivial");
}
