//! The cache of accounts, by the credentials for which they were loaded.
//!
//! # Why
//! The key is the digest of the credential and not the login, because a provider may decide by the digest or by claims. For
//! invalidation, each entry refers weakly to a value that the index by account owns. Removing this value, or its eviction, disables
//! all entries of the account at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use quick_cache::sync::Cache;

use super::provider::Lookup;
use crate::identity::account_id::AccountId;
use crate::identity::principal::LoadedAccount;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock::{self, Moment};

/// Maximum number of credentials, and of accounts.
const MAX_ENTRIES: usize = 100_000;

/// The digest of a credential, with its scheme, because a provider may treat one token differently in a cookie.
pub(super) type CredentialKey = (SchemeId, TokenDigest);

pub(super) struct AccountCache {
    credentials: Cache<CredentialKey, Entry>,
    accounts: Cache<AccountId, Arc<()>>,
    /// The number of invalidations. An answer that was requested before the last one is not cached.
    invalidations: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    until: Moment,
    is_suspended: bool,
    account: LoadedAccount,
    is_valid: Weak<()>,
}

/// The time of a lookup, relative to invalidations.
#[derive(Clone, Copy)]
pub(super) struct LookupStart(u64);

impl AccountCache {
    pub(super) fn new() -> Self {
        Self {
            credentials: Cache::new(MAX_ENTRIES),
            accounts: Cache::new(MAX_ENTRIES),
            invalidations: AtomicU64::new(0),
        }
    }

    /// Returns the cached account of a credential.
    pub(super) fn get(&self, key: &CredentialKey) -> Option<Lookup<LoadedAccount>> {
        let Entry { until, is_suspended, account, is_valid } = self.credentials.get(key)?;
        if until.after(clock::monotonic()).is_none() || is_valid.strong_count() == 0 {
            return None;
        }
        Some(if is_suspended { Lookup::Suspended(account) } else { Lookup::Found(account) })
    }

    /// Begins a lookup whose answer may be cached.
    pub(super) fn start(&self) -> LookupStart {
        LookupStart(self.invalidations.load(Ordering::Acquire))
    }

    /// Caches an account, unless an account was invalidated since the lookup began. Other outcomes are not cached.
    pub(super) fn put(&self, key: CredentialKey, found: &Lookup<LoadedAccount>, ttl: Duration, start: LookupStart) {
        let (account, is_suspended) = match found {
            Lookup::Found(account) => (account, false),
            Lookup::Suspended(account) => (account, true),
            Lookup::NotFound | Lookup::Revoked => return,
        };
        let valid =
            self.accounts.get_or_insert_with(account.id(), || Ok::<_, std::convert::Infallible>(Arc::default()));
        let Ok(valid) = valid;
        let is_valid = Arc::downgrade(&valid);
        drop(valid);
        let until = clock::monotonic().plus(ttl);
        // Compared after the entry refers to the index: a later invalidation removes what it refers to.
        if self.invalidations.load(Ordering::Acquire) == start.0 {
            self.credentials.insert(key, Entry { until, is_suspended, account: account.clone(), is_valid });
        }
    }

    /// Removes all entries of an account.
    pub(super) fn invalidate(&self, id: &AccountId) {
        self.invalidations.fetch_add(1, Ordering::AcqRel);
        self.accounts.remove(id);
    }
}
