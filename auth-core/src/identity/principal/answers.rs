//! The answers of the application's providers about a principal, for one request: its account and its rights.

use std::any::Any;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{LoadedAccount, Principal};
use crate::identity::rights::Rights;
use crate::identity::tenant::{Tenant, TenantRef};
use crate::identity::token_digest::TokenDigest;

/// The answer of the rights provider about a principal, within a tenant or outside of tenants.
#[derive(Clone, Debug)]
pub(crate) enum RightsLookup {
    /// The rights.
    Answered(Arc<Rights>),
    /// The provider is unavailable, so the rights are unknown.
    OutOfReach,
}

/// The account of a principal.
#[derive(Clone)]
pub(super) enum AccountState {
    /// A test has set this account, which was not loaded yet.
    Given(Arc<dyn Any + Send + Sync>),
    /// The account.
    Loaded(LoadedAccount),
    /// The provider knows no account.
    Missing,
}

/// The answers of the application's providers for a request.
#[derive(Clone, Default)]
pub(super) struct Answers {
    pub(super) account: Option<AccountState>,
    /// The account that a test has set, after it was loaded.
    pub(super) given: Option<Arc<dyn Any + Send + Sync>>,
    /// The digest of the credential for which the account was loaded, if it has one.
    pub(super) digest: Option<TokenDigest>,
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

    /// Returns this principal with its account.
    #[cfg(test)]
    pub(crate) fn with_account(&self, account: LoadedAccount) -> Self {
        self.with(|answers| answers.account = Some(AccountState::Loaded(account)))
    }

    /// Returns this principal as a login of which the provider knows no account.
    #[must_use]
    pub(crate) fn with_no_account(&self) -> Self {
        self.with(|answers| answers.account = Some(AccountState::Missing))
    }

    /// Returns this principal with an account for a test, in place of that of the provider.
    #[doc(hidden)]
    #[must_use]
    pub fn given_account(&self, account: Arc<dyn Any + Send + Sync>) -> Self {
        self.with(|answers| answers.account = Some(AccountState::Given(account)))
    }

    /// Returns this principal with rights in `tenant`, or outside of tenants, in place of those of the rights provider. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn given_rights(&self, tenant: Option<Tenant>, rights: Rights) -> Self {
        self.with_rights(tenant, RightsLookup::Answered(Arc::new(rights)))
    }

    /// Returns the account that a test has set.
    pub(crate) fn account_of_test(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        match self.account_state() {
            Some(AccountState::Given(account)) => Some(account),
            _ => None,
        }
    }

    pub(super) fn account_state(&self) -> Option<&AccountState> {
        self.answers.as_ref()?.account.as_ref()
    }

    pub(super) fn with(&self, add: impl FnOnce(&mut Answers)) -> Self {
        let mut answers = self.answers.as_deref().cloned().unwrap_or_default();
        add(&mut answers);
        Self { said: Arc::clone(&self.said), answers: Some(Arc::new(answers)) }
    }

    /// Returns this principal without its account and without answers of the rights provider.
    #[must_use]
    pub fn without_answers(&self) -> Self {
        Self { said: Arc::clone(&self.said), answers: None }
    }

    /// Returns this principal without answers of the rights provider.
    #[must_use]
    pub fn without_rights(&self) -> Self {
        self.with(|answers| answers.rights.clear())
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
