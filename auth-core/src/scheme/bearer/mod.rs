//! Verification of bearer tokens (RFC 6750): JWTs (RFC 7519) with configured or fetched keys, and opaque tokens by introspection.
//!
//! # Why
//! jsonwebtoken provides keys, algorithms and JWK types. Its `decode` is not called: it checks `aud` and `iss` only if the token
//! contains them, never checks `crit` or `typ`, accepts an array as `iss`, and parses the key and the claims again for each token.
//! Tests compare both in one direction: jsonwebtoken accepts every token that this module accepts.

mod kind;
mod denials;
mod conditions;
mod key;
mod header;
mod tenant;
mod access;
mod places;
mod presentation;
mod claims;
#[cfg(feature = "oidc")]
mod remote;
#[cfg(not(feature = "oidc"))]
#[path = "remote_absent.rs"]
mod remote;
mod resolver;
mod jws;
mod cache;
mod settings;
mod describe;
mod authenticator;
mod placed;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use self::key::Algorithm;

use self::access::AccessClaim;
pub use self::authenticator::{BearerTokens, CookieTokens};
use self::cache::Cache;
pub use self::cache::{TokenCache, TokenCacheError};
use self::conditions::Conditions;
use self::header::SeenHeaders;
use self::jws::{Unverified, VerifiedBy, VerifiedJws};
use self::key::PreparedKey;
pub(crate) use self::key::ProofKey;
pub use self::key::{Key, KeyError};
pub use self::placed::authenticators;
use self::places::IssuerPlaces;
use self::presentation::ProofOfPossession;
#[cfg(feature = "oidc")]
pub use self::remote::{FetchError, Introspection, IntrospectionError};
use self::remote::{Introspector, Remote};
use self::resolver::Resolver;
pub use self::resolver::{IssuerResolver, IssuersUnavailable, Resolved};
pub use self::settings::{Jwt, JwtError, sign_hs256};
use self::tenant::TokenTenants;
use crate::denial::Denial;
use crate::identity::issuer::{Issuer, RoleTypes};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::runtime::clock;
use crate::runtime::clock::Timestamp;

/// An issuer with prepared verifiers.
struct TokenIssuer {
    source: Arc<Issuer>,
    /// Like [`source`](Self::source), for tokens that are presented with a proof of possession.
    proven: Arc<Issuer>,
    /// Like [`source`](Self::source), for tokens in a cookie.
    in_cookie: Arc<Issuer>,
    unnamed: bool,
    keys: Vec<PreparedKey>,
    audiences: Vec<String>,
    leeway: Duration,
    longest: usize,
    types: Vec<String>,
    /// Whether tokens must follow RFC 9068.
    profile: bool,
    conditions: Conditions,
    /// Other issuers that sign with these keys.
    signs_for: Vec<String>,
    /// The reason for an HMAC secret in addition to public keys.
    mixed_keys: Option<String>,
    headers: SeenHeaders,
    tenants: TokenTenants,
    access: Option<AccessClaim>,
    /// The places of the tokens. `None` if only `Authorization: Bearer` is read.
    places: Option<Box<IssuerPlaces>>,
    remote: Remote,
}

/// The verifier of bearer tokens. Selects one of several issuers, each with its keys, by `iss`.
pub struct Bearer {
    issuers: Vec<TokenIssuer>,
    /// Whether tokens may name one of several issuers.
    several: bool,
    /// The resolver for issuers that are not configured.
    resolver: Option<Resolver>,
    longest: usize,
    /// Names of issuers of other schemes, which no token may have as its issuer.
    reserved: Vec<Arc<str>>,
    /// The role types of the application, whose grants may be data that changes at run time.
    roles: RoleTypes,
    /// Recently verified tokens, which are valid for these settings only.
    cache: Option<Cache>,
}

