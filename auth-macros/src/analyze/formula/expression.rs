//! Rules as expressions.

use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{BinOp, Expr, ExprBinary, ExprCall, Ident, Lit, UnOp};

use super::arguments::expressions;
use super::naming::{combined, in_tenant, read_tenant, read_tenant_of};
use crate::analyze::atoms::read_atom;
use crate::analyze::model::{Atom, Formula};
use crate::analyze::suggestions;
use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::grammar::{self, ATOMS, Kind, REQUIRE_AUTH_FLAGS, Shape};
use crate::parse::{RAW_IN, Word, Words, is_connective, one_line, ungrouped};

/// Returns the rule of `rule!(…)`, and whether it begins with `public`. A `rule!` has no `#[public]` beside it, so it contains
/// the word itself.
pub(crate) fn standalone_formula(words: &Words, diagnostics: &mut Diagnostics) -> Option<(bool, Formula)> {
    fn joined<'a>(rule: &'a Expr, parts: &mut Vec<&'a Expr>) {
        match rule {
            Expr::Binary(both) if matches!(both.op, BinOp::And(_)) => {
                joined(&both.left, parts);
                joined(&both.right, parts);
            }
            other => parts.push(other),
        }
    }
    let mut parts = Vec::new();
    if let [Word::Expression(only)] = words.list.as_slice() {
        joined(only, &mut parts);
    }
    match parts.as_slice() {
        [Expr::Path(first), rest @ ..] if first.path.is_ident("public") => {
            let rest: Vec<_> = rest.iter().map(|part| read(part, false, diagnostics)).collect();
            Some((true, Formula::all(rest.into_iter().collect::<Option<_>>()?)))
        }
        _ => Some((false, rule_formula(words, diagnostics)?)),
    }
}

/// Returns the rule of `#[require(…)]`.
pub(super) fn rule_formula(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let arguments = expressions(&words.list, words.attribute, diagnostics)?;
    match arguments.as_slice() {
        [rule] => read(rule, false, diagnostics),
        [] if diagnostics.is_empty() => {
            diagnostics.report_at(words.span, "expected a rule", "write one, such as `role(\"admin\")`")
        }
        [] => None,
        [first, second, ..] => {
            let (left, right) = (read(first, false, diagnostics), read(second, false, diagnostics));
            let help = format!("write `{} && {}`, or `||`", left?.text(), right?.text());
            diagnostics.report(second, "two rules need `&&` or `||` between them", help)
        }
    }
}

/// Reads a rule. `negated` is whether an odd number of `!` precedes it.
fn read(rule: &Expr, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    match ungrouped(rule) {
        Expr::Paren(inner) => read(&inner.expr, negated, diagnostics),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => read(&unary.expr, !negated, diagnostics),
        Expr::Binary(binary) if is_connective(binary) => read_connective(binary, negated, diagnostics),
        Expr::Binary(binary) => report_operator(binary, diagnostics),
        Expr::Call(call) => {
            let word = call.func.to_token_stream().to_string();
            match word.as_str() {
                "any" | "or" => return read_joining_call("||", call, negated, diagnostics),
                "all" | "and" => return read_joining_call("&&", call, negated, diagnostics),
                "not" => return read_negating_call(call, negated, diagnostics),
                _ => {}
            }
            let arguments = call.args.iter().collect();
            WrittenAtom { word, at_word: &call.func, arguments, whole: rule, negated }.read(diagnostics)
        }
        Expr::Path(path) if path.path.get_ident().is_some() => {
            let word = path.path.to_token_stream().to_string();
            match grammar::atom(&word) {
                Some(row) if !matches!(row.shape, Shape::NoArguments(_) | Shape::Tenant) => {
                    diagnostics.report(path, format!("`{word}` needs an argument"), format!("write `{}`", row.example))
                }
                _ => {
                    let arguments = Vec::new();
                    WrittenAtom { word, at_word: path, arguments, whole: rule, negated }.read(diagnostics)
                }
            }
        }
        other => report_other(rule, other, diagnostics),
    }
}

/// Reads two rules that `&&` or `||` joins.
fn read_connective(binary: &ExprBinary, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let mixed = [&binary.left, &binary.right]
        .into_iter()
        .find(|side| matches!(&***side, Expr::Binary(inner) if is_connective(inner) && !is_same_operator(&inner.op, &binary.op)));
    // Both sides before the first `?`: a mistake on the left must not hide one on the right.
    let (left, right) = (read(&binary.left, negated, diagnostics), read(&binary.right, negated, diagnostics));
    if let Some(mixed) = mixed {
        let text = one_line(mixed.to_token_stream());
        let help = format!("write `({})`", text.replace(RAW_IN, "in"));
        return diagnostics.report(mixed, "`&&` and `||` are mixed without parentheses", help);
    }
    let (left, right) = (left?, right?);
    let and = matches!(binary.op, BinOp::And(_));
    // De Morgan: a negated conjunction is the disjunction of the negations.
    Some(if and != negated { Formula::all(vec![left, right]) } else { Formula::either(left, right) })
}

