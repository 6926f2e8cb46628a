//! A second evaluator of rules within tenants and below ceilings: the answer for each request, computed without the steps of the
//! decision.

use super::*;
use crate::identity::principal::DefaultTenant;
use crate::identity::tenant::Tenant;
use crate::policy::atom::{ByCredential, TenantMember};

/// The literals of rules, with what they require.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// Nothing: also anonymous callers pass.
    Nothing,
    Authenticated,
    Role(&'static str),
    /// A role or the permission `posts:write`, within these dimensions.
    In(&'static str, &'static [&'static str]),
    Member(&'static [&'static str]),
    /// A credential of a kind, bound to a tenant with these dimensions if there are any.
    Kind(&'static str, &'static [&'static str]),
    Scope,
    Level,
}

const ORG: &[&str] = &["org"];
const TEAM: &[&str] = &["team"];
const BOTH: &[&str] = &["org", "team"];

const WANTS: [Want; 15] = [
    Want::Nothing,
    Want::Authenticated,
    Want::Role("admin"),
    Want::In("editor", ORG),
    Want::In("admin", ORG),
    Want::In("posts:write", ORG),
    Want::In("editor", BOTH),
    Want::In("admin", TEAM),
    Want::Member(ORG),
    Want::Kind("merchant-key", &[]),
    Want::Kind("merchant-key", ORG),
    Want::Kind("merchant-key", BOTH),
    Want::Kind("admin-key", ORG),
    Want::Scope,
    Want::Level,
];

#[derive(Clone, Debug)]
enum Node {
    Leaf(usize),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    fn formula(&self) -> Formula {
        let each = |nodes: &[Self]| &*Vec::leak(nodes.iter().map(Self::formula).collect::<Vec<_>>());
        match self {
            Self::Leaf(index) => {
                let atom = match WANTS[*index] {
                    Want::Nothing => return PUBLIC,
                    Want::Authenticated => Atom::Authenticated(Authenticated),
                    Want::Role(role) => Atom::Named(Named(ROLES.name(role))),
                    Want::In("posts:write", tenant) => {
                        Atom::NamedIn(NamedIn { name: PERMISSIONS.name("posts:write"), tenant })
                    }
                    Want::In(role, tenant) => Atom::NamedIn(NamedIn { name: ROLES.name(role), tenant }),
                    Want::Member(tenant) => Atom::TenantMember(TenantMember(tenant)),
                    Want::Kind(kind, tenant) => Atom::Credential(ByCredential { kind: KINDS.name(kind), tenant }),
                    Want::Scope => Atom::Named(Named(SCOPES.name("a"))),
                    Want::Level => Atom::Acr(Acr { value: "1" }),
                };
                Formula::Literal(Literal { atom, negated: false, text: "literal" })
            }
            Self::All(nodes) => Formula::All(each(nodes)),
            Self::Any(nodes) => Formula::Any(each(nodes)),
        }
    }

    fn holds(&self, of: &dyn Fn(Want) -> bool) -> bool {
        match self {
            Self::Leaf(index) => of(WANTS[*index]),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(of)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(of)),
        }
    }
}

/// The limits of a credential.
#[derive(Clone, Copy, Debug)]
enum Ceiling {
    Everything,
    /// Roles, whether with the permission `posts:write`, and whether with the scope `a`.
    Names(&'static [&'static str], bool, bool),
}

/// Ceilings, each of which contains the one before.
const CEILINGS: [Ceiling; 5] = [
    Ceiling::Names(&[], false, false),
    Ceiling::Names(&[], true, false),
    Ceiling::Names(&["editor"], true, false),
    Ceiling::Names(&["admin"], true, true),
    Ceiling::Everything,
];

impl Ceiling {
    fn admits(self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Names(roles, may_write, _) => roles_grant(roles, name) || may_write && name == "posts:write",
        }
    }

    fn has_scope(self) -> bool {
        matches!(self, Self::Everything | Self::Names(_, _, true))
    }

    fn rights(self) -> Rights {
        match self {
            Self::Everything => Rights::everything(),
            Self::Names(roles, may_write, has_scope) => {
                let of = |is_held, name| if is_held { vec![name] } else { vec![] };
                Rights::new().roles(roles).permissions(of(may_write, "posts:write")).scopes(of(has_scope, "a"))
            }
        }
    }
}

