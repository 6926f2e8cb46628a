//! Rights that a credential grants by itself, in tenants and outside of them.

use super::issuer::{Confers, RoleTypes};
use super::rights::{NameRef, Rights};
use super::tenant::{Tenant, TenantRef};
use super::vocabulary::{Name, NameKind};

/// The place in which rights count.
///
/// ```
/// use auth_actix::identity::{Rights, RightsIn, Tenant};
/// let access = vec![
///     (RightsIn::Everywhere, Rights::new().roles(["read"])),
///     (RightsIn::Tenant(Tenant::of("collection", "books")), Rights::new().roles(["write"])),
/// ];
/// # let _: Vec<(RightsIn, Rights)> = access;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RightsIn {
    /// In each tenant, and outside of tenants.
    Everywhere,
    /// Outside of tenants only.
    Outside,
    /// In this tenant only. Scopes count in no tenant.
    Tenant(Tenant),
}

impl RightsIn {
    /// Returns whether such rights count in `tenant`, or outside of tenants.
    fn includes(&self, tenant: Option<&TenantRef<'_>>) -> bool {
        match (self, tenant) {
            (Self::Everywhere, _) | (Self::Outside, None) => true,
            (Self::Tenant(known), Some(tenant)) => tenant.is(known),
            (Self::Outside, Some(_)) | (Self::Tenant(_), None) => false,
        }
    }
}

/// The rights that a credential grants by itself, in addition to the lists of names in its claims.
#[derive(Clone, Debug)]
pub(crate) enum GrantedRights {
    /// The credential cannot be understood, so that it grants nothing and proves no absence.
    Unknown,
    /// These rights, within what the issuer may confer.
    Known(Box<[(RightsIn, Rights)]>),
}

impl GrantedRights {
    pub(crate) fn new(rights: Vec<(RightsIn, Rights)>, confers: &Confers) -> Self {
        Self::Known(rights.into_iter().map(|(place, rights)| (place, rights.within(confers))).collect())
    }

    /// Returns the rights of a client that is bound to no tenant: outside of tenants, or everywhere if they are all rights (RIGHTS-10).
    pub(crate) fn unbound(rights: Rights, confers: &Confers) -> Self {
        let place = if rights.is_everything() { RightsIn::Everywhere } else { RightsIn::Outside };
        Self::new(vec![(place, rights)], confers)
    }

    /// Returns the rights of a client: in each of the tenants that its credential is bound to, if it is bound.
    pub(crate) fn of_client(rights: Rights, tenants: Option<&[Tenant]>, confers: &Confers) -> Self {
        match tenants {
            None => Self::unbound(rights, confers),
            Some(tenants) => {
                let each = tenants.iter().map(|tenant| (RightsIn::Tenant(tenant.clone()), rights.clone()));
                Self::new(each.collect(), confers)
            }
        }
    }

    fn within<'a>(&'a self, tenant: Option<&'a TenantRef<'_>>) -> impl Iterator<Item = &'a Rights> {
        let known: &[(RightsIn, Rights)] = match self {
            Self::Unknown => &[],
            Self::Known(known) => known,
        };
        known.iter().filter(move |(place, _)| place.includes(tenant)).map(|(_, rights)| rights)
    }

    /// Returns whether the rights contain the name, or a name that implies or grants it.
    pub(crate) fn contain(&self, name: NameRef<'_>, tenant: Option<&TenantRef<'_>>, types: &RoleTypes) -> bool {
        let is_scope_in_tenant = name.vocabulary.kind == NameKind::Scope && tenant.is_some();
        !is_scope_in_tenant && self.within(tenant).any(|rights| rights.contain(name, types))
    }

    /// Returns whether the rights prove the absence of a role: an entry counts here, and all that count prove it.
    pub(crate) fn lack_role(&self, role: Name, tenant: Option<&TenantRef<'_>>, types: &RoleTypes) -> bool {
        let mut here = self.within(tenant).peekable();
        here.peek().is_some() && here.all(|rights| rights.lack_role(role, types))
    }

    /// Returns whether there is a permission, or a role that is not in `negated`. See [`Rights::has_any_but`].
    pub(crate) fn has_any_but(&self, negated: &[Name], tenant: &TenantRef<'_>, types: &RoleTypes) -> bool {
        self.within(Some(tenant)).any(|rights| rights.has_any_but(negated, types))
    }
}
