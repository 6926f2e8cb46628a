//! Tests of the matrix against an evaluator that tries every state of the world.

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

/// Compares the difference of two rules with every state of the world. Reads both from the file.
fn hold_difference((old, before): (&Rule, Meaning), (new, now): (&Rule, Meaning), worlds: &[World]) -> TestCaseResult {
    let (file, matrix) = (matrix(old, before).to_markdown(), matrix(new, now));
    let reviewed = Matrix::from_markdown(&file).expect("what was written is read");
    prop_assert_eq!(&reviewed.words, &vocabulary(before));
    let difference = matrix.since(&reviewed);
    let found = difference.0.iter().find_map(|change| match change {
        Change::Access { gains, loses, .. } => Some((gains.clone(), loses.clone())),
        _ => None,
    });
    let (gains, loses) = found.unwrap_or_default();
    let sides = [(gains, (new, now), (old, before)), (loses, (old, before), (new, now))];
    for (told, (of, words), (other, others)) in sides {
        let changes: Vec<World> =
            worlds.iter().copied().filter(|world| of.holds(*world, words) && !other.holds(*world, others)).collect();
        let ways: Vec<Expr> = told
            .iter()
            .map(|who| who.split(", but for ").next().unwrap_or_default())
            .map(|who| if who == "anyone" { Expr::All(vec![]) } else { Expr::read(who).expect("who gains is a rule") })
            .collect();
        for world in &changes {
            let is_told = ways.iter().any(|way| goes(way, *world, words));
            prop_assert!(is_told, "{} to {} in {world:?}: {difference}", old.text(), new.text());
        }
        for (way, who) in ways.iter().zip(&told) {
            let mut those = worlds.iter().filter(|world| goes(way, **world, words));
            prop_assert!(those.clone().all(|world| of.holds(*world, words)), "{who} does not come in");
            prop_assert!(those.any(|world| !other.holds(*world, others)), "{who} is no change");
        }
    }
    Ok(())
}

#[test]
fn matrix_diff_reports_exact_access_gains_and_losses() {
    // H11: random rules and vocabularies, and all small ones.
    let worlds = World::all();
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&(rule(), meaning(), rule(), meaning()), |(old, before, new, now)| {
        hold_difference((&old, before), (&new, now), &worlds)
    });
    outcome.unwrap();
    let meaning = Meaning { admin_implies_editor: true, editor_grants_write: true };
    let rules = all_rules(&[1, 2, 4, 6]);
    // The worlds that these atoms distinguish.
    let worlds: Vec<_> = worlds
        .into_iter()
        .filter(|world| world.age < 2 && [0, 1, 3].contains(&world.client) && world.owns.is_none())
        .collect();
    for old in &rules {
        for new in &rules {
            hold_difference((old, meaning), (new, meaning), &worlds).unwrap();
        }
    }
}

