//! The free names of an expression.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, Pat, PatIdent, Token};

/// Returns the free names, each once, in source order. Identifiers in macros that cannot be parsed count as free.
pub(super) fn free_names(expression: &Expr) -> Vec<Ident> {
    let mut free = Free::default();
    free.visit_expr(expression);
    free.found
}

/// Returns the names that a pattern binds.
pub(super) fn bound_names(pattern: &Pat) -> Vec<String> {
    bindings(pattern).iter().map(|one| one.ident.unraw().to_string()).collect()
}

/// Returns the variables that a pattern binds.
pub(super) fn bindings(pattern: &Pat) -> Vec<PatIdent> {
    struct Bindings(Vec<PatIdent>);
    impl<'a> Visit<'a> for Bindings {
        fn visit_pat_ident(&mut self, one: &'a PatIdent) {
            self.0.push(one.clone());
            visit::visit_pat_ident(self, one);
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut bindings = Bindings(Vec::new());
    bindings.visit_pat(pattern);
    bindings.0
}

#[derive(Default)]
struct Free {
    /// The names that are bound at the current position, from the outside in.
    scopes: Vec<Vec<String>>,
    found: Vec<Ident>,
}

impl Free {
    fn add(&mut self, name: &Ident) {
        if !self.found.iter().any(|known| known.unraw() == name.unraw()) {
            self.found.push(name.clone());
        }
    }

    fn bind(&mut self, pattern: &Pat) {
        self.visit_pat(pattern);
        let bound = bound_names(pattern);
        if let Some(scope) = self.scopes.last_mut() {
            scope.extend(bound);
        }
    }

    fn in_scope(&mut self, visit: impl FnOnce(&mut Self)) {
        self.scopes.push(Vec::new());
        visit(self);
        self.scopes.pop();
    }

    /// Visits the tokens of a macro. Expressions and the arguments of `matches!` are parsed. In other macros, every identifier
    /// counts, except for fields and methods.
    fn visit_macro_tokens(&mut self, tokens: &TokenStream) {
        type List = Punctuated<Expr, Token![,]>;
        if let Ok(list) = List::parse_terminated.parse2(tokens.clone()) {
            list.iter().for_each(|one| {
                self.add_format_names(one);
                self.visit_expr(one);
            });
            return;
        }
        let matched = |input: ParseStream<'_>| {
            let (of, _) = (input.parse::<Expr>()?, input.parse::<Token![,]>()?);
            let pattern = Pat::parse_multi_with_leading_vert(input)?;
            let guard = input.parse::<Option<Token![if]>>()?.map(|_| input.parse::<Expr>()).transpose()?;
            let _: Option<Token![,]> = input.parse()?;
            Ok((of, pattern, guard))
        };
        if let Ok((of, pattern, guard)) = matched.parse2(tokens.clone()) {
            self.visit_expr(&of);
            self.in_scope(|free| {
                free.bind(&pattern);
                guard.iter().for_each(|guard| free.visit_expr(guard));
            });
            return;
        }
        self.add_idents(tokens.clone());
    }

    fn add_idents(&mut self, tokens: TokenStream) {
        let mut after_dot = false;
        for token in tokens {
            let is_member =
                std::mem::replace(&mut after_dot, matches!(&token, TokenTree::Punct(dot) if dot.as_char() == '.'));
            match token {
                TokenTree::Ident(word) if !is_member => self.add(&word),
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
                TokenTree::Group(group) => self.add_idents(group.stream()),
                TokenTree::Literal(literal) => self.add_braced_names(&literal.to_string(), literal.span()),
            }
        }
    }

    /// Adds the names in a format string, such as `{id}`.
    fn add_format_names(&mut self, one: &Expr) {
        if let Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = one {
            self.add_braced_names(&text.value(), text.span());
        }
    }

    fn add_braced_names(&mut self, text: &str, at: proc_macro2::Span) {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        for part in text.split('{').skip(1) {
            let inside = part.split('}').next().unwrap_or_default();
            let name = inside.split(|letter| !is_word(letter)).next().unwrap_or_default();
            // A width or a precision can be a name too: `{x:>width$}`.
            let sizes = inside
                .match_indices('$')
                .filter_map(|(end, _)| inside.get(..end)?.rsplit(|letter| !is_word(letter)).next());
            for word in std::iter::once(name).chain(sizes) {
                if let Ok(mut word) = syn::parse_str::<Ident>(word) {
                    word.set_span(at);
                    self.add(&word);
                }
            }
        }
    }
}

impl<'a> Visit<'a> for Free {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Verbatim(tokens) => self.add_idents(tokens.clone()),
            other => visit::visit_expr(self, other),
        }
    }

    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        if let (None, Some(name)) = (&path.qself, path.path.get_ident()) {
            let word = name.unraw().to_string();
            if !self.scopes.iter().flatten().any(|bound| *bound == word) {
                self.add(name);
            }
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, one: &'a syn::Macro) {
        self.visit_macro_tokens(&one.tokens);
    }

    // The variable itself is bound, but its subpattern can contain free names.
    fn visit_pat_ident(&mut self, one: &'a syn::PatIdent) {
        if let Some((_, inner)) = &one.subpat {
            self.visit_pat(inner);
        }
    }

    // An item cannot use local variables, except for a macro, which is expanded where it is used.
    fn visit_item(&mut self, item: &'a syn::Item) {
        if let syn::Item::Macro(one) = item {
            self.add_idents(one.mac.tokens.clone());
        }
    }

    fn visit_block(&mut self, block: &'a syn::Block) {
        self.in_scope(|free| visit::visit_block(free, block));
    }

    fn visit_local(&mut self, local: &'a syn::Local) {
        // The initializer comes first: `let id = id` uses the outer `id`.
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
            if let Some((_, otherwise)) = &init.diverge {
                self.visit_expr(otherwise);
            }
        }
        self.bind(&local.pat);
    }

    fn visit_expr_let(&mut self, one: &'a syn::ExprLet) {
        self.visit_expr(&one.expr);
        self.bind(&one.pat);
    }

    fn visit_expr_if(&mut self, one: &'a syn::ExprIf) {
        self.in_scope(|free| {
            free.visit_expr(&one.cond);
            free.visit_block(&one.then_branch);
        });
        if let Some((_, otherwise)) = &one.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_while(&mut self, one: &'a syn::ExprWhile) {
        self.in_scope(|free| visit::visit_expr_while(free, one));
    }

    fn visit_expr_for_loop(&mut self, one: &'a syn::ExprForLoop) {
        self.visit_expr(&one.expr);
        self.in_scope(|free| {
            free.bind(&one.pat);
            free.visit_block(&one.body);
        });
    }

    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        self.in_scope(|free| {
            free.bind(&arm.pat);
            visit::visit_arm(free, arm);
        });
    }

    fn visit_expr_closure(&mut self, closure: &'a syn::ExprClosure) {
        self.in_scope(|free| {
            closure.inputs.iter().for_each(|input| free.bind(input));
            free.visit_expr(&closure.body);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_free_unless_the_expression_binds_them() {
        #[rustfmt::skip]
        let table = [
            ("posts.is_owner(*id, principal.id()).await?",               "posts id principal"),
            ("post.body == other::body",                                  "post"),
            ("{ let id = *id + 1; id > 3 }",                              "id"),
            ("{ let body = 1; body > id }",                               "id"),
            ("all.iter().any(|body| body.id == *id)",                     "all id"),
            ("all.iter().any(|Post { body, .. }| *body)",                 "all"),
            ("match id { Some(body) if body > 1 => true, _ => body }",    "id body"),
            ("if let Some(body) = id { body } else { body }",             "id body"),
            ("if let Some(a) = id && a == b { a } else { false }",        "id b"),
            ("{ for body in ids { use_of(body); } true }",                "ids use_of"),
            ("{ while let Some(body) = next() { drop(body) } body }",     "next drop body"),
            ("{ let Some(body) = id else { return body }; body }",        "id body"),
            ("Filter { body: 1, id }.holds()",                            "id"),
            ("Filter { id, ..rest }.holds()",                             "id rest"),
            ("matches!(body, Some(id) if id == other)",                   "body other"),
            ("matches!(field.as_str(), \"title\" | \"body\")",            "field"),
            ("matches!(P { body: *id }.body, 1 | 2)",                     "id"),
            ("format!(\"{id:?} {} body\", other) == name",               "id other name"),
            ("format!(\"{:>id$} {x:.max$}\", 1).is_empty()",              "id x max"),
            ("{ macro_rules! m { () => { *id == 1 } } m!() }",            "id"),
            ("own!(let x = body; id.field)",                              "let x body id"),
            ("own!(\"{body}\" => id)",                                    "body id"),
            ("async move { body }.await",                                 "body"),
            ("(0..id).contains(&1) && a == b as u8",                      "id a b"),
            ("r#type == 1",                                               "type"),
            ("{ fn body() -> bool { id() } body() }",                     "body"),
            ("x @ 1",                                                     ""),
        ];
        for (expression, expected) in table {
            let Ok(parsed) = syn::parse_str(expression) else {
                assert!(expected.is_empty(), "{expression}");
                continue;
            };
            let found = free_names(&parsed).iter().map(|name| name.unraw().to_string()).collect::<Vec<_>>();
            let expected: Vec<_> = expected.split(' ').filter(|name| *name != "format").collect();
            assert_eq!(found, expected, "{expression}");
        }
    }
}
