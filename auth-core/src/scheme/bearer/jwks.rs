//! Keys that a provider publishes, and changes while requests run.
//!
//! # Why
//! A request whose key is known reads one pointer and waits for nothing. Whatever else may be had is fetched once, for all who
//! want it, and not again before a while has passed: an unknown key id is the one thing in a token that makes this server ask
//! another one, and anybody can write one.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::Algorithm;
use tokio::sync::watch;

use super::key::{Key, KeyError, PreparedKey};
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::Scheme;
use crate::oidc::discovery::{Client, Discovered, Endpoint, EndpointError, Failed, Patience, Reach, ReachError, spawn};
use crate::runtime::clock::{self, Moment};
use crate::runtime::single_flight::Waiter;

/// Where keys are fetched, and how often.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) place: Place,
    /// The provider is asked at this address instead of its name.
    pub(super) from: Option<String>,
    pub(super) reach: Reach,
    pub(super) refresh_every: Duration,
    pub(super) max_stale: Duration,
    pub(super) cool_down: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Place {
    /// The provider of that name says.
    Discovered,
    /// There.
    Jwks(String),
}

impl Fetch {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            from: None,
            reach: Reach::default(),
            refresh_every: Duration::from_secs(10 * 60),
            max_stale: Duration::from_secs(60 * 60),
            cool_down: Duration::from_secs(30),
        }
    }
}

/// The documented limits.
const MOST_BYTES: usize = 512 * 1024;
const MOST_KEYS: usize = 100;
/// No request waits longer for a set.
const PATIENCE: Duration = Duration::from_secs(11);
/// After the first failure where there is no set to fall back on; doubled up to the cool-down.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The keys of one issuer.
pub(super) struct Fetched {
    issuer: Arc<str>,
    place: Asked,
    client: Client,
    /// Of RSA keys whose JWK names none.
    rsa_algorithm: Option<Algorithm>,
    refresh_every: Duration,
    max_stale: Duration,
    cool_down: Duration,
    current: ArcSwapOption<KeySet>,
    flight: Mutex<Flight>,
    waiting: AtomicUsize,
}

/// The keys of one successful fetch.
struct KeySet {
    keys: Vec<PreparedKey>,
    since: Moment,
    /// As it was published.
    text: Box<[u8]>,
    /// Another one for each text: what was verified by the keys of one is not by those of another.
    number: u64,
}

enum Asked {
    /// Where the provider says that its keys are.
    Discovered(Arc<Discovered>),
    Jwks(Endpoint),
}

/// What is on its way.
#[derive(Default)]
struct Flight {
    /// Ends with it.
    landing: Option<watch::Receiver<()>>,
    /// Before this nobody may cause the next one.
    not_before: Moment,
    failures: u32,
    /// So that of all that were planned only the last one starts by itself.
    number: u64,
}

/// What is wrong with the settings of keys that are fetched.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// It is never asked.
    #[error("the address is never asked: {0}")]
    Address(EndpointError),
    /// Whoever sends tokens would make this server ask another one all the time.
    #[error("`.cool_down(…)` is below a second, or above `.refresh_every(…)`")]
    TooOften,
    /// The keys would be refused between two fetches.
    #[error("`.max_stale(…)` is below `.refresh_every(…)`")]
    StaleBeforeRefresh,
    /// Only a name can be asked at another address.
    #[error("`.fetch_from(…)` is for `Jwt::oidc(…)`: give `Jwt::jwks(…)` the address itself")]
    FromWithoutDiscovery,
    /// Nothing is fetched.
    #[error("`.{0}(…)` is for keys that are fetched: `Jwt::oidc(…)` or `Jwt::jwks(…)`")]
    NothingFetched(&'static str),
    /// The provider cannot be asked in this way.
    #[error("{0}")]
    Reach(ReachError),
}

crate::debug_as_display!(FetchError);

