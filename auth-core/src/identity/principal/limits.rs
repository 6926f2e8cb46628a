//! The limits of a credential: its ceiling, and the tenants and networks that it is bound to.

use std::net::IpAddr;
use std::sync::Arc;

use super::credential_claims::Binding;
use super::{Principal, PrincipalInner};
use crate::identity::account_id::AccountId;
use crate::identity::granted::GrantedRights;
use crate::identity::network::Network;
use crate::identity::rights::Rights;
use crate::identity::tenant::{Tenant, TenantRef};
use crate::identity::vocabulary::{Name, NameKind};

impl PrincipalInner {
    /// Computes again what depends on the other fields, after a change. Names that were found before the change are forgotten, because
    /// they are found without comparing them with the ceiling.
    pub(super) fn update(&mut self) {
        self.held = Default::default();
        let is_bound = self.networks.is_some() || matches!(self.binding, Binding::Only(_));
        self.is_plain = !is_bound && self.ceiling.is_none() && !self.source.login.loads_account();
    }

    /// Returns whether the roles and permissions of the credential count in `tenant`. If the credential is bound to a tenant,
    /// they count only in that tenant, otherwise only outside of tenants.
    pub(super) fn counts_in(&self, tenant: Option<&TenantRef<'_>>) -> bool {
        match (&self.binding, tenant) {
            (Binding::None, None) => self.source.tenancy.always.is_empty(),
            (Binding::Tenant(_) | Binding::Only(_), Some(tenant)) => self.is_bound_to(tenant),
            _ => false,
        }
    }

    /// Returns whether the tenant is one that the credential is bound to.
    fn is_bound_to(&self, tenant: &TenantRef<'_>) -> bool {
        self.binding.tenants().iter().any(|bound| tenant.is_same_as(bound))
    }

    /// Returns the rights that the credential grants for each tenant, if they may count in `tenant`. Those of a bound credential
    /// count in its own tenant only.
    pub(super) fn granted_in(&self, tenant: Option<&TenantRef<'_>>) -> Option<&GrantedRights> {
        let granted = self.granted.as_ref()?;
        let counts = match &self.binding {
            Binding::None => true,
            Binding::Tenant(_) | Binding::Only(_) => tenant.is_some_and(|tenant| self.is_bound_to(tenant)),
            Binding::Incomplete(_) => false,
        };
        counts.then_some(granted)
    }
}

impl Principal {
    /// Returns this caller with rights that its credential grants, and with the tenants and networks that it is bound to.
    #[must_use]
    pub(crate) fn granting(self, granted: GrantedRights, binding: Binding, networks: Option<Arc<[Network]>>) -> Self {
        self.changed(|inner| (inner.granted, inner.binding, inner.networks) = (Some(granted), binding, networks))
    }

    /// Returns this caller with a credential that the application issued for an account, with the tenants and networks that it is bound
    /// to.
    #[must_use]
    pub(crate) fn acting_for(self, account: AccountId, binding: Binding, networks: Option<Arc<[Network]>>) -> Self {
        self.changed(|inner| (inner.acts_for, inner.binding, inner.networks) = (Some(account), binding, networks))
    }

    /// Returns this caller with a credential that is bound to the tenant. If the application issued it, it has these rights. For tests.
    #[must_use]
    pub fn given_limits(self, rights: Option<Rights>, tenant: Option<Tenant>) -> Self {
        let source = Arc::clone(&self.said.source);
        if !source.scheme.is_of_own_tokens() {
            let bound = match tenant {
                Some(tenant) => self.changed(|inner| inner.binding = Binding::Tenant(tenant)),
                None => self,
            };
            return match rights {
                Some(rights) => bound.with_ceiling(rights),
                None => bound,
            };
        }
        let (rights, tenants) = (rights.unwrap_or_default(), tenant.map(|tenant| vec![tenant]));
        let binding = tenants.clone().map_or(Binding::None, |tenants| Binding::Only(tenants.into()));
        match source.login.loads_account() {
            true => self.changed(|inner| inner.binding = binding).with_ceiling(rights),
            false => {
                let granted = GrantedRights::of_client(rights, tenants.as_deref(), &source.confers);
                self.granting(granted, binding, None)
            }
        }
    }

