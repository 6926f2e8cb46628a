//! The account of the caller of a request, loaded where a credential is verified (ACCT-7).

use std::sync::Arc;

use serde_json::json;

use super::Engine;
use super::request::{Adapter, RequestState};
use crate::audit::EventKind;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::account_id::AccountId;
use crate::identity::issuer::Issuer;
use crate::identity::principal::{Actor, Principal};
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock;
use crate::runtime::future::LocalBoxFuture;
use crate::scheme::{Extracted, Rejection, RequestView, Verified};
use crate::store::accounts::{AccountLookup, LookUp, LookUpError, Lookup, ProvidedAccounts};
use crate::store::unavailable::StoreUnavailable;

/// The account of a caller, or the pending lookup.
pub(super) enum AccountOf<'r> {
    Known(Result<Principal, Denial>),
    Pending(LocalBoxFuture<'r, Verified>),
}

/// Returns whether the credential is a session that does not contain its account (ACCT-12).
fn is_unassigned(look_up: &LookUp<'_>) -> bool {
    let LookUp { principal, digest, .. } = look_up;
    principal.scheme() == SchemeId::Session && digest.is_some() && principal.acts_for().is_none()
}

impl<H: Adapter> Engine<H> {
    /// Deletes what the schemes store for an account that no longer exists. All are tried, also after a failure.
    ///
    /// # Errors
    /// A store is unavailable.
    pub async fn forget_account(&self, account: &AccountId) -> Result<(), StoreUnavailable> {
        let mut outcome = Ok(());
        for scheme in self.schemes.iter() {
            outcome = outcome.and(scheme.forget_account(account).await);
        }
        outcome
    }

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
        if let Some(account) = H::account_override(view.head.0) {
            return AccountOf::Known(self.with_account(&principal, digest, accounts.of_test(account)));
        }
        let client = view.client();
        let look_up = LookUp { principal: &principal, digest, may_provision: true, client };
        if !is_unassigned(&look_up)
            && !principal.has_actor()
            && let Some(found) = accounts.cached(&look_up)
        {
            let digest = look_up.digest;
            return AccountOf::Known(self.with_account(&principal, digest, found));
        }
        let digest = look_up.digest;
        AccountOf::Pending(Box::pin(async move {
            let look_up = LookUp { principal: &principal, digest, may_provision: true, client };
            self.ask_account(accounts, look_up).await.into()
        }))
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
        let look_up = LookUp { principal: &principal, digest, may_provision: false, client: None };
        self.ask_account(accounts, look_up).await
    }

    /// Asks for an account, unless it is cached. Writes it into a session that does not contain it, and checks the accounts of actors.
    async fn ask_account(&self, accounts: &ProvidedAccounts, look_up: LookUp<'_>) -> Result<Principal, Denial> {
        let principal = look_up.principal;
        let digest = look_up.digest.clone();
        let unassigned = digest.clone().filter(|_| is_unassigned(&look_up));
        let found = match accounts.cached(&look_up).filter(|_| unassigned.is_none()) {
            Some(found) => found,
            None => accounts.ask(look_up).await,
        };
        let is_new = found.as_ref().is_ok_and(|lookup| lookup.is_new);
        let caller = self.with_account(principal, digest, found)?;
        if is_new {
            self.record_of(EventKind::AccountProvisioned, &caller.id());
        }
        if let (Some(digest), Some(account)) = (&unassigned, caller.account_id())
            && let Some(scheme) = self.schemes.iter().find(|scheme| scheme.scheme() == principal.scheme())
        {
            let written = scheme.assign_account(digest, account).await;
            written.map_err(|Rejection { denial, .. }| Denial { caller: Some(caller.id()), ..denial })?;
        }
        for actor in principal.actors() {
            let checked = self.check_actor(accounts, principal, &actor).await;
            checked.map_err(|denial| Denial { caller: Some(caller.id()), ..denial })?;
        }
        Ok(caller)
    }

    /// Refuses an actor whose account is suspended, blocked or revoked (ACCT-7, H16). The account is that of the login of the actor, if
    /// its issuer loads accounts.
    async fn check_actor(
        &self,
        accounts: &ProvidedAccounts,
        principal: &Principal,
        actor: &Actor,
    ) -> Result<(), Denial> {
        // A session contains the issuer of its actor. Other issuers are those of the settings.
        let is_of = |source: &&Arc<Issuer>| match principal.scheme() {
            SchemeId::Session => source.scheme == SchemeId::Session,
            _ => *source.issuer == *actor.issuer() && source.login.loads_account(),
        };
        let Some(source) = self.sources.iter().find(is_of) else { return Ok(()) };
        let claims = json!({
            "sub": actor.subject(),
            "iss": actor.issuer(),
            "client_id": actor.is_client().then(|| actor.subject()),
            "iat": principal.issued_at().map(|issued| issued.seconds()),
        });
        // An actor without a name has no account.
        let Ok(login) = Principal::from_claims(Arc::clone(source), claims.to_string()) else { return Ok(()) };
        let look_up = LookUp { principal: &login, digest: None, may_provision: false, client: None };
        self.with_account(&login, None, accounts.ask(look_up).await).map(drop)
    }

    /// Applies the outcome of a lookup to the caller, and checks the block lists for the account.
    fn with_account(
        &self,
        principal: &Principal,
        digest: Option<TokenDigest>,
        found: Result<AccountLookup, LookUpError>,
    ) -> Result<Principal, Denial> {
        let deny = |reason, cause| {
            let caller = Some(principal.credential_id());
            Err(Denial { caller, ..Denial::refused(principal.scheme(), reason, cause) })
        };
        let AccountLookup { found, names_account, .. } = match found {
            Ok(found) => found,
            Err(LookUpError::Unavailable) => {
                let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(5));
                return deny(reason, "the accounts are unavailable");
            }
            Err(LookUpError::TooManyFailures(after)) => {
                return deny(Reason::TooManyAttempts(after), "too many accounts could not be created for this network");
            }
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
