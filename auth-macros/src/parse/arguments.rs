//! The words of an attribute, separated by commas: rules, keys, and options such as `not_found`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{BinOp, Expr, ExprAssign, ExprBinary, Token};

use super::root::read_root;
use super::source_text::one_line;
use super::tokens::{begins_check, find_attribute, is_comma, is_group};
use crate::diagnostics::Diagnostics;
use crate::grammar::{Attribute, Reading};

/// The words of one attribute.
pub(crate) struct Words {
    pub(crate) attribute: Attribute,
    /// The location of the attribute, for mistakes that are not those of one word.
    pub(crate) span: Span,
    pub(crate) list: Vec<Word>,
    /// The source, to find duplicate attributes.
    pub(crate) text: String,
    pub(crate) not_found: bool,
    /// The reason why redundant parts are allowed.
    pub(crate) redundant: Option<syn::LitStr>,
    /// The reason why the handler may be called for any object.
    pub(crate) any_object: Option<syn::LitStr>,
    /// The reason why limited credentials may call the handler without a name of their ceiling.
    pub(crate) any_token: Option<syn::LitStr>,
    /// The path of the facade, if it is renamed.
    pub(crate) root: Option<syn::Path>,
    has_root: bool,
    /// Whether words are missing because of a mistake, so that the others are not analyzed.
    pub(crate) is_broken: bool,
}

/// One word.
pub(crate) enum Word {
    /// `max_age = "5m"`
    Key(syn::Ident, Expr),
    /// A name, a rule, or any other expression.
    Expression(Expr),
}

/// Parses the words of an attribute. After a mistake, parsing continues behind the next comma.
pub(crate) fn words(attribute: Attribute, span: Span, tokens: &TokenStream, diagnostics: &mut Diagnostics) -> Words {
    if let Some(attribute) = find_attribute(tokens) {
        // The parser would accept and drop the attribute, so the rule would apply without its condition.
        let help = "delete it; write two handlers, each under its own `cfg`";
        diagnostics.note_at(attribute, "attributes cannot appear in a rule", help);
    }
    let mut words = Words {
        attribute,
        span,
        list: Vec::new(),
        text: tokens.to_string(),
        not_found: false,
        redundant: None,
        any_object: None,
        any_token: None,
        root: None,
        has_root: false,
        is_broken: false,
    };
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if input.peek(Token![crate]) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
                read_crate_word(input, &mut words, diagnostics)?;
            } else if let Some(expression) = read_expression(input, diagnostics) {
                read_word(expression, input, &mut words, diagnostics);
            }
            read_comma(input, &mut words, diagnostics)?;
        }
        Ok(())
    };
    // If the parser returns, it has consumed all tokens or reported the rest.
    if let Err(error) = parser.parse2(with_raw_in(tokens.clone())) {
        diagnostics.note_at(error.span(), "this cannot be parsed as part of a rule", RULE_HELP);
    }
    words
}

/// The key `in` of `role("admin", in = org)` as an identifier. The keyword itself is not allowed in expressions.
pub(crate) const RAW_IN: &str = "r#in";

/// Replaces each `in` before a `=` by [`RAW_IN`].
fn with_raw_in(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let (mut raw, mut in_check) = (TokenStream::new(), false);
    while let Some(token) = tokens.next() {
        let is_users = std::mem::replace(&mut in_check, begins_check(&token)) && is_group(&token);
        raw.extend([match token {
            token if is_users => token,
            TokenTree::Ident(word)
                if word == "in" && matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '=') =>
            {
                proc_macro2::Ident::new_raw("in", word.span()).into()
            }
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), with_raw_in(group.stream()));
                inner.set_span(group.span());
                inner.into()
            }
            other => other,
        }]);
    }
    raw
}

const RULE_HELP: &str = "write atoms such as `role(\"admin\")`, joined by `&&` or `||`";

