//! Administration of accounts.

use auth_core::audit::EventKind;
use auth_core::identity::account_id::AccountId;
use auth_core::store::unavailable::StoreUnavailable;

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

    /// Ends the sessions of an account, deletes its tokens, and removes its cached entries. Call it after the account was deleted. Its id
    /// must never be assigned to another account.
    ///
    /// Affects sessions and tokens in all instances that share their stores. A session that does not contain the account yet ends when it
    /// is used next. Tokens in a store that cannot delete them are refused from then on, because their account is gone.
    ///
    /// # Errors
    /// A store is unavailable. Some sessions may not have ended, and some tokens may still exist. Call it again.
    pub async fn forget_account(&self, id: &AccountId) -> Result<(), StoreUnavailable> {
        self.invalidate_account(id).await;
        self.engine().forget_account(id).await?;
        self.engine().record_of(EventKind::AccountForgotten, &id.identity());
        Ok(())
    }
}
