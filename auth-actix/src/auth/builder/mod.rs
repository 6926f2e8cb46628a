//! The settings of an `Auth`.

#[cfg(feature = "session")]
mod logins;
#[cfg(feature = "jwt")]
mod tokens;

use std::num::NonZeroUsize;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use auth_core::audit::Sink;
use auth_core::client::address::ForwardingHeader;
use auth_core::client::country::Countries;
use auth_core::engine::build::{Address, EngineBuilder};
use auth_core::identity::grants::Grants;
use auth_core::identity::vocabulary::{Declares, PermissionSet, RoleSet};
use auth_core::store::roles::ProvidedRoles;
use auth_core::{scheme, store};

use super::Peer;
use crate::adapter::Actix;
use crate::custom_scheme::{CustomScheme, CustomSchemes};
use crate::respond::{Messages, Refused, Renderer, TextsOf};

/// Settings of an [`Auth`](crate::Auth). Nothing that keeps strangers out has a default that lets them in.
#[derive(Default)]
#[must_use]
pub struct AuthBuilder {
    pub(super) engine: EngineBuilder<Actix>,
    pub(super) renderer: Option<Box<Renderer>>,
    pub(super) texts: Option<Box<TextsOf>>,
}

impl AuthBuilder {
    /// Makes a setting of one value: a second call would undo the first.
    fn set(self, name: &'static str, set: impl FnOnce(&mut EngineBuilder<Actix>)) -> Self {
        self.once(name).with(set)
    }

    /// Makes a setting whose calls add up.
    fn with(mut self, add: impl FnOnce(&mut EngineBuilder<Actix>)) -> Self {
        add(&mut self.engine);
        self
    }

    fn once(mut self, name: &'static str) -> Self {
        self.engine.once.note(name);
        self
    }

    /// The name of what is protected, for challenges (RFC 9110 §11.5). `restricted` unless set.
    pub fn realm(self, realm: impl Into<String>) -> Self {
        self.set("realm", |engine| engine.realm = Some(realm.into()))
    }

    /// Accepts tokens of the issuers of [`bearer`](Self::bearer) that are bound to a key, with a proof of it (RFC 9449). Whoever
    /// sends such a token without one is refused, here as without this.
    #[cfg(feature = "dpop")]
    pub fn dpop(self, dpop: scheme::dpop::Dpop) -> Self {
        self.set("dpop", |engine| engine.schemes.set(dpop))
    }

    /// Accepts names and passwords of these users (RFC 7617).
    #[cfg(feature = "basic")]
    pub fn basic(self, users: impl Into<scheme::basic::Basic>) -> Self {
        self.set("basic", |engine| engine.schemes.set(users.into()))
    }

    /// Accepts API keys.
    #[cfg(feature = "api-key")]
    pub fn api_keys(self, keys: impl Into<scheme::api_key::ApiKeyScheme>) -> Self {
        self.set("api_keys", |engine| engine.schemes.set(keys.into()))
    }

    /// Accepts client certificates (mutual TLS): those that rustls has verified, which
    /// [`keep_client_certificate`](crate::client_certificate::keep_client_certificate) keeps, and those that trusted proxies pass on, if
    /// [`from_proxies`](crate::client_certificate::ClientCertificates::from_proxies) says so. A browser presents a certificate by itself, so it counts only
    /// without an explicit credential, and requests that change something must come from pages of [`hosts`](Self::hosts) or
    /// [`origins`](Self::origins).
    ///
    /// ```
    /// use auth_actix::{Auth, Id};
    /// use auth_actix::client_certificate::{CertificateName, ClientCertificates};
    /// let roles = |caller: Id, _tenant: Option<String>| async move {
    ///     let reader = Id::client("certificate:restricted", "spiffe://example.org/reader");
    ///     Ok(if caller == reader { vec!["reader".to_owned()] } else { Vec::new() })
    /// };
    /// let certificates = ClientCertificates::named_by(CertificateName::Uri);
    /// let auth = Auth::builder().client_certificates(certificates).roles_from(roles).hosts(["api.example"]).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "client-cert")]
    pub fn client_certificates(self, certificates: scheme::client_certificate::ClientCertificates) -> Self {
        self.set("client_certificates", |engine| engine.schemes.set(certificates))
    }

