//! Tests that a rule applies with the `Auth` of its registration, however the handler is registered.

use std::time::Duration;

use actix_web::middleware::DefaultHeaders;
use actix_web::web::ServiceConfig;
use actix_web::{get, post, web};
use auth_actix::password::Basic;
use auth_actix::{Auth, Confers, Principal, guarded, public, require_auth, require_role, rule, unguarded};
use auth_tests::logs;
use auth_tests::server::Server;
use auth_tests::token::{SECRET, bearer, token_of};
use auth_tests::wire::{Connection, get, request};
use serde_json::json;

use crate::users::{PASSWORD, Staff};
use crate::{BEARER, Role, bearer_only, denied, is_a_denial};

#[require_role("admin")]
#[get("/admin")]
async fn for_admins(caller: Principal) -> String {
    caller.id().to_string()
}

#[require_role(any("viewer", "editor"))]
#[get("/staff")]
async fn for_staff(caller: Principal) -> String {
    caller.id().to_string()
}

#[require_auth]
#[post("/new")]
async fn create(body: String) -> String {
    body
}

#[require_auth]
async fn plain() -> &'static str {
    "plain"
}

#[public]
#[get("/health")]
async fn health() -> &'static str {
    "up"
}

#[require_auth]
async fn by_item(id: web::Path<u32>) -> String {
    id.to_string()
}

async fn without_rule() -> &'static str {
    "no rule"
}

fn of(issuer: &str, secret: [u8; 32], confers: Confers) -> Auth {
    let jwt = auth_actix::Jwt::hs256(secret).without_issuer(issuer).audience("reports").confers(confers);
    Auth::builder().realm(issuer).bearer(jwt).roles::<Role>().build().unwrap()
}