fn read_expression(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> Option<Expr> {
    if input.peek(Token![,]) {
        return diagnostics.report_at(input.span(), "expected an argument before this comma", "delete it");
    }
    let ahead = input.fork();
    match ahead.parse::<Expr>() {
        Ok(expression) => {
            input.advance_to(&ahead);
            Some(expression)
        }
        Err(error) => {
            let text = error.to_string();
            let last = last_span(input);
            skip_to_comma(input);
            if text.contains("unexpected end of input") {
                diagnostics.report_at(last, "expected an operand after this", RULE_HELP)
            } else if text.contains("expected `,`") {
                diagnostics.report_at(error.span(), "a comma is missing before this", "write one, or delete this")
            } else {
                diagnostics.report_at(error.span(), "this cannot be parsed as part of a rule", RULE_HELP)
            }
        }
    }
}

/// Returns the location of the last token before the next comma.
fn last_span(input: ParseStream<'_>) -> Span {
    let rest: TokenStream = input.fork().parse().unwrap_or_default();
    let upto_comma = rest.into_iter().take_while(|token| !is_comma(token));
    upto_comma.last().map_or_else(Span::call_site, |token| token.span())
}

/// Parses `crate = …`, up to the next comma.
fn read_crate_word(input: ParseStream<'_>, words: &mut Words, diagnostics: &mut Diagnostics) -> syn::Result<()> {
    let (key, sign): (Token![crate], Token![=]) = (input.parse()?, input.parse()?);
    let mut value = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        value.extend([input.parse::<TokenTree>()?]);
    }
    if words.has_root {
        diagnostics.note(key, "`crate` is written twice", "delete one of the two");
    }
    words.has_root = true;
    // Attributes were reported before.
    if find_attribute(&value).is_none() {
        let root = read_root(sign, value, diagnostics);
        words.root = words.root.take().or(root);
    }
    Ok(())
}

fn read_word(expression: Expr, input: ParseStream<'_>, words: &mut Words, diagnostics: &mut Diagnostics) {
    match expression {
        Expr::Assign(ExprAssign { attrs, left, eq_token, right }) => match &*left {
            Expr::Path(path) if Reason::of(&path.path).is_some() => {
                let reason = Reason::of(&path.path);
                reason.into_iter().for_each(|reason| reason.read(path, &right, words, diagnostics));
            }
            Expr::Path(path) if path.path.get_ident().is_some() => {
                words.list.extend(path.path.get_ident().map(|key| Word::Key(key.clone(), *right)));
            }
            // Parsed with the claim.
            _ if words.attribute == Attribute::RequireClaim => {
                words.list.push(Word::Expression(Expr::Assign(ExprAssign { attrs, left, eq_token, right })));
            }
            _ => diagnostics.note(left, "expected a key", "write a key such as `max_age = \"5m\"`"),
        },
        Expr::Path(path) if path.path.is_ident("not_found") => {
            let is_last = input.is_empty() || is_followed_by_last_words(input);
            if words.not_found {
                diagnostics.note(path, "`not_found` is repeated", "delete one of the two");
            } else if !is_last {
                diagnostics.note(path, "`not_found` applies to the whole rule", "write it as the last word");
            }
            words.not_found = true;
        }
        Expr::Path(path) if Reason::of(&path.path).is_some() => {
            let reason = Reason::of(&path.path);
            reason.into_iter().for_each(|reason| {
                diagnostics.note(&path, format!("`{}` has no reason", reason.key), reason.help());
            });
        }
        other => words.list.push(Word::Expression(other)),
    }
}

/// An option whose value is a reason.
struct Reason {
    key: &'static str,
    example: &'static str,
    field: fn(&mut Words) -> &mut Option<syn::LitStr>,
}

/// The table of options whose value is a reason.
const REASONS: [Reason; 3] = [
    Reason { key: "redundant", example: "kept until the migration", field: |words| &mut words.redundant },
    Reason { key: "any_object", example: "anyone may read posts", field: |words| &mut words.any_object },
    Reason { key: "any_token", example: "it only shows the name of the token", field: |words| &mut words.any_token },
];

impl Reason {
    fn of(path: &syn::Path) -> Option<&'static Self> {
        REASONS.iter().find(|reason| path.is_ident(reason.key))
    }

    fn help(&self) -> String {
        format!("write a reason, such as `{} = \"{}\"`", self.key, self.example)
    }

    fn read(&self, key: &syn::ExprPath, value: &Expr, words: &mut Words, diagnostics: &mut Diagnostics) {
        let into = (self.field)(words);
        if into.is_some() {
            diagnostics.note(key, format!("`{}` is repeated", self.key), "delete one of the two");
        }
        match value {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })
                if text.suffix().is_empty() && !text.value().trim().is_empty() =>
            {
                *into = Some(text.clone());
            }
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) if text.suffix().is_empty() => {
                diagnostics.note(text, "the reason is empty", self.help());
            }
            other => diagnostics.note(other, "the reason is not a string", self.help()),
        }
    }
}

