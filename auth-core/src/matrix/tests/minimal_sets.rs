//! Tests of the minimal sets of facts that satisfy a rule.

use super::*;

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
