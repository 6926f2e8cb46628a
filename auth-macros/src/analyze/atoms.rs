//! Parsing of atoms: one function for each shape of arguments.

use std::net::IpAddr;
use std::num::IntErrorKind;

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Expr, ExprLit, Lit, LitStr};

use super::model::{Atom, ClaimValue, Name, Network, first_address};
use super::name_syntax::{check_name, check_text};
use super::{check, object, suggestions};
use crate::diagnostics::Diagnostics;
use crate::grammar::{self, Kind, Shape, TextShape, Word};
use crate::parse::{has_plain_end, one_line, ungrouped};

/// Reads the arguments of an atom. `at` is the whole atom.
pub(crate) fn read_atom(
    row: &'static grammar::Atom,
    arguments: &[&Expr],
    at: &TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<Atom> {
    let one = |diagnostics: &mut Diagnostics| match arguments {
        [one] => Some(*one),
        [] => diagnostics.report(at, format!("`{}` needs an argument", row.word), format!("write `{}`", row.example)),
        [_, second, ..] => {
            let wrong = format!("`{}` takes one argument, and this is a second one", row.word);
            diagnostics.report(second, wrong, format!("write `{}`", row.example))
        }
    };
    match row.shape {
        Shape::NoArguments(Word::Direct) if arguments.is_empty() => Some(Atom::Direct),
        Shape::NoArguments(Word::Login) if arguments.is_empty() => Some(Atom::Login),
        Shape::Tenant if arguments.is_empty() => Some(Atom::Authenticated),
        Shape::NoArguments(_) | Shape::Tenant => {
            diagnostics.report(at, format!("`{}` takes no arguments", row.word), format!("write `{}`", row.example))
        }
        Shape::Name(kind) => match arguments {
            [_, second, ..] => diagnostics.report(second, two_names(kind), any_or_all_help(kind, arguments)),
            _ => read_name(kind, one(diagnostics)?, diagnostics).map(|name| Atom::Named(kind, name)),
        },
        Shape::Claim => read_claim(row, arguments, at, diagnostics),
        Shape::Networks => read_networks(arguments, at, diagnostics).map(Atom::Networks),
        Shape::Countries => read_countries(arguments, at, diagnostics).map(Atom::Countries),
        Shape::Duration => read_duration(one(diagnostics)?, diagnostics).map(Atom::MaxAge),
        Shape::Text(shape) => read_text(shape, one(diagnostics)?, diagnostics).map(|text| Atom::Text(row, shape, text)),
        Shape::Scheme => {
            read_string("a scheme", one(diagnostics)?, "\"bearer\"", diagnostics).cloned().map(Atom::Scheme)
        }
        Shape::Object => object::read_object(row, arguments, at, diagnostics).map(|check| Atom::Check(Box::new(check))),
        Shape::Expression => {
            check::read_check(row, arguments, at, diagnostics).map(|check| Atom::Check(Box::new(check)))
        }
    }
}

pub(crate) fn two_names(kind: Kind) -> String {
    match kind {
        Kind::Credential => "two credentials need `any(…)`".to_owned(),
        _ => format!("two {}s need `any(…)` or `all(…)`", kind.word()),
    }
}

pub(crate) fn any_or_all_help(kind: Kind, names: &[&Expr]) -> String {
    let names: Vec<_> = names.iter().map(|name| one_line(name.to_token_stream())).collect();
    let any = format!("write `any({})`", names.join(", "));
    match kind {
        Kind::Credential => any,
        _ => format!("{any} for either, `all(…)` for both"),
    }
}

/// Reads a name of a vocabulary: a string, or the path of a variant.
pub(crate) fn read_name(kind: Kind, expression: &Expr, diagnostics: &mut Diagnostics) -> Option<Name> {
    let example = kind.example();
    match ungrouped(expression) {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) if literal.suffix().is_empty() => {
            check_name(kind, literal, diagnostics)?;
            Some(Name::Text(literal.clone()))
        }
        Expr::Path(path) if path.qself.is_none() && path.path.segments.len() > 1 && has_plain_end(&path.path) => {
            let mut of = path.path.clone();
            let variant = of.segments.pop()?.ident;
            of.segments.pop_punct();
            Some(Name::Variant(of, variant))
        }
        // The parts `::<…>` and `<… as …>` would be ignored.
        Expr::Path(path) if path.qself.is_some() || path.path.segments.len() > 1 => {
            let wrong = format!("expected the path of a variant, found `{}`", one_line(path.to_token_stream()));
            diagnostics.report(path, wrong, format!("write `{}::…`", kind.type_name()))
        }
        Expr::Path(path) => {
            let wrong = format!(
                "expected a string, found `{}`: attributes expand before constants are resolved",
                path.to_token_stream()
            );
            diagnostics.report(
                path,
                wrong,
                format!("write the {} itself: \"{example}\", or `{}::…`", kind.word(), kind.type_name()),
            )
        }
        other => match suggestions::name(kind, other) {
            Some(help) => {
                let found = one_line(other.to_token_stream());
                diagnostics.report(other, format!("expected a {}, found `{found}`", kind.word()), help)
            }
            None => {
                let wrong = format!("a {} is written as a string", kind.word());
                let help = format!("write a name such as \"{example}\", or a path `{}::…`", kind.type_name());
                diagnostics.report(other, wrong, help)
            }
        },
    }
}

