//! Properties of the macros over arbitrary words, valid and invalid.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use proptest::prelude::*;
use quote::quote;

use crate::expand;
use crate::grammar::{Attribute, Kind};

/// Words of rules and derives, and unrelated ones.
const WORDS: &[&str] = &[
    "crate =",
    "crate = a",
    "crate = 7",
    "in =",
    "in = org",
    "role",
    "role(\"admin\")",
    "role(Role::Admin)",
    "permission",
    "scope",
    "claim",
    "claim(\"org\", \"acme\")",
    "max_age",
    "max_age = \"5m\"",
    "acr",
    "scheme",
    "direct",
    "network(\"10.0.0.0/8\")",
    "network",
    "country",
    "country(\"DE\")",
    "authorized(Post, Edit)",
    "authorized",
    "check",
    "check(*id == 1)",
    "check(principal.x())",
    "authenticated",
    "public",
    "any",
    "all",
    "any(\"a\", \"b\")",
    "not",
    "not_found",
    "redundant = \"why\"",
    "redundant",
    "any_object",
    "any_token",
    "implies(Editor)",
    "implies",
    "grants(P::W)",
    "grants",
    "alias(\"x\")",
    "alias",
    "rename_all = \"kebab-case\"",
    "rename_all",
    "strip_prefix",
    "proofs",
    "proofs = \"p\"",
    "Admin",
    "Role",
    "r#type",
    "_",
    "self",
    "Self",
    "fn",
    "async",
    "let",
    "if",
    "match",
    "true",
    "\"admin\"",
    "\"\"",
    "\"a, b\"",
    "\"5m\"",
    "\"10.0.0.0/8\"",
    "\"DE\"",
    "\"root\"u8",
    "b\"x\"",
    "'x'",
    "'static",
    "7",
    "7u8",
    "1.5",
    "=",
    "==",
    "=>",
    ",",
    ",",
    ",",
    ";",
    "::",
    ":",
    "&&",
    "||",
    "|",
    "!",
    "#",
    "#[cfg(any())]",
    "$",
    "<",
    ">",
    ".",
    "-",
];

fn tokens() -> impl Strategy<Value = TokenStream> {
    let leaf = prop::sample::select(WORDS).prop_map(|text| text.parse::<TokenStream>().unwrap());
    leaf.prop_recursive(3, 24, 5, |inner| {
        let delimiter = prop::sample::select(
            [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace, Delimiter::None].as_slice(),
        );
        let group = (delimiter, prop::collection::vec(inner.clone(), 0..4)).prop_map(|(delimiter, inside)| {
            TokenStream::from(TokenTree::from(Group::new(delimiter, inside.into_iter().collect())))
        });
        prop_oneof![group, prop::collection::vec(inner, 0..5).prop_map(|parts| parts.into_iter().collect())]
    })
}

fn handlers() -> [TokenStream; 4] {
    [
        quote!(
            async fn h(id: web::Path<u64>) -> String {
                id.to_string()
            }
        ),
        quote!(
            #[get("/{id}")]
            async fn h(id: web::Path<u64>, caller: Principal) -> String {
                id.to_string()
            }
        ),
        quote!(
            fn h(&self) {}
        ),
        quote!(
            struct H;
        ),
    ]
}

fn kinds() -> [Kind; 4] {
    Kind::ALL
}

fn derived(kind: Kind, of_enum: &TokenStream, of_variant: &TokenStream) -> TokenStream {
    let helper = Ident::new(kind.helper(), Span::call_site());
    expand::vocabulary(kind, quote!(#[#helper(#of_enum)] enum E { #[#helper(#of_variant)] Admin, Editor }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn macros_expand_arbitrary_tokens_to_parseable_code(written in tokens(), other in tokens()) {
        for attribute in Attribute::ALL {
            for handler in handlers() {
                let expanded = expand::forward(attribute, written.clone(), handler);
                prop_assert!(syn::parse2::<syn::File>(expanded.clone()).is_ok(), "{expanded}");
            }
        }
        let name = Ident::new("require_role", Span::call_site());
        for words in [quote!(#name { #written } #name { #other }), written.clone()] {
            for handler in handlers() {
                let expanded = expand::finish(words.clone(), handler);
                prop_assert!(syn::parse2::<syn::File>(expanded.clone()).is_ok(), "{expanded}");
            }
        }
        let rule = expand::rule(written.clone());
        prop_assert!(syn::parse2::<syn::Expr>(rule.clone()).is_ok(), "{rule}");
        for kind in kinds() {
            let expanded = derived(kind, &written, &other);
            prop_assert!(syn::parse2::<syn::File>(expanded.clone()).is_ok(), "{expanded}");
        }
    }
}

/// Returns the tokens with one more, at each position.
fn with_one_more(tokens: &TokenStream, more: &TokenStream) -> Vec<TokenStream> {
    let all: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut longer = Vec::new();
    for position in 0..=all.len() {
        let (before, after) = all.split_at(position);
        let (before, after): (TokenStream, TokenStream) =
            (before.iter().cloned().collect(), after.iter().cloned().collect());
        longer.push(quote!(#before #more #after));
    }
    for (position, token) in all.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        for inside in with_one_more(&group.stream(), more) {
            let mut all = all.clone();
            all[position] = Group::new(group.delimiter(), inside).into();
            longer.push(all.into_iter().collect());
        }
    }
    longer
}

#[test]
fn every_token_is_read_or_reported() {
    let more = ["#[cfg(any())]", "x", "7", "_", "'a", "::<u8>", "!", "=", "\"y\"", ".await"];
    let more: Vec<TokenStream> = more.iter().map(|more| more.parse().unwrap()).collect();
    let rules = [
        "(role(\"admin\") && !role(Role::Editor, in = org)) || (claim(\"a\", \"b\") && network(\"10.0.0.0/8\")), redundant = \"why\", crate = a::b",
        "(scope(\"s\") || permission(any(\"p\", \"q\"))) && max_age(\"5m\") && acr(\"l\"), any_object = \"why\", not_found",
        "authorized(Post, Edit) && check(*id == 1) && country(\"DE\") && direct && scheme(\"bearer\")",
    ];
    for rule in rules {
        let rule: TokenStream = rule.parse().unwrap();
        let expand =
            |words: &TokenStream| expand::forward(Attribute::Require, words.clone(), handlers()[0].clone()).to_string();
        let expected = expand(&rule);
        assert!(!expected.contains("compile_error"), "{expected}");
        for longer in more.iter().flat_map(|more| with_one_more(&rule, more)) {
            assert_ne!(expand(&longer), expected, "{longer}");
        }
    }
    let (of_enum, of_variant) = (
        "rename_all = \"kebab-case\", strip_prefix = \"A\", proofs = \"p\", crate = a",
        "\"root\", implies(Editor), grants(a::P::W), alias(\"x\", \"z\")",
    );
    let (of_enum, of_variant): (TokenStream, TokenStream) = (of_enum.parse().unwrap(), of_variant.parse().unwrap());
    let expected = derived(Kind::Role, &of_enum, &of_variant).to_string();
    assert!(!expected.contains("compile_error"), "{expected}");
    for more in &more {
        for longer in with_one_more(&of_enum, more) {
            assert_ne!(derived(Kind::Role, &longer, &of_variant).to_string(), expected, "{longer}");
        }
        for longer in with_one_more(&of_variant, more) {
            assert_ne!(derived(Kind::Role, &of_enum, &longer).to_string(), expected, "{longer}");
        }
    }
}
