//! Sessions that the server keeps: a cookie with a random id, and a store.
//!
//! # Why
//! A sealed cookie needs no store, and cannot be ended. Here log-out, log-out everywhere and a dismissed employee end
//! sessions at once, in all instances that share the store.

mod cookie;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod store;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

pub use self::cookie::{CookieNameError, CookieSettings, SessionId};
pub use self::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::redis::{RedisStore, RedisUrlError};
pub use self::store::{Live, Loaded, Record, SUPERSEDED, SessionKey, SessionStore, StoreError, Stored};
use crate::clock;
use crate::denial::challenge::Scheme;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::principal::{Id, Principal};
use crate::source::{Confers, Form, ListClaim, RoleTypes, Source};
use crate::users::{Passwords, User};
use crate::vocabulary::Kind;

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
    confers: Option<Confers>,
    all_scopes: bool,
}

/// What is wrong with the settings of sessions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionsError {
    /// The cookie could not be set.
    #[error("`.cookie_name(…)`: {0}")]
    CookieName(CookieNameError),
    /// A session would end at once, or never.
    #[error("`.{0}(…)`: at least a second, and at most a year")]
    Timeout(&'static str),
    /// The idle time-out would never come.
    #[error("`.idle_timeout(…)` is longer than `.absolute_timeout(…)`")]
    IdleIsLonger,
}

const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

impl Sessions {
    /// Sessions in the memory of this process: at most 100,000 at a time, and gone when it ends.
    pub fn memory() -> Self {
        Self::in_store(MemoryStore::new(100_000))
    }

    /// Sessions in Redis or Valkey, shared by all instances that name the same one: `redis://user:password@host:6379/0`. No
    /// connection is opened before the first session; one that breaks is opened again. The server must evict no keys
    /// (`maxmemory-policy noeviction`), and be no cluster.
    ///
    /// # Errors
    /// The address is none.
    #[cfg(feature = "redis")]
    pub fn redis(url: &str) -> Result<Self, RedisUrlError> {
        RedisStore::new(url).map(Self::in_store)
    }

