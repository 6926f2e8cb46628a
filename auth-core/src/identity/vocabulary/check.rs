//! Compile-time lookup of names, with "did you mean" suggestions. All functions are `const fn`. A panic is a compile error at the
//! literal whose span the attribute gives to the call.
#![allow(clippy::indexing_slicing, reason = "const code has no `get`; every index is bounded by the loop around it")]

use super::{NO_INDEX, Vocabulary};

/// Checks that `vocabulary` declares the name `written`.
///
/// # Panics
/// Panics at compile time if the name is unknown or an alias. The message is for the user, and suggests a similar name or the name
/// of the alias.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_name(vocabulary: &Vocabulary, written: &str) {
    if vocabulary.open || position(vocabulary.names, written) != NO_INDEX {
        return;
    }
    let mut text = Text::new();
    let mut alias = 0;
    let name_index = vocabulary.name_index.all();
    while alias < name_index.len() {
        let (name, index) = name_index[alias];
        if same(name, written) {
            text.all(&["\"", written, "\" is an alias, which only tokens may use\nhelp: write \""]);
            text.all(&[vocabulary.names[index as usize], "\""]);
            panic!("{}", text.as_str());
        }
        alias += 1;
    }
    text.unknown(vocabulary.kind.word(), written, vocabulary.names);
    text.all(&["\ndeclared in `", vocabulary.declared_in, "`: "]);
    text.list(vocabulary.names);
    panic!("{}", text.as_str());
}

/// Rejects the negation of a name of an open vocabulary, because a typo in an undeclared name would admit every caller.
///
/// # Panics
/// Panics at compile time if the vocabulary is open. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_negated(vocabulary: &Vocabulary) {
    if vocabulary.open {
        panic!(
            "`!` on a name without a declared vocabulary: a typo in it would admit everyone\nhelp: derive the vocabulary, or require what must be present"
        );
    }
}

/// Returns the position of `text` in the list, or [`NO_INDEX`].
pub(super) const fn position(list: &[&str], text: &str) -> u16 {
    let mut index = 0;
    while index < list.len() {
        if same(list[index], text) {
            return index as u16;
        }
        index += 1;
    }
    NO_INDEX
}

pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Returns the index of the name with the smallest edit distance from `written`, or [`NO_INDEX`]. The distance is at most a third
/// of the length of `written`, rounded up.
pub(super) const fn nearest(names: &[&str], written: &str) -> u16 {
    let limit = written.len().div_ceil(3);
    let (mut best, mut least, mut index) = (NO_INDEX, limit + 1, 0);
    while index < names.len() {
        let distance = distance(names[index].as_bytes(), written.as_bytes());
        if distance < least {
            (best, least) = (index as u16, distance);
        }
        index += 1;
    }
    best
}

/// Returns the number of letters to change, add or delete, ignoring ASCII case. Names longer than 63 bytes have the maximum
/// distance.
const fn distance(a: &[u8], b: &[u8]) -> usize {
    const MOST: usize = 64;
    if a.len() >= MOST || b.len() >= MOST {
        return MOST;
    }
    let mut row = [0; MOST];
    let mut column = 0;
    while column <= b.len() {
        row[column] = column;
        column += 1;
    }
    let mut line = 1;
    while line <= a.len() {
        let mut diagonal = row[0];
        row[0] = line;
        column = 1;
        while column <= b.len() {
            let changed = diagonal + !a[line - 1].eq_ignore_ascii_case(&b[column - 1]) as usize;
            diagonal = row[column];
            let moved = 1 + if row[column] < row[column - 1] { row[column] } else { row[column - 1] };
            row[column] = if changed < moved { changed } else { moved };
            column += 1;
        }
        line += 1;
    }
    row[b.len()]
}

/// A text buffer for const code.
pub(crate) struct Text {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl Text {
    const MOST: usize = 1024;

    pub(crate) const fn new() -> Self {
        Self { bytes: [0; Self::MOST], length: 0 }
    }

    pub(crate) const fn all(&mut self, parts: &[&str]) {
        let mut part = 0;
        while part < parts.len() {
            let bytes = parts[part].as_bytes();
            // A part that does not fit is omitted completely, so that the text stays valid UTF-8.
            if self.length + bytes.len() <= Self::MOST {
                let mut index = 0;
                while index < bytes.len() {
                    self.bytes[self.length] = bytes[index];
                    self.length += 1;
                    index += 1;
                }
            }
            part += 1;
        }
    }

    /// Appends that the name `written` is unknown, and the most similar of `names`.
    pub(crate) const fn unknown(&mut self, kind: &str, written: &str, names: &[&str]) {
        self.all(&["unknown ", kind, " \"", written, "\""]);
        let nearest = nearest(names, written);
        if nearest != NO_INDEX {
            self.all(&["; did you mean \"", names[nearest as usize], "\"?"]);
        }
    }

    /// Appends the names, separated by commas. A long list is truncated and followed by the number of omitted names.
    pub(crate) const fn list(&mut self, names: &[&str]) {
        const SHOWN: usize = 12;
        let mut index = 0;
        while index < names.len() && index < SHOWN {
            self.all(&[if index == 0 { "" } else { ", " }, names[index]]);
            index += 1;
        }
        if names.len() > SHOWN {
            self.all(&[" and "]);
            self.number(names.len() - SHOWN);
            self.all(&[" more"]);
        }
    }

    const fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        self.all(&[DIGITS[number % 10]]);
    }

    #[allow(clippy::panic, reason = "cannot happen: only whole parts are added")]
    pub(crate) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => panic!("a text of whole parts is UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_names_are_suggested() {
        let names = ["admin", "content-editor", "viewer"];
        let table = [("admn", "admin"), ("Admin", "admin"), ("content_editor", "content-editor"), ("veiwer", "viewer")];
        for (written, expected) in table {
            assert_eq!(names[nearest(&names, written) as usize], expected, "{written}");
        }
        for written in ["root", "superuser", "", "x"] {
            assert_eq!(nearest(&names, written), NO_INDEX, "{written}");
        }
    }

    #[test]
    fn long_name_list_is_truncated_with_a_count() {
        let mut text = Text::new();
        text.list(&["a"; 312]);
        assert_eq!(text.as_str(), "a, a, a, a, a, a, a, a, a, a, a, a and 300 more");
    }
}
