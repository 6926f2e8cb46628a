//! The settings of an issuer, and what can be wrong with them.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;

#[cfg(feature = "oidc")]
use super::fetched::{Fetch, FetchError, Fetched, Place};
use super::header::SeenHeaders;
#[cfg(feature = "oidc")]
use super::introspection::{Introspection, IntrospectionError, Introspector};
use super::key::{self, Key, KeyError};
use super::{Issuer, token};
use crate::denial::challenge::Scheme;
use crate::source::{Confers, Form, ListClaim, RoleTypes, Source, Tenancy};
use crate::vocabulary::Kind;

/// One issuer of tokens: its keys, and what its tokens have to say.
///
/// Nothing is optional that keeps strangers out: without an issuer, an audience and a key, `build()` refuses.
///
/// ```
/// use auth_core::scheme::bearer::Jwt;
/// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
/// ```
#[derive(Clone)]
pub struct Jwt {
    pub(super) issuer: Option<String>,
    pub(super) unnamed: bool,
    audiences: Vec<String>,
    any_audience: bool,
    pub(super) keys: Vec<Key>,
    set: Option<KeyError>,
    leeway: Duration,
    longest: usize,
    types: Vec<String>,
    lists: Vec<ListClaim>,
    confers: Option<Confers>,
    tenant: Option<String>,
    /// RFC 9068.
    profile: bool,
    /// The secret of [`Jwt::dev`] and [`Jwt::or_dev`].
    dev: Option<[u8; 32]>,
    #[cfg(feature = "oidc")]
    fetch: Option<Fetch>,
    #[cfg(feature = "oidc")]
    pub(super) introspection: Option<Introspection>,
    /// A setting of what is fetched, where nothing is.
    #[cfg(feature = "oidc")]
    misplaced: Option<FetchError>,
}

/// No key material.
impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwt")
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the settings of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtError {
    /// Tokens of anybody would be accepted.
    #[error("`.issuer(…)` is missing: whose tokens are these?")]
    IssuerMissing,
    /// Tokens for any other application of the issuer would be accepted.
    #[error("`.audience(…)` is missing: tokens made for other applications would be accepted")]
    AudienceMissing,
    /// There is nothing to verify with.
    #[error("there is no usable key")]
    KeyMissing,
    /// A key cannot be used.
    #[error("key {position}: {error}")]
    Key {
        /// Which of the keys, from 1.
        position: usize,
        /// What is wrong with it.
        error: KeyError,
    },
    /// Whoever knows a public key could sign with it as a secret.
    #[error("an HMAC secret and public keys are together: give each its own issuer")]
    MixedKeys,
    /// Some of them would never be tried.
    #[error("more than 8 keys of one algorithm have one key id, or none: name each with `.kid(…)`")]
    TooManyKeys,
    /// Without one of the two, no token follows the profile (RFC 9068 §2.2).
    #[error(
        "`.access_token_profile()` beside `.accept_tokens_of_any_audience()` or `.without_issuer(…)`: the profile asks for both"
    )]
    ProfileWithoutNames,
    /// Keys cannot be fetched in this way.
    #[cfg(feature = "oidc")]
    #[error("{0}")]
    Fetch(FetchError),
    /// The issuer cannot be asked about opaque tokens in this way.
    #[cfg(feature = "oidc")]
    #[error("`.introspection(…)`: {0}")]
    Introspection(IntrospectionError),
    /// More than the few minutes of RFC 7519 §4.1.4.
    #[error("`.leeway(…)` is more than 300 s")]
    LeewayTooLong,
    /// A JSON pointer (RFC 6901) is empty or begins with anything but a slash.
    #[error("`{0}` is no JSON pointer: write `/roles`")]
    Pointer(String),
    /// Two issuers have one name.
    #[error("the issuer stands twice")]
    IssuerTwice,
    /// Who may sign for one could sign for the other.
    #[error("two issuers share one HMAC secret")]
    SharedSecret,
    /// Only an issuer that is alone may sign tokens without `iss`.
    #[error("`.without_issuer(…)` beside another issuer: nothing would tell their tokens apart")]
    UnnamedAmongSeveral,
}

