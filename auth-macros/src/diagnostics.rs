//! Collects mistakes, so that one build shows them all, and finds the nearest word for a typo.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes of one handler, in source order. It has to be is_emitted: a mistake that nobody looks at would let a wrong
/// rule compile.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    mistakes: Vec<syn::Error>,
    is_emitted: bool,
}

impl Diagnostics {
    /// Takes a mistake: what is wrong, in one clause, and what to write instead.
    pub(crate) fn note(&mut self, at: impl ToTokens, wrong: impl AsRef<str>, help: impl AsRef<str>) {
        let text = format!("{}\nhelp: {}", wrong.as_ref(), help.as_ref());
        self.mistakes.push(syn::Error::new_spanned(at, text));
    }

    /// The same, at a span.
    pub(crate) fn note_at(&mut self, at: Span, wrong: impl AsRef<str>, help: impl AsRef<str>) {
        let text = format!("{}\nhelp: {}", wrong.as_ref(), help.as_ref());
        self.mistakes.push(syn::Error::new(at, text));
    }

    /// The same, in place of what could not be read.
    pub(crate) fn report<T>(&mut self, at: impl ToTokens, wrong: impl AsRef<str>, help: impl AsRef<str>) -> Option<T> {
        self.note(at, wrong, help);
        None
    }

    /// The same, at a span, in place of what could not be read.
    pub(crate) fn report_at<T>(&mut self, at: Span, wrong: impl AsRef<str>, help: impl AsRef<str>) -> Option<T> {
        self.note_at(at, wrong, help);
        None
    }

    /// Whether there is none so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// All mistakes as code that fails to compile with them; `None` where there are none.
    pub(crate) fn into_compile_errors(mut self) -> Option<TokenStream> {
        self.is_emitted = true;
        let mistakes = std::mem::take(&mut self.mistakes);
        let all = mistakes.into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        });
        all.map(|all| all.to_compile_error())
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        // While another panic unwinds, a second one would abort the compiler.
        debug_assert!(self.is_emitted || std::thread::panicking(), "diagnostics are emitted");
    }
}

/// The word that differs from `written` in the fewest letters, if in no more than a third of them.
pub(crate) fn nearest<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = written.chars().count().div_ceil(3);
    let near = words.into_iter().map(|word| (distance(written, word), word));
    near.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// `; did you mean …?`, or nothing.
pub(crate) fn did_you_mean<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, words).map_or_else(String::new, |word| format!("; did you mean `{word}`?"))
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, from) in a.chars().enumerate() {
        let mut next = vec![line + 1];
        for (to, pair) in b.iter().zip(row.windows(2)) {
            let (diagonal, above) =
                (pair.first().copied().unwrap_or_default(), pair.last().copied().unwrap_or_default());
            let left = next.last().copied().unwrap_or_default();
            let changed = diagonal + usize::from(!from.eq_ignore_ascii_case(to));
            next.push(changed.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let words = ["role", "permission", "max_age"];
        let table =
            [("rol", Some("role")), ("roles", Some("role")), ("maxage", Some("max_age")), ("group", None), ("", None)];
        for (written, expected) in table {
            assert_eq!(nearest(written, words), expected, "{written}");
        }
    }

    #[test]
    #[should_panic(expected = "diagnostics are emitted")]
    fn mistakes_cannot_be_forgotten() {
        drop(Diagnostics::default());
    }
}
