//! The rights and limits that a principal may pass on to a credential that it issues (TOKEN-7).

use std::sync::Arc;

use super::Principal;
use super::answers::AccountState;
use crate::identity::network::Network;
use crate::identity::rights::{Answer, Rights};
use crate::identity::scheme_id::{AuthenticationTime, SchemeId};
use crate::identity::tenant::{Tenant, TenantRef};
use crate::identity::token_digest::TokenDigest;
use crate::identity::vocabulary::NameKind;
use crate::runtime::clock::Timestamp;

impl Principal {
    /// Returns the time of the login, which is now for a credential with a password. `None` if it is unknown. Never in the future.
    #[doc(hidden)]
    pub fn login_time(&self, now: Timestamp) -> Option<Timestamp> {
        match self.said.source.authentication_time() {
            AuthenticationTime::EachRequest => Some(now),
            AuthenticationTime::Never => None,
            AuthenticationTime::AsClaimed => self.authenticated_at().map(|at| at.min(now)),
        }
    }

    /// Returns the networks from which the credential counts. `None` if it counts from each.
    pub(crate) fn networks(&self) -> Option<&[Network]> {
        self.said.networks.as_deref()
    }

    /// Returns whether the principal holds every name of a kind, within a tenant or outside of tenants.
    pub(crate) fn holds_all(&self, kind: NameKind, tenant: Option<&TenantRef<'_>>) -> bool {
        let has_all = |rights: &Rights| *rights.of(kind) == Answer::All;
        let (source, ceiling) = (&self.said.source, &self.said.ceiling);
        if !ceiling.as_ref().is_none_or(has_all) {
            return false;
        }
        if kind == NameKind::Scope {
            let confers_all = source.all_scopes && source.confers.allows_all(kind);
            return tenant.is_none() && (ceiling.is_some() || confers_all);
        }
        self.answered(tenant).any(has_all)
    }

    /// Returns whether the scopes of the credential limit the principal. A login at a source without scopes is not limited, nor is a
    /// session that began without a list of scopes.
    pub(crate) fn is_limited_by_scopes(&self) -> bool {
        let is_unlimited_session = || {
            let is_listed = self.lists_of(NameKind::Scope).any(|(_, found)| found.is_some());
            self.scheme() == SchemeId::Session && !self.said.source.all_scopes && !is_listed
        };
        self.said.ceiling.is_some() || self.said.source.may_confer_scopes() && !is_unlimited_session()
    }

    /// Returns whether the credential is bound to this tenant, or to one that contains it. An unbound credential is not.
    pub(crate) fn is_bound_within(&self, tenant: &Tenant) -> bool {
        let contains = |bound: &Tenant| bound.dimensions().all(|(name, value)| tenant.get(name) == Some(value));
        self.bound_tenants().iter().any(contains)
    }

    /// Returns this principal as it was before its account was loaded and its rights were looked up. The account that a test has set is
    /// kept.
    #[must_use]
    pub(crate) fn before_answers(&self) -> Self {
        match self.answers.as_ref().and_then(|answers| answers.given.clone()) {
            Some(account) => self.without_answers().given_account(account),
            None => self.without_answers(),
        }
    }

    /// Returns the digest of the credential for which the account was loaded.
    pub(crate) fn credential_digest(&self) -> Option<&TokenDigest> {
        self.answers.as_ref()?.digest.as_ref()
    }

    /// Returns this principal with its account, which was loaded for the credential with this digest.
    #[must_use]
    pub(crate) fn with_account_of(&self, account: super::LoadedAccount, digest: Option<TokenDigest>) -> Self {
        self.with(|answers| {
            if let Some(AccountState::Given(account)) = &answers.account {
                answers.given = Some(Arc::clone(account));
            }
            answers.account = Some(AccountState::Loaded(account));
            answers.digest = digest;
        })
    }
}
