//! Tokens that are bound to a key (RFC 9449): whoever sends one proves with each request that the key is theirs, so a token
//! that was stolen is worth nothing.

mod nonce;
mod proof;
mod replay;
mod uri;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::nonce::Nonces;
use self::replay::Replay;
use self::uri::Uri;
use super::bearer::{Bearer, TokenSettings};
use super::build_error::{BuildError, Mistakes};
use super::settings::{AllSettings, Assembly, SchemeSettings, SettingsContext};
use super::{Authenticator, Credential, Effects, Extracted, RequestView, Verification, Verified};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::issuer::Source;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::Scheme;
use crate::runtime::clock;
#[cfg(feature = "redis")]
use crate::runtime::redis::RedisUrlError;

/// Settings of proofs (RFC 9449).
///
/// ```
/// use auth_core::scheme::dpop::Dpop;
/// let dpop = Dpop::at("https://api.example").nonces();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Dpop {
    bases: Vec<String>,
    window: Duration,
    nonces: Option<Nonces>,
    replay: ReplayAt,
}

#[derive(Clone)]
enum ReplayAt {
    Memory(usize),
    #[cfg(feature = "redis")]
    Redis(String),
}

/// What is wrong with the settings of proofs.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DpopError {
    /// Proofs name an address of this server, and it has to know which are its own.
    #[error("{0:?} is no `https` address of this server, such as \"https://api.example\"")]
    Base(String),
    /// Longer than a proof may be under way, or no time at all.
    #[error("`.window(…)` is from 1 s to 300 s")]
    Window,
    /// Nothing to tell a replay by.
    #[error("`.remember(…)` remembers at least 1,000 proofs")]
    Room,
    /// A secret that could be guessed.
    #[error("`.shared_nonces(…)` takes a secret of at least 32 bytes, not a public key")]
    Secret,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// No server has that address.
    #[cfg(feature = "redis")]
    #[error("`.redis(…)`: {0}")]
    Redis(RedisUrlError),
}

crate::debug_as_display!(DpopError);

impl Dpop {
    /// Proofs for this server, as its clients call it: scheme, host and port, and what paths begin with outside if a proxy
    /// takes that away. What a request says of its own host is never believed.
    pub fn at(base: impl Into<String>) -> Self {
        let replay = ReplayAt::Memory(100_000);
        Self { bases: vec![base.into()], window: Duration::from_secs(60), nonces: None, replay }
    }

    /// Another address of this server.
    pub fn or_at(mut self, base: impl Into<String>) -> Self {
        self.bases.push(base.into());
        self
    }

    /// How old a proof may be. 60 s unless set, at most 300 s; 5 s are allowed for a clock that is ahead.
    pub fn window(self, window: Duration) -> Self {
        Self { window, ..self }
    }

    /// Takes only proofs that carry a nonce which this server gave out in the last two minutes (RFC 9449 §9): none can be made
    /// in advance, and a clock that is set back lets none through again. For a single instance; the first request of a client
    /// is answered with a nonce, and a later one with the next, before the last ends.
    pub fn nonces(self) -> Self {
        Self { nonces: Some(Nonces::of_this_process()), ..self }
    }

    /// The same for several instances, which share this secret of at least 32 bytes.
    pub fn shared_nonces(self, secret: impl AsRef<[u8]>) -> Self {
        Self { nonces: Some(Nonces::shared(secret.as_ref())), ..self }
    }

    /// How many proofs are remembered, so that none is taken twice. 100,000 unless set, some 10 MB; where there are more within
    /// the window, the answer is 503.
    pub fn remember(self, proofs: usize) -> Self {
        Self { replay: ReplayAt::Memory(proofs), ..self }
    }

    /// Remembers proofs in this Redis or Valkey, for all instances together.
    #[cfg(feature = "redis")]
    pub fn redis(self, url: impl Into<String>) -> Self {
        Self { replay: ReplayAt::Redis(url.into()), ..self }
    }

    /// Whether others may remember proofs in the same place.
    pub fn is_shared(&self) -> bool {
        match self.replay {
            ReplayAt::Memory(_) => false,
            #[cfg(feature = "redis")]
            ReplayAt::Redis(_) => true,
        }
    }

    /// Checks the settings. Shared state is kept by `realm`.
    ///
    /// # Errors
    /// A setting is wrong.
    #[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "nothing is shared"))]
    pub fn prepare(self, realm: &str) -> Result<Verifier, DpopError> {
        let seconds = Duration::from_secs;
        if self.window < seconds(1) || self.window > seconds(300) {
            return Err(DpopError::Window);
        }
        let base = |base: String| Uri::base(&base).ok_or(DpopError::Base(base));
        // As long as a proof may still be taken: it may be ahead, too.
        let keep = self.window + AHEAD + seconds(1);
        let replay = match self.replay {
            ReplayAt::Memory(most) if most < 1000 => return Err(DpopError::Room),
            ReplayAt::Memory(most) => Replay::memory(most, keep),
            #[cfg(feature = "redis")]
            ReplayAt::Redis(url) => Replay::redis(&url, realm, keep).map_err(DpopError::Redis)?,
        };
        Ok(Verifier {
            bases: self.bases.into_iter().map(base).collect::<Result<_, _>>()?,
            window: self.window,
            nonces: self.nonces.map(Nonces::checked).transpose()?,
            replay,
        })
    }
}

