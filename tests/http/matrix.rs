//! Tests of the access matrix of an application.

use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, get, post, route, routes};
use auth_actix::{Principal, guarded, public, require, require_auth, require_role, rule, test, unguarded};

use crate::{Role, bearer_only};

#[require(role("admin") || check(*id == 1 && !principal.is_client()))]
#[get("/posts/{id}")]
async fn show(id: web::Path<u64>) -> String {
    id.to_string()
}

#[require_role("editor")]
#[routes]
#[post("/posts")]
#[put("/posts")]
async fn write() -> &'static str {
    "written"
}

#[public]
#[get("/posts/{name}")]
async fn shadowed(caller: Option<Principal>) -> String {
    format!("{caller:?}")
}

#[require_auth(any_object = "all may", not_found)]
#[route(
    "/any/{x}",
    method = "GET",
    method = "HEAD",
    guard = "only",
    wrap = "actix_web::middleware::NormalizePath::default()"
)]
async fn any() -> &'static str {
    "any"
}

fn only(_: &actix_web::guard::GuardContext<'_>) -> bool {
    true
}

#[require_auth]
async fn plain() -> &'static str {
    "plain"
}

#[get("/open")]
async fn open() -> &'static str {
    "open"
}

#[post("/api/posts/{id}/old")]
async fn old() -> &'static str {
    "old"
}

fn configure(config: &mut ServiceConfig) {
    let auth = bearer_only().build().unwrap();
    let inner = auth.scope("/inner").require(rule!(role("viewer"))).route("/plain", auth_actix::web::get().to(plain));
    let docs = web::scope("/docs").route("/", web::get().to(HttpResponse::Ok));
    let api = auth.scope("/api").service(show).service(shadowed).service(write).service(any).service(inner);
    let api = api.service(guarded(rule!(role("admin")), docs)).service(unguarded("moves soon", open));
    config.service(api.wrap(actix_web::middleware::NormalizePath::trim()));
    config.service(old).route("/health", web::get().to(HttpResponse::Ok));
    config.service(web::scope("/v1").service(web::resource("/x/{y}").to(HttpResponse::Ok)));
}

/// Returns the lines of a section.
fn section<'a>(file: &'a str, title: &str) -> Vec<&'a str> {
    let lines = file.lines().skip_while(|line| *line != format!("## {title}")).skip(1);
    lines.take_while(|line| !line.starts_with("## ")).filter(|line| !line.is_empty()).collect()
}

#[actix_web::test]
async fn access_matrix_lists_all_routes_in_every_format() {
    let matrix = test::access_matrix(App::new().configure(configure)).await;
    let file = matrix.to_markdown();
    let behind = "; middleware: actix_web::middleware::normalize::NormalizePath";
    let both = "`authenticated`, handler `http::matrix::any`; denials look like an unknown path; no object check: all may; route guards: 1; route middleware: 1";
    // H11, T23
    assert_eq!(
        section(&file, "Routes"),
        [
            format!("- `GET /api/any/{{x}}`: {both}{behind}"),
            format!("- `HEAD /api/any/{{x}}`: {both}{behind}"),
            format!(
                "- `GET /api/inner/plain`: `role(\"viewer\") && authenticated`, handler `http::matrix::plain`{behind}"
            ),
            format!("- `POST /api/posts`: `role(\"editor\")`, handler `http::matrix::write`{behind}"),
            format!("- `PUT /api/posts`: `role(\"editor\")`, handler `http::matrix::write`{behind}"),
            format!(
                "- `GET /api/posts/{{id}}`: `role(\"admin\") || check(*id == 1 && !principal.is_client())`, handler `http::matrix::show`{behind}"
            ),
            format!(
                "- `GET /api/posts/{{name}}`: `public`, handler `http::matrix::shadowed`; anonymous callers are admitted; presented credentials are verified{behind}; \
                 shadowed by \"GET /api/posts/{{id}}\" where both match"
            ),
            format!("- `* /api/… (actix scope)`: `role(\"admin\")`, handler `http::matrix::scope`{behind}"),
        ]
    );
    assert_eq!(
        section(&file, "Routes without a rule"),
        [
            "- /api/posts/{id}/old: plain actix route, next to guarded routes",
            "- /api/…: moves soon (tests/http/matrix.rs)",
            "- /health: plain actix route",
            "- /v1/x/{y}: plain actix route",
        ]
    );
    assert_eq!(
        section(&file, "Plain actix routes inside guarded and unguarded services"),
        ["- /api/docs/", "- /api/open"]
    );
    assert_eq!(
        section(&file, "Roles, permissions and scopes"),
        [
            "- permission `posts:write`",
            "- role `admin` implies `editor`, grants `posts:write`",
            "- role `editor` grants `posts:write`",
            "- role `suspended`",
            "- role `viewer`",
        ]
    );
    assert_eq!(
        section(&file, "Authentication sources"),
        ["- Bearer from issuer \"https://id.example\", audience \"reports\", confers everything"]
    );
    // The other formats contain the same information.
    let text = matrix.to_text(false);
    assert_eq!(text.lines().count(), matrix.routes.len() + matrix.unguarded.len() + matrix.by_name.len());
    assert!(text.contains("sufficient: role(\"admin\") | check(*id == 1"), "{text}");
    assert!(text.contains("object checks: check(*id == 1"), "{text}");
    assert!(
        text.contains("GET   /api/posts/{id}") && !text.contains('\x1b') && matrix.to_text(true).contains("\x1b[36m")
    );
    let json: serde_json::Value = serde_json::from_str(&matrix.to_json()).unwrap();
    assert_eq!((&json["schema"], json["routes"].as_array().unwrap().len()), (&"access-matrix/1".into(), 8));
    assert_eq!(json["routes"][5]["sufficient"][0][0], "role(\"admin\")");
    // As documented for `to_json`.
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&json), "by_name routes schema sources switches unguarded words");
    assert_eq!(
        keys(&json["routes"][5]),
        "any_object any_token file handler line method not_found notes object_keys objects path public rule schemes sufficient tenant_headers verifies"
    );
    assert_eq!(keys(&json["words"]["role"]["admin"]), "aliases grants implies");
    assert!(json["routes"][5]["line"].as_u64().is_some_and(|line| line > 0));
    let page = matrix.to_html();
    assert!(
        !page.contains("src=")
            && page.matches("href=").count() == page.matches(r#"href="data:,""#).count()
            && page.contains("&amp;&amp; !principal"),
        "by itself, escaped"
    );
}

