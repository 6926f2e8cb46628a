//! Help texts for unparsable words: the rule that was probably meant, which compiles when it is pasted.

use quote::ToTokens as _;
use syn::{BinOp, Expr, ExprLit, Lit, Stmt, UnOp};

use crate::grammar::{self, Atom, Kind, REQUIRE_AUTH_FLAGS, REQUIRE_AUTH_KEYS, Shape, TIME_UNITS};
use crate::parse::{has_plain_end, one_line, ungrouped};

/// The combination of several names.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Join {
    Any,
    All,
    /// Joined by a comma.
    Unspecified,
}

/// The names in `"a" || "b"`, `["a", "b"]` and similar notations.
pub(super) struct Names {
    pub(super) join: Join,
    pub(super) names: Vec<String>,
}

impl Names {
    /// Merges parts. Parts with several names must be joined in the same way.
    fn combine(join: Join, parts: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let mut names = Vec::new();
        for part in parts {
            let part = part?;
            if part.names.len() > 1 && part.join != join {
                return None;
            }
            names.extend(part.names);
        }
        (!names.is_empty()).then_some(Self { join, names })
    }

    /// Returns the names as arguments of `role(…)` and `#[require_role(…)]`.
    pub(super) fn text(&self) -> String {
        let names = self.names.join(", ");
        match self.join {
            _ if self.names.len() == 1 => names,
            Join::All => format!("all({names})"),
            Join::Any | Join::Unspecified => format!("any({names})"),
        }
    }

    /// Returns the help. `within` adds the text around the names.
    pub(super) fn help(&self, within: impl Fn(&str) -> String) -> String {
        let text = within(&self.text());
        if self.join == Join::Unspecified && self.names.len() > 1 {
            return format!("write `{text}` for either, `all(…)` for both");
        }
        format!("write `{text}`")
    }
}

/// Returns the names in an expression of another notation.
pub(super) fn names(expression: &Expr) -> Option<Names> {
    let all = |join, parts: &mut dyn Iterator<Item = &Expr>| Names::combine(join, parts.map(names).collect::<Vec<_>>());
    match ungrouped(expression) {
        one if is_name(one) => Some(Names { join: Join::Unspecified, names: vec![one_line(one.to_token_stream())] }),
        Expr::Paren(inner) => names(&inner.expr),
        Expr::Reference(inner) => names(&inner.expr),
        Expr::Array(array) => all(Join::Unspecified, &mut array.elems.iter()),
        Expr::Tuple(tuple) => all(Join::Unspecified, &mut tuple.elems.iter()),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [Stmt::Expr(only, None)] => names(only),
            _ => None,
        },
        Expr::Binary(binary) => {
            let join = match binary.op {
                BinOp::Or(_) | BinOp::BitOr(_) => Join::Any,
                BinOp::And(_) | BinOp::BitAnd(_) => Join::All,
                _ => return None,
            };
            all(join, &mut [&*binary.left, &*binary.right].into_iter())
        }
        Expr::Call(call) => {
            let join = match call.func.to_token_stream().to_string().as_str() {
                "any" | "or" => Join::Any,
                "all" | "and" => Join::All,
                word if is_kind(word) && call.args.len() == 1 => Join::Unspecified,
                _ => return None,
            };
            all(join, &mut call.args.iter())
        }
        _ => None,
    }
}

/// Returns the strings of a list whose elements are alternatives.
pub(super) fn list(expression: &Expr) -> Option<String> {
    names(expression).filter(|several| several.join != Join::All).map(|several| several.names.join(", "))
}

/// Returns the rule that an expression was probably meant to be.
pub(super) fn rule(expression: &Expr) -> Option<String> {
    match ungrouped(expression) {
        Expr::MethodCall(call) => {
            let row = call.method.to_string().strip_prefix("has_").and_then(grammar::atom);
            let names = call.args.first().and_then(names).filter(|_| call.args.len() == 1);
            match (row, names) {
                (Some(row), Some(names)) if matches!(row.shape, Shape::Name(_)) => {
                    Some(format!("{}({})", row.word, names.text()))
                }
                _ => Some(format!("check({})", one_line(call.to_token_stream()))),
            }
        }
        Expr::Await(_) | Expr::Try(_) | Expr::Macro(_) | Expr::Field(_) => {
            Some(format!("check({})", one_line(expression.to_token_stream())))
        }
        _ => None,
    }
}

