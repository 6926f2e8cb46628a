//! Login and logout endpoints, for applications that do not write their own.

use std::future::{Future, poll_fn};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::web::{self, BytesMut, Query};
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, Resource};
use auth_core::denial::{Denial, Reason};
use auth_core::store::users::PasswordCredentials;
use futures_core::Stream as _;
use serde::Deserialize;

use crate::auth::Auth;
use crate::extract::session::{LOGIN, Session};
use crate::respond::{self, LocalPath, Messages};
use crate::scope::{GuardedService, guarded};

/// The body of a login request, as a form or as JSON.
#[derive(Deserialize)]
struct Posted {
    username: String,
    password: String,
    /// Any value except `false`: the browser keeps the session.
    remember: Option<serde_json::Value>,
    return_to: Option<String>,
}

/// The body of a login, and whether it is a form. Errors are only a status, because messages of parsers quote their input, which
/// contains a password.
struct Body {
    posted: Posted,
    is_form: bool,
}

impl FromRequest for Body {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.content_type().to_ascii_lowercase();
        let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let mut payload = payload.take();
        Box::pin(async move {
            let read = read(&kind, announced.unwrap_or(0), &mut payload).await;
            read.map_err(|status| {
                let mut response = HttpResponse::build(status);
                let response = response.insert_header((CACHE_CONTROL, "no-store")).finish();
                InternalError::from_response(
                    "the body of the login cannot be parsed",
                    respond::keeping(response, payload),
                )
                .into()
            })
        })
    }
}

/// Reads the body of a login. The error is only a status.
async fn read(kind: &str, announced: usize, payload: &mut Payload) -> Result<Body, StatusCode> {
    let is_form = match kind {
        "application/json" => false,
        "application/x-www-form-urlencoded" => true,
        _ => return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    };
    if announced > LONGEST {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = poll_fn(|context| Pin::new(&mut *payload).poll_next(context)).await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if body.len() + chunk.len() > LONGEST {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        body.extend_from_slice(&chunk);
    }
    let posted = if is_form {
        std::str::from_utf8(&body).ok().and_then(|body| Query::from_query(body).ok()).map(Query::into_inner)
    } else {
        serde_json::from_slice(&body).ok()
    };
    posted.map(|posted| Body { posted, is_form }).ok_or(StatusCode::BAD_REQUEST)
}

#[derive(Deserialize)]
struct LoginQuery {
    return_to: Option<String>,
}

/// The maximum length of a login body, in bytes.
const LONGEST: usize = 8 * 1024;

impl Auth {
    /// Returns the login endpoint, at [`login_page`](crate::AuthBuilder::login_page) or at `/login`: the page, and the target of
    /// its form. Register it in a scope whose path is empty.
    ///
    /// `POST` accepts `username`, `password`, `remember` and `return_to`, as a form or as JSON. A form is redirected to
    /// `return_to`, or to `/` without it. The response to JSON is 204.
    ///
    /// ```
    /// use actix_web::App;
    /// use auth_actix::Auth;
    /// use auth_actix::password::UsersFile;
    /// use auth_actix::session::Sessions;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let users = UsersFile::parse("")?;
    /// let auth = Auth::builder().session(Sessions::memory()).users(users).login_page("/login").build()?;
    /// App::new().service(auth.scope("").service(auth.login()).service(auth.logout("/logout")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn login(&self) -> GuardedService<Resource> {
        let path = self.responses().login_page().unwrap_or("/login");
        let path = path.split('?').next().unwrap_or(path);
        let resource =
            web::resource(path).route(web::get().to(show)).route(web::head().to(show)).route(web::post().to(log_in));
        guarded(&LOGIN, resource)
    }

    /// Returns the logout endpoint. `POST` ends the session of the browser and redirects to the login page. With login at a
    /// provider, it redirects to `/`, because the provider may still have a session and could log the user in again immediately.
    pub fn logout(&self, path: &str) -> GuardedService<Resource> {
        guarded(&LOGIN, web::resource(path).route(web::post().to(log_out)))
    }
}

async fn show(session: Session, request: HttpRequest, asked: Query<LoginQuery>) -> HttpResponse {
    let page = session.messages(&request).login(LocalPath::of(asked.return_to.as_deref()).text(), None);
    let mut response = HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).content_type(HTML).body(page);
    respond::protect_page(response.headers_mut());
    response
}

const HTML: &str = "text/html; charset=utf-8";

async fn log_in(
    session: Session,
    request: HttpRequest,
    Body { posted, is_form }: Body,
) -> actix_web::Result<HttpResponse> {
    let Posted { username, password, remember, return_to } = posted;
    let return_to = LocalPath::of(return_to.as_deref());
    let remember = remember.is_some_and(|remember| !matches!(remember, serde_json::Value::Bool(false)));
    match session.check_password(PasswordCredentials::new(username, password), remember).await {
        Ok(cookie) => {
            let mut response = lead(&request, is_form, &return_to);
            response.append_header(cookie);
            Ok(response.finish())
        }
        Err(denial) => {
            let texts = session.messages(&request);
            let wrong = wrong(&denial, &texts);
            let is_read = is_form && !denial.reason.is_of_server() && respond::navigates(&request);
            let mut response = session.deny(denial).error_response();
            if is_read {
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
                respond::protect_page(response.headers_mut());
                response = response.set_body(texts.login(return_to.text(), Some(&wrong))).map_into_boxed_body();
            }
            Ok(response)
        }
    }
}

async fn log_out(session: Session, request: HttpRequest) -> actix_web::Result<HttpResponse> {
    let cookie = session.log_out().await?;
    let to = LocalPath::of(session.page_after_log_out());
    let mut response = lead(&request, respond::navigates(&request), &to);
    Ok(response.append_header(cookie).finish())
}

/// Returns the response after a login or logout: a redirect for a browser, `HX-Redirect` for htmx, otherwise 204.
fn lead(request: &HttpRequest, follows: bool, to: &LocalPath) -> actix_web::HttpResponseBuilder {
    if respond::is_htmx(request) {
        let mut response = HttpResponse::Ok();
        response.insert_header((respond::HX_REDIRECT, to.text()));
        response
    } else if follows {
        respond::see_other(to.text())
    } else {
        HttpResponse::NoContent()
    }
}

/// Returns the message of the page for a failed login. It does not reveal more than the response.
fn wrong(denial: &Denial, texts: &Messages) -> String {
    match denial.reason {
        Reason::TooManyAttempts(after) => texts.too_many.replace("{}", &after.get().to_string()),
        Reason::CrossSiteRequest => texts.other_site.to_string(),
        _ => texts.wrong.to_string(),
    }
}
