//! A name and a password, and whether they are those of a user.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::hash;
use super::in_flight::Flights;
use super::password_cache::Verified;
use super::{SecretString, Unavailable, User, Users};
use crate::client::address::PeerOrClient;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::Scheme;
use crate::runtime::clock;
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::timeout;
use crate::store::throttle::{Attempt, Outcome, Throttle, Turned};

/// How long an attempt waits for those that are being judged.
const FLIGHT_PATIENCE: Duration = Duration::from_secs(2);

/// What a request presents. The password is wiped when dropped, and no `Debug` shows either: people type passwords where
/// their name belongs.
pub struct NameAndPassword {
    name: String,
    password: SecretString,
}

impl NameAndPassword {
    /// A name and a password, as they were sent.
    pub fn new(name: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self { name: name.into(), password: password.into() }
    }

    /// Whom it claims to be. Not verified; people type passwords here, so it goes to no log.
    pub fn name(&self) -> &str {
        &self.name
    }

    #[cfg(test)]
    pub(crate) fn password(&self) -> &str {
        secrecy::ExposeSecret::expose_secret(&self.password)
    }
}

impl std::fmt::Debug for NameAndPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NameAndPassword").finish_non_exhaustive()
    }
}

/// A store of users, with what stands before it: the throttle and the bound on hashes. Cheap to clone; give one to Basic
/// and to the login form, so that they count failures together.
#[derive(Clone)]
pub struct Passwords {
    users: Arc<dyn Users>,
    concurrency: Arc<ConcurrencyLimit>,
    throttle: Throttle,
    verified: Option<Arc<Verified>>,
    /// The realm that they were given to first, so that a throttle which counts for others too tells names apart.
    realm: Arc<OnceLock<String>>,
    flights: Arc<Flights>,
}

impl<U: Users> From<U> for Passwords {
    fn from(users: U) -> Self {
        Self::new(users)
    }
}