impl Fetched {
    pub(super) fn new(issuer: &str, fetch: Fetch, rsa_algorithm: Option<Algorithm>) -> Result<Arc<Self>, FetchError> {
        let place = match fetch.place {
            Place::Discovered => {
                let discovered = Discovered::new(issuer, fetch.from.as_deref()).map_err(FetchError::Address)?;
                Asked::Discovered(Arc::new(discovered))
            }
            Place::Jwks(url) => Asked::Jwks(Endpoint::new(&url).map_err(FetchError::Address)?),
        };
        if fetch.cool_down < Duration::from_secs(1) || fetch.refresh_every < fetch.cool_down {
            return Err(FetchError::TooOften);
        }
        if fetch.max_stale < fetch.refresh_every {
            return Err(FetchError::StaleBeforeRefresh);
        }
        Ok(Arc::new(Self {
            issuer: issuer.into(),
            place,
            client: Client::new(&fetch.reach).map_err(FetchError::Reach)?,
            rsa_algorithm,
            refresh_every: fetch.refresh_every,
            max_stale: fetch.max_stale,
            cool_down: fetch.cool_down,
            current: ArcSwapOption::empty(),
            flight: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }))
    }

    /// The provider, where its name is all that is known.
    pub(super) fn provider(&self) -> Option<(&Arc<Discovered>, &Client)> {
        match &self.place {
            Asked::Discovered(discovered) => Some((discovered, &self.client)),
            Asked::Jwks(_) => None,
        }
    }

    /// Tries the keys that hold now, and says the number of their set; `None` where nobody knows which do.
    pub(super) fn with_current<T>(&self, now: Moment, of: impl FnOnce(&[PreparedKey]) -> T) -> Option<(T, u64)> {
        let set = self.current.load();
        set.as_ref().filter(|set| set.since.plus(self.max_stale) >= now).map(|set| (of(&set.keys), set.number))
    }

    /// Whether the keys of the set of this number hold now.
    pub(super) fn is_current(&self, number: u64, now: Moment) -> bool {
        self.with_current(now, |_| ()).is_some_and(|((), current)| current == number)
    }

    /// Whether the keys were fetched no longer ago than this.
    fn is_younger(&self, age: Duration, now: Moment) -> bool {
        self.current.load().as_ref().is_some_and(|set| set.since.plus(age) >= now)
    }