/// The defaults, as documented at the methods.
pub(super) const LEEWAY: Duration = Duration::from_secs(60);
const LONGEST_LEEWAY: Duration = Duration::from_secs(300);
const LONGEST_TOKEN: usize = 8 * 1024;

impl Jwt {
    /// Tokens signed with HS256 and this secret of at least 32 bytes.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS256, secret))
    }

    /// Tokens signed with HS384 and this secret of at least 48 bytes.
    pub fn hs384(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS384, secret))
    }

    /// Tokens signed with HS512 and this secret of at least 64 bytes.
    pub fn hs512(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS512, secret))
    }

    /// Tokens that this key verifies.
    pub fn key(key: Key) -> Self {
        let list = |kind, form, name: &str| ListClaim::new(kind, form, vec![name.to_owned()]);
        Self {
            issuer: None,
            unnamed: false,
            audiences: Vec::new(),
            any_audience: false,
            keys: vec![key],
            set: None,
            leeway: LEEWAY,
            longest: LONGEST_TOKEN,
            types: vec!["jwt".to_owned(), "at+jwt".to_owned()],
            lists: vec![
                list(Kind::Role, Form::Array, "roles"),
                list(Kind::Permission, Form::Array, "permissions"),
                list(Kind::Scope, Form::Words, "scope"),
            ],
            confers: None,
            tenant: None,
            profile: false,
            dev: None,
            #[cfg(feature = "oidc")]
            fetch: None,
            #[cfg(feature = "oidc")]
            introspection: None,
            #[cfg(feature = "oidc")]
            misplaced: None,
        }
    }

    /// Tokens of an OpenID provider. `issuer` is its name, as tokens have it in `iss`; where its keys are it says itself
    /// (OpenID Connect Discovery 1.0 §4). Nothing is fetched before the first token comes; from then on the keys are fetched
    /// again every [10 minutes](Self::refresh_every), and when a token names one that is not known.
    ///
    /// Says what an access token is for: give the [`audience`](Self::audience) under which the provider knows this
    /// application, and the [profile](Self::access_token_profile), if it follows it.
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// let jwt = Jwt::oidc("https://id.example").audience("https://api.example").access_token_profile();
    /// ```
    #[cfg(feature = "oidc")]
    pub fn oidc(issuer: impl Into<String>) -> Self {
        let fetch = Some(Fetch::new(Place::Discovered));
        Self { keys: Vec::new(), fetch, ..Self::key(Key::secret(Algorithm::HS256, [])).issuer(issuer) }
    }

    /// Tokens that a key verifies which is published at this address, as a JWK set (RFC 7517 §5). Fetched as those of
    /// [`Jwt::oidc`] are.
    #[cfg(feature = "oidc")]
    pub fn jwks(url: impl Into<String>) -> Self {
        let fetch = Some(Fetch::new(Place::Jwks(url.into())));
        Self { keys: Vec::new(), fetch, ..Self::key(Key::secret(Algorithm::HS256, [])) }
    }

    /// Asks the provider of [`Jwt::oidc`] at this address instead of at its name, as between containers. The name that it
    /// gives itself stays the one that is compared.
    #[cfg(feature = "oidc")]
    #[must_use]
    pub fn fetch_from(mut self, url: impl Into<String>) -> Self {
        match &mut self.fetch {
            Some(fetch @ Fetch { place: Place::Discovered, .. }) => fetch.from = Some(url.into()),
            Some(_) => self.misplaced = Some(FetchError::FromWithoutDiscovery),
            None => self.misplaced = Some(FetchError::NothingFetched("fetch_from")),
        }
        self
    }

    /// How often keys are fetched again. 10 minutes unless set. A key that the provider has taken away verifies no longer than
    /// this.
    #[cfg(feature = "oidc")]
    #[must_use]
    pub fn refresh_every(self, interval: Duration) -> Self {
        self.fetched("refresh_every", |fetch| fetch.refresh_every = interval)
    }

    /// How long the last keys hold while the provider is out of reach. An hour unless set. After that, its tokens are
    /// answered with 503.
    #[cfg(feature = "oidc")]
    #[must_use]
    pub fn max_stale(self, age: Duration) -> Self {
        self.fetched("max_stale", |fetch| fetch.max_stale = age)
    }

    /// For how long after a fetch no token causes the next one, whatever key it names. 30 s unless set; at least 1 s.
    #[cfg(feature = "oidc")]
    #[must_use]
    pub fn cool_down(self, pause: Duration) -> Self {
        self.fetched("cool_down", |fetch| fetch.cool_down = pause)
    }

    #[cfg(feature = "oidc")]
    fn fetched(mut self, setting: &'static str, set: impl FnOnce(&mut Fetch)) -> Self {
        match &mut self.fetch {
            Some(fetch) => set(fetch),
            None => self.misplaced = Some(FetchError::NothingFetched(setting)),
        }
        self
    }

    /// Asks the issuer about tokens that are no JWTs (RFC 7662). What it says is held against the same settings as the claims of
    /// a JWT; of the issuers of one server, one may be asked.
    #[cfg(feature = "oidc")]
    #[must_use]
    pub fn introspection(self, introspection: Introspection) -> Self {
        Self { introspection: Some(introspection), ..self }
    }

    /// For machines without the provider: in debug builds, tokens of a key made at random when the server starts are taken
    /// too, and a command for each role is printed, as [`Jwt::dev`] does; for requests from this machine alone. In release
    /// builds this does nothing.
    #[must_use]
    pub fn or_dev(mut self) -> Self {
        let mut secret = [0; 32];
        if cfg!(debug_assertions) && getrandom::fill(&mut secret).is_ok() {
            self.dev = Some(secret);
        }
        self
    }

    /// Takes access tokens of RFC 9068 alone: `typ` is `at+jwt`, and `client_id`, `iat` and `jti` are there too. No ID token
    /// passes then, nor any other token that the issuer signs.
    #[must_use]
    pub fn access_token_profile(self) -> Self {
        Self { profile: true, ..self.types(["at+jwt"]) }
    }

    /// For the first five minutes: a key made at random when the server starts, and a command for each role printed. Works
    /// in debug builds and for requests from this machine alone.
    #[must_use]
    pub fn dev() -> Self {
        let mut secret = [0; 32];
        // Without random numbers no key: `build` then says that there is none.
        match getrandom::fill(&mut secret) {
            Ok(()) => Self { keys: Vec::new(), dev: Some(secret), ..Self::hs256(secret).issuer("dev").audience("dev") },
            Err(_) => Self { keys: Vec::new(), ..Self::hs256(secret).issuer("dev").audience("dev") },
        }
    }

    /// Whether tokens of development are taken: [`Jwt::dev`], and in debug builds [`Jwt::or_dev`].
    pub fn is_dev(&self) -> bool {
        self.dev.is_some()
    }

    /// A token of development, for an hour, with this role where such tokens list roles.
    pub fn dev_token(&self, role: Option<&str>) -> Option<String> {
        let now = crate::clock::now();
        let subject = role.unwrap_or("dev");
        let mut claims = serde_json::json!({
            "iss": self.issuer, "sub": subject, "client_id": "dev", "auth_time": now.seconds(), "iat": now.seconds(),
            "exp": now.plus(Duration::from_secs(3600)).seconds(), "jti": format!("dev-{subject}-{}", now.seconds()),
        });
        if let (Some(audience), Some(claims)) = (self.audiences.first(), claims.as_object_mut()) {
            claims.insert("aud".to_owned(), audience.as_str().into());
        }
        let list = self.lists.iter().find(|list| list.kind == Kind::Role)?;
        let place = list.path.iter().try_fold(&mut claims, |place, name| {
            Some(place.as_object_mut()?.entry(name).or_insert_with(|| serde_json::json!({})))
        });
        *place? = role.into_iter().collect::<Vec<_>>().into();
        sign_hs256(&self.dev?, &claims)
    }

    /// The name under which identities of these tokens stand; empty where nobody said.
    pub fn name_of_issuer(&self) -> &str {
        self.issuer.as_deref().unwrap_or_default()
    }

    /// The same settings with another key: for tests.
    #[must_use]
    pub fn with_only(self, key: Key) -> Self {
        Self {
            keys: vec![key],
            set: None,
            dev: None,
            #[cfg(feature = "oidc")]
            fetch: None,
            #[cfg(feature = "oidc")]
            introspection: None,
            #[cfg(feature = "oidc")]
            misplaced: None,
            ..self
        }
    }

    /// Tokens that a key of this JWK set (RFC 7517 §5) verifies. Keys that cannot be used are left out.
    pub fn jwk_set(json: &str) -> Self {
        let (keys, set) = match Key::of_set(json, usize::MAX) {
            Ok(keys) => (keys.into_iter().flatten().flatten().collect::<Vec<_>>(), None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let keys = keys.into_iter().filter(|key| key.clone().prepare().is_ok()).collect();
        Self { keys, set, ..Self::key(Key::secret(Algorithm::HS256, [])) }
    }

    /// Also tokens that this key verifies: the next one, or the last one, while keys are rotated by hand.
    #[must_use]
    pub fn or_key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// The `iss` of these tokens, compared byte for byte (RFC 7519 §4.1.1). Half of every identity.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), unnamed: false, ..self }
    }

    /// These tokens need not say `iss`; identities are under `name` instead. For an application that signs its own
    /// tokens and has done so without one. Only an issuer that is alone can do this.
    #[must_use]
    pub fn without_issuer(self, name: impl Into<String>) -> Self {
        Self { issuer: Some(name.into()), unnamed: true, ..self }
    }

    /// An `aud` that is this application's. Call it again for another one; a token has to name one of them.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Accepts tokens that the issuer made for any application, or for none. Whoever runs one of those can then call
    /// this one with the tokens of its users.
    #[must_use]
    pub fn accept_tokens_of_any_audience(self) -> Self {
        Self { any_audience: true, ..self }
    }

    /// Accepts a token for this long past its `exp`, and as long before its `nbf`, for clocks that disagree.
    /// 60 s unless set; at most 300 s, which is how we read the "few minutes" of RFC 7519 §4.1.4.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self }
    }

    /// The longest token that is looked at, in bytes. 8 KiB unless set.
    #[must_use]
    pub fn max_token_size(self, bytes: usize) -> Self {
        Self { longest: bytes, ..self }
    }

    /// Accepts these `typ` alone, where a token has one; `application/` may be left out. `JWT` and `at+jwt` unless set.
    #[must_use]
    pub fn types(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let short = |kind: String| kind.strip_prefix("application/").map(str::to_owned).unwrap_or(kind);
        Self { types: types.into_iter().map(|kind| short(kind.into())).collect(), ..self }
    }

    /// Where the claims list roles, as JSON pointers (RFC 6901) to arrays of strings. `/roles` unless set.
    #[must_use]
    pub fn roles_at(self, pointers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.lists_at(Kind::Role, Form::Array, pointers)
    }

    /// Where the claims list permissions, as JSON pointers to arrays of strings. `/permissions` unless set.
    #[must_use]
    pub fn permissions_at(self, pointers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.lists_at(Kind::Permission, Form::Array, pointers)
    }

    /// Where the claims list scopes in one string, separated by spaces (RFC 8693 §4.2). `/scope` unless set.
    #[must_use]
    pub fn scopes_at(self, pointers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.lists_at(Kind::Scope, Form::Words, pointers)
    }

    /// Where the claims list scopes in arrays of strings: `/scp` at some providers.
    #[must_use]
    pub fn scope_arrays_at(self, pointers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.lists_at(Kind::Scope, Form::Array, pointers)
    }

    fn lists_at(mut self, kind: Kind, form: Form, pointers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.lists.retain(|list| list.kind != kind);
        // A pointer that does not parse is kept whole, for `build` to refuse.
        let list = |pointer: String| ListClaim::new(kind, form, parse_pointer(pointer));
        self.lists.extend(pointers.into_iter().map(|pointer| list(pointer.into())));
        self
    }

    /// Roles as Keycloak lists them: those of the realm, and those of `client`.
    #[must_use]
    pub fn keycloak(self, client: &str) -> Self {
        let client = client.replace('~', "~0").replace('/', "~1");
        self.roles_at(["/realm_access/roles".to_owned(), format!("/resource_access/{client}/roles")])
    }

    /// The same, told apart: with `realm:` and `reports:`, the role `admin` of the realm is `realm:admin` here, and that of the
    /// client `reports:admin`. A prefix may be empty.
    #[must_use]
    pub fn keycloak_with_prefixes(self, client: &str, realm_prefix: &str, client_prefix: &str) -> Self {
        let mut jwt = self.keycloak(client);
        let roles = jwt.lists.iter_mut().filter(|list| list.kind == Kind::Role);
        for (list, prefix) in roles.zip([realm_prefix, client_prefix]) {
            list.prefix = prefix.to_owned();
        }
        jwt
    }

    /// Roles as Auth0 lists them: in the claim that is named `namespace` and `roles`; permissions in `permissions`.
    #[must_use]
    pub fn auth0(mut self, namespace: &str) -> Self {
        self.lists.retain(|list| list.kind != Kind::Role);
        self.lists.push(ListClaim::new(Kind::Role, Form::Array, vec![format!("{namespace}roles")]));
        self
    }

    /// Roles as Entra ID lists them: application roles in `roles`, scopes in the string `scp`.
    #[must_use]
    pub fn entra(self) -> Self {
        self.roles_at(["/roles"]).scopes_at(["/scp"])
    }

    /// Roles as Okta lists them: `groups` are the roles, scopes stand in the array `scp`.
    #[must_use]
    pub fn okta(self) -> Self {
        self.roles_at(["/groups"]).scope_arrays_at(["/scp"])
    }

    /// What these tokens may confer. Without other sources, everything; beside others, it has to be said.
    #[must_use]
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// The tenant whose issuer this is: roles and permissions of its tokens count where a rule says `in` that tenant, and nowhere
    /// else; a session keeps no tenant, so do not give them to one. A claim never binds an issuer to a tenant: whoever runs it would
    /// choose.
    #[must_use]
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: Some(tenant.into()), ..self }
    }

    /// Whether its tokens are of a tenant.
    #[cfg(all(feature = "oidc", feature = "session"))]
    pub(crate) fn is_of_tenant(&self) -> bool {
        self.tenant.is_some()
    }

    /// Whether this is one of its HMAC secrets.
    #[cfg(all(feature = "oidc", feature = "session"))]
    pub fn has_secret(&self, secret: &[u8]) -> bool {
        let other = Key::secret(Algorithm::HS256, secret);
        self.keys.iter().any(|key| key.is_same_secret(&other))
    }

    /// Whether it says what it may confer.
    pub fn says_what_it_confers(&self) -> bool {
        self.confers.is_some()
    }

    /// `tenancy` is that of tokens whose issuer a resolver picks.
    pub(super) fn prepare(self, roles: &RoleTypes, tenancy: Tenancy) -> Result<Issuer, JwtError> {
        let issuer = self.issuer.filter(|issuer| !issuer.is_empty()).ok_or(JwtError::IssuerMissing)?;
        if self.audiences.is_empty() != self.any_audience || self.audiences.iter().any(String::is_empty) {
            return Err(JwtError::AudienceMissing);
        }
        if let Some(error) = self.set {
            return Err(JwtError::Key { position: 1, error });
        }
        #[cfg(feature = "oidc")]
        if let Some(error) = self.misplaced {
            return Err(JwtError::Fetch(error));
        }
        #[cfg(feature = "oidc")]
        let is_fetched = self.fetch.is_some() || self.introspection.is_some();
        #[cfg(not(feature = "oidc"))]
        let is_fetched = false;
        if self.keys.is_empty() && !is_fetched && self.dev.is_none() {
            return Err(JwtError::KeyMissing);
        }
        if self.profile && (self.any_audience || self.unnamed) {
            return Err(JwtError::ProfileWithoutNames);
        }
        if self.keys.iter().any(Key::is_hmac) && (is_fetched || !self.keys.iter().all(Key::is_hmac)) {
            return Err(JwtError::MixedKeys);
        }
        let same = |key: &Key, other: &Key| key.is_tried_with(other);
        if self.keys.iter().any(|key| self.keys.iter().filter(|other| same(key, other)).count() > token::MOST_TRIALS) {
            return Err(JwtError::TooManyKeys);
        }
        if self.leeway > LONGEST_LEEWAY {
            return Err(JwtError::LeewayTooLong);
        }
        if let Some(list) = self
            .lists
            .iter()
            .find(|list| list.path.is_empty() || list.path.iter().any(|name| name.starts_with(NO_POINTER)))
        {
            return Err(JwtError::Pointer(list.path.concat().trim_start_matches(NO_POINTER).to_owned()));
        }
        #[cfg(feature = "oidc")]
        let fetched = self.fetch.map(|fetch| Fetched::new(&issuer, fetch)).transpose().map_err(JwtError::Fetch)?;
        #[cfg(feature = "oidc")]
        let introspector = self.introspection.map(|settings| Introspector::new(settings, fetched.as_ref()));
        // The key of development is not of a kind that the issuer has: nothing that it publishes can stand for it.
        let dev = self.dev.map(|secret| Key::secret(Algorithm::HS256, secret));
        let keys = (1..).zip(self.keys.into_iter().chain(dev));
        let keys = keys.map(|(position, key)| key.prepare().map_err(|error| JwtError::Key { position, error }));
        let source = Source {
            issuer: issuer.into(),
            scheme: Scheme::Bearer,
            confers: self.confers.unwrap_or_else(Confers::everything),
            lists: self.lists,
            has_claims: true,
            tenancy: if self.tenant.is_some() { Tenancy::Always } else { tenancy },
            all_scopes: false,
            roles: roles.clone(),
        };
        Ok(Issuer {
            keys: keys.collect::<Result<_, _>>()?,
            #[cfg(feature = "dpop")]
            proven: Arc::new(Source { scheme: Scheme::Dpop, ..source.clone() }),
            source: Arc::new(source),
            unnamed: self.unnamed,
            audiences: self.audiences,
            leeway: self.leeway,
            longest: self.longest,
            types: self.types,
            profile: self.profile,
            headers: SeenHeaders::default(),
            tenant: self.tenant,
            #[cfg(feature = "oidc")]
            introspector: introspector.transpose().map_err(JwtError::Introspection)?,
            #[cfg(feature = "oidc")]
            fetched,
        })
    }
}

/// Signs the claims of an access token (RFC 9068 §2) with HS256: for development and tests. `None` if the backend fails.
pub fn sign_hs256(secret: &[u8], claims: &serde_json::Value) -> Option<String> {
    key::install_provider();
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let header = jsonwebtoken::Header { typ: Some("at+jwt".to_owned()), ..jsonwebtoken::Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &key).ok()
}

/// Marks text that was given as a JSON pointer and is none. No member of a claims object begins so by accident.
const NO_POINTER: char = '\0';

fn parse_pointer(pointer: String) -> Vec<String> {
    match pointer.strip_prefix('/') {
        Some(path) => path.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect(),
        None => vec![format!("{NO_POINTER}{pointer}")],
    }
}
