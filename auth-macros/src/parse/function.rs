//! The handler, as far as the attributes need it. The body stays a token stream.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, FnArg, Meta, Pat, Signature, Type, Visibility};

use super::tokens::split_at_commas;
use crate::dialect::DIALECT;
use crate::grammar;

/// The item below an attribute.
pub(crate) enum Item {
    Function(Box<Function>),
    /// Another kind of item: its name, and the location of its keyword.
    Other {
        what: &'static str,
        at: Span,
    },
}

/// A handler.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

/// An argument of a handler.
#[derive(Clone)]
pub(crate) struct Parameter {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) pattern: Pat,
    pub(crate) kind: Type,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, visibility, signature, body } = self;
        tokens.extend(quote!(#(#attributes)* #visibility #signature #body));
    }
}

impl Function {
    /// Returns the arguments without a receiver.
    pub(crate) fn parameters(&self) -> Vec<Parameter> {
        let typed = self.signature.inputs.iter().filter_map(|argument| match argument {
            FnArg::Typed(typed) => Some(Parameter {
                attributes: typed.attrs.clone(),
                pattern: (*typed.pat).clone(),
                kind: (*typed.ty).clone(),
            }),
            FnArg::Receiver(_) => None,
        });
        typed.collect()
    }

    /// Returns whether the signature shows that this is an associated function. One without `self` and `Self` is not recognized.
    pub(crate) fn is_associated_function(&self) -> bool {
        fn mentions_self(tokens: TokenStream) -> bool {
            tokens.into_iter().any(|token| match token {
                TokenTree::Ident(word) => word == "Self",
                TokenTree::Group(group) => mentions_self(group.stream()),
                _ => false,
            })
        }
        self.signature.receiver().is_some() || mentions_self(self.signature.to_token_stream())
    }

    /// Returns the routes of the route attributes, for start-up checks and for the access matrix. The pattern is the first
    /// string of the attribute. Renamed route attributes are not recognized. Their rules are checked at the first request.
    pub(crate) fn routes(&self) -> Vec<Route> {
        let read = |attribute: &Attribute| {
            let name = attribute.path().segments.last()?.ident.to_string();
            let tokens =
                attribute.meta.require_list().ok().filter(|_| DIALECT.is_route_attribute(&name))?.tokens.clone();
            let pattern = first_string(tokens.clone())?;
            let methods = match DIALECT.method_of(&name) {
                Some(method) => vec![method],
                None => strings_after_key(&tokens, DIALECT.method_key),
            };
            let (guards, wraps) = (
                strings_after_key(&tokens, DIALECT.guard_key).len(),
                strings_after_key(&tokens, DIALECT.wrap_key).len(),
            );
            Some(Route { methods, pattern, guards, wraps })
        };
        self.attributes.iter().filter_map(read).collect()
    }

    /// Returns whether no attribute expands or replaces the item.
    pub(crate) fn is_plain(&self) -> bool {
        self.attributes.iter().all(is_inert)
    }

    /// Returns whether an attribute may be a route attribute, which turns the function into a service. A route attribute contains
    /// a path, even if it is renamed. Only the type that a route attribute generates can be required to have a rule.
    pub(crate) fn may_have_route(&self) -> bool {
        self.attributes.iter().any(|attribute| may_be_route(&attribute.meta))
    }

    /// Returns the `cfg`s of the item. They apply to all items beside it, too.
    pub(crate) fn conditions(&self) -> Vec<&Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect()
    }
}

/// Returns whether this is a guard attribute, by its original name.
pub(crate) fn is_guard(attribute: &Attribute) -> bool {
    is_guard_path(attribute.path())
}

fn is_guard_path(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|last| grammar::Attribute::from_word(&last.ident.unraw().to_string()).is_some())
}

fn may_be_route(attribute: &Meta) -> bool {
    let Some(name) = attribute.path().segments.last().map(|last| last.ident.unraw().to_string()) else { return false };
    if is_inert_path(attribute.path()) || is_guard_path(attribute.path()) || DIALECT.is_other_attribute(&name) {
        return false;
    }
    match attribute {
        Meta::List(list) if name == "cfg_attr" => split_at_commas(&list.tokens).skip(1).any(|piece| {
            let attribute = piece.ok().and_then(|piece| syn::parse2(piece).ok());
            attribute.is_none_or(|attribute| may_be_route(&attribute))
        }),
        Meta::List(list) => DIALECT.is_route_attribute(&name) || contains_pattern(list.tokens.clone()),
        _ => DIALECT.joins_routes(&name),
    }
}

/// Returns whether the tokens contain a string that can be the pattern of a route.
fn contains_pattern(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Literal(literal) => {
            first_string(TokenTree::from(literal).into()).is_some_and(|text| DIALECT.is_route_pattern(&text))
        }
        TokenTree::Group(group) => contains_pattern(group.stream()),
        _ => false,
    })
}