#[test]
fn nested_scopes_each_enforce_their_rule_with_their_own_auth() {
    // H6
    let everything = Confers::everything;
    let [outer, inner] = ["outer", "inner"].map(|name| of(name, SECRET, everything()));
    let (strict, other) =
        (of("strict", SECRET, Confers::nothing().roles(["viewer"])), of("other", [8; 32], everything()));
    let rebound = inner.clone();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let api = || rebound.scope("/in").service(for_admins).service(health);
        let staff = rule!(role("viewer"));
        // One `Auth`, with a rule at each scope.
        config.service(
            outer
                .scope("/same")
                .require(staff)
                .service(outer.scope("/in").require(rule!(role("editor"))).service(health)),
        );
        // Two of them: the handler uses the inner one.
        config.service(outer.scope("/two").service(api()));
        config.service(outer.scope("/ruled").require(staff).service(api()));
        config.service(strict.scope("/strict").require(rule!(authenticated)).service(api()));
        config.service(strict.scope("/dropped").require(rule!(role(any("viewer", "editor")))).service(api()));
        config.service(
            inner.scope("/into-strict").require(rule!(role("editor"))).service(strict.scope("/in").service(for_staff)),
        );
        config.service(other.scope("/other").require(rule!(authenticated)).service(api()));
        config.service(
            inner.scope("/into-other").require(rule!(authenticated)).service(other.scope("/in").service(for_admins)),
        );
        // `app_data` replaces none of them.
        let loose = of("loose", [8; 32], Confers::everything());
        config.app_data(other.clone()).service(inner.scope("/data").app_data(other.clone()).service(
            inner.scope("/in").app_data(loose.clone()).configure(|config| {
                config.app_data(loose.clone()).service(for_admins);
            }),
        ));
        config.service(web::scope("/outside").app_data(loose.clone()).service(inner.scope("/in").service(for_admins)));
    });
    let token = |secret: [u8; 32], roles: &[&str]| token_of("", &secret, json!({ "iss": null, "roles": roles }));
    let (admin, viewer, editor) = (token(SECRET, &["admin"]), token(SECRET, &["viewer"]), token(SECRET, &["editor"]));
    let both = token(SECRET, &["viewer", "admin"]);
    let foreign = token([8; 32], &["admin", "viewer"]);
    let is_inner = "user:5:inner:alice";
    #[rustfmt::skip]
    let table: &[(&str, Option<&str>, Result<&str, u16>)] = &[
        ("/same/in/health", None, Err(401)),
        ("/same/in/health", Some(&viewer), Err(403)),
        ("/same/in/health", Some(&editor), Err(403)),
        ("/same/in/health", Some(&both), Ok("up")),
        ("/two/in/health", None, Ok("up")),
        ("/two/in/admin", Some(&admin), Ok(is_inner)),
        ("/ruled/in/health", None, Err(401)),
        ("/ruled/in/health", Some(&viewer), Ok("up")),
        ("/ruled/in/admin", Some(&viewer), Err(403)),
        ("/ruled/in/admin", Some(&admin), Err(403)),
        ("/ruled/in/admin", Some(&both), Ok(is_inner)),
        // A role that one of them drops is not provided by the other.
        ("/strict/in/admin", Some(&admin), Ok(is_inner)),
        ("/dropped/in/admin", Some(&admin), Err(403)),
        ("/dropped/in/admin", Some(&both), Ok(is_inner)),
        ("/into-strict/in/staff", Some(&editor), Err(403)),
        ("/into-strict/in/staff", Some(&viewer), Err(403)),
        ("/into-strict/in/staff", Some(&both), Ok("user:6:strict:alice")),
        // A caller that one of them does not authenticate is not authenticated by the other.
        ("/other/in/admin", Some(&admin), Err(401)),
        ("/other/in/admin", Some(&foreign), Err(401)),
        ("/into-other/in/admin", Some(&admin), Err(401)),
        ("/into-other/in/admin", Some(&foreign), Err(401)),
        ("/data/in/admin", Some(&admin), Ok(is_inner)),
        ("/data/in/admin", Some(&foreign), Err(401)),
        ("/outside/in/admin", Some(&foreign), Err(401)),
        ("/outside/in/admin", Some(&admin), Ok(is_inner)),
    ];
    for (path, token, expected) in table {
        let asked = token.iter().fold(get(path), |request, token| request.authorization(format!("Bearer {token}")));
        let answer = server.send(&asked);
        let seen = if answer.status == 200 { Ok(answer.text()) } else { Err(answer.status) };
        assert_eq!(seen, *expected, "{path}");
        if seen.is_err() {
            is_a_denial(path, &answer);
        }
    }
    // Each of them sends its own challenge if no credential satisfies it.
    let challenge = |path, token: &str| {
        let answer = server.send(&get(path).authorization(format!("Bearer {token}")));
        answer.field("www-authenticate").unwrap().split(',').next().unwrap().to_owned()
    };
    assert_eq!(challenge("/other/in/admin", &admin), "Bearer realm=\"other\"");
    assert_eq!(challenge("/into-other/in/admin", &admin), "Bearer realm=\"other\"");
    assert_eq!(challenge("/other/in/admin", &foreign), "Bearer realm=\"inner\"");
}

#[test]
fn nested_scopes_verify_a_credential_once_per_auth() {
    let (first, second) = (Staff::default(), Staff::default());
    let auth = |staff: &Staff| {
        Auth::builder().realm("reports").basic(Basic::new(staff.clone())).roles::<Role>().build().unwrap()
    };
    let (outer, inner) = (auth(&first), auth(&second));
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = outer.scope("/one").require(rule!(authenticated));
        config.service(scope.service(outer.scope("/in").require(rule!(role("editor"))).service(for_admins)));
        config
            .service(outer.scope("/two").require(rule!(authenticated)).service(inner.scope("/in").service(for_admins)));
    });
    let line = auth_tests::token::basic("alice", PASSWORD);
    for (path, expected) in [("/one/in/admin", (1, 0)), ("/two/in/admin", (1, 1))] {
        assert_eq!(server.send(&get(path).authorization(&line)).status, 200, "{path}");
        assert_eq!((first.counts().0, second.counts().0), expected, "{path}");
    }
}

