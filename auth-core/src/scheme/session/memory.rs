//! Sessions in the memory of one process. They are lost when the process ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::future::ready;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::store::{
    ROTATION_GRACE, SessionKey, SessionRecord, SessionState, SessionStore, SessionStoreError, StoredSession,
};
use crate::runtime::clock::{self, Moment};
use crate::runtime::future::BoxFuture;

const SHARDS: usize = 64;

/// A sharded, bounded session store in memory. A session takes the size of its claims plus about 300 bytes.
pub struct MemorySessionStore {
    shards: Box<[Mutex<Shard>]>,
    /// The sessions of each identity. Locked before a session shard, never after one. Several shards are locked in the order of
    /// their indexes.
    subjects: Box<[Mutex<SessionTable>]>,
    key: RandomState,
    count: AtomicUsize,
    most: usize,
}

/// The sessions of each identity, oldest first.
type SessionTable = HashMap<String, Vec<SessionKey>>;

/// The locked shards of some identities.
struct Locked<'a> {
    store: &'a MemorySessionStore,
    guards: Vec<(usize, MutexGuard<'a, SessionTable>)>,
}

impl Locked<'_> {
    fn of(&mut self, id: &str) -> Option<&mut SessionTable> {
        let position = self.store.position(id);
        self.guards.iter_mut().find(|(locked, _)| *locked == position).map(|(_, sessions)| &mut **sessions)
    }

    fn add(&mut self, id: &str, key: SessionKey) {
        if let Some(sessions) = self.of(id) {
            sessions.entry(id.to_owned()).or_default().push(key);
        }
    }

    fn forget(&mut self, id: &str, key: SessionKey) {
        let Some(sessions) = self.of(id) else { return };
        let Some(keys) = sessions.get_mut(id) else { return };
        keys.retain(|other| *other != key);
        if keys.is_empty() {
            sessions.remove(id);
        }
    }
}

#[derive(Default)]
struct Shard {
    live: HashMap<SessionKey, MemorySession>,
    /// The successor of each replaced session, and the time until which it is kept.
    superseded: HashMap<SessionKey, (SessionKey, Moment)>,
    swept: Moment,
}

struct MemorySession {
    record: SessionRecord,
    version: u64,
    ends: Moment,
    seen: Moment,
    changed: Moment,
}

impl MemorySession {
    fn new(record: SessionRecord, now: Moment) -> Self {
        Self { ends: now.plus(record.lasts), record, version: 0, seen: now, changed: now }
    }

    fn is_live(&self, now: Moment) -> bool {
        let idle = self.record.idle.is_some_and(|idle| self.seen.plus(idle) <= now);
        !idle && self.ends > now
    }
}

/// Interval between sweeps of a shard for expired sessions.
const SWEEP: Duration = Duration::from_secs(60);

impl Shard {
    fn live(&mut self, key: SessionKey, now: Moment) -> Option<&mut MemorySession> {
        self.live.get_mut(&key).filter(|entry| entry.is_live(now))
    }
}