impl Passwords {
    /// These users. As many hashes run at a time as there are processors, but no more than 8: each takes 19 MiB or more.
    /// Failures are counted in memory.
    pub fn new(users: impl Users) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let concurrency = Arc::new(ConcurrencyLimit::new(processors.min(8)));
        Self {
            users: Arc::new(users),
            concurrency,
            throttle: Throttle::memory(),
            verified: None,
            realm: Arc::default(),
            flights: Arc::default(),
        }
    }

    /// How many hashes run at a time.
    #[must_use]
    pub fn at_a_time(self, hashes: NonZeroUsize) -> Self {
        Self { concurrency: Arc::new(ConcurrencyLimit::new(hashes.get())), ..self }
    }

    /// Where failures are counted, and how many are free. [`Throttle::memory`] unless set.
    #[must_use]
    pub fn throttle(self, throttle: Throttle) -> Self {
        Self { throttle, ..self }
    }

    /// Who was right so long ago, and no longer, is not hashed again: for clients that send a password with each request. A
    /// minute at most; never unless set. The store is still asked each time, so a user who is gone and a password that was
    /// changed count at once. What is kept meanwhile is a keyed code, in the memory of this process.
    #[must_use]
    pub fn remember_verified(self, lasts: Duration) -> Self {
        Self { verified: Verified::new(lasts).map(Arc::new), ..self }
    }

    /// Whether both are clones of one.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.users, &other.users)
    }

    /// Whether this login, from there, has to wait, as far as this instance knows: nothing is counted, and
    /// nobody is asked.
    pub fn must_wait(&self, presented: &NameAndPassword, client: Option<PeerOrClient>) -> Option<RetryAfter> {
        let name = presented.name();
        // What is being judged may turn out to be no failure.
        if self.flights.has(name) { None } else { self.throttle.must_wait(&self.account(name), client) }
    }

    /// Whether failures are counted for other processes too.
    pub fn are_counted_together(&self) -> bool {
        self.throttle.is_shared()
    }

    /// Says whose users these are. The first word counts: clones are one store, whoever they are given to.
    #[cfg(any(feature = "basic", feature = "session"))]
    pub(crate) fn belong_to(&self, realm: &str) {
        let _ = self.realm.set(realm.to_owned());
    }

    /// What failures of that name are counted under. A realm has no line breaks.
    fn account(&self, name: &str) -> String {
        format!("{}\n{name}", self.realm.get().map_or("", String::as_str))
    }

    /// Counts an attempt. Where too many are being judged, those may turn out to be no failures, as those of a browser that
    /// asks for several things at once: they are waited for, by a few.
    async fn admit(&self, name: &str, client: Option<PeerOrClient>) -> Result<Attempt, Turned> {
        let account = self.account(name);
        let until = clock::monotonic().plus(FLIGHT_PATIENCE);
        let mut waits = None;
        loop {
            // Before it is counted: what lands in between is not missed.
            let landing = self.flights.landing(name, &mut waits);
            let outcome = self.throttle.admit(&account, client).await;
            let (Err(Turned::Away(_)), Some(landing), Some(patience)) =
                (&outcome, landing, until.after(clock::monotonic()))
            else {
                return outcome;
            };
            let _ = tokio::time::timeout(patience, landing).await;
        }
    }

    /// The user of that name, now, without a password.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn find(&self, name: &str) -> Result<Option<User>, Unavailable> {
        timeout::with_timeout(async { self.users.find(name).await }).await.unwrap_or(Err(Unavailable))
    }

    /// The user whose name and password these are. `client` is where it is seen to come from; nobody at one network gets
    /// all permits.
    ///
    /// # Errors
    /// The denial that they deserve, as a credential of `scheme`: 401 for whatever is wrong with them, 429 after too many
    /// failures, 503 if a store is unavailable or the concurrency limit is reached.
    pub async fn verify(
        &self,
        scheme: Scheme,
        presented: NameAndPassword,
        client: Option<PeerOrClient>,
    ) -> Result<(String, User), Denial> {
        let unavailable =
            |cause| Denial::refused(scheme, Reason::AuthenticationUnavailable(RetryAfter::seconds(2)), cause);
        let NameAndPassword { name, password } = presented;
        // Before the hash, and counted as a failure until it is known to be none: many at once find no gap.
        let attempt = match self.admit(&name, client).await {
            Ok(attempt) => attempt,
            Err(Turned::Away(after)) => {
                return Err(Denial::refused(scheme, Reason::TooManyAttempts(after), "too many failed logins"));
            }
            Err(Turned::Unavailable) => return Err(unavailable("the store of failed logins is out of reach")),
        };
        let flight = self.flights.begin(&name);
        let outcome = self.judge(name, password, client).await;
        let settled = match outcome {
            Ok(Some(user)) => {
                attempt.settle(Outcome::Success).await;
                Ok(user)
            }
            Ok(None) => Err(Denial::refused(scheme, Reason::InvalidCredentials, "the name or the password is wrong")),
            Err(cause) => {
                attempt.settle(Outcome::Unknown).await;
                Err(unavailable(cause))
            }
        };
        drop(flight); // once it is settled
        settled
    }

    /// The user, where they were right a moment ago and nothing has changed.
    async fn verified_lately(&self, name: &str, password: &SecretString) -> Option<User> {
        let verified = self.verified.as_ref().filter(|verified| verified.may_be(name, password, clock::monotonic()))?;
        let user = self.find(name).await.ok()??;
        verified.knows(name, password, &user.hash, clock::monotonic()).then_some(user)
    }

    /// The hash that the store has in place of the one before: the better one, or that of somebody who came first with the same
    /// password. The login is good whether or not the store takes it.
    async fn replace_hash(&self, name: &str, before: &str, better: String, password: SecretString) -> Option<String> {
        let kept = timeout::with_timeout(async { self.users.keep_hash(name, before, &better).await });
        if matches!(kept.await, Some(Ok(true))) {
            return Some(better);
        }
        let now = self.find(name).await.ok()??.hash;
        let is_other = now != before;
        let fits = tokio::task::spawn_blocking(move || (is_other && hash::fits(&password, &now)).then_some(now));
        fits.await.ok()?
    }

    async fn judge(
        &self,
        name: String,
        password: SecretString,
        client: Option<PeerOrClient>,
    ) -> Result<Option<(String, User)>, &'static str> {
        if let Some(user) = self.verified_lately(&name, &password).await {
            return Ok(Some((name, user)));
        }
        let permit = self
            .concurrency
            .acquire(client.map(PeerOrClient::address))
            .await
            .ok_or("too many passwords are being verified")?;
        let user = self.find(&name).await.map_err(|Unavailable| "the store of users is out of reach")?;
        let hash = user.as_ref().map_or_else(|| self.users.decoy().into_owned(), |user| user.hash.clone());
        let (of_name, verified) = (name.clone(), self.verified.clone());
        let verdict = tokio::task::spawn_blocking(move || {
            let _permit = permit; // kept until the hash is done, even if nobody waits for it any more
            let fits = hash::fits(&password, &hash);
            if let Some(verified) = verified.filter(|_| fits) {
                verified.remember(&of_name, &password, &hash, clock::monotonic());
            }
            // Known now, and never again: the moment to hash it as new passwords are.
            let is_cheap = hash::is_cheaper_than_new(&hash);
            if is_cheap && !fits {
                hash::fits(&password, super::DECOY); // no sooner than anybody else
            }
            let better = if fits && is_cheap { hash::hash_password(&password).ok() } else { None };
            (fits, better, password)
        });
        let (fits, better, password) = verdict.await.map_err(|_| "the verification of the password failed")?;
        let Some(mut user) = user.filter(|_| fits) else { return Ok(None) };
        if let Some(better) = better {
            user.better = self.replace_hash(&name, &user.hash, better, password).await;
        }
        Ok(Some((name, user)))
    }
}

