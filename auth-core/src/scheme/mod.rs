//! Authentication schemes: each locates its credential in a request and verifies it.

pub mod authorization_header;
pub mod token_place;
mod registry;
pub mod build_error;
pub mod settings;
pub(crate) mod open;
#[cfg(feature = "jwt")]
pub mod bearer;
#[cfg(feature = "jwt")]
pub mod ticket;
#[cfg(feature = "jwt")]
pub mod token_settings;
#[cfg(feature = "dpop")]
pub mod dpop;
#[cfg(feature = "basic")]
pub mod basic;
#[cfg(feature = "own-tokens")]
pub mod own_token;
#[cfg(feature = "client-cert")]
pub mod client_certificate;
#[cfg(feature = "session")]
pub mod session;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

pub use self::authorization_header::Authorization;
pub use self::registry::Schemes;
pub(crate) use self::registry::shared_headers;
pub use self::token_place::ForeignTokens;
use crate::client::address::{AddressSource, PeerOrClient};
use crate::client::{Head, RequestHead};
use crate::denial::{Denial, Reason};
use crate::identity::account_id::AccountId;
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::identity::vocabulary::NameKind;
use crate::matrix::CredentialPlace;
use crate::runtime::clock::Timestamp;
use crate::runtime::future::{BoxFuture, LocalBoxFuture};
use crate::store::unavailable::StoreUnavailable;

/// An authentication scheme: locates its credential in a request and verifies it.
///
/// `extract` checks only the syntax. `verify` is ready immediately unless it needs I/O or hashes a password. A pending verification
/// has no effect until it is polled, so it can be dropped and repeated.
pub trait Authenticator<H: RequestHead>: Send + Sync {
    /// Returns the scheme of the callers that this authenticator verifies.
    fn scheme(&self) -> SchemeId;

    /// Returns the issuers of its callers.
    fn sources(&self) -> &[Arc<Issuer>];

    /// Finds the credential and checks its syntax.
    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r>;

    /// Verifies a credential that [`extract`](Self::extract) has found.
    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r>;

    /// Returns whether a browser or a proxy adds the credential automatically. It is then used only if the request contains no
    /// explicit credential.
    fn is_ambient(&self) -> bool {
        false
    }

    /// Returns the headers that this authenticator reads in addition to `Authorization`, in lower case. If one of them changes
    /// between two rules, the caller is authenticated again.
    fn headers(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Returns whether responses may have to contain information about the credential, such as `Vary` or a nonce.
    fn affects_responses(&self) -> bool {
        !self.headers().is_empty()
    }

    /// Returns a denial if the credential must not be verified now because too many earlier attempts failed. Does not access a
    /// store.
    fn throttle(&self, _credential: &Credential<'_>, _view: &RequestView<'_, H>) -> Option<Denial> {
        None
    }

    /// Returns whether a credential is verified once per request and cannot be verified again while a response is being sent.
    fn is_verified_once(&self) -> bool {
        false
    }

    /// Verifies the credential again while a response is being sent. `replacement` is the value of [`Effects::replacement`].
    /// Returns `None` if a required replacement is missing.
    fn reverify<'r>(
        &'r self,
        credential: Credential<'r>,
        _replacement: Option<&'r str>,
        view: &RequestView<'r, H>,
    ) -> Option<Verification<'r>> {
        Some(self.verify(credential, view))
    }

    /// Returns the digest of the presented token, by which applications and caches find it. `replacement` is the value of
    /// [`Effects::replacement`]. Default: `None`, so that nothing is cached by the credential.
    fn digest(
        &self,
        _credential: &Credential<'_>,
        _replacement: Option<&str>,
        _view: &RequestView<'_, H>,
    ) -> Option<TokenDigest> {
        None
    }

    /// Returns whether credentials may count from some networks only, so that the client address is needed for every rule.
    fn binds_networks(&self) -> bool {
        false
    }

    /// Writes the account of the caller into a stored credential that does not contain it, so that the credential stays that of the
    /// account. `digest` is that of the credential. Called for sessions only.
    fn assign_account<'r>(
        &'r self,
        _digest: &TokenDigest,
        _account: &'r AccountId,
    ) -> BoxFuture<'r, Result<(), Rejection>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Ends or deletes the stored credentials of an account that no longer exists.
    fn forget_account<'r>(&'r self, _account: &'r AccountId) -> BoxFuture<'r, Result<(), StoreUnavailable>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Records that a request with the credential was granted. See [`Effects::activity`].
    fn record_activity(&self, _key: ActivityKey) -> LocalBoxFuture<'_, Result<(), Rejection>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Returns the `Set-Cookie` line that deletes the credential in a browser.
    fn delete_cookie(&self) -> Option<String> {
        None
    }

    /// Returns whether a `Set-Cookie` line sets a credential of this scheme.
    fn sets_cookie(&self, _line: &[u8]) -> bool {
        false
    }

    /// Returns the places of the credentials of one of its issuers, for OpenAPI documents.
    fn places(&self, _source: &Issuer) -> Vec<CredentialPlace> {
        vec![CredentialPlace::Authorization]
    }

    /// Describes the accepted credentials of one of its issuers, for the access matrix.
    fn describe(&self, _source: &Issuer) -> String {
        String::new()
    }

    /// Returns the settings that accept more than the defaults do, for the access matrix.
    fn switches(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns the names in settings and files, for comparison with the names that types declare.
    fn configured_names(&self) -> Vec<ConfiguredNames> {
        Vec::new()
    }
}