impl MemorySessionStore {
    /// Creates a store for at most `most` concurrent sessions. Further sessions are refused, since a live session is never evicted.
    pub fn new(most: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            subjects: (0..SHARDS).map(|_| Mutex::default()).collect(),
            key: RandomState::new(),
            count: AtomicUsize::new(0),
            most,
        }
    }

    fn shard(&self, key: SessionKey) -> MutexGuard<'_, Shard> {
        locked(&self.shards, usize::from(key.0[0]))
    }

    fn position(&self, id: &str) -> usize {
        self.key.hash_one(id) as usize % SHARDS
    }

    fn lock<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Locked<'_> {
        let mut positions: Vec<_> = ids.map(|id| self.position(id)).collect();
        positions.sort_unstable();
        positions.dedup();
        let guards = positions.into_iter().map(|position| (position, locked(&self.subjects, position)));
        Locked { store: self, guards: guards.collect() }
    }

    /// Reserves capacity for one session. Removes expired sessions first if the store is full.
    fn reserve(&self, now: Moment) -> Result<(), SessionStoreError> {
        let take = || {
            let more = |count: usize| (count < self.most).then_some(count + 1);
            self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
        };
        if take() {
            return Ok(());
        }
        (0..SHARDS).for_each(|shard| self.sweep(shard, now));
        if take() { Ok(()) } else { Err(SessionStoreError::Full) }
    }

    /// Removes expired sessions. Holds only one lock at a time.
    fn sweep(&self, shard: usize, now: Moment) {
        let mut ended = Vec::new();
        {
            let mut shard = locked(&self.shards, shard);
            shard.swept = now;
            shard.superseded.retain(|_, (_, until)| *until > now);
            shard.live.retain(|key, entry| {
                let live = entry.is_live(now);
                if !live {
                    ended.push((*key, std::mem::take(&mut entry.record.ids)));
                }
                live
            });
        }
        self.count.fetch_sub(ended.len(), Ordering::Relaxed);
        for (key, ids) in ended {
            let mut subjects = self.lock(ids.iter());
            ids.iter().for_each(|id| subjects.forget(id, key));
        }
    }

    fn sweep_if_due(&self, key: SessionKey, now: Moment) {
        let due = {
            let mut shard = self.shard(key);
            let due = shard.swept.plus(SWEEP) <= now;
            if due {
                shard.swept = now;
            }
            due
        };
        if due {
            self.sweep(usize::from(key.0[0]) % SHARDS, now);
        }
    }

    fn create_now(&self, key: SessionKey, record: SessionRecord, now: Moment) -> Result<(), SessionStoreError> {
        self.sweep_if_due(key, now);
        self.reserve(now)?;
        let mut subjects = self.lock(record.ids.iter());
        if self.insert(key, record.clone(), now, &mut subjects) {
            return Ok(());
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        Err(SessionStoreError::Unavailable)
    }

    /// Inserts a session whose capacity is already reserved. Returns `false` if the key is in use. The existing session is
    /// unchanged.
    fn insert(&self, key: SessionKey, record: SessionRecord, now: Moment, subjects: &mut Locked<'_>) -> bool {
        let ids = record.ids.clone();
        match self.shard(key).live.entry(key) {
            Slot::Vacant(slot) => drop(slot.insert(MemorySession::new(record, now))),
            Slot::Occupied(_) => return false,
        }
        ids.iter().for_each(|id| subjects.add(id, key));
        true
    }

    /// Removes a session. Returns `false` if it does not exist or has expired. `subjects` must contain the locks of its identities.
    fn take(&self, key: SessionKey, now: Moment, subjects: &mut Locked<'_>) -> bool {
        let Some(entry) = self.shard(key).live.remove(&key) else { return false };
        self.count.fetch_sub(1, Ordering::Relaxed);
        entry.record.ids.iter().for_each(|id| subjects.forget(id, key));
        entry.is_live(now)
    }

    fn ids_of(&self, key: SessionKey) -> Vec<String> {
        self.shard(key).live.get(&key).map(|entry| entry.record.ids.clone()).unwrap_or_default()
    }

    fn replace_now(&self, old: SessionKey, new: SessionKey, record: SessionRecord, now: Moment) -> bool {
        let ids = self.ids_of(old);
        // Holds the locks of all affected identities, so that a concurrent `end_all` finds either the old or the new session.
        let mut subjects = self.lock(ids.iter().chain(&record.ids));
        // The new session is inserted first, so that its successor exists as soon as the old session is marked as superseded.
        if !self.insert(new, record, now, &mut subjects) {
            return false;
        }
        self.count.fetch_add(1, Ordering::Relaxed); // the old session frees its capacity below
        let (gone, lived) = {
            let mut shard = self.shard(old);
            let lives = shard.live(old, now).is_some();
            if lives {
                shard.superseded.insert(old, (new, now.plus(ROTATION_GRACE)));
            }
            (shard.live.remove(&old), lives)
        };
        if let Some(gone) = gone {
            self.count.fetch_sub(1, Ordering::Relaxed);
            gone.record.ids.iter().for_each(|id| subjects.forget(id, old));
        }
        if !lived {
            self.take(new, now, &mut subjects);
        }
        lived
    }

    fn add_id_now(&self, key: SessionKey, version: u64, id: &str, claims: String) -> bool {
        let now = clock::monotonic();
        let id = id.to_owned();
        // Holds the lock of the identity, so that a concurrent `end_all` finds the session or runs before.
        let mut subjects = self.lock(std::iter::once(&id));
        let mut shard = self.shard(key);
        let Some(entry) = shard.live(key, now).filter(|entry| entry.version == version) else { return false };
        entry.record.claims = claims;
        entry.version += 1;
        entry.changed = now;
        if !entry.record.ids.contains(&id) {
            entry.record.ids.push(id.clone());
            subjects.add(&id, key);
        }
        true
    }

    fn keys_of(&self, id: &str) -> Vec<SessionKey> {
        locked(&self.subjects, self.position(id)).get(id).into_iter().flatten().copied().collect()
    }

    /// Removes a key from the list of an identity if the session no longer exists.
    fn forget_gone(&self, id: &str, key: SessionKey) {
        let mut subjects = self.lock([&id.to_owned()].into_iter());
        if !self.shard(key).live.contains_key(&key) {
            subjects.forget(id, key);
        }
    }

    fn end_now(&self, key: SessionKey, now: Moment) -> bool {
        let ids = self.ids_of(key);
        self.take(key, now, &mut self.lock(ids.iter()))
    }
}

