//! Tests of DPoP-bound tokens, with proofs of a client library and with invalid proofs.

use std::time::Duration;

use actix_web::web::ServiceConfig;
use actix_web::{get, post};
use auth_actix::dpop::Dpop;
use auth_actix::{Auth, Principal, require_auth};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, base64url, now};
use auth_tests::wire::{Answer, request};
use auth_tests::{program, proof};
use serde_json::{Value, json};

use super::super::redis;
use super::provider::{Provider, SERVICE, Second};

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    format!("{} {}", caller.scheme().name(), caller.local_subject())
}

#[require_auth]
#[post("/me")]
async fn change(_: Principal) -> &'static str {
    "changed"
}

#[require_auth(scheme = "dpop")]
#[get("/bound")]
async fn bound() -> &'static str {
    "bound"
}

const BASE: &str = "https://api.example";

fn serve(auth: Auth) -> Server {
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me).service(change).service(bound));
    })
}

fn auth(second: &Second, dpop: Dpop) -> Auth {
    let jwt = auth_actix::Jwt::oidc(&second.issuer).audience(AUDIENCE).cool_down(Duration::from_secs(1));
    Auth::builder().realm("api").bearer(jwt).dpop(dpop).build().unwrap()
}

#[test]
fn client_library_uses_dpop_and_stolen_token_is_refused() {
    // DPOP-1, DPOP-6, DPOP-7, BEARER-12
    let Some(provider) = Provider::start() else { return };
    for nonces in [false, true] {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dpop = Dpop::at(format!("http://127.0.0.1:{port}"));
        let dpop = if nonces { dpop.nonces() } else { dpop };
        let auth = Auth::builder().bearer(super::jwt(&provider)).dpop(dpop).build().unwrap();
        let server = Server::start_at(port, move |config: &mut ServiceConfig| {
            config.service(auth.scope("").service(me).service(change).service(bound));
        });
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/provider/dpop.mjs");
        let url = format!("http://{}/me", server.address);
        let run = program::run("node", &[script, &provider.issuer, SERVICE.1, &url]).unwrap();
        let said: Vec<Value> =
            String::from_utf8_lossy(&run.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |what: &str| said.iter().find(|said| said["what"] == what).unwrap_or_else(|| panic!("{run:?}"));
        assert_eq!(of("token")["type"], "dpop");
        for what in ["bound", "bound again"] {
            assert_eq!(
                (&of(what)["status"], &of(what)["body"]),
                (&json!(200), &json!("DPoP service")),
                "{what}, {nonces}"
            );
        }
        let challenge = |what: &str, scheme: &str| {
            let all = of(what)["challenges"].as_array().unwrap_or_else(|| panic!("{what}: {said:?}"));
            all.iter().find(|challenge| challenge["scheme"] == scheme).unwrap()["parameters"].clone()
        };
        assert_eq!(of("as bearer")["status"], 401, "a stolen token is worth nothing");
        assert_eq!(challenge("as bearer", "bearer")["error"], "invalid_token");
        let algorithms = challenge("as bearer", "dpop")["algs"].clone();
        assert!(algorithms.as_str().unwrap().starts_with("ES256 "), "{algorithms}");
        assert_eq!(challenge("as bearer", "dpop")["error"], Value::Null);
        assert_eq!(of("with the key of another")["status"], 401);
        assert_eq!(challenge("with the key of another", "dpop")["error"], "invalid_token");
        assert_eq!(of("plain")["status"], 401);
    }
}

struct Caller<'a> {
    server: &'a Server,
    key: &'a proof::Key,
    token: String,
}

impl Caller<'_> {
    fn proof(&self, header: Value, claims: Value) -> String {
        let hash = proof::hash(&self.token);
        let usual =
            json!({ "jti": proof::fresh(), "htm": "GET", "htu": format!("{BASE}/me"), "iat": now(), "ath": hash });
        self.key.proof(header, usual, claims)
    }

    fn send(&self, proofs: &[&str]) -> Answer {
        let asked = request("GET", "/me").authorization(format!("DPoP {}", self.token));
        self.server.send(&proofs.iter().fold(asked, |asked, proof| asked.field("DPoP", proof)))
    }
}

