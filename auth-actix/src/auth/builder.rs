//! The settings of an `Auth`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use auth_core::audit::Sink;
use auth_core::client::address::Forwarding;
use auth_core::client::country::Countries;
use auth_core::identity::grants::Grants;
use auth_core::identity::issuer::RoleTypes;
use auth_core::identity::vocabulary::{PermissionSet, RoleSet, Vocabulary};
use auth_core::runtime::set_once::SetOnce;
#[cfg(feature = "api-key")]
use auth_core::scheme::api_key::ApiKeyScheme;
#[cfg(feature = "basic")]
use auth_core::scheme::basic;
#[cfg(feature = "jwt")]
use auth_core::scheme::bearer::{IssuerResolver, Jwt, TokenCache};
#[cfg(feature = "dpop")]
use auth_core::scheme::dpop::Dpop;
#[cfg(feature = "session")]
use auth_core::scheme::session::Sessions;
#[cfg(all(feature = "oidc", feature = "session"))]
use auth_core::scheme::session::oidc_login::OidcLogin;
#[cfg(feature = "blocks")]
use auth_core::store::blocklist::Blocks;
use auth_core::store::roles::RolesFrom;
#[cfg(feature = "session")]
use auth_core::store::users::Passwords;

use super::Peer;
use crate::custom_scheme::CustomScheme;
use crate::respond::{Refused, Texts};

/// Settings of an [`Auth`](crate::Auth). Nothing that keeps strangers out has a default that lets them in.
#[derive(Default)]
#[must_use]
pub struct AuthBuilder {
    pub(super) realm: Option<String>,
    #[cfg(feature = "jwt")]
    pub(super) jwts: Vec<Jwt>,
    #[cfg(feature = "dpop")]
    pub(super) dpop: Option<Dpop>,
    #[cfg(feature = "basic")]
    pub(super) basic: Option<basic::Basic>,
    #[cfg(feature = "api-key")]
    pub(super) api_keys: Option<ApiKeyScheme>,
    #[cfg(feature = "session")]
    pub(super) sessions: Option<Sessions>,
    #[cfg(all(feature = "oidc", feature = "session"))]
    pub(super) oidc_login: Option<OidcLogin>,
    #[cfg(feature = "session")]
    pub(super) users: Option<Passwords>,
    pub(super) own: Vec<CustomScheme>,
    pub(super) foreign_authorization: bool,
    #[cfg(feature = "jwt")]
    pub(super) subprotocol: Option<String>,
    #[cfg(feature = "jwt")]
    pub(super) cookie: Option<String>,
    #[cfg(feature = "jwt")]
    pub(super) tickets: bool,
    #[cfg(feature = "jwt")]
    pub(super) token_cache: TokenCache,
    pub(super) once: SetOnce,
    pub(super) roles: RoleTypes,
    pub(super) roles_from: Option<RolesFrom>,
    #[cfg(feature = "jwt")]
    pub(super) issuers_from: Option<Arc<dyn IssuerResolver>>,
    pub(super) same: Vec<(&'static Vocabulary, &'static Vocabulary)>,
    pub(super) address: Address,
    pub(super) countries: Option<Countries>,
    #[cfg(feature = "blocks")]
    pub(super) blocks: Option<Blocks>,
    pub(super) hosts: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) resource: Option<String>,
    pub(super) sink: Option<Arc<dyn Sink>>,
    pub(super) tells_grants: bool,
    pub(super) login_page: Option<String>,
    pub(super) problem_base: Option<String>,
    pub(super) renderer: Option<Box<crate::respond::Renderer>>,
    pub(super) texts: Option<Box<crate::respond::TextsOf>>,
    #[cfg(feature = "test-util")]
    pub(super) test_keys: Option<(crate::stand_in::Keys, bool)>,
}

/// Where addresses come from, as it was said.
#[derive(Default)]
pub(super) enum Address {
    #[default]
    Unset,
    Peer,
    Behind(Vec<String>, Forwarding),
    Hops(NonZeroUsize, Forwarding),
}

