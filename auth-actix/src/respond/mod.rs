//! Responses to denials: a problem, a page, or a redirect to the login. Applications can replace the presentation, never the
//! decision: status, challenges and caching remain.

mod page;
mod without_request;
mod refusal;
mod written;

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use auth_core::denial::challenge::{Challenge, Realm};
use auth_core::denial::problem::{self, Problem};
use auth_core::denial::{Denial, DenialResponse, Reason};
use auth_core::identity::scheme_id::SchemeId;

pub use self::page::Messages;
pub(crate) use self::refusal::keeping;
pub(crate) use self::refusal::{Refusal, keep_body, log_denial};
use self::written::Written;

/// A denial for a renderer: a row of the table of denials, without details that would help an attacker. Also used for the 404 of
/// missing or inaccessible objects, for the 404 of handlers with `not_found`, and for the responses of
/// [`Auth::json_errors`](crate::Auth::json_errors).
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// The row of the table of denials.
    pub answer: DenialResponse,
    problem: Problem<'a>,
    navigates: bool,
}

impl Refused<'_> {
    /// Returns the status of the response.
    pub fn status(&self) -> StatusCode {
        status(self.answer)
    }

    /// Returns whether the response is for a person: a browser navigates, or HTML is preferred to JSON.
    pub fn is_for_a_person(&self) -> bool {
        self.navigates
    }

    /// Returns the `type` of the problem.
    pub fn kind(&self) -> String {
        self.problem.kind()
    }

    /// Returns the `detail` of the problem: the fixed text of the row, or the error of an extractor. The error may quote the
    /// request, so escape it in HTML.
    pub fn detail(&self) -> &str {
        self.problem.detail.unwrap_or(self.answer.detail)
    }

    /// Returns the page at which the caller can create an account: [`sign_up_page`](crate::AuthBuilder::sign_up_page), if the login of
    /// the caller has no account.
    pub fn sign_up(&self) -> Option<&str> {
        self.problem.sign_up
    }

    /// Returns the problem as JSON (RFC 9457).
    pub fn to_json(&self) -> String {
        self.problem.to_json()
    }
}

