//! Extraction and verification of tokens that the application issues.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::deletion::delete_tokens_of;
use super::format::has_token_syntax;
use super::found::{FoundToken, NoCaller, client_principal};
use super::misses::Misses;
use super::source::{Recognition, TokenSource, source_of};
use super::uses::TokenUses;
use crate::audit::Sink;
use crate::client::RequestHead;
use crate::client::address::PeerOrClient;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::account_id::AccountId;
use crate::identity::issuer::Issuer;
use crate::identity::principal::{Binding, Principal};
use crate::identity::rights::Rights;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::identity::vocabulary::NameKind;
use crate::matrix::CredentialPlace;
use crate::runtime::clock;
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::future::BoxFuture;
use crate::scheme::token_place::TokenPlace;
use crate::scheme::{
    Authenticator, Authorization, ConfiguredNames, Credential, Extracted, RequestView, SyntaxError, Verification,
};
use crate::store::tokens::{ApiKeyFile, TokenStore};
use crate::store::unavailable::StoreUnavailable;

/// Maximum number of lookups at a time.
const MAX_LOOKUPS: usize = 64;

/// The authenticator of all token sources of an application.
pub(super) struct OwnTokens {
    sources: Arc<[TokenSource]>,
    issuers: Vec<Arc<Issuer>>,
    headers: Vec<String>,
    /// Whether other tokens in `Authorization: Bearer` belong to another scheme.
    leaves_bearer: bool,
    /// The headers in which other tokens belong to another scheme.
    left_headers: Vec<String>,
    /// The limit of lookups in all stores.
    limit: Arc<ConcurrencyLimit>,
    misses: Misses,
    uses: TokenUses,
}

