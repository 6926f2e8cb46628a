//! Escaped text within one line of a file. Characters that a line cannot contain are escaped, so that reading restores the written
//! text.
//!
//! # Why
//! Subjects, token ids and owners are text from third parties. A line break in one would start a second line, and a trailing space
//! is invisible. Percent encoding was rejected because issuers are URLs, in which `%20` already has a meaning.

use std::fmt::Write as _;

/// Escapes text so that [`unescape`] restores it. Control characters, white space other than a space, a space at either end, and
/// characters that the format reserves are written as `\u{…}`. A backslash is doubled.
pub(crate) fn escape(text: &str, is_reserved: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    let blank = |position: usize| position == 0 || position + 1 == text.len();
    for (position, one) in text.char_indices() {
        match one {
            '\\' => escaped.push_str("\\\\"),
            ' ' if !blank(position) && !is_reserved(' ') => escaped.push(' '),
            one if one.is_control() || one.is_whitespace() || is_reserved(one) => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(one));
            }
            one => escaped.push(one),
        }
    }
    escaped
}

/// Restores text that [`escape`] has written. Returns `None` for an unknown escape, a control character, or white space at either
/// end.
pub(crate) fn unescape(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) || text.trim() != text {
        return None;
    }
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        rest = match after.strip_prefix('\\') {
            Some(rest) => {
                plain.push('\\');
                rest
            }
            None => {
                let (code, rest) = after.strip_prefix("u{")?.split_once('}')?;
                let digits = (1..=6).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_hexdigit());
                plain.push(u32::from_str_radix(code, 16).ok().filter(|_| digits).and_then(char::from_u32)?);
                rest
            }
        };
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn escaped_text_round_trips(text in "(?s).{0,32}") {
            for reserved in ["", " ", ", -:"] {
                let line = escape(&text, |one| reserved.contains(one));
                prop_assert_eq!(unescape(&line), Some(text.clone()));
                prop_assert!(!line.contains(|one: char| one.is_control() || reserved.contains(one)));
                prop_assert_eq!(line.trim(), line.as_str());
            }
        }
    }

    #[test]
    fn invalid_escapes_are_rejected() {
        for text in [
            r"\",
            r"\x",
            r"\u",
            r"\u{}",
            r"\u{d800}",
            r"\u{110000}",
            r"\u{+1}",
            r"\u{0000001}",
            " a",
            "a\t",
            "a\tb",
            "a\nb",
        ] {
            assert_eq!(unescape(text), None, "{text}");
        }
        assert_eq!(unescape(r"CORP\\alice\u{20}"), Some(r"CORP\alice ".to_owned()));
    }
}
