//! Tests with tokens of both issuers, signed with real keys, and with forged tokens.

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::*;

// These keys are public and protect nothing.
macro_rules! key {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/tokens/", $name, ".pem"))
    };
}

const SECRET: &[u8] = b"the secret of the shop, 32 bytes";

fn ours() -> Auth {
    auth(SECRET, key!("rsa.public"), key!("ed25519.public")).unwrap()
}

/// Returns the value of an `Authorization` header.
fn token(algorithm: Algorithm, key: &EncodingKey, issuer: &str, roles: &[&str]) -> String {
    let claims = json!({ "iss": issuer, "aud": AUDIENCE, "sub": "alice", "roles": roles, "exp": 4_102_444_800_u64 });
    format!("Bearer {}", jsonwebtoken::encode(&Header::new(algorithm), &claims, key).unwrap())
}

#[actix_web::test]
async fn issuer_confers_only_its_roles_and_signs_only_for_itself() {
    use Algorithm::{EdDSA, HS256, RS256};
    let app = init_service(App::new().service(shop(&ours(), &web::Data::default()))).await;
    let secret = EncodingKey::from_secret(SECRET);
    let rsa = EncodingKey::from_rsa_pem(key!("rsa.private")).unwrap();
    let ed25519 = EncodingKey::from_ed_pem(key!("ed25519.private")).unwrap();
    let attacker = EncodingKey::from_rsa_pem(key!("rsa-other.private")).unwrap();
    let public = EncodingKey::from_secret(key!("rsa.public"));
    #[rustfmt::skip] // keep the columns aligned
    let table = [ //                                                                                    order close
        ("our clerk",                           token(HS256, &secret, OURS, &["clerk"]),                200, 200),
        ("our buyer",                           token(HS256, &secret, OURS, &["buyer"]),                200, 403),
        ("a buyer of the partner",              token(RS256, &rsa, PARTNER, &["buyer"]),                200, 403),
        ("a buyer, by the partner's next key",   token(EdDSA, &ed25519, PARTNER, &["buyer"]),            200, 403),
        ("a role that is not conferred",         token(RS256, &rsa, PARTNER, &["clerk", "buyer"]),       200, 403),
        ("only that role",                      token(RS256, &rsa, PARTNER, &["clerk"]),                403, 403),
        ("the partner's key, our issuer",       token(RS256, &rsa, OURS, &["clerk"]),                   401, 401),
        ("our key, the partner's issuer",       token(HS256, &secret, PARTNER, &["buyer"]),             401, 401),
        ("another key, the partner's issuer",   token(RS256, &attacker, PARTNER, &["buyer"]),           401, 401),
        ("the public key as a secret",          token(HS256, &public, PARTNER, &["buyer"]),             401, 401),
        ("an unknown issuer",                   token(RS256, &rsa, "https://else.example", &["buyer"]), 401, 401),
    ];
    for (case, token, order, close) in table {
        for (method, expected) in [(Method::POST, order), (Method::DELETE, close)] {
            let request = TestRequest::with_uri("/orders").method(method.clone());
            let request = request.insert_header(("Authorization", token.as_str())).to_request();
            assert_eq!(call_service(&app, request).await.status(), expected, "{case}: {method}");
        }
    }
}

#[actix_web::test]
async fn same_subject_of_another_issuer_is_a_different_caller() {
    let app = init_service(App::new().service(shop(&ours(), &web::Data::default()))).await;
    let ours = token(Algorithm::HS256, &EncodingKey::from_secret(SECRET), OURS, &["buyer"]);
    let rsa = EncodingKey::from_rsa_pem(key!("rsa.private")).unwrap();
    let theirs = token(Algorithm::RS256, &rsa, PARTNER, &["buyer"]);
    let order = TestRequest::post().uri("/orders").insert_header(("Authorization", ours.as_str()));
    assert_eq!(call_and_read_body(&app, order.set_payload("a wheel").to_request()).await, "0");
    for (alice, expected) in [(&ours, 200), (&theirs, 404)] {
        let show = TestRequest::get().uri("/orders/0").insert_header(("Authorization", alice.as_str()));
        assert_eq!(call_service(&app, show.to_request()).await.status(), expected);
    }
    let show = TestRequest::get().uri("/orders/0").insert_header(("Authorization", ours.as_str()));
    assert_eq!(call_and_read_body(&app, show.to_request()).await, "a wheel, ordered by account:customer:1\n");
}

#[test]
fn build_fails_if_an_issuer_omits_confers() {
    let one = |issuer| Jwt::hs256([issuer; 32]).issuer(issuer.to_string()).audience(AUDIENCE);
    let error = Auth::builder().bearer(one(1).confers(Confers::everything())).bearer(one(2)).build().unwrap_err();
    assert_eq!(error, BuildError::ConfersMissing("bearer"));
}
