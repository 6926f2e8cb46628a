//! Conformance tests for stores of used DPoP proofs.

use std::sync::Arc;
use std::time::Duration;

use super::ReplayStore;

use crate::runtime::random::random;

/// Tests a store against all requirements of [`ReplayStore`]. Takes about a second. The entries are random and expire within a
/// minute, so the store may be in use by other processes.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// auth_actix::test::replay_store(auth_actix::dpop::MemoryReplayStore::new(1000)).await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// The store violates a requirement. The message names it.
#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
pub async fn replay_store(store: impl ReplayStore) {
    let store: Arc<dyn ReplayStore> = Arc::new(store);
    let minute = Duration::from_secs(60);
    let [first, second] = [random(), random()];
    assert_eq!(store.insert(first, minute).await, Ok(true), "the first use of a proof");
    assert_eq!(store.insert(first, minute).await, Ok(false), "the second use of a proof");
    assert_eq!(store.insert(second, minute).await, Ok(true), "the first use of another proof");
    assert_eq!(store.insert(first, minute).await, Ok(false), "a rejected use does not remove the entry");

    let concurrent = random();
    let uses: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.insert(concurrent, minute).await })
        })
        .collect();
    let mut accepted = 0;
    for one in uses {
        accepted += usize::from(one.await.expect("no panic") == Ok(true));
    }
    assert_eq!(accepted, 1, "one of many concurrent uses is the first");
}