impl OwnTokens {
    /// Creates the authenticator. `leaves` returns whether another scheme reads tokens in a place as well.
    pub(super) fn new(
        sources: Arc<[TokenSource]>,
        leaves: impl Fn(TokenPlace<'_>) -> bool,
        sink: Option<Arc<dyn Sink>>,
    ) -> Self {
        let mut headers: Vec<_> = sources.iter().flat_map(|source| source.places.headers.iter().cloned()).collect();
        headers.sort();
        headers.dedup();
        let mut issuers = Vec::new();
        for source in sources.iter() {
            let in_header = (!source.places.headers.is_empty()).then_some(&source.in_header);
            let in_authorization = (source.places.bearer || source.places.bare).then_some(&source.in_authorization);
            issuers.extend(in_header.into_iter().chain(in_authorization).cloned());
        }
        let limit = Arc::new(ConcurrencyLimit::new(MAX_LOOKUPS));
        let (misses, uses) = (Misses::default(), TokenUses::new(sink));
        let left_headers = headers.iter().filter(|name| leaves(TokenPlace::Header(name))).cloned().collect();
        let leaves_bearer = leaves(TokenPlace::Bearer);
        Self { sources, issuers, headers, leaves_bearer, left_headers, limit, misses, uses }
    }

    /// Returns whether a token in this place belongs to one of these sources.
    pub(super) fn claims(&self, place: TokenPlace<'_>, token: &[u8]) -> bool {
        source_of(&self.sources, place, token).is_some()
    }

    /// Returns the headers that are read.
    pub(super) fn header_names(&self) -> Vec<String> {
        self.headers.clone()
    }

    fn in_header<'r>(&self, name: &String, token: &'r [u8]) -> Extracted<'r> {
        let is_left = self.left_headers.contains(name) && !self.claims(TokenPlace::Header(name), token);
        if is_left { Extracted::Absent } else { found(token, SchemeId::ApiKey) }
    }

    fn has_fixed_in(&self, place: TokenPlace<'_>) -> bool {
        let is_fixed = |source: &TokenSource| matches!(source.recognition, Recognition::Fixed { .. });
        self.sources.iter().any(|source| is_fixed(source) && source.places.has(place))
    }

    fn reads(&self, place: impl Fn(&TokenSource) -> bool) -> bool {
        self.sources.iter().any(place)
    }

    fn in_authorization<'r>(&self, authorization: Authorization<'r>) -> Extracted<'r> {
        if self.reads(|source| source.places.bearer)
            && let Some(token) = authorization.after_bearer()
        {
            let is_ours = source_of(&self.sources, TokenPlace::Bearer, token).is_some();
            return match is_ours || !self.leaves_bearer {
                true => found(token, SchemeId::OWN_TOKEN),
                false => Extracted::Absent,
            };
        }
        if let Authorization::Line(line) = authorization
            && self.reads(|source| source.places.bare)
            && source_of(&self.sources, TokenPlace::Bare, line).is_some()
        {
            return found(line, SchemeId::OWN_TOKEN);
        }
        Extracted::Absent
    }

    /// Returns the place of a credential that [`extract`](Authenticator::extract) has found.
    fn place<'p, H: RequestHead>(
        &'p self,
        credential: &Credential<'_>,
        view: &RequestView<'_, H>,
    ) -> Option<TokenPlace<'p>> {
        if credential.is_in_authorization {
            let is_bearer = view.authorization.after_bearer().is_some();
            return Some(if is_bearer { TokenPlace::Bearer } else { TokenPlace::Bare });
        }
        self.headers.iter().find(|name| view.head.bytes(name).next().is_some()).map(|name| TokenPlace::Header(name))
    }

    /// Looks a token up. Counts it for the throttle if it is unknown.
    ///
    /// # Errors
    /// The token is unknown, expired or revoked, or the store is unavailable.
    async fn look_up(
        &self,
        (source, store): (&TokenSource, &Arc<dyn TokenStore>),
        digest: TokenDigest,
        place: TokenPlace<'_>,
        seen: Option<PeerOrClient>,
    ) -> Result<Principal, Denial> {
        let lookup = (&**store, &digest, source.cache);
        let found = source.lookups.find(lookup, &self.limit, seen.map(PeerOrClient::address)).await;
        match found.map_err(|cause| unavailable(place, cause))? {
            Some(found) => self.accept((source, store), &digest, &found, place, seen),
            None => self.refuse_unknown(digest, place, seen).await,
        }
    }

    /// Refuses an unknown token, and counts it for the throttle.
    async fn refuse_unknown(
        &self,
        digest: TokenDigest,
        place: TokenPlace<'_>,
        seen: Option<PeerOrClient>,
    ) -> Result<Principal, Denial> {
        self.misses.count(Some(&digest), seen).await;
        Err(Denial::refused(challenge_of(place), Reason::InvalidCredentials, "the token is unknown"))
    }

    /// Returns the caller of a token that the store or the cache has found.
    fn accept(
        &self,
        (source, store): (&TokenSource, &Arc<dyn TokenStore>),
        digest: &TokenDigest,
        found: &FoundToken,
        place: TokenPlace<'_>,
        seen: Option<PeerOrClient>,
    ) -> Result<Principal, Denial> {
        let principal = found.caller(source, issuer_in(source, place), clock::now());
        let principal = principal.map_err(|none| match none {
            NoCaller::Refused(reason, cause) => {
                if reason == Reason::ExpiredCredentials {
                    self.uses.note_late(source, store, &found.record);
                }
                Denial::refused(challenge_of(place), reason, cause)
            }
            NoCaller::Unusable(cause) => unavailable(place, cause),
        })?;
        self.uses.note(store, found);
        self.misses.accept(digest, seen);
        Ok(principal)
    }
}

/// Returns the digest by which a store finds a token. `None` if the store panics.
fn digest_of(store: &dyn TokenStore, token: &str) -> Option<TokenDigest> {
    catch_unwind(AssertUnwindSafe(|| store.digest(token.as_bytes()))).ok()
}

fn unavailable(place: TokenPlace<'_>, cause: &'static str) -> Denial {
    Denial::refused(challenge_of(place), Reason::AuthenticationUnavailable(RetryAfter::seconds(2)), cause)
}

