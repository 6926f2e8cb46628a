//! Code generation. A valid rule becomes a const and a guard. A rule with mistakes becomes these mistakes and a handler that denies
//! every request, so that editors keep the function, and the scope does not report it too.

mod paths;
mod redundancy;
mod argument_requirements;
mod return_type;
mod phases;
mod objects;
mod formula;
mod rule;
mod check_fn;
mod guard;
mod handler;
mod rejected;
mod vocabulary;
mod action;
mod columns;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::{Token, braced};

pub(crate) use self::action::derive as action;
pub(crate) use self::columns::{derive as columns, derive_type as column_type};
use self::guard::GuardItems;
use self::handler::{ExpansionSite, HandlerExpansion};
use self::paths::{Paths, Root};
use self::rejected::{among_methods, rejected};
pub(crate) use self::rule::standalone as rule;
pub(crate) use self::vocabulary::derive as vocabulary;
use crate::analyze;
use crate::diagnostics::Diagnostics;
use crate::grammar::Attribute;
use crate::parse::{self, Function, Item, Words};

/// Expands a guard attribute: its words are forwarded to the attribute that is last. If the function has no other attributes
/// that expand, the handler is expanded at once.
pub(crate) fn forward(attribute: Attribute, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut function = match parse::parse_item(&item) {
        Ok(Item::Function(function)) => function,
        Ok(Item::Other { what, at }) => {
            let mut diagnostics = Diagnostics::default();
            analyze::report_other_item(what, at, &mut diagnostics);
            let mistakes = diagnostics.into_compile_errors();
            return quote!(#item #mistakes);
        }
        // The compiler explains what does not parse as a function.
        Err(error) => {
            let mistake = error.to_compile_error();
            return quote!(#item #mistake);
        }
    };
    let name = Ident::new(attribute.word(), Span::call_site());
    let own = quote!(#name { #arguments });
    if let Some(finish) = function.attributes.iter_mut().find(|attribute| paths::is_finish(attribute)) {
        if let syn::Meta::List(list) = &mut finish.meta {
            let before = &list.tokens;
            list.tokens = quote!(#before #own);
        }
        return quote!(#function);
    }
    if function.is_plain() {
        return expand_handler(own, &function, ExpansionSite::Only, false);
    }
    expand_first(*function, &own, &Root::of_attribute(&arguments))
}

/// Expands the first guard attribute of a function with other attributes. `own` are its words as they are forwarded.
fn expand_first(mut function: Function, own: &TokenStream, root: &Root) -> TokenStream {
    let paths = Paths::new(root);
    let mut diagnostics = Diagnostics::default();
    analyze::check_function(&function, &mut diagnostics);
    let (mut aside, mut notes) = (TokenStream::new(), TokenStream::new());
    if let Some(mistakes) = diagnostics.into_compile_errors() {
        if function.is_associated_function() {
            return among_methods(&function, &mistakes);
        }
        let (as_written, denying) = rejected::split(&function);
        (aside, notes, function) = (quote!(#mistakes #as_written), quote!(mistaken {}), denying);
    }
    let items = GuardItems { function: &function, paths: &paths };
    let beside = if function.may_have_route() {
        items.beside_route()
    } else {
        notes = quote!(#notes no_route {});
        items.beside_no_route()
    };
    let finish = paths.finish;
    function.attributes.push(syn::parse_quote!(#[#finish(#notes #own)]));
    quote!(#aside #beside #function)
}

/// Results of the first attribute, which precede its words in the last one.
#[derive(Default)]
struct FirstResults {
    /// Whether no attribute turns the handler into a service.
    no_route: bool,
    /// Whether the function cannot be a handler. The mistake is already reported.
    mistaken: bool,
}

impl FirstResults {
    /// Splits the results from the words.
    fn split(words: TokenStream) -> (Self, TokenStream) {
        let mut results = Self::default();
        let mut words: Vec<TokenTree> = words.into_iter().collect();
        loop {
            match words.first() {
                Some(TokenTree::Ident(word)) if word == "no_route" => results.no_route = true,
                Some(TokenTree::Ident(word)) if word == "mistaken" => results.mistaken = true,
                _ => return (results, words.into_iter().collect()),
            }
            words.drain(..words.len().min(2));
        }
    }
}

/// Expands the last attribute, which contains the words of all guard attributes.
pub(crate) fn finish(words: TokenStream, item: TokenStream) -> TokenStream {
    match parse::parse_item(&item) {
        Ok(Item::Function(function)) => {
            let (first, words) = FirstResults::split(words);
            let site = if first.no_route { ExpansionSite::LastWithoutRoute } else { ExpansionSite::Last };
            expand_handler(words, &function, site, first.mistaken)
        }
        // A foreign attribute has replaced the handler. Without its rule it does not compile, as the scope and the route
        // require it.
        _ => {
            quote_spanned!(Span::call_site()=> ::core::compile_error!("an attribute between the rule and the handler changed the handler\nhelp: write the rule below that attribute"); #item)
        }
    }
}

fn expand_handler(words: TokenStream, function: &Function, site: ExpansionSite, is_mistaken: bool) -> TokenStream {
    let mut diagnostics = Diagnostics::default();
    let attributes = parse_forwarded(words, &mut diagnostics);
    let root = Root::first_of(attributes.iter().map(|words| &words.root));
    let paths = Paths::new(&root);
    // Rules that were not parsed completely are not analyzed: mistakes would be about words that the user did not write.
    let checked =
        if diagnostics.is_empty() { analyze::analyze_handler(&attributes, function, &mut diagnostics) } else { None };
    let mut forms = Diagnostics::default();
    analyze::check_function(function, &mut forms);
    match (diagnostics.into_compile_errors(), forms.into_compile_errors()) {
        (mistakes, Some(forms)) => rejected(function, &quote!(#mistakes #forms), site, &paths),
        (None, None) if !is_mistaken => HandlerExpansion::new(function, checked.as_ref(), site, &paths).tokens(),
        (mistakes, None) => {
            let denying = HandlerExpansion::new(function, None, site, &paths).tokens();
            quote!(#mistakes #denying)
        }
    }
}

/// Parses `require_role { "admin" } require_network { "10.0.0.0/8" }`, the forwarded words.
fn parse_forwarded(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Vec<Words> {
    let parser = |input: ParseStream<'_>| {
        let mut all = Vec::new();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            let inside;
            braced!(inside in input);
            let tokens: TokenStream = inside.parse()?;
            all.push((name, tokens));
            let _: Option<Token![;]> = input.parse()?;
        }
        Ok(all)
    };
    let all = parser.parse2(tokens).unwrap_or_default();
    let read = all.iter().map(|(name, tokens)| {
        let attribute = Attribute::from_word(&name.to_string())?;
        Some(parse::words(attribute, name.span(), tokens, diagnostics))
    });
    match read.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty()) {
        Some(all) => all,
        // Fails closed: a handler without a rule is not public.
        None => {
            diagnostics.note_at(
                Span::call_site(),
                "the arguments of this rule were lost",
                "write the attribute that you meant",
            );
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;
    use quote::quote;

    use super::*;

    /// One expansion of each shape, as a file that is read in review. `UPDATE_EXPECT=1 cargo test` writes them.
    #[test]
    fn expansions_match_their_snapshots() {
        let written = |tokens: TokenStream| prettyplease::unparse(&syn::parse2(tokens).unwrap());
        let plain = forward(
            Attribute::RequireRole,
            quote!(any("admin", Role::Editor)),
            quote! {
                /// Shows one.
                pub async fn report(user: Principal, web::Query(Page { number, mut size }): web::Query<Page>) -> impl Responder {
                    size += number;
                    size.to_string()
                }
            },
        );
        expect_file!["../../snapshots/plain.rs"].assert_eq(&written(plain));
        let above_route = forward(
            Attribute::Public,
            quote!(),
            quote! {
                #[get("/")]
                #[deny_network("10.0.0.0/8")]
                async fn home() -> &'static str { "home" }
            },
        );
        expect_file!["../../snapshots/above_route.rs"].assert_eq(&written(above_route));
        let last = finish(
            quote!(public {} deny_network { "10.0.0.0/8" }),
            quote!(
                async fn home(caller: Option<Principal>) -> &'static str {
                    "home"
                }
            ),
        );
        expect_file!["../../snapshots/last.rs"].assert_eq(&written(last));
        let generic = forward(
            Attribute::RequireAuth,
            quote!(max_age = "5m", crate = authz),
            quote!(
                async fn list<S: Store, const N: usize>(#[cfg(paged)] page: Page, store: web::Data<S>) -> String
                where
                    S: 'static,
                {
                    store.list(N)
                }
            ),
        );
        expect_file!["../../snapshots/generic.rs"].assert_eq(&written(generic));
        let checked = forward(
            Attribute::Require,
            quote!(role("admin") || check(posts.is_owner(*id, principal).await?)),
            quote!(
                async fn edit(
                    new: web::Json<New>,
                    posts: web::Data<Posts>,
                    mut id: web::Path<u64>,
                ) -> Result<impl Responder, Failure> {
                    posts.put(*id, new).await
                }
            ),
        );
        expect_file!["../../snapshots/checked.rs"].assert_eq(&written(checked));
        let mistaken = forward(
            Attribute::RequireRole,
            quote!("admin", "editor"),
            quote!(
                async fn report(id: web::Path<u64>) -> String {
                    id.to_string()
                }
            ),
        );
        expect_file!["../../snapshots/mistaken.rs"].assert_eq(&written(mistaken));
        let derived = vocabulary(
            crate::grammar::Kind::Role,
            quote! {
                enum Role {
                    #[role(implies(Editor), alias("root"))]
                    Admin,
                    #[role("content-editor", grants(Permission::PostsWrite))]
                    Editor,
                }
            },
        );
        expect_file!["../../snapshots/vocabulary.rs"].assert_eq(&written(derived));
    }

    #[test]
    fn expansions_contain_no_panic_or_unsafe_code() {
        let derived = vocabulary(
            crate::grammar::Kind::Role,
            quote!(
                enum Role {
                    Admin,
                }
            ),
        );
        let handler = forward(
            Attribute::RequireAuth,
            quote!(),
            quote!(
                async fn f() {}
            ),
        );
        for text in [derived.to_string(), handler.to_string()] {
            for forbidden in ["unwrap", "expect (", "panic", " std :: sync", "unsafe"] {
                assert!(!text.contains(forbidden), "{forbidden} in {text}");
            }
        }
    }
}
