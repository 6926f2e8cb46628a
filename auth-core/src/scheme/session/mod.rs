//! Sessions that the server keeps: a cookie with a random id, and a store.
//!
//! # Why
//! A sealed cookie needs no store, and cannot be ended. Here log-out, log-out everywhere and a dismissed employee end
//! sessions at once, in all instances that share the store.

mod cookie;
mod log_in;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod settings;
mod store;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::cookie::{CookieNameError, CookieSettings, SessionId};
pub use self::log_in::LogIn;
pub use self::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use self::settings::{Sessions, SessionsError};
pub use self::store::{
    Live, Loaded, Record, SUPERSEDED, SessionKey, SessionKeyError, SessionStore, StoreError, Stored,
};
use crate::clock::{self, Timestamp};
use crate::denial::challenge::Scheme;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::principal::{Id, Principal};
use crate::source::Source;
use crate::users::Passwords;

/// Nobody has more sessions at a time: one more ends the oldest of theirs, so that no account fills the store.
const MOST_OF_ONE: usize = 100;

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

/// A live session, for a list of them.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// By what it is ended.
    pub key: SessionKey,
    /// Whose it is, and who acts in it.
    pub principal: Principal,
    /// When it began.
    pub since: Option<Timestamp>,
    /// How long ago it was last used, to a minute.
    pub unseen: Duration,
    /// When it ends at the latest.
    pub left: Duration,
    /// Whether the browser keeps it when it is closed.
    pub is_remembered: bool,
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

/// What a session has to know of itself, whatever a log-in says.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// Where the login was. One store may serve several realms, and a session is of one of them.
    realm: String,
    /// The roles are those that the store of users said.
    from_users: bool,
    /// Who acts is one of its users too.
    actor_from_users: bool,
    /// The login was remembered beyond its idle time, so it is not fresh.
    stale: bool,
    /// Which passwords of the user it may have begun with: another one ends it.
    passwords: Vec<String>,
    /// The same of who acts.
    actor_passwords: Vec<String>,
}

impl Kept {
    /// Its member of the claims.
    const NAME: &str = "session";

    fn of(claims: &Map<String, Value>) -> Self {
        claims.get(Self::NAME).and_then(|kept| Self::deserialize(kept).ok()).unwrap_or_default()
    }

    fn write(&self, claims: &mut Map<String, Value>) {
        claims.insert(Self::NAME.to_owned(), json!(self));
    }
}

