//! The `Authorization` header (RFC 9110 §11.6.2).

use super::{Extracted, SyntaxError};
use crate::identity::scheme_id::SchemeId;

/// The `Authorization` lines of a request. The field is not a list, so two lines are malformed, even identical ones; and a value
/// that is not visible ASCII is malformed, never absent.
#[derive(Clone, Copy)]
pub enum Authorization<'r> {
    /// There is no line.
    Absent,
    /// There are several lines.
    Repeated,
    /// The one line, without the white space around it.
    Line(&'r [u8]),
}

const INVISIBLE: &str = "the Authorization line is not visible ASCII";

impl<'r> Authorization<'r> {
    /// The credentials of a scheme as a token68 (RFC 9110 §11.2); `None` if the line has another name.
    ///
    /// # Errors
    /// They are no token68, or the line is not visible ASCII.
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
            None if is_visible(line) => Err(SyntaxError::malformed(Some(scheme), "the credentials are no token68")),
            None => Err(SyntaxError::malformed(None, INVISIBLE)),
        })
    }

    /// Whether the line has the name of a scheme that reads it by itself; `None` if it has another name.
    ///
    /// # Errors
    /// The line is not visible ASCII.
    pub fn of_custom_scheme(self, name: &str) -> Option<Result<(), SyntaxError>> {
        let Self::Line(line) = self else { return None };
        let named = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let is_named = named.eq_ignore_ascii_case(name.as_bytes());
        is_named.then(|| if is_visible(line) { Ok(()) } else { Err(SyntaxError::malformed(None, INVISIBLE)) })
    }

    /// What a line is whose scheme is not accepted. Also finds lines that are malformed whatever the scheme.
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

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
pub(super) fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // `-`, `.`, `/` and the digits are adjacent, and a letter matches in either case.
    let fits = |byte: u8| {
        (byte.wrapping_sub(b'-') < 13)
            | ((byte | 0x20).wrapping_sub(b'a') < 26)
            | (byte == b'_')
            | (byte == b'~')
            | (byte == b'+')
    };
    !body.is_empty() && all(body.as_bytes(), fits)
}

/// Whether all bytes fit. Without an early exit the compiler vectorizes the loop.
pub(super) fn all(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(0, |misfits, byte| misfits | u8::from(!fits(*byte))) == 0
}
