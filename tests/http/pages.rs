//! Tests of denials in a browser: a page, a redirect to the login, or a page of the application.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, get, post};
use auth_actix::password::{Basic, PasswordAuthenticator};
use auth_actix::response::Messages;
use auth_actix::session::Sessions;
use auth_actix::throttle::{Throttle, ThrottleLimits};
use auth_actix::{Auth, AuthBuilder, Confers, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::token::{basic, bearer, now};
use auth_tests::wire::{Answer, Request, get, request};
use serde_json::json;

use crate::users::Staff;
use crate::{BASIC, BEARER, Role, bearer_only, bearer_with, is_a_denial, jwt};

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[require_auth]
#[post("/new")]
async fn create() -> &'static str {
    "created"
}

#[require_auth(max_age = "5m")]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

/// Handles all other paths.
#[require_auth]
#[get("/{rest:.*}")]
async fn anything() -> &'static str {
    "anything"
}

fn serving(auth: AuthBuilder) -> Server {
    let auth = auth.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let hiding = auth.scope("/hiding").service(hidden);
        config.service(hiding).service(auth.scope("").service(admin).service(create).service(fresh).service(anything));
    })
}

const NAVIGATES: (&str, &str) = ("Sec-Fetch-Mode", "navigate");
const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

/// Returns texts with characters that have a meaning in HTML.
fn german(request: &HttpRequest) -> Messages {
    if request.headers().get("Accept-Language").is_none_or(|wanted| wanted != "de") {
        return Messages::default();
    }
    Messages {
        language: "de".into(),
        log_in: "Anmelden & los".into(),
        password: "Passwort <geheim>".into(),
        wrong: "Falsch \"<b>\".".into(),
        too_many: "Warten Sie {} s.".into(),
        status: "Antwort".into(),
        denial: |problem| {
            (problem == "insufficient-permissions").then_some(("Kein <Zugang>", "Das d\u{fc}rfen Sie nicht."))
        },
        ..Messages::default()
    }
}

#[test]
fn html_pages_use_localized_messages_and_problems_do_not() {
    let users = PasswordAuthenticator::new(Staff::default())
        .throttle(Throttle::memory().limits(ThrottleLimits::default().account_burst(1)));
    let all = Confers::everything;
    let auth = Auth::builder().realm("reports").bearer(jwt().confers(all())).roles::<Role>().messages(german);
    let auth = auth.session(Sessions::memory().confers(all())).users(users).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(auth.login()).service(admin));
    });
    let viewer = bearer(json!({ "roles": ["viewer"] }));
    let refused = |fields: &[(&str, &str)]| {
        let answer = server.send(&get("/admin").fields(fields).authorization(&viewer));
        assert_eq!(answer.status, 403);
        answer.text().to_owned()
    };
    let page = refused(&[NAVIGATES, ("Accept-Language", "de")]);
    assert!(page.contains("<html lang=\"de\">") && page.contains("<h1>Kein &lt;Zugang&gt;</h1>"), "{page}");
    assert!(page.contains("<p>Das d\u{fc}rfen Sie nicht.</p><p>Antwort 403</p>"), "{page}");
    assert!(
        refused(&[("HX-Request", "true"), ("Accept-Language", "de")]).contains("<strong>Kein &lt;Zugang&gt;</strong>")
    );
    assert!(refused(&[NAVIGATES]).contains("<html lang=\"en\">"));
    let problem = refused(&[("Accept-Language", "de")]);
    assert!(problem.contains("insufficient-permissions") && !problem.contains("Kein"), "a program: {problem}");
    let login = server.send(&get("/login").field("Accept-Language", "de"));
    let page = login.text();
    assert!(page.contains("<h1>Anmelden &amp; los</h1>") && page.contains("Passwort &lt;geheim&gt;"), "{page}");
    let form = request("POST", "/login").field("Sec-Fetch-Site", "same-origin").fields(&[NAVIGATES]);
    let form = form.field("Accept-Language", "de").field("Content-Type", "application/x-www-form-urlencoded");
    let form = form.body("username=alice&password=wrong");
    assert!(server.send(&form).text().contains("Falsch &quot;&lt;b&gt;&quot;."));
    assert!(server.send(&form).text().contains("Warten Sie 1 s."));
}

