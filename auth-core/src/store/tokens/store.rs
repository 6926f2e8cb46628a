//! The traits of token stores.

use super::id::TokenId;
use super::record::{Owner, TokenRecord};
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock::WallTime;
use crate::runtime::future::BoxFuture;
use crate::store::unavailable::StoreUnavailable;

/// A store of tokens that the application issues.
///
/// A store receives digests, never tokens. Calls have a deadline of 5 s. The conformance suite is `auth_actix::test::token_store`.
///
/// ```
/// use std::collections::HashMap;
/// use std::time::SystemTime;
/// use auth_actix::BoxFuture;
/// use auth_actix::tokens::{StoreUnavailable, TokenDigest, TokenId, TokenRecord, TokenStore};
///
/// /// Tokens of another system, which cannot be changed here.
/// struct Existing(HashMap<TokenDigest, TokenRecord>);
///
/// impl TokenStore for Existing {
///     fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
///         Box::pin(async move { Ok(self.0.get(digest).cloned()) })
///     }
///
///     fn touch<'a>(&'a self, _: &'a TokenId, _: SystemTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
///         Box::pin(async { Ok(()) })
///     }
/// }
/// ```
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the digest of a presented token, which is the key of its record. Default: SHA-256. An existing table may require
    /// another function, such as SHA-512 or a keyed hash.
    fn digest(&self, token: &[u8]) -> TokenDigest {
        TokenDigest::sha256(token)
    }

    /// Returns the record with this digest, also if it is expired or revoked.
    ///
    /// # Errors
    /// The store is unavailable, or the record cannot be read. A record must never be returned without a limit that could not be
    /// read.
    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>>;

    /// Passes the record with this digest to `visit`, or `None` if there is none, and returns `true`. Only for stores that find records
    /// without I/O: a lookup then allocates nothing, and is not limited. `visit` is called at most once. The record may lack the time of
    /// its last use. Default: returns `false`, so that [`find`](Self::find) is called.
    fn find_now(&self, _digest: &TokenDigest, _visit: &mut dyn FnMut(Option<&TokenRecord>)) -> bool {
        false
    }

    /// Records a use of a token. A time before the recorded one, and an unknown token, change nothing. A store may ignore a use
    /// within a minute of the recorded one.
    ///
    /// # Errors
    /// The store is unavailable.
    fn touch<'a>(&'a self, id: &'a TokenId, at: WallTime) -> BoxFuture<'a, Result<(), StoreUnavailable>>;

    /// Returns the operations that change tokens. Default: `None`, which is a store that only finds tokens.
    fn admin(&self) -> Option<&dyn TokenAdmin> {
        None
    }
}

/// The operations of a [`TokenStore`] that change tokens.
///
/// A change is in effect for [`find`](TokenStore::find) when its future completes.
pub trait TokenAdmin: Send + Sync {
    /// Stores a new token.
    ///
    /// A token whose lineage is not its own identifier succeeds a stored one. Unless it is itself revoked, it is stored only if the
    /// lineage contains a token and none that is revoked. A rotation that runs concurrently with a revocation or with
    /// [`delete_all`](Self::delete_all) therefore leaves no valid token.
    ///
    /// # Errors
    /// The digest or the identifier is already stored, the lineage is revoked or missing, the record is invalid
    /// ([`TokenRecord::check`]), the store is full, or the store is unavailable. Nothing is changed then.
    fn insert<'a>(
        &'a self,
        digest: &'a TokenDigest,
        record: TokenRecord,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>>;

    /// Returns the token with this identifier, also if it is expired or revoked. Rotation and revocation name a token by it.
    ///
    /// # Errors
    /// The store is unavailable, or the record cannot be read.
    fn find_by_id<'a>(&'a self, id: &'a TokenId) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>>;

    /// Returns the tokens of an owner, the oldest first, with expired and revoked ones.
    ///
    /// # Errors
    /// The store is unavailable, or a record cannot be read.
    fn list<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<Vec<TokenRecord>, StoreUnavailable>>;

    /// Revokes all tokens of a lineage. Returns whether a token was revoked that was not revoked before.
    ///
    /// # Errors
    /// The store is unavailable.
    fn revoke<'a>(&'a self, lineage: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreUnavailable>>;

    /// Sets the expiry of a token, for rotation. An earlier expiry stays. Returns whether the token exists.
    ///
    /// # Errors
    /// The store is unavailable.
    fn end_at<'a>(&'a self, id: &'a TokenId, at: WallTime) -> BoxFuture<'a, Result<bool, StoreUnavailable>>;

    /// Deletes all tokens of an owner. Returns the number of deleted tokens.
    ///
    /// # Errors
    /// The store is unavailable.
    fn delete_all<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<u64, StoreUnavailable>>;
}
