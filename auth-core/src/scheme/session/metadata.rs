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
    /// The identity of the account that the login belonged to (ACCT-12).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_claims_of_an_earlier_version_are_read() {
        #[rustfmt::skip]
        let table = [
            (r#"{"session":{"actor":null,"realm":"reports","stale":false,"user":["0123456789abcdef01234567"]},"sub":"alice"}"#, "reports", false, Some(1), None),
            (r#"{"session":{"actor":["a","b"],"realm":"","stale":true,"user":null},"sub":"alice"}"#, "", true, None, Some(2)),
        ];
        for (text, realm, stale, users, actors) in table {
            let mut claims: Map<String, Value> = serde_json::from_str(text).unwrap();
            let read = SessionMetadata::of(&claims);
            let count = |versions: &Option<Vec<String>>| versions.as_ref().map(Vec::len);
            assert_eq!(
                (read.realm.as_str(), read.stale, count(&read.user), count(&read.actor)),
                (realm, stale, users, actors)
            );
            read.write(&mut claims);
            assert_eq!(Value::Object(claims).to_string(), text);
        }
    }
}
