//! Settings of sessions and of the logins that begin them.

use std::sync::Arc;

use crate::client::RequestHead;
use crate::scheme::build_error::{BuildError, Mistakes};
use crate::scheme::session::Sessions;
use crate::scheme::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext, warn};
use crate::store::users::PasswordAuthenticator;

/// Settings of sessions and logins.
#[derive(Default)]
pub struct LoginSettings {
    /// The settings of sessions, if configured.
    pub sessions: Option<Sessions>,
    /// The users of the login form. The users of Basic authentication by default.
    pub users: Option<PasswordAuthenticator>,
}

impl LoginSettings {
    /// Returns the users of the login form. If both the form and Basic authentication have users, they must be the same.
    fn users(
        users: Option<PasswordAuthenticator>,
        of_basic: Option<Arc<PasswordAuthenticator>>,
    ) -> Result<Option<PasswordAuthenticator>, BuildError> {
        match (users, of_basic) {
            (Some(users), Some(basic)) if !users.is_same(&basic) => Err(BuildError::TwoStoresOfUsers),
            (_, Some(basic)) => Ok(Some((*basic).clone())),
            (users, None) => Ok(users),
        }
    }
}

impl<H: RequestHead> SchemeSettings<H> for LoginSettings {
    /// Returns the position after Basic authentication and the login at a provider, and before the bearer tokens.
    fn order(&self) -> u8 {
        3
    }

    fn issuers(&self) -> Vec<IssuerSettings> {
        let stated = |sessions: &Sessions| IssuerSettings {
            method: "session",
            declares_confers: sessions.has_explicit_confers(),
            login: sessions.login(),
        };
        self.sessions.iter().map(stated).collect()
    }

    fn check(&self, context: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        let is_shared = self.sessions.as_ref().is_some_and(Sessions::is_shared);
        let has_shared_throttle = self.users.as_ref().is_some_and(PasswordAuthenticator::has_shared_throttle);
        if !context.has_realm && is_shared {
            mistakes.add(BuildError::RealmMissing(".session(…)"));
        } else if !context.has_realm && has_shared_throttle {
            mistakes.add(BuildError::RealmMissing(".users(…)"));
        }
        if context.is_behind_proxy && SchemeSettings::<H>::is_for_this_machine(self) {
            mistakes.add(BuildError::PlainHttpBehindProxy);
        }
    }

    fn is_for_this_machine(&self) -> bool {
        self.sessions.as_ref().is_some_and(Sessions::is_for_this_machine)
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, mistakes: &mut Mistakes) {
        let users = mistakes.collect(Self::users(self.users, assembly.part()));
        if let Some(users) = &users {
            assembly.checks_passwords = true;
            assembly.provide(Arc::new(users.clone()));
        }
        let Some(sessions) = self.sessions else { return };
        assembly.memory_address = sessions.memory_address();
        let plain_http = sessions.is_for_this_machine();
        let login = assembly.login_source(sessions.login());
        let sessions = sessions.prepare(assembly.realm, users, assembly.roles, login).map(Some);
        let Some(sessions) = mistakes.collect(sessions.map_err(BuildError::Sessions)) else { return };
        if plain_http {
            warn("session cookies are sent over plain HTTP: only for a browser on this machine");
        }
        let sessions = Arc::new(sessions);
        assembly.provide(Arc::clone(&sessions));
        assembly.schemes.push(sessions);
    }
}