#[test]
fn browsers_receive_html_denials_and_programs_problem_json() {
    // PROB-1, PROB-4, PROB-5
    let server = serving(bearer_only());
    #[rustfmt::skip]
    let table: &[(&[(&str, &str)], bool)] = &[
        (&[], false),
        (&[("Accept", "*/*")], false),
        (&[("Accept", "")], false),
        (&[("Accept", "application/json")], false),
        (&[("Accept", "application/problem+json")], false),
        (&[("Accept", "image/png")], false),
        (&[("Accept", "text/*")], false),
        (&[("Accept", "text/html;q=0.4, application/json;q=0.5")], false),
        (&[("Accept", "text/html;q=0")], false),
        (&[("Accept", "text/html; q=x")], false),
        (&[("Accept", "\u{e9}")], false),
        (&[HTML], true),
        (&[("Accept", "application/json;q=0.4, TEXT/HTML")], true),
        (&[NAVIGATES], true),
        (&[NAVIGATES, ("Accept", "application/json")], true),
        (&[("Sec-Fetch-Mode", "cors"), HTML], false),
        (&[("Sec-Fetch-Mode", "no-cors"), HTML], false),
    ];
    for (fields, page) in table {
        for (authorization, status) in [(None, 401), (Some(bearer(json!({}))), 403), (Some("Bearer".to_owned()), 400)] {
            let asked = |method: &str| {
                let asked = request(method, "/admin").fields(fields);
                authorization.iter().fold(asked, |request, value| request.authorization(value))
            };
            let (case, answer) = (&format!("{fields:?}, {status}"), server.send(&asked("GET")));
            is_a_denial(case, &answer);
            assert_eq!(answer.status, status, "{case}");
            assert_eq!(answer.lines("www-authenticate").len(), 1, "{case}: a page has its challenge as well");
            let vary = answer.field("vary").unwrap_or_default().to_ascii_lowercase();
            assert!(vary.contains("accept") && vary.contains("sec-fetch-mode"), "{case}: {vary}");
            if *page {
                is_a_page(case, &answer);
            } else {
                assert_eq!(
                    (answer.field("content-type"), &answer.json()["status"]),
                    (Some("application/problem+json"), &json!(status)),
                    "{case}"
                );
            }
        }
    }
}

fn is_a_page(case: &str, answer: &Answer) {
    assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"), "{case}");
    let text = answer.text();
    assert!(
        text.starts_with("<!doctype html>") && text.contains(&format!("Status {}", answer.status)),
        "{case}: {text}"
    );
    for active in ["<script", "src=", "href=", "http:", "https:", "url(", "onload", "admin"] {
        assert!(!text.contains(active), "{case}: {active} in {text}");
    }
}

