//! The handler, as far as the attributes need it: the body stays a run of tokens.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, FnArg, Meta, Pat, Signature, Type, Visibility};

use super::tokens::split_at_commas;
use crate::dialect::DIALECT;
use crate::grammar;

/// What an attribute stands on.
pub(crate) enum Item {
    Function(Box<Function>),
    /// Something else: what it is called, and where that word stands.
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
    /// The arguments without a receiver.
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

    /// Whether the signature shows that this is an associated function. One that does not mention `Self` cannot be told.
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

    /// The routes that its attributes name, for checks at start-up and for the access matrix: the string that stands first in an
    /// attribute that is called as those of actix are. A route attribute by another name goes unchecked until the first request.
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

    /// Whether only attributes are left that change nothing about the item.
    pub(crate) fn is_plain(&self) -> bool {
        self.attributes.iter().all(is_inert)
    }

    /// Whether some attribute may make a service of the function. By whatever name, such a one shows a path; of any other nothing
    /// is made that could be proven, and where there is nothing, no name has to be looked up.
    pub(crate) fn may_have_route(&self) -> bool {
        self.attributes.iter().any(|attribute| may_be_route(&attribute.meta))
    }

    /// The `cfg`s that decide whether the item exists; whatever stands beside it has to say them too.
    pub(crate) fn conditions(&self) -> Vec<&Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect()
    }
}

/// Whether this is an attribute of ours, by its own name.
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

/// Whether a string is among the tokens that could be the pattern of a route.
fn contains_pattern(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Literal(literal) => {
            first_string(TokenTree::from(literal).into()).is_some_and(|text| DIALECT.is_route_pattern(&text))
        }
        TokenTree::Group(group) => contains_pattern(group.stream()),
        _ => false,
    })
}

/// A route, as its attribute says it.
pub(crate) struct Route {
    /// None where it is for every one.
    pub(crate) methods: Vec<String>,
    pub(crate) pattern: String,
    pub(crate) guards: usize,
    pub(crate) wraps: usize,
}

/// The strings that stand behind `key =`.
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

/// The string that the tokens begin with, also within the invisible delimiters of a macro's argument.
fn first_string(tokens: TokenStream) -> Option<String> {
    match tokens.into_iter().next()? {
        TokenTree::Literal(literal) => {
            syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
        }
        TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::None => first_string(group.stream()),
        _ => None,
    }
}

/// Reads what an attribute stands on.
pub(crate) fn parse_item(tokens: &TokenStream) -> syn::Result<Item> {
    if let Some((what, at)) = other_item_kind(tokens) {
        return Ok(Item::Other { what, at });
    }
    Function::parse.parse2(tokens.clone()).map(|function| Item::Function(Box::new(function)))
}

/// The keyword that says that this is no function, if one comes before `fn`.
fn other_item_kind(tokens: &TokenStream) -> Option<(&'static str, Span)> {
    let mut before = None;
    for token in tokens.clone() {
        let TokenTree::Ident(word) = &token else {
            // Behind `impl` and the like the first brace ends what can be told.
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

/// Attributes of the language that neither expand nor replace the item.
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
    /// The `cfg`s of this argument.
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

    /// The other attributes: lints, and what foreign macros may want.
    pub(crate) fn lints(&self) -> impl Iterator<Item = TokenStream> + '_ {
        self.attributes.iter().filter(|attribute| !has_name(attribute, "cfg")).map(|one| one.to_token_stream())
    }

    /// A `cfg` that another attribute hides: whether the argument exists cannot be known, and what stands in its place must.
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

/// Whether the attribute is this one of the language, which may be written raw.
fn has_name(attribute: &Attribute, word: &str) -> bool {
    attribute.path().get_ident().is_some_and(|name| name.unraw() == word)
}

/// What the user allows, or expects, of lints.
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
