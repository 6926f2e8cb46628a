//! Patterns as expressions: an argument that a check has destructured is rebuilt for the handler.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::{Ident, Pat};

/// A pattern, and the expression that rebuilds the value.
pub(crate) struct RebuiltPattern {
    pub(crate) pattern: TokenStream,
    pub(crate) expression: TokenStream,
}

/// Returns the expression for a pattern; `None` if a part of the value would be lost.
pub(crate) fn rebuild(pattern: &Pat) -> Option<RebuiltPattern> {
    rebuild_part(pattern, &mut 0)
}

fn rebuild_part(pattern: &Pat, hidden: &mut usize) -> Option<RebuiltPattern> {
    let each = |parts: &mut dyn Iterator<Item = &Pat>, hidden: &mut usize| {
        let parts = parts.map(|part| rebuild_part(part, hidden)).collect::<Option<Vec<_>>>()?;
        Some(parts.into_iter().map(|part| (part.pattern, part.expression)).unzip::<_, _, Vec<_>, Vec<_>>())
    };
    let (pattern, expression) = match pattern {
        Pat::Ident(one) if one.by_ref.is_none() && one.subpat.is_none() => {
            let name = &one.ident;
            (one.to_token_stream(), name.to_token_stream())
        }
        Pat::Wild(_) => {
            *hidden += 1;
            let name: Ident = format_ident!("__hidden_{hidden}", span = Span::mixed_site());
            (name.to_token_stream(), name.to_token_stream())
        }
        Pat::Paren(inner) => return rebuild_part(&inner.pat, hidden),
        Pat::Tuple(tuple) => {
            let (patterns, expressions) = each(&mut tuple.elems.iter(), hidden)?;
            (quote!((#(#patterns,)*)), quote!((#(#expressions,)*)))
        }
        Pat::TupleStruct(one) if one.qself.is_none() => {
            let (path, (patterns, expressions)) = (&one.path, each(&mut one.elems.iter(), hidden)?);
            (quote!(#path(#(#patterns),*)), quote!(#path(#(#expressions),*)))
        }
        Pat::Struct(one) if one.qself.is_none() && one.rest.is_none() => {
            let path = &one.path;
            let (patterns, expressions) = each(&mut one.fields.iter().map(|field| &*field.pat), hidden)?;
            // `Q { mut a }` is destructured as written, and rebuilt as `Q { a }`.
            let named = |parts: Vec<TokenStream>| {
                let fields = one.fields.iter().zip(parts).map(|(field, part)| {
                    let (member, conditions) = (&field.member, &field.attrs);
                    let member = field.colon_token.map(|colon| quote!(#member #colon));
                    quote!(#(#conditions)* #member #part)
                });
                quote!(#path { #(#fields),* })
            };
            (named(patterns), named(expressions))
        }
        _ => return None,
    };
    Some(RebuiltPattern { pattern, expression })
}

#[cfg(test)]
mod tests {
    use syn::parse::Parser as _;

    use super::*;

    #[test]
    fn patterns_are_rebuilt_or_refused() {
        #[rustfmt::skip]
        let table = [
            ("id",                              Some("id")),
            ("mut tx",                          Some("tx")),
            ("web::Query(Q { a, mut b })",      Some("web :: Query (Q { a , b })")),
            ("Q { a: Inner(x), b: _ }",         Some("Q { a : Inner (x) , b : __hidden_1 }")),
            ("Q { #[cfg(x)] a, b: c }",         Some("Q { # [cfg (x)] a , b : c }")),
            ("(a, _, _)",                       Some("(a , __hidden_1 , __hidden_2 ,)")),
            ("Q { a, .. }",                     None),
            ("(a, ..)",                         None),
            ("all @ Q { a }",                   None),
            ("ref a",                           None),
            ("&a",                              None),
            ("[a, b]",                          None),
            ("A(x) | B(x)",                     None),
        ];
        for (pattern, expected) in table {
            let parsed = Pat::parse_multi.parse_str(pattern).unwrap();
            let found = rebuild(&parsed).map(|rebuilt| rebuilt.expression.to_string());
            assert_eq!(found.as_deref(), expected, "{pattern}");
        }
    }
}
