//! DPoP (RFC 9449): tokens that are bound to a key. With each request the client proves the possession of the key, so a stolen
//! token is useless.

mod uri;
mod nonce;
mod proof;
mod replay;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "test-util")]
pub mod conformance;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use self::nonce::Nonces;
use self::proof::DpopProof;
#[cfg(feature = "redis")]
pub use self::redis::RedisReplayStore;
pub use self::replay::{MemoryReplayStore, ReplayStore, ReplayStoreUnavailable};
use self::uri::Uri;
use super::bearer::Bearer;
use super::build_error::{BuildError, Mistakes};
use super::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext};
use super::token_settings::TokenSettings;
use super::{Authenticator, Credential, Effects, Extracted, RequestView, Verification, Verified};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock;
use crate::runtime::redis_url::RedisUrlError;
use crate::runtime::timeout;

/// Settings of DPoP proofs (RFC 9449).
///
/// ```
/// use auth_actix::dpop::Dpop;
/// let dpop = Dpop::at("https://api.example").nonces();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Dpop {
    bases: Vec<String>,
    window: Duration,
    nonces: Option<Nonces>,
    replay: ReplaySetting,
}

/// Opens a store for the proofs of a realm.
type OpenReplayStore = dyn Fn(&str) -> Result<Arc<dyn ReplayStore>, DpopError> + Send + Sync;

#[derive(Clone)]
enum ReplaySetting {
    Memory {
        capacity: usize,
    },
    Store(Arc<dyn ReplayStore>),
    /// A store that may contain proofs of several realms.
    Shared(Arc<OpenReplayStore>),
}

/// An error of the DPoP settings.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DpopError {
    /// The base is not an `https` URL of this server. Proofs name the URL of the request, so the server must have a list of its own
    /// URLs.
    #[error("{0:?} is not an `https` address of this server, such as \"https://api.example\"")]
    Base(String),
    /// The window is not between 1 s and 300 s.
    #[error("`.window(…)` must be from 1 s to 300 s")]
    Window,
    /// The replay cache capacity is below 1,000 proofs.
    #[error("`.replay_cache_capacity(…)` must be at least 1,000 proofs")]
    Room,
    /// The secret is shorter than 32 bytes.
    #[error("`.shared_nonces(…)` takes a secret of at least 32 bytes: `openssl rand -hex 32` generates one")]
    Secret,
    /// The system provides no random numbers.
    #[error("the operating system provides no random numbers")]
    NoRandom,
    /// The Redis URL is invalid.
    #[error("`.redis(…)`: {0}")]
    Redis(RedisUrlError),
}

crate::debug_as_display!(DpopError);

impl Dpop {
    /// Creates settings for a server at this base URL, as used by its clients: scheme, host, port, and the path prefix that a proxy
    /// removes, if any. The host of a request is never trusted.
    pub fn at(base: impl Into<String>) -> Self {
        let replay = ReplaySetting::Memory { capacity: 100_000 };
        Self { bases: vec![base.into()], window: Duration::from_secs(60), nonces: None, replay }
    }

    /// Adds another base URL of this server.
    pub fn or_at(mut self, base: impl Into<String>) -> Self {
        self.bases.push(base.into());
        self
    }

    /// Sets the maximum age of a proof. 60 s by default, at most 300 s. A client clock may be up to 5 s ahead.
    pub fn window(self, window: Duration) -> Self {
        Self { window, ..self }
    }

    /// Requires proofs to contain a nonce that this server issued within the last two minutes (RFC 9449 §9). Proofs cannot be
    /// created in advance, and a clock that is set back does not make old proofs valid again. For a single instance only. The first
    /// request of a client is answered with a nonce, and later responses contain the next nonce before the current one expires.
    pub fn nonces(self) -> Self {
        Self { nonces: Some(Nonces::of_this_process()), ..self }
    }

    /// Like [`nonces`](Self::nonces), for several instances that share this secret of at least 32 bytes.
    pub fn shared_nonces(self, secret: impl AsRef<[u8]>) -> Self {
        Self { nonces: Some(Nonces::shared(secret.as_ref())), ..self }
    }

