//! Denials of requests, and the table of their responses.
//!
//! Only this module defines status codes of denials. A scheme that rejects a credential returns a [`Denial`], so no other error
//! type has to be converted to one.

mod detail;
pub mod challenge;
pub mod problem;

use std::sync::Arc;

pub use self::detail::Detail;
use crate::identity::id::Id;
use crate::identity::scheme_id::{SchemeId, SchemeSet};

/// A decision that denies a request, with the response to send and the facts to log.
#[derive(Clone, PartialEq, Eq)]
pub struct Denial {
    /// The reason, which determines the response.
    pub reason: Reason,
    /// The scheme of the presented credential, if there was one.
    pub scheme: Option<SchemeId>,
    /// The schemes that could help, for the challenges.
    pub schemes: SchemeSet,
    /// The failed literals of the rule, as written, for logs. Never part of a response.
    pub failed: Vec<&'static str>,
    /// The identity of a caller whose credential was verified, for logs.
    pub caller: Option<Id>,
    /// A fixed sentence on the cause, for logs. Never part of a response, and never quotes the request.
    pub cause: Option<&'static str>,
    /// The value that was found and the accepted values, for logs. Never part of a response or an audit event. Quotes a claim only
    /// if the signature of the token is valid, truncated by [`quoted`].
    pub detail: Option<Arc<Detail>>,
}

/// The reason for a denial, which selects a row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The server is misconfigured. The client is not at fault.
    SetUp,
    /// A check of the application failed, so that its decision is unknown.
    CheckFailed,
    /// The request contains no credential, or none that this server accepts.
    MissingCredentials,
    /// The request is malformed: it contains two credentials, bytes that are not a token68, or invalid Basic credentials.
    MalformedCredentials,
    /// The response of a login at a provider does not match the login that was started.
    LoginFailed,
    /// The credential is invalid.
    InvalidCredentials,
    /// The proof for a token is missing or invalid (RFC 9449 §7.1).
    InvalidProof,
    /// The proof must contain this nonce (RFC 9449 §9).
    NonceRequired(String),
    /// The credential was valid, and has expired.
    ExpiredCredentials,
    /// The credential was revoked.
    RevokedCredentials,
    /// The login is too old or too weak (RFC 9470).
    StepUpRequired(StepUp),
    /// An authenticated caller lacks a role, a permission or a claim.
    InsufficientPermissions,
    /// An authenticated caller lacks only OAuth 2.0 scopes. Contains the scopes that the request requires.
    InsufficientScope(Vec<&'static str>),
    /// The request names no valid tenant, and the decision depends on one.
    TenantRequired,
    /// A login has no account, and the request needs one.
    AccountRequired,
    /// The account of the caller is suspended.
    AccountSuspended,
    /// The network or country is denied, or the subject or the address is blocked.
    AccessBlocked,
    /// A state-changing cross-site request relies on something that browsers send automatically, or on its network location.
    CrossSiteRequest,
    /// Too many logins failed.
    TooManyAttempts(RetryAfter),
    /// A store or a key source is unavailable. The request is denied, never admitted.
    AuthenticationUnavailable(RetryAfter),
    /// A policy of the application is unavailable. The request is denied, never admitted.
    AuthorizationUnavailable(RetryAfter),
    /// The key of an object is missing in the query or a header, or malformed.
    MalformedKey,
    /// The body, which contains the key of an object, is malformed, or the key is missing.
    MalformedBody,
    /// The body, which contains the key of an object, arrives too slowly.
    BodyTimeout,
    /// The body, which contains the key of an object, is too large.
    BodyTooLarge,
    /// The body, which contains the key of an object, is not JSON in UTF-8 without a coding.
    UnsupportedBody,
    /// The buffers for bodies are full.
    BodyUnavailable(RetryAfter),
    /// A batch has too many keys of objects, or objects of too many tenants.
    BatchTooLarge,
}

/// The requirements of a step-up challenge (RFC 9470 §3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUp {
    /// Maximum age of the login, in seconds.
    pub max_age: Option<u32>,
    /// The accepted assurance levels, of which one is sufficient.
    pub acr_values: Vec<&'static str>,
}

/// A delay in whole seconds, at least one (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter(u32);

