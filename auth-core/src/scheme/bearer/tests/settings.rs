//! Tests of the settings of an issuer.

use super::*;

#[test]
fn unsafe_jwt_settings_fail_to_build() {
    // JWT-6, JWT-16, JWT-18, JWT-23, L2
    let secret = [7; 64];
    let good = || Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE);
    let other = |secret| Jwt::hs256(secret).issuer("https://other.example").audience(AUDIENCE);
    let rsa = || Key::pem(Algorithm::RS256, fixture("rsa.public.pem"));
    let pointer = |text: &str, instead: &str| Some(JwtError::Pointer(text.to_owned(), instead.to_owned()));
    let name = |setting| Some(JwtError::Name(setting));
    let repeated = |setting| Some(JwtError::Repeated(setting));
    let short = JwtError::Key { position: 2, error: KeyError::SecretTooShort { found: 31, least: 32 } };
    let seconds = Duration::from_secs;
    let padded = [[7; 32], [0; 32]].concat();
    #[rustfmt::skip]
    let table = [
        (vec![good()],                                                                  None),
        (vec![good().leeway(seconds(300))],                                             None),
        (vec![good().leeway(Duration::ZERO)],                                           None),
        (vec![good(), other([8; 64])],                                                  None),
        (vec![Jwt::hs256(secret).issuer(ISSUER).accept_tokens_of_any_audience()],       None),
        (vec![Jwt::hs256(secret).without_issuer("ours").audience(AUDIENCE)],            None),
        (vec![Jwt::hs256(secret).audience(AUDIENCE)],                                   Some(JwtError::IssuerMissing)),
        (vec![Jwt::hs256(secret).issuer("").audience(AUDIENCE)],                        Some(JwtError::IssuerMissing)),
        (vec![Jwt::hs256(secret).without_issuer("").audience(AUDIENCE)],                Some(JwtError::IssuerMissing)),
        (vec![Jwt::hs256(secret).issuer(ISSUER)],                                       Some(JwtError::AudienceMissing)),
        (vec![good().audience("")],                                                     Some(JwtError::AudienceMissing)),
        (vec![good().accept_tokens_of_any_audience()],                                  Some(JwtError::AudienceMissing)),
        (vec![good().or_key(Key::secret(Algorithm::HS256, [7; 31]))],                   Some(short)),
        (vec![good().or_key(rsa())],                                                    Some(JwtError::MixedKeys)),
        (vec![Jwt::key(rsa()).or_key(Key::secret(Algorithm::HS256, secret)).issuer(ISSUER).audience(AUDIENCE)], Some(JwtError::MixedKeys)),
        (vec![good().leeway(seconds(301))],                                             Some(JwtError::LeewayTooLong)),
        (vec![good().leeway(Duration::from_millis(300_001))],                           Some(JwtError::LeewayTooLong)),
        (vec![good(), good().or_key(Key::secret(Algorithm::HS256, [8; 64]))],           Some(JwtError::IssuerTwice)),
        (vec![good(), other(secret)],                                                   Some(JwtError::SharedSecret)),
        (vec![good(), Jwt::hs512(secret).issuer("https://other.example").audience("x")], Some(JwtError::SharedSecret)),
        (vec![Jwt::hs256([7; 32]).issuer(ISSUER).audience(AUDIENCE), Jwt::hs256(padded).issuer("b").audience(AUDIENCE)], Some(JwtError::SharedSecret)),
        (vec![good(), other([8; 64]).or_key(Key::secret(Algorithm::HS384, secret))],    Some(JwtError::SharedSecret)),
        (vec![good(), Jwt::hs256([8; 64]).without_issuer("b").audience(AUDIENCE)],      Some(JwtError::UnnamedAmongSeveral)),
        (vec![Jwt::hs256([8; 64]).without_issuer("b").audience(AUDIENCE), good()],      Some(JwtError::UnnamedAmongSeveral)),
        (vec![Jwt::hs256(secret).issuer(ISSUER).accept_tokens_of_any_audience().access_token_profile()], Some(JwtError::ProfileWithoutNames)),
        (vec![Jwt::hs256(secret).without_issuer("ours").audience(AUDIENCE).access_token_profile()], Some(JwtError::ProfileWithoutNames)),
        (vec![good().roles_at(["roles"])],                                              pointer("roles", "/roles")),
        (vec![good().roles_at(["/roles", "a/b"])],                                      pointer("a/b", "/a/b")),
        (vec![good().roles_at(["realm_access.roles"])],                                 pointer("realm_access.roles", "/realm_access/roles")),
        (vec![good().roles_at(["https://app.example/roles"])],                          pointer("https://app.example/roles", "/https:~1~1app.example~1roles")),
        (vec![good().roles_at(["/https://app.example/roles"])],                         pointer("/https://app.example/roles", "/https:~1~1app.example~1roles")),
        (vec![good().roles_at(["/https:~1~1app.example~1roles"])],                      None),
        (vec![good().roles_at(["/a~b"])],                                               pointer("/a~b", "/a~0b")),
        (vec![good().roles_at(["/"])],                                                  pointer("/", "/roles")),
        (vec![good().permissions_at([""])],                                             pointer("", "/roles")),
        (vec![good().scopes_at(["#/scope"])],                                           pointer("#/scope", "/scope")),
        (vec![good().scopes_at(["$.scp"])],                                             pointer("$.scp", "/scp")),
        (vec![good().required_claim("/a//b", ["x"])],                                   pointer("/a//b", "/a~1~1b")),
        (vec![good().audience_claim("//id.example/client")],                            pointer("//id.example/client", "/~1id.example~1client")),
        (vec![good().audience_claim("")],                                               name("audience_claim")),
        (vec![good().client_id_claim("")],                                              name("client_id_claim")),
        (vec![good().clients_have("", "x")],                                            name("clients_have")),
        (vec![good().keycloak("")],                                                     name("keycloak")),
        (vec![good().keycloak_with_prefixes(" ", "a:", "b:")],                          name("keycloak")),
        (vec![good().zitadel("")],                                                      name("zitadel")),
        (vec![good().tenant("org", "")],                                                name("tenant")),
        (vec![good().audience("re\nports")],                                            name("audience")),
        (vec![Jwt::hs256(secret).issuer(" https://id.example").audience(AUDIENCE)],     name("issuer")),
        (vec![Jwt::hs256(secret).issuer("https://id.example\n").audience(AUDIENCE)],    name("issuer")),
        (vec![good().auth0("https://app.example")],                                     Some(JwtError::Namespace("https://app.example".to_owned(), "https://app.example/".to_owned()))),
        (vec![good().auth0("https://app.example/")],                                    None),
        (vec![good().issuer("b")],                                                      repeated("issuer")),
        (vec![good().without_issuer("b")],                                              repeated("issuer")),
        (vec![good().leeway(seconds(1)).leeway(seconds(2))],                            repeated("leeway")),
        (vec![good().max_token_size(1).max_token_size(2)],                              repeated("max_token_size")),
        (vec![good().tenant("a", "b").tenant("a", "c")],                                 repeated("tenant")),
        (vec![good().confers(Confers::nothing()).confers(Confers::everything())],       repeated("confers")),
        (vec![good().audience_claim("azp").audience_claim("client_id")],                repeated("audience_claim")),
        (vec![good().audience_claim("azp").cognito("app-1")],                           repeated("audience_claim")),
        (vec![good().cognito("app-1").cognito("app-2")],                                None),
        (vec![good().required_claim("azp", [""; 0])],                                   Some(JwtError::RequiredClaim("azp".to_owned()))),
        (vec![good().required_claim("azp", [serde_json::json!({})])],                   Some(JwtError::RequiredClaim("azp".to_owned()))),
        (vec![good().rsa_keys_without_alg(Algorithm::ES256)],                           Some(JwtError::NotForRsa(Algorithm::ES256))),
        (vec![good().access_token_profile().types(["jwt"])],                            Some(JwtError::ProfileBeside("types"))),
        (vec![good().access_token_profile().accept_id_tokens()],                        Some(JwtError::ProfileBeside("accept_id_tokens"))),
        (vec![Jwt::hs256(secret).issuer(ISSUER).accept_tokens_of_any_audience().audience_claim("azp")], Some(JwtError::AudienceClaimWithoutAudience)),
        (vec![good().or_issuer("b")],                                                   None),
        (vec![good().or_issuer(ISSUER)],                                                Some(JwtError::IssuerTwice)),
        (vec![good().or_issuer("b").or_issuer("b")],                                    Some(JwtError::IssuerTwice)),
        (vec![good().or_issuer("https://other.example"), other([8; 64])],               Some(JwtError::IssuerTwice)),
        (vec![Jwt::hs256(secret).without_issuer("ours").or_issuer("b").audience(AUDIENCE)], Some(JwtError::UnnamedAmongSeveral)),
        (vec![good().or_key(rsa()).mixed_keys("until March")],                          None),
        (vec![good().or_key(rsa()).mixed_keys("")],                                     Some(JwtError::MixedKeysUnused(String::new()))),
        (vec![good().mixed_keys("until March")],                                        Some(JwtError::MixedKeysUnused("until March".to_owned()))),
    ];
    for (jwts, expected) in table {
        let case = format!("{jwts:?}");
        assert_eq!(build_all(jwts).err().map(|(_, error)| error), expected, "{case}");
    }
    assert_eq!(
        build_all(vec![good(), other(secret)]).unwrap_err().0,
        "https://other.example",
        "the one that is wrong is named"
    );
    let nobody = build_all(vec![]).unwrap();
    assert_eq!(outcome(&nobody, &hs256(HS256, claims(&[])), at(NOW)), "invalid-credentials");
}

