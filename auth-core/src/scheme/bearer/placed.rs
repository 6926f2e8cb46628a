//! Bearer tokens in the places that the settings of their issuers name: a header of their own, or a header that a trusted proxy sets.
//!
//! # Why
//! These authenticators are used only if an issuer has such a setting, so that other applications do not compare places. The place is
//! compared after the verification, because a token names its issuer, and after the cache, whose entries contain no place (H8).

use std::sync::Arc;

use super::authenticator::{BearerTokens, verify};
use super::denials::invalid;
use super::{Bearer, TokenIssuer};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason};
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::matrix::CredentialPlace;
use crate::scheme::authorization_header::is_token68;
use crate::scheme::token_place::TokenPlace;
use crate::scheme::{
    Authenticator, Credential, Extracted, ForeignTokens, RequestView, SyntaxError, Verification, Verified,
};

impl Bearer {
    /// Returns the result of a verification for a token in this place. Refuses tokens of issuers that do not read it.
    fn in_place(&self, result: Result<Principal, Denial>, place: TokenPlace<'_>) -> Result<Principal, Denial> {
        let placed = result.and_then(|caller| {
            let issuer = self.of_source(caller.source()).ok_or_else(|| Denial::new(Reason::SetUp))?;
            match issuer.source_in(place) {
                Some(source) if Arc::ptr_eq(source, &issuer.source) => Ok(caller),
                Some(source) => Ok(caller.with_source(Arc::clone(source))),
                None => Err(invalid("the tokens of the issuer are not read in this place")),
            }
        });
        placed.map_err(|denial| Denial { scheme: denial.scheme.map(|_| scheme_in(place)), ..denial })
    }

    /// Returns the issuers whose tokens are read in one of these places, for callers with tokens there.
    fn sources_in<'p>(&self, places: impl IntoIterator<Item = TokenPlace<'p>> + Clone) -> Vec<Arc<Issuer>> {
        let of = |issuer: &TokenIssuer| places.clone().into_iter().find_map(|place| issuer.source_in(place)).cloned();
        self.issuers.iter().filter_map(of).collect()
    }

    /// Verifies a token of this place. No issuer is asked about a token whose place it does not read.
    fn verify_in<'r, H: RequestHead>(
        &'r self,
        place: TokenPlace<'r>,
        token: &'r str,
        view: &RequestView<'r, H>,
    ) -> Verification<'r> {
        if self.introspected(token).is_some_and(|(issuer, _)| !issuer.reads(place)) {
            let denial = self.in_place(Err(invalid("the token is not a JWT")), place);
            return Verification::Ready(denial.into());
        }
        verify(self, token, view, move |result| Verified::from(self.in_place(result, place)))
    }
}

/// Returns the scheme of callers whose tokens are in this place.
fn scheme_in(place: TokenPlace<'_>) -> SchemeId {
    match place {
        TokenPlace::Bearer | TokenPlace::Bare => SchemeId::Bearer,
        TokenPlace::Header(_) => SchemeId::TOKEN_IN_HEADER,
        TokenPlace::ProxyHeader(_) => SchemeId::TOKEN_OF_PROXY,
    }
}

