//! The facts about one request that a decision is based on.

use std::net::IpAddr;
use std::sync::Arc;

use crate::client::country::CountryCode;
use crate::client::csrf::CrossSite;
use crate::client::tenant::DimensionValue;
use crate::denial::Denial;
use crate::identity::issuer::Issuer;
use crate::identity::principal::{DefaultTenant, Principal};
use crate::identity::scheme_id::SchemeId;
use crate::identity::tenant::{Tenant, TenantRef};
use crate::identity::vocabulary::Name;
use crate::policy::truth::Truth;
use crate::runtime::clock::Timestamp;

/// The input of a decision. The adapter collects the facts, cheapest first. See [`crate::policy::decision`].
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The error in the server's configuration, if any.
    pub set_up: Option<&'static str>,
    /// The time of the request.
    pub now: Timestamp,
    /// The client address. `None` if it is unknown.
    pub client: Option<IpAddr>,
    /// The country of the address. `None` if it is unknown.
    pub country: Option<CountryCode>,
    /// The reason to refuse the request whatever its rule is, if any.
    pub refusal: Option<RequestRefusal>,
    /// The result of the cross-site check.
    pub cross_site: CrossSite,
    /// The caller.
    pub caller: CallerFacts<'a>,
    /// The issuers whose credentials are accepted.
    pub sources: &'a [Arc<Issuer>],
    /// The rights that no credential carries.
    pub external: ExternalRights<'a>,
    /// The results of the rule's checks so far.
    pub checks: Checks,
}

/// The reason why a request is refused whatever its rule and its credential are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestRefusal {
    /// The address is on a block list.
    AddressBlocked,
    /// In open mode, the request does not come from this machine, or passed a proxy.
    NotLocal,
    /// In open mode, the request names another host, as after DNS rebinding.
    OtherHost,
    /// In open mode, a page of another site sent the request.
    OtherSite,
}

/// The context of rights that no credential carries, and of the tenants in which they count. The principal contains the answers of
/// the rights provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExternalRights<'a> {
    /// Whether a rights provider is configured.
    pub is_asked: bool,
    /// The tenants that the rules name. `None` if they name none.
    pub tenants: Option<&'a RequestTenants>,
    /// Whether rights that the provider was not asked for count as if they satisfied a literal. Used to determine whether an answer
    /// could change the decision.
    pub unknown_holds: bool,
    /// Whether the caller counts as holding every name in a tenant without a value. Used to determine whether a value could change
    /// the decision.
    pub missing_holds: bool,
}

/// The tenants that the rules name, as found in a request.
#[derive(Clone, Debug, Default)]
pub struct RequestTenants {
    /// The dimensions, with their values.
    pub dimensions: Vec<RequestDimension>,
    /// Roles that rules negate, such as `suspended`. They make no caller a member of a tenant.
    pub negated: &'static [Name],
}

/// A dimension of tenants that a rule names, with its value in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestDimension {
    /// The name in rules.
    pub name: &'static str,
    /// The value.
    pub value: DimensionValue,
}

/// The reason why a tenant of a rule is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TenantUnknown;

impl<'a> ExternalRights<'a> {
    /// Returns the tenant with these dimensions that the request is about. `caller` is the verified caller.
    pub(crate) fn tenant<'f>(
        &self,
        names: &[&'static str],
        caller: Option<&'f Principal>,
    ) -> Result<TenantRef<'f>, TenantUnknown>
    where
        'a: 'f,
    {
        let mut tenant = TenantRef::default();
        for name in names {
            let known = self.dimensions().iter().find(|known| known.name == *name).ok_or(TenantUnknown)?;
            let value = match &known.value {
                DimensionValue::Named(value) => Some(value.as_str()),
                DimensionValue::Malformed => None,
                DimensionValue::Missing(or_credential) => caller.and_then(|caller| {
                    let bound = if *or_credential { caller.bound_value(name) } else { None };
                    bound.or_else(|| self.default_of(caller)?.get(name))
                }),
            };
            tenant.push(name, value.ok_or(TenantUnknown)?);
        }
        Ok(tenant)
    }

