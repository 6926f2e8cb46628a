//! The interface of session stores. It is small to be easy to implement correctly. Each operation that must be atomic is one
//! method.

use std::time::Duration;

use crate::denial::Denial;
use crate::runtime::future::BoxFuture;
use crate::runtime::hex::Hex;

/// The key of a session in a store: the SHA-256 hash of its id. A cookie cannot be derived from the contents of the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub(super) [u8; 32]);

impl SessionKey {
    /// Returns the bytes, for storage.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Creates a key from stored bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Formats the key as hexadecimal digits, for forms in which users end one of their sessions. The key does not grant access to the
/// session.
impl std::fmt::Display for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// The text is not a valid [`SessionKey`].
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

/// Shows only eight digits, which suffice to distinguish log lines.
impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionKey({}…)", Hex(self.0.get(..4).unwrap_or_default()))
    }
}

/// The stored data of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// The identities whose sessions include this one, for ending all sessions of an identity: the subject, its account if it has
    /// one, and all actors.
    pub ids: Vec<String>,
    /// The claims of the session, as a JSON object.
    pub claims: String,
    /// The idle timeout: the session ends if it is not touched for this time. `None` if the session is persistent.
    pub idle: Option<Duration>,
    /// The absolute lifetime after creation.
    pub lasts: Duration,
}

/// The state of a key in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// A live session.
    Live(StoredSession),
    /// The session was replaced less than [`ROTATION_GRACE`] ago. It is no longer valid, and its browser has a newer session.
    Superseded {
        /// The key of the replacement.
        by: SessionKey,
    },
    /// The key is unknown.
    Unknown,
}

/// A live session with relative times, measured by the clock of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// The stored data.
    pub record: SessionRecord,
    /// The version, which changes with each update.
    pub version: u64,
    /// Time since the creation or the last touch.
    pub unseen: Duration,
    /// Time since the creation or the last update.
    pub unchanged: Duration,
    /// Time until the absolute end.
    pub left: Duration,
}

/// Time for which a replaced session is remembered, so that a late response for it does not delete the cookie of its successor.
pub const ROTATION_GRACE: Duration = Duration::from_secs(60);

/// An error of a session store.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionStoreError {
    /// The store is unavailable or too slow. It is unknown whether the session is valid.
    #[error("the store of sessions is unavailable")]
    Unavailable,
    /// The store is full. Live sessions are never evicted.
    #[error("the store of sessions is full")]
    Full,
}

crate::debug_as_display!(SessionStoreError);

impl SessionStoreError {
    /// Returns the denial for the response: 503, without the cause.
    pub fn denial(self) -> Denial {
        let cause = match self {
            Self::Unavailable => "the store of sessions is unavailable",
            Self::Full => "the store of sessions is full",
        };
        super::unavailable(cause).denial
    }
}

/// A session store. Times are measured by its own clock, which adjustments of the wall clock do not affect.
///
/// No method writes regardless of whether the session exists. A session that was ended stays ended, even with concurrent
/// operations. `auth_actix::test::session_store` tests whether a store conforms.
pub trait SessionStore: Send + Sync + 'static {
    /// Returns whether other processes may use this store. If so, the application must set a realm to identify its sessions. `true`
    /// by default.
    fn is_shared(&self) -> bool {
        true
    }

    /// Creates a session. Fails if the key is in use.
    fn create(&self, key: SessionKey, record: SessionRecord) -> BoxFuture<'_, Result<(), SessionStoreError>>;

    /// Returns the state of a key. Does not count as activity.
    fn load(&self, key: SessionKey) -> BoxFuture<'_, Result<SessionState, SessionStoreError>>;

    /// Records that a session was used. Returns `false` if it does not exist. Never extends a session beyond its absolute end.
    fn touch(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>>;

    /// Replaces the claims of a session if it still has this version. Returns `false` if the session does not exist or has another
    /// version. Does not count as activity.
    fn update(&self, key: SessionKey, version: u64, claims: String) -> BoxFuture<'_, Result<bool, SessionStoreError>>;

    /// Adds an identity to those of a session and replaces its claims, in one atomic step, if the session still has this version. From
    /// then on, [`of`](Self::of) and [`end_all`](Self::end_all) of the identity include the session. Returns `false` and changes nothing
    /// if the session does not exist or has another version. Does not count as activity.
    fn add_id<'a>(
        &'a self,
        key: SessionKey,
        version: u64,
        id: &'a str,
        claims: String,
    ) -> BoxFuture<'a, Result<bool, SessionStoreError>>;

    /// Ends a session and creates another, in one atomic step. Returns `false` and creates nothing if there is no session to end.
    fn replace(
        &self,
        old: SessionKey,
        new: SessionKey,
        record: SessionRecord,
    ) -> BoxFuture<'_, Result<bool, SessionStoreError>>;

    /// Ends a session. Returns whether it existed.
    fn end(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>>;

    /// Ends all sessions of an identity, except `but`. Returns the number of ended sessions.
    fn end_all<'a>(&'a self, id: &'a str, but: Option<SessionKey>) -> BoxFuture<'a, Result<u64, SessionStoreError>>;

    /// Returns the live sessions of an identity, oldest first.
    fn of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<SessionKey>, SessionStoreError>>;
}
