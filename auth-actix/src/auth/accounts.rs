//! Administration of accounts.

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
}
