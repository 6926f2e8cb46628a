//! Keys that a provider publishes, and that change while the server runs.
//!
//! # Why
//! A request whose key is known reads one pointer and never waits. Other keys are fetched once for all waiting requests, and not
//! again until a pause has passed. An unknown key id is the only part of a JWT that makes this server send a request to another
//! one, and anyone can write one.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::super::key::{Algorithm, Key, KeyError, PreparedKey};
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::SchemeId;
use crate::oidc::discovery::{
    DiscoveryCache, EndpointError, EndpointUrl, Failed, HttpClient, Reach, ReachError, RequestTimeout,
};
use crate::runtime::background_fetch::{BackgroundFetch, FetchStart, Trigger, spawn};
use crate::runtime::clock::{self, Moment};
use crate::runtime::single_flight::Waiter;

/// The settings of fetched keys: their location, the connection and the intervals.
#[derive(Clone, Debug)]
pub(in super::super) struct Fetch {
    pub(in super::super) place: JwksLocation,
    /// The URL to which requests are sent instead of the provider's name.
    pub(in super::super) from: Option<String>,
    pub(in super::super) reach: Reach,
    pub(in super::super) refresh_every: Duration,
    pub(in super::super) max_stale: Duration,
    pub(in super::super) cool_down: Duration,
}

#[derive(Clone, Debug)]
pub(in super::super) enum JwksLocation {
    /// The provider's metadata contain the location.
    Discovered,
    /// The keys are at this URL.
    Jwks(String),
}

impl Fetch {
    pub(in super::super) fn new(place: JwksLocation) -> Self {
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

/// Maximum size of a JWK set in bytes and in keys, as documented.
const MOST_BYTES: usize = 512 * 1024;
const MOST_KEYS: usize = 100;
/// Maximum time for which a request waits for a fetch.
const FETCH_WAIT_TIMEOUT: Duration = Duration::from_secs(11);
/// Delay after the first failure if there is no set to fall back on. Doubled after each failure, up to the cool-down.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The keys of one issuer.
pub(in super::super) struct JwksCache {
    issuer: Arc<str>,
    place: KeyEndpoint,
    client: HttpClient,
    /// The algorithm of RSA keys whose JWK specifies none.
    rsa_algorithm: Option<Algorithm>,
    refresh_every: Duration,
    max_stale: Duration,
    cool_down: Duration,
    current: ArcSwapOption<KeySet>,
    fetching: BackgroundFetch,
    waiting: AtomicUsize,
}

/// The keys of one successful fetch.
struct KeySet {
    keys: Vec<PreparedKey>,
    since: Moment,
    /// The text of the set, as published.
    text: Box<[u8]>,
    /// A number that changes with the text, because tokens verified by one set of keys are not verified by another.
    number: u64,
}

enum KeyEndpoint {
    /// The provider's metadata contain the location.
    Discovered(Arc<DiscoveryCache>),
    Jwks(EndpointUrl),
}

/// An error of the settings of fetched keys.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL is invalid.
    #[error("invalid address: {0}")]
    Address(EndpointError),
    /// The cool-down is too short, so that senders of tokens could trigger requests to another server continuously, or it exceeds
    /// the refresh interval.
    #[error("`.cool_down(…)` is below a second, or above `.refresh_every(…)`")]
    TooOften,
    /// The keys would become invalid between two fetches.
    #[error("`.max_stale(…)` is below `.refresh_every(…)`")]
    StaleBeforeRefresh,
    /// `.fetch_from(…)` is called without discovery. Only the requests for a name can be sent to another URL.
    #[error("`.fetch_from(…)` is for `Jwt::oidc(…)`: give `Jwt::jwks(…)` the address itself")]
    FromWithoutDiscovery,
    /// A setting of fetched keys is made, but no keys are fetched.
    #[error("`.{0}(…)` is for keys that are fetched: `Jwt::oidc(…)` or `Jwt::jwks(…)`")]
    NothingFetched(&'static str),
    /// The connection settings are invalid.
    #[error("{0}")]
    Reach(ReachError),
}

crate::debug_as_display!(FetchError);

impl JwksCache {
    pub(in super::super) fn new(
        issuer: &str,
        fetch: Fetch,
        rsa_algorithm: Option<Algorithm>,
    ) -> Result<Arc<Self>, FetchError> {
        let place = match fetch.place {
            JwksLocation::Discovered => {
                let discovered = DiscoveryCache::new(issuer, fetch.from.as_deref()).map_err(FetchError::Address)?;
                KeyEndpoint::Discovered(Arc::new(discovered))
            }
            JwksLocation::Jwks(url) => KeyEndpoint::Jwks(EndpointUrl::new(&url).map_err(FetchError::Address)?),
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
            client: HttpClient::new(&fetch.reach).map_err(FetchError::Reach)?,
            rsa_algorithm,
            refresh_every: fetch.refresh_every,
            max_stale: fetch.max_stale,
            cool_down: fetch.cool_down,
            current: ArcSwapOption::empty(),
            fetching: BackgroundFetch::default(),
            waiting: AtomicUsize::new(0),
        }))
    }

