//! Tests of the selection of the credential of a request, with all schemes accepted and with one.

use super::authorization_header::is_token68;
use super::*;
use crate::client::request::tests::{TestFramework, TestRequest};

/// A scheme that accepts any token68 in `Authorization`, or any value of its own header.
struct CallerAccess(SchemeId);

impl Authenticator<TestFramework> for CallerAccess {
    fn scheme(&self) -> SchemeId {
        self.0
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &[]
    }

    fn is_ambient(&self) -> bool {
        self.0 == SchemeId::Session
    }

    fn extract<'r>(&self, view: &RequestView<'r, TestFramework>) -> Extracted<'r> {
        let own_header = |name: &str| match view.head.bytes(name).count() {
            0 => Extracted::Absent,
            _ => Credential::new(self.0, "").into(),
        };
        match self.0 {
            SchemeId::ApiKey => own_header("x-api-key"),
            SchemeId::Session => own_header("cookie"),
            scheme => match view.authorization.token68(scheme) {
                None => Extracted::Absent,
                Some(Ok(token)) => Credential::in_authorization(scheme, token).into(),
                Some(Err(error)) => Extracted::Refused(error),
            },
        }
    }

    fn verify<'r>(&'r self, _: Credential<'r>, _: &RequestView<'r, TestFramework>) -> Verification<'r> {
        Verification::Ready(Err(Denial::new(Reason::InvalidCredentials)).into())
    }
}

fn schemes(of: &[SchemeId], ignore_unsupported: bool) -> Schemes<TestFramework> {
    let all = of.iter().map(|scheme| Arc::new(CallerAccess(*scheme)) as Arc<dyn Authenticator<TestFramework>>);
    Schemes::new(all.collect(), ignore_unsupported)
}

fn kind(lines: &[(&'static str, &[u8])], schemes: &Schemes<TestFramework>) -> String {
    let lines = lines.iter().map(|(name, line)| (*name, line.to_vec())).collect();
    let request = TestRequest { method: "GET", lines, ..TestRequest::default() };
    let view = RequestView::new(&request, Timestamp::from_seconds(0), &AddressSource::Unset);
    match schemes.extract(&view) {
        Extracted::Absent => "absent".to_owned(),
        Extracted::Unsupported => "unsupported".to_owned(),
        Extracted::Refused(error) => {
            assert_eq!(Denial::from(error).reason, Reason::MalformedCredentials);
            "malformed".to_owned()
        }
        Extracted::Found(credential) => {
            assert_eq!(schemes.of(&credential).map(|scheme| scheme.scheme()), Some(credential.scheme));
            credential.scheme.name().to_owned()
        }
    }
}

#[test]
fn token68_accepts_only_its_allowed_bytes() {
    for byte in 0..=127_u8 {
        let fits = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let text = format!("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{}a", char::from(byte));
        assert_eq!(is_token68(&text), fits, "{text:?}");
    }
    assert!(is_token68("a==") && !is_token68("a=a") && !is_token68("==") && !is_token68("caf\u{e9}"));
}

#[test]
fn exactly_one_well_formed_authorization_line_is_accepted() {
    // HTTP-1 to HTTP-4, HTTP-19, BEARER-1, BEARER-3, T18
    let bearer = schemes(&[SchemeId::Bearer], false);
    #[rustfmt::skip]
    let table: &[(&[&[u8]], &str)] = &[
        (&[], "absent"),
        (&[b"Bearer abc.def.g-_~+/=="], "Bearer"),
        (&[b"bearer x"], "Bearer"),
        (&[b"BEARER   x"], "Bearer"),
        (&[b"  bAsIc x"], "unsupported"),
        (&[b" Bearer x\t"], "Bearer"),
        (&[b"Digest username=\"a\""], "unsupported"),
        (&[b"abc.def.ghi"], "unsupported"),
        (&[b""], "malformed"),
        (&[b"Bearer"], "malformed"),
        (&[b"Bearer "], "malformed"),
        (&[b"Bearer ="], "malformed"),
        (&[b"Bearer a=b"], "malformed"),
        (&[b"Bearer\tx"], "malformed"),
        (&[b"Bearer x y"], "malformed"),
        (&[b"Bearer x,"], "malformed"),
        (&[b"Bearer a, Bearer b"], "malformed"),
        (&[b"Bearer \xff"], "malformed"),
        (&[b"Bearer x\0"], "malformed"),
        (&[b"Bearer \"x\""], "malformed"),
        (&[b"\xff"], "malformed"),
        (&[b"Digest \xff"], "malformed"),
        (&[b"Bearer x", b"Bearer x"], "malformed"),
        (&[b"Bearer x", b"Basic eDp5"], "malformed"),
        (&[b"Digest x", b"Bearer x"], "malformed"),
    ];
    for (lines, expected) in table {
        let shown: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
        let lines: Vec<_> = lines.iter().map(|line| ("authorization", *line)).collect();
        assert_eq!(kind(&lines, &bearer), *expected, "{shown:?}");
    }
}

#[test]
fn unaccepted_scheme_is_unsupported_or_ignored() {
    // BEARER-6
    let line: (&'static str, &[u8]) = ("authorization", b"Bearer x");
    for (ignored, alone, with_cookie) in [(false, "unsupported", "unsupported"), (true, "absent", "Session")] {
        let others = schemes(&[SchemeId::Basic, SchemeId::Session], ignored);
        assert_eq!(kind(&[line], &others), alone);
        assert_eq!(kind(&[line, ("cookie", b"session=x")], &others), with_cookie);
    }
}

#[test]
fn two_explicit_credentials_are_malformed_in_every_combination() {
    let all = [SchemeId::Bearer, SchemeId::Dpop, SchemeId::Basic, SchemeId::ApiKey, SchemeId::Session];
    let lines: [(&'static str, &[u8]); 6] = [
        ("authorization", b"Bearer x"),
        ("authorization", b"DPoP x"),
        ("authorization", b"Basic x"),
        ("authorization", b"Digest x"),
        ("x-api-key", b"key"),
        ("cookie", b"session=x"),
    ];
    let is_cookie = |line: &(&str, &[u8])| line.0 == "cookie";
    for ignored in [false, true] {
        let all = schemes(&all, ignored);
        for one in lines {
            for other in lines.into_iter().filter(|other| *other != one) {
                // A cookie beside an explicit credential does not count. An ignored line is not a credential.
                let is_ignored = |line: &(&str, &[u8])| ignored && line.1.starts_with(b"Digest") && one.0 != other.0;
                let counting: Vec<_> = [one, other].into_iter().filter(|line| !is_ignored(line)).collect();
                let explicit: Vec<_> = counting.iter().filter(|line| !is_cookie(line)).copied().collect();
                let expected = match explicit.as_slice() {
                    [] => "Session".to_owned(),
                    [single] => kind(&[*single], &all),
                    _ => "malformed".to_owned(),
                };
                assert_eq!(kind(&[one, other], &all), expected, "{one:?} {other:?}");
            }
        }
    }
}
