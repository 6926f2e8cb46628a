//! Who logs in, and what they may: what a session is made of.

use serde_json::{Map, Value, json};

use crate::runtime::clock::Timestamp;
use crate::store::users::VerifiedUser;

/// Who logs in, and what they may.
#[derive(Clone, Debug)]
#[must_use]
pub struct NewSession {
    pub(super) claims: Map<String, Value>,
    pub(super) persistent: bool,
    /// Of a user of the store that passwords are checked against: the marks of the passwords that it may have begun with.
    pub(super) user: Option<Vec<String>>,
    /// When it happened, if that is not now, or not known.
    pub(super) at: Option<Option<Timestamp>>,
}

/// Returns the session to create for a user whose password was verified, with their roles: now, and as long as the session lives. It
/// ends when the user is removed or the password changes.
pub fn session_of_user(name: impl Into<String>, user: &VerifiedUser) -> NewSession {
    NewSession {
        user: Some(user.password_versions().to_vec()),
        ..NewSession::user(name).roles(user.roles.iter().map(String::as_str))
    }
}

impl NewSession {
    /// A user of that name. Unless [`issuer`](Self::issuer) says otherwise, whoever logs in with a password of that name is
    /// the same one.
    pub fn user(subject: impl Into<String>) -> Self {
        let claims = Map::from_iter([("sub".to_owned(), json!(subject.into()))]);
        Self { claims, persistent: false, user: None, at: None }
    }

    /// Who vouches for the user: the provider that they logged in at. Half of their identity.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        let issuer: String = issuer.into();
        self.claim("iss", issuer)
    }

    /// The roles of the user: names, or values of the role type.
    pub fn roles(self, roles: impl IntoIterator<Item = impl ToString>) -> Self {
        self.list("roles", roles)
    }

    /// The permissions of the user, beside those that roles grant.
    pub fn permissions(self, permissions: impl IntoIterator<Item = impl ToString>) -> Self {
        self.list("permissions", permissions)
    }

    /// The OAuth 2.0 scopes that the user granted to this site.
    pub fn scopes(self, scopes: impl IntoIterator<Item = impl ToString>) -> Self {
        self.list("scopes", scopes)
    }

    /// The assurance level of the login.
    pub fn acr(self, acr: impl Into<String>) -> Self {
        let acr: String = acr.into();
        self.claim("acr", acr)
    }

    /// A claim, for rules and for the application. What the session has to know of itself is in one that is named `session`.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// When the login happened, if that was not now: at a provider that knew the person. `None` where nobody says, and then it is
    /// fresh for nothing.
    pub fn authenticated_at(self, at: Option<Timestamp>) -> Self {
        Self { at: Some(at), ..self }
    }

    pub(crate) fn subject(self, subject: impl Into<String>) -> Self {
        let subject: String = subject.into();
        self.claim("sub", subject)
    }

    /// The browser keeps the session when it is closed; see [`Sessions::persistent_ttl`](super::Sessions::persistent_ttl).
    pub fn persistent(self) -> Self {
        Self { persistent: true, ..self }
    }

    fn list(self, name: &str, names: impl IntoIterator<Item = impl ToString>) -> Self {
        let names: Vec<Value> = names.into_iter().map(|name| Value::String(name.to_string())).collect();
        self.claim(name, names)
    }
}
