//! [`Auth`] and its builder. Each wrong setting is a variant of [`BuildError`], so no request finds out.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;
use auth_core::client::address::{AddressSource, Forwarding, HostError, Hosts};
use auth_core::client::cross_site::{OriginError, Origins};
use auth_core::denial::challenge::{Realm, RealmError, SchemeSet};
#[cfg(feature = "basic")]
use auth_core::scheme::basic;
#[cfg(feature = "jwt")]
use auth_core::scheme::bearer::{Bearer, Jwt, JwtError};
use auth_core::source::{RoleTypes, Source};
use auth_core::vocabulary::{Kind, RoleSet, Vocabulary};

use crate::respond::{Answers, Refused};
use actix_web::HttpResponse;

/// The authorization of an application: which credentials it accepts, and how it answers. Cheap to clone; make one, and
/// give each worker a clone.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use actix_web::{App, get};
/// use auth_actix::{Auth, Jwt, require_auth};
///
/// #[require_auth]
/// #[get("/reports")]
/// async fn reports() -> &'static str { "all of them" }
///
/// let auth = Auth::builder()
///     .realm("reports")
///     .bearer(Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports"))
///     .build()?;
/// let app = move || App::new().service(auth.scope("/api").service(reports));
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    answers: Answers,
    #[cfg(feature = "jwt")]
    bearer: Option<Bearer>,
    #[cfg(feature = "basic")]
    basic: Option<basic::Verifier>,
    sources: Vec<Arc<Source>>,
    address: AddressSource,
    hosts: Hosts,
    origins: Origins,
    loopback_only: bool,
    told_of_proxy: AtomicBool,
    /// The role types whose grants count.
    roles: RoleTypes,
    /// The vocabularies that were met so far, and which types are the same on purpose. Looked at when handlers are
    /// registered, never in a request.
    vocabularies: Mutex<Vec<&'static Vocabulary>>,
    same: Vec<(&'static Vocabulary, &'static Vocabulary)>,
}

/// The socket's peer is the client: there is no proxy. For [`AuthBuilder::client_address`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer;

/// What is wrong with the settings. Converts into [`std::io::Error`], which a `main` of actix returns.
#[derive(PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The realm cannot stand in a header.
    #[error("`.realm({0:?})`: {1}")]
    Realm(String, RealmError),
    /// Nobody could ever authenticate.
    #[error("no scheme is accepted: call `.bearer(…)` or `.basic(…)`")]
    NoScheme,
    /// The settings of an issuer of tokens.
    #[cfg(feature = "jwt")]
    #[error("`.bearer(…)` for issuer {issuer:?}: {error}")]
    Jwt {
        /// Which issuer.
        issuer: String,
        /// What is wrong.
        error: JwtError,
    },
    /// With several sources, each says what it may confer; otherwise the weakest makes administrators.
    #[error("`.{0}(…)` does not say what it `.confers(…)`, and there are several sources")]
    ConfersMissing(&'static str),
    /// A proxy is no address and no network.
    #[error("`.behind(…)`: {0:?} is no address and no network")]
    Proxy(String),
    /// No proxy is named.
    #[error("`.behind(…)` names no proxy: write `.client_address(Peer)` if there is none")]
    NoProxy,
    /// An origin that no browser sends.
    #[error("`.origins(…)`: {0}")]
    Origin(OriginError),
    /// A host name that no request asks for.
    #[error("`.hosts(…)`: {0}")]
    Host(HostError),
    /// The login page is somewhere else.
    #[error("`.login_page({0:?})`: write a path on this site, such as \"/login\"")]
    LoginPage(String),
    /// The beginning of problem types is no URI.
    #[error("`.problem_base({0:?})`: write an absolute URI that ends in `/`, `:` or `#`")]
    ProblemBase(String),
    /// `Jwt::dev()` in a build without debug assertions.
    #[error("`Jwt::dev()` is for development: this is a release build")]
    DevInRelease,
    /// Keys of tests in a build without debug assertions.
    #[error("`.test_keys(…)` is for tests: this is a release build")]
    TestKeysInRelease,
}