/// A request and everything that is known about its caller.
#[derive(Clone, Debug)]
struct World {
    node: Node,
    org: DimensionValue,
    team: DimensionValue,
    /// The kind of the credential, unless it is a JWT.
    kind: Option<&'static str>,
    /// The organization that the credential is bound to.
    bound: Option<&'static str>,
    own: &'static [&'static str],
    has_scope: bool,
    has_level: bool,
    /// The roles that the provider returns outside of tenants, in an organization, in a team of the organization, and in a team
    /// without an organization. `None` is an answer that is silent about roles.
    answers: [Option<&'static [&'static str]>; 4],
    default: Option<&'static str>,
    ceiling: Option<Ceiling>,
}

fn roles_grant(roles: &[&str], name: &str) -> bool {
    match name {
        "admin" => roles.contains(&"admin"),
        // An administrator is an editor, and an editor may write posts.
        _ => roles.contains(&"admin") || roles.contains(&"editor"),
    }
}

impl World {
    fn dimensions(&self) -> Vec<RequestDimension> {
        let value = |name: &str| if name == "org" { self.org.clone() } else { self.team.clone() };
        let names = alone(rule(self.node.formula())).dimensions();
        names.into_iter().map(|name| RequestDimension { name, value: value(name) }).collect()
    }

    fn names_none(&self) -> bool {
        let dimensions = self.dimensions();
        !dimensions.is_empty() && dimensions.iter().all(|one| matches!(one.value, DimensionValue::Missing(_)))
    }

    /// Returns the value of a dimension, or `None` if it is unknown.
    fn value(&self, name: &str, with_default: bool) -> Option<String> {
        match if name == "org" { &self.org } else { &self.team } {
            DimensionValue::Named(value) => Some(value.clone()),
            DimensionValue::Missing(true) if name == "org" && self.bound.is_some() => self.bound.map(str::to_owned),
            DimensionValue::Missing(_) if with_default && name == "org" && self.names_none() => {
                self.default.map(str::to_owned)
            }
            _ => None,
        }
    }

