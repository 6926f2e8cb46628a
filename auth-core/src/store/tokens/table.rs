//! A table of tokens in memory, with the rules of [`TokenAdmin`](super::TokenAdmin).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use super::columns::whole_seconds;
use super::id::TokenId;
use super::record::{Owner, TokenRecord};
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock::WallTime;

/// Tokens by digest, with an index by identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TokenTable {
    records: HashMap<TokenDigest, TokenRecord>,
    digests: HashMap<TokenId, TokenDigest>,
}

/// The digest or the identifier of a token is already stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Duplicate;

impl TokenTable {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&TokenDigest, &TokenRecord)> {
        self.records.iter()
    }

    pub(super) fn get(&self, digest: &TokenDigest) -> Option<&TokenRecord> {
        self.records.get(digest)
    }

    pub(super) fn contains_id(&self, id: &TokenId) -> bool {
        self.digests.contains_key(id)
    }

    pub(super) fn get_by_id(&self, id: &TokenId) -> Option<&TokenRecord> {
        self.records.get(self.digests.get(id)?)
    }

    pub(super) fn get_by_id_mut(&mut self, id: &TokenId) -> Option<&mut TokenRecord> {
        self.records.get_mut(self.digests.get(id)?)
    }

    /// Adds a stored token, whatever its lineage.
    pub(super) fn add(&mut self, digest: TokenDigest, record: TokenRecord) -> Result<(), Duplicate> {
        let Entry::Vacant(by_id) = self.digests.entry(record.id.clone()) else { return Err(Duplicate) };
        let Entry::Vacant(by_digest) = self.records.entry(digest) else { return Err(Duplicate) };
        by_id.insert(by_digest.key().clone());
        by_digest.insert(record);
        Ok(())
    }

    /// Returns whether a new token may join its lineage.
    pub(super) fn admits(&self, record: &TokenRecord) -> bool {
        if record.revoked || record.lineage == record.id {
            return true;
        }
        let mut lineage = self.records.values().filter(|other| other.lineage == record.lineage).peekable();
        lineage.peek().is_some() && lineage.all(|other| !other.revoked)
    }

    pub(super) fn list(&self, owner: &Owner) -> Vec<TokenRecord> {
        let mut listed: Vec<_> = self.records.values().filter(|record| record.owner == *owner).cloned().collect();
        listed.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
        listed
    }

    pub(super) fn revoke(&mut self, lineage: &TokenId) -> bool {
        let live = self.records.values_mut().filter(|record| record.lineage == *lineage && !record.revoked);
        live.map(|record| record.revoked = true).count() > 0
    }

    pub(super) fn end_at(&mut self, id: &TokenId, at: WallTime) -> bool {
        let at = whole_seconds(at);
        let Some(record) = self.get_by_id_mut(id) else { return false };
        record.expires = Some(record.expires.map_or(at, |expires| expires.min(at)));
        true
    }

    pub(super) fn delete_all(&mut self, owner: &Owner) -> u64 {
        self.retain(|record| record.owner != *owner)
    }

    /// Removes tokens that expired before this time. Returns their number.
    pub(super) fn remove_expired(&mut self, before: WallTime) -> u64 {
        self.retain(|record| record.expires.is_none_or(|expires| expires >= before))
    }

    fn retain(&mut self, is_kept: impl Fn(&TokenRecord) -> bool) -> u64 {
        let before = self.records.len();
        let digests = &mut self.digests;
        self.records.retain(|_, record| {
            let keep = is_kept(record);
            if !keep {
                digests.remove(&record.id);
            }
            keep
        });
        (before - self.records.len()) as u64
    }
}

/// Records a use in a record, unless a later one is recorded.
pub(super) fn touch(record: &mut TokenRecord, at: WallTime) {
    let at = whole_seconds(at);
    record.last_used = Some(record.last_used.map_or(at, |last| last.max(at)));
}

/// Time that expired tokens are kept, so that their use can be reported as such.
pub(super) const EXPIRED_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);
