//! Errors of issuing, rotating and revoking tokens.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use auth_core::denial::{Denial, DenialResponse, Reason, RetryAfter};
use auth_core::store::tokens::TokenRecordError;

use crate::respond;

/// An error of issuing, rotating or revoking a token. Handlers may return it as a response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The caller may not issue the token: 403. Also 401 if its credential is no longer valid, and 503 if its rights are unavailable.
    #[error("{0}")]
    Denied(Denial),
    /// The store is unavailable or full: 503. No token was issued.
    #[error("the store of tokens is unavailable")]
    Unavailable,
    /// The store only finds tokens: 500.
    #[error("the store of tokens cannot be changed")]
    ReadOnly,
    /// The name or the limits of the token are invalid: 400.
    #[error("{0}")]
    Invalid(TokenRecordError),
    /// The owner has [`Tokens::MAX_PER_OWNER`](super::Tokens::MAX_PER_OWNER) valid tokens, or 1,000 tokens that are stored: 409.
    /// Expired and revoked tokens are stored for 30 days.
    #[error("the owner has too many tokens")]
    LimitReached,
    /// The token to rotate is unknown, expired or revoked, or was rotated before: 404.
    #[error("there is no such token")]
    UnknownToken,
    /// The settings do not allow such a token: 500. Contains the reason, such as an `Auth` that is not built yet.
    #[error("{0}")]
    SetUp(&'static str),
}

impl IssueError {
    /// Returns the row of the table of responses.
    pub(super) fn row(&self) -> DenialResponse {
        match self {
            Self::Denied(denial) => denial.reason.response(),
            Self::Unavailable => Reason::AuthenticationUnavailable(RetryAfter::seconds(5)).response(),
            Self::ReadOnly | Self::SetUp(_) => Reason::SetUp.response(),
            Self::Invalid(_) => DenialResponse::MALFORMED_REQUEST,
            Self::LimitReached => DenialResponse::TOKEN_LIMIT_REACHED,
            Self::UnknownToken => DenialResponse::NOT_FOUND,
        }
    }

    /// Logs the cause, which is not part of the response.
    pub(super) fn log(&self) {
        match self {
            Self::Denied(denial) => tracing::info!(target: "auth_actix", ?denial, "a token was not issued"),
            Self::ReadOnly | Self::SetUp(_) | Self::Unavailable => {
                tracing::error!(target: "auth_actix", error = %self, "a token could not be issued, rotated or revoked");
            }
            Self::Invalid(_) | Self::LimitReached | Self::UnknownToken => {}
        }
    }
}

impl ResponseError for IssueError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        respond::of_problem(self.row())
    }
}
