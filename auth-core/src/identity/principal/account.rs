//! The account of a principal, for one request.

use std::any::Any;
use std::sync::Arc;

use super::Principal;
use super::answers::AccountState;
use crate::identity::account_id::AccountId;
use crate::identity::id::Id;
use crate::identity::rights::Rights;
use crate::identity::scheme_id::SchemeId;

/// An account that the provider of accounts has returned, with its id and its rights. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LoadedAccount(Arc<AccountInner>);

struct AccountInner {
    id: Arc<AccountId>,
    rights: Rights,
    account: Arc<dyn Any + Send + Sync>,
}

impl LoadedAccount {
    /// Combines an account with its id and its rights.
    pub(crate) fn new(id: AccountId, rights: Rights, account: Arc<dyn Any + Send + Sync>) -> Self {
        Self(Arc::new(AccountInner { id: Arc::new(id), rights, account }))
    }

    /// Returns the account with other rights. For tests.
    pub(crate) fn with_rights(self, rights: Rights) -> Self {
        let AccountInner { id, account, .. } = &*self.0;
        Self(Arc::new(AccountInner { id: Arc::clone(id), rights, account: Arc::clone(account) }))
    }

    /// Returns the id.
    pub(crate) fn id(&self) -> &AccountId {
        &self.0.id
    }
}

/// Shows the id only, because the account is data of the application.
impl std::fmt::Debug for LoadedAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LoadedAccount").field(&self.0.id.to_string()).finish()
    }
}

impl Principal {
    /// Returns the identity. Owner checks compare it, and audit events, block lists and revocation store it.
    ///
    /// With an account, it is that of the account, so that all credentials of an account have one identity. For a login without an
    /// account, it is `login:` and the [identity of the credential](Self::credential_id), so that it equals no stored owner. In all
    /// other cases it is the identity of the credential.
    #[doc(alias = "user_id")]
    pub fn id(&self) -> Id {
        match self.account_state() {
            Some(AccountState::Loaded(account)) => account.id().identity(),
            Some(AccountState::Missing) => Id::login(&self.credential_id()),
            Some(AccountState::Given(_)) | None => self.credential_id(),
        }
    }

    /// Returns the identity of the credential: the issuer, the kind (user or client), and the subject. It does not depend on the
    /// account. Block lists and revocation match it in addition to [`id`](Self::id).
    pub fn credential_id(&self) -> Id {
        let kind = if self.is_client() { Id::client } else { Id::user };
        kind(self.issuer(), &self.local_subject())
    }

    /// Returns the account, if there is one and it is of this type. For data of the account. Ask the principal for rights, because a
    /// credential may limit them.
    pub fn account<A: Send + Sync + 'static>(&self) -> Option<&A> {
        self.loaded_account()?.0.account.downcast_ref()
    }

    /// Returns the id of the account, if there is one.
    pub fn account_id(&self) -> Option<&AccountId> {
        self.loaded_account().map(LoadedAccount::id)
    }

    /// Returns the account and its id for an extractor, which keeps both.
    #[doc(hidden)]
    pub fn shared_account<A: Send + Sync + 'static>(&self) -> Option<(Arc<AccountId>, Arc<A>)> {
        let LoadedAccount(inner) = self.loaded_account()?;
        let account = Arc::clone(&inner.account).downcast().ok()?;
        Some((Arc::clone(&inner.id), account))
    }

    fn loaded_account(&self) -> Option<&LoadedAccount> {
        match self.account_state() {
            Some(AccountState::Loaded(account)) => Some(account),
            _ => None,
        }
    }

    /// Returns whether the account must be loaded before a decision about this principal.
    #[inline]
    pub(crate) fn needs_account(&self) -> bool {
        self.source().login.loads_account() && self.lacks_outcome()
    }

    /// Returns whether no account was asked for.
    #[cold]
    fn lacks_outcome(&self) -> bool {
        !matches!(self.account_state(), Some(AccountState::Loaded(_) | AccountState::Missing))
    }

    /// Returns whether this is a login of which the provider knows no account.
    #[doc(hidden)]
    #[inline]
    pub fn lacks_account(&self) -> bool {
        self.source().login.loads_account() && matches!(self.account_state(), Some(AccountState::Missing))
    }

    /// Returns whether the credential is a login of a person, at a source that logs in: a token of a provider, a password, a session,
    /// or a credential of a scheme of the application. API keys and certificates are not.
    pub(crate) fn is_login(&self) -> bool {
        self.source().is_of_logins() && !self.is_client()
    }

    /// Returns the account that the credential names, which only the application can have written.
    pub(crate) fn acts_for(&self) -> Option<AccountId> {
        if self.scheme() != SchemeId::Session {
            return self.said.acts_for.clone();
        }
        let id = self.registered("session")?.member("account")?.string()?.parse::<Id>().ok()?;
        id.account_parts().map(|(kind, id)| AccountId::stored(kind, id))
    }

    /// Returns the rights of the account that count. With an actor none do, because no issuer can vouch for actors (H16).
    pub(super) fn rights_of_account(&self) -> Option<&Rights> {
        self.answered_rights().filter(|_| !self.has_actor())
    }

    /// Returns what the account answers about rights, even if they do not count.
    pub(super) fn answered_rights(&self) -> Option<&Rights> {
        self.loaded_account().map(|account| &account.0.rights)
    }
}
