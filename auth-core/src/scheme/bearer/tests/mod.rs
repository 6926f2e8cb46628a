//! Tests with tokens that other implementations created, and with invalid tokens created here.

mod cached;
mod hostile;
mod keys;
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
                address_blocked: false,
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
    then(BearerTokens::new(Arc::clone(bearer), None).extract(&view))
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

/// Returns `let in`, or the problem.
fn outcome(bearer: &Bearer, token: &str, now: Timestamp) -> &'static str {
    match verify(bearer, token, now) {
        Ok(_) => "let in",
        Err(denial) => {
            assert_eq!(denial.scheme, Some(SchemeId::Bearer));
            denial.reason.response().problem
        }
    }
}

#[test]
fn token_dates_are_enforced_to_the_second() {
    // JWT-19 to JWT-23, STEP-4: tests each date around its limit at each leeway. A fraction is never rounded in favor of the token.
    const INVALID: &str = "invalid-credentials";
    const EXPIRED: &str = "expired-credentials";
    for leeway in [0, 60, 300] {
        let jwt = jwt_of("hs256").leeway(Duration::from_secs(leeway));
        let bearer = server(jwt);
        let leeway = i64::try_from(leeway).unwrap();
        let date = |name: &str, value: String| outcome(&bearer, &hs256(HS256, claims(&[(name, &value)])), at(NOW));
        #[rustfmt::skip]
        let table = [
            (NOW - leeway - 1, "",     EXPIRED),
            (NOW - leeway,     "",     EXPIRED),
            (NOW - leeway,     ".0",   EXPIRED),
            (NOW - leeway,     ".999", EXPIRED), // the clock has whole seconds, so it may have passed
            (NOW - leeway + 1, "",     "let in"),
            (NOW - leeway + 1, ".5",   "let in"),
        ];
        for (expires, fraction, expected) in table {
            assert_eq!(
                date("exp", format!("{expires}{fraction}")),
                expected,
                "exp {expires}{fraction}, leeway {leeway}"
            );
        }
        #[rustfmt::skip]
        let table = [
            (NOW + leeway - 1, "",     "let in"),
            (NOW + leeway - 1, ".999", "let in"),
            (NOW + leeway,     "",     "let in"),
            (NOW + leeway,     ".0",   "let in"),
            (NOW + leeway,     ".001", INVALID),
            (NOW + leeway,     ".5",   INVALID),
            (NOW + leeway + 1, "",     INVALID),
        ];
        for name in ["nbf", "iat", "auth_time"] {
            for (begins, fraction, expected) in table {
                assert_eq!(
                    date(name, format!("{begins}{fraction}")),
                    expected,
                    "{name} {begins}{fraction}, leeway {leeway}"
                );
            }
        }
    }
    // A number of any size is read exactly or rejected, and a leeway larger than the time itself does not wrap.
    let bearer = server(jwt_of("hs256").leeway(Duration::from_secs(300)));
    #[rustfmt::skip]
    let table = [
        ("exp", "0",                    EXPIRED,  NOW), ("exp", "-1",                   EXPIRED, NOW), ("exp", "-0",                    EXPIRED,  NOW),
        ("exp", "-1e15",                EXPIRED,  NOW), ("exp", "1.9e9",                "let in", NOW), ("exp", "1.7E+9",               EXPIRED,  NOW),
        ("exp", "9007199254740992",     "let in", NOW), ("exp", "18446744073709551615", INVALID, NOW), ("exp", "1e400",                 INVALID,  NOW),
        ("exp", "\"1900000000\"",       INVALID,  NOW), ("exp", "null",                 INVALID, NOW), ("exp", "true",                  INVALID,  NOW),
        ("exp", "[1900000000]",         INVALID,  NOW), ("exp", "",                     INVALID, NOW), ("nbf", "-9223372036854775808",  INVALID,  NOW),
        ("nbf", "-1",                   "let in", NOW), ("iat", "-1.5",                 "let in", NOW), ("nbf", "9007199254740992",     INVALID,  NOW),
        ("nbf", "\"0\"",                INVALID,  NOW), ("nbf", "null",                 INVALID, NOW), ("iat", "false",                 INVALID,  NOW),
        ("auth_time", "\"0\"",          "let in", NOW), ("exp", "10",                   "let in", 0),   ("exp", "0",                    "let in", 0),
        ("exp", "-301",                 EXPIRED,  0),   ("exp", "1",                    EXPIRED, i64::MAX), ("nbf", "1",                INVALID,  i64::MIN),
    ];
    for (name, value, expected, now) in table {
        assert_eq!(
            outcome(&bearer, &hs256(HS256, claims(&[(name, value)])), at(now)),
            expected,
            "{name} {value} at {now}"
        );
    }
    let unless_set = server(jwt_of("hs256"));
    for (expires, expected) in [(NOW - 59, "let in"), (NOW - 60, EXPIRED)] {
        assert_eq!(outcome(&unless_set, &hs256(HS256, claims(&[("exp", &expires.to_string())])), at(NOW)), expected);
    }
}