impl AuthBuilder {
    /// Takes note of a setting of one value: a second call would undo the first.
    fn once(mut self, name: &'static str) -> Self {
        self.once.note(name);
        self
    }

    /// The name of what is protected, for challenges (RFC 9110 §11.5). `restricted` unless set.
    pub fn realm(self, realm: impl Into<String>) -> Self {
        Self { realm: Some(realm.into()), ..self.once("realm") }
    }

    /// Accepts bearer tokens of this issuer. Call it again for another one; tokens are told apart by `iss`, and with
    /// several sources each says what it [confers](Jwt::confers).
    #[cfg(feature = "jwt")]
    pub fn bearer(mut self, jwt: Jwt) -> Self {
        self.jwts.push(jwt);
        self
    }

    /// Accepts tokens of the issuers of [`bearer`](Self::bearer) that are bound to a key, with a proof of it (RFC 9449). Whoever
    /// sends such a token without one is refused, here as without this.
    #[cfg(feature = "dpop")]
    pub fn dpop(self, dpop: Dpop) -> Self {
        Self { dpop: Some(dpop), ..self.once("dpop") }
    }

    /// Accepts names and passwords of these users (RFC 7617).
    #[cfg(feature = "basic")]
    pub fn basic(self, users: impl Into<basic::Basic>) -> Self {
        Self { basic: Some(users.into()), ..self.once("basic") }
    }

    /// Accepts API keys.
    #[cfg(feature = "api-key")]
    pub fn api_keys(self, keys: impl Into<ApiKeyScheme>) -> Self {
        Self { api_keys: Some(keys.into()), ..self.once("api_keys") }
    }

    /// Accepts session cookies. [`Session`](crate::Session) begins and ends sessions.
    #[cfg(feature = "session")]
    pub fn session(self, sessions: Sessions) -> Self {
        Self { sessions: Some(sessions), ..self.once("session") }
    }

    /// Logs people in at an OpenID provider, with a session of [`session`](Self::session). Unless
    /// [`login_page`](Self::login_page) says otherwise, browsers are sent to `/login`, where
    /// [`Auth::oidc_login`](crate::Auth::oidc_login) stands.
    #[cfg(all(feature = "oidc", feature = "session"))]
    pub fn oidc_login(self, login: OidcLogin) -> Self {
        Self { oidc_login: Some(login), ..self.once("oidc_login") }
    }

    /// The users whose passwords a login is checked against; those of [`basic`](Self::basic) unless set.
    #[cfg(feature = "session")]
    pub fn users(self, users: impl Into<Passwords>) -> Self {
        Self { users: Some(users.into()), ..self.once("users") }
    }

    /// Accepts the credentials of a scheme of the application's own. Call it again for another one.
    pub fn scheme(mut self, scheme: impl Into<CustomScheme>) -> Self {
        self.own.push(scheme.into());
        self
    }

    /// How tokens that were verified are remembered: by default those that a public key verifies, 10,000 of them for ten minutes at
    /// most. Whether a token is in time, its key still holds, or somebody is blocked is asked each time all the same.
    ///
    /// # Errors
    /// [`BuildError::TokenCache`](crate::BuildError::TokenCache) where it could keep nothing.
    #[cfg(feature = "jwt")]
    pub fn token_cache(self, token_cache: TokenCache) -> Self {
        Self { token_cache, ..self.once("token_cache") }
    }

    /// Pages open WebSockets and `EventSource`s with a ticket in the address, `?ticket=…`, which stands for a bearer token once: see
    /// [`Ticket`](crate::Ticket). Beside another credential it is a second one.
    ///
    /// # Errors
    /// [`BuildError::TicketsWithoutTokens`](crate::BuildError::TicketsWithoutTokens) where no bearer tokens are accepted.
    #[cfg(feature = "jwt")]
    pub fn tickets(self) -> Self {
        Self { tickets: true, ..self }
    }