/// No secret and no address.
impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dpop").field("bases", &self.bases).field("window", &self.window).finish_non_exhaustive()
    }
}

/// A proof may be so much ahead.
const AHEAD: Duration = Duration::from_secs(5);

/// What a proof has to match in its request.
struct Proven {
    method: String,
    /// As it was sent.
    path: String,
    proofs: Vec<Vec<u8>>,
    client: Option<std::net::IpAddr>,
}

/// Verifies proofs.
pub struct Verifier {
    bases: Vec<Uri>,
    window: Duration,
    nonces: Option<Nonces>,
    replay: Replay,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("window", &self.window).finish_non_exhaustive()
    }
}

fn refused(cause: &'static str) -> Denial {
    Denial::refused(Scheme::Dpop, Reason::InvalidProof, cause)
}

impl Verifier {
    /// Verifies a token, its proof, and that they belong together. A proof is remembered only when all else was right: who has
    /// no token fills nothing. With the caller comes the nonce for the next proof, where that of this one is about to end.
    ///
    /// # Errors
    /// The denial that it deserves.
    async fn verify(
        &self,
        bearer: &Bearer,
        token: &str,
        request: &Proven,
    ) -> Result<(Principal, Option<String>), Denial> {
        let [proof] = request.proofs.as_slice() else {
            return Err(refused(if request.proofs.is_empty() { "there is no proof" } else { "there are two proofs" }));
        };
        let proof = proof::read(proof, token, clock::now(), self.window).map_err(refused)?;
        if proof.method != request.method {
            return Err(refused("the proof is for another method (htm)"));
        }
        let target = self.bases.iter().map(|base| base.with_path(&request.path)).find(|uri| *uri == proof.uri);
        let target = target.ok_or_else(|| refused("the proof is for another address (htu)"))?;
        if let Some(nonces) = &self.nonces
            && !proof.nonce.as_deref().is_some_and(|nonce| nonces.accept(nonce))
        {
            return Err(Denial::refused(
                Scheme::Dpop,
                Reason::NonceRequired(nonces.current()),
                "the nonce is none of ours",
            ));
        }
        let principal = bearer.verify_bound(token, &proof.thumbprint, request.client).await?;
        match self.replay.is_first(&proof, &target).await {
            Some(true) => {
                let next = self.nonces.as_ref().map(Nonces::current);
                Ok((principal, next.filter(|next| proof.nonce.as_deref() != Some(next))))
            }
            Some(false) => Err(refused("the proof was used before (jti)")),
            None => {
                let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(1));
                Err(Denial::refused(Scheme::Dpop, reason, "proofs cannot be remembered"))
            }
        }
    }
}

/// Tokens that are bound to a key, each with a proof.
pub struct BoundTokens {
    bearer: Arc<Bearer>,
    sources: Vec<Arc<Source>>,
    proofs: Verifier,
}

impl BoundTokens {
    /// Tokens that `bearer` verifies.
    pub fn new(bearer: Arc<Bearer>, proofs: Verifier) -> Self {
        Self { sources: bearer.proven_sources().cloned().collect(), bearer, proofs }
    }
}

impl<H: RequestHead> Authenticator<H> for BoundTokens {
    fn scheme(&self) -> Scheme {
        Scheme::Dpop
    }

    fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    fn affects_responses(&self) -> bool {
        true
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        match view.authorization.token68(Scheme::Dpop) {
            None => Extracted::Absent,
            Some(Err(denial)) => Extracted::Refused(denial),
            Some(Ok(token)) => Credential::in_authorization(Scheme::Dpop, token).into(),
        }
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        let proven = Proven {
            method: view.head.method().to_owned(),
            path: H::path(view.head.0).to_owned(),
            proofs: view.head.bytes("dpop").map(<[u8]>::to_vec).collect(),
            client: view.client().map(|seen| seen.address()),
        };
        Verification::pending(async move {
            match self.proofs.verify(&self.bearer, credential.text, &proven).await {
                Ok((principal, next_nonce)) => {
                    let effects =
                        next_nonce.map(|nonce| Box::new(Effects { next_nonce: Some(nonce), ..Effects::default() }));
                    Verified { result: Ok(principal), effects }
                }
                Err(denial) => Err(denial).into(),
            }
        })
    }

    /// A proof is good once.
    fn reverify<'r>(
        &'r self,
        _: Credential<'r>,
        _: Option<&'r str>,
        _: &RequestView<'r, H>,
    ) -> Option<Verification<'r>> {
        None
    }
}

impl<H: RequestHead> SchemeSettings<H> for Dpop {
    /// After the tokens.
    fn order(&self) -> u8 {
        4
    }

    /// Those of the tokens.
    fn issuers(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    fn check(&self, context: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        if !context.has_realm && self.is_shared() {
            mistakes.add(BuildError::RealmMissing(".dpop(…)"));
        }
        if !context.settings.get::<TokenSettings>().is_some_and(TokenSettings::has_issuers) {
            mistakes.add(BuildError::DpopWithoutTokens);
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, mistakes: &mut Mistakes) {
        let proofs = mistakes.keep((*self).prepare(assembly.realm).map(Some).map_err(BuildError::Dpop));
        if let (Some(bearer), Some(proofs)) = (assembly.part::<Bearer>(), proofs) {
            assembly.schemes.push(Arc::new(BoundTokens::new(bearer, proofs)));
        }
    }
}