#[test]
fn invalid_dpop_proofs_are_refused_with_a_challenge() {
    // DPOP-2 to DPOP-5
    let Some(second) = Second::start() else { return };
    let server = serve(auth(&second, Dpop::at(BASE)));
    let (key, other) = (proof::Key::new(), proof::Key::new());
    let token = |cnf: Value| {
        second.token(json!({ "typ": "at+jwt" }), json!({ "aud": AUDIENCE, "sub": "alice", "cnf": cnf }), "ES256")
    };
    let caller = Caller { server: &server, key: &key, token: token(json!({ "jkt": key.thumbprint() })) };
    let nothing = || json!({});
    let good = || caller.proof(nothing(), nothing());
    assert_eq!((caller.send(&[&good()]).status, caller.send(&[&good()]).text()), (200, "DPoP alice"));
    let header = |member: Value| (member, nothing());
    let claim = |member: Value| (nothing(), member);
    let long = "x".repeat(257);
    #[rustfmt::skip]
    let table: Vec<(&str, (Value, Value), u16)> = vec![
        ("another method",                  claim(json!({ "htm": "POST" })),                             401),
        ("the method in small letters",     claim(json!({ "htm": "get" })),                              401),
        ("another path",                    claim(json!({ "htu": format!("{BASE}/other") })),            401),
        ("another host",                    claim(json!({ "htu": "https://evil.example/me" })),          401),
        ("without TLS",                     claim(json!({ "htu": "http://api.example/me" })),            401),
        ("with a query",                    claim(json!({ "htu": format!("{BASE}/me?a=1#b") })),         200),
        ("another spelling",                claim(json!({ "htu": "HTTPS://API.example:443/%6de" })),     200),
        ("an invalid URI",                  claim(json!({ "htu": "me" })),                               401),
        ("old",                             claim(json!({ "iat": now() - 62 })),                         401),
        ("a little old",                    claim(json!({ "iat": now() - 55 })),                         200),
        ("from the future",                 claim(json!({ "iat": now() + 10 })),                         401),
        ("no time",                         claim(json!({ "iat": null })),                               401),
        ("a time as text",                  claim(json!({ "iat": now().to_string() })),                  401),
        ("no id",                           claim(json!({ "jti": null })),                               401),
        ("an empty id",                     claim(json!({ "jti": "" })),                                 401),
        ("a long id",                       claim(json!({ "jti": long })),                               401),
        ("of another token",                claim(json!({ "ath": proof::hash("another") })),             401),
        ("of no token",                     claim(json!({ "ath": null })),                               401),
        ("a padded hash",                   claim(json!({ "ath": proof::hash(&caller.token) + "=" })),   401),
        ("another type",                    header(json!({ "typ": "JWT" })),                             401),
        ("no type",                         header(json!({ "typ": null })),                              401),
        ("a type in capitals",              header(json!({ "typ": "DPOP+JWT" })),                        200),
        ("no key",                          header(json!({ "jwk": null })),                              401),
        ("the algorithm none",              header(json!({ "alg": "none" })),                            401),
        ("an algorithm with a secret",      header(json!({ "alg": "HS256" })),                           401),
        ("an algorithm of another curve",   header(json!({ "alg": "ES384" })),                           401),
        ("another key in the header",       header(json!({ "jwk": other.public() })),                    401),
        ("a private key in the header",     header(json!({ "jwk": key.private() })),                     401),
        ("a critical extension",            header(json!({ "crit": ["exp"] })),                          401),
    ];
    for (case, (header, claims), expected) in table {
        let answer = caller.send(&[&caller.proof(header, claims)]);
        assert_eq!(answer.status, expected, "{case}");
        if expected == 401 {
            assert_eq!(answer.problem(), "invalid-dpop-proof", "{case}");
            let lines = answer.lines("www-authenticate");
            assert!(
                lines[0].starts_with("DPoP ") && lines[0].ends_with(r#"error="invalid_dpop_proof""#),
                "{case}: {lines:?}"
            );
            assert_eq!(lines[1], r#"Bearer realm="api""#, "{case}");
        }
    }
    let once = good();
    let mut broken = good();
    broken.pop();
    #[rustfmt::skip]
    let raw: Vec<(&str, Vec<&str>, u16)> = vec![
        ("no proof",                vec![],                             401),
        ("two proofs",              vec![&once, &once],                 401),
        ("an empty line",           vec![""],                           401),
        ("two in one line",         vec!["a.b.c, a.b.c"],               401),
        ("no JWT",                  vec!["proof"],                      401),
        ("a signature cut short",   vec![&broken],                      401),
        ("a proof",                 vec![&once],                        200),
        ("the proof again",         vec![&once],                        401),
    ];
    for (case, proofs, expected) in raw {
        let answer = caller.send(&proofs);
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (expected, if expected == 401 { "invalid-dpop-proof" } else { "" }),
            "{case}"
        );
    }
    // A valid proof with a token that is not bound to its key.
    #[rustfmt::skip]
    let tokens = [
        ("of another key",                  token(json!({ "jkt": other.thumbprint() })),                                     "invalid-credentials"),
        ("bound to nothing",                token(json!(null)),                                                              "invalid-credentials"),
        ("bound to a certificate",          token(json!({ "x5t#S256": key.thumbprint() })),                                  "invalid-credentials"),
        ("bound to a certificate as well",  token(json!({ "jkt": key.thumbprint(), "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" })), "invalid-credentials"),
        ("bound to a list",                 token(json!({ "jkt": [key.thumbprint()] })),                                     "invalid-credentials"),
        ("bound to text",                   token(json!(key.thumbprint())),                                                  "invalid-credentials"),
        ("no token",                        base64url("x"),                                                                  "invalid-credentials"),
    ];
    for (case, token, problem) in tokens {
        let caller = Caller { server: &server, key: &key, token };
        let answer = caller.send(&[&caller.proof(nothing(), nothing())]);
        assert_eq!((answer.status, answer.problem().as_str()), (401, problem), "{case}");
    }
    // H8: a bound token that was just accepted with a proof is not accepted as a bearer token.
    let stolen =
        server.send(&request("GET", "/me").authorization(format!("Bearer {}", caller.token)).field("DPoP", good()));
    assert_eq!((stolen.status, stolen.problem().as_str()), (401, "invalid-credentials"));
    let plain = token(json!(null));
    let bearer = |path: &str| server.send(&request("GET", path).authorization(format!("Bearer {plain}")));
    assert_eq!((bearer("/me").text(), bearer("/bound").status), ("Bearer alice", 401));
    let post = request("POST", "/me").authorization(format!("DPoP {}", caller.token));
    assert_eq!(server.send(&post.clone().field("DPoP", good())).status, 401, "a proof for another method");
    let proof = caller.proof(nothing(), json!({ "htm": "POST" }));
    assert_eq!(server.send(&post.field("DPoP", &proof)).text(), "changed");
}

#[test]
fn dpop_proof_without_valid_nonce_gets_a_nonce_challenge() {
    // DPOP-6
    let Some(second) = Second::start() else { return };
    let key = proof::Key::new();
    let token = second.token(
        json!({ "typ": "at+jwt" }),
        json!({ "aud": AUDIENCE, "sub": "alice", "cnf": { "jkt": key.thumbprint() } }),
        "ES256",
    );
    let shared = || serve(auth(&second, Dpop::at(BASE).shared_nonces([9; 32])));
    let (server, neighbor, alone) = (shared(), shared(), serve(auth(&second, Dpop::at(BASE).nonces())));
    let caller = |server| Caller { server, key: &key, token: token.clone() };
    let first = caller(&server).send(&[&caller(&server).proof(json!({}), json!({}))]);
    let challenge = first.lines("www-authenticate")[0];
    assert_eq!((first.status, first.problem().as_str()), (401, "dpop-nonce-required"));
    assert!(challenge.ends_with(r#"error="use_dpop_nonce""#), "{challenge}");
    assert_eq!(first.field("cache-control"), Some("no-store"));
    let nonce = first.field("dpop-nonce").unwrap();
    let with = |server, nonce: &str| {
        caller(server).send(&[&caller(server).proof(json!({}), json!({ "nonce": nonce }))]).status
    };
    assert_eq!([with(&server, nonce), with(&neighbor, nonce), with(&alone, nonce)], [200, 200, 401]);
    for wrong in ["", "guess", &nonce[1..], &format!("{nonce}=")] {
        assert_eq!(with(&server, wrong), 401, "{wrong}");
    }
    let other = second.token(
        json!({ "typ": "at+jwt" }),
        json!({ "aud": AUDIENCE, "sub": "alice", "exp": 1, "cnf": { "jkt": key.thumbprint() } }),
        "ES256",
    );
    let expired = Caller { server: &server, key: &key, token: other };
    let answer = expired.send(&[&expired.proof(json!({}), json!({ "nonce": nonce }))]);
    assert_eq!((answer.problem().as_str(), answer.field("dpop-nonce")), ("expired-credentials", None));
}

#[test]
fn instances_share_replay_detection_and_outage_is_503() {
    // DPOP-5
    let Some(second) = Second::start() else { return };
    for program in redis::programs() {
        let mut store = redis::Redis::start(program);
        let key = proof::Key::new();
        let token = second.token(
            json!({ "typ": "at+jwt" }),
            json!({ "aud": AUDIENCE, "sub": "alice", "cnf": { "jkt": key.thumbprint() } }),
            "ES256",
        );
        let [one, two] = [(); 2].map(|()| serve(auth(&second, Dpop::at(BASE).redis(store.url()))));
        let caller = |server| Caller { server, key: &key, token: token.clone() };
        let proof = caller(&one).proof(json!({}), json!({}));
        assert_eq!([caller(&one).send(&[&proof]).status, caller(&two).send(&[&proof]).status], [200, 401], "{program}");
        let keys = store.all_keys();
        assert!(keys.len() == 1 && keys[0].starts_with("auth:api:dpop:"), "{keys:?}");
        store.kill();
        let answer = caller(&one).send(&[&caller(&one).proof(json!({}), json!({}))]);
        assert_eq!((answer.status, answer.problem().as_str()), (503, "authentication-unavailable"), "{program}");
        store.restart();
        super::until("it is there again", Duration::from_secs(5), || {
            caller(&two).send(&[&caller(&two).proof(json!({}), json!({}))]).status == 200
        });
    }
}
