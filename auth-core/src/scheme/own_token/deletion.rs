//! Deletion of the tokens of an account that no longer exists (ACCT-11).

use super::source::TokenSource;
use crate::identity::account_id::AccountId;
use crate::runtime::timeout;
use crate::store::tokens::Owner;
use crate::store::unavailable::StoreUnavailable;

/// Deletes the tokens of an account in each source whose store can delete. All sources are tried, also after a failure. In other stores,
/// the tokens remain, and are refused because their account is gone.
///
/// # Errors
/// A store is unavailable.
pub(super) async fn delete_tokens_of(sources: &[TokenSource], account: &AccountId) -> Result<(), StoreUnavailable> {
    let owner = Owner::Account(account.clone());
    let mut outcome = Ok(());
    for source in sources.iter().filter(|source| source.is_for_accounts) {
        let Some(admin) = source.store.as_ref().and_then(|store| store.admin()) else { continue };
        let deleted = timeout::with_timeout(async { admin.delete_all(&owner).await }).await;
        // Also after a failure, which may have deleted tokens.
        source.lookups.clear();
        if !matches!(deleted, Some(Ok(_))) {
            outcome = Err(StoreUnavailable);
        }
    }
    outcome
}
