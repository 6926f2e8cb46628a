//! The session extractor: login, logout, and acting as another user.

use std::future::{Future, Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{COOKIE, HeaderName, HeaderValue, InvalidHeaderValue, SET_COOKIE, TryIntoHeaderPair};
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::Principal;
use auth_core::audit::EventKind;
use auth_core::client::csrf::CrossSite;
use auth_core::denial::{Denial, Reason};
use auth_core::engine::CallerOutcome;
use auth_core::identity::scheme_id::SchemeId;
use auth_core::policy::rule::{Rule, RuleTarget};
use auth_core::scheme::LoginAtProvider;
use auth_core::scheme::session::{
    NewSession, SessionId, SessionInfo, SessionKey, SessionStoreError, SessionVerifier, session_of_user,
};
use auth_core::store::users::{PasswordAuthenticator, PasswordCredentials};

use crate::auth::Auth;
use crate::extract::caller;
use crate::respond::Messages;
use crate::{adapter, guard};

/// An extractor that begins and ends sessions, for handlers of logins and logouts.
///
/// Each state-changing method refuses cross-site requests, even if the request has no session. Otherwise another site could log a
/// user in to an account of its own, and what the user then enters would be stored in that account.
///
/// ```
/// use actix_web::{HttpResponse, Result, post, web};
/// use auth_actix::{Session, public};
/// use auth_actix::password::PasswordCredentials;
///
/// #[derive(serde::Deserialize)]
/// struct Form { name: String, password: String }
///
/// #[public]
/// #[post("/login")]
/// async fn login(session: Session, form: web::Form<Form>) -> Result<HttpResponse> {
///     let Form { name, password } = form.into_inner();
///     let cookie = session.log_in_with_password(PasswordCredentials::new(name, password), false).await?;
///     Ok(HttpResponse::NoContent().append_header(cookie).finish())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    auth: Auth,
    request: HttpRequest,
}

/// The `Set-Cookie` header of a login or a logout: `response.append_header(cookie)`.
#[derive(Clone)]
#[must_use = "the browser learns of the change only from this header"]
pub struct SessionCookie(HeaderValue);

impl SessionCookie {
    fn new(text: &str) -> Result<Self, Denial> {
        // The text is ASCII, so this cannot fail.
        HeaderValue::from_str(text).map(Self).map_err(|_| Denial::new(Reason::SetUp))
    }
}

impl TryIntoHeaderPair for SessionCookie {
    type Error = InvalidHeaderValue;

    fn try_into_pair(self) -> Result<(HeaderName, HeaderValue), InvalidHeaderValue> {
        Ok((SET_COOKIE, self.0))
    }
}

/// Redacts the session id.
impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionCookie(_)")
    }
}

/// The rule of the login endpoints, for logs.
pub(crate) static LOGIN: Rule = Rule { text: "login", target: RuleTarget::Login, ..auth_core::policy::rule::PUBLIC };

impl FromRequest for Session {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let auth = guard::auth_of(request).cloned().filter(|auth| auth.engine().part::<SessionVerifier>().is_some());
        ready(auth.map(|auth| Self { auth, request: request.clone() }).ok_or_else(|| {
            let cause = Some("a handler takes a `Session`, but no `Auth` with `.session(…)` was found");
            guard::refuse(request, &LOGIN, Denial { cause, ..Denial::new(Reason::SetUp) }, Payload::None)
        }))
    }
}

impl Session {
    /// Begins a session for a user that the application has authenticated. It replaces the current session of the browser, which
    /// ends immediately. Also for step-up: a login of the same user with a higher `acr`.
    ///
    /// # Errors
    /// A response: 403 for a cross-site request, 503 if the store is full or unavailable.
    pub async fn log_in(&self, login: NewSession) -> Result<SessionCookie, Error> {
        self.answered(self.begin(login).await)
    }

