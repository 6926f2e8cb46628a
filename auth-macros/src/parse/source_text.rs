//! Tokens as text on one line, for logs, the matrix and diagnostics. Independent of the line breaks of the source.

use std::iter::Peekable;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Punct, Spacing, TokenStream, TokenTree};

/// Returns the tokens with the spacing of rustfmt.
pub(crate) fn one_line(tokens: TokenStream) -> String {
    let mut text = String::new();
    write(tokens, &mut text);
    text
}

#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// A token that no space follows.
    Open,
    Word,
    /// A binary operator.
    Operator,
}

fn write(tokens: TokenStream, text: &mut String) {
    let (mut before, mut in_closure) = (Before::Open, false);
    // The number of open angle brackets: those of `::<…>`, and of `<… as …>::…` where an expression begins.
    let mut angles = 0_usize;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    // Fragments of `macro_rules!`. One token needs no parentheses.
                    Delimiter::None if group.stream().into_iter().count() > 1 => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                if before == Before::Operator {
                    text.push(' ');
                }
                text.push_str(if before == Before::Word { open } else { open.trim_start() });
                write(group.stream(), text);
                text.push_str(close);
                before = Before::Word;
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {
                if before != Before::Open {
                    text.push(' ');
                }
                text.push_str(&token.to_string());
                before = Before::Word;
            }
            TokenTree::Punct(first) => {
                let operator = operator(first, &mut tokens);
                if let Some(after) = angle(&operator, before, &mut angles, text) {
                    before = after;
                    continue;
                }
                before = match operator.as_str() {
                    "|" if in_closure => {
                        in_closure = false;
                        text.push('|');
                        Before::Operator
                    }
                    "|" if before != Before::Word => {
                        in_closure = true;
                        text.push_str(if before == Before::Operator { " |" } else { "|" });
                        Before::Open
                    }
                    _ => punct(&operator, before, text),
                };
            }
        }
    }
}

/// Returns the operator that begins with this character.
fn operator(first: Punct, tokens: &mut Peekable<IntoIter>) -> String {
    let mut operator = String::from(first.as_char());
    let mut last = first;
    while last.spacing() == Spacing::Joint
        && let Some(TokenTree::Punct(next)) = tokens.peek()
        && is_one(&operator, next.as_char())
    {
        operator.push(next.as_char());
        last = next.clone();
        tokens.next();
    }
    operator
}

/// Writes angle brackets around types. Returns `None` for other operators. `open` is the number of open brackets.
fn angle(operator: &str, before: Before, open: &mut usize, text: &mut String) -> Option<Before> {
    if operator == "<" && (before != Before::Word || *open > 0) {
        *open += 1;
        text.push_str(if before == Before::Operator { " <" } else { "<" });
        return Some(Before::Open);
    }
    if operator.len() > *open || !operator.chars().all(|one| one == '>') {
        return None;
    }
    *open -= operator.len();
    text.push_str(operator);
    Some(Before::Word)
}

/// Returns whether two characters form one operator. `&&x` in a pattern is read as an operator too, which only affects its spacing.
fn is_one(operator: &str, next: char) -> bool {
    const JOINED: [&str; 17] =
        ["&&", "||", "==", "!=", "<=", ">=", "::", "..", "..=", "=>", "->", "+=", "-=", "<<", ">>", "*=", "/="];
    JOINED.contains(&format!("{operator}{next}").as_str())
}

fn punct(operator: &str, before: Before, text: &mut String) -> Before {
    match operator {
        "." | "?" | "::" | ".." | "..=" | "\'" => {
            if before == Before::Operator {
                text.push(' ');
            }
            text.push_str(operator);
            if operator == "?" { Before::Word } else { Before::Open }
        }
        "," | ";" | ":" => {
            text.push_str(operator);
            Before::Operator
        }
        "!" if before == Before::Word => {
            text.push('!');
            Before::Open
        }
        // Unary operators.
        "*" | "&" | "-" | "!" | "#" | "$" if before != Before::Word => {
            if before == Before::Operator {
                text.push(' ');
            }
            text.push_str(operator);
            Before::Open
        }
        _ => {
            if before != Before::Open {
                text.push(' ');
            }
            text.push_str(operator);
            Before::Operator
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_formatted_on_one_line() {
        let table = [
            "posts.is_owner(*id, principal.id()).await?",
            "a == b && !c.is_empty() || d >= 0",
            "matches!(*state, State::Open)",
            "(0..3).contains(&*n)",
            "all.iter().any(|one| one.id == *id)",
            "x as u64 <= -1",
            "Role::Admin::<u8>",
            "<Role as Named>::Admin",
            "id.parse::<u64>().is_ok_and(|id| id > 3)",
            "all.collect::<Vec<Option<u8>>>().len() < 4 && 1 > 2",
            "(a, <u8 as Into<u64>>::into(b))",
            "let_me(&mut tx, \"a, b\").await?",
        ];
        for expression in table {
            assert_eq!(one_line(expression.parse().unwrap()), expression);
            let broken: String = expression.replace('(', "(\n  ").replace('.', "\n    .");
            if let Ok(broken) = broken.parse::<TokenStream>()
                && !expression.contains("..")
            {
                assert_eq!(one_line(broken), expression);
            }
        }
    }
}
