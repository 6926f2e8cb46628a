//! Tests of custom schemes: they authenticate the caller, and change nothing else about a request.

use actix_web::dev::Service as _;
use actix_web::web::ServiceConfig;
use actix_web::{HttpMessage as _, HttpRequest, get, post};
use auth_actix::client::ForwardingHeader;
use auth_actix::identity::PrincipalBuilder;
use auth_actix::scheme::{
    AuthenticateError, Authenticator, CredentialLocation, CustomScheme, IdentityLogin, ProxyHeader,
};
use auth_actix::{
    Auth, AuthBuilder, Confers, Id, LocalBoxFuture, Principal, PrincipalExt as _, public, require, require_auth,
    require_role, require_scope,
};
use auth_tests::server::Server;
use auth_tests::wire::{Answer, get as ask, request};
use serde_json::json;

use crate::{TokenScope, jwt};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
    Suspended,
}

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    format!("{} {}", caller.scheme().name(), caller.id())
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[require_scope("read:reports")]
#[get("/reports")]
async fn reports() -> &'static str {
    "reports"
}

#[require_auth(max_age = "1h")]
#[post("/change")]
async fn change() -> &'static str {
    "changed"
}

#[require(authenticated && !role("suspended"))]
#[get("/comment")]
async fn comment() -> &'static str {
    "comment"
}

#[public]
#[get("/open")]
async fn open(caller: Option<Principal>) -> String {
    caller.map_or("anonymous".to_owned(), |caller| caller.id().to_string())
}

/// Interprets the credential itself as the expected result.
fn judged(said: &str) -> Result<auth_actix::identity::PrincipalBuilder, AuthenticateError> {
    match said {
        "expired" => Err(AuthenticateError::Expired),
        "revoked" => Err(AuthenticateError::Revoked),
        "away" => Err(AuthenticateError::Unavailable),
        "panics" => panic!("as schemes do"),
        "anonymous" => Ok(Principal::builder("")),
        "ended" => Ok(Principal::builder("alice").expires_at(auth_actix::identity::Timestamp::from_seconds(1))),
        "alice" => Ok(Principal::builder("alice").role("admin").scope("read:reports").claim("org", "acme")),
        "robot" => Ok(Principal::builder("robot").client()),
        "none" => Ok(Principal::builder("carol").roles([""; 0])),
        "suspended" => Ok(Principal::builder("mallory").role("suspended")),
        "fresh" => Ok(Principal::builder("alice")
            .authenticated_at(auth_actix::identity::Timestamp::from_seconds(auth_tests::token::now()))),
        _ => Err(AuthenticateError::Invalid),
    }
}

struct InHeader;

impl Authenticator for InHeader {
    fn name(&self) -> &'static str {
        "Badge"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Header("X-Badge")
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        Box::pin(async move {
            actix_web::rt::task::yield_now().await;
            judged(request.headers().get("x-badge").and_then(|badge| badge.to_str().ok()).unwrap_or_default())
        })
    }
}

struct InAuthorization;

impl Authenticator for InAuthorization {
    fn name(&self) -> &'static str {
        "Legacy"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Authorization
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        let line = request.headers().get("authorization").and_then(|line| line.to_str().ok()).unwrap_or_default();
        let said = line.split_once(' ').map(|(_, rest)| rest.trim()).unwrap_or_default();
        Box::pin(async move { judged(said) })
    }
}

/// A simulated client certificate of the connection.
struct Ambient;

impl Authenticator for Ambient {
    fn name(&self) -> &'static str {
        "Certificate"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Ambient
    }

    fn is_presented(&self, request: &HttpRequest) -> bool {
        request.headers().contains_key("x-test-certificate")
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        let said = request.headers().get("x-test-certificate").and_then(|said| said.to_str().ok()).unwrap_or_default();
        Box::pin(async move { judged(said) })
    }
}

fn serve(builder: AuthBuilder) -> Server {
    let auth = builder.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(me).service(admin).service(reports).service(change).service(open);
        config.service(scope.service(comment));
    })
}

fn challenges(answer: &Answer) -> Vec<&str> {
    answer.lines("www-authenticate")
}

