//! Bearer tokens in a request: in `Authorization` (RFC 6750 §2.1), in a WebSocket subprotocol, or in a cookie.

use std::sync::Arc;

use super::Bearer;
use crate::client::{Head, RequestHead};
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

/// Authenticator for bearer tokens in `Authorization`, and after a WebSocket subprotocol if one is configured.
pub struct BearerTokens {
    bearer: Arc<Bearer>,
    sources: Vec<Arc<Issuer>>,
    subprotocol: Option<String>,
    foreign: Option<Arc<ForeignTokens>>,
}

impl BearerTokens {
    /// Creates an authenticator for tokens that `bearer` verifies. A script that opens a WebSocket may offer a token after the
    /// subprotocol with this name, because it cannot set another header.
    /// `foreign` recognizes tokens of other schemes.
    pub fn new(bearer: Arc<Bearer>, subprotocol: Option<String>, foreign: Option<Arc<ForeignTokens>>) -> Self {
        Self { sources: bearer.sources().cloned().collect(), bearer, subprotocol, foreign }
    }

    /// Looks the token up in the cache first, then checks its length, and scans it last.
    fn in_authorization<'r, H: RequestHead>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let Some(token) = view.authorization.after_bearer() else {
            // The line contains only the name of the scheme.
            return match view.authorization.token68(SchemeId::Bearer) {
                Some(Err(denial)) => Extracted::Refused(denial),
                Some(Ok(_)) | None => Extracted::Absent,
            };
        };
        if let Some(principal) = self.bearer.cached(token, view.now) {
            // Exactly these bytes were scanned before.
            let credential = Credential::in_authorization(SchemeId::Bearer, "");
            return Credential { verified: Some(principal), ..credential }.into();
        }
        if self.foreign.as_ref().is_some_and(|foreign| foreign.claims(TokenPlace::Bearer, token)) {
            return Extracted::Absent;
        }
        if token.len() > self.bearer.longest() {
            return too_long();
        }
        match view.authorization.token68(SchemeId::Bearer) {
            Some(Ok(token)) => Credential::in_authorization(SchemeId::Bearer, token).into(),
            Some(Err(denial)) => Extracted::Refused(denial),
            None => Extracted::Absent,
        }
    }
}

fn too_long<'r>() -> Extracted<'r> {
    let cause = "the token is longer than allowed";
    Extracted::Refused(SyntaxError::too_long(SchemeId::Bearer, cause))
}

/// Returns the token that follows the subprotocol with this name in the list that a WebSocket client offers. Other subprotocols
/// belong to the application.
fn in_subprotocol<'r, H: RequestHead>(head: Head<'r, H>, name: &str, longest: usize) -> Extracted<'r> {
    let refused = |cause| Extracted::Refused(SyntaxError::malformed(Some(SchemeId::Bearer), cause));
    let mut lines = head.bytes("sec-websocket-protocol");
    let Some(line) = lines.next() else { return Extracted::Absent };
    let offered = |line: &'r [u8]| line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let is_named = |protocol: &[u8]| protocol == name.as_bytes();
    // Several lines form one list (RFC 6455 §11.3.4), but a client that sends a token needs only one line.
    if let Some(other) = lines.next() {
        let named = offered(line).chain(offered(other)).chain(lines.flat_map(offered)).any(is_named);
        return if named { refused("a token in several Sec-WebSocket-Protocol headers") } else { Extracted::Absent };
    }
    let mut rest = offered(line).skip_while(|protocol| !is_named(protocol)).skip(1);
    let Some(token) = rest.next() else {
        return if offered(line).any(is_named) {
            refused("no token follows the subprotocol name in Sec-WebSocket-Protocol")
        } else {
            Extracted::Absent
        };
    };
    match std::str::from_utf8(token) {
        _ if rest.any(is_named) => refused("two tokens in Sec-WebSocket-Protocol"),
        Ok(token) if token.len() > longest => too_long(),
        Ok(token) if is_token68(token) => Credential::new(SchemeId::Bearer, token).into(),
        _ => refused("the token in Sec-WebSocket-Protocol is not token68"),
    }
}

