//! The formula of each attribute.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use super::arguments::expressions;
use super::expression::rule_formula;
use super::naming::{combined, in_tenant, read_tenant, read_tenant_of};
use crate::analyze::atoms::{any_or_all_help, read_atom, two_names};
use crate::analyze::model::{Atom, Formula};
use crate::analyze::suggestions;
use crate::diagnostics::{Diagnostics, did_you_mean, nearest};
use crate::grammar::{self, Attribute, Kind, REQUIRE_AUTH_FLAGS, REQUIRE_AUTH_KEYS, Reading};
use crate::parse::{RAW_IN, Word, Words, one_line, ungrouped};

/// Returns the formula of an attribute.
pub(crate) fn attribute_formula(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    if words.is_broken {
        return None;
    }
    match words.attribute.reading() {
        Reading::Nothing => public(words, diagnostics),
        Reading::Keys => require_auth(words, diagnostics),
        Reading::Names(kind) => names(kind, words, diagnostics),
        Reading::Atom { word, negated } => one_atom(word, negated, words, diagnostics),
        Reading::Formula => rule_formula(words, diagnostics),
    }
}

/// Reads the arguments of the only atom of an attribute.
fn one_atom(word: &str, negated: bool, words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    if let [Word::Key(first, name), Word::Key(second, value)] = words.list.as_slice()
        && words.attribute == Attribute::RequireClaim
        && first == "name"
        && second == "value"
        && let Some(claim) = suggestions::claim(name, value)
    {
        let wrong = "expected the name and the value of a claim, found `name = …`";
        return diagnostics.report(first, wrong, format!("write `#[require_claim({claim})]`"));
    }
    let arguments = expressions(&words.list, words.attribute, diagnostics)?;
    let at = all_tokens(words, &arguments);
    read_atom(grammar::atom(word)?, &arguments, &at, diagnostics).map(|atom| Formula::literal(atom, negated, at))
}

fn public(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    if words.not_found {
        return diagnostics.report_at(words.span, "`not_found` has no effect on a public handler", "write `#[public]`");
    }
    match words.list.first() {
        None => Some(Formula::All(Vec::new())),
        Some(Word::Key(key, _)) => diagnostics.report(key, "`#[public]` takes no arguments", "write `#[public]`"),
        Some(Word::Expression(word)) => {
            let help = match suggestions::names(word) {
                Some(names) => format!("write `#[require_role({})]`, or `#[public]` for everyone", names.text()),
                None => "write `#[public]`".to_owned(),
            };
            diagnostics.report(word, "`#[public]` takes no arguments", help)
        }
    }
}

