//! What a derive of a vocabulary declares.

mod case;
mod hierarchy;
mod variant;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use syn::{Attribute, Data, DeriveInput, Expr, ExprAssign, ExprLit, Ident, Lit};

use self::hierarchy::{check_circles, check_names, close, holds, implied};
use self::variant::{Variant, variant};
use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::grammar::{CASES, Kind};
use crate::parse;

/// The names of an enum.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) variants: Vec<Variant>,
    /// By variant: the bits of what it implies, itself included.
    pub(crate) closure: Vec<Vec<u64>>,
    /// By variant: the permissions that it and what it implies grant, as type and variant.
    pub(crate) grants: Vec<Vec<(syn::Path, Ident)>>,
    /// The module of the proofs, where they are asked for.
    pub(crate) proofs: Option<Ident>,
    pub(crate) root: Option<syn::Path>,
}

/// The words of the helper attribute on the enum.
#[derive(Default)]
struct Settings {
    case: Option<String>,
    proofs: Option<Ident>,
    prefix: Option<String>,
    root: Option<syn::Path>,
}

impl Declared {
    /// What the variant at `position` implies, without itself.
    pub(crate) fn implied(&self, position: usize) -> impl Iterator<Item = &Variant> {
        let row = self.closure.get(position);
        self.variants
            .iter()
            .enumerate()
            .filter(move |(other, _)| {
                let word = row.and_then(|row| row.get(other / 64)).copied().unwrap_or_default();
                *other != position && word >> (other % 64) & 1 == 1
            })
            .map(|(_, variant)| variant)
    }
}

/// Reads and judges the enum.
pub(crate) fn declared(kind: Kind, input: &DeriveInput, diagnostics: &mut Diagnostics) -> Option<Declared> {
    let (word, derive) = (kind.word(), kind.declared_in());
    let example = format!("write an enum: `#[derive({derive})] enum {derive} {{ … }}`");
    let data = match &input.data {
        Data::Enum(data) => data,
        Data::Struct(data) => {
            return diagnostics.report(
                data.struct_token,
                format!("a vocabulary is an enum: a variant for each {word}"),
                example,
            );
        }
        Data::Union(data) => {
            return diagnostics.report(
                data.union_token,
                format!("a vocabulary is an enum: a variant for each {word}"),
                example,
            );
        }
    };
    if let Some(parameter) = input.generics.params.first() {
        return diagnostics.report(parameter, "a vocabulary has no parameters", "delete them");
    }
    if data.variants.is_empty() {
        let open = format!("name one, or accept any: `use auth_actix::open::{derive};`");
        return diagnostics.report(&input.ident, format!("`{}` names no {word}", input.ident), open);
    }
    let settings = settings(kind, &input.attrs, diagnostics);
    let variants: Vec<_> = data.variants.iter().map(|one| variant(kind, one, &settings, diagnostics)).collect();
    let variants = variants.into_iter().collect::<Option<Vec<_>>>()?;
    check_names(kind, &variants, diagnostics);
    let implied = implied(&variants, diagnostics)?;
    check_circles(&variants, &implied, diagnostics)?;
    let closure = close(&implied);
    let grants = closure.iter().map(|row| {
        let mut all: Vec<(syn::Path, Ident)> = Vec::new();
        for (_, variant) in variants.iter().enumerate().filter(|(index, _)| holds(row, *index)) {
            for grant in &variant.grants {
                let text = |(of, name): &(syn::Path, Ident)| format!("{}::{name}", of.to_token_stream());
                if !all.iter().any(|other| text(other) == text(grant)) {
                    all.push(grant.clone());
                }
            }
        }
        all
    });
    Some(Declared { grants: grants.collect(), closure, variants, proofs: settings.proofs, root: settings.root })
}

/// The words of the helper attributes.
fn helper_words(kind: Kind, attributes: &[Attribute], diagnostics: &mut Diagnostics) -> Vec<Expr> {
    let mut words = Vec::new();
    let others = ["role", "permission", "token_scope", "scope"].into_iter().filter(|helper| *helper != kind.helper());
    for other in others {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(other)) {
            let wrong = format!(
                "expected `#[{}(…)]` under `derive({})`, found `#[{other}(…)]`",
                kind.helper(),
                kind.declared_in()
            );
            let words = attribute.meta.require_list().map(|list| format!("({})", list.tokens)).unwrap_or_default();
            diagnostics.note(attribute.path(), wrong, format!("write `#[{}{words}]`", kind.helper()));
        }
    }
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(kind.helper())) {
        match attribute.meta.require_list() {
            Ok(list) => {
                words.extend(parse::pieces(&list.tokens).filter_map(|piece| helper_word(kind, piece, diagnostics)))
            }
            Err(_) => {
                let help = format!("write `#[{}(\"{}\")]`, or delete it", kind.helper(), kind.example());
                diagnostics.note(attribute.path(), "this attribute says nothing", help);
            }
        }
    }
    words
}

