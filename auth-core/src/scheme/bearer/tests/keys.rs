//! Tests of valid and invalid keys, and of the metadata of JWKs.

use base64::engine::general_purpose::STANDARD;

use super::*;

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

/// Returns the DER between the lines of a PEM.
fn der(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

/// Returns the JWK in this file with some of its members replaced. An empty value removes a member.
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

/// Returns the result of `build()` for this key.
fn build(key: Key) -> Result<(), KeyError> {
    match build_all(vec![Jwt::key(key).issuer(ISSUER).audience(AUDIENCE)]) {
        Ok(_) => Ok(()),
        Err((_, JwtError::Key { position: 1, error })) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn short_secrets_and_public_keys_are_rejected_as_hmac_keys() {
    // JWT-6, JWT-7, T1, CVE-2026-48526: all encodings in which a public key might be pasted.
    #[rustfmt::skip]
    let lengths = [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)];
    for (algorithm, least) in lengths {
        for length in [0, 1, least - 1] {
            assert_eq!(
                build(Key::secret(algorithm, vec![7; length])),
                Err(KeyError::SecretTooShort { found: length, least }),
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
fn key_unsuitable_for_its_algorithm_fails_to_build() {
    // JWT-8, JWT-9, JWT-10, JWKS-3, RFC 8725 §3.4, in PEM and in DER
    use Algorithm::{ES256, ES384, EdDSA, HS256, PS256, RS256, RS512};
    use KeyError::{Certificate, NotOnCurve, OtherAlgorithm, PrivateKey, RsaTooShort, Unreadable};
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
        (RS256, text("rsa-other.cert.pem"),  Err(Certificate),    Err(Unreadable)),
        (ES256, text("rsa-other.cert.pem"),  Err(Certificate),    Err(Unreadable)),
    ];
    for (row, (algorithm, pem, expected, expected_of_der)) in table.into_iter().enumerate() {
        assert_eq!(build(Key::pem(algorithm, &pem)), expected, "row {row}: {algorithm:?}");
        assert_eq!(build(Key::der(algorithm, der(&pem))), expected_of_der, "row {row}: {algorithm:?}, in DER");
    }
    let both = [text("rsa-other.cert.pem"), text("rsa.public.pem")].concat();
    assert_eq!(build(Key::pem(RS256, both)), Err(Certificate), "whose key is it?");
    assert_eq!(build(Key::pem(RS256, "/etc/app/issuer.pem")), Err(KeyError::Path));
    assert_eq!(build(Key::pem_file(RS256, "/nonexistent/issuer.pem")), Err(KeyError::File));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/tokens/rsa.public.pem");
    assert_eq!(build(Key::pem_file(RS256, file)), Ok(()), "{file}");
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
fn jwk_use_algorithm_and_parameters_are_validated() {
    // JWT-8 to JWT-10, JWKS-3, T17
    use KeyError::{
        NoAlgorithm, NotOnCurve, OtherAlgorithm, OtherUse, PrivateKey, RsaExponent, RsaTooLong, RsaTooShort,
        SecretTooShort, SmallOrder, Unreadable,
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
        (rsa, &[("key_ops", "[]"), ("use", r#""""#)],            Ok(())), // empty means unspecified
        (rsa, &[("use", r#""sig""#), ("key_ops", r#"["encrypt"]"#)], Err(OtherUse)),
        (rsa, &[("alg", r#""HS256""#)],                         Err(OtherAlgorithm)),
        (rsa, &[("alg", r#""ES256""#)],                         Err(OtherAlgorithm)),
        (rsa, &[("alg", r#""RSA-OAEP""#)],                      Err(OtherAlgorithm)),
        (rsa, &[("alg", r#""none""#)],                          Err(OtherAlgorithm)),
        (rsa, &[("d", r#""AQAB""#)],                            Err(PrivateKey)),
        (rsa, &[("oth", "[]"), ("d", "null"), ("p", r#""""#)],   Ok(())),
        (rsa, &[("oth", r#"[{"r":"AA"}]"#)],                    Err(PrivateKey)),
        (rsa, &[("d", "0")],                                    Err(PrivateKey)),
        (rsa, &[("e", r#""AQAA""#)],                            Err(RsaExponent)),
        (rsa, &[("e", r#""AQ""#)],                              Err(RsaExponent)),
        (rsa, &[("e", r#""AA""#)],                              Err(RsaExponent)),
        (rsa, &[("e", r#""""#)],                                Err(Unreadable)),
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
        // S16: points of small order, and non-canonical encodings.
        (ed,  &[("x", r#""AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#)], Err(SmallOrder)),
        (ed,  &[("x", r#""AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#)], Err(SmallOrder)),
        (ed,  &[("x", r#""AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA""#)], Err(SmallOrder)),
        (ed,  &[("x", r#""7P_______________________________________38""#)], Err(SmallOrder)),
        (ed,  &[("x", r#""7f_______________________________________38""#)], Err(SmallOrder)),
        (ed,  &[("x", r#""xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o""#)], Err(SmallOrder)),
        (ed,  &[("x", r#""JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU""#)], Err(SmallOrder)),
        (ed,  &[("x", r#""AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#)], Err(NotOnCurve)),
        // y = 3 and y = 18, encoded as p + 3 and p + 18.
        (ed,  &[("x", r#""8P_______________________________________38""#)], Err(NotOnCurve)),
        (ed,  &[("x", r#""_________________________________________38""#)], Err(NotOnCurve)),
    ];
    for (file, members, expected) in table {
        assert_eq!(build(Key::jwk(&jwk(file, members))), *expected, "{file} {members:?}");
    }
    let k = URL_SAFE_NO_PAD.encode([7; 32]);
    #[rustfmt::skip]
    let table = [
        (format!(r#"{{"kty":"oct","k":"{k}","alg":"HS256"}}"#), Ok(())),
        (format!(r#"{{"kty":"oct","k":"{k}","alg":"HS512"}}"#), Err(SecretTooShort { found: 32, least: 64 })),
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
fn invalid_jwk_is_skipped_without_invalidating_the_set() {
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
        assert_eq!(outcome(&bearer, &signed(&ours), at(NOW)), "accepted", "{bad}");
        assert_eq!(outcome(&bearer, &signed(&theirs), at(NOW)), "invalid-credentials", "{bad}");
        assert_eq!(build_all(vec![set(std::slice::from_ref(bad))]).unwrap_err().1, JwtError::KeyMissing, "{bad}");
    }
    for json in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":"x"}"#] {
        let error = build_all(vec![Jwt::jwk_set(json).issuer(ISSUER).audience(AUDIENCE)]).unwrap_err().1;
        assert_eq!(error, JwtError::Key { position: 1, error: KeyError::Unreadable }, "{json}");
    }
}
