//! The assignments ("worlds") that two rules can distinguish: the caller, the names and claims of its credential, the client
//! location and the results of checks. Every assignment is tried, so that statements about two rules are exact.

mod requests;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::expr::{Expr, ExprLiteral};
use crate::policy::atom::{Fact, has_dimensions_of};

/// Maximum number of assignments.
const MOST: usize = 1 << 18;

/// A fact that differs between assignments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Variable {
    /// Whether a caller is authenticated.
    Caller,
    /// Whether the caller is a login without an account, for which no atom about the caller holds except `login`.
    WithoutAccount,
    /// Whether the issuer has answered completely for this kind. Otherwise nothing of the kind is known to be absent.
    Answered(String),
    /// Whether the caller holds a name, or a claim has a value.
    Holds(Fact),
    /// The age of the login. State `n` is within the `n`-th limit but not within a smaller one. The last state is older than all
    /// limits.
    Age,
    /// Whether the credential is bound to a tenant with these dimensions, as written. A credential that is bound to more dimensions is
    /// bound to each of them.
    Bound(String),
    /// The value of a property that has exactly one value.
    One(Single),
    /// The result of a check: no, yes, or unknown.
    Check(Fact),
    /// The narrowest network that contains the address, no network, or an unknown address.
    Address,
    /// The country, a country that no rule contains, or an unknown country.
    Country,
}

/// All assignments that the given rules distinguish.
pub(super) struct Worlds {
    variables: BTreeMap<Variable, usize>,
    /// The number of states of each variable.
    states: Vec<usize>,
    ages: Vec<u64>,
    values: BTreeMap<Single, Vec<String>>,
    /// The networks. Each one represents the addresses that are in no narrower network.
    networks: Vec<IpNet>,
    countries: Vec<String>,
}

/// One assignment: the state of each variable.
pub(super) type World = Vec<usize>;

/// A property of which every caller has exactly one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Single {
    Acr,
    Scheme,
    Credential,
}

/// Returns the property and the value that an atom requires of it.
fn single(fact: &Fact) -> Option<(Single, &String)> {
    match fact {
        Fact::Acr(value) => Some((Single::Acr, value)),
        Fact::Scheme(value) => Some((Single::Scheme, value)),
        Fact::Credential(kind, _) => Some((Single::Credential, kind)),
        _ => None,
    }
}

/// The text between the kind of a name and the dimensions of its tenant.
const IN_TENANT: &str = " in ";

fn kind(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Name(kind, _, None) => Some(format!("{kind} ")),
        Fact::Name(kind, _, Some(tenant)) => Some(format!("{kind}{IN_TENANT}{tenant}")),
        Fact::Claim(name, _) => Some(format!("claim {name}")),
        _ => None,
    }
}

impl Worlds {
    /// Collects the variables of rules whose names have been expanded to those that credentials list. Returns `None` if there are
    /// too many assignments.
    pub(super) fn of(trees: &[&Expr]) -> Option<Self> {
        let literals: BTreeSet<&ExprLiteral> = trees.iter().flat_map(|tree| tree.literals()).collect();
        let mut variables = BTreeMap::new();
        let (mut ages, mut networks, mut countries) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut values: BTreeMap<Single, BTreeSet<String>> = BTreeMap::new();
        for ExprLiteral { fact, negated } in literals {
            if fact.is_about_caller() {
                variables.insert(Variable::Caller, 2);
            }
            if let Fact::Credential(_, Some(tenant)) = fact {
                variables.insert(Variable::Bound(tenant.clone()), 2);
            }
            match fact {
                // Each caller of a test request passes a list.
                Fact::Authenticated | Fact::List(_) => {}
                Fact::Login => {
                    variables.insert(Variable::Check(Fact::Login), 2);
                    variables.insert(Variable::WithoutAccount, 2);
                }
                Fact::Account => drop(variables.insert(Variable::Check(Fact::Account), 2)),
                Fact::Name(..) | Fact::Claim(..) => {
                    variables.insert(Variable::Holds(fact.clone()), 2);
                    if let Some(kind) = kind(fact).filter(|_| *negated) {
                        variables.insert(Variable::Answered(kind), 2);
                    }
                }
                Fact::MaxAge(seconds) => drop(ages.insert(*seconds)),
                Fact::Network(all) => networks.extend(all.iter().copied()),
                Fact::Country(all) => countries.extend(all.iter().cloned()),
                _ => match single(fact) {
                    Some((kind, value)) => drop(values.entry(kind).or_default().insert(value.clone())),
                    None => drop(variables.insert(Variable::Check(fact.clone()), 3)),
                },
            }
        }
        let networks: Vec<_> = networks.into_iter().collect();
        let mut sized = |variable, count: usize, others: usize| {
            if count > 0 {
                variables.insert(variable, count + others);
            }
        };
        sized(Variable::Age, ages.len(), 1);
        sized(Variable::Address, networks.len(), 2);
        sized(Variable::Country, countries.len(), 2);
        values.iter().for_each(|(kind, all)| sized(Variable::One(*kind), all.len(), 1));
        let states: Vec<usize> = variables.values().copied().collect();
        states.iter().try_fold(1_usize, |all, states| all.checked_mul(*states).filter(|all| *all <= MOST))?;
        let variables = variables.into_keys().zip(0..).collect();
        let values = values.into_iter().map(|(kind, all)| (kind, all.into_iter().collect())).collect();
        let (ages, countries) = (ages.into_iter().collect(), countries.into_iter().collect());
        Some(Self { variables, states, ages, values, networks, countries })
    }

