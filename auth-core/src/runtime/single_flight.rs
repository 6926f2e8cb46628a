//! What others answered, kept for a while: bounded in number and in time, and asked once by all who want it at one moment.

use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::runtime::clock::{self, Moment};

/// Answers by key.
pub(crate) struct Remembered<K, V> {
    answers: Cache<K, (Moment, V)>,
    /// Counts what was forgotten on purpose: an answer that was asked for before that is not kept.
    forgotten: AtomicU64,
    waiting: AtomicUsize,
}

/// Nobody waits longer for what another one asked, and no more do at one moment.
const PATIENCE: Duration = Duration::from_secs(3);
const MOST_WAITING: usize = 1000;

/// One of those who wait.
pub(crate) struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// `None` where there are too many (M9).
    pub(crate) fn among(waiting: &'a AtomicUsize) -> Option<Self> {
        let one = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING).then_some(one)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Remembered<K, V> {
    /// So many at most; which go is the cache's choice, and what is asked for often stays.
    pub(crate) fn new(most: usize) -> Self {
        Self { answers: Cache::new(most), forgotten: AtomicU64::new(0), waiting: AtomicUsize::new(0) }
    }

    /// The answer that is kept, while it may be.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let (until, answer) = self.answers.get(key)?;
        until.after(clock::monotonic()).map(|_| answer)
    }

    /// Keeps an answer.
    #[cfg(feature = "jwt")]
    pub(crate) fn put(&self, key: K, answer: V, lasts: Duration) {
        self.answers.insert(key, (clock::monotonic().plus(lasts), answer));
    }

    /// The answer that is kept, or else that of `ask`, which says how long it may be: who comes meanwhile waits for it, for a
    /// while, and not too many do. What failed is not kept, and then the next one asks.
    ///
    /// # Errors
    /// That of `ask`, or `crowded` where too many wait, or too long.
    pub(crate) async fn get_or_ask<E>(
        &self,
        key: &K,
        crowded: impl FnOnce() -> E,
        ask: impl Future<Output = Result<(V, Duration), E>>,
    ) -> Result<V, E> {
        let free = async {
            loop {
                match self.answers.get_value_or_guard_async(key).await {
                    Ok((until, answer)) if until.after(clock::monotonic()).is_some() => return Ok(answer),
                    Ok((until, _)) => {
                        // Whoever was first has put a new one there.
                        let is_old = |(other, _): &(Moment, V)| *other == until;
                        self.answers.remove_if(key, is_old);
                    }
                    Err(guard) => return Err(guard),
                }
            }
        };
        // What is known waits for nobody, however many wait for something else.
        if let Some(answer) = self.get(key) {
            return Ok(answer);
        }
        let guard = match Waiting::among(&self.waiting) {
            Some(_waiting) => match tokio::time::timeout(PATIENCE, free).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(guard)) => guard,
                Err(_) => return Err(crowded()),
            },
            None => return Err(crowded()),
        };
        let before = self.forgotten.load(Ordering::SeqCst);
        let (answer, lasts) = ask.await?;
        if !lasts.is_zero() && self.forgotten.load(Ordering::SeqCst) == before {
            // An error says that it was taken out meanwhile, and then it is not kept.
            let _ = guard.insert((clock::monotonic().plus(lasts), answer.clone()));
            if self.forgotten.load(Ordering::SeqCst) != before {
                self.answers.remove(key);
            }
        }
        Ok(answer)
    }

    /// Forgets the answers to such keys, and those that are on their way.
    pub(crate) fn forget(&self, is_one: impl Fn(&K) -> bool) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.answers.retain(|key, _| !is_one(key));
    }
}

impl<K, V> std::fmt::Debug for Remembered<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_are_one_question_and_failures_are_not_kept() {
        let remembered = Arc::new(Remembered::<u8, u8>::new(8));
        let asked = Arc::new(AtomicUsize::new(0));
        let ask = |answer: Result<(u8, Duration), ()>| {
            let (remembered, asked) = (Arc::clone(&remembered), Arc::clone(&asked));
            async move {
                let question = async {
                    asked.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    answer
                };
                remembered.get_or_ask(&1, || (), question).await
            }
        };
        let minute = Duration::from_secs(60);
        let (first, second) = tokio::join!(ask(Err(())), ask(Ok((2, minute))));
        assert_eq!((first, second, asked.load(Ordering::SeqCst)), (Err(()), Ok(2), 2));
        assert_eq!((ask(Ok((3, minute))).await, remembered.get(&1)), (Ok(2), Some(2)));
        remembered.forget(|key| *key == 1);
        assert_eq!((remembered.get(&1), ask(Ok((4, Duration::ZERO))).await, remembered.get(&1)), (None, Ok(4), None));
        // Forgotten while the answer is on its way: it is given, and not kept.
        let slow = async {
            remembered.forget(|key| *key == 1);
            Ok::<_, ()>((5, minute))
        };
        assert_eq!((remembered.get_or_ask(&1, || (), slow).await, remembered.get(&1)), (Ok(5), None));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_for_what_another_one_asks() {
        let remembered = Remembered::<u8, u8>::new(8);
        let slow = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok::<_, &str>((1, Duration::ZERO))
        };
        let second = remembered.get_or_ask(&1, || "crowded", async { Ok((2, Duration::ZERO)) });
        let start = tokio::time::Instant::now();
        let second = async { (second.await, start.elapsed()) };
        let (first, (second, waited)) = tokio::join!(remembered.get_or_ask(&1, || "crowded", slow), second);
        assert_eq!((first, second, waited), (Ok(1), Err("crowded"), PATIENCE));
        let many: Vec<_> = (0..MOST_WAITING).map(|_| Waiting::among(&remembered.waiting).unwrap()).collect();
        let one_more = remembered.get_or_ask(&2, || "crowded", async { Ok((2, Duration::ZERO)) });
        assert_eq!(one_more.await, Err("crowded"));
        drop(many);
        assert_eq!(remembered.get_or_ask(&2, || "crowded", async { Ok((2, Duration::ZERO)) }).await, Ok(2));
    }
}
