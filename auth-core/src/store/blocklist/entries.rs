//! The indexed entries of a block list.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use prefix_trie::joint::JointPrefixSet;

use super::BlockEntry;
use crate::client::address::embedded_ipv4;
use crate::identity::id::Id;
use crate::runtime::clock::{self, Timestamp};

const MAX_ENTRIES: usize = 1_000_000;

/// The time that a revocation is kept after the token has expired, which is the maximum leeway of token verification.
const MAX_LEEWAY: Duration = Duration::from_secs(300);

/// The block list is full: it contains a million entries.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the block list is full: at most a million entries")]
pub struct BlocklistFull;

crate::debug_as_display!(BlocklistFull);

/// A change of a block list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockChange {
    /// Adds an entry.
    Add(BlockEntry),
    /// Removes an entry.
    Remove(BlockEntry),
}

/// A snapshot of the entries of a block list, as a [`BlocklistStore`](super::BlocklistStore) loads and changes them.
///
/// ```
/// use auth_actix::blocklist::{BlockChange, BlockEntries};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut entries = BlockEntries::default();
/// entries.insert("block address 203.0.113.0/24".parse()?)?;
/// entries.apply(&BlockChange::Remove("block address 203.0.113.0/24".parse()?))?;
/// assert_eq!(entries.len(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct BlockEntries {
    blocked: JointPrefixSet<IpNet>,
    allowed: JointPrefixSet<IpNet>,
    subjects: HashSet<Id>,
    /// Indexed by issuer, then by `jti`.
    tokens: HashMap<String, HashSet<String>>,
    revoked: HashMap<String, HashMap<String, Timestamp>>,
    since: HashMap<Id, Timestamp>,
    length: usize,
}

impl BlockEntries {
    /// Adds an entry. If a subject or token is revoked twice, the later time applies.
    ///
    /// # Errors
    /// The list is full: it contains a million entries.
    pub fn insert(&mut self, entry: BlockEntry) -> Result<(), BlocklistFull> {
        if self.length >= MAX_ENTRIES {
            return Err(BlocklistFull);
        }
        let is_new = match entry {
            BlockEntry::BlockAddress(network) => self.blocked.insert(network),
            BlockEntry::AllowAddress(network) => self.allowed.insert(network),
            BlockEntry::BlockSubject(id) => self.subjects.insert(id),
            BlockEntry::BlockToken { issuer, jti } => self.tokens.entry(issuer).or_default().insert(jti),
            BlockEntry::RevokeToken { issuer, jti, expires } => {
                let tokens = self.revoked.entry(issuer).or_default();
                let before = tokens.get(&jti).copied();
                tokens.insert(jti, before.map_or(expires, |before| before.max(expires)));
                before.is_none()
            }
            BlockEntry::RevokeSubject { id, since } => {
                let before = self.since.get(&id).copied();
                self.since.insert(id, before.map_or(since, |before| before.max(since)));
                before.is_none()
            }
        };
        self.length += usize::from(is_new);
        Ok(())
    }

    /// Removes an entry. The time of a revocation is ignored.
    pub fn remove(&mut self, entry: &BlockEntry) {
        let was_there = match entry {
            BlockEntry::BlockAddress(network) => self.blocked.remove(network),
            BlockEntry::AllowAddress(network) => self.allowed.remove(network),
            BlockEntry::BlockSubject(id) => self.subjects.remove(id),
            BlockEntry::BlockToken { issuer, jti } => {
                self.tokens.get_mut(issuer).is_some_and(|tokens| tokens.remove(jti))
            }
            BlockEntry::RevokeToken { issuer, jti, .. } => {
                self.revoked.get_mut(issuer).is_some_and(|tokens| tokens.remove(jti).is_some())
            }
            BlockEntry::RevokeSubject { id, .. } => self.since.remove(id).is_some(),
        };
        self.length -= usize::from(was_there);
    }

    /// Applies a change, and removes revocations of tokens that have expired.
    ///
    /// # Errors
    /// The list is full.
    pub fn apply(&mut self, change: &BlockChange) -> Result<(), BlocklistFull> {
        self.remove_expired(clock::now().minus(MAX_LEEWAY));
        match change {
            BlockChange::Add(entry) => self.insert(entry.clone())?,
            BlockChange::Remove(entry) => self.remove(entry),
        }
        Ok(())
    }

    fn remove_expired(&mut self, before: Timestamp) {
        let mut gone = 0;
        for tokens in self.revoked.values_mut() {
            tokens.retain(|_, expires| {
                let keep = *expires >= before;
                gone += usize::from(!keep);
                keep
            });
        }
        self.length -= gone;
    }

    /// Returns the number of entries.
    #[allow(clippy::len_without_is_empty, reason = "no caller needs it")]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Returns all entries, in unspecified order.
    pub fn iter(&self) -> impl Iterator<Item = BlockEntry> + '_ {
        let tokens = self.tokens.iter().flat_map(|(issuer, tokens)| tokens.iter().map(move |jti| (issuer, jti)));
        let revoked = self.revoked.iter().flat_map(|(issuer, tokens)| tokens.iter().map(move |token| (issuer, token)));
        (self.blocked.iter().map(BlockEntry::BlockAddress))
            .chain(self.allowed.iter().map(BlockEntry::AllowAddress))
            .chain(self.subjects.iter().cloned().map(BlockEntry::BlockSubject))
            .chain(tokens.map(|(issuer, jti)| BlockEntry::BlockToken { issuer: issuer.clone(), jti: jti.clone() }))
            .chain(revoked.map(|(issuer, (jti, expires))| BlockEntry::RevokeToken {
                issuer: issuer.clone(),
                jti: jti.clone(),
                expires: *expires,
            }))
            .chain(self.since.iter().map(|(id, since)| BlockEntry::RevokeSubject { id: id.clone(), since: *since }))
    }

    /// Returns whether requests from this address are refused. An unknown address satisfies neither polarity (IP-9): it is refused
    /// if the list blocks or allows any address.
    pub(super) fn refuses_address(&self, address: Option<IpAddr>) -> bool {
        let Some(address) = address.map(|address| address.to_canonical()) else {
            return !self.allowed.is_empty() || !self.blocked.is_empty();
        };
        let is_in = |set: &JointPrefixSet<IpNet>, address: IpAddr| set.get_lpm(&IpNet::from(address)).is_some();
        is_in(&self.blocked, address)
            // An IPv4 address may be embedded in the address of a translator or a tunnel.
            || embedded_ipv4(address).any(|inside| is_in(&self.blocked, inside))
            || !self.allowed.is_empty() && !is_in(&self.allowed, address)
    }

    /// Returns whether the list has no entry for a subject or a token.
    pub(super) fn has_only_addresses(&self) -> bool {
        self.subjects.is_empty() && self.tokens.is_empty() && self.revoked.is_empty() && self.since.is_empty()
    }

    pub(super) fn blocks_subject(&self, id: &Id) -> bool {
        self.subjects.contains(id)
    }

    pub(super) fn blocks_token(&self, issuer: &str, jti: &str) -> bool {
        self.tokens.get(issuer).is_some_and(|tokens| tokens.contains(jti))
    }

    pub(super) fn revokes_token(&self, issuer: &str, jti: &str) -> bool {
        self.revoked.get(issuer).is_some_and(|tokens| tokens.contains_key(jti))
    }

    pub(super) fn revoked_since(&self, id: &Id) -> Option<Timestamp> {
        self.since.get(id).copied()
    }
}

impl std::fmt::Debug for BlockEntries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockEntries").field("length", &self.length).finish_non_exhaustive()
    }
}
