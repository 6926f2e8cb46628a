//! Tests of the matrix against an evaluator that tries every state of the world.

mod differences;
mod files;
mod minimal_sets;

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};

use super::diff::Change;
use super::expr::Expr;
use super::names::{DeclaredName, DeclaredNames};
use super::*;

/// The literals of random rules, which [`World::holds`] evaluates by index. A state consists of the names that the credential
/// lists, whether it answers for absent ones, whether the caller is authenticated, the age of the login, the client location and
/// the result of the check.
const ATOMS: [&str; 9] = [
    "authenticated",
    r#"role("admin")"#,
    r#"role("editor")"#,
    r#"permission("write")"#,
    r#"max_age("5m")"#,
    r#"max_age("1h")"#,
    r#"network("10.0.0.0/8")"#,
    r#"network("10.1.0.0/16")"#,
    r#"check(posts.is_owner(*id, principal).await? && ")".len() == 1)"#,
];

#[derive(Clone, Copy, Debug)]
struct World {
    /// For an authenticated caller: whether the credential lists admin, editor and write, and whether it answers for absent names.
    caller: Option<(bool, bool, bool, bool)>,
    age: u8,
    client: u8,
    /// The result of the check, if it has one.
    owns: Option<bool>,
}

impl World {
    fn all() -> Vec<Self> {
        let flags = |bits: u8| (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0, bits & 8 > 0);
        let callers = (0..16).map(|bits| Some(flags(bits))).chain([None]);
        let mut worlds = Vec::new();
        for caller in callers {
            for age in 0..3 {
                for client in 0..4 {
                    for owns in [Some(false), Some(true), None] {
                        worlds.push(Self { caller, age, client, owns });
                    }
                }
            }
        }
        worlds
    }

    /// Returns whether an atom or its negation holds, with the implications of [`vocabulary`].
    fn holds(self, atom: usize, negated: bool, words: Meaning) -> bool {
        let caller = self.caller.map(|(admin, editor, write, answers)| {
            let is_editor = editor || admin && words.admin_implies_editor;
            let may_write = write || is_editor && words.editor_grants_write;
            (admin, is_editor, may_write, answers)
        });
        let known = |holds: bool| holds != negated;
        match (atom, caller) {
            (0, caller) => !negated && caller.is_some(),
            (1, Some((admin, _, _, answers))) => {
                if negated {
                    answers && !admin
                } else {
                    admin
                }
            }
            (2, Some((_, editor, _, answers))) => {
                if negated {
                    answers && !editor
                } else {
                    editor
                }
            }
            (3, Some((_, _, write, _))) => !negated && write,
            (4, Some(_)) => !negated && self.age == 0,
            (5, Some(_)) => !negated && self.age <= 1,
            (6, _) => self.client < 3 && known(self.client >= 1),
            (7, _) => self.client < 3 && known(self.client == 2),
            (8, Some(_)) => self.owns.is_some_and(known),
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Meaning {
    admin_implies_editor: bool,
    editor_grants_write: bool,
}

fn vocabulary(meaning: Meaning) -> DeclaredNames {
    let mut words = DeclaredNames::default();
    let set = |is: bool, name: &str| is.then(|| name.to_owned()).into_iter().collect();
    let editor = DeclaredName { grants: set(meaning.editor_grants_write, "write"), ..DeclaredName::default() };
    let admin = DeclaredName {
        implies: set(meaning.admin_implies_editor, "editor"),
        grants: set(meaning.admin_implies_editor && meaning.editor_grants_write, "write"),
        ..DeclaredName::default()
    };
    let roles = words.0.entry("role".to_owned()).or_default();
    roles.insert("admin".to_owned(), admin);
    roles.insert("editor".to_owned(), editor);
    words.0.entry("permission".to_owned()).or_default().insert("write".to_owned(), DeclaredName::default());
    words
}

#[derive(Clone, Debug)]
enum Rule {
    Literal(usize, bool),
    All(Vec<Rule>),
    Any(Vec<Rule>),
}

impl Rule {
    fn text(&self) -> String {
        let joined = |parts: &[Self], by: &str| {
            parts.iter().map(|part| format!("({})", part.text())).collect::<Vec<_>>().join(by)
        };
        match self {
            Self::Literal(atom, negated) => format!("{}{}", if *negated { "!" } else { "" }, ATOMS[*atom]),
            Self::All(parts) => joined(parts, " && "),
            Self::Any(parts) => joined(parts, " || "),
        }
    }

    fn holds(&self, world: World, words: Meaning) -> bool {
        match self {
            Self::Literal(atom, negated) => world.holds(*atom, *negated, words),
            Self::All(parts) => parts.iter().all(|part| part.holds(world, words)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(world, words)),
        }
    }
}

fn rule() -> impl Strategy<Value = Rule> {
    // Only these atoms compile negated.
    let literal = (0..ATOMS.len(), any::<bool>())
        .prop_map(|(atom, negated)| Rule::Literal(atom, negated && [1, 2, 6, 7, 8].contains(&atom)));
    literal.prop_recursive(3, 10, 3, |part| {
        let parts = proptest::collection::vec(part, 1..4);
        prop_oneof![parts.clone().prop_map(Rule::All), parts.prop_map(Rule::Any)]
    })
}

fn matrix(rule: &Rule, meaning: Meaning) -> Matrix {
    let route =
        RouteAccess { method: "GET".to_owned(), path: "/x".to_owned(), rule: rule.text(), ..RouteAccess::default() };
    Matrix { routes: vec![route], words: vocabulary(meaning), ..Matrix::default() }
}

fn meaning() -> impl Strategy<Value = Meaning> {
    (any::<bool>(), any::<bool>())
        .prop_map(|(admin_implies_editor, editor_grants_write)| Meaning { admin_implies_editor, editor_grants_write })
}

/// Returns all rules of one or two literals of these atoms.
fn all_rules(atoms: &[usize]) -> Vec<Rule> {
    let may_be_absent = |atom: &usize| [1, 2, 6, 7, 8].contains(atom);
    let literals = atoms.iter().flat_map(|atom| {
        [Some(Rule::Literal(*atom, false)), may_be_absent(atom).then_some(Rule::Literal(*atom, true))]
    });
    let literals: Vec<Rule> = literals.flatten().collect();
    let mut rules = literals.clone();
    for (position, one) in literals.iter().enumerate() {
        for other in &literals[position..] {
            let both = || vec![one.clone(), other.clone()];
            rules.extend([Rule::All(both()), Rule::Any(both())]);
        }
    }
    rules
}

/// Returns the index of a literal's atom.
fn atom_of(literal: &ExprLiteral) -> Option<usize> {
    static READ: LazyLock<Vec<Expr>> =
        LazyLock::new(|| ATOMS.iter().map(|atom| Expr::read(atom).expect("an atom is a rule")).collect());
    READ.iter().position(|atom| matches!(atom, Expr::Literal(ExprLiteral { fact, .. }) if *fact == literal.fact))
}

/// Returns whether the way, written as a rule, holds in this world.
fn goes(way: &Expr, world: World, words: Meaning) -> bool {
    way.holds(&|literal| atom_of(literal).is_some_and(|atom| world.holds(atom, literal.negated, words)))
}
