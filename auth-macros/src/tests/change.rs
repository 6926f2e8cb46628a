//! Changes of tokens: one is removed, doubled, moved, wrapped, or replaced by an unrelated one.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};

use super::{Random, tokens};

/// The depth of a deep expression.
pub(super) const DEEP: usize = 50;

/// Replacements, by kind of token.
#[rustfmt::skip]
const ODD: &[&str] = &[
    // Literals.
    "7", "1u8", "1.5f32", "0xffu128", "-1", "340282366920938463463374607431768211456", "1e400", "'a'", "b'a'", "b\"admin\"", "c\"admin\"", "br#\"admin\"#",
    "r\"admin\"", "r##\"a \"# b\"##", "\"admin\"role", "\"\"", "\" \"", "\" admin\"", "\"a\\nb\"", "\"a\\0b\"", "\"ä, 名\"", "\"名前\"", "\"\\u{202e}\"", "\"a\\\"b\"", "\"{org}\"",
    "\"99999999999999999999999999s\"", "\"18446744073709551615d\"", "\"0s\"", "\"5\"", "\"m\"", "\"5µ\"", "\"-5m\"", "\"5m5\"", "\"10.0.0.0/33\"", "\"10.0.0.1/8\"", "\"::ffff:10.0.0.0/104\"",
    "\"::/0\"", "\"0.0.0.0/0\"", "\"1/8\"", "\"ü/8\"", "\"de\"", "\"UK\"", "\"DE, FR\"", "\"ÄÖ\"", "\"a || b\"", "\"hasRole('x')\"", "\"a,b\"", "true",
    // Words and paths.
    "_", "r#type", "r#in", "crate", "self", "Self", "super", "type", "fn", "in", "if", "async", "unsafe", "dyn", "ä", "x", "DE", "admin", "Role::Admin", "::a::b", "a::b::<T>", "Role::<T>::Admin",
    "<T as U>::v", "<T>::v", "Self::Admin", "super::x", "crate::x", "a::", "::", "not_founds", "max_ages", "directs",
    // Operators and stray punctuation.
    "&&", "||", "!", "|", "&", "==", "=", "=>", "->", "..", "..=", "?", ":", ";", ",", ".", "#", "$", "@", "~", "^", "%", "*", "+=", "<", ">", "'a", "!!", "&&&", "|||",
    // Expressions.
    "(a)", "()", "(a,)", "[]", "[1, 2]", "[a; 3]", "{}", "{ a; b }", "{ a }", "|x| x", "|| true", "move || x", "async { x }", "static || x", "const { 1 }", "unsafe { x }", "if a { b } else { c }",
    "match a {}", "match a { B(x) if x => x, _ => y }", "loop {}", "'l: loop { break 'l x }", "a as u8", "a..b", "..", "&raw const x", "&mut x", "*x", "x.0.1", "x.await", "x?", "return", "break", "let x = 1",
    "a = b", "a == b", "a | b", "a += b", "a < b", "f()", "f(x)(y)", "a[b]", "S { x }", "S { x: 1, ..y }", "m!()", "m!(x => y)", "vec![1; 2]", "matches!(a, B | C)", "matches!(a, B(x) if x)",
    "format!(\"{x:>y$} {{}} {\")", "builtin # offset_of(a, b)", "yield x", "try { x }", "do yeet x", "a b",
    "#[cfg(any())]", "#[cfg(any())] \"admin\"", "#[cfg(any())] role(\"admin\")", "#![x]", "#", "# x", "#[", 
    // Words of rules.
    "role()", "role(x)", "role(7)", "role(\"a\", \"b\")", "role(any())", "role(any(\"a\"))", "role(any(\"a\", all(\"b\", \"c\")))", "role(none(\"a\", \"b\"))", "role(\"a\", in = org)", "role(\"a\", in = \"org\")",
    "role(in = a, in = b)", "role(any(\"a\", \"b\", in = org))", "scope(\"a\", in = org)", "role { x }", "role[x]", "role!(x)", "any(\"a\", \"b\")", "all()", "any(x)", "!authenticated", "!direct", "!scope(\"a\")", "authenticated()",
    "authenticated(x)", "max_age(5)", "max_age(\"5m\")", "acr(\"a b\")", "scheme(\"bearers\")", "network()", "network(x)", "country(any(\"DE\"))", "claim(\"a\")", "claim(\"a\", 1)", "claim(\"a\", \"b\", \"c\")",
    "authorized(Post)", "authorized(7, 8)", "authorized(<T as U>::V, Edit)", "authorized(Post::<T>, Edit)", "authorize(Post, Edit)", "public", "role(\"a\") && role(\"b\") || role(\"c\")", "role(\"a\") & role(\"b\")",
    "check()", "check(a, b)", "check(let x = 1)", "check(return)", "check(|x| x)", "check(#[cfg(any())] a)", "check(a?.await)", "check(x = 1)", "check(in = x)", "check(m!(a; b))", "check(principal)", "check({ fn f() {} f() })",
    "check(\"{id}\")", "check(_)", "check(..)", "check(r#type)", "check(self)", "check('a')", "check(if let Some(x) = y && x { x } else { z })", "check(builtin # offset_of(a, b))", "check(async move |x| x)",
    "check(match x { a @ 1 | a @ 2 => a, ref b => b })", "check(id)", "check { x }", "check", "!check(x)", "check(check(x))", "check(const { 1 })", "check(&raw const id)", "check(1 +)",
    // Keys.
    "in = org", "in = \"org\"", "in = \"a\\\"b\"", "in = \"(\"", "in = {org}", "in = 7", "in = a::b", "in = self", "in =", "in", "in == org", "not_found", "not_found = true", "not_found()", "redundant = \"why\"", "redundant = \"\"",
    "redundant = 7", "redundant = why", "redundant", "redundant()", "redundant = \"why\"x", "any_object = \"why\"", "any_object = \" \"", "any_object = b\"why\"", "any_object = r\"why\"", "any_token = \"why\"", "any_token", "any_token = 7", "max_age = \"5m\"", "max_age = 5", "max_age =",
    "acr = \"a\"", "acr = \"ä\"", "scheme = \"bearer\"", "scheme = bearer", "direct", "direct = true", "direct()", "a::b = c", "7 = 7", "(x) = y", "\"a\" = \"b\"", "a = b = c", "_ = x", "r#in = org", "r#crate",
];

