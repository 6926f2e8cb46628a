//! A strict single-pass reader of JSON objects, which borrows from the text and builds no tree. Also contains the quoting of
//! strings.
//!
//! # Why
//! A verifier must reject input that two parsers could read differently (RFC 7515 §10.12): duplicate member names, even if escaped,
//! trailing bytes, lone surrogates, and numbers outside the range of `f64`. `serde_json` keeps the last duplicate, and can only be
//! made to reject duplicates by building maps. Names and values are slices of the text.

mod pointer;
mod string;
mod reader;

use std::borrow::Cow;

pub(crate) use self::pointer::step;
pub(crate) use self::pointer::{name_of, pointer};
use self::reader::Reader;
use self::string::Quoted;
use crate::runtime::clock::Timestamp;

/// An error: the text is not a strict JSON object. Contains no details, because finding the mistake is up to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Returns `text` as a JSON string literal, in the form in which it is read back.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Maximum nesting depth of objects and arrays.
const DEPTH: usize = 32;

/// Maximum number of members in one object. Each name is compared with all names before it.
const MEMBERS: usize = 512;

/// Checks that `text` is exactly one JSON object, and passes each of its top-level members to `visit`.
pub(crate) fn object<'a>(text: &'a str, visit: impl FnMut(&str, Raw<'a>)) -> Result<(), Malformed> {
    small_object(text, MEMBERS, visit)
}

/// Like [`object`], with a custom limit on the members of each object, for input from unauthenticated senders.
pub(crate) fn small_object<'a>(
    text: &'a str,
    most: usize,
    mut visit: impl FnMut(&str, Raw<'a>),
) -> Result<(), Malformed> {
    let mut reader = Reader::new(text, most);
    reader.space();
    reader.members(DEPTH, &mut visit)?;
    reader.space();
    if reader.at == text.len() { Ok(()) } else { Err(Malformed) }
}

/// A JSON value that [`object`] has validated, as it is written in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    text: &'a str,
    /// Whether validation found an array of strings only.
    lists_strings: bool,
}

impl<'a> Raw<'a> {
    /// Returns the value at this span of a text that [`object`] has validated.
    pub(crate) fn at(text: &'a str, span: Span) -> Self {
        Self::passed(text.get(span.start as usize..span.end as usize).unwrap_or("null"))
    }

    /// Returns the whole object of a text that [`object`] has validated.
    pub(crate) fn whole(text: &'a str) -> Self {
        Self::passed(text.trim_matches([' ', '\t', '\n', '\r']))
    }

    /// Wraps a value that [`object`] has validated.
    const fn passed(text: &'a str) -> Self {
        Self { text, lists_strings: false }
    }

    /// Returns the span of the value in `text`, from which it was read.
    pub(crate) fn span(self, text: &str) -> Span {
        let start = (self.text.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        // Tokens are capped far below 4 GiB.
        Span { start: start as u32, end: (start + self.text.len()) as u32 }
    }

    /// Returns the JSON text of the value.
    pub(crate) fn text(self) -> &'a str {
        self.text
    }

    /// Returns the string with escapes resolved, or `None` for any other type.
    pub(crate) fn string(self) -> Option<Cow<'a, str>> {
        Quoted::first(self.text.strip_prefix('"')?)?.meant()
    }

    /// Returns whether both values are the same string, regardless of escapes.
    pub(crate) fn is_same_string(self, other: Raw<'_>) -> bool {
        let is_escaped = self.text.contains('\\') || other.text.contains('\\');
        match is_escaped {
            true => self.string().is_some_and(|text| other.string().is_some_and(|other| text == other)),
            false => self.is_string() && self.text == other.text,
        }
    }

    /// Returns whether the value is a string.
    pub(crate) fn is_string(self) -> bool {
        self.text.starts_with('"')
    }

    /// Returns whether the value is an array of strings only.
    pub(crate) fn lists_strings(self) -> bool {
        self.lists_strings || self.strings().is_some_and(|mut all| all.all(|one| one.is_some()))
    }

    /// Returns the elements of the array, or `None` for any other type.
    pub(crate) fn elements(self) -> Option<impl Iterator<Item = Raw<'a>>> {
        let inside = self.text.strip_prefix('[')?;
        let mut reader = Reader::new(inside, MEMBERS);
        Some(std::iter::from_fn(move || {
            reader.separators();
            let element = reader.skip()?;
            Some(Raw::passed(element))
        }))
    }

    /// Returns the strings of the array, or `None` for any other type. An element that is not a string is returned as `None` and
    /// ends the iteration. Faster than [`elements`](Self::elements) for long lists.
    pub(crate) fn strings(self) -> Option<impl Iterator<Item = Option<Cow<'a, str>>>> {
        let mut rest = self.text.strip_prefix('[')?;
        Some(std::iter::from_fn(move || {
            rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ',']);
            let Some(inside) = rest.strip_prefix('"') else {
                // The iteration ends at the end of the array, and after an element that is not a string.
                let is_end = rest.starts_with(']');
                rest = "]";
                return (!is_end).then_some(None);
            };
            let string = Quoted::first(inside)?;
            rest = inside.get(string.inside.len() + 1..)?;
            Some(string.meant())
        }))
    }

    /// Returns the member with this name, or `None` if it is missing, and for any other type.
    pub(crate) fn member(self, name: &str) -> Option<Raw<'a>> {
        let inside = self.text.strip_prefix('{')?;
        let mut reader = Reader::new(inside, MEMBERS);
        loop {
            reader.separators();
            let found = Raw::passed(reader.skip()?).string()?;
            reader.separators();
            let value = reader.skip()?;
            if found == name {
                return Some(Raw::passed(value));
            }
        }
    }

    /// Returns whether the value is an object.
    pub(crate) fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    /// Returns the members of the object with their names, or `None` for any other type.
    pub(crate) fn members(self) -> Option<impl Iterator<Item = (Cow<'a, str>, Raw<'a>)>> {
        let inside = self.text.strip_prefix('{')?;
        let mut reader = Reader::new(inside, MEMBERS);
        Some(std::iter::from_fn(move || {
            reader.separators();
            let name = Raw::passed(reader.skip()?).string()?;
            reader.separators();
            Some((name, Raw::passed(reader.skip()?)))
        }))
    }

    /// Returns whether the value is an object with exactly this number of members.
    pub(crate) fn is_object_of(self, members: usize) -> bool {
        let Some(inside) = self.text.strip_prefix('{') else { return false };
        let mut reader = Reader::new(inside, MEMBERS);
        let values = std::iter::from_fn(|| {
            reader.separators();
            reader.skip()
        });
        values.count() == 2 * members
    }

    /// Returns a `NumericDate` (RFC 7519 §2), rounded down and rounded up to whole seconds. Returns `None` for any other type, and
    /// for more than 2^53 seconds, where an `f64` does not represent fractions.
    pub(crate) fn numeric_date(self) -> Option<(Timestamp, Timestamp)> {
        const MOST: f64 = 9_007_199_254_740_992.0;
        if !self.text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return None;
        }
        if let Ok(whole) = self.text.parse::<i64>() {
            return (whole.unsigned_abs() <= MOST as u64)
                .then_some((Timestamp::from_seconds(whole), Timestamp::from_seconds(whole)));
        }
        let number: f64 = self.text.parse().ok()?;
        (number.abs() <= MOST)
            .then(|| (Timestamp::from_seconds(number.floor() as i64), Timestamp::from_seconds(number.ceil() as i64)))
    }
}

/// A byte range in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

#[cfg(test)]
mod tests;
