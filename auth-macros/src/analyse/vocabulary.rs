//! What a derive declares: names, aliases, and the hierarchy closed over. A cycle has no meaning, so it is a mistake.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Ident, Lit, LitStr, Token};

use super::names::check_name;
use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::words::{CASES, Kind};

/// The names of an enum.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) variants: Vec<Variant>,
    /// By variant: the bits of what it implies, itself included.
    pub(crate) closure: Vec<Vec<u64>>,
    /// By variant: the permissions that it and what it implies grant, as type and variant.
    pub(crate) grants: Vec<Vec<(syn::Path, Ident)>>,
    pub(crate) root: Option<syn::Path>,
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    /// Where the name, and each alias, is written.
    at: Vec<(String, Span)>,
    implies: Vec<Ident>,
    grants: Vec<(syn::Path, Ident)>,
}

/// The words of the helper attribute on the enum.
#[derive(Default)]
struct Settings {
    case: Option<String>,
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
    Some(Declared { grants: grants.collect(), closure, variants, root: settings.root })
}

fn holds(row: &[u64], index: usize) -> bool {
    row.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
}

/// The words of the helper attributes.
fn helper_words(kind: Kind, attributes: &[Attribute], diagnostics: &mut Diagnostics) -> Vec<Expr> {
    let mut words = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(kind.helper())) {
        let Ok(list) = attribute.meta.require_list() else {
            let help = format!("write `#[{}(\"{}\")]`, or delete it", kind.helper(), kind.example());
            diagnostics.note(attribute.path(), "this attribute says nothing", help);
            continue;
        };
        let parser = |input: ParseStream<'_>| Punctuated::<Expr, Token![,]>::parse_terminated(input);
        match parser.parse2(list.tokens.clone()) {
            Ok(list) => words.extend(list),
            Err(error) => diagnostics.note_at(error.span(), "this cannot be read", "write words, separated by commas"),
        }
    }
    words
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
            "crate" => match &*assign.right {
                Expr::Path(path) => settings.root = Some(path.path.clone()),
                other => diagnostics.note(other, "this is no path", "write `crate = the_name_in_Cargo_toml`"),
            },
            _ => {
                let wrong = format!("unknown key `{key}`{}", did_you_mean(&key, ["rename_all", "strip_prefix"]));
                diagnostics.note(&assign.left, wrong, HELP);
            }
        }
    }
    settings
}

fn variant(kind: Kind, variant: &syn::Variant, settings: &Settings, diagnostics: &mut Diagnostics) -> Option<Variant> {
    if !matches!(variant.fields, Fields::Unit) {
        let wrong = format!("a {} has no fields", kind.word());
        return diagnostics.report(&variant.fields, wrong, "delete them; what depends on data is a claim");
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
                    diagnostics.note(text, "a second name", "write `alias(…)` for a name that only tokens use");
                } else if position > 0 {
                    diagnostics.note(text, "the name is not the first word", "write it before the others");
                } else if check_name(kind, text, diagnostics).is_some() {
                    (read.name, name_at) = (text.value(), text.span());
                }
            }
            Expr::Call(call) => {
                let key = call.func.to_token_stream().to_string();
                if seen.contains(&key) {
                    diagnostics.note(&call.func, format!("`{key}` stands twice"), "write all of it in one");
                }
                seen.push(key.clone());
                call_word(kind, &key, call, &mut read, diagnostics);
            }
            other => {
                let (at, key) = match other {
                    Expr::Assign(assign) => (assign.left.to_token_stream(), assign.left.to_token_stream().to_string()),
                    other => (other.to_token_stream(), other.to_token_stream().to_string()),
                };
                let wrong = if ["rename_all", "strip_prefix"].contains(&key.as_str()) {
                    format!("`{key}` is for the whole enum")
                } else if matches!(other, Expr::Lit(_)) {
                    format!("the name of a {} is written as a string", kind.word())
                } else {
                    format!("unknown key `{key}`{}", did_you_mean(&key, variant_words(kind)))
                };
                diagnostics.note(at, wrong, help(kind));
            }
        }
    }
    // Derived from the variant, it may still be what no token can carry.
    if !seen.iter().any(|word| word == "name") {
        let literal = LitStr::new(&read.name, variant.ident.span());
        check_name(kind, &literal, diagnostics)?;
    }
    read.at.insert(0, (read.name.clone(), name_at));
    Some(read)
}

