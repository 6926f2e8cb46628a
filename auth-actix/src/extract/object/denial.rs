//! Denials as errors of application code.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use auth_core::denial::{DenialResponse, Reason};

use crate::auth::Auth;
use crate::respond;

/// A denial as an error of application code, such as a loader or a handler that asks an [`Authorizer`](crate::Authorizer).
///
/// A handler returns it with `?`. The response is a problem (RFC 9457). That of an [`Authorizer`](crate::Authorizer) has the challenges of
/// the accepted schemes.
pub struct Denial(Box<Inner>);

struct Inner {
    denial: auth_core::denial::Denial,
    answer: DenialResponse,
    /// The settings of the response.
    auth: Option<Auth>,
}

impl Denial {
    /// Returns the status of the response.
    pub fn status(&self) -> u16 {
        self.0.answer.status
    }

    /// Returns the denial of an object that does not exist for the caller.
    pub(crate) fn hidden(cause: &'static str) -> Self {
        let denial = auth_core::denial::Denial::new(Reason::InsufficientPermissions);
        Self::new(auth_core::denial::Denial { cause: Some(cause), ..denial }, DenialResponse::NOT_FOUND)
    }

    /// Returns the denial for a failure of the application that has this status.
    pub(crate) fn of_failure(cause: &'static str, status: StatusCode) -> Self {
        let answer = Reason::CheckFailed.response();
        let is_failure = status.is_client_error() || status.is_server_error();
        let answer = if is_failure { answer.with_status(status.as_u16()) } else { answer };
        let denial = auth_core::denial::Denial::new(Reason::CheckFailed);
        Self::new(auth_core::denial::Denial { cause: Some(cause), ..denial }, answer)
    }

    fn new(denial: auth_core::denial::Denial, answer: DenialResponse) -> Self {
        Self(Box::new(Inner { denial, answer, auth: None }))
    }

    /// Returns the denial with the settings for its response.
    pub(crate) fn of(mut self, auth: &Auth) -> Self {
        self.0.auth = Some(auth.clone());
        self
    }

    pub(crate) fn parts(&mut self) -> (&mut auth_core::denial::Denial, DenialResponse) {
        (&mut self.0.denial, self.0.answer)
    }
}

impl From<auth_core::denial::Denial> for Denial {
    fn from(denial: auth_core::denial::Denial) -> Self {
        let answer = denial.reason.response();
        Self::new(denial, answer)
    }
}

/// Shows the title of the problem, and the cause if it is known. For logs.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.answer.title)?;
        self.0.denial.cause.map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Denial {}

impl ResponseError for Denial {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        match &self.0.auth {
            Some(auth) => auth.responses().without_request(&self.0.denial, self.0.answer),
            None => respond::of_problem(self.0.answer),
        }
    }
}
