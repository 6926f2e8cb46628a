//! Tests of the order and the decision, against the tables of the contract and a second evaluator. The evaluator was written only
//! from the contract, and does not use `Truth`, `Principal` or `Atom`. This module contains the inputs of both.

mod accounts;
mod checks;
mod credentials;
mod denials;
mod external_rights;
mod objects;
mod tenants;
mod enumerated;
mod order;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::client::csrf::CrossSite::{Failed, Passed, Unsaid};
use crate::client::tenant::DimensionValue;
use crate::denial::StepUp;
use crate::denial::challenge::{Challenge, challenges};
use crate::identity::issuer::{Confers, Form, Issuer, ListClaim};
use crate::identity::principal::{Principal, RightsLookup};
use crate::identity::rights::Rights;
use crate::identity::scheme_id::SchemeId::{self, Basic, Bearer};
use crate::identity::vocabulary::open::Role as OpenRole;
use crate::identity::vocabulary::{Declares as _, NameIndex, NameKind, Vocabulary};
use crate::policy::atom::{Acr, Atom, Authenticated, ByScheme, Claim, MaxAge, Named, NamedIn, Network};
use crate::policy::facts::{ExternalRights, RequestDimension, RequestRefusal, RequestTenants};
use crate::policy::rule::{CallerAccess, CompiledFormula, Formula, Literal, Rule};
use crate::runtime::clock::Timestamp;

// ── requirements, in the terms of the contract ───────────────────────────────────────────────────────────────────────