/// Names in settings or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredNames {
    /// The phrase that introduces the names, such as `a user has`.
    pub place: &'static str,
    /// The issuer that the names belong to. May be empty.
    pub issuer: String,
    /// The kind of the names.
    pub kind: NameKind,
    /// The names.
    pub names: BTreeSet<String>,
}

impl ConfiguredNames {
    fn of_users(roles: BTreeSet<String>) -> Self {
        Self { place: "a user has", issuer: String::new(), kind: NameKind::Role, names: roles }
    }
}

/// The parts of a request that schemes read.
pub struct RequestView<'r, H: RequestHead> {
    /// The head of the request.
    pub head: Head<'r, H>,
    /// The `Authorization` header.
    pub authorization: Authorization<'r>,
    /// The last `Authorization` line, as represented by the framework.
    pub line: Option<&'r H::Line>,
    /// The time of the request.
    pub now: Timestamp,
    /// The source of client addresses.
    pub address: &'r AddressSource,
}

impl<'r, H: RequestHead> RequestView<'r, H> {
    /// Creates a view of the request.
    pub fn new(request: &'r H::Request, now: Timestamp, address: &'r AddressSource) -> Self {
        let mut lines = H::lines(request, "authorization");
        let first = lines.next();
        let (authorization, line) = match (first, lines.last()) {
            (None, _) => (Authorization::Absent, None),
            (Some(only), None) => (Authorization::Line(only.as_ref().trim_ascii()), Some(only)),
            (Some(_), Some(last)) => (Authorization::Repeated, Some(last)),
        };
        Self { head: Head(request), authorization, line, now, address }
    }

    /// Returns the client address by which failed attempts are counted.
    pub fn client(&self) -> Option<PeerOrClient> {
        self.address.throttled_client(H::peer(self.head.0), &self.head)
    }

    /// Returns whether the request comes from a trusted proxy.
    pub fn is_from_proxy(&self) -> bool {
        self.address.is_from_proxy(H::peer(self.head.0))
    }
}

/// The result of extracting a credential from a request.
pub enum Extracted<'r> {
    /// No credential.
    Absent,
    /// A credential of a scheme that is not accepted. It authenticates no caller and prevents the use of an ambient credential.
    Unsupported,
    /// A credential that is refused because of its syntax.
    Refused(SyntaxError),
    /// A credential to verify.
    Found(Credential<'r>),
}

/// The reason why a credential is refused before it is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The scheme, if it is known.
    pub scheme: Option<SchemeId>,
    /// A fixed sentence for the log. It quotes no part of the request.
    pub cause: &'static str,
    /// Whether the credential is well-formed as far as it was read, but longer than any valid credential of this server.
    is_too_long: bool,
}

impl SyntaxError {
    /// Creates an error for malformed credentials.
    pub const fn malformed(scheme: Option<SchemeId>, cause: &'static str) -> Self {
        Self { scheme, cause, is_too_long: false }
    }

    /// Creates an error for a credential that exceeds the maximum length.
    pub const fn too_long(scheme: SchemeId, cause: &'static str) -> Self {
        Self { scheme: Some(scheme), cause, is_too_long: true }
    }
}