/// Returns the rule that a call of an unknown function was probably meant to be, such as `has_any_role("a", "b")`.
pub(super) fn unknown_call(word: &str, arguments: &[&Expr], whole: &Expr) -> Option<String> {
    let kind = Kind::ALL.into_iter().find(|kind| word.contains(kind.word()));
    let names = Names::combine(Join::Unspecified, arguments.iter().map(|argument| names(argument)));
    match (kind, names) {
        (Some(kind), Some(mut names)) => {
            names.join = if word.contains("all") { Join::All } else { Join::Any };
            Some(format!("{}({})", kind.word(), names.text()))
        }
        _ => matches!(whole, Expr::Call(_)).then(|| format!("check({})", one_line(whole.to_token_stream()))),
    }
}

fn is_name(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.suffix().is_empty(),
        Expr::Path(path) => path.qself.is_none() && path.path.segments.len() > 1 && has_plain_end(&path.path),
        _ => false,
    }
}

fn is_kind(word: &str) -> bool {
    grammar::atom(word).is_some_and(|row| matches!(row.shape, Shape::Name(_)))
}

/// Returns the help for an expression in place of a name.
pub(super) fn name(kind: Kind, expression: &Expr) -> Option<String> {
    let absent = match ungrouped(expression) {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => Some(&*unary.expr),
        Expr::Call(call) if is_word(&call.func, "not") && call.args.len() == 1 => call.args.first(),
        Expr::Assign(assign) => return Some(names(&assign.right)?.help(str::to_owned)),
        _ => None,
    };
    match absent {
        None => Some(names(expression)?.help(str::to_owned)),
        Some(absent) if kind == Kind::Role => {
            Some(format!("write `!role({})` in `#[require(…)]`", names(absent)?.text()))
        }
        Some(_) => Some(format!("name the required {}, such as `\"{}\"`", kind.word(), kind.example())),
    }
}

/// Returns the help for a comparison.
pub(super) fn comparison(left: &Expr, operator: &BinOp, right: &Expr) -> Option<String> {
    let negated = match operator {
        BinOp::Eq(_) => false,
        BinOp::Ne(_) => true,
        BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => return Some(as_check(left, operator, right)),
        _ => return None,
    };
    let atom = compared(left, right).or_else(|| compared(right, left));
    Some(match atom {
        Some((row, text, is_absent)) if row.negatable || negated == is_absent => {
            let sign = if negated == is_absent { "" } else { "!" };
            format!("write `{sign}{text}`")
        }
        Some((row, ..)) => format!("require what must be present, such as `{}`", row.example),
        None => as_check(left, operator, right),
    })
}

