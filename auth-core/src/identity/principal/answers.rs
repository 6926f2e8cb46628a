//! The answers of the rights provider about a principal, for one request.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Principal;
use crate::identity::rights::Rights;
use crate::identity::tenant::{Tenant, TenantRef};

/// The answer of the rights provider about a principal, within a tenant or outside of tenants.
#[derive(Clone, Debug)]
pub(crate) enum RightsLookup {
    /// The rights.
    Answered(Arc<Rights>),
    /// The provider is unavailable, so the rights are unknown.
    OutOfReach,
}

/// The answers of the rights provider for a request.
#[derive(Clone, Default)]
pub(super) struct Answers {
    rights: SmallVec<[(Option<Tenant>, RightsLookup); 1]>,
    default_tenant: Option<DefaultTenant>,
}

/// The tenant that the rights provider chooses for a request that names none.
#[derive(Clone, Debug)]
pub(crate) enum DefaultTenant {
    /// The chosen tenant. `None` if the provider chooses none.
    Answered(Option<Tenant>),
    /// The provider is unavailable.
    OutOfReach,
}

impl Principal {
    /// Returns this principal with an answer of the rights provider. `tenant` is `None` for rights outside of tenants.
    #[must_use]
    pub(crate) fn with_rights(&self, tenant: Option<Tenant>, answer: RightsLookup) -> Self {
        self.with(|answers| answers.rights.push((tenant, answer)))
    }

    /// Returns this principal with the tenant that the rights provider has chosen.
    #[must_use]
    pub(crate) fn with_default_tenant(&self, tenant: DefaultTenant) -> Self {
        self.with(|answers| answers.default_tenant = Some(tenant))
    }

    fn with(&self, add: impl FnOnce(&mut Answers)) -> Self {
        let mut answers = self.answers.as_deref().cloned().unwrap_or_default();
        add(&mut answers);
        Self { said: Arc::clone(&self.said), answers: Some(Arc::new(answers)) }
    }

    /// Returns this principal without answers of the rights provider.
    #[must_use]
    pub fn without_answers(&self) -> Self {
        Self { said: Arc::clone(&self.said), answers: None }
    }

    /// Returns whether the rights provider was asked for rights of the principal.
    pub fn was_asked_about(&self) -> bool {
        self.answers.as_ref().is_some_and(|answers| !answers.rights.is_empty())
    }

    /// Returns the answer of the rights provider for `tenant`, or `None` if it was not asked.
    pub(crate) fn answer(&self, tenant: Option<&TenantRef<'_>>) -> Option<&RightsLookup> {
        let is_asked = |known: &Option<Tenant>| match (known, tenant) {
            (Some(known), Some(tenant)) => tenant.is(known),
            (None, None) => true,
            _ => false,
        };
        self.answers.as_ref()?.rights.iter().find(|(known, _)| is_asked(known)).map(|(_, answer)| answer)
    }

    /// Returns the tenant that the rights provider has chosen, or `None` if it was not asked.
    pub(crate) fn default_tenant(&self) -> Option<&DefaultTenant> {
        self.answers.as_ref()?.default_tenant.as_ref()
    }
}
