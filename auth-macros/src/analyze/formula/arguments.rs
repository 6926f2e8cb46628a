//! Arguments of attributes that accept no keys.

use quote::ToTokens as _;
use syn::Expr;
use syn::ext::IdentExt as _;

use crate::analyze::suggestions::{self, Join};
use crate::diagnostics::Diagnostics;
use crate::grammar::{self, Attribute, REQUIRE_AUTH_KEYS, Reading};
use crate::parse::Word;

/// Returns the words that are expressions. Reports keys (`key = value`), which these attributes do not accept.
pub(super) fn expressions<'a>(
    words: impl IntoIterator<Item = &'a Word>,
    attribute: Attribute,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<&'a Expr>> {
    let mut list = Vec::new();
    let mut keys = false;
    for word in words {
        match word {
            Word::Expression(expression) => list.push(expression),
            Word::Key(key, value) => {
                keys = true;
                let name = key.unraw().to_string();
                let wrong = format!("expected {}, found `{name} = …`", attribute.expected());
                diagnostics.note(key, wrong, help_for_key(attribute, key, value));
            }
        }
    }
    if keys { None } else { Some(list) }
}

/// Returns the help for a key in place of names, chosen by its likely meaning.
fn help_for_key(attribute: Attribute, key: &syn::Ident, value: &Expr) -> String {
    let (word, name) = (attribute.word(), key.unraw().to_string());
    let singular = name.strip_suffix('s').unwrap_or(&name);
    if attribute == Attribute::RequireClaim
        && let Some(claim) = suggestions::claim_of_key(&name, value)
    {
        return format!("write `#[{word}({claim})]`");
    }
    if attribute == Attribute::Require {
        return match (grammar::atom(singular), suggestions::names(value)) {
            (Some(row), Some(names)) if matches!(row.shape, grammar::Shape::Name(_)) => {
                names.help(|names| format!("{singular}({names})"))
            }
            (Some(_), _) => format!("write `{singular}({})`", value.to_token_stream()),
            (None, _) => match suggestions::claim_of_key(&name, value) {
                Some(claim) => format!("write `claim({claim})`"),
                None => "delete it".to_owned(),
            },
        };
    }
    // `role = "admin"` in `require_role`, and other keys that only repeat the attribute.
    let own = word.rsplit('_').next().unwrap_or(word);
    if [own, "name", "any", "any_of", "all", "all_of", "one_of", "is", "has"].contains(&singular)
        && let Some(mut names) = suggestions::names(value)
    {
        if singular.starts_with("any") || singular == "one_of" {
            names.join = Join::Any;
        } else if singular.starts_with("all") {
            names.join = Join::All;
        }
        return match attribute.reading() {
            Reading::Names(_) => names.help(|names| format!("#[{word}({names})]")),
            _ => format!("write `#[{word}({})]`", names.names.join(", ")),
        };
    }
    match suggestions::attribute(&name, value) {
        Some(other) => format!("write `{other}` beside it"),
        None if REQUIRE_AUTH_KEYS.contains(&name.as_str()) => {
            format!("write `#[require_auth({name} = {})]` beside it", value.to_token_stream())
        }
        None => "delete it".to_owned(),
    }
}
