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
    suite.creates_loads_and_ends().await;
    suite.updates_only_live_sessions().await;
    suite.adds_identities_to_live_sessions().await;
    suite.replaces_atomically().await;
    suite.ends_all_sessions_of_an_identity().await;
    suite.expires().await;
    suite.keeps_ended_sessions_ended().await;
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
        self.store.create(key, Self::record(ids)).await.expect("`create` succeeds");
        key
    }

    async fn live(&self, key: SessionKey) -> Option<StoredSession> {
        match self.store.load(key).await.expect("`load` succeeds") {
            SessionState::Live(live) => Some(live),
            SessionState::Superseded { .. } | SessionState::Unknown => None,
        }
    }

    async fn creates_loads_and_ends(&self) {
        let id = Self::id("alice");
        assert_eq!(self.store.load(Self::key()).await, Ok(SessionState::Unknown), "`load` of an unknown key");
        let key = self.create(&[&id]).await;
        let live = self.live(key).await.expect("`load` returns a created session");
        assert_eq!(live.record, Self::record(&[&id]), "`load` returns the created record");
        assert!(live.left <= 2 * LONG && live.left > LONG, "`left` is the remaining lifetime, found {:?}", live.left);
        assert!(live.unseen < LONG && live.unchanged < LONG);
        let other = SessionRecord { claims: "{}".to_owned(), ..Self::record(&[&id]) };
        assert!(self.store.create(key, other).await.is_err(), "`create` with an existing key fails");
        assert_eq!(
            self.live(key).await.map(|live| live.record),
            Some(Self::record(&[&id])),
            "a failed `create` leaves the existing session unchanged"
        );
        assert_eq!(self.store.end(key).await, Ok(true));
        assert_eq!(self.store.end(key).await, Ok(false), "a second `end` returns false");
        assert_eq!(
            self.store.load(key).await,
            Ok(SessionState::Unknown),
            "an ended session is unknown, not superseded"
        );
        assert_eq!(self.store.of(&id).await, Ok(Vec::new()));
    }

    async fn updates_only_live_sessions(&self) {
        let id = Self::id("alice");
        let key = self.create(&[&id]).await;
        let version = self.live(key).await.expect("the session is live").version;
        assert_eq!(self.store.update(key, version, "{\"a\":1}".to_owned()).await, Ok(true));
        let live = self.live(key).await.expect("the session is live");
        assert_eq!(live.record.claims, "{\"a\":1}");
        assert_ne!(live.version, version, "`update` changes the version");
        assert_eq!(
            self.store.update(key, version, "{}".to_owned()).await,
            Ok(false),
            "`update` with an old version returns false"
        );
        assert_eq!(self.store.touch(key).await, Ok(true));
        self.store.end(key).await.expect("`end` succeeds");
        assert_eq!(self.store.touch(key).await, Ok(false), "`touch` of an ended session returns false");
        assert_eq!(
            self.store.update(key, live.version, "{}".to_owned()).await,
            Ok(false),
            "`update` of an ended session returns false"
        );
        assert_eq!(self.store.load(key).await, Ok(SessionState::Unknown));
    }

    async fn adds_identities_to_live_sessions(&self) {
        let (alice, account) = (Self::id("alice"), Self::id("account"));
        let key = self.create(&[&alice]).await;
        let version = self.live(key).await.expect("the session is live").version;
        let add = |version, claims: &str| self.store.add_id(key, version, &account, claims.to_owned());
        assert_eq!(add(version + 1, "{}").await, Ok(false), "`add_id` with another version returns false");
        assert_eq!(self.store.of(&account).await, Ok(Vec::new()), "a failed `add_id` adds no identity");
        assert_eq!(add(version, "{\"a\":1}").await, Ok(true));
        let live = self.live(key).await.expect("the session is live");
        assert_eq!(live.record.claims, "{\"a\":1}", "`add_id` replaces the claims");
        assert_eq!(live.record.ids, [alice.clone(), account.clone()], "`add_id` keeps the other identities");
        assert_ne!(live.version, version, "`add_id` changes the version");
        assert_eq!(add(live.version, "{}").await, Ok(true), "a known identity is not added twice");
        assert_eq!(self.store.of(&account).await, Ok(vec![key]), "`of` lists the session by the added identity");
        assert_eq!(self.store.end_all(&account, None).await, Ok(1), "`end_all` of the added identity ends the session");
        assert_eq!(self.store.of(&alice).await, Ok(Vec::new()));
        assert_eq!(add(live.version, "{}").await, Ok(false), "`add_id` of an ended session returns false");
        assert_eq!(self.store.load(key).await, Ok(SessionState::Unknown));
    }

    async fn replaces_atomically(&self) {
        let (alice, bob) = (Self::id("alice"), Self::id("bob"));
        let old = self.create(&[&alice]).await;
        let new = Self::key();
        assert_eq!(self.store.replace(old, new, Self::record(&[&bob, &alice])).await, Ok(true));
        assert_eq!(
            self.store.load(old).await,
            Ok(SessionState::Superseded { by: new }),
            "a replaced session is superseded by its successor"
        );
        assert!(self.live(new).await.is_some());
        assert_eq!(self.store.of(&bob).await, Ok(vec![new]));
        assert_eq!(self.store.of(&alice).await, Ok(vec![new]), "`of` does not list a replaced session");
        let another = Self::key();
        assert_eq!(
            self.store.replace(old, another, Self::record(&[&alice])).await,
            Ok(false),
            "a session is replaced only once"
        );
        assert_eq!(self.store.load(another).await, Ok(SessionState::Unknown), "a failed `replace` creates no session");
        assert_eq!(self.store.touch(old).await, Ok(false), "`touch` of a replaced session returns false");
    }

    async fn ends_all_sessions_of_an_identity(&self) {
        let (alice, bob) = (Self::id("alice"), Self::id("bob"));
        let [first, second, third] =
            [self.create(&[&alice]).await, self.create(&[&alice]).await, self.create(&[&alice]).await];
        let (acting, other) = (self.create(&[&bob, &alice]).await, self.create(&[&bob]).await);
        let of = self.store.of(&alice).await;
        let expected = vec![first, second, third, acting];
        assert_eq!(
            of,
            Ok(expected),
            "`of` lists the sessions of the identity as subject and as actor, the oldest first"
        );
        assert_eq!(
            self.store.end_all(&alice, Some(second)).await,
            Ok(3),
            "`end_all` returns the number of ended sessions, without the excluded one"
        );
        for (key, lives) in [(first, false), (second, true), (third, false), (acting, false), (other, true)] {
            assert_eq!(self.live(key).await.is_some(), lives, "{key:?}");
        }
        assert_eq!(self.store.end_all(&alice, None).await, Ok(1));
        assert_eq!(self.store.end_all(&alice, None).await, Ok(0));
        assert_eq!(self.store.of(&bob).await, Ok(vec![other]));
    }

    async fn expires(&self) {
        let id = Self::id("alice");
        let ms = Duration::from_millis;
        let [idle, used, remembered] = [Self::key(), Self::key(), Self::key()];
        let of = |idle, lasts| SessionRecord { idle, lasts, ..Self::record(&[&id]) };
        self.store.create(idle, of(Some(ms(600)), LONG)).await.expect("`create` succeeds");
        self.store.create(used, of(Some(ms(600)), ms(1500))).await.expect("`create` succeeds");
        self.store.create(remembered, of(None, ms(1500))).await.expect("`create` succeeds");
        for _ in 0..3 {
            tokio::time::sleep(ms(300)).await;
            assert_eq!(self.store.touch(used).await, Ok(true), "`touch` of a live session returns true");
            assert!(self.live(used).await.is_some_and(|live| live.unseen < ms(300)), "`touch` resets `unseen`");
        }
        // 900 ms have passed.
        let late = Self::key();
        let record = of(Some(ms(600)), LONG);
        assert_eq!(
            self.store.replace(idle, late, record).await,
            Ok(false),
            "`replace` of an expired session returns false"
        );
        assert_eq!(self.store.load(late).await, Ok(SessionState::Unknown), "a failed `replace` creates no session");
        assert_eq!(self.store.load(idle).await, Ok(SessionState::Unknown), "`load` does not extend the idle timeout");
        assert_eq!(self.store.touch(idle).await, Ok(false), "`touch` of an expired session returns false");
        let live =
            self.live(remembered).await.expect("a session without an idle timeout lasts until its absolute timeout");
        assert!(live.unseen >= ms(700) && live.left <= ms(900), "{live:?}");
        for _ in 0..2 {
            tokio::time::sleep(ms(350)).await;
            let _ = self.store.touch(used).await;
        }
        // 1600 ms have passed.
        for key in [used, remembered] {
            assert_eq!(
                self.store.load(key).await,
                Ok(SessionState::Unknown),
                "`touch` does not extend the absolute timeout"
            );
        }
        assert_eq!(self.store.of(&id).await, Ok(Vec::new()), "`of` does not list expired sessions");
        assert_eq!(self.store.end_all(&id, None).await, Ok(0), "`end_all` does not count expired sessions");
    }

    /// Checks that a session that was ended stays ended, even if it is updated and replaced concurrently.
    async fn keeps_ended_sessions_ended(&self) {
        let id = Self::id("alice");
        let mut keys = Vec::new();
        for _ in 0..8 {
            keys.push(self.create(&[&id]).await);
        }
        let concurrent = keys.iter().map(|key| {
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
        let concurrent: Vec<_> = concurrent.collect();
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.store.end_all(&id, None).await.expect("`end_all` succeeds");
        let mut last = keys;
        for one in concurrent {
            last.push(one.await.unwrap_or_else(|error| panic!("{error}")));
        }
        for key in last {
            assert!(
                self.live(key).await.is_none(),
                "a session is live after `end_all`, by a concurrent `update` or `replace`"
            );
        }
        assert_eq!(self.store.of(&id).await, Ok(Vec::new()), "`of` does not list ended sessions");
    }
}
