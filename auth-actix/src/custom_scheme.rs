//! The application's own schemes: it makes out who calls, and all else goes its usual way: what the scheme confers, blocks, the
//! rule, 401 against 403, the audit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::HttpRequest;
use auth_core::PrincipalBuilder;
use auth_core::denial::{Denial, Reason, RetryAfter};
use auth_core::engine::build::{EngineBuilder, is_field_name};
use auth_core::engine::build_error::{BuildError, Mistakes};
use auth_core::engine::schemes::{AllSettings, Assembly, SchemeSettings};
use auth_core::identity::issuer::{Confers, RoleTypes, Source};
use auth_core::identity::scheme_id::{OwnScheme, Scheme};
use auth_core::runtime::timeout;
use auth_core::scheme::{self, Credential, Extracted, RequestView, SyntaxError, Verification};

use crate::adapter::Actix;

/// Where the credentials of a scheme stand in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In a header of its own, which no browser sends by itself. Two credentials in one request are then 400.
    Header(&'a str),
    /// In `Authorization`, behind the name of the scheme.
    Authorization,
    /// Where a browser or a proxy puts it by itself: a cookie, a client certificate. Requests of other sites' pages that change
    /// something are refused, and it counts only where nothing else was presented.
    Ambient,
}

/// Why a credential is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected {
    /// It is none, or somebody else's. Answered with 401.
    Invalid,
    /// It was good once. Answered with 401.
    Expired,
    /// It was taken back. Answered with 401.
    Revoked,
    /// Nobody can tell now. Answered with 503.
    Unavailable,
}

/// What [`Authenticator::authenticate`] returns.
pub type Authenticated<'a> = Pin<Box<dyn Future<Output = Result<PrincipalBuilder, Rejected>> + 'a>>;

/// A scheme of the application's own.
///
/// ```
/// use actix_web::HttpRequest;
/// use auth_actix::{Auth, Authenticated, Authenticator, Place, Principal, Rejected};
///
/// /// Badges of a reader at the door.
/// struct Badges;
///
/// impl Authenticator for Badges {
///     fn name(&self) -> &'static str { "Badge" }
///     fn place(&self) -> Place<'_> { Place::Header("X-Badge") }
///     fn authenticate<'a>(&'a self, request: &'a HttpRequest) -> Authenticated<'a> {
///         Box::pin(async move {
///             match request.headers().get("X-Badge").map(|badge| badge.as_bytes()) {
///                 Some(b"0042-of-a-table-that-is-compared-in-constant-time") => Ok(Principal::builder("alice").role("guard")),
///                 _ => Err(Rejected::Invalid),
///             }
///         })
///     }
/// }
///
/// let auth = Auth::builder().scheme(Badges).build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Authenticator: Send + Sync + 'static {
    /// The name of the scheme, in challenges and in [`Principal::scheme`](auth_core::Principal::scheme); identities are of the
    /// issuer `scheme:<name>`.
    fn name(&self) -> &'static str;

    /// Where its credentials stand.
    fn place(&self) -> Place<'_>;

    /// Whether one is there, for a scheme that is [`Place::Ambient`]. Looks, and verifies nothing.
    fn is_presented(&self, request: &HttpRequest) -> bool {
        let _ = request;
        true
    }

    /// Whether only a trusted proxy can present it: from anybody else it counts as none. Needs
    /// [`behind`](crate::AuthBuilder::behind).
    fn comes_from_a_proxy(&self) -> bool {
        false
    }

    /// The headers that it reads, for a scheme that is [`Place::Ambient`]; cookies need not be named. Where middleware changes one
    /// between two rules, the caller is made out anew.
    fn headers(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Makes out who calls. Called once a request, where a rule asks for it. Where that takes more than 5 s, or panics, it
    /// cannot tell.
    fn authenticate<'a>(&'a self, request: &'a HttpRequest) -> Authenticated<'a>;
}

