//! The account of the caller of a request, loaded where a credential is verified (ACCT-7).

use super::Engine;
use super::request::{Adapter, RequestState};
use crate::audit::EventKind;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::principal::Principal;
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock;
use crate::runtime::future::LocalBoxFuture;
use crate::scheme::{Extracted, RequestView, Verified};
use crate::store::accounts::{AccountLookup, AccountsUnavailable, LookUp, Lookup, ProvidedAccounts};

/// The account of a caller, or the pending lookup.
pub(super) enum AccountOf<'r> {
    Known(Result<Principal, Denial>),
    Pending(LocalBoxFuture<'r, Verified>),
}

impl<H: Adapter> Engine<H> {
    /// Loads the account of a verified caller.
    #[cold]
    pub(super) fn load_account(
        &self,
        principal: Principal,
        view: &RequestView<'_, H>,
        state: &RequestState<H>,
    ) -> AccountOf<'_> {
        let Some(accounts) = &self.accounts else { return AccountOf::Known(Err(Denial::new(Reason::SetUp))) };
        let digest = self.credential_digest(view, state);
        let look_up = LookUp { principal: &principal, digest, may_provision: true };
        if let Some(found) = accounts.cached(&look_up) {
            let digest = look_up.digest;
            return AccountOf::Known(self.with_account(&principal, digest, found));
        }
        let digest = look_up.digest;
        AccountOf::Pending(Box::pin(async move { self.ask_account(accounts, &principal, digest, true).await.into() }))
    }

    /// Loads the account of a verified caller while a response is being sent. Creates none.
    pub(super) async fn reload_account(&self, request: &H::Request, principal: Principal) -> Result<Principal, Denial> {
        if !principal.needs_account() {
            return Ok(principal);
        }
        let state = H::take_state(request);
        let digest = self.credential_digest(&self.view(request, clock::now()), &state);
        H::put_state(request, state);
        self.account_of(principal, digest).await
    }

    /// Loads the account of a principal outside of a decision. Creates none. `digest` is that of the credential, if it has one.
    ///
    /// # Errors
    /// The account is unavailable, suspended, blocked or gone, or the credential was revoked.
    pub async fn account_of(&self, principal: Principal, digest: Option<TokenDigest>) -> Result<Principal, Denial> {
        if !principal.needs_account() {
            return Ok(principal);
        }
        let Some(accounts) = &self.accounts else { return Err(Denial::new(Reason::SetUp)) };
        let look_up = LookUp { principal: &principal, digest, may_provision: false };
        match accounts.cached(&look_up) {
            Some(found) => {
                let digest = look_up.digest;
                self.with_account(&principal, digest, found)
            }
            None => self.ask_account(accounts, &principal, look_up.digest, false).await,
        }
    }

    async fn ask_account(
        &self,
        accounts: &ProvidedAccounts,
        principal: &Principal,
        digest: Option<TokenDigest>,
        may_provision: bool,
    ) -> Result<Principal, Denial> {
        let found = accounts.ask(LookUp { principal, digest: digest.clone(), may_provision }).await;
        let is_new = found.as_ref().is_ok_and(|lookup| lookup.is_new);
        let result = self.with_account(principal, digest, found);
        if let Some(principal) = result.as_ref().ok().filter(|_| is_new) {
            self.record_of(EventKind::AccountProvisioned, &principal.id());
        }
        result
    }

    /// Applies the outcome of a lookup to the caller, and checks the block lists for the account.
    fn with_account(
        &self,
        principal: &Principal,
        digest: Option<TokenDigest>,
        found: Result<AccountLookup, AccountsUnavailable>,
    ) -> Result<Principal, Denial> {
        let deny = |reason, cause| {
            let caller = Some(principal.credential_id());
            Err(Denial { caller, ..Denial::refused(principal.scheme(), reason, cause) })
        };
        let Ok(AccountLookup { found, names_account, .. }) = found else {
            let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(5));
            return deny(reason, "the accounts are unavailable");
        };
        match found {
            Lookup::Found(account) => self.reject_if_blocked(principal.with_account_of(account, digest)),
            Lookup::Suspended(account) => {
                let caller = Some(account.id().identity());
                let denied = Denial::refused(principal.scheme(), Reason::AccountSuspended, "the account is suspended");
                Err(Denial { caller, ..denied })
            }
            Lookup::NotFound if names_account => {
                deny(Reason::RevokedCredentials, "the account of the credential no longer exists")
            }
            Lookup::NotFound => self.reject_if_blocked(principal.with_no_account()),
            Lookup::Revoked => deny(Reason::RevokedCredentials, "the provider of accounts revoked the credential"),
        }
    }

    /// Returns the digest of the presented credential.
    fn credential_digest(&self, view: &RequestView<'_, H>, state: &RequestState<H>) -> Option<TokenDigest> {
        let Extracted::Found(credential) = self.schemes.extract(view) else { return None };
        self.schemes.of(&credential)?.digest(&credential, state.replacement(self.id), view)
    }

    /// Deletes the cookie of a session that ended because of its account.
    pub(super) fn note_ended_session(&self, result: &Result<Principal, Denial>, state: &mut RequestState<H>) {
        let Err(denial) = result else { return };
        if denial.reason != Reason::RevokedCredentials {
            return;
        }
        let scheme = self.schemes.iter().find(|scheme| Some(scheme.scheme()) == denial.scheme);
        if let Some(line) = scheme.and_then(|scheme| scheme.delete_cookie()) {
            state.notes_mut().hints.delete_cookie = Some(line);
        }
    }
}