fn variant_words(kind: Kind) -> Vec<&'static str> {
    if kind == Kind::Role { vec!["implies", "grants", "alias"] } else { vec!["implies", "alias"] }
}

fn help(kind: Kind) -> String {
    let grants = if kind == Kind::Role { ", `grants(Permission::…)`" } else { "" };
    format!("write a name first, then `implies(…)`{grants} or `alias(\"…\")`")
}

/// `implies(…)`, `grants(…)` or `alias(…)`.
fn call_word(kind: Kind, key: &str, call: &syn::ExprCall, read: &mut Variant, diagnostics: &mut Diagnostics) {
    if !variant_words(kind).contains(&key) {
        let wrong = format!("unknown key `{key}`{}", did_you_mean(key, variant_words(kind)));
        diagnostics.note(&call.func, wrong, help(kind));
        return;
    }
    if call.args.is_empty() {
        diagnostics.note(call, format!("`{key}()` names nothing"), "write what, or delete it");
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
                        diagnostics.note(name, format!("`{name}` stands twice"), "delete one of the two");
                    }
                    read.implies.push(name.clone());
                }
            }
            ("implies", other) => diagnostics.note(
                other,
                "what is implied is a variant of this enum",
                "write its name, such as `implies(Editor)`",
            ),
            (_, Expr::Path(path)) if path.path.segments.len() > 1 => {
                let mut of = path.path.clone();
                let name = of.segments.pop().map(|last| last.ident);
                of.segments.pop_punct();
                read.grants.extend(name.map(|name| (of, name)));
            }
            (_, other) => diagnostics.note(
                other,
                "what is granted is a variant of a permission enum",
                "write its path, such as `grants(Permission::PostsWrite)`",
            ),
        }
    }
}

/// The variant's name in the case of the vocabulary.
fn default_name(ident: &Ident, settings: &Settings) -> String {
    let text = ident.to_string();
    let text = text.trim_start_matches("r#");
    let text = settings.prefix.as_deref().and_then(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let words = split_words(text);
    let joined = |by: &str, each: fn(&str) -> String| words.iter().map(|word| each(word)).collect::<Vec<_>>().join(by);
    match settings.case.as_deref() {
        Some("snake_case") => joined("_", str::to_lowercase),
        Some("SCREAMING_SNAKE_CASE") => joined("_", str::to_uppercase),
        Some("PascalCase") => joined("", capitalized),
        Some("lowercase") => joined("", str::to_lowercase),
        Some("camelCase") => {
            let pascal = joined("", capitalized);
            let mut characters = pascal.chars();
            characters
                .next()
                .map(|first| first.to_lowercase().collect::<String>() + characters.as_str())
                .unwrap_or_default()
        }
        _ => joined("-", str::to_lowercase),
    }
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    first + &characters.as_str().to_lowercase()
}

/// `ContentEditor`, `HTTPAdmin` and `CONTENT_EDITOR` are each two words.
fn split_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in text.split('_').filter(|part| !part.is_empty()) {
        let letters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (index, letter) in letters.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| letters.get(index));
            let after = letters.get(index + 1);
            let begins = letter.is_uppercase()
                && before
                    .is_some_and(|before| !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()));
            if begins {
                words.push(std::mem::take(&mut word));
            }
            word.push(*letter);
        }
        words.push(word);
    }
    words
}

/// Two variants with one name, counting aliases.
fn check_names(kind: Kind, variants: &[Variant], diagnostics: &mut Diagnostics) {
    let mut seen: Vec<(&str, &Ident)> = Vec::new();
    for variant in variants {
        for (name, at) in &variant.at {
            match seen.iter().find(|(other, _)| other == name) {
                Some((_, owner)) if *owner == &variant.ident => {
                    diagnostics.note_at(*at, format!("\"{name}\" is already the name of `{owner}`"), "delete it");
                }
                Some((_, owner)) => {
                    let wrong = format!("two {}s are named \"{name}\": `{owner}` and `{}`", kind.word(), variant.ident);
                    diagnostics.note_at(*at, wrong, "give one of them another name");
                }
                None => seen.push((name, &variant.ident)),
            }
        }
    }
}

