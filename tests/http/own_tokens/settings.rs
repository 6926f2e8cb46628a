//! Tests of the settings of token sources: what does not build.

use super::*;

use actix_web::HttpRequest;
use auth_actix::identity::PrincipalBuilder;
use auth_actix::scheme::{AuthenticateError, Authenticator, CredentialLocation, CustomScheme};
use auth_actix::tokens::{ApiKeyFile, TokenPrefixError, TokensError};
use auth_actix::{BuildError, LocalBoxFuture};

fn source(name: &str) -> Tokens {
    Tokens::named(name).store(MemoryTokenStore::new(10)).confers(Rights::new())
}

fn error(builder: AuthBuilder) -> Option<BuildError> {
    builder.build().err()
}

#[test]
fn sources_whose_tokens_could_be_confused_do_not_build() {
    // TOKEN-2, TOKEN-16, L2
    let one = |tokens: Tokens| Auth::builder().tokens(tokens);
    let two = |first: Tokens, second: Tokens| one(first).tokens(second);
    let fixed = |name: &str, secret: &str| Tokens::fixed(name, secret, Rights::new());
    let secret = String::from_utf8(vec![b'k'; 32]).unwrap();
    let signed = Jwt::hs256(&secret).issuer(ISSUER).audience(AUDIENCE).confers(Confers::everything());
    let prefix = |error| TokensError::Prefix(error);
    let keys = || Tokens::api_key_file(ApiKeyFile::open("/dev/null").unwrap());
    #[rustfmt::skip]
    let table: Vec<(AuthBuilder, Option<(&str, TokensError)>)> = vec![
        (one(keys()),                                                          None),
        (one(keys().for_accounts()),                                           Some(("api-key", TokensError::AccountOfApiKeys))),
        (one(keys().prefix("key_")),                                           Some(("api-key", TokensError::Repeated("prefix")))),
        (two(keys().confers(Rights::new()), source("b").prefix("ak.")),        Some(("b", TokensError::PrefixOverlap("ak.".to_owned())))),
        (one(source("a").prefix("pat_")),                                      None),
        (one(source("a").opaque()),                                            None),
        (two(source("a").prefix("pat_"), source("b").opaque()),                None),
        (one(fixed("a", MASTER)),                                              None),
        (one(source("")),                                                      Some(("", TokensError::Name))),
        (one(source("A").opaque()),                                            Some(("A", TokensError::Name))),
        (one(source("a b").opaque()),                                          Some(("a b", TokensError::Name))),
        (one(source("a")),                                                     Some(("a", TokensError::NoForm))),
        (one(Tokens::named("a").opaque()),                                     Some(("a", TokensError::NoStore))),
        (one(fixed("a", MASTER).store(MemoryTokenStore::new(1))),              Some(("a", TokensError::StoreOfFixed))),
        (one(source("a").prefix("pat_").prefix("pbt_")),                       Some(("a", TokensError::Repeated("prefix")))),
        (one(source("a").prefix("")),                                          Some(("a", prefix(TokenPrefixError::Length)))),
        (one(source("a").prefix("e")),                                         Some(("a", prefix(TokenPrefixError::Jwt)))),
        (one(source("a").prefix("eyJ")),                                       Some(("a", prefix(TokenPrefixError::Jwt)))),
        (one(source("a").prefix("a b")),                                       Some(("a", prefix(TokenPrefixError::Character)))),
        (two(source("a").prefix("pat_"), source("b").prefix("pat_x")),         Some(("b", TokensError::PrefixOverlap("pat_".to_owned())))),
        (two(source("a").prefix("pat_"), source("b").prefix("pat_")),          Some(("b", TokensError::PrefixOverlap("pat_".to_owned())))),
        (two(source("a").prefix("pat_"), source("a").prefix("pbt_")),          Some(("a", TokensError::NameTwice))),
        (one(source("a").opaque().accept_unchecked()),                         Some(("a", TokensError::UncheckedWithoutPrefix))),
        (one(source("a").opaque().places([at::bare_authorization()])),         Some(("a", TokensError::BareWithoutPrefix))),
        (one(fixed("a", MASTER).places([at::bare_authorization()])),           Some(("a", TokensError::BareWithoutPrefix))),
        (one(fixed("a", "")),                                                  Some(("a", TokensError::FixedTooShort))),
        (one(fixed("a", &MASTER[..15])),                                       Some(("a", TokensError::FixedTooShort))),
        (one(fixed("a", "a secret with several words")),                       Some(("a", TokensError::FixedSyntax))),
        (one(fixed("a", &"x".repeat(513))),                                    Some(("a", TokensError::FixedSyntax))),
        (one(fixed("a", "aaaaaa.bbbbbb.cccccc")),                              Some(("a", TokensError::FixedIsJwt))),
        (two(fixed("a", MASTER), fixed("b", MASTER)),                          Some(("b", TokensError::FixedIsAnotherSecret))),
        (one(fixed("a", &secret)).bearer(signed),                              Some(("a", TokensError::FixedIsAnotherSecret))),
        (two(fixed("a", "pat_0123456789abcdef"), source("b").prefix("pat_")),  Some(("a", TokensError::FixedHasPrefix("b".to_owned())))),
        (two(source("b").prefix("pat_"), fixed("a", "pat_0123456789abcdef")),  Some(("a", TokensError::FixedHasPrefix("b".to_owned())))),
        (one(source("a").opaque().places([])),                                 Some(("a", TokensError::Place))),
        (one(source("a").opaque().places([at::path("token")])),                Some(("a", TokensError::Place))),
        (one(source("a").opaque().places([at::credential()])),                 Some(("a", TokensError::Place))),
        (one(source("a").opaque().places([at::header("Cookie")])),             Some(("a", TokensError::Header("cookie".to_owned())))),
        (one(source("a").opaque().places([at::header("x key")])),              Some(("a", TokensError::Header("x key".to_owned())))),
    ];
    for (builder, expected) in table {
        let expected = expected.map(|(name, error)| BuildError::Tokens { name: name.to_owned(), error });
        assert_eq!(error(builder), expected);
    }
    let opaque = error(two(source("a").opaque(), source("b").opaque())).unwrap().to_string();
    assert!(opaque.contains("`.opaque()` beside another source of opaque tokens"), "{opaque}");
    let silent = error(one(Tokens::named("a").opaque().store(MemoryTokenStore::new(1))).bearer(jwt()));
    assert_eq!(silent, Some(BuildError::ConfersMissing("tokens")));
    let tenant = error(one(source("a").opaque()).tenant("org", at::bearer())).unwrap().to_string();
    assert!(tenant.contains("are for tokens"), "{tenant}");
    // A tenant is given to handlers and providers, so it must not be a credential.
    let places = || [at::header("X-Key")];
    let trusted = jwt().proxy_header("X-Key");
    let behind = Auth::builder().trusted_proxies(["10.0.0.1"], auth_actix::client::ForwardingHeader::Forwarded);
    for builder in [
        one(source("a").opaque().places(places())),
        Auth::builder().bearer(jwt().places(places())),
        behind.bearer(trusted).hosts(["localhost"]),
    ] {
        let tenant = error(builder.tenant("org", at::header("x-key"))).unwrap().to_string();
        assert!(tenant.contains("the header \"x-key\" has another meaning"), "{tenant}");
    }
}

