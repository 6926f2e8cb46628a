//! Syntax of names. Const code checks whether a vocabulary declares the name.

use syn::LitStr;

use crate::diagnostics::Diagnostics;
use crate::grammar::Kind;

/// Reports a text that cannot be the name of a role, a permission, a scope or a credential.
pub(crate) fn check_name(kind: Kind, literal: &LitStr, diagnostics: &mut Diagnostics) -> Option<()> {
    let text = literal.value();
    let (word, example) = (kind.word(), kind.example());
    check_text(word, literal, example, diagnostics)?;
    if let Some(rule) = as_rule(kind, &text) {
        return diagnostics.report(
            literal,
            format!("\"{text}\" is one name here, not an expression"),
            format!("write {rule}"),
        );
    }
    if text.contains(',') {
        let names: Vec<_> = text.split(',').map(|name| format!("\"{}\"", name.trim())).collect();
        let any = format!("write `any({})`", names.join(", "));
        let help = if kind == Kind::Credential { any } else { format!("{any} for either, `all(…)` for both") };
        return diagnostics.report(literal, format!("\"{text}\" is one name here, not a list"), help);
    }
    // RFC 6749 §3.3
    let in_scopes = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    if kind == Kind::Scope && !text.bytes().all(in_scopes) {
        let wrong = format!(
            "{} is not a valid scope: use visible ASCII without spaces, quotes and backslashes",
            literal.token()
        );
        return diagnostics.report(literal, wrong, format!("write a name such as \"{example}\""));
    }
    // Names of schemes and of token sources are tokens (RFC 9110 §5.6.2).
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if kind == Kind::Credential && !text.bytes().all(in_token) {
        let wrong = format!("{} is not the name of a token source or a scheme", literal.token());
        let help = format!("write letters, digits and hyphens, such as \"{example}\"");
        return diagnostics.report(literal, wrong, help);
    }
    Some(())
}

/// Returns the rule that an expression within a string was probably meant to be: `"admin || editor"`, `"hasRole('x')"`.
fn as_rule(kind: Kind, text: &str) -> Option<String> {
    let plain = |name: &str| !name.is_empty() && !name.contains(['(', ')', '!', '|', '&', ' ', '\'']);
    for joined in ["||", "&&"] {
        let names: Vec<_> = text.split(joined).map(str::trim).collect();
        if names.len() > 1 && names.iter().all(|name| plain(name)) {
            let atoms: Vec<_> = names.iter().map(|name| format!("{}(\"{name}\")", kind.word())).collect();
            return Some(format!("a rule: `#[require({})]`", atoms.join(&format!(" {joined} "))));
        }
    }
    if let Some((_, inside)) = text.split_once('(') {
        let name = inside.trim_end_matches(')').trim_matches(['\'', '"', ' ']);
        let name = if plain(name) { name } else { kind.example() };
        return Some(format!("only the name: \"{name}\""));
    }
    let looks = text.contains("&&") || text.contains("||") || text.starts_with('!') || text.contains(')');
    looks.then(|| format!("a rule: `#[require({}(\"{}\") && …)]`", kind.word(), kind.example()))
}

/// Reports a text that is empty, padded or contains a control character.
pub(crate) fn check_text(what: &str, literal: &LitStr, example: &str, diagnostics: &mut Diagnostics) -> Option<()> {
    let text = literal.value();
    if text.trim().is_empty() {
        return diagnostics.report(
            literal,
            format!("the {what} is empty"),
            format!("write a name such as \"{example}\""),
        );
    }
    if text.trim() != text {
        let wrong = format!("{text:?} begins or ends with a space");
        return diagnostics.report(literal, wrong, format!("write \"{}\"", text.trim()));
    }
    if text.chars().any(char::is_control) {
        let wrong = format!("the {what} contains a control character");
        return diagnostics.report(literal, wrong, "write a name that can be read");
    }
    Some(())
}