#[test]
fn custom_scheme_follows_the_rules_of_built_in_schemes() {
    let all = Confers::everything;
    let builder = Auth::builder()
        .realm("r")
        .bearer(jwt().confers(all()))
        .scheme(CustomScheme::new(InHeader).confers(all()))
        .scheme(CustomScheme::new(InAuthorization).confers(Confers::nothing()));
    let server = serve(builder);
    let badge = |path: &str, badge: &str| server.send(&ask(path).field("X-Badge", badge));
    let legacy = |path: &str, said: &str| server.send(&ask(path).authorization(format!("legacy {said}")));
    assert_eq!(badge("/me", "alice").text(), "Badge user:12:scheme:Badge:alice");
    assert_eq!(badge("/me", "robot").text(), "Badge client:12:scheme:Badge:robot");
    assert_eq!(legacy("/me", "alice").text(), "Legacy user:13:scheme:Legacy:alice", "another person: C2");
    assert_eq!((badge("/admin", "alice").status, legacy("/admin", "alice").status), (200, 403), "C3: what it confers");
    assert_eq!((badge("/reports", "alice").status, badge("/reports", "robot").status), (200, 403));
    let stranger = server.send(&ask("/me"));
    assert_eq!(challenges(&stranger), [r#"Bearer realm="r""#, r#"Badge realm="r""#, r#"Legacy realm="r""#]);
    #[rustfmt::skip]
    let table = [
        ("alice",   200, ""),
        ("garbage", 401, "invalid-credentials"),
        ("expired", 401, "expired-credentials"),
        ("ended",   401, "expired-credentials"),
        ("revoked", 401, "revoked-credentials"),
        ("away",    503, "authentication-unavailable"),
        ("panics",  503, "authentication-unavailable"), // LOG-6
        ("anonymous", 500, "set-up"),
    ];
    for (said, status, problem) in table {
        for answer in [badge("/me", said), legacy("/me", said)] {
            assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{said}");
        }
    }
    assert_eq!(challenges(&badge("/me", "garbage"))[0], r#"Badge realm="r""#, "the one that was used comes first");
    // One credential decides, and a bad one does not fall back to another.
    let token = auth_tests::token::bearer(json!({}));
    #[rustfmt::skip]
    let several = [
        (ask("/me").field("X-Badge", "alice").authorization(&token),            400),
        (ask("/me").field("X-Badge", "alice").authorization("Legacy alice"),    400),
        (ask("/me").field("X-Badge", "alice").field("X-Badge", "alice"),        400),
        (ask("/me").authorization("Legacy alice").authorization("Legacy alice"), 400),
        (ask("/me").authorization("Unknown alice"),                             401),
        (ask("/me").authorization("Legacy"),                                    401),
        (ask("/me").authorization(&token),                                      200),
    ];
    for (request, status) in several {
        assert_eq!(server.send(&request).status, status, "{request:?}");
    }
    // C4: a credential without roles does not prove the absence of a role.
    for (said, status) in [("alice", 200), ("none", 200), ("suspended", 403), ("robot", 403)] {
        assert_eq!(badge("/comment", said).status, status, "{said}");
    }
    // A page of another site cannot send such a header. Freshness depends on the login time.
    let post = |said: &str| {
        server.send(&request("POST", "/change").field("X-Badge", said).field("Sec-Fetch-Site", "cross-site"))
    };
    assert_eq!((post("fresh").status, post("alice").problem().as_str()), (200, "step-up-required"));
    assert_eq!(badge("/open", "alice").field("cache-control"), Some("private"));
    assert_eq!(
        badge("/open", "garbage").status,
        401,
        "an invalid explicit credential is denied, although anonymous callers are admitted"
    );
}

#[test]
fn ambient_custom_scheme_is_refused_cross_site() {
    // C5, M5, H13
    let server = serve(
        Auth::builder()
            .bearer(jwt().confers(Confers::everything()))
            .scheme(CustomScheme::new(Ambient).confers(Confers::everything())),
    );
    let post = |site: Option<&str>| {
        let asked = request("POST", "/change").field("X-Test-Certificate", "fresh");
        server.send(&site.iter().fold(asked, |asked, site| asked.field("Sec-Fetch-Site", site)))
    };
    assert_eq!([post(Some("same-origin")).status, post(Some("cross-site")).status, post(None).status], [200, 403, 403]);
    assert_eq!(post(Some("cross-site")).problem(), "cross-site-request");
    let shown = |said: &str| server.send(&ask("/open").field("X-Test-Certificate", said));
    assert_eq!(shown("alice").text(), "user:18:scheme:Certificate:alice");
    assert_eq!(shown("alice").field("cache-control"), Some("private"));
    assert!(shown("alice").lines("vary").contains(&"Cookie"));
    // An explicit credential decides, valid or not.
    let both = |token: &str| server.send(&ask("/me").authorization(token).field("X-Test-Certificate", "alice"));
    assert!(both(&auth_tests::token::bearer(json!({}))).text().starts_with("Bearer"));
    assert_eq!(both("Bearer x").status, 401);
    assert_eq!(both("Unknown x").status, 401);
}

#[test]
fn proxy_user_header_is_accepted_only_from_trusted_proxy() {
    // M11, H12: the peer of the socket is 127.0.0.1.
    let serve = |proxy: &str| {
        let scheme = ProxyHeader::new("X-Forwarded-User").roles("X-Forwarded-Groups");
        serve(Auth::builder().realm("r").trusted_proxies([proxy], ForwardingHeader::XForwardedFor).scheme(scheme))
    };
    let trusted = serve("127.0.0.1");
    let as_user = |server: &Server, path: &str, fields: &[(&str, &str)]| server.send(&ask(path).fields(fields));
    let alice = [("X-Forwarded-User", "alice@example.com"), ("X-Forwarded-Groups", "viewer, admin")];
    assert_eq!(as_user(&trusted, "/me", &alice).text(), "Proxy user:12:scheme:Proxy:alice@example.com");
    assert_eq!(
        (as_user(&trusted, "/admin", &alice).status, as_user(&trusted, "/admin", &alice[..1]).status),
        (200, 403)
    );
    assert_eq!(as_user(&serve("192.0.2.1"), "/admin", &alice).status, 401, "from other peers it is not a credential");
    for (fields, status) in [(&alice[..], 200), (&alice[..1], 403), (&[alice[0], ("X-Forwarded-Groups", "")][..], 200)]
    {
        assert_eq!(as_user(&trusted, "/comment", fields).status, status, "C4: {fields:?}");
    }
    #[rustfmt::skip]
    let odd: [&[(&str, &str)]; 5] = [
        &[("X-Forwarded-User", "")],
        &[("X-Forwarded-User", " ")],
        &[("X-Forwarded-User", "alice"), ("X-Forwarded-User", "bob")],
        &[("X-Forwarded-User", "alice"), ("X-Forwarded-Groups", "a"), ("X-Forwarded-Groups", "admin")],
        &[("X-Forwarded-Groups", "admin")],
    ];
    for fields in odd {
        assert_eq!(as_user(&trusted, "/me", fields).status, 401, "{fields:?}");
    }
    let cross = trusted.send(&request("POST", "/change").fields(&alice).field("Sec-Fetch-Site", "cross-site"));
    assert_eq!(cross.problem(), "cross-site-request", "the browser's cookie at the proxy is behind it");
}

#[test]
fn invalid_custom_scheme_settings_do_not_build() {
    struct Called(&'static str);
    impl Authenticator for Called {
        fn name(&self) -> &'static str {
            self.0
        }

        fn location(&self) -> CredentialLocation<'_> {
            CredentialLocation::Header(match self.0 {
                "Header" => "not a header",
                "Jar" => "Cookie",
                _ => "X-Own",
            })
        }

        fn authenticate<'a>(
            &'a self,
            _: &'a HttpRequest,
        ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
            Box::pin(async { Err(AuthenticateError::Invalid) })
        }
    }
    let confers = |scheme| CustomScheme::new(scheme).confers(Confers::nothing());
    #[rustfmt::skip]
    let table = [
        (Auth::builder().scheme(Called("Own")), ""),
        (Auth::builder().scheme(Called("Bearer")), "is not a unique HTTP token"),
        (Auth::builder().scheme(Called("basic")), "is not a unique HTTP token"),
        (Auth::builder().scheme(Called("two words")), "is not a unique HTTP token"),
        (Auth::builder().scheme(Called("")), "is not a unique HTTP token"),
        (Auth::builder().scheme(Called("Header")), "is not a header that only credentials use"),
        (Auth::builder().scheme(Called("Jar")), "is not a header that only credentials use"), // browsers send these by themselves
        (Auth::builder().scheme(confers(Called("Own"))).scheme(confers(Called("OWN"))), "is not a unique HTTP token"),
        (Auth::builder().scheme(Called("Own")).bearer(jwt()), "must declare what it `.confers(…)`"),
        (Auth::builder().scheme(ProxyHeader::new("X-User")), "call `.trusted_proxies(…)`"),
        (Auth::builder().scheme(ProxyHeader::new("X-User")).client_address(auth_actix::Peer), "call `.trusted_proxies(…)`"),
        (Auth::builder().scheme(ProxyHeader::new("X-User")).trusted_proxy_hops(std::num::NonZeroUsize::MIN, ForwardingHeader::Forwarded), "call `.trusted_proxies(…)`"),
    ];
    for (builder, expected) in table {
        let error = builder.build().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected) && error.is_empty() == expected.is_empty(), "{expected}: {error}");
    }
}

