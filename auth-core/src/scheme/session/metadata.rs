//! Internal state of a session, stored beside the claims that the application sees.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Internal state of a session. It is set by this module and never by the login.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SessionMetadata {
    /// The realm of the login. A store may be shared by several realms, and a session is valid in only one.
    pub(super) realm: String,
    /// The login was remembered beyond the idle timeout, so it no longer counts as recent.
    pub(super) stale: bool,
    /// Versions of the password that the session may have begun with. Set if the subject is a user of the user store, which then
    /// also provides the roles. A different version ends the session.
    pub(super) user: Option<Vec<String>>,
    /// Like [`user`](Self::user), for the actor.
    pub(super) actor: Option<Vec<String>>,
}

impl SessionMetadata {
    /// Name of the claim that contains this state.
    pub(super) const NAME: &str = "session";

    pub(super) fn of(claims: &Map<String, Value>) -> Self {
        claims.get(Self::NAME).and_then(|kept| Self::deserialize(kept).ok()).unwrap_or_default()
    }

    pub(super) fn write(&self, claims: &mut Map<String, Value>) {
        claims.insert(Self::NAME.to_owned(), json!(self));
    }
}