impl RetryAfter {
    /// Creates a delay of this many seconds. Zero becomes one.
    pub const fn seconds(seconds: u32) -> Self {
        Self(if seconds == 0 { 1 } else { seconds })
    }

    /// Returns the number of seconds for the header.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// A row of the table, which is the response to a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DenialResponse {
    /// The HTTP status.
    pub status: u16,
    /// The last segment of the problem's `type`.
    pub problem: &'static str,
    /// The problem's `title`, constant for each type (RFC 9457 §3.1.3).
    pub title: &'static str,
    /// The problem's `detail`, which states what the client can do.
    pub detail: &'static str,
    /// The `error` code of an OAuth challenge (RFC 6750 §3.1, RFC 9470 §3).
    pub error: Option<&'static str>,
}

impl DenialResponse {
    /// Returns whether the server is at fault rather than the client.
    pub const fn is_of_server(&self) -> bool {
        self.status >= 500
    }

    /// Replaces the status, for a response that the application chose.
    #[must_use]
    pub const fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// Rows for responses that are not decisions: unknown paths and extractor errors.
impl DenialResponse {
    /// The path is unknown, or the resource is hidden from this caller.
    pub const NOT_FOUND: Self = Self::of_request(
        404,
        "not-found",
        "Not found",
        "The path is unknown, or its resource is not accessible to this caller.",
    );
    /// The query or the body cannot be parsed.
    pub const MALFORMED_REQUEST: Self = Self::of_request(
        400,
        "malformed-request",
        "The request is malformed",
        "The query or the body cannot be parsed.",
    );
    /// The body is longer than the handler accepts.
    pub const CONTENT_TOO_LARGE: Self =
        Self::of_request(413, "content-too-large", "The body is too long", "Send a shorter body.");
    /// The handler does not accept the media type of the body.
    pub const UNSUPPORTED_MEDIA_TYPE: Self = Self::of_request(
        415,
        "unsupported-media-type",
        "The media type is not supported",
        "Send the body with another Content-Type.",
    );

    /// The owner has as many tokens as allowed.
    pub const TOKEN_LIMIT_REACHED: Self = Self::of_request(
        409,
        "token-limit-reached",
        "There are too many tokens",
        "Revoke a token that is no longer used.",
    );

    const fn of_request(status: u16, problem: &'static str, title: &'static str, detail: &'static str) -> Self {
        Self { status, problem, title, detail, error: None }
    }
}

impl Reason {
    /// Returns a row of the table.
    #[rustfmt::skip]
    const fn answer(status: u16, problem: &'static str, error: Option<&'static str>, title: &'static str, detail: &'static str) -> DenialResponse {
        DenialResponse { status, problem, title, detail, error }
    }

