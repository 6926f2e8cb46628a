//! Invalid settings, and secrets that `Debug` must not show.

use auth_core::client::address::ForwardingHeader;

use super::*;
use crate::Jwt;
use crate::identity::ProvidedRoles;
use crate::jwt::Key;
use crate::{Confers, Id, Peer};

fn jwt() -> Jwt {
    Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports")
}

#[test]
fn build_reports_each_invalid_setting() {
    let with = || Auth::builder().bearer(jwt());
    let partner = || Jwt::hs256([8; 32]).issuer("https://partner.example").audience("reports");
    let roles = |_: Id, _: Option<String>| async { Ok(Vec::new()) };
    #[rustfmt::skip]
    let table: Vec<(AuthBuilder, &str)> = vec![
        (Auth::builder(), "no scheme is accepted: call `.bearer(…)`, `.tokens(…)`, `.basic(…)`, `.session(…)` or `.scheme(…)`"),
        (with().realm("a\r\nb"), "`.realm(\"a\\r\\nb\")`: a realm is visible ASCII and spaces"),
        (Auth::builder().bearer(Jwt::hs256([7; 32]).audience("reports")), "`.bearer(…)` for issuer \"\": `.issuer(…)` is missing: tokens of any issuer would be accepted"),
        (Auth::builder().bearer(Jwt::hs256([7; 31]).issuer("a").audience("b")), "`.bearer(…)` for issuer \"a\": key 1: the HMAC secret has 31 bytes, and this algorithm needs 32: `openssl rand -hex 32` generates one"),
        (with().bearer(partner()), "`.bearer(…)` must declare what it `.confers(…)`, since there are several issuers: `Confers::nothing().roles([…])`, or `Confers::everything()` for each"),
        (Auth::builder().bearer(jwt().confers(Confers::everything())).bearer(partner().confers(Confers::nothing()).or_key(Key::secret(crate::jwt::Algorithm::HS256, [7; 32]))),
            "`.bearer(…)` for issuer \"https://partner.example\": two issuers share one HMAC secret"), // L2
        (with().trusted_proxies(Vec::<String>::new(), ForwardingHeader::Forwarded), "`.trusted_proxies(…)` is empty: call `.client_address(Peer)` if there is no proxy"),
        (with().trusted_proxies(["proxy.example"], ForwardingHeader::Forwarded), "`.trusted_proxies(…)`: \"proxy.example\" is neither an address nor a network"),
        (with().trusted_proxies(["10.0.0.1/8"], ForwardingHeader::Forwarded), "`.trusted_proxies(…)`: \"10.0.0.1/8\" is neither an address nor a network"),
        (with().hosts(["https://intranet.example"]), "`.hosts(…)`: \"https://intranet.example\" is not a host name: write it without a scheme, a port and a path, such as `intranet.example` or `[::1]`"),
        (with().login_page("/log\0in"), "`.login_page(\"/log\\0in\")`: write a path on this site, such as \"/login\""),
        (with().origins(["https://app.example/"]), "`.origins(…)`: an origin is `https://host` or `https://host:port` in lower case, without a path"),
        (with().login_page("//evil.example"), "`.login_page(\"//evil.example\")`: write a path on this site, such as \"/login\""),
        (with().login_page("https://evil.example"), "`.login_page(\"https://evil.example\")`: write a path on this site, such as \"/login\""),
        (with().resource("api.example"), "`.resource(\"api.example\")`: a resource is an `https` URL without query and fragment, such as \"https://api.example\""),
        (with().resource("https://api.example"), "`.resource(\"https://api.example\")`: tokens of issuer \"https://id.example\" are for another `.audience(…)`: name the resource there"), // META-2
        // S12, C2
        (Auth::builder().realm("att").bearer(Jwt::hs256([7; 32]).issuer("basic:att").audience("reports")), "`.bearer(…)` for issuer \"basic:att\": another scheme uses that name for its callers"),
        (Auth::builder().realm("att").bearer(jwt().or_issuer("apikey:att")), "`.bearer(…)` for issuer \"apikey:att\": another scheme uses that name for its callers"),
        (with().roles_from(roles).roles_from(roles), "`.roles_from(…)` is called twice: the second call would replace the first"),
        (with().roles_from(roles).rights_from(ProvidedRoles::from(roles)), "`.roles_from(…)` and `.rights_from(…)` both set the provider of rights: call one of them"),
        (with().problem_base("/problems/"), "`.problem_base(\"/problems/\")`: write an absolute URI that ends in `/`, `:` or `#`"),
        (with().problem_base("https://a\"/"), "`.problem_base(\"https://a\\\"/\")`: write an absolute URI that ends in `/`, `:` or `#`"),
    ];
    for (builder, expected) in table {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
    assert!(with().build().is_ok());
    // All mistakes are reported at once, each on its own line.
    let several = with()
        .realm("é")
        .realm("a")
        .login_page("login")
        .client_address(Peer)
        .trusted_proxies(["proxy.example"], ForwardingHeader::Forwarded)
        .hosts(["a b"])
        .origins(["app"])
        .countries(crate::client::Countries::header("x-country"))
        .bearer(partner())
        .bearer_cookie("a b");
    let told = several.build().unwrap_err().to_string();
    let mut lines = told.lines();
    assert_eq!(lines.next(), Some("8 settings are invalid:"));
    let starts = [
        "`.realm(…)` is called twice",
        "`.client_address(…)` is called twice",
        "`.bearer(…)` must declare what",
        "`.bearer_cookie(\"a b\")`",
        "`.login_page(\"login\")`",
        "`.trusted_proxies(…)`: \"proxy.example\"",
        "`.hosts(…)`",
        "`.origins(…)`",
    ];
    for start in starts {
        assert!(lines.next().is_some_and(|line| line.trim_start().starts_with(start)), "{start}: {told}");
    }
    assert_eq!(lines.next(), None);
    // A setting that is missing because of another mistake is not reported as a second mistake.
    let broken = || Jwt::hs256([7; 31]).issuer("https://id.example").audience("reports");
    let one = Auth::builder().bearer(broken()).tickets().bearer_cookie("token").bearer_in_subprotocol("token");
    assert!(matches!(one.build(), Err(BuildError::Jwt { .. })));
    let error = std::io::Error::from(Auth::builder().build().unwrap_err());
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

/// H15: runs with and without debug assertions; see `.ci/run`.
#[test]
fn dev_and_test_keys_build_only_in_debug_builds() {
    let outcome = |builder: AuthBuilder| builder.build().map(drop);
    let expected = |error| if cfg!(debug_assertions) { Ok(()) } else { Err(error) };
    assert_eq!(outcome(Auth::builder().bearer(Jwt::dev())), expected(BuildError::DevInRelease));
    #[cfg(feature = "test-util")]
    {
        let keys = crate::test::Keys::new();
        assert_eq!(outcome(Auth::builder().bearer(jwt()).test_keys(&keys)), expected(BuildError::TestKeysInRelease));
        let aloud = Auth::builder().bearer(jwt()).allow_test_keys_in_release(&keys);
        assert_eq!(outcome(aloud), Ok(()));
    }
}

#[test]
fn debug_output_contains_no_secret() {
    let builder = Auth::builder().bearer(Jwt::hs256(b"canary-canary-canary-canary-canary"));
    let shown = format!("{builder:?} {:?} {:?}", jwt(), Auth::builder().bearer(jwt()).build());
    assert!(!shown.contains("canary") && !shown.contains("[7, 7"), "{shown}");
}