/// Returns whether only options follow: `crate = …`, a reason, or a second `not_found`, which is reported separately.
fn is_followed_by_last_words(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let _: Option<Token![,]> = ahead.parse().ok().flatten();
    ahead.is_empty()
        || ahead.peek(Token![crate])
        || ahead.fork().parse::<syn::Ident>().is_ok_and(|word| REASONS.iter().any(|reason| word == reason.key))
        || ahead.parse::<syn::Ident>().is_ok_and(|word| word == "not_found")
}

/// Parses the comma between two words. Other tokens are reported once and skipped.
fn read_comma(input: ParseStream<'_>, words: &mut Words, diagnostics: &mut Diagnostics) -> syn::Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    if input.peek(Token![,]) {
        return input.parse::<Token![,]>().map(drop);
    }
    if let Some(Word::Expression(Expr::Path(last))) = words.list.last()
        && last.path.is_ident("not")
    {
        diagnostics.note(last, "expected `!`, found `not`", "write `!`");
        words.list.pop();
        return Ok(()); // what follows is a rule
    }
    let ahead = input.fork();
    let token: TokenTree = ahead.parse()?;
    match &token {
        TokenTree::Literal(_) => {
            diagnostics.note(&token, "a comma is missing before this", "write one, or delete this")
        }
        TokenTree::Ident(word) if word == "not_found" => {
            diagnostics.note(&token, "a comma is missing before this", "write `, not_found`");
        }
        TokenTree::Ident(word) if ahead.peek(Token![=]) => {
            diagnostics.note(&token, "a comma is missing before this", format!("write `, {word} = …`"));
        }
        TokenTree::Punct(sign) if words.attribute == Attribute::RequireClaim && matches!(sign.as_char(), ':' | '=') => {
            words.is_broken = true;
            let _: Option<Token![>]> = ahead.parse()?;
            let help = format!("write `#[require_claim({})]`", as_two_words(words.list.last(), &ahead));
            diagnostics.note(sign, format!("expected `,`, found `{sign}`"), help);
        }
        TokenTree::Ident(word) if word == "or" || word == "and" => {
            let (operator, join) = if word == "or" { ("||", "any") } else { ("&&", "all") };
            let (expected, help) = match words.attribute.reading() {
                Reading::Names(_) => (",", format!("write `{join}({})`", as_two_words(words.list.last(), &ahead))),
                _ => (operator, format!("write `{operator}`")),
            };
            diagnostics.note(word, format!("expected `{expected}`, found `{word}`"), help);
        }
        _ => {
            let what = token.to_token_stream();
            diagnostics.note(
                &token,
                format!("`{what}` is not an operator of rules"),
                "write `&&` or `||`, or delete the rest",
            );
        }
    }
    skip_to_comma(input);
    read_comma(input, words, diagnostics)
}

/// Returns the last word and the tokens up to the next comma as two words. A name gets quotes.
fn as_two_words(last: Option<&Word>, after: ParseStream<'_>) -> String {
    let last = match last {
        Some(Word::Expression(Expr::Path(name))) if name.path.get_ident().is_some() => {
            format!("\"{}\"", name.to_token_stream())
        }
        Some(Word::Expression(other)) => one_line(other.to_token_stream()),
        _ => "…".to_owned(),
    };
    let rest: TokenStream = after.fork().parse().unwrap_or_default();
    let rest: TokenStream = rest.into_iter().take_while(|token| !is_comma(token)).collect();
    format!("{last}, {}", one_line(rest))
}

/// Skips the tokens up to the next comma.
fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _: syn::Result<TokenTree> = input.parse();
    }
}

/// Returns whether the operator joins rules.
pub(crate) fn is_connective(binary: &ExprBinary) -> bool {
    matches!(binary.op, BinOp::And(_) | BinOp::Or(_))
}