#[derive(Clone, Copy, Debug)]
enum What {
    Authenticated,
    Role(&'static str),
    OpenRole(&'static str),
    Permission(&'static str),
    Scope(&'static str),
    Org(&'static str),
    MaxAge(u64),
    Acr(&'static str),
    By(SchemeId),
    Inside,
}
use What::{Authenticated as Anyone, By, Inside, Org, Permission, Role, Scope};

/// A requirement, with its polarity.
#[derive(Clone, Copy, Debug)]
struct Asked {
    what: What,
    negated: bool,
}

const fn is(what: What) -> Asked {
    Asked { what, negated: false }
}

const fn not(what: What) -> Asked {
    Asked { what, negated: true }
}

/// The literals of random formulas: all that compile.
const LITERALS: [Asked; 23] = [
    is(Role("editor")),
    not(Role("editor")),
    is(Permission("posts:write")),
    is(Scope("a")),
    is(What::MaxAge(60)),
    is(By(Bearer)),
    is(Inside),
    not(Inside),
    is(Anyone),
    is(Role("admin")),
    is(Role("suspended")),
    not(Role("suspended")),
    is(What::OpenRole("admin")),
    is(Permission("posts:read")),
    is(Scope("b")),
    is(Scope("c")),
    is(Scope("d")),
    is(Org("acme")),
    not(Org("acme")),
    is(What::MaxAge(3600)),
    is(What::Acr("1")),
    is(What::Acr("2")),
    is(By(Basic)),
];

/// The number of literals, from the first, in the exhaustive comparison.
const FEW: usize = 8;

/// A formula over `LITERALS`.
#[derive(Clone, Debug)]
enum Tree {
    Literal(usize),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

impl Tree {
    fn holds(&self, literals: u32) -> bool {
        match self {
            Self::Literal(index) => literals >> index & 1 == 1,
            Self::All(parts) => parts.iter().all(|part| part.holds(literals)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(literals)),
        }
    }

    fn asks(&self, found: fn(What) -> bool) -> bool {
        match self {
            Self::Literal(index) => found(LITERALS[*index].what),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.asks(found)),
        }
    }

    fn formula(&self) -> Formula {
        let leak = |parts: &[Self]| &*Box::leak(parts.iter().map(Self::formula).collect());
        match self {
            Self::Literal(index) => literal(LITERALS[*index]),
            Self::All(parts) => Formula::All(leak(parts)),
            Self::Any(parts) => Formula::Any(leak(parts)),
        }
    }
}

fn literal(Asked { what, negated }: Asked) -> Formula {
    const TEN: IpNet = IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 8));
    let atom = match what {
        What::Authenticated => Atom::Authenticated(Authenticated),
        What::Role(name) => Atom::Named(Named(ROLES.name(name))),
        What::OpenRole(name) => Atom::Named(Named(OpenRole::VOCABULARY.name(name))),
        What::Permission(name) => Atom::Named(Named(PERMISSIONS.name(name))),
        What::Scope(name) => Atom::Named(Named(SCOPES.name(name))),
        What::Org(value) => Atom::Claim(Claim { name: "org", value: crate::policy::atom::ClaimValue::Text(value) }),
        What::MaxAge(seconds) => Atom::MaxAge(MaxAge { seconds }),
        What::Acr(value) => Atom::Acr(Acr { value }),
        What::By(scheme) => Atom::Scheme(ByScheme(scheme)),
        What::Inside => Atom::Network(Network(&[TEN])),
    };
    let text = Box::leak(format!("{}{what:?}", if negated { "!" } else { "" }).into_boxed_str());
    Formula::Literal(Literal { atom, negated, text })
}

const PUBLIC: Formula = Formula::All(&[]);

fn all<const N: usize>(asked: [Asked; N]) -> Formula {
    Formula::All(Box::leak(Box::new(asked.map(literal))))
}

fn any<const N: usize>(asked: [Asked; N]) -> Formula {
    Formula::Any(Box::leak(Box::new(asked.map(literal))))
}

static PERMISSIONS: Vocabulary = Vocabulary {
    kind: NameKind::Permission,
    declared_in: "Permission",
    module: "app",
    open: false,
    names: &["posts:read", "posts:write", "posts:purge"],
    variants: &["PostsRead", "PostsWrite", "PostsPurge"],
    name_index: NameIndex::few(&[("posts:purge", 2), ("posts:read", 0), ("posts:write", 1)]),
    closure: &[&[0b001], &[0b011], &[0b100]],
    grants: &[&[], &[], &[]],
};
static ROLES: Vocabulary = Vocabulary {
    kind: NameKind::Role,
    declared_in: "Role",
    module: "app",
    open: false,
    names: &["suspended", "editor", "admin"],
    variants: &["Suspended", "Editor", "Admin"],
    name_index: NameIndex::few(&[("admin", 2), ("editor", 1), ("suspended", 0)]),
    closure: &[&[0b001], &[0b010], &[0b110]],
    grants: &[&[], &[PERMISSIONS.name("posts:write")], &[PERMISSIONS.name("posts:write")]],
};
static SCOPES: Vocabulary = Vocabulary {
    kind: NameKind::Scope,
    declared_in: "TokenScope",
    module: "app",
    open: false,
    names: &["a", "b", "c", "d"],
    variants: &["A", "B", "C", "D"],
    name_index: NameIndex::few(&[("a", 0), ("b", 1), ("c", 2), ("d", 3)]),
    closure: &[&[1], &[2], &[4], &[8]],
    grants: &[&[], &[], &[], &[]],
};

static KINDS: Vocabulary = Vocabulary {
    kind: NameKind::Credential,
    declared_in: "Credential",
    module: "app",
    open: false,
    names: &["admin-key", "merchant-key", "publishable-key", "Badge"],
    variants: &["AdminKey", "MerchantKey", "PublishableKey", "Badge"],
    name_index: NameIndex::few(&[("Badge", 3), ("admin-key", 0), ("merchant-key", 1), ("publishable-key", 2)]),
    closure: &[&[1], &[2], &[4], &[8]],
    grants: &[&[], &[], &[], &[]],
};

// ── callers, in the terms of the contract ────────────────────────────────────────────────────────────────────────────

/// The content of a credential. `None` means that the credential gives no answer.
#[derive(Clone, Debug)]
struct Login {
    scheme: SchemeId,
    roles: Option<Vec<&'static str>>,
    permissions: Vec<&'static str>,
    scopes: Vec<&'static str>,
    org: Option<&'static str>,
    age: Option<u64>,
    acr: Option<&'static str>,
    acts: bool,
}

const NOW: i64 = 1_000_000;

fn bearer(roles: &[&'static str]) -> Login {
    let (permissions, scopes) = (Vec::new(), Vec::new());
    Login {
        scheme: Bearer,
        roles: Some(roles.into()),
        permissions,
        scopes,
        org: None,
        age: None,
        acr: None,
        acts: false,
    }
}

fn basic(roles: &[&'static str]) -> Login {
    Login { scheme: Basic, ..bearer(roles) }
}

fn silent() -> Login {
    Login { roles: None, ..bearer(&[]) }
}

/// One caller of each kind that the contract distinguishes.
fn callers() -> [Login; 9] {
    let everything = Login { scopes: vec!["a", "b", "c", "d"], org: Some("acme"), age: Some(30), ..bearer(&["admin"]) };
    [
        Login { acr: Some("2"), ..everything.clone() },
        Login { acts: true, acr: Some("2"), ..everything },
        Login { age: Some(600), acr: Some("1"), org: Some("other"), ..bearer(&["editor"]) },
        Login { scopes: vec!["a"], permissions: vec!["posts:write"], ..bearer(&[]) },
        Login { age: Some(7200), permissions: vec!["posts:read"], scopes: vec!["b", "c"], ..bearer(&["suspended"]) },
        silent(),
        bearer(&["stranger"]),
        basic(&["admin", "suspended"]),
        basic(&[]),
    ]
}

impl Login {
    /// Returns the answer of this credential. `None` means no answer, which holds in neither polarity.
    fn answer(&self, what: What) -> Option<bool> {
        let roles = self.roles.iter().flatten().copied();
        Some(match what {
            What::Authenticated => true,
            What::Role(asked) => {
                self.roles.as_ref()?;
                roles.into_iter().any(|role| role == asked || (role, asked) == ("admin", "editor"))
            }
            What::OpenRole(asked) => roles.into_iter().any(|role| role == asked),
            What::Permission(asked) => {
                let granted = roles.filter(|role| ["admin", "editor"].contains(role)).map(|_| "posts:write");
                let mut held = self.permissions.iter().copied().chain(granted);
                held.any(|held| held == asked || (held, asked) == ("posts:write", "posts:read"))
            }
            What::Scope(asked) => self.scopes.contains(&asked),
            What::Org(asked) => self.org? == asked,
            What::MaxAge(limit) => !self.acts && (self.scheme == Basic || self.age.is_some_and(|age| age <= limit)),
            What::Acr(asked) => !self.acts && self.acr == Some(asked),
            What::By(asked) => self.scheme == asked,
            What::Inside => return None,
        })
    }

    fn principal(&self) -> Principal {
        let source = if self.scheme == Bearer { tokens() } else { users() };
        let mut claims = serde_json::json!({ "sub": "alice", "permissions": self.permissions });
        let mut say = |name: &str, value: serde_json::Value| claims[name] = value;
        if let Some(roles) = &self.roles {
            say("roles", roles.clone().into());
        }
        if !self.scopes.is_empty() {
            say("scope", self.scopes.join(" ").into());
        }
        if let Some(org) = self.org {
            say("org", org.into());
        }
        if let Some(age) = self.age {
            say("auth_time", (NOW - age as i64).into());
        }
        if let Some(acr) = self.acr {
            say("acr", acr.into());
        }
        if self.acts {
            say("act", serde_json::json!({ "sub": "bob" }));
        }
        Principal::from_claims(Arc::new(source), claims.to_string()).unwrap()
    }
}

fn tokens() -> Issuer {
    let list = |kind, form, name: &str| ListClaim::new(kind, form, vec![name.to_owned()]);
    Issuer {
        issuer: "https://id.example".into(),
        scheme: Bearer,
        confers: Confers::everything(),
        lists: vec![
            list(NameKind::Role, Form::Array, "roles"),
            list(NameKind::Permission, Form::Array, "permissions"),
            list(NameKind::Scope, Form::Words, "scope"),
        ],
        has_claims: true,
        tenancy: Default::default(),
        all_scopes: false,
        login: Default::default(),
        roles: [&ROLES].into(),
    }
}

fn users() -> Issuer {
    let roles = ListClaim::new(NameKind::Role, Form::Array, vec!["roles".to_owned()]);
    Issuer { issuer: "basic:r".into(), scheme: Basic, lists: vec![roles], has_claims: false, ..tokens() }
}

// ── the request ──────────────────────────────────────────────────────────────────────────────────────────────────────

const INSIDE: Option<&str> = Some("10.1.2.3");
const OUTSIDE: Option<&str> = Some("203.0.113.9");
const NOT_KNOWN: Option<&str> = None;

/// The other properties of a request: all four that differ for a network literal.
const PLACES: [(Option<&str>, CrossSite); 4] =
    [(INSIDE, Passed), (INSIDE, Failed), (OUTSIDE, Passed), (NOT_KNOWN, Passed)];

fn facts<'a>(caller: CallerFacts<'a>, client: Option<&str>, cross_site: CrossSite) -> Facts<'a> {
    Facts {
        set_up: None,
        now: Timestamp::from_seconds(NOW),
        client: client.map(|address| address.parse::<IpAddr>().unwrap()),
        country: None,
        refusal: None,
        cross_site,
        caller,
        sources: &[],
        external: Default::default(),
        checks: Default::default(),
    }
}

fn rule(formula: Formula) -> &'static Rule {
    let rule = Rule { terms: CompiledFormula::of(formula), ..crate::policy::rule::PUBLIC };
    Box::leak(Box::new(rule))
}

fn alone(handler: &Rule) -> Rules<'_> {
    Rules { scopes: &[], handler }
}

/// Formats a decision as `run`, `verify`, `ask …`, `check …`, or the status and the problem.
fn answer(decision: &Decision) -> String {
    match decision {
        Decision::Allow => "run".to_owned(),
        Decision::Verify => "verify".to_owned(),
        Decision::AskRights(None) => "ask for all".to_owned(),
        Decision::AskRights(Some(tenant)) => format!("ask {tenant:?}"),
        Decision::AskDefaultTenant => "ask for the tenant".to_owned(),
        Decision::Check(index) => format!("check {index}"),
        Decision::Deny(denial) => {
            let answer = denial.reason.response();
            format!("{} {}", answer.status, answer.problem)
        }
    }
}

fn status(decision: &Decision) -> String {
    answer(decision).chars().take(3).collect()
}

fn decided(handler: &'static Rule, caller: Option<&Login>, client: Option<&str>, cross_site: CrossSite) -> Decision {
    let principal = caller.map(Login::principal);
    decide(
        alone(handler),
        &facts(principal.as_ref().map_or(CallerFacts::Nobody, CallerFacts::Known), client, cross_site),
    )
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() })
}

