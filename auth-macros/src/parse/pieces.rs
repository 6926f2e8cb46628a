//! Tokens that are looked at before they are read.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

pub(super) fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',')
}

/// The first `#`, wherever it stands. Nothing that may be written has one, but for the user's own expression in a check.
pub(super) fn find_attribute(tokens: &TokenStream) -> Option<Span> {
    let mut in_check = false;
    tokens.clone().into_iter().find_map(|token| {
        let is_users = std::mem::replace(&mut in_check, begins_check(&token)) && is_group(&token);
        match token {
            _ if is_users => None,
            TokenTree::Punct(punct) if punct.as_char() == '#' => Some(punct.span()),
            TokenTree::Group(group) => find_attribute(&group.stream()),
            _ => None,
        }
    })
}

/// The word before an expression that is the user's own, down to its last token.
pub(super) fn begins_check(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word == "check")
}

pub(super) fn is_group(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}