/// Reports an operator that is neither `&&` nor `||`.
fn report_operator<T>(binary: &ExprBinary, diagnostics: &mut Diagnostics) -> Option<T> {
    let operator = binary.op.to_token_stream();
    let help = match binary.op {
        BinOp::BitOr(_) => "write `||`",
        BinOp::BitAnd(_) => "write `&&`",
        _ => "write `&&` or `||`",
    };
    match suggestions::comparison(&binary.left, &binary.op, &binary.right) {
        Some(help) => diagnostics.report(binary.op, format!("expected a rule, found `{operator}`"), help),
        None => diagnostics.report(binary.op, format!("`{operator}` does not join rules"), help),
    }
}

/// Reports an expression that is not a rule. `rule` is the expression with its invisible delimiters.
fn report_other<T>(rule: &Expr, ungrouped: &Expr, diagnostics: &mut Diagnostics) -> Option<T> {
    match ungrouped {
        Expr::Lit(literal) => {
            let help = match &literal.lit {
                Lit::Str(name) if is_plain(&name.value()) => format!("write `role({})`", name.token()),
                _ => format!("write `{}`", ATOMS[1].example),
            };
            diagnostics.report(rule, "expected a rule, found a literal", help)
        }
        Expr::Path(path) if path.qself.is_none() && path.path.segments.len() == 2 => {
            let of = path.path.segments.first().map(|of| of.ident.to_string());
            let kind = Kind::ALL.into_iter().find(|kind| of.as_deref() == Some(kind.type_name())).unwrap_or(Kind::Role);
            let text = one_line(path.to_token_stream());
            let help = format!("write `{}({text})`", kind.word());
            diagnostics.report(path, format!("expected a rule, found `{text}`"), help)
        }
        other => {
            let help = match suggestions::rule(other) {
                Some(meant) => format!("write `{meant}`"),
                None => "write atoms such as `role(\"admin\")`, joined by `&&` or `||`".to_owned(),
            };
            diagnostics.report(other, "expected a rule", help)
        }
    }
}

/// Reports `any(role("a"), role("b"))`: rules are joined by operators.
fn read_joining_call(operator: &str, call: &ExprCall, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let word = call.func.to_token_stream();
    // The names have no kind. Most are roles.
    if let Some(names) = suggestions::names(&Expr::Call(call.clone())) {
        let help = format!("write `role({})`", names.text());
        return diagnostics.report(&call.func, format!("`{word}` combines names of one kind"), help);
    }
    let parts: Vec<_> = call.args.iter().map(|part| read(part, negated, diagnostics)).collect();
    parts.into_iter().collect::<Option<Vec<_>>>()?;
    let texts: Vec<_> = call.args.iter().map(nested_text).collect();
    let help = match texts.as_slice() {
        [] => format!("write `{operator}` between rules"),
        texts => format!("write `{}`", texts.join(&format!(" {operator} "))),
    };
    diagnostics.report(&call.func, format!("`{word}` combines names of one kind"), help)
}

/// Returns the text of a rule as an operand.
fn nested_text(rule: &Expr) -> String {
    let text = one_line(rule.to_token_stream()).replace(RAW_IN, "in");
    if matches!(ungrouped(rule), Expr::Binary(_)) { format!("({text})") } else { text }
}

/// Reports `not(role("a"))`: rules are negated by `!`.
fn read_negating_call(call: &ExprCall, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let [inner] = call.args.iter().collect::<Vec<_>>()[..] else {
        return diagnostics.report(&call.func, "expected `!`, found `not`", "write `!` before the rule");
    };
    // An atom that cannot be negated is reported as such.
    read(inner, !negated, diagnostics)?;
    diagnostics.report(&call.func, "expected `!`, found `not`", format!("write `!{}`", nested_text(inner)))
}

/// Returns whether a text can be a name.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || "()!|&'\"".contains(letter))
}

/// An atom as it is written: `word` or `word(…)`.
struct WrittenAtom<'a> {
    word: String,
    /// The tokens of the word.
    at_word: &'a dyn ToTokens,
    arguments: Vec<&'a Expr>,
    whole: &'a Expr,
    negated: bool,
}