/// Values of `crate =`.
#[rustfmt::skip]
const ROOTS: &[&str] = &[
    "guard", "\"guard\"", "7", "1.5", "_", "(a)", "a b", "r#type", "'a'", "'a", "crate", "self", "Self", "super", "", "::guard", "crate::guard", "guard::<T>", "guard<T>", "<T as U>::v", "<T>::v", "{ guard }", "[guard]",
    "guard!()", "guard!", "guard()", "&guard", "= guard", "guard::", "::", "b\"x\"", "\"ä\"", "#guard", "#[cfg(any())] guard", "guard && x", "guard = x", "|x| x", "|| x", "$crate", "fn", "type", "async", "dyn", "in", "r#in",
    "true", "guard.x", "guard::{a}", "*", "-", "!", "!x", "..", "guard ; x", "guard ? ", "guard: x", "impl X", "fn() -> X", "let x = y", "if a { b }", "guard::__private", "ä", "a::b::c", "guard @ x", "&", "'", "\"\"", "0x", "#",
];

/// Parses a text. Returns no tokens if it cannot be parsed.
fn read(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}

/// Unrelated tokens.
fn odd(random: &mut Random) -> Vec<TokenTree> {
    let odd = match random.below(12) {
        0 | 1 => root(random),
        2 => deep(random),
        3 => within(Delimiter::None, read(random.pick(ODD))).into(),
        4 => within(DELIMITERS[random.below(4)], read(random.pick(ODD))).into(),
        5 => tokens(&format!("\"{}\"", "long ".repeat(200).trim_end())),
        6 => Ident::new(&"long_".repeat(200), Span::call_site()).to_token_stream(),
        _ => read(random.pick(ODD)),
    };
    odd.into_iter().collect()
}

