//! Searches in tokens that are not parsed yet.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// Splits tokens at commas. An empty piece is the position of its comma. A trailing comma is allowed.
pub(crate) fn split_at_commas(tokens: &TokenStream) -> impl Iterator<Item = Result<TokenStream, Span>> + use<> {
    let (mut pieces, mut piece) = (Vec::new(), TokenStream::new());
    for token in tokens.clone() {
        match token {
            token if !is_comma(&token) => piece.extend([token]),
            comma if piece.is_empty() => pieces.push(Err(comma.span())),
            _ => pieces.push(Ok(std::mem::take(&mut piece))),
        }
    }
    pieces.extend((!piece.is_empty()).then_some(Ok(piece)));
    pieces.into_iter()
}

pub(super) fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',')
}

/// Returns the first `#`. Only the user's expressions in checks may contain attributes.
pub(crate) fn find_attribute(tokens: &TokenStream) -> Option<Span> {
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

/// Returns whether the token precedes an expression of the user, which is passed on unchanged.
pub(super) fn begins_check(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word == "check")
}

pub(super) fn is_group(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}

/// Returns the first string with a suffix, at any depth.
pub(crate) fn find_suffixed(tokens: &TokenStream) -> Option<syn::LitStr> {
    tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Literal(literal) => match syn::Lit::new(literal) {
            syn::Lit::Str(text) if !text.suffix().is_empty() => Some(text),
            _ => None,
        },
        TokenTree::Group(group) => find_suffixed(&group.stream()),
        _ => None,
    })
}

/// Splits the inner attributes from a body.
pub(crate) fn split_inner_attributes(inside: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<TokenTree> = inside.into_iter().collect();
    let is_sign =
        |token: Option<&TokenTree>, sign| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
    let is_brackets = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket);
    let mut end = 0;
    while is_sign(tokens.get(end), '#') && is_sign(tokens.get(end + 1), '!') && is_brackets(tokens.get(end + 2)) {
        end += 3;
    }
    let (attributes, rest) = tokens.split_at(end);
    (attributes.iter().cloned().collect(), rest.iter().cloned().collect())
}
