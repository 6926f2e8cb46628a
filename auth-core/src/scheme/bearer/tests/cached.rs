//! Tests of the token cache: verified tokens are cached, and everything that can change is checked on each hit.

use super::*;
use crate::denial::Reason;

const SECRET: [u8; 32] = [7; 32];
const HEADER: &str = r#"{"alg":"HS256"}"#;

fn claims(subject: &str, more: &str) -> String {
    format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"{subject}","exp":2000{more}}}"#)
}

fn token_of(subject: &str, more: &str) -> String {
    sign_by(&SECRET, HEADER, claims(subject, more))
}

fn remembering(cache: TokenCache) -> Bearer {
    let jwt = Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE);
    Bearer::new(vec![jwt], None, &RoleTypes::default()).unwrap().with_cache(cache).unwrap()
}

#[test]
fn cached_token_validity_times_are_rechecked() {
    let bearer = remembering(TokenCache::new().secrets());
    let token = token_of("alice", r#","nbf":1000"#);
    let first = verify(&bearer, &token, at(1500)).unwrap();
    for (now, reason) in [
        (2059, None),
        (2060, Some(Reason::ExpiredCredentials)),
        (9999, Some(Reason::ExpiredCredentials)),
        // The clock was set back.
        (939, Some(Reason::InvalidCredentials)),
        (940, None),
    ] {
        let found = bearer.verify(&token, at(now)).unwrap();
        assert_eq!(found.as_ref().err().map(|denial| &denial.reason), reason.as_ref(), "{now}");
        assert!(found.is_err() || found.unwrap().says_the_same_as(&first), "{now}");
    }
}

#[test]
fn token_cache_misses_on_any_byte_difference() {
    let bearer = remembering(TokenCache::new().secrets());
    let token = token_of("alice", "");
    verify(&bearer, &token, at(1500)).unwrap();
    for position in 0..token.len() {
        for letter in ["A", "B", "_", ".", "="] {
            let mut other = token.clone();
            other.replace_range(position..=position, letter);
            assert_eq!(other != token, bearer.verify(&other, at(1500)).unwrap().is_err(), "{other}");
        }
    }
    for other in
        [format!("{token}="), format!("{token}."), format!(" {token}"), token.to_lowercase(), token[1..].into()]
    {
        assert!(bearer.verify(&other, at(1500)).unwrap().is_err(), "{other}");
    }
    // A verifier with other settings does not use the cached entry.
    let other = Jwt::hs256([8; 32]).issuer(ISSUER).audience(AUDIENCE);
    let other = Bearer::new(vec![other], None, &RoleTypes::default()).unwrap();
    let other = other.with_cache(TokenCache::new().secrets()).unwrap();
    assert!(other.verify(&token, at(1500)).unwrap().is_err());
}

#[test]
fn token_cache_hits_only_on_well_formed_authorization_lines() {
    // HTTP-1, HTTP-2, BEARER-3: a token that is found in the cache by its bytes is not parsed.
    let bearer = Arc::new(remembering(TokenCache::new().secrets()));
    let token = token_of("alice", "");
    verify(&bearer, &token, at(1500)).unwrap();
    let found = |lines: &[String]| {
        let lines: Vec<_> = lines.iter().map(String::as_bytes).collect();
        extracted(&bearer, &lines, |extracted| match extracted {
            Extracted::Found(credential) => credential.verified.is_some(),
            _ => false,
        })
    };
    for line in [format!("Bearer {token}"), format!("bEARER   {token}"), format!(" Bearer {token}\t")] {
        assert!(found(std::slice::from_ref(&line)), "{line:?}");
        assert!(!found(&[line.clone(), line.clone()]), "two lines: {line:?}");
    }
    let others = [
        "Bearer",
        "Bearer ",
        "",
        "Bearer\t{}",
        "Bearer {},",
        "Bearer {} x",
        "Bearer \u{e9}{}",
        "DPoP {}",
        "{}",
        "Bearer{}",
    ];
    for line in others.map(|line| line.replace("{}", &token)) {
        assert!(!found(std::slice::from_ref(&line)), "{line:?}");
    }
}

#[test]
fn cached_token_requires_proof_of_possession_on_every_hit() {
    // H8
    let bearer = remembering(TokenCache::new().secrets());
    let (bound, plain) = (token_of("alice", r#","cnf":{"jkt":"thumb"}"#), token_of("bob", ""));
    let verify = |token: &str, held: ProofOfPossession<'_>| bearer.verify_now(token, at(1500), held).ok();
    for _ in 0..2 {
        let first = verify(&bound, ProofOfPossession::Proven("thumb")).unwrap();
        assert!(verify(&bound, ProofOfPossession::Proven("thumb")).unwrap().says_the_same_as(&first));
        assert!(verify(&bound, ProofOfPossession::Bare).is_none(), "a stolen one is worth nothing");
        assert!(verify(&bound, ProofOfPossession::Proven("other")).is_none());
        assert!(verify(&plain, ProofOfPossession::Proven("thumb")).is_none());
        assert_eq!(verify(&plain, ProofOfPossession::Bare).unwrap().local_subject(), "bob");
    }
}

#[test]
fn only_headers_of_verified_tokens_are_cached() {
    let jwt = Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE);
    let bearer = Bearer::new(vec![jwt], None, &RoleTypes::default()).unwrap();
    let headers = &bearer.issuers.first().unwrap().headers;
    let verify = |secret: &[u8], header: &str| {
        let token = sign_by(secret, header, claims("alice", ""));
        let seen = token.split_once('.').unwrap().0.to_owned();
        (bearer.verify(&token, at(1500)).unwrap().is_ok(), seen)
    };
    // Headers of forged and of rejected tokens are not recorded.
    for number in 0..20 {
        let (good, seen) = verify(&[8; 32], &format!(r#"{{"alg":"HS256","kid":"{number}"}}"#));
        assert!(!good && headers.find(&seen).is_none());
        let (good, seen) = verify(&SECRET, &format!(r#"{{"alg":"HS256","crit":["{number}"]}}"#));
        assert!(!good && headers.find(&seen).is_none());
    }
    for number in 0..8 {
        let header = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{number}"}}"#);
        for _ in 0..3 {
            let (good, seen) = verify(&SECRET, &header);
            assert_eq!((good, headers.find(&seen).is_some()), (true, number < 4), "{header}");
            assert!(!verify(&[8; 32], &header).0, "what was seen verifies nothing");
        }
    }
}

#[test]
fn token_cache_excludes_forged_tokens_and_stays_within_limits() {
    let bearer = remembering(TokenCache::new().entries(64).bytes(64 * 1024).secrets());
    let cache = bearer.cache.as_ref().unwrap();
    for number in 0..1000 {
        let forged = sign_by(&[8; 32], HEADER, claims(&number.to_string(), ""));
        assert!(bearer.verify(&forged, at(1500)).unwrap().is_err());
    }
    assert_eq!(cache.taken(), (0, 0));
    let hot = token_of("hot", "");
    let first = bearer.verify(&hot, at(1500)).unwrap().unwrap();
    for number in 0..4000 {
        let length = number % 7 * 300;
        let token = token_of(&number.to_string(), &format!(r#","x":"{}""#, "x".repeat(length)));
        assert_eq!(bearer.verify(&token, at(1500)).unwrap().unwrap().local_subject(), number.to_string());
        let (entries, bytes) = cache.taken();
        assert!(entries <= 64 && bytes <= 64 * 1024, "{entries} {bytes}");
        // An entry that is hit is not evicted.
        assert!(bearer.verify(&hot, at(1500)).unwrap().unwrap().says_the_same_as(&first), "{number}");
    }
    assert!(cache.taken().0 > 16);
    // A token that is too long for the cache is verified each time.
    let long = token_of("long", &format!(r#","x":"{}""#, "x".repeat(5_000)));
    let one = bearer.verify(&long, at(1500)).unwrap().unwrap();
    assert!(!bearer.verify(&long, at(1500)).unwrap().unwrap().says_the_same_as(&one));
}

#[test]
fn token_cache_is_consistent_across_threads() {
    let bearer = remembering(TokenCache::new().entries(32).bytes(64 * 1024).secrets());
    let tokens: Vec<_> = (0..64).map(|number| (number.to_string(), token_of(&number.to_string(), ""))).collect();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (bearer, tokens) = (&bearer, &tokens);
            scope.spawn(move || {
                for round in 0..2000 {
                    let (subject, token) = &tokens[(round * (worker + 1) + worker) % tokens.len()];
                    assert_eq!(bearer.verify(token, at(1500)).unwrap().unwrap().local_subject(), *subject);
                }
            });
        }
    });
    let (entries, bytes) = bearer.cache.as_ref().unwrap().taken();
    assert!(entries <= 32 && bytes <= 64 * 1024, "{entries} {bytes}");
}

#[test]
fn token_cache_settings_are_honored_and_validated() {
    let rows = rows();
    let signed = rows.iter().find(|row| row.key == "eddsa" && row.status == 200).unwrap();
    let both = |cache: TokenCache, jwt: Jwt, token: &str, now: Timestamp| {
        let bearer = Bearer::new(vec![jwt], None, &RoleTypes::default()).unwrap().with_cache(cache).unwrap();
        let first = bearer.verify(token, now).unwrap().unwrap();
        bearer.verify(token, now).unwrap().unwrap().says_the_same_as(&first)
    };
    let by_secret = || Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE);
    let token = token_of("alice", "");
    assert!(!both(TokenCache::new(), by_secret(), &token, at(1500)), "a secret is quick");
    assert!(both(TokenCache::new().secrets(), by_secret(), &token, at(1500)));
    assert!(both(TokenCache::new(), jwt_of("eddsa"), &signed.token, at(NOW)), "{}", signed.why);
    assert!(!both(TokenCache::off().secrets(), by_secret(), &token, at(1500)));
    let short = remembering(TokenCache::new().lasts(Duration::from_secs(1)).secrets());
    let first = short.verify(&token, at(1500)).unwrap().unwrap();
    assert!(short.verify(&token, at(1500)).unwrap().unwrap().says_the_same_as(&first));
    assert!(!short.verify(&token, at(1501)).unwrap().unwrap().says_the_same_as(&first), "no longer than that");
    for cache in [
        TokenCache::new().entries(7),
        TokenCache::new().bytes(1000),
        TokenCache::new().lasts(Duration::from_millis(999)),
    ] {
        let bearer = Bearer::new(vec![by_secret()], None, &RoleTypes::default()).unwrap();
        assert!(bearer.with_cache(cache).is_err(), "{cache:?}");
    }
}
