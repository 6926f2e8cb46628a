//! Tests of the access matrix page in a real browser.

use actix_web::web::{Path, ServiceConfig};
use actix_web::{HttpResponse, get, post, web};
use auth_actix::{Auth, Jwt, Principal, public, require, require_role};
use auth_tests::server::Server;

use crate::browser::Browser;

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
    Viewer,
}

#[public]
#[get("/posts")]
async fn list() -> &'static str {
    "all"
}

#[require(role("editor") || check(*id == 1 && !principal.is_client()))]
#[get("/posts/{id}")]
async fn show(id: Path<u64>) -> String {
    id.to_string()
}

#[require_role("admin", not_found)]
#[post("/settings")]
async fn settings(_: Principal) -> &'static str {
    "set"
}

#[require(role("viewer") && claim("org", "<b>acme</b>"))]
#[get("/reports")]
async fn reports() -> &'static str {
    "reports"
}

fn page() -> Server {
    let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("https://id.example").audience("a")).roles::<Role>();
    let auth = auth.build().unwrap();
    let scope = auth.scope("/api").service(list).service(show).service(settings).service(reports);
    let page = scope.access_matrix().to_html();
    Server::start(move |config: &mut ServiceConfig| {
        let page = page.clone();
        let serve =
            move || std::future::ready(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page.clone()));
        config.route("/", web::get().to(serve));
    })
}

const TAB: &str = "\u{E004}";
const DOWN: &str = "\u{E015}";

#[test]
fn access_page_is_keyboard_accessible_in_both_color_schemes() {
    let Some(browser) = Browser::start() else { return };
    let server = page();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&format!("http://localhost:{}/", server.address.port()));
        browser.shows("4 routes.");
        let least = browser.least_contrast();
        assert!(least >= 4.5, "{scheme}: {least}");
        // The first focusable element is the caller selection.
        browser.press(TAB);
        assert_eq!(browser.run("return document.activeElement.id"), "who");
        browser.press(DOWN);
        browser.shows("1 of 4 routes may be called by an anonymous caller.");
        (0..3).for_each(|_| browser.press(DOWN));
        browser.shows("2 of 4 routes may be called by a caller with the role editor.");
        let answers =
            "return [...document.querySelectorAll('tbody tr')].map(row => row.querySelector('.may').textContent)";
        assert_eq!(browser.run(answers), serde_json::json!(["yes", "yes", "no", "no"]));
        browser.press(DOWN);
        browser.shows("3 of 4 routes may be called by a caller with the role viewer.");
        assert_eq!(browser.run(answers)[1], "if check(*id == 1 && !principal.is_client())");
        assert_eq!(browser.run(answers)[2], "if claim(\"org\", \"<b>acme</b>\")", "text, and no tags");
        let least = browser.least_contrast();
        assert!(least >= 4.5, "{scheme}: {least}");
        browser.keep(&format!("access-{scheme}"));
        browser.press(TAB);
        browser.press("settings");
        browser.shows("0 of 1 routes may be called by a caller with the role viewer.");
        // Semantics for screen readers.
        let told = "return [document.documentElement.lang, document.querySelector('caption').textContent,
            document.querySelectorAll('thead th[scope=col]').length, document.querySelectorAll('tbody th[scope=row]').length,
            document.getElementById('count').getAttribute('role'), [...document.querySelectorAll('select, input')].every(e => e.labels.length === 1)]";
        assert_eq!(browser.run(told), serde_json::json!(["en", "Routes", 6, 4, "status", true]));
        assert_eq!(browser.run("return performance.getEntriesByType('resource').length"), 0, "nothing else is loaded");
    }
}