impl Bearer {
    /// Checks the settings of all issuers and prepares their keys. `roles` are the role types of the application. `resolver` maps
    /// issuers that are not configured to configured ones.
    ///
    /// # Errors
    /// Returns the name of the issuer and the error if its settings are insecure or cannot work.
    pub fn new(
        jwts: Vec<Jwt>,
        resolver: Option<Arc<dyn IssuerResolver>>,
        roles: &RoleTypes,
    ) -> Result<Self, (String, JwtError)> {
        key::install_provider();
        let name = |jwt: &Jwt| jwt.issuer.clone().unwrap_or_default();
        for (position, jwt) in jwts.iter().enumerate() {
            let earlier = jwts.get(..position).unwrap_or_default();
            let shares =
                |other: &Jwt| jwt.keys.iter().any(|key| other.keys.iter().any(|other| key.is_same_secret(other)));
            let names = |jwt: &Jwt| jwt.issuer.iter().chain(&jwt.signs_for).cloned().collect::<Vec<_>>();
            let own = names(jwt);
            let is_twice = |name: &String| {
                own.iter().filter(|other| *other == name).count() > 1
                    || earlier.iter().any(|other| names(other).contains(name))
            };
            if own.iter().any(is_twice) {
                return Err((name(jwt), JwtError::IssuerTwice));
            }
            if jwt.unnamed && (jwts.len() > 1 || resolver.is_some() || !jwt.signs_for.is_empty()) {
                return Err((name(jwt), JwtError::UnnamedAmongSeveral));
            }
            for other in earlier {
                jwt.remote.check_beside(&other.remote).map_err(|error| (name(jwt), error))?;
            }
            if earlier.iter().any(shares) {
                return Err((name(jwt), JwtError::SharedSecret));
            }
        }
        let is_resolved = resolver.is_some();
        let prepare = |jwt: Jwt| {
            let name = name(&jwt);
            jwt.prepare(roles, is_resolved).map_err(|error| (name, error))
        };
        let issuers = jwts.into_iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        let longest = issuers.iter().map(|issuer| issuer.longest).max().unwrap_or_default();
        let several = issuers.len() > 1 || resolver.is_some() || issuers.iter().any(|one| !one.signs_for.is_empty());
        let resolver = resolver.map(Resolver::new);
        Ok(Self { issuers, several, resolver, longest, reserved: Vec::new(), roles: roles.clone(), cache: None })
    }

    /// Enables a cache of verified tokens. Without it, each token is verified on each request.
    ///
    /// # Errors
    /// Returns an error if the cache is too small to contain a token.
    pub fn with_cache(self, cache: TokenCache) -> Result<Self, TokenCacheError> {
        Ok(Self { cache: cache.prepare()?, ..self })
    }

    /// Rejects issuers that have one of these names, which belong to issuers of other schemes. A subject of one would otherwise be
    /// the same principal as that of the other. The resolver is not asked about these names, so tokens with them have an unknown
    /// issuer.
    ///
    /// # Errors
    /// Returns the name of a configured issuer that is reserved.
    pub fn reserving(self, reserved: Vec<Arc<str>>) -> Result<Self, String> {
        let names = |issuer: &TokenIssuer| {
            let other = issuer.signs_for.iter().map(String::as_str);
            other
                .chain([&*issuer.source.issuer])
                .find(|name| reserved.iter().any(|taken| **taken == **name))
                .map(str::to_owned)
        };
        match self.issuers.iter().find_map(names) {
            Some(name) => Err(name),
            None => Ok(Self { reserved, ..self }),
        }
    }