    fn answer(&self, dimensions: &[&str]) -> Option<&'static [&'static str]> {
        let index = match dimensions {
            [] => 0,
            ["org"] => 1,
            ["org", "team"] => 2,
            _ => 3,
        };
        self.answers[index]
    }

    /// Returns whether a requirement is met. In a tenant that is unknown, the result is `missing`.
    fn meets(&self, want: Want, missing: bool, with_default: bool) -> bool {
        let known = |dimensions: &[&str]| dimensions.iter().all(|name| self.value(name, with_default).is_some());
        // A bound credential counts in a tenant that shares a dimension with its own tenant and contradicts none.
        let enters = |dimensions: &[&str]| {
            self.bound.is_none_or(|bound| {
                dimensions.contains(&"org") && self.value("org", with_default).as_deref() == Some(bound)
            })
        };
        let given =
            |dimensions: &[&str], name: &str| self.answer(dimensions).is_some_and(|roles| roles_grant(roles, name));
        let admits = |name| self.ceiling.is_none_or(|ceiling| ceiling.admits(name));
        match want {
            Want::Nothing | Want::Authenticated => true,
            Want::Role(name) | Want::In(name, _) if !admits(name) => false,
            Want::Role(role) => self.bound.is_none() && roles_grant(self.own, role) || given(&[], role),
            Want::In(_, dimensions) | Want::Member(dimensions) if !known(dimensions) => missing,
            Want::In(_, dimensions) | Want::Member(dimensions) if !enters(dimensions) => false,
            Want::In(name, dimensions) => {
                let is_own = self.bound.is_some() && dimensions == ORG && roles_grant(self.own, name);
                is_own || given(dimensions, name)
            }
            Want::Member(dimensions) => {
                self.bound.is_some() || self.answer(dimensions).is_some_and(|roles| !roles.is_empty())
            }
            Want::Kind(kind, dimensions) => {
                let is_bound = || match known(dimensions) {
                    true => enters(dimensions),
                    false => missing,
                };
                self.kind == Some(kind)
                    && (dimensions.is_empty() || dimensions == ORG && self.bound.is_some() && is_bound())
            }
            Want::Scope => self.ceiling.map_or(self.has_scope, Ceiling::has_scope),
            Want::Level => self.has_level,
        }
    }

    fn is_limited(&self) -> bool {
        matches!(self.ceiling, Some(Ceiling::Names(..)))
    }

    /// Returns whether one of the ways to meet the requirements contains a name.
    fn meets_by_name(&self, of: &dyn Fn(Want) -> bool) -> bool {
        fn named(node: &Node, of: &dyn Fn(Want) -> bool) -> bool {
            match node {
                Node::Leaf(index) => {
                    matches!(WANTS[*index], Want::Role(_) | Want::In(..) | Want::Scope) && of(WANTS[*index])
                }
                Node::All(nodes) => nodes.iter().all(|node| node.holds(of)) && nodes.iter().any(|node| named(node, of)),
                Node::Any(nodes) => nodes.iter().any(|node| named(node, of)),
            }
        }
        named(&self.node, of)
    }

    /// Returns the expected answer: `run`, `400`, `401` or `403`.
    fn expected(&self) -> &'static str {
        let names_org = self.dimensions().iter().any(|one| one.name == "org");
        if names_org
            && let (Some(bound), DimensionValue::Named(org)) = (self.bound, &self.org)
            && bound != org
        {
            return if self.node.holds(&|want| matches!(want, Want::Nothing)) { "run" } else { "403" };
        }
        // Where anonymous callers pass, each credential does, possibly as theirs.
        if self.node.holds(&|want| matches!(want, Want::Nothing)) {
            return "run";
        }
        let met = |missing, default| move |want| self.meets(want, missing, default);
        let holds = |missing, default| self.node.holds(&met(missing, default));
        let counts = |missing, default| !self.is_limited() || self.meets_by_name(&met(missing, default));
        let now = |missing, default| holds(missing, default) && counts(missing, default);
        // Another login could reach the assurance level, and another credential could be of another kind. No login adds a name to a
        // limited credential.
        let is_of_another = |want| match want {
            Want::Kind(kind, _) => self.kind != Some(kind),
            other => matches!(other, Want::Level),
        };
        let could = |missing, default| {
            self.node.holds(&|want| is_of_another(want) || self.meets(want, missing, default))
                && (!holds(missing, default) || counts(missing, default))
        };
        if now(false, false) {
            return "run";
        }
        let asks = self.names_none()
            && self.bound.is_none()
            && (now(true, false) || could(true, false) && !could(false, false));
        match () {
            () if now(false, asks) => "run",
            () if could(true, asks) && !could(false, asks) => "400",
            () if could(false, asks) => "401",
            () => "403",
        }
    }

    fn found(&self) -> String {
        let rule = rule(self.node.formula());
        let dimensions = self.dimensions();
        let tenants = RequestTenants { dimensions, ..RequestTenants::default() };
        let tenants = (!tenants.dimensions.is_empty()).then_some(&tenants);
        let mut login = bearer(self.own);
        login.scopes = if self.has_scope { vec!["a"] } else { Vec::new() };
        login.acr = self.has_level.then_some("1");
        let mut caller = login.principal();
        if let Some(kind) = self.kind {
            let (issuer, scheme) = (format!("token:{kind}").into(), SchemeId::ApiKey);
            caller = caller.with_source(Arc::new(Issuer { issuer, scheme, ..tokens() }));
        }
        if let Some(bound) = self.bound {
            caller = caller.bound_to(Tenant::of("org", bound));
        }
        if let Some(ceiling) = self.ceiling {
            caller = caller.with_ceiling(ceiling.rights());
        }
        for _ in 0..10 {
            let external = ExternalRights { is_asked: true, tenants, ..ExternalRights::default() };
            let facts = Facts { external, ..facts(CallerFacts::Known(&caller), OUTSIDE, Passed) };
            let rights = |dimensions: &[&str]| match self.answer(dimensions) {
                Some(roles) => RightsLookup::Answered(Arc::new(Rights::new().roles(roles))),
                None => RightsLookup::Answered(Arc::new(Rights::new())),
            };
            caller = match decide(alone(rule), &facts) {
                Decision::AskRights(None) => caller.with_rights(None, rights(&[])),
                Decision::AskRights(Some(dimensions)) => {
                    let tenant = external.tenant(dimensions, Some(&caller)).ok().and_then(|tenant| tenant.to_tenant());
                    assert!(tenant.is_some(), "the provider is asked about a known tenant");
                    caller.with_rights(tenant, rights(dimensions))
                }
                Decision::AskDefaultTenant => {
                    let tenant = self.default.map(|org| Tenant::of("org", org));
                    caller.with_default_tenant(DefaultTenant::Answered(tenant))
                }
                decision => return answer(&decision),
            };
        }
        panic!("the decision asks again and again: {self:?}")
    }
}