/// A scheme of the application's own, and what it may confer.
#[derive(Clone)]
#[must_use]
pub struct CustomScheme {
    authenticator: Arc<dyn Authenticator>,
    confers: Option<Confers>,
}

impl CustomScheme {
    /// The scheme of this authenticator.
    pub fn new(authenticator: impl Authenticator) -> Self {
        Self { authenticator: Arc::new(authenticator), confers: None }
    }

    /// What it may confer. Without other sources, everything; beside others, it has to be said.
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    fn says_what_it_confers(&self) -> bool {
        self.confers.is_some()
    }

    fn name(&self) -> &'static str {
        self.authenticator.name()
    }

    fn is_ambient(&self) -> bool {
        self.authenticator.place() == Place::Ambient
    }

    /// Whether browsers send its credentials by themselves. Those of some names they do, wherever they stand (RFC 4559, RFC 7616).
    fn is_sent_by_browsers(&self) -> bool {
        let is_known = ["digest", "negotiate", "ntlm"].iter().any(|known| self.name().eq_ignore_ascii_case(known));
        self.is_ambient() || is_known
    }

    fn comes_from_a_proxy(&self) -> bool {
        self.authenticator.comes_from_a_proxy()
    }

    /// The header that its credentials have for themselves.
    pub(crate) fn header(&self) -> Option<String> {
        match self.authenticator.place() {
            Place::Header(name) => Some(name.to_owned()),
            Place::Authorization | Place::Ambient => None,
        }
    }

    fn prepare(self, scheme: &'static OwnScheme, roles: &RoleTypes) -> Prepared {
        let confers = self.confers.clone().unwrap_or_else(Confers::everything);
        let issuer = format!("scheme:{}", self.name());
        let source = Source::of_builder(&issuer, Scheme::Own(scheme), confers, roles.clone());
        Prepared { header: self.header(), ambient: self.is_ambient(), sources: [Arc::new(source)], scheme: self }
    }
}

impl<A: Authenticator> From<A> for CustomScheme {
    fn from(authenticator: A) -> Self {
        Self::new(authenticator)
    }
}

impl std::fmt::Debug for CustomScheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomScheme").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// The schemes of an application.
#[derive(Default)]
pub(crate) struct CustomSchemes(pub(crate) Vec<CustomScheme>);

impl CustomSchemes {
    /// One of them, beside those before it.
    fn prepare_one(
        own: CustomScheme,
        slot: u8,
        assembly: &Assembly<'_, Actix>,
        before: &[Prepared],
    ) -> Result<Prepared, BuildError> {
        let name = own.name();
        let scheme = OwnScheme::new(name, own.is_sent_by_browsers(), slot);
        let is_free = before.iter().all(|other| !other.source().scheme.name().eq_ignore_ascii_case(name));
        let scheme = scheme.filter(|_| is_free).ok_or(BuildError::SchemeName(name))?;
        let header = own.header();
        if header.as_ref().is_some_and(|header| !is_own_header(header)) {
            return Err(BuildError::SchemeHeader(name, header.unwrap_or_default()));
        }
        Ok(own.prepare(scheme, assembly.roles))
    }
}

impl SchemeSettings<Actix> for CustomSchemes {
    fn order(&self) -> u8 {
        1
    }

    fn issuers(&self) -> Vec<(&'static str, bool)> {
        self.0.iter().map(|own| ("scheme", own.says_what_it_confers())).collect()
    }

