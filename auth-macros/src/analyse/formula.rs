//! The formula of an attribute, in negation normal form: `!` stands at atoms alone.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{BinOp, Expr, ExprLit, Ident, Lit, Token, UnOp};

use super::atoms::{Atom, Literal, any_or_all, atom, countries, name, networks, two_names, ungrouped};
use crate::diagnostics::{Diagnostics, did_you_mean, nearest};
use crate::parse::{IN, Word, Words};
use crate::words::{self, ATOMS, Attribute, FLAGS, KEYS, Kind};

#[derive(Clone)]
pub(crate) enum Formula {
    Literal(Box<Literal>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

impl Formula {
    /// All of these; one of them stands for itself.
    pub(crate) fn all(parts: Vec<Self>) -> Self {
        let parts = parts.into_iter().flat_map(|part| match part {
            Self::All(inner) => inner,
            other => vec![other],
        });
        <[_; 1]>::try_from(parts.collect::<Vec<_>>()).map_or_else(Self::All, |[one]| one)
    }

    /// The same with each literal changed.
    fn map(self, change: &dyn Fn(Literal) -> Literal) -> Self {
        let each = |parts: Vec<Self>| parts.into_iter().map(|part| part.map(change)).collect();
        match self {
            Self::Literal(literal) => Self::Literal(Box::new(change(*literal))),
            Self::All(parts) => Self::All(each(parts)),
            Self::Any(parts) => Self::Any(each(parts)),
        }
    }

    pub(crate) fn literals(&self) -> Vec<&Literal> {
        match self {
            Self::Literal(literal) => vec![literal],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::literals).collect(),
        }
    }

    pub(crate) fn is_about_caller(&self) -> bool {
        self.literals().iter().any(|literal| literal.atom.is_about_caller())
    }

    /// Whether somebody without a credential can pass, from the right place.
    pub(crate) fn admits_strangers(&self) -> bool {
        match self {
            Self::Literal(literal) => !literal.atom.is_about_caller(),
            Self::All(parts) => parts.iter().all(Self::admits_strangers),
            Self::Any(parts) => parts.iter().any(Self::admits_strangers),
        }
    }

    /// The formula as a rule is written.
    pub(crate) fn text(&self) -> String {
        let joined = |parts: &[Self], by: &str| {
            let nested = |part: &Self| match part {
                Self::Literal(_) => part.text(),
                _ => format!("({})", part.text()),
            };
            parts.iter().map(nested).collect::<Vec<_>>().join(by)
        };
        match self {
            Self::Literal(literal) => format!("{}{}", if literal.negated { "!" } else { "" }, literal.atom.text()),
            Self::All(parts) if parts.is_empty() => "public".to_owned(),
            Self::All(parts) => joined(parts, " && "),
            Self::Any(parts) => joined(parts, " || "),
        }
    }
}

fn literal(atom: Atom, negated: bool, at: TokenStream) -> Formula {
    Formula::Literal(Box::new(Literal { atom, negated, at }))
}

/// What an attribute asks for.
pub(crate) fn of_attribute(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let named = |kind, diagnostics: &mut Diagnostics| names(kind, words, diagnostics);
    match words.attribute {
        Attribute::Public => public(words, diagnostics),
        Attribute::RequireAuth => require_auth(words, diagnostics),
        Attribute::RequireRole => named(Kind::Role, diagnostics),
        Attribute::RequirePermission => named(Kind::Permission, diagnostics),
        Attribute::RequireScope => named(Kind::Scope, diagnostics),
        Attribute::RequireClaim => {
            let arguments = expressions(&words.list, words.attribute, diagnostics)?;
            let at = whole(words, &arguments);
            atom(words::atom("claim")?, &arguments, &at, diagnostics).map(|atom| literal(atom, false, at))
        }
        Attribute::RequireNetwork | Attribute::DenyNetwork => {
            let arguments = expressions(&words.list, words.attribute, diagnostics)?;
            let at = whole(words, &arguments);
            let networks = networks(&arguments, &at, diagnostics)?;
            Some(literal(Atom::Networks(networks), words.attribute == Attribute::DenyNetwork, at))
        }
        Attribute::RequireCountry | Attribute::DenyCountry => {
            let arguments = expressions(&words.list, words.attribute, diagnostics)?;
            let at = whole(words, &arguments);
            let countries = countries(&arguments, &at, diagnostics)?;
            Some(literal(Atom::Countries(countries), words.attribute == Attribute::DenyCountry, at))
        }
        Attribute::Require => of_rule(words, diagnostics),
    }
}

/// The rule of `rule!(…)`, which has no attribute beside it: it says itself, first, whether strangers may come in.
pub(crate) fn of_standalone(words: &Words, diagnostics: &mut Diagnostics) -> Option<(bool, Formula)> {
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
            let rest: Vec<_> = rest.iter().map(|part| formula(part, false, diagnostics)).collect();
            Some((true, Formula::all(rest.into_iter().collect::<Option<_>>()?)))
        }
        _ => Some((false, of_rule(words, diagnostics)?)),
    }
}