/// A scheme of the application.
struct Badge;

impl Authenticator for Badge {
    fn name(&self) -> &'static str {
        "Badge"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Header("X-Key")
    }

    fn authenticate<'a>(
        &'a self,
        _: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        Box::pin(std::future::ready(Err(AuthenticateError::Invalid)))
    }
}

#[test]
fn the_header_of_a_scheme_contains_no_other_credential() {
    // TOKEN-2, C4
    let badge = || CustomScheme::new(Badge).confers(Confers::everything());
    let places = |name: &str| [at::header(name)];
    let builder = || Auth::builder().scheme(badge());
    #[rustfmt::skip]
    let table = [
        (builder().tokens(source("a").opaque().places(places("X-Other"))), false),
        (builder().tokens(source("a").opaque().places(places("x-key"))),   true),
        (builder().bearer(jwt().places(places("X-Key"))),                  true),
    ];
    for (builder, is_refused) in table {
        let expected = is_refused.then(|| BuildError::SchemeHeader("Badge", "X-Key".to_owned()));
        assert_eq!(error(builder), expected);
    }
    let tenant = error(Auth::builder().scheme(badge()).tenant("org", at::header("x-key"))).unwrap().to_string();
    assert!(tenant.contains("the header \"x-key\" has another meaning"), "{tenant}");
}

#[test]
fn secrets_are_not_shown() {
    // P29
    let tokens = Tokens::fixed("master", MASTER, Rights::everything());
    assert!(!format!("{tokens:?}").contains(MASTER));
    let error = error(Auth::builder().tokens(Tokens::fixed("master", &MASTER[..15], Rights::new()))).unwrap();
    assert!(!error.to_string().contains(&MASTER[..15]), "{error}");
}