impl WrittenAtom<'_> {
    fn read(&self, diagnostics: &mut Diagnostics) -> Option<Formula> {
        let row = self.row(diagnostics)?;
        self.check_negation(row, diagnostics)?;
        let at = self.whole.to_token_stream();
        let kind = match row.shape {
            Shape::Name(kind) => kind,
            Shape::Tenant if !self.arguments.is_empty() => {
                let atom = self.member(diagnostics)?;
                return Some(Formula::literal(atom, self.negated, at));
            }
            _ => {
                let atom = read_atom(row, &self.arguments, &at, diagnostics)?;
                return Some(Formula::literal(atom, self.negated, at));
            }
        };
        let (mut names, mut tenant, mut written) = (Vec::new(), None, 0);
        for argument in &self.arguments {
            match tenant_argument(argument) {
                Some((key, value)) => {
                    written += 1;
                    let read = read_tenant_of(kind, &key, value, tenant.is_some(), diagnostics);
                    tenant = tenant.or(read);
                }
                None => names.push(*argument),
            }
        }
        let formula = match names.as_slice() {
            [one] if matches!(ungrouped(one), Expr::Call(_)) => combined(kind, one, self.negated, diagnostics)?,
            names => Formula::literal(read_atom(row, names, &at, diagnostics)?, self.negated, at),
        };
        in_tenant(formula, tenant, written, diagnostics)
    }

    /// Reads `authenticated(in = org)`.
    fn member(&self, diagnostics: &mut Diagnostics) -> Option<Atom> {
        let tenants: Option<Vec<_>> = self.arguments.iter().map(|argument| tenant_argument(argument)).collect();
        match tenants.as_deref() {
            Some([(key, value)]) => read_tenant(key, value, false, diagnostics).map(Atom::TenantMember),
            _ => {
                let help = "write `authenticated`, or `authenticated(in = org)`";
                diagnostics.report(self.whole, "`authenticated` takes no arguments except one tenant", help)
            }
        }
    }

    /// Returns the row of the word. Reports unknown words, and arguments that the atom does not accept.
    fn row(&self, diagnostics: &mut Diagnostics) -> Option<&'static grammar::Atom> {
        let Self { word, at_word, .. } = self;
        let Some(row) = grammar::atom(word) else {
            if word == "not_found" {
                let help = "write it as the last word, after a comma";
                return diagnostics.report(at_word, "`not_found` is not a part of a rule", help);
            }
            let words = ATOMS.map(|atom| atom.word);
            let near = did_you_mean(word, words);
            let meant = suggestions::unknown_call(word, &self.arguments, self.whole).filter(|_| near.is_empty());
            let help = match meant {
                Some(meant) => format!("write `{meant}`, or one of {}", words.join(", ")),
                None => format!("write one of {}", words.join(", ")),
            };
            return diagnostics.report(at_word, format!("unknown atom `{word}`{near}"), help);
        };
        if !self.arguments.is_empty() && matches!(row.shape, Shape::NoArguments(_)) {
            let wrong = format!("`{word}` takes no arguments");
            return diagnostics.report(self.whole, wrong, format!("write `{}`", row.example));
        }
        Some(row)
    }

    /// Reports `!` before an atom whose absence a caller can fake.
    fn check_negation(&self, row: &grammar::Atom, diagnostics: &mut Diagnostics) -> Option<()> {
        let Self { word, whole, .. } = self;
        if self.negated && REQUIRE_AUTH_FLAGS.contains(&row.word) {
            let wrong = format!("`!{word}` would admit only delegated callers");
            return diagnostics.report(whole, wrong, format!("write `{word}`, or nothing"));
        }
        if self.negated && !row.negatable {
            if row.shape == Shape::Name(Kind::Credential) {
                let wrong = "`credential` cannot be negated: a caller could satisfy the rule with any other credential";
                let help = "name the credentials that may pass, such as `credential(\"merchant-key\")` or `login`";
                return diagnostics.report(whole, wrong, help);
            }
            let wrong = format!("`{word}` cannot be negated: a caller could satisfy the rule by presenting less");
            let help = "require what must be present, or negate a role or a claim";
            return diagnostics.report(whole, wrong, help);
        }
        Some(())
    }
}

/// Returns the key and the value of `in = …`.
fn tenant_argument(argument: &Expr) -> Option<(Ident, &Expr)> {
    match ungrouped(argument) {
        Expr::Assign(assign) if matches!(&*assign.left, Expr::Path(path) if path.path.is_ident(RAW_IN)) => {
            Some((Ident::new_raw("in", assign.left.span()), &assign.right))
        }
        _ => None,
    }
}

fn is_same_operator(a: &BinOp, b: &BinOp) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}