#[test]
fn identify_middleware_authenticates_once_and_never_denies() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Authenticator for Counted {
        fn name(&self) -> &'static str {
            "Counted"
        }

        fn location(&self) -> CredentialLocation<'_> {
            CredentialLocation::Header("X-Badge")
        }

        fn authenticate<'a>(
            &'a self,
            request: &'a HttpRequest,
        ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
            ASKED.fetch_add(1, Ordering::SeqCst);
            InHeader.authenticate(request)
        }
    }
    let auth = Auth::builder().scheme(Counted).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = actix_web::web::scope("")
            .wrap_fn(|request, service| {
                let seen =
                    request.request().principal().map_or("anonymous".to_owned(), |caller| caller.id().to_string());
                let answered = service.call(request);
                async move {
                    let mut answer = answered.await?;
                    answer
                        .headers_mut()
                        .insert(actix_web::http::header::HeaderName::from_static("x-seen"), seen.parse().unwrap());
                    Ok(answer)
                }
            })
            .wrap(auth.identify());
        config.service(scope.service(auth.scope("").service(me).service(admin).service(open)));
    });
    #[rustfmt::skip]
    let table = [
        ("/me",    Some("alice"),   200, "user:14:scheme:Counted:alice",   1),
        ("/open",  Some("alice"),   200, "user:14:scheme:Counted:alice",   1),
        ("/admin", Some("robot"),   403, "client:14:scheme:Counted:robot", 1),
        ("/none",  Some("alice"),   404, "user:14:scheme:Counted:alice",   1),
        ("/me",    Some("garbage"), 401, "anonymous",                      1),
        ("/open",  Some("garbage"), 401, "anonymous",                      1),
        ("/none",  Some("garbage"), 404, "anonymous",                      1),
        ("/me",    Some("away"),    503, "anonymous",                      1),
        ("/me",    None,            401, "anonymous",                      0),
        ("/open",  None,            200, "anonymous",                      0),
    ];
    for (path, badge, status, seen, asked) in table {
        ASKED.store(0, Ordering::SeqCst);
        let answer = server.send(&badge.iter().fold(ask(path), |asked, badge| asked.field("X-Badge", badge)));
        let found = (answer.status, answer.field("x-seen"), ASKED.load(Ordering::SeqCst));
        assert_eq!(found, (status, Some(seen), asked), "{path} {badge:?}");
    }
}

