//! Creation of sessions, by a login or on behalf of another user.

use serde_json::{Map, Value, json};

use super::metadata::SessionMetadata;
use super::store::{SessionKey, SessionRecord, SessionState, SessionStoreError};
use super::{NewSession, SessionId, SessionInfo, SessionVerifier, ended, unavailable};
use crate::denial::{Denial, Reason};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::runtime::clock;

/// Maximum length of the claims of a session, in bytes.
const LONGEST_CLAIMS: usize = 16 * 1024;

impl SessionVerifier {
    /// Begins a session with a new id (SESS-2). Replaces the session that the browser has, if any. Returns the `Set-Cookie` line
    /// and the user. `admit` is called before anything is stored.
    ///
    /// # Errors
    /// The error of `admit`. 503 if the store is full or unavailable. 500 if the claims are longer than 16 KiB or the name is
    /// empty.
    pub async fn log_in(
        &self,
        mut login: NewSession,
        before: Option<SessionId>,
        admit: impl Fn(&Principal) -> Result<(), Denial>,
    ) -> Result<(String, Principal), Denial> {
        match login.at.unwrap_or_else(|| Some(clock::now())) {
            Some(at) => drop(login.claims.insert("auth_time".to_owned(), json!(at.seconds()))),
            None => drop(login.claims.remove("auth_time")),
        }
        self.begin(login, None, before, admit).await
    }

    /// Returns the caller of a new session, before it begins.
    ///
    /// # Errors
    /// 500 if the name is empty.
    pub fn caller_of(&self, login: &NewSession) -> Result<Principal, Denial> {
        let mut claims = login.claims.clone();
        SessionMetadata::default().write(&mut claims);
        self.principal(Value::Object(claims).to_string())
    }

    async fn begin(
        &self,
        NewSession { mut claims, persistent: remember, user, account, actor_account, .. }: NewSession,
        actor: Option<Vec<String>>,
        before: Option<SessionId>,
        admit: impl Fn(&Principal) -> Result<(), Denial>,
    ) -> Result<(String, Principal), Denial> {
        let set_up = |cause| Denial::refused(SchemeId::Session, Reason::SetUp, cause);
        claims.insert("iat".to_owned(), json!(clock::now().seconds()));
        let realm = self.source.issuer.as_ref().to_owned();
        let account = account.map(|account| account.to_string());
        SessionMetadata { realm, user, actor, stale: false, account: account.clone() }.write(&mut claims);
        let claims = Value::Object(claims).to_string();
        if claims.len() > LONGEST_CLAIMS {
            return Err(set_up("the claims of a login are longer than 16 KiB"));
        }
        let principal = self.principal(claims.clone())?;
        admit(&principal)?;
        let id = SessionId::random().ok_or_else(|| set_up("the operating system provides no random numbers"))?;
        let (idle, lasts) = if remember { (None, self.remembers) } else { (Some(self.idle), self.lasts) };
        let subject = principal.credential_id().to_string();
        let actors: Vec<_> = principal.actors().map(|actor| actor.id().to_string()).collect();
        let person = actors.last().unwrap_or(&subject).clone();
        let of_actor = actor_account.map(|account| account.to_string());
        let ids = [subject].into_iter().chain(account).chain(of_actor).chain(actors).collect();
        let record = SessionRecord { ids, claims, idle, lasts };
        self.store_new(id.key(), record, before, &person).await.map_err(SessionStoreError::denial)?;
        let cookie = self.cookie.set(&id.text(), remember.then_some(lasts));
        Ok((cookie, principal))
    }

    async fn store_new(
        &self,
        key: SessionKey,
        record: SessionRecord,
        before: Option<SessionId>,
        person: &str,
    ) -> Result<(), SessionStoreError> {
        let before = match before {
            Some(before) => self.ours(before.key()).await?,
            None => None,
        };
        self.make_room(person, before).await?;
        if let Some(before) = before
            && self.store.replace(before, key, record.clone()).await?
        {
            return Ok(());
        }
        self.store.create(key, record).await
    }

    /// Ends the oldest sessions of the person at the browser if they have too many. `who` is that person: the last actor of a
    /// delegated session, otherwise its subject. Only sessions of the same person in this realm are ended.
    async fn make_room(&self, who: &str, before: Option<SessionKey>) -> Result<(), SessionStoreError> {
        if self.store.of(who).await?.len() < self.max_sessions_per_user {
            return Ok(());
        }
        let is_at = |session: &SessionInfo| {
            let actor = session.principal.actors().last().map(|actor| actor.id());
            actor.unwrap_or_else(|| session.principal.id()).to_string() == who
        };
        let Ok(id) = who.parse() else { return Ok(()) };
        let theirs: Vec<_> = self.of(&id).await?.into_iter().filter(is_at).map(|session| session.key).collect();
        let one_more = usize::from(before.is_none_or(|before| !theirs.contains(&before)));
        let too_many = (theirs.len() + one_more).saturating_sub(self.max_sessions_per_user);
        for oldest in theirs.into_iter().filter(|key| Some(*key) != before).take(too_many) {
            self.store.end(oldest).await?;
        }
        Ok(())
    }

    /// Returns the key if it belongs to a live session of this realm.
    async fn ours(&self, key: SessionKey) -> Result<Option<SessionKey>, SessionStoreError> {
        Ok(match self.store.load(key).await? {
            SessionState::Live(live) => self.is_ours(&live).then_some(key),
            SessionState::Superseded { .. } | SessionState::Unknown => None,
        })
    }

    /// Begins a session in which the caller acts on behalf of another user (`act`, RFC 8693 §4.1). Replaces the caller's own
    /// session. Logout ends it. It is not persistent and never counts as a recent login.
    ///
    /// # Errors
    /// Like [`log_in`](Self::log_in). 403 if the caller already acts on behalf of another user.
    pub async fn act_as(
        &self,
        mut login: NewSession,
        actor: &Principal,
        before: Option<SessionId>,
        admit: impl Fn(&Principal) -> Result<(), Denial>,
    ) -> Result<(String, Principal), Denial> {
        if actor.actor().is_some() {
            let reason = Reason::InsufficientPermissions;
            return Err(Denial::refused(
                actor.scheme(),
                reason,
                "a caller that acts for a subject cannot begin to act for another",
            ));
        }
        let mut act = Map::from_iter([
            ("sub".to_owned(), json!(actor.local_subject())),
            ("iss".to_owned(), json!(actor.issuer())),
        ]);
        if actor.is_client() {
            act.insert("client_id".to_owned(), json!(actor.local_subject()));
        }
        login.claims.insert("act".to_owned(), Value::Object(act));
        login.persistent = false;
        login.actor_account = actor.account_id().cloned();
        let ours = actor.issuer() == self.source.issuer.as_ref();
        let passwords = match (actor.scheme(), &self.users) {
            (SchemeId::Session, _) if ours => {
                let kept =
                    actor.registered(SessionMetadata::NAME).and_then(|kept| serde_json::from_str(kept.text()).ok());
                kept.and_then(|kept: SessionMetadata| kept.user)
            }
            (SchemeId::Basic, Some(users)) if ours => {
                let found = users.find(&actor.local_subject()).await;
                let found = found.map_err(|_| unavailable("the store of users is unavailable").denial)?;
                let gone = || ended("the acting user no longer exists", false).denial;
                Some(found.ok_or_else(gone)?.password_versions().to_vec())
            }
            _ => None,
        };
        self.begin(login, passwords, before, admit).await
    }
}
