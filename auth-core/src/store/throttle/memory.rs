//! A throttle store in memory: a table of fixed size.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::counter::{COUNT_TTL, Counter, CounterSet, KNOWN_PLACE_TTL, LoginCounters, MAX_SHARED_DELAY, Subject};
use super::store::{Admission, Counted, LoginOutcome, ThrottleStore, ThrottleUnavailable};
use crate::runtime::clock::{self, Moment};
use crate::runtime::future::BoxFuture;

const BUCKETS: usize = 4096;
const SLOTS: usize = 8;

/// A store of failure counts in the memory of this process. It holds about 32,000 accounts and networks, in about 1 MiB.
// The table consists of buckets of slots. The bucket of a counter depends on a hash keyed per process, so that an attacker cannot
// choose it.
pub struct MemoryThrottleStore {
    key: RandomState,
    buckets: Box<[Mutex<Bucket>]>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    slots: [Slot; SLOTS],
    /// Shared by counters for which no slot was free.
    shared: SharedSlots,
}

#[derive(Clone, Copy, Default)]
struct SharedSlots {
    accounts: Slot,
    networks: Slot,
}

impl SharedSlots {
    fn slot_for(&mut self, subject: &Subject) -> &mut Slot {
        if subject.is_account() { &mut self.accounts } else { &mut self.networks }
    }
}

#[derive(Clone, Copy, Default)]
struct Slot {
    tag: u64,
    failures: u32,
    /// The time at which the next attempt is admitted.
    delayed_until: Moment,
    /// The time from which on the slot is free.
    expires: Moment,
    /// Whether the slot belongs to a known place, rather than only to failures.
    is_known_place: bool,
}

impl Bucket {
    fn find(&mut self, tag: u64, now: Moment) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.tag == tag && slot.expires > now)
    }

    /// Returns the slot with this tag, a free slot, or the shared slot.
    fn find_or_insert(&mut self, tag: u64, subject: &Subject, now: Moment) -> &mut Slot {
        let existing = self.slots.iter().position(|slot| slot.tag == tag && slot.expires > now);
        let free = || self.slots.iter().position(|slot| slot.expires <= now);
        let position = existing.or_else(free);
        let shared = self.shared.slot_for(subject);
        match position.and_then(|position| self.slots.get_mut(position)) {
            Some(slot) => {
                if existing.is_none() {
                    *slot = Slot { tag, ..Slot::default() };
                }
                slot
            }
            None => {
                if shared.expires <= now {
                    *shared = Slot::default();
                }
                shared
            }
        }
    }
}

impl Default for MemoryThrottleStore {
    fn default() -> Self {
        let buckets = (0..BUCKETS).map(|_| Mutex::new(Bucket::default())).collect();
        Self { key: RandomState::new(), buckets }
    }
}

impl std::fmt::Debug for MemoryThrottleStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryThrottleStore").finish_non_exhaustive()
    }
}