    /// What is left to one whose key is not among the current ones: `None` is to wait for a fetch, which one who `has_waited`
    /// does not again.
    pub(super) fn settled(&self, has_waited: bool) -> Option<Denial> {
        let now = clock::monotonic();
        let wait = {
            let flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner);
            if flight.landing.is_some() && !has_waited {
                return None;
            }
            flight.not_before.after(now)
        };
        if wait.is_none() && !has_waited {
            return None;
        }
        if self.is_younger(self.refresh_every, now) {
            let cause = "no key of this issuer has that algorithm and key id";
            return Some(Denial::refused(Scheme::Bearer, Reason::InvalidCredentials, cause));
        }
        let seconds = wait.unwrap_or_default().as_secs().saturating_add(1);
        Some(Self::unavailable(RetryAfter::seconds(u32::try_from(seconds).unwrap_or(u32::MAX))))
    }

    /// Nobody knows which keys hold now.
    pub(super) fn unavailable(after: RetryAfter) -> Denial {
        let cause = "the keys of the issuer are out of reach";
        Denial::refused(Scheme::Bearer, Reason::AuthenticationUnavailable(after), cause)
    }

    /// Waits for the fetch that is on its way, or starts one. `false` where too many wait already, or it takes too long.
    pub(super) async fn wait(self: &Arc<Self>) -> bool {
        let Some(mut landing) = self.start(None) else { return true };
        let Some(_waiting) = Waiter::enter(&self.waiting) else { return false };
        // An error says that it has ended, as does a change.
        tokio::time::timeout(PATIENCE, landing.changed()).await.is_ok()
    }

    /// Starts a fetch, unless one is on its way; `None` where it is too early. `planned` is the number of one that starts by
    /// itself.
    fn start(self: &Arc<Self>, planned: Option<u64>) -> Option<watch::Receiver<()>> {
        let mut flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = flight.landing.as_ref().filter(|landing| landing.has_changed().is_ok()) {
            return planned.is_none().then(|| landing.clone());
        }
        let may_start = match planned {
            Some(number) => flight.number == number,
            None => flight.not_before.after(clock::monotonic()).is_none(),
        };
        if !may_start {
            return None;
        }
        let (land, landing) = watch::channel(());
        let this = Arc::clone(self);
        // Whatever becomes of this one, the next is not at once.
        flight.not_before = clock::monotonic().plus(self.cool_down);
        let anew = planned.is_some() || flight.failures > 0;
        let fly = async move {
            let fetched = this.fetch(anew).await;
            this.landed(fetched);
            drop(land);
        };
        if let Err(failed) = spawn(fly) {
            tracing::error!(target: "auth_core", issuer = %self.issuer, %failed, "keys cannot be fetched");
            return None;
        }
        flight.landing = Some(landing.clone());
        Some(landing)
    }

    async fn fetch(&self, anew: bool) -> Result<(Vec<PreparedKey>, Box<[u8]>), Failed> {
        let endpoint = match &self.place {
            Asked::Jwks(endpoint) => endpoint.clone(),
            Asked::Discovered(discovered) => discovered.metadata(&self.client, anew).await?.jwks_uri.clone(),
        };
        let body = self.client.get(&endpoint, MOST_BYTES, Patience::Background).await?;
        let json = std::str::from_utf8(&body).map_err(|_| Failed::NotUnderstood)?;
        let keys = usable(json, &self.issuer, self.rsa_algorithm)?;
        Ok((keys, body.into()))
    }

    fn landed(self: &Arc<Self>, fetched: Result<(Vec<PreparedKey>, Box<[u8]>), Failed>) {
        let now = clock::monotonic();
        let (failed, next) = match fetched {
            Ok((keys, text)) => {
                let before = self.current.load();
                let number = before.as_ref().map_or(0, |before| before.number + u64::from(before.text != text));
                self.current.store(Some(Arc::new(KeySet { keys, since: now, text, number })));
                (false, self.refresh_every)
            }
            Err(failed) => {
                tracing::warn!(target: "auth_core", issuer = %self.issuer, %failed, "the keys cannot be fetched: those of before hold on for a while");
                (true, self.cool_down)
            }
        };
        let mut flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner);
        flight.landing = None;
        flight.number += 1;
        flight.failures = if failed { flight.failures.saturating_add(1) } else { 0 };
        let without_set = failed && !self.is_younger(self.max_stale, now);
        let patience = if without_set {
            FIRST_RETRY.saturating_mul(1 << flight.failures.saturating_sub(1).min(16)).min(self.cool_down)
        } else {
            self.cool_down
        };
        flight.not_before = now.plus(patience);
        let (weak, number) = (Arc::downgrade(self), flight.number);
        let next = if without_set { patience } else { next };
        let _ = spawn(async move {
            tokio::time::sleep(next).await;
            if let Some(this) = Weak::upgrade(&weak) {
                this.start(Some(number));
            }
        });
    }
}

/// The keys of a set that may verify tokens: public ones, for signatures, of an algorithm that is known. One that is not
/// voids no other.
fn usable(json: &str, issuer: &str, rsa_algorithm: Option<Algorithm>) -> Result<Vec<PreparedKey>, Failed> {
    let keys = Key::of_set(json, MOST_KEYS).map_err(|_| Failed::NotUnderstood)?;
    let Some(keys) = keys else { return Err(Failed::TooManyKeys(MOST_KEYS)) };
    let secret = |key: &&Result<Key, KeyError>| match key {
        Ok(key) => key.is_hmac(),
        Err(error) => *error == KeyError::PrivateKey,
    };
    if keys.iter().any(|key| secret(&key)) {
        tracing::error!(target: "auth_core", %issuer, "a secret or private key stands in the published set: it is left out, and known to everybody");
    }
    let public = keys.into_iter().flatten().filter(|key| !key.is_hmac());
    let usable: Vec<_> = public.filter_map(|key| key.assume_rsa_algorithm(rsa_algorithm).prepare().ok()).collect();
    if usable.is_empty() { Err(Failed::NoKey) } else { Ok(usable) }
}