    fn check(&self, builder: &EngineBuilder<Actix>, mistakes: &mut Mistakes) {
        if self.0.len() > OwnScheme::MOST {
            mistakes.add(BuildError::TooManySchemes);
        }
        // If proxies are known by their number alone, anybody who reaches this server is one.
        let believes_proxies = |own: &&CustomScheme| own.comes_from_a_proxy() && !builder.address.names_proxies();
        for own in self.0.iter().filter(believes_proxies) {
            mistakes.add(BuildError::SchemeWithoutProxy(own.name()));
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, Actix>, _: &AllSettings<Actix>, mistakes: &mut Mistakes) {
        let mut prepared: Vec<Prepared> = Vec::new();
        for (own, slot) in self.0.into_iter().take(OwnScheme::MOST).zip(0..) {
            let own = Self::prepare_one(own, slot, assembly, &prepared);
            prepared.extend(mistakes.keep(own.map(Some)));
        }
        assembly.schemes.extend(prepared.into_iter().map(|own| Arc::new(own) as _));
    }
}

/// A header that a credential can have for itself: none that browsers send by themselves.
fn is_own_header(name: &str) -> bool {
    let taken = ["authorization", "cookie", "host", "proxy-authorization"];
    is_field_name(name) && !taken.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// A scheme that is ready.
pub(crate) struct Prepared {
    scheme: CustomScheme,
    sources: [Arc<Source>; 1],
    header: Option<String>,
    ambient: bool,
}

impl Prepared {
    pub(crate) fn source(&self) -> &Arc<Source> {
        let [source] = &self.sources;
        source
    }

    fn refused(&self, reason: Reason, cause: &'static str) -> Denial {
        Denial::refused(self.source().scheme, reason, cause)
    }

    async fn authenticate(&self, request: &HttpRequest) -> Result<auth_core::Principal, Denial> {
        let asked = async { self.scheme.authenticator.authenticate(request).await };
        let described = timeout::with_timeout(asked).await.unwrap_or(Err(Rejected::Unavailable));
        let described = described.map_err(|rejected| match rejected {
            Rejected::Invalid => self.refused(Reason::InvalidCredentials, "the application's scheme refuses it"),
            Rejected::Expired => {
                self.refused(Reason::ExpiredCredentials, "the application's scheme says that it has expired")
            }
            Rejected::Revoked => {
                self.refused(Reason::RevokedCredentials, "the application's scheme says that it was revoked")
            }
            Rejected::Unavailable => self.refused(
                Reason::AuthenticationUnavailable(RetryAfter::seconds(5)),
                "the application's scheme cannot tell",
            ),
        })?;
        let principal = described.of(self.source());
        let principal = principal.map_err(|_| {
            self.refused(Reason::SetUp, "the application's scheme describes nobody: the subject is empty")
        })?;
        let ended = principal.expires_at().is_some_and(|end| end <= auth_core::runtime::clock::now());
        if ended { Err(self.refused(Reason::ExpiredCredentials, "the credential has ended")) } else { Ok(principal) }
    }
}

impl scheme::Authenticator<Actix> for Prepared {
    fn scheme(&self) -> Scheme {
        self.source().scheme
    }

    fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    fn is_ambient(&self) -> bool {
        self.ambient
    }

    fn headers(&self) -> Vec<&str> {
        let cookies = self.ambient.then_some("cookie");
        self.header.as_deref().into_iter().chain(cookies).chain(self.scheme.authenticator.headers()).collect()
    }

    fn extract<'r>(&self, view: &RequestView<'r, Actix>) -> Extracted<'r> {
        let scheme = self.source().scheme;
        let authenticator = &self.scheme.authenticator;
        match &self.header {
            Some(header) => match view.head.bytes(header).count() {
                0 => Extracted::Absent,
                1 => Credential::new(scheme, "").into(),
                _ => {
                    Extracted::Refused(SyntaxError::malformed(Some(scheme), "the header of a credential stands twice"))
                }
            },
            None if self.ambient => {
                let counts = view.is_from_proxy() || !authenticator.comes_from_a_proxy();
                match counts && authenticator.is_presented(view.head.0) {
                    true => Credential::new(scheme, "").into(),
                    false => Extracted::Absent,
                }
            }
            None => match view.authorization.of_custom_scheme(self.scheme.name()) {
                None => Extracted::Absent,
                Some(Ok(())) => Credential::in_authorization(scheme, "").into(),
                Some(Err(error)) => Extracted::Refused(error),
            },
        }
    }

