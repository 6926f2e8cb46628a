//! Conformance tests for session stores, built-in and custom.

use std::sync::Arc;
use std::time::Duration;

use super::{SessionKey, SessionRecord, SessionState, SessionStore, StoredSession};

use crate::runtime::random::random;

/// Tests a store against all requirements of [`SessionStore`]. Takes about two seconds. All entries expire, so the store may be in
/// use by other processes.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// auth_actix::test::session_store(auth_actix::session::MemorySessionStore::new(1000)).await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// The store violates a requirement. The message names it.
pub async fn session_store(store: impl SessionStore) {
    let suite = SessionSuite { store: Arc::new(store) };
    suite.makes_loads_and_ends().await;
    suite.changes_only_what_lives().await;
    suite.replaces_in_one_step().await;
    suite.ends_all_of_somebody().await;
    suite.ends_by_time().await;
    suite.does_not_raise_the_dead().await;
}

struct SessionSuite {
    store: Arc<dyn SessionStore>,
}

const LONG: Duration = Duration::from_secs(20);

#[allow(clippy::expect_used, clippy::panic, reason = "for tests, where a panic is the report")]
impl SessionSuite {
    fn key() -> SessionKey {
        SessionKey::from_bytes(random())
    }

    /// Returns a unique identity with characters that may require escaping in a store.
    fn id(name: &str) -> String {
        format!("user:4:\"\u{fc}\": {name} {:?}", Self::key())
    }

    fn record(ids: &[&String]) -> SessionRecord {
        let ids = ids.iter().map(|id| (*id).clone()).collect();
        SessionRecord { ids, claims: "{\"sub\":\"\u{fc} \\\"x\\\"\"}".to_owned(), idle: Some(LONG), lasts: 2 * LONG }
    }

    async fn create(&self, ids: &[&String]) -> SessionKey {
        let key = Self::key();
        self.store.create(key, Self::record(ids)).await.expect("a session is made");
        key
    }

    async fn live(&self, key: SessionKey) -> Option<StoredSession> {
        match self.store.load(key).await.expect("a session is looked up") {
            SessionState::Live(live) => Some(live),
            SessionState::Superseded { .. } | SessionState::Unknown => None,
        }
    }

    async fn makes_loads_and_ends(&self) {
        let id = Self::id("alice");
        assert_eq!(self.store.load(Self::key()).await, Ok(SessionState::Unknown), "a key that nobody made");
        let key = self.create(&[&id]).await;
        let live = self.live(key).await.expect("what was made is there");
        assert_eq!(live.record, Self::record(&[&id]), "as it was made");
        assert!(live.left <= 2 * LONG && live.left > LONG, "until it ends: {:?}", live.left);
        assert!(live.unseen < LONG && live.unchanged < LONG);
        let other = SessionRecord { claims: "{}".to_owned(), ..Self::record(&[&id]) };
        assert!(self.store.create(key, other).await.is_err(), "no session is made over another");
        assert_eq!(self.live(key).await.map(|live| live.record), Some(Self::record(&[&id])), "which stays as it is");
        assert_eq!(self.store.end(key).await, Ok(true));
        assert_eq!(self.store.end(key).await, Ok(false), "there is nothing left to end");
        assert_eq!(self.store.load(key).await, Ok(SessionState::Unknown), "what was ended is gone, and not superseded");
        assert_eq!(self.store.of(&id).await, Ok(Vec::new()));
    }

    async fn changes_only_what_lives(&self) {
        let id = Self::id("alice");
        let key = self.create(&[&id]).await;
        let version = self.live(key).await.expect("it lives").version;
        assert_eq!(self.store.update(key, version, "{\"a\":1}".to_owned()).await, Ok(true));
        let live = self.live(key).await.expect("it lives");
        assert_eq!(live.record.claims, "{\"a\":1}");
        assert_ne!(live.version, version, "each change is another version");
        assert_eq!(self.store.update(key, version, "{}".to_owned()).await, Ok(false), "who read an old version loses");
        assert_eq!(self.store.touch(key).await, Ok(true));
        self.store.end(key).await.expect("it ends");
        assert_eq!(self.store.touch(key).await, Ok(false), "a touch makes no session");
        assert_eq!(self.store.update(key, live.version, "{}".to_owned()).await, Ok(false), "nor does a change");
        assert_eq!(self.store.load(key).await, Ok(SessionState::Unknown));
    }

    async fn replaces_in_one_step(&self) {
        let (alice, bob) = (Self::id("alice"), Self::id("bob"));
        let old = self.create(&[&alice]).await;
        let new = Self::key();
        assert_eq!(self.store.replace(old, new, Self::record(&[&bob, &alice])).await, Ok(true));
        assert_eq!(self.store.load(old).await, Ok(SessionState::Superseded { by: new }), "dead, with a successor");
        assert!(self.live(new).await.is_some());
        assert_eq!(self.store.of(&bob).await, Ok(vec![new]));
        assert_eq!(self.store.of(&alice).await, Ok(vec![new]), "the old one is no longer hers");
        let another = Self::key();
        assert_eq!(self.store.replace(old, another, Self::record(&[&alice])).await, Ok(false), "only once");
        assert_eq!(self.store.load(another).await, Ok(SessionState::Unknown), "and then nothing is made");
        assert_eq!(self.store.touch(old).await, Ok(false), "what was replaced is not touched");
    }