/// Reads a string.
fn read_string<'a>(
    what: &str,
    expression: &'a Expr,
    example: &str,
    diagnostics: &mut Diagnostics,
) -> Option<&'a LitStr> {
    match ungrouped(expression) {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) if literal.suffix().is_empty() => Some(literal),
        other => diagnostics.report(other, format!("{what} is written as a string"), format!("write `{example}`")),
    }
}

fn read_claim(
    row: &grammar::Atom,
    arguments: &[&Expr],
    at: &TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<Atom> {
    if let [one] = arguments
        && let Some(meant) = suggested_claim(one)
    {
        let found = one_line(one.to_token_stream());
        let wrong = format!("expected the name and the value of a claim, found `{found}`");
        return diagnostics.report(one, wrong, format!("write `{meant}`"));
    }
    let [name, value] = arguments else {
        return match arguments {
            [_, _, third, ..] => {
                diagnostics.report(third, "`claim` takes a name and one value", format!("write `{}`", row.example))
            }
            _ => diagnostics.report(at, "`claim` needs a name and a value", format!("write `{}`", row.example)),
        };
    };
    let name = read_string("the name of a claim", name, "\"org\"", diagnostics);
    let value = read_claim_value(value, diagnostics);
    let (name, value) = (name?, value?);
    check_text("claim", name, "org", diagnostics)?;
    check_pointer(name, diagnostics)?;
    Some(Atom::Claim(name.value(), value))
}

fn read_claim_value(expression: &Expr, diagnostics: &mut Diagnostics) -> Option<ClaimValue> {
    let integer = |literal: &syn::LitInt, sign: &str| {
        let digits = format!("{sign}{}", literal.base10_digits());
        digits.parse().ok().filter(|_| literal.suffix().is_empty()).map(ClaimValue::Integer)
    };
    let value = match ungrouped(expression) {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) if literal.suffix().is_empty() => {
            Some(ClaimValue::Text(literal.value()))
        }
        Expr::Lit(ExprLit { lit: Lit::Bool(literal), .. }) => Some(ClaimValue::Bool(literal.value)),
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => integer(literal, ""),
        Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => match ungrouped(expr) {
            Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => integer(literal, "-"),
            _ => None,
        },
        _ => None,
    };
    value.or_else(|| {
        let help = "write `\"acme\"`, `true` or `3`";
        diagnostics.report(expression, "the value of a claim is a string, a boolean or a whole number", help)
    })
}

/// Reports a name that begins with a slash, but is not a JSON pointer (RFC 6901 §3) or contains an empty member name.
fn check_pointer(name: &LitStr, diagnostics: &mut Diagnostics) -> Option<()> {
    let text = name.value();
    let Some(path) = text.strip_prefix('/') else { return Some(()) };
    let is_escaped = |name: &str| name.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if path.split('/').all(|name| !name.is_empty() && is_escaped(name)) {
        return Some(());
    }
    let escaped = path.replace('~', "~0").replace('/', "~1");
    diagnostics.report(name, format!("{text:?} is not a JSON pointer"), format!("write `\"/{escaped}\"`"))
}

