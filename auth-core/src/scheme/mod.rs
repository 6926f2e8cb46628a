//! Authentication schemes: each locates its credential in a request and verifies it.

pub mod authorization_header;
mod registry;
pub mod build_error;
pub mod settings;
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
#[cfg(feature = "api-key")]
pub mod api_key;
#[cfg(feature = "client-cert")]
pub mod client_certificate;
#[cfg(feature = "session")]
pub mod session;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

pub use self::authorization_header::Authorization;
pub use self::registry::Schemes;
use crate::client::address::{AddressSource, PeerOrClient};
use crate::client::{Head, RequestHead};
use crate::denial::{Denial, Reason};
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::NameKind;
use crate::runtime::clock::Timestamp;
use crate::runtime::future::LocalBoxFuture;

/// An authentication scheme: locates its credential in a request and verifies it.
///
/// `extract` checks syntax only. `verify` is ready at once unless it needs I/O or hashes a password. A pending verification has no
/// effect until it is polled, so one that is dropped may be made again.
pub trait Authenticator<H: RequestHead>: Send + Sync {
    /// The scheme of the callers whom it authenticates.
    fn scheme(&self) -> SchemeId;

    /// The issuers of its callers.
    fn sources(&self) -> &[Arc<Issuer>];

    /// Finds the credential and checks its syntax.
    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r>;

    /// Verifies a credential that [`extract`](Self::extract) has found.
    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r>;

    /// Whether a browser or a proxy adds the credential by itself. It then counts only if no explicit one was sent.
    fn is_ambient(&self) -> bool {
        false
    }

    /// The headers that it reads beside `Authorization`, in lower case. If one of them changes between two rules, the caller is
    /// authenticated anew.
    fn headers(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether responses may have to contain something about the credential, such as `Vary` or a nonce.
    fn affects_responses(&self) -> bool {
        !self.headers().is_empty()
    }

    /// The denial of a credential that may not be verified now, because too many before it were wrong. Asks no store.
    fn throttle(&self, _credential: &Credential<'_>, _view: &RequestView<'_, H>) -> Option<Denial> {
        None
    }

    /// Whether a credential is verified once a request, and cannot be verified again while a response is being sent.
    fn is_verified_once(&self) -> bool {
        false
    }

    /// Verifies the credential again while a response is being sent. `replacement` is what [`Effects::replacement`] contained.
    /// `None` if there is no replacement.
    fn reverify<'r>(
        &'r self,
        credential: Credential<'r>,
        _replacement: Option<&'r str>,
        view: &RequestView<'r, H>,
    ) -> Option<Verification<'r>> {
        Some(self.verify(credential, view))
    }

    /// Records that a request with the credential was granted: see [`Effects::activity`].
    fn record_activity(&self, _key: ActivityKey) -> LocalBoxFuture<'_, Result<(), Rejection>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// The `Set-Cookie` line that deletes the credential in a browser.
    fn delete_cookie(&self) -> Option<String> {
        None
    }

    /// Whether a `Set-Cookie` line sets a credential of this scheme.
    fn sets_cookie(&self, _line: &[u8]) -> bool {
        false
    }

    /// Where the credential is located, for the access matrix: a kind of place, such as `header`, and a name.
    fn location(&self) -> Option<(&'static str, String)> {
        None
    }

    /// Which credentials of one of its issuers are accepted, for the access matrix.
    fn describe(&self, _source: &Issuer) -> String {
        String::new()
    }

    /// Settings that accept more than their absence would, for the access matrix.
    fn switches(&self) -> Vec<String> {
        Vec::new()
    }

    /// Names in settings and files, to be compared with those that types declare.
    fn configured_names(&self) -> Vec<ConfiguredNames> {
        Vec::new()
    }
}

/// Names in settings or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredNames {
    /// A phrase that introduces them, such as `a user has`.
    pub place: &'static str,
    /// The issuer that they belong to, or nothing.
    pub issuer: String,
    /// What they are names of.
    pub kind: NameKind,
    /// The names.
    pub names: BTreeSet<String>,
}

impl ConfiguredNames {
    /// The roles that users have.
    fn of_users(roles: BTreeSet<String>) -> Self {
        Self { place: "a user has", issuer: String::new(), kind: NameKind::Role, names: roles }
    }
}

/// A request, as schemes read it.
pub struct RequestView<'r, H: RequestHead> {
    /// The head of the request.
    pub head: Head<'r, H>,
    /// Its `Authorization` header.
    pub authorization: Authorization<'r>,
    /// The last `Authorization` line, as the framework has it.
    pub line: Option<&'r H::Line>,
    /// The time of the request.
    pub now: Timestamp,
    /// Where client addresses come from.
    pub address: &'r AddressSource,
}

impl<'r, H: RequestHead> RequestView<'r, H> {
    /// A view of this request.
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

    /// The client's address by which attempts are counted.
    pub fn client(&self) -> Option<PeerOrClient> {
        self.address.throttled_client(H::peer(self.head.0), &self.head)
    }

