//! Tests of checks: each runs once, in order, and only if its result can still grant the request.

use super::*;
use crate::policy::atom::Check;
use crate::policy::facts::Checks;

/// A formula of literals that hold, literals that fail, and checks. Checks are numbered from left to right.
#[derive(Clone, Debug)]
enum Part {
    Holds,
    Fails,
    Check { names_principal: bool, negated: bool },
    All(Vec<Part>),
    Any(Vec<Part>),
}

impl Part {
    fn formula(&self, next: &mut u8) -> Formula {
        let leak = |parts: Vec<Formula>| -> &'static [Formula] { Box::leak(parts.into()) };
        match self {
            // The caller is an editor, and is not suspended.
            Self::Holds => literal(is(Role("editor"))),
            Self::Fails => literal(is(Role("suspended"))),
            Self::Check { names_principal, negated } => {
                let check = Check { index: *next, names_principal: *names_principal, object: None, any_token: false };
                *next += 1;
                Formula::Literal(Literal { atom: Atom::Check(check), negated: *negated, text: "check(…)" })
            }
            Self::All(parts) => Formula::All(leak(parts.iter().map(|part| part.formula(next)).collect())),
            Self::Any(parts) => Formula::Any(leak(parts.iter().map(|part| part.formula(next)).collect())),
        }
    }

    /// Evaluates the formula literally. A `stranger` is not an editor, and checks that refer to the principal do not run for it.
    fn holds(&self, stranger: bool, answers: &mut impl Iterator<Item = bool>) -> bool {
        match self {
            Self::Holds => !stranger,
            Self::Fails => false,
            Self::Check { names_principal, negated } => {
                let answer = answers.next().unwrap();
                !(*names_principal && stranger) && answer != *negated
            }
            // Collects all results, so that no answer is skipped.
            Self::All(parts) => parts
                .iter()
                .map(|part| part.holds(stranger, answers))
                .collect::<Vec<_>>()
                .into_iter()
                .all(|holds| holds),
            Self::Any(parts) => parts
                .iter()
                .map(|part| part.holds(stranger, answers))
                .collect::<Vec<_>>()
                .into_iter()
                .any(|holds| holds),
        }
    }

    fn checks(&self) -> Vec<bool> {
        match self {
            Self::Holds | Self::Fails => vec![],
            Self::Check { names_principal, .. } => vec![*names_principal],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::checks).collect(),
        }
    }
}

fn part() -> impl Strategy<Value = Part> {
    let check = (proptest::arbitrary::any::<bool>(), proptest::arbitrary::any::<bool>())
        .prop_map(|(names_principal, negated)| Part::Check { names_principal, negated });
    let leaf = prop_oneof![Just(Part::Holds), Just(Part::Fails), check.clone(), check];
    leaf.prop_recursive(3, 8, 3, |part| {
        let parts = proptest::collection::vec(part, 1..4);
        prop_oneof![parts.clone().prop_map(Part::All), parts.prop_map(Part::Any)]
    })
}

#[test]
fn checks_run_once_in_order_and_only_if_decisive() {
    // H3, T20: random formulas and answers, compared with an evaluation of the formula that has all answers in advance.
    let (editor, sources) = (bearer(&["editor"]).principal(), [Arc::new(tokens())]);
    let outcome = runner(3000).run(
        &(part(), proptest::arbitrary::any::<u16>(), proptest::arbitrary::any::<bool>()),
        |(part, bits, stranger)| {
            let names_principal = part.checks();
            let rule = rule(part.formula(&mut 0));
            let truth: Vec<bool> = (0..names_principal.len()).map(|index| bits >> (index % 16) & 1 == 1).collect();
            let caller = if stranger { CallerFacts::Nobody } else { CallerFacts::Known(&editor) };
            let mut asked: Vec<(u8, bool)> = Vec::new();
            let decision = loop {
                let checks = asked.iter().fold(Checks::default(), |checks, (index, held)| checks.with(*index, *held));
                let facts = Facts { checks, sources: &sources, ..facts(caller, OUTSIDE, Passed) };
                match decide(alone(rule), &facts) {
                    Decision::Check(index) => {
                        prop_assert!(asked.iter().all(|(other, _)| *other < index), "{asked:?}, then {index}");
                        prop_assert!(
                            !stranger || !names_principal[usize::from(index)],
                            "an anonymous caller is checked"
                        );
                        // The result of this check decides for some results of the checks that have not run.
                        let open: Vec<usize> = (0..truth.len())
                            .filter(|one| asked.iter().all(|(other, _)| usize::from(*other) != *one))
                            .collect();
                        let decides = (0..1_u32 << open.len()).any(|assumed| {
                            let with = |own: bool| {
                                let answer = |one: usize| match asked
                                    .iter()
                                    .find(|(other, _)| usize::from(*other) == one)
                                {
                                    Some((_, held)) => *held,
                                    None if one == usize::from(index) => own,
                                    None => assumed >> open.iter().position(|other| *other == one).unwrap() & 1 == 1,
                                };
                                part.holds(stranger, &mut (0..truth.len()).map(answer))
                            };
                            with(true) != with(false)
                        });
                        prop_assert!(decides, "check {index} of {part:?} decides nothing after {asked:?}");
                        asked.push((index, truth[usize::from(index)]));
                    }
                    other => break other,
                }
            };
            let holds = part.holds(stranger, &mut truth.iter().copied());
            prop_assert_eq!(decision == Decision::Allow, holds, "{:?} {:?}: {:?}", part, truth, decision);
            if !holds {
                let expected = if another_could(&part, stranger, &asked) { "401" } else { "403" };
                prop_assert_eq!(status(&decision), expected, "{:?} {:?}", part, asked);
            }
            Ok(())
        },
    );
    outcome.unwrap();
}