impl From<SyntaxError> for Denial {
    fn from(SyntaxError { scheme, cause, is_too_long }: SyntaxError) -> Self {
        let reason = if is_too_long { Reason::InvalidCredentials } else { Reason::MalformedCredentials };
        Self { scheme, cause: Some(cause), ..Self::new(reason) }
    }
}

/// A syntactically valid credential.
pub struct Credential<'r> {
    /// The scheme of the credential.
    pub scheme: SchemeId,
    /// The credential as it was sent. Empty if it is already verified, or if the scheme reads it from the request again.
    pub text: &'r str,
    /// The caller, if this exact credential was recently verified.
    pub verified: Option<Principal>,
    /// Whether the credential was sent in `Authorization`.
    pub is_in_authorization: bool,
    /// Whether the credential was sent in the query. Shared caches do not treat the query as a credential.
    pub is_in_query: bool,
    /// Index of the scheme in [`Schemes`].
    index: usize,
}

impl<'r> Credential<'r> {
    /// Creates a credential of this scheme that is located in a header of its own.
    pub fn new(scheme: SchemeId, text: &'r str) -> Self {
        Self { scheme, text, verified: None, is_in_authorization: false, is_in_query: false, index: 0 }
    }

    /// Like [`new`](Self::new), for a credential in `Authorization`.
    pub fn in_authorization(scheme: SchemeId, text: &'r str) -> Self {
        Self { is_in_authorization: true, ..Self::new(scheme, text) }
    }

    /// Returns the index of the scheme in [`Schemes`].
    pub fn index(&self) -> usize {
        self.index
    }
}

impl<'r> From<Credential<'r>> for Extracted<'r> {
    fn from(credential: Credential<'r>) -> Self {
        Self::Found(credential)
    }
}

/// Redacts the credential.
impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// The verification of a credential.
pub enum Verification<'r> {
    /// The verification is complete.
    Ready(Verified),
    /// The verification waits for I/O or for a password hash.
    Pending(LocalBoxFuture<'r, Verified>),
}

impl<'r> Verification<'r> {
    /// Creates a pending verification.
    pub fn pending(verified: impl Future<Output = impl Into<Verified>> + 'r) -> Self {
        Self::Pending(Box::pin(async move { verified.await.into() }))
    }
}

/// The outcome of a verification.
pub struct Verified {
    /// The caller, or the denial of the credential.
    pub result: Result<Principal, Denial>,
    /// Additional effects, which are rare.
    pub effects: Option<Box<Effects>>,
}

impl From<Result<Principal, Denial>> for Verified {
    fn from(result: Result<Principal, Denial>) -> Self {
        Self { result, effects: None }
    }
}

/// Effects of a verification on the rest of the request.
#[derive(Default)]
pub struct Effects {
    /// The activity to record if the request is granted. A denied request is not an activity.
    pub activity: Option<ActivityKey>,
    /// The nonce for the client's next proof (RFC 9449 §8.2).
    pub next_nonce: Option<String>,
    /// The credential to verify instead of the presented one, which can be used only once.
    pub replacement: Option<String>,
    /// Whether the browser should delete its cookie.
    pub delete_cookie: bool,
}

/// Identifies an activity to record, such as the use of a session.
pub type ActivityKey = [u8; 32];

/// The refusal of a previously accepted credential.
#[derive(Debug)]
pub struct Rejection {
    /// The denial.
    pub denial: Denial,
    /// Whether the browser should delete its cookie.
    pub delete_cookie: bool,
}

/// An issuer of identities that this server creates itself.
#[derive(Clone, Copy)]
enum OwnIssuer {
    /// Users with passwords, regardless of how they log in.
    Users,
    ApiKeys,
    Certificates,
}

impl OwnIssuer {
    const ALL: [Self; 3] = [Self::Users, Self::ApiKeys, Self::Certificates];

    /// Returns the name of the issuer in a realm.
    fn name(self, realm: &str) -> Arc<str> {
        let kind = match self {
            Self::Users => "basic",
            Self::ApiKeys => "apikey",
            Self::Certificates => "certificate",
        };
        format!("{kind}:{realm}").into()
    }
}

/// A part of an engine whose callers log in at a provider instead of a page of this server.
pub struct LoginAtProvider;

/// The WebSocket subprotocol that a page offers before a token, if configured.
pub struct Subprotocol(pub Option<String>);

#[cfg(test)]
mod tests;
