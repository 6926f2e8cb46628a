use super::named::{dimensions_text, may_count};
use super::{Fact, Requirement};
use crate::identity::principal::{Principal, RightsLookup};
use crate::identity::tenant::{Tenant, TenantRef};
use crate::policy::facts::{CallerFacts, Facts, TenantUnknown};
use crate::policy::truth::Truth;

/// A caller who has a right within a tenant with these dimensions, or whose credential is bound to it.
#[derive(Clone, Copy, Debug)]
pub struct TenantMember(pub &'static [&'static str]);

/// Returns whether the credential of the caller is bound to a tenant with these dimensions. Only these dimensions are compared
/// (TENANT-12).
pub(super) fn is_bound_to(caller: &Principal, dimensions: &[&str], tenant: &TenantRef<'_>) -> bool {
    let is_bound =
        |bound: &Tenant| dimensions.iter().all(|name| bound.get(name).is_some()) && !tenant.contradicts(bound);
    caller.bound_tenants().iter().any(is_bound)
}

impl Requirement for TenantMember {
    const ABOUT_CALLER: bool = true;
    const MAY_BE_NEGATED: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::TenantMember(dimensions_text(self.0))
    }

    // TENANT-13
    fn truth(&self, _: bool, facts: &Facts<'_>) -> Truth {
        let (dimensions, external) = (self.0, facts.external);
        let CallerFacts::Known(caller) = facts.caller else {
            return facts.of_caller(
                |_| Truth::NO,
                |source| {
                    let is_bound = || dimensions.iter().all(|name| source.tenancy.could_bind(name));
                    source.tenancy.could_enter(dimensions) && (external.is_asked || is_bound())
                },
            );
        };
        let tenant = match external.tenant(dimensions, Some(caller)) {
            Ok(tenant) => tenant,
            Err(TenantUnknown) if external.missing_holds => return Truth::HOLDS,
            Err(TenantUnknown) => return Truth::NO,
        };
        if !may_count(caller, &tenant) {
            return Truth::NO;
        }
        if is_bound_to(caller, dimensions, &tenant) {
            return Truth::HOLDS;
        }
        if caller.is_granted_any_but(external.negated(), &tenant) {
            return Truth::HOLDS;
        }
        let unknown = |otherwise| if external.unknown_holds { Truth::HOLDS } else { otherwise };
        match caller.answer(Some(&tenant)) {
            None if external.is_asked => unknown(Truth::NO),
            None => Truth::NO,
            Some(RightsLookup::OutOfReach) => unknown(Truth::OUT_OF_REACH),
            Some(RightsLookup::Answered(rights)) => {
                Truth::settled(rights.has_any_but(external.negated(), &caller.source().roles))
            }
        }
    }
}
