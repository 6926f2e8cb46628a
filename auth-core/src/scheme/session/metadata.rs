//! What a session has to know of itself, beside the claims that the application sees.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a session has to know of itself, whatever a log-in says.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SessionMetadata {
    /// Where the login was. One store may serve several realms, and a session is of one of them.
    pub(super) realm: String,
    /// The login was remembered beyond its idle time, so it is not fresh.
    pub(super) stale: bool,
    /// Of a user of the store, whose roles are those that it says: the marks of the passwords that it may have begun with. Another
    /// one ends it.
    pub(super) user: Option<Vec<String>>,
    /// The same of who acts.
    pub(super) actor: Option<Vec<String>>,
}

impl SessionMetadata {
    /// Its member of the claims.
    pub(super) const NAME: &str = "session";

    pub(super) fn of(claims: &Map<String, Value>) -> Self {
        claims.get(Self::NAME).and_then(|kept| Self::deserialize(kept).ok()).unwrap_or_default()
    }

    pub(super) fn write(&self, claims: &mut Map<String, Value>) {
        claims.insert(Self::NAME.to_owned(), json!(self));
    }
}