    /// Verifies the name and password with the users of [`AuthBuilder::users`](crate::AuthBuilder::users) and begins a session. If
    /// `remember` is true, the browser keeps the session when it is closed.
    ///
    /// # Errors
    /// A response: 401 for any invalid name or password, 429 after too many failures, and those of [`log_in`](Self::log_in).
    pub async fn log_in_with_password(
        &self,
        presented: PasswordCredentials,
        remember: bool,
    ) -> Result<SessionCookie, Error> {
        self.answered(self.check_password(presented, remember).await)
    }

    /// Ends the session of this browser, if there is one.
    ///
    /// # Errors
    /// A response: 403 for a cross-site request, 503 if the store is unavailable.
    pub async fn log_out(&self) -> Result<SessionCookie, Error> {
        self.answered(self.end().await)
    }

    /// Ends all other sessions of the caller. Returns the number of ended sessions.
    ///
    /// It does not suffice after a change of the password, because the current session began with the old one. [Log
    /// in](Self::log_in_with_password) again.
    ///
    /// # Errors
    /// All errors of [`log_out`](Self::log_out), and 401 if the caller is not logged in.
    pub async fn log_out_elsewhere(&self) -> Result<u64, Error> {
        self.answered(self.end_others().await)
    }

    /// Returns the live sessions of the caller, oldest first, for a page that lists them. The session of this browser has the key
    /// [`key`](Self::key).
    ///
    /// # Errors
    /// A response: 401 if the caller is not logged in, 503 if the store is unavailable.
    pub async fn all(&self) -> Result<Vec<SessionInfo>, Error> {
        self.answered(self.list().await)
    }

    /// Returns the key of this browser's session. Returns `None` without a session.
    pub fn key(&self) -> Option<SessionKey> {
        self.id().ok().flatten().map(SessionId::key)
    }

    /// Ends one session of the caller. Keys of other users' sessions have no effect. Returns whether the caller had such a session.
    ///
    /// # Errors
    /// All errors of [`log_out_elsewhere`](Self::log_out_elsewhere).
    pub async fn end_one(&self, key: SessionKey) -> Result<bool, Error> {
        self.answered(self.end_own(key).await)
    }

    /// Continues as another user until logout, with the roles of that user. The claim `act` contains the actual caller. Handlers
    /// with `#[require_auth(direct)]`, or that require a recent login, deny such a session.
    ///
    /// The rule of your handler must restrict the callers. An administrator should not be able to act as another administrator.
    ///
    /// # Errors
    /// All errors of [`log_in`](Self::log_in), 401 if the caller is not logged in, and 403 if the caller already acts as another
    /// user.
    pub async fn act_as(&self, login: NewSession) -> Result<SessionCookie, Error> {
        self.answered(self.begin_to_act(login).await)
    }

    /// Completes when the session of this request is over. Otherwise, a stream or a WebSocket outlives the session that it was
    /// granted with (ASVS 8.3.2).
    ///
    /// A session is over if it has ended or was replaced (by expiry, logout or a new login), if it is blocked or revoked, or if its
    /// user no longer exists. It is checked every 5 s, which does not count as activity. The future also completes after three
    /// failed checks in a row, and immediately if the request has no session.
    ///
    /// ```
    /// use actix_web::{HttpResponse, Responder, get};
    /// use auth_actix::{Session, require_auth};
    ///
    /// // A page requests this, and shows the login form when the response arrives.
    /// #[require_auth(scheme = "session")]
    /// #[get("/until-logged-out")]
    /// async fn until_logged_out(session: Session) -> impl Responder {
    ///     session.ended().await;
    ///     HttpResponse::NoContent()
    /// }
    /// ```
    pub fn ended(&self) -> impl Future<Output = ()> + use<> {
        const LOOK: Duration = Duration::from_secs(5);
        const TRIALS: usize = 3;
        let (auth, id) = (self.auth.clone(), self.id().ok().flatten());
        async move {
            let mut unsaid = 0;
            while let (Some(sessions), Some(id)) = (auth.engine().part::<SessionVerifier>(), id) {
                let verdict = match sessions.verify(id).await {
                    Ok(verified) => match auth.engine().reject_if_blocked(verified.principal) {
                        Ok(caller) => auth.engine().account_of(caller, None).await.map(drop),
                        Err(denial) => Err(denial),
                    },
                    Err(refused) => Err(refused.denial),
                };
                match verdict {
                    Ok(()) => unsaid = 0,
                    Err(denial) if denial.reason.is_of_server() => unsaid += 1,
                    Err(_) => return,
                }
                if unsaid == TRIALS {
                    return;
                }
                actix_web::rt::time::sleep(LOOK).await;
            }
        }
    }

