//! A denial as a response: a problem, a page, or a redirect to the login. Applications may replace what is shown, never
//! the decision: status, challenges and caching stay.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use auth_core::denial::challenge::{self, Challenge, Realm, Scheme, SchemeSet};
use auth_core::denial::problem::{self, Problem};
use auth_core::denial::{Answer, Denial};
use auth_core::rule::Rule;

/// What a renderer is told: the row of the table that is answered, and nothing that would help an attacker.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// The row.
    pub answer: Answer,
    problem: Problem<'a>,
    navigates: bool,
}

impl Refused<'_> {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        status(self.answer)
    }

    /// Whether a person looks at the answer: a browser navigates, or HTML is asked for rather than JSON.
    pub fn is_for_a_person(&self) -> bool {
        self.navigates
    }

    /// The problem's `type`.
    pub fn kind(&self) -> String {
        self.problem.kind()
    }

    /// The problem as JSON (RFC 9457).
    pub fn to_json(&self) -> String {
        self.problem.to_json()
    }
}

/// An application's own rendering.
pub(crate) type Renderer = dyn Fn(&Refused<'_>, &HttpRequest) -> HttpResponse + Send + Sync;

/// How denials are answered.
pub(crate) struct Answers {
    pub(crate) accepted: SchemeSet,
    pub(crate) base: String,
    pub(crate) renderer: Option<Box<Renderer>>,
    login_page: Option<String>,
    /// The bare challenge of each scheme.
    bare: [HeaderValue; Scheme::ALL.len()],
}

impl Answers {
    /// `login_page` holds nothing that a quoted-string escapes.
    pub(crate) fn new(realm: &Realm, accepted: SchemeSet, login_page: Option<String>) -> Self {
        let bare = Scheme::ALL.map(|scheme| {
            let mut challenge = realm.bare(scheme);
            if let Some(page) = login_page.as_ref().filter(|_| scheme == Scheme::Session) {
                challenge.push_str(&format!(", login=\"{page}\""));
            }
            // A realm holds nothing that a header cannot.
            HeaderValue::from_str(&challenge).unwrap_or(HeaderValue::from_static(""))
        });
        Self { accepted, base: problem::DEFAULT_BASE.to_owned(), renderer: None, login_page, bare }
    }

    fn bare(&self, scheme: Scheme) -> HeaderValue {
        self.bare.get(scheme as usize).cloned().unwrap_or(HeaderValue::from_static(""))
    }

    /// Where people log in.
    #[cfg(feature = "session")]
    pub(crate) fn login_page(&self) -> Option<&str> {
        self.login_page.as_deref()
    }

    /// The response to a denial.
    pub(crate) fn response(&self, denial: &Denial, request: &HttpRequest) -> HttpResponse {
        let answer = denial.reason.answer();
        let navigates = navigates(request);
        let htmx = is_htmx(request);
        let login = self.login_page.as_ref().filter(|_| status(answer) == StatusCode::UNAUTHORIZED);
        if let Some(page) = login.filter(|_| navigates && !htmx)
            && let Some(response) = to_login(page, request)
        {
            return response;
        }
        let refused = Refused { answer, problem: Problem { base: &self.base, answer }, navigates };
        let mut response = match &self.renderer {
            Some(render) => {
                let mut response = render(&refused, request);
                *response.status_mut() = status(answer);
                response.headers_mut().remove(header::WWW_AUTHENTICATE);
                response.headers_mut().remove(header::RETRY_AFTER);
                response
            }
            None if htmx => {
                HttpResponse::build(status(answer)).content_type("text/html; charset=utf-8").body(fragment(answer))
            }
            None if navigates => {
                HttpResponse::build(status(answer)).content_type("text/html; charset=utf-8").body(page(answer))
            }
            None => HttpResponse::build(status(answer)).content_type(problem::MEDIA_TYPE).body(refused.to_json()),
        };
        let headers = response.headers_mut();
        let quiet = first(request.headers(), "sec-fetch-mode").is_some_and(|mode| mode != "navigate");
        for Challenge { scheme, parameters } in challenge::challenges(denial, self.accepted, quiet) {
            let bare = self.bare(scheme);
            let value = match parameters {
                None => bare, // shared, not copied
                Some(parameters) => {
                    let line = [bare.as_bytes(), parameters.as_bytes()].concat();
                    HeaderValue::from_maybe_shared(Bytes::from(line)).unwrap_or(bare)
                }
            };
            headers.append(header::WWW_AUTHENTICATE, value);
        }
        if let Some(after) = denial.reason.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.get()));
        }
        let to_login = login.filter(|_| htmx).map(|page| login_from(page, &htmx_page(request)));
        if let Some(to_login) = to_login.and_then(|to_login| HeaderValue::try_from(to_login).ok()) {
            headers.insert(HX_REDIRECT, to_login);
        }
        headers.append(header::VARY, HeaderValue::from_static("Accept, HX-Request, Sec-Fetch-Mode"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The answer where nothing is configured to say it better.
pub(crate) fn plain(denial: &Denial) -> HttpResponse {
    let answer = denial.reason.answer();
    let problem = Problem { base: problem::DEFAULT_BASE, answer };
    HttpResponse::build(status(answer))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type(problem::MEDIA_TYPE)
        .body(problem.to_json())
}

/// The answer of an unknown path, and of whatever hides as one.
pub(crate) fn not_found() -> HttpResponse {
    HttpResponse::NotFound().insert_header((header::CACHE_CONTROL, "no-store")).finish()
}

fn status(answer: Answer) -> StatusCode {
    StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Whether a person looks at the answer: a browser says that it navigates, or asks for HTML rather than JSON.
pub(crate) fn navigates(request: &HttpRequest) -> bool {
    match first(request.headers(), "sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => first(request.headers(), "accept").is_some_and(prefers_html),
    }
}

fn first<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether HTML is named, and weighs more than JSON (RFC 9110 §12.5.1).
fn prefers_html(accept: &str) -> bool {
    let weight = |kinds: &[&str]| {
        let ranges = accept.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next()?;
            let weight = parts
                .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                .map_or(1.0, |q| q.parse().unwrap_or(0.0));
            kinds.iter().any(|one| kind.eq_ignore_ascii_case(one)).then_some(weight)
        });
        ranges.fold(0.0_f32, f32::max)
    };
    let html = weight(&["text/html", "application/xhtml+xml"]);
    html > 0.0 && html > weight(&["application/json", "application/problem+json"])
}

/// A path on this site, with its query: what no browser takes for another site (PROB-5).
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// The path, or `/` where the text is none. Browsers take `//host` and `/\\host` for another site, and leave out tabs and
    /// line breaks before they look.
    pub(crate) fn of(text: Option<&str>) -> Self {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let here = text.filter(|text| text.starts_with('/') && !text.starts_with("//") && plain(text));
        Self(here.unwrap_or("/").to_owned())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// A redirect that is followed with GET, whatever was asked (RFC 9110 §15.4.4).
pub(crate) fn see_other(location: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, location)).insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

/// A redirect to the login page that comes back here. Only where a person followed a link: nothing else is repeated.
fn to_login(page: &str, request: &HttpRequest) -> Option<HttpResponse> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let target = request.uri().path_and_query().map(|target| target.as_str());
    let mut response = see_other(&login_from(page, &LocalPath::of(target)));
    Some(response.insert_header((header::VARY, "Accept, HX-Request, Sec-Fetch-Mode")).finish())
}

