//! The settings of an `Auth`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use auth_core::audit::Sink;
use auth_core::client::address::ForwardingHeader;
use auth_core::client::country::Countries;
use auth_core::client::tenant::Location;
use auth_core::engine::build::{Address, EngineBuilder};
use auth_core::identity::grants::Grants;
use auth_core::identity::vocabulary::{Declares, PermissionSet, RoleSet};
use auth_core::store;
use auth_core::store::accounts::{Accounts, ProvidedAccounts};
use auth_core::store::rights::ProvidedRights;
use auth_core::store::roles::ProvidedRoles;

use super::{AuthLink, Peer};
use crate::adapter::Actix;
use crate::respond::{Messages, Refused, Renderer, TextsOf};

/// Settings of an [`Auth`](crate::Auth). No setting that restricts access has a permissive default.
#[derive(Default)]
#[must_use]
pub struct AuthBuilder {
    pub(super) engine: EngineBuilder<Actix>,
    pub(super) renderer: Option<Box<Renderer>>,
    pub(super) texts: Option<Box<TextsOf>>,
    /// Settings that refer to the `Auth`.
    pub(super) links: Vec<AuthLink>,
}

impl AuthBuilder {
    /// Applies a setting with one value. A second call is a mistake, because it would replace the first.
    pub(crate) fn set(self, name: &'static str, set: impl FnOnce(&mut EngineBuilder<Actix>)) -> Self {
        self.once(name).with(set)
    }

    /// Applies a setting whose calls accumulate.
    pub(crate) fn with(mut self, add: impl FnOnce(&mut EngineBuilder<Actix>)) -> Self {
        add(&mut self.engine);
        self
    }

    /// Adds settings that refer to the `Auth` when it is built.
    pub(crate) fn link(mut self, link: AuthLink) -> Self {
        self.links.push(link);
        self
    }

    pub(crate) fn once(mut self, name: &'static str) -> Self {
        self.engine.once.note(name);
        self
    }

    /// Sets the realm of challenges (RFC 9110 §11.5). Default: `restricted`.
    pub fn realm(self, realm: impl Into<String>) -> Self {
        self.set("realm", |engine| engine.realm = Some(realm.into()))
    }

    /// Ignores `Authorization` headers of schemes that are not accepted, so that a cookie or an API key in the same request is
    /// used. By default, such a header counts as the presented credential, and no other credential is used. For applications
    /// behind a proxy that forwards its own Basic credentials.
    pub fn ignore_unknown_schemes(self) -> Self {
        self.with(|engine| engine.ignore_unsupported = true)
    }

    /// Applies the `grants(…)` of a role type: a caller with one of its roles has the permissions that the role grants. Role types
    /// that rules of scopes name are applied automatically. Required only for a role type that no rule names, because all rules ask
    /// for permissions.
    pub fn roles<R: RoleSet>(self) -> Self {
        self.with(|engine| {
            engine.roles.add(R::VOCABULARY);
        })
    }

    /// Adds permissions that roles grant, as data, to those that the role type declares. Each [audit](Self::audit) event contains
    /// the version of the data.
    pub fn grants<R: RoleSet, P: PermissionSet>(self, grants: &Grants<R, P>) -> Self {
        self.roles::<R>().set("grants", |engine| {
            engine.roles = std::mem::take(&mut engine.roles).with_grants(grants);
        })
    }

