//! Runs application-provided futures (stores, resolvers, schemes) with a timeout, and converts panics to `None`.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

const APPLICATION_TIMEOUT: Duration = Duration::from_secs(5);

/// Awaits a future for at most 5 s. Returns `None` if it takes longer or panics.
pub async fn with_timeout<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(APPLICATION_TIMEOUT, catch_panic(pin!(future))).await.ok().flatten()
}

/// Awaits a future. Returns `None` if it panics.
pub async fn catch_panic<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let answered = std::future::poll_fn(|context| {
        // Unwind safe, because the future is not polled again after a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    });
    answered.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn slow_or_panicking_future_yields_no_value() {
        let after = |wait| async move {
            tokio::time::sleep(wait).await;
            7
        };
        assert_eq!(with_timeout(after(APPLICATION_TIMEOUT / 2)).await, Some(7));
        assert_eq!(with_timeout(after(APPLICATION_TIMEOUT * 2)).await, None);
        let panics = async {
            tokio::task::yield_now().await;
            panic!("as stores do")
        };
        assert_eq!(with_timeout::<u8>(panics).await, None);
    }
}
