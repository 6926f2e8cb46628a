//! The helper attribute of the enum itself.

use quote::ToTokens as _;
use syn::{Attribute, Expr, ExprAssign, ExprLit, Ident, Lit, LitStr};

use super::attribute::helper_words;
use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::grammar::{CASE_STYLES, Kind};
use crate::parse;

/// The keys that apply to all variants.
pub(super) const ENUM_KEYS: [&str; 3] = ["rename_all", "strip_prefix", "proofs"];

/// Returns the keys that apply to all variants of an enum of this kind. No rule proves the kind of a credential.
fn keys(kind: Kind) -> impl Iterator<Item = &'static str> {
    ENUM_KEYS.into_iter().filter(move |key| *key != "proofs" || kind != Kind::Credential)
}

const HELP: &str = "write `rename_all = \"snake_case\"` or `strip_prefix = \"…\"`";

/// The settings of a vocabulary.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) case: Option<String>,
    pub(super) proofs: Option<Ident>,
    pub(super) prefix: Option<String>,
    pub(super) root: Option<syn::Path>,
}

/// Reads the helper attribute of the enum.
pub(super) fn read_settings(kind: Kind, attributes: &[Attribute], diagnostics: &mut Diagnostics) -> Settings {
    let (mut settings, mut seen) = (Settings::default(), Vec::new());
    for word in helper_words(kind, attributes, diagnostics) {
        let Expr::Assign(assign) = &word else {
            let key = match &word {
                Expr::Call(call) => call.func.to_token_stream(),
                other => other.to_token_stream(),
            };
            diagnostics.note(&word, format!("`{key}` applies to a variant, not to the enum"), HELP);
            continue;
        };
        let key = assign.left.to_token_stream().to_string();
        if seen.contains(&key) {
            diagnostics.note(&assign.left, format!("`{key}` is repeated"), "delete one of the two");
        }
        settings.read(kind, &key, assign, diagnostics);
        seen.push(key);
    }
    settings
}

impl Settings {
    fn read(&mut self, kind: Kind, key: &str, assign: &ExprAssign, diagnostics: &mut Diagnostics) {
        let text = |diagnostics: &mut Diagnostics| match &*assign.right {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
            other => diagnostics.report(other, format!("`{key}` is written as a string"), HELP),
        };
        match key {
            "rename_all" => {
                self.case = text(diagnostics).and_then(|text| case(&text, diagnostics)).or(self.case.take())
            }
            "strip_prefix" => {
                self.prefix = text(diagnostics).and_then(|text| prefix(&text, diagnostics)).or(self.prefix.take());
            }
            "proofs" if keys(kind).any(|known| known == key) => {
                self.proofs = text(diagnostics).and_then(|text| module(&text, diagnostics)).or(self.proofs.take());
            }
            "crate" => self.root = parse::read_root(assign.eq_token, assign.right.to_token_stream(), diagnostics),
            _ => {
                let wrong = format!("unknown key `{key}`{}", did_you_mean(key, keys(kind)));
                diagnostics.note(&assign.left, wrong, HELP);
            }
        }
    }
}

fn case(text: &LitStr, diagnostics: &mut Diagnostics) -> Option<String> {
    let case = text.value();
    if CASE_STYLES.contains(&case.as_str()) {
        return Some(case);
    }
    let wrong = format!("unknown case \"{case}\"{}", did_you_mean(&case, CASE_STYLES));
    diagnostics.report(text, wrong, format!("write one of \"{}\"", CASE_STYLES.join("\", \"")))
}

fn prefix(text: &LitStr, diagnostics: &mut Diagnostics) -> Option<String> {
    if text.value().is_empty() {
        return diagnostics.report(text, "this prefix is empty", "write one, or delete the word");
    }
    Some(text.value())
}

fn module(text: &LitStr, diagnostics: &mut Diagnostics) -> Option<Ident> {
    text.parse().ok().or_else(|| {
        let wrong = format!("{:?} is not a module name", text.value());
        diagnostics.report(text, wrong, "write `proofs = \"proof\"` for `proof::…`")
    })
}