/// The contents of a route attribute.
pub(crate) struct Route {
    /// Empty for all methods.
    pub(crate) methods: Vec<String>,
    pub(crate) pattern: String,
    pub(crate) guards: usize,
    pub(crate) wraps: usize,
}

/// Returns the strings after `key =`.
fn strings_after_key(tokens: &TokenStream, key: &str) -> Vec<String> {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    let behind = tokens.windows(3).filter_map(|three| match three {
        [TokenTree::Ident(word), TokenTree::Punct(sign), value] if word == key && sign.as_char() == '=' => {
            first_string(value.clone().into())
        }
        _ => None,
    });
    behind.collect()
}

/// Returns the string at the start of the tokens, also within invisible delimiters.
fn first_string(tokens: TokenStream) -> Option<String> {
    match tokens.into_iter().next()? {
        TokenTree::Literal(literal) => {
            syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
        }
        TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::None => first_string(group.stream()),
        _ => None,
    }
}

/// Parses the item below an attribute.
pub(crate) fn parse_item(tokens: &TokenStream) -> syn::Result<Item> {
    if let Some((what, at)) = other_item_kind(tokens) {
        return Ok(Item::Other { what, at });
    }
    Function::parse.parse2(tokens.clone()).map(|function| Item::Function(Box::new(function)))
}

/// Returns the kind and location of the keyword of an item that is not a function.
fn other_item_kind(tokens: &TokenStream) -> Option<(&'static str, Span)> {
    let mut before = None;
    for token in tokens.clone() {
        let TokenTree::Ident(word) = &token else {
            // The brace after `impl` and the like ends the search: an item keyword within it is that of another item.
            if matches!(&token, TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace) {
                break;
            }
            continue;
        };
        let what = match word.to_string().as_str() {
            "fn" => return None,
            "struct" => "a struct",
            "enum" => "an enum",
            "union" => "a union",
            "impl" => "an impl",
            "mod" => "a module",
            "trait" => "a trait",
            "use" => "a use declaration",
            "type" => "a type alias",
            "static" => "a static",
            "macro_rules" => "a macro",
            "const" => {
                before = Some(("a const", word.span()));
                continue;
            }
            _ => continue,
        };
        return Some((what, word.span()));
    }
    before.or_else(|| tokens.clone().into_iter().last().map(|token| ("something else", token.span())))
}

/// Returns whether an attribute is a built-in or tool attribute of Rust, which neither expands nor replaces the item.
pub(crate) fn is_inert(attribute: &Attribute) -> bool {
    is_inert_path(attribute.path())
}

fn is_inert_path(path: &syn::Path) -> bool {
    const INERT: [&str; 12] = [
        "doc",
        "allow",
        "warn",
        "deny",
        "expect",
        "forbid",
        "cfg",
        "inline",
        "must_use",
        "deprecated",
        "cold",
        "track_caller",
    ];
    const TOOLS: [&str; 3] = ["clippy", "rustfmt", "diagnostic"];
    let first = path.segments.first().map(|segment| segment.ident.to_string()).unwrap_or_default();
    if path.segments.len() == 1 { INERT.contains(&first.as_str()) } else { TOOLS.contains(&first.as_str()) }
}

impl Parameter {
    /// Returns the condition of the `cfg`s of this argument.
    pub(crate) fn condition(&self) -> Option<TokenStream> {
        let conditions = self.attributes.iter().filter(|attribute| has_name(attribute, "cfg"));
        let all: Vec<_> = conditions
            .filter_map(|attribute| attribute.meta.require_list().ok().map(|list| list.tokens.clone()))
            .collect();
        match all.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(quote::quote!(all(#(#several),*))),
        }
    }

    /// Returns the other attributes: lints, and those of foreign macros.
    pub(crate) fn lints(&self) -> impl Iterator<Item = TokenStream> + '_ {
        self.attributes.iter().filter(|attribute| !has_name(attribute, "cfg")).map(|one| one.to_token_stream())
    }

    /// Returns a `cfg` within `cfg_attr`. Whether the argument exists is unknown then, but the expansion depends on it.
    pub(crate) fn hidden_condition(&self) -> Option<&Attribute> {
        fn names_cfg(tokens: TokenStream) -> bool {
            tokens.into_iter().any(|token| match token {
                TokenTree::Ident(word) => word.unraw() == "cfg",
                TokenTree::Group(group) => names_cfg(group.stream()),
                _ => false,
            })
        }
        self.attributes.iter().find(|one| has_name(one, "cfg_attr") && names_cfg(one.meta.to_token_stream()))
    }
}

/// Returns whether the attribute has that name. A raw identifier is the same name.
fn has_name(attribute: &Attribute, word: &str) -> bool {
    attribute.path().get_ident().is_some_and(|name| name.unraw() == word)
}

/// Returns `#[allow]` for the lints that the user allows or expects.
pub(crate) fn lint_allows(attributes: &[Attribute]) -> Vec<TokenStream> {
    let allowed = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
            let lints = &list.tokens;
            Some(quote!(#[allow(#lints)]))
        }
        _ => None,
    });
    allowed.collect()
}