fn locked<T>(shards: &[Mutex<T>], index: usize) -> MutexGuard<'_, T> {
    #[allow(clippy::indexing_slicing, reason = "the array has SHARDS elements")]
    shards[index % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
}

impl SessionStore for MemorySessionStore {
    fn is_shared(&self) -> bool {
        false
    }

    fn create(&self, key: SessionKey, record: SessionRecord) -> BoxFuture<'_, Result<(), SessionStoreError>> {
        Box::pin(ready(self.create_now(key, record, clock::monotonic())))
    }

    fn load(&self, key: SessionKey) -> BoxFuture<'_, Result<SessionState, SessionStoreError>> {
        let now = clock::monotonic();
        let mut shard = self.shard(key);
        let since = |then: Moment| now.after(then).unwrap_or_default();
        let superseded = shard.superseded.get(&key).filter(|(_, until)| *until > now).map(|(by, _)| *by);
        let loaded = match (shard.live(key, now), superseded) {
            (Some(entry), _) => SessionState::Live(StoredSession {
                record: entry.record.clone(),
                version: entry.version,
                unseen: since(entry.seen),
                unchanged: since(entry.changed),
                left: entry.ends.after(now).unwrap_or_default(),
            }),
            (None, Some(by)) => SessionState::Superseded { by },
            (None, None) => SessionState::Unknown,
        };
        Box::pin(ready(Ok(loaded)))
    }

    fn touch(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        let now = clock::monotonic();
        let touched = self.shard(key).live(key, now).map(|entry| entry.seen = now).is_some();
        Box::pin(ready(Ok(touched)))
    }

    fn update(&self, key: SessionKey, version: u64, claims: String) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        let now = clock::monotonic();
        let mut shard = self.shard(key);
        let entry = shard.live(key, now).filter(|entry| entry.version == version);
        let updated = entry.map(|entry| {
            entry.record.claims = claims;
            entry.version += 1;
            entry.changed = now;
        });
        Box::pin(ready(Ok(updated.is_some())))
    }

    fn add_id<'a>(
        &'a self,
        key: SessionKey,
        version: u64,
        id: &'a str,
        claims: String,
    ) -> BoxFuture<'a, Result<bool, SessionStoreError>> {
        Box::pin(ready(Ok(self.add_id_now(key, version, id, claims))))
    }

    fn replace(
        &self,
        old: SessionKey,
        new: SessionKey,
        record: SessionRecord,
    ) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        Box::pin(ready(Ok(self.replace_now(old, new, record, clock::monotonic()))))
    }

    fn end(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        let now = clock::monotonic();
        Box::pin(ready(Ok(self.end_now(key, now))))
    }

    fn end_all<'a>(&'a self, id: &'a str, but: Option<SessionKey>) -> BoxFuture<'a, Result<u64, SessionStoreError>> {
        let now = clock::monotonic();
        let mut ended = 0;
        // Repeated until none is left, since a session may be replaced concurrently.
        loop {
            let keys: Vec<_> = self.keys_of(id).into_iter().filter(|key| Some(*key) != but).collect();
            if keys.is_empty() {
                break;
            }
            for key in keys {
                if self.end_now(key, now) {
                    ended += 1;
                } else {
                    self.forget_gone(id, key);
                }
            }
        }
        Box::pin(ready(Ok(ended)))
    }

    fn of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<SessionKey>, SessionStoreError>> {
        let now = clock::monotonic();
        let live = self.keys_of(id).into_iter().filter(|key| self.shard(*key).live(*key, now).is_some());
        Box::pin(ready(Ok(live.collect())))
    }
}

impl std::fmt::Debug for MemorySessionStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.count.load(Ordering::Relaxed);
        f.debug_struct("MemorySessionStore").field("sessions", &count).field("most", &self.most).finish()
    }
}