/// Returns the credential of this scheme, or the refusal of text that cannot be a token.
fn found(token: &[u8], scheme: SchemeId) -> Extracted<'_> {
    let text = std::str::from_utf8(token).ok().filter(|token| has_token_syntax(token.as_bytes()));
    match text {
        Some(token) if scheme == SchemeId::OWN_TOKEN => Credential::in_authorization(scheme, token).into(),
        Some(token) => Credential::new(scheme, token).into(),
        None => Extracted::Refused(SyntaxError::malformed(
            Some(scheme.challenged()),
            "the token is not 1 to 512 bytes of visible ASCII without spaces and separators",
        )),
    }
}

fn challenge_of(place: TokenPlace<'_>) -> SchemeId {
    match place {
        TokenPlace::Bearer | TokenPlace::Bare => SchemeId::Bearer,
        TokenPlace::Header(_) | TokenPlace::ProxyHeader(_) => SchemeId::ApiKey,
    }
}

fn issuer_in<'s>(source: &'s TokenSource, place: TokenPlace<'_>) -> &'s Arc<Issuer> {
    match place {
        TokenPlace::Bearer | TokenPlace::Bare => &source.in_authorization,
        TokenPlace::Header(_) | TokenPlace::ProxyHeader(_) => &source.in_header,
    }
}

impl<H: RequestHead> Authenticator<H> for OwnTokens {
    fn scheme(&self) -> SchemeId {
        SchemeId::ApiKey
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.issuers
    }

    fn headers(&self) -> Vec<&str> {
        self.headers.iter().map(String::as_str).collect()
    }

    fn binds_networks(&self) -> bool {
        true
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let mut extracted = self.in_authorization(view.authorization);
        for name in &self.headers {
            let mut lines = view.head.bytes(name);
            let Some(line) = lines.next() else { continue };
            let here = match lines.next() {
                None => self.in_header(name, line.trim_ascii()),
                Some(_) => {
                    let cause = "the header of a token is repeated";
                    Extracted::Refused(SyntaxError::malformed(Some(SchemeId::ApiKey), cause))
                }
            };
            if matches!(here, Extracted::Absent) {
                continue;
            }
            if !matches!(extracted, Extracted::Absent) {
                return Extracted::Refused(SyntaxError::malformed(None, "two credentials"));
            }
            extracted = here;
        }
        extracted
    }

    fn throttle(&self, credential: &Credential<'_>, view: &RequestView<'_, H>) -> Option<Denial> {
        let delay = self.misses.delay(view.client(), || self.digest(credential, None, view))?;
        let place = self.place(credential, view)?;
        Some(Denial::refused(challenge_of(place), Reason::TooManyAttempts(delay), "too many unknown tokens"))
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        let ready = |result: Result<Principal, Denial>| Verification::Ready(result.into());
        let Some(place) = self.place(&credential, view) else {
            return ready(Err(Denial::new(Reason::SetUp)));
        };
        let token = credential.text;
        let unknown = |cause| Denial::refused(challenge_of(place), Reason::InvalidCredentials, cause);
        let Some(source) = source_of(&self.sources, place, token.as_bytes()) else {
            let denial = unknown("the token belongs to no source that reads it in this place");
            if !self.has_fixed_in(place) {
                return ready(Err(denial));
            }
            // It may be an attempt to guess a fixed token, which is a secret of the configuration.
            let seen = view.client();
            return Verification::pending(async move {
                self.misses.count(None, seen).await;
                Err::<Principal, _>(denial)
            });
        };
        match (&source.recognition, &source.store) {
            (Recognition::Fixed { digest, granted, .. }, _) => {
                self.misses.accept(digest, view.client());
                let principal = client_principal(issuer_in(source, place), &source.name, None, None);
                let principal = principal.map(|client| client.granting(granted.clone(), Binding::None, None));
                ready(principal.ok_or_else(|| Denial::new(Reason::SetUp)))
            }
            (Recognition::Prefix { prefix, is_unchecked: false }, _) if !prefix.has_checksum(token) => {
                ready(Err(unknown("the checksum of the token is wrong")))
            }
            (_, Some(store)) => {
                let (seen, from) = (view.client(), (source, store));
                let Some(digest) = digest_of(&**store, token) else {
                    return ready(Err(unavailable(place, "the store of tokens panicked")));
                };
                if !source.cache.is_zero()
                    && let Some(found) = source.lookups.cached(&digest)
                {
                    return ready(self.accept(from, &digest, &found, place, seen));
                }
                match source.lookups.find_now(&**store, &digest) {
                    Ok(Some(Some(found))) => ready(self.accept(from, &digest, &found, place, seen)),
                    Ok(Some(None)) => Verification::pending(self.refuse_unknown(digest, place, seen)),
                    Ok(None) => Verification::pending(self.look_up(from, digest, place, seen)),
                    Err(cause) => ready(Err(unavailable(place, cause))),
                }
            }
            (_, None) => ready(Err(Denial::new(Reason::SetUp))),
        }
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, view: &RequestView<'_, H>) -> Option<TokenDigest> {
        let token = credential.text;
        let source = source_of(&self.sources, self.place(credential, view)?, token.as_bytes())?;
        match (&source.recognition, &source.store) {
            (Recognition::Fixed { digest, .. }, _) => Some(digest.clone()),
            (_, store) => digest_of(&**store.as_ref()?, token),
        }
    }

