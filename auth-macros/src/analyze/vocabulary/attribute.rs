//! The arguments of helper attributes: `#[role(…)]`, `#[permission(…)]`, `#[token_scope(…)]`, `#[credential(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Expr, ExprAssign};

use crate::diagnostics::Diagnostics;
use crate::grammar::Kind;
use crate::parse;

/// Returns the words of the helper attributes. Reports helper attributes of other derives.
pub(super) fn helper_words(kind: Kind, attributes: &[Attribute], diagnostics: &mut Diagnostics) -> Vec<Expr> {
    let mut words = Vec::new();
    let all = ["role", "permission", "token_scope", "scope", "credential"];
    let others = all.into_iter().filter(|helper| *helper != kind.helper());
    for other in others {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(other)) {
            let wrong = format!(
                "expected `#[{}(…)]` under `derive({})`, found `#[{other}(…)]`",
                kind.helper(),
                kind.type_name()
            );
            let words = attribute.meta.require_list().map(|list| format!("({})", list.tokens)).unwrap_or_default();
            diagnostics.note(attribute.path(), wrong, format!("write `#[{}{words}]`", kind.helper()));
        }
    }
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(kind.helper())) {
        match attribute.meta.require_list() {
            Ok(list) => words
                .extend(parse::split_at_commas(&list.tokens).filter_map(|piece| helper_word(kind, piece, diagnostics))),
            Err(_) => {
                let help = format!("write `#[{}(\"{}\")]`, or delete it", kind.helper(), kind.example());
                diagnostics.note(attribute.path(), "this attribute is empty", help);
            }
        }
    }
    words
}

/// Parses one word. Unknown tokens are reported: ignoring one could grant more than is written.
fn helper_word(kind: Kind, piece: Result<TokenStream, Span>, diagnostics: &mut Diagnostics) -> Option<Expr> {
    let tokens = match piece {
        Ok(tokens) => tokens,
        Err(comma) => return diagnostics.report_at(comma, "expected a word, found `,`", "delete it"),
    };
    if let Some(hash) = parse::find_attribute(&tokens) {
        let help = format!("write `#[cfg_attr(…, {}(…))]` for conditional arguments", kind.helper());
        return diagnostics.report_at(hash, "expected a word, found an attribute", help);
    }
    if let Some(text) = parse::find_suffixed(&tokens) {
        let help = format!("write `{:?}`", text.value());
        let wrong = format!("expected a string without a suffix, found `{}`", text.token());
        return diagnostics.report(text, wrong, help);
    }
    match syn::parse2::<Expr>(tokens.clone()) {
        Ok(word) => Some(word),
        // An invalid value is reported where it is read.
        Err(_) if parse::begins_with_crate(&tokens) => {
            let mut tokens = tokens.into_iter();
            let key = Expr::Verbatim(tokens.by_ref().take(1).collect());
            let eq_token = syn::parse2(tokens.by_ref().take(1).collect()).ok()?;
            let value = Expr::Verbatim(tokens.collect());
            Some(Expr::Assign(ExprAssign { attrs: Vec::new(), left: key.into(), eq_token, right: value.into() }))
        }
        Err(error) => diagnostics.report_at(error.span(), "this cannot be parsed", "write words, separated by commas"),
    }
}
