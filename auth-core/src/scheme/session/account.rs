//! The account of a session that began without one (ACCT-12).
//!
//! # Why
//! The sessions of an account are found by its identity. A session that does not contain the account yet is not found, so that the end of
//! all sessions of an account is recorded, and compared with the session when the account is added to it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::metadata::SessionMetadata;
use super::store::{SessionKey, SessionRecord, SessionState, SessionStoreError};
use super::{Rejection, SessionVerifier, ended, unavailable};
use crate::identity::account_id::AccountId;
use crate::runtime::clock::{self, Timestamp};

/// Maximum number of attempts if other requests change the session concurrently.
const TRIALS: usize = 5;

/// The tolerated difference between the clocks of instances.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The claim of a record of the end of all sessions of an account. It contains the time.
const ENDED_AT: &str = "ended_at";

/// Returns the key of the record of the end of all sessions of an account. No id of a session has it, because those are shorter than this
/// text.
fn end_key(account: &str) -> SessionKey {
    SessionKey::from_bytes(Sha256::digest(format!("the end of all sessions of the account {account}")).into())
}

impl SessionVerifier {
    /// Records that all sessions of an account have ended, for as long as a session may last.
    pub(super) async fn record_end_of(&self, account: &str) -> Result<(), SessionStoreError> {
        let key = end_key(account);
        let claims = json!({ ENDED_AT: clock::now().seconds() }).to_string();
        let record = || SessionRecord {
            ids: Vec::new(),
            claims: claims.clone(),
            idle: None,
            lasts: self.lasts.max(self.remembers) + CLOCK_SKEW,
        };
        let mut outcome = Err(SessionStoreError::Unavailable);
        for _ in 0..TRIALS {
            // A record of an earlier end would expire too early.
            self.store.end(key).await?;
            outcome = self.store.create(key, record()).await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// Writes the account into a session that contains none.
    ///
    /// # Errors
    /// The session has ended, or all sessions of the account have ended after it began. 503 if the store is unavailable.
    pub(super) async fn write_account(&self, key: SessionKey, account: &AccountId) -> Result<(), Rejection> {
        let id = account.to_string();
        for _ in 0..TRIALS {
            let live = match self.store.load(key).await {
                Ok(SessionState::Live(live)) => live,
                Ok(SessionState::Superseded { .. }) => {
                    return Err(ended("the session was replaced by a newer one", false));
                }
                Ok(SessionState::Unknown) => return Err(ended("the session has ended", true)),
                Err(_) => return Err(unavailable("the store of sessions is unavailable")),
            };
            let mut claims: Map<String, Value> = serde_json::from_str(&live.record.claims).unwrap_or_default();
            let mut kept = SessionMetadata::of(&claims);
            if kept.account.is_some() {
                return Ok(()); // a concurrent request has written it
            }
            let began = claims.get("iat").and_then(Value::as_i64).map(Timestamp::from_seconds);
            kept.account = Some(id.clone());
            kept.write(&mut claims);
            let written = self.store.add_id(key, live.version, &id, Value::Object(claims).to_string()).await;
            match written {
                // Compared after the session can be found by the account. See `end_all`.
                Ok(true) => return self.end_if_revoked(key, &id, began).await,
                Ok(false) => {}
                Err(_) => return Err(unavailable("the store of sessions is unavailable")),
            }
        }
        Err(unavailable("the session was changed too often by concurrent requests"))
    }

    /// Ends a session that began before all sessions of the account have ended (M2).
    async fn end_if_revoked(&self, key: SessionKey, account: &str, began: Option<Timestamp>) -> Result<(), Rejection> {
        let since = match self.store.load(end_key(account)).await {
            Ok(SessionState::Live(live)) => {
                let claims: Value = serde_json::from_str(&live.record.claims).unwrap_or_default();
                claims.get(ENDED_AT).and_then(Value::as_i64).unwrap_or(i64::MAX)
            }
            Ok(SessionState::Superseded { .. } | SessionState::Unknown) => return Ok(()),
            Err(_) => {
                // The session is found by the account now, but may have ended before. It must not count the next time either.
                let _ = self.store.end(key).await;
                return Err(unavailable("the store of sessions is unavailable"));
            }
        };
        if began.is_some_and(|began| began > Timestamp::from_seconds(since).plus(CLOCK_SKEW)) {
            return Ok(());
        }
        let _ = self.store.end(key).await;
        Err(ended("all sessions of the account have ended after this one began", true))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{CookieSettings, MemorySessionStore};
    use super::*;
    use crate::identity::issuer::Issuer;
    use crate::identity::scheme_id::SchemeId;
    use crate::policy::atom::tests::source;

    const REALM: &str = "basic:reports";
    const HOUR: Duration = Duration::from_secs(3600);

    fn sessions() -> SessionVerifier {
        SessionVerifier {
            store: Arc::new(MemorySessionStore::new(100)),
            cookie: CookieSettings { name: "session".to_owned(), strict: false, plain_http: false },
            idle: HOUR,
            lasts: HOUR,
            remembers: HOUR,
            refresh: HOUR,
            max_sessions_per_user: 10,
            source: Arc::new(Issuer { scheme: SchemeId::Session, issuer: REALM.into(), ..source() }),
            users: None,
        }
    }

    /// Creates a session that began at this distance from now, or at an unknown time.
    async fn begin(sessions: &SessionVerifier, number: u8, began: Option<i64>) -> SessionKey {
        let key = SessionKey::from_bytes([number; 32]);
        let mut claims = Map::from_iter([("sub".to_owned(), json!("alice"))]);
        if let Some(began) = began {
            claims.insert("iat".to_owned(), json!(clock::now().seconds() + began));
        }
        SessionMetadata { realm: REALM.to_owned(), ..SessionMetadata::default() }.write(&mut claims);
        let claims = Value::Object(claims).to_string();
        let record = SessionRecord { ids: vec!["user:1:a:alice".to_owned()], claims, idle: None, lasts: HOUR };
        sessions.store.create(key, record).await.unwrap();
        key
    }

    #[tokio::test]
    async fn an_account_is_added_only_to_sessions_that_began_after_the_end() {
        // ACCT-12, M2
        let (ended, other) = (AccountId::new("member", 1), AccountId::new("member", 2));
        let sessions = sessions();
        for _ in 0..2 {
            assert_eq!(sessions.end_all(&ended.identity(), None).await, Ok(0));
        }
        #[rustfmt::skip]
        let table = [
            // (account, seconds from now at which the session began, whether it lives)
            (&ended, Some(-1800), false),
            (&ended, Some(0),     false),
            (&ended, Some(59),    false),
            (&ended, None,        false),
            (&ended, Some(120),   true),
            (&other, Some(-1800), true),
            (&other, None,        true),
        ];
        for (number, (account, began, lives)) in (0..).zip(table) {
            let key = begin(&sessions, number, began).await;
            assert_eq!(sessions.write_account(key, account).await.is_ok(), lives, "{account} {began:?}");
            let found = sessions.store.of(&account.to_string()).await.unwrap().contains(&key);
            assert_eq!(found, lives, "{account} {began:?}");
            // A second request with the session finds the account, or no session.
            assert_eq!(sessions.write_account(key, account).await.is_ok(), lives, "{account} {began:?}");
        }
    }
}
