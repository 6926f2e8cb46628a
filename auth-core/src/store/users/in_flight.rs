//! Tracking of password verifications in progress per user, so that concurrent correct logins are not throttled.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Maximum number of waiting attempts per user. Further attempts are rejected at once.
const MAX_WAITERS: usize = 16;

/// Verifications in progress, by user name.
#[derive(Debug, Default)]
pub(super) struct InFlight(Mutex<HashMap<String, UserAttempts>>);

#[derive(Debug, Default)]
struct UserAttempts {
    verifying: usize,
    waiting: usize,
    finished: Arc<Notify>,
}

/// A verification in progress. Dropping it marks the verification as finished.
pub(super) struct InFlightAttempt {
    in_flight: Arc<InFlight>,
    name: String,
}

/// A waiting attempt, counted until it is dropped.
pub(super) struct WaitingAttempt {
    in_flight: Arc<InFlight>,
    name: String,
}

impl InFlight {
    pub(super) fn begin(self: &Arc<Self>, name: &str) -> InFlightAttempt {
        self.with(|users| users.entry(name.to_owned()).or_default().verifying += 1);
        InFlightAttempt { in_flight: Arc::clone(self), name: name.to_owned() }
    }

    pub(super) fn is_verifying(&self, name: &str) -> bool {
        self.with(|users| users.get(name).is_some_and(|one| one.verifying > 0))
    }

    /// Returns a future that completes when a verification of this user finishes, even if that happens before the first poll.
    /// `None` if none is in progress, or if too many attempts are waiting.
    pub(super) fn next_finished(
        self: &Arc<Self>,
        name: &str,
        waiting: &mut Option<WaitingAttempt>,
    ) -> Option<impl Future<Output = ()> + use<>> {
        self.with(|users| {
            let one = users.get_mut(name).filter(|one| one.verifying > 0)?;
            if waiting.is_none() {
                if one.waiting >= MAX_WAITERS {
                    return None;
                }
                one.waiting += 1;
                *waiting = Some(WaitingAttempt { in_flight: Arc::clone(self), name: name.to_owned() });
            }
            Some(Arc::clone(&one.finished).notified_owned())
        })
    }

    fn leave(&self, name: &str, leave: impl FnOnce(&mut UserAttempts)) {
        self.with(|users| {
            let Some(one) = users.get_mut(name) else { return };
            leave(one);
            if one.verifying == 0 && one.waiting == 0 {
                users.remove(name);
            }
        });
    }

    fn with<R>(&self, act: impl FnOnce(&mut HashMap<String, UserAttempts>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for InFlightAttempt {
    fn drop(&mut self) {
        self.in_flight.leave(&self.name, |one| {
            one.verifying -= 1;
            one.finished.notify_waiters();
        });
    }
}

impl Drop for WaitingAttempt {
    fn drop(&mut self) {
        self.in_flight.leave(&self.name, |one| one.waiting -= 1);
    }
}
