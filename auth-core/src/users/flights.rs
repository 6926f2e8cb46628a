//! Which logins are being judged: one that has to wait because of those may not have to.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// By name, how many are being judged, and who waits for the next one to land.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<String, (usize, Arc<Notify>)>>);

/// One that is being judged; lands when dropped.
pub(super) struct Flight {
    flights: Arc<Flights>,
    name: String,
}

impl Flights {
    pub(super) fn begin(self: &Arc<Self>, name: &str) -> Flight {
        self.with(|flights| flights.entry(name.to_owned()).or_default().0 += 1);
        Flight { flights: Arc::clone(self), name: name.to_owned() }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.with(|flights| flights.contains_key(name))
    }

    /// Completes when one of that name lands, also if that is before it is polled; `None` where there is none.
    pub(super) fn landing(&self, name: &str) -> Option<impl Future<Output = ()> + use<>> {
        let landing = self.with(|flights| flights.get(name).map(|(_, landing)| Arc::clone(landing)))?;
        let landed = landing.notified_owned();
        Some(landed)
    }

    fn with<R>(&self, use_them: impl FnOnce(&mut HashMap<String, (usize, Arc<Notify>)>) -> R) -> R {
        use_them(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.with(|flights| {
            let Some((count, landing)) = flights.get_mut(&self.name) else { return };
            *count -= 1;
            landing.notify_waiters();
            if *count == 0 {
                flights.remove(&self.name);
            }
        });
    }
}