    fn forget_account<'r>(&'r self, account: &'r AccountId) -> BoxFuture<'r, Result<(), StoreUnavailable>> {
        Box::pin(delete_tokens_of(&self.sources, account))
    }

    fn places(&self, source: &Issuer) -> Vec<CredentialPlace> {
        let of = |known: &&TokenSource| known.in_header.issuer == source.issuer;
        let Some(TokenSource { places, .. }) = self.sources.iter().find(of) else { return Vec::new() };
        let in_authorization =
            [(places.bearer, CredentialPlace::Authorization), (places.bare, CredentialPlace::BareAuthorization)];
        let in_authorization = in_authorization.into_iter().filter(|(is_read, _)| *is_read).map(|(_, place)| place);
        in_authorization.chain(places.headers.iter().cloned().map(CredentialPlace::Header)).collect()
    }

    fn configured_names(&self) -> Vec<ConfiguredNames> {
        let files =
            self.sources.iter().filter_map(|source| Some((source.api_keys.as_ref()?, &source.in_header.issuer)));
        let names = |(keys, issuer): (&ApiKeyFile, &Arc<str>)| {
            let of = |kind| ConfiguredNames {
                place: "an API key has",
                issuer: issuer.to_string(),
                kind,
                names: keys.names(kind),
            };
            [of(NameKind::Role), of(NameKind::Scope)]
        };
        files.flat_map(names).collect()
    }

    fn describe(&self, issuer: &Issuer) -> String {
        let source = self.sources.iter().find(|source| source.in_header.issuer == issuer.issuer);
        source.map(|source| format!(", {source}")).unwrap_or_default()
    }
}

/// Describes how tokens are recognized and where they are read, for the access matrix.
impl std::fmt::Display for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.recognition {
            Recognition::Prefix { prefix, is_unchecked } => {
                write!(f, "tokens with the prefix {:?}", prefix.as_str())?;
                if *is_unchecked {
                    f.write_str(" also without a checksum")?;
                }
            }
            Recognition::Opaque => f.write_str("opaque tokens")?,
            Recognition::Fixed { description, .. } => write!(f, "one fixed token with {description}")?,
        }
        write!(f, " in {}", self.places)?;
        let is_fixed = matches!(self.recognition, Recognition::Fixed { .. });
        if !is_fixed && self.default_ceiling != Rights::new() {
            write!(f, ", {} if a token names no rights", self.default_ceiling)?;
        }
        if self.cache.is_zero() { Ok(()) } else { write!(f, ", cached for {:?}", self.cache) }
    }
}

impl std::fmt::Debug for OwnTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sources.iter().map(|source| &source.name)).finish()
    }
}
