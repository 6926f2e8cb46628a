//! `authorized(…)`: an action on an object, and the location of the key of the object.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens as _;
use syn::{Expr, Lit, LitStr};

use super::check::PRINCIPAL;
use super::model::{Atom, Check, CheckKind, Formula, KeyLocation, Literal, ObjectCheck};
use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::grammar;
use crate::parse::{one_line, ungrouped};

/// The locations of keys, each with an example.
const LOCATIONS: [(&str, &str); 4] = [
    ("json", r#"json("/post_id")"#),
    ("query", r#"query("post_id")"#),
    ("header", r#"header("X-Post")"#),
    ("path", r#"path("post_id")"#),
];

/// Headers that cannot contain a key, because authentication, routing or the protocol itself uses them.
const RESERVED: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "dpop",
    "forwarded",
    "host",
    "origin",
    "proxy-authorization",
    "sec-fetch-site",
    "sec-websocket-protocol",
    "transfer-encoding",
    "upgrade",
];

/// Reads the types of an object and of an action, and the location of the key.
pub(super) fn read_object(
    row: &grammar::Atom,
    arguments: &[&Expr],
    at: &TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<Check> {
    let is_setting = |one: &&Expr| matches!(ungrouped(one), Expr::Assign(_));
    let (settings, types): (Vec<&Expr>, Vec<&Expr>) = arguments.iter().copied().partition(is_setting);
    let location = read_settings(&settings, diagnostics);
    let [object, action] = types.as_slice() else {
        return match types.get(2) {
            Some(third) => report_third(third, diagnostics),
            None => {
                let help = format!("write the type of the object and the action on it: `{}`", row.example);
                diagnostics.report(at, "`authorized` takes two types", help)
            }
        };
    };
    let mut read = |one: &Expr| match ungrouped(one) {
        Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
        other => diagnostics.report(other, "expected a type", format!("write `{}`", row.example)),
    };
    let (object, action) = (read(object), read(action));
    let (object, action, location) = (object?, action?, location?);
    let types = one_line(quote::quote!(#object, #action));
    let text = match &location {
        Some(location) => format!("{types}, at = {location}"),
        None => types,
    };
    let principal = Ident::new(PRINCIPAL, proc_macro2::Span::mixed_site());
    let kind = CheckKind::Object(ObjectCheck { object, action, location });
    Some(Check { kind, index: 0, principal: Some(principal), free_names: Vec::new(), any_token: false, text })
}

/// Reports a third argument, which is mostly a location without its keyword.
fn report_third<T>(third: &Expr, diagnostics: &mut Diagnostics) -> Option<T> {
    let text = one_line(third.to_token_stream());
    let is_location = |word: &str| LOCATIONS.iter().any(|(known, _)| *known == word);
    let help = match ungrouped(third) {
        Expr::Call(call) if is_location(&call.func.to_token_stream().to_string()) => format!("write `at = {text}`"),
        _ => format!("write the location of the key as `at = {}`, or delete this", LOCATIONS[0].1),
    };
    diagnostics.report(third, "`authorized` takes two types, and this is a third argument", help)
}

/// Reads `at = …`. The outer option is `None` after a mistake.
fn read_settings(settings: &[&Expr], diagnostics: &mut Diagnostics) -> Option<Option<KeyLocation>> {
    let mut found = Some(None);
    for (position, setting) in settings.iter().enumerate() {
        let Expr::Assign(assign) = ungrouped(setting) else { continue };
        let key = one_line(assign.left.to_token_stream());
        if key != "at" {
            let help = format!("write `at = {}` for the location of the key, or delete this", LOCATIONS[0].1);
            found = diagnostics.report(&assign.left, format!("unknown setting `{key}` of `authorized`"), help);
        } else if position > 0 && found.as_ref().is_none_or(Option::is_some) {
            found = diagnostics.report(setting, "the location of the key is repeated", "delete one of the two");
        } else {
            let location = read_location(&assign.right, diagnostics);
            found = location.map(Some);
        }
    }
    found
}

/// Reads the location of a key, such as `json("/post_id")`.
fn read_location(value: &Expr, diagnostics: &mut Diagnostics) -> Option<KeyLocation> {
    let examples = LOCATIONS.map(|(_, example)| format!("`{example}`")).join(", ");
    let Expr::Call(call) = ungrouped(value) else {
        let help = match ungrouped(value) {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) if text.value().starts_with('/') => format!("write `json({})`", text.token()),
                _ => format!("write one of {examples}"),
            },
            _ => format!("write one of {examples}"),
        };
        return diagnostics.report(value, "expected the location of a key", help);
    };
    let word = one_line(call.func.to_token_stream());
    let Some((_, example)) = LOCATIONS.iter().find(|(known, _)| *known == word) else {
        let near = did_you_mean(&word, LOCATIONS.map(|(known, _)| known));
        return diagnostics.report(
            &call.func,
            format!("unknown location `{word}`{near}"),
            format!("write one of {examples}"),
        );
    };
    let text = match call.args.iter().map(ungrouped).collect::<Vec<_>>().as_slice() {
        [Expr::Lit(literal)] => match &literal.lit {
            Lit::Str(text) if text.suffix().is_empty() => text.clone(),
            _ => return diagnostics.report(literal, "expected a string", format!("write `{example}`")),
        },
        [] => return diagnostics.report(value, format!("`{word}` needs a string"), format!("write `{example}`")),
        [other] => return diagnostics.report(other, "expected a string", format!("write `{example}`")),
        [_, second, ..] => {
            return diagnostics.report(second, format!("`{word}` takes one string"), format!("write `{example}`"));
        }
    };
    match word.as_str() {
        "json" => check_pointer(&text, diagnostics).map(KeyLocation::Json),
        "header" => check_header(&text, diagnostics).map(KeyLocation::Header),
        "query" => check_parameter(&text, "query", diagnostics).map(KeyLocation::Query),
        _ => check_parameter(&text, "path", diagnostics).map(KeyLocation::Path),
    }
}

/// Checks a JSON pointer of member names (RFC 6901, OBJ-5).
fn check_pointer(text: &LitStr, diagnostics: &mut Diagnostics) -> Option<String> {
    let pointer = text.value();
    let Some(steps) = pointer.strip_prefix('/') else {
        let wrong = format!("{pointer:?} is not a JSON pointer: it does not begin with `/`");
        let path = pointer.trim_start_matches("$.").replace('.', "/");
        return diagnostics.report(text, wrong, format!("write `json(\"/{path}\")`"));
    };
    let is_index = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(index) = steps.split('/').find(|step| is_index(step)) {
        let wrong = format!("{index:?} is an index: a key is located in objects only, not in lists");
        return diagnostics.report(text, wrong, format!("name members only, such as `{}`", LOCATIONS[0].1));
    }
    let is_escaped = |step: &str| step.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if !steps.split('/').all(is_escaped) {
        let wrong = format!("invalid escape in the JSON pointer {pointer:?}");
        return diagnostics.report(text, wrong, "write `~0` for `~`, and `~1` for `/` in a name");
    }
    Some(pointer)
}

fn check_header(text: &LitStr, diagnostics: &mut Diagnostics) -> Option<String> {
    let name = text.value().to_ascii_lowercase();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !is_name {
        let wrong = format!("{:?} is not the name of a header", text.value());
        return diagnostics.report(text, wrong, format!("write `{}`", LOCATIONS[2].1));
    }
    if RESERVED.contains(&name.as_str()) {
        let wrong = format!("the header {:?} has another meaning", text.value());
        return diagnostics.report(text, wrong, format!("use a header of the application: `{}`", LOCATIONS[2].1));
    }
    Some(name)
}

/// Checks the name of a parameter of the query or the path. Names that would have to be encoded are refused, because they could be
/// compared in two forms.
fn check_parameter(text: &LitStr, place: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let name = text.value();
    let is_plain = |letter: char| letter.is_ascii_graphic() && !"%&=+#?;/{}\"\\".contains(letter);
    if name.is_empty() || !name.chars().all(is_plain) {
        let wrong = format!("{name:?} is not the name of a {place} parameter");
        return diagnostics.report(text, wrong, "write its name without encoding, such as `\"post_id\"`");
    }
    Some(name)
}

/// Reports objects that cannot be asked about in this rule: the same types twice (OBJ-1), and a key in the body of a hidden handler
/// (OBJ-6).
pub(super) fn check_objects(formula: &Formula, not_found: bool, diagnostics: &mut Diagnostics) {
    let objects: Vec<(&Literal, &ObjectCheck)> = formula.literals().into_iter().filter_map(object_of).collect();
    for (position, (literal, object)) in objects.iter().enumerate() {
        let types = |object: &ObjectCheck| {
            let (object, action) = (&object.object, &object.action);
            quote::quote!(#object, #action).to_string()
        };
        if objects.iter().take(position).any(|(_, earlier)| types(earlier) == types(object)) {
            report_repeated(literal, object, is_same_atom(&objects, position), diagnostics);
        } else if not_found && matches!(object.location, Some(KeyLocation::Json(_))) {
            let wrong = "a hidden handler (`not_found`) cannot read a key from the body: a client that withholds the body could distinguish it from an unknown path";
            diagnostics.note(&literal.at, wrong, "locate the key in the path or the query, or remove `not_found`");
        }
    }
}

/// Returns whether an earlier atom is written in the same way.
fn is_same_atom(objects: &[(&Literal, &ObjectCheck)], position: usize) -> bool {
    let text = |at: usize| objects.get(at).map(|(literal, _)| literal.atom.text());
    (0..position).any(|earlier| text(earlier) == text(position))
}

fn report_repeated(literal: &Literal, object: &ObjectCheck, is_same: bool, diagnostics: &mut Diagnostics) {
    if is_same {
        let text = literal.atom.text();
        let help = format!("write it once, such as `(… || …) && {text}`");
        return diagnostics.note(&literal.at, format!("`{text}` is written twice"), help);
    }
    let (object, action) = (one_line(object.object.to_token_stream()), one_line(object.action.to_token_stream()));
    let wrong = format!("the rule asks about `{object}, {action}` in two places: an argument could be either object");
    diagnostics.note(&literal.at, wrong, "keep one of the two, or write an action of its own for the second object");
}

fn object_of(literal: &Literal) -> Option<(&Literal, &ObjectCheck)> {
    match &literal.atom {
        Atom::Check(check) => match &check.kind {
            CheckKind::Object(object) => Some((literal, object)),
            CheckKind::Expression(_) => None,
        },
        _ => None,
    }
}