    /// Whether the request comes from a trusted proxy.
    pub fn is_from_proxy(&self) -> bool {
        self.address.is_from_proxy(H::peer(self.head.0))
    }
}

/// What a scheme finds in a request.
pub enum Extracted<'r> {
    /// No credential.
    Absent,
    /// A credential of a scheme that is not accepted. It authenticates nobody, and no ambient credential replaces it.
    Unsupported,
    /// A credential that is refused for its syntax alone.
    Refused(SyntaxError),
    /// A credential to verify.
    Found(Credential<'r>),
}

/// Why a credential is refused before it is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The scheme, if it is known.
    pub scheme: Option<SchemeId>,
    /// A fixed sentence for the log, which quotes nothing.
    pub cause: &'static str,
    /// Whether the credential is well-formed as far as it was read, and too long to be one of ours.
    is_too_long: bool,
}

impl SyntaxError {
    /// Malformed credentials.
    pub const fn malformed(scheme: Option<SchemeId>, cause: &'static str) -> Self {
        Self { scheme, cause, is_too_long: false }
    }

    /// A credential that is longer than any that is accepted.
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

/// A credential whose syntax is right.
pub struct Credential<'r> {
    /// Its scheme.
    pub scheme: SchemeId,
    /// The credential as it was sent; empty if it was verified before, or if the scheme reads it again.
    pub text: &'r str,
    /// The caller, if this very credential was verified a moment ago.
    pub verified: Option<Principal>,
    /// Whether it was sent in `Authorization`.
    pub is_in_authorization: bool,
    /// Whether it was sent in the query, which shared caches do not treat as a credential.
    pub is_in_query: bool,
    /// The position of its scheme among those of the application.
    index: usize,
}

impl<'r> Credential<'r> {
    /// A credential of this scheme, in a header of its own.
    pub fn new(scheme: SchemeId, text: &'r str) -> Self {
        Self { scheme, text, verified: None, is_in_authorization: false, is_in_query: false, index: 0 }
    }

    /// The same, in `Authorization`.
    pub fn in_authorization(scheme: SchemeId, text: &'r str) -> Self {
        Self { is_in_authorization: true, ..Self::new(scheme, text) }
    }

    /// The position of its scheme among those of the application.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl<'r> From<Credential<'r>> for Extracted<'r> {
    fn from(credential: Credential<'r>) -> Self {
        Self::Found(credential)
    }
}

/// Not the credential.
impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// The verification of a credential.
pub enum Verification<'r> {
    /// It is done.
    Ready(Verified),
    /// It waits for I/O or for a hash.
    Pending(LocalBoxFuture<'r, Verified>),
}

impl<'r> Verification<'r> {
    /// A verification that waits.
    pub fn pending(verified: impl Future<Output = impl Into<Verified>> + 'r) -> Self {
        Self::Pending(Box::pin(async move { verified.await.into() }))
    }
}

/// The outcome of a verification.
pub struct Verified {
    /// The caller, or why the credential is refused.
    pub result: Result<Principal, Denial>,
    /// What few outcomes have.
    pub effects: Option<Box<Effects>>,
}

impl From<Result<Principal, Denial>> for Verified {
    fn from(result: Result<Principal, Denial>) -> Self {
        Self { result, effects: None }
    }
}

/// What the outcome of a verification means for the rest of the request.
#[derive(Default)]
pub struct Effects {
    /// What to record if the request is granted. A request that is denied is no activity.
    pub activity: Option<ActivityKey>,
    /// The nonce for the client's next proof (RFC 9449 §8.2).
    pub next_nonce: Option<String>,
    /// A credential to verify in place of the presented one, which is used up.
    pub replacement: Option<String>,
    /// Whether the browser should delete its cookie.
    pub delete_cookie: bool,
}

/// Identifies an activity to record, such as a session that was used.
pub type ActivityKey = [u8; 32];

/// The refusal of a credential that was accepted before.
#[derive(Debug)]
pub struct Rejection {
    /// The denial.
    pub denial: Denial,
    /// Whether the browser should delete its cookie.
    pub delete_cookie: bool,
}

/// An issuer of identities that this server makes by itself.
#[derive(Clone, Copy)]
enum OwnIssuer {
    /// Users with passwords, however they log in.
    Users,
    ApiKeys,
    Certificates,
}

impl OwnIssuer {
    const ALL: [Self; 3] = [Self::Users, Self::ApiKeys, Self::Certificates];

    /// The name in a realm.
    fn name(self, realm: &str) -> Arc<str> {
        let kind = match self {
            Self::Users => "basic",
            Self::ApiKeys => "apikey",
            Self::Certificates => "certificate",
        };
        format!("{kind}:{realm}").into()
    }
}

/// A part of an engine whose callers log in at a provider, and not at a page of this server.
pub struct LoginAtProvider;

/// The subprotocol behind whose name a page offers a token, if any.
pub struct Subprotocol(pub Option<String>);

#[cfg(test)]
mod tests;
