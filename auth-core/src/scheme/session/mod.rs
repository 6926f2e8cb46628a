//! Server-side sessions: a cookie with a random id, and a store.
//!
//! # Why
//! A sealed cookie needs no store, but it cannot be revoked. A stored session ends immediately on logout, on logout from all
//! devices, or when an employee is dismissed. It ends in all instances that share the store.

mod cookie;
mod store;
mod metadata;
mod new_session;
mod create;
mod account;
mod revoke;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "test-util")]
pub mod conformance;
mod settings;
mod login_settings;
#[cfg(feature = "oidc")]
pub mod oidc_login;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

pub use self::cookie::{CookieNameError, CookieSettings, SessionId};
pub use self::login_settings::LoginSettings;
pub use self::memory::MemorySessionStore;
use self::metadata::SessionMetadata;
pub use self::new_session::{NewSession, session_of_user};
#[cfg(feature = "redis")]
pub use self::redis::RedisSessionStore;
pub use self::revoke::SessionInfo;
pub use self::settings::{Sessions, SessionsError};
pub use self::store::{
    ROTATION_GRACE, SessionKey, SessionKeyError, SessionRecord, SessionState, SessionStore, SessionStoreError,
    StoredSession,
};
use super::{
    ActivityKey, Authenticator, ConfiguredNames, Credential, Effects, Extracted, Rejection, RequestView, Verification,
    Verified,
};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::account_id::AccountId;
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::matrix::CredentialPlace;
use crate::runtime::future::{BoxFuture, LocalBoxFuture};
use crate::store::unavailable::StoreUnavailable;
use crate::store::users::{PasswordAuthenticator, VerifiedUser};

/// A session that was verified for one request.
#[derive(Debug)]
pub struct VerifiedSession {
    /// The verified caller.
    pub principal: Principal,
    /// The session to touch once the request is granted. A denied request is not an activity (SESS-3).
    pub touch: Option<SessionKey>,
}

/// Verifies, begins and ends sessions.
pub struct SessionVerifier {
    store: Arc<dyn SessionStore>,
    cookie: CookieSettings,
    idle: Duration,
    lasts: Duration,
    remembers: Duration,
    refresh: Duration,
    max_sessions_per_user: usize,
    source: Arc<Issuer>,
    users: Option<PasswordAuthenticator>,
}

impl SessionVerifier {
    /// Returns the name of the cookie, including its prefix.
    pub fn cookie_name(&self) -> String {
        self.cookie.full_name()
    }

    /// Returns whether both use the same cookie name but different stores. Logging in with one would then log the user out of the
    /// other.
    pub fn clashes_with(&self, other: &Self) -> bool {
        self.cookie.has_name_of(&other.cookie) && !Arc::ptr_eq(&self.store, &other.store)
    }