    /// Accepts the credentials of a scheme of the application's own. Call it again for another one.
    pub fn scheme(self, scheme: impl Into<CustomScheme>) -> Self {
        self.with(|engine| engine.schemes.update(|schemes: &mut CustomSchemes| schemes.0.push(scheme.into())))
    }

    /// An `Authorization` line of a scheme that nobody here accepts counts as none, and a cookie or an API key beside it counts.
    /// Without this it means that the caller presents something else, and nothing stands in for it. For an application behind a
    /// proxy that passes its own Basic on.
    pub fn ignore_unknown_schemes(self) -> Self {
        self.with(|engine| engine.ignore_unsupported = true)
    }

    /// A type of roles whose `grants(…)` count: who holds one of them holds what it grants. The types that rules of scopes
    /// name are known anyway; this is for one that no rule names, because all rules ask for permissions.
    pub fn roles<R: RoleSet>(self) -> Self {
        self.with(|engine| {
            engine.roles.add(R::VOCABULARY);
        })
    }

    /// Permissions that roles grant beside those that they declare, as data. Their version is told with every event of the
    /// [audit](Self::audit).
    pub fn grants<R: RoleSet, P: PermissionSet>(self, grants: &Grants<R, P>) -> Self {
        self.roles::<R>().set("grants", |engine| {
            engine.roles = std::mem::take(&mut engine.roles).with_grants(grants);
        })
    }

