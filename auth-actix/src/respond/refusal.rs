//! The error type that carries the response to a denial.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, ResponseError};
use auth_core::denial::Denial;
use auth_core::identity::scheme_id::SchemeId;
use auth_core::policy::rule::Rule;

use super::{plain, status};

/// The response to a denial, with the denial for the log. It is the error of the response, so that outer middleware still adds its
/// headers.
pub(crate) struct Refusal {
    denial: Denial,
    /// Whether the cause is a fault of the server.
    is_fault: bool,
    handler: &'static Rule,
    method: Method,
    /// Records the audit event when the response is sent.
    audit: Option<Box<dyn Fn()>>,
    response: Cell<Option<HttpResponse>>,
}

impl Refusal {
    /// Creates the error from a response and the rest of the request body. The body is kept until the response is written: if it
    /// were dropped earlier, it would be read to its end, however slowly it arrives. `audit` records the audit event when the
    /// response is sent.
    #[inline]
    pub(crate) fn new(
        denial: Denial,
        is_fault: bool,
        handler: &'static Rule,
        method: Method,
        response: HttpResponse,
        payload: Payload,
        audit: Option<Box<dyn Fn()>>,
    ) -> Self {
        // Most denied requests have no body. This check, which `keeping` repeats, saves them a copy of the response.
        let response = if matches!(payload, Payload::None) { response } else { keeping(response, payload) };
        Self { denial, is_fault, handler, method, audit, response: Cell::new(Some(response)) }
    }

    /// Logs the reason for operators. The entry contains no data from the client except a verified identity and the method, which
    /// has no control characters.
    fn log(&self) {
        if let Some(tell) = &self.audit {
            tell();
        }
        log_denial(&self.denial, self.is_fault, self.handler, &self.method);
    }
}

/// Logs a denial, and counts it in the metrics.
pub(crate) fn log_denial(denial: &Denial, is_fault: bool, handler: &'static Rule, method: &Method) {
    auth_core::engine::metrics::count_denial(handler, denial);
    let Rule { text, target, file, line, .. } = handler;
    let problem = denial.reason.response().problem;
    let is_ours = file.is_empty();
    let (file, line) = (Some(*file).filter(|_| !is_ours), Some(*line).filter(|_| !is_ours));
    // Bounds the length of the log line. The identity is encoded, and a method has no control characters.
    let method = method.as_str().get(..32).unwrap_or(method.as_str());
    // A closure, so that nothing is formatted if the log level is disabled.
    let caller = || denial.caller.as_ref().map(|caller| caller.to_string().chars().take(128).collect::<String>());
    if is_fault {
        tracing::error!(
            target: "auth_actix", problem, ?denial, rule = text, handler = target.name(), file, line, method,
            "request refused: the server failed to evaluate the rule"
        );
    } else {
        tracing::info!(
            target: "auth_actix", problem, ?denial, rule = text, handler = target.name(), file, line, method,
            scheme = denial.scheme.map(SchemeId::name), caller = caller().map(tracing::field::debug), "request refused"
        );
    }
}

/// Formats only the denial, on one short line.
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
        status(self.denial.reason.response())
    }

    fn error_response(&self) -> HttpResponse {
        match self.response.take() {
            Some(response) => {
                self.log();
                response
            }
            None => plain(&self.denial),
        }
    }
}

/// Makes the response keep the rest of the request body until it is written, and then close the connection.
pub(crate) fn keeping(mut response: HttpResponse, payload: Payload) -> HttpResponse {
    if matches!(payload, Payload::None) {
        return response;
    }
    response.head_mut().set_connection_type(actix_http::ConnectionType::Close);
    response.map_body(|_, body| BoxBody::new(Keeping { body, _payload: payload }))
}

/// Makes a [`Refusal`] keep the rest of the request body (M6). Extractors cannot do this themselves, because other arguments may
/// read the body. Other errors are returned unchanged.
pub(crate) fn keep_body(error: actix_web::Error, payload: &mut Payload) -> actix_web::Error {
    if let Some(refusal) = error.as_error::<Refusal>()
        && let Some(response) = refusal.response.take()
    {
        refusal.response.set(Some(keeping(response, payload.take())));
    }
    error
}

/// A response body that keeps the request body.
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