fn everything(auth: &Auth, config: &mut ServiceConfig) {
    fn more(config: &mut auth_actix::web::ServiceConfig<'_>) {
        config.service(for_admins).route("/configured", auth_actix::web::post().to(plain)).configure(|config| {
            config.service(health);
        });
    }
    let items = auth_actix::web::resource("/items/{id}").name("item");
    let items = items.route(auth_actix::web::get().to(by_item)).route(auth_actix::web::put().to(by_item));
    let files = || {
        web::scope("/files")
            .route("/a", web::get().to(without_rule))
            .route("/b", web::post().to(|_: String| without_rule()))
    };
    let api = auth.scope("/api").configure(more).service(create).service(items);
    let api = api.route("/plain", auth_actix::web::method(actix_web::http::Method::PATCH).to(plain));
    let api = api.service(auth_actix::web::resource("/each").to(plain));
    let api = api.service(guarded(rule!(role("admin")), files()));
    let api = api.service(guarded(rule!(authenticated), web::resource("/one").to(without_rule)));
    let api = api.service(unguarded("it moves next week", web::resource("/old").to(without_rule)));
    let api = api.service(auth.scope("/deep").service(auth.scope("/deeper").service(for_admins)));
    let tagged = auth.scope("/tagged").wrap(DefaultHeaders::new().add(("x-outer", "1"))).service(for_admins);
    let guard = auth.scope("/guarded").guard(actix_web::guard::Header("x-route", "1")).service(for_admins);
    let default =
        auth.scope("/default").service(health).default_service(guarded(rule!(role("admin")), web::to(without_rule)));
    config.service(api).service(tagged).service(guard).service(default);
    let outside = web::scope("/outside").app_data(auth.clone()).service(for_admins).service(create);
    config.service(
        outside.route("/plain", web::get().to(plain)).service(web::resource("/res").route(web::put().to(plain))),
    );
}

#[test]
fn rule_is_enforced_however_a_handler_is_registered() {
    let auth = bearer_only().build().unwrap();
    // HTTP-17: several workers, each with its own application
    let server = Server::with_workers(4, move |config: &mut ServiceConfig| everything(&auth, config));
    let (known, editor) = (bearer(json!({})), bearer(json!({ "roles": ["admin"] })));
    #[rustfmt::skip]
    let table: &[(&str, &str, u16, u16, u16)] = &[
        // anonymous, authenticated, admin
        ("GET", "/api/admin", 401, 403, 200),
        ("GET", "/api/health", 200, 200, 200),
        ("POST", "/api/configured", 401, 200, 200),
        ("POST", "/api/new", 401, 200, 200),
        ("GET", "/api/items/7", 401, 200, 200),
        ("PUT", "/api/items/7", 401, 200, 200),
        ("DELETE", "/api/items/7", 405, 405, 405),
        ("GET", "/api/items/x", 401, 404, 404),
        ("GET", "/api/plain", 404, 404, 404),
        ("PATCH", "/api/plain", 401, 200, 200),
        ("GET", "/api/each", 401, 200, 200),
        ("FOO", "/api/each", 401, 200, 200),
        ("GET", "/api/files/a", 401, 403, 200),
        ("POST", "/api/files/b", 401, 403, 200),
        ("GET", "/api/files/nothing", 401, 403, 404),
        ("GET", "/api/one", 401, 200, 200),
        ("GET", "/api/old", 200, 200, 200),
        ("GET", "/api/deep/deeper/admin", 401, 403, 200),
        ("GET", "/api/nothing", 404, 404, 404),
        ("GET", "/tagged/admin", 401, 403, 200),
        ("GET", "/guarded/admin", 404, 404, 404),
        ("GET", "/default/health", 200, 200, 200),
        ("GET", "/default/nothing", 401, 403, 200),
        ("POST", "/default/health", 401, 403, 200),
        ("GET", "/outside/admin", 401, 403, 200),
        ("POST", "/outside/new", 401, 200, 200),
        ("GET", "/outside/plain", 401, 200, 200),
        ("PUT", "/outside/res", 401, 200, 200),
    ];
    for (method, path, nobody, somebody, one_admin) in table {
        for (authorization, expected) in [(None, nobody), (Some(&known), somebody), (Some(&editor), one_admin)] {
            let asked = authorization.iter().fold(request(method, path), |request, value| request.authorization(value));
            let answer = server.send(&asked.body(""));
            assert_eq!(answer.status, *expected, "{method} {path}, {authorization:?}: {answer:?}");
            if matches!(answer.status, 401 | 403) {
                is_a_denial(path, &answer);
            }
            let tagged = path.starts_with("/tagged").then_some("1");
            assert_eq!(answer.field("x-outer"), tagged, "{path}: what wraps a scope sees its denials");
        }
    }
    // A route guard selects the handler. It is not a rule, and removes none.
    let routed = get("/guarded/admin").field("X-Route", "1");
    assert_eq!([server.send(&routed).status, server.send(&routed.authorization(&editor)).status], [401, 200]);
    // M6: a guarded service does not wait for the body of a denied request.
    for path in ["/api/files/b", "/api/one", "/default/nothing", "/outside/new"] {
        let mut connection = Connection::open(server.address);
        connection.send(
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
                .as_bytes(),
        );
        denied(path, &connection.answer(false), 401, "missing-credentials", &[BEARER]);
        assert!(connection.closes_within(Duration::from_secs(2), b"1\r\na\r\n"), "{path}: still open");
    }
}

