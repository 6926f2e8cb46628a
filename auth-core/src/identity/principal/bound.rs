//! The tenants and networks that a credential is bound to.

use std::net::IpAddr;
use std::sync::Arc;

use super::Principal;
use super::credential_claims::Binding;
use crate::identity::granted::GrantedRights;
use crate::identity::network::Network;
use crate::identity::tenant::Tenant;

impl Principal {
    /// Returns this caller with rights that its credential grants, and with the tenants and networks that it is bound to.
    #[must_use]
    pub(crate) fn granting(self, granted: GrantedRights, binding: Binding, networks: Option<Arc<[Network]>>) -> Self {
        self.changed(|inner| (inner.granted, inner.binding, inner.networks) = (Some(granted), binding, networks))
    }

    /// Returns the tenant that the credential is bound to. `None` if it is bound to several.
    pub fn tenant(&self) -> Option<&Tenant> {
        match self.bound_tenants() {
            [tenant] => Some(tenant),
            _ => None,
        }
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
}
