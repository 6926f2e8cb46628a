//! Settings of sessions, and their errors.

use std::sync::Arc;
use std::time::Duration;

use super::SessionVerifier;
use super::cookie::{CookieNameError, CookieSettings};
use super::memory::MemorySessionStore;
use super::store::SessionStore;
use crate::identity::issuer::{Confers, Form, Issuer, ListClaim, LoginSetting, LoginSource, RoleTypes};
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::NameKind;
use crate::scheme::OwnIssuer;
use crate::store::users::PasswordAuthenticator;

/// Settings of sessions.
///
/// ```
/// use auth_actix::session::Sessions;
/// let sessions = Sessions::memory().idle_timeout(std::time::Duration::from_secs(15 * 60));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    cookie: CookieSettings,
    idle: Duration,
    lasts: Duration,
    remembers: Duration,
    refresh: Duration,
    max_sessions_per_user: usize,
    confers: Option<Confers>,
    all_scopes: bool,
    login: LoginSetting,
}

/// An error of the session settings.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionsError {
    /// The cookie name is invalid.
    #[error("`.cookie_name(…)`: {0}")]
    CookieName(CookieNameError),
    /// A duration is shorter than a second or longer than a year.
    #[error("`.{0}(…)` must be from one second to one year")]
    Timeout(&'static str),
    /// The refresh interval of roles is longer than an hour. A revoked role would remain effective for too long.
    #[error("`.refresh_roles_after(…)` must be at most one hour")]
    Refresh,
    /// The idle timeout is longer than the absolute timeout, so it would have no effect.
    #[error("`.idle_timeout(…)` is longer than `.absolute_timeout(…)`")]
    IdleIsLonger,
}

crate::debug_as_display!(SessionsError);

const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

impl Sessions {
    /// Stores sessions in the memory of this process. At most 100,000 concurrent sessions, which are lost when the process ends.
    pub fn memory() -> Self {
        Self::new(MemorySessionStore::new(100_000))
    }

    /// Creates settings with this store.
    pub fn new(store: impl SessionStore) -> Self {
        Self {
            store: Arc::new(store),
            cookie: CookieSettings { name: "session".to_owned(), strict: false, plain_http: false },
            idle: Duration::from_secs(30 * 60),
            lasts: Duration::from_secs(12 * 3600),
            remembers: Duration::from_secs(30 * 24 * 3600),
            refresh: Duration::from_secs(60),
            max_sessions_per_user: 100,
            confers: None,
            all_scopes: false,
            login: LoginSetting::Unset,
        }
    }

