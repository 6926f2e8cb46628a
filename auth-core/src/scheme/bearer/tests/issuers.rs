//! Tests of the issuers of tokens: their keys, and the identities of their subjects.

use super::*;

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
        ("of an unknown issuer",        sign_by(&ours, kid("HS256"), named(r#""https://id.example/""#)),      None),
        ("of both",                     sign_by(&ours, kid("HS256"), named(r#"["https://id.example","https://other.example"]"#)), None),
        ("without an issuer",           sign_by(&ours, kid("HS256"), claims(&[("iss", "")])),                 None),
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
    for (issuer, expected) in [("", "accepted"), (r#""https://id.example""#, "accepted"), ("7", "invalid-credentials")]
    {
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
