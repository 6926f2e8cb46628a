//! Validation of `#[derive(Action)]`.

use quote::ToTokens as _;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Expr, ExprAssign, Token};

use super::atoms::read_name;
use super::model::Name;
use super::vocabulary::kebab_case;
use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::grammar::Kind;
use crate::parse;

/// A valid action.
pub(crate) struct DeclaredAction {
    /// The name of the action.
    pub(crate) name: String,
    /// The name that a limited credential needs.
    pub(crate) required: Option<(Kind, Name)>,
    pub(crate) root: Option<syn::Path>,
}

/// The helper attribute.
const HELPER: &str = "action";

/// The keys that name what a limited credential needs.
const KEYS: [(&str, Kind); 3] = [("role", Kind::Role), ("permission", Kind::Permission), ("scope", Kind::Scope)];

const HELP: &str = "write `scope = \"…\"`, `permission = \"…\"` or `role = \"…\"`";

/// Validates the helper attributes of an action.
pub(crate) fn analyze_action(input: &DeriveInput, diagnostics: &mut Diagnostics) -> DeclaredAction {
    let mut action = DeclaredAction { name: kebab_case(&input.ident), required: None, root: None };
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident(HELPER)) {
        let words = match &attribute.meta {
            syn::Meta::List(list) if !list.tokens.is_empty() => list,
            _ => {
                diagnostics.note(attribute.path(), "this attribute is empty", format!("{HELP}, or delete it"));
                continue;
            }
        };
        match words.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(words) => words.iter().for_each(|word| action.read(word, diagnostics)),
            Err(error) => diagnostics.note_at(error.span(), "this cannot be parsed", HELP),
        }
    }
    action
}

impl DeclaredAction {
    fn read(&mut self, word: &Expr, diagnostics: &mut Diagnostics) {
        let Expr::Assign(ExprAssign { left, eq_token, right, .. }) = word else {
            let found = parse::one_line(word.to_token_stream());
            return diagnostics.note(word, format!("expected a key and a value, found `{found}`"), HELP);
        };
        let key = left.to_token_stream().to_string();
        if key == "crate" {
            self.root = parse::read_root(eq_token, right.to_token_stream(), diagnostics);
            return;
        }
        let Some((_, kind)) = KEYS.iter().find(|(word, _)| *word == key) else {
            let wrong = format!("unknown key `{key}`{}", did_you_mean(&key, KEYS.map(|(word, _)| word)));
            return diagnostics.note(left, wrong, HELP);
        };
        if self.required.is_some() {
            return diagnostics.note(
                left,
                "an action requires one name, and this is a second one",
                "delete one of the two",
            );
        }
        self.required = read_name(*kind, right, diagnostics).map(|name| (*kind, name));
    }
}
