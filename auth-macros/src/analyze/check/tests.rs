//! Checks contain arbitrary operators, which never change the rule around them. Joining conditions as text (T20) is
//! impossible.

use proc_macro2::{Span, TokenStream};
use proptest::prelude::*;
use quote::ToTokens as _;

use super::super::formula::attribute_formula;
use super::super::model::{Atom, Name};
use super::*;
use crate::grammar::Attribute;
use crate::parse;

/// Expressions that would change their meaning if they were joined as text.
const EXPRESSIONS: [&str; 18] = [
    "a || b",
    "a && b || c",
    "!a || b",
    "n as u8 == 1 || a",
    "(0..n).contains(&1) || a",
    "0..=n == r || a",
    "{ let a = b; a || c }",
    "{ count = 1; count += 2; a || b }",
    "if a || b { c } else { d }",
    "(|x: u8, y: u8| x == y || a)(1, 2)",
    "(|| -> bool { return a || b })()",
    "matches!(n, 1 | 2) || own!(a || b, in = c, # $)",
    "load(id).await? || list::<Vec<u8>>(a, b)?",
    "text == \") || role(\\\"admin\\\")\" || letter == '('",
    "a < b && c > d || e == f",
    "{ #[allow(unused)] let in_it = r#in; in_it || a }",
    "*id == 1 || &a == &b || -n == 2",
    "loop { break a || b }",
];

/// A formula as a user writes it.
#[derive(Clone, Debug)]
enum Written {
    Role(u8, bool),
    Check(usize, bool),
    All(Vec<Written>),
    Any(Vec<Written>),
    Not(Box<Written>),
}

impl Written {
    fn text(&self) -> String {
        let not = |negated: &bool| if *negated { "!" } else { "" };
        let joined = |parts: &[Self], by: &str| {
            parts.iter().map(|part| format!("({})", part.text())).collect::<Vec<_>>().join(by)
        };
        match self {
            Self::Role(name, negated) => format!("{}role(\"r{name}\")", not(negated)),
            Self::Check(index, negated) => format!("{}check({})", not(negated), EXPRESSIONS[*index]),
            Self::All(parts) => joined(parts, " && "),
            Self::Any(parts) => joined(parts, " || "),
            Self::Not(part) => format!("!({})", part.text()),
        }
    }

    /// Evaluates the formula by the truth of roles and of checks in source order.
    fn holds(&self, roles: u8, checks: &mut impl Iterator<Item = (usize, bool)>) -> bool {
        match self {
            Self::Role(name, negated) => (roles >> name & 1 == 1) != *negated,
            Self::Check(expression, negated) => {
                let (found, held) = checks.next().unwrap();
                assert_eq!(found, *expression, "each check is the one that was written there");
                held != *negated
            }
            Self::All(parts) => each(parts, roles, checks).into_iter().all(|part| part),
            Self::Any(parts) => each(parts, roles, checks).into_iter().any(|part| part),
            Self::Not(part) => !part.holds(roles, checks),
        }
    }
}

fn each(parts: &[Written], roles: u8, checks: &mut impl Iterator<Item = (usize, bool)>) -> Vec<bool> {
    parts.iter().map(|part| part.holds(roles, checks)).collect()
}

fn written() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        (0_u8..4, any::<bool>()).prop_map(|(name, negated)| Written::Role(name, negated)),
        (0..EXPRESSIONS.len(), any::<bool>()).prop_map(|(index, negated)| Written::Check(index, negated)),
    ];
    leaf.prop_recursive(3, 10, 3, |part| {
        let parts = proptest::collection::vec(part.clone(), 2..4);
        prop_oneof![
            parts.clone().prop_map(Written::All),
            parts.prop_map(Written::Any),
            part.prop_map(|part| Written::Not(Box::new(part)))
        ]
    })
}

/// Evaluates the formula that the attribute is parsed to.
fn holds(formula: &Formula, roles: u8, checks: &[bool]) -> bool {
    match formula {
        Formula::Literal(literal) => {
            let held = match &literal.atom {
                Atom::Named(_, Name::Text(name)) => roles >> name.value()[1..].parse::<u8>().unwrap() & 1 == 1,
                Atom::Check(check) => checks[usize::from(check.index)],
                _ => panic!("no other atom was written"),
            };
            held != literal.negated
        }
        Formula::All(parts) => parts.iter().all(|part| holds(part, roles, checks)),
        Formula::Any(parts) => parts.iter().any(|part| holds(part, roles, checks)),
    }
}

#[test]
fn operators_in_checks_do_not_change_the_rule() {
    // T20, over random formulas and all outcomes.
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    proptest::test_runner::TestRunner::new(config)
        .run(&written(), |written| {
            let tokens: TokenStream = written.text().parse().unwrap();
            let mut diagnostics = Diagnostics::default();
            let words = parse::words(Attribute::Require, Span::call_site(), &tokens, &mut diagnostics);
            let formula =
                attribute_formula(&words, &mut diagnostics).map(|formula| number_checks(formula, &mut diagnostics));
            let mistakes = diagnostics.into_compile_errors().map(|mistakes| mistakes.to_string());
            prop_assert_eq!(mistakes, None, "{}", written.text());
            let formula = formula.unwrap();
            // The expressions, token by token, in source order.
            let expressions: Vec<usize> = formula
                .checks()
                .iter()
                .map(|check| {
                    let CheckKind::Expression(expression) = &check.kind else { panic!("an expression was written") };
                    let plain = |text: String| text.replace(' ', "");
                    let tokens = plain(expression.to_token_stream().to_string());
                    let same = |text: &&str| plain(text.parse::<TokenStream>().unwrap().to_string()) == tokens;
                    EXPRESSIONS.iter().position(same).expect("the expression as it was written")
                })
                .collect();
            let checks = expressions.len().min(6);
            for roles in 0_u8..16 {
                for bits in 0_usize..1 << checks {
                    let answers: Vec<bool> = (0..expressions.len()).map(|index| bits >> (index % 6) & 1 == 1).collect();
                    let mut asked = expressions.iter().copied().zip(answers.iter().copied());
                    let expected = written.holds(roles, &mut asked);
                    prop_assert_eq!(holds(&formula, roles, &answers), expected, "{}", written.text());
                }
            }
            Ok(())
        })
        .unwrap();
}
