//! The code. What is judged right becomes a const rule and one call; what is not becomes the mistakes, and the user's
//! function with a rule that refuses everybody, so that editors keep it and the scope does not complain as well.

mod paths;
mod redundancy;
mod check_fn;
mod rule;
mod needs;
mod handler;
mod vocabulary;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::{Token, braced};

use self::paths::Root;
pub(crate) use self::rule::standalone as rule;
pub(crate) use self::vocabulary::derive as vocabulary;
use crate::analyze;
use crate::diagnostics::Diagnostics;
use crate::grammar::Attribute;
use crate::parse::{self, Function, Item, Words};

/// What a guard attribute leaves behind: its words, in the attribute that stands last. Where only inert attributes are
/// left there is nothing to wait for, and the handler is written at once.
pub(crate) fn hand_on(attribute: Attribute, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut function = match parse::item(&item) {
        Ok(Item::Function(function)) => function,
        Ok(Item::Other { what, at }) => {
            let mut diagnostics = Diagnostics::default();
            analyze::item_is_other(what, at, &mut diagnostics);
            let mistakes = diagnostics.settle();
            return quote!(#item #mistakes);
        }
        // What does not parse as a function is the compiler's to explain.
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
        return function.to_tokens();
    }
    if function.is_plain() {
        return handler(own, &function, handler::Place::Plain, false);
    }
    let root = Root::of(&arguments);
    let mut diagnostics = Diagnostics::default();
    analyze::function(&function, &mut diagnostics);
    let (mut aside, mut notes) = (TokenStream::new(), TokenStream::new());
    if let Some(mistakes) = diagnostics.settle() {
        if function.is_associated_function() {
            return handler::among_methods(&function, &mistakes);
        }
        let (as_written, refusing) = handler::refusing(&function);
        (aside, notes, *function) = (quote!(#mistakes #as_written), quote!(mistaken {}), refusing);
    }
    let beside = if function.may_have_route() {
        handler::beside_route(&function, &root)
    } else {
        notes = quote!(#notes no_route {});
        handler::beside_no_route(&function, &root)
    };
    let finish = root.private(quote!(finish));
    function.attributes.push(syn::parse_quote!(#[#finish(#notes #own)]));
    let function = function.to_tokens();
    quote!(#aside #beside #function)
}

/// Results of the first attribute, which precede its words in the last one.
#[derive(Default)]
struct Found {
    /// None of the attributes makes a service of the handler.
    no_route: bool,
    /// The function cannot be a handler, and the mistake was reported.
    mistaken: bool,
}

impl Found {
    /// Takes what was found off the words.
    fn split(words: TokenStream) -> (Self, TokenStream) {
        let mut found = Self::default();
        let mut words: Vec<TokenTree> = words.into_iter().collect();
        loop {
            match words.first() {
                Some(TokenTree::Ident(word)) if word == "no_route" => found.no_route = true,
                Some(TokenTree::Ident(word)) if word == "mistaken" => found.mistaken = true,
                _ => return (found, words.into_iter().collect()),
            }
            words.drain(..words.len().min(2));
        }
    }
}

/// What the last attribute does: it alone sees the handler with the words of all.
pub(crate) fn finish(words: TokenStream, item: TokenStream) -> TokenStream {
    match parse::item(&item) {
        Ok(Item::Function(function)) => {
            let (found, words) = Found::split(words);
            let place = if found.no_route { handler::Place::LastWithoutRoute } else { handler::Place::Last };
            handler(words, &function, place, found.mistaken)
        }
        // A foreign attribute has made something else of the handler: without its rule it does not compile, as the scope
        // and the route ask for it.
        _ => {
            quote_spanned!(Span::call_site()=> ::core::compile_error!("an attribute between the rule and the handler made something else of it\nhelp: write the rule below that attribute"); #item)
        }
    }
}

fn handler(words: TokenStream, function: &Function, place: handler::Place, is_mistaken: bool) -> TokenStream {
    let mut diagnostics = Diagnostics::default();
    let attributes = all_words(words, &mut diagnostics);
    let root = Root::first_of(attributes.iter().map(|words| &words.root));
    // What was read wrong is not judged: that would be told of words that nobody wrote.
    let checked = if diagnostics.is_empty() { analyze::handler(&attributes, function, &mut diagnostics) } else { None };
    let mut forms = Diagnostics::default();
    analyze::function(function, &mut forms);
    match (diagnostics.settle(), forms.settle()) {
        (mistakes, Some(forms)) => handler::instead_of(function, &root, &quote!(#mistakes #forms), place),
        (None, None) if !is_mistaken => handler::handler(function, checked.as_ref(), &root, place),
        (mistakes, None) => {
            let refusing = handler::handler(function, None, &root, place);
            quote!(#mistakes #refusing)
        }
    }
}

/// `require_role { "admin" } require_network { "10.0.0.0/8" }`, as the attributes have handed it on.
fn all_words(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Vec<Words> {
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
        let attribute = Attribute::named(&name.to_string())?;
        Some(parse::words(attribute, name.span(), tokens, diagnostics))
    });
    match read.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty()) {
        Some(all) => all,
        // Fails closed: without words there is no rule, and no rule is not the same as a public one.
        None => {
            diagnostics.note_at(
                Span::call_site(),
                "the words of this rule were lost",
                "write the attribute that you meant",
            );
            Vec::new()
        }
    }
}

impl Function {
    fn to_tokens(&self) -> TokenStream {
        let Self { attributes, visibility, signature, body } = self;
        let signature = signature.to_token_stream();
        quote!(#(#attributes)* #visibility #signature #body)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;
    use quote::quote;

    use super::*;

    /// One expansion of each shape, as a file that is read in review. `UPDATE_EXPECT=1 cargo test` writes them.
    #[test]
    fn each_shape_of_expansion_is_as_it_was_reviewed() {
        let written = |tokens: TokenStream| prettyplease::unparse(&syn::parse2(tokens).unwrap());
        let plain = hand_on(
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
        let above_route = hand_on(
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
        let generic = hand_on(
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
        let checked = hand_on(
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
        let mistaken = hand_on(
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
    fn no_expansion_names_what_is_not_below_our_crate_or_core() {
        let derived = vocabulary(
            crate::grammar::Kind::Role,
            quote!(
                enum Role {
                    Admin,
                }
            ),
        );
        let handler = hand_on(
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
