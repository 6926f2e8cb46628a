//! Strings and their escapes.

use std::borrow::Cow;

/// The text between the quotes of a string.
#[derive(Clone, Copy)]
pub(super) struct Quoted<'a> {
    pub(super) inside: &'a str,
    pub(super) is_escaped: bool,
}

impl<'a> Quoted<'a> {
    /// Reads the string whose content starts at the beginning of `text`. Returns `None` if its closing quote is missing or it
    /// contains a control character.
    pub(super) fn first(text: &'a str) -> Option<Self> {
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
    pub(super) fn meant(self) -> Option<Cow<'a, str>> {
        if self.is_escaped { unescape(self.inside).map(Cow::Owned) } else { Some(Cow::Borrowed(self.inside)) }
    }
}

/// Returns the position of the first byte that is not an ordinary part of a string: a quote, a backslash, or a control character,
/// which is invalid.
pub(super) fn first_special(bytes: &[u8]) -> Option<usize> {
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
pub(super) fn unescape(inside: &str) -> Option<String> {
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