#[test]
fn routes_of_one_path_are_all_reached_as_in_actix() {
    let auth = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let theirs =
            web::scope("/theirs").route("/a", web::get().to(without_rule)).route("/a", web::patch().to(without_rule));
        let ours = auth
            .scope("/ours")
            .route("/a", auth_actix::web::get().to(plain))
            .route("/a", auth_actix::web::patch().to(plain));
        let configured = auth.scope("/configured").configure(|config| {
            config.route("/a", auth_actix::web::get().to(plain)).route("/a", auth_actix::web::patch().to(plain));
        });
        config.service(theirs).service(ours).service(configured);
    });
    for scope in ["/theirs", "/ours", "/configured"] {
        for (method, expected) in [("GET", 200), ("PATCH", 200), ("PUT", 404)] {
            let asked = request(method, &format!("{scope}/a")).authorization(bearer(json!({})));
            assert_eq!(server.send(&asked).status, expected, "{method} {scope}");
        }
    }
}

/// Returns denials that are logged as server errors. Denials of other tests are client errors.
fn errors(handler: &str) -> Vec<logs::Line> {
    logs::of_handler(handler).into_iter().filter(|line| line.level == tracing::Level::ERROR).collect()
}

#[test]
fn handler_without_an_auth_returns_500_and_logs_an_error() {
    // C2 of other libraries' mistakes: missing set-up is not a 401
    logs::capture();
    mod lonely {
        use auth_actix::{Principal, public, require_auth};
        #[require_auth]
        #[actix_web::get("/known")]
        pub(super) async fn known() -> &'static str {
            "known"
        }
        #[public]
        #[actix_web::get("/anyone")]
        pub(super) async fn anyone() -> &'static str {
            "anyone"
        }
        #[require_auth]
        pub(super) async fn plain(_body: String) -> &'static str {
            "plain"
        }
        /// Takes a principal without a rule. Behaves like `#[require_auth]`.
        pub(super) async fn bare(caller: Principal) -> String {
            caller.id().to_string()
        }
    }
    let auth = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config
            .service(lonely::known)
            .service(lonely::anyone)
            .route("/plain", web::to(lonely::plain))
            .route("/bare", web::to(lonely::bare));
        // The wrong way to install it.
        config.service(
            web::scope("/data").app_data(web::Data::new(auth.clone())).route("/plain", web::to(lonely::plain)),
        );
        config.service(web::scope("/with").app_data(auth.clone()).route("/bare", web::to(lonely::bare)));
    });
    let table = [
        ("/known", "lonely::known"),
        ("/anyone", "lonely::anyone"),
        ("/plain", "lonely::plain"),
        ("/data/plain", "lonely::plain"),
        ("/bare", "Principal"),
    ];
    for (path, handler) in table {
        for authorization in [None, Some(bearer(json!({})))] {
            let before = errors(handler).len();
            let asked = authorization.iter().fold(get(path), |request, value| request.authorization(value));
            denied(path, &server.send(&asked), 500, "set-up", &[]);
            let said = errors(handler).split_off(before);
            let [line] = said.as_slice() else { panic!("{path}: {said:?}") };
            assert!(line.field("denial").contains("app_data(auth.clone())"), "{path}: {line:?}");
            // `/bare` has no rule of its own, and therefore no location in the application.
            assert_eq!(line.field("file").ends_with("registration.rs"), path != "/bare", "{path}: {line:?}");
            assert_eq!(line.field("line").parse::<u32>().is_ok(), path != "/bare", "{path}: {line:?}");
        }
    }
    let with = |authorization: &str| server.send(&get("/with/bare").authorization(authorization));
    assert_eq!(with(&bearer(json!({}))).text(), "user:18:https://id.example:alice");
    assert_eq!([with("Bearer x").status, server.send(&get("/with/bare")).status], [401, 401]);
}

