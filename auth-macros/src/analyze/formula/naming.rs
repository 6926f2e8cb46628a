//! Names of a vocabulary in a formula: one or several, and the tenant that they are of.

use quote::ToTokens as _;
use syn::{Expr, ExprLit, Ident, Lit};

use super::{Formula, literal};
use crate::analyze::atoms::{Atom, Literal, any_or_all, name, ungrouped};
use crate::analyze::check::text_of;
use crate::analyze::meant::{self, Join, Names};
use crate::diagnostics::Diagnostics;
use crate::grammar::Kind;
use crate::parse::IN;

/// The formula with its names in that tenant, if there is one; `None` where one was written that is none.
pub(super) fn within(
    formula: Formula,
    tenant: Option<Ident>,
    written: usize,
    diagnostics: &Diagnostics,
) -> Option<Formula> {
    let Some(tenant) = tenant else { return (written == 0 || diagnostics.is_empty()).then_some(formula) };
    let in_tenant = |literal: Literal| {
        let atom = match literal.atom {
            Atom::Named(kind, name) => Atom::Within(kind, name, tenant.clone()),
            other => other,
        };
        Literal { atom, ..literal }
    };
    Some(formula.map(&in_tenant))
}

/// The name behind `in =`.
pub(super) fn read_tenant(
    kind: Kind,
    key: &Ident,
    value: &Expr,
    is_second: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Ident> {
    if is_second {
        return diagnostics.report(key, "`in` stands twice", "delete one of the two");
    }
    if kind == Kind::Scope {
        return diagnostics.report(key, "a scope is what a token carries, in no tenant", "delete `in = …`");
    }
    match ungrouped(value) {
        Expr::Path(path) if path.path.get_ident().is_some() => path.path.get_ident().cloned(),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. })
            if syn::parse_str::<Ident>(text.value().trim_matches(['{', '}'])).is_ok() =>
        {
            let help = format!("write `in = {}`", text.value().trim_matches(['{', '}']));
            diagnostics.report(value, "the tenant is a name in the pattern of the route, without quotes", help)
        }
        _ => diagnostics.report(
            value,
            "the tenant is a name in the pattern of the route",
            "write `in = org` for a route such as \"/{org}/reports\"",
        ),
    }
}

/// A call that is neither `any(…)` nor `all(…)`.
fn not_combined(kind: Kind, word: &str, call: &syn::ExprCall, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let whole = Expr::Call(call.clone());
    if let Some(help) = meant::name(kind, &whole).filter(|_| word == "not" || word == kind.word()) {
        let wrong = format!("expected a {}, found `{}`", kind.word(), text_of(whole.to_token_stream()));
        return diagnostics.report(&call.func, wrong, help);
    }
    if let Some(attribute) = call.args.first().and_then(|one| meant::attribute(word, one)) {
        let wrong = format!("expected a {}, found `{}`", kind.word(), text_of(whole.to_token_stream()));
        return diagnostics.report(&call.func, wrong, format!("write `{attribute}` beside it"));
    }
    let wrong = format!("`{word}` does not combine {}s", kind.word());
    let names: Vec<_> = call.args.iter().collect();
    diagnostics.report(&call.func, wrong, any_or_all(&names))
}

/// `"admin"`, `any("admin", "editor")` or `all(…)`.
pub(super) fn combined(kind: Kind, expression: &Expr, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let named = |one: &Expr, diagnostics: &mut Diagnostics| {
        let name = name(kind, one, diagnostics)?;
        Some(literal(Atom::Named(kind, name), negated, one.to_token_stream()))
    };
    let Expr::Call(call) = ungrouped(expression) else { return named(expression, diagnostics) };
    let word = call.func.to_token_stream().to_string();
    if word != "any" && word != "all" {
        return not_combined(kind, &word, call, diagnostics);
    }
    let join = if word == "any" { Join::Any } else { Join::All };
    if call.args.len() == 1
        && let Some(several) = call.args.first().and_then(meant::names)
        && several.names.len() > 1
    {
        let found = text_of(call.args.to_token_stream());
        let wrong = format!("expected names, separated by commas, found `{found}`");
        let join = if several.join == Join::Unsaid { join } else { several.join };
        let help = format!("write `{}`", Names { join, ..several }.text());
        return diagnostics.report(&call.args, wrong, help);
    }
    match call.args.len() {
        0 => {
            return diagnostics.report(
                call,
                format!("`{word}()` names no {}", kind.word()),
                "write two or more names in it",
            );
        }
        1 => {
            let inner = call.args.to_token_stream();
            return diagnostics.report(
                call,
                format!("`{word}` of one name says no more than the name"),
                format!("write `{inner}`"),
            );
        }
        _ => {}
    }
    let parts = call.args.iter().map(|one| match ungrouped(one) {
        Expr::Assign(assign) if matches!(&*assign.left, Expr::Path(path) if path.path.is_ident(IN)) => {
            let help = format!("write `{word}(…), in = {}`", assign.right.to_token_stream());
            diagnostics.report(&assign.left, "the tenant is that of all these names", help)
        }
        Expr::Call(inner) => diagnostics.report(
            &inner.func,
            format!("`{word}` combines names, not rules"),
            "write a rule: `#[require(…)]` with `&&` and `||`",
        ),
        other => match meant::names(other).filter(|several| several.names.len() > 1) {
            Some(several) => {
                let wrong = format!("expected a {}, found `{}`", kind.word(), text_of(other.to_token_stream()));
                let is_flat = several.join == join || several.join == Join::Unsaid;
                let help =
                    if is_flat { several.names.join(", ") } else { "#[require(…)]` with `&&` and `||".to_owned() };
                diagnostics.report(other, wrong, format!("write `{help}`"))
            }
            None => named(one, diagnostics),
        },
    });
    let parts = parts.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
    Some(if (word == "any") != negated { Formula::Any(parts) } else { Formula::All(parts) })
}
