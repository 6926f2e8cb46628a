//! Administration of accounts.

use auth_core::audit::EventKind;
use auth_core::identity::account_id::AccountId;

use super::Auth;

impl Auth {
    /// Removes the cached entries of an account, so that the next request loads it again. Call it after a change that must take
    /// effect at once, such as a suspension. Affects only this process: other instances keep their entries until these expire.
    /// Cached [rights](crate::identity::RightsProvider) of the account are removed too.
    pub async fn invalidate_account(&self, id: &AccountId) {
        if let Some(accounts) = self.engine().accounts() {
            accounts.invalidate(id);
        }
        if let Some(rights) = self.engine().rights_provider() {
            rights.invalidate(&id.identity());
        }
    }

    /// Ends the sessions of an account and removes its cached entries. Call it after the account was deleted. Its id must never be
    /// assigned to another account.
    ///
    /// Ends the sessions that contain the account id, in all instances that share the store. A session that has not been used since
    /// `.accounts(…)` was added contains none: it gets 403 `account-required`, or that of a new account of its login.
    ///
    /// # Errors
    /// The store of sessions is unavailable. Some sessions may not have ended.
    #[cfg(feature = "session")]
    pub async fn forget_account(&self, id: &AccountId) -> Result<(), auth_core::scheme::session::SessionStoreError> {
        self.invalidate_account(id).await;
        if let Some(sessions) = self.engine().part::<auth_core::scheme::session::SessionVerifier>() {
            sessions.end_all(&id.identity(), None).await?;
        }
        self.engine().record_of(EventKind::AccountForgotten, &id.identity());
        Ok(())
    }
}