    /// Sets the cookie name without its prefix `__Host-`. `session` by default.
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        Self { cookie: CookieSettings { name: name.into(), ..self.cookie }, ..self }
    }

    /// Sets `SameSite=Strict` instead of `Lax`. A request that follows a link from another site then has no session.
    pub fn strict(self) -> Self {
        Self { cookie: CookieSettings { strict: true, ..self.cookie }, ..self }
    }

    /// Uses a cookie without `Secure` and `__Host-`, for development in a browser on this machine. Requests from other machines are
    /// answered with 500. Each start logs a warning.
    pub fn insecure_localhost(self) -> Self {
        Self { cookie: CookieSettings { plain_http: true, ..self.cookie }, ..self }
    }

    /// Sets the idle timeout, after which an unused session ends. 30 minutes by default (OWASP; NIST SP 800-63B allows an hour at
    /// AAL2 and 15 minutes at AAL3).
    pub fn idle_timeout(self, idle: Duration) -> Self {
        Self { idle, ..self }
    }

    /// Sets the time after the login at which a session ends even if it is in use. 12 hours by default (NIST SP 800-63B: 24 hours
    /// at AAL2, 12 at AAL3).
    pub fn absolute_timeout(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    /// Sets the lifetime of a persistent login. 30 days by default. After the idle timeout, the caller is still authenticated, but
    /// the login no longer counts as recent: `max_age` and `acr` require another login.
    pub fn persistent_ttl(self, remembers: Duration) -> Self {
        Self { remembers, ..self }
    }

    /// Sets the maximum number of concurrent sessions per user. 100 by default. A further login ends the user's oldest session, so
    /// that no account can fill the store. Increase it for an identity that many people share, such as a guest account.
    pub fn max_sessions_per_user(self, sessions: usize) -> Self {
        Self { max_sessions_per_user: sessions, ..self }
    }

    /// Sets the age after which the roles of a session are refreshed from the user store. One minute by default, at most an hour.
    pub fn refresh_roles_after(self, age: Duration) -> Self {
        Self { refresh: age, ..self }
    }

    /// Sets the names that sessions may confer. Everything by default if this is the only issuer. Required if there are several.
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// Grants every OAuth 2.0 scope to sessions. For the application's own site, whose handlers require scopes from other clients.
    pub fn all_scopes(self) -> Self {
        Self { all_scopes: true, ..self }
    }

    /// States that these credentials are logins of accounts. See [`AuthBuilder::accounts`]. Required, or
    /// [`keeps_own_identity`](Self::keeps_own_identity), if there are several issuers and accounts. A single issuer logs in by
    /// default.
    ///
    /// [`AuthBuilder::accounts`]: https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html#method.accounts
    pub fn logs_in(self) -> Self {
        Self { login: LoginSetting::LogsIn, ..self }
    }

    /// States that these credentials are not logins: their callers keep their own identity and have no account.
    pub fn keeps_own_identity(self) -> Self {
        Self { login: LoginSetting::OwnIdentity, ..self }
    }

    pub(crate) fn login(&self) -> LoginSetting {
        self.login
    }

    pub(crate) fn has_explicit_confers(&self) -> bool {
        self.confers.is_some()
    }

    /// Returns whether other processes may use the store.
    pub(crate) fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Returns the address of the store if it is in the memory of this process. Two such stores do not share sessions.
    pub(crate) fn memory_address(&self) -> Option<usize> {
        (!self.store.is_shared()).then(|| Arc::as_ptr(&self.store).cast::<()>() as usize)
    }

    /// Returns whether browsers omit the cookie when another site links or redirects here.
    pub(crate) fn is_strict(&self) -> bool {
        self.cookie.strict
    }

    /// Returns whether the cookie is only for browsers on this machine.
    pub(crate) fn is_for_this_machine(&self) -> bool {
        self.cookie.plain_http
    }

    /// Creates the verifier for a realm. `users` is the user store that passwords are checked against, if any.
    ///
    /// # Errors
    /// A setting is invalid.
    pub(crate) fn prepare(
        self,
        realm: &str,
        users: Option<PasswordAuthenticator>,
        roles: &RoleTypes,
        login: LoginSource,
    ) -> Result<SessionVerifier, SessionsError> {
        let times = [("idle_timeout", self.idle), ("absolute_timeout", self.lasts), ("persistent_ttl", self.remembers)];
        if let Some((name, _)) = times.iter().find(|(_, time)| *time < Duration::from_secs(1) || *time > LONGEST) {
            return Err(SessionsError::Timeout(name));
        }
        if self.refresh > Duration::from_secs(3600) {
            return Err(SessionsError::Refresh);
        }
        if self.idle > self.lasts {
            return Err(SessionsError::IdleIsLonger);
        }
        if let Some(users) = &users {
            users.set_realm(realm);
        }
        let list = |kind, name: &str| ListClaim::new(kind, Form::Array, vec![name.to_owned()]);
        let source = Issuer {
            issuer: OwnIssuer::Users.name(realm),
            scheme: SchemeId::Session,
            confers: self.confers.unwrap_or_else(Confers::everything),
            lists: vec![
                list(NameKind::Role, "roles"),
                list(NameKind::Permission, "permissions"),
                list(NameKind::Scope, "scopes"),
            ],
            has_claims: true,
            tenancy: Default::default(),
            all_scopes: self.all_scopes,
            login,
            roles: roles.clone(),
        };
        Ok(SessionVerifier {
            store: self.store,
            cookie: self.cookie.checked().map_err(SessionsError::CookieName)?,
            idle: self.idle,
            lasts: self.lasts,
            remembers: self.remembers,
            refresh: self.refresh,
            max_sessions_per_user: self.max_sessions_per_user.max(1),
            source: Arc::new(source),
            users,
        })
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}