impl MemoryThrottleStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn admit_at(&self, login: &LoginCounters, now: Moment) -> Admission {
        let set = self.current_set(login, now);
        // Bit `n` is set if the counter at position `n` has its own slot.
        let mut token = 0;
        for (bit, counter) in login.set(set).iter().enumerate() {
            match self.count(counter, now) {
                Ok(is_own) => token |= u64::from(is_own) << bit,
                Err(delay) => {
                    self.decrement(login.set(set).iter().take(bit), token);
                    return Admission::Delayed(delay);
                }
            }
        }
        Admission::Counted(Counted::new(set).with_token(token))
    }

    pub(super) fn settle_at(&self, login: &LoginCounters, counted: Counted, outcome: LoginOutcome, now: Moment) {
        let counters = login.set(counted.set);
        if outcome == LoginOutcome::Success {
            counters.iter().filter(|counter| counter.is_account()).for_each(|counter| self.reset(&counter.subject));
            if let Some(known_place) = login.known_place() {
                self.add_known_place(&known_place.subject, now);
            }
        }
        self.decrement(counters.iter(), counted.token);
    }

    fn current_set(&self, login: &LoginCounters, now: Moment) -> CounterSet {
        let is_known =
            |counter: &Counter| self.with_bucket(&counter.subject, |tag, bucket| bucket.find(tag, now).is_some());
        match login.known_place().and_then(is_known) {
            Some(true) => CounterSet::KnownPlace,
            _ => CounterSet::General,
        }
    }

    fn with_bucket<R>(&self, subject: &Subject, act: impl FnOnce(u64, &mut Bucket) -> R) -> Option<R> {
        let hash = self.key.hash_one(subject);
        let bucket = self.buckets.get(usize::try_from(hash >> 32).unwrap_or_default() % BUCKETS)?;
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        Some(act(hash | 1, &mut bucket))
    }

    fn delay_at(&self, subject: &Subject, now: Moment) -> Option<Duration> {
        let delayed_until = |tag, bucket: &mut Bucket| bucket.find(tag, now).map(|slot| slot.delayed_until);
        self.with_bucket(subject, delayed_until)?.and_then(|until| until.after(now))
    }

    /// Counts an attempt and delays the next one. Returns whether the counter has its own slot. If a delay is still running,
    /// returns the remaining delay as an error.
    fn count(&self, counter: &Counter, now: Moment) -> Result<bool, Duration> {
        let counted = self.with_bucket(&counter.subject, |tag, bucket| {
            let slot = bucket.find_or_insert(tag, &counter.subject, now);
            if let Some(delay) = slot.delayed_until.after(now) {
                return Err(delay);
            }
            slot.failures = slot.failures.saturating_add(1);
            let (delay, is_own) = (counter.delay(slot.failures), slot.tag == tag);
            slot.delayed_until = now.plus(if is_own { delay } else { delay.min(MAX_SHARED_DELAY) });
            // The slot of a known place is kept for as long as the place is known.
            slot.expires = slot.expires.max(slot.delayed_until.plus(COUNT_TTL));
            Ok(is_own)
        });
        // Unreachable, since every hash has a bucket. Fails closed anyway.
        counted.unwrap_or(Err(COUNT_TTL))
    }

    /// Decrements the counters and ends the delays that the attempt caused. `token` is the token of the attempt.
    fn decrement<'a>(&self, counters: impl Iterator<Item = &'a Counter>, token: u64) {
        for (bit, counter) in counters.enumerate() {
            self.with_bucket(&counter.subject, |tag, bucket| {
                let slot = match token >> bit & 1 == 1 {
                    true => bucket.find(tag, Moment::default()),
                    false => Some(bucket.shared.slot_for(&counter.subject)),
                };
                let Some(slot) = slot else { return };
                slot.failures = slot.failures.saturating_sub(1);
                slot.delayed_until = Moment::default();
                if slot.failures == 0 && !slot.is_known_place {
                    *slot = Slot::default();
                }
            });
        }
    }

    /// Resets a counter that has its own slot. Shared slots keep their count.
    fn reset(&self, subject: &Subject) {
        self.with_bucket(subject, |tag, bucket| {
            if let Some(slot) = bucket.find(tag, Moment::default()) {
                // `decrement` subtracts this attempt afterwards.
                slot.failures = 1;
                slot.delayed_until = Moment::default();
            }
        });
    }

    /// Stores a known place. Known places take at most half of the slots of a bucket. They replace only each other, never a count.
    fn add_known_place(&self, subject: &Subject, now: Moment) {
        self.with_bucket(subject, |tag, bucket| {
            let is_known = |slot: &&mut Slot| slot.is_known_place && slot.expires > now;
            let is_present = bucket.find(tag, now).is_some();
            if !is_present && bucket.slots.iter_mut().filter(is_known).count() >= SLOTS / 2 {
                let oldest = bucket.slots.iter_mut().filter(is_known).min_by_key(|slot| slot.expires);
                oldest.into_iter().for_each(|slot| *slot = Slot::default());
            }
            let slot = bucket.find_or_insert(tag, subject, now);
            if slot.tag == tag {
                (slot.expires, slot.is_known_place) = (now.plus(KNOWN_PLACE_TTL), true);
            }
        });
    }

    #[cfg(test)]
    pub(super) fn shared_slot_delays(&self, subject: &Subject, now: Moment) -> bool {
        let delays = |_, bucket: &mut Bucket| bucket.shared.slot_for(subject).delayed_until.after(now).is_some();
        self.with_bucket(subject, delays).unwrap_or(false)
    }
}

impl ThrottleStore for MemoryThrottleStore {
    fn is_shared(&self) -> bool {
        false
    }

    fn admit<'a>(&'a self, login: &'a LoginCounters) -> BoxFuture<'a, Result<Admission, ThrottleUnavailable>> {
        Box::pin(std::future::ready(Ok(self.admit_at(login, clock::monotonic()))))
    }

    fn settle<'a>(
        &'a self,
        login: &'a LoginCounters,
        counted: Counted,
        outcome: LoginOutcome,
    ) -> BoxFuture<'a, Result<(), ThrottleUnavailable>> {
        self.settle_at(login, counted, outcome, clock::monotonic());
        Box::pin(std::future::ready(Ok(())))
    }

    fn delay(&self, login: &LoginCounters) -> Option<Duration> {
        let now = clock::monotonic();
        login.set(self.current_set(login, now)).iter().filter_map(|counter| self.delay_at(&counter.subject, now)).max()
    }
}
