//! Tests of roles that no credential carries: they are looked up until the decision is the one for complete answers.

use super::*;
use crate::identity::tenant::Tenant;

/// The possible answers of a role store for one tenant, or outside of tenants.
const SAID: [&[&str]; 5] = [&[], &["editor"], &["admin"], &["suspended"], &["editor", "suspended"]];

/// The literals of rules: outside of tenants, and in the two tenants of the path.
fn external_literal(index: usize) -> Formula {
    let within = |name, tenant| Atom::NamedIn(NamedIn { name, tenant });
    let (atom, negated) = match index {
        0 => (Atom::Named(Named(ROLES.name("admin"))), false),
        1 => (Atom::Named(Named(ROLES.name("suspended"))), true),
        2 => (within(ROLES.name("editor"), &["org"]), false),
        3 => (within(ROLES.name("suspended"), &["org"]), true),
        4 => (within(PERMISSIONS.name("posts:write"), &["org"]), false),
        5 => (within(ROLES.name("admin"), &["team"]), false),
        6 => (within(ROLES.name("suspended"), &["team"]), true),
        7 => (Atom::Named(Named(SCOPES.name("a"))), false),
        8 => (Atom::Named(Named(SCOPES.name("b"))), false),
        _ => (Atom::Acr(Acr { value: "1" }), false),
    };
    Formula::Literal(Literal { atom, negated, text: "literal" })
}

/// A random formula over the literals.
fn external_formula() -> impl Strategy<Value = &'static Rule> {
    #[derive(Clone, Debug)]
    enum Node {
        Leaf(usize),
        All(Vec<Node>),
        Any(Vec<Node>),
    }
    fn formula(node: &Node) -> Formula {
        let each = |nodes: &[Node]| &*Vec::leak(nodes.iter().map(formula).collect::<Vec<_>>());
        match node {
            Node::Leaf(index) => external_literal(*index),
            Node::All(nodes) => Formula::All(each(nodes)),
            Node::Any(nodes) => Formula::Any(each(nodes)),
        }
    }
    let leaf = (0..10_usize).prop_map(Node::Leaf);
    let node = leaf.prop_recursive(3, 8, 3, |part| {
        let parts = proptest::collection::vec(part, 1..4);
        prop_oneof![parts.clone().prop_map(Node::All), parts.prop_map(Node::Any)]
    });
    node.prop_map(|node| rule(formula(&node)))
}

const TENANTS: [Option<(&str, &str)>; 3] = [None, Some(("org", "acme")), Some(("team", "red"))];

fn tenant_of(tenant: Option<(&'static str, &str)>) -> Option<Tenant> {
    tenant.map(|(name, value)| Tenant::of(name, value))
}

/// Returns the decision and the tenants that were looked up. `said` contains the answer for each tenant, and `None` means
/// unavailable.
fn asked_for(rule: &'static Rule, caller: &Principal, said: [Option<&[&str]>; 3]) -> (Decision, Vec<usize>) {
    let value = |name, value: &str| RequestDimension { name, value: DimensionValue::Named(value.to_owned()) };
    let dimensions = vec![value("org", "acme"), value("team", "red")];
    let tenants = RequestTenants { dimensions, ..RequestTenants::default() };
    let (mut caller, mut asked) = (caller.clone(), Vec::new());
    loop {
        let external = ExternalRights { is_asked: true, tenants: Some(&tenants), ..ExternalRights::default() };
        let decision = decide(alone(rule), &Facts { external, ..facts(CallerFacts::Known(&caller), OUTSIDE, Passed) });
        let Decision::AskRights(tenant) = &decision else { return (decision, asked) };
        let which = TENANTS
            .iter()
            .position(|known| known.map(|(name, _)| name) == tenant.map(|dimensions| dimensions[0]))
            .unwrap();
        assert!(!asked.contains(&which), "each is asked about once");
        asked.push(which);
        let answer = match said[which] {
            Some(roles) => RightsLookup::Answered(Arc::new(Rights::new().roles(roles))),
            None => RightsLookup::OutOfReach,
        };
        caller = caller.with_rights(tenant_of(TENANTS[which]), answer);
    }
}

#[test]
fn external_roles_are_fetched_until_the_decision_is_final() {
    let callers =
        [bearer(&[]), Login { scopes: vec!["a"], ..bearer(&["admin"]) }, Login { acr: Some("1"), ..silent() }];
    let callers = callers.map(|login| login.principal());
    let status = |decision: &Decision| answer(decision);
    let outcome = runner(100).run(&(external_formula(), 0..3_usize), |(rule, caller)| {
        let caller = &callers[caller];
        // All possible answers for each of the tenants.
        let every =
            || SAID.iter().flat_map(|a| SAID.iter().flat_map(|b| SAID.iter().map(|c| [Some(*a), Some(*b), Some(*c)])));
        for said in every() {
            let (found, asked) = asked_for(rule, caller, said);
            // With all answers in advance, the decision is the same.
            let mut told = caller.clone();
            for (tenant, roles) in TENANTS.iter().zip(said) {
                let rights = Arc::new(Rights::new().roles(roles.unwrap()));
                told = told.with_rights(tenant_of(*tenant), RightsLookup::Answered(rights));
            }
            let (expected, none) = asked_for(rule, &told, said);
            prop_assert!(none.is_empty());
            prop_assert_eq!(status(&found), status(&expected), "{:?}: {:?}", rule, said);
            // Answers for the other tenants could not have changed the decision.
            for other in every().filter(|other| asked.iter().all(|which| other[*which] == said[*which])) {
                prop_assert_eq!(status(&asked_for(rule, caller, other).0), status(&found), "{:?}: {:?}", rule, other);
            }
            // An unavailable answer is neither yes nor no: any decision other than 503 is the same for every answer.
            for away in 0..3 {
                let mut without = said;
                without[away] = None;
                let (found, _) = asked_for(rule, caller, without);
                if status(&found) == "503 authentication-unavailable" {
                    continue;
                }
                for one in SAID {
                    let mut with = said;
                    with[away] = Some(one);
                    prop_assert_eq!(
                        status(&asked_for(rule, caller, with).0),
                        status(&found),
                        "{:?}: {:?} {}",
                        rule,
                        with,
                        away
                    );
                }
            }
        }
        Ok(())
    });
    outcome.unwrap();
}
