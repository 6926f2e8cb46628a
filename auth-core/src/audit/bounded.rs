//! A sink that does not delay requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use super::{Event, Sink, try_record};

/// Wraps another sink with a queue of fixed length and a thread. If the queue is full, events are dropped and counted, so that a
/// slow sink does not delay requests.
#[derive(Clone, Debug)]
pub struct Bounded {
    queue: SyncSender<Event>,
    dropped: Arc<AtomicU64>,
}

impl Bounded {
    /// Creates a queue of at most `length` events for this sink.
    ///
    /// # Errors
    /// The operating system provides no thread.
    pub fn new(sink: impl Sink, length: usize) -> std::io::Result<Self> {
        let (queue, events) = sync_channel::<Event>(length);
        let run = move || {
            for event in events {
                // A sink that has panicked still receives later events.
                if !try_record(&sink, &event) {
                    tracing::error!(target: "auth_core", "the audit sink panicked");
                }
            }
        };
        std::thread::Builder::new().name("auth-audit".to_owned()).spawn(run)?;
        Ok(Self { queue, dropped: Arc::default() })
    }

    /// Returns the number of dropped events.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Sink for Bounded {
    fn record(&self, event: &Event) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.queue.try_send(event.clone()) {
            let before = self.dropped.fetch_add(1, Ordering::Relaxed);
            // Logged once for each power of two, so that a flood of events is reported without flooding the log.
            if (before + 1).is_power_of_two() {
                tracing::error!(target: "auth_core", dropped = before + 1, "the audit queue is full");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::audit::EventKind;
    use crate::runtime::clock;

    /// Receives an event, and then blocks until it may continue.
    struct Slow {
        told: Sender<()>,
        go_on: Mutex<Receiver<()>>,
    }

    impl Sink for Slow {
        fn record(&self, _: &Event) {
            self.told.send(()).unwrap();
            let _ = self.go_on.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
    }

    #[test]
    fn full_audit_queue_drops_and_counts_events_without_blocking() {
        let ((told, is_told), (go_on, waits)) = (channel(), channel());
        let bounded = Bounded::new(Slow { told, go_on: Mutex::new(waits) }, 4).unwrap();
        let event = Event::new(clock::now(), EventKind::Denied);
        bounded.record(&event);
        is_told.recv().unwrap(); // the sink is busy with the first event
        (0..10).for_each(|_| bounded.record(&event));
        assert_eq!(bounded.dropped(), 6);
        drop(go_on);
        (0..4).for_each(|_| is_told.recv().unwrap());
        assert_eq!(bounded.dropped(), 6);
    }
}