/// A renderer of the application.
pub(crate) type Renderer = dyn Fn(&Refused<'_>, &HttpRequest) -> HttpResponse + Send + Sync;

/// A function of the application that returns the page texts for a request.
pub(crate) type TextsOf = dyn Fn(&HttpRequest) -> Messages + Send + Sync;

/// The settings of responses to denials.
pub(crate) struct ResponseSettings {
    pub(crate) base: String,
    pub(crate) renderer: Option<Box<Renderer>>,
    pub(crate) texts: Option<Box<TextsOf>>,
    /// The page at which a login without an account can create one. It must not contain characters that JSON escapes.
    pub(crate) sign_up_page: Option<String>,
    login_page: Option<String>,
    /// The accepted schemes. `bare` contains the challenge without parameters of an error for each.
    schemes: Vec<SchemeId>,
    bare: Vec<HeaderValue>,
    /// The cached bodies, by row.
    bodies: Written<Row, Bytes, 32>,
    /// The cached challenges with an error.
    lines: Written<(SchemeId, Row), HeaderValue, 16>,
}

fn is_account_required(answer: DenialResponse) -> bool {
    answer.problem == Reason::AccountRequired.response().problem
}

/// The key of a row. The status of a failed check is that of the application's error.
type Row = (u16, &'static str);

const fn row(answer: DenialResponse) -> Row {
    (answer.status, answer.problem)
}

impl ResponseSettings {
    /// Creates the settings. `login_page` and `metadata` must not contain characters that need escaping in a quoted-string.
    pub(crate) fn new(
        realm: &Realm,
        schemes: Vec<SchemeId>,
        login_page: Option<String>,
        metadata: Option<String>,
    ) -> Self {
        let bare = |scheme: &SchemeId| {
            let scheme = *scheme;
            let mut challenge = realm.bare(scheme, metadata.as_deref());
            if let Some(page) = login_page.as_ref().filter(|_| scheme == SchemeId::Session) {
                challenge.push_str(&format!(", login=\"{page}\""));
            }
            // A realm contains only valid header characters.
            HeaderValue::from_str(&challenge).unwrap_or(HeaderValue::from_static(""))
        };
        let bare = schemes.iter().map(bare).collect();
        let base = problem::DEFAULT_BASE.to_owned();
        Self {
            base,
            renderer: None,
            texts: None,
            sign_up_page: None,
            login_page,
            schemes,
            bare,
            bodies: Written::none(),
            lines: Written::none(),
        }
    }

    fn bare(&self, scheme: SchemeId) -> HeaderValue {
        let known = self.schemes.iter().zip(&self.bare).find(|(known, _)| **known == scheme);
        known.map_or(HeaderValue::from_static(""), |(_, bare)| bare.clone())
    }

    /// Returns the header line of a challenge. It is cached if it depends only on its row.
    fn line(&self, challenge: Challenge<'_>, answer: DenialResponse) -> HeaderValue {
        let scheme = challenge.scheme;
        if challenge.error().is_none() {
            return self.bare(scheme);
        }
        let write = || {
            let bare = self.bare(scheme);
            let line = [bare.as_bytes(), challenge.parameters().as_bytes()].concat();
            HeaderValue::from_maybe_shared(Bytes::from(line)).unwrap_or(bare)
        };
        if !challenge.is_of_row() {
            return write();
        }
        self.lines.get((scheme, row(answer)), write)
    }

    /// Returns the problem as a body. It is cached if it depends only on its row.
    fn body(&self, refused: &Refused<'_>) -> Bytes {
        let write = || Bytes::from(refused.to_json());
        if refused.problem.detail.is_some() { write() } else { self.bodies.get(row(refused.answer), write) }
    }

    /// Returns the page texts for a request.
    pub(crate) fn messages(&self, request: &HttpRequest) -> Messages {
        self.texts.as_ref().map_or_else(Messages::default, |texts| texts(request))
    }

    pub(crate) fn login_page(&self) -> Option<&str> {
        self.login_page.as_deref()
    }

    /// Returns the response to a denial.
    pub(crate) fn response(&self, denial: &Denial, request: &HttpRequest) -> HttpResponse {
        let answer = denial.reason.response();
        let client = ClientPreferences::of(request);
        let login = match status(answer) {
            StatusCode::UNAUTHORIZED => self.login_page.as_ref(),
            _ => self.sign_up_page.as_ref().filter(|_| is_account_required(answer)),
        };
        if let Some(page) = login.filter(|_| client.navigates && !client.is_htmx)
            && let Some(response) = to_login(page, request, denial)
        {
            return response;
        }
        let mut response = self.rendered_for(client, answer, None, request);
        self.add_headers(response.headers_mut(), denial, client.is_script);
        let headers = response.headers_mut();
        let to_login = login.filter(|_| client.is_htmx).map(|page| login_from(page, &htmx_page(request)));
        if let Some(to_login) = to_login.and_then(|to_login| HeaderValue::try_from(to_login).ok()) {
            headers.insert(HX_REDIRECT, to_login);
        }
        response
    }

    /// Renders the response to unknown paths and hidden handlers.
    pub(crate) fn not_found(&self, request: &HttpRequest) -> HttpResponse {
        self.rendered(DenialResponse::NOT_FOUND, None, request)
    }

    /// Renders a row, without the headers that a denial adds.
    pub(crate) fn rendered(&self, answer: DenialResponse, detail: Option<&str>, request: &HttpRequest) -> HttpResponse {
        self.rendered_for(ClientPreferences::of(request), answer, detail, request)
    }

    #[inline]
    fn rendered_for(
        &self,
        client: ClientPreferences,
        answer: DenialResponse,
        detail: Option<&str>,
        request: &HttpRequest,
    ) -> HttpResponse {
        let sign_up = self.sign_up_page.as_deref().filter(|_| is_account_required(answer));
        let problem = Problem { base: &self.base, answer, detail, sign_up };
        let refused = Refused { answer, problem, navigates: client.navigates };
        let mut response = match &self.renderer {
            Some(render) => {
                let mut response = render(&refused, request);
                *response.status_mut() = status(answer);
                response.headers_mut().remove(header::WWW_AUTHENTICATE);
                response.headers_mut().remove(header::RETRY_AFTER);
                response.headers_mut().remove(DPOP_NONCE);
                response
            }
            None if client.is_htmx => of_type(HTML, answer, self.messages(request).fragment(answer)),
            None if client.navigates => of_type(HTML, answer, self.messages(request).refusal(answer)),
            None => of_type(PROBLEM, answer, self.body(&refused)),
        };
        response.headers_mut().append(header::VARY, NEGOTIATED);
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
        response
    }
}

/// The kind of client that sent a request, for the format of the response.
#[derive(Clone, Copy)]
struct ClientPreferences {
    /// Whether a browser navigates, or prefers HTML to JSON.
    navigates: bool,
    is_htmx: bool,
    /// Whether a browser sent the request for a script or a resource of a page.
    is_script: bool,
}

impl ClientPreferences {
    fn of(request: &HttpRequest) -> Self {
        let mode = fetch_mode(request);
        Self {
            navigates: is_navigation(request, mode),
            is_htmx: is_htmx(request),
            is_script: mode.is_some_and(|mode| mode != "navigate"),
        }
    }
}

/// Returns a response with this body.
fn of_type(media_type: HeaderValue, answer: DenialResponse, body: impl Into<Bytes>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status(answer), BoxBody::new(body.into()));
    if media_type == HTML {
        protect_page(response.headers_mut());
    }
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Adds headers that restrict a page of this crate, and forbid frames around it, so that users see where they log in.
pub(crate) fn protect_page(headers: &mut header::HeaderMap) {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const PROBLEM: HeaderValue = HeaderValue::from_static(problem::MEDIA_TYPE);
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// The request headers that select the format of a response.
const NEGOTIATED: HeaderValue = HeaderValue::from_static("Accept, HX-Request, Sec-Fetch-Mode");

/// The purpose of a request, as sent by browsers.
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// The URL of the page in which htmx runs.
const HX_CURRENT_URL: HeaderName = HeaderName::from_static("hx-current-url");

/// The nonce for DPoP proofs (RFC 9449 §8.2).
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Returns the response to a denial if no `Auth` is available.
pub(crate) fn plain(denial: &Denial) -> HttpResponse {
    of_problem(denial.reason.response())
}

pub(crate) fn of_problem(answer: DenialResponse) -> HttpResponse {
    let problem = Problem { base: problem::DEFAULT_BASE, answer, detail: None, sign_up: None };
    let mut response = of_type(PROBLEM, answer, problem.to_json());
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// Returns the response to a failed check. A client error (4xx) of the application is used as it is. Of a server error (5xx), only
/// the status and `Retry-After` are used, because the rest belongs in the log. Otherwise the response is `ours`.
pub(crate) fn of_check(error: &actix_web::Error, ours: HttpResponse) -> HttpResponse {
    let mut own = error.error_response();
    let mut answer = if own.status().is_client_error() {
        own
    } else if own.status().is_server_error() && own.status() != ours.status() {
        let retry_after = own.headers_mut().remove(header::RETRY_AFTER).next();
        let answer = Reason::CheckFailed.response().with_status(own.status().as_u16());
        let mut answer = of_problem(answer);
        if let Some(after) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, after);
        }
        answer
    } else {
        ours
    };
    answer.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    answer
}

fn status(answer: DenialResponse) -> StatusCode {
    StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns whether the response is for a person: a browser navigates, or HTML is preferred to JSON.
pub(crate) fn navigates(request: &HttpRequest) -> bool {
    ClientPreferences::of(request).navigates
}

fn fetch_mode(request: &HttpRequest) -> Option<&str> {
    first(request.headers(), SEC_FETCH_MODE)
}

fn is_navigation(request: &HttpRequest, mode: Option<&str>) -> bool {
    match mode {
        Some(mode) => mode == "navigate",
        None => first(request.headers(), header::ACCEPT).is_some_and(prefers_html),
    }
}

fn first(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Returns whether HTML is listed with a higher weight than JSON (RFC 9110 §12.5.1).
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

/// A path on this site, with its query, which no browser interprets as another site (PROB-5).
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// Returns the path, or `/` if the text is not a local path. Browsers interpret `//host` and `/\host` as another site, and
    /// first remove tabs and line breaks.
    pub(crate) fn of(text: Option<&str>) -> Self {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let here = text.filter(|text| text.starts_with('/') && !text.starts_with("//") && plain(text));
        Self(here.unwrap_or("/").to_owned())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// Returns a redirect that is followed with GET, whatever the request method is (RFC 9110 §15.4.4).
pub(crate) fn see_other(location: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, location)).insert_header((header::CACHE_CONTROL, NO_STORE));
    response
}

/// Returns a redirect to the login page that returns here. Only for GET and HEAD, because other requests cannot be repeated.
fn to_login(page: &str, request: &HttpRequest, denial: &Denial) -> Option<HttpResponse> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let target = request.uri().path_and_query().map(|target| target.as_str());
    let mut to = login_from(page, &LocalPath::of(target));
    if let Reason::StepUpRequired(step_up) = &denial.reason
        && !step_up.acr_values.is_empty()
    {
        to.push_str(&format!("&acr_values={}", percent_encoded(&step_up.acr_values.join(" "))));
    }
    let mut response = see_other(&to);
    Some(response.insert_header((header::VARY, NEGOTIATED)).finish())
}

/// Returns the login page with the path to return to.
fn login_from(page: &str, here: &LocalPath) -> String {
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}return_to={}", percent_encoded(here.text()))
}

/// The URL that htmx navigates to instead of swapping the response in.
pub(crate) const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// The header that htmx sends with each request.
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");

/// Returns whether the request is from htmx, which inserts an HTML fragment into its page.
pub(crate) fn is_htmx(request: &HttpRequest) -> bool {
    request.headers().get(HX_REQUEST).is_some_and(|value| value == "true")
}

/// Returns the path of the page in which htmx runs, to return to after a login. Only its path is used, because the client chooses
/// the rest.
fn htmx_page(request: &HttpRequest) -> LocalPath {
    let url = first(request.headers(), HX_CURRENT_URL).and_then(|url| url.split_once("://"));
    LocalPath::of(url.and_then(|(_, rest)| rest.find('/').and_then(|slash| rest.get(slash..))))
}

/// Percent-encodes all characters except unreserved ones (RFC 3986 §2.3) and the slash.
pub(crate) fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_requires_preference_over_json_in_accept() {
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