    /// Sessions in this store.
    pub fn in_store(store: impl SessionStore) -> Self {
        Self {
            store: Arc::new(store),
            cookie: CookieSettings { name: "session".to_owned(), strict: false, plain_http: false },
            idle: Duration::from_secs(30 * 60),
            lasts: Duration::from_secs(12 * 3600),
            remembers: Duration::from_secs(30 * 24 * 3600),
            refresh: Duration::from_secs(60),
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
    pub fn over_plain_http_on_this_machine(self) -> Self {
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
    pub fn remember_for(self, remembers: Duration) -> Self {
        Self { remembers, ..self }
    }

    /// How old the roles in a session may be before the store of users is asked again. A minute unless set.
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
    pub fn says_what_it_confers(&self) -> bool {
        self.confers.is_some()
    }

    /// Whether its cookie is for this machine alone.
    pub fn is_for_this_machine(&self) -> bool {
        self.cookie.plain_http
    }

    /// The verifier, for a realm. `users` is the store that passwords are checked against, where there is one.
    ///
    /// # Errors
    /// A setting is wrong.
    pub fn prepare(self, realm: &str, users: Option<Passwords>, roles: &RoleTypes) -> Result<Verifier, SessionsError> {
        let times = [("idle_timeout", self.idle), ("absolute_timeout", self.lasts), ("remember_for", self.remembers)];
        if let Some((name, _)) = times.iter().find(|(_, time)| *time < Duration::from_secs(1) || *time > LONGEST) {
            return Err(SessionsError::Timeout(name));
        }
        if self.idle > self.lasts {
            return Err(SessionsError::IdleIsLonger);
        }
        let list = |kind, name: &str| ListClaim { kind, form: Form::Array, path: vec![name.to_owned()] };
        let source = Source {
            issuer: super::issuer_of_users(realm).into(),
            scheme: Scheme::Session,
            confers: self.confers.unwrap_or_else(Confers::everything),
            lists: vec![list(Kind::Role, "roles"), list(Kind::Permission, "permissions"), list(Kind::Scope, "scopes")],
            has_claims: true,
            all_scopes: self.all_scopes,
            roles: roles.clone(),
        };
        Ok(Verifier {
            store: self.store,
            cookie: self.cookie.checked().map_err(SessionsError::CookieName)?,
            idle: self.idle,
            lasts: self.lasts,
            remembers: self.remembers,
            refresh: self.refresh,
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

/// Who logs in, and what they may.
#[derive(Clone, Debug)]
#[must_use]
pub struct LogIn {
    claims: Map<String, Value>,
    remember: bool,
}

impl LogIn {
    /// A user of that name. Unless [`issuer`](Self::issuer) says otherwise, whoever logs in with a password of that name is
    /// the same one.
    pub fn user(subject: impl Into<String>) -> Self {
        let claims = Map::from_iter([("sub".to_owned(), json!(subject.into()))]);
        Self { claims, remember: false }
    }

    /// A user of the store that passwords are checked against, with the roles that they have there: now, and as long as the
    /// session lives.
    pub fn of_users(name: impl Into<String>, user: &User) -> Self {
        Self::user(name).roles(user.roles.iter().map(String::as_str)).claim(FROM_USERS, true)
    }

    /// Who vouches for the user: the provider that they logged in at. Half of their identity.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        let issuer: String = issuer.into();
        self.claim("iss", issuer)
    }

    /// The roles of the user.
    pub fn roles(self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.list("roles", roles)
    }

    /// The permissions of the user, beside those that roles grant.
    pub fn permissions(self, permissions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.list("permissions", permissions)
    }

    /// The OAuth 2.0 scopes that the user granted to this site.
    pub fn scopes(self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.list("scopes", scopes)
    }

    /// The assurance level of the login.
    pub fn acr(self, acr: impl Into<String>) -> Self {
        let acr: String = acr.into();
        self.claim("acr", acr)
    }

    /// A claim, for rules and for the application.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// The browser keeps the session when it is closed; see [`Sessions::remember_for`].
    pub fn remember(self) -> Self {
        Self { remember: true, ..self }
    }

    fn list(self, name: &str, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names: Vec<Value> = names.into_iter().map(|name| Value::String(name.into())).collect();
        self.claim(name, names)
    }
}

/// Claims longer than this are no session.
const LONGEST_CLAIMS: usize = 16 * 1024;

/// A session that was verified for one request.
#[derive(Debug)]
pub struct Verified {
    /// Who it is.
    pub principal: Principal,
    /// What to touch once the request is let in; a refused one is no activity (SESS-3).
    pub touch: Option<SessionKey>,
}

/// Why a session is none.
#[derive(Debug)]
pub struct Refused {
    /// The denial that it deserves.
    pub denial: Denial,
    /// Whether the browser should forget its cookie: not where the store is out of reach, nor where the browser has a new one
    /// already.
    pub delete_cookie: bool,
}

/// The verifier of sessions, and what begins and ends them.
pub struct Verifier {
    store: Arc<dyn SessionStore>,
    cookie: CookieSettings,
    idle: Duration,
    lasts: Duration,
    remembers: Duration,
    refresh: Duration,
    source: Arc<Source>,
    users: Option<Passwords>,
}

/// Member of the claims: the login was remembered beyond its idle time, so it is not fresh.
const STALE: &str = "remembered";

impl Verifier {
    /// Where its principals come from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Reads the cookie lines of a request.
    pub fn read<'a>(&self, lines: impl Iterator<Item = &'a [u8]>) -> Option<SessionId> {
        self.cookie.read(lines)
    }

    /// Whether a `Set-Cookie` line is of our cookie.
    pub fn sets(&self, line: &[u8]) -> bool {
        self.cookie.sets(line)
    }

    /// `Set-Cookie` of an answer that deletes the cookie.
    pub fn delete_cookie(&self) -> String {
        self.cookie.delete()
    }

    /// Verifies a session.
    ///
    /// # Errors
    /// The denial that it deserves: 401 where it has ended, 503 where the store, or that of its user, is out of reach.
    pub async fn verify(&self, id: SessionId) -> Result<Verified, Refused> {
        /// Another request may change the session meanwhile; each time that is another one.
        const TRIALS: usize = 5;
        let key = id.key();
        for _ in 0..TRIALS {
            let live = match self.store.load(key).await {
                Ok(Loaded::Live(live)) => live,
                Ok(Loaded::Superseded) => return Err(ended("the session was replaced by a newer one", false)),
                Ok(Loaded::Unknown) => return Err(ended("the session has ended", true)),
                Err(_) => return Err(unavailable("the store of sessions is out of reach")),
            };
            let claims = match self.changed(key, &live).await? {
                None => live.record.claims,
                Some(claims) => match self.store.update(key, live.version, claims.clone()).await {
                    Ok(true) => claims,
                    // Changed or ended by somebody else: what is there now counts.
                    Ok(false) => continue,
                    Err(_) => return Err(unavailable("the store of sessions is out of reach")),
                },
            };
            let principal = self.principal(claims).map_err(|denial| Refused { denial, delete_cookie: true })?;
            // Once in a while is enough, and spares the store a write for each request.
            let due = live.unseen >= (self.idle / 30).min(Duration::from_secs(60));
            return Ok(Verified { principal, touch: due.then_some(key) });
        }
        Err(unavailable("the session changes too often"))
    }

    /// The claims, where they are others now: with the roles that the user has, and without what made a login fresh that is
    /// remembered beyond its idle time. Both at once, as a second write would be of an old version.
    async fn changed(&self, key: SessionKey, live: &Live) -> Result<Option<String>, Refused> {
        let Ok(Value::Object(mut claims)) = serde_json::from_str::<Value>(&live.record.claims) else { return Ok(None) };
        let mut changed = false;
        if live.unchanged >= self.refresh {
            changed |= self.refresh_roles(key, &mut claims).await?;
        }
        if live.record.idle.is_none() && live.unseen >= self.idle && !claims.contains_key(STALE) {
            claims.remove("auth_time");
            claims.remove("acr");
            claims.insert(STALE.to_owned(), json!(true));
            changed = true;
        }
        Ok(changed.then(|| Value::Object(claims).to_string()))
    }

    /// Says that a session was used; a denial where it was ended meanwhile.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn touch(&self, key: SessionKey) -> Result<(), Refused> {
        match self.store.touch(key).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ended("the session has ended", false)),
            Err(_) => Err(unavailable("the store of sessions is out of reach")),
        }
    }

    /// The roles that the user has now, where the user's store can be asked: within the bound, a role that was withdrawn stops
    /// working, and so does a session whose user is gone (SESS-5). Whether it was asked.
    async fn refresh_roles(&self, key: SessionKey, claims: &mut Map<String, Value>) -> Result<bool, Refused> {
        let Some(users) = &self.users else { return Ok(false) };
        let Some(name) = claims.get("sub").and_then(Value::as_str).filter(|_| claims.contains_key(FROM_USERS)) else {
            return Ok(false);
        };
        let Ok(user) = users.find(name).await else {
            return Err(unavailable("the store of users is out of reach"));
        };
        let Some(user) = user else {
            let _ = self.store.end(key).await;
            return Err(ended("the user of the session is gone", true));
        };
        claims.insert("roles".to_owned(), json!(user.roles));
        Ok(true)
    }

    fn principal(&self, claims: String) -> Result<Principal, Denial> {
        Principal::from_claims(Arc::clone(&self.source), claims)
            .map_err(|_| Denial::refused(Scheme::Session, Reason::SetUp, "the store of sessions holds no claims"))
    }

    /// Begins a session, in place of the one that the browser has, if it has one: a new id at each login (SESS-2). Returns
    /// the `Set-Cookie` that goes with it, and who logged in.
    ///
    /// # Errors
    /// The store is full or out of reach: 503. The claims are too long, or the name is empty: 500.
    pub async fn log_in(&self, login: LogIn, before: Option<SessionId>) -> Result<(String, Principal), Denial> {
        let LogIn { mut claims, remember } = login;
        claims.insert("auth_time".to_owned(), json!(clock::now().seconds()));
        self.begin(claims, remember, before).await
    }

    async fn begin(
        &self,
        mut claims: Map<String, Value>,
        remember: bool,
        before: Option<SessionId>,
    ) -> Result<(String, Principal), Denial> {
        let set_up = |cause| Denial::refused(Scheme::Session, Reason::SetUp, cause);
        claims.insert("iat".to_owned(), json!(clock::now().seconds()));
        let claims = Value::Object(claims).to_string();
        if claims.len() > LONGEST_CLAIMS {
            return Err(set_up("the claims of a login are longer than 16 KiB"));
        }
        let principal = self.principal(claims.clone())?;
        let id = SessionId::random().ok_or_else(|| set_up("the system gives no random numbers"))?;
        let (idle, lasts) = if remember { (None, self.remembers) } else { (Some(self.idle), self.lasts) };
        let actors = principal.actors().map(|actor| actor.id().to_string());
        let ids = [principal.id().to_string()].into_iter().chain(actors).collect();
        let record = Record { ids, claims, idle, lasts };
        self.store_new(id.key(), record, before).await.map_err(|error| {
            let cause = match error {
                StoreError::Unavailable => "the store of sessions is out of reach",
                StoreError::Full => "the store of sessions is full",
            };
            unavailable(cause).denial
        })?;
        let cookie = self.cookie.set(&id.text(), remember.then_some(lasts));
        Ok((cookie, principal))
    }

    async fn store_new(&self, key: SessionKey, record: Record, before: Option<SessionId>) -> Result<(), StoreError> {
        if let Some(before) = before
            && self.store.replace(before.key(), key, record.clone()).await?
        {
            return Ok(());
        }
        self.store.create(key, record).await
    }

    /// Begins a session of somebody else, in place of the caller's own, which says in whose name it acts (`act`, RFC 8693
    /// §4.1). It ends at log-out, and is fresh for nothing.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in); and 403 where the caller acts for somebody already.
    pub async fn act_as(
        &self,
        login: LogIn,
        actor: &Principal,
        before: Option<SessionId>,
    ) -> Result<(String, Principal), Denial> {
        if actor.actor().is_some() {
            let reason = Reason::InsufficientPermissions;
            return Err(Denial::refused(actor.scheme(), reason, "who acts for somebody cannot act for another"));
        }
        let LogIn { mut claims, .. } = login;
        claims.insert("act".to_owned(), json!({ "sub": actor.local_subject(), "iss": actor.issuer() }));
        self.begin(claims, false, before).await
    }

    /// Ends the session of a browser; whose it was, if there was one.
    ///
    /// # Errors
    /// The store is out of reach: 503.
    pub async fn log_out(&self, id: SessionId) -> Result<Option<Principal>, Denial> {
        let away = |_| unavailable("the store of sessions is out of reach").denial;
        let loaded = self.store.load(id.key()).await.map_err(away)?;
        self.store.end(id.key()).await.map_err(away)?;
        match loaded {
            Loaded::Live(live) => self.principal(live.record.claims).map(Some),
            Loaded::Superseded | Loaded::Unknown => Ok(None),
        }
    }

    /// Ends all sessions of somebody, but perhaps one; how many (SESS-4).
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn end_all(&self, id: &Id, but: Option<SessionId>) -> Result<u64, StoreError> {
        self.store.end_all(&id.to_string(), but.map(SessionId::key)).await
    }

    /// Gives all live sessions of somebody these roles, at once; how many.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn change_roles(&self, id: &Id, roles: &[String]) -> Result<u64, StoreError> {
        let mut changed = 0;
        for key in self.store.of(&id.to_string()).await? {
            // Once more where a request changed it meanwhile; each change is of another request, so this ends.
            while let Loaded::Live(live) = self.store.load(key).await? {
                let Ok(Value::Object(mut claims)) = serde_json::from_str(&live.record.claims) else { break };
                claims.insert("roles".to_owned(), json!(roles));
                if self.store.update(key, live.version, Value::Object(claims).to_string()).await? {
                    changed += 1;
                    break;
                }
            }
        }
        Ok(changed)
    }
}

/// Member of the claims: the roles are those that the store of users said.
const FROM_USERS: &str = "from_users";

fn ended(cause: &'static str, delete_cookie: bool) -> Refused {
    Refused { denial: Denial::refused(Scheme::Session, Reason::RevokedCredentials, cause), delete_cookie }
}

fn unavailable(cause: &'static str) -> Refused {
    let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(2));
    Refused { denial: Denial::refused(Scheme::Session, reason, cause), delete_cookie: false }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}
