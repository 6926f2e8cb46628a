//! How sessions end, and what can be seen and changed of them meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use super::store::{SessionKey, SessionRecord, SessionState, SessionStoreError, StoredSession};
use super::{SessionId, SessionVerifier};
use crate::denial::Denial;
use crate::identity::id::Id;
use crate::identity::principal::Principal;
use crate::runtime::clock::Timestamp;

/// A live session, for a list of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// By what it is ended.
    pub key: SessionKey,
    /// Whose it is, and who acts in it.
    pub principal: Principal,
    /// When it began.
    pub since: Option<Timestamp>,
    /// How long ago it was last used, to a minute.
    pub unseen: Duration,
    /// When it ends at the latest.
    pub left: Duration,
    /// Whether the browser keeps it when it is closed.
    pub is_remembered: bool,
}

impl SessionVerifier {
    /// Ends the session of a browser, or the one that has just taken its place: whose it was, if there was one (H14).
    ///
    /// # Errors
    /// The store is out of reach: 503.
    pub async fn log_out(&self, id: SessionId) -> Result<Option<Principal>, Denial> {
        /// A browser that logs in so often in a minute has more than one session anyway.
        const SUCCESSORS: usize = 16;
        let (mut key, mut whose) = (id.key(), None);
        for _ in 0..SUCCESSORS {
            let loaded = self.store.load(key).await.map_err(SessionStoreError::denial)?;
            match loaded {
                // A neighbour's is for the neighbour to end.
                SessionState::Live(live) if !self.is_ours(&live) => break,
                SessionState::Live(live) => whose = Some(live),
                SessionState::Superseded { by } => {
                    key = by;
                    continue;
                }
                SessionState::Unknown => break,
            }
            // Where it was replaced in between, its successor is next.
            if self.store.end(key).await.map_err(SessionStoreError::denial)? {
                break;
            }
        }
        whose.map(|live| self.principal(live.record.claims)).transpose()
    }

    /// Ends all sessions of somebody, but perhaps one; how many (SESS-4).
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn end_all(&self, id: &Id, but: Option<SessionId>) -> Result<u64, SessionStoreError> {
        self.store.end_all(&id.to_string(), but.map(SessionId::key)).await
    }

    /// The live sessions of somebody, and those where they act for another: the oldest first.
    ///
    /// # Errors
    /// The store is out of reach.
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

    /// Ends one session, where it is one of those of [`of`](Self::of): nobody ends that of somebody else. Whether it was.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn end_one(&self, id: &Id, key: SessionKey) -> Result<bool, SessionStoreError> {
        Ok(self.of(id).await?.iter().any(|session| session.key == key) && self.store.end(key).await?)
    }

    /// Gives all live sessions of somebody these roles, at once; how many.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn change_roles(&self, id: &Id, roles: &[String]) -> Result<u64, SessionStoreError> {
        let mut changed = 0;
        for key in self.store.of(&id.to_string()).await? {
            // Once more where a request changed it meanwhile; each change is of another request, so this ends.
            while let SessionState::Live(live) = self.store.load(key).await? {
                if live.record.ids.first() != Some(&id.to_string()) || !self.is_ours(&live) {
                    break; // they act as somebody else there, or it is a neighbour's
                }
                let Ok(Value::Object(mut claims)) = serde_json::from_str(&live.record.claims) else { break };
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
