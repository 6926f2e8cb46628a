//! Denials of tokens.

use std::borrow::Cow;

use crate::denial::{Denial, Reason, quoted};
use crate::identity::scheme_id::SchemeId;
use crate::runtime::strict_json::Raw;

/// Returns the denial of an invalid token.
pub(super) fn invalid(cause: &'static str) -> Denial {
    Denial::refused(SchemeId::Bearer, Reason::InvalidCredentials, cause)
}

/// Formats a value for the log, with bounded length: a string in quotes, and any other value as its JSON text.
pub(super) fn shown(value: Raw<'_>) -> String {
    match value.string() {
        Some(text) => quoted(&text),
        None => {
            let text: Cow<'_, str> = match value.text().char_indices().nth(128) {
                Some((end, _)) => format!("{}…", value.text().get(..end).unwrap_or_default()).into(),
                None => value.text().into(),
            };
            text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
        }
    }
}
