//! What the application's own code answers: a store, a resolver, a scheme. It may take too long, and it may panic.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

/// No request waits longer for one of them.
const PATIENCE: Duration = Duration::from_secs(5);

/// The answer, unless it takes more than 5 s, or whoever was asked panics: then nobody knows.
pub async fn answered<T>(asked: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, unless_it_panics(pin!(asked))).await.ok().flatten()
}

/// The answer, unless whoever was asked panics.
pub async fn unless_it_panics<T>(mut asked: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let answered = std::future::poll_fn(|context| {
        // Unwind safe: after a panic it is not polled again.
        let polled = catch_unwind(AssertUnwindSafe(|| asked.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    });
    answered.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_knows_what_takes_too_long_or_panics() {
        let after = |wait| async move {
            tokio::time::sleep(wait).await;
            7
        };
        assert_eq!(answered(after(PATIENCE / 2)).await, Some(7));
        assert_eq!(answered(after(PATIENCE * 2)).await, None);
        let panics = async {
            tokio::task::yield_now().await;
            panic!("as stores do")
        };
        assert_eq!(answered::<u8>(panics).await, None);
    }
}