    /// Returns the session id in the cookie lines of a request.
    pub fn read<'a>(&self, lines: impl Iterator<Item = &'a [u8]>) -> Option<SessionId> {
        self.cookie.read(lines)
    }

    /// Returns the `Set-Cookie` line that deletes the cookie.
    pub fn delete_cookie(&self) -> String {
        self.cookie.delete()
    }

    /// Verifies a session.
    ///
    /// # Errors
    /// 401 if the session has ended. 503 if the session store or the user store is unavailable.
    pub async fn verify(&self, id: SessionId) -> Result<VerifiedSession, Rejection> {
        /// Maximum number of attempts if other requests update the session concurrently. Each failed attempt is due to a different
        /// update.
        const TRIALS: usize = 5;
        let (key, mut lost) = (id.key(), false);
        for _ in 0..TRIALS {
            let live = match self.store.load(key).await {
                Ok(SessionState::Live(live)) => live,
                Ok(SessionState::Superseded { .. }) => {
                    return Err(ended("the session was replaced by a newer one", false));
                }
                Ok(SessionState::Unknown) => {
                    return Err(ended("the session has ended, or is unknown to this store", true));
                }
                Err(_) => return Err(unavailable("the store of sessions is unavailable")),
            };
            let claims = match self.changed(key, &live).await? {
                None => live.record.claims,
                // A concurrent request has already stored the same claims.
                Some(claims) if lost && claims == live.record.claims => claims,
                Some(claims) => match self.store.update(key, live.version, claims.clone()).await {
                    Ok(true) => claims,
                    // Another request has updated or ended the session. Its current state must be loaded.
                    Ok(false) => {
                        lost = true;
                        continue;
                    }
                    Err(_) => return Err(unavailable("the store of sessions is unavailable")),
                },
            };
            let principal = self.principal(claims).map_err(|denial| Rejection { denial, delete_cookie: true })?;
            // Limits writes to the store, since touching the session on each request is unnecessary.
            let due = live.unseen >= (self.idle / 30).min(Duration::from_secs(60));
            return Ok(VerifiedSession { principal, touch: due.then_some(key) });
        }
        Err(unavailable("the session was changed too often by concurrent requests"))
    }

    /// Returns the claims to store, or `None` if no update is due. Refreshes the user's roles. Removes the claims of a recent login
    /// from a remembered session that was unused for the idle timeout. Both changes are written in one update, since a second one
    /// would conflict with the version of the first.
    async fn changed(&self, key: SessionKey, live: &StoredSession) -> Result<Option<String>, Rejection> {
        let mut claims: Map<String, Value> = serde_json::from_str(&live.record.claims).unwrap_or_default();
        let mut kept = SessionMetadata::of(&claims);
        if kept.realm != self.source.issuer.as_ref() {
            // The cookie may belong to another application on the same host, so it is not deleted.
            return Err(ended("the session belongs to another realm", false));
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

    /// Records that a session was used. Fails if the session has ended in the meantime.
    ///
    /// # Errors
    /// Like [`verify`](Self::verify).
    pub async fn touch(&self, key: SessionKey) -> Result<(), Rejection> {
        match self.store.touch(key).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ended("the session has ended", false)),
            Err(_) => Err(unavailable("the store of sessions is unavailable")),
        }
    }

    /// Refreshes the roles from the user store, if there is one. Within the refresh interval, a revoked role becomes ineffective,
    /// and the session ends if its user or actor was removed (SESS-5). Returns whether the user store was queried.
    async fn refresh_roles(
        &self,
        key: SessionKey,
        kept: &SessionMetadata,
        claims: &mut Map<String, Value>,
    ) -> Result<bool, Rejection> {
        let Some(users) = &self.users else { return Ok(false) };
        let user = |name: Option<&Value>, passwords: &Option<Vec<String>>| {
            Some((name.and_then(Value::as_str)?.to_owned(), passwords.clone()?))
        };
        let subject = user(claims.get("sub"), &kept.user);
        let actor = user(claims.get("act").and_then(|act| act.get("sub")), &kept.actor);
        let was_asked = subject.is_some() || actor.is_some();
        if let Some((name, passwords)) = subject {
            let user = self.still_there(key, users, &name, &passwords).await?;
            claims.insert("roles".to_owned(), json!(user.roles));
        }
        if let Some((name, passwords)) = actor {
            self.still_there(key, users, &name, &passwords).await?;
        }
        Ok(was_asked)
    }

    /// Returns the user if their current password version is in `passwords`. Ends the session otherwise, since the password was
    /// changed or the name now belongs to another person.
    async fn still_there(
        &self,
        key: SessionKey,
        users: &PasswordAuthenticator,
        name: &str,
        passwords: &[String],
    ) -> Result<VerifiedUser, Rejection> {
        let found = users.find(name).await.map_err(|_| unavailable("the store of users is unavailable"))?;
        match found.filter(|user| user.has_password_version(passwords)) {
            Some(user) => Ok(user),
            None => {
                let _ = self.store.end(key).await;
                Err(ended("the user of the session no longer exists, or has changed the password", true))
            }
        }
    }

    /// Returns whether a session belongs to this realm.
    fn is_ours(&self, live: &StoredSession) -> bool {
        let claims = serde_json::from_str(&live.record.claims).unwrap_or_default();
        SessionMetadata::of(&claims).realm == self.source.issuer.as_ref()
    }

    fn principal(&self, claims: String) -> Result<Principal, Denial> {
        Principal::from_claims(Arc::clone(&self.source), claims).map_err(|_| {
            Denial::refused(SchemeId::Session, Reason::SetUp, "the stored session contains no valid claims")
        })
    }
}