/// Creates the authenticators of tokens that `bearer` verifies, except those in cookies. `subprotocol` and `foreign` are those of
/// [`BearerTokens::new`].
pub fn authenticators<H: RequestHead>(
    bearer: &Arc<Bearer>,
    subprotocol: Option<String>,
    foreign: Option<Arc<ForeignTokens>>,
) -> Vec<Arc<dyn Authenticator<H>>> {
    let in_authorization = || BearerTokens::new(Arc::clone(bearer), subprotocol.clone(), foreign.clone());
    let places: Vec<_> = bearer.issuers.iter().filter_map(|issuer| issuer.places.as_ref()).collect();
    if places.is_empty() {
        return vec![Arc::new(in_authorization())];
    }
    let mut all: Vec<Arc<dyn Authenticator<H>>> = Vec::new();
    let sources = bearer.sources_in([TokenPlace::Bearer]);
    if !sources.is_empty() {
        all.push(Arc::new(PlacedBearerTokens { inner: in_authorization(), bearer: Arc::clone(bearer), sources }));
    }
    let distinct = |names: Vec<String>| {
        let mut names = names;
        names.sort();
        names.dedup();
        Some(names).filter(|names| !names.is_empty())
    };
    if let Some(headers) = distinct(places.iter().flat_map(|places| places.set.headers.clone()).collect()) {
        let sources = bearer.sources_in(headers.iter().map(|name| TokenPlace::Header(name)));
        all.push(Arc::new(HeaderTokens { bearer: Arc::clone(bearer), sources, headers, foreign }));
    }
    if let Some(headers) = distinct(places.iter().filter_map(|places| places.set.proxy_header.clone()).collect()) {
        let sources = bearer.sources_in(headers.iter().map(|name| TokenPlace::ProxyHeader(name)));
        all.push(Arc::new(ProxyTokens { bearer: Arc::clone(bearer), sources, headers }));
    }
    all
}

/// Returns the token in a header line, or the refusal of text that cannot be a token.
fn in_line<'r>(bearer: &Bearer, line: &'r [u8], scheme: SchemeId) -> Extracted<'r> {
    let line = line.trim_ascii();
    match std::str::from_utf8(line) {
        _ if line.len() > bearer.longest() => {
            Extracted::Refused(SyntaxError::too_long(scheme, "the token is longer than allowed"))
        }
        Ok(token) if is_token68(token) => Credential::new(scheme, token).into(),
        _ => refused(scheme, "the token in a header is not token68"),
    }
}

fn refused<'r>(scheme: SchemeId, cause: &'static str) -> Extracted<'r> {
    Extracted::Refused(SyntaxError::malformed(Some(scheme), cause))
}

fn digest_of(credential: &Credential<'_>) -> TokenDigest {
    TokenDigest::sha256(credential.text.as_bytes())
}

/// Like [`BearerTokens`], if the tokens of some issuers are read elsewhere.
struct PlacedBearerTokens {
    inner: BearerTokens,
    bearer: Arc<Bearer>,
    sources: Vec<Arc<Issuer>>,
}

impl<H: RequestHead> Authenticator<H> for PlacedBearerTokens {
    fn scheme(&self) -> SchemeId {
        SchemeId::Bearer
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    fn headers(&self) -> Vec<&str> {
        Authenticator::<H>::headers(&self.inner)
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        match self.inner.extract(view) {
            // A cached caller is not checked for its place.
            Extracted::Found(Credential { verified: Some(_), .. }) => {
                let token = view.authorization.token68(SchemeId::Bearer).and_then(Result::ok).unwrap_or_default();
                Credential::in_authorization(SchemeId::Bearer, token).into()
            }
            other => other,
        }
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        self.bearer.verify_in(TokenPlace::Bearer, credential.text, view)
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, _: &RequestView<'_, H>) -> Option<TokenDigest> {
        Some(digest_of(credential))
    }

    fn describe(&self, source: &Issuer) -> String {
        Authenticator::<H>::describe(&self.inner, source)
    }

    fn switches(&self) -> Vec<String> {
        Authenticator::<H>::switches(&self.inner)
    }
}

/// Tokens in headers of their own.
struct HeaderTokens {
    bearer: Arc<Bearer>,
    sources: Vec<Arc<Issuer>>,
    headers: Vec<String>,
    foreign: Option<Arc<ForeignTokens>>,
}

impl HeaderTokens {
    /// Returns the credential in a header. Leaves the tokens of other schemes, and repeated headers that they read, to them (TOKEN-1).
    fn in_header<'r, H: RequestHead>(&self, name: &str, view: &RequestView<'r, H>) -> Extracted<'r> {
        let mut lines = view.head.bytes(name);
        let Some(line) = lines.next() else { return Extracted::Absent };
        let foreign = self.foreign.as_ref();
        let is_left = match lines.next() {
            Some(_) if !foreign.is_some_and(|foreign| foreign.reads(name)) => {
                return refused(SchemeId::TOKEN_IN_HEADER, "the header of a token is repeated");
            }
            Some(_) => true,
            None => foreign.is_some_and(|foreign| foreign.claims(TokenPlace::Header(name), line.trim_ascii())),
        };
        if is_left { Extracted::Absent } else { in_line(&self.bearer, line, SchemeId::TOKEN_IN_HEADER) }
    }
}

