//! Answers to requests that no rule refuses: unknown paths, and arguments that cannot be read.

use std::any::Any;

use actix_web::error::PathError;
use actix_web::http::{StatusCode, header};
use actix_web::web::{FormConfig, JsonConfig, PathConfig, QueryConfig, ServiceConfig, to};
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError, error};
use auth_core::denial::Answer;

use crate::auth::Auth;

impl Auth {
    /// Answers unknown paths, and arguments that cannot be read, in the form of refusals: as a problem (RFC 9457), as a page where a
    /// person looks at it, or as [`AuthBuilder::render`](crate::AuthBuilder::render) shows it. For [`App::configure`](actix_web::App::configure).
    ///
    /// The status stays that of actix: 404 where a path does not fit, else 400, 413 or 415. The `detail` says what is wrong, as the text of the
    /// extractor's error does: it may quote the request, and goes to its sender.
    ///
    /// It sets the default service, and [`JsonConfig`], [`FormConfig`], [`QueryConfig`] and [`PathConfig`] with the limits of actix. A
    /// configuration that is set further inside replaces it as a whole: give that one [`error_handler`](Self::error_handler). What a
    /// scope hides (`not_found`) is answered by the scope, in the same form.
    ///
    /// ```
    /// # use actix_web::{App, post, web};
    /// # use auth_actix::{Auth, Jwt, require_auth};
    /// #[require_auth]
    /// #[post("/reports")]
    /// async fn publish(report: web::Json<u64>) -> String { report.to_string() }
    ///
    /// # let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
    /// App::new()
    ///     .configure(auth.json_errors())
    ///     .app_data(web::JsonConfig::default().limit(65_536).error_handler(auth.error_handler()))
    ///     .service(auth.scope("/api").service(publish));
    /// ```
    pub fn json_errors(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let auth = self.clone();
        move |config| {
            config.app_data(JsonConfig::default().error_handler(auth.error_handler()));
            config.app_data(FormConfig::default().error_handler(auth.error_handler()));
            config.app_data(QueryConfig::default().error_handler(auth.error_handler()));
            config.app_data(PathConfig::default().error_handler(auth.error_handler()));
            config.default_service(to(move |request: HttpRequest| {
                std::future::ready(auth.answers().not_found(&request))
            }));
        }
    }

    /// Answers the error of an extractor as [`json_errors`](Self::json_errors) does: for the `error_handler` of a configuration with a
    /// limit of its own. Errors of the server stay as they are.
    pub fn error_handler<E: ResponseError + 'static>(
        &self,
    ) -> impl Fn(E, &HttpRequest) -> Error + Clone + Send + Sync + use<E> {
        let auth = self.clone();
        move |error, request| {
            // As actix answers it without a handler: a path that does not read as a key is none.
            let is_path = (&error as &dyn Any).is::<PathError>();
            let status = if is_path { StatusCode::NOT_FOUND } else { error.status_code() };
            if !status.is_client_error() {
                return error.into();
            }
            let response = unreadable(&auth, status, &error.to_string(), request);
            error::InternalError::from_response(error, response).into()
        }
    }
}

/// The answer where an argument of the handler could not be read.
fn unreadable(auth: &Auth, status: StatusCode, detail: &str, request: &HttpRequest) -> HttpResponse {
    let row = match status {
        StatusCode::NOT_FOUND => return auth.answers().not_found(request),
        StatusCode::PAYLOAD_TOO_LARGE => Answer::CONTENT_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Answer::UNSUPPORTED_MEDIA_TYPE,
        _ => Answer::MALFORMED_REQUEST,
    };
    let row = Answer { status: status.as_u16(), ..row };
    let mut response = auth.answers().rendered(row, Some(detail), request);
    // No body of another type than it says, whatever of the request it quotes.
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}
