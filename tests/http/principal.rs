//! Tests of the principal, as handlers, extractors and middleware see it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use actix_web::dev::{Payload, Service as _};
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use actix_web::web::ServiceConfig;
use actix_web::{App, FromRequest, HttpRequest, get, web};
use auth_actix::password::Basic;
use auth_actix::{
    Auth, AuthBuilder, Claims, Confers, Jwt, Principal, PrincipalExt as _, guarded, public, require, require_auth,
    require_claim, require_role, rule, unguarded,
};
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET, basic, bearer, now, token, token_of};
use auth_tests::wire::{Answer, get};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::users::{PASSWORD, Staff};
use crate::{BEARER, Permission, Role, TokenScope, bearer_only, bearer_with, denied, jwt};

#[derive(Debug, Deserialize)]
struct Ours {
    org: String,
    #[serde(default)]
    team: Option<String>,
}

/// An application type that is built from the principal.
struct CurrentUser(String);

impl FromRequest for CurrentUser {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let principal = Principal::from_request(request, payload);
        Box::pin(async move { Ok(Self(principal.await?.local_subject().into_owned())) })
    }
}

#[require_auth]
#[get("/all")]
async fn all(caller: Principal, ours: Claims<Ours>, user: CurrentUser, again: Option<Principal>) -> String {
    assert_eq!(Some(caller.id()), again.map(|again| again.id()));
    format!("{} {} {:?} {}", caller.id(), ours.org, ours.team, user.0)
}

#[public]
#[get("/maybe")]
async fn maybe(caller: Option<Principal>, ours: Option<Claims<Ours>>, user: Option<CurrentUser>) -> String {
    let caller = caller.map(|caller| caller.id().to_string());
    format!("{caller:?} {:?} {:?}", ours.map(|ours| ours.0.org), user.map(|user| user.0))
}

#[require_role("editor")]
#[require(authenticated, redundant = "in any order")]
#[get("/stacked")]
#[require_auth(scheme = "basic")]
async fn stacked(caller: Principal, user: CurrentUser) -> String {
    format!("{} {}", caller.id(), user.0)
}

/// Returns all properties of a principal as JSON.
#[require_auth]
#[get("/says")]
async fn says(caller: Principal) -> String {
    let actors = std::iter::successors(caller.actor(), |actor| actor.before().cloned());
    let said = json!({
        "id": caller.id(), "issuer": caller.issuer(), "subject": caller.local_subject(), "scheme": caller.scheme().name(),
        "client": caller.is_client(), "org": caller.claim("org"), "at": caller.authenticated_at().map(|at| at.seconds()),
        "roles": [caller.has_role(Role::Admin), caller.has_role(Role::Editor), caller.has_role(Role::Viewer)],
        "write": caller.has_permission(Permission::PostsWrite), "scope": caller.has_scope(TokenScope::Read),
        "actors": actors.map(|actor| actor.subject().to_owned()).collect::<Vec<_>>(),
        "claims": caller.claims::<Value>().unwrap(), "until": caller.expires_at().map(|until| until.seconds()),
    });
    said.to_string()
}

#[require_claim("org", "acme")]
#[get("/acme")]
async fn acme() -> &'static str {
    "acme"
}

async fn bare(user: CurrentUser) -> String {
    user.0
}

fn serving(auth: AuthBuilder) -> Server {
    let auth = auth.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let api = auth.scope("/api").service(all).service(maybe).service(says).service(acme);
        let api = api.service(unguarded("it guards itself", web::resource("/bare").to(bare)));
        config.service(api).service(web::resource("/plain").app_data(auth.clone()).to(bare));
    })
}

fn by(server: &Server, path: &str, authorization: &str) -> Answer {
    server.send(&get(path).authorization(authorization))
}

#[test]
fn principal_arguments_require_a_caller_unless_optional() {
    let server = serving(bearer_only());
    let alice = bearer(json!({ "org": "acme", "team": "blue" }));
    assert_eq!(by(&server, "/api/all", &alice).text(), "user:18:https://id.example:alice acme Some(\"blue\") alice");
    // HTTP-19, Q8: an anonymous caller is `None`, but a bad credential is not an anonymous caller
    assert_eq!(server.send(&get("/api/maybe")).text(), "None None None");
    let id = "Some(\"user:18:https://id.example:alice\")";
    assert_eq!(by(&server, "/api/maybe", &alice).text(), format!("{id} Some(\"acme\") Some(\"alice\")"));
    assert_eq!(by(&server, "/api/maybe", &bearer(json!({}))).text(), format!("{id} None Some(\"alice\")"));
    let invalid = bearer_with("error=\"invalid_token\"");
    denied("a bad token", &by(&server, "/api/maybe", "Bearer x"), 401, "invalid-credentials", &[&invalid]);
    // Without a rule, a principal argument behaves like `#[require_auth]`.
    for path in ["/api/bare", "/plain"] {
        denied(path, &server.send(&get(path)), 401, "missing-credentials", &[BEARER]);
        denied(path, &by(&server, path, "Bearer x"), 401, "invalid-credentials", &[&invalid]);
        assert_eq!(by(&server, path, &alice).text(), "alice");
    }
}

