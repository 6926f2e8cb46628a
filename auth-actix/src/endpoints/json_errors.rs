//! Responses to unknown paths and to extractor errors, in the format of denials.

use std::any::Any;

use actix_web::error::PathError;
use actix_web::http::{StatusCode, header};
use actix_web::web::{FormConfig, JsonConfig, PathConfig, QueryConfig, ServiceConfig, to};
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError, error};
use auth_core::denial::DenialResponse;

use crate::auth::Auth;

impl Auth {
    /// Returns a configuration for [`App::configure`](actix_web::App::configure) that renders unknown paths and extractor errors in the
    /// format of denials: as a problem (RFC 9457), as a page for browsers that navigate, or by
    /// [`AuthBuilder::render`](crate::AuthBuilder::render).
    ///
    /// The status is that of actix: 404 for a path segment that does not parse, otherwise 400, 413 or 415. `detail` contains the
    /// message of the extractor's error, which may quote the request. It is sent only to the client of that request.
    ///
    /// Sets the default service, and [`JsonConfig`], [`FormConfig`], [`QueryConfig`] and [`PathConfig`] with the limits of actix. A
    /// configuration set closer to the handler replaces it: pass [`error_handler`](Self::error_handler) to that one. Scopes with
    /// hidden handlers (`not_found`) respond to unknown paths themselves, in the same format.
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
                std::future::ready(auth.responses().not_found(&request))
            }));
        }
    }

    /// Returns an error handler that renders extractor errors like [`json_errors`](Self::json_errors), for configurations with their
    /// own limits. Errors with a status of 500 and above are returned unchanged.
    pub fn error_handler<E: ResponseError + 'static>(
        &self,
    ) -> impl Fn(E, &HttpRequest) -> Error + Clone + Send + Sync + use<E> {
        let auth = self.clone();
        move |error, request| {
            // The status of actix without an error handler; with one, it would be 400.
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

/// Renders an extractor error with this status.
fn unreadable(auth: &Auth, status: StatusCode, detail: &str, request: &HttpRequest) -> HttpResponse {
    let row = match status {
        StatusCode::NOT_FOUND => return auth.responses().not_found(request),
        StatusCode::PAYLOAD_TOO_LARGE => DenialResponse::CONTENT_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => DenialResponse::UNSUPPORTED_MEDIA_TYPE,
        _ => DenialResponse::MALFORMED_REQUEST,
    };
    let row = row.with_status(status.as_u16());
    let mut response = auth.responses().rendered(row, Some(detail), request);
    // The body may quote the request.
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}
