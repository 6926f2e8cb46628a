//! Collection of mistakes, so that one build reports them all, and suggestions for typos.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes of one handler, in source order. They have to be emitted: a lost mistake would let an invalid rule compile.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    mistakes: Vec<syn::Error>,
    is_emitted: bool,
}

impl Diagnostics {
    /// Records a mistake: one clause that states it, and the help.
    pub(crate) fn note(&mut self, at: impl ToTokens, wrong: impl AsRef<str>, help: impl AsRef<str>) {
        let text = format!("{}\nhelp: {}", wrong.as_ref(), help.as_ref());
        self.mistakes.push(syn::Error::new_spanned(at, text));
    }

    /// Like [`note`](Self::note), with a span.
    pub(crate) fn note_at(&mut self, at: Span, wrong: impl AsRef<str>, help: impl AsRef<str>) {
        let text = format!("{}\nhelp: {}", wrong.as_ref(), help.as_ref());
        self.mistakes.push(syn::Error::new(at, text));
    }

    /// Like [`note`](Self::note), and returns `None`.
    pub(crate) fn report<T>(&mut self, at: impl ToTokens, wrong: impl AsRef<str>, help: impl AsRef<str>) -> Option<T> {
        self.note(at, wrong, help);
        None
    }

    /// Like [`note_at`](Self::note_at), and returns `None`.
    pub(crate) fn report_at<T>(&mut self, at: Span, wrong: impl AsRef<str>, help: impl AsRef<str>) -> Option<T> {
        self.note_at(at, wrong, help);
        None
    }

    /// Returns whether no mistake was recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Returns the mistakes as code that does not compile; `None` without mistakes.
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
        // A second panic during unwinding would abort the compiler.
        debug_assert!(self.is_emitted || std::thread::panicking(), "diagnostics are emitted");
    }
}

/// Returns the word with the smallest edit distance, unless it exceeds a third of the letters.
pub(crate) fn nearest<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = written.chars().count().div_ceil(3);
    let near = words.into_iter().map(|word| (distance(written, word), word));
    near.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// Returns `; did you mean …?`, or an empty text.
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
    fn suggests_only_near_words() {
        let words = ["role", "permission", "max_age"];
        let table =
            [("rol", Some("role")), ("roles", Some("role")), ("maxage", Some("max_age")), ("group", None), ("", None)];
        for (written, expected) in table {
            assert_eq!(nearest(written, words), expected, "{written}");
        }
    }

    #[test]
    #[should_panic(expected = "diagnostics are emitted")]
    fn dropping_unemitted_diagnostics_panics() {
        drop(Diagnostics::default());
    }
}