#[test]
fn claims_of_unexpected_shape_are_insufficient_permissions() {
    // RFC 6750 §3, LOG-2: the response of its table row, including the challenge, without any claim values
    let server = serving(bearer_only());
    for claims in [json!({}), json!({ "org": 5 }), json!({ "org": "acme", "team": ["blue"] })] {
        denied("other claims", &by(&server, "/api/all", &bearer(claims)), 403, "insufficient-permissions", &[BEARER]);
    }
}

#[test]
fn principal_exposes_the_properties_of_its_token() {
    // JWT-25, AT-5, STEP-4, H16
    let server = serving(bearer_only());
    let said = |claims: Value| by(&server, "/api/says", &bearer(claims)).json();
    let until = now() + 600;
    let act = json!({ "sub": "bob", "act": { "sub": "carol" } });
    let full = said(json!({
        "roles": ["admin", "of-others"], "scope": "other read:reports", "org": ["acme"], "auth_time": 1_600_000_000, "exp": until, "act": act, "iat": now(),
    }));
    assert_eq!(full["id"], "user:18:https://id.example:alice");
    assert_eq!(
        (&full["issuer"], &full["subject"], &full["scheme"]),
        (&json!(ISSUER), &json!("alice"), &json!("Bearer"))
    );
    assert_eq!(full["roles"], json!([true, true, false]), "an admin is an editor, and no viewer");
    assert_eq!((&full["write"], &full["scope"], &full["org"]), (&json!(true), &json!(true), &json!(["acme"])));
    assert_eq!((&full["at"], &full["until"], &full["client"]), (&json!(1_600_000_000), &json!(until), &json!(false)));
    assert_eq!((&full["actors"], &full["claims"]["aud"]), (&json!(["bob", "carol"]), &json!(AUDIENCE)));
    let bare = said(json!({ "iat": now() }));
    assert_eq!((&bare["at"], &bare["org"], &bare["actors"]), (&Value::Null, &Value::Null, &json!([])));
    assert_eq!(
        (&bare["roles"], &bare["write"], &bare["scope"]),
        (&json!([false, false, false]), &json!(false), &json!(false))
    );
    let client = said(json!({ "client_id": "alice" }));
    assert_eq!(
        (&client["id"], &client["client"]),
        (&json!("client:18:https://id.example:alice"), &json!(true)),
        "C2: a program is not its name's user"
    );
}

#[test]
fn sources_are_distinguished_and_limited_to_what_they_confer() {
    // C2, C3, JWT-17, JWT-25
    const PARTNER: &str = "https://partner.example";
    let partner = Confers::nothing().roles(["viewer"]).scopes(["read:reports"]).claims(["team"]);
    let users = Basic::new(Staff::default()).confers(Confers::nothing().roles(["viewer"]));
    let auth = Auth::builder().realm("reports").roles::<Role>().bearer(jwt().confers(Confers::everything()));
    let auth = auth.bearer(Jwt::hs256([9; 32]).issuer(PARTNER).audience(AUDIENCE).confers(partner)).basic(users);
    let server = serving(auth);
    let members = || json!({ "roles": ["admin", "viewer"], "permissions": ["posts:write"], "scope": "read:reports write:reports", "org": "acme", "team": "t" });
    let told = |authorization: String| by(&server, "/api/says", &authorization).json();
    let ours = told(format!("Bearer {}", token(members())));
    let theirs = told(format!("Bearer {}", token_of(PARTNER, &[9; 32], members())));
    let user = told(basic("alice", PASSWORD));
    // one name, three users
    let ids = [&ours["id"], &theirs["id"], &user["id"]];
    assert_eq!(
        ids,
        ["user:18:https://id.example:alice", "user:23:https://partner.example:alice", "user:13:basic:reports:alice"]
    );
    assert_eq!(
        (&ours["roles"], &ours["write"], &ours["org"]),
        (&json!([true, true, true]), &json!(true), &json!("acme"))
    );
    assert_eq!(
        (&theirs["roles"], &theirs["write"], &theirs["scope"]),
        (&json!([false, false, true]), &json!(false), &json!(true))
    );
    assert_eq!(
        (&theirs["org"], &theirs["claims"]["org"], &theirs["claims"]["team"]),
        (&Value::Null, &Value::Null, &json!("t"))
    );
    assert_eq!(
        (&user["roles"], &user["write"]),
        (&json!([false, false, false]), &json!(false)),
        "alice is an admin in a store that may not say so"
    );
    assert_eq!(by(&server, "/api/acme", &format!("Bearer {}", token(members()))).text(), "acme");
    let refused = by(&server, "/api/acme", &format!("Bearer {}", token_of(PARTNER, &[9; 32], members())));
    denied("a claim that is not conferred", &refused, 403, "insufficient-permissions", &[BEARER]);
    // The key of one issuer signs nothing for another.
    for (issuer, secret) in [
        (ISSUER, [9; 32]),
        (PARTNER, SECRET),
        ("https://third.example", SECRET),
        ("", SECRET),
        ("https://id.example/", SECRET),
    ] {
        let answer = by(&server, "/api/says", &format!("Bearer {}", token_of(issuer, &secret, json!({}))));
        assert_eq!((answer.status, answer.problem().as_str()), (401, "invalid-credentials"), "{issuer}");
    }
    let unnamed = by(&server, "/api/says", &bearer(json!({ "iss": null })));
    assert_eq!((unnamed.status, unnamed.problem().as_str()), (401, "invalid-credentials"));
}

