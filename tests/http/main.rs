//! Tests over HTTP of all requirements of the standards that are visible in responses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::type_complexity,
    reason = "for tests, where a panic is the report and the columns of a table are its type"
)]

mod access_claims;
mod api_key;
mod accounts;
mod audit;
mod audited_classes;
mod authorization_header;
mod authorizer;
mod basic;
mod blocks;
mod cached;
mod caller_matrix;
mod ceilings;
mod checks;
mod client_certificates;
mod countries;
mod credential_kinds;
mod cross_site;
mod custom;
mod denials;
mod directory;
mod extraction;
mod foreign;
mod grants;
mod held;
mod hidden;
mod http2;
mod leases;
mod lists;
mod logs;
mod matrix;
mod matrix_settings;
mod memberships;
mod methods;
#[cfg(feature = "metrics")]
mod metrics;
mod middleware;
mod names;
mod networks;
mod objects;
mod open_mode;
mod own_tokens;
mod pages;
mod principal;
mod proxy_tokens;
mod readme;
mod registration;
mod routing;
mod session;
mod slots;
mod start_up;
mod subprotocols;
mod tenant_matrix;
mod tenant_values;
mod tenants;
mod throttle;
mod tickets;
mod token_cookie;
mod tokens;
mod unreadable;
mod users;

use auth_actix::{Auth, AuthBuilder, Jwt};
use auth_tests::challenge;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET};
use auth_tests::wire::Answer;

/// The role names in the rules of these tests.
#[derive(Clone, Copy, auth_actix::Role)]
#[role(proofs = "proof")]
pub(crate) enum Role {
    #[role(implies(Editor))]
    Admin,
    #[role(grants(Permission::PostsWrite))]
    Editor,
    Viewer,
    Suspended,
}

#[derive(Clone, Copy, auth_actix::Permission)]
pub(crate) enum Permission {
    #[permission("posts:write")]
    PostsWrite,
}

#[derive(Clone, Copy, auth_actix::TokenScope)]
pub(crate) enum TokenScope {
    #[token_scope("read:reports")]
    Read,
    #[token_scope("write:reports")]
    Write,
}

/// Returns the settings of the issuer of `auth_tests::token`.
pub(crate) fn jwt() -> Jwt {
    Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE)
}

/// Returns an `Auth` builder with that issuer only. The token cache is enabled, because it must not change any test result.
pub(crate) fn bearer_only() -> AuthBuilder {
    let remembering = auth_actix::jwt::TokenCache::new().secrets();
    Auth::builder().realm("reports").bearer(jwt()).roles::<Role>().token_cache(remembering)
}

pub(crate) const BEARER: &str = r#"Bearer realm="reports""#;
pub(crate) const BASIC: &str = r#"Basic realm="reports", charset="UTF-8""#;

/// Returns the challenge [`BEARER`] with additional parameters.
pub(crate) fn bearer_with(parameters: &str) -> String {
    format!("{BEARER}, {parameters}")
}

/// Asserts the properties of every denial, and the given values.
pub(crate) fn denied(case: &str, answer: &Answer, status: u16, problem: &str, challenges: &[&str]) {
    assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{case}: {answer:?}");
    assert_eq!(answer.lines("www-authenticate"), challenges, "{case}");
    is_a_denial(case, answer);
    // PROB-1, PROB-2, PROB-3
    assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{case}");
    let body = answer.json();
    assert_eq!(body["status"], status, "{case}");
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["detail", "status", "title", "type"], "{case}");
    let (kind, title) = (body["type"].as_str().unwrap(), body["title"].as_str().unwrap());
    assert!(
        kind.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty()),
        "{case}: {kind}"
    );
    assert!(!title.is_empty() && body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{case}");
}

/// Asserts the properties of every denial, in any representation.
pub(crate) fn is_a_denial(case: &str, answer: &Answer) {
    assert!(answer.status >= 400, "{case}: {answer:?}");
    assert_eq!(answer.field("cache-control"), Some("no-store"), "{case}"); // HTTP-11, T35
    assert!(answer.lines("set-cookie").is_empty(), "{case}");
    let lines = answer.lines("www-authenticate");
    assert!(answer.status != 401 || !lines.is_empty(), "HTTP-5: {case}: {answer:?}");
    let mut schemes = Vec::new();
    for line in &lines {
        let read = challenge::read(line).unwrap_or_else(|error| panic!("{case}: {line}: {error}"));
        let [one] = read.as_slice() else { panic!("HTTP-6: {case}: several challenges in {line}") };
        challenge::check(one).unwrap_or_else(|error| panic!("{case}: {line}: {error}"));
        assert!(!schemes.contains(&one.scheme), "{case}: {lines:?}");
        // T19: another parser reads the same challenges.
        let theirs = http_auth::parse_challenges(line).unwrap_or_else(|error| panic!("{case}: {line}: {error:?}"));
        let theirs: Vec<_> = theirs.iter().map(of_http_auth).collect();
        assert_eq!(theirs, read, "{case}");
        schemes.push(one.scheme.clone());
    }
    if let [_, _, ..] = lines.as_slice() {
        // HTTP-6: they parse the same after a proxy has joined the lines.
        let joined = lines.join(", ");
        let separately: Vec<_> = lines.iter().flat_map(|line| challenge::read(line).unwrap()).collect();
        assert_eq!(challenge::read(&joined).as_ref(), Ok(&separately), "{case}");
    }
    if let Some(after) = answer.field("retry-after") {
        assert!(after.parse::<u32>().is_ok_and(|seconds| seconds >= 1), "HTTP-16: {case}: {after}");
    }
    assert_eq!(matches!(answer.status, 429 | 503), answer.field("retry-after").is_some(), "HTTP-16: {case}");
}

fn of_http_auth(challenge: &http_auth::ChallengeRef<'_>) -> challenge::Challenge {
    let parameters = challenge.params.iter().map(|(name, value)| ((*name).to_owned(), value.to_unescaped()));
    challenge::Challenge { scheme: challenge.scheme.to_owned(), parameters: parameters.collect() }
}
