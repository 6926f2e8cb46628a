//! Tests of JWTs in headers of their own, also in those of the tokens that the application issues.

use super::*;

use auth_actix::BuildError;
use auth_actix::identity::RightsIn;
use auth_actix::jwt::{JwtError, TokenCache};
use auth_tests::token::{basic, now, token_of};

const OTHER: &str = "https://other.example";
const OTHER_SECRET: [u8; 32] = [8; 32];

fn user(scheme: &str, issuer: &str) -> String {
    format!("{scheme} user:{}:{issuer}:alice", issuer.len())
}

fn in_key_header(token: impl AsRef<[u8]>) -> Request {
    ask("/me").field("Api-Key", token)
}

fn serve_all(builder: AuthBuilder) -> Server {
    let auth = builder.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(get_me).service(get_admin).service(jwts_only));
    })
}

#[test]
fn jwt_in_a_header_is_matched_after_own_tokens() {
    // TOKEN-1, TOKEN-3, TOKEN-11, TOKEN-17
    let store = Counted::new();
    store.add("pat_old", |_| {});
    store.add("opaque-0123", |_| {});
    let places = || [at::header("Api-Key"), at::bearer()];
    let builder = Auth::builder().bearer(jwt().places(places()));
    let builder = builder.tokens(personal(&store).accept_unchecked().places([at::header("Api-Key")]));
    let with_opaque = Tokens::named("opaque").opaque().store(store.clone()).confers(Rights::new());
    let master = Tokens::fixed("master", MASTER, Rights::everything()).places([at::header("Api-Key")]);
    let server = serve_all(builder.tokens(master));
    let opaque = serve_all(Auth::builder().bearer(jwt().places(places())).tokens(with_opaque.places(places())));
    let jwt = token(json!({}));
    let line = |token: &str| ask("/me").authorization(format!("Bearer {token}"));
    let (header, bearer) = (user("BearerHeader", ISSUER), user("Bearer", ISSUER));
    let long = format!("{}.{}.{}", "a".repeat(4000), "b".repeat(4000), "c".repeat(4000));
    #[rustfmt::skip]
    let table: Vec<(&str, Request, &str)> = vec![
        ("a JWT",                        in_key_header(&jwt),                                      &header),
        ("surrounded by spaces",         in_key_header(format!(" {jwt}\t")),                       &header),
        ("a JWT as a bearer token",      line(&jwt),                                               &bearer),
        ("an own token",                 in_key_header("pat_old"),                                 CLIENT),
        ("a fixed token",                in_key_header(MASTER),                                    FIXED),
        ("an own token elsewhere",       line("pat_old"),                                          UNKNOWN),
        ("an unknown own token",         in_key_header("pat_unknown"),                             UNKNOWN),
        ("neither",                      in_key_header("unknown"),                                 UNKNOWN),
        ("a forged JWT",                 in_key_header(format!("{jwt}x")),                         UNKNOWN),
        ("an expired JWT",               in_key_header(token(json!({ "exp": now() - 3600 }))),     "401 expired-credentials"),
        ("a JWT for others",             in_key_header(token(json!({ "aud": "others" }))),         UNKNOWN),
        ("a JWT bound to a key",         in_key_header(token(json!({ "cnf": { "jkt": "x" } }))),   UNKNOWN),
        ("more than 8 KiB",              in_key_header(&long),                                     UNKNOWN),
        ("empty",                        in_key_header(""),                                        MALFORMED),
        ("a comma",                      in_key_header(format!("{jwt},{jwt}")),                    MALFORMED),
        ("a space inside",               in_key_header(format!("Bearer {jwt}")),                   MALFORMED),
        ("not ASCII",                    in_key_header(b"\xc3\xa4"),                               MALFORMED),
        ("the header twice",             in_key_header(&jwt).field("Api-Key", &jwt),               MALFORMED),
        ("twice with an own token",      in_key_header(&jwt).field("Api-Key", "pat_old"),          MALFORMED),
        ("two places",                   in_key_header(&jwt).authorization(format!("Bearer {jwt}")), MALFORMED),
        ("an own token and a JWT",       in_key_header("pat_old").authorization(format!("Bearer {jwt}")), MALFORMED),
        ("beside Basic",                 in_key_header(&jwt).authorization(basic("alice", "x")),   MALFORMED),
        ("another header",               ask("/me").field("X-Api-Key", &jwt),                      "401 missing-credentials"),
    ];
    for (case, request, expected) in table {
        assert_eq!(found(&server.send(&request)), expected, "{case}");
    }
    let opaque_client = "ApiKey client:12:token:opaque:backup";
    for (request, expected) in [
        (in_key_header(&jwt), &*header),
        (line(&jwt), &bearer),
        (in_key_header("opaque-0123"), opaque_client),
        (line("opaque-0123"), opaque_client),
        (in_key_header(format!("{jwt}x")), UNKNOWN),
    ] {
        assert_eq!(found(&opaque.send(&request)), expected);
    }
    assert_eq!(store.lookups.load(Ordering::SeqCst), 4, "no JWT is looked up");
}

