//! A token store in memory.

use std::future::ready;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::columns::stored;
use super::id::TokenId;
use super::record::{Owner, TokenRecord};
use super::store::{TokenAdmin, TokenStore};
use super::table::{TokenTable, touch};
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock::{self, WallTime};
use crate::runtime::future::BoxFuture;
use crate::store::unavailable::StoreUnavailable;

/// A bounded token store in the memory of one process, for tests and for tokens that may end with the process. A token takes about
/// 500 bytes.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use std::time::SystemTime;
/// use auth_actix::tokens::{MemoryTokenStore, Owner, TokenDigest, TokenId, TokenRecord, TokenStore};
/// let tokens = MemoryTokenStore::new(1000);
/// let record = TokenRecord::new(TokenId::generate()?, Owner::Client("backup".into()), SystemTime::now());
/// tokens.admin().unwrap().insert(&TokenDigest::sha256(b"pat_secret"), record).await?;
/// assert!(tokens.find(&TokenDigest::sha256(b"pat_secret")).await?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct MemoryTokenStore {
    tokens: RwLock<TokenTable>,
    most: usize,
}

impl MemoryTokenStore {
    /// Creates a store for at most `most` tokens. If it is full, expired tokens are removed. Further tokens are then refused, since
    /// no token is evicted for another.
    pub fn new(most: usize) -> Self {
        Self { tokens: RwLock::default(), most }
    }

    fn read(&self) -> RwLockReadGuard<'_, TokenTable> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, TokenTable> {
        self.tokens.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert_now(&self, digest: &TokenDigest, record: &TokenRecord) -> Result<(), StoreUnavailable> {
        let record = stored(record)?;
        let mut tokens = self.write();
        if tokens.len() >= self.most {
            tokens.remove_expired(clock::now().to_wall_time().ok_or(StoreUnavailable)?);
        }
        if tokens.len() >= self.most || !tokens.admits(&record) {
            return Err(StoreUnavailable);
        }
        tokens.add(digest.clone(), record).map_err(|_| StoreUnavailable)
    }
}

impl TokenStore for MemoryTokenStore {
    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        Box::pin(ready(Ok(self.read().get(digest).cloned())))
    }

    fn find_now(&self, digest: &TokenDigest, visit: &mut dyn FnMut(Option<&TokenRecord>)) -> bool {
        visit(self.read().get(digest));
        true
    }

    fn touch<'a>(&'a self, id: &'a TokenId, at: WallTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        if let Some(record) = self.write().get_by_id_mut(id) {
            touch(record, at);
        }
        Box::pin(ready(Ok(())))
    }

    fn admin(&self) -> Option<&dyn TokenAdmin> {
        Some(self)
    }
}

impl TokenAdmin for MemoryTokenStore {
    fn insert<'a>(
        &'a self,
        digest: &'a TokenDigest,
        record: TokenRecord,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        Box::pin(ready(self.insert_now(digest, &record)))
    }

    fn find_by_id<'a>(&'a self, id: &'a TokenId) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        Box::pin(ready(Ok(self.read().get_by_id(id).cloned())))
    }

    fn list<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<Vec<TokenRecord>, StoreUnavailable>> {
        Box::pin(ready(Ok(self.read().list(owner))))
    }

    fn revoke<'a>(&'a self, lineage: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        Box::pin(ready(Ok(self.write().revoke(lineage))))
    }

    fn end_at<'a>(&'a self, id: &'a TokenId, at: WallTime) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        Box::pin(ready(Ok(self.write().end_at(id, at))))
    }

    fn delete_all<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<u64, StoreUnavailable>> {
        Box::pin(ready(Ok(self.write().delete_all(owner))))
    }
}

impl std::fmt::Debug for MemoryTokenStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryTokenStore").field("most", &self.most).finish_non_exhaustive()
    }
}
