//! Denials as errors of application code.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::respond;

/// A denial as an error of application code, such as a loader. Its response has no challenges.
pub struct Denial(auth_core::denial::Denial);

impl Denial {
    /// Returns the status of the response.
    pub const fn status(&self) -> u16 {
        self.0.reason.response().status
    }
}

impl From<auth_core::denial::Denial> for Denial {
    fn from(denial: auth_core::denial::Denial) -> Self {
        Self(denial)
    }
}

/// Shows the title of the problem, and the cause if it is known. For logs.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.reason.response().title)?;
        self.0.cause.map_or(Ok(()), |cause| write!(f, ": {cause}"))
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
        respond::plain(&self.0)
    }
}
