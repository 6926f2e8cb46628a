//! The resolver, which maps issuers that are not configured to configured ones.
//!
//! # Why
//! The issuer in a token is an unverified claim until its signature is verified. A resolver therefore selects one of the configured
//! issuers, whose keys and URLs are fixed at startup, and nothing is built or fetched from the claim. Concurrent requests with the
//! same claim share one call. The number of concurrent calls is limited, and positive and negative results are cached (H9).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::SchemeId;
use crate::identity::tenant::Tenant;
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::future::BoxFuture;
use crate::runtime::single_flight::SingleFlightCache;
use crate::runtime::timeout;

/// The configured issuer to which another issuer is mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub(super) issuer: Arc<str>,
    pub(super) tenant: Option<Tenant>,
}

impl Resolved {
    /// Maps to the configured issuer with this name, whose keys, audience and settings apply to the token. The principal belongs to
    /// the issuer that the token names, not to this one.
    pub fn to(issuer: &str) -> Self {
        Self { issuer: issuer.into(), tenant: None }
    }

    /// Binds the tokens of the issuer to a tenant. Their roles and permissions count in this tenant only.
    #[must_use]
    pub fn of_tenant(self, tenant: Tenant) -> Self {
        Self { tenant: Some(tenant), ..self }
    }
}

/// The data source of the resolver is unavailable. The response is 503.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the issuer resolver is unavailable")]
pub struct IssuersUnavailable;

crate::debug_as_display!(IssuersUnavailable);

/// Maps issuers that are not configured by their own name, such as those of a provider that has one issuer per tenant, all with the
/// same keys.
///
/// ```
/// use auth_actix::BoxFuture;
/// use auth_actix::identity::Tenant;
/// use auth_actix::jwt::{IssuerResolver, IssuersUnavailable, Resolved};
/// struct Tenants;
/// impl IssuerResolver for Tenants {
///     fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Resolved>, IssuersUnavailable>> {
///         Box::pin(async move {
///             Ok(match issuer {
///                 "https://id.example/tenants/acme" => Some(Resolved::to("https://id.example").of_tenant(Tenant::of("org", "acme"))),
///                 _ => None,
///             })
///         })
///     }
/// }
/// ```
pub trait IssuerResolver: Send + Sync + 'static {
    /// Returns the configured issuer for the issuer with this name, which is not verified, or `None` if it is unknown.
    fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Resolved>, IssuersUnavailable>>;
}

/// Lifetime of a cached result, positive or negative.
const LASTS: Duration = Duration::from_secs(60);
const MOST_ANSWERS: usize = 10_000;
const AT_A_TIME: usize = 16;
/// Maximum size of an issuer name in bytes. Longer names are unknown issuers, because unverified names are cached.
const LONGEST_NAME: usize = 512;
pub(super) struct Resolver {
    resolver: Arc<dyn IssuerResolver>,
    known: SingleFlightCache<Box<str>, Option<Resolved>>,
    /// Unknown issuers, cached separately so that made-up names do not evict known issuers.
    unknown: SingleFlightCache<Box<str>, ()>,
    concurrency: Arc<ConcurrencyLimit>,
}

impl Resolver {
    pub(super) fn new(resolver: Arc<dyn IssuerResolver>) -> Self {
        let concurrency = Arc::new(ConcurrencyLimit::new(AT_A_TIME));
        Self {
            resolver,
            known: SingleFlightCache::new(MOST_ANSWERS),
            unknown: SingleFlightCache::new(MOST_ANSWERS),
            concurrency,
        }
    }

    /// Returns the cached result for the name.
    pub(super) fn remembered(&self, issuer: &str) -> Option<Option<Resolved>> {
        if issuer.len() > LONGEST_NAME {
            return Some(None);
        }
        let issuer: Box<str> = issuer.into();
        let unknown = || self.unknown.get(&issuer).map(|()| None);
        self.known.get(&issuer).or_else(unknown)
    }

    /// Returns the cached result, or asks the resolver.
    pub(super) async fn resolved(&self, issuer: &str, client: Option<IpAddr>) -> Result<Option<Resolved>, Denial> {
        if issuer.len() > LONGEST_NAME {
            return Ok(None);
        }
        let key: Box<str> = issuer.into();
        let ask = async {
            if self.unknown.get(&key).is_some() {
                return Ok((None, Duration::ZERO));
            }
            let permit = self.concurrency.acquire(client).await.ok_or_else(unavailable)?;
            let answer = timeout::with_timeout(async { self.resolver.resolve(issuer).await }).await;
            drop(permit);
            let answer = answer.ok_or_else(unavailable)?.map_err(|_| unavailable())?;
            if answer.is_none() {
                self.unknown.put(key.clone(), (), LASTS);
            }
            let lasts = if answer.is_some() { LASTS } else { Duration::ZERO };
            Ok::<_, Denial>((answer, lasts))
        };
        self.known.get_or_fetch(&key, unavailable, ask).await
    }
}

fn unavailable() -> Denial {
    let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(1));
    Denial::refused(SchemeId::Bearer, reason, "the issuer resolver is unavailable")
}