    /// Returns the issuers of the principals.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.issuers.iter().map(|issuer| &issuer.source)
    }

    /// Returns the issuers of principals whose tokens are presented with a proof of possession.
    pub fn proven_sources(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.issuers.iter().map(|issuer| &issuer.proven)
    }

    /// Returns the issuers of principals whose tokens are in a cookie.
    pub fn cookie_sources(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.issuers.iter().map(|issuer| &issuer.in_cookie)
    }

    /// Returns the principal of a token in a cookie, which a browser sends automatically.
    pub fn in_cookie(&self, caller: &Principal) -> Option<Principal> {
        let issuer = self.of_source(caller.source())?;
        Some(caller.with_source(Arc::clone(&issuer.in_cookie)))
    }

    /// Returns an issuer whose tokens need not be for this audience.
    pub fn accepts_foreign_audience(&self, audience: &str) -> Option<&str> {
        let other = |issuer: &&TokenIssuer| !issuer.audiences.iter().any(|ours| ours == audience);
        self.issuers.iter().find(other).map(|issuer| &*issuer.source.issuer)
    }

    fn of_source(&self, source: &Issuer) -> Option<&TokenIssuer> {
        self.issuers.iter().find(|issuer| issuer.source.issuer == source.issuer)
    }

    /// Returns the maximum size of a token in bytes, over all issuers.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Verifies the form, the key, the signature and the claims of a token, without waiting. Returns `None` if the result requires
    /// a request to another server or a resolver, which [`verify_later`](Self::verify_later) performs.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Result<Principal, Denial>> {
        if self.introspected(token).is_some() {
            return None;
        }
        match self.verify_now(token, now, ProofOfPossession::Bare) {
            Ok(principal) => Some(Ok(principal)),
            Err(Unverified::Denied(denial)) => Some(Err(denial)),
            Err(Unverified::IssuerMissing(_)) => None,
            Err(Unverified::KeyMissing(keys, tried)) => keys.settled(tried).map(Err),
        }
    }

    /// Returns the principal of a token that was recently verified and is still valid. The whole token is compared, so no part of
    /// it has to be checked again.
    pub fn cached(&self, token: &[u8], now: Timestamp) -> Option<Principal> {
        self.cached_principal(self.cache.as_ref()?, token, now, ProofOfPossession::Bare, self.roles.changes())
    }

    /// Verifies a token with the available keys and the cache.
    fn verify_now(&self, token: &str, now: Timestamp, held: ProofOfPossession<'_>) -> Result<Principal, Unverified> {
        let Some(cache) = &self.cache else {
            return self.verify_uncached(token, now, held).map(|known| known.principal);
        };
        // Read before the token is verified. If grants are replaced during verification, the cached entry does not match the new
        // ones.
        let grants = self.roles.changes();
        if let Some(principal) = self.cached_principal(cache, token.as_bytes(), now, held, grants) {
            return Ok(principal);
        }
        let verified = self.verify_uncached(token, now, held)?;
        cache.insert(token.as_bytes(), &verified, grants, now);
        Ok(verified.principal)
    }

    /// Returns the principal of a cached token that is still valid: the token and its key have not expired, its proof of possession
    /// matches, and the grants of roles are unchanged. Any other token is verified again.
    fn cached_principal(
        &self,
        cache: &Cache,
        token: &[u8],
        now: Timestamp,
        held: ProofOfPossession<'_>,
        grants: u64,
    ) -> Option<Principal> {
        let kept = cache.find(token)?;
        let kept = kept.as_ref()?;
        let verified = &kept.verified;
        let issuer = self.issuers.get(verified.issuer)?;
        let is_in_time = now < kept.until
            && verified.begins_at.is_none_or(|begins| begins <= now.plus(issuer.leeway))
            && verified.principal.expires_at().is_some_and(|expires| now < expires.plus(issuer.leeway));
        let holds = match verified.key {
            VerifiedBy::FetchedKey(number) => {
                issuer.remote.keys().is_some_and(|keys| keys.is_current(number, clock::monotonic()))
            }
            VerifiedBy::Secret | VerifiedBy::Settings => true,
        };
        let is_good = is_in_time && holds && held.fits(verified.bound_to.as_deref()) && kept.grants == grants;
        is_good.then(|| verified.principal.clone())
    }

    fn verify_uncached(
        &self,
        token: &str,
        now: Timestamp,
        held: ProofOfPossession<'_>,
    ) -> Result<VerifiedJws, Unverified> {
        let several = self.several;
        let verify = |resolved| jws::verify(token, &self.issuers, several, resolved, self.longest, now, held);
        match (verify(None), &self.resolver) {
            (Err(Unverified::IssuerMissing(issuer)), Some(_)) if self.is_no_issuer(&issuer) => {
                Err(jws::unknown_issuer().into())
            }
            (Err(Unverified::IssuerMissing(issuer)), Some(resolver)) => match resolver.remembered(&issuer) {
                Some(Some(resolved)) => verify(Some((&issuer, &resolved))),
                Some(None) => Err(jws::unknown_issuer().into()),
                None => Err(Unverified::IssuerMissing(issuer)),
            },
            (Err(Unverified::IssuerMissing(_)), None) => Err(jws::unknown_issuer().into()),
            (verified, _) => verified,
        }
    }

    /// Returns whether the name cannot be an issuer, so that the resolver is not asked about it.
    fn is_no_issuer(&self, name: &str) -> bool {
        name.is_empty() || name.contains(char::is_control) || self.reserved.iter().any(|taken| **taken == *name)
    }

    /// Returns the issuer to ask about the token. No issuer is asked about a JWT (M9).
    fn introspected(&self, token: &str) -> Option<(&TokenIssuer, &Introspector)> {
        let (issuer, introspector) = self
            .issuers
            .iter()
            .find_map(|issuer| issuer.remote.introspector().map(|introspector| (issuer, introspector)))?;
        (token.len() <= issuer.longest && !jws::is_jwt(token)).then_some((issuer, introspector))
    }

    /// Like [`verify`](Self::verify), but first fetches the keys of the issuer if permitted, or asks the issuer or the resolver.
    /// `client` is the address of the client, if known.
    ///
    /// # Errors
    /// Returns the denial of the token.
    pub async fn verify_later(&self, token: &str, client: Option<IpAddr>) -> Result<Principal, Denial> {
        self.verify_held(token, ProofOfPossession::Bare, client).await
    }

    /// Like [`verify_later`](Self::verify_later), for a token that is presented with a proof by the key with this thumbprint.
    pub(crate) async fn verify_bound(
        &self,
        token: &str,
        thumbprint: &str,
        client: Option<IpAddr>,
    ) -> Result<Principal, Denial> {
        let verified = self.verify_held(token, ProofOfPossession::Proven(thumbprint), client).await;
        verified.map_err(|denial| Denial { scheme: Some(SchemeId::Dpop), ..denial })
    }

    async fn verify_held(
        &self,
        token: &str,
        held: ProofOfPossession<'_>,
        client: Option<IpAddr>,
    ) -> Result<Principal, Denial> {
        if let Some((issuer, introspector)) = self.introspected(token) {
            let claims = introspector.claims(token, client).await?;
            return jws::read_answer(&claims, issuer, clock::now(), held);
        }
        let verify = || self.verify_now(token, clock::now(), held);
        let mut verified = verify();
        if let (Err(Unverified::IssuerMissing(issuer)), Some(resolver)) = (&verified, &self.resolver) {
            resolver.resolved(issuer, client).await?;
            verified = verify();
        }
        if let Err(Unverified::KeyMissing(keys, _)) = &verified {
            let keys = Arc::clone(keys);
            keys.wait().await?;
            verified = verify();
        }
        verified.map_err(|unverified| match unverified {
            Unverified::Denied(denial) => denial,
            Unverified::IssuerMissing(_) => jws::unknown_issuer(),
            Unverified::KeyMissing(keys, _) => keys.settled_after_waiting(),
        })
    }
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sources().map(|source| &source.issuer)).finish()
    }
}

#[cfg(test)]
mod tests;