    /// Returns the tenant that the credential is bound to. `None` if it is bound to several.
    pub fn tenant(&self) -> Option<&Tenant> {
        match self.bound_tenants() {
            [tenant] => Some(tenant),
            _ => None,
        }
    }

    /// Returns this caller with a credential that counts only within these rights and what its issuer may confer.
    #[must_use]
    pub fn with_ceiling(self, ceiling: Rights) -> Self {
        let ceiling = ceiling.within(&self.said.source.confers);
        self.changed(|inner| inner.ceiling = Some(ceiling))
    }

    /// Returns this caller after a change, which does not affect other copies.
    pub(super) fn changed(mut self, change: impl FnOnce(&mut PrincipalInner)) -> Self {
        let inner = Arc::make_mut(&mut self.said);
        change(inner);
        inner.update();
        self
    }

    /// Returns the rights within which the credential counts. `None` if it has no such limit.
    pub fn ceiling(&self) -> Option<&Rights> {
        self.said.ceiling.as_ref()
    }

    /// Returns whether the credential counts only within some rights. It then passes a rule only by a role, a permission or a scope
    /// within them.
    #[inline]
    pub fn is_limited(&self) -> bool {
        !self.said.is_plain && self.said.ceiling.as_ref().is_some_and(|ceiling| !ceiling.is_everything())
    }

    /// Returns whether the credential counts for every request, without a ceiling or networks, and no account is loaded for it.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.said.is_plain
    }

    /// Returns the tenants that the credential is bound to.
    pub(crate) fn bound_tenants(&self) -> &[Tenant] {
        self.said.binding.tenants()
    }

    /// Returns whether the credential is bound to tenants, or counts in none.
    pub(crate) fn is_bound(&self) -> bool {
        !self.bound_tenants().is_empty() || self.counts_only_in_its_tenants()
    }

    /// Returns whether the credential counts only in requests for one of its tenants (TENANT-11).
    pub(crate) fn counts_only_in_its_tenants(&self) -> bool {
        matches!(self.said.binding, Binding::Only(_))
    }

    /// Returns the value of a dimension in the tenants that the credential is bound to. `None` if they have several values.
    pub(crate) fn bound_value(&self, name: &str) -> Option<&str> {
        let mut values = self.bound_tenants().iter().filter_map(|tenant| tenant.get(name));
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }

    /// Returns whether the credential counts from this address. An unknown address is outside of all networks (TOKEN-12).
    #[inline]
    pub(crate) fn counts_from(&self, client: Option<IpAddr>) -> bool {
        let is_inside = |networks: &Arc<[Network]>| {
            client.is_some_and(|client| networks.iter().any(|network| network.contains(client)))
        };
        self.said.networks.as_ref().is_none_or(is_inside)
    }

    /// Returns whether an object of `tenant` can exist for the caller: the credential is not bound to tenants, or to one that does not
    /// contradict it (TENANT-8).
    #[doc(hidden)]
    pub fn may_see_tenant(&self, tenant: &Tenant) -> bool {
        let (bound, tenant) = (self.bound_tenants(), tenant.borrowed());
        bound.is_empty() || bound.iter().any(|bound| !tenant.contradicts(bound))
    }

    /// Returns whether the credential is bound to a value of this dimension.
    #[doc(hidden)]
    pub fn is_bound_in(&self, name: &str) -> bool {
        self.bound_tenants().iter().any(|bound| bound.get(name).is_some())
    }

    /// Returns whether the caller has the name that an action requires: a scope, or a role or permission in `tenant`, or outside of
    /// tenants (RIGHTS-8).
    #[doc(hidden)]
    pub fn has_required(&self, name: Name, tenant: Option<&Tenant>) -> bool {
        let tenant = tenant.filter(|_| name.vocabulary.kind != NameKind::Scope).map(Tenant::borrowed);
        self.holds_within(name, tenant.as_ref())
    }
}