    /// Sets the maximum number of used proofs that are recorded in memory to prevent replay. 100,000 by default, about 10 MB, and
    /// at least 1,000. If more proofs are valid at once, further ones are answered with 503.
    pub fn replay_cache_capacity(self, proofs: usize) -> Self {
        Self { replay: ReplaySetting::Memory { capacity: proofs }, ..self }
    }

    /// Records used proofs in a store of the application.
    pub fn replay_store(self, store: impl ReplayStore) -> Self {
        Self { replay: ReplaySetting::Store(Arc::new(store)), ..self }
    }

    /// Returns whether the replay store may be shared with other processes.
    pub(crate) fn is_shared(&self) -> bool {
        match &self.replay {
            ReplaySetting::Memory { .. } => false,
            ReplaySetting::Store(store) => store.is_shared(),
            ReplaySetting::Shared(_) => true,
        }
    }

    /// Checks the settings and creates the verifier. Shared state is separated by `realm`.
    ///
    /// # Errors
    /// A setting is invalid.
    pub(crate) fn prepare(self, realm: &str) -> Result<DpopVerifier, DpopError> {
        let seconds = Duration::from_secs;
        if self.window < seconds(1) || self.window > seconds(300) {
            return Err(DpopError::Window);
        }
        let base = |base: String| Uri::base(&base).ok_or(DpopError::Base(base));
        // Covers the validity of a proof that was issued ahead of this clock.
        let proof_ttl = self.window + AHEAD + seconds(1);
        let replay: Arc<dyn ReplayStore> = match self.replay {
            ReplaySetting::Memory { capacity: ..1000 } => return Err(DpopError::Room),
            ReplaySetting::Memory { capacity } => Arc::new(MemoryReplayStore::new(capacity)),
            ReplaySetting::Store(store) => store,
            ReplaySetting::Shared(open) => open(realm)?,
        };
        Ok(DpopVerifier {
            bases: self.bases.into_iter().map(base).collect::<Result<_, _>>()?,
            window: self.window,
            nonces: self.nonces.map(Nonces::checked).transpose()?,
            replay,
            proof_ttl,
            realm: realm.to_owned(),
        })
    }
}

/// Redacts the secret and the store.
impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dpop").field("bases", &self.bases).field("window", &self.window).finish_non_exhaustive()
    }
}

/// Maximum time by which a client clock may be ahead.
const AHEAD: Duration = Duration::from_secs(5);

/// The properties of a request that its proof must match.
struct ProofContext {
    method: String,
    /// The path as it was sent, without normalization.
    path: String,
    proofs: Vec<Vec<u8>>,
    client: Option<std::net::IpAddr>,
}

/// The verifier of DPoP proofs.
pub struct DpopVerifier {
    bases: Vec<Uri>,
    window: Duration,
    nonces: Option<Nonces>,
    replay: Arc<dyn ReplayStore>,
    proof_ttl: Duration,
    realm: String,
}

impl fmt::Debug for DpopVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("window", &self.window).finish_non_exhaustive()
    }
}

fn refused(cause: &'static str) -> Denial {
    Denial::refused(SchemeId::Dpop, Reason::InvalidProof, cause)
}

impl DpopVerifier {
    /// Returns the key of a proof in the store. The store contains neither the client's key nor the URL.
    fn digest(&self, proof: &DpopProof, target: &Uri) -> [u8; 32] {
        let mut digest = Sha256::new();
        for part in [&self.realm, &proof.thumbprint, target.as_str(), &proof.id] {
            digest.update(part.as_bytes());
            digest.update(b"\0");
        }
        digest.finalize().into()
    }