#[test]
fn each_issuer_is_read_in_its_own_places_only() {
    // TOKEN-17, H8
    let other = Jwt::hs256(OTHER_SECRET).issuer(OTHER).audience(AUDIENCE).confers(Confers::everything());
    let builder = || Auth::builder().bearer(jwt().places([at::header("Api-Key")])).bearer(other.clone());
    let (ours, theirs) = (token(json!({})), token_of(OTHER, &OTHER_SECRET, json!({})));
    for cache in [TokenCache::off(), TokenCache::new().secrets()] {
        let server = serve_all(builder().token_cache(cache));
        for _ in 0..2 {
            assert_eq!(found(&server.send(&in_key_header(&ours))), user("BearerHeader", ISSUER));
            assert_eq!(found(&server.send(&in_key_header(&theirs))), UNKNOWN);
            assert_eq!(found(&server.send(&ask("/me").authorization(format!("Bearer {ours}")))), UNKNOWN);
            let answer = server.send(&ask("/me").authorization(format!("Bearer {theirs}")));
            assert_eq!(found(&answer), user("Bearer", OTHER));
        }
    }
}

#[test]
fn jwt_in_a_header_is_a_bearer_token_in_rules() {
    // TOKEN-9
    let server = serve_all(Auth::builder().bearer(jwt().places([at::header("Api-Key"), at::bearer()])));
    let send = |path: &str| {
        let admin = token(json!({ "roles": ["admin"] }));
        server.send(&ask(path).field("Api-Key", admin))
    };
    assert_eq!(found(&send("/jwts-only")), "JWTs only");
    assert_eq!(found(&send("/admin")), "admin");
    let answer = send("/me");
    assert_eq!(answer.field("cache-control"), Some("private"), "caches do not know the header");
}

#[test]
fn challenges_of_jwts_name_their_places() {
    // TOKEN-11, HTTP-5
    let in_header = || jwt().places([at::header("Api-Key")]);
    let both = || jwt().places([at::header("Api-Key"), at::bearer()]);
    let serve = |jwt: Jwt| serve_all(Auth::builder().realm("r").bearer(jwt));
    let (header_only, both) = (serve(in_header()), serve(both()));
    let (key, bearer) = ("ApiKey realm=\"r\"", "Bearer realm=\"r\"");
    let expired = token(json!({ "exp": now() - 3600 }));
    let ended = "Bearer realm=\"r\", error=\"invalid_token\", error_description=\"The token expired\"";
    let line = |token: &str| ask("/me").authorization(format!("Bearer {token}"));
    #[rustfmt::skip]
    let table: Vec<(&Server, Request, u16, Vec<&str>)> = vec![
        (&header_only, ask("/me"),                                                            401, vec![key]),
        (&header_only, in_key_header(&expired),                                               401, vec![key]),
        (&header_only, in_key_header("a b"),                                                  400, vec![key]),
        (&header_only, line(&expired),                                                        401, vec![key]),
        (&header_only, ask("/admin").field("Api-Key", token(json!({}))),                      403, vec![]),
        (&both,        ask("/me"),                                                            401, vec![bearer, key]),
        (&both,        in_key_header(&expired),                                               401, vec![key, bearer]),
        (&both,        line(&expired),                                                        401, vec![ended, key]),
        (&both,        ask("/admin").authorization(format!("Bearer {}", token(json!({})))),   403, vec![bearer]),
    ];
    for (server, request, status, expected) in table {
        let answer = server.send(&request);
        assert_eq!((answer.status, answer.lines("www-authenticate")), (status, expected), "{request:?}");
    }
}

#[test]
fn matrix_lists_the_places_of_tokens() {
    // TOKEN-1, TOKEN-15, TOKEN-17, TOKEN-18, H11
    let store = Counted::new();
    let header = || at::header("Api-Key");
    let jwt = jwt().places([header(), at::bearer()]).without_subject("ci").proxy_header("X-Assertion");
    let tokens = personal(&store).places([header()]).cache(Duration::from_secs(5));
    let builder = Auth::builder().bearer(jwt).tokens(tokens).hosts(["localhost"]);
    let auth = builder.trusted_proxies(["10.0.0.1"], auth_actix::client::ForwardingHeader::Forwarded).build().unwrap();
    let file = auth.scope("").service(get_me).access_matrix().to_markdown();
    let of_jwt = |scheme: &str, place: &str| {
        format!(
            "- {scheme} from issuer {ISSUER:?}, audience \"reports\", the client \"ci\" without a subject{place}, confers"
        )
    };
    for line in [
        of_jwt("Bearer", ""),
        of_jwt("BearerHeader", ", in api-key"),
        of_jwt("BearerProxy", ", in x-assertion of a trusted proxy"),
        "- ApiKey from issuer \"token:personal\", tokens with the prefix \"pat_\" in api-key, cached for 5s, confers"
            .to_owned(),
    ] {
        assert!(file.lines().any(|known| known.starts_with(&line)), "{line}\n{file}");
    }
}