/// Formulas over the entries of `LITERALS` whose requirement matches.
fn tree(of: fn(What) -> bool) -> impl Strategy<Value = Tree> {
    let indices: Vec<_> = (0..LITERALS.len()).filter(|index| of(LITERALS[*index].what)).collect();
    let literal = proptest::sample::select(indices).prop_map(Tree::Literal);
    literal.prop_recursive(4, 12, 4, |part| {
        let parts = proptest::collection::vec(part, 0..4);
        prop_oneof![parts.clone().prop_map(Tree::All), parts.prop_map(Tree::Any)]
    })
}

/// C3: if all credentials of an issuer have certain scopes, only those count that the issuer may confer.
#[test]
fn source_with_all_scopes_is_limited_to_conferred_scopes() {
    let confers = Confers::nothing().scopes(["a"]);
    let source = Issuer { scheme: SchemeId::Session, confers, all_scopes: true, ..tokens() };
    let caller = Principal::from_claims(Arc::new(source.clone()), r#"{"sub":"alice"}"#.to_owned()).unwrap();
    for (name, expected) in [("a", true), ("b", false)] {
        assert_eq!(caller.holds(SCOPES.name(name)), expected, "{name}");
        assert_eq!(source.could_hold(SCOPES.name(name)), expected, "{name}");
    }
}

fn subsets(names: &[&'static str]) -> Vec<Vec<&'static str>> {
    (0..1_usize << names.len())
        .map(|bits| (0..).zip(names).filter(|(at, _)| bits >> at & 1 == 1).map(|(_, name)| *name).collect())
        .collect()
}
