//! Tests of the verification of user names and passwords.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::hash::Cost;
use super::super::{User, UsersFile, hash, hash_password};
use super::*;
use crate::runtime::future::BoxFuture;
use crate::store::throttle::{Admission, Counted, CounterSet, LoginCounters, ThrottleStore, ThrottleUnavailable};

/// Counts the lookups of the decoy, one for each unknown user, and records replaced hashes.
struct Store {
    users: UsersFile,
    old: Option<User>,
    decoys: AtomicUsize,
    kept: Mutex<Vec<(String, String)>>,
}

impl UserStore for Arc<Store> {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>> {
        match name {
            "down" => Box::pin(std::future::ready(Err(UserStoreUnavailable))),
            "panics" => panic!("on purpose"),
            "old" => Box::pin(std::future::ready(Ok(self.old.clone()))),
            _ => self.users.find(name),
        }
    }

    fn decoy(&self) -> Cow<'_, str> {
        self.decoys.fetch_add(1, Ordering::Relaxed);
        self.users.decoy()
    }

    fn replace_hash<'a>(
        &'a self,
        name: &'a str,
        before: &'a str,
        better: &'a str,
    ) -> BoxFuture<'a, Result<bool, UserStoreUnavailable>> {
        assert_eq!(self.old.as_ref().map(|user| user.hash.as_str()), Some(before));
        self.kept.lock().unwrap().push((name.to_owned(), better.to_owned()));
        Box::pin(std::future::ready(Ok(true)))
    }
}

/// Counts failures without a clock: a delay never ends, however long a password hash takes.
#[derive(Default)]
struct Timeless(Mutex<BTreeMap<String, u32>>);

impl ThrottleStore for Timeless {
    fn admit<'a>(&'a self, login: &'a LoginCounters) -> BoxFuture<'a, Result<Admission, ThrottleUnavailable>> {
        let admission = match self.delay(login) {
            Some(delay) => Admission::Delayed(delay),
            None => {
                let mut counts = self.0.lock().unwrap();
                login.general_set().iter().for_each(|counter| *counts.entry(counter.key()).or_default() += 1);
                Admission::Counted(Counted::new(CounterSet::General))
            }
        };
        Box::pin(std::future::ready(Ok(admission)))
    }