#[test]
fn places_of_jwts_that_cannot_work_do_not_build() {
    // TOKEN-2, TOKEN-17
    let error = |jwt: Jwt| match Auth::builder().bearer(jwt).build().err() {
        Some(BuildError::Jwt { error, .. }) => Some(error),
        other => other.map(|other| panic!("{other}")),
    };
    let header = |name: &str| Some(JwtError::Header(name.to_owned()));
    #[rustfmt::skip]
    let table = [
        (jwt().places([at::header("Api-Key")]),                        None),
        (jwt().places([at::header("Api-Key"), at::bearer()]),          None),
        (jwt().places([]),                                             Some(JwtError::Place)),
        (jwt().places([at::bare_authorization()]),                     Some(JwtError::Place)),
        (jwt().places([at::path("token")]),                            Some(JwtError::Place)),
        (jwt().places([at::credential()]),                             Some(JwtError::Place)),
        (jwt().places([at::header("Authorization")]),                  header("authorization")),
        (jwt().places([at::header("Cookie")]),                         header("cookie")),
        (jwt().places([at::header("a b")]),                            header("a b")),
        (jwt().places([at::bearer()]).places([at::bearer()]),          Some(JwtError::Repeated("places"))),
        (jwt().without_subject(""),                                    Some(JwtError::Name("without_subject"))),
        (jwt().without_subject("a\nb"),                                Some(JwtError::Name("without_subject"))),
        (jwt().without_subject("a").without_subject("b"),              Some(JwtError::Repeated("without_subject"))),
        (jwt().without_subject("a").clients_without_subject(),         Some(JwtError::TwoNamesWithoutSubject)),
        (jwt().without_subject("a").access_token_profile(),            Some(JwtError::ProfileBeside("without_subject"))),
    ];
    for (jwt, expected) in table {
        assert_eq!(error(jwt), expected);
    }
    let subprotocol = Auth::builder().bearer(jwt().places([at::header("Api-Key")])).bearer_in_subprotocol("bearer");
    assert_eq!(subprotocol.build().err(), Some(BuildError::Subprotocol("bearer".to_owned())));
}

#[test]
fn jwt_without_a_subject_is_a_client_if_there_is_a_name_for_it() {
    // TOKEN-18, RIGHTS-13
    let rights = |value: &serde_json::Value| {
        let roles: &[&str] = match value.as_str()? {
            "m" => &["admin"],
            "r" => &[],
            _ => return None,
        };
        Some(vec![(RightsIn::Everywhere, Rights::new().roles(roles))])
    };
    let named = || Auth::builder().bearer(jwt().without_subject("jwt \"x\"").access_by_tenant("/access", rights));
    let server = serve_all(named());
    let plain = serve_all(Auth::builder().bearer(jwt()));
    let client = "Bearer client:18:https://id.example:jwt \"x\"";
    let lacks = "403 insufficient-permissions";
    #[rustfmt::skip]
    let table = [
        // (claims, /me, /admin)
        (json!({ "sub": null, "access": "m" }),              client,                   "admin"),
        (json!({ "sub": null, "access": "r" }),              client,                   lacks),
        (json!({ "sub": null }),                             client,                   lacks),
        (json!({ "sub": null, "access": null }),             client,                   lacks),
        (json!({ "sub": null, "access": "x" }),              client,                   lacks),
        (json!({ "sub": null, "access": ["m"] }),            client,                   lacks),
        (json!({ "sub": null, "access": { "m": true } }),    client,                   lacks),
        (json!({ "sub": null, "client_id": "backup" }),      client,                   lacks),
        (json!({ "sub": null, "roles": "admin" }),           client,                   lacks),
        (json!({ "sub": null, "roles": ["admin"] }),         client,                   "admin"),
        (json!({ "access": "m" }),                           &*user("Bearer", ISSUER), "admin"),
        (json!({ "sub": "" }),                               UNKNOWN,                  UNKNOWN),
        (json!({ "sub": 7 }),                                UNKNOWN,                  UNKNOWN),
        (json!({ "sub": null, "exp": now() - 3600 }),        "401 expired-credentials", "401 expired-credentials"),
    ];
    for (claims, me, admin) in table {
        for (path, expected) in [("/me", me), ("/admin", admin)] {
            assert_eq!(
                found(&server.send(&ask(path).authorization(bearer(claims.clone())))),
                expected,
                "{claims} {path}"
            );
        }
    }
    assert_eq!(found(&plain.send(&ask("/me").authorization(bearer(json!({ "sub": null }))))), UNKNOWN);
}
