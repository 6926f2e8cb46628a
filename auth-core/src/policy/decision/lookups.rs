//! Steps that need what no credential contains: the tenant of the request, and rights of the provider.

use super::challenge_hints::scopes;
use super::{Decision, DecisionInput, RETRY, deny, needs_check};
use crate::denial::Reason;
use crate::identity::principal::{DefaultTenant, Principal};
use crate::policy::atom::may_count;
use crate::policy::facts::{CallerFacts, ExternalRights, Facts};
use crate::policy::rule::Literal;
use crate::policy::truth::Truth;

/// Denies a caller whose credential does not count for the request. No atom about the caller holds for them (TENANT-10, RIGHTS-14).
/// `effective_caller` has already ignored the credential if anonymous callers could pass.
#[inline]
pub(super) fn outside_networks_or_tenants(case: &DecisionInput<'_>) -> Option<Decision> {
    let principal = case.facts.caller.principal()?;
    case.facts.is_outside(principal).then(|| deny_outside(case, principal))
}

#[cold]
fn deny_outside(case: &DecisionInput<'_>, principal: &Principal) -> Decision {
    let could_count = principal.counts_only_in_its_tenants()
        && principal.counts_from(case.facts.client)
        && case.facts.external.is_for_a_tenant_of(principal, true);
    deny(case, if could_count { Reason::TenantRequired } else { Reason::InsufficientPermissions })
}

#[inline]
pub(super) fn tenant_is_unknown(case: &DecisionInput<'_>) -> Option<Decision> {
    case.facts.external.tenants?;
    unknown_tenant(case)
}

/// Denies a request without a valid tenant if a tenant could change the decision, or if the handler would get none. If the request
/// names no tenant at all, the rights provider may choose one, except for a credential that is bound to a tenant (TENANT-4).
#[cold]
fn unknown_tenant(case: &DecisionInput<'_>) -> Option<Decision> {
    let external = case.facts.external;
    // An object is loaded only with the tenant, and before the rules hold.
    let holds = case.truth.now || case.rules.handler.facts_needed().check && truth_in_tenants(case, false, false).now;
    let caller = match case.facts.caller {
        CallerFacts::Known(principal) => Some(principal),
        _ if holds => None,
        _ => return None,
    };
    let is_unknown = |dimensions: &[&'static str]| external.tenant(dimensions, caller).is_err();
    // A tenant is required if the handler takes it, or if the rules could hold only with a tenant. If another login could satisfy
    // the rules too, a tenant is not required, but one that the provider chooses could grant the request now.
    let (is_required, could_grant) = if holds {
        (case.rules.handler.uses_tenant() && is_unknown(&case.rules.dimensions()), false)
    } else if case.rules.literals().into_iter().filter_map(Literal::tenant).any(is_unknown) {
        let matters = |unknown_holds| {
            let (with, without) =
                (truth_in_tenants(case, unknown_holds, true), truth_in_tenants(case, unknown_holds, false));
            (with.could && !without.could, with.now && !without.now)
        };
        let known = matters(false);
        if matters(true) != known {
            return Some(
                next_lookup(case, caller?).unwrap_or_else(|| deny(case, Reason::AuthenticationUnavailable(RETRY))),
            );
        }
        known
    } else {
        (false, false)
    };
    if !is_required && !could_grant {
        return None;
    }
    let may_ask = external.is_asked && external.names_none();
    match caller.filter(|caller| may_ask && !caller.is_bound()).map(Principal::default_tenant) {
        Some(None) => Some(Decision::AskDefaultTenant),
        Some(Some(DefaultTenant::OutOfReach)) => Some(deny(case, Reason::AuthenticationUnavailable(RETRY))),
        Some(Some(DefaultTenant::Answered(_))) | None => is_required.then(|| deny(case, Reason::TenantRequired)),
    }
}

/// Returns the truth if checks that have not run count in favor of the request. `unknown_holds` and `missing_holds` are those of
/// [`ExternalRights`].
fn truth_in_tenants(case: &DecisionInput<'_>, unknown_holds: bool, missing_holds: bool) -> Truth {
    let external = ExternalRights { unknown_holds, missing_holds, ..case.facts.external };
    case.rules.truth(&Facts { external, checks: case.facts.checks.at_best(), ..*case.facts })
}

/// Returns the first question to the rights provider about a literal that does not hold yet, in the order of the rules.
fn next_lookup(case: &DecisionInput<'_>, caller: &Principal) -> Option<Decision> {
    let unasked = |literal: &Literal| {
        let is_above_ceiling = || literal.name().is_some_and(|name| !literal.negated && !caller.may_hold(name));
        if literal.truth(case.facts).now || !literal.needs_rights() || is_above_ceiling() {
            return None;
        }
        let Some(dimensions) = literal.tenant() else {
            return caller.answer(None).is_none().then_some(Decision::AskRights(None));
        };
        let tenant = case.facts.external.tenant(dimensions, Some(caller)).ok();
        let tenant = tenant.filter(|tenant| may_count(caller, tenant))?;
        caller.answer(Some(&tenant)).is_none().then_some(Decision::AskRights(Some(dimensions)))
    };
    case.rules.literals().into_iter().find_map(unasked)
}

/// Returns a lookup of rights if they could change the decision. Tenants are looked up one at a time, in the order of the rules,
/// because the first answer may be enough.
pub(super) fn needs_rights(case: &DecisionInput<'_>) -> Option<Decision> {
    let CallerFacts::Known(principal) = case.facts.caller else { return None };
    if !case.facts.external.is_asked {
        return None;
    }
    let external = ExternalRights { unknown_holds: true, ..case.facts.external };
    let facts = Facts { external, checks: case.facts.checks.at_best(), ..*case.facts };
    let at_best = DecisionInput { facts: &facts, truth: case.rules.truth(&facts), ..*case };
    // Without assumptions about rights that are unknown, and about checks that have not run.
    let as_known = Facts { checks: case.facts.checks.at_best(), ..*case.facts };
    let without_checks = Facts { external, ..*case.facts };
    // Rights matter if they could change access, the choice of 401 or 403, or whether only scopes are missing.
    let is_open = || {
        case.rules.truth(&without_checks).now
            || at_best.truth.now && !case.rules.truth(&as_known).now
            || at_best.truth.could && !case.truth.could
            || scopes(&at_best).is_some() && scopes(case).is_none()
    };
    if !is_open() {
        return None;
    }
    // After all lookups, one of which has failed, a check may still grant the request.
    next_lookup(case, principal)
        .or_else(|| Some(needs_check(case).unwrap_or_else(|| deny(case, Reason::AuthenticationUnavailable(RETRY)))))
}