    /// Returns the row of the table with the response to this reason.
    #[rustfmt::skip] // a table is read by column
    pub const fn response(&self) -> DenialResponse {
        match self { //                              status problem type                   `error`
            Self::SetUp                        => Self::answer(500, "set-up",                     None,
                "The server is misconfigured", "The server cannot decide on this request. The reason is in its log."),
            Self::CheckFailed                  => Self::answer(500, "check-failed",               None,
                "The request cannot be checked", "The server failed to check this request. The reason is in its log."),
            Self::MissingCredentials           => Self::answer(401, "missing-credentials",        None,
                "Credentials are required", "Send a credential of a scheme that WWW-Authenticate names."),
            Self::MalformedCredentials         => Self::answer(400, "malformed-credentials",      Some("invalid_request"),
                "The credentials are malformed", "Send exactly one well-formed credential."),
            Self::LoginFailed                  => Self::answer(400, "login-failed",               None,
                "The login was not completed", "Start again at the login page."),
            Self::InvalidCredentials           => Self::answer(401, "invalid-credentials",        Some("invalid_token"),
                "The credentials are not valid", "Check the credential, or obtain a new one."),
            Self::InvalidProof                 => Self::answer(401, "invalid-dpop-proof",         Some("invalid_dpop_proof"),
                "The proof of possession is not valid", "Send one fresh proof, for this request and this token."),
            Self::NonceRequired(_)             => Self::answer(401, "dpop-nonce-required",        Some("use_dpop_nonce"),
                "The proof must contain a nonce", "Try again with the nonce in DPoP-Nonce."),
            Self::ExpiredCredentials           => Self::answer(401, "expired-credentials",        Some("invalid_token"),
                "The credentials have expired", "Obtain a new credential and try again."),
            Self::RevokedCredentials           => Self::answer(401, "revoked-credentials",        Some("invalid_token"),
                "The credentials were revoked", "Log in again."),
            Self::StepUpRequired(_)            => Self::answer(401, "step-up-required",           Some("insufficient_user_authentication"),
                "A more recent or stronger login is required", "Log in again with the parameters of WWW-Authenticate."),
            Self::InsufficientPermissions      => Self::answer(403, "insufficient-permissions",   None,
                "A permission is missing", "This account may not do this."),
            Self::InsufficientScope(_)         => Self::answer(403, "insufficient-scope",         Some("insufficient_scope"),
                "A scope is missing", "Use a credential with the required scopes. For tokens, WWW-Authenticate names them."),
            Self::TenantRequired               => Self::answer(400, "tenant-required",            None,
                "A tenant is required", "Name one tenant that this account belongs to."),
            Self::AccountRequired              => Self::answer(403, "account-required",           None,
                "An account is required", "This login has no account. Create one and try again."),
            Self::AccountSuspended             => Self::answer(403, "account-suspended",          None,
                "The account is suspended", "Ask the operator of this service."),
            Self::AccessBlocked                => Self::answer(403, "access-blocked",             None,
                "Access is blocked", "This request is not allowed."),
            Self::CrossSiteRequest             => Self::answer(403, "cross-site-request",         None,
                "Cross-site requests are refused", "Send this request from the application's own pages."),
            Self::TooManyAttempts(_)           => Self::answer(429, "too-many-attempts",          None,
                "Too many failed attempts", "Wait for the time in Retry-After."),
            Self::AuthenticationUnavailable(_) => Self::answer(503, "authentication-unavailable", None,
                "Authentication is not available", "Try again after the time in Retry-After."),
            Self::AuthorizationUnavailable(_)  => Self::answer(503, "authorization-unavailable",  None,
                "Authorization is not available", "Try again after the time in Retry-After."),
            Self::MalformedKey                 => Self::answer(400, "malformed-key",              None,
                "The key of an object is malformed", "Send the key exactly once, in the query or the header that the documentation names."),
            Self::MalformedBody                => Self::answer(400, "malformed-body",             None,
                "The body is malformed", "Send one JSON object without repeated members, with the key of the object as a string or an integer."),
            Self::BodyTimeout                  => Self::answer(408, "body-timeout",               None,
                "The body arrives too slowly", "Send the body within a few seconds."),
            Self::BodyTooLarge                 => Self::answer(413, "body-too-large",             None,
                "The body is too large", "Send a shorter body."),
            Self::UnsupportedBody              => Self::answer(415, "unsupported-body",           None,
                "The body is not supported", "Send application/json in UTF-8, without a content coding."),
            Self::BodyUnavailable(_)           => Self::answer(503, "body-unavailable",           None,
                "The server cannot read the body now", "Try again after the time in Retry-After."),
            Self::BatchTooLarge                => Self::answer(400, "batch-too-large",            None,
                "The batch is too large", "Send several requests with fewer objects."),
        }
    }

    /// Returns the `error_description` that accompanies `error`. The text is fixed (RFC 6750 §3 forbids quotes and backslashes).
    pub const fn error_description(&self) -> Option<&'static str> {
        match self {
            Self::ExpiredCredentials => Some("The token expired"),
            _ => None,
        }
    }

    /// Returns the nonce that the next proof must contain.
    pub fn nonce(&self) -> Option<&str> {
        match self {
            Self::NonceRequired(nonce) => Some(nonce),
            _ => None,
        }
    }

    /// Returns whether the server is at fault rather than the client.
    pub const fn is_of_server(&self) -> bool {
        self.response().is_of_server()
    }

    /// Returns the time to wait, if the response contains one.
    pub const fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::TooManyAttempts(after)
            | Self::AuthenticationUnavailable(after)
            | Self::AuthorizationUnavailable(after)
            | Self::BodyUnavailable(after) => Some(*after),
            _ => None,
        }
    }
}