impl Passwords {
    /// Returns the roles of all users. See [`Users::roles`].
    pub fn roles(&self) -> BTreeSet<String> {
        self.users.roles()
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::hash::Cost;
    use super::super::{Found, Kept, UsersFile, hash_password};
    use super::*;

    /// Counts how often it was asked for a decoy, once for each unknown user, and keeps better hashes.
    struct Store {
        users: UsersFile,
        old: Option<User>,
        decoys: AtomicUsize,
        kept: Mutex<Vec<(String, String)>>,
    }

    impl Users for Arc<Store> {
        fn find<'a>(&'a self, name: &'a str) -> Found<'a> {
            match name {
                "down" => Box::pin(std::future::ready(Err(Unavailable))),
                "panics" => panic!("on purpose"),
                "old" => Box::pin(std::future::ready(Ok(self.old.clone()))),
                _ => self.users.find(name),
            }
        }

        fn decoy(&self) -> Cow<'_, str> {
            self.decoys.fetch_add(1, Ordering::Relaxed);
            self.users.decoy()
        }

        fn keep_hash<'a>(&'a self, name: &'a str, before: &'a str, better: &'a str) -> Kept<'a> {
            assert_eq!(self.old.as_ref().map(|user| user.hash.as_str()), Some(before));
            self.kept.lock().unwrap().push((name.to_owned(), better.to_owned()));
            Box::pin(std::future::ready(Ok(true)))
        }
    }

    const CHEAP: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$";

    fn store() -> Arc<Store> {
        use argon2::{Argon2, PasswordHasher as _};
        let cheap = Argon2::from(argon2::Params::new(64, 1, 1, None).unwrap());
        let old = cheap.hash_password(b"correct horse").unwrap().to_string();
        let users = format!("alice:{}:admin\n", hash_password(&"correct horse".into()).unwrap());
        Arc::new(Store {
            users: UsersFile::parse(&users).unwrap(),
            old: Some(User::with_outdated_hash(old).unwrap()),
            decoys: AtomicUsize::new(0),
            kept: Mutex::default(),
        })
    }

