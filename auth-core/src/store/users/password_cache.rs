//! Passwords that were right a moment ago, so that a client which sends one with each request does not cost a hash each time.
//!
//! # Why
//! What is kept is a keyed code of name, password and stored hash, by a key that this process drew: of no use without the
//! process, and of none as soon as the stored hash is another one. The store is asked each time, so who is gone is out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use blake2::Blake2sMac256;
use blake2::digest::{KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use super::SecretString;
use crate::runtime::clock::Moment;

/// No longer than this.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

const SLOTS: usize = 4096;

pub(super) struct Verified {
    key: Blake2sMac256,
    lasts: Duration,
    /// Which slot is fixed by the code, so nobody can aim at one. A newer one takes the place of an older.
    slots: Box<[Mutex<Option<Entry>>]>,
}

struct Entry {
    presented: Code,
    /// The same with the stored hash.
    whole: Code,
    until: Moment,
}

type Code = [u8; 32];

impl Verified {
    /// `None` where the system gives no random numbers: then each password is hashed.
    pub(super) fn new(lasts: Duration) -> Option<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok()?;
        let key = Blake2sMac256::new_from_slice(&key).ok()?;
        let slots = (0..SLOTS).map(|_| Mutex::default()).collect();
        Some(Self { key, lasts: lasts.min(LONGEST), slots })
    }

    fn code(&self, parts: [&[u8]; 3]) -> Code {
        let mut code = self.key.clone();
        for part in parts {
            // With its length: what ends one part does not begin the next.
            code.update(&part.len().to_le_bytes());
            code.update(part);
        }
        code.finalize().into_bytes().into()
    }

    fn slot(&self, presented: &Code) -> Option<&Mutex<Option<Entry>>> {
        let [first, second, ..] = *presented;
        self.slots.get(usize::from(u16::from_le_bytes([first, second])) % SLOTS)
    }

    fn is(&self, presented: &Code, of: impl Fn(&Entry) -> bool, now: Moment) -> bool {
        let Some(slot) = self.slot(presented) else { return false };
        let entry = slot.lock().unwrap_or_else(PoisonError::into_inner);
        entry.as_ref().is_some_and(|entry| {
            entry.until.after(now).is_some() && bool::from(entry.presented.ct_eq(presented)) && of(entry)
        })
    }

    /// Whether they were right a moment ago, for some stored hash: only then is the store asked before there is a turn.
    pub(super) fn may_be(&self, name: &str, password: &SecretString, now: Moment) -> bool {
        let presented = self.code([name.as_bytes(), password.expose_secret().as_bytes(), b""]);
        self.is(&presented, |_| true, now)
    }

    /// Whether they were right a moment ago, for this one.
    pub(super) fn knows(&self, name: &str, password: &SecretString, hash: &str, now: Moment) -> bool {
        let password = password.expose_secret().as_bytes();
        let presented = self.code([name.as_bytes(), password, b""]);
        let whole = self.code([name.as_bytes(), password, hash.as_bytes()]);
        self.is(&presented, |entry| entry.whole.ct_eq(&whole).into(), now)
    }

    /// Takes note that they are right.
    pub(super) fn remember(&self, name: &str, password: &SecretString, hash: &str, now: Moment) {
        let password = password.expose_secret().as_bytes();
        let presented = self.code([name.as_bytes(), password, b""]);
        let whole = self.code([name.as_bytes(), password, hash.as_bytes()]);
        if let Some(slot) = self.slot(&presented) {
            let entry = Entry { presented, whole, until: now.plus(self.lasts) };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::clock;

    #[test]
    fn only_what_was_right_is_known_for_its_time_and_its_hash() {
        // M8
        let verified = Verified::new(Duration::from_secs(3600)).unwrap();
        let now = clock::monotonic();
        let later = |seconds| now.plus(Duration::from_secs(seconds));
        let (right, wrong) = (SecretString::from("right"), SecretString::from("wrong"));
        verified.remember("alice", &right, "hash", now);
        assert!(verified.may_be("alice", &right, later(59)) && verified.knows("alice", &right, "hash", later(59)));
        assert!(!verified.knows("alice", &right, "hash", later(60)), "a minute is the most");
        assert!(verified.may_be("alice", &right, now) && !verified.knows("alice", &right, "another", now));
        for (name, password) in
            [("alice", &wrong), ("bob", &right), ("alicer", &"ight".into()), ("", &"aliceright".into())]
        {
            assert!(!verified.may_be(name, password, now) && !verified.knows(name, password, "hash", now), "{name}");
        }
        let other = Verified::new(LONGEST).unwrap();
        other.remember("alice", &right, "hash", now);
        let codes = |verified: &Verified| verified.code([b"alice", b"right", b""]);
        assert_ne!(codes(&verified), codes(&other), "by a key of its own");
    }
}
