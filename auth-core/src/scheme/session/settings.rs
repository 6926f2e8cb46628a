//! The settings of sessions, and what is wrong with them.

use std::sync::Arc;
use std::time::Duration;

use super::SessionVerifier;
use super::cookie::{CookieNameError, CookieSettings};
use super::memory::MemorySessionStore;
use super::store::SessionStore;
use crate::identity::issuer::{Confers, Form, Issuer, ListClaim, RoleTypes};
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::NameKind;
use crate::scheme::OwnIssuer;
use crate::store::users::PasswordAuthenticator;

/// The settings of sessions.
///
/// ```
/// use auth_core::scheme::session::Sessions;
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
}

/// What is wrong with the settings of sessions.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionsError {
    /// The cookie could not be set.
    #[error("`.cookie_name(…)`: {0}")]
    CookieName(CookieNameError),
    /// A session would end at once, or never.
    #[error("`.{0}(…)`: at least a second, and at most a year")]
    Timeout(&'static str),
    /// A role that was withdrawn would hold for too long.
    #[error("`.refresh_roles_after(…)`: at most an hour")]
    Refresh,
    /// The idle time-out would never come.
    #[error("`.idle_timeout(…)` is longer than `.absolute_timeout(…)`")]
    IdleIsLonger,
}

crate::debug_as_display!(SessionsError);

const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

impl Sessions {
    /// Sessions in the memory of this process: at most 100,000 at a time, and gone when it ends.
    pub fn memory() -> Self {
        Self::new(MemorySessionStore::new(100_000))
    }

    /// Sessions in this store.
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
        }
    }

    /// The cookie's name without its prefix `__Host-`: `session` unless set.
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        Self { cookie: CookieSettings { name: name.into(), ..self.cookie }, ..self }
    }

    /// `SameSite=Strict` rather than `Lax`: who follows a link from elsewhere arrives without a session.
    pub fn strict(self) -> Self {
        Self { cookie: CookieSettings { strict: true, ..self.cookie }, ..self }
    }

    /// For development: a cookie without `Secure` and `__Host-`, for browsers on this machine. Requests from elsewhere are
    /// answered with 500, and each start says so.
    pub fn insecure_localhost(self) -> Self {
        Self { cookie: CookieSettings { plain_http: true, ..self.cookie }, ..self }
    }

    /// A session ends when nothing was done with it for so long. 30 minutes unless set (OWASP; NIST SP 800-63B allows an
    /// hour at AAL2 and 15 minutes at AAL3).
    pub fn idle_timeout(self, idle: Duration) -> Self {
        Self { idle, ..self }
    }

    /// A session ends so long after the login, whatever is done with it. 12 hours unless set (NIST SP 800-63B: 24 hours at
    /// AAL2, 12 at AAL3).
    pub fn absolute_timeout(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    /// How long a login lasts that is to be remembered. 30 days unless set. After an idle time-out it is authenticated and
    /// no longer fresh: `max_age` and `acr` ask for another login.
    pub fn persistent_ttl(self, remembers: Duration) -> Self {
        Self { remembers, ..self }
    }

    /// Nobody has more sessions at a time than so many, 100 unless set: one more ends the oldest of theirs, so that no account
    /// fills the store. More for an identity that many share, such as that of guests.
    pub fn max_sessions_per_user(self, sessions: usize) -> Self {
        Self { max_sessions_per_user: sessions, ..self }
    }

    /// How old the roles in a session may be before the store of users is asked again. A minute unless set; at most an hour.
    pub fn refresh_roles_after(self, age: Duration) -> Self {
        Self { refresh: age, ..self }
    }

    /// What sessions may confer. Without other sources, everything; beside others, it has to be said.
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// A session holds every OAuth 2.0 scope: for the site of the application itself, whose handlers ask other clients for
    /// scopes.
    pub fn all_scopes(self) -> Self {
        Self { all_scopes: true, ..self }
    }

    /// Whether it says what it may confer.
    pub(crate) fn has_explicit_confers(&self) -> bool {
        self.confers.is_some()
    }

    /// Whether other processes may use its store too.
    pub(crate) fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// The address of the store, if it is in the memory of this process: two such stores do not share sessions.
    pub(crate) fn memory_address(&self) -> Option<usize> {
        (!self.store.is_shared()).then(|| Arc::as_ptr(&self.store).cast::<()>() as usize)
    }

    /// Whether its cookie is not sent where another site leads here.
    pub(crate) fn is_strict(&self) -> bool {
        self.cookie.strict
    }

    /// Whether its cookie is for this machine alone.
    pub(crate) fn is_for_this_machine(&self) -> bool {
        self.cookie.plain_http
    }

    /// The verifier, for a realm. `users` is the store that passwords are checked against, where there is one.
    ///
    /// # Errors
    /// A setting is wrong.
    pub(crate) fn prepare(
        self,
        realm: &str,
        users: Option<PasswordAuthenticator>,
        roles: &RoleTypes,
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