/// Verifies a token. The result is ready immediately unless keys must be fetched, or an issuer or the resolver asked.
pub(super) fn verify<'r, H: RequestHead>(
    bearer: &'r Bearer,
    token: &'r str,
    view: &RequestView<'r, H>,
    verified: impl FnOnce(Result<Principal, Denial>) -> Verified + Send + 'r,
) -> Verification<'r> {
    match bearer.verify(token, view.now) {
        Some(result) => Verification::Ready(verified(result)),
        None => {
            let client = view.client().map(|seen| seen.address());
            Verification::pending(async move { verified(bearer.verify_later(token, client).await) })
        }
    }
}

impl<H: RequestHead> Authenticator<H> for BearerTokens {
    fn scheme(&self) -> SchemeId {
        SchemeId::Bearer
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    fn headers(&self) -> Vec<&str> {
        self.subprotocol.iter().map(|_| "sec-websocket-protocol").collect()
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let found = self.in_authorization(view);
        let Some(name) = self.subprotocol.as_ref().filter(|_| view.head.is_websocket_of_page()) else { return found };
        match (found, in_subprotocol(view.head, name, self.bearer.longest())) {
            (found, Extracted::Absent) => found,
            (Extracted::Absent, other) => other,
            _ => {
                let cause = "a token in Sec-WebSocket-Protocol and another credential";
                Extracted::Refused(SyntaxError::malformed(Some(SchemeId::Bearer), cause))
            }
        }
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        if let Some(principal) = credential.verified {
            return Verification::Ready(Ok(principal).into());
        }
        verify(&self.bearer, credential.text, view, Verified::from)
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, view: &RequestView<'_, H>) -> Option<TokenDigest> {
        // The text of a cached credential is empty.
        let token = match credential.text.as_bytes() {
            b"" => view.authorization.after_bearer()?,
            token => token,
        };
        Some(TokenDigest::sha256(token))
    }

    fn describe(&self, source: &Issuer) -> String {
        self.bearer.describe_issuer(source)
    }

    fn switches(&self) -> Vec<String> {
        let of_page = self.subprotocol.iter();
        let of_page =
            of_page.map(|name| format!("a WebSocket handshake may carry a token as the subprotocol after {name}"));
        self.bearer.switches().chain(of_page).collect()
    }
}

/// Authenticator for bearer tokens in a cookie, which a browser sends automatically.
pub struct CookieTokens {
    bearer: Arc<Bearer>,
    sources: Vec<Arc<Issuer>>,
    name: String,
}

impl CookieTokens {
    /// Creates an authenticator for tokens that `bearer` verifies, in the cookie with this name.
    pub fn new(bearer: Arc<Bearer>, name: String) -> Self {
        Self { sources: bearer.cookie_sources().cloned().collect(), bearer, name }
    }

    /// Marks the result of the verification as that of a token in a cookie.
    fn in_cookie(&self, result: Result<Principal, Denial>) -> Verified {
        let result = result.map_err(|denial| Denial { scheme: Some(SchemeId::TOKEN_COOKIE), ..denial });
        result.and_then(|caller| self.bearer.in_cookie(&caller).ok_or_else(|| Denial::new(Reason::SetUp))).into()
    }
}

impl<H: RequestHead> Authenticator<H> for CookieTokens {
    fn scheme(&self) -> SchemeId {
        SchemeId::TOKEN_COOKIE
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    fn is_ambient(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        vec!["cookie"]
    }

    fn places(&self, _: &Issuer) -> Vec<CredentialPlace> {
        vec![CredentialPlace::Cookie(self.name.clone())]
    }

    /// Ignores the token if two cookies have the name, because another host of the site may have set one of them.
    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let pairs = view.head.bytes("cookie").flat_map(|line| line.split(|byte| *byte == b';'));
        // Compared as bytes, because characters that are white space in Unicode are part of a name.
        let values = pairs.map(|pair| pair.strip_prefix(b" ").unwrap_or(pair));
        let mut values = values.filter_map(|pair| pair.strip_prefix(self.name.as_bytes())?.strip_prefix(b"="));
        let (Some(value), None) = (values.next(), values.next()) else { return Extracted::Absent };
        let fits = value.len() <= self.bearer.longest();
        match std::str::from_utf8(value).ok().filter(|token| fits && is_cookie_token(token)) {
            Some(token) => Credential::new(SchemeId::TOKEN_COOKIE, token).into(),
            None => Extracted::Absent,
        }
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        verify(&self.bearer, credential.text, view, |result| self.in_cookie(result))
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, _: &RequestView<'_, H>) -> Option<TokenDigest> {
        Some(TokenDigest::sha256(credential.text.as_bytes()))
    }
}

fn is_cookie_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte))
}
