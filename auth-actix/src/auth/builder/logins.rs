//! Settings of sessions and logins.

use auth_core::scheme::session::{LoginSettings, Sessions};
use auth_core::store::users::PasswordAuthenticator;

use super::AuthBuilder;

impl AuthBuilder {
    fn logins(self, set: impl FnOnce(&mut LoginSettings)) -> Self {
        self.with(|engine| engine.schemes.update(set))
    }

    /// Accepts session cookies. [`Session`](crate::Session) begins and ends sessions.
    pub fn session(self, sessions: Sessions) -> Self {
        self.once("session").logins(|logins| logins.sessions = Some(sessions))
    }

    /// Logs people in at an OpenID provider, with a session of [`session`](Self::session). Unless
    /// [`login_page`](Self::login_page) says otherwise, browsers are sent to `/login`, where
    /// [`Auth::oidc_login`](crate::Auth::oidc_login) stands.
    #[cfg(feature = "oidc")]
    pub fn oidc_login(self, login: auth_core::scheme::session::oidc_login::OidcLogin) -> Self {
        self.once("oidc_login").with(|engine| engine.schemes.set(login))
    }

    /// The users whose passwords a login is checked against; those of [`basic`](Self::basic) unless set.
    pub fn users(self, users: impl Into<PasswordAuthenticator>) -> Self {
        self.once("users").logins(|logins| logins.users = Some(users.into()))
    }
}
