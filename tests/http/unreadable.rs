//! Unknown paths and extractor errors get responses in the format of denials.

use actix_web::web::{Form, Json, JsonConfig, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, post};
use auth_actix::response::Refused;
use auth_actix::{Auth, Authorized, Resource, public, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire::{Answer, Request, get, request};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Role, is_a_denial, jwt};

#[derive(Deserialize)]
struct Item {
    count: u8,
}

#[public]
#[post("/json")]
async fn json(item: Json<Item>) -> String {
    item.count.to_string()
}

#[public]
#[post("/form")]
async fn form(item: Form<Item>) -> String {
    item.count.to_string()
}

#[public]
#[get("/query")]
async fn query(item: Query<Item>) -> String {
    item.count.to_string()
}

#[public]
#[get("/path/{count}")]
async fn path(count: Path<u8>) -> String {
    count.to_string()
}

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

struct Draft(u8);

impl Resource for Draft {
    type Key = u8;
    type Deps = ();
    type Error = std::convert::Infallible;
    const PATH: &'static str = "id";

    fn key(&self) -> u8 {
        self.0
    }

    async fn load(ids: &[u8], _: &auth_actix::object::LoadContext<'_>, (): &()) -> Result<Vec<Self>, Self::Error> {
        Ok(ids.iter().filter(|id| **id < 10).map(|id| Self(*id)).collect())
    }
}

#[derive(auth_actix::Action)]
struct Read;

impl auth_actix::Allows<Read> for Draft {
    fn allows(&self, _caller: &auth_actix::Principal) -> bool {
        false
    }
}

#[require_auth]
#[get("/drafts/{id}")]
async fn draft(_draft: Authorized<Draft, Read>) -> &'static str {
    "a draft"
}

/// Limits JSON bodies to 64 bytes in `/api`. In `/other` the default limit of actix applies.
fn serving(settings: auth_actix::AuthBuilder) -> Server {
    let auth = settings.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let short = JsonConfig::default().limit(64).error_handler(auth.error_handler());
        config.configure(auth.json_errors());
        config.service(auth.scope("/hiding").service(hidden));
        config.service(auth.scope("/api").app_data(short).service(json).service(draft));
        config.service(auth.scope("/other").service(form).service(query).service(path));
        config.service(auth.scope("/plain").service(json));
    })
}

fn sending(target: &str, media_type: &str, body: impl AsRef<[u8]>) -> Request {
    request("POST", target).field("Content-Type", media_type).body(body)
}

fn settings() -> auth_actix::AuthBuilder {
    Auth::builder().realm("reports").bearer(jwt()).roles::<Role>()
}

#[test]
fn extractor_errors_and_unknown_paths_return_problem_json() {
    // PROB-1, PROB-2, HTTP-11
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let server = serving(settings());
    let alice = || bearer(json!({ "sub": "alice" }));
    let long = format!("{{\"count\":1,\"text\":\"{}\"}}", "x".repeat(100));
    #[rustfmt::skip] // keep the columns aligned
    let table: Vec<(&str, Request, u16, &str, &str)> = vec![
        ("no JSON",             sending("/api/json", JSON, "{"),              400, "malformed-request", "EOF"),
        ("a missing member",    sending("/api/json", JSON, "{}"),             400, "malformed-request", "missing field `count`"),
        ("a quoted value",      sending("/api/json", JSON, "{\"count\":\"\\\",\\n<b>\"}"), 400, "malformed-request", "<b>"),
        ("no UTF-8",            sending("/api/json", JSON, b"{\"count\":\"\xff\"}"), 400, "malformed-request", ""),
        ("another media type",  sending("/api/json", "text/plain", "{}"),     400, "malformed-request", "Content type"),
        ("a long body",         sending("/api/json", JSON, &long),    413, "content-too-large", ""),
        ("the limit of actix",  sending("/plain/json", JSON, &long),  200, "", ""),
        ("a form",              sending("/other/form", FORM, "count=x"),      400, "malformed-request", ""),
        ("a form as JSON",      sending("/other/form", JSON, "{}"),           415, "unsupported-media-type", ""),
        ("a query",             get("/other/query?count=300"),                400, "malformed-request", ""),
        ("a path",              get("/other/path/300"),                       404, "not-found", ""),
        ("an unknown path",     get("/nowhere"),                              404, "not-found", ""),
        ("one below a scope",   get("/api/nowhere"),                          404, "not-found", ""),
        ("one beside hidden",   get("/hiding/nowhere"),                       404, "not-found", ""),
        ("hidden",              get("/hiding/hidden"),                        404, "not-found", ""),
        ("an object, not there", get("/api/drafts/99").authorization(alice()), 404, "not-found", ""),
        ("an object, not theirs", get("/api/drafts/1").authorization(alice()), 404, "not-found", ""),
        ("no key of an object", get("/api/drafts/x").authorization(alice()),  404, "not-found", ""),
    ];
    let mut not_found: Vec<Answer> = Vec::new();
    for (case, asked, status, problem, detail) in table {
        let answer = server.send(&asked).without_date();
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        if status == 200 {
            continue;
        }
        is_a_denial(case, &answer);
        assert_eq!(
            (answer.problem().as_str(), answer.field("content-type")),
            (problem, Some("application/problem+json")),
            "{case}"
        );
        let body: Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!(body["status"], status, "{case}");
        assert!(body["detail"].as_str().unwrap().contains(detail), "{case}: {body}");
        if status == 404 {
            not_found.push(answer);
        }
    }
    // H4, HTTP-10: the same response for every reason.
    assert!(not_found.windows(2).all(|pair| pair[0] == pair[1]), "{not_found:#?}");
}

#[test]
fn error_page_does_not_echo_the_request() {
    let server = serving(settings());
    for (target, status) in [("/nowhere", 404), ("/other/query?count=<script>", 400)] {
        let answer =
            server.send(&get(&target.replace('<', "%3C").replace('>', "%3E")).field("Sec-Fetch-Mode", "navigate"));
        assert_eq!(
            (answer.status, answer.field("content-type")),
            (status, Some("text/html; charset=utf-8")),
            "{answer:?}"
        );
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
        assert!(!answer.text().contains("script"), "{answer:?}");
    }
}

#[test]
fn custom_renderer_applies_to_extractor_errors_and_404s() {
    fn own(refused: &Refused<'_>, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(json!({ "code": refused.answer.problem, "message": refused.detail() }))
    }
    let server = serving(settings().render(own));
    let table = [
        (get("/nowhere"), 404, "not-found", "The path is unknown"),
        (get("/hiding/hidden"), 404, "not-found", "The path is unknown"),
        (sending("/api/json", "application/json", "{}"), 400, "malformed-request", "missing field `count`"),
        (get("/api/drafts/1"), 401, "missing-credentials", "Send a credential"),
    ];
    for (asked, status, code, message) in table {
        let answer = server.send(&asked);
        let body: Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!((answer.status, &body["code"]), (status, &json!(code)), "{answer:?}");
        assert!(body["message"].as_str().unwrap().contains(message), "{body}");
    }
}