    /// Pages open WebSockets with a token: a browser lets a script set no header there but the subprotocols. The one of this name is
    /// followed by the token, `new WebSocket(url, ["bearer", token])`, and is the one that the answer chooses. The token is a
    /// bearer token as in `Authorization`, and beside that a second credential.
    ///
    /// # Errors
    /// [`BuildError::Subprotocol`](crate::BuildError::Subprotocol) where the name is no token (RFC 6455 §4.1), or no bearer tokens are accepted.
    #[cfg(feature = "jwt")]
    pub fn bearer_in_subprotocol(self, name: impl Into<String>) -> Self {
        Self { subprotocol: Some(name.into()), ..self.once("bearer_in_subprotocol") }
    }

    /// Accepts bearer tokens in the cookie of this name, which is to be `HttpOnly`, `Secure` and `SameSite`. A browser sends it by
    /// itself, so what changes state must come from pages of [`hosts`](Self::hosts) or [`origins`](Self::origins). It counts only without
    /// an explicit credential and without a session. Of two cookies of the name neither counts.
    ///
    /// ```
    /// use auth_actix::{Auth, Jwt};
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
    /// let auth = Auth::builder().bearer(jwt).bearer_cookie("access_token").hosts(["app.example"]).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Cookie`](crate::BuildError::Cookie) where no cookie has such a name, or no bearer tokens are accepted.
    #[cfg(feature = "jwt")]
    pub fn bearer_cookie(self, name: impl Into<String>) -> Self {
        Self { cookie: Some(name.into()), ..self.once("bearer_cookie") }
    }

    /// An `Authorization` line of a scheme that nobody here accepts counts as none, and a cookie or an API key beside it counts.
    /// Without this it means that the caller presents something else, and nothing stands in for it. For an application behind a
    /// proxy that passes its own Basic on.
    pub fn ignore_authorization_of_other_schemes(self) -> Self {
        Self { foreign_authorization: true, ..self }
    }

    /// A type of roles whose `grants(…)` count: who holds one of them holds what it grants. The types that rules of scopes
    /// name are known anyway; this is for one that no rule names, because all rules ask for permissions.
    pub fn roles<R: RoleSet>(self) -> Self {
        self.roles.add(R::VOCABULARY);
        self
    }

    /// Permissions that roles grant beside those that they declare, as data. Their version is told with every event of the
    /// [audit](Self::audit).
    pub fn grants<R: RoleSet, P: PermissionSet>(self, grants: &Grants<R, P>) -> Self {
        let with_type = self.once("grants").roles::<R>();
        Self { roles: with_type.roles.with_data(grants.table().clone()), ..with_type }
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
    pub fn roles_from(self, source: impl Into<RolesFrom>) -> Self {
        Self { roles_from: Some(source.into()), ..self.once("roles_from") }
    }

    /// Who stands for an issuer that is not registered by its own name: one of a provider that has an issuer for each of its
    /// tenants. Picks one of the issuers of [`bearer`](Self::bearer); a token makes this server ask nobody else.
    #[cfg(feature = "jwt")]
    pub fn issuers_from(self, resolver: impl IssuerResolver) -> Self {
        Self { issuers_from: Some(Arc::new(resolver)), ..self.once("issuers_from") }
    }

    /// Says that names which both types declare mean the same. Otherwise two types that declare one name do not start:
    /// names are what tokens carry, and one name would have two meanings.
    pub fn same_names<A: auth_core::identity::vocabulary::Declares, B: auth_core::identity::vocabulary::Declares>(
        mut self,
    ) -> Self {
        self.same.push((A::VOCABULARY, B::VOCABULARY));
        self
    }

    /// The client is the socket's [`Peer`]. A request that carries a forwarding header has then an address that is not
    /// known: some proxy is there after all.
    pub fn client_address(self, _peer: Peer) -> Self {
        Self { address: Address::Peer, ..self.once("client_address") }
    }

    /// The client is whom these proxies name in this header: the right-most entry that is none of them. Addresses and
    /// networks, and `"unix"` for a proxy on a Unix socket. A network that rules name must hold no proxies.
    pub fn behind(self, proxies: impl IntoIterator<Item = impl Into<String>>, header: Forwarding) -> Self {
        Self {
            address: Address::Behind(proxies.into_iter().map(Into::into).collect(), header),
            ..self.once("client_address")
        }
    }

    /// The client is whom so many proxies name in this header, counted from the right, whatever their addresses. Only
    /// where nobody reaches this server past them.
    pub fn behind_hops(self, hops: NonZeroUsize, header: Forwarding) -> Self {
        Self { address: Address::Hops(hops, header), ..self.once("client_address") }
    }

    /// Where the country of an address comes from; rules that name one need it.
    pub fn countries(self, countries: Countries) -> Self {
        Self { countries: Some(countries), ..self.once("countries") }
    }

    /// Who is refused whatever a rule says: blocked addresses before anything else, blocked subjects and tokens and what was
    /// revoked once a credential is verified. A rule that lets somebody in without a credential lets them in without one,
    /// blocked or not, unless their address is.
    #[cfg(feature = "blocks")]
    pub fn blocks(self, blocks: Blocks) -> Self {
        Self { blocks: Some(blocks), ..self.once("blocks") }
    }

    /// The names of this server, without scheme and port. Calls add up. Rules that name a network or a country need them, against DNS
    /// rebinding: in a request for another name, the address is unknown. Pages of these hosts may open WebSockets with a cookie, and
    /// change state over plain HTTP: there a browser sends an `Origin`, and no `Sec-Fetch-Site`.
    pub fn hosts(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.hosts.extend(names.into_iter().map(Into::into));
        self
    }

    /// Origins of front ends elsewhere whose pages may change state here: scheme, host and port, such as
    /// `https://app.example`. Calls add up. For pages of this server itself, [`hosts`](Self::hosts) are enough.
    pub fn origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.origins.extend(origins.into_iter().map(Into::into));
        self
    }

