//! What a store of sessions does. Small, so that it can be got right: what has to be one step is one method.

use std::time::Duration;

use crate::denial::Denial;
use crate::runtime::future::BoxFuture;
use crate::runtime::hex::Hex;

/// The name of a session in a store: the SHA-256 of its id. Who reads the store cannot make a cookie of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub(super) [u8; 32]);

impl SessionKey {
    /// The bytes, for a store that keeps them.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key of these bytes, as a store kept them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// As hexadecimal digits, for the form by which somebody ends one of their sessions. It opens nothing.
impl std::fmt::Display for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// Text that is no [`SessionKey`].
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is 64 hexadecimal digits")]
pub struct SessionKeyError;

crate::debug_as_display!(SessionKeyError);

impl std::str::FromStr for SessionKey {
    type Err = SessionKeyError;

    fn from_str(text: &str) -> Result<Self, SessionKeyError> {
        let digits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut bytes = [0; 32];
        for (position, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(2 * position..2 * position + 2).filter(|_| digits).ok_or(SessionKeyError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| SessionKeyError)?;
        }
        Ok(Self(bytes))
    }
}

/// Eight digits: enough to tell lines of a log apart.
impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionKey({}…)", Hex(self.0.get(..4).unwrap_or_default()))
    }
}

/// What is kept of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Whose it is, for ending all of theirs: its subject, and whoever acts in their name.
    pub ids: Vec<String>,
    /// Who it is and what they may, as a JSON object of claims.
    pub claims: String,
    /// It ends when it was not touched for this long. `None`: it is remembered to its end.
    pub idle: Option<Duration>,
    /// It ends this long after it was made, whatever happens.
    pub lasts: Duration,
}

/// What a store knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// A live session.
    Live(StoredSession),
    /// It was replaced by another session less than [`ROTATION_GRACE`] ago: it is dead, and its browser has a new one.
    Superseded {
        /// The one that took its place.
        by: SessionKey,
    },
    /// There is none.
    Unknown,
}

/// A live session, with how long ago things happened, by the clock of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// What is kept of it.
    pub record: SessionRecord,
    /// Changes with each update.
    pub version: u64,
    /// Since it was made or last touched.
    pub unseen: Duration,
    /// Since it was made or last updated.
    pub unchanged: Duration,
    /// Until it ends.
    pub left: Duration,
}

/// How long a replaced session is remembered, so that an answer to it does not delete the cookie of its successor.
pub const ROTATION_GRACE: Duration = Duration::from_secs(60);

/// Why a store does not do what it was asked.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionStoreError {
    /// It is out of reach, or answers too late: neither "no session" nor "a good one".
    #[error("the store of sessions is out of reach")]
    Unavailable,
    /// It has no room for one more. Nothing is pushed out for it.
    #[error("the store of sessions is full")]
    Full,
}

crate::debug_as_display!(SessionStoreError);

impl SessionStoreError {
    /// What a request is answered with: 503, and nothing of why.
    pub fn denial(self) -> Denial {
        let cause = match self {
            Self::Unavailable => "the store of sessions is out of reach",
            Self::Full => "the store of sessions is full",
        };
        super::unavailable(cause).denial
    }
}

/// A store of sessions. Times run on its own clock, which a step of the wall clock does not move.
///
/// There is no method that writes whether or not the session exists: what was ended stays ended, whatever is in flight.
/// `auth_actix::test::session_store` holds a store against all of this.
pub trait SessionStore: Send + Sync + 'static {
    /// Whether other processes may use it too: then who shares it has to say whose sessions these are.
    fn is_shared(&self) -> bool {
        true
    }

    /// Makes a session.
    fn create(&self, key: SessionKey, record: SessionRecord) -> BoxFuture<'_, Result<(), SessionStoreError>>;

    /// What is known of a key. Is no activity.
    fn load(&self, key: SessionKey) -> BoxFuture<'_, Result<SessionState, SessionStoreError>>;

    /// Takes note that a session is used; `false` where there is none. Never beyond its end.
    fn touch(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>>;

    /// Replaces the claims of a session that still has this version; `false` where there is none, or another version. Is no
    /// activity.
    fn update(&self, key: SessionKey, version: u64, claims: String) -> BoxFuture<'_, Result<bool, SessionStoreError>>;

    /// Ends a session and makes another, in one step; `false`, and nothing is made, where there is none to end.
    fn replace(
        &self,
        old: SessionKey,
        new: SessionKey,
        record: SessionRecord,
    ) -> BoxFuture<'_, Result<bool, SessionStoreError>>;

    /// Ends a session; whether there was one.
    fn end(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>>;

    /// Ends all sessions of an identity, but perhaps one; how many.
    fn end_all<'a>(&'a self, id: &'a str, but: Option<SessionKey>) -> BoxFuture<'a, Result<u64, SessionStoreError>>;

    /// The live sessions of an identity, the oldest first.
    fn of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<SessionKey>, SessionStoreError>>;
}