    async fn verify(passwords: &Passwords, name: &str, password: &str) -> Result<(String, User), Denial> {
        passwords.verify(Scheme::Basic, NameAndPassword::new(name, password), None).await
    }

    #[tokio::test]
    async fn a_wrong_name_and_a_wrong_password_are_one_denial_after_one_hash() {
        // BASIC-8, BRUTE-2, PWD-1, T34
        let store = store();
        let passwords = Passwords::new(Arc::clone(&store));
        let (name, user) = verify(&passwords, "alice", "correct horse").await.unwrap();
        assert_eq!((name.as_str(), user.roles.as_slice()), ("alice", ["admin".to_owned()].as_slice()));
        let wrong = verify(&passwords, "alice", "wrong").await.unwrap_err();
        assert_eq!(wrong.reason, Reason::InvalidCredentials);
        for (name, password) in [("nobody", "correct horse"), ("nobody", ""), ("", ""), ("Alice", "correct horse")] {
            assert_eq!(verify(&passwords, name, password).await.unwrap_err(), wrong, "{name}");
        }
        assert_eq!(store.decoys.load(Ordering::Relaxed), 4, "one for each unknown user");
        assert_eq!(Cost::of(&store.decoy()), Cost::of(&store.users.decoy()), "the decoy costs the same");
        for name in ["down", "panics"] {
            let down = verify(&passwords, name, "x").await.unwrap_err();
            assert!(matches!(down.reason, Reason::AuthenticationUnavailable(_)), "{name}: {down:?}");
        }
    }

    #[tokio::test]
    async fn too_many_failures_are_429_whether_or_not_there_is_such_a_user_and_nothing_is_hashed() {
        // BRUTE-1, BRUTE-2, BRUTE-3
        let store = store();
        let passwords = Passwords::new(Arc::clone(&store));
        for name in ["alice", "nobody"] {
            for _ in 0..5 {
                let wrong = verify(&passwords, name, "wrong").await.unwrap_err();
                assert_eq!(wrong.reason, Reason::InvalidCredentials);
            }
        }
        assert_eq!(store.decoys.load(Ordering::Relaxed), 5);
        let denials = [
            verify(&passwords, "alice", "correct horse").await.unwrap_err(),
            verify(&passwords, "alice", "wrong").await.unwrap_err(),
            verify(&passwords, "nobody", "wrong").await.unwrap_err(),
        ];
        for denial in &denials {
            assert!(matches!(denial.reason, Reason::TooManyAttempts(_)), "{denial:?}");
        }
        let waits = |name| passwords.must_wait(&NameAndPassword::new(name, "x"), None).is_some();
        assert!(waits("alice") && !waits("bob"));
        assert_eq!(store.decoys.load(Ordering::Relaxed), 5, "no hash was made");
        // A store that is down counts against nobody.
        for _ in 0..20 {
            let down = verify(&passwords, "down", "x").await.unwrap_err();
            assert!(matches!(down.reason, Reason::AuthenticationUnavailable(_)), "{down:?}");
        }
    }