/// Returns the arguments that `org = "acme"`, `org == "acme"` or `claim("org", "acme")` was probably meant to be.
fn suggested_claim(written: &Expr) -> Option<String> {
    match ungrouped(written) {
        Expr::Assign(assign) => suggestions::claim(&assign.left, &assign.right),
        Expr::Binary(binary) => suggestions::claim(&binary.left, &binary.right),
        Expr::Call(call) if call.args.len() == 2 => suggestions::claim(call.args.first()?, call.args.last()?),
        _ => None,
    }
}

fn read_networks(arguments: &[&Expr], at: &TokenStream, diagnostics: &mut Diagnostics) -> Option<Vec<Network>> {
    if arguments.is_empty() {
        return diagnostics.report(at, "expected at least one network", "write one or more, such as \"10.0.0.0/8\"");
    }
    let all: Vec<_> = arguments.iter().map(|argument| read_network(argument, diagnostics)).collect();
    all.into_iter().collect()
}

fn read_network(expression: &Expr, diagnostics: &mut Diagnostics) -> Option<Network> {
    let example = suggestions::list(expression).unwrap_or_else(|| "\"10.0.0.0/8\"".to_owned());
    let literal = read_string("a network", expression, &example, diagnostics)?;
    let text = literal.value();
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text.as_str(), None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        let wrong = format!("\"{text}\" is not a network");
        return diagnostics.report(
            literal,
            wrong,
            "write an address and a prefix, such as \"10.0.0.0/8\" or \"2001:db8::/32\"",
        );
    };
    let (bits, version) = if address.is_ipv4() { (32, 4) } else { (128, 6) };
    let length = match prefix {
        None => bits,
        Some(prefix) => match prefix.parse::<u8>() {
            Ok(length) if length <= bits && prefix == length.to_string() => length,
            Ok(length) if length > bits => {
                let wrong = format!("\"{text}\" is not a network: an IPv{version} prefix has at most {bits} bits");
                return diagnostics.report(
                    literal,
                    wrong,
                    format!("write \"{address}\" for one address, or a prefix up to {bits}"),
                );
            }
            _ => {
                let wrong = format!("\"{text}\" is not a network: the prefix is a number of bits");
                return diagnostics.report(
                    literal,
                    wrong,
                    format!("write \"{address}\" for one address, or a prefix up to {bits}"),
                );
            }
        },
    };
    let first = first_address(address, length);
    if first != address {
        let wrong = format!("\"{text}\" has bits set after the prefix");
        return diagnostics.report(
            literal,
            wrong,
            format!("write \"{first}/{length}\" for the network, or \"{address}\" for the address"),
        );
    }
    // `::ffff:10.0.0.0/104` is 10.0.0.0/8. IPv4-mapped addresses are compared as IPv4 (IP-7).
    match address {
        IpAddr::V6(v6) if length >= 96 => match v6.to_ipv4_mapped() {
            Some(v4) => Some(Network { address: v4.into(), prefix: length - 96 }),
            None => Some(Network { address, prefix: length }),
        },
        _ => Some(Network { address, prefix: length }),
    }
}

/// Reads country codes. Const code checks that the countries exist.
fn read_countries(arguments: &[&Expr], at: &TokenStream, diagnostics: &mut Diagnostics) -> Option<Vec<LitStr>> {
    if arguments.is_empty() {
        return diagnostics.report(at, "expected at least one country", "write one or more, such as \"DE\"");
    }
    let mut codes: Vec<LitStr> = Vec::new();
    let mut all = true;
    for argument in arguments {
        match read_country(argument, diagnostics) {
            Some(code) if codes.iter().any(|other| other.value() == code.value()) => {
                let wrong = format!("\"{}\" is listed twice", code.value());
                diagnostics.note(code, wrong, "delete one of the two");
                all = false;
            }
            Some(code) => codes.push(code),
            None => all = false,
        }
    }
    all.then_some(codes)
}

