//! The test requests that produce an assignment.

use super::{IN_TENANT, Single, Variable, World, Worlds};
use crate::matrix::request::{CaseCaller, CaseLocation};
use crate::policy::atom::{Fact, has_dimensions_of};

impl Worlds {
    /// Returns whether test requests can produce the assignment. Anonymous callers have nothing, a missing list contains no names, and
    /// a caller with a right in a tenant is a member. The results of checks and the country are those that a request cannot determine.
    /// Whether the credentials of the application can contain it is decided by the sender.
    pub(in crate::matrix) fn can_be_made(&self, world: &World) -> bool {
        let state = |variable: &Variable| self.state(variable, world).unwrap_or_default();
        let stranger = self.variables.contains_key(&Variable::Caller) && !self.is_known(world);
        self.variables.keys().all(|variable| match variable {
            Variable::Caller | Variable::Address => true,
            _ if stranger => state(variable) == 0 || matches!(variable, Variable::One(_)),
            Variable::Country | Variable::WithoutAccount => state(variable) == 0,
            Variable::Check(Fact::Direct) => match state(variable) {
                0 => self.has_no_level(world),
                state => state == 1,
            },
            Variable::Check(Fact::TenantMember(tenant)) => match state(variable) {
                0 => !self.has_right_in(tenant, world),
                state => state == 1,
            },
            Variable::Check(Fact::Login | Fact::Account) => true,
            Variable::Check(_) => state(variable) == 0,
            Variable::Holds(fact) => {
                let answered = super::kind(fact)
                    .map(Variable::Answered)
                    .is_none_or(|answered| !self.variables.contains_key(&answered) || state(&answered) == 1);
                state(variable) == 0 || answered || matches!(fact, Fact::Name(_, _, Some(_)))
            }
            Variable::Answered(_) | Variable::Age | Variable::Bound(_) | Variable::One(_) => true,
        })
    }

    /// Returns whether the login satisfies no age and no assurance level. A caller with an actor satisfies none.
    fn has_no_level(&self, world: &World) -> bool {
        let is_last = |variable: &Variable, last: usize| self.state(variable, world).is_none_or(|state| state == last);
        let levels = self.values.get(&Single::Acr).map_or(0, Vec::len);
        is_last(&Variable::Age, self.ages.len()) && is_last(&Variable::One(Single::Acr), levels)
    }

    /// Returns whether the assignment contains a right in the tenant. An answer that proves the absence of a role is not empty.
    fn has_right_in(&self, tenant: &str, world: &World) -> bool {
        let is_of = |variable: &Variable| match variable {
            Variable::Holds(Fact::Name(_, _, Some(other))) => other == tenant,
            Variable::Answered(kind) => kind.split_once(IN_TENANT).is_some_and(|(_, other)| other == tenant),
            Variable::Bound(bound) => has_dimensions_of(bound, tenant),
            _ => false,
        };
        self.variables.keys().any(|variable| is_of(variable) && self.state(variable, world) == Some(1))
    }

    /// Returns the location of the client in the assignment.
    fn location(&self, world: &World) -> CaseLocation {
        match self.state(&Variable::Address, world) {
            None => CaseLocation::Anywhere,
            Some(place) => match self.networks.get(place) {
                Some(network) => {
                    let narrower = self.networks.iter().filter(|other| *other != network && network.contains(*other));
                    CaseLocation::Within(*network, narrower.copied().collect())
                }
                None if place == self.networks.len() => CaseLocation::Outside(self.networks.clone()),
                None => CaseLocation::NotKnown,
            },
        }
    }