/// The sentence: it is what Rust prints where `main` returns the error.
impl std::fmt::Debug for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<BuildError> for std::io::Error {
    fn from(error: BuildError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}

/// Settings of an [`Auth`]. Nothing that keeps strangers out has a default that lets them in.
#[derive(Default)]
#[must_use]
pub struct AuthBuilder {
    realm: Option<String>,
    #[cfg(feature = "jwt")]
    jwts: Vec<Jwt>,
    #[cfg(feature = "basic")]
    basic: Option<basic::Basic>,
    roles: RoleTypes,
    same: Vec<(&'static Vocabulary, &'static Vocabulary)>,
    address: Address,
    hosts: Vec<String>,
    origins: Vec<String>,
    login_page: Option<String>,
    problem_base: Option<String>,
    renderer: Option<Box<crate::respond::Renderer>>,
    #[cfg(feature = "test-util")]
    test_keys: Option<(crate::test::Keys, bool)>,
}

#[derive(Default)]
enum Address {
    #[default]
    Unset,
    Peer,
    Behind(Vec<String>, Forwarding),
    Hops(NonZeroUsize, Forwarding),
}

impl AuthBuilder {
    /// The name of what is protected, for challenges (RFC 9110 §11.5). `restricted` unless set.
    pub fn realm(self, realm: impl Into<String>) -> Self {
        Self { realm: Some(realm.into()), ..self }
    }

    /// Accepts bearer tokens of this issuer. Call it again for another one; tokens are told apart by `iss`, and with
    /// several sources each says what it [confers](Jwt::confers).
    #[cfg(feature = "jwt")]
    pub fn bearer(mut self, jwt: Jwt) -> Self {
        self.jwts.push(jwt);
        self
    }

    /// Accepts names and passwords of these users (RFC 7617).
    #[cfg(feature = "basic")]
    pub fn basic(self, users: impl Into<basic::Basic>) -> Self {
        Self { basic: Some(users.into()), ..self }
    }

    /// A type of roles whose `grants(…)` count: who holds one of them holds what it grants. The types that rules of scopes
    /// name are known anyway; this is for one that no rule names, because all rules ask for permissions.
    pub fn roles<R: RoleSet>(self) -> Self {
        self.roles.add(R::VOCABULARY);
        self
    }

    /// Says that names which both types declare mean the same. Otherwise two types that declare one name do not start:
    /// names are what tokens carry, and one name would have two meanings.
    pub fn same_names<A: auth_core::vocabulary::Declares, B: auth_core::vocabulary::Declares>(mut self) -> Self {
        self.same.push((A::VOCABULARY, B::VOCABULARY));
        self
    }

    /// The client is the socket's [`Peer`]. A request that carries a forwarding header has then an address that is not
    /// known: some proxy is there after all.
    pub fn client_address(self, _peer: Peer) -> Self {
        Self { address: Address::Peer, ..self }
    }

    /// The client is whom these proxies name in this header: the right-most entry that is none of them. Addresses and
    /// networks, and `"unix"` for a proxy on a Unix socket. A network that rules name must hold no proxies.
    pub fn behind(self, proxies: impl IntoIterator<Item = impl Into<String>>, header: Forwarding) -> Self {
        Self { address: Address::Behind(proxies.into_iter().map(Into::into).collect(), header), ..self }
    }

    /// The client is whom so many proxies name in this header, counted from the right, whatever their addresses. Only
    /// where nobody reaches this server past them.
    pub fn behind_hops(self, hops: NonZeroUsize, header: Forwarding) -> Self {
        Self { address: Address::Hops(hops, header), ..self }
    }