/// One word. Each token of it is read or refused: what is passed over would give more power than is written.
fn helper_word(kind: Kind, piece: Result<TokenStream, Span>, diagnostics: &mut Diagnostics) -> Option<Expr> {
    let tokens = match piece {
        Ok(tokens) => tokens,
        Err(comma) => return diagnostics.report_at(comma, "expected a word, found `,`", "delete it"),
    };
    if let Some(hash) = parse::find_attribute(&tokens) {
        let help = format!("write `#[cfg_attr(…, {}(…))]` for words under a condition", kind.helper());
        return diagnostics.report_at(hash, "expected a word, found an attribute", help);
    }
    if let Some(text) = parse::find_suffixed(&tokens) {
        let help = format!("write `{:?}`", text.value());
        let wrong = format!("expected a string without a suffix, found `{}`", text.token());
        return diagnostics.report(text, wrong, help);
    }
    match syn::parse2::<Expr>(tokens.clone()) {
        Ok(word) => Some(word),
        // What its value should be is told where it is read.
        Err(_) if parse::begins_with_crate(&tokens) => {
            let mut tokens = tokens.into_iter();
            let key = Expr::Verbatim(tokens.by_ref().take(1).collect());
            let eq_token = syn::parse2(tokens.by_ref().take(1).collect()).ok()?;
            let value = Expr::Verbatim(tokens.collect());
            Some(Expr::Assign(ExprAssign { attrs: Vec::new(), left: key.into(), eq_token, right: value.into() }))
        }
        Err(error) => diagnostics.report_at(error.span(), "this cannot be read", "write words, separated by commas"),
    }
}

fn settings(kind: Kind, attributes: &[Attribute], diagnostics: &mut Diagnostics) -> Settings {
    const HELP: &str = "write `rename_all = \"snake_case\"` or `strip_prefix = \"…\"`";
    let (mut settings, mut seen) = (Settings::default(), Vec::new());
    for word in helper_words(kind, attributes, diagnostics) {
        let Expr::Assign(assign) = &word else {
            let key = match &word {
                Expr::Call(call) => call.func.to_token_stream(),
                other => other.to_token_stream(),
            };
            diagnostics.note(&word, format!("`{key}` is no word for the whole enum"), HELP);
            continue;
        };
        let key = assign.left.to_token_stream().to_string();
        if seen.contains(&key) {
            diagnostics.note(&assign.left, format!("`{key}` stands twice"), "delete one of the two");
        }
        seen.push(key.clone());
        let text = |diagnostics: &mut Diagnostics| match &*assign.right {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
            other => diagnostics.report(other, format!("`{key}` is written as a string"), HELP),
        };
        match key.as_str() {
            "rename_all" => {
                if let Some(text) = text(diagnostics) {
                    let case = text.value();
                    if CASES.contains(&case.as_str()) {
                        settings.case = Some(case);
                    } else {
                        let wrong = format!("unknown case \"{case}\"{}", did_you_mean(&case, CASES));
                        diagnostics.note(text, wrong, format!("write one of \"{}\"", CASES.join("\", \"")));
                    }
                }
            }
            "strip_prefix" => {
                if let Some(text) = text(diagnostics) {
                    if text.value().is_empty() {
                        diagnostics.note(text, "this prefix is empty", "write one, or delete the word");
                    } else {
                        settings.prefix = Some(text.value());
                    }
                }
            }
            "proofs" => {
                if let Some(text) = text(diagnostics) {
                    match text.parse::<Ident>() {
                        Ok(module) => settings.proofs = Some(module),
                        Err(_) => {
                            let wrong = format!("{:?} is no name of a module", text.value());
                            diagnostics.note(text, wrong, "write `proofs = \"proof\"` for `proof::…`");
                        }
                    }
                }
            }
            "crate" => settings.root = parse::root(assign.eq_token, assign.right.to_token_stream(), diagnostics),
            _ => {
                let wrong =
                    format!("unknown key `{key}`{}", did_you_mean(&key, ["rename_all", "strip_prefix", "proofs"]));
                diagnostics.note(&assign.left, wrong, HELP);
            }
        }
    }
    settings
}