fn worlds() -> impl Strategy<Value = World> {
    let leaf = (0..WANTS.len()).prop_map(Node::Leaf);
    let node = leaf.prop_recursive(3, 8, 3, |part| {
        let parts = proptest::collection::vec(part, 1..4);
        prop_oneof![parts.clone().prop_map(Node::All), parts.prop_map(Node::Any)]
    });
    let value = |value: &'static str| {
        proptest::sample::select(vec![
            DimensionValue::Named(value.to_owned()),
            DimensionValue::Missing(false),
            DimensionValue::Missing(true),
            DimensionValue::Malformed,
        ])
    };
    let roles: &[&[&str]] = &[&[], &["editor"], &["admin"]];
    let answers = || proptest::sample::select(vec![None, Some(&[][..]), Some(&["editor"][..]), Some(&["admin"][..])]);
    (
        node,
        (value("acme"), value("red")),
        (
            proptest::sample::select(vec![None, Some("merchant-key"), Some("admin-key")]),
            proptest::sample::select(vec![None, Some("acme"), Some("other")]),
        ),
        proptest::sample::select(roles.to_vec()),
        (proptest::bool::ANY, proptest::bool::ANY),
        [answers(), answers(), answers(), answers()],
        proptest::sample::select(vec![None, Some("acme"), Some("other")]),
        proptest::sample::select([vec![None; 5], CEILINGS.map(Some).to_vec()].concat()),
    )
        .prop_map(|(node, (org, team), (kind, bound), own, (has_scope, has_level), answers, default, ceiling)| {
            World { node, org, team, kind, bound, own, has_scope, has_level, answers, default, ceiling }
        })
}

/// Returns `run`, or the status of the denial.
fn class(world: &World) -> &'static str {
    match world.found().as_str() {
        "run" => "run",
        "400 tenant-required" => "400",
        denied if denied.starts_with("401") => "401",
        denied if denied.starts_with("403") => "403",
        other => panic!("{other}: {world:?}"),
    }
}

#[test]
fn rules_within_tenants_agree_with_a_second_evaluator() {
    // TENANT-4, TENANT-5, TENANT-10 to TENANT-13, TOKEN-10, RIGHTS-1, RIGHTS-4 to RIGHTS-6, RIGHTS-9, RIGHTS-10, RIGHTS-14
    let outcome = runner(20_000).run(&worlds(), |world| {
        // What cannot lead to a name is not asked, so that whether another login could help a limited credential may stay open.
        let known = |status| if world.is_limited() && status == "401" { "403" } else { status };
        prop_assert_eq!(known(class(&world)), known(world.expected()), "{:?}", world);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_ceiling_never_admits_more() {
    // RIGHTS-4: each ceiling admits what the one below it admits, and none admits more than no ceiling does.
    let outcome = runner(5_000).run(&worlds(), |world| {
        let ceilings = CEILINGS.into_iter().map(Some).chain([None]);
        let runs: Vec<_> =
            ceilings.map(|ceiling| class(&World { ceiling, has_scope: true, ..world.clone() }) == "run").collect();
        prop_assert!(runs.is_sorted(), "{:?}: {:?}", runs, world);
        Ok(())
    });
    outcome.unwrap();
}