    async fn ends_all_of_somebody(&self) {
        let (alice, bob) = (Self::id("alice"), Self::id("bob"));
        let [first, second, third] =
            [self.create(&[&alice]).await, self.create(&[&alice]).await, self.create(&[&alice]).await];
        let (acting, other) = (self.create(&[&bob, &alice]).await, self.create(&[&bob]).await);
        let of = self.store.of(&alice).await;
        let expected = vec![first, second, third, acting];
        assert_eq!(of, Ok(expected), "those of her own, and where she acts for another, the oldest first");
        assert_eq!(self.store.end_all(&alice, Some(second)).await, Ok(3), "all but one");
        for (key, lives) in [(first, false), (second, true), (third, false), (acting, false), (other, true)] {
            assert_eq!(self.live(key).await.is_some(), lives, "{key:?}");
        }
        assert_eq!(self.store.end_all(&alice, None).await, Ok(1));
        assert_eq!(self.store.end_all(&alice, None).await, Ok(0));
        assert_eq!(self.store.of(&bob).await, Ok(vec![other]));
    }

    async fn ends_by_time(&self) {
        let id = Self::id("alice");
        let ms = Duration::from_millis;
        let [idle, used, remembered] = [Self::key(), Self::key(), Self::key()];
        let of = |idle, lasts| SessionRecord { idle, lasts, ..Self::record(&[&id]) };
        self.store.create(idle, of(Some(ms(600)), LONG)).await.expect("made");
        self.store.create(used, of(Some(ms(600)), ms(1500))).await.expect("made");
        self.store.create(remembered, of(None, ms(1500))).await.expect("made");
        for _ in 0..3 {
            tokio::time::sleep(ms(300)).await;
            assert_eq!(self.store.touch(used).await, Ok(true), "in use");
            assert!(self.live(used).await.is_some_and(|live| live.unseen < ms(300)), "a touch is seen");
        }
        // 900 ms have passed.
        let late = Self::key();
        let record = of(Some(ms(600)), LONG);
        assert_eq!(self.store.replace(idle, late, record).await, Ok(false), "what has ended is not replaced");
        assert_eq!(self.store.load(late).await, Ok(SessionState::Unknown), "and nothing is made");
        assert_eq!(self.store.load(idle).await, Ok(SessionState::Unknown), "looking is no use");
        assert_eq!(self.store.touch(idle).await, Ok(false), "and it does not come back");
        let live = self.live(remembered).await.expect("without an idle time it stays");
        assert!(live.unseen >= ms(700) && live.left <= ms(900), "{live:?}");
        for _ in 0..2 {
            tokio::time::sleep(ms(350)).await;
            let _ = self.store.touch(used).await;
        }
        // 1600 ms have passed.
        for key in [used, remembered] {
            assert_eq!(self.store.load(key).await, Ok(SessionState::Unknown), "no use goes beyond the end");
        }
        assert_eq!(self.store.of(&id).await, Ok(Vec::new()), "what has ended is not listed");
        assert_eq!(self.store.end_all(&id, None).await, Ok(0), "and there is nothing left to end");
    }

    /// A session that was ended must stay ended, even if it is updated and replaced concurrently.
    async fn does_not_raise_the_dead(&self) {
        let id = Self::id("alice");
        let mut keys = Vec::new();
        for _ in 0..8 {
            keys.push(self.create(&[&id]).await);
        }
        let busy = keys.iter().map(|key| {
            let (store, key, record) = (Arc::clone(&self.store), *key, Self::record(&[&id]));
            tokio::spawn(async move {
                let mut key = key;
                for round in 0..40 {
                    let next = Self::key();
                    if let Ok(SessionState::Live(live)) = store.load(key).await {
                        let _ = store.touch(key).await;
                        let _ = store.update(key, live.version, format!("{{\"round\":{round}}}")).await;
                    }
                    if store.replace(key, next, record.clone()).await == Ok(true) {
                        key = next;
                    }
                }
                key
            })
        });
        let busy: Vec<_> = busy.collect();
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.store.end_all(&id, None).await.expect("all are ended");
        let mut last = keys;
        for one in busy {
            last.push(one.await.unwrap_or_else(|error| panic!("{error}")));
        }
        for key in last {
            assert!(self.live(key).await.is_none(), "a session rose from the dead");
        }
        assert_eq!(self.store.of(&id).await, Ok(Vec::new()), "nobody is listed who was ended");
    }
}