fn as_check(left: &Expr, operator: &BinOp, right: &Expr) -> String {
    format!("write `check({})`", one_line(quote::quote!(#left #operator #right)))
}

/// Returns the atom in `role == "admin"` or `role("admin") == true`, and whether it is negated.
fn compared(left: &Expr, right: &Expr) -> Option<(&'static Atom, String, bool)> {
    match ungrouped(left) {
        Expr::Path(path) => {
            let word = path.path.get_ident()?.to_string();
            let row = grammar::atom(&word).or_else(|| grammar::atom(word.strip_suffix('s')?))?;
            let value = match row.shape {
                Shape::Name(_) => names(right)?.text(),
                Shape::Duration | Shape::Text(_) | Shape::Scheme | Shape::Networks | Shape::Countries => string(right)?,
                _ => return None,
            };
            Some((row, format!("{}({value})", row.word), false))
        }
        Expr::Call(call) => {
            let row = grammar::atom(&call.func.to_token_stream().to_string())?;
            let text = one_line(call.to_token_stream());
            if let Expr::Lit(ExprLit { lit: Lit::Bool(is), .. }) = ungrouped(right) {
                return Some((row, text, !is.value));
            }
            let (claim, value) = (string(call.args.first()?)?, string(right)?);
            (row.shape == Shape::Claim).then(|| (row, format!("claim({claim}, {value})"), false))
        }
        _ => None,
    }
}

/// Returns the string with its quotes.
fn string(expression: &Expr) -> Option<String> {
    match ungrouped(expression) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.suffix().is_empty() => Some(text.token().to_string()),
        _ => None,
    }
}

/// Returns the attribute that `key = value` was probably meant to be, such as `#[require_role("admin")]` for `role = "admin"`.
pub(super) fn attribute(key: &str, value: &Expr) -> Option<String> {
    let row = grammar::atom(key).or_else(|| grammar::atom(key.strip_suffix('s')?))?;
    let value = match row.shape {
        Shape::Name(Kind::Credential) => return Some(format!("#[require(credential({}))]", names(value)?.text())),
        Shape::Name(_) => names(value)?.text(),
        Shape::Networks | Shape::Countries => string(value)?,
        _ => return None,
    };
    Some(format!("#[require_{}({value})]", row.word))
}

/// Returns the arguments of a claim in `org = "acme"`, `"org" = "acme"` or a comparison.
pub(super) fn claim(name: &Expr, value: &Expr) -> Option<String> {
    let name = match ungrouped(name) {
        Expr::Path(path) => format!("{:?}", path.path.get_ident()?.to_string()),
        other => string(other)?,
    };
    Some(format!("{name}, {}", string(value)?))
}

/// Returns the arguments of a claim with the key `org = "acme"`.
pub(super) fn claim_of_key(name: &str, value: &Expr) -> Option<String> {
    Some(format!("{name:?}, {}", string(value)?))
}

/// Returns suggestions for an unknown word of `#[require_auth(…)]`.
pub(super) fn word_of_require_auth(word: &Expr) -> Vec<String> {
    let role_or_scheme = |name: &str| vec![format!("#[require_role({name:?})]"), format!("scheme = {name:?}")];
    let name = match ungrouped(word) {
        Expr::Call(call) => {
            let name = call.func.to_token_stream().to_string();
            let meant = match call.args.iter().collect::<Vec<_>>()[..] {
                [value] if REQUIRE_AUTH_KEYS.contains(&name.as_str()) => {
                    return string(value).map(|value| format!("{name} = {value}")).into_iter().collect();
                }
                [value] => attribute(&name, value),
                _ => None,
            };
            meant.or_else(|| names_attribute(word))
        }
        Expr::Path(path) => match path.path.get_ident().map(ToString::to_string) {
            Some(word) if REQUIRE_AUTH_KEYS.contains(&word.as_str()) || REQUIRE_AUTH_FLAGS.contains(&word.as_str()) => {
                None
            }
            Some(word) => return role_or_scheme(&word),
            None => names_attribute(word),
        },
        other => match string(other).as_deref().map(|text| text.trim_matches('"')) {
            Some(text) if is_duration(text) => Some(format!("max_age = \"{text}\"")),
            Some(text) => return role_or_scheme(text),
            None => names_attribute(word),
        },
    };
    name.into_iter().collect()
}

fn names_attribute(word: &Expr) -> Option<String> {
    let kind = match ungrouped(word) {
        Expr::Path(path) => path.path.segments.iter().rev().nth(1).map(|of| of.ident.to_string()),
        _ => None,
    };
    let kinds = [Kind::Permission, Kind::Scope];
    let kind = kinds.into_iter().find(|one| kind.as_deref() == Some(one.type_name())).unwrap_or(Kind::Role);
    Some(format!("#[require_{}({})]", kind.word(), names(word)?.text()))
}

fn is_duration(text: &str) -> bool {
    let number = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && TIME_UNITS.iter().any(|(unit, _)| text.strip_prefix(number) == Some(unit))
}

fn is_word(expression: &Expr, word: &str) -> bool {
    matches!(expression, Expr::Path(path) if path.path.is_ident(word))
}