fn read_country(expression: &Expr, diagnostics: &mut Diagnostics) -> Option<LitStr> {
    let literal = match ungrouped(expression) {
        Expr::Call(call) if ["any", "all"].iter().any(|word| call.func.to_token_stream().to_string() == *word) => {
            let help = format!("write `{}`", call.args.to_token_stream());
            return diagnostics.report(
                &call.func,
                "countries are listed without `any` or `all`: an address is in one country",
                help,
            );
        }
        // The code without quotes.
        Expr::Path(path) if path.path.get_ident().is_some_and(|word| is_code(&word.to_string())) => {
            let help = format!("write \"{}\"", path.to_token_stream());
            return diagnostics.report(path, "a country is written as a string", help);
        }
        other => {
            let example = suggestions::list(other).unwrap_or_else(|| "\"DE\"".to_owned());
            read_string("a country", other, &example, diagnostics)?
        }
    };
    let text = literal.value();
    if is_code(&text) {
        return Some(literal.clone());
    }
    let parts: Vec<_> = text.split([',', ';', ' ']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let codes: Vec<_> = parts.iter().filter_map(|part| code_of(part)).collect();
    if let [code] = codes.as_slice()
        && parts.len() == 1
    {
        let wrong = match text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            true => format!("\"{text}\" is not a country code: codes are uppercase"),
            false => format!("\"{text}\" is not a country code: codes have two letters and nothing else"),
        };
        return diagnostics.report(literal, wrong, format!("write \"{code}\""));
    }
    if codes.len() == parts.len() && codes.len() > 1 {
        let wrong = format!("\"{text}\" is not a country code: each country needs its own string");
        return diagnostics.report(literal, wrong, format!("write \"{}\"", codes.join("\", \"")));
    }
    let wrong = format!("\"{text}\" is not a country code");
    diagnostics.report(literal, wrong, "write the two letters of ISO 3166-1, such as \"DE\" for Germany")
}

fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Returns the code for two letters, also for the common mistakes.
fn code_of(letters: &str) -> Option<String> {
    let code = letters.to_ascii_uppercase();
    match code.as_str() {
        "UK" => Some("GB".to_owned()),
        "EL" => Some("GR".to_owned()),
        _ => is_code(&code).then_some(code),
    }
}

/// Reads a number and a unit as seconds.
fn read_duration(expression: &Expr, diagnostics: &mut Diagnostics) -> Option<u64> {
    // Other libraries read a plain number as seconds.
    let seconds = match ungrouped(expression) {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.suffix().is_empty() => {
            format!("\"{}s\"", number.base10_digits())
        }
        _ => "\"5m\"".to_owned(),
    };
    let literal = read_string("a duration", expression, &seconds, diagnostics)?;
    let text = literal.value();
    const HELP: &str = "write a number and a unit: \"30s\", \"5m\", \"2h\" or \"1d\"";
    let (number, unit) = text.split_at(text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len()));
    let factor = grammar::TIME_UNITS.iter().find(|(name, _)| *name == unit).map(|(_, seconds)| *seconds);
    let number = match number.parse::<u64>() {
        Ok(number) => Some(number),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => None, // too long, in whatever unit
        Err(_) => return diagnostics.report(literal, format!("\"{text}\" is not a duration"), HELP),
    };
    let Some(factor) = factor.or(number.is_none().then_some(1)) else {
        return diagnostics.report(literal, format!("\"{text}\" is not a duration"), HELP);
    };
    match number.and_then(|number| number.checked_mul(factor)).filter(|seconds| *seconds <= i32::MAX as u64) {
        Some(0) => diagnostics.report(literal, "the maximum age must be greater than zero", HELP),
        Some(seconds) => Some(seconds),
        None => {
            let help = "write a shorter time, such as \"12h\" or \"30d\"";
            diagnostics.report(literal, format!("\"{text}\" is too long"), help)
        }
    }
}

fn read_text(shape: &TextShape, expression: &Expr, diagnostics: &mut Diagnostics) -> Option<String> {
    let (what, example) = (shape.what, shape.example);
    let literal = read_string(what.0, expression, &format!("\"{example}\""), diagnostics)?;
    check_text(what.1, literal, example, diagnostics)?;
    let text = literal.value();
    // Challenges and requests list values, separated by spaces, within quotes.
    if text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)) {
        Some(text)
    } else {
        let wrong =
            format!("\"{text}\" is not a valid {}: use visible ASCII without spaces, quotes and backslashes", what.1);
        diagnostics.report(literal, wrong, format!("write one value, such as \"{example}\""))
    }
}
