//! Tests of the dates in a token.

use super::*;

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
            (NOW - leeway + 1, "",     "accepted"),
            (NOW - leeway + 1, ".5",   "accepted"),
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
            (NOW + leeway - 1, "",     "accepted"),
            (NOW + leeway - 1, ".999", "accepted"),
            (NOW + leeway,     "",     "accepted"),
            (NOW + leeway,     ".0",   "accepted"),
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
        ("exp", "-1e15",                EXPIRED,  NOW), ("exp", "1.9e9",                "accepted", NOW), ("exp", "1.7E+9",               EXPIRED,  NOW),
        ("exp", "9007199254740992",     "accepted", NOW), ("exp", "18446744073709551615", INVALID, NOW), ("exp", "1e400",                 INVALID,  NOW),
        ("exp", "\"1900000000\"",       INVALID,  NOW), ("exp", "null",                 INVALID, NOW), ("exp", "true",                  INVALID,  NOW),
        ("exp", "[1900000000]",         INVALID,  NOW), ("exp", "",                     INVALID, NOW), ("nbf", "-9223372036854775808",  INVALID,  NOW),
        ("nbf", "-1",                   "accepted", NOW), ("iat", "-1.5",                 "accepted", NOW), ("nbf", "9007199254740992",     INVALID,  NOW),
        ("nbf", "\"0\"",                INVALID,  NOW), ("nbf", "null",                 INVALID, NOW), ("iat", "false",                 INVALID,  NOW),
        ("auth_time", "\"0\"",          "accepted", NOW), ("exp", "10",                   "accepted", 0),   ("exp", "0",                    "accepted", 0),
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
    for (expires, expected) in [(NOW - 59, "accepted"), (NOW - 60, EXPIRED)] {
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
