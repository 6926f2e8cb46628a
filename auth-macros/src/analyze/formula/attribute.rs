//! What each attribute asks for.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use super::arguments::expressions;
use super::expression::of_rule;
use super::naming::{combined, read_tenant, within};
use super::{Formula, literal};
use crate::analyze::atoms::{Atom, Literal, any_or_all, atom, countries, networks, two_names, ungrouped};
use crate::analyze::check::text_of;
use crate::analyze::meant;
use crate::diagnostics::{Diagnostics, did_you_mean, nearest};
use crate::grammar::{self, Attribute, FLAGS, KEYS, Kind};
use crate::parse::{IN, Word, Words};

/// What an attribute asks for.
pub(crate) fn of_attribute(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    if words.is_broken {
        return None;
    }
    let named = |kind, diagnostics: &mut Diagnostics| names(kind, words, diagnostics);
    match words.attribute {
        Attribute::Public => public(words, diagnostics),
        Attribute::RequireAuth => require_auth(words, diagnostics),
        Attribute::RequireRole => named(Kind::Role, diagnostics),
        Attribute::RequirePermission => named(Kind::Permission, diagnostics),
        Attribute::RequireScope => named(Kind::Scope, diagnostics),
        Attribute::RequireClaim => {
            if let [Word::Key(first, name), Word::Key(second, value)] = words.list.as_slice()
                && first == "name"
                && second == "value"
                && let Some(claim) = meant::claim(name, value)
            {
                let wrong = "expected the name and the value of a claim, found `name = …`";
                return diagnostics.report(first, wrong, format!("write `#[require_claim({claim})]`"));
            }
            let arguments = expressions(&words.list, words.attribute, diagnostics)?;
            let at = whole(words, &arguments);
            atom(grammar::atom("claim")?, &arguments, &at, diagnostics).map(|atom| literal(atom, false, at))
        }
        Attribute::RequireNetwork | Attribute::DenyNetwork => {
            let arguments = expressions(&words.list, words.attribute, diagnostics)?;
            let at = whole(words, &arguments);
            let networks = networks(&arguments, &at, diagnostics)?;
            Some(literal(Atom::Networks(networks), words.attribute == Attribute::DenyNetwork, at))
        }
        Attribute::RequireCountry | Attribute::DenyCountry => {
            let arguments = expressions(&words.list, words.attribute, diagnostics)?;
            let at = whole(words, &arguments);
            let countries = countries(&arguments, &at, diagnostics)?;
            Some(literal(Atom::Countries(countries), words.attribute == Attribute::DenyCountry, at))
        }
        Attribute::Require => of_rule(words, diagnostics),
    }
}

fn public(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    if words.not_found {
        return diagnostics.report_at(words.span, "what is public hides from nobody", "write `#[public]`");
    }
    match words.list.first() {
        None => Some(Formula::All(Vec::new())),
        Some(Word::Key(key, _)) => diagnostics.report(key, "`#[public]` takes no words", "write `#[public]`"),
        Some(Word::Expression(word)) => {
            let help = match meant::names(word) {
                Some(names) => format!("write `#[require_role({})]`, or `#[public]` for everyone", names.text()),
                None => "write `#[public]`".to_owned(),
            };
            diagnostics.report(word, "`#[public]` takes no words", help)
        }
    }
}

