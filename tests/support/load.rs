//! Requests that are repeated while something else happens.

use std::sync::atomic::{AtomicBool, Ordering};

/// Stops the clients when it is dropped, so that they end as well if a check fails meanwhile.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Lets `clients` threads repeat a request while `during` runs. `request` receives the number of its thread. Returns what each
/// request returned.
///
/// # Panics
/// `request` or `during` panics.
pub fn under_load<T: Send>(clients: usize, request: impl Fn(usize) -> T + Sync, during: impl FnOnce()) -> Vec<T> {
    let stopped = AtomicBool::new(false);
    let (request, stopped) = (&request, &stopped);
    std::thread::scope(|scope| {
        let repeat = |client| {
            move || {
                let mut returned = Vec::new();
                while !stopped.load(Ordering::Relaxed) {
                    returned.push(request(client));
                }
                returned
            }
        };
        let clients: Vec<_> = (0..clients).map(|client| scope.spawn(repeat(client))).collect();
        let stop = Stop(stopped);
        during();
        drop(stop);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_failed_check_ends_the_load() {
        let failed = catch_unwind(AssertUnwindSafe(|| under_load(2, |client| client, || panic!("failed"))));
        assert!(failed.is_err());
    }
}
