//! The contents of a new session: the user, their roles and other claims.

use serde_json::{Map, Value, json};

use crate::identity::account_id::AccountId;
use crate::runtime::clock::Timestamp;
use crate::store::users::VerifiedUser;

/// The contents of a new session: the user, their roles and other claims.
#[derive(Clone, Debug)]
#[must_use]
pub struct NewSession {
    pub(super) claims: Map<String, Value>,
    pub(super) persistent: bool,
    /// Versions of the password that the session may have begun with. Set if the user store that checks passwords contains the
    /// user.
    pub(super) user: Option<Vec<String>>,
    /// The time of the login: `None` for now, `Some(None)` if unknown.
    pub(super) at: Option<Option<Timestamp>>,
    /// The account of the login.
    pub(super) account: Option<AccountId>,
    /// The account of the actor.
    pub(super) actor_account: Option<AccountId>,
}

/// Returns the session of a user whose password was verified, with their roles. The roles are refreshed during the session. It ends
/// when the user is removed or the password changes.
pub fn session_of_user(name: impl Into<String>, user: &VerifiedUser) -> NewSession {
    NewSession {
        user: Some(user.password_versions().to_vec()),
        ..NewSession::user(name).roles(user.roles.iter().map(String::as_str))
    }
}

impl NewSession {
    /// Creates a session of the user with this name. Unless [`issuer`](Self::issuer) is set, the identity equals that of a password
    /// user with the same name.
    pub fn user(subject: impl Into<String>) -> Self {
        let claims = Map::from_iter([("sub".to_owned(), json!(subject.into()))]);
        Self { claims, persistent: false, user: None, at: None, account: None, actor_account: None }
    }

    /// Sets the issuer of the user's identity, such as the provider of the login. The identity consists of issuer and subject.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        let issuer: String = issuer.into();
        self.claim("iss", issuer)
    }

    /// Sets the roles of the user: names, or values of the role type.
    pub fn roles(self, roles: impl IntoIterator<Item = impl ToString>) -> Self {
        self.list("roles", roles)
    }

    /// Sets the permissions of the user, in addition to those that roles grant.
    pub fn permissions(self, permissions: impl IntoIterator<Item = impl ToString>) -> Self {
        self.list("permissions", permissions)
    }

    /// Sets the OAuth 2.0 scopes that the user granted to this site.
    pub fn scopes(self, scopes: impl IntoIterator<Item = impl ToString>) -> Self {
        self.list("scopes", scopes)
    }

    /// Sets the assurance level of the login.
    pub fn acr(self, acr: impl Into<String>) -> Self {
        let acr: String = acr.into();
        self.claim("acr", acr)
    }

    /// Adds a claim, for rules and for the application. The claim `session` is reserved for internal state.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Sets the time of the login, if it is not now. `None` if the time is unknown, as for some logins at a provider. The session
    /// then never counts as a recent login.
    pub fn authenticated_at(self, at: Option<Timestamp>) -> Self {
        Self { at: Some(at), ..self }
    }

    /// Sets the account, which the engine has found for the login.
    #[doc(hidden)]
    pub fn of_account(self, account: Option<AccountId>) -> Self {
        Self { account, ..self }
    }

    pub(crate) fn subject(self, subject: impl Into<String>) -> Self {
        let subject: String = subject.into();
        self.claim("sub", subject)
    }

    /// Keeps the session when the browser is closed. See [`Sessions::persistent_ttl`](super::Sessions::persistent_ttl).
    pub fn persistent(self) -> Self {
        Self { persistent: true, ..self }
    }

    fn list(self, name: &str, names: impl IntoIterator<Item = impl ToString>) -> Self {
        let names: Vec<Value> = names.into_iter().map(|name| Value::String(name.to_string())).collect();
        self.claim(name, names)
    }
}
