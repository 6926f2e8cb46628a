//! Verification of user names and passwords behind a throttle, a limit of concurrent verifications and a cache.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::hashed::HashedUsers;
use super::in_flight::InFlight;
use super::password_cache::PasswordCache;
use super::verifier::{PasswordCredentials, PasswordVerifier, VerifiedUser};
use super::{UserStore, UserStoreUnavailable};
use crate::client::address::PeerOrClient;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::SchemeId;
use crate::runtime::clock;
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::timeout;
use crate::store::throttle::{Attempt, LoginOutcome, NotAdmitted, Throttle};

/// Maximum time that an attempt waits for verifications of the same user in progress.
const IN_FLIGHT_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum duration of a verification, including its lookups.
const VERIFICATION_TIMEOUT: Duration = Duration::from_secs(30);

/// Verifies user names and passwords with a user store, a throttle of failed logins and a limit of concurrent verifications.
///
/// Cheap to clone. Use clones of one authenticator for Basic and for the login form, so that they count failures together.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use auth_actix::throttle::{Throttle, ThrottleLimits};
/// use auth_actix::password::{PasswordAuthenticator, UsersFile, hash_password};
///
/// let users = UsersFile::parse(&format!("alice:{}:admin", hash_password(&"correct horse battery".into())?))?;
/// let throttle = Throttle::memory().limits(ThrottleLimits::default().account_burst(10));
/// let users = PasswordAuthenticator::new(users).throttle(throttle);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PasswordAuthenticator {
    verifier: Arc<dyn PasswordVerifier>,
    concurrency: Arc<ConcurrencyLimit>,
    throttle: Throttle,
    cache: Option<Arc<PasswordCache>>,
    /// The realm of the first scheme that uses this authenticator. It distinguishes equal names in a shared throttle.
    realm: Arc<OnceLock<String>>,
    in_flight: Arc<InFlight>,
}

impl<S: UserStore> From<S> for PasswordAuthenticator {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl PasswordAuthenticator {
    /// Creates an authenticator for the users of a store, verified by their argon2id hashes. The default throttle counts in memory.
    pub fn new(store: impl UserStore) -> Self {
        Self::with_verifier(HashedUsers::new(store))
    }