#[test]
fn expiry_is_reported_only_for_otherwise_valid_tokens() {
    // JWT-15: the response does not reveal that a forged token, or one for another application, has expired.
    let past = NOW.saturating_sub(7200).to_string();
    let bearer = server(jwt_of("hs256"));
    #[rustfmt::skip]
    let table: &[(Members<'_>, &str)] = &[
        (&[],                                               "expired-credentials"),
        (&[("iss", "\"https://other.example\"")],           "invalid-credentials"),
        (&[("aud", "\"other\"")],                           "invalid-credentials"),
        (&[("sub", "")],                                    "invalid-credentials"),
        (&[("cnf", r#"{"jkt":"a"}"#)],                      "invalid-credentials"),
        (&[("scope", "[]")],                                "invalid-credentials"),
        (&[("jti", "1")],                                   "invalid-credentials"),
        (&[("nbf", "9000000000")],                          "invalid-credentials"),
    ];
    for (others, expected) in table {
        let claims = claims(&[others, &[("exp", past.as_str())][..]].concat());
        assert_eq!(outcome(&bearer, &hs256(HS256, &claims), at(NOW)), *expected, "{claims}");
        assert_eq!(outcome(&bearer, &sign_by(&[7; 32], HS256, &claims), at(NOW)), "invalid-credentials", "{claims}");
    }
}

#[test]
fn issuer_keys_never_verify_tokens_of_another_issuer() {
    // JWT-16, JWT-17, C2, C3: two issuers use the same `kid`, and a third issuer has keys of another kind.
    const OTHER: &str = "https://other.example";
    let (ours, theirs) = (fixture("hmac.secret.txt"), [7; 64]);
    let issuer = |name, key: Key| Jwt::key(key.kid("1")).issuer(name).audience(AUDIENCE);
    let hmac = |secret: &[u8]| Key::secret(Algorithm::HS256, secret);
    let rsa = Key::pem(Algorithm::RS256, fixture("rsa.public.pem"));
    let jwts = vec![
        issuer(ISSUER, hmac(&ours)).confers(Confers::nothing().roles(["admin"])),
        issuer(OTHER, hmac(&theirs)).confers(Confers::nothing().roles(["viewer"])),
        issuer("https://rsa.example", rsa),
    ];
    let bearer = build_all(jwts).unwrap();
    assert_eq!(
        bearer.sources().map(|source| &*source.issuer).collect::<Vec<_>>(),
        [ISSUER, OTHER, "https://rsa.example"]
    );
    let private = EncodingKey::from_rsa_pem(&fixture("rsa.private.pem")).unwrap();
    let kid = |algorithm| format!(r#"{{"alg":"{algorithm}","kid":"1"}}"#);
    let named = |name: &str| claims(&[("iss", name), ("roles", r#"["admin","viewer"]"#)]);
    #[rustfmt::skip]
    let table = [
        ("by its own key",              sign_by(&ours, kid("HS256"), named(r#""https://id.example""#)),       Some(ISSUER)),
        ("by its own key",              sign_by(&theirs, kid("HS256"), named(r#""https://other.example""#)),  Some(OTHER)),
        ("by its own key",              sign(Algorithm::RS256, &private, kid("RS256"), named(r#""https://rsa.example""#)), Some("https://rsa.example")),
        ("by the key of the first",     sign_by(&ours, kid("HS256"), named(r#""https://other.example""#)),    None),
        ("by the key of the second",    sign_by(&theirs, kid("HS256"), named(r#""https://id.example""#)),     None),
        ("by a secret, of the third",   sign_by(&ours, kid("HS256"), named(r#""https://rsa.example""#)),      None),
        ("by a public key as a secret", sign_by(&fixture("rsa.public.pem"), kid("HS256"), named(r#""https://rsa.example""#)), None),
        ("by the third, of the first",  sign(Algorithm::RS256, &private, kid("RS256"), named(r#""https://id.example""#)), None),
        ("of nobody known",             sign_by(&ours, kid("HS256"), named(r#""https://id.example/""#)),      None),
        ("of both",                     sign_by(&ours, kid("HS256"), named(r#"["https://id.example","https://other.example"]"#)), None),
        ("of nobody",                   sign_by(&ours, kid("HS256"), claims(&[("iss", "")])),                 None),
        ("of two, in two members",      sign_by(&ours, kid("HS256"), r#"{"iss":"https://id.example","iss":"https://other.example","sub":"a","aud":"reports","exp":9000000000}"#), None),
    ];
    for (case, token, expected) in &table {
        let found = verify(&bearer, token, at(NOW));
        assert_eq!(found.as_ref().ok().map(Principal::issuer), *expected, "{case}: {found:?}");
    }
    let [first, second, third] = [0, 1, 2].map(|row| verify(&bearer, &table[row].1, at(NOW)).unwrap());
    let roles = |caller: &Principal| ["admin", "viewer"].map(|role| caller.has_role(Role::new(role)));
    assert_eq!([roles(&first), roles(&second), roles(&third)], [[true, false], [false, true], [true, true]]);
    assert_eq!([&first, &second, &third].map(Principal::local_subject), ["alice"; 3]);
    assert!(first.id() != second.id() && second.id() != third.id(), "one subject at two issuers is two people");
    // A single issuer may sign tokens without `iss`, and the `iss` of its tokens need not match. Identities have the configured
    // name.
    let unnamed = server(Jwt::key(hmac(&ours)).without_issuer("ours").audience(AUDIENCE));
    for (issuer, expected) in [("", "let in"), (r#""https://id.example""#, "let in"), ("7", "invalid-credentials")] {
        assert_eq!(outcome(&unnamed, &hs256(HS256, claims(&[("iss", issuer)])), at(NOW)), expected, "{issuer}");
    }
    let principal = verify(&unnamed, &hs256(HS256, claims(&[("iss", "")])), at(NOW)).unwrap();
    assert_eq!(principal.id().to_string(), "user:4:ours:alice");
}

#[test]
fn verification_key_is_selected_by_kid_and_algorithm() {
    // JWT-6, JWT-12, JWKS-7, and manual key rotation.
    let secrets: Vec<[u8; 64]> = (1..=10).map(|byte| [byte; 64]).collect();
    let key = |index: usize| Key::secret(Algorithm::HS256, secrets[index]);
    let jwt = |keys: Vec<Key>| {
        let mut keys = keys.into_iter();
        let jwt = Jwt::key(keys.next().unwrap()).issuer(ISSUER).audience(AUDIENCE);
        server(keys.fold(jwt, Jwt::or_key))
    };
    let rotated = jwt(vec![key(0).kid("old"), key(1).kid("new"), Key::secret(Algorithm::HS512, secrets[2]).kid("old")]);
    let twice = jwt(vec![key(0).kid("a"), key(1).kid("a"), key(2)]);
    let many = jwt((0..10).map(|index| key(index).kid(index.to_string())).collect());
    let nine = (1..9).map(key).fold(Jwt::key(key(0)).issuer(ISSUER).audience(AUDIENCE), Jwt::or_key);
    let error = Bearer::new(vec![nine], None, &RoleTypes::default()).err().map(|(_, error)| error);
    assert_eq!(error, Some(JwtError::TooManyKeys), "the ninth would never be tried");
    let signed = |index: usize, kid: &str| {
        let header = if kid.is_empty() { HS256.to_owned() } else { format!(r#"{{"alg":"HS256","kid":{kid}}}"#) };
        sign_by(&secrets[index], header, claims(&[]))
    };
    #[rustfmt::skip]
    let table = [
        (&rotated, 0, r#""old""#, true),  (&rotated, 1, r#""new""#, true),  (&rotated, 1, r#""old""#, false), (&rotated, 0, r#""new""#, false),
        (&rotated, 0, "",         true),  (&rotated, 1, "",         true),  (&rotated, 2, "",         false), (&rotated, 2, r#""old""#, false),
        (&rotated, 0, r#""Old""#, false), (&rotated, 0, r#""""#,    false), (&rotated, 0, "7",        false), (&rotated, 0, r#""../old""#, false),
        (&twice,   0, r#""a""#,   true),  (&twice,   1, r#""a""#,   true),  (&twice,   2, r#""a""#,   true),  (&twice,   2, r#""other""#, true),
        (&many,    0, "",         true),  (&many,    7, "",         true),  (&many,    8, "",         false), (&many,    9, r#""x""#, false),
    ];
    for (row, (bearer, index, kid, expected)) in table.into_iter().enumerate() {
        assert_eq!(verify(bearer, &signed(index, kid), at(NOW)).is_ok(), expected, "row {row}: key {index}, kid {kid}");
    }
    // The key would verify the token, but the header names another algorithm.
    for algorithm in ["HS384", "HS512", "RS256", "ES256", "EdDSA", "none"] {
        let token = sign_by(&secrets[0], format!(r#"{{"alg":"{algorithm}","kid":"old"}}"#), claims(&[]));
        assert_eq!(outcome(&rotated, &token, at(NOW)), "invalid-credentials", "{algorithm}");
    }
}

#[test]
fn roles_and_scopes_are_read_from_provider_specific_claims() {
    // JWT-27, AT-4, C4: (issuer, claims, roles held, scopes held, whether a missing role is known to be missing).
    let shop = |jwt: Jwt| server(jwt.issuer(ISSUER).audience(AUDIENCE));
    let flat = || Jwt::hs256(fixture("hmac.secret.txt"));
    #[rustfmt::skip]
    let table = [
        ("flat", flat(), r#""roles":["admin"],"groups":["g"],"scope":"openid  reports","scp":["s"]"#, "admin", "openid reports", true),
        ("flat, without", flat(), r#""realm_access":{"roles":["admin"]},"scp":"openid""#, "", "", false),
        ("Keycloak", flat().keycloak("shop/web~1"), r#""typ":"Bearer","azp":"shop","acr":"1","realm_access":{"roles":["offline_access","admin"]},
            "resource_access":{"shop/web~1":{"roles":["viewer"]},"account":{"roles":["manage-account","editor"]}},"scope":"openid profile email""#,
            "admin viewer", "openid profile email", true),
        ("Keycloak, without roles of the client", flat().keycloak("shop"), r#""realm_access":{"roles":["admin"]},"roles":["editor"]"#, "admin", "", false),
        ("Keycloak, told apart", flat().keycloak_with_prefixes("shop", "realm:", ""), r#""realm_access":{"roles":["admin"]},
            "resource_access":{"shop":{"roles":["editor"]}}"#, "realm:admin editor", "", true),
        ("Keycloak, told apart", flat().keycloak_with_prefixes("shop", "", "shop:"), r#""realm_access":{"roles":["viewer"]},
            "resource_access":{"shop":{"roles":["admin"]}}"#, "shop:admin viewer", "", true),
        ("Auth0", flat().auth0("https://shop.example/"), r#""azp":"k","https://shop.example/roles":["admin"],"permissions":["read:x"],"roles":["editor"],
            "scope":"openid read:x""#, "admin", "openid read:x", true),
        ("Entra ID", flat().entra(), r#""ver":"2.0","oid":"o","tid":"t","roles":["admin"],"scp":"Files.Read User.Read","groups":["viewer"]"#,
            "admin", "Files.Read User.Read", true),
        ("Entra ID, too many groups", flat().entra(), r#""roles":["admin"],"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://x"}}"#,
            "admin", "", true),
        ("Entra ID, too many groups", flat().entra(), r#""roles":["admin"],"hasgroups":true"#, "admin", "", true),
        ("Entra ID, groups as roles, too many", flat().roles_at(["/groups"]), r#""groups":["admin"],"hasgroups":true"#, "admin", "", false),
        ("Okta", flat().okta(), r#""ver":1,"cid":"c","uid":"u","groups":["Everyone","admin"],"scp":["openid","reports"],"roles":["editor"]"#,
            "admin", "openid reports", true),
        ("deep", flat().roles_at(["/a~1b/~0c/"]), r#""a/b":{"~c":{"":["admin"]}},"roles":["editor"]"#, "admin", "", true),
        ("one string at the end", flat().roles_at(["/a/b"]), r#""a":{"b":"admin"}"#, "admin", "", true),
        ("no list at the end", flat().roles_at(["/a/b"]), r#""a":{"b":{"admin":1}}"#, "", "", false),
        ("one string where nothing is configured", flat(), r#""roles":"admin""#, "", "", false),
    ];
    for (case, jwt, members, roles, scopes, answers) in table {
        let members = format!("{{{members},{}", &claims(&[])[1..]);
        let caller = shop(jwt)
            .verify(&hs256(HS256, &members), at(NOW))
            .unwrap()
            .unwrap_or_else(|denial| panic!("{case}: {denial:?}"));
        for role in ["admin", "editor", "viewer", "g", "manage-account", "realm:admin", "shop:admin", "realm:editor"] {
            let held = roles.split(' ').any(|held| held == role);
            assert_eq!(caller.has_role(Role::new(role)), held, "{case}: {role}");
            assert_eq!(caller.lacks(Role::VOCABULARY.name(role)), answers && !held, "{case}: {role}");
        }
        for scope in ["openid", "profile", "email", "reports", "read:x", "Files.Read", "User.Read", "s", "open", ""] {
            let held = !scope.is_empty() && scopes.split(' ').any(|held| held == scope);
            assert_eq!(caller.has_scope(TokenScope::new(scope)), held, "{case}: {scope}");
        }
    }
    for (jwt, member) in [
        (flat(), r#""scope":["openid"]"#),
        (flat().entra(), r#""scp":{"a":1}"#),
        (flat().okta(), r#""cid":"c","scp":7"#),
        (flat().okta(), r#""cid":"c","scp":["a",1]"#),
    ] {
        let members = format!("{{{member},{}", &claims(&[])[1..]);
        assert_eq!(outcome(&shop(jwt), &hs256(HS256, members), at(NOW)), "invalid-credentials", "BEARER-9: {member}");
    }
}

#[test]
fn subject_equal_to_client_id_identifies_a_client() {
    // C2, AT-5, JWT-25: for tokens and for `Principal::from_claims`.
    let bearer = server(jwt_of("hs256"));
    let source = Arc::clone(bearer.sources().next().unwrap());
    #[rustfmt::skip]
    let table = [
        (r#""alice""#, "",                  "user:18:https://id.example:alice"),
        (r#""alice""#, r#""spa""#,          "user:18:https://id.example:alice"),
        (r#""spa""#,   r#""spa""#,          "client:18:https://id.example:spa"),
        (r#""spa""#,   r#""\u0073pa""#,     "client:18:https://id.example:spa"),
        (r#""a:b""#,   "",                  "user:18:https://id.example:a:b"),
    ];
    for (subject, client, expected) in table {
        let claims = claims(&[("sub", subject), ("client_id", client)]);
        let by_token = verify(&bearer, &hs256(HS256, &claims), at(NOW)).unwrap();
        let by_claims = Principal::from_claims(Arc::clone(&source), claims.clone()).unwrap();
        assert_eq!([by_token.id().to_string(), by_claims.id().to_string()], [expected; 2], "{claims}");
    }
}
