//! All entries at one time, by what is looked for.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;
use prefix_trie::joint::JointPrefixSet;

use super::Entry;
use crate::client::address::embedded_ipv4;
use crate::identity::id::Id;
use crate::runtime::clock::Timestamp;

/// No more than this.
const MOST: usize = 1_000_000;

#[derive(Clone, Default, PartialEq)]
pub(super) struct Snapshot {
    blocked: JointPrefixSet<IpNet>,
    allowed: JointPrefixSet<IpNet>,
    subjects: HashSet<Id>,
    /// By issuer, then by `jti`.
    tokens: HashMap<String, HashSet<String>>,
    revoked: HashMap<String, HashMap<String, Timestamp>>,
    since: HashMap<Id, Timestamp>,
    length: usize,
}

impl Snapshot {
    /// Adds an entry, if it is not there; `false` where there is no room.
    pub(super) fn add(&mut self, entry: Entry) -> bool {
        if self.length >= MOST {
            return false;
        }
        let is_new = match entry {
            Entry::BlockAddress(network) => self.blocked.insert(network),
            Entry::AllowAddress(network) => self.allowed.insert(network),
            Entry::BlockSubject(id) => self.subjects.insert(id),
            Entry::BlockToken { issuer, jti } => self.tokens.entry(issuer).or_default().insert(jti),
            // Of two that say it differently, the one that refuses more.
            Entry::RevokeToken { issuer, jti, expires } => {
                let tokens = self.revoked.entry(issuer).or_default();
                let before = tokens.get(&jti).copied();
                tokens.insert(jti, before.map_or(expires, |before| before.max(expires)));
                before.is_none()
            }
            Entry::RevokeSubject { id, since } => {
                let before = self.since.get(&id).copied();
                self.since.insert(id, before.map_or(since, |before| before.max(since)));
                before.is_none()
            }
        };
        self.length += usize::from(is_new);
        true
    }

    /// Takes an entry out; of a revocation, whatever time it says.
    pub(super) fn remove(&mut self, entry: &Entry) {
        let was_there = match entry {
            Entry::BlockAddress(network) => self.blocked.remove(network),
            Entry::AllowAddress(network) => self.allowed.remove(network),
            Entry::BlockSubject(id) => self.subjects.remove(id),
            Entry::BlockToken { issuer, jti } => self.tokens.get_mut(issuer).is_some_and(|tokens| tokens.remove(jti)),
            Entry::RevokeToken { issuer, jti, .. } => {
                self.revoked.get_mut(issuer).is_some_and(|tokens| tokens.remove(jti).is_some())
            }
            Entry::RevokeSubject { id, .. } => self.since.remove(id).is_some(),
        };
        self.length -= usize::from(was_there);
    }

    /// Throws away what concerns tokens that ended before.
    pub(super) fn forget_expired(&mut self, before: Timestamp) {
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

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let tokens = self.tokens.iter().flat_map(|(issuer, tokens)| tokens.iter().map(move |jti| (issuer, jti)));
        let revoked = self.revoked.iter().flat_map(|(issuer, tokens)| tokens.iter().map(move |token| (issuer, token)));
        (self.blocked.iter().map(Entry::BlockAddress))
            .chain(self.allowed.iter().map(Entry::AllowAddress))
            .chain(self.subjects.iter().cloned().map(Entry::BlockSubject))
            .chain(tokens.map(|(issuer, jti)| Entry::BlockToken { issuer: issuer.clone(), jti: jti.clone() }))
            .chain(revoked.map(|(issuer, (jti, expires))| Entry::RevokeToken {
                issuer: issuer.clone(),
                jti: jti.clone(),
                expires: *expires,
            }))
            .chain(self.since.iter().map(|(id, since)| Entry::RevokeSubject { id: id.clone(), since: *since }))
    }

    /// Whether requests from there are refused. What is not known holds in neither polarity (IP-9): it is refused as soon as an
    /// address is blocked, or only some are allowed.
    pub(super) fn refuses_address(&self, address: Option<IpAddr>) -> bool {
        let Some(address) = address.map(|address| address.to_canonical()) else {
            return !self.allowed.is_empty() || !self.blocked.is_empty();
        };
        let is_in = |set: &JointPrefixSet<IpNet>, address: IpAddr| set.get_lpm(&IpNet::from(address)).is_some();
        is_in(&self.blocked, address)
            // A refused address within that of a translator or a tunnel is still refused.
            || embedded_ipv4(address).any(|inside| is_in(&self.blocked, inside))
            || !self.allowed.is_empty() && !is_in(&self.allowed, address)
    }

    /// Whether no entry is about a subject or a token.
    pub(super) fn knows_nobody(&self) -> bool {
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