    /// Creates an authenticator with a custom verifier, such as a bind to an LDAP server. See [`PasswordVerifier`].
    pub fn with_verifier(verifier: impl PasswordVerifier) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            verifier: Arc::new(verifier),
            concurrency: Arc::new(ConcurrencyLimit::new(processors.min(8))),
            throttle: Throttle::memory(),
            cache: None,
            realm: Arc::default(),
            in_flight: Arc::default(),
        }
    }

    /// Sets the maximum number of concurrent password verifications. The default is the number of processors, at most 8. Each
    /// verification takes 19 MiB or more.
    #[must_use]
    pub fn max_concurrent_hashes(self, hashes: NonZeroUsize) -> Self {
        Self { concurrency: Arc::new(ConcurrencyLimit::new(hashes.get())), ..self }
    }

    /// Sets the throttle of failed logins. [`Throttle::memory`] by default.
    #[must_use]
    pub fn throttle(self, throttle: Throttle) -> Self {
        Self { throttle, ..self }
    }

    /// Caches verified passwords, for clients that send a password with each request. The maximum duration is one minute. Disabled
    /// by default.
    ///
    /// The user is still looked up each time, so that removed users and changed passwords are rejected at once. The cache contains
    /// keyed MACs, in the memory of this process.
    #[must_use]
    pub fn cache_verified(self, ttl: Duration) -> Self {
        Self { cache: PasswordCache::new(ttl).map(Arc::new), ..self }
    }

    /// Returns the roles of all users. See [`UserStore::roles`].
    pub fn roles(&self) -> BTreeSet<String> {
        self.verifier.roles()
    }

    /// Returns a user without verifying a password. `None` if there is no such user.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn find(&self, name: &str) -> Result<Option<VerifiedUser>, UserStoreUnavailable> {
        timeout::with_timeout(async { self.verifier.find(name).await }).await.unwrap_or(Err(UserStoreUnavailable))
    }

    /// Verifies a name and a password as a credential of `scheme`. Returns the name and the user. `client` is the address of the
    /// client, which prevents one network from taking all permits.
    ///
    /// # Errors
    /// Returns 401 if the name or the password is wrong, 429 after too many failures, and 503 if a store is unavailable or too many
    /// passwords are being verified.
    pub async fn verify(
        &self,
        scheme: SchemeId,
        credentials: PasswordCredentials,
        client: Option<PeerOrClient>,
    ) -> Result<(String, VerifiedUser), Denial> {
        let unavailable =
            |cause| Denial::refused(scheme, Reason::AuthenticationUnavailable(RetryAfter::seconds(2)), cause);
        // The attempt counts as a failure until it is verified, so that concurrent attempts cannot exceed the limit.
        let attempt = match self.admit(credentials.name(), client).await {
            Ok(attempt) => attempt,
            Err(NotAdmitted::TooManyFailures(after)) => {
                return Err(Denial::refused(scheme, Reason::TooManyAttempts(after), "too many failed logins"));
            }
            Err(NotAdmitted::Unavailable) => return Err(unavailable("the store of failed logins is unavailable")),
        };
        let in_flight = self.in_flight.begin(credentials.name());
        let credentials = Arc::new(credentials);
        let settled = match self.verify_admitted(&credentials, client).await {
            Ok(Some(user)) => {
                attempt.settle(LoginOutcome::Success).await;
                Ok((credentials.name().to_owned(), user))
            }
            Ok(None) => Err(Denial::refused(scheme, Reason::InvalidCredentials, "the name or the password is wrong")),
            Err(cause) => {
                attempt.settle(LoginOutcome::Unverified).await;
                Err(unavailable(cause))
            }
        };
        drop(in_flight); // only after settling, since the attempts that wait for it are counted again
        settled
    }

    /// Returns whether both are clones of one authenticator.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.verifier, &other.verifier)
    }

    /// Returns the delay of an attempt, if it is known without I/O. Counts nothing.
    pub(crate) fn delay(&self, credentials: &PasswordCredentials, client: Option<PeerOrClient>) -> Option<RetryAfter> {
        let name = credentials.name();
        // A verification in progress may succeed and so end the delay.
        if self.in_flight.is_verifying(name) { None } else { self.throttle.delay(&self.account(name), client) }
    }

    /// Returns whether the throttle is shared with other processes.
    pub(crate) fn has_shared_throttle(&self) -> bool {
        self.throttle.is_shared()
    }

    /// Sets the realm of the users. Only the first call has an effect, since clones share one store, whichever scheme uses them.
    pub(crate) fn set_realm(&self, realm: &str) {
        let _ = self.realm.set(realm.to_owned());
    }

    /// Returns the name of the account in the throttle. The separator is unambiguous because a realm contains no line breaks.
    fn account(&self, name: &str) -> String {
        format!("{}\n{name}", self.realm.get().map_or("", String::as_str))
    }

    /// Counts an attempt. If it is throttled while verifications of the same user are in progress, such as those of a browser that
    /// sends several requests at once, the attempt waits for them, since they may succeed.
    async fn admit(&self, name: &str, client: Option<PeerOrClient>) -> Result<Attempt, NotAdmitted> {
        let account = self.account(name);
        let until = clock::monotonic().plus(IN_FLIGHT_TIMEOUT);
        let mut waiting = None;
        loop {
            // Registered before the attempt is counted, so that no completion is missed.
            let next_finished = self.in_flight.next_finished(name, &mut waiting);
            let admitted = self.throttle.admit(&account, client).await;
            let (Err(NotAdmitted::TooManyFailures(_)), Some(next_finished), Some(remaining)) =
                (&admitted, next_finished, until.after(clock::monotonic()))
            else {
                return admitted;
            };
            let _ = tokio::time::timeout(remaining, next_finished).await;
        }
    }

    /// Returns the user if the credentials are cached and the password has not changed.
    async fn cached(&self, credentials: &PasswordCredentials) -> Option<VerifiedUser> {
        let cache = self.cache.as_ref().filter(|cache| cache.may_contain(credentials, clock::monotonic()))?;
        let user = self.find(credentials.name()).await.ok()??;
        cache.contains(credentials, user.current_version()?, clock::monotonic()).then_some(user)
    }

    async fn verify_admitted(
        &self,
        credentials: &Arc<PasswordCredentials>,
        client: Option<PeerOrClient>,
    ) -> Result<Option<VerifiedUser>, &'static str> {
        if let Some(user) = self.cached(credentials).await {
            return Ok(Some(user));
        }
        let client = client.map(PeerOrClient::address);
        let permit = self.concurrency.acquire(client).await.ok_or("too many passwords are being verified")?;
        let (verifier, verified) = (Arc::clone(&self.verifier), Arc::clone(credentials));
        // A separate task holds the permit until the verification ends, even if the client disconnects.
        let verification = tokio::spawn(async move {
            let _permit = permit;
            tokio::time::timeout(VERIFICATION_TIMEOUT, verifier.verify(&verified)).await
        });
        let user = match verification.await {
            Ok(Ok(Ok(user))) => user,
            Ok(Ok(Err(UserStoreUnavailable))) => return Err("the store of users is unavailable"),
            Ok(Err(_)) => return Err("the verification of the password took too long"),
            Err(_) => return Err("the verification of the password failed"),
        };
        if let (Some(cache), Some(version)) = (&self.cache, user.as_ref().and_then(VerifiedUser::current_version)) {
            cache.insert(credentials, version, clock::monotonic());
        }
        Ok(user)
    }
}

impl std::fmt::Debug for PasswordAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordAuthenticator").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