    pub(crate) async fn check_password(
        &self,
        presented: PasswordCredentials,
        remember: bool,
    ) -> Result<SessionCookie, Denial> {
        self.check_site()?;
        let users = self.auth.engine().part::<PasswordAuthenticator>().ok_or_else(|| {
            let cause = Some("a login verifies a password, but no users are configured: call `.users(…)`");
            Denial { cause, ..Denial::new(Reason::SetUp) }
        })?;
        adapter::update(&self.request, |state| state.claim_name(presented.name()));
        let client = self.auth.engine().throttled_client(&self.request);
        let (name, user) = users.verify(SchemeId::Session, presented, client).await?;
        let login = session_of_user(name, &user);
        self.begin(if remember { login.persistent() } else { login }).await
    }

    async fn begin(&self, login: NewSession) -> Result<SessionCookie, Denial> {
        self.check_site()?;
        self.begun(login).await
    }

    /// Like [`begin`](Self::begin), for the redirect from an identity provider, which is cross-site. The state of the login flow
    /// proves that the login began here.
    pub(crate) async fn begin_at_provider(&self, login: NewSession) -> Result<SessionCookie, Denial> {
        self.begun(login).await
    }

    async fn begun(&self, login: NewSession) -> Result<SessionCookie, Denial> {
        let login = self.with_account(login).await?;
        let (cookie, who) = self.sessions()?.log_in(login, self.id()?, |who| self.admit(who)).await?;
        self.auth.engine().record_session(&self.request, EventKind::LoggedIn, Some(&who))?;
        SessionCookie::new(&cookie)
    }

    /// Adds the account of a login. Denies the login if the account is suspended, blocked or unavailable.
    async fn with_account(&self, login: NewSession) -> Result<NewSession, Denial> {
        let engine = self.auth.engine();
        if engine.accounts().is_none() {
            return Ok(login);
        }
        let who = engine.account_of(self.sessions()?.caller_of(&login)?, None).await?;
        Ok(login.of_account(who.account_id().cloned()))
    }

    pub(crate) async fn end(&self) -> Result<SessionCookie, Denial> {
        self.check_site()?;
        let sessions = self.sessions()?;
        if let Some(id) = self.id()? {
            let who = sessions.log_out(id).await?;
            self.auth.engine().record_session(&self.request, EventKind::LoggedOut, who.as_ref())?;
        }
        SessionCookie::new(&sessions.delete_cookie())
    }

    async fn end_others(&self) -> Result<u64, Denial> {
        self.check_site()?;
        let caller = self.caller()?;
        let (sessions, this, mut ended) = (self.sessions()?, self.id()?, 0);
        for id in identities(&caller) {
            ended += sessions.end_all(&id, this).await.map_err(SessionStoreError::denial)?;
        }
        self.auth.engine().record_session(&self.request, EventKind::LoggedOut, Some(&caller))?;
        Ok(ended)
    }

    async fn list(&self) -> Result<Vec<SessionInfo>, Denial> {
        let (sessions, mut all) = (self.sessions()?, Vec::<SessionInfo>::new());
        for id in identities(&self.caller()?) {
            let more = sessions.of(&id).await.map_err(SessionStoreError::denial)?;
            let known: Vec<_> = all.iter().map(|session| session.key).collect();
            all.extend(more.into_iter().filter(|session| !known.contains(&session.key)));
        }
        all.sort_by_key(|session| session.since);
        Ok(all)
    }