#[test]
fn navigation_redirects_to_login_with_same_site_return_path() {
    // PROB-5
    let server = serving(bearer_only().login_page("/login"));
    let expired = bearer(json!({ "exp": now() - 3600 }));
    let (known, old) = (bearer(json!({})), bearer(json!({ "auth_time": 1 })));
    #[rustfmt::skip]
    let table: &[(&str, &str, &[(&str, &str)], Option<&str>, u16)] = &[
        ("GET", "/admin", &[NAVIGATES], None, 303),
        ("HEAD", "/admin-or-so", &[NAVIGATES], None, 404), // `#[get]` of actix does not accept HEAD (L4)
        ("GET", "/admin", &[HTML], None, 303),
        ("GET", "/admin", &[NAVIGATES], Some(&expired), 303),
        ("GET", "/admin", &[NAVIGATES], Some("Bearer x"), 303),
        ("GET", "/fresh", &[NAVIGATES], Some(&old), 303),
        // A login would not help, or the request is not a navigation.
        ("GET", "/admin", &[NAVIGATES], Some(&known), 403),
        ("GET", "/admin", &[NAVIGATES], Some("Bearer"), 400),
        ("POST", "/new", &[NAVIGATES], None, 401),
        ("POST", "/new", &[HTML], None, 401),
        ("GET", "/admin", &[], None, 401),
        ("GET", "/admin", &[("Accept", "application/json")], None, 401),
        ("GET", "/admin", &[("Sec-Fetch-Mode", "cors"), HTML], None, 401),
        ("GET", "/admin", &[("Sec-Fetch-Mode", "same-origin"), HTML], None, 401),
        ("GET", "/admin", &[("Sec-Fetch-Mode", "websocket"), HTML], None, 401),
        ("GET", "/hiding/hidden", &[NAVIGATES], None, 404),
        ("GET", "/hiding/nothing", &[NAVIGATES], None, 404),
    ];
    for (method, path, fields, authorization, status) in table {
        let asked = authorization
            .iter()
            .fold(request(method, path).fields(fields), |request, value| request.authorization(value));
        let answer = server.send(&asked);
        let case = format!("{method} {path} {fields:?} {authorization:?}");
        assert_eq!(answer.status, *status, "{case}: {answer:?}");
        assert_eq!(answer.field("location").is_some(), *status == 303, "{case}");
        if *status == 303 {
            assert_eq!(answer.field("location").unwrap(), format!("/login?return_to={path}"), "{case}");
            assert_eq!((answer.field("cache-control"), answer.body.len()), (Some("no-store"), 0), "{case}");
        } else if *path != "/admin-or-so" {
            is_a_denial(&case, &answer);
        }
    }
    // The return path is a path on this site, for every spelling of the URL. The query stays part of the query.
    #[rustfmt::skip]
    let targets = [
        "//evil.example", "//evil.example/x?y", "/\\evil.example", "/\\/evil.example", "///evil.example", "/%2f/evil.example", "/%5cevil.example",
        "/%09/evil.example", "/%0d%0aLocation:https://evil.example", "/a?x=//evil.example", "/a?return_to=https://evil.example", "/a&return_to=https://evil.example",
        "/a?x=1&y=2", "/a%23b", "/a?x=%23", "/a+b", "/a%20b", "/%E2%82%AC", "/a;b=c", "/a'b(c)", "http://evil.example/a", "http://evil.example//b", "http://localhost\\@evil.example/a",
        "/./", "/..//evil.example", "/.//evil.example",
    ];
    for target in targets {
        let answer = server.send(&get(target).fields(&[NAVIGATES]));
        let Some(location) = answer.field("location") else {
            assert!(matches!(answer.status, 400 | 404), "{target}: {answer:?}"); // not a valid request
            continue;
        };
        let encoded = location.strip_prefix("/login?return_to=").unwrap_or_else(|| panic!("{target}: {location}"));
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
        assert!(encoded.bytes().all(fits), "{target}: {location}");
        let back = decoded(encoded);
        // As browsers parse it: tabs and line breaks are dropped, a backslash is a slash, and dots are resolved before `//` is
        // recognized.
        let read: String =
            back.chars().filter(|character| !character.is_control()).collect::<String>().replace('\\', "/");
        assert!(read.starts_with('/') && !read.starts_with("//"), "{target}: {back}");
        if target.starts_with("/a") {
            assert_eq!(back, target);
        }
    }
    let server = serving(bearer_only().login_page("/login?tenant=a"));
    assert_eq!(
        server.send(&get("/b?c").fields(&[NAVIGATES])).field("location"),
        Some("/login?tenant=a&return_to=/b%3Fc")
    );
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                u8::from_str_radix(&String::from_utf8(vec![rest.next().unwrap(), rest.next().unwrap()]).unwrap(), 16)
                    .unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn custom_denial_renderer_preserves_status_and_challenges() {
    // HTTP-5, HTTP-11, HTTP-16
    let users = Basic::new(Staff::default()).confers(Confers::everything());
    let auth =
        Auth::builder().realm("reports").bearer(jwt().confers(Confers::everything())).basic(users).roles::<Role>();
    let auth = auth.problem_base("https://api.example/problems/").render(|refused, request| {
        HttpResponse::Ok()
            .append_header(("WWW-Authenticate", "Negotiate"))
            .append_header(("Retry-After", "0"))
            .append_header(("Cache-Control", "public, max-age=600"))
            .append_header(("Cache-Control", "s-maxage=600"))
            .append_header(("X-Ours", request.path().to_owned()))
            .content_type("text/plain")
            .body(format!("{} {} {}", refused.answer.status, refused.kind(), refused.to_json().len()))
    });
    let server = serving(auth);
    let invalid = bearer_with("error=\"invalid_token\"");
    #[rustfmt::skip]
    let table: Vec<(Request, u16, &str, Vec<&str>)> = vec![
        (get("/admin"), 401, "missing-credentials", vec![BEARER, BASIC]),
        (get("/admin").fields(&[NAVIGATES]), 401, "missing-credentials", vec![BEARER, BASIC]),
        (get("/admin").authorization("Bearer x"), 401, "invalid-credentials", vec![&invalid, BASIC]),
        (get("/admin").authorization(bearer(json!({}))), 403, "insufficient-permissions", vec![BEARER]),
        (get("/admin").authorization(basic("down", "x")), 503, "authentication-unavailable", vec![]),
    ];
    for (asked, status, problem, challenges) in table {
        let answer = server.send(&asked);
        is_a_denial(problem, &answer);
        assert_eq!((answer.status, answer.lines("www-authenticate")), (status, challenges), "{problem}");
        assert_eq!(
            (answer.field("content-type"), answer.field("x-ours")),
            (Some("text/plain"), Some("/admin")),
            "{problem}"
        );
        let expected = format!("{status} https://api.example/problems/{problem} ");
        assert!(answer.text().starts_with(&expected), "{problem}: {answer:?}");
    }
    // A hidden handler is rendered like an unknown path.
    for path in ["/hiding/hidden", "/hiding/nothing"] {
        let answer = server.send(&get(path));
        assert_eq!((answer.status, answer.field("x-ours")), (404, Some(path)));
        assert!(answer.text().starts_with("404 https://api.example/problems/not-found "), "{answer:?}");
        is_a_denial(path, &answer);
    }
}
