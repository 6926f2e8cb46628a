//! Introspection of opaque tokens at their issuer (RFC 7662).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::jwks::JwksCache;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::SchemeId;
use crate::oidc::discovery::{
    ClientRegistration, DiscoveryCache, EndpointError, EndpointUrl, Failed, HttpClient, OK, Reach, ReachError,
    SecretSent,
};
use crate::runtime::clock;
use crate::runtime::concurrency_limit::{ConcurrencyLimit, Permit};
use crate::runtime::single_flight::SingleFlightCache;
use crate::runtime::strict_json;

/// Settings of the introspection of opaque tokens (RFC 7662). The endpoint is discovered from the issuer unless
/// [configured](Self::at), and this server authenticates to it as a registered client.
///
/// A revoked token is rejected as soon as the previous response expires from the cache, after at most 30 s. The issuer is never
/// asked about a JWT, so the revocation of a JWT is not detected.
///
/// ```
/// use auth_actix::Jwt;
/// use auth_actix::oidc::Introspection;
/// let introspection = Introspection::as_client("reports", "its secret, from a file or the environment");
/// let jwt = Jwt::oidc("https://id.example").audience("https://api.example").introspection(introspection);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Introspection {
    registered: ClientRegistration,
    endpoint: Option<String>,
    cache: Duration,
}

/// An error of the introspection settings.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntrospectionError {
    /// The URL of the endpoint is invalid.
    #[error("invalid endpoint: {0}")]
    Address(EndpointError),
    /// The endpoint is neither discovered nor configured.
    #[error("only `Jwt::oidc(…)` discovers the endpoint: call `Introspection::at(…)`")]
    NoEndpoint,
    /// The cache lifetime exceeds the limit for detecting a revoked token.
    #[error("`.cache(…)` must be at most 30 s")]
    CacheTooLong,
    /// Two issuers use introspection, but an opaque token does not name its issuer.
    #[error("introspection is configured for two issuers, and opaque tokens do not name their issuer")]
    Twice,
    /// The connection settings are invalid.
    #[error("{0}")]
    Reach(ReachError),
    /// The id or the secret of the client is empty.
    #[error("`Introspection::as_client(…)`: the client id or the client secret is empty")]
    Client,
}

crate::debug_as_display!(IntrospectionError);

/// Maximum and default lifetime of a cached response, as documented.
const LONGEST_CACHE: Duration = Duration::from_secs(30);
/// Lifetime of a cached response for an inactive token. An inactive token may become active, and a client that asks too early must
/// not wait long.
const NEGATIVE_CACHE: Duration = Duration::from_secs(5);
const MOST_ANSWERS: usize = 10_000;
const MOST_BYTES: usize = 16 * 1024;
/// Maximum number of concurrent requests.
const AT_A_TIME: usize = 32;

impl Introspection {
    /// Authenticates as this client of the issuer (`client_secret_basic`).
    pub fn as_client(id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        let registered = ClientRegistration { id: id.into(), secret: secret.into(), sent: SecretSent::InHeader };
        Self { registered, endpoint: None, cache: LONGEST_CACHE }
    }

    /// Sends id and secret in the body of the request (`client_secret_post`, RFC 6749 §2.3.1), for a client that is registered this
    /// way. By default, they are in the `Authorization` header (`client_secret_basic`).
    pub fn client_secret_post(mut self) -> Self {
        self.registered.sent = SecretSent::InBody;
        self
    }

    /// Sets the URL of the introspection endpoint. By default, it is discovered.
    pub fn at(self, endpoint: impl Into<String>) -> Self {
        Self { endpoint: Some(endpoint.into()), ..self }
    }

    /// Sets the maximum time for which a response is cached. 30 s by default, which is also the maximum.
    pub fn cache(self, lasts: Duration) -> Self {
        Self { cache: lasts, ..self }
    }
}

/// Redacts the secret.
impl std::fmt::Debug for Introspection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Introspection").field("client", &self.registered.id).finish_non_exhaustive()
    }
}

/// The introspection client of one issuer.
pub(in super::super) struct Introspector {
    registered: ClientRegistration,
    place: IntrospectionEndpoint,
    client: HttpClient,
    cache: Duration,
    /// Responses for active tokens. The key is a hash, so that no token is stored.
    active: SingleFlightCache<[u8; 32], CachedIntrospection>,
    /// Inactive tokens, cached separately so that made-up tokens do not evict active ones.
    inactive: SingleFlightCache<[u8; 32], ()>,
    concurrency: Arc<ConcurrencyLimit>,
}

enum IntrospectionEndpoint {
    Discovered(Arc<DiscoveryCache>),
    Endpoint(EndpointUrl),
}

/// The claims of an active token, or `None` for an inactive one.
type CachedIntrospection = Option<Arc<str>>;

fn unavailable(cause: &'static str) -> Denial {
    let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(1));
    Denial::refused(SchemeId::Bearer, reason, cause)
}