fn require_auth(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let mut parts = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    const HELP: &str = "write `max_age = \"5m\"`, `acr = \"…\"`, `scheme = \"bearer\"` or `direct`";
    let is_flag = |word: &proc_macro2::Ident| FLAGS.iter().any(|flag| word == flag);
    for word in &words.list {
        let (key, value) = match word {
            Word::Key(key, value) => (key, value),
            Word::Expression(flag) if matches!(ungrouped(flag), Expr::Path(path) if path.path.get_ident().is_some_and(is_flag)) =>
            {
                let name = ungrouped(flag).to_token_stream().to_string();
                if seen.contains(&name) {
                    diagnostics.note(flag, format!("`{name}` stands twice"), "delete one of the two");
                }
                let at = flag.to_token_stream();
                let atom = grammar::atom(&name).and_then(|row| atom(row, &[], &at, diagnostics));
                seen.push(name);
                parts.push(atom.map(|atom| literal(atom, false, at)));
                continue;
            }
            Word::Expression(other) => {
                let typo = match ungrouped(other) {
                    Expr::Path(word) => word.path.get_ident().map(ToString::to_string),
                    _ => None,
                };
                if let Some(flag) =
                    typo.as_deref().and_then(|word| nearest(word, FLAGS.into_iter().chain(["not_found"])))
                {
                    let wrong = format!("unknown word `{}`; did you mean `{flag}`?", other.to_token_stream());
                    let help = if flag == "not_found" { "write `not_found`, or delete it" } else { HELP };
                    diagnostics.note(other, wrong, help);
                    continue;
                }
                if let Expr::Call(call) = ungrouped(other)
                    && let Some(flag) = FLAGS.iter().find(|flag| call.func.to_token_stream().to_string() == **flag)
                {
                    diagnostics.note(other, format!("`{flag}` takes no words"), format!("write `{flag}`"));
                    continue;
                }
                if let Some(meant) = meant::word_of_require_auth(other) {
                    let found = text_of(other.to_token_stream());
                    diagnostics.note(other, format!("expected a key, found `{found}`"), format!("write `{meant}`"));
                    continue;
                }
                let what = match ungrouped(other) {
                    Expr::Path(_) | Expr::Call(_) => "this key has no value after `=`",
                    _ => "this value has no key before it",
                };
                diagnostics.note(other, what, HELP);
                continue;
            }
        };
        let name = key.to_string();
        if FLAGS.contains(&name.as_str()) {
            diagnostics.note(key, format!("`{name}` has no value"), format!("write `{name}`"));
            continue;
        }
        if !KEYS.contains(&name.as_str()) {
            let help = match meant::attribute(&name, value) {
                Some(other) => format!("write `{other}`"),
                None => HELP.to_owned(),
            };
            diagnostics.note(key, format!("unknown key `{name}`{}", did_you_mean(&name, KEYS)), help);
            continue;
        }
        if seen.contains(&name) {
            diagnostics.note(key, format!("`{name}` stands twice"), "delete one of the two");
        }
        let at = quote::quote!(#key = #value);
        let atom = grammar::atom(&name).and_then(|row| atom(row, &[value], &at, diagnostics));
        seen.push(name);
        parts.push(atom.map(|atom| literal(atom, false, at)));
    }
    if words.list.is_empty() {
        let at = Literal { atom: Atom::Authenticated, negated: false, at: spanned(words) };
        return Some(Formula::Literal(Box::new(at)));
    }
    if parts.is_empty() {
        return None;
    }
    parts.into_iter().collect::<Option<Vec<_>>>().map(Formula::all)
}

/// The names of `#[require_role(…)]` and its like: one, or several with a word on how they combine; and the tenant.
fn names(kind: Kind, words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let is_in = |word: &&Word| matches!(word, Word::Key(key, _) if key == IN);
    let tenants: Vec<_> = words.list.iter().filter(is_in).collect();
    let mut tenant = None;
    for word in &tenants {
        if let Word::Key(key, value) = word {
            let read = read_tenant(kind, key, value, tenant.is_some(), diagnostics);
            tenant = tenant.or(read);
        }
    }
    let rest = words.list.iter().filter(|word| !is_in(word));
    let arguments = expressions(rest, words.attribute, diagnostics)?;
    let formula = names_of(kind, words, &arguments, diagnostics)?;
    within(formula, tenant, tenants.len(), diagnostics)
}

fn names_of(kind: Kind, words: &Words, arguments: &[&Expr], diagnostics: &mut Diagnostics) -> Option<Formula> {
    match arguments {
        [] if diagnostics.is_empty() => {
            let (word, example) = (words.attribute.word(), kind.example());
            diagnostics.report_at(
                words.span,
                format!("this names no {}", kind.word()),
                format!("write `#[{word}(\"{example}\")]`"),
            )
        }
        [] => None,
        [one] => combined(kind, one, false, diagnostics),
        several => {
            // A last word that is mistyped is that mistake, and no second name.
            if let Some(Expr::Path(last)) = several.last().map(|last| ungrouped(last))
                && let Some(word) = last.path.get_ident().map(ToString::to_string)
                && nearest(&word, ["not_found"]).is_some()
            {
                let wrong = format!("unknown word `{word}`; did you mean `not_found`?");
                return diagnostics.report(last, wrong, "write `not_found`, or delete it");
            }
            // Mistakes in the names are told too: both would have to be mended.
            for name in several {
                combined(kind, name, false, diagnostics);
            }
            diagnostics.report(several.get(1), two_names(kind), any_or_all(several))
        }
    }
}

/// The tokens of all words, or the attribute where there are none.
fn whole(words: &Words, arguments: &[&Expr]) -> TokenStream {
    let all: Punctuated<&Expr, Token![,]> = arguments.iter().copied().collect();
    if all.is_empty() { spanned(words) } else { all.to_token_stream() }
}

/// A token that stands for the attribute.
fn spanned(words: &Words) -> TokenStream {
    proc_macro2::Ident::new(words.attribute.word(), words.span).into_token_stream()
}