#[actix_web::test]
async fn credential_is_verified_once_for_all_rules_and_arguments() {
    let staff = Staff::default();
    let auth = Auth::builder().realm("reports").basic(staff.clone()).roles::<Role>().build().unwrap();
    let inner = auth.scope("/in").require(rule!(role("admin"))).service(stacked);
    let api = auth.scope("/api").require(rule!(authenticated)).service(inner);
    let app = App::new().service(api).wrap_fn(|request, service| {
        let answer = service.call(request);
        async {
            let answer = answer.await?;
            assert!(answer.request().principal().is_some());
            Ok(answer)
        }
    });
    let app = init_service(app).await;
    let request = TestRequest::with_uri("/api/in/stacked").insert_header((AUTHORIZATION, basic("alice", PASSWORD)));
    let body = call_and_read_body(&app, request.to_request()).await;
    assert_eq!(body, "user:13:basic:reports:alice alice");
    assert_eq!(staff.counts(), (1, 0));
}

#[actix_web::test]
async fn middleware_sees_the_principal_only_after_a_grant() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let shown = |principal: Option<Principal>| {
        principal.map_or_else(|| "anonymous".to_owned(), |principal| principal.local_subject().into_owned())
    };
    let auth = bearer_only().build().unwrap();
    let api = auth.scope("/api").service(acme).service(maybe).service(all);
    let plain = web::resource("/plain").app_data(auth.clone()).to(bare);
    let app = App::new().service(api).service(plain).wrap_fn(move |request, service| {
        let before = shown(request.principal());
        let answer = service.call(request);
        async move {
            let answer = answer.await?;
            SEEN.lock().unwrap().push(format!("{before}, {}", shown(answer.request().principal())));
            Ok(answer)
        }
    });
    let app = init_service(app).await;
    let (acme_alice, other) = (bearer(json!({ "org": "acme" })), bearer(json!({})));
    let table = [
        ("/api/acme", Some(&acme_alice), "anonymous, alice"),
        ("/api/maybe", Some(&other), "anonymous, alice"),
        ("/api/maybe", None, "anonymous, anonymous"),
        ("/api/acme", Some(&other), "anonymous, anonymous"), // denied
        ("/api/acme", None, "anonymous, anonymous"),
        ("/nothing", Some(&other), "anonymous, anonymous"),
    ];
    for (path, authorization, expected) in table {
        let request = authorization
            .iter()
            .fold(TestRequest::with_uri(path), |request, value| request.insert_header((AUTHORIZATION, value.as_str())));
        call_service(&app, request.to_request()).await;
        assert_eq!(SEEN.lock().unwrap().pop().unwrap(), expected, "{path}, {authorization:?}");
    }
}

#[actix_web::test]
async fn verified_principal_is_not_reused_for_another_credential() {
    // H6: middleware between two rules replaces the header
    #[require_auth]
    async fn who(caller: Principal) -> String {
        caller.local_subject().into_owned()
    }
    let auth = bearer_only().build().unwrap();
    for (header, expected) in
        [(bearer(json!({ "sub": "bob" })), "bob"), ("Bearer x".to_owned(), ""), (String::new(), "")]
    {
        let swap = move |mut request: actix_web::dev::ServiceRequest, service: &_| {
            request.headers_mut().remove(AUTHORIZATION);
            if !header.is_empty() {
                request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_str(&header).unwrap());
            }
            call(service, request)
        };
        let within = web::scope("/in").wrap_fn(swap).route("/who", web::get().to(who));
        let app =
            init_service(App::new().service(auth.scope("/api").service(guarded(rule!(authenticated), within)))).await;
        let request = TestRequest::with_uri("/api/in/who").insert_header((AUTHORIZATION, bearer(json!({}))));
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status().as_u16(), if expected.is_empty() { 401 } else { 200 });
        let body = actix_web::test::read_body(answer).await;
        assert!(expected.is_empty() || body == expected, "{body:?}");
    }
}