#[actix_web::test]
async fn scope_matrix_lists_permissive_settings() {
    let jwt = auth_actix::Jwt::hs256([7; 32]).issuer("https://id.example").accept_tokens_of_any_audience();
    let auth = auth_actix::Auth::builder().bearer(jwt.confers(auth_actix::Confers::nothing().roles(["viewer"])));
    let auth = auth.origins(["https://app.example"]).ignore_unknown_schemes();
    let auth = auth.client_address(auth_actix::Peer).build().unwrap();
    let file = auth.scope("/api").service(write).access_matrix().to_markdown();
    assert_eq!(
        section(&file, "Authentication sources"),
        ["- Bearer from issuer \"https://id.example\", confers roles \"viewer\""]
    );
    assert_eq!(
        section(&file, "Settings that widen access"),
        [
            "- an Authorization header of an unknown scheme counts as absent",
            "- client addresses are the peer addresses of connections",
            "- cross-site requests from https://app.example may change state",
            "- tokens of issuer \"https://id.example\" are accepted for any audience",
        ]
    );
}

/// Returns the access file of an application with these settings.
fn file_of(auth: auth_actix::AuthBuilder) -> String {
    auth.build().unwrap().scope("/api").service(write).access_matrix().to_markdown()
}

#[actix_web::test]
async fn each_access_relevant_setting_changes_the_matrix_file() {
    // H11
    use std::time::Duration;

    use auth_actix::scheme::IdentityLogin;
    use auth_actix::session::Sessions;
    use auth_actix::{Auth, Confers, Jwt};
    let plain = || Jwt::hs256([7; 32]).issuer("https://id.example").audience("a");
    let bearer = |jwt: Jwt| Auth::builder().bearer(jwt);
    let session = |sessions: Sessions| Auth::builder().session(sessions.insecure_localhost());
    let base = file_of(bearer(plain()));
    let settings: Vec<(&str, String)> = vec![
        ("another audience", file_of(bearer(plain().audience("b")))),
        (
            "any audience",
            file_of(bearer(Jwt::hs256([7; 32]).issuer("https://id.example").accept_tokens_of_any_audience())),
        ),
        ("another issuer", file_of(bearer(Jwt::hs256([7; 32]).issuer("https://other.example").audience("a")))),
        ("roles elsewhere in the token", file_of(bearer(plain().roles_at(["/realm_access/roles"])))),
        ("clocks", file_of(bearer(plain().leeway(Duration::from_secs(300))))),
        ("a profile", file_of(bearer(plain().access_token_profile()))),
        ("a tenant", file_of(bearer(plain().tenant("org", "acme")))),
        ("less conferred", file_of(bearer(plain().confers(Confers::nothing().roles(["viewer"]))))),
        (
            "a second source",
            file_of(
                bearer(plain().confers(Confers::everything()))
                    .scheme(auth_actix::scheme::CustomScheme::new(IdentityLogin).confers(Confers::nothing())),
            ),
        ),
        ("foreign credentials", file_of(bearer(plain()).ignore_unknown_schemes())),
        ("origins", file_of(bearer(plain()).origins(["https://app.example"]))),
        ("subprotocols", file_of(bearer(plain()).bearer_in_subprotocol("bearer"))),
        ("tickets", file_of(bearer(plain()).tickets())),
        ("role types", file_of(bearer(plain()).roles::<Role>().roles::<Renamed>())),
    ];
    for (what, file) in &settings {
        assert_ne!(*file, base, "{what}");
    }
    let all: std::collections::BTreeSet<_> = settings.iter().map(|(_, file)| file).collect();
    assert_eq!(all.len(), settings.len(), "all files are different");
    assert_ne!(file_of(session(Sessions::memory())), file_of(session(Sessions::memory().all_scopes())));
}

/// Roles with other names in tokens.
#[derive(auth_actix::Role)]
#[allow(dead_code, reason = "names of tokens")]
enum Renamed {
    #[role(alias("root"))]
    Operator,
}