    /// Verifies a token, its proof and their binding. A proof is recorded only after all other checks have passed, so a client
    /// without a valid token cannot fill the store. Returns the caller, and the current nonce if the nonce of the proof differs
    /// from it.
    ///
    /// # Errors
    /// The denial of the token or the proof.
    async fn verify(
        &self,
        bearer: &Bearer,
        token: &str,
        request: &ProofContext,
    ) -> Result<(Principal, Option<String>), Denial> {
        let [proof] = request.proofs.as_slice() else {
            return Err(refused(if request.proofs.is_empty() {
                "the request contains no proof"
            } else {
                "the request contains two proofs"
            }));
        };
        let proof = proof::read(proof, token, clock::now(), self.window).map_err(refused)?;
        if proof.method != request.method {
            return Err(refused("the proof is for another method (htm)"));
        }
        let target = self.bases.iter().map(|base| base.with_path(&request.path)).find(|uri| *uri == proof.uri);
        let target = target.ok_or_else(|| refused("the proof is for another URI (htu)"))?;
        if let Some(nonces) = &self.nonces
            && !proof.nonce.as_deref().is_some_and(|nonce| nonces.accept(nonce))
        {
            return Err(Denial::refused(
                SchemeId::Dpop,
                Reason::NonceRequired(nonces.current()),
                "the nonce was not issued by this server",
            ));
        }
        let principal = bearer.verify_bound(token, &proof.thumbprint, request.client).await?;
        let digest = self.digest(&proof, &target);
        let inserted = timeout::with_timeout(async { self.replay.insert(digest, self.proof_ttl).await }).await;
        match inserted {
            Some(Ok(true)) => {
                let next = self.nonces.as_ref().map(Nonces::current);
                Ok((principal, next.filter(|next| proof.nonce.as_deref() != Some(next))))
            }
            Some(Ok(false)) => Err(refused("the proof was used before (jti)")),
            Some(Err(ReplayStoreUnavailable)) | None => {
                let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(1));
                Err(Denial::refused(SchemeId::Dpop, reason, "used proofs cannot be recorded"))
            }
        }
    }
}

/// The `DPoP` scheme: tokens that are bound to a key, each with a proof.
pub struct BoundTokens {
    bearer: Arc<Bearer>,
    sources: Vec<Arc<Issuer>>,
    proofs: DpopVerifier,
}

impl BoundTokens {
    /// Creates the scheme. `bearer` verifies the tokens.
    pub fn new(bearer: Arc<Bearer>, proofs: DpopVerifier) -> Self {
        Self { sources: bearer.proven_sources().cloned().collect(), bearer, proofs }
    }
}

impl<H: RequestHead> Authenticator<H> for BoundTokens {
    fn scheme(&self) -> SchemeId {
        SchemeId::Dpop
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    fn affects_responses(&self) -> bool {
        true
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        match view.authorization.token68(SchemeId::Dpop) {
            None => Extracted::Absent,
            Some(Err(denial)) => Extracted::Refused(denial),
            Some(Ok(token)) => Credential::in_authorization(SchemeId::Dpop, token).into(),
        }
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, _: &RequestView<'_, H>) -> Option<TokenDigest> {
        Some(TokenDigest::sha256(credential.text.as_bytes()))
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        let proven = ProofContext {
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

    /// Returns `true`, since a proof is accepted only once.
    fn is_verified_once(&self) -> bool {
        true
    }
}

impl<H: RequestHead> SchemeSettings<H> for Dpop {
    /// Returns the position after the bearer tokens.
    fn order(&self) -> u8 {
        5
    }

    /// Returns no issuers, since the callers belong to those of the bearer tokens.
    fn issuers(&self) -> Vec<IssuerSettings> {
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
        let proofs = mistakes.collect((*self).prepare(assembly.realm).map(Some).map_err(BuildError::Dpop));
        if let (Some(bearer), Some(proofs)) = (assembly.part::<Bearer>(), proofs) {
            assembly.schemes.push(Arc::new(BoundTokens::new(bearer, proofs)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::hex::hex;

    #[test]
    fn used_proofs_have_the_digest_of_an_earlier_version() {
        // With another digest, an instance of the other version would accept a used proof again.
        let verifier = Dpop::at("https://reports.example").prepare("reports").unwrap();
        let uri = Uri::of_proof("https://reports.example/x").unwrap();
        let proof = DpopProof {
            thumbprint: "thumbprint".to_owned(),
            method: "GET".to_owned(),
            uri: uri.clone(),
            id: "jti".to_owned(),
            nonce: None,
        };
        let expected = "6aa171ff56fd80b37e747cf491eb777e477c84540b7b2488cdf07d0ff82625d7";
        assert_eq!(hex(&verifier.digest(&proof, &uri)), expected);
    }
}