    fn settle<'a>(
        &'a self,
        login: &'a LoginCounters,
        _: Counted,
        _: LoginOutcome,
    ) -> BoxFuture<'a, Result<(), ThrottleUnavailable>> {
        let mut counts = self.0.lock().unwrap();
        for counter in login.general_set() {
            counts.remove(&counter.key());
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn delay(&self, login: &LoginCounters) -> Option<Duration> {
        let counts = self.0.lock().unwrap();
        let count = |key: String| counts.get(&key).copied().unwrap_or_default();
        let delays = login.general_set().iter().map(|counter| counter.delay(count(counter.key())));
        delays.max().filter(|delay| !delay.is_zero())
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

async fn verify(
    passwords: &PasswordAuthenticator,
    name: &str,
    password: &str,
) -> Result<(String, VerifiedUser), Denial> {
    passwords.verify(SchemeId::Basic, PasswordCredentials::new(name, password), None).await
}

#[tokio::test]
async fn unknown_name_and_wrong_password_give_one_denial_and_cost() {
    // BASIC-8, BRUTE-2, PWD-1, T34
    let store = store();
    let passwords = PasswordAuthenticator::new(Arc::clone(&store));
    let (name, user) = verify(&passwords, "alice", "correct horse").await.unwrap();
    assert_eq!((name.as_str(), user.roles.as_slice()), ("alice", ["admin".to_owned()].as_slice()));
    let wrong = verify(&passwords, "alice", "wrong").await.unwrap_err();
    assert_eq!(wrong.reason, Reason::InvalidCredentials);
    for (name, password) in [("nobody", "correct horse"), ("nobody", ""), ("", ""), ("Alice", "correct horse")] {
        assert_eq!(verify(&passwords, name, password).await.unwrap_err(), wrong, "{name}");
    }
    assert_eq!(store.decoys.load(Ordering::Relaxed), 4, "one for each unknown user");
    assert_eq!(Cost::of(&store.decoy()), Cost::of(&store.users.decoy()), "the decoy has the same cost");
    for name in ["down", "panics"] {
        let down = verify(&passwords, name, "x").await.unwrap_err();
        assert!(matches!(down.reason, Reason::AuthenticationUnavailable(_)), "{name}: {down:?}");
    }
}

#[tokio::test]
async fn throttled_logins_are_429_for_any_name_without_hashing() {
    // BRUTE-1, BRUTE-2, BRUTE-3
    let store = store();
    let passwords = PasswordAuthenticator::new(Arc::clone(&store)).throttle(Throttle::new(Timeless::default()));
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
    let waits = |name| passwords.delay(&PasswordCredentials::new(name, "x"), None).is_some();
    assert!(waits("alice") && !waits("bob"));
    assert_eq!(store.decoys.load(Ordering::Relaxed), 5, "no hash was made");
    // Attempts during an outage of the store do not count as failures.
    for _ in 0..20 {
        let down = verify(&passwords, "down", "x").await.unwrap_err();
        assert!(matches!(down.reason, Reason::AuthenticationUnavailable(_)), "{down:?}");
    }
}

#[tokio::test]
async fn cached_password_verification_skips_hashing() {
    // M8
    let store = store();
    let none_at_a_time = Arc::new(ConcurrencyLimit::new(0));
    let passwords = PasswordAuthenticator::new(Arc::clone(&store)).cache_verified(Duration::from_secs(60));
    verify(&passwords, "alice", "correct horse").await.unwrap();
    // Without permits, every successful login was answered from the cache.
    let hashless = PasswordAuthenticator { concurrency: none_at_a_time, ..passwords };
    let (name, user) = verify(&hashless, "alice", "correct horse").await.unwrap();
    assert_eq!((name.as_str(), user.roles.as_slice()), ("alice", ["admin".to_owned()].as_slice()));
    for (name, password) in [("alice", "wrong"), ("nobody", "correct horse"), ("old", "correct horse")] {
        let denial = verify(&hashless, name, password).await.unwrap_err();
        assert!(matches!(denial.reason, Reason::AuthenticationUnavailable(_)), "{name} waits for a permit: {denial:?}");
    }
    // The throttle also stops correct cached credentials, so an attacker learns nothing from the response.
    for _ in 0..5 {
        hashless.throttle.admit(&hashless.account("alice"), None).await.unwrap();
    }
    let away = verify(&hashless, "alice", "correct horse").await.unwrap_err();
    assert!(matches!(away.reason, Reason::TooManyAttempts(_)), "{away:?}");
    let hashless = hashless.throttle(Throttle::memory());
    let forgetful = PasswordAuthenticator { cache: None, ..hashless };
    assert!(verify(&forgetful, "alice", "correct horse").await.is_err(), "never unless set");
    // The login itself replaces this hash, and the cache contains the version of the new one.
    let passwords = PasswordAuthenticator::new(store).cache_verified(Duration::from_secs(60));
    verify(&passwords, "old", "correct horse").await.unwrap();
    assert!(verify(&passwords, "old", "wrong").await.is_err());
}

#[tokio::test]
async fn throttle_counts_are_separate_per_realm_and_shared_by_clones() {
    // M7, C2
    let throttle = Throttle::new(Timeless::default());
    let [staff, customers] = ["staff", "shop"].map(|realm| {
        let users = PasswordAuthenticator::new(store()).throttle(throttle.clone());
        users.set_realm(realm);
        users
    });
    let clone = customers.clone();
    clone.set_realm("another");
    for _ in 0..5 {
        verify(&staff, "alice", "wrong").await.unwrap_err();
    }
    assert!(matches!(verify(&staff, "alice", "correct horse").await.unwrap_err().reason, Reason::TooManyAttempts(_)));
    verify(&customers, "alice", "correct horse").await.unwrap();
    assert!(verify(&staff, "alice", "correct horse").await.is_err(), "nor does a login there forgive what failed here");
    for _ in 0..5 {
        verify(&customers, "alice", "wrong").await.unwrap_err();
    }
    assert!(matches!(verify(&clone, "alice", "correct horse").await.unwrap_err().reason, Reason::TooManyAttempts(_)));
}

#[tokio::test]
async fn concurrent_correct_logins_pass_and_wrong_ones_are_limited() {
    // BRUTE-1
    let passwords = PasswordAuthenticator::new(store()).throttle(Throttle::new(Timeless::default()));
    let passwords = passwords.max_concurrent_hashes(NonZeroUsize::MIN);
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
async fn outdated_password_hash_is_upgraded_on_successful_login() {
    // PWD-1
    let store = store();
    let passwords = PasswordAuthenticator::new(Arc::clone(&store));
    assert!(User::new(CHEAP).is_err() && User::with_outdated_hash("md5").is_err());
    verify(&passwords, "old", "wrong").await.unwrap_err();
    assert!(store.kept.lock().unwrap().is_empty());
    verify(&passwords, "old", "correct horse").await.unwrap();
    let kept = store.kept.lock().unwrap().clone();
    let [(name, better)] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(name, "old");
    assert!(hash::matches(&"correct horse".into(), better) && User::new(better).is_ok());
    verify(&passwords, "alice", "correct horse").await.unwrap();
    assert_eq!(store.kept.lock().unwrap().len(), 1, "a good hash stays");
}

struct Slow(tokio::sync::Semaphore);

impl PasswordVerifier for Arc<Slow> {
    fn verify<'a>(
        &'a self,
        _: &'a PasswordCredentials,
    ) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>> {
        Box::pin(async {
            self.0.acquire().await.unwrap().forget();
            Ok(Some(VerifiedUser::new()))
        })
    }

    fn find<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>> {
        Box::pin(async { Ok(None) })
    }
}

#[tokio::test(start_paused = true)]
async fn hash_permit_is_held_until_verification_ends() {
    // M8
    let slow = Arc::new(Slow(tokio::sync::Semaphore::new(0)));
    let one = NonZeroUsize::MIN;
    let users = PasswordAuthenticator::with_verifier(Arc::clone(&slow)).max_concurrent_hashes(one);
    let disconnected = tokio::time::timeout(Duration::from_millis(10), verify(&users, "alice", "x")).await;
    assert!(disconnected.is_err(), "the client went away");
    let crowded = verify(&users, "bob", "x").await.unwrap_err();
    assert!(matches!(crowded.reason, Reason::AuthenticationUnavailable(_)), "{crowded:?}");
    slow.0.add_permits(2);
    verify(&users, "bob", "x").await.unwrap();
    // The permit is released after the timeout.
    let endless = verify(&users, "bob", "x").await.unwrap_err();
    assert!(matches!(endless.reason, Reason::AuthenticationUnavailable(_)), "{endless:?}");
    slow.0.add_permits(1);
    verify(&users, "bob", "x").await.unwrap();
}