impl Introspector {
    /// Creates the client. `reach` contains the connection settings that are also used to fetch the keys of the issuer.
    pub(in super::super) fn new(
        settings: Introspection,
        fetched: Option<&Arc<JwksCache>>,
        reach: &Reach,
    ) -> Result<Self, IntrospectionError> {
        let ClientRegistration { id, secret, .. } = &settings.registered;
        if id.is_empty() || secret.expose_secret().is_empty() {
            return Err(IntrospectionError::Client);
        }
        if settings.cache > LONGEST_CACHE {
            return Err(IntrospectionError::CacheTooLong);
        }
        let discovered = fetched.and_then(|fetched| fetched.provider());
        let place = match (settings.endpoint, discovered) {
            (Some(endpoint), _) => {
                IntrospectionEndpoint::Endpoint(EndpointUrl::new(&endpoint).map_err(IntrospectionError::Address)?)
            }
            (None, Some((discovered, _))) => IntrospectionEndpoint::Discovered(Arc::clone(discovered)),
            (None, None) => return Err(IntrospectionError::NoEndpoint),
        };
        Ok(Self {
            registered: settings.registered,
            place,
            client: HttpClient::new(reach).map_err(IntrospectionError::Reach)?,
            cache: settings.cache,
            active: SingleFlightCache::new(MOST_ANSWERS),
            inactive: SingleFlightCache::new(MOST_ANSWERS),
            concurrency: Arc::new(ConcurrencyLimit::new(AT_A_TIME)),
        })
    }

    /// Returns the claims of the token if it is active, from the cache or from the issuer.
    pub(in super::super) async fn claims(&self, token: &str, client: Option<IpAddr>) -> Result<Arc<str>, Denial> {
        let inactive = || {
            Denial::refused(
                SchemeId::Bearer,
                Reason::InvalidCredentials,
                "the issuer reports that the token is not active",
            )
        };
        let key: [u8; 32] = Sha256::digest(token).into();
        if self.inactive.get(&key).is_some() {
            return Err(inactive());
        }
        let ask = async {
            // A request that waited for another one has the response now.
            if self.inactive.get(&key).is_some() {
                return Ok((None, Duration::ZERO));
            }
            let answer = self.introspect(token, client).await?;
            let lasts = match &answer {
                Some(claims) => lasts(claims, self.cache),
                None => {
                    self.inactive.put(key, (), NEGATIVE_CACHE.min(self.cache));
                    Duration::ZERO
                }
            };
            Ok::<_, Denial>((answer, lasts))
        };
        if self.cache.is_zero() {
            return ask.await?.0.ok_or_else(inactive);
        }
        let crowded = || unavailable("too many requests are waiting for token introspection");
        self.active.get_or_fetch(&key, crowded, ask).await?.ok_or_else(inactive)
    }

    async fn introspect(&self, token: &str, client: Option<IpAddr>) -> Result<CachedIntrospection, Denial> {
        let permit = self
            .concurrency
            .acquire(client)
            .await
            .ok_or_else(|| unavailable("too many concurrent token introspections"))?;
        self.answered(token, permit).await.map_err(|failed| {
            tracing::warn!(target: "auth_core", %failed, "token introspection failed");
            unavailable("token introspection failed")
        })
    }

    async fn answered(&self, token: &str, permit: Permit) -> Result<CachedIntrospection, Failed> {
        let endpoint = match &self.place {
            IntrospectionEndpoint::Endpoint(endpoint) => endpoint.clone(),
            IntrospectionEndpoint::Discovered(discovered) => {
                let metadata = discovered.metadata(&self.client, false).await?;
                metadata.introspection_endpoint.clone().ok_or(Failed::NotUnderstood)?
            }
        };
        let form = [("token", token), ("token_type_hint", "access_token")];
        let (status, body) = self.client.post(&endpoint, &self.registered, &form, MOST_BYTES, permit).await?;
        // An error response to this client is not a statement about the token (INTRO-2).
        if status != OK {
            return Err(Failed::Status(status));
        }
        let claims = String::from_utf8(body).map_err(|_| Failed::NotUnderstood)?;
        let mut active = false;
        strict_json::object(&claims, |name, value| active |= name == "active" && value.text() == "true")
            .map_err(|_| Failed::NotUnderstood)?;
        Ok(active.then(|| claims.into()))
    }
}

/// Returns the time for which the response may be cached. It is no longer than the remaining lifetime of the token (RFC 7662 §4),
/// but at least one second, so that many requests with a token that has just expired do not ask the issuer one after another. Each
/// of them still learns that the token has expired.
fn lasts(claims: &str, most: Duration) -> Duration {
    let mut expires = None;
    let _ = strict_json::object(claims, |name, value| {
        if name == "exp" {
            expires = value.numeric_date().map(|(down, _)| down);
        }
    });
    let left = expires.map_or(0, |expires| expires.seconds().saturating_sub(clock::now().seconds()));
    Duration::from_secs(u64::try_from(left).unwrap_or_default().max(1)).min(most)
}
