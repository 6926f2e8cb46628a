//! A variant, and the words of its helper attribute.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::{Expr, ExprLit, Fields, Ident, Lit, LitStr};

use super::attribute::helper_words;
use super::case::default_name;
use super::settings::{ENUM_KEYS, Settings};
use crate::analyze::name_syntax::check_name;
use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::grammar::Kind;
use crate::parse::has_plain_end;

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    /// The locations of the name and the aliases.
    pub(super) at: Vec<(String, Span)>,
    pub(super) implies: Vec<Ident>,
    pub(super) grants: Vec<(syn::Path, Ident)>,
}

/// Reads a variant and the helper attribute above it.
pub(super) fn read_variant(
    kind: Kind,
    variant: &syn::Variant,
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) -> Option<Variant> {
    if !matches!(variant.fields, Fields::Unit) {
        let wrong = format!("the variant of a {} cannot have fields", kind.word());
        return diagnostics.report(&variant.fields, wrong, "delete them; use a claim for values");
    }
    let mut read = Variant {
        ident: variant.ident.clone(),
        name: default_name(&variant.ident, settings),
        aliases: Vec::new(),
        at: Vec::new(),
        implies: Vec::new(),
        grants: Vec::new(),
    };
    let mut name_at = variant.ident.span();
    let mut seen: Vec<String> = Vec::new();
    for (position, word) in helper_words(kind, &variant.attrs, diagnostics).iter().enumerate() {
        match word {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                let again = seen.iter().any(|word| word == "name");
                seen.push("name".to_owned());
                if again {
                    let help = match kind {
                        Kind::Credential => "delete one of the two",
                        _ => "write `alias(…)` for a name that only tokens use",
                    };
                    diagnostics.note(text, "this variant has a second name", help);
                } else if position > 0 {
                    diagnostics.note(text, "the name must come first", "write it before the others");
                } else if check_name(kind, text, diagnostics).is_some() {
                    (read.name, name_at) = (text.value(), text.span());
                }
            }
            Expr::Call(call) => {
                let key = call.func.to_token_stream().to_string();
                if seen.contains(&key) {
                    diagnostics.note(&call.func, format!("`{key}` is repeated"), "write all of it in one");
                }
                read_call(kind, &key, call, &mut read, diagnostics);
                seen.push(key);
            }
            other => report_unknown(kind, other, diagnostics),
        }
    }
    // A name that is derived from the variant can be invalid in tokens.
    if !seen.iter().any(|word| word == "name") {
        let literal = LitStr::new(&read.name, variant.ident.span());
        check_name(kind, &literal, diagnostics)?;
    }
    read.at.insert(0, (read.name.clone(), name_at));
    Some(read)
}

/// Reports a word that is neither a name nor a call.
fn report_unknown(kind: Kind, word: &Expr, diagnostics: &mut Diagnostics) {
    let at = match word {
        Expr::Assign(assign) => assign.left.to_token_stream(),
        other => other.to_token_stream(),
    };
    let key = at.to_string();
    let wrong = if ENUM_KEYS.contains(&key.as_str()) {
        format!("`{key}` applies to the enum, not to a variant")
    } else if matches!(word, Expr::Lit(_)) {
        format!("the name of a {} is written as a string", kind.word())
    } else {
        format!("unknown key `{key}`{}", did_you_mean(&key, variant_words(kind)))
    };
    diagnostics.note(at, wrong, help(kind));
}

fn variant_words(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Role => vec!["implies", "grants", "alias"],
        Kind::Permission | Kind::Scope => vec!["implies", "alias"],
        // A credential is of one kind.
        Kind::Credential => Vec::new(),
    }
}

fn help(kind: Kind) -> String {
    if kind == Kind::Credential {
        return "write only a name, such as `#[credential(\"merchant-key\")]`".to_owned();
    }
    let grants = if kind == Kind::Role { ", `grants(Permission::…)`" } else { "" };
    format!("write a name first, then `implies(…)`{grants} or `alias(\"…\")`")
}

/// Reads `implies(…)`, `grants(…)` or `alias(…)`.
fn read_call(kind: Kind, key: &str, call: &syn::ExprCall, read: &mut Variant, diagnostics: &mut Diagnostics) {
    if !variant_words(kind).contains(&key) {
        let wrong = format!("unknown key `{key}`{}", did_you_mean(key, variant_words(kind)));
        diagnostics.note(&call.func, wrong, help(kind));
        return;
    }
    if call.args.is_empty() {
        diagnostics.note(call, format!("`{key}()` is empty"), "list the variants, or delete it");
    }
    for argument in &call.args {
        match (key, argument) {
            ("alias", Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => {
                if check_name(kind, text, diagnostics).is_some() {
                    read.aliases.push(text.value());
                    read.at.push((text.value(), text.span()));
                }
            }
            ("alias", other) => diagnostics.note(other, "an alias is written as a string", "write `alias(\"…\")`"),
            ("implies", Expr::Path(path)) if path.path.get_ident().is_some() => {
                if let Some(name) = path.path.get_ident() {
                    if read.implies.contains(name) {
                        diagnostics.note(name, format!("`{name}` is listed twice"), "delete one of the two");
                    }
                    read.implies.push(name.clone());
                }
            }
            ("implies", other) => diagnostics.note(
                other,
                "`implies` lists variants of this enum",
                "write its name, such as `implies(Editor)`",
            ),
            (_, Expr::Path(path))
                if path.qself.is_none() && path.path.segments.len() > 1 && has_plain_end(&path.path) =>
            {
                let mut of = path.path.clone();
                let name = of.segments.pop().map(|last| last.ident);
                of.segments.pop_punct();
                read.grants.extend(name.map(|name| (of, name)));
            }
            (_, other) => diagnostics.note(
                other,
                "`grants` lists variants of a permission enum",
                "write its path, such as `grants(Permission::PostsWrite)`",
            ),
        }
    }
}