    /// Returns the discovered metadata and the HTTP client, if only the name of the provider is configured.
    pub(in super::super) fn provider(&self) -> Option<(&Arc<DiscoveryCache>, &HttpClient)> {
        match &self.place {
            KeyEndpoint::Discovered(discovered) => Some((discovered, &self.client)),
            KeyEndpoint::Jwks(_) => None,
        }
    }

    /// Tries the currently valid keys, and returns the result with the number of their set. Returns `None` if the valid keys are
    /// unknown.
    pub(in super::super) fn with_current<T>(
        &self,
        now: Moment,
        of: impl FnOnce(&[PreparedKey]) -> T,
    ) -> Option<(T, u64)> {
        let set = self.current.load();
        set.as_ref().filter(|set| set.since.plus(self.max_stale) >= now).map(|set| (of(&set.keys), set.number))
    }

    /// Returns whether the keys of the set with this number are currently valid.
    pub(in super::super) fn is_current(&self, number: u64, now: Moment) -> bool {
        self.with_current(now, |_| ()).is_some_and(|((), current)| current == number)
    }

    /// Returns whether the keys were fetched at most `age` ago.
    fn is_younger(&self, age: Duration, now: Moment) -> bool {
        self.current.load().as_ref().is_some_and(|set| set.since.plus(age) >= now)
    }

    /// Returns the denial for a key that the set with the number `tried` lacks, or `None` if the caller should wait for a fetch, or
    /// try the set that replaced it meanwhile.
    pub(in super::super) fn settled(&self, tried: Option<u64>) -> Option<Denial> {
        if self.fetching.is_in_flight() {
            return None;
        }
        // Read after the fetch has ended, since a fetch stores its set before it ends.
        let current = self.with_current(clock::monotonic(), |_| ()).map(|((), number)| number);
        if current == tried { self.denial(false) } else { None }
    }

    /// Returns the denial for an unknown key to a caller that has waited for a fetch.
    pub(in super::super) fn settled_after_waiting(&self) -> Denial {
        self.denial(true).unwrap_or_else(|| Self::unavailable(RetryAfter::seconds(1)))
    }

    fn denial(&self, has_waited: bool) -> Option<Denial> {
        let now = clock::monotonic();
        let wait = self.fetching.pause();
        if wait.is_none() && !has_waited {
            return None;
        }
        if self.is_younger(self.refresh_every, now) {
            let cause = "no key of this issuer has that algorithm and key id";
            return Some(Denial::refused(SchemeId::Bearer, Reason::InvalidCredentials, cause));
        }
        let seconds = wait.unwrap_or_default().as_secs().saturating_add(1);
        Some(Self::unavailable(RetryAfter::seconds(u32::try_from(seconds).unwrap_or(u32::MAX))))
    }

    /// Returns the denial for a token whose issuer has no currently valid keys here.
    fn unavailable(after: RetryAfter) -> Denial {
        let cause = "the keys of the issuer are unavailable";
        Denial::refused(SchemeId::Bearer, Reason::AuthenticationUnavailable(after), cause)
    }

    /// Awaits the fetch in flight, or starts one.
    ///
    /// # Errors
    /// Returns a denial if too many requests wait, or the fetch takes too long.
    pub(in super::super) async fn wait(self: &Arc<Self>) -> Result<(), Denial> {
        let unavailable = || Self::unavailable(RetryAfter::seconds(1));
        let Some(mut in_flight) = self.start(Trigger::Request) else { return Ok(()) };
        let _waiting = Waiter::enter(&self.waiting).ok_or_else(unavailable)?;
        // The fetch has ended, whether `changed()` returns an error or a change.
        let ended = tokio::time::timeout(FETCH_WAIT_TIMEOUT, in_flight.changed()).await;
        ended.map(drop).map_err(|_| unavailable())
    }