fn call<S: actix_web::dev::Service<actix_web::dev::ServiceRequest>>(
    service: &S,
    request: actix_web::dev::ServiceRequest,
) -> S::Future {
    service.call(request)
}

#[actix_web::test]
async fn test_callers_obey_rules_and_test_keys_are_isolated() {
    // H15
    use auth_actix::test::{Caller, Keys};
    let auth = bearer_only().build().unwrap();
    let app = init_service(App::new().service(auth.scope("/api").service(acme).service(says))).await;
    let to = |path: &str| TestRequest::with_uri(path).to_request();
    let status = async |request| call_service(&app, request).await.status().as_u16();
    assert_eq!(status(Caller::user("alice").claim("org", "acme").call(to("/api/acme"))).await, 200);
    assert_eq!(status(Caller::user("alice").claim("org", "other").call(to("/api/acme"))).await, 403);
    assert_eq!(status(to("/api/acme")).await, 401);
    let caller = Caller::user("bob").role(Role::Admin).scope("read:reports");
    let said: Value = serde_json::from_slice(&call_and_read_body(&app, caller.call(to("/api/says"))).await).unwrap();
    let (id, granted) = (json!("user:18:https://id.example:bob"), json!(true));
    assert_eq!((&said["id"], &said["write"], &said["scope"]), (&id, &granted, &granted));
    // A constructed caller does not get what its issuer may not confer.
    let viewers = jwt().confers(Confers::nothing().claims(["team"]));
    let strict = Auth::builder().bearer(viewers).build().unwrap();
    let app = init_service(App::new().service(strict.scope("/api").service(says))).await;
    let caller = Caller::user("bob").role(Role::Admin).claim("org", "acme");
    let said: Value = serde_json::from_slice(&call_and_read_body(&app, caller.call(to("/api/says"))).await).unwrap();
    assert_eq!((&said["roles"], &said["org"]), (&json!([false, false, false]), &Value::Null));
    // Test keys are only accepted by an `Auth` that was built with them.
    let (keys, others) = (Keys::new(), Keys::new());
    let with_keys = bearer_only().test_keys(&keys).build().unwrap();
    let app = init_service(App::new().service(with_keys.scope("/api").service(acme))).await;
    let minted = |keys: &Keys| keys.token(ISSUER, AUDIENCE, &json!({ "org": "acme" }));
    let table = [(minted(&keys), 200), (minted(&others), 401), (token(json!({ "org": "acme" })), 401)];
    for (token, expected) in table {
        let request = TestRequest::with_uri("/api/acme").insert_header((AUTHORIZATION, format!("Bearer {token}")));
        assert_eq!(call_service(&app, request.to_request()).await.status().as_u16(), expected);
    }
    let expired = keys.token(ISSUER, AUDIENCE, &json!({ "org": "acme", "exp": now() - 120 }));
    let elsewhere = keys.token(ISSUER, "billing", &json!({ "org": "acme" }));
    for token in [expired, elsewhere] {
        let request = TestRequest::with_uri("/api/acme").insert_header((AUTHORIZATION, format!("Bearer {token}")));
        assert_eq!(call_service(&app, request.to_request()).await.status(), 401, "all else stays as configured");
    }
    let request =
        TestRequest::with_uri("/api/acme").insert_header((AUTHORIZATION, format!("Bearer {}", minted(&keys))));
    let plain = init_service(App::new().service(auth.scope("/api").service(acme))).await;
    assert_eq!(call_service(&plain, request.to_request()).await.status(), 401);
    assert!(!format!("{keys:?}").contains(char::is_numeric), "no key is shown");
}

mod many {
    #[derive(Clone, Copy, Debug, PartialEq, auth_actix::Role)]
    #[allow(dead_code, reason = "they are named as text")]
    #[rustfmt::skip]
    pub(super) enum Role {
        #[role(alias("root", "superuser"))]
        Admin,
        Editor, Viewer, Author, Guest, Auditor, Support, Billing, Owner, Partner, Tester,
    }
}

#[test]
fn large_role_enum_parses_every_name_and_alias() {
    let aliases = ["root", "superuser"];
    assert!(many::Role::NAMES.len() + aliases.len() > 8, "enough names for the hash index");
    for name in many::Role::NAMES {
        assert_eq!(name.parse::<many::Role>().map(|role| role.name()), Ok(*name));
    }
    for alias in aliases {
        assert_eq!(alias.parse(), Ok(many::Role::Admin), "{alias}");
    }
    for other in ["Admin", "", "roo", "editors", "owner\0"] {
        assert!(other.parse::<many::Role>().is_err(), "{other:?}");
    }
}