#[public]
#[get("/p")]
async fn for_anyone() -> &'static str {
    "ran"
}

#[actix_web::test]
async fn scope_rule_applies_through_intermediate_services() {
    // H6
    let auth = bearer_only().build().unwrap();
    let inner = |path: &str| auth.scope(path).service(for_anyone);
    let outer = |path: &str| auth.scope(path).require(rule!(role("admin")));
    let app = actix_web::App::new()
        .service(outer("/0").service(inner("/in")))
        .service(outer("/1").service(unguarded("on its way", inner("/in"))))
        .service(outer("/2").service(unguarded("on its way", web::scope("/in").service(inner("/deep")))))
        .service(outer("/3").service(guarded(rule!(public), web::scope("/in").service(inner("/deep")))))
        .service(inner("/4"));
    // S11: a scope's rule applies to every service in it without a rule of its own.
    let bare = || web::resource("/bare").to(without_rule);
    let app = app
        .service(outer("/5").service(unguarded("on its way", bare())).service(inner("/in")))
        .service(outer("/6").service(auth.scope("/in").service(unguarded("on its way", bare()))))
        .service(outer("/7").service(unguarded("on its way", web::scope("/in").service(bare()))))
        .service(outer("/8").service(unguarded("on its way", by_macro)))
        .service(auth.scope("/9").service(unguarded("on its way", bare())));
    let app = actix_web::test::init_service(app).await;
    #[rustfmt::skip]
    let table = [
        ("/0/in/p", 401), ("/1/in/p", 401), ("/2/in/deep/p", 401), ("/3/in/deep/p", 401), ("/4/p", 200),
        ("/5/bare", 401), ("/5/in/p", 401), ("/6/in/bare", 401), ("/7/in/bare", 401), ("/8/by-macro", 401), ("/9/bare", 200),
    ];
    for (path, expected) in table {
        let request = |roles: &str| {
            let request = actix_web::test::TestRequest::get().uri(path);
            request.insert_header(("Authorization", bearer(json!({ "roles": [roles] })))).to_request()
        };
        let as_it_is = actix_web::test::TestRequest::get().uri(path).to_request();
        assert_eq!(actix_web::test::call_service(&app, as_it_is).await.status().as_u16(), expected, "{path}");
        if expected == 401 {
            assert_eq!(actix_web::test::call_service(&app, request("viewer")).await.status().as_u16(), 403, "{path}");
            assert_eq!(actix_web::test::call_service(&app, request("admin")).await.status().as_u16(), 200, "{path}");
        }
    }
}

#[actix_web::get("/by-macro")]
async fn by_macro() -> &'static str {
    "ran"
}
