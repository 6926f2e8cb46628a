//! Keys of objects in the query, in a header, and in a JSON body (OBJ-1, OBJ-4, OBJ-5).
//!
//! # Why
//! The object that a rule has checked must be the one that the handler reads. So a key is read as the extractor of the handler would read
//! it, and everything that two parsers could read differently is refused: repeated keys and members, undecodable text, other character
//! sets, and numbers that are not integers.

use std::borrow::Cow;

use super::tenant::decoded;
use super::{Fields, single};
use crate::denial::{Denial, Reason};
use crate::runtime::strict_json::{self, Raw};

/// Maximum number of digits of an integer key.
const MAX_DIGITS: usize = 20;

/// Maximum number of members of each object in a body. The names in one object are compared with each other.
const MAX_MEMBERS: usize = 4_096;

/// The reason why a request has no usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The query or a header contains no key, repeats it, or contains text that cannot be decoded.
    Malformed(&'static str),
    /// The body is not strict JSON, or contains no key.
    Body(&'static str),
    /// The body has another media type, character set or coding.
    Unsupported(&'static str),
}

impl From<KeyError> for Denial {
    fn from(error: KeyError) -> Self {
        let (reason, cause) = match error {
            KeyError::Malformed(cause) => (Reason::MalformedKey, cause),
            KeyError::Body(cause) => (Reason::MalformedBody, cause),
            KeyError::Unsupported(cause) => (Reason::UnsupportedBody, cause),
        };
        Self { cause: Some(cause), ..Self::new(reason) }
    }
}

/// Returns the value of a query parameter.
///
/// # Errors
/// The parameter is missing, occurs twice, or cannot be decoded.
pub fn in_query(query: &str, name: &str) -> Result<String, KeyError> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut values = pairs.filter_map(|pair| {
        let (known, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_decoded(known).as_deref() == Some(name)).then_some(value)
    });
    match (values.next(), values.next()) {
        (None, _) => Err(KeyError::Malformed("the query does not contain the key of the object")),
        (Some(_), Some(_)) => Err(KeyError::Malformed("the query contains the key of the object twice")),
        (Some(value), None) => {
            form_decoded(value).ok_or(KeyError::Malformed("the key of the object in the query cannot be decoded"))
        }
    }
}

/// Decodes `application/x-www-form-urlencoded` text. `None` if an escape is incomplete, or if the result is not UTF-8.
fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    String::from_utf8(decoded(spaced.as_bytes())?).ok()
}

/// Returns the value of a header. `name` is in lower case.
///
/// # Errors
/// The header is missing, occurs twice, or is not visible ASCII text or UTF-8.
pub fn in_header(fields: &impl Fields, name: &str) -> Result<String, KeyError> {
    match single(fields, name) {
        Err(()) => Err(KeyError::Malformed("the header with the key of the object is repeated")),
        Ok(None) => Err(KeyError::Malformed("the header with the key of the object is missing")),
        Ok(Some(line)) => {
            let text = std::str::from_utf8(line.trim_ascii()).ok().filter(|text| !text.contains(char::is_control));
            text.map(str::to_owned).ok_or(KeyError::Malformed("the header with the key of the object is not text"))
        }
    }
}

/// Checks that the fields describe a JSON body in UTF-8 without a coding.
///
/// # Errors
/// They describe another body, or none.
pub fn check_media_type(fields: &impl Fields) -> Result<(), KeyError> {
    let wrong = |_| KeyError::Unsupported("a field about the body is repeated");
    let kind = single(fields, "content-type").map_err(wrong)?.and_then(|line| std::str::from_utf8(line).ok());
    if !kind.is_some_and(is_utf8_json) {
        return Err(KeyError::Unsupported("the body is not `application/json` in UTF-8"));
    }
    match single(fields, "content-encoding").map_err(wrong)? {
        Some(coding) if !coding.trim_ascii().eq_ignore_ascii_case(b"identity") => {
            Err(KeyError::Unsupported("the body has a content coding"))
        }
        _ => Ok(()),
    }
}