    /// Returns the tenant that the rights provider has chosen, if it counts.
    fn default_of<'f>(&self, caller: &'f Principal) -> Option<&'f Tenant> {
        match caller.default_tenant() {
            Some(DefaultTenant::Answered(tenant)) if self.names_none() => tenant.as_ref(),
            _ => None,
        }
    }

    fn dimensions(&self) -> &'a [RequestDimension] {
        self.tenants.map_or(&[], |tenants| &tenants.dimensions)
    }

    /// Returns the roles that rules negate.
    pub(crate) fn negated(&self) -> &'a [Name] {
        self.tenants.map_or(&[], |tenants| tenants.negated)
    }

    /// Returns whether the rules name tenants, and the request names none of them. A malformed value is not "none".
    pub(crate) fn names_none(&self) -> bool {
        let is_missing = |known: &RequestDimension| matches!(known.value, DimensionValue::Missing(_));
        self.tenants.is_some() && self.dimensions().iter().all(is_missing)
    }

    /// Returns whether the credential of the caller is bound to other tenants than the one that the request is about.
    #[cold]
    fn is_bound_elsewhere(&self, caller: &Principal) -> bool {
        if caller.counts_only_in_its_tenants() {
            return !self.is_for_a_tenant_of(caller, false);
        }
        let contradicts = |bound: &Tenant| {
            self.dimensions().iter().any(|known| match &known.value {
                DimensionValue::Named(value) => bound.get(known.name).is_some_and(|bound| bound != value),
                DimensionValue::Missing(_) | DimensionValue::Malformed => false,
            })
        };
        caller.bound_tenants().iter().any(contradicts)
    }

    /// Returns whether the rules name a dimension of a tenant of the caller's credential, and the request has its values of all these
    /// dimensions. `missing` is whether a value that the request lacks counts as that of the credential.
    pub(crate) fn is_for_a_tenant_of(&self, caller: &Principal, missing: bool) -> bool {
        let is_for = |bound: &Tenant| {
            let shared = self.dimensions().iter().filter_map(|known| Some((known, bound.get(known.name)?)));
            let mut shared = shared.peekable();
            shared.peek().is_some()
                && shared.all(|(known, bound)| match &known.value {
                    DimensionValue::Named(value) => value == bound,
                    DimensionValue::Missing(true) => missing || caller.bound_value(known.name).is_some(),
                    DimensionValue::Missing(false) | DimensionValue::Malformed => missing,
                })
        };
        caller.bound_tenants().iter().any(is_for)
    }
}

/// The results of a rule's checks so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    asked: u32,
    held: u32,
    /// The results for an anonymous caller of checks about objects, whose policies may decide differently about the caller.
    anonymous_asked: u32,
    anonymous_held: u32,
    /// The checks about an object for which the credential of the caller does not count (RIGHTS-8).
    uncounted: u32,
    /// Whether checks that have not run count in favor of the request.
    open_hold: bool,
}

impl Checks {
    /// Maximum number of checks in a rule.
    pub const MOST: u8 = 32;

    /// Returns the result of a check, or `None` if it has not run.
    pub const fn of(self, index: u8) -> Option<bool> {
        let bit = 1_u32.unbounded_shl(index as u32);
        if self.asked & bit == 0 { None } else { Some(self.held & bit != 0) }
    }

    /// Adds the result of a check.
    #[must_use]
    pub const fn with(self, index: u8, held: bool) -> Self {
        let bit = 1_u32.unbounded_shl(index as u32);
        Self { asked: self.asked | bit, held: if held { self.held | bit } else { self.held }, ..self }
    }

    /// Returns the result of a check about an object for an anonymous caller, or `None` if it has not run for one.
    pub const fn of_anonymous(self, index: u8) -> Option<bool> {
        let bit = 1_u32.unbounded_shl(index as u32);
        if self.anonymous_asked & bit == 0 { None } else { Some(self.anonymous_held & bit != 0) }
    }

    /// Adds the result of a check about an object for an anonymous caller.
    #[must_use]
    pub const fn with_anonymous(self, index: u8, held: bool) -> Self {
        let bit = 1_u32.unbounded_shl(index as u32);
        let anonymous_held = if held { self.anonymous_held | bit } else { self.anonymous_held };
        Self { anonymous_asked: self.anonymous_asked | bit, anonymous_held, ..self }
    }