fn ended(cause: &'static str, delete_cookie: bool) -> Rejection {
    Rejection { denial: Denial::refused(SchemeId::Session, Reason::RevokedCredentials, cause), delete_cookie }
}

fn unavailable(cause: &'static str) -> Rejection {
    let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(2));
    Rejection { denial: Denial::refused(SchemeId::Session, reason, cause), delete_cookie: false }
}

impl<H: RequestHead> Authenticator<H> for SessionVerifier {
    fn scheme(&self) -> SchemeId {
        SchemeId::Session
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        std::slice::from_ref(&self.source)
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        vec!["cookie"]
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        match self.read(view.head.bytes("cookie")) {
            Some(_) => Credential::new(SchemeId::Session, "").into(),
            None => Extracted::Absent,
        }
    }

    fn verify<'r>(&'r self, _: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        let Some(id) = self.read(view.head.bytes("cookie")) else {
            return Verification::Ready(Err(Denial::new(Reason::SetUp)).into());
        };
        Verification::pending(async move {
            match self.verify(id).await {
                Ok(VerifiedSession { principal, touch }) => {
                    let effects =
                        touch.map(|key| Box::new(Effects { activity: Some(*key.bytes()), ..Effects::default() }));
                    Verified { result: Ok(principal), effects }
                }
                Err(Rejection { denial, delete_cookie }) => {
                    let effects = delete_cookie.then(|| Box::new(Effects { delete_cookie, ..Effects::default() }));
                    Verified { result: Err(denial), effects }
                }
            }
        })
    }

    fn digest(&self, _: &Credential<'_>, _: Option<&str>, view: &RequestView<'_, H>) -> Option<TokenDigest> {
        TokenDigest::from_bytes(self.read(view.head.bytes("cookie"))?.key().bytes()).ok()
    }

    fn assign_account<'r>(
        &'r self,
        digest: &TokenDigest,
        account: &'r AccountId,
    ) -> BoxFuture<'r, Result<(), Rejection>> {
        let key = digest.as_bytes().try_into().map(SessionKey::from_bytes);
        Box::pin(async move {
            match key {
                Ok(key) => self.write_account(key, account).await,
                Err(_) => Err(ended("the session has no key", false)),
            }
        })
    }

    fn forget_account<'r>(&'r self, account: &'r AccountId) -> BoxFuture<'r, Result<(), StoreUnavailable>> {
        Box::pin(async move { self.end_all(&account.identity(), None).await.map(drop).map_err(|_| StoreUnavailable) })
    }

    fn record_activity(&self, key: ActivityKey) -> LocalBoxFuture<'_, Result<(), Rejection>> {
        Box::pin(self.touch(SessionKey::from_bytes(key)))
    }

    fn delete_cookie(&self) -> Option<String> {
        Some(self.cookie.delete())
    }

    fn sets_cookie(&self, line: &[u8]) -> bool {
        self.cookie.sets(line)
    }

    fn places(&self, _: &Issuer) -> Vec<CredentialPlace> {
        vec![CredentialPlace::Cookie(self.cookie_name())]
    }

    fn configured_names(&self) -> Vec<ConfiguredNames> {
        self.users.iter().map(|users| ConfiguredNames::of_users(users.roles())).collect()
    }
}

impl std::fmt::Debug for SessionVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}
