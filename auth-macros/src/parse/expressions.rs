//! Helpers for syntax trees.

use syn::Expr;

/// Returns the expression within invisible delimiters, which `macro_rules!` puts around its fragments.
pub(crate) fn ungrouped(mut expression: &Expr) -> &Expr {
    while let Expr::Group(group) = expression {
        expression = &group.expr;
    }
    expression
}

/// Returns whether the last segment of a path has no generic arguments.
pub(crate) fn has_plain_end(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|last| last.arguments.is_none())
}
