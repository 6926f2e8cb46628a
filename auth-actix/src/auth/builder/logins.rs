//! Settings of sessions and logins.

use auth_core::scheme::session::{LoginSettings, Sessions};
use auth_core::store::users::PasswordAuthenticator;

use super::AuthBuilder;

impl AuthBuilder {
    fn logins(self, set: impl FnOnce(&mut LoginSettings)) -> Self {
        self.with(|engine| engine.schemes.update(set))
    }

    /// Accepts session cookies. The extractor [`Session`](crate::Session) begins and ends sessions.
    pub fn session(self, sessions: Sessions) -> Self {
        self.once("session").logins(|logins| logins.sessions = Some(sessions))
    }

    /// Logs users in at an OpenID provider. Requires [`session`](Self::session). Browsers are redirected to
    /// [`login_page`](Self::login_page), which is `/login` by default. Register [`Auth::oidc_login`](crate::Auth::oidc_login),
    /// which is located there.
    #[cfg(feature = "oidc")]
    pub fn oidc_login(self, login: auth_core::scheme::session::oidc_login::OidcLogin) -> Self {
        self.once("oidc_login").with(|engine| engine.schemes.set(login))
    }

    /// Sets the users whose passwords logins are checked against. Default: the users of [`basic`](Self::basic).
    pub fn users(self, users: impl Into<PasswordAuthenticator>) -> Self {
        self.once("users").logins(|logins| logins.users = Some(users.into()))
    }
}
