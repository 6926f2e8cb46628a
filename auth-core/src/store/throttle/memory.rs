//! Counts in memory: a table of fixed size.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::subject::{Counted, KNOWN, MEMORY, SHORT, Subject};
use crate::runtime::clock::Moment;

const BUCKETS: usize = 4096;
const SLOTS: usize = 8;

/// Buckets of slots. Which bucket is fixed by a hash with a key of this process, so that nobody can aim at one.
pub(super) struct Table {
    key: RandomState,
    buckets: Box<[Mutex<Bucket>]>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    slots: [Slot; SLOTS],
    /// What found no slot counts here, together: accounts, and networks. Nobody waits long for what others did.
    shared: Shared,
}

#[derive(Clone, Copy, Default)]
struct Shared {
    accounts: Slot,
    networks: Slot,
}

impl Shared {
    fn of(&mut self, subject: &Subject) -> &mut Slot {
        if subject.is_account() { &mut self.accounts } else { &mut self.networks }
    }
}

#[derive(Clone, Copy, Default)]
struct Slot {
    /// 0: free.
    tag: u64,
    count: u32,
    /// No attempt is judged before.
    until: Moment,
    /// Free again from then on.
    forget: Moment,
    /// Of a login that is remembered, rather than of failures.
    known: bool,
}

impl Bucket {
    fn find(&mut self, tag: u64, now: Moment) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.tag == tag && slot.forget > now)
    }

    /// The slot of the tag, a free one, or the one that its kind shares.
    fn take(&mut self, tag: u64, subject: &Subject, now: Moment) -> &mut Slot {
        let own = self.slots.iter().position(|slot| slot.tag == tag && slot.forget > now);
        let free = || self.slots.iter().position(|slot| slot.forget <= now);
        let place = own.or_else(free);
        let shared = self.shared.of(subject);
        match place.and_then(|position| self.slots.get_mut(position)) {
            Some(slot) => {
                if own.is_none() {
                    *slot = Slot { tag, ..Slot::default() };
                }
                slot
            }
            None => {
                if shared.forget <= now {
                    *shared = Slot::default();
                }
                shared
            }
        }
    }
}

impl Table {
    pub(super) fn new() -> Self {
        let buckets = (0..BUCKETS).map(|_| Mutex::new(Bucket::default())).collect();
        Self { key: RandomState::new(), buckets }
    }

    fn bucket<R>(&self, subject: &Subject, use_it: impl FnOnce(u64, &mut Bucket) -> R) -> Option<R> {
        let hash = self.key.hash_one(subject);
        let bucket = self.buckets.get(usize::try_from(hash >> 32).unwrap_or_default() % BUCKETS)?;
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        Some(use_it(hash | 1, &mut bucket))
    }

    /// How long an attempt has to wait.
    pub(super) fn waits(&self, subject: &Subject, now: Moment) -> Option<Duration> {
        let until =
            self.bucket(subject, |tag, bucket| bucket.find(tag, now).map_or(Moment::default(), |slot| slot.until));
        until.and_then(|until| until.after(now))
    }

    /// Counts an attempt, and delays the next: whether in a slot of its own. `Err` where it has to wait, and is not counted.
    pub(super) fn count(&self, one: &Counted, now: Moment) -> Result<bool, Duration> {
        let counted = self.bucket(&one.subject, |tag, bucket| {
            let slot = bucket.take(tag, &one.subject, now);
            if let Some(wait) = slot.until.after(now) {
                return Err(wait);
            }
            slot.count = slot.count.saturating_add(1);
            let (delay, own) = (one.delay(slot.count), slot.tag == tag);
            slot.until = now.plus(if own { delay } else { delay.min(SHORT) });
            // A login that is remembered stays so.
            slot.forget = slot.forget.max(slot.until.plus(MEMORY));
            Ok(own)
        });
        // There is a bucket for every hash; were it not so, nobody would log in.
        counted.unwrap_or(Err(MEMORY))
    }

    /// Takes a count back that was no failure, from where it was counted. What delay it brought goes with it.
    pub(super) fn give_back(&self, subject: &Subject, own: bool) {
        let now = Moment::default();
        self.bucket(subject, |tag, bucket| {
            let slot = match own {
                true => bucket.find(tag, now),
                false => Some(bucket.shared.of(subject)),
            };
            let Some(slot) = slot else { return };
            slot.count = slot.count.saturating_sub(1);
            slot.until = Moment::default();
            if slot.count == 0 && !slot.known {
                *slot = Slot::default(); // room for others
            }
        });
    }

    /// Forgets all failures of a subject that has a slot of its own; of one that has none, nothing.
    pub(super) fn forgive(&self, subject: &Subject) {
        self.bucket(subject, |tag, bucket| {
            if let Some(slot) = bucket.find(tag, Moment::default()) {
                // One is left, for the attempt that is given back.
                slot.count = 1;
                slot.until = Moment::default();
            }
        });
    }

    #[cfg(test)]
    pub(super) fn waits_in_shared(&self, subject: &Subject, now: Moment) -> bool {
        self.bucket(subject, |_, bucket| bucket.shared.of(subject).until.after(now).is_some()).unwrap_or(false)
    }

    /// Whether the subject has logged in lately.
    pub(super) fn is_remembered(&self, subject: &Subject, now: Moment) -> bool {
        self.bucket(subject, |tag, bucket| bucket.find(tag, now).is_some()).unwrap_or(false)
    }

    /// Remembers a login. In no more than half of the slots: who logs in from very many places pushes out what is remembered
    /// of others, and never a count of failures.
    pub(super) fn remember(&self, subject: &Subject, now: Moment) {
        self.bucket(subject, |tag, bucket| {
            let known = |slot: &&mut Slot| slot.known && slot.forget > now;
            let is_there = bucket.find(tag, now).is_some();
            if !is_there && bucket.slots.iter_mut().filter(known).count() >= SLOTS / 2 {
                let oldest = bucket.slots.iter_mut().filter(known).min_by_key(|slot| slot.forget);
                oldest.into_iter().for_each(|slot| *slot = Slot::default());
            }
            let slot = bucket.take(tag, subject, now);
            if slot.tag == tag {
                (slot.forget, slot.known) = (now.plus(KNOWN), true);
            }
        });
    }
}
