//! Settings of fetched keys, metadata and introspection.

use std::path::PathBuf;
use std::time::Duration;

use super::super::key::{Algorithm, Key};
use super::super::remote::{Fetch, FetchError, Introspection, JwksLocation, RemoteSettings};
use super::{Jwt, JwtError};
use crate::oidc::discovery::Reach;

impl Jwt {
    /// Accepts tokens of an OpenID provider. `issuer` is its name, as tokens contain it in `iss`. Its metadata contain the location
    /// of its keys (OpenID Connect Discovery 1.0 §4). Nothing is fetched before the first token arrives. After that, the keys are
    /// fetched again every [10 minutes](Self::refresh_every), and when a token names an unknown key.
    ///
    /// Set the [`audience`](Self::audience) under which the provider knows this application. Few providers need the
    /// [profile](Self::access_token_profile).
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// let jwt = Jwt::oidc("https://id.example/realms/shop").audience("reports").keycloak("reports");
    /// ```
    pub fn oidc(issuer: impl Into<String>) -> Self {
        Self::fetched_from(JwksLocation::Discovered).issuer(issuer)
    }

    /// Accepts tokens that a key of the JWK set at this URL verifies (RFC 7517 §5). The set is fetched like the keys of
    /// [`Jwt::oidc`].
    pub fn jwks(url: impl Into<String>) -> Self {
        Self::fetched_from(JwksLocation::Jwks(url.into()))
    }

    /// Accepts tokens of these tenants of Entra ID (`https://login.microsoftonline.com/{tenant}/v2.0`), verified with the keys that
    /// it publishes for all tenants. A tenant is a GUID. Identities belong to the issuer of the tenant. For tenants that are
    /// unknown at startup, use `AuthBuilder::issuers_from`.
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// let tenants = ["11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"];
    /// let jwt = Jwt::entra_tenants(tenants).audience("the client id of the API").entra();
    /// ```
    ///
    /// # Errors
    /// `build()` returns [`JwtError::IssuerTemplate`] for `common`, `organizations`, `consumers` and anything else that is not a
    /// GUID.
    pub fn entra_tenants(tenants: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut jwt = Self::jwks("https://login.microsoftonline.com/common/discovery/v2.0/keys");
        for tenant in tenants.into_iter().map(Into::into) {
            let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
            if !is_guid(&tenant) {
                jwt.mistake.get_or_insert(JwtError::IssuerTemplate(issuer.clone()));
            }
            jwt = if jwt.issuer.is_none() { jwt.issuer(issuer) } else { jwt.or_issuer(issuer) };
        }
        jwt
    }

    /// Sends requests for the provider of [`Jwt::oidc`] to this URL instead of its name, for example between containers. Tokens and
    /// metadata must still name the issuer. The URL must be `https`, or `http` on the local machine. Over plain `http` between two
    /// containers, an attacker in the network could answer with other keys. Issue a certificate of a private authority to the
    /// provider, and pass the authority to [`root_certificate`](Self::root_certificate).
    #[must_use]
    pub fn fetch_from(self, url: impl Into<String>) -> Self {
        let mut this = self.once("fetch_from");
        match &mut this.remote.fetch {
            Some(fetch @ Fetch { place: JwksLocation::Discovered, .. }) => fetch.from = Some(url.into()),
            Some(_) => this.remote.misplaced = Some(FetchError::FromWithoutDiscovery),
            None => this.remote.misplaced = Some(FetchError::NothingFetched("fetch_from")),
        }
        this
    }

    /// Trusts certificates signed by this authority, in addition to those that the system trusts. Takes one or several certificates
    /// in PEM. Intended for a provider with a private certificate authority.
    #[must_use]
    pub fn root_certificate(self, pem: impl Into<Vec<u8>>) -> Self {
        self.adjust("root_certificate", |fetch| fetch.reach.roots.push(pem.into()))
    }

    /// Connects to the provider through this proxy, such as `http://proxy.example:3128`. A user name and password in the URL are
    /// sent to the proxy. The environment (`HTTPS_PROXY`) is not read.
    #[must_use]
    pub fn proxy(self, url: impl Into<String>) -> Self {
        self.fetched("proxy", |fetch| fetch.reach.proxy = Some(url.into()))
    }

    /// Sends the content of this file as a bearer token when keys and metadata are fetched. The file is read each time, because
    /// such tokens are rotated. Intended for the API server of Kubernetes, which rejects unauthenticated requests:
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// # fn with(ca: Vec<u8>) -> Jwt {
    /// Jwt::oidc("https://kubernetes.default.svc.cluster.local")
    ///     .audience("reports")
    ///     .root_certificate(ca) // of /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
    ///     .bearer_file("/var/run/secrets/kubernetes.io/serviceaccount/token")
    /// # }
    /// ```
    #[must_use]
    pub fn bearer_file(self, path: impl Into<PathBuf>) -> Self {
        self.fetched("bearer_file", |fetch| fetch.reach.bearer_file = Some(path.into()))
    }

    /// Sets the interval at which keys are fetched again. 10 minutes by default. A key that the provider has removed verifies
    /// tokens for at most this long.
    #[must_use]
    pub fn refresh_every(self, interval: Duration) -> Self {
        self.fetched("refresh_every", |fetch| fetch.refresh_every = interval)
    }

    /// Sets how long the last keys remain valid while the provider is unavailable. One hour by default. After that, requests with
    /// its tokens get 503.
    #[must_use]
    pub fn max_stale(self, age: Duration) -> Self {
        self.fetched("max_stale", |fetch| fetch.max_stale = age)
    }

    /// Sets the minimum time between two fetches that tokens trigger, regardless of the keys that they name. 30 s by default, and
    /// at least 1 s.
    #[must_use]
    pub fn cool_down(self, pause: Duration) -> Self {
        self.fetched("cool_down", |fetch| fetch.cool_down = pause)
    }

    fn fetched(self, setting: &'static str, set: impl FnOnce(&mut Fetch)) -> Self {
        self.once(setting).adjust(setting, set)
    }

    fn adjust(mut self, setting: &'static str, set: impl FnOnce(&mut Fetch)) -> Self {
        match &mut self.remote.fetch {
            Some(fetch) => set(fetch),
            None => self.remote.misplaced = Some(FetchError::NothingFetched(setting)),
        }
        self
    }

    /// Asks the issuer about tokens that are not JWTs (RFC 7662). The response is checked against the same settings as the claims
    /// of a JWT. Only one issuer per server may use introspection.
    #[must_use]
    pub fn introspection(mut self, introspection: Introspection) -> Self {
        self.remote.introspection = Some(introspection);
        self.once("introspection")
    }

    /// Returns the settings of connections to the provider.
    pub(crate) fn reach(&self) -> Reach {
        self.remote.reach()
    }

    fn fetched_from(place: JwksLocation) -> Self {
        let remote = RemoteSettings { fetch: Some(Fetch::new(place)), ..RemoteSettings::default() };
        Self { keys: Vec::new(), remote, ..Self::key(Key::secret(Algorithm::HS256, [])) }
    }
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let hexadecimal = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
}