    /// What this server is called as an OAuth 2.0 protected resource (RFC 8707 §2): its `https` address, as tokens name it in
    /// `aud`. Challenges then say where [`Auth::metadata`](crate::Auth::metadata) are, and a client that was never told about
    /// this server finds out whose token to bring.
    pub fn resource(self, identifier: impl Into<String>) -> Self {
        Self { resource: Some(identifier.into()), ..self.once("resource") }
    }

    /// Who is told of each refusal, log-in, log-out and change of the lists; and of what is granted to somebody whom a browser
    /// speaks for by itself, or in whose name another acts. Called while the request waits: put what takes long behind
    /// [`Bounded`](crate::Bounded). A sink that panics refuses what was about to be let in.
    pub fn audit(self, sink: impl Sink) -> Self {
        Self { sink: Some(Arc::new(sink)), ..self.once("audit") }
    }

    /// Tells of everything that is granted.
    pub fn audit_grants(self) -> Self {
        Self { tells_grants: true, ..self }
    }

    /// Where a browser that navigates is sent when a login would help. A path on this site; `return_to` says where to come
    /// back to.
    pub fn login_page(self, path: impl Into<String>) -> Self {
        Self { login_page: Some(path.into()), ..self.once("login_page") }
    }

    /// What the `type` of problems begins with (RFC 9457 §3.1.1), such as `https://api.example/problems/`.
    pub fn problem_base(self, base: impl Into<String>) -> Self {
        Self { problem_base: Some(base.into()), ..self.once("problem_base") }
    }

    /// What the pages say to a request: the login page, and those of refusals. English unless set.
    pub fn texts(self, texts: impl Fn(&HttpRequest) -> Texts + Send + Sync + 'static) -> Self {
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

    /// Replaces the keys of every issuer by those of a test. Refused in release builds.
    #[cfg(feature = "test-util")]
    pub fn test_keys(self, keys: &crate::stand_in::Keys) -> Self {
        Self { test_keys: Some((keys.clone(), false)), ..self }
    }

    /// The same in a release build, for who tests one and never serves it.
    #[cfg(feature = "test-util")]
    pub fn test_keys_although_this_is_a_release_build(self, keys: &crate::stand_in::Keys) -> Self {
        Self { test_keys: Some((keys.clone(), true)), ..self }
    }
}

impl std::fmt::Debug for AuthBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthBuilder").field("realm", &self.realm).finish_non_exhaustive()
    }
}