    pub(super) fn each(&self) -> impl Iterator<Item = World> + '_ {
        let count: usize = self.states.iter().product();
        let world = |mut number: usize| -> World {
            let state = |states: &usize| {
                let state = number % states;
                number /= states;
                state
            };
            self.states.iter().map(state).collect()
        };
        (0..count).map(world).filter(|world| self.can_be(world))
    }

    fn state(&self, variable: &Variable, world: &World) -> Option<usize> {
        world.get(*self.variables.get(variable)?).copied()
    }

    /// Returns whether the assignment is consistent. The country of an unknown address is unknown, and a network needs addresses
    /// that are in no narrower network.
    fn can_be(&self, world: &World) -> bool {
        let place = self.state(&Variable::Address, world);
        let unknown = place == Some(self.networks.len() + 1);
        let country = self.state(&Variable::Country, world);
        let country_is_known = country.is_some_and(|country| country <= self.countries.len());
        !(unknown && country_is_known) && place.is_none_or(|place| self.has_addresses(place))
    }

    /// Returns whether the network at `place` has addresses that are in no narrower network.
    fn has_addresses(&self, place: usize) -> bool {
        let size = |network: &IpNet| {
            let bits = u32::from(network.max_prefix_len() - network.prefix_len());
            1_u128.checked_shl(bits).unwrap_or(u128::MAX)
        };
        let outermost = |within: &dyn Fn(&IpNet) -> bool| {
            let inside: Vec<_> = self.networks.iter().filter(|one| within(one)).collect();
            let is_outermost = |one: &&IpNet| !inside.iter().any(|other| *other != *one && other.contains(*one));
            inside.iter().copied().filter(is_outermost).map(size).fold(0, u128::saturating_add)
        };
        match self.networks.get(place) {
            Some(network) => outermost(&|one| one != network && network.contains(one)) < size(network),
            // Addresses outside of all networks exist unless the networks cover both address families completely.
            None => place > self.networks.len() || self.networks.iter().filter(|one| one.prefix_len() == 0).count() < 2,
        }
    }

    /// Returns whether the credential is bound to the tenant in the assignment.
    fn is_bound(&self, tenant: &str, world: &World) -> bool {
        let is_bound = |variable: &Variable| match variable {
            Variable::Bound(bound) => has_dimensions_of(bound, tenant) && self.state(variable, world) == Some(1),
            _ => false,
        };
        self.variables.keys().any(is_bound)
    }

    /// Returns whether the literal holds in the assignment.
    pub(super) fn holds(&self, ExprLiteral { fact, negated }: &ExprLiteral, world: &World) -> bool {
        let is = |variable: &Variable| self.state(variable, world) == Some(1);
        if fact.is_about_caller() && !is(&Variable::Caller) {
            return false;
        }
        if fact.is_about_caller() && *fact != Fact::Login && is(&Variable::WithoutAccount) {
            return false;
        }
        match fact {
            Fact::Authenticated | Fact::List(_) => !negated,
            Fact::Name(..) | Fact::Claim(..) => {
                let holds = is(&Variable::Holds(fact.clone()));
                let answered = || kind(fact).is_some_and(|kind| is(&Variable::Answered(kind)));
                if *negated { !holds && answered() } else { holds }
            }
            Fact::MaxAge(seconds) => {
                let at = self.ages.iter().position(|age| age == seconds);
                !negated && at.is_some_and(|at| self.state(&Variable::Age, world).is_some_and(|age| age <= at))
            }
            Fact::Network(networks) => {
                let Some(place) = self.state(&Variable::Address, world) else { return false };
                let is_in = self.networks.get(place).is_some_and(|here| networks.iter().any(|one| one.contains(here)));
                place <= self.networks.len() && is_in != *negated
            }
            Fact::Country(countries) => {
                let Some(place) = self.state(&Variable::Country, world) else { return false };
                let is_in = self.countries.get(place).is_some_and(|here| countries.contains(here));
                place <= self.countries.len() && is_in != *negated
            }
            Fact::Credential(_, Some(tenant)) if !self.is_bound(tenant, world) => false,
            // The holder of a credential that is bound to the tenant is a member.
            Fact::TenantMember(tenant) if !negated && self.is_bound(tenant, world) => true,
            _ => match single(fact) {
                Some((kind, value)) => {
                    let at = self.values.get(&kind).and_then(|values| values.iter().position(|other| other == value));
                    !negated && at.is_some() && self.state(&Variable::One(kind), world) == at
                }
                None => self.state(&Variable::Check(fact.clone()), world) == Some(usize::from(!negated)),
            },
        }
    }

    /// Returns whether the caller is authenticated in the assignment.
    pub(super) fn is_known(&self, world: &World) -> bool {
        self.state(&Variable::Caller, world) == Some(1)
    }

    /// Returns whether the rule grants access in the assignment.
    pub(super) fn lets_in(&self, tree: &Expr, world: &World) -> bool {
        tree.holds(&|literal| self.holds(literal, world))
    }
}