impl Denial {
    /// Creates a denial for this reason, without a scheme.
    pub const fn new(reason: Reason) -> Self {
        Self {
            reason,
            scheme: None,
            schemes: SchemeSet::NONE,
            failed: Vec::new(),
            caller: None,
            cause: None,
            detail: None,
        }
    }

    /// Creates a denial for a rejected credential of `scheme`. `cause` is not part of the response.
    pub const fn refused(scheme: SchemeId, reason: Reason, cause: &'static str) -> Self {
        Self {
            reason,
            scheme: Some(scheme),
            schemes: SchemeSet::NONE,
            failed: Vec::new(),
            caller: None,
            cause: Some(cause),
            detail: None,
        }
    }

    /// Adds the value that was found and the accepted values, for logs.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<Detail>) -> Self {
        Self { detail: Some(Arc::new(detail.into())), ..self }
    }
}

/// Quotes untrusted text for a log. Escapes the text and truncates it to 64 characters.
///
/// ```
/// use auth_core::denial::quoted;
/// assert_eq!(quoted("account"), r#""account""#);
/// assert_eq!(quoted("a\nb"), r#""a\nb""#);
/// assert!(quoted(&"x".repeat(1000)).len() < 80);
/// ```
pub fn quoted(text: &str) -> String {
    const MOST_CHARACTERS: usize = 64;
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// Shows one short line for logs with the problem, the cause, the failed literals and the detail.
impl std::fmt::Debug for Denial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.reason.response().problem)?;
        if let Some(cause) = self.cause {
            write!(f, ": {cause}")?;
        }
        for (position, failed) in self.failed.iter().enumerate() {
            let (failed, before) = (failed.to_string(), if position == 0 { ":" } else { "," });
            // Unlike the other literals, it is not a noun.
            let no = if failed == "authenticated" { "not" } else { "no" };
            write!(f, "{before} {no} {failed}")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Denial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason.response().title)
    }
}

impl std::error::Error for Denial {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denial_reasons_have_unique_problem_types_and_quotable_text() {
        let after = RetryAfter::seconds(0);
        let rows = [
            Reason::SetUp,
            Reason::CheckFailed,
            Reason::MissingCredentials,
            Reason::MalformedCredentials,
            Reason::LoginFailed,
            Reason::InvalidCredentials,
            Reason::InvalidProof,
            Reason::NonceRequired("n".to_owned()),
            Reason::ExpiredCredentials,
            Reason::RevokedCredentials,
            Reason::StepUpRequired(StepUp::default()),
            Reason::InsufficientPermissions,
            Reason::InsufficientScope(vec![]),
            Reason::TenantRequired,
            Reason::AccountRequired,
            Reason::AccountSuspended,
            Reason::AccessBlocked,
            Reason::CrossSiteRequest,
            Reason::TooManyAttempts(after),
            Reason::AuthenticationUnavailable(after),
            Reason::AuthorizationUnavailable(after),
            Reason::MalformedKey,
            Reason::MalformedBody,
            Reason::BodyTimeout,
            Reason::BodyTooLarge,
            Reason::UnsupportedBody,
            Reason::BodyUnavailable(after),
            Reason::BatchTooLarge,
        ];
        let mut problems = std::collections::BTreeSet::new();
        let of_requests = [
            DenialResponse::NOT_FOUND,
            DenialResponse::MALFORMED_REQUEST,
            DenialResponse::CONTENT_TOO_LARGE,
            DenialResponse::UNSUPPORTED_MEDIA_TYPE,
            DenialResponse::TOKEN_LIMIT_REACHED,
        ];
        for answer in of_requests {
            assert!(problems.insert(answer.problem), "{} is repeated", answer.problem);
        }
        for row in &rows {
            let answer = row.response();
            assert!(answer.status >= 400, "{row:?}");
            assert!(problems.insert(answer.problem), "{} is repeated", answer.problem);
            // BEARER-7
            for text in answer.error.iter().chain(&row.error_description()) {
                assert!(text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)), "{text}");
            }
        }
        assert_eq!(after.get(), 1, "HTTP-16");
    }
}
