//! `crate = …`: the path of the facade in the user's crate.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::{LitStr, Path};

use super::source_text::one_line;
use crate::diagnostics::Diagnostics;

/// Parses the value of `crate =`. `at` is the equals sign.
pub(crate) fn read_root(at: impl quote::ToTokens, value: TokenStream, diagnostics: &mut Diagnostics) -> Option<Path> {
    if let Some(path) = parse_path(value.clone()) {
        return Some(path);
    }
    let help = match suggested_path(value.clone()) {
        Some(path) => format!("write `crate = {}`", text(&path)),
        None => "write `crate = name_in_Cargo_toml`".to_owned(),
    };
    if value.is_empty() {
        return diagnostics.report(at, "expected a path after `=`, found nothing", help);
    }
    let found = one_line(value.clone());
    diagnostics.report(value, format!("expected a path, found `{found}`"), help)
}

/// Returns the path after `crate =` in the unparsed words of one attribute. Mistakes are reported when the words are parsed.
pub(crate) fn find_root(words: &TokenStream) -> Option<Path> {
    let words: Vec<_> = words.clone().into_iter().collect();
    let start = words.windows(2).position(|pair| matches!(pair, [word, sign] if is_key(word, sign)))?;
    parse_path(words.into_iter().skip(start + 2).take_while(|token| !super::tokens::is_comma(token)).collect())
}

/// Parses a path without arguments, to which segments can be appended. `crate`, `self` and `super` are not dependencies.
fn parse_path(value: TokenStream) -> Option<Path> {
    let path = Path::parse_mod_style.parse2(value).ok()?;
    let is_keyword = ["crate", "self", "super"]
        .iter()
        .any(|word| path.segments.last().is_some_and(|last| last.ident.unraw() == word));
    (!is_keyword).then_some(path)
}

/// Returns the path in a string or within parentheses.
fn suggested_path(value: TokenStream) -> Option<Path> {
    let mut tokens = value.into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Literal(literal)), None) => {
            let text: LitStr = syn::parse2(TokenTree::from(literal).into()).ok()?;
            text.parse_with(Path::parse_mod_style).ok()
        }
        (Some(TokenTree::Group(group)), None) if group.delimiter() != Delimiter::Bracket => {
            parse_path(group.stream()).or_else(|| suggested_path(group.stream()))
        }
        _ => None,
    }
}

fn text(path: &Path) -> String {
    path.to_token_stream().to_string().split_whitespace().collect()
}

/// Returns whether the tokens begin with `crate =`.
pub(crate) fn begins_with_crate(words: &TokenStream) -> bool {
    let mut words = words.clone().into_iter();
    matches!((words.next(), words.next()), (Some(word), Some(sign)) if is_key(&word, &sign))
}

fn is_key(word: &TokenTree, sign: &TokenTree) -> bool {
    matches!((word, sign), (TokenTree::Ident(word), TokenTree::Punct(sign))
        if word == "crate" && sign.as_char() == '=' && sign.spacing() == Spacing::Alone)
}
