//! Listing, updating and ending of sessions.

use std::time::Duration;

use serde_json::{Value, json};

use super::metadata::SessionMetadata;
use super::store::{SessionKey, SessionRecord, SessionState, SessionStoreError, StoredSession};
use super::{SessionId, SessionVerifier};
use crate::denial::Denial;
use crate::identity::id::Id;
use crate::identity::principal::Principal;
use crate::runtime::clock::Timestamp;

/// A live session, as an entry of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The key with which the session can be ended.
    pub key: SessionKey,
    /// The subject of the session, and the actor if it is delegated.
    pub principal: Principal,
    /// The time when the session began.
    pub since: Option<Timestamp>,
    /// Time since the last use, accurate to a minute.
    pub unseen: Duration,
    /// Time until the absolute end of the session.
    pub left: Duration,
    /// Whether the browser keeps the session after it is closed.
    pub is_remembered: bool,
}

impl SessionVerifier {
    /// Ends the session of a browser, or the session that has just replaced it (H14). Returns the principal of the ended session,
    /// if any.
    ///
    /// # Errors
    /// 503 if the store is unavailable.
    pub async fn log_out(&self, id: SessionId) -> Result<Option<Principal>, Denial> {
        /// Maximum length of the chain of successors. A browser with more logins within a minute has several sessions anyway.
        const SUCCESSORS: usize = 16;
        let (mut key, mut whose) = (id.key(), None);
        for _ in 0..SUCCESSORS {
            let loaded = self.store.load(key).await.map_err(SessionStoreError::denial)?;
            match loaded {
                // A session of another realm must be ended by that realm.
                SessionState::Live(live) if !self.is_ours(&live) => break,
                SessionState::Live(live) => whose = Some(live),
                SessionState::Superseded { by } => {
                    key = by;
                    continue;
                }
                SessionState::Unknown => break,
            }
            // If the session was replaced concurrently, the next iteration ends its successor.
            if self.store.end(key).await.map_err(SessionStoreError::denial)? {
                break;
            }
        }
        whose.map(|live| self.principal(live.record.claims)).transpose()
    }

    /// Ends all sessions of an identity, except `but`. Returns the number of ended sessions (SESS-4). For an account, a session that
    /// began before and does not contain the account yet ends when the account is added to it.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn end_all(&self, id: &Id, but: Option<SessionId>) -> Result<u64, SessionStoreError> {
        // Recorded first, so that a session to which the account is added meanwhile is either found below or ends then.
        if id.account_parts().is_some() {
            self.record_end_of(&id.to_string()).await?;
        }
        self.store.end_all(&id.to_string(), but.map(SessionId::key)).await
    }

    /// Returns the live sessions of an identity, including those in which it is the actor. Oldest first.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn of(&self, id: &Id) -> Result<Vec<SessionInfo>, SessionStoreError> {
        let mut all = Vec::new();
        for key in self.store.of(&id.to_string()).await? {
            let SessionState::Live(live) = self.store.load(key).await? else { continue };
            let ours = self.is_ours(&live);
            let StoredSession { record: SessionRecord { claims, idle, .. }, unseen, left, .. } = live;
            if let Some(principal) = self.principal(claims).ok().filter(|_| ours) {
                let (since, is_remembered) = (principal.issued_at(), idle.is_none());
                all.push(SessionInfo { key, principal, since, unseen, left, is_remembered });
            }
        }
        Ok(all)
    }

    /// Ends a session if [`of`](Self::of) returns it for this identity, so sessions of others cannot be ended. Returns whether it
    /// was ended.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn end_one(&self, id: &Id, key: SessionKey) -> Result<bool, SessionStoreError> {
        Ok(self.of(id).await?.iter().any(|session| session.key == key) && self.store.end(key).await?)
    }

    /// Replaces the roles of all live sessions of an identity immediately. Returns the number of updated sessions.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn change_roles(&self, id: &Id, roles: &[String]) -> Result<u64, SessionStoreError> {
        let mut changed = 0;
        for key in self.store.of(&id.to_string()).await? {
            // Retried after a concurrent update. Each retry is due to another request, so the loop terminates.
            while let SessionState::Live(live) = self.store.load(key).await? {
                let Ok(Value::Object(mut claims)) = serde_json::from_str(&live.record.claims) else { break };
                let account = SessionMetadata::of(&claims).account;
                let is_subject = [live.record.ids.first(), account.as_ref()].contains(&Some(&id.to_string()));
                if !is_subject || !self.is_ours(&live) {
                    break; // the identity is only the actor, or the session belongs to another realm
                }
                claims.insert("roles".to_owned(), json!(roles));
                if self.store.update(key, live.version, Value::Object(claims).to_string()).await? {
                    changed += 1;
                    break;
                }
            }
        }
        Ok(changed)
    }
}