/// The login page, with where to come back to.
fn login_from(page: &str, here: &LocalPath) -> String {
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}return_to={}", percent_encoded(here.text()))
}

/// Where htmx goes instead of swapping an answer in.
pub(crate) const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// What htmx sends with each request.
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");

/// Whether a script of htmx asks, which puts a fragment of HTML into its page.
pub(crate) fn is_htmx(request: &HttpRequest) -> bool {
    request.headers().get(HX_REQUEST).is_some_and(|value| value == "true")
}

/// The page that htmx stands on: what to come back to after a login. Its path alone: the rest is the client's word.
fn htmx_page(request: &HttpRequest) -> LocalPath {
    let url = first(request.headers(), "hx-current-url").and_then(|url| url.split_once("://"));
    LocalPath::of(url.and_then(|(_, rest)| rest.find('/').and_then(|slash| rest.get(slash..))))
}

/// Text between tags or in a quoted attribute.
#[cfg(feature = "session")]
pub(crate) fn html_escaped(text: &str) -> String {
    let escape = |character: char| match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

/// All but unreserved characters (RFC 3986 §2.3) and the slash.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// The look of our pages: that of the browser, light or dark. Its contrasts are those of WCAG 2.2 AA (1.4.3), held by a test.
pub(crate) const STYLE: &str = ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;\
    max-width:36rem;margin:15vh auto;padding:0 1rem}label{display:block;margin:1rem 0}label.line{display:flex;gap:.5rem}\
    input{font:inherit}label:not(.line) input{display:block;width:100%;box-sizing:border-box;padding:.5rem}\
    button{font:inherit;padding:.5rem 1.5rem}.wrong{border-left:.3rem solid light-dark(#b00020,#ff8a80);\
    padding-left:.7rem;color:light-dark(#b00020,#ff8a80)}";

/// A page for a person. Fixed text, no script, no other resource.
fn page(answer: Answer) -> String {
    let Answer { title, detail, status, .. } = answer;
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body><main><h1>{title}</h1><p>{detail}</p><p>Status {status}</p></main></body>\n</html>\n"
    )
}

/// What htmx may put into its page.
fn fragment(answer: Answer) -> String {
    format!("<div role=\"alert\"><strong>{}</strong> {}</div>\n", answer.title, answer.detail)
}

/// A refusal on its way out: the response, and the denial for whoever logs. It is the error of the response, so that
/// outer middleware still adds its headers.
pub(crate) struct Refusal {
    denial: Denial,
    handler: &'static Rule,
    method: Method,
    /// Tells the audit, when it is answered with.
    audit: Option<Box<dyn Fn()>>,
    response: Cell<Option<HttpResponse>>,
}

impl Refusal {
    /// Of a response, and the rest of the request's body, which is kept until the response is written: dropped earlier, it
    /// would be read to its end, however slowly it comes.
    pub(crate) fn new(
        denial: Denial,
        handler: &'static Rule,
        method: Method,
        mut response: HttpResponse,
        payload: Payload,
    ) -> Self {
        if !matches!(payload, Payload::None) {
            response.head_mut().set_connection_type(actix_http::ConnectionType::Close);
            response = response.map_body(|_, body| BoxBody::new(Keeping { body, _payload: payload }));
        }
        Self { denial, handler, method, audit: None, response: Cell::new(Some(response)) }
    }

    /// What tells the audit when it is answered with.
    pub(crate) fn audited(self, audit: Option<Box<dyn Fn()>>) -> Self {
        Self { audit, ..self }
    }

    /// Tells why, for whoever runs the server. Nothing that the client wrote is in it, but for a verified identity and the
    /// method, which has no control characters.
    fn tell(&self) {
        let Self { denial, handler: Rule { text, guards, file, line, .. }, method, audit, .. } = self;
        crate::count::refused(self.handler, denial);
        if let Some(tell) = audit {
            tell();
        }
        let problem = denial.reason.answer().problem;
        // No longer than a line bears; the identity is encoded, and a method has no control characters.
        let method = method.as_str().get(..32).unwrap_or(method.as_str());
        let caller = denial.caller.as_ref().map(|caller| caller.chars().take(128).collect::<String>());
        if denial.reason.is_of_server() {
            tracing::error!(
                target: "auth_actix", problem, ?denial, rule = text, handler = guards, file, line, method,
                "request refused: the server cannot decide"
            );
        } else {
            tracing::info!(
                target: "auth_actix", problem, ?denial, rule = text, handler = guards, file, line, method,
                scheme = denial.used.map(Scheme::name), caller = caller.map(tracing::field::debug), "request refused"
            );
        }
    }
}

/// One short line.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.denial, f)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.denial, f)
    }
}

impl std::error::Error for Refusal {}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        status(self.denial.reason.answer())
    }

    fn error_response(&self) -> HttpResponse {
        match self.response.take() {
            Some(response) => {
                self.tell();
                response
            }
            None => plain(&self.denial),
        }
    }
}

/// A body that keeps the request's.
struct Keeping {
    body: BoxBody,
    _payload: Payload,
}

impl MessageBody for Keeping {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_for_who_asks_for_it_rather_than_for_json() {
        let table = [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html;q=0.5, application/json", false),
            ("application/json;q=0.5, TEXT/HTML", true),
            ("*/*", false),
            ("text/*", false),
            ("text/html;q=0", false),
            ("text/html;q=x", false),
            ("", false),
        ];
        for (accept, expected) in table {
            assert_eq!(prefers_html(accept), expected, "{accept}");
        }
    }
}
