//! Names of a vocabulary in a formula, and their tenant.

use quote::ToTokens as _;
use syn::{Expr, ExprLit, Ident, Lit};

use crate::analyze::atoms::{any_or_all_help, read_name};
use crate::analyze::model::{Atom, Dimensions, Formula, Literal};
use crate::analyze::suggestions::{self, Join, Names};
use crate::diagnostics::Diagnostics;
use crate::grammar::Kind;
use crate::parse::{RAW_IN, one_line, ungrouped};

/// Applies the tenant to the names. Returns `None` if an invalid tenant was written.
pub(super) fn in_tenant(
    formula: Formula,
    tenant: Option<Dimensions>,
    written: usize,
    diagnostics: &Diagnostics,
) -> Option<Formula> {
    let Some(tenant) = tenant else { return (written == 0 || diagnostics.is_empty()).then_some(formula) };
    let apply = |literal: Literal| {
        let atom = match literal.atom {
            Atom::Named(kind, name) => Atom::InTenant(kind, name, tenant.clone()),
            other => other,
        };
        Literal { atom, ..literal }
    };
    Some(formula.map(&apply))
}

/// Reads the tenant of a name, after `in =`.
pub(super) fn read_tenant_of(
    kind: Kind,
    key: &Ident,
    value: &Expr,
    is_second: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Dimensions> {
    if kind == Kind::Scope && !is_second {
        return diagnostics.report(key, "scopes do not belong to tenants", "delete `in = …`");
    }
    read_tenant(key, value, is_second, diagnostics)
}

/// Reads the tenant after `in =`: a name, or several in parentheses.
pub(super) fn read_tenant(
    key: &Ident,
    value: &Expr,
    is_second: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Dimensions> {
    if is_second {
        return diagnostics.report(key, "`in` is repeated", "delete one of the two, or write `in = (org, workspace)`");
    }
    let Expr::Tuple(several) = ungrouped(value) else {
        return read_dimension(value, diagnostics).map(|name| Dimensions(vec![name]));
    };
    let mut names: Vec<Ident> = Vec::new();
    for element in &several.elems {
        let name = read_dimension(element, diagnostics)?;
        if names.contains(&name) {
            return diagnostics.report(element, format!("`{name}` is repeated"), "delete one of the two");
        }
        names.push(name);
    }
    match names.as_slice() {
        [] => diagnostics.report(value, "expected the name of a tenant", "write `in = org`"),
        [one] => diagnostics.report(value, "the parentheses contain one name", format!("write `in = {one}`")),
        _ => Some(Dimensions(names)),
    }
}

fn read_dimension(value: &Expr, diagnostics: &mut Diagnostics) -> Option<Ident> {
    match ungrouped(value) {
        Expr::Path(path) if path.path.get_ident().is_some() => path.path.get_ident().cloned(),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. })
            if syn::parse_str::<Ident>(text.value().trim_matches(['{', '}'])).is_ok() =>
        {
            let help = format!("write `in = {}`", text.value().trim_matches(['{', '}']));
            diagnostics.report(value, "the tenant is written as a name, without quotes", help)
        }
        _ => diagnostics.report(
            value,
            "the tenant is a name that `.tenant(…)` declares, or that of a path parameter",
            "write `in = org`, or `in = (org, workspace)`",
        ),
    }
}

/// Reports a call that is neither `any(…)` nor `all(…)`.
fn report_call(kind: Kind, word: &str, call: &syn::ExprCall, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let whole = Expr::Call(call.clone());
    if let Some(help) = suggestions::name(kind, &whole).filter(|_| word == "not" || word == kind.word()) {
        let wrong = format!("expected a {}, found `{}`", kind.word(), one_line(whole.to_token_stream()));
        return diagnostics.report(&call.func, wrong, help);
    }
    if let Some(attribute) = call.args.first().and_then(|one| suggestions::attribute(word, one)) {
        let wrong = format!("expected a {}, found `{}`", kind.word(), one_line(whole.to_token_stream()));
        return diagnostics.report(&call.func, wrong, format!("write `{attribute}` beside it"));
    }
    let wrong = format!("`{word}` does not combine {}s", kind.word());
    let names: Vec<_> = call.args.iter().collect();
    diagnostics.report(&call.func, wrong, any_or_all_help(kind, &names))
}

/// Reads `"admin"`, `any("admin", "editor")` or `all(…)`.
pub(super) fn combined(kind: Kind, expression: &Expr, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let Expr::Call(call) = ungrouped(expression) else { return read_single(kind, expression, negated, diagnostics) };
    let word = call.func.to_token_stream().to_string();
    if word != "any" && word != "all" {
        return report_call(kind, &word, call, diagnostics);
    }
    let join = if word == "any" { Join::Any } else { Join::All };
    check_count(kind, &word, call, diagnostics)?;
    let parts = call.args.iter().map(|one| match ungrouped(one) {
        Expr::Assign(assign) if matches!(&*assign.left, Expr::Path(path) if path.path.is_ident(RAW_IN)) => {
            let help = format!("write `{word}(…), in = {}`", assign.right.to_token_stream());
            diagnostics.report(&assign.left, "`in` applies to all of these names", help)
        }
        Expr::Call(inner) => diagnostics.report(
            &inner.func,
            format!("`{word}` combines names, not rules"),
            "write a rule: `#[require(…)]` with `&&` and `||`",
        ),
        other => match suggestions::names(other).filter(|several| several.names.len() > 1) {
            Some(several) => {
                let wrong = format!("expected a {}, found `{}`", kind.word(), one_line(other.to_token_stream()));
                let is_flat = several.join == join || several.join == Join::Unspecified;
                let help =
                    if is_flat { several.names.join(", ") } else { "#[require(…)]` with `&&` and `||".to_owned() };
                diagnostics.report(other, wrong, format!("write `{help}`"))
            }
            None => read_single(kind, one, negated, diagnostics),
        },
    });
    let parts = parts.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
    Some(if (word == "any") != negated { Formula::Any(parts) } else { Formula::All(parts) })
}

fn read_single(kind: Kind, expression: &Expr, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let name = read_name(kind, expression, diagnostics)?;
    Some(Formula::literal(Atom::Named(kind, name), negated, expression.to_token_stream()))
}

/// Reports `any(…)` and `all(…)` of fewer than two names.
fn check_count(kind: Kind, word: &str, call: &syn::ExprCall, diagnostics: &mut Diagnostics) -> Option<()> {
    if call.args.len() == 1
        && let Some(several) = call.args.first().and_then(suggestions::names)
        && several.names.len() > 1
    {
        let found = one_line(call.args.to_token_stream());
        let wrong = format!("expected names, separated by commas, found `{found}`");
        let join = match several.join {
            Join::Unspecified if word == "any" => Join::Any,
            Join::Unspecified => Join::All,
            written => written,
        };
        let help = format!("write `{}`", Names { join, ..several }.text());
        return diagnostics.report(&call.args, wrong, help);
    }
    match call.args.len() {
        0 => {
            let wrong = format!("`{word}()` lists no {}", kind.word());
            diagnostics.report(call, wrong, "write two or more names in it")
        }
        1 => {
            let wrong = format!("`{word}` is redundant around one name");
            diagnostics.report(call, wrong, format!("write `{}`", call.args.to_token_stream()))
        }
        _ => Some(()),
    }
}