/// The rule of `#[require(…)]`.
pub(crate) fn of_rule(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let arguments = expressions(&words.list, words.attribute, diagnostics)?;
    match arguments.as_slice() {
        [rule] => formula(rule, false, diagnostics),
        [] if diagnostics.is_empty() => {
            diagnostics.report_at(words.span, "this rule says nothing", "write one, such as `role(\"admin\")`")
        }
        [] => None,
        [first, second, ..] => {
            let (left, right) = (formula(first, false, diagnostics), formula(second, false, diagnostics));
            let help = format!("write `{} && {}`, or `||`", left?.text(), right?.text());
            diagnostics.report(second, "two rules, and no word on how they combine", help)
        }
    }
}

fn public(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    if words.not_found {
        return diagnostics.report_at(words.span, "what is public hides from nobody", "write `#[public]`");
    }
    match words.list.first() {
        None => Some(Formula::All(Vec::new())),
        Some(Word::Key(key, _)) => diagnostics.report(key, "`#[public]` takes no words", "write `#[public]`"),
        Some(Word::Expression(word)) => diagnostics.report(word, "`#[public]` takes no words", "write `#[public]`"),
    }
}

fn require_auth(words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let mut parts = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    const HELP: &str = "write `max_age = \"5m\"`, `acr = \"…\"`, `scheme = \"bearer\"` or `direct`";
    let is_flag = |word: &proc_macro2::Ident| FLAGS.iter().any(|flag| word == flag);
    for word in &words.list {
        let (key, value) = match word {
            Word::Key(key, value) => (key, value),
            Word::Expression(flag) if matches!(ungrouped(flag), Expr::Path(path) if path.path.get_ident().is_some_and(is_flag)) =>
            {
                let name = ungrouped(flag).to_token_stream().to_string();
                if seen.contains(&name) {
                    diagnostics.note(flag, format!("`{name}` stands twice"), "delete one of the two");
                }
                let at = flag.to_token_stream();
                let atom = words::atom(&name).and_then(|row| atom(row, &[], &at, diagnostics));
                seen.push(name);
                parts.push(atom.map(|atom| literal(atom, false, at)));
                continue;
            }
            Word::Expression(other) => {
                let typo = match ungrouped(other) {
                    Expr::Path(word) => word.path.get_ident().map(ToString::to_string),
                    _ => None,
                };
                if let Some(flag) =
                    typo.as_deref().and_then(|word| nearest(word, FLAGS.into_iter().chain(["not_found"])))
                {
                    let wrong = format!("unknown word `{}`; did you mean `{flag}`?", other.to_token_stream());
                    let help = if flag == "not_found" { "write `not_found`, or delete it" } else { HELP };
                    diagnostics.note(other, wrong, help);
                    continue;
                }
                if let Expr::Call(call) = ungrouped(other)
                    && let Some(flag) = FLAGS.iter().find(|flag| call.func.to_token_stream().to_string() == **flag)
                {
                    diagnostics.note(other, format!("`{flag}` takes no words"), format!("write `{flag}`"));
                    continue;
                }
                let what = match ungrouped(other) {
                    Expr::Path(_) | Expr::Call(_) => "this key has no value after `=`",
                    _ => "this value has no key before it",
                };
                diagnostics.note(other, what, HELP);
                continue;
            }
        };
        let name = key.to_string();
        if FLAGS.contains(&name.as_str()) {
            diagnostics.note(key, format!("`{name}` has no value"), format!("write `{name}`"));
            continue;
        }
        if !KEYS.contains(&name.as_str()) {
            diagnostics.note(key, format!("unknown key `{name}`{}", did_you_mean(&name, KEYS)), HELP);
            continue;
        }
        if seen.contains(&name) {
            diagnostics.note(key, format!("`{name}` stands twice"), "delete one of the two");
        }
        let at = quote::quote!(#key = #value);
        let atom = words::atom(&name).and_then(|row| atom(row, &[value], &at, diagnostics));
        seen.push(name);
        parts.push(atom.map(|atom| literal(atom, false, at)));
    }
    if words.list.is_empty() {
        let at = Literal { atom: Atom::Authenticated, negated: false, at: spanned(words) };
        return Some(Formula::Literal(Box::new(at)));
    }
    if parts.is_empty() {
        return None;
    }
    parts.into_iter().collect::<Option<Vec<_>>>().map(Formula::all)
}

/// The names of `#[require_role(…)]` and its like: one, or several with a word on how they combine; and the tenant.
fn names(kind: Kind, words: &Words, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let is_in = |word: &&Word| matches!(word, Word::Key(key, _) if key == IN);
    let tenants: Vec<_> = words.list.iter().filter(is_in).collect();
    let mut tenant = None;
    for word in &tenants {
        if let Word::Key(key, value) = word {
            let read = read_tenant(kind, key, value, tenant.is_some(), diagnostics);
            tenant = tenant.or(read);
        }
    }
    let rest = words.list.iter().filter(|word| !is_in(word));
    let arguments = expressions(rest, words.attribute, diagnostics)?;
    let formula = names_of(kind, words, &arguments, diagnostics)?;
    within(formula, tenant, tenants.len(), diagnostics)
}

/// The formula with its names in that tenant, if there is one; `None` where one was written that is none.
fn within(formula: Formula, tenant: Option<Ident>, written: usize, diagnostics: &Diagnostics) -> Option<Formula> {
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
fn read_tenant(kind: Kind, key: &Ident, value: &Expr, is_second: bool, diagnostics: &mut Diagnostics) -> Option<Ident> {
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

fn names_of(kind: Kind, words: &Words, arguments: &[&Expr], diagnostics: &mut Diagnostics) -> Option<Formula> {
    match arguments {
        [] if diagnostics.is_empty() => {
            let (word, example) = (words.attribute.word(), kind.example());
            diagnostics.report_at(
                words.span,
                format!("this names no {}", kind.word()),
                format!("write `#[{word}(\"{example}\")]`"),
            )
        }
        [] => None,
        [one] => combined(kind, one, false, diagnostics),
        several => {
            // A last word that is mistyped is that mistake, and no second name.
            if let Some(Expr::Path(last)) = several.last().map(|last| ungrouped(last))
                && let Some(word) = last.path.get_ident().map(ToString::to_string)
                && nearest(&word, ["not_found"]).is_some()
            {
                let wrong = format!("unknown word `{word}`; did you mean `not_found`?");
                return diagnostics.report(last, wrong, "write `not_found`, or delete it");
            }
            // Mistakes in the names are told too: both would have to be mended.
            for name in several {
                combined(kind, name, false, diagnostics);
            }
            diagnostics.report(several.get(1), two_names(kind), any_or_all(several))
        }
    }
}

/// `"admin"`, `any("admin", "editor")` or `all(…)`.
fn combined(kind: Kind, expression: &Expr, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    let named = |one: &Expr, diagnostics: &mut Diagnostics| {
        let name = name(kind, one, diagnostics)?;
        Some(literal(Atom::Named(kind, name), negated, one.to_token_stream()))
    };
    let Expr::Call(call) = ungrouped(expression) else { return named(expression, diagnostics) };
    let word = call.func.to_token_stream().to_string();
    if word != "any" && word != "all" {
        let wrong = format!("`{word}` does not combine {}s", kind.word());
        return diagnostics.report(&call.func, wrong, "write `any(…)` for either, `all(…)` for both");
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
        _ => named(one, diagnostics),
    });
    let parts = parts.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
    Some(if (word == "any") != negated { Formula::Any(parts) } else { Formula::All(parts) })
}

/// The words that are no keys; a key is a mistake here.
fn expressions<'a>(
    words: impl IntoIterator<Item = &'a Word>,
    attribute: Attribute,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<&'a Expr>> {
    let mut list = Vec::new();
    let mut keys = false;
    for word in words {
        match word {
            Word::Expression(expression) => list.push(expression),
            Word::Key(key, value) => {
                keys = true;
                let name = key.unraw().to_string();
                let help = match words::atom(&name) {
                    Some(_) if attribute == Attribute::Require => {
                        format!("write `{name}({})`", value.to_token_stream())
                    }
                    Some(_) if KEYS.contains(&name.as_str()) => {
                        format!("write `#[require_auth({name} = …)]` beside it")
                    }
                    _ => "delete it".to_owned(),
                };
                diagnostics.note(key, format!("`{name} = …` is no part of this"), help);
            }
        }
    }
    if keys { None } else { Some(list) }
}

/// The tokens of all words, or the attribute where there are none.
fn whole(words: &Words, arguments: &[&Expr]) -> TokenStream {
    let all: Punctuated<&Expr, Token![,]> = arguments.iter().copied().collect();
    if all.is_empty() { spanned(words) } else { all.to_token_stream() }
}

/// A token that stands for the attribute.
fn spanned(words: &Words) -> TokenStream {
    proc_macro2::Ident::new(words.attribute.word(), words.span).into_token_stream()
}

/// A rule. `negated` says whether an odd number of `!` stands before it.
fn formula(rule: &Expr, negated: bool, diagnostics: &mut Diagnostics) -> Option<Formula> {
    match ungrouped(rule) {
        Expr::Paren(inner) => formula(&inner.expr, negated, diagnostics),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => formula(&unary.expr, !negated, diagnostics),
        Expr::Binary(binary) if crate::parse::joins(binary) => {
            let mixed = [&binary.left, &binary.right].into_iter().find(|side| {
                matches!(&***side, Expr::Binary(inner) if crate::parse::joins(inner) && !same(&inner.op, &binary.op))
            });
            // Both sides before the first `?`: a mistake on the left must not hide one on the right.
            let (left, right) =
                (formula(&binary.left, negated, diagnostics), formula(&binary.right, negated, diagnostics));
            if let Some(mixed) = mixed {
                let help = format!("write `({})`", mixed.to_token_stream());
                return diagnostics.report(mixed, "`&&` and `||` beside each other, and no parentheses", help);
            }
            let (left, right) = (left?, right?);
            let and = matches!(binary.op, BinOp::And(_));
            // Under `!` an "and" of two is an "or" of their negations, and the other way round.
            Some(if and != negated { Formula::all(vec![left, right]) } else { any(left, right) })
        }
        Expr::Binary(binary) => {
            let operator = binary.op.to_token_stream();
            diagnostics.report(binary.op, format!("`{operator}` does not join rules"), "write `&&` or `||`")
        }
        Expr::Call(call) => {
            let arguments: Vec<_> = call.args.iter().collect();
            let word = call.func.to_token_stream().to_string();
            if word == "any" || word == "all" {
                let joined = if word == "any" { "||" } else { "&&" };
                return diagnostics.report(
                    &call.func,
                    format!("`{word}` combines names of one kind"),
                    format!("write `{joined}` between rules"),
                );
            }
            written(&word, &call.func, &arguments, rule, negated, diagnostics)
        }
        Expr::Path(path) if path.path.get_ident().is_some() => {
            let word = path.path.to_token_stream().to_string();
            match words::atom(&word) {
                Some(row) if row.shape != words::Shape::Nothing => {
                    diagnostics.report(path, format!("`{word}` says nothing"), format!("write `{}`", row.example))
                }
                _ => written(&word, path, &[], rule, negated, diagnostics),
            }
        }
        Expr::Lit(_) => diagnostics.report(rule, "a literal is no rule", format!("write `{}`", ATOMS[1].example)),
        other => diagnostics.report(
            other,
            "this is no rule",
            "write atoms such as `role(\"admin\")`, joined by `&&` or `||`",
        ),
    }
}

/// The atom that is written with that word.
fn written(
    word: &str,
    at_word: &impl quote::ToTokens,
    arguments: &[&Expr],
    whole: &Expr,
    negated: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Formula> {
    let Some(row) = words::atom(word) else {
        let words = ATOMS.map(|atom| atom.word);
        if word == "not_found" {
            return diagnostics.report(
                at_word,
                "`not_found` is no part of a rule",
                "write it as the last word, after a comma",
            );
        }
        let wrong = format!("unknown atom `{word}`{}", did_you_mean(word, words));
        return diagnostics.report(at_word, wrong, format!("write one of {}", words.join(", ")));
    };
    if !arguments.is_empty() && row.shape == words::Shape::Nothing {
        return diagnostics.report(whole, format!("`{word}` takes no words"), format!("write `{}`", row.example));
    }
    if negated && FLAGS.contains(&row.word) {
        let wrong = format!("`!{word}` would let in only those who act for somebody else");
        return diagnostics.report(whole, wrong, format!("write `{word}`, or nothing"));
    }
    if negated && !row.negatable {
        let wrong = format!("`!` over `{word}`: whoever wants in could simply present less");
        return diagnostics.report(whole, wrong, "ask for what has to be there, or negate a role or a claim");
    }
    let at = whole.to_token_stream();
    let words::Shape::Name(kind) = row.shape else {
        return atom(row, arguments, &at, diagnostics).map(|atom| literal(atom, negated, at));
    };
    let (mut names, mut tenant, mut written) = (Vec::new(), None, 0);
    for argument in arguments {
        match ungrouped(argument) {
            Expr::Assign(assign) if matches!(&*assign.left, Expr::Path(path) if path.path.is_ident(IN)) => {
                written += 1;
                let key = Ident::new_raw("in", assign.left.span());
                let read = read_tenant(kind, &key, &assign.right, tenant.is_some(), diagnostics);
                tenant = tenant.or(read);
            }
            _ => names.push(*argument),
        }
    }
    let formula = match names.as_slice() {
        [one] if matches!(ungrouped(one), Expr::Call(_)) => combined(kind, one, negated, diagnostics)?,
        names => literal(atom(row, names, &at, diagnostics)?, negated, at),
    };
    within(formula, tenant, written, diagnostics)
}

fn any(left: Formula, right: Formula) -> Formula {
    let parts = [left, right].into_iter().flat_map(|part| match part {
        Formula::Any(inner) => inner,
        other => vec![other],
    });
    Formula::Any(parts.collect())
}

fn same(a: &BinOp, b: &BinOp) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}
