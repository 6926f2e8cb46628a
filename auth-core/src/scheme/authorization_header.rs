//! The `Authorization` header (RFC 9110 §11.6.2).

use super::{Extracted, SyntaxError};
use crate::identity::scheme_id::SchemeId;

/// The `Authorization` lines of a request. The field is not a list, so two lines are malformed even if they are identical. A value
/// that is not visible ASCII is malformed. It never counts as absent.
#[derive(Clone, Copy)]
pub enum Authorization<'r> {
    /// The header is absent.
    Absent,
    /// The request contains several lines.
    Repeated,
    /// The only line, without surrounding white space.
    Line(&'r [u8]),
}

const INVISIBLE: &str = "the Authorization line is not visible ASCII";

impl<'r> Authorization<'r> {
    /// Returns the credentials of a scheme as a token68 (RFC 9110 §11.2). `None` if the line belongs to another scheme.
    ///
    /// # Errors
    /// The credentials are not a token68, or the line is not visible ASCII.
    pub fn token68(self, scheme: SchemeId) -> Option<Result<&'r str, SyntaxError>> {
        let Self::Line(line) = self else { return None };
        let length = scheme.name().len();
        let (name, rest) = line.split_at_checked(length)?;
        if !name.eq_ignore_ascii_case(scheme.name().as_bytes()) || rest.first().is_some_and(|byte| *byte != b' ') {
            return None;
        }
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        let credentials = rest.get(spaces..).and_then(|rest| std::str::from_utf8(rest).ok());
        Some(match credentials.filter(|credentials| is_token68(credentials)) {
            Some(credentials) => Ok(credentials),
            None if is_visible(line) => Err(SyntaxError::malformed(Some(scheme), "the credentials are not token68")),
            None => Err(SyntaxError::malformed(None, INVISIBLE)),
        })
    }

    /// Returns the bytes after `Bearer` and its spaces, without validation.
    #[inline]
    pub(super) fn after_bearer(self) -> Option<&'r [u8]> {
        const NAME: &[u8; 7] = b"Bearer ";
        let Self::Line(line) = self else { return None };
        let (name, mut token) = line.split_first_chunk()?;
        // Almost all clients use this spelling.
        if name != NAME && !name.eq_ignore_ascii_case(NAME) {
            return None;
        }
        while let Some(rest) = token.strip_prefix(b" ") {
            token = rest;
        }
        Some(token)
    }

    /// Checks whether the line belongs to a custom scheme, which parses the credentials itself. `None` if it belongs to another
    /// scheme.
    ///
    /// # Errors
    /// The line is not visible ASCII.
    pub fn of_custom_scheme(self, name: &str) -> Option<Result<(), SyntaxError>> {
        let Self::Line(line) = self else { return None };
        let named = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let is_named = named.eq_ignore_ascii_case(name.as_bytes());
        is_named.then(|| if is_visible(line) { Ok(()) } else { Err(SyntaxError::malformed(None, INVISIBLE)) })
    }

    /// Classifies a line whose scheme is not accepted. Also detects lines that are malformed regardless of the scheme.
    pub(super) fn of_other_scheme(self) -> Extracted<'r> {
        match self {
            Self::Absent => Extracted::Absent,
            Self::Repeated => Extracted::Refused(SyntaxError::malformed(None, "two Authorization lines")),
            Self::Line(line) if !is_visible(line) => Extracted::Refused(SyntaxError::malformed(None, INVISIBLE)),
            Self::Line([]) => Extracted::Refused(SyntaxError::malformed(None, "the Authorization line is empty")),
            Self::Line(_) => Extracted::Unsupported,
        }
    }
}

fn is_visible(line: &[u8]) -> bool {
    all(line, |byte| matches!(byte, b' '..=b'~'))
}

/// Checks the syntax `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
pub(super) fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // `-`, `.`, `/` and the digits have adjacent codes. Setting bit 0x20 matches letters of either case.
    let fits = |byte: u8| {
        (byte.wrapping_sub(b'-') < 13)
            | ((byte | 0x20).wrapping_sub(b'a') < 26)
            | (byte == b'_')
            | (byte == b'~')
            | (byte == b'+')
    };
    !body.is_empty() && all(body.as_bytes(), fits)
}

/// Returns whether a token has the form of a JWT: three parts of base64url (RFC 7519 §3).
pub(super) fn has_jwt_form(token: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        !part.is_empty() && all(part, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let mut parts = token.split(|byte| *byte == b'.');
    parts.by_ref().take(3).filter(|part| is_part(part)).count() == 3 && parts.next().is_none()
}

/// Returns whether all bytes match. The loop has no early exit so that the compiler can vectorize it.
pub(super) fn all(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(0, |misfits, byte| misfits | u8::from(!fits(*byte))) == 0
}