/// By variant, the indices of what it implies directly.
fn implied(variants: &[Variant], diagnostics: &mut Diagnostics) -> Option<Vec<Vec<usize>>> {
    let names: Vec<_> = variants.iter().map(|variant| variant.ident.to_string()).collect();
    let all: Vec<_> = variants
        .iter()
        .map(|variant| {
            let indices = variant.implies.iter().map(|name| {
                let index = names.iter().position(|other| name == other);
                index.or_else(|| {
                    let near = did_you_mean(&name.to_string(), names.iter().map(String::as_str));
                    diagnostics.report(
                        name,
                        format!("`{name}` is no variant of this enum{near}"),
                        format!("write one of {}", names.join(", ")),
                    )
                })
            });
            indices.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()
        })
        .collect();
    all.into_iter().collect()
}

/// A way from a variant back to itself. Each circle is told once, at the word that closes it.
fn check_circles(variants: &[Variant], implied: &[Vec<usize>], diagnostics: &mut Diagnostics) -> Option<()> {
    for (start, variant) in variants.iter().enumerate() {
        let (mut trail, mut seen) = (vec![start], vec![false; implied.len()]);
        if let Some(circle) = circle(start, implied, &mut trail, &mut seen) {
            let names: Vec<_> = circle
                .iter()
                .chain([&start])
                .filter_map(|index| variants.get(*index))
                .map(|one| one.ident.to_string())
                .collect();
            let wrong = format!("`implies` goes in a circle: {}", names.join(" → "));
            return diagnostics.report(variant.implies.first(), wrong, "delete one of these");
        }
    }
    Some(())
}

/// Each variant is entered once: what leads nowhere by one way leads nowhere by another.
fn circle(start: usize, implied: &[Vec<usize>], trail: &mut Vec<usize>, seen: &mut [bool]) -> Option<Vec<usize>> {
    let last = *trail.last()?;
    for next in implied.get(last)? {
        if *next == start {
            return Some(trail.clone());
        }
        let entered = seen.get_mut(*next)?;
        if !std::mem::replace(entered, true) {
            trail.push(*next);
            if let Some(found) = circle(start, implied, trail, seen) {
                return Some(found);
            }
            trail.pop();
        }
    }
    None
}

/// The rows of bits, closed over. There are no circles.
fn close(implied: &[Vec<usize>]) -> Vec<Vec<u64>> {
    fn add(index: usize, implied: &[Vec<usize>], row: &mut [u64]) {
        if holds(row, index) {
            return;
        }
        if let Some(word) = row.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
        for next in implied.get(index).into_iter().flatten() {
            add(*next, implied, row);
        }
    }
    let words = implied.len().div_ceil(64);
    let rows = (0..implied.len()).map(|index| {
        let mut row = vec![0; words];
        add(index, implied, &mut row);
        row
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_default_to_kebab_case_and_follow_the_case_that_is_said() {
        let name = |ident: &str, case: Option<&str>| {
            let settings = Settings { case: case.map(str::to_owned), prefix: Some("ROLE_".to_owned()), root: None };
            default_name(&Ident::new(ident, Span::call_site()), &settings)
        };
        #[rustfmt::skip]
        let table = [
            ("Admin", None, "admin"), ("ContentEditor", None, "content-editor"), ("HTTPAdmin", None, "http-admin"),
            ("ROLE_SITE_ADMIN", None, "site-admin"), ("Viewer2", None, "viewer2"),
            ("ContentEditor", Some("snake_case"), "content_editor"), ("ContentEditor", Some("SCREAMING_SNAKE_CASE"), "CONTENT_EDITOR"),
            ("ContentEditor", Some("camelCase"), "contentEditor"), ("ROLE_SITE_ADMIN", Some("PascalCase"), "SiteAdmin"),
            ("ContentEditor", Some("lowercase"), "contenteditor"),
        ];
        for (ident, case, expected) in table {
            assert_eq!(name(ident, case), expected, "{ident} {case:?}");
        }
    }

    #[test]
    fn a_hierarchy_is_closed_over() {
        assert_eq!(close(&[vec![1], vec![2], vec![], vec![1]]), [[0b0111], [0b0110], [0b0100], [0b1110]]);
    }
}