/// `crate = …`, in one of many spellings.
fn root(random: &mut Random) -> TokenStream {
    let value = read(random.pick(ROOTS));
    quote!(crate = #value)
}

/// A deeply nested expression.
fn deep(random: &mut Random) -> TokenStream {
    let (open, inner, close) = random.pick(&[
        &("(", "role(\"admin\")", ")"),
        &("!", "role(\"admin\")", ""),
        &("!(", "role(\"admin\") && claim(\"a\", \"b\")", ")"),
        &("any(", "\"admin\"", ")"),
        &("[", "7", "]"),
        &("{", "x", "}"),
        &("check(f(", "id", "))"),
        &("(role(\"admin\") && (claim(\"a\", \"b\") || ", "direct", "))"),
        &("(role(\"admin\") || ", "check(id)", ")"),
        &("check(", "id", ")"),
        &("|x| ", "x", ""),
        &("m!(", "x", ")"),
        &("a::<", "T", ">"),
        &("-", "1", ""),
        &("&", "x", ""),
        &("if a { ", "x", " } else { y }"),
        &("x = ", "y", ""),
        &("r#in = ", "y", ""),
    ]);
    read(&format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP)))
}

const DELIMITERS: [Delimiter; 4] = [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace, Delimiter::None];

fn within(delimiter: Delimiter, inner: TokenStream) -> TokenTree {
    Group::new(delimiter, inner).into()
}

/// Returns the tokens with that number of changes.
pub(super) fn some(changes: usize, tokens: TokenStream, random: &mut Random) -> TokenStream {
    (0..changes).fold(tokens, |tokens, _| one(tokens, random))
}

/// Returns the tokens with one change, at any depth.
fn one(of: TokenStream, random: &mut Random) -> TokenStream {
    let mut all: Vec<_> = of.into_iter().collect();
    if all.is_empty() {
        return odd(random).into_iter().collect();
    }
    let at = random.below(all.len());
    if let TokenTree::Group(group) = &all[at]
        && !random.once_in(4)
    {
        all[at] = within(group.delimiter(), one(group.stream(), random));
        return all.into_iter().collect();
    }
    match random.below(12) {
        0 => drop(all.remove(at)),
        1 => all.insert(at, all[at].clone()),
        2 => all.truncate(at),
        3 => {
            let end = (at + 1 + random.below(3)).min(all.len());
            let inner: TokenStream = all.drain(at..end).collect();
            all.insert(at, within(DELIMITERS[random.below(4)], inner));
        }
        4 => {
            let next = (at + 1) % all.len();
            all.swap(at, next);
        }
        5 => {
            let comma = TokenTree::from(Punct::new(',', Spacing::Alone));
            drop(all.splice(0..0, odd(random).into_iter().chain([comma])));
        }
        6 => {
            if !matches!(all.last(), Some(TokenTree::Punct(last)) if last.as_char() == ',') {
                all.push(Punct::new(',', Spacing::Alone).into());
            }
            all.extend(odd(random));
        }
        7 | 8 => drop(all.splice(at..at, odd(random))),
        _ => drop(all.splice(at..=at, odd(random))),
    }
    all.into_iter().collect()
}

/// Returns all values of `crate =`, each as tokens and as a fragment of `macro_rules!`.
pub(super) fn roots() -> impl Iterator<Item = TokenStream> {
    ROOTS.iter().flat_map(|root| [read(root), within(Delimiter::None, read(root)).into()])
}

/// Returns one value of `crate =` as text.
pub(super) fn root_text(random: &mut Random) -> &'static str {
    random.pick(ROOTS)
}