impl Verifier {
    /// Where its principals come from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Whether a browser would take the cookie of one for that of the other, and they are not kept in one place: the one
    /// logs out whom the other has logged in.
    pub fn clashes_with(&self, other: &Self) -> bool {
        self.cookie.has_name_of(&other.cookie) && !Arc::ptr_eq(&self.store, &other.store)
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
                Ok(Loaded::Superseded { .. }) => return Err(ended("the session was replaced by a newer one", false)),
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
        let mut claims: Map<String, Value> = serde_json::from_str(&live.record.claims).unwrap_or_default();
        let mut kept = Kept::of(&claims);
        if kept.realm != self.source.issuer.as_ref() {
            // Its cookie may be that of a neighbour.
            return Err(ended("the session is of another realm", false));
        }
        let mut changed = false;
        if live.unchanged >= self.refresh {
            changed |= self.refresh_roles(key, &kept, &mut claims).await?;
        }
        if live.record.idle.is_none() && live.unseen >= self.idle && !kept.stale {
            claims.remove("auth_time");
            claims.remove("acr");
            kept.stale = true;
            kept.write(&mut claims);
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
    /// working, and so does a session whose user is gone, or who acts in it (SESS-5). Whether it was asked.
    async fn refresh_roles(
        &self,
        key: SessionKey,
        kept: &Kept,
        claims: &mut Map<String, Value>,
    ) -> Result<bool, Refused> {
        let Some(users) = &self.users else { return Ok(false) };
        let subject = claims.get("sub").filter(|_| kept.from_users);
        let actor = claims.get("act").and_then(|act| act.get("sub")).filter(|_| kept.actor_from_users);
        let asked = [(subject, &kept.passwords), (actor, &kept.actor_passwords)];
        let mut roles = None;
        for (name, passwords) in
            asked.iter().filter_map(|(name, passwords)| Some((name.as_ref()?.as_str()?, passwords)))
        {
            let Ok(user) = users.find(name).await else {
                return Err(unavailable("the store of users is out of reach"));
            };
            // Another password: the one before was changed, or this is another user of that name.
            let Some(user) = user.filter(|user| passwords.contains(&user.mark())) else {
                let _ = self.store.end(key).await;
                return Err(ended("the user of the session is gone, or has another password", true));
            };
            roles = roles.or(Some(user.roles).filter(|_| subject.is_some()));
        }
        let was_asked = subject.is_some() || actor.is_some();
        if let Some(roles) = roles {
            claims.insert("roles".to_owned(), json!(roles));
        }
        Ok(was_asked)
    }

    fn principal(&self, claims: String) -> Result<Principal, Denial> {
        Principal::from_claims(Arc::clone(&self.source), claims)
            .map_err(|_| Denial::refused(Scheme::Session, Reason::SetUp, "the store of sessions holds no claims"))
    }

    /// Begins a session, in place of the one that the browser has, if it has one: a new id at each login (SESS-2). Returns
    /// the `Set-Cookie` that goes with it, and who logged in. `admit` is asked before anything is stored.
    ///
    /// # Errors
    /// What `admit` says. The store is full or out of reach: 503. The claims are too long, or the name is empty: 500.
    pub async fn log_in(
        &self,
        mut login: LogIn,
        before: Option<SessionId>,
        admit: impl Fn(&Principal) -> Result<(), Denial>,
    ) -> Result<(String, Principal), Denial> {
        login.claims.insert("auth_time".to_owned(), json!(clock::now().seconds()));
        self.begin(login, None, before, admit).await
    }

    async fn begin(
        &self,
        LogIn { mut claims, remember, user }: LogIn,
        actor: Option<Vec<String>>,
        before: Option<SessionId>,
        admit: impl Fn(&Principal) -> Result<(), Denial>,
    ) -> Result<(String, Principal), Denial> {
        let set_up = |cause| Denial::refused(Scheme::Session, Reason::SetUp, cause);
        claims.insert("iat".to_owned(), json!(clock::now().seconds()));
        let realm = self.source.issuer.as_ref().to_owned();
        let kept = Kept {
            realm,
            from_users: user.is_some(),
            passwords: user.unwrap_or_default(),
            actor_from_users: actor.is_some(),
            actor_passwords: actor.unwrap_or_default(),
            stale: false,
        };
        kept.write(&mut claims);
        let claims = Value::Object(claims).to_string();
        if claims.len() > LONGEST_CLAIMS {
            return Err(set_up("the claims of a login are longer than 16 KiB"));
        }
        let principal = self.principal(claims.clone())?;
        admit(&principal)?;
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
        let before = match before {
            Some(before) => self.ours(before.key()).await?,
            None => None,
        };
        // The last is whoever is at the keyboard: of them too many are ended, and of nobody else.
        let theirs = match record.ids.last() {
            Some(id) => self.store.of(id).await?,
            None => Vec::new(),
        };
        let one_more = usize::from(before.is_none_or(|before| !theirs.contains(&before)));
        let too_many = (theirs.len() + one_more).saturating_sub(MOST_OF_ONE);
        for oldest in theirs.into_iter().filter(|key| Some(*key) != before).take(too_many) {
            self.store.end(oldest).await?;
        }
        if let Some(before) = before
            && self.store.replace(before, key, record.clone()).await?
        {
            return Ok(());
        }
        self.store.create(key, record).await
    }

    /// The key, where it is that of a live session of this realm.
    async fn ours(&self, key: SessionKey) -> Result<Option<SessionKey>, StoreError> {
        Ok(match self.store.load(key).await? {
            Loaded::Live(live) => self.is_ours(&live).then_some(key),
            Loaded::Superseded { .. } | Loaded::Unknown => None,
        })
    }

    fn is_ours(&self, live: &Live) -> bool {
        let claims = serde_json::from_str(&live.record.claims).unwrap_or_default();
        Kept::of(&claims).realm == self.source.issuer.as_ref()
    }

    /// Begins a session of somebody else, in place of the caller's own, which says in whose name it acts (`act`, RFC 8693
    /// §4.1). It ends at log-out, and is fresh for nothing.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in); and 403 where the caller acts for somebody already.
    pub async fn act_as(
        &self,
        mut login: LogIn,
        actor: &Principal,
        before: Option<SessionId>,
        admit: impl Fn(&Principal) -> Result<(), Denial>,
    ) -> Result<(String, Principal), Denial> {
        if actor.actor().is_some() {
            let reason = Reason::InsufficientPermissions;
            return Err(Denial::refused(actor.scheme(), reason, "who acts for somebody cannot act for another"));
        }
        let mut act = Map::from_iter([
            ("sub".to_owned(), json!(actor.local_subject())),
            ("iss".to_owned(), json!(actor.issuer())),
        ]);
        if actor.is_client() {
            act.insert("client_id".to_owned(), json!(actor.local_subject()));
        }
        login.claims.insert("act".to_owned(), Value::Object(act));
        login.remember = false;
        let ours = actor.issuer() == self.source.issuer.as_ref();
        let passwords = match (actor.scheme(), &self.users) {
            (Scheme::Session, _) if ours => {
                let kept = actor.registered(Kept::NAME).and_then(|kept| serde_json::from_str(kept.text()).ok());
                kept.filter(|kept: &Kept| kept.from_users).map(|kept| kept.passwords)
            }
            (Scheme::Basic, Some(users)) if ours => {
                let found = users.find(&actor.local_subject()).await;
                found.map_err(|_| unavailable("the store of users is out of reach").denial)?.map(|user| user.marks())
            }
            _ => None,
        };
        self.begin(login, passwords, before, admit).await
    }

    /// Ends the session of a browser, or the one that has just taken its place: whose it was, if there was one (H14).
    ///
    /// # Errors
    /// The store is out of reach: 503.
    pub async fn log_out(&self, id: SessionId) -> Result<Option<Principal>, Denial> {
        /// A browser that logs in so often in a minute has more than one session anyway.
        const SUCCESSORS: usize = 16;
        let away = |_| unavailable("the store of sessions is out of reach").denial;
        let (mut key, mut whose) = (id.key(), None);
        for _ in 0..SUCCESSORS {
            let loaded = self.store.load(key).await.map_err(away)?;
            match loaded {
                // A neighbour's is for the neighbour to end.
                Loaded::Live(live) if !self.is_ours(&live) => break,
                Loaded::Live(live) => whose = Some(live),
                Loaded::Superseded { by } => {
                    key = by;
                    continue;
                }
                Loaded::Unknown => break,
            }
            // Where it was replaced in between, its successor is next.
            if self.store.end(key).await.map_err(away)? {
                break;
            }
        }
        whose.map(|live| self.principal(live.record.claims)).transpose()
    }

    /// Ends all sessions of somebody, but perhaps one; how many (SESS-4).
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn end_all(&self, id: &Id, but: Option<SessionId>) -> Result<u64, StoreError> {
        self.store.end_all(&id.to_string(), but.map(SessionId::key)).await
    }

    /// The live sessions of somebody, and those where they act for another: the oldest first.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn of(&self, id: &Id) -> Result<Vec<LiveSession>, StoreError> {
        let mut all = Vec::new();
        for key in self.store.of(&id.to_string()).await? {
            let Loaded::Live(live) = self.store.load(key).await? else { continue };
            let ours = self.is_ours(&live);
            let Live { record: Record { claims, idle, .. }, unseen, left, .. } = live;
            if let Some(principal) = self.principal(claims).ok().filter(|_| ours) {
                let (since, is_remembered) = (principal.issued_at(), idle.is_none());
                all.push(LiveSession { key, principal, since, unseen, left, is_remembered });
            }
        }
        Ok(all)
    }

    /// Ends one session, where it is one of those of [`of`](Self::of): nobody ends that of somebody else. Whether it was.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn end_one(&self, id: &Id, key: SessionKey) -> Result<bool, StoreError> {
        Ok(self.of(id).await?.iter().any(|session| session.key == key) && self.store.end(key).await?)
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
                if live.record.ids.first() != Some(&id.to_string()) {
                    break; // they act as somebody else there
                }
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
