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
use crate::denial::challenge::{Scheme, SchemeSet};
use crate::facts::{Caller, Facts};
use crate::open::{Role, TokenScope};
use crate::rule::{Formula, Literal, Rule};
use crate::scheme::{Presented, read};
use crate::source::Confers;
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

fn build_all(jwts: Vec<Jwt>) -> Result<Bearer, (String, JwtError)> {
    Bearer::new(jwts, None, &RoleTypes::default())
}

/// Verifies with keys that are there.
fn verify(bearer: &Bearer, token: &str, now: Timestamp) -> Result<Principal, Denial> {
    bearer.verify(token, now).unwrap()
}

fn server(jwt: Jwt) -> Bearer {
    build_all(vec![jwt]).unwrap()
}

/// What the whole of auth-core answers to the value of an `Authorization` line, for a handler that asks for this role.
fn answer(bearer: &Bearer, line: &[u8], now: Timestamp, role: &'static str) -> (u16, Option<&'static str>) {
    let atom = Atom::Named(Named(Role::VOCABULARY.name(role)));
    let formula = Formula::Literal(Literal { atom, negated: false, text: "role" });
    let rule =
        Rule { formula, text: "", guards: "", file: "", line: 0, reads: crate::rule::Reads::Nothing, not_found: false };
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
                elsewhere: Default::default(),
            },
        )
    };
    let verified = match read([line].into_iter(), SchemeSet::NONE.with(Scheme::Bearer), 8192) {
        Presented::Bearer(token) => {
            assert_eq!(decide(Caller::Presented(Scheme::Bearer)), Decision::Verify);
            verify(bearer, token, now)
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
        Decision::Verify | Decision::AskRoles(_) => panic!("it has been verified"),
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

// ── tokens made here ─────────────────────────────────────────────────────────────────────────────────────────────────

/// The middle of the day on which all that is not told the real time happens.
const NOW: i64 = 1_800_000_000;
const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// Names and values, the values as JSON text.
type Members<'a> = &'a [(&'a str, &'a str)];

/// The claims of a good token as JSON text, with these members in place of the usual ones; an empty value leaves one out.
fn claims(others: Members<'_>) -> String {
    let expires = (NOW + 3600).to_string();
    let usual = [("iss", r#""https://id.example""#), ("aud", r#""reports""#), ("sub", r#""alice""#), ("exp", &expires)];
    let kept = usual.iter().filter(|(name, _)| others.iter().all(|(other, _)| other != name));
    let members = kept.chain(others).filter(|(_, value)| !value.is_empty());
    format!("{{{}}}", members.map(|(name, value)| format!("{name:?}:{value}")).collect::<Vec<_>>().join(","))
}

/// Signs whatever it is given.
fn sign(algorithm: Algorithm, key: &EncodingKey, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    key::install_provider();
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn sign_by(secret: &[u8], header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    sign(Algorithm::HS256, &EncodingKey::from_secret(secret), header, claims)
}

fn hs256(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    sign_by(&fixture("hmac.secret.txt"), header, claims)
}

/// `let in`, or the problem.
fn outcome(bearer: &Bearer, token: &str, now: Timestamp) -> &'static str {
    match verify(bearer, token, now) {
        Ok(_) => "let in",
        Err(denial) => {
            assert_eq!(denial.used, Some(Scheme::Bearer));
            denial.reason.answer().problem
        }
    }
}

#[test]
fn dates_hold_to_the_second() {
    // JWT-19 to JWT-23, STEP-4: at each leeway, each date around its limit. A fraction is never rounded in its favour.
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
            (NOW - leeway,     ".999", EXPIRED), // a clock of whole seconds: it may be past already
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
    // However large, a number is what it says or is refused; a leeway larger than the time itself wraps nothing.
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
        ("auth_time", "\"0\"",          INVALID,  NOW), ("exp", "10",                   "let in", 0),   ("exp", "0",                    "let in", 0),
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
fn what_is_wrong_is_said_in_one_order_and_expired_only_of_a_token_that_was_good() {
    // JWT-15: nobody learns that a forged token, or one for another application, has expired.
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
fn issuers_are_told_apart_by_name_and_no_key_signs_for_another() {
    // JWT-16, JWT-17, C2, C3: one `kid` at both, and a third issuer whose keys are of another kind.
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
    // Alone, an issuer may sign without a name, which then need not fit; the identity is under the name given here.
    let unnamed = server(Jwt::key(hmac(&ours)).without_issuer("ours").audience(AUDIENCE));
    for (issuer, expected) in [("", "let in"), (r#""https://id.example""#, "let in"), ("7", "invalid-credentials")] {
        assert_eq!(outcome(&unnamed, &hs256(HS256, claims(&[("iss", issuer)])), at(NOW)), expected, "{issuer}");
    }
    let principal = verify(&unnamed, &hs256(HS256, claims(&[("iss", "")])), at(NOW)).unwrap();
    assert_eq!(principal.id().to_string(), "user:4:ours:alice");
}

#[test]
fn a_key_is_found_by_its_id_and_its_algorithm() {
    // JWT-6, JWT-12, JWKS-7, and the rotation of keys by hand
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
    // The key would verify it, and the header says something else.
    for algorithm in ["HS384", "HS512", "RS256", "ES256", "EdDSA", "none"] {
        let token = sign_by(&secrets[0], format!(r#"{{"alg":"{algorithm}","kid":"old"}}"#), claims(&[]));
        assert_eq!(outcome(&rotated, &token, at(NOW)), "invalid-credentials", "{algorithm}");
    }
}

#[test]
fn each_provider_s_tokens_are_read_where_it_lists_names() {
    // JWT-27, AT-4, C4: (issuer, claims, roles held, scopes held, whether a missing role is an answer)
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
            "admin", "", false),
        ("Entra ID, too many groups", flat().entra(), r#""roles":["admin"],"hasgroups":true"#, "admin", "", false),
        ("Okta", flat().okta(), r#""ver":1,"cid":"c","uid":"u","groups":["Everyone","admin"],"scp":["openid","reports"],"roles":["editor"]"#,
            "admin", "openid reports", true),
        ("deep", flat().roles_at(["/a~1b/~0c/"]), r#""a/b":{"~c":{"":["admin"]}},"roles":["editor"]"#, "admin", "", true),
        ("no array at the end", flat().roles_at(["/a/b"]), r#""a":{"b":"admin"}"#, "", "", false),
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
        (flat().entra(), r#""scp":["a"]"#),
        (flat().okta(), r#""scp":"openid""#),
        (flat().okta(), r#""scp":["a",1]"#),
    ] {
        let members = format!("{{{member},{}", &claims(&[])[1..]);
        assert_eq!(outcome(&shop(jwt), &hs256(HS256, members), at(NOW)), "invalid-credentials", "BEARER-9: {member}");
    }
}

#[test]
fn a_program_that_acts_for_itself_is_no_user() {
    // C2, AT-5, JWT-25: in a token and in `Principal::from_claims` alike.
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

// ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const SECP256K1: &str = "-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEFjS46CiJEm3rPJdLwsOZnca3TaNiTfQ5
uZ3PzTYyFCrrvKf0fnl8Sy/x4jAXmIUivOc7oTKpvMnHQPfeUeHfYQ==
-----END PUBLIC KEY-----
";
const X25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAXMJNpYhybiKMBmBdKyKfYldZTR/n42hGMQVOSKfuYCA=
-----END PUBLIC KEY-----
";
const ED448: &str = "-----BEGIN PUBLIC KEY-----
MEMwBQYDK2VxAzoAQqxr0q+3qzhICop/1otGoenwaUy/WKicxvRPL8k8tPFZTqI2
/4KGoVWYA6Mkz5eGb9e9LpyA+zCA
-----END PUBLIC KEY-----
";
const COMPRESSED: &str = "-----BEGIN PUBLIC KEY-----
MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADukgvq8YvTvHMbGlGDFfLbbagiyKk
SGf/iDdyM0i6izw=
-----END PUBLIC KEY-----
";

/// What stands between the lines of a PEM.
fn der(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

/// The JWK in this file with some of its members replaced; an empty value leaves one out.
fn jwk(file: &str, members: Members<'_>) -> String {
    let mut jwk: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&fixture(file)).unwrap();
    for (name, value) in members {
        jwk.remove(*name);
        if !value.is_empty() {
            jwk.insert((*name).to_owned(), serde_json::from_str(value).unwrap());
        }
    }
    serde_json::to_string(&jwk).unwrap()
}

/// What `build()` says to this key.
fn build(key: Key) -> Result<(), KeyError> {
    match build_all(vec![Jwt::key(key).issuer(ISSUER).audience(AUDIENCE)]) {
        Ok(_) => Ok(()),
        Err((_, JwtError::Key { position: 1, error })) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_secret_that_is_short_or_public_is_none() {
    // JWT-6, JWT-7, T1, CVE-2026-48526: every way in which a public key might be pasted.
    #[rustfmt::skip]
    let lengths = [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)];
    for (algorithm, least) in lengths {
        for length in [0, 1, least - 1] {
            assert_eq!(
                build(Key::secret(algorithm, vec![7; length])),
                Err(KeyError::SecretTooShort(least)),
                "{algorithm:?} {length}"
            );
        }
        assert_eq!(build(Key::secret(algorithm, vec![7; least])), Ok(()), "{algorithm:?}");
    }
    for algorithm in [Algorithm::RS256, Algorithm::PS512, Algorithm::ES256, Algorithm::EdDSA] {
        assert_eq!(build(Key::secret(algorithm, [7; 64])), Err(KeyError::OtherAlgorithm), "{algorithm:?}");
    }
    let keys = [
        "rsa.public.pem",
        "rsa-1024.public.pem",
        "ec-p256.public.pem",
        "ec-p384.public.pem",
        "ed25519.public.pem",
        "rsa-other.cert.pem",
    ];
    let pkcs1 = fixture("rsa.public.der").split_off(24);
    let mut public = vec![
        ("PKCS#1".to_owned(), pkcs1.clone()),
        ("PKCS#1 in base64".to_owned(), STANDARD.encode(pkcs1).into_bytes()),
    ];
    for name in keys {
        let (pem, der) = (text(name), der(&text(name)));
        let base64 = STANDARD.encode(&der);
        let lines = pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n");
        #[rustfmt::skip]
        let spellings = [
            ("PEM", pem.clone()), ("PEM, trimmed", pem.trim().to_owned()), ("PEM, CRLF", pem.replace('\n', "\r\n")), ("PEM, escaped", pem.replace('\n', "\\n")),
            ("PEM, after a byte order mark", format!("\u{feff}{pem}")), ("PEM, indented", format!("  {pem}")),
            ("base64", base64.clone()), ("base64, with a newline", format!("{base64}\n")), ("base64, in lines", lines),
            ("base64, without padding", base64.trim_end_matches('=').to_owned()), ("base64url", URL_SAFE_NO_PAD.encode(&der)),
        ];
        public.push((format!("{name}: DER"), der));
        public.extend(spellings.map(|(spelling, text)| (format!("{name}: {spelling}"), text.into_bytes())));
    }
    for name in ["rsa.jwk.json", "ec-p256.jwk.json", "ed25519.jwk.json", "keys.jwks.json"] {
        public.push((name.to_owned(), fixture(name)));
        public.push((format!("{name}, after a byte order mark"), format!("\u{feff}{}", text(name)).into_bytes()));
        public.push((format!("{name} in one line"), text(name).replace(['\n', ' '], "").into_bytes()));
    }
    #[rustfmt::skip]
    let ssh = [
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 a@b", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsa a@b",
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbml", "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2gu",
        "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlz",
    ];
    public.extend(ssh.map(|line| (line.to_owned(), line.as_bytes().to_vec())));
    for (name, bytes) in public.into_iter().filter(|(_, bytes)| bytes.len() >= 32) {
        assert_eq!(build(Key::secret(Algorithm::HS256, bytes)), Err(KeyError::SecretIsPublicKey), "{name}");
    }
    #[rustfmt::skip]
    let secrets: [&[u8]; 6] = [
        b"0123456789abcdef0123456789abcdef", b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", b"sk-live-0123456789abcdef0123456789",
        b"{\"a\":\"secrets may look like anything\"}", b"0\x81\x9f0\r\x06\t*\x86H\x86\xf7\r\x01\x01\x01\x05\x00 but goes on as no key", &[0x30; 64],
    ];
    for secret in secrets {
        assert_eq!(build(Key::secret(Algorithm::HS256, secret)), Ok(()), "{}", String::from_utf8_lossy(secret));
    }
}

#[test]
fn a_key_that_does_not_fit_its_algorithm_does_not_build() {
    // JWT-8, JWT-9, JWT-10, JWKS-3, RFC 8725 §3.4, in PEM and in DER
    use Algorithm::{ES256, ES384, EdDSA, HS256, PS256, RS256, RS512};
    use KeyError::{NotOnCurve, OtherAlgorithm, PrivateKey, RsaTooShort, Unreadable};
    #[rustfmt::skip]
    let table = [
        (RS256, text("rsa.public.pem"),      Ok(()),              Ok(())),
        (PS256, text("rsa.public.pem"),      Ok(()),              Ok(())),
        (ES256, text("ec-p256.public.pem"),  Ok(()),              Ok(())),
        (ES384, text("ec-p384.public.pem"),  Ok(()),              Ok(())),
        (EdDSA, text("ed25519.public.pem"),  Ok(()),              Ok(())),
        (RS256, text("rsa-1024.public.pem"), Err(RsaTooShort),    Err(RsaTooShort)),
        (RS256, text("ec-p256.public.pem"),  Err(OtherAlgorithm), Err(OtherAlgorithm)),
        (ES256, text("rsa.public.pem"),      Err(OtherAlgorithm), Err(OtherAlgorithm)),
        (ES256, text("ed25519.public.pem"),  Err(OtherAlgorithm), Err(OtherAlgorithm)),
        (EdDSA, text("rsa.public.pem"),      Err(OtherAlgorithm), Err(OtherAlgorithm)),
        (EdDSA, text("ec-p256.public.pem"),  Err(OtherAlgorithm), Err(OtherAlgorithm)),
        (HS256, text("rsa.public.pem"),      Err(OtherAlgorithm), Err(OtherAlgorithm)),
        (ES256, text("ec-p384.public.pem"),  Err(NotOnCurve),     Err(NotOnCurve)),
        (ES384, text("ec-p256.public.pem"),  Err(NotOnCurve),     Err(NotOnCurve)),
        (ES256, SECP256K1.to_owned(),        Err(NotOnCurve),     Err(NotOnCurve)),
        (ES256, COMPRESSED.to_owned(),       Err(NotOnCurve),     Err(NotOnCurve)),
        (EdDSA, X25519.to_owned(),           Err(Unreadable),     Err(Unreadable)),
        (EdDSA, ED448.to_owned(),            Err(Unreadable),     Err(Unreadable)),
        (RS256, text("rsa.private.pem"),     Err(PrivateKey),     Err(Unreadable)),
        (ES256, text("ec-p256.private.pem"), Err(PrivateKey),     Err(Unreadable)),
        (EdDSA, text("ed25519.private.pem"), Err(PrivateKey),     Err(Unreadable)),
        (RS256, text("rsa-other.cert.pem"),  Err(Unreadable),     Err(Unreadable)),
        (ES256, text("rsa-other.cert.pem"),  Err(Unreadable),     Err(Unreadable)),
    ];
    for (row, (algorithm, pem, expected, expected_of_der)) in table.into_iter().enumerate() {
        assert_eq!(build(Key::pem(algorithm, &pem)), expected, "row {row}: {algorithm:?}");
        assert_eq!(build(Key::der(algorithm, der(&pem))), expected_of_der, "row {row}: {algorithm:?}, in DER");
    }
    let both = [text("rsa-other.cert.pem"), text("rsa.public.pem")].concat();
    assert_eq!(build(Key::pem(RS256, both)), Err(Unreadable), "whose key is it?");
    for text in
        ["", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----\n"]
    {
        assert_eq!(build(Key::pem(RS256, text)), Err(Unreadable), "{text}");
        assert_eq!(build(Key::der(RS256, text)), Err(Unreadable), "{text}");
    }
    let pkcs1 = [
        b"-----BEGIN RSA PUBLIC KEY-----\n",
        STANDARD.encode(&fixture("rsa.public.der")[24..]).as_bytes(),
        b"\n-----END RSA PUBLIC KEY-----\n",
    ]
    .concat();
    assert_eq!(build(Key::pem(RS512, pkcs1)), Ok(()), "PKCS#1");
}

#[test]
fn a_jwk_says_what_it_is_for_and_is_believed_only_where_it_fits() {
    // JWT-8 to JWT-10, JWKS-3, T17
    use KeyError::{
        NoAlgorithm, NotOnCurve, OtherAlgorithm, OtherUse, PrivateKey, RsaExponent, RsaTooLong, RsaTooShort,
        SecretTooShort, Unreadable,
    };
    let modulus = |bits: usize| {
        let mut bytes = vec![0xff; bits.div_ceil(8)];
        bytes[0] >>= (8 - bits % 8) % 8;
        format!("{:?}", URL_SAFE_NO_PAD.encode(bytes))
    };
    let [short, just, long, too_long] = [2047, 2048, 4096, 8193].map(modulus);
    let even = format!("{:?}", URL_SAFE_NO_PAD.encode([0xfe; 256]));
    let most = if cfg!(feature = "jwt-aws-lc") { 8192 } else { 4096 };
    let [rsa, ec, ed] = ["rsa.jwk.json", "ec-p256.jwk.json", "ed25519.jwk.json"];
    let x_of_ec = r#""ukgvq8YvTvHMbGlGDFfLbbagiyKkSGf_iDdyM0i6izw""#;
    #[rustfmt::skip]
    let table: &[(&str, Members<'_>, Result<(), KeyError>)] = &[
        (rsa, &[],                                              Ok(())),
        (rsa, &[("use", r#""sig""#), ("alg", r#""PS384""#)],    Ok(())),
        (rsa, &[("key_ops", r#"["verify"]"#)],                  Ok(())),
        (rsa, &[("kid", r#""k""#), ("x5t", r#""a""#)],          Ok(())),
        (rsa, &[("use", r#""enc""#)],                           Err(OtherUse)),
        (rsa, &[("use", r#""Sig""#)],                           Err(OtherUse)),
        (rsa, &[("key_ops", r#"["sign"]"#)],                    Err(OtherUse)),
        (rsa, &[("key_ops", "[]")],                             Err(OtherUse)),
        (rsa, &[("use", r#""sig""#), ("key_ops", r#"["encrypt"]"#)], Err(OtherUse)),
        (rsa, &[("alg", r#""HS256""#)],                         Err(OtherAlgorithm)),
        (rsa, &[("alg", r#""ES256""#)],                         Err(OtherAlgorithm)),
        (rsa, &[("alg", r#""RSA-OAEP""#)],                      Err(OtherAlgorithm)),
        (rsa, &[("alg", r#""none""#)],                          Err(OtherAlgorithm)),
        (rsa, &[("d", r#""AQAB""#)],                            Err(PrivateKey)),
        (rsa, &[("oth", "[]")],                                 Err(PrivateKey)),
        (rsa, &[("e", r#""AQAA""#)],                            Err(RsaExponent)),
        (rsa, &[("e", r#""AQ""#)],                              Err(RsaExponent)),
        (rsa, &[("e", r#""AA""#)],                              Err(RsaExponent)),
        (rsa, &[("e", r#""""#)],                                Err(RsaExponent)),
        (rsa, &[("e", r#""Aw""#)],                              Ok(())),
        (rsa, &[("e", r#""AAEAAQ""#)],                          Ok(())),
        (rsa, &[("n", &short)],                                 Err(RsaTooShort)),
        (rsa, &[("n", &just)],                                  Ok(())),
        (rsa, &[("n", &long)],                                  Ok(())),
        (rsa, &[("n", &too_long)],                              Err(RsaTooLong(most))),
        (rsa, &[("n", &even)],                                  Err(Unreadable)),
        (rsa, &[("e", r#""AQAAAAAAAAAB""#)],                    Err(RsaExponent)),
        (rsa, &[("n", "")],                                     Err(Unreadable)),
        (rsa, &[("n", r#""a+/=""#)],                            Err(Unreadable)),
        (rsa, &[("kid", "7")],                                  Err(Unreadable)),
        (rsa, &[("kty", r#""EC""#)],                            Err(Unreadable)),
        (rsa, &[("kty", r#""rsa""#)],                           Err(Unreadable)),
        ("rsa-1024.jwk.json", &[],                              Err(RsaTooShort)),
        (ec,  &[("alg", r#""ES256""#)],                         Ok(())),
        (ec,  &[("alg", r#""ES384""#)],                         Err(NotOnCurve)),
        (ec,  &[("alg", r#""RS256""#)],                         Err(OtherAlgorithm)),
        (ec,  &[("crv", r#""P-384""#)],                         Err(NotOnCurve)),
        (ec,  &[("crv", r#""P-521""#)],                         Err(NotOnCurve)),
        (ec,  &[("crv", r#""secp256k1""#)],                     Err(Unreadable)),
        (ec,  &[("y", x_of_ec)],                                Err(NotOnCurve)),
        (ec,  &[("x", r#""AA""#)],                              Err(NotOnCurve)),
        (ec,  &[("d", r#""AA""#)],                              Err(PrivateKey)),
        (ed,  &[("alg", r#""EdDSA""#)],                         Ok(())),
        (ed,  &[("alg", r#""Ed25519""#)],                       Ok(())),
        (ed,  &[("alg", r#""Ed448""#)],                         Err(OtherAlgorithm)),
        (ec,  &[("alg", r#""Ed25519""#)],                       Err(OtherAlgorithm)),
        (ed,  &[("alg", r#""ES256""#)],                         Err(OtherAlgorithm)),
        (ed,  &[("crv", r#""X25519""#)],                        Err(Unreadable)),
        (ed,  &[("crv", r#""Ed448""#)],                         Err(Unreadable)),
        (ed,  &[("crv", r#""P-256""#)],                         Err(Unreadable)),
        (ed,  &[("x", r#""AA""#)],                              Err(NotOnCurve)),
    ];
    for (file, members, expected) in table {
        assert_eq!(build(Key::jwk(&jwk(file, members))), *expected, "{file} {members:?}");
    }
    let k = URL_SAFE_NO_PAD.encode([7; 32]);
    #[rustfmt::skip]
    let table = [
        (format!(r#"{{"kty":"oct","k":"{k}","alg":"HS256"}}"#), Ok(())),
        (format!(r#"{{"kty":"oct","k":"{k}","alg":"HS512"}}"#), Err(SecretTooShort(64))),
        (format!(r#"{{"kty":"oct","k":"{k}","alg":"RS256"}}"#), Err(OtherAlgorithm)),
        (format!(r#"{{"kty":"oct","k":"{k}"}}"#),               Err(NoAlgorithm)),
        (format!(r#"{{"kty":"oct","k":"{k}=","alg":"HS256"}}"#), Err(Unreadable)),
        ("{}".to_owned(),                                       Err(Unreadable)),
        ("[]".to_owned(),                                       Err(Unreadable)),
        (text("rsa.public.pem"),                                Err(Unreadable)),
        (text("keys.jwks.json"),                                Err(Unreadable)),
    ];
    for (json, expected) in table {
        assert_eq!(build(Key::jwk(&json)), expected, "{json}");
    }
}

#[test]
fn one_bad_key_does_not_void_a_set_and_does_not_come_into_it() {
    // JWKS-2, JWKS-3, T16
    let x_of_ec = r#""ukgvq8YvTvHMbGlGDFfLbbagiyKkSGf_iDdyM0i6izw""#;
    let bad = [
        jwk("rsa-1024.jwk.json", &[]),
        jwk("rsa-other.jwk.json", &[("use", r#""enc""#)]),
        jwk("rsa-other.jwk.json", &[("d", r#""AQAB""#)]),
        jwk("rsa-other.jwk.json", &[("e", r#""AQ""#)]),
        jwk("rsa-other.jwk.json", &[("alg", r#""HS256""#)]),
        jwk("ec-p256.jwk.json", &[("y", x_of_ec)]),
        jwk("ec-p256.jwk.json", &[("crv", r#""secp256k1""#)]),
        jwk("ed25519.jwk.json", &[("crv", r#""X25519""#)]),
        "{}".to_owned(),
        "7".to_owned(),
    ];
    let set = |keys: &[String]| {
        Jwt::jwk_set(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).issuer(ISSUER).audience(AUDIENCE)
    };
    let good = jwk("rsa.jwk.json", &[("kid", r#""good""#)]);
    let ours = EncodingKey::from_rsa_pem(&fixture("rsa.private.pem")).unwrap();
    let theirs = EncodingKey::from_rsa_pem(&fixture("rsa-other.private.pem")).unwrap();
    for bad in &bad {
        let bearer = build_all(vec![set(&[bad.clone(), good.clone(), bad.clone()])])
            .unwrap_or_else(|error| panic!("{bad}: {error:?}"));
        let signed = |key| sign(Algorithm::RS256, key, r#"{"alg":"RS256"}"#, claims(&[]));
        assert_eq!(outcome(&bearer, &signed(&ours), at(NOW)), "let in", "{bad}");
        assert_eq!(outcome(&bearer, &signed(&theirs), at(NOW)), "invalid-credentials", "{bad}");
        assert_eq!(build_all(vec![set(std::slice::from_ref(bad))]).unwrap_err().1, JwtError::KeyMissing, "{bad}");
    }
    for json in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":"x"}"#] {
        let error = build_all(vec![Jwt::jwk_set(json).issuer(ISSUER).audience(AUDIENCE)]).unwrap_err().1;
        assert_eq!(error, JwtError::Key { position: 1, error: KeyError::Unreadable }, "{json}");
    }
}

#[test]
fn settings_that_would_let_strangers_in_do_not_build() {
    // JWT-6, JWT-16, JWT-18, JWT-23, L2
    let secret = [7; 64];
    let good = || Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE);
    let other = |secret| Jwt::hs256(secret).issuer("https://other.example").audience(AUDIENCE);
    let rsa = || Key::pem(Algorithm::RS256, fixture("rsa.public.pem"));
    let pointer = |text: &str| JwtError::Pointer(text.to_owned());
    let short = JwtError::Key { position: 2, error: KeyError::SecretTooShort(32) };
    let seconds = Duration::from_secs;
    let padded = [[7; 32], [0; 32]].concat();
    #[rustfmt::skip]
    let table = [
        (vec![good()],                                                                  None),
        (vec![good().leeway(seconds(300))],                                             None),
        (vec![good().leeway(Duration::ZERO)],                                           None),
        (vec![good(), other([8; 64])],                                                  None),
        (vec![Jwt::hs256(secret).issuer(ISSUER).accept_tokens_of_any_audience()],       None),
        (vec![Jwt::hs256(secret).without_issuer("ours").audience(AUDIENCE)],            None),
        (vec![Jwt::hs256(secret).audience(AUDIENCE)],                                   Some(JwtError::IssuerMissing)),
        (vec![good().issuer("")],                                                       Some(JwtError::IssuerMissing)),
        (vec![Jwt::hs256(secret).without_issuer("").audience(AUDIENCE)],                Some(JwtError::IssuerMissing)),
        (vec![Jwt::hs256(secret).issuer(ISSUER)],                                       Some(JwtError::AudienceMissing)),
        (vec![good().audience("")],                                                     Some(JwtError::AudienceMissing)),
        (vec![good().accept_tokens_of_any_audience()],                                  Some(JwtError::AudienceMissing)),
        (vec![good().or_key(Key::secret(Algorithm::HS256, [7; 31]))],                   Some(short)),
        (vec![good().or_key(rsa())],                                                    Some(JwtError::MixedKeys)),
        (vec![Jwt::key(rsa()).or_key(Key::secret(Algorithm::HS256, secret)).issuer(ISSUER).audience(AUDIENCE)], Some(JwtError::MixedKeys)),
        (vec![good().leeway(seconds(301))],                                             Some(JwtError::LeewayTooLong)),
        (vec![good().leeway(Duration::from_millis(300_001))],                           Some(JwtError::LeewayTooLong)),
        (vec![good(), good().or_key(Key::secret(Algorithm::HS256, [8; 64]))],           Some(JwtError::IssuerTwice)),
        (vec![good(), other(secret)],                                                   Some(JwtError::SharedSecret)),
        (vec![good(), Jwt::hs512(secret).issuer("https://other.example").audience("x")], Some(JwtError::SharedSecret)),
        (vec![Jwt::hs256([7; 32]).issuer(ISSUER).audience(AUDIENCE), Jwt::hs256(padded).issuer("b").audience(AUDIENCE)], Some(JwtError::SharedSecret)),
        (vec![good(), other([8; 64]).or_key(Key::secret(Algorithm::HS384, secret))],    Some(JwtError::SharedSecret)),
        (vec![good(), Jwt::hs256([8; 64]).without_issuer("b").audience(AUDIENCE)],      Some(JwtError::UnnamedAmongSeveral)),
        (vec![Jwt::hs256([8; 64]).without_issuer("b").audience(AUDIENCE), good()],      Some(JwtError::UnnamedAmongSeveral)),
        (vec![Jwt::hs256(secret).issuer(ISSUER).accept_tokens_of_any_audience().access_token_profile()], Some(JwtError::ProfileWithoutNames)),
        (vec![Jwt::hs256(secret).without_issuer("ours").audience(AUDIENCE).access_token_profile()], Some(JwtError::ProfileWithoutNames)),
        (vec![good().roles_at(["roles"])],                                              Some(pointer("roles"))),
        (vec![good().roles_at(["/roles", "a/b"])],                                      Some(pointer("a/b"))),
        (vec![good().permissions_at([""])],                                             Some(pointer(""))),
        (vec![good().scopes_at(["#/scope"])],                                           Some(pointer("#/scope"))),
        (vec![good().scope_arrays_at(["$.scp"])],                                       Some(pointer("$.scp"))),
    ];
    for (jwts, expected) in table {
        let case = format!("{jwts:?}");
        assert_eq!(build_all(jwts).err().map(|(_, error)| error), expected, "{case}");
    }
    assert_eq!(
        build_all(vec![good(), other(secret)]).unwrap_err().0,
        "https://other.example",
        "the one that is wrong is named"
    );
    let nobody = build_all(vec![]).unwrap();
    assert_eq!(outcome(&nobody, &hs256(HS256, claims(&[])), at(NOW)), "invalid-credentials");
}

#[test]
fn the_settings_of_an_issuer_do_what_they_say() {
    // JWT-2, JWT-14, JWT-18
    let jwt = || jwt_of("hs256");
    let of_kind = |kind: &str| hs256(format!(r#"{{"alg":"HS256","typ":"{kind}"}}"#), claims(&[]));
    let exactly = |length: usize| {
        let token = |padding: usize| hs256(HS256, claims(&[("x", &format!("{:?}", "x".repeat(padding)))]));
        (0..).map(token).find(|token| token.len() >= length).unwrap()
    };
    let [at_cap, over_cap] = [exactly(400), exactly(404)];
    let for_others = |audience| hs256(HS256, claims(&[("aud", audience)]));
    let anyone = || Jwt::hs256(fixture("hmac.secret.txt")).issuer(ISSUER).accept_tokens_of_any_audience();
    let profiled = |others: Members<'_>| {
        let iat = NOW.to_string();
        let all = [("client_id", r#""web""#), ("jti", r#""1""#), ("iat", iat.as_str())].into_iter();
        let all: Vec<_> = all.filter(|(name, _)| others.iter().all(|(other, _)| other != name)).collect();
        claims(&all)
    };
    let of_profile =
        |kind: &str, without: Members<'_>| hs256(format!(r#"{{"alg":"HS256","typ":{kind}}}"#), profiled(without));
    #[rustfmt::skip]
    let table = [
        ("a token at the cap",      jwt().max_token_size(at_cap.len()),         at_cap.clone(),                     true),
        ("a token over the cap",    jwt().max_token_size(at_cap.len()),         over_cap,                           false),
        ("a type of its own",       jwt().types(["shop+jwt"]),                  of_kind("Application/SHOP+jwt"),    true),
        ("a type not listed",       jwt().types(["shop+jwt"]),                  of_kind("JWT"),                     false),
        ("a type written in full",  jwt().types(["application/shop+jwt"]),      of_kind("shop+jwt"),                true),
        ("no type",                 jwt().types(["shop+jwt"]),                  hs256(r#"{"alg":"HS256"}"#, claims(&[])), true),
        ("any type, none listed",   jwt().types([""; 0]),                       of_kind("JWT"),                     false),
        ("a second audience",       jwt().audience("archive"),                  for_others(r#"["archive"]"#),       true),
        ("no audience of ours",     jwt().audience("archive"),                  for_others(r#"["Archive"]"#),       false),
        ("the profile",             jwt().access_token_profile(),               of_profile(r#""at+jwt""#, &[]),     true),
        ("its type, in full",       jwt().access_token_profile(),               of_profile(r#""Application/AT+JWT""#, &[]), true),
        ("another type",            jwt().access_token_profile(),               of_profile(r#""JWT""#, &[]),        false), // AT-1
        ("no type, where it counts", jwt().access_token_profile(),              hs256(r#"{"alg":"HS256"}"#, profiled(&[])), false),
        ("a type that is none",     jwt().access_token_profile(),               of_profile("null", &[]),            false),
        ("no client",               jwt().access_token_profile(),               of_profile(r#""at+jwt""#, &[("client_id", "")]), false), // AT-2
        ("no token id",             jwt().access_token_profile(),               of_profile(r#""at+jwt""#, &[("jti", "")]), false),
        ("no time of issue",        jwt().access_token_profile(),               of_profile(r#""at+jwt""#, &[("iat", "")]), false),
        ("any audience",            anyone(),                                   for_others(r#""other""#),           true),
        ("no audience at all",      anyone(),                                   for_others(""),                     true),
        ("an audience of no type",  anyone(),                                   for_others("7"),                    false),
    ];
    for (case, jwt, token, expected) in table {
        assert_eq!(server(jwt).verify(&token, at(NOW)).unwrap().is_ok(), expected, "{case}");
    }
    // Of several issuers each has its own cap.
    let theirs = |claims: String| sign_by(&[8; 64], HS256, claims.replace(ISSUER, "https://other.example"));
    let other = Jwt::hs256([8; 64]).issuer("https://other.example").audience(AUDIENCE).max_token_size(400);
    let both = build_all(vec![jwt(), other]).unwrap();
    let long = claims(&[("x", &format!("{:?}", "x".repeat(400)))]);
    assert_eq!(outcome(&both, &hs256(HS256, &long), at(NOW)), "let in");
    assert_eq!(outcome(&both, &theirs(long), at(NOW)), "invalid-credentials");
    assert_eq!(outcome(&both, &theirs(claims(&[])), at(NOW)), "let in");
}

#[cfg(feature = "oidc")]
#[test]
fn keys_are_fetched_only_as_it_is_safe_to() {
    // JWKS-1, JWKS-4, JWKS-5
    use crate::provider::EndpointError;
    let oidc = || Jwt::oidc(ISSUER).audience(AUDIENCE);
    let jwks = |url: &str| Jwt::jwks(url).issuer(ISSUER).audience(AUDIENCE);
    let seconds = Duration::from_secs;
    let address = |error| Some(JwtError::Fetch(FetchError::Address(error)));
    let fetch = |error| Some(JwtError::Fetch(error));
    let hmac = || Key::secret(Algorithm::HS256, [7; 32]);
    #[rustfmt::skip]
    let table = [
        (oidc(),                                                     None),
        (oidc().fetch_from("http://127.0.0.1:8080/realms/a"),        None),
        (oidc().or_dev(),                                            None),
        (jwks("https://id.example/keys"),                            None),
        (oidc().or_key(Key::pem(Algorithm::RS256, fixture("rsa.public.pem"))), None),
        (Jwt::oidc(ISSUER),                                          Some(JwtError::AudienceMissing)),
        (Jwt::jwks("https://id.example/keys").audience(AUDIENCE),    Some(JwtError::IssuerMissing)),
        (oidc().or_key(hmac()),                                      Some(JwtError::MixedKeys)),
        (Jwt::oidc("http://id.example").audience(AUDIENCE),          address(EndpointError::NotHttps)),
        (Jwt::oidc("id.example").audience(AUDIENCE),                 address(EndpointError::NoUrl)),
        (Jwt::oidc("https://id.example/?a").audience(AUDIENCE),      address(EndpointError::Query)),
        (oidc().fetch_from("http://keycloak:8080"),                  address(EndpointError::NotHttps)),
        (jwks("http://id.example/keys"),                             address(EndpointError::NotHttps)),
        (jwks("https://a:b@id.example/keys"),                        address(EndpointError::Extra)),
        (jwks("https://id.example/keys").fetch_from(ISSUER),         fetch(FetchError::FromWithoutDiscovery)),
        (Jwt::key(hmac()).issuer(ISSUER).audience(AUDIENCE).fetch_from(ISSUER), fetch(FetchError::NothingFetched("fetch_from"))),
        (Jwt::key(hmac()).issuer(ISSUER).audience(AUDIENCE).max_stale(seconds(1)), fetch(FetchError::NothingFetched("max_stale"))),
        (oidc().cool_down(Duration::from_millis(999)),               fetch(FetchError::TooOften)),
        (oidc().refresh_every(seconds(29)),                          fetch(FetchError::TooOften)),
        (oidc().max_stale(seconds(599)),                             fetch(FetchError::StaleBeforeRefresh)),
    ];
    for (jwt, expected) in table {
        let case = format!("{jwt:?}");
        assert_eq!(build_all(vec![jwt]).err().map(|(_, error)| error), expected, "{case}");
    }
    // What a token says before anybody has verified it makes this server ask nobody, but for a key that may be new.
    let bearer = server(oidc());
    for token in ["", "a.b.c", &hs256(HS256, claims(&[])), &hs256(r#"{"alg":"none"}"#, claims(&[]))] {
        assert!(bearer.verify(token, at(NOW)).unwrap().is_err(), "{token}");
    }
    assert!(bearer.verify(&hs256(r#"{"alg":"ES256","jku":"https://evil.example"}"#, "{}"), at(NOW)).is_none());
}

#[test]
fn tokens_of_development_are_those_of_the_issuer_and_of_no_release_build() {
    let jwt = Jwt::key(Key::pem(Algorithm::RS256, fixture("rsa.public.pem")))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .keycloak("shop");
    let jwt = jwt.access_token_profile().or_dev();
    assert_eq!(jwt.is_dev(), cfg!(debug_assertions));
    let Some(token) = jwt.dev_token(Some("admin")) else { return };
    let other = server(jwt.clone().or_dev());
    let caller = server(jwt).verify(&token, crate::clock::now()).unwrap().unwrap();
    assert!(caller.has_role(Role::new("admin")) && caller.issuer() == ISSUER);
    assert_eq!(outcome(&other, &token, crate::clock::now()), "invalid-credentials", "each process has its own key");
}

// ── what must not happen ─────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn no_output_for_people_shows_a_secret_a_token_or_a_claim() {
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
        token(&[("iss", &quoted)]), token(&[("aud", &quoted)]), token(&[("exp", &quoted)]), token(&[("sub", &names)]), token(&[("exp", "1"), ("canary", &quoted)]),
        sign_by(SECRET.as_bytes(), HS256, format!("{{\"canary\":\"{CLAIM}")), sign_by(SECRET.as_bytes(), format!(r#"{{"alg":{quoted},"typ":{quoted}}}"#), claims(&[])),
    ];
    for token in &tokens {
        show(&Presented::Bearer(token));
        let now = at(NOW);
        let verified = verify(&bearer, token, now);
        let caller = verified.as_ref().map_or_else(Caller::Refused, Caller::Known);
        show(&Facts {
            set_up: None,
            now,
            client: None,
            country: None,
            address_blocked: false,
            cross_site: CrossSite::Passed,
            caller,
            sources: &[],
            elsewhere: Default::default(),
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
    show(&read([format!("Bearer {good} {SECRET}").as_bytes()].into_iter(), SchemeSet::NONE.with(Scheme::Bearer), 8192));
    let shown = shown.concat();
    let bytes = |text: &str| text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    let parts = tokens.iter().flat_map(|token| token.split('.')).filter(|part| part.len() > 8).map(str::to_owned);
    let encoded = [SECRET.to_owned(), CLAIM.to_owned(), bytes(SECRET), URL_SAFE_NO_PAD.encode(SECRET)];
    for canary in parts.chain(encoded) {
        assert!(!shown.contains(&canary), "{canary} in {shown}");
    }
    assert!(shown.contains(ISSUER) && shown.contains("invalid-credentials"), "something is shown");
}

/// The system's allocator, which counts for each thread.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static ALLOCATIONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[allow(unsafe_code, reason = "an allocator cannot be written without; it only counts")]
// SAFETY: all calls go to the system's allocator as they come.
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
fn a_flood_is_refused_at_once_and_without_work_for_each_byte() {
    // JWT-1, JWT-2, T13, CVE-2025-30204: whatever the cap, with one issuer and with several.
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

/// Whether jsonwebtoken's own `decode` accepts the token, with all checks that it has.
fn jsonwebtoken_accepts(algorithm: Algorithm, key: &DecodingKey, token: &str) -> bool {
    key::install_provider();
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    jsonwebtoken::decode::<serde_json::Value>(token, key, &validation).is_ok()
}

/// It takes a negative `nbf` for no number, and RFC 7519 does not.
fn begins_before_1970(token: &str) -> bool {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap_or_default();
    claims.get("nbf").and_then(serde_json::Value::as_f64).is_some_and(|nbf| nbf < 0.0)
}

#[test]
fn jsonwebtoken_accepts_each_token_of_somebody_else_that_we_accept() {
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
            if verify(&bearer, &row.token, crate::clock::now()).is_ok() {
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

/// Values in place of those that are meant, as JSON text.
#[rustfmt::skip]
const ODD: [&str; 41] = [
    "null", "true", "false", "0", "1", "-1", "-0", "1.5", "1e3", "1e400", "4102444800", "4102444800.5", "9007199254740993", "18446744073709551616", "01",
    r#""""#, r#""x""#, r#""reports""#, r#""Reports""#, r#""https://id.example""#, r#""https://id.example/""#, r#""0""#, r#""\u0000""#, r#""\ud800""#, r#""\q""#,
    "[]", r#"["reports"]"#, r#"["other","reports"]"#, r#"["reports",1]"#, r#"["https://id.example"]"#, "[[]]", "[null]",
    "{}", r#"{"sub":"bob"}"#, r#"{"sub":1}"#, r#"{"a":1,"a":2}"#, r#"{"kty":"RSA"}"#, "{", "1 2", r#""HS512""#, r#""JWT","sub":"eve""#,
];

/// A JSON object of these members, each mostly as it is meant, else odd, twice or absent.
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

/// Bytes of which some are replaced, removed or added.
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
fn jsonwebtoken_accepts_whatever_token_we_accept() {
    // T2, T7, T9, T10, T14: rightly signed tokens with anything inside, and parts of several tokens together.
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
        let accepted = verify(&bearer, token, crate::clock::now()).is_ok();
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
