//! Which logins are being judged: one that has to wait because of those may not have to.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// So many of one name wait for others of it; more are turned away at once.
const WAITING: usize = 16;

/// By name, how many are being judged, how many wait for that, and by what they are woken.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<String, Name>>);

#[derive(Debug, Default)]
struct Name {
    judged: usize,
    waiting: usize,
    landing: Arc<Notify>,
}

/// One that is being judged; lands when dropped.
pub(super) struct Flight {
    flights: Arc<Flights>,
    name: String,
}

/// A place among those that wait; given up when dropped.
pub(super) struct Waits {
    flights: Arc<Flights>,
    name: String,
}

impl Flights {
    pub(super) fn begin(self: &Arc<Self>, name: &str) -> Flight {
        self.with(|flights| flights.entry(name.to_owned()).or_default().judged += 1);
        Flight { flights: Arc::clone(self), name: name.to_owned() }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.with(|flights| flights.get(name).is_some_and(|one| one.judged > 0))
    }

    /// Completes when one of that name lands, also if that is before it is polled; `None` where there is none, or no place
    /// among those that wait.
    pub(super) fn landing(
        self: &Arc<Self>,
        name: &str,
        waits: &mut Option<Waits>,
    ) -> Option<impl Future<Output = ()> + use<>> {
        self.with(|flights| {
            let one = flights.get_mut(name).filter(|one| one.judged > 0)?;
            if waits.is_none() {
                if one.waiting >= WAITING {
                    return None;
                }
                one.waiting += 1;
                *waits = Some(Waits { flights: Arc::clone(self), name: name.to_owned() });
            }
            Some(Arc::clone(&one.landing).notified_owned())
        })
    }

    fn leave(&self, name: &str, leave: impl FnOnce(&mut Name)) {
        self.with(|flights| {
            let Some(one) = flights.get_mut(name) else { return };
            leave(one);
            if one.judged == 0 && one.waiting == 0 {
                flights.remove(name);
            }
        });
    }

    fn with<R>(&self, use_them: impl FnOnce(&mut HashMap<String, Name>) -> R) -> R {
        use_them(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.leave(&self.name, |one| {
            one.judged -= 1;
            one.landing.notify_waiters();
        });
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.flights.leave(&self.name, |one| one.waiting -= 1);
    }
}