    fn start(self: &Arc<Self>, trigger: Trigger) -> Option<watch::Receiver<()>> {
        let started = self.fetching.start(trigger, self.cool_down, |failures| {
            let this = Arc::clone(self);
            async move {
                let refresh = trigger != Trigger::Request || failures > 0;
                let fetched = this.fetch(refresh).await;
                this.on_fetched(fetched);
            }
        });
        match started {
            FetchStart::InFlight(in_flight) => Some(in_flight),
            FetchStart::TooEarly => None,
            FetchStart::NoThread => {
                tracing::error!(target: "auth_core", issuer = %self.issuer, "the keys cannot be fetched: no thread could be started");
                None
            }
        }
    }

    async fn fetch(&self, refresh: bool) -> Result<(Vec<PreparedKey>, Box<[u8]>), Failed> {
        let endpoint = match &self.place {
            KeyEndpoint::Jwks(endpoint) => endpoint.clone(),
            KeyEndpoint::Discovered(discovered) => discovered.metadata(&self.client, refresh).await?.jwks_uri.clone(),
        };
        let body = self.client.get(&endpoint, MOST_BYTES, RequestTimeout::Background).await?;
        let json = std::str::from_utf8(&body).map_err(|_| Failed::NotUnderstood)?;
        let keys = usable(json, &self.issuer, self.rsa_algorithm)?;
        Ok((keys, body.into()))
    }

    fn on_fetched(self: &Arc<Self>, fetched: Result<(Vec<PreparedKey>, Box<[u8]>), Failed>) {
        let now = clock::monotonic();
        let (failed, next) = match fetched {
            Ok((keys, text)) => {
                let before = self.current.load();
                let number = before.as_ref().map_or(0, |before| before.number + u64::from(before.text != text));
                self.current.store(Some(Arc::new(KeySet { keys, since: now, text, number })));
                (false, self.refresh_every)
            }
            Err(failed) => {
                tracing::warn!(target: "auth_core", issuer = %self.issuer, %failed, "the keys cannot be fetched: the previous keys stay valid until `.max_stale(…)`");
                (true, self.cool_down)
            }
        };
        let without_keys = failed && !self.is_younger(self.max_stale, now);
        let (pause, generation) = self.fetching.finish(failed, |failures| {
            if without_keys {
                FIRST_RETRY.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.cool_down)
            } else {
                self.cool_down
            }
        });
        let (weak, next) = (Arc::downgrade(self), if without_keys { pause } else { next });
        let _ = spawn(async move {
            tokio::time::sleep(next).await;
            if let Some(this) = Weak::upgrade(&weak) {
                this.start(Trigger::Schedule { generation });
            }
        });
    }
}

/// Returns the keys of a set that may verify tokens: public signature keys of a known algorithm. An unusable key does not
/// invalidate the others.
fn usable(json: &str, issuer: &str, rsa_algorithm: Option<Algorithm>) -> Result<Vec<PreparedKey>, Failed> {
    let keys = Key::of_set(json, MOST_KEYS).map_err(|_| Failed::NotUnderstood)?;
    let Some(keys) = keys else { return Err(Failed::TooManyKeys(MOST_KEYS)) };
    let secret = |key: &&Result<Key, KeyError>| match key {
        Ok(key) => key.is_hmac(),
        Err(error) => *error == KeyError::PrivateKey,
    };
    if keys.iter().any(|key| secret(&key)) {
        tracing::error!(target: "auth_core", %issuer, "the published key set contains a secret or private key: the key is ignored, and must be considered compromised");
    }
    let public = keys.into_iter().flatten().filter(|key| !key.is_hmac());
    let usable: Vec<_> = public.filter_map(|key| key.assume_rsa_algorithm(rsa_algorithm).prepare().ok()).collect();
    if usable.is_empty() { Err(Failed::NoKey) } else { Ok(usable) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_key_is_refused_only_by_the_current_set() {
        // JWKS-4: a fetch may end between the search for a key and the denial.
        let fetch = Fetch::new(JwksLocation::Jwks("http://127.0.0.1:1/keys".to_owned()));
        let cache = JwksCache::new("https://id.example", fetch, None).unwrap();
        let publish = |text: &str| cache.on_fetched(Ok((Vec::new(), text.as_bytes().into())));
        let reason = |tried| cache.settled(tried).map(|denial| denial.reason);
        assert_eq!(reason(None), None, "nothing was fetched yet");
        publish("first");
        assert_eq!(reason(None), None, "the first set is tried");
        assert_eq!(reason(Some(0)), Some(Reason::InvalidCredentials));
        publish("second");
        assert_eq!(reason(Some(0)), None, "the second set is tried");
        assert_eq!(reason(Some(1)), Some(Reason::InvalidCredentials));
    }
}
