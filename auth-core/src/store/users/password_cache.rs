//! Caches verified passwords for a short time, for clients that send a password with each request.
//!
//! # Why
//! An entry is a MAC of name, password and password version, with a key of this process. It is useless to other processes, and
//! invalid as soon as the password changes. The verifier still looks up the user each time, so a removed user is rejected at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use blake2::Blake2sMac256;
use blake2::digest::{KeyInit as _, Mac as _};
use subtle::ConstantTimeEq as _;

use super::verifier::PasswordCredentials;
use crate::runtime::clock::Moment;

const MAX_TTL: Duration = Duration::from_secs(60);

const SLOTS: usize = 4096;

pub(super) struct PasswordCache {
    key: Blake2sMac256,
    ttl: Duration,
    /// The slot of an entry depends on its MAC, so that an attacker cannot choose it. Newer entries replace older ones.
    slots: Box<[Mutex<Option<CachedPassword>>]>,
}

struct CachedPassword {
    /// The MAC of name and password.
    credentials: Tag,
    /// The MAC of name, password and password version.
    versioned: Tag,
    until: Moment,
}

type Tag = [u8; 32];

impl PasswordCache {
    /// Returns `None` if the operating system provides no random numbers. Nothing is cached then.
    pub(super) fn new(ttl: Duration) -> Option<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok()?;
        let key = Blake2sMac256::new_from_slice(&key).ok()?;
        let slots = (0..SLOTS).map(|_| Mutex::default()).collect();
        Some(Self { key, ttl: ttl.min(MAX_TTL), slots })
    }

    fn tag(&self, credentials: &PasswordCredentials, version: &str) -> Tag {
        let mut mac = self.key.clone();
        for part in [credentials.name(), credentials.password(), version] {
            // Each part is prefixed with its length, so that different sequences of parts never have the same input.
            mac.update(&part.len().to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    fn slot(&self, credentials: &Tag) -> Option<&Mutex<Option<CachedPassword>>> {
        let [first, second, ..] = *credentials;
        self.slots.get(usize::from(u16::from_le_bytes([first, second])) % SLOTS)
    }

    fn find(&self, credentials: &Tag, now: Moment) -> Option<Tag> {
        let entry = self.slot(credentials)?.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry.as_ref().filter(|entry| entry.until.after(now).is_some())?;
        bool::from(entry.credentials.ct_eq(credentials)).then_some(entry.versioned)
    }

    /// Returns whether the credentials were verified recently, for any password version. If not, looking up the user would be
    /// useless.
    pub(super) fn may_contain(&self, credentials: &PasswordCredentials, now: Moment) -> bool {
        self.find(&self.tag(credentials, ""), now).is_some()
    }

    /// Returns whether the credentials were verified recently, for this password version.
    pub(super) fn contains(&self, credentials: &PasswordCredentials, version: &str, now: Moment) -> bool {
        let versioned = self.find(&self.tag(credentials, ""), now);
        versioned.is_some_and(|versioned| versioned.ct_eq(&self.tag(credentials, version)).into())
    }

    pub(super) fn insert(&self, credentials: &PasswordCredentials, version: &str, now: Moment) {
        let tag = self.tag(credentials, "");
        if let Some(slot) = self.slot(&tag) {
            let entry = CachedPassword {
                credentials: tag,
                versioned: self.tag(credentials, version),
                until: now.plus(self.ttl),
            };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::clock;

    #[test]
    fn password_cache_matches_credentials_version_and_ttl() {
        // M8
        let cache = PasswordCache::new(Duration::from_secs(3600)).unwrap();
        let now = clock::monotonic();
        let later = |seconds| now.plus(Duration::from_secs(seconds));
        let right = PasswordCredentials::new("alice", "right");
        cache.insert(&right, "v1", now);
        assert!(cache.may_contain(&right, later(59)) && cache.contains(&right, "v1", later(59)));
        assert!(!cache.contains(&right, "v1", later(60)), "a minute is the most");
        assert!(cache.may_contain(&right, now) && !cache.contains(&right, "v2", now));
        for (name, password) in [("alice", "wrong"), ("bob", "right"), ("alicer", "ight"), ("", "aliceright")] {
            let other = PasswordCredentials::new(name, password);
            assert!(!cache.may_contain(&other, now) && !cache.contains(&other, "v1", now), "{name}");
        }
        let other = PasswordCache::new(MAX_TTL).unwrap();
        assert_ne!(cache.tag(&right, ""), other.tag(&right, ""), "with a key of its own");
    }
}