    /// Returns the caller and the location of a request for the assignment.
    pub(in crate::matrix) fn request(&self, world: &World) -> (Option<CaseCaller>, CaseLocation) {
        let place = self.location(world);
        if !self.is_known(world) {
            return (None, place);
        }
        let mut caller = CaseCaller { lists_roles: true, ..CaseCaller::default() };
        for variable in self.variables.keys() {
            self.add_to(&mut caller, variable, world);
        }
        // A claim that is present with none of the compared values has a different value.
        let is_answered = |name: &str| {
            let answered = Variable::Answered(format!("claim {name}"));
            self.state(&answered, world).is_none_or(|state| state == 1)
        };
        caller.claims.retain(|(name, _)| is_answered(name));
        for (name, values) in caller.claims.iter_mut().filter(|(_, values)| values.is_empty()) {
            values.push(self.another_value(name));
        }
        (Some(caller), place)
    }

    /// Adds the value of a variable to the caller.
    fn add_to(&self, caller: &mut CaseCaller, variable: &Variable, world: &World) {
        let state = self.state(variable, world).unwrap_or_default();
        let is = state == 1;
        match variable {
            Variable::Holds(fact @ Fact::Name(kind, name, tenant)) => match tenant {
                None if is => caller.names.push((kind.clone(), name.clone())),
                Some(tenant) if is => caller.names_in_tenants.push((kind.clone(), name.clone(), tenant.clone())),
                _ => {
                    let answered = super::kind(fact).map(Variable::Answered);
                    let is_proven = answered.is_some_and(|answered| self.state(&answered, world) == Some(1));
                    if is_proven || kind == "scope" {
                        caller.lacks.push((kind.clone(), name.clone(), tenant.clone()));
                    }
                }
            },
            Variable::Holds(Fact::Claim(name, value)) => {
                if !caller.claims.iter().any(|(known, _)| known == name) {
                    caller.claims.push((name.clone(), Vec::new()));
                }
                let values = caller.claims.iter_mut().find(|(known, _)| is && known == name);
                values.into_iter().for_each(|(_, values)| values.push(value.clone()));
            }
            Variable::Answered(kind) if !is => {
                let tenant = kind.split_once(IN_TENANT).map(|(_, tenant)| tenant.to_owned());
                caller.incomplete_in.extend(tenant);
                caller.lists_roles &= kind != "role ";
            }
            Variable::Age => {
                let before = state.checked_sub(1).and_then(|state| self.ages.get(state)).copied().unwrap_or_default();
                caller.age = Some(before + 5);
            }
            Variable::One(single) => {
                let values = self.values.get(single).map(Vec::as_slice).unwrap_or_default();
                let each = (0..).zip(values).map(|(position, value)| (value.clone(), position == state));
                match single {
                    Single::Acr => caller.acr = values.get(state).cloned(),
                    Single::Scheme => caller.schemes = each.collect(),
                    Single::Credential => caller.credentials = each.collect(),
                }
            }
            Variable::Check(Fact::Login) => caller.is_login = Some(is),
            Variable::Check(Fact::Account) => caller.has_account = Some(is),
            Variable::Check(Fact::Direct) => caller.has_actor = !is,
            Variable::Check(Fact::TenantMember(tenant)) => caller.is_member_of.push((tenant.clone(), is)),
            Variable::Bound(tenant) => caller.is_bound_to.push((tenant.clone(), is)),
            _ => {}
        }
    }

    /// Returns a JSON value of the same type that no rule requires of the claim.
    fn another_value(&self, claim: &str) -> String {
        let asked = self.variables.keys().filter_map(|variable| match variable {
            Variable::Holds(Fact::Claim(name, value)) if name == claim => Some(value.as_str()),
            _ => None,
        });
        let asked: Vec<_> = asked.collect();
        let number = asked.iter().filter_map(|value| value.parse::<i64>().ok()).max();
        match (asked.contains(&"true"), asked.contains(&"false"), number) {
            (true, false, _) => "false".to_owned(),
            (false, true, _) => "true".to_owned(),
            (_, _, Some(largest)) => largest.saturating_add(1).to_string(),
            _ => "\"another\"".to_owned(),
        }
    }
}