#[post("/actix-login")]
async fn actix_login(request: HttpRequest) -> &'static str {
    actix_identity::Identity::login(&request.extensions(), "alice".to_owned()).unwrap();
    "logged in"
}

#[test]
fn actix_identity_login_authenticates_with_provided_roles() {
    use actix_identity::IdentityMiddleware;
    use actix_session::SessionMiddleware;
    use actix_session::storage::CookieSessionStore;
    let roles = |caller: Id, _: Option<String>| async move {
        let alice = caller == Id::user("scheme:Identity", "alice");
        Ok(if alice { vec!["admin".to_owned()] } else { Vec::new() })
    };
    let auth = Auth::builder().realm("r").scheme(IdentityLogin).roles_from(roles).build().unwrap();
    let key = actix_web::cookie::Key::generate();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let sessions =
            SessionMiddleware::builder(CookieSessionStore::default(), key.clone()).cookie_secure(false).build();
        // The middleware that is wrapped last runs first.
        let around = actix_web::web::scope("").wrap(IdentityMiddleware::default()).wrap(sessions);
        config.service(around.service(actix_login).service(auth.scope("").service(me).service(admin).service(change)));
    });
    let stranger = server.send(&ask("/admin"));
    assert_eq!((stranger.status, challenges(&stranger)), (401, vec![r#"Identity realm="r""#]));
    let logged_in = server.send(&request("POST", "/actix-login"));
    let cookie = logged_in.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let with = |request: auth_tests::wire::Request| server.send(&request.field("Cookie", &cookie));
    assert_eq!(with(ask("/me")).text(), "Identity user:15:scheme:Identity:alice");
    assert_eq!(with(ask("/admin")).status, 200);
    assert_eq!(with(request("POST", "/change").field("Sec-Fetch-Site", "cross-site")).problem(), "cross-site-request");
    let forged = server.send(&ask("/me").field("Cookie", format!("{}x", &cookie[..cookie.len() - 3])));
    assert_eq!(forged.status, 401);
}