impl<H: RequestHead> Authenticator<H> for HeaderTokens {
    fn scheme(&self) -> SchemeId {
        SchemeId::TOKEN_IN_HEADER
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    fn headers(&self) -> Vec<&str> {
        self.headers.iter().map(String::as_str).collect()
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        only(self.headers.iter().map(|name| self.in_header(name, view)))
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        // Extraction has found exactly one header with a token of this scheme.
        let holds = |name: &&String| matches!(self.in_header(name, view), Extracted::Found(_));
        match self.headers.iter().find(holds) {
            Some(name) => self.bearer.verify_in(TokenPlace::Header(name), credential.text, view),
            None => Verification::Ready(Err(Denial::new(Reason::SetUp)).into()),
        }
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, _: &RequestView<'_, H>) -> Option<TokenDigest> {
        Some(digest_of(credential))
    }

    fn places(&self, source: &Issuer) -> Vec<CredentialPlace> {
        let places = self.bearer.of_source(source).and_then(|issuer| issuer.places.as_ref());
        places.into_iter().flat_map(|places| &places.set.headers).cloned().map(CredentialPlace::Header).collect()
    }

    fn describe(&self, source: &Issuer) -> String {
        self.bearer.describe_issuer(source)
    }
}

/// Tokens that a trusted proxy adds to the requests of browsers (TOKEN-17).
struct ProxyTokens {
    bearer: Arc<Bearer>,
    sources: Vec<Arc<Issuer>>,
    headers: Vec<String>,
}

impl<H: RequestHead> Authenticator<H> for ProxyTokens {
    fn scheme(&self) -> SchemeId {
        SchemeId::TOKEN_OF_PROXY
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    /// Returns `true`, since the proxy derives the token from a cookie of the browser.
    fn is_ambient(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        self.headers.iter().map(String::as_str).collect()
    }

    /// Ignores the headers of other peers, because any client could send them.
    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        if !view.is_from_proxy() {
            return Extracted::Absent;
        }
        only(self.headers.iter().map(|name| {
            let mut lines = view.head.bytes(name);
            match (lines.next(), lines.next()) {
                (None, _) => Extracted::Absent,
                (Some(line), None) => in_line(&self.bearer, line, SchemeId::TOKEN_OF_PROXY),
                (Some(_), Some(_)) => refused(SchemeId::TOKEN_OF_PROXY, "the header of the proxy is repeated"),
            }
        }))
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        match self.headers.iter().find(|name| view.head.bytes(name).next().is_some()) {
            Some(name) => self.bearer.verify_in(TokenPlace::ProxyHeader(name), credential.text, view),
            None => Verification::Ready(Err(Denial::new(Reason::SetUp)).into()),
        }
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, _: &RequestView<'_, H>) -> Option<TokenDigest> {
        Some(digest_of(credential))
    }

    fn places(&self, source: &Issuer) -> Vec<CredentialPlace> {
        let places = self.bearer.of_source(source).and_then(|issuer| issuer.places.as_ref());
        places.and_then(|places| places.set.proxy_header.clone()).map(CredentialPlace::Header).into_iter().collect()
    }

    fn describe(&self, source: &Issuer) -> String {
        self.bearer.describe_issuer(source)
    }
}

/// Returns the only credential. Two of them are malformed.
fn only<'r>(found: impl Iterator<Item = Extracted<'r>>) -> Extracted<'r> {
    let mut found = found.filter(|found| !matches!(found, Extracted::Absent));
    match (found.next(), found.next()) {
        (None, _) => Extracted::Absent,
        (Some(one), None) => one,
        (Some(_), Some(_)) => Extracted::Refused(SyntaxError::malformed(None, "two credentials")),
    }
}