#[test]
fn external_roles_are_looked_up_once_before_checks() {
    let check = Atom::Check(Check { index: 0, names_principal: true, object: None, any_token: false });
    let check = Formula::Literal(Literal { atom: check, negated: false, text: "check(…)" });
    let both: &[Formula] = Box::leak(Box::new([check, literal(not(Role("suspended")))]));
    let either: &[Formula] = Box::leak(Box::new([check, literal(is(Role("editor")))]));
    let said = |roles: &[&str]| RightsLookup::Answered(Arc::new(Rights::new().roles(roles)));
    #[rustfmt::skip]
    let table = [
        (Formula::All(both),   None,                       "ask for all"),
        (Formula::All(both),   Some(said(&[])),            "check 0"),
        (Formula::All(both),   Some(said(&["suspended"])), "403 insufficient-permissions"),
        (Formula::All(both),   Some(RightsLookup::OutOfReach),   "503 authentication-unavailable"),
        (Formula::Any(either), None,                       "ask for all"),
        (Formula::Any(either), Some(said(&["editor"])),    "run"),
        (Formula::Any(either), Some(said(&[])),            "check 0"),
        (Formula::Any(either), Some(RightsLookup::OutOfReach),   "check 0"),
    ];
    for (row, (formula, answer, expected)) in table.into_iter().enumerate() {
        let caller = bearer(&[]).principal();
        let caller = answer.map_or_else(|| caller.clone(), |answer| caller.with_rights(None, answer));
        let external = ExternalRights { is_asked: true, ..ExternalRights::default() };
        let facts = Facts { external, ..facts(CallerFacts::Known(&caller), OUTSIDE, Passed) };
        assert_eq!(self::answer(&decide(alone(rule(formula)), &facts)), expected, "row {row}");
    }
    // RIGHTS-3: a credential that could list roles, and lists none, leaves their absence unknown.
    let caller = silent().principal().with_rights(None, said(&[]));
    let external = ExternalRights { is_asked: true, ..ExternalRights::default() };
    let facts = Facts { external, ..facts(CallerFacts::Known(&caller), OUTSIDE, Passed) };
    assert_eq!(answer(&decide(alone(rule(Formula::All(both))), &facts)), "403 insufficient-permissions");
}

/// Returns whether another login could help. An anonymous caller may be anyone, and a check that has not run may have any result.
fn another_could(part: &Part, stranger: bool, asked: &[(u8, bool)]) -> bool {
    fn could(part: &Part, stranger: bool, asked: &[(u8, bool)], next: &mut u8) -> bool {
        match part {
            Part::Holds => true,
            Part::Fails => stranger,
            Part::Check { negated, .. } => {
                let index = *next;
                *next += 1;
                asked.iter().find(|(other, _)| *other == index).is_none_or(|(_, held)| held != negated)
            }
            Part::All(parts) => parts
                .iter()
                .map(|part| could(part, stranger, asked, next))
                .collect::<Vec<_>>()
                .into_iter()
                .all(|could| could),
            Part::Any(parts) => parts
                .iter()
                .map(|part| could(part, stranger, asked, next))
                .collect::<Vec<_>>()
                .into_iter()
                .any(|could| could),
        }
    }
    could(part, stranger, asked, &mut 0)
}