    async fn end_own(&self, key: SessionKey) -> Result<bool, Denial> {
        self.check_site()?;
        let caller = self.caller()?;
        let (sessions, mut ended) = (self.sessions()?, false);
        for id in identities(&caller) {
            ended = ended || sessions.end_one(&id, key).await.map_err(SessionStoreError::denial)?;
        }
        if ended {
            self.auth.engine().record_session(&self.request, EventKind::LoggedOut, Some(&caller))?;
        }
        Ok(ended)
    }

    async fn begin_to_act(&self, login: NewSession) -> Result<SessionCookie, Denial> {
        self.check_site()?;
        let login = self.with_account(login).await?;
        let (cookie, who) = self.sessions()?.act_as(login, &self.caller()?, self.id()?, |who| self.admit(who)).await?;
        self.auth.engine().record_session(&self.request, EventKind::ActsAs, Some(&who))?;
        SessionCookie::new(&cookie)
    }

    /// Denies a session to a blocked principal. It runs after the password check, so that only the user learns of the block (H9).
    fn admit(&self, who: &auth_core::Principal) -> Result<(), Denial> {
        self.auth.engine().reject_if_blocked(who.clone()).map(drop)
    }

    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Returns whether the browser has a live session.
    pub(crate) async fn is_live(&self) -> bool {
        match (self.sessions(), self.id()) {
            (Ok(sessions), Ok(Some(id))) => sessions.verify(id).await.is_ok(),
            _ => false,
        }
    }

    pub(crate) fn messages(&self, request: &HttpRequest) -> Messages {
        self.auth.responses().messages(request)
    }

    /// Returns the page after logout. Returns `None` for logins at a provider, which could log the user in again immediately.
    pub(crate) fn page_after_log_out(&self) -> Option<&str> {
        if self.auth.engine().part::<LoginAtProvider>().is_some() {
            return None;
        }
        self.auth.responses().login_page()
    }

    /// Returns the caller that the rule of the handler has found.
    fn caller(&self) -> Result<Principal, Denial> {
        let caller = caller::decided(&self.request).and_then(CallerOutcome::known);
        caller.ok_or_else(|| Denial::new(Reason::MissingCredentials))
    }

    fn sessions(&self) -> Result<&SessionVerifier, Denial> {
        self.auth.engine().part::<SessionVerifier>().ok_or_else(|| Denial::new(Reason::SetUp))
    }

    /// Reads the session id from the cookies.
    fn id(&self) -> Result<Option<SessionId>, Denial> {
        let cookies = self.request.headers().get_all(COOKIE).map(|value| value.as_bytes());
        Ok(self.sessions()?.read(cookies))
    }

    /// Denies a cross-site request. Logins and logouts are state-changing requests whatever their method (CSRF-4).
    fn check_site(&self) -> Result<(), Denial> {
        match self.auth.engine().cross_site_of_change(&self.request) {
            CrossSite::Passed => Ok(()),
            CrossSite::Unsaid | CrossSite::Failed => {
                let cause = "the login or logout request is not provably same-origin";
                Err(Denial::refused(SchemeId::Session, Reason::CrossSiteRequest, cause))
            }
        }
    }

    fn answered<T>(&self, outcome: Result<T, Denial>) -> Result<T, Error> {
        outcome.map_err(|denial| self.deny(denial))
    }

    pub(crate) fn deny(&self, denial: Denial) -> Error {
        guard::refuse(&self.request, &LOGIN, denial, Payload::None)
    }
}

/// Returns the identities of a caller by which sessions are found: that of the account, and that of the credential for sessions that
/// began without one.
fn identities(caller: &Principal) -> impl Iterator<Item = auth_core::Id> {
    let by_account = caller.account_id().map(|account| account.identity());
    by_account.into_iter().chain([caller.credential_id()])
}