    /// The names under which this server is asked for. Rules that name a network need them, against DNS rebinding: asked
    /// for under another name, the address is not known.
    pub fn hosts(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { hosts: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Origins of front ends elsewhere whose pages may change state here: scheme, host and port, such as
    /// `https://app.example`. A server that is asked for over plain `http` names itself too: browsers then say no more of
    /// a request than its `Origin`.
    pub fn origins(self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { origins: origins.into_iter().map(Into::into).collect(), ..self }
    }

    /// Where a browser that navigates is sent when a login would help. A path on this site; `return_to` says where to come
    /// back to.
    pub fn login_page(self, path: impl Into<String>) -> Self {
        Self { login_page: Some(path.into()), ..self }
    }

    /// What the `type` of problems begins with (RFC 9457 §3.1.1), such as `https://api.example/problems/`.
    pub fn problem_base(self, base: impl Into<String>) -> Self {
        Self { problem_base: Some(base.into()), ..self }
    }

    /// How refusals look. Status, challenges, `Retry-After` and `Cache-Control` are those of the decision, whatever the
    /// response says.
    pub fn render(self, render: impl Fn(&Refused<'_>, &HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Self {
        Self { renderer: Some(Box::new(render)), ..self }
    }

    /// Replaces the keys of every issuer by those of a test. Refused in release builds.
    #[cfg(feature = "test-util")]
    pub fn test_keys(self, keys: &crate::test::Keys) -> Self {
        Self { test_keys: Some((keys.clone(), false)), ..self }
    }

    /// The same in a release build, for who tests one and never serves it.
    #[cfg(feature = "test-util")]
    pub fn test_keys_although_this_is_a_release_build(self, keys: &crate::test::Keys) -> Self {
        Self { test_keys: Some((keys.clone(), true)), ..self }
    }

    /// Checks the settings, and prepares keys and verifiers. Opens no connection.
    ///
    /// # Errors
    /// A setting is wrong; the error names it.
    pub fn build(self) -> Result<Auth, BuildError> {
        let realm_text = self.realm.unwrap_or_else(|| "restricted".to_owned());
        let realm = Realm::new(&realm_text).map_err(|error| BuildError::Realm(realm_text.clone(), error))?;
        #[cfg_attr(not(any(feature = "jwt", feature = "basic")), allow(unused_mut))]
        let mut sources = Vec::new();
        #[cfg(feature = "jwt")]
        let jwts = {
            #[cfg(feature = "test-util")]
            let jwts = match self.test_keys {
                Some((_, false)) if !cfg!(debug_assertions) => return Err(BuildError::TestKeysInRelease),
                Some((keys, _)) => self.jwts.into_iter().map(|jwt| keys.replace(jwt)).collect(),
                None => self.jwts,
            };
            #[cfg(not(feature = "test-util"))]
            let jwts = self.jwts;
            jwts
        };
        #[cfg(feature = "jwt")]
        let (count, loopback_only) = (jwts.len(), jwts.iter().any(Jwt::is_dev));
        #[cfg(not(feature = "jwt"))]
        let (count, loopback_only) = (0, false);
        if loopback_only && !cfg!(debug_assertions) {
            return Err(BuildError::DevInRelease);
        }
        #[cfg(feature = "basic")]
        let several = count + usize::from(self.basic.is_some()) > 1;
        #[cfg(not(feature = "basic"))]
        let several = count > 1;
        #[cfg(feature = "jwt")]
        let bearer = {
            if several && !jwts.iter().all(Jwt::says_what_it_confers) {
                return Err(BuildError::ConfersMissing("bearer"));
            }
            for jwt in jwts.iter().filter(|jwt| jwt.is_dev()) {
                dev::print_commands(jwt, &self.roles);
            }
            let new =
                |jwts| Bearer::new(jwts, &self.roles).map_err(|(issuer, error)| BuildError::Jwt { issuer, error });
            if jwts.is_empty() { None } else { Some(new(jwts)?) }
        };
        #[cfg(feature = "jwt")]
        sources.extend(bearer.iter().flat_map(Bearer::sources).cloned());
        #[cfg(feature = "basic")]
        let basic = match self.basic {
            Some(basic) if several && !basic.says_what_it_confers() => return Err(BuildError::ConfersMissing("basic")),
            basic => basic.map(|basic| basic.prepare(&realm_text, &self.roles)),
        };
        #[cfg(feature = "basic")]
        sources.extend(basic.iter().map(|basic| Arc::clone(basic.source())));
        let _ = several;
        if sources.is_empty() {
            return Err(BuildError::NoScheme);
        }
        let accepted = sources.iter().fold(SchemeSet::NONE, |set, source: &Arc<Source>| set.with(source.scheme));
        let mut answers = Answers::new(&realm, accepted);
        answers.renderer = self.renderer;
        if let Some(page) = self.login_page {
            let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#');
            if !page.starts_with('/') || page.starts_with("//") || !page.bytes().all(plain) {
                return Err(BuildError::LoginPage(page));
            }
            answers.login_page = Some(page);
        }
        if let Some(base) = self.problem_base {
            let scheme = base.split_once(':').map_or("", |(scheme, _)| scheme);
            let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"\\<>{}|^`".contains(&byte);
            let absolute = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !absolute || !base.ends_with(['/', ':', '#']) || !base.bytes().all(plain) {
                return Err(BuildError::ProblemBase(base));
            }
            answers.base = base;
        }
        let address = address_source(self.address)?;
        Ok(Auth(Arc::new(Inner {
            answers,
            #[cfg(feature = "jwt")]
            bearer,
            #[cfg(feature = "basic")]
            basic,
            sources,
            address,
            hosts: Hosts::new(self.hosts).map_err(BuildError::Host)?,
            origins: Origins::new(self.origins).map_err(BuildError::Origin)?,
            loopback_only,
            told_of_proxy: AtomicBool::new(false),
            vocabularies: Mutex::new(self.roles.iter().collect()),
            roles: self.roles,
            same: self.same,
        })))
    }
}

fn address_source(address: Address) -> Result<AddressSource, BuildError> {
    let (written, header) = match address {
        Address::Unset => return Ok(AddressSource::Unset),
        Address::Peer => return Ok(AddressSource::Peer),
        Address::Hops(hops, header) => return Ok(AddressSource::Hops { hops, header }),
        Address::Behind(written, header) => (written, header),
    };
    if written.is_empty() {
        return Err(BuildError::NoProxy);
    }
    let (mut proxies, mut unix) = (Vec::new(), false);
    for proxy in written {
        if proxy == "unix" {
            unix = true;
        } else {
            proxies.push(auth_core::client::address::network(&proxy).ok_or(BuildError::Proxy(proxy))?);
        }
    }
    Ok(AddressSource::Behind { proxies, unix, header })
}

impl Auth {
    /// Begins with no settings.
    pub fn builder() -> AuthBuilder {
        AuthBuilder::default()
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.0.answers
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn verifier_of_tokens(&self) -> Option<&Bearer> {
        self.0.bearer.as_ref()
    }

    /// The longest bearer token that is looked at.
    pub(crate) fn longest_token(&self) -> usize {
        #[cfg(feature = "jwt")]
        return self.0.bearer.as_ref().map_or(0, Bearer::longest);
        #[cfg(not(feature = "jwt"))]
        0
    }

    #[cfg(feature = "basic")]
    pub(crate) fn verifier_of_passwords(&self) -> Option<&basic::Verifier> {
        self.0.basic.as_ref()
    }

    pub(crate) fn sources(&self) -> &[Arc<Source>] {
        &self.0.sources
    }

    pub(crate) fn address(&self) -> &AddressSource {
        &self.0.address
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    pub(crate) fn origins(&self) -> &Origins {
        &self.0.origins
    }

    /// Whether only this machine may ask, as the keys are those of [`Jwt::dev`].
    pub(crate) fn is_loopback_only(&self) -> bool {
        self.0.loopback_only
    }

    /// Whether this is the first time that a request shows a proxy which nobody declared.
    pub(crate) fn tell_of_proxy_once(&self) -> bool {
        !self.0.told_of_proxy.swap(true, Ordering::Relaxed)
    }

    /// Whether both are clones of one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes note of a vocabulary that a rule names. An earlier one that declares one of its names differently is a
    /// mistake: the name in a token would have two meanings.
    pub(crate) fn meet(&self, vocabulary: &'static Vocabulary) -> Result<(), (&'static str, &'static Vocabulary)> {
        let mut met = self.0.vocabularies.lock().unwrap_or_else(PoisonError::into_inner);
        if met.iter().any(|other| other.is(vocabulary)) {
            return Ok(());
        }
        let same = |other: &Vocabulary| {
            self.0.same.iter().any(|(a, b)| a.is(other) && b.is(vocabulary) || a.is(vocabulary) && b.is(other))
        };
        for other in met.iter().filter(|other| other.kind == vocabulary.kind && !same(other)) {
            if let Some((name, _)) = vocabulary.sorted.iter().find(|(name, _)| other.index_of(name).is_some()) {
                return Err((name, other));
            }
        }
        met.push(vocabulary);
        if vocabulary.kind == Kind::Role && !vocabulary.open && !self.0.roles.add(vocabulary) {
            tracing::error!(target: "auth_actix", "more than {} types of roles: the grants of `{}` do not count", RoleTypes::MOST, vocabulary.declared_in);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issuers = self.0.sources.iter().map(|source| &source.issuer);
        f.debug_tuple("Auth").field(&issuers.collect::<Vec<_>>()).finish()
    }
}

impl std::fmt::Debug for AuthBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthBuilder").field("realm", &self.realm).finish_non_exhaustive()
    }
}

/// What `Jwt::dev()` prints.
#[cfg(feature = "jwt")]
mod dev {
    use auth_core::scheme::bearer::Jwt;
    use auth_core::source::RoleTypes;

    /// A command for each role, with a token that has it.
    #[allow(clippy::print_stderr, reason = "it is for the person at the terminal, and only in debug builds")]
    pub(super) fn print_commands(jwt: &Jwt, roles: &RoleTypes) {
        eprintln!(
            "Jwt::dev(): tokens of a key that ends with this process, for this machine alone. Put your path at the end."
        );
        let names = roles.iter().flat_map(|vocabulary| vocabulary.names);
        for (what, role) in [("no role", None)].into_iter().chain(names.map(|name| (*name, Some(*name)))) {
            let token = jwt.dev_token(role).unwrap_or_default();
            eprintln!("# {what}\ncurl -i -H 'Authorization: Bearer {token}' http://127.0.0.1:8080/");
        }
    }
}

#[cfg(all(test, feature = "jwt"))]
mod tests {
    use super::*;
    use crate::{Confers, Key};

    fn jwt() -> Jwt {
        Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports")
    }

    #[test]
    fn a_wrong_setting_does_not_build_and_is_named() {
        let with = || Auth::builder().bearer(jwt());
        let partner = || Jwt::hs256([8; 32]).issuer("https://partner.example").audience("reports");
        #[rustfmt::skip]
        let table: Vec<(AuthBuilder, &str)> = vec![
            (Auth::builder(), "no scheme is accepted: call `.bearer(…)` or `.basic(…)`"),
            (with().realm("a\r\nb"), "`.realm(\"a\\r\\nb\")`: a realm is visible ASCII and spaces"),
            (Auth::builder().bearer(Jwt::hs256([7; 32]).audience("reports")), "`.bearer(…)` for issuer \"\": `.issuer(…)` is missing: whose tokens are these?"),
            (Auth::builder().bearer(Jwt::hs256([7; 31]).issuer("a").audience("b")), "`.bearer(…)` for issuer \"a\": key 1: an HMAC secret for this algorithm has at least 32 bytes"),
            (with().bearer(partner()), "`.bearer(…)` does not say what it `.confers(…)`, and there are several sources"),
            (Auth::builder().bearer(jwt().confers(Confers::everything())).bearer(partner().confers(Confers::nothing()).or_key(Key::secret(crate::Algorithm::HS256, [7; 32]))),
                "`.bearer(…)` for issuer \"https://partner.example\": two issuers share one HMAC secret"), // L2
            (with().behind(Vec::<String>::new(), Forwarding::Forwarded), "`.behind(…)` names no proxy: write `.client_address(Peer)` if there is none"),
            (with().behind(["proxy.example"], Forwarding::Forwarded), "`.behind(…)`: \"proxy.example\" is no address and no network"),
            (with().behind(["10.0.0.1/8"], Forwarding::Forwarded), "`.behind(…)`: \"10.0.0.1/8\" is no address and no network"),
            (with().hosts(["https://intranet.example"]), "`.hosts(…)`: \"https://intranet.example\" is no host name: write it without a scheme, a port and a path, such as `intranet.example` or `[::1]`"),
            (with().login_page("/log\0in"), "`.login_page(\"/log\\0in\")`: write a path on this site, such as \"/login\""),
            (with().origins(["https://app.example/"]), "`.origins(…)`: an origin is `https://host` or `https://host:port` in lower case, without a path"),
            (with().login_page("//evil.example"), "`.login_page(\"//evil.example\")`: write a path on this site, such as \"/login\""),
            (with().login_page("https://evil.example"), "`.login_page(\"https://evil.example\")`: write a path on this site, such as \"/login\""),
            (with().problem_base("/problems/"), "`.problem_base(\"/problems/\")`: write an absolute URI that ends in `/`, `:` or `#`"),
            (with().problem_base("https://a\"/"), "`.problem_base(\"https://a\\\"/\")`: write an absolute URI that ends in `/`, `:` or `#`"),
        ];
        for (builder, expected) in table {
            assert_eq!(builder.build().unwrap_err().to_string(), expected);
        }
        assert!(with().build().is_ok());
        let error = std::io::Error::from(Auth::builder().build().unwrap_err());
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }

    /// H15: run with and without debug assertions; see `.ci/run`.
    #[test]
    fn keys_for_development_and_tests_build_in_debug_builds_alone() {
        let outcome = |builder: AuthBuilder| builder.build().map(drop);
        let expected = |error| if cfg!(debug_assertions) { Ok(()) } else { Err(error) };
        assert_eq!(outcome(Auth::builder().bearer(Jwt::dev())), expected(BuildError::DevInRelease));
        #[cfg(feature = "test-util")]
        {
            let keys = crate::test::Keys::new();
            assert_eq!(
                outcome(Auth::builder().bearer(jwt()).test_keys(&keys)),
                expected(BuildError::TestKeysInRelease)
            );
            let aloud = Auth::builder().bearer(jwt()).test_keys_although_this_is_a_release_build(&keys);
            assert_eq!(outcome(aloud), Ok(()));
        }
    }

    #[test]
    fn no_debug_shows_a_secret() {
        let builder = Auth::builder().bearer(Jwt::hs256(b"canary-canary-canary-canary-canary"));
        let shown = format!("{builder:?} {:?} {:?}", jwt(), Auth::builder().bearer(jwt()).build());
        assert!(!shown.contains("canary") && !shown.contains("[7, 7"), "{shown}");
    }
}