    /// Records that the credential of the caller does not count for a check about an object.
    #[must_use]
    pub const fn with_uncounted(self, index: u8) -> Self {
        Self { uncounted: self.uncounted | 1_u32.unbounded_shl(index as u32), ..self }
    }

    /// Returns whether the credential of the caller does not count for a check about an object.
    pub const fn is_uncounted(self, index: u8) -> bool {
        self.uncounted & 1_u32.unbounded_shl(index as u32) != 0
    }

    pub(crate) const fn open_hold(self) -> bool {
        self.open_hold
    }

    /// Returns the results with all checks that have not run counted in favor of the request.
    #[must_use]
    pub const fn at_best(self) -> Self {
        Self { open_hold: true, ..self }
    }
}

/// The caller, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub enum CallerFacts<'a> {
    /// No credential, or none of an accepted scheme.
    Nobody,
    /// A well-formed credential that is not verified yet.
    Presented(SchemeId),
    /// A rejected credential.
    Refused(&'a Denial),
    /// A verified caller.
    Known(&'a Principal),
    /// A verified login of which the application knows no account. No atom about the caller holds, except `login`.
    WithoutAccount(&'a Principal),
    /// A hypothetical caller with the best credential that this issuer could provide. Used to determine which schemes could help.
    Hypothetical(&'a Issuer),
}

impl<'a> CallerFacts<'a> {
    /// Returns the facts about a verified principal. Until its account is loaded, its credential counts as one to verify.
    #[inline]
    pub(crate) fn of(principal: &'a Principal) -> Self {
        if principal.is_plain() { Self::Known(principal) } else { Self::of_other(principal) }
    }

    #[cold]
    fn of_other(principal: &'a Principal) -> Self {
        if principal.needs_account() {
            Self::Presented(principal.scheme())
        } else if principal.lacks_account() {
            Self::WithoutAccount(principal)
        } else {
            Self::Known(principal)
        }
    }

    /// Returns the verified principal, with or without an account.
    #[inline]
    pub(crate) const fn principal(&self) -> Option<&'a Principal> {
        match self {
            Self::Known(principal) | Self::WithoutAccount(principal) => Some(principal),
            Self::Nobody | Self::Presented(_) | Self::Refused(_) | Self::Hypothetical(_) => None,
        }
    }

    /// Returns whether the caller has a credential that counts only within some rights.
    #[inline]
    pub(crate) fn is_limited(&self) -> bool {
        match self {
            Self::Known(principal) | Self::WithoutAccount(principal) => !principal.is_plain() && principal.is_limited(),
            _ => false,
        }
    }

    /// Returns whether the caller is neither verified nor hypothetical.
    #[inline]
    pub(crate) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Nobody | Self::Presented(_) | Self::Refused(_))
    }
}

impl Facts<'_> {
    /// Returns whether the credential of the caller does not count for this request: outside of its networks, or of its tenants
    /// (RIGHTS-14).
    #[inline]
    pub(crate) fn is_outside(&self, caller: &Principal) -> bool {
        (self.external.tenants.is_some() || !caller.is_plain()) && self.is_outside_bounds(caller)
    }

    #[cold]
    fn is_outside_bounds(&self, caller: &Principal) -> bool {
        !caller.counts_from(self.client) || self.external.is_bound_elsewhere(caller)
    }

    /// Returns the truth of a literal about the caller. `known` evaluates a principal. `would` returns whether an issuer could
    /// provide a credential that satisfies the literal.
    pub(crate) fn of_caller(
        &self,
        known: impl FnOnce(&Principal) -> Truth,
        would: impl FnOnce(&Issuer) -> bool,
    ) -> Truth {
        match self.caller {
            CallerFacts::Known(principal) => known(principal),
            CallerFacts::Hypothetical(source) => {
                Truth::renewable(false).and(Truth { now: false, ..Truth::settled(would(source)) })
            }
            CallerFacts::WithoutAccount(_) => Truth::NO,
            // `Atom::of_unknown` has already answered for these callers.
            CallerFacts::Nobody | CallerFacts::Presented(_) | CallerFacts::Refused(_) => Truth::NO,
        }
    }
}