    /// Sets the provider of roles that credentials do not contain, such as memberships in the application's database.
    ///
    /// The provider is called only if the rule is undecided without these roles, once per request and tenant. Its roles are added
    /// to those of the credential. Rules that require the absence of a role use its answer. While it is unavailable, requests that
    /// depend on it get 503.
    ///
    /// ```
    /// use auth_actix::{Auth, Id, Jwt};
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
    /// let memberships = |caller: Id, tenant: Option<String>| async move {
    ///     // SELECT role FROM memberships WHERE person = caller AND organization = tenant
    ///     let _ = (caller, tenant);
    ///     Ok(vec!["editor".to_owned()])
    /// };
    /// let auth = Auth::builder().bearer(jwt).roles_from(memberships).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn roles_from(self, source: impl Into<ProvidedRoles>) -> Self {
        let source: ProvidedRoles = source.into();
        self.set("roles_from", |engine| engine.rights_provider = Some(source.into()))
    }

    /// Sets the provider of roles and permissions that credentials do not contain, such as memberships in the application's database.
    /// Unlike [`roles_from`](Self::roles_from), it can provide permissions, choose a default tenant, and be asked about tenants with
    /// several dimensions. Only one of the two can be set.
    ///
    /// It is called only if the rule is undecided without these rights, once per request and tenant. While it is unavailable, requests
    /// that depend on it get 503.
    ///
    /// A role is absent only if each source that could have answered has answered: the provider, and the credential, unless its issuer
    /// [confers](crate::Confers) no roles. An answer with a role that no type declares proves no absence, because it may be misspelt.
    ///
    /// ```
    /// use auth_actix::identity::{RightsProvider, RightsUnavailable, Rights};
    /// use auth_actix::{Auth, Id, Jwt, at};
    /// struct Memberships;
    /// impl RightsProvider for Memberships {
    ///     async fn rights(
    ///         &self,
    ///         caller: &Id,
    ///         tenant: Option<&auth_actix::identity::Tenant>,
    ///     ) -> Result<Rights, RightsUnavailable> {
    ///         // SELECT role FROM memberships WHERE person = caller AND organization = tenant
    ///         let _ = (caller, tenant);
    ///         Ok(Rights::new().roles(["editor"]))
    ///     }
    /// }
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
    /// let auth = Auth::builder().bearer(jwt).tenant("org", at::header("X-Org")).rights_from(Memberships).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn rights_from(self, provider: impl Into<ProvidedRights>) -> Self {
        self.set("rights_from", |engine| engine.rights_provider = Some(provider.into()))
    }

    /// Sets the provider of accounts, which are the application's own records of callers. Handlers take the account as
    /// [`Caller`](crate::Caller).
    ///
    /// The account is loaded once per request, after a credential is verified and before the rule is decided. The identity of a caller
    /// is then that of the account, whichever credential was used. A login without an account satisfies no requirement on the caller
    /// except `login`, and gets 403 `account-required` elsewhere. A suspended account gets 403, also from handlers that admit anonymous
    /// callers. While accounts are unavailable, requests with a credential that loads one get 503.
    ///
    /// A single source of credentials loads accounts. If there are several, each states whether it does: `.logs_in()` or
    /// `.keeps_own_identity()`.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use auth_actix::identity::{AccountId, Accounts, Login, Lookup};
    /// use auth_actix::{Auth, Jwt};
    /// struct Member { id: i64 }
    /// struct Members;
    /// impl Accounts for Members {
    ///     type Account = Member;
    ///     type Error = Infallible;
    ///     const KINDS: &'static [&'static str] = &["member"];
    ///     async fn find(&self, login: &Login<'_>) -> Result<Lookup<Member>, Infallible> {
    ///         // SELECT id FROM members WHERE login = who
    ///         let _ = login.who();
    ///         Ok(Lookup::Found(Member { id: 42 }))
    ///     }
    ///     fn account_id(&self, member: &Member) -> AccountId { AccountId::new("member", member.id) }
    /// }
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("forum");
    /// let auth = Auth::builder().bearer(jwt.logs_in()).accounts(Members).sign_up_page("/sign-up").build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`build`](Self::build) returns an error if [`KINDS`](crate::identity::Accounts::KINDS) is invalid, if accounts are cached for more
    /// than 60 s, or if one of several sources does not state whether it logs in.
    pub fn accounts(self, provider: impl Accounts) -> Self {
        self.set("accounts", |engine| engine.accounts = Some(ProvidedAccounts::new(provider)))
    }

    /// Sets the page at which a login without an account can create one: a path on this site. Problems of the type `account-required`
    /// contain it as `sign_up`. A browser navigation is redirected to it, with the path to return to in the query parameter
    /// `return_to`.
    pub fn sign_up_page(self, path: impl Into<String>) -> Self {
        self.set("sign_up_page", |engine| engine.sign_up_page = Some(path.into()))
    }

    /// Declares a dimension of tenants and its locations in requests, for `in = …` in rules. A name that is not declared is that of a
    /// path parameter. Call it once for each dimension.
    ///
    /// The value only selects the tenant for which the rule is evaluated. It never makes the caller a member of that tenant. A
    /// value is 1 to 128 bytes of UTF-8 and occurs once. Without a valid value, an authenticated caller whose access depends on a
    /// tenant gets 400 `tenant-required`. The handler obtains the tenant from the argument [`Tenant`](crate::Tenant).
    ///
    /// ```
    /// use auth_actix::{Auth, at};
    /// let builder = Auth::builder().tenant("org", at::header("X-Org").or_path("org")).tenant("workspace", at::path("workspace"));
    /// ```
    ///
    /// # Errors
    /// [`build`](Self::build) returns [`BuildError::Tenant`](crate::BuildError::Tenant) if a name or a location is invalid.
    pub fn tenant(self, name: &str, location: Location) -> Self {
        self.with(|engine| engine.tenants.push((name.to_owned(), location)))
    }

    /// Registers the value with which objects are loaded: [`Resource::Deps`](crate::Resource::Deps), such as a connection pool or
    /// `web::Data` of one. Call it once for each type.
    ///
    /// # Errors
    /// [`build`](Self::build) returns [`BuildError::ResourceDepsTwice`](crate::BuildError::ResourceDepsTwice) for a second value of one
    /// type. If the value for a registered handler is missing, the server does not start.
    pub fn resource_deps<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.with(|engine| engine.resource_deps.add(value))
    }

    /// Sets the maximum length of a body that contains the key of an object (`at = json("…")` in a rule), in bytes. Default: 65,536.
    /// A longer one is 413 `body-too-large`. Such a body must arrive within 5 s, otherwise the response is 408 `body-timeout`.
    ///
    /// # Errors
    /// [`build`](Self::build) returns an error if the limit is zero, or exceeds an eighth of
    /// [`body_keys_in_flight`](Self::body_keys_in_flight).
    pub fn body_key_limit(self, bytes: usize) -> Self {
        self.set("body_key_limit", |engine| engine.body_keys.limit = bytes)
    }

    /// Sets the maximum number of bytes of all bodies that contain keys of objects and are in memory, in bytes per `Auth`. Default:
    /// 64 MiB. One client network (/24, /48) has at most an eighth of them. Further requests are 503 `body-unavailable`.
    ///
    /// # Errors
    /// [`build`](Self::build) returns an error if an eighth is less than [`body_key_limit`](Self::body_key_limit).
    pub fn body_keys_in_flight(self, bytes: usize) -> Self {
        self.set("body_keys_in_flight", |engine| engine.body_keys.in_flight = bytes)
    }

    /// Sets the maximum number of keys of a batch, which [`Authorizer::each`](crate::Authorizer::each) loads at once. Default: 1,000. A
    /// larger batch is 400 `batch-too-large`.
    ///
    /// # Errors
    /// [`build`](Self::build) returns an error if the limit is zero.
    pub fn batch_limit(self, keys: usize) -> Self {
        self.set("batch_limit", |engine| engine.resource_deps.batch_limit = keys)
    }

    /// Declares that names in both types have the same meaning. Otherwise the server does not start if two types declare the same
    /// name: tokens contain only the name, which would have two meanings.
    pub fn same_names<A: Declares, B: Declares>(self) -> Self {
        self.with(|engine| engine.same.push((A::VOCABULARY, B::VOCABULARY)))
    }

    /// Takes the socket's [`Peer`] as the client. The address of a request with a forwarding header is unknown, because the header
    /// proves that there is a proxy.
    pub fn client_address(self, _peer: Peer) -> Self {
        self.set("client_address", |engine| engine.address = Address::Peer)
    }

    /// Takes the client address from this header, as set by these proxies: the right-most entry that is not one of them. `proxies`
    /// are addresses, networks, and `"unix"` for a proxy on a Unix socket. Networks in rules must not contain proxies.
    pub fn trusted_proxies(
        self,
        proxies: impl IntoIterator<Item = impl Into<String>>,
        header: ForwardingHeader,
    ) -> Self {
        let proxies = proxies.into_iter().map(Into::into).collect();
        self.set("client_address", |engine| engine.address = Address::Behind(proxies, header))
    }

    /// Takes the client address from this header, as set by this number of proxies, counted from the right, whatever their
    /// addresses are. Use it only if this server cannot be reached without passing them.
    pub fn trusted_proxy_hops(self, hops: NonZeroUsize, header: ForwardingHeader) -> Self {
        self.set("client_address", |engine| engine.address = Address::Hops(hops, header))
    }

    /// Sets the source of the countries of addresses. Required if a rule names a country.
    pub fn countries(self, countries: Countries) -> Self {
        self.set("countries", |engine| engine.countries = Some(countries))
    }

    /// Denies blocked addresses, subjects and tokens, and revoked credentials, whatever the rule is. Addresses are checked before
    /// anything else; subjects, tokens and revocation after a credential is verified. If a rule admits requests without a
    /// credential, a blocked subject can omit it and is then stopped only by a blocked address.
    #[cfg(feature = "blocks")]
    pub fn blocks(self, blocks: store::blocklist::Blocklist) -> Self {
        self.set("blocks", |engine| engine.blocklist = Some(Arc::new(blocks)))
    }

    /// Adds names of this server, without scheme and port. Calls accumulate. In [open mode](Self::open), the loopback hosts are always
    /// included.
    ///
    /// Rules that name a network or a country require them as protection against DNS rebinding: in a request for another host, the
    /// client address is unknown. Pages of these hosts may open WebSockets with a cookie. They may also change state over plain
    /// HTTP, where browsers send `Origin` but not `Sec-Fetch-Site`.
    pub fn hosts(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|engine| engine.hosts.extend(names.into_iter().map(Into::into)))
    }

    /// Adds origins of front ends on other hosts whose pages may change state here: scheme, host and port, such as
    /// `https://app.example`. Calls accumulate. Pages of this server need only [`hosts`](Self::hosts).
    pub fn origins(self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|engine| engine.origins.extend(origins.into_iter().map(Into::into)))
    }

    /// Sets the identifier of this server as an OAuth 2.0 protected resource (RFC 8707 §2): its `https` URL, as in the `aud` claim
    /// of tokens. Challenges then contain the URL of [`Auth::metadata`](crate::Auth::metadata), where clients without prior
    /// configuration find the accepted issuers.
    pub fn resource(self, identifier: impl Into<String>) -> Self {
        self.set("resource", |engine| engine.resource = Some(identifier.into()))
    }

    /// Sets the sink of audit events. Events are denials, logins, logouts, changes of the roles of live sessions, and changes of
    /// the block lists. A grant is an event if browsers send the credential automatically, if an actor acts on behalf of the
    /// caller, or if a network or country rule grants access to an anonymous caller.
    ///
    /// The sink is called while the request waits: wrap a slow sink in [`Bounded`](crate::audit::Bounded). If it panics on a grant,
    /// the request is denied.
    pub fn audit(self, sink: impl Sink) -> Self {
        self.set("audit", |engine| engine.sink = Some(Arc::new(sink)))
    }

    /// Audits every grant.
    pub fn audit_grants(self) -> Self {
        self.with(|engine| engine.audits_grants = true)
    }

    /// Sets the login page: a path on this site. If a login could help, a browser navigation is redirected to it. The query
    /// parameter `return_to` contains the path to return to.
    pub fn login_page(self, path: impl Into<String>) -> Self {
        self.set("login_page", |engine| engine.login_page = Some(path.into()))
    }

    /// Sets the prefix of the `type` of problems (RFC 9457 §3.1.1), such as `https://api.example/problems/`.
    pub fn problem_base(self, base: impl Into<String>) -> Self {
        self.set("problem_base", |engine| engine.problem_base = Some(base.into()))
    }

    /// Sets the texts of the login page and of denial pages, per request. Default: English.
    pub fn messages(self, texts: impl Fn(&HttpRequest) -> Messages + Send + Sync + 'static) -> Self {
        Self { texts: Some(Box::new(texts)), ..self.once("texts") }
    }

    /// Sets the renderer of denials, and of the 404 for hidden handlers and unknown paths. The status, challenges, `Retry-After`
    /// and `Cache-Control` of the decision replace those of the returned response.
    ///
    /// A handler with `not_found` is hidden only if its 404 is rendered like that of an unknown path. Render from
    /// [`Refused::answer`] and the request's headers, not from extensions that middleware or extractors add.
    pub fn render(self, render: impl Fn(&Refused<'_>, &HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Self {
        Self { renderer: Some(Box::new(render)), ..self.once("render") }
    }
}

impl std::fmt::Debug for AuthBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthBuilder").field("realm", &self.engine.realm).finish_non_exhaustive()
    }
}