    /// Where roles come from that no credential carries, such as memberships in the application's database. Asked where a rule is
    /// still open without them, once a request and tenant; an answer adds to what the credential says. While it is out of
    /// reach, what depends on it is answered with 503. A rule that asks for the absence of a role goes by its answer.
    ///
    /// ```
    /// use auth_actix::{Auth, Id, Jwt};
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
    /// let memberships = |caller: Id, tenant: Option<String>| async move {
    ///     // SELECT role FROM memberships WHERE person = caller AND organisation = tenant
    ///     let _ = (caller, tenant);
    ///     Ok(vec!["editor".to_owned()])
    /// };
    /// let auth = Auth::builder().bearer(jwt).roles_from(memberships).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn roles_from(self, source: impl Into<ProvidedRoles>) -> Self {
        self.set("roles_from", |engine| engine.role_provider = Some(source.into()))
    }

    /// Says that names which both types declare mean the same. Otherwise two types that declare one name do not start:
    /// names are what tokens carry, and one name would have two meanings.
    pub fn same_names<A: Declares, B: Declares>(self) -> Self {
        self.with(|engine| engine.same.push((A::VOCABULARY, B::VOCABULARY)))
    }

    /// The client is the socket's [`Peer`]. A request that carries a forwarding header has then an address that is not
    /// known: some proxy is there after all.
    pub fn client_address(self, _peer: Peer) -> Self {
        self.set("client_address", |engine| engine.address = Address::Peer)
    }

    /// The client is whom these proxies name in this header: the right-most entry that is none of them. Addresses and
    /// networks, and `"unix"` for a proxy on a Unix socket. A network that rules name must hold no proxies.
    pub fn trusted_proxies(
        self,
        proxies: impl IntoIterator<Item = impl Into<String>>,
        header: ForwardingHeader,
    ) -> Self {
        let proxies = proxies.into_iter().map(Into::into).collect();
        self.set("client_address", |engine| engine.address = Address::Behind(proxies, header))
    }

    /// The client is whom so many proxies name in this header, counted from the right, whatever their addresses. Only
    /// where nobody reaches this server past them.
    pub fn trusted_proxy_hops(self, hops: NonZeroUsize, header: ForwardingHeader) -> Self {
        self.set("client_address", |engine| engine.address = Address::Hops(hops, header))
    }

    /// Where the country of an address comes from; rules that name one need it.
    pub fn countries(self, countries: Countries) -> Self {
        self.set("countries", |engine| engine.countries = Some(countries))
    }

    /// Who is refused whatever a rule says: blocked addresses before anything else, blocked subjects and tokens and what was
    /// revoked once a credential is verified. A rule that lets somebody in without a credential lets them in without one,
    /// blocked or not, unless their address is.
    #[cfg(feature = "blocks")]
    pub fn blocks(self, blocks: store::blocklist::Blocklist) -> Self {
        self.set("blocks", |engine| engine.blocklist = Some(Arc::new(blocks)))
    }

    /// The names of this server, without scheme and port. Calls add up. Rules that name a network or a country need them, against DNS
    /// rebinding: in a request for another name, the address is unknown. Pages of these hosts may open WebSockets with a cookie, and
    /// change state over plain HTTP: there a browser sends an `Origin`, and no `Sec-Fetch-Site`.
    pub fn hosts(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|engine| engine.hosts.extend(names.into_iter().map(Into::into)))
    }

    /// Origins of front ends elsewhere whose pages may change state here: scheme, host and port, such as
    /// `https://app.example`. Calls add up. For pages of this server itself, [`hosts`](Self::hosts) are enough.
    pub fn origins(self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|engine| engine.origins.extend(origins.into_iter().map(Into::into)))
    }

    /// What this server is called as an OAuth 2.0 protected resource (RFC 8707 §2): its `https` address, as tokens name it in
    /// `aud`. Challenges then say where [`Auth::metadata`](crate::Auth::metadata) are, and a client that was never told about
    /// this server finds out whose token to bring.
    pub fn resource(self, identifier: impl Into<String>) -> Self {
        self.set("resource", |engine| engine.resource = Some(identifier.into()))
    }

    /// Who is told of each refusal, log-in, log-out and change of the lists; and of what is granted to somebody whom a browser
    /// speaks for by itself, or in whose name another acts. Called while the request waits: put what takes long behind
    /// [`Bounded`](crate::audit::Bounded). A sink that panics refuses what was about to be let in.
    pub fn audit(self, sink: impl Sink) -> Self {
        self.set("audit", |engine| engine.sink = Some(Arc::new(sink)))
    }

    /// Tells of everything that is granted.
    pub fn audit_grants(self) -> Self {
        self.with(|engine| engine.audits_grants = true)
    }

    /// Where a browser that navigates is sent when a login would help. A path on this site; `return_to` says where to come
    /// back to.
    pub fn login_page(self, path: impl Into<String>) -> Self {
        self.set("login_page", |engine| engine.login_page = Some(path.into()))
    }

    /// What the `type` of problems begins with (RFC 9457 §3.1.1), such as `https://api.example/problems/`.
    pub fn problem_base(self, base: impl Into<String>) -> Self {
        self.set("problem_base", |engine| engine.problem_base = Some(base.into()))
    }

    /// What the pages say to a request: the login page, and those of refusals. English unless set.
    pub fn messages(self, texts: impl Fn(&HttpRequest) -> Messages + Send + Sync + 'static) -> Self {
        Self { texts: Some(Box::new(texts)), ..self.once("texts") }
    }

    /// Renders denials, and the 404 of hidden handlers and unknown paths. Status, challenges, `Retry-After` and `Cache-Control` of the
    /// decision replace those of the response.
    ///
    /// A handler with `not_found` is hidden only if its 404 is rendered like that of an unknown path. Render from
    /// [`Refused::answer`] and the request's headers, not from extensions that middleware or extractors have added.
    pub fn render(self, render: impl Fn(&Refused<'_>, &HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Self {
        Self { renderer: Some(Box::new(render)), ..self.once("render") }
    }
}

impl std::fmt::Debug for AuthBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthBuilder").field("realm", &self.engine.realm).finish_non_exhaustive()
    }
}