/// Reads `#[require_auth(…)]`: keys and flags, each of which is the atom of that name.
fn require_auth(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    if words.list.is_empty() {
        return Some(Formula::literal(Atom::Authenticated, false, attribute_token(words)));
    }
    let (mut parts, mut seen) = (Vec::new(), Vec::new());
    for word in &words.list {
        if let Word::Key(key, value) = word
            && key == RAW_IN
        {
            let name = key.to_string();
            let tenant = read_tenant(key, value, seen.contains(&name), diagnostics);
            seen.push(name);
            parts.push(tenant.map(|tenant| Formula::literal(Atom::TenantMember(tenant), false, quote!(#key = #value))));
            continue;
        }
        let (name, at, value) = match word {
            Word::Key(key, value) => match check_key(key, value, diagnostics) {
                Some(()) => (key.to_string(), quote!(#key = #value), Some((key, value))),
                None => continue,
            },
            Word::Expression(word) => match flag(word) {
                Some(name) => (name, word.to_token_stream(), None),
                None => {
                    report_unknown_word(word, diagnostics);
                    continue;
                }
            },
        };
        if seen.contains(&name) {
            let wrong = format!("`{name}` is repeated");
            match value {
                Some((key, _)) => diagnostics.note(key, wrong, "delete one of the two"),
                None => diagnostics.note(&at, wrong, "delete one of the two"),
            }
        }
        let arguments: Vec<_> = value.iter().map(|(_, value)| *value).collect();
        let atom = grammar::atom(&name).and_then(|row| read_atom(row, &arguments, &at, diagnostics));
        seen.push(name);
        parts.push(atom.map(|atom| Formula::literal(atom, false, at)));
    }
    if parts.is_empty() {
        return None;
    }
    parts.into_iter().collect::<Option<Vec<_>>>().map(Formula::all)
}

const REQUIRE_AUTH_HELP: &str =
    "write `max_age = \"5m\"`, `acr = \"…\"`, `scheme = \"bearer\"`, `in = org` or `direct`";

/// Returns the name of the flag, if the expression is one.
fn flag(word: &Expr) -> Option<String> {
    match ungrouped(word) {
        Expr::Path(path) => {
            let flag = path.path.get_ident().filter(|word| REQUIRE_AUTH_FLAGS.iter().any(|flag| word == flag));
            flag.map(ToString::to_string)
        }
        _ => None,
    }
}

/// Reports a key of `#[require_auth(…)]` that does not exist or has no value.
fn check_key(key: &syn::Ident, value: &Expr, diagnostics: &mut Diagnostics) -> Option<()> {
    let name = key.to_string();
    if REQUIRE_AUTH_FLAGS.contains(&name.as_str()) {
        return diagnostics.report(key, format!("`{name}` takes no value"), format!("write `{name}`"));
    }
    if !REQUIRE_AUTH_KEYS.contains(&name.as_str()) {
        let help = match suggestions::attribute(&name, value) {
            Some(other) => format!("write `{other}`"),
            None => REQUIRE_AUTH_HELP.to_owned(),
        };
        return diagnostics.report(
            key,
            format!("unknown key `{name}`{}", did_you_mean(&name, REQUIRE_AUTH_KEYS)),
            help,
        );
    }
    Some(())
}

/// Reports an expression in `#[require_auth(…)]` that is not a flag.
fn report_unknown_word(word: &Expr, diagnostics: &mut Diagnostics) {
    let name = match ungrouped(word) {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    if let Some(flag) =
        name.as_deref().and_then(|word| nearest(word, REQUIRE_AUTH_FLAGS.into_iter().chain(["not_found"])))
    {
        let wrong = format!("unknown word `{}`; did you mean `{flag}`?", word.to_token_stream());
        let help = if flag == "not_found" { "write `not_found`, or delete it" } else { REQUIRE_AUTH_HELP };
        return diagnostics.note(word, wrong, help);
    }
    if let Expr::Call(call) = ungrouped(word)
        && let Some(flag) = REQUIRE_AUTH_FLAGS.iter().find(|flag| call.func.to_token_stream().to_string() == **flag)
    {
        return diagnostics.note(word, format!("`{flag}` takes no arguments"), format!("write `{flag}`"));
    }
    let meant = suggestions::word_of_require_auth(word);
    if !meant.is_empty() {
        let found = one_line(word.to_token_stream());
        let help = format!("write `{}`", meant.join("` or `"));
        return diagnostics.note(word, format!("expected a key, found `{found}`"), help);
    }
    let wrong = match ungrouped(word) {
        Expr::Path(_) | Expr::Call(_) => "expected `=` and a value after this key",
        _ => "expected a key before this value",
    };
    diagnostics.note(word, wrong, REQUIRE_AUTH_HELP);
}

/// Reads `#[require_role(…)]` and the like: one name, or several with `any` or `all`, and a tenant.
fn names(kind: Kind, words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let is_in = |word: &&Word| matches!(word, Word::Key(key, _) if key == RAW_IN);
    let tenants: Vec<_> = words.list.iter().filter(is_in).collect();
    let mut tenant = None;
    for word in &tenants {
        if let Word::Key(key, value) = word {
            let read = read_tenant_of(kind, key, value, tenant.is_some(), diagnostics);
            tenant = tenant.or(read);
        }
    }
    let rest = words.list.iter().filter(|word| !is_in(word));
    let arguments = expressions(rest, words.attribute, diagnostics)?;
    let formula = combined_names(kind, words, &arguments, diagnostics)?;
    in_tenant(formula, tenant, tenants.len(), diagnostics)
}

fn combined_names(kind: Kind, words: &Words, arguments: &[&Expr], diagnostics: &mut Diagnostics) -> Option<Formula> {
    match arguments {
        [] if diagnostics.is_empty() => {
            let (word, example) = (words.attribute.word(), kind.example());
            diagnostics.report_at(
                words.span,
                format!("expected at least one {}", kind.word()),
                format!("write `#[{word}(\"{example}\")]`"),
            )
        }
        [] => None,
        [one] => combined(kind, one, false, diagnostics),
        several => {
            // A misspelled `not_found` is not a second name.
            if let Some(Expr::Path(last)) = several.last().map(|last| ungrouped(last))
                && let Some(word) = last.path.get_ident().map(ToString::to_string)
                && nearest(&word, ["not_found"]).is_some()
            {
                let wrong = format!("unknown word `{word}`; did you mean `not_found`?");
                return diagnostics.report(last, wrong, "write `not_found`, or delete it");
            }
            // Mistakes in the names are reported too, as both have to be corrected.
            for name in several {
                combined(kind, name, false, diagnostics);
            }
            diagnostics.report(several.get(1), two_names(kind), any_or_all_help(kind, several))
        }
    }
}

/// Returns the tokens of all words, or the attribute if there are none.
fn all_tokens(words: &Words, arguments: &[&Expr]) -> TokenStream {
    let all: Punctuated<&Expr, Token![,]> = arguments.iter().copied().collect();
    if all.is_empty() { attribute_token(words) } else { all.to_token_stream() }
}

/// Returns a token at the location of the attribute.
fn attribute_token(words: &Words) -> TokenStream {
    proc_macro2::Ident::new(words.attribute.word(), words.span).into_token_stream()
}
