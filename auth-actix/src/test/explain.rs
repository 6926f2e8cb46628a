//! Explanations of decisions.

use actix_web::HttpRequest;

use crate::adapter;

/// Returns the request with explanations enabled: see [`explanation`].
pub fn explained(request: actix_http::Request) -> actix_http::Request {
    adapter::update(&request, |state| state.notes_mut().explanations = Some(Vec::new()));
    request
}

/// Returns the explanation of the decision on a request that was [`explained`]. It contains one line for each atom of the rules,
/// with `yes` or `no` and the reason, indented as in the rule. Servers log it at the level `debug`.
///
/// ```
/// # actix_web::rt::System::new().block_on(async {
/// use actix_web::{App, get, test as actix};
/// use auth_actix::{Auth, Jwt, Role, require, test};
///
/// #[derive(Role)]
/// enum Role { Admin }
///
/// #[require(role("admin") || claim("org", "acme"))]
/// #[get("/reports")]
/// async fn reports() -> &'static str { "all of them" }
///
/// let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
/// let app = actix::init_service(App::new().service(auth.scope("/api").service(reports))).await;
/// let request = actix::TestRequest::get().uri("/api/reports").to_request();
/// let request = test::explained(test::Caller::user("alice").claim("org", "other").call(request));
/// let answer = actix::call_service(&app, request).await;
/// let why = test::explanation(answer.request()).unwrap();
/// assert_eq!(why.lines().nth(2), Some("  no  claim(\"org\", \"acme\") (not satisfied, or unknown)"));
/// # });
/// ```
pub fn explanation(request: &HttpRequest) -> Option<String> {
    adapter::read(request, |state| {
        let all = state.notes()?.explanations.as_ref()?;
        Some(all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}