    fn verify<'r>(&'r self, _: Credential<'r>, view: &RequestView<'r, Actix>) -> Verification<'r> {
        Verification::pending(self.authenticate(view.head.0))
    }

    fn location(&self) -> Option<(&'static str, String)> {
        self.header.clone().map(|header| ("header", header))
    }
}

/// Who a trusted proxy says the caller is: in a header that it sets, and takes from every request that brings one. Counts only
/// from the proxies of [`behind`](crate::AuthBuilder::behind).
///
/// ```
/// use auth_actix::{Auth, Forwarding, ProxyHeader};
/// let auth = Auth::builder()
///     .behind(["10.0.0.1"], Forwarding::XForwardedFor)
///     .scheme(ProxyHeader::new("X-Forwarded-User").roles("X-Forwarded-Groups"))
///     .build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProxyHeader {
    user: String,
    roles: Option<String>,
}

impl ProxyHeader {
    /// The header that holds the name of the caller.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), roles: None }
    }

    /// The header that lists the caller's roles, separated by commas.
    #[must_use]
    pub fn roles(self, header: impl Into<String>) -> Self {
        Self { roles: Some(header.into()), ..self }
    }
}

/// The one line of a header, if it is visible ASCII or UTF-8 without control characters.
fn single<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut lines = request.headers().get_all(name);
    let line = std::str::from_utf8(lines.next()?.as_bytes()).ok()?.trim_matches([' ', '\t']);
    (lines.next().is_none() && !line.chars().any(char::is_control)).then_some(line)
}

impl Authenticator for ProxyHeader {
    fn name(&self) -> &'static str {
        "Proxy"
    }

    fn place(&self) -> Place<'_> {
        Place::Ambient
    }

    fn is_presented(&self, request: &HttpRequest) -> bool {
        request.headers().contains_key(&self.user)
    }

    fn comes_from_a_proxy(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        [Some(&self.user), self.roles.as_ref()].into_iter().flatten().map(String::as_str).collect()
    }

    fn authenticate<'a>(&'a self, request: &'a HttpRequest) -> Authenticated<'a> {
        Box::pin(async move {
            let user = single(request, &self.user).filter(|user| !user.is_empty()).ok_or(Rejected::Invalid)?;
            let caller = crate::Principal::builder(user);
            match &self.roles {
                Some(header) if request.headers().contains_key(header) => {
                    let roles = single(request, header).ok_or(Rejected::Invalid)?;
                    Ok(caller.roles(roles.split(',').map(str::trim).filter(|role| !role.is_empty())))
                }
                // Without the header nobody has said that there are none.
                _ => Ok(caller),
            }
        })
    }
}

/// Who is logged in by actix-identity. Needs its middleware, and that of actix-session, around the handlers; roles come from
/// [`roles_from`](crate::AuthBuilder::roles_from).
///
/// ```
/// use auth_actix::{Auth, IdentityLogin};
/// let auth = Auth::builder().scheme(IdentityLogin).build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(feature = "identity")]
#[derive(Clone, Copy, Debug)]
pub struct IdentityLogin;

#[cfg(feature = "identity")]
impl Authenticator for IdentityLogin {
    fn name(&self) -> &'static str {
        "Identity"
    }

    fn place(&self) -> Place<'_> {
        Place::Ambient
    }

    fn is_presented(&self, request: &HttpRequest) -> bool {
        use actix_identity::IdentityExt as _;
        request.get_identity().is_ok()
    }

    fn authenticate<'a>(&'a self, request: &'a HttpRequest) -> Authenticated<'a> {
        use actix_identity::IdentityExt as _;
        Box::pin(async move {
            let identity = request.get_identity().map_err(|_| Rejected::Invalid)?;
            identity.id().map(crate::Principal::builder).map_err(|_| Rejected::Invalid)
        })
    }
}
