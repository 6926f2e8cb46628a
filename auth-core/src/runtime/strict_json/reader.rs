//! The reader of objects, arrays and values.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use smallvec::SmallVec;

use super::string::{Quoted, unescape};
use super::{DEPTH, Malformed, Raw};

/// The initial value of name hashes, random per process.
static START: LazyLock<u32> = LazyLock::new(|| RandomState::new().hash_one(0x811C_9DC5_u32) as u32);

pub(super) struct Reader<'a> {
    most: usize,
    text: &'a str,
    bytes: &'a [u8],
    pub(super) at: usize,
    /// The member names of all open objects, each with a hash that makes comparisons cheap.
    names: SmallVec<[(u32, &'a str); 16]>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, most: usize) -> Self {
        Self { most, text, bytes: text.as_bytes(), at: 0, names: SmallVec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn space(&mut self) {
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

    pub(super) fn members(&mut self, depth: usize, visit: &mut dyn FnMut(&str, Raw<'a>)) -> Result<(), Malformed> {
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
    pub(super) fn separators(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')) {
            self.at += 1;
        }
    }

    /// Returns the next value in validated text, or `None` at the end of the object or array.
    pub(super) fn skip(&mut self) -> Option<&'a str> {
        let start = self.at;
        if matches!(self.peek()?, b'}' | b']') {
            return None;
        }
        self.value(DEPTH).ok()?;
        self.text.get(start..self.at)
    }
}
