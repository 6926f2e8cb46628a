//! A strict single-pass reader of JSON objects, which borrows from the text and builds no tree. Also contains the quoting of
//! strings.
//!
//! # Why
//! A verifier must reject input that two parsers could read differently (RFC 7515 §10.12): duplicate member names, even if escaped,
//! trailing bytes, lone surrogates, and numbers outside the range of `f64`. `serde_json` keeps the last duplicate, and can only be
//! made to reject duplicates by building maps. Names and values are slices of the text.

mod pointer;

use std::borrow::Cow;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use smallvec::SmallVec;

pub(crate) use self::pointer::step;
pub(crate) use self::pointer::{name_of, pointer};
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

/// The initial value of name hashes, random per process.
static START: LazyLock<u32> = LazyLock::new(|| RandomState::new().hash_one(0x811C_9DC5_u32) as u32);

struct Reader<'a> {
    most: usize,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The member names of all open objects, each with a hash that makes comparisons cheap.
    names: SmallVec<[(u32, &'a str); 16]>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, most: usize) -> Self {
        Self { most, text, bytes: text.as_bytes(), at: 0, names: SmallVec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    fn members(&mut self, depth: usize, visit: &mut dyn FnMut(&str, Raw<'a>)) -> Result<(), Malformed> {
        self.eat(b'{')?;
        let outer = self.names.len();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let quoted = self.string()?;
            let name = quoted.meant().ok_or(Malformed)?;
            self.new_name(outer, quoted.inside, &name)?;
            self.space();
            self.eat(b':')?;
            self.space();
            let start = self.at;
            let lists_strings = self.value(depth)?;
            visit(&name, Raw { text: self.text.get(start..self.at).ok_or(Malformed)?, lists_strings });
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(Malformed),
            }
        }
        self.at += 1;
        self.names.truncate(outer);
        Ok(())
    }

    /// Records a member name. Fails if the innermost object already contains it, regardless of escapes, or has too many members.
    fn new_name(&mut self, outer: usize, raw: &'a str, name: &str) -> Result<(), Malformed> {
        // FNV-1a with an initial value that differs between processes, so that colliding names cannot be prepared. A collision
        // costs one comparison and does not affect the result.
        let hash = name.bytes().fold(*START, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let known = self.names.get(outer..).unwrap_or_default().iter().any(|(other_hash, other)| {
            *other_hash == hash
                && (*other == name || (other.contains('\\') && unescape(other).as_deref() == Some(name)))
        });
        self.names.push((hash, raw));
        if known || self.names.len() - outer > self.most { Err(Malformed) } else { Ok(()) }
    }

    /// Skips a value, and returns whether it was an array of strings only.
    fn value(&mut self, depth: usize) -> Result<bool, Malformed> {
        let depth = depth.checked_sub(1).ok_or(Malformed)?;
        match self.peek() {
            Some(b'[') => return self.array(depth),
            Some(b'"') => drop(self.string()?),
            Some(b'{') => self.members(depth, &mut |_, _| {})?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => return Err(Malformed),
        }
        Ok(false)
    }

    fn array(&mut self, depth: usize) -> Result<bool, Malformed> {
        self.eat(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(true);
        }
        let mut lists_strings = true;
        loop {
            self.space();
            lists_strings &= self.peek() == Some(b'"');
            self.value(depth)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(Malformed),
            }
        }
        self.at += 1;
        Ok(lists_strings)
    }

    fn word(&mut self, word: &str) -> Result<(), Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// Reads a string and validates its escapes.
    fn string(&mut self) -> Result<Quoted<'a>, Malformed> {
        self.eat(b'"')?;
        let string = self.text.get(self.at..).and_then(Quoted::first).ok_or(Malformed)?;
        if string.is_escaped {
            string.meant().ok_or(Malformed)?;
        }
        self.at += string.inside.len() + 1;
        Ok(string)
    }

    fn number(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            whole = false;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
            whole = false;
        }
        // Parsers disagree about numbers outside the range of `f64`.
        let text = self.text.get(start..self.at).ok_or(Malformed)?;
        let finite = (whole && text.len() < 300) || text.parse::<f64>().is_ok_and(f64::is_finite);
        if finite { Ok(()) } else { Err(Malformed) }
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Malformed) }
    }

    /// Skips the white space, commas and colons between names, values and elements of validated text.
    fn separators(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')) {
            self.at += 1;
        }
    }

    /// Returns the next value in validated text, or `None` at the end of the object or array.
    fn skip(&mut self) -> Option<&'a str> {
        let start = self.at;
        if matches!(self.peek()?, b'}' | b']') {
            return None;
        }
        self.value(DEPTH).ok()?;
        self.text.get(start..self.at)
    }
}

/// The text between the quotes of a string.
#[derive(Clone, Copy)]
struct Quoted<'a> {
    inside: &'a str,
    is_escaped: bool,
}

impl<'a> Quoted<'a> {
    /// Reads the string whose content starts at the beginning of `text`. Returns `None` if its closing quote is missing or it
    /// contains a control character.
    fn first(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (mut at, mut is_escaped) = (0, false);
        loop {
            at += first_special(bytes.get(at..)?)?;
            match bytes.get(at)? {
                b'"' => return Some(Self { inside: text.get(..at)?, is_escaped }),
                b'\\' => {
                    is_escaped = true;
                    at += 2;
                }
                _ => return None,
            }
        }
    }

    /// Returns the string with escapes resolved, or `None` for an invalid escape.
    fn meant(self) -> Option<Cow<'a, str>> {
        if self.is_escaped { unescape(self.inside).map(Cow::Owned) } else { Some(Cow::Borrowed(self.inside)) }
    }
}

/// Returns the position of the first byte that is not an ordinary part of a string: a quote, a backslash, or a control character,
/// which is invalid.
fn first_special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    // Sets the high bit of each byte that is less than `than`, which is at most 0x80. A borrow may also set the high bits of other
    // bytes, but only after the first match.
    let less = |word: u64, than: u64| word.wrapping_sub(ONES * than) & !word & HIGH;
    let mut at = 0;
    // Checks eight bytes at a time, while at least eight are left.
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let special =
            less(word, 0x20) | less(word ^ (ONES * u64::from(b'"')), 1) | less(word ^ (ONES * u64::from(b'\\')), 1);
        if special != 0 {
            return Some(at + special.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let is_special = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
    bytes.get(at..)?.iter().position(is_special).map(|position| at + position)
}

/// Resolves the escapes in the text between quotes. Returns `None` for an unknown escape and for half a surrogate pair.
fn unescape(inside: &str) -> Option<String> {
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        text.push(match characters.next()? {
            plain @ ('"' | '\\' | '/') => plain,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = hex(&mut characters)?;
                if (0xD800..0xDC00).contains(&first) {
                    let (Some('\\'), Some('u')) = (characters.next(), characters.next()) else { return None };
                    let second = hex(&mut characters).filter(|second| (0xDC00..0xE000).contains(second))?;
                    char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))?
                } else {
                    char::from_u32(first)?
                }
            }
            _ => return None,
        });
    }
    Some(text)
}

fn hex(characters: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut number = 0;
    for _ in 0..4 {
        number = number << 4 | characters.next()?.to_digit(16)?;
    }
    Some(number)
}

#[cfg(test)]
mod tests;
