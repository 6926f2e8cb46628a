//! A refusal on its way out: the error of the response.

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

/// A refusal on its way out: the response, and the denial for whoever logs. It is the error of the response, so that
/// outer middleware still adds its headers.
pub(crate) struct Refusal {
    denial: Denial,
    /// Whether the server is at fault.
    is_fault: bool,
    handler: &'static Rule,
    method: Method,
    /// Tells the audit, when it is answered with.
    audit: Option<Box<dyn Fn()>>,
    response: Cell<Option<HttpResponse>>,
}

impl Refusal {
    /// Of a response, and the rest of the request's body, which is kept until the response is written: dropped earlier, it
    /// would be read to its end, however slowly it comes. `audit` tells the audit, when it is answered with.
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
        let response = if matches!(payload, Payload::None) { response } else { keeping(response, payload) };
        Self { denial, is_fault, handler, method, audit, response: Cell::new(Some(response)) }
    }

    /// Tells why, for whoever runs the server. Nothing that the client wrote is in it, but for a verified identity and the
    /// method, which has no control characters.
    fn log(&self) {
        let Self { denial, is_fault, handler: Rule { text, target, file, line, .. }, method, audit, .. } = self;
        auth_core::engine::metrics::count_denial(self.handler, denial);
        if let Some(tell) = audit {
            tell();
        }
        let problem = denial.reason.response().problem;
        let is_ours = file.is_empty();
        let (file, line) = (Some(*file).filter(|_| !is_ours), Some(*line).filter(|_| !is_ours));
        // No longer than a line bears; the identity is encoded, and a method has no control characters.
        let method = method.as_str().get(..32).unwrap_or(method.as_str());
        // Where nobody reads the log, none of it is made.
        let caller = || denial.caller.as_ref().map(|caller| caller.to_string().chars().take(128).collect::<String>());
        if *is_fault {
            tracing::error!(
                target: "auth_actix", problem, ?denial, rule = text, handler = target.name(), file, line, method,
                "request refused: the server cannot decide"
            );
        } else {
            tracing::info!(
                target: "auth_actix", problem, ?denial, rule = text, handler = target.name(), file, line, method,
                scheme = denial.scheme.map(SchemeId::name), caller = caller().map(tracing::field::debug), "request refused"
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

/// The response, which keeps what is left of the request's body until it is written, and then closes the connection.
pub(crate) fn keeping(mut response: HttpResponse, payload: Payload) -> HttpResponse {
    if matches!(payload, Payload::None) {
        return response;
    }
    response.head_mut().set_connection_type(actix_http::ConnectionType::Close);
    response.map_body(|_, body| BoxBody::new(Keeping { body, _payload: payload }))
}

/// Makes a refusal of ours keep what is left of the request's body (M6): arguments cannot, as others may want the body. Other errors
/// are left alone.
pub(crate) fn keep_body(error: actix_web::Error, payload: &mut Payload) -> actix_web::Error {
    if let Some(refusal) = error.as_error::<Refusal>()
        && let Some(response) = refusal.response.take()
    {
        refusal.response.set(Some(keeping(response, payload.take())));
    }
    error
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
