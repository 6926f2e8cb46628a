//! Issuers that are not known by name: who stands for one, among those that are registered.
//!
//! # Why
//! What a token says of its issuer is anybody's claim until the signature holds. So a resolver picks one of the issuers that
//! are registered, whose keys and addresses are settled at start-up, and nothing is ever built or fetched from the claim. It
//! is asked once for all who bring the same claim, a bounded number at a time, and remembered either way (H9).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::scheme_id::SchemeId;
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::future::BoxFuture;
use crate::runtime::single_flight::SingleFlightCache;
use crate::runtime::timeout;

/// A registered issuer, in whose place another one signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub(super) issuer: Arc<str>,
    pub(super) tenant: Option<Arc<str>>,
}

impl Resolved {
    /// The issuer that was registered by this name: its keys, audience and settings are those of the token. Who is known by
    /// the token is one of the issuer that the token names, not of this one.
    pub fn to(issuer: &str) -> Self {
        Self { issuer: issuer.into(), tenant: None }
    }

    /// The tenant whose issuer it is: roles and permissions of its tokens count in it, and nowhere else.
    #[must_use]
    pub fn of_tenant(self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.into()), ..self }
    }
}

/// Whoever knows the issuers is out of reach. Answered with 503.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("whoever knows the issuers is out of reach")]
pub struct IssuersUnavailable;

crate::debug_as_display!(IssuersUnavailable);

/// Says who stands for an issuer that is not registered by its own name: one of a provider that has an issuer for each of its
/// tenants, all with the same keys.
///
/// ```
/// use auth_core::runtime::future::BoxFuture;
/// use auth_core::scheme::bearer::{IssuerResolver, IssuersUnavailable, Resolved};
/// struct Tenants;
/// impl IssuerResolver for Tenants {
///     fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Resolved>, IssuersUnavailable>> {
///         Box::pin(async move {
///             Ok(match issuer {
///                 "https://id.example/tenants/acme" => Some(Resolved::to("https://id.example").of_tenant("acme")),
///                 _ => None,
///             })
///         })
///     }
/// }
/// ```
pub trait IssuerResolver: Send + Sync + 'static {
    /// Who stands for the issuer of that name, which nobody has verified.
    fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Resolved>, IssuersUnavailable>>;
}

/// How long an answer is remembered, whatever it was.
const LASTS: Duration = Duration::from_secs(60);
const MOST_ANSWERS: usize = 10_000;
const AT_A_TIME: usize = 16;
/// A longer one is no issuer: what nobody has verified is kept.
const LONGEST_NAME: usize = 512;
pub(super) struct Resolver {
    resolver: Arc<dyn IssuerResolver>,
    known: SingleFlightCache<Box<str>, Option<Resolved>>,
    /// Apart: who makes names up pushes out nobody's.
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

    /// What is remembered of the name.
    pub(super) fn remembered(&self, issuer: &str) -> Option<Option<Resolved>> {
        if issuer.len() > LONGEST_NAME {
            return Some(None);
        }
        let issuer: Box<str> = issuer.into();
        let unknown = || self.unknown.get(&issuer).map(|()| None);
        self.known.get(&issuer).or_else(unknown)
    }

    /// Asks, where nothing is remembered.
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
    Denial::refused(SchemeId::Bearer, reason, "whoever knows the issuers is out of reach")
}