/// Returns whether a media type is `application/json` without another character set than UTF-8.
fn is_utf8_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let is_accepted = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) => true,
        None => parameter.is_empty(),
    };
    is_json && parts.all(is_accepted)
}

/// Returns the key at a JSON pointer of member names: a string, or an integer as it is written.
///
/// # Errors
/// The body is not strict JSON, contains a member twice anywhere, or has no such key.
pub fn in_json(body: &[u8], pointer: &str) -> Result<String, KeyError> {
    let text = std::str::from_utf8(body).map_err(|_| KeyError::Unsupported("the body is not UTF-8"))?;
    if text.starts_with('\u{feff}') {
        return Err(KeyError::Unsupported("the body begins with a byte order mark"));
    }
    let missing = KeyError::Body("the body does not contain the key of the object");
    strict_json::small_object(text, MAX_MEMBERS, |_, _| {})
        .map_err(|_| KeyError::Body("the body is not strict JSON, or not an object"))?;
    let mut steps = pointer.split('/');
    steps.next();
    let found = steps.try_fold(Raw::whole(text), |value, step| value.member(&strict_json::name_of(step)));
    key_of(found.ok_or(missing)?).map(Cow::into_owned).ok_or(missing)
}

/// Returns the text of a key: a string, or an integer of at most 20 digits as it is written.
fn key_of(value: Raw<'_>) -> Option<Cow<'_, str>> {
    if value.is_string() {
        return value.string();
    }
    integer_key(value.text()).map(Cow::Borrowed)
}

/// Returns the text, if it is an integer that a key can be: at most 20 digits, without a fraction, an exponent or a negative zero.
pub fn integer_key(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_integer && digits.len() <= MAX_DIGITS && text != "-0").then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Lines;
    use super::*;

    #[test]
    fn query_keys_are_read_as_forms_and_occur_once() {
        // OBJ-1
        let table = [
            ("id=7", Ok("7")),
            ("a=1&id=7&&b", Ok("7")),
            ("%69%64=7", Ok("7")),
            ("id=a+b%2Bc", Ok("a b+c")),
            ("id=%C3%A9", Ok("é")),
            ("id=", Ok("")),
            ("id", Ok("")),
            ("ids=7", Err(())),
            ("ID=7", Err(())),
            ("", Err(())),
            ("id=7&id=7", Err(())),
            ("id=7&%69d=8", Err(())),
            ("id=7&id", Err(())),
            ("id=%C3", Err(())),
            ("id=%zz", Err(())),
            ("id=%4", Err(())),
            ("%ff=1&id=7", Ok("7")),
        ];
        for (query, expected) in table {
            let found = in_query(query, "id");
            assert_eq!(found.as_deref().map_err(|_| ()), expected, "{query}");
        }
    }

    #[test]
    fn header_keys_are_text_and_occur_once() {
        // OBJ-1
        let table: [(&[(&str, &str)], Option<&str>); 6] = [
            (&[("x-dataset", " 7 ")], Some("7")),
            (&[("x-dataset", "ä")], Some("ä")),
            (&[("x-dataset", "7, 8")], Some("7, 8")),
            (&[("x-dataset", "7"), ("x-dataset", "7")], None),
            (&[("x-data", "7")], None),
            (&[("x-dataset", "a\tb")], None),
        ];
        for (lines, expected) in table {
            assert_eq!(in_header(&Lines(lines), "x-dataset").ok().as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn bodies_with_keys_are_json_in_utf8_without_coding() {
        // OBJ-4
        let table: [(&[(&str, &str)], bool); 15] = [
            (&[("content-type", "application/json")], true),
            (&[("content-type", "Application/JSON; charset=UTF-8")], true),
            (&[("content-type", "application/json; charset=\"utf-8\"; profile=a")], true),
            (&[("content-type", "application/json"), ("content-encoding", "identity")], true),
            (&[("content-type", "application/json;")], true),
            (&[], false),
            (&[("content-type", "text/json")], false),
            (&[("content-type", "application/json5")], false),
            (&[("content-type", "application/problem+json")], false),
            (&[("content-type", "application/json; charset=utf-16")], false),
            (&[("content-type", "application/json; charset=utf-8; charset=latin1")], false),
            (&[("content-type", "application/json, text/plain")], false),
            (&[("content-type", "application/json"), ("content-type", "application/json")], false),
            (&[("content-type", "application/json"), ("content-encoding", "gzip")], false),
            (&[("content-type", "application/json"), ("content-encoding", "identity, gzip")], false),
        ];
        for (lines, expected) in table {
            assert_eq!(check_media_type(&Lines(lines)).is_ok(), expected, "{lines:?}");
        }
    }

    #[test]
    fn body_keys_are_strings_or_plain_integers() {
        // OBJ-4, OBJ-5
        let deep = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let table = [
            (r#"{"id":7}"#.to_owned(), "/id", Some("7")),
            (r#" {"id" : "seven\u0020" } "#.to_owned(), "/id", Some("seven ")),
            (r#"{"\u0069d":7}"#.to_owned(), "/id", Some("7")),
            (r#"{"post":{"id":-7}}"#.to_owned(), "/post/id", Some("-7")),
            (r#"{"a/b":{"~":1}}"#.to_owned(), "/a~1b/~0", Some("1")),
            (r#"{"":1}"#.to_owned(), "/", Some("1")),
            (r#"{"id":18446744073709551616}"#.to_owned(), "/id", Some("18446744073709551616")),
            (r#"{"id":184467440737095516160}"#.to_owned(), "/id", None),
            (r#"{"id":7,"id":8}"#.to_owned(), "/id", None),
            (r#"{"id":7,"\u0069d":8}"#.to_owned(), "/id", None),
            (r#"{"id":7,"other":{"a":1,"a":2}}"#.to_owned(), "/id", None),
            (r#"{"id":7,"other":[{"a":1,"a":2}]}"#.to_owned(), "/id", None),
            (r#"{"id":1.0}"#.to_owned(), "/id", None),
            (r#"{"id":1e3}"#.to_owned(), "/id", None),
            (r#"{"id":-0}"#.to_owned(), "/id", None),
            (r#"{"id":07}"#.to_owned(), "/id", None),
            (r#"{"id":null}"#.to_owned(), "/id", None),
            (r#"{"id":true}"#.to_owned(), "/id", None),
            (r#"{"id":[7]}"#.to_owned(), "/id", None),
            (r#"{"id":{"a":7}}"#.to_owned(), "/id", None),
            (r#"[{"id":7}]"#.to_owned(), "/id", None),
            (r#"{"list":[7]}"#.to_owned(), "/list/0", None),
            (r#"{"id":"7"}"#.to_owned(), "/id", Some("7")),
            (r#"{"id":7}{}"#.to_owned(), "/id", None),
            (r#"{"id":7,}"#.to_owned(), "/id", None),
            (r#"{"id":7} //"#.to_owned(), "/id", None),
            (r#"{"id":"\ud800"}"#.to_owned(), "/id", None),
            (r#"{"ID":7}"#.to_owned(), "/id", None),
            (String::new(), "/id", None),
            ("\u{feff}{\"id\":7}".to_owned(), "/id", None),
            (deep(32), "/a/a", None),
            (format!("{{\"id\":7,\"deep\":{}}}", deep(30)), "/id", Some("7")),
            (format!("{{\"id\":7,\"deep\":{}}}", deep(100)), "/id", None),
        ];
        for (body, pointer, expected) in table {
            let found = in_json(body.as_bytes(), pointer).ok();
            assert_eq!(found.as_deref(), expected, "{body} {pointer}");
        }
        assert_eq!(in_json(b"{\"id\":\"\xff\"}", "/id"), Err(KeyError::Unsupported("the body is not UTF-8")));
        let utf16: Vec<u8> = "{\"id\":7}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(in_json(&utf16, "/id").is_err());
    }
}
