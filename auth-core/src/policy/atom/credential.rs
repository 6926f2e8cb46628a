use super::named::dimensions_text;
use super::scheme::ByScheme;
use super::tenant_member::is_bound_to;
use super::{Fact, Requirement};
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::tenant::Tenant;
use crate::identity::vocabulary::{Name, same};
use crate::policy::facts::{Facts, TenantUnknown};
use crate::policy::truth::Truth;

/// A credential of one kind: of a source of own tokens, or of a scheme of the application (TOKEN-10).
#[derive(Clone, Copy, Debug)]
pub struct ByCredential {
    /// The kind.
    pub kind: Name,
    /// The dimensions of the tenant to which the credential must be bound. Empty if it need not be bound.
    pub tenant: &'static [&'static str],
}

impl ByCredential {
    /// Returns whether both are the same kind. Available in const code.
    pub(crate) const fn is_kind_of(&self, other: &Self) -> bool {
        same(self.kind.text, other.kind.text)
    }

    /// Returns whether credentials of the kind can have the scheme. Available in const code.
    pub(crate) const fn may_be(&self, ByScheme(scheme): &ByScheme) -> bool {
        // Rules name no scheme of the application.
        matches!(scheme, SchemeId::ApiKey)
    }

    fn is_of(&self, source: &Issuer) -> bool {
        source.credential_kind() == Some(self.kind.text)
    }

    /// Returns whether a credential of the kind is bound to the tenant.
    fn is_bound(&self, caller: &Principal, facts: &Facts<'_>) -> bool {
        if self.tenant.is_empty() {
            return true;
        }
        match facts.external.tenant(self.tenant, Some(caller)) {
            Ok(tenant) => is_bound_to(caller, self.tenant, &tenant),
            // A tenant in the request could help only a credential that is bound in these dimensions (TENANT-5).
            Err(TenantUnknown) => {
                let has_all = |bound: &Tenant| self.tenant.iter().all(|name| bound.get(name).is_some());
                facts.external.missing_holds && caller.bound_tenants().iter().any(has_all)
            }
        }
    }
}

impl Requirement for ByCredential {
    const ABOUT_CALLER: bool = true;
    const MAY_BE_NEGATED: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Credential(self.kind.text.to_owned(), (!self.tenant.is_empty()).then(|| dimensions_text(self.tenant)))
    }

    // TENANT-13
    fn truth(&self, _: bool, facts: &Facts<'_>) -> Truth {
        facts.of_caller(
            |caller| match self.is_of(caller.source()) {
                true => Truth::settled(self.is_bound(caller, facts)),
                false => Truth::COULD,
            },
            |source| self.is_of(source) && self.tenant.iter().all(|name| source.tenancy.could_bind(name)),
        )
    }
}