    #[tokio::test]
    async fn who_was_right_a_moment_ago_costs_no_hash_until_something_changes() {
        // M8
        let store = store();
        let none_at_a_time = Arc::new(ConcurrencyLimit::new(0));
        let passwords = Passwords::new(Arc::clone(&store)).remember_verified(Duration::from_secs(60));
        verify(&passwords, "alice", "correct horse").await.unwrap();
        // No turn is to be had any more: whatever answers without one was not hashed.
        let hashless = Passwords { concurrency: none_at_a_time, ..passwords };
        let (name, user) = verify(&hashless, "alice", "correct horse").await.unwrap();
        assert_eq!((name.as_str(), user.roles.as_slice()), ("alice", ["admin".to_owned()].as_slice()));
        for (name, password) in [("alice", "wrong"), ("nobody", "correct horse"), ("old", "correct horse")] {
            let denial = verify(&hashless, name, password).await.unwrap_err();
            assert!(
                matches!(denial.reason, Reason::AuthenticationUnavailable(_)),
                "{name} waits for a permit: {denial:?}"
            );
        }
        // Who guesses is stopped, and finds out nothing by it, though the right one is known.
        for _ in 0..5 {
            hashless.throttle.admit(&hashless.account("alice"), None).await.unwrap();
        }
        let away = verify(&hashless, "alice", "correct horse").await.unwrap_err();
        assert!(matches!(away.reason, Reason::TooManyAttempts(_)), "{away:?}");
        let hashless = hashless.throttle(Throttle::memory());
        let forgetful = Passwords { verified: None, ..hashless };
        assert!(verify(&forgetful, "alice", "correct horse").await.is_err(), "never unless set");
        // A hash that was replaced by the login itself is another one.
        let passwords = Passwords::new(store).remember_verified(Duration::from_secs(60));
        verify(&passwords, "old", "correct horse").await.unwrap();
        assert!(verify(&passwords, "old", "wrong").await.is_err());
    }

    #[tokio::test]
    async fn two_stores_of_users_share_a_throttle_and_no_counts_and_clones_of_one_share_them() {
        // M7, C2
        let throttle = Throttle::memory();
        let [staff, customers] = ["staff", "shop"].map(|realm| {
            let users = Passwords::new(store()).throttle(throttle.clone());
            users.belong_to(realm);
            users
        });
        let clone = customers.clone();
        clone.belong_to("another");
        for _ in 0..5 {
            verify(&staff, "alice", "wrong").await.unwrap_err();
        }
        assert!(matches!(
            verify(&staff, "alice", "correct horse").await.unwrap_err().reason,
            Reason::TooManyAttempts(_)
        ));
        verify(&customers, "alice", "correct horse").await.unwrap();
        assert!(
            verify(&staff, "alice", "correct horse").await.is_err(),
            "nor does a login there forgive what failed here"
        );
        for _ in 0..5 {
            verify(&customers, "alice", "wrong").await.unwrap_err();
        }
        assert!(matches!(
            verify(&clone, "alice", "correct horse").await.unwrap_err().reason,
            Reason::TooManyAttempts(_)
        ));
    }

    #[tokio::test]
    async fn many_right_ones_at_once_are_all_right_and_many_wrong_ones_find_no_gap() {
        // BRUTE-1
        let passwords = Passwords::new(store()).at_a_time(NonZeroUsize::MIN);
        let many = |password: &'static str| {
            let all = (0..7).map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { verify(&passwords, "alice", password).await.map_err(|denial| denial.reason) })
            });
            all.collect::<Vec<_>>()
        };
        for one in many("correct horse") {
            one.await.unwrap().unwrap();
        }
        let mut judged = 0;
        for one in many("wrong") {
            match one.await.unwrap().unwrap_err() {
                Reason::InvalidCredentials => judged += 1,
                Reason::TooManyAttempts(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(judged, 5);
    }

    #[tokio::test]
    async fn an_outdated_hash_is_replaced_by_the_login_that_fits_it() {
        // PWD-1
        let store = store();
        let passwords = Passwords::new(Arc::clone(&store));
        assert!(User::new(CHEAP).is_err() && User::with_outdated_hash("md5").is_err());
        verify(&passwords, "old", "wrong").await.unwrap_err();
        assert!(store.kept.lock().unwrap().is_empty());
        verify(&passwords, "old", "correct horse").await.unwrap();
        let kept = store.kept.lock().unwrap().clone();
        let [(name, better)] = kept.as_slice() else { panic!("{kept:?}") };
        assert_eq!(name, "old");
        assert!(hash::fits(&"correct horse".into(), better) && User::new(better).is_ok());
        verify(&passwords, "alice", "correct horse").await.unwrap();
        assert_eq!(store.kept.lock().unwrap().len(), 1, "a good hash stays");
    }
}