#[test]
fn matrix_diff_excludes_callers_with_existing_access() {
    let of = |rule: &str| Matrix {
        routes: vec![RouteAccess {
            method: "GET".to_owned(),
            path: "/x".to_owned(),
            rule: rule.to_owned(),
            ..RouteAccess::default()
        }],
        ..Matrix::default()
    };
    #[rustfmt::skip]
    let table = [
        (r#"role("editor") && !network("10.0.0.0/8")"#, r#"role("editor")"#, r#"gains:  role("editor"), but for !network("10.0.0.0/8")"#),
        (r#"network("10.1.0.0/16")"#, r#"network("10.0.0.0/8")"#, r#"gains:  network("10.0.0.0/8"), but for network("10.1.0.0/16")"#),
        (r#"role("a") && role("b") && role("c")"#, r#"role("a")"#, r#"gains:  role("a"), but for role("b") && role("c")"#),
        (r#"role("a")"#, r#"role("a") && role("b")"#, r#"loses:  role("a"), but for role("b")"#),
        (r#"role("a")"#, r#"role("b")"#, r#"loses:  role("a")"#),
        ("public", "authenticated", r#"loses:  anyone, but for authenticated"#),
    ];
    for (old, new, told) in table {
        let difference = of(new).since(&of(old)).to_string();
        assert!(difference.contains(told), "{difference}");
    }
}

/// Compares the minimal sets of a rule with every state of the world.
fn hold_least_sets(rule: &Rule, worlds: &[World]) -> TestCaseResult {
    let none = Meaning { admin_implies_editor: false, editor_grants_write: false };
    let tree = Expr::read(&rule.text()).expect("a rule is read");
    let Some(ways) = tree.ways(SUFFICIENT_SETS) else { return Ok(()) };
    for world in worlds {
        let holds = |one: &ExprLiteral| world.holds(atom_of(one).expect("an atom of the rule"), one.negated, none);
        let goes = |way: &super::implicants::Implicant| way.iter().all(holds);
        prop_assert_eq!(ways.iter().any(goes), rule.holds(*world, none), "{} in {:?}", rule.text(), world);
    }
    for way in &ways {
        for left_out in way {
            let fewer: super::implicants::Implicant = way.iter().filter(|one| *one != left_out).cloned().collect();
            let lets_in =
                tree.holds(&|wanted| super::implicants::Implicant::iter(&fewer).any(|held| held.implies(wanted)));
            prop_assert!(!lets_in, "{} needs not all of {:?}", rule.text(), way);
        }
    }
    Ok(())
}

#[test]
fn least_fact_sets_are_sufficient_and_minimal() {
    let worlds = World::all();
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&rule(), |rule| hold_least_sets(&rule, &worlds)).unwrap();
    for rule in all_rules(&[0, 1, 2, 3, 4, 5, 6, 7, 8]) {
        hold_least_sets(&rule, &worlds).unwrap();
    }
}

#[test]
fn malformed_matrix_file_is_rejected() {
    let meaning = Meaning { admin_implies_editor: true, editor_grants_write: true };
    let mut matrix = matrix(&Rule::Literal(1, false), meaning);
    matrix.routes[0].notes = vec!["2 guards of the route".to_owned()];
    matrix.routes[0].any_object = Some("all may".to_owned());
    matrix.sources = vec![r#"Bearer of "https://id.example" confers roles "a"; scopes "b""#.to_owned()];
    matrix.unguarded = vec!["why (src/main.rs)".to_owned()];
    let file = matrix.to_markdown();
    assert_eq!(Matrix::from_markdown(&file).map(|read| read.since(&matrix)), Some(Difference::default()));
    assert_eq!(matrix.since(&Matrix::from_markdown(&file).unwrap()), Difference::default());
    for (from, to) in
        [("- `GET", "`GET"), (" for `", " to `"), ("## Routes", "## Rooms"), ("- role `admin`", "- role admin")]
    {
        assert!(file.contains(from), "{from}");
        assert_eq!(Matrix::from_markdown(&file.replace(from, to)), None, "{to}");
    }
    let other = file.replace(r#"role("admin")` by"#, r#"role("admin` by"#);
    let difference = matrix.since(&Matrix::from_markdown(&other).unwrap());
    assert_eq!(difference.0, [Change::CannotTell("GET /x".to_owned())], "a rule that cannot be read is not guessed");
}

#[test]
fn matrix_diff_lists_gains_and_losses_per_route() {
    let of = |rules: &[(&str, &str)]| {
        let meaning = Meaning { admin_implies_editor: true, editor_grants_write: true };
        let route = |(path, rule): &(&str, &str)| RouteAccess {
            method: "GET".to_owned(),
            path: (*path).to_owned(),
            rule: (*rule).to_owned(),
            ..RouteAccess::default()
        };
        Matrix { routes: rules.iter().map(route).collect(), words: vocabulary(meaning), ..Matrix::default() }
    };
    let before = of(&[
        ("/a", r#"role("admin")"#),
        ("/b", "authenticated"),
        ("/c", "public"),
        ("/d", r#"country("DE") && public"#),
    ]);
    let now = of(&[
        ("/a", r#"permission("write") && !network("10.0.0.0/8")"#),
        ("/b", r#"role("admin") || authenticated"#),
        ("/d", r#"public && country("DE", "FR")"#),
        ("/e", r#"role("editor")"#),
    ]);
    let told = now.since(&before).to_string();
    assert_eq!(
        told,
        r#"GET /a
    gains:  permission("write") && !network("10.0.0.0/8")
    gains:  role("editor") && !network("10.0.0.0/8")
    loses:  role("admin"), but for !network("10.0.0.0/8")
GET /b
    was: - `GET /b` for `authenticated` by ``
    is:  - `GET /b` for `role("admin") || authenticated` by ``
GET /c is gone
GET /d
    gains:  country("DE", "FR"), but for country("DE")
GET /e is new
    gains:  role("editor")
"#
    );
}

#[test]
fn matrix_diff_handles_long_hierarchies_and_admits_its_limits() {
    let mut words = DeclaredNames::default();
    let names: Vec<String> = (0..60).map(|number| format!("r{number:02}")).collect();
    let roles = words.0.entry("role".to_owned()).or_default();
    for (at, name) in names.iter().enumerate() {
        let implies = names[at + 1..].iter().cloned().collect();
        roles.insert(name.clone(), DeclaredName { implies, ..DeclaredName::default() });
    }
    let of = |rule: String| {
        let route = RouteAccess { method: "GET".to_owned(), path: "/x".to_owned(), rule, ..RouteAccess::default() };
        Matrix { routes: vec![route], words: words.clone(), ..Matrix::default() }
    };
    let told = |before: &str, now: &str| of(now.to_owned()).since(&of(before.to_owned())).to_string();
    assert_eq!(told(r#"role("r30")"#, r#"role("r40")"#), "GET /x\n    gains:  role(\"r40\")\n");
    assert_eq!(
        told(r#"role("r40") && !role("r10")"#, r#"role("r40")"#),
        "GET /x\n    gains:  role(\"r10\")\n    gains:  role(\"r40\"), but for !role(\"r10\")\n"
    );
    let claims =
        |from: u32| (from..from + 20).map(|n| format!("claim(\"c{n}\", \"x\")")).collect::<Vec<_>>().join(" || ");
    assert!(told(&claims(0), &claims(1)).contains("cannot tell"));
}

#[test]
fn matrix_markdown_round_trips_arbitrary_rules_and_reasons() {
    let check = prop_oneof![
        Just(r##"check(f(')') || g('(', "\")", r#"")"#) && 'a' != b)"##.to_owned()),
        Just("check(sql(*id, \"select 1\n from `posts`\"))".to_owned()),
        Just(r#"check_for_anyone(kind == "principal")"#.to_owned()),
        Just("check(own::<'a>(&x) && '\\'' == y)".to_owned()),
    ];
    let text = || "(?s).{0,24}";
    let strategy = (text(), text(), text(), check);
    let names = |value: &str| [format!("n{value}"), format!("{value}` implies `x"), "\u{202e}x".to_owned()].into();
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&strategy, |(value, reason, note, check)| {
        let claim = Expr::Literal(ExprLiteral {
            fact: Fact::Claim("team".to_owned(), serde_json::Value::from(value).to_string()),
            negated: false,
        });
        let rule = format!("({claim} || {check}) && role(\"admin\")");
        let read = Expr::read(&rule);
        prop_assert!(read.is_some(), "{rule}");
        prop_assert_eq!(Expr::read(&read.unwrap().to_string()), Expr::read(&rule), "{}", rule);
        let route = RouteAccess {
            method: "GET".to_owned(),
            path: "/x/{y:[^`]+}".to_owned(),
            rule,
            any_object: Some(reason.clone()),
            notes: vec![note.clone()],
            ..RouteAccess::default()
        };
        let mut matrix = Matrix {
            routes: vec![route],
            unguarded: vec![reason.clone()],
            switches: vec![note.clone()],
            ..Matrix::default()
        };
        let word = DeclaredName { aliases: names(&note), implies: names(&reason), grants: names("") };
        matrix.words.0.entry("role".to_owned()).or_default().insert(format!("r{reason}`"), word);
        let file = matrix.to_markdown();
        prop_assert!(!file.chars().any(|letter| letter != '\n' && super::markdown::is_unseen(letter)), "{file}");
        let read = Matrix::from_markdown(&file);
        prop_assert!(read.as_ref().is_some_and(|read| read.routes.len() == 1), "{file}");
        let read = read.unwrap();
        prop_assert_eq!(&read.routes[0].rule, &matrix.routes[0].rule);
        prop_assert_eq!(&read.words, &matrix.words, "{}", file);
        prop_assert!(!read.routes[0].public && !read.routes[0].not_found, "{file}");
        prop_assert_eq!(matrix.since(&read), Difference::default(), "{}", file);
        prop_assert_eq!(read.to_markdown(), file);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn matrix_diff_reports_lost_route_hiding_with_gains() {
    let of = |rule: &str, not_found| Matrix {
        routes: vec![RouteAccess {
            method: "GET".to_owned(),
            path: "/x".to_owned(),
            rule: rule.to_owned(),
            not_found,
            ..RouteAccess::default()
        }],
        ..Matrix::default()
    };
    let told = of(r#"role("viewer")"#, false).since(&of(r#"role("admin")"#, true)).to_string();
    assert!(told.contains("gains:  role(\"viewer\")") && told.contains("was: ; hides"), "{told}");
}

#[test]
fn compiled_rule_equals_its_parsed_text() {
    use crate::identity::scheme_id::SchemeId;
    use crate::policy::atom::{Acr, Atom, Authenticated, ByScheme, Check, Claim, ClaimValue, Direct, MaxAge};
    use crate::policy::rule::Literal;
    let literal = |atom, text| Formula::Literal(Literal { atom, negated: false, text });
    let check = |names_principal, text| literal(Atom::Check(Check { index: 0, names_principal, object: None }), text);
    let claim = |value| literal(Atom::Claim(Claim { name: "/a/b \"c\"", value }), "claim");
    let schemes = SchemeId::BUILT_IN.map(|scheme| literal(Atom::Scheme(ByScheme(scheme)), "scheme"));
    let others = [
        literal(Atom::Authenticated(Authenticated), "authenticated"),
        literal(Atom::MaxAge(MaxAge { seconds: 300 }), "max_age"),
        literal(Atom::Acr(Acr { value: "urn:\"a\"" }), "acr"),
        literal(Atom::Direct(Direct), "direct"),
        claim(ClaimValue::Text("x")),
        claim(ClaimValue::Bool(true)),
        claim(ClaimValue::Integer(-1)),
        check(true, "check(post.author == principal.id())"),
        check(false, "check(is_open(\")\"))"),
        check(true, "authorized(Post, Edit)"),
        Formula::Literal(Literal {
            atom: Atom::Check(Check { index: 0, names_principal: true, object: None }),
            negated: true,
            text: "!check(a)",
        }),
    ];
    for formula in schemes.iter().chain(&others) {
        let text = formula.to_string();
        assert_eq!(Expr::read(&text).as_ref(), Some(&Expr::of(formula)), "{text}");
        assert_eq!(Expr::of(formula).to_string(), text);
    }
    assert_eq!(check(false, "check(a)").to_string(), "check_for_anyone(a)");
    assert_eq!(literal(Atom::Scheme(ByScheme(SchemeId::ApiKey)), "").to_string(), "scheme(\"api-key\")");
}