#[test]
fn issuer_settings_restrict_size_type_audience_and_profile() {
    // JWT-2, JWT-14, JWT-18
    let jwt = || jwt_of("hs256");
    let of_kind = |kind: &str| hs256(format!(r#"{{"alg":"HS256","typ":"{kind}"}}"#), claims(&[]));
    let exactly = |length: usize| {
        let token = |padding: usize| hs256(HS256, claims(&[("x", &format!("{:?}", "x".repeat(padding)))]));
        (0..).map(token).find(|token| token.len() >= length).unwrap()
    };
    let [at_cap, over_cap] = [exactly(400), exactly(404)];
    let for_others = |audience| hs256(HS256, claims(&[("aud", audience)]));
    let anyone = || Jwt::hs256(fixture("hmac.secret.txt")).issuer(ISSUER).accept_tokens_of_any_audience();
    let profiled = |others: Members<'_>| {
        let iat = NOW.to_string();
        let all = [("client_id", r#""web""#), ("jti", r#""1""#), ("iat", iat.as_str())].into_iter();
        let all: Vec<_> = all.filter(|(name, _)| others.iter().all(|(other, _)| other != name)).collect();
        claims(&all)
    };
    let of_profile =
        |kind: &str, without: Members<'_>| hs256(format!(r#"{{"alg":"HS256","typ":{kind}}}"#), profiled(without));
    #[rustfmt::skip]
    let table = [
        ("a token at the cap",      jwt().max_token_size(at_cap.len()),         at_cap.clone(),                     true),
        ("a token over the cap",    jwt().max_token_size(at_cap.len()),         over_cap,                           false),
        ("a type of its own",       jwt().types(["shop+jwt"]),                  of_kind("Application/SHOP+jwt"),    true),
        ("a type not listed",       jwt().types(["shop+jwt"]),                  of_kind("JWT"),                     false),
        ("a type written in full",  jwt().types(["application/shop+jwt"]),      of_kind("shop+jwt"),                true),
        ("no type",                 jwt().types(["shop+jwt"]),                  hs256(r#"{"alg":"HS256"}"#, claims(&[])), true),
        ("any type, none listed",   jwt().types([""; 0]),                       of_kind("JWT"),                     false),
        ("a second audience",       jwt().audience("archive"),                  for_others(r#"["archive"]"#),       true),
        ("no configured audience",  jwt().audience("archive"),                  for_others(r#"["Archive"]"#),       false),
        ("the profile",             jwt().access_token_profile(),               of_profile(r#""at+jwt""#, &[]),     true),
        ("its type, in full",       jwt().access_token_profile(),               of_profile(r#""Application/AT+JWT""#, &[]), true),
        ("another type",            jwt().access_token_profile(),               of_profile(r#""JWT""#, &[]),        false), // AT-1
        ("no type, where it counts", jwt().access_token_profile(),              hs256(r#"{"alg":"HS256"}"#, profiled(&[])), false),
        ("a type of null",          jwt().access_token_profile(),               of_profile("null", &[]),            false),
        ("no client",               jwt().access_token_profile(),               of_profile(r#""at+jwt""#, &[("client_id", "")]), false), // AT-2
        ("no token id",             jwt().access_token_profile(),               of_profile(r#""at+jwt""#, &[("jti", "")]), false),
        ("no time of issue",        jwt().access_token_profile(),               of_profile(r#""at+jwt""#, &[("iat", "")]), false),
        ("any audience",            anyone(),                                   for_others(r#""other""#),           true),
        ("no audience at all",      anyone(),                                   for_others(""),                     true),
        ("an audience of no type",  anyone(),                                   for_others("7"),                    false),
    ];
    for (case, jwt, token, expected) in table {
        assert_eq!(server(jwt).verify(&token, at(NOW)).unwrap().is_ok(), expected, "{case}");
    }
    // Each of several issuers has its own size limit.
    let theirs = |claims: String| sign_by(&[8; 64], HS256, claims.replace(ISSUER, "https://other.example"));
    let other = Jwt::hs256([8; 64]).issuer("https://other.example").audience(AUDIENCE).max_token_size(400);
    let both = build_all(vec![jwt(), other]).unwrap();
    let long = claims(&[("x", &format!("{:?}", "x".repeat(400)))]);
    assert_eq!(outcome(&both, &hs256(HS256, &long), at(NOW)), "accepted");
    assert_eq!(outcome(&both, &theirs(long), at(NOW)), "invalid-credentials");
    assert_eq!(outcome(&both, &theirs(claims(&[])), at(NOW)), "accepted");
}

#[cfg(feature = "oidc")]
#[test]
fn unsafe_key_fetch_settings_fail_to_build() {
    // JWKS-1, JWKS-4, JWKS-5
    use crate::oidc::discovery::{EndpointError, ReachError};
    let oidc = || Jwt::oidc(ISSUER).audience(AUDIENCE);
    let jwks = |url: &str| Jwt::jwks(url).issuer(ISSUER).audience(AUDIENCE);
    let seconds = Duration::from_secs;
    let address = |error| Some(JwtError::Fetch(FetchError::Address(error)));
    let fetch = |error| Some(JwtError::Fetch(error));
    let hmac = || Key::secret(Algorithm::HS256, [7; 32]);
    let template = |issuer: &str| Some(JwtError::IssuerTemplate(issuer.to_owned()));
    let metadata = |url: &str, issuer: &str| Some(JwtError::IssuerIsMetadata(url.to_owned(), issuer.to_owned()));
    #[rustfmt::skip]
    let table = [
        (oidc(),                                                     None),
        (oidc().fetch_from("http://127.0.0.1:8080/realms/a"),        None),
        (oidc().or_dev(),                                            None),
        (jwks("https://id.example/keys"),                            None),
        (oidc().or_key(Key::pem(Algorithm::RS256, fixture("rsa.public.pem"))), None),
        (Jwt::oidc(ISSUER),                                          Some(JwtError::AudienceMissing)),
        (Jwt::jwks("https://id.example/keys").audience(AUDIENCE),    Some(JwtError::IssuerMissing)),
        (oidc().or_key(hmac()),                                      Some(JwtError::MixedKeys)),
        (Jwt::oidc("http://id.example").audience(AUDIENCE),          address(EndpointError::NotHttps)),
        (Jwt::oidc("id.example").audience(AUDIENCE),                 address(EndpointError::NoUrl)),
        (oidc().or_key(hmac()).mixed_keys("until March"),            None),
        (oidc().root_certificate("no certificate"),                  fetch(FetchError::Reach(ReachError::RootCertificate))),
        (oidc().proxy("proxy.example"),                              fetch(FetchError::Reach(ReachError::Proxy))),
        (oidc().proxy("http://proxy.example:3128"),                  None),
        (oidc().bearer_file("/no/such/file"),                        fetch(FetchError::Reach(ReachError::BearerFile("/no/such/file".into())))),
        (oidc().proxy("http://a").proxy("http://b"),                 Some(JwtError::Repeated("proxy"))),
        (oidc().issuer("b"),                                         Some(JwtError::Repeated("issuer"))),
        (Jwt::key(hmac()).issuer(ISSUER).audience(AUDIENCE).proxy("http://a"), fetch(FetchError::NothingFetched("proxy"))),
        (oidc().introspection(Introspection::as_client("", "secret")), Some(JwtError::Introspection(IntrospectionError::Client))),
        (oidc().introspection(Introspection::as_client("id", "")),   Some(JwtError::Introspection(IntrospectionError::Client))),
        (Jwt::oidc("https://login.microsoftonline.com/common/v2.0").audience(AUDIENCE), template("https://login.microsoftonline.com/common/v2.0")),
        (Jwt::oidc("https://login.microsoftonline.com/organizations/v2.0").audience(AUDIENCE), template("https://login.microsoftonline.com/organizations/v2.0")),
        (Jwt::oidc("https://sts.windows.net/common/").audience(AUDIENCE), template("https://sts.windows.net/common/")),
        (Jwt::oidc("https://login.microsoftonline.com/{tenantid}/v2.0").audience(AUDIENCE), template("https://login.microsoftonline.com/{tenantid}/v2.0")),
        (Jwt::entra_tenants(["common"]).audience(AUDIENCE),          template("https://login.microsoftonline.com/common/v2.0")),
        (Jwt::entra_tenants([""; 0]).audience(AUDIENCE),             Some(JwtError::IssuerMissing)),
        (Jwt::entra_tenants(["11111111-2222-3333-4444-555555555555"]).audience(AUDIENCE), None),
        (Jwt::oidc("https://id.example/.well-known/openid-configuration").audience(AUDIENCE), metadata("https://id.example/.well-known/openid-configuration", "https://id.example")),
        (Jwt::oidc("https://id.example/.well-known/oauth-authorization-server/acme").audience(AUDIENCE), metadata("https://id.example/.well-known/oauth-authorization-server/acme", "https://id.example/acme")),
        (Jwt::oidc("https://id.example/?a").audience(AUDIENCE),      address(EndpointError::Query)),
        (oidc().fetch_from("http://keycloak:8080"),                  address(EndpointError::NotHttps)),
        (jwks("http://id.example/keys"),                             address(EndpointError::NotHttps)),
        (jwks("https://a:b@id.example/keys"),                        address(EndpointError::Extra)),
        (jwks("https://id.example/keys").fetch_from(ISSUER),         fetch(FetchError::FromWithoutDiscovery)),
        (Jwt::key(hmac()).issuer(ISSUER).audience(AUDIENCE).fetch_from(ISSUER), fetch(FetchError::NothingFetched("fetch_from"))),
        (Jwt::key(hmac()).issuer(ISSUER).audience(AUDIENCE).max_stale(seconds(1)), fetch(FetchError::NothingFetched("max_stale"))),
        (oidc().cool_down(Duration::from_millis(999)),               fetch(FetchError::TooOften)),
        (oidc().refresh_every(seconds(29)),                          fetch(FetchError::TooOften)),
        (oidc().max_stale(seconds(599)),                             fetch(FetchError::StaleBeforeRefresh)),
    ];
    for (jwt, expected) in table {
        let case = format!("{jwt:?}");
        assert_eq!(build_all(vec![jwt]).err().map(|(_, error)| error), expected, "{case}");
    }
    // An unverified token does not trigger requests to other servers, unless it names a key that may be new.
    let bearer = server(oidc());
    for token in ["", "a.b.c", &hs256(HS256, claims(&[])), &hs256(r#"{"alg":"none"}"#, claims(&[]))] {
        assert!(bearer.verify(token, at(NOW)).unwrap().is_err(), "{token}");
    }
    assert!(bearer.verify(&hs256(r#"{"alg":"ES256","jku":"https://evil.example"}"#, "{}"), at(NOW)).is_none());
}

#[test]
fn dev_tokens_verify_only_in_their_debug_process() {
    let jwt = Jwt::key(Key::pem(Algorithm::RS256, fixture("rsa.public.pem")))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .keycloak("shop");
    let jwt = jwt.access_token_profile().or_dev();
    assert_eq!(jwt.is_dev(), cfg!(debug_assertions));
    let Some(token) = jwt.dev_token(Some("admin")) else { return };
    let other = server(jwt.clone().or_dev());
    let caller = server(jwt).verify(&token, crate::runtime::clock::now()).unwrap().unwrap();
    assert!(caller.has_role(Role::new("admin")) && caller.issuer() == ISSUER);
    assert_eq!(
        outcome(&other, &token, crate::runtime::clock::now()),
        "invalid-credentials",
        "each process has its own key"
    );
}
