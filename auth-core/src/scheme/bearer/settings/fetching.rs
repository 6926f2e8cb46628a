//! Settings of keys, metadata and answers that are fetched.

use std::path::PathBuf;
use std::time::Duration;

use super::super::key::{Algorithm, Key};
use super::super::remote::{Fetch, FetchError, Introspection, JwksLocation, RemoteSettings};
use super::{Jwt, JwtError};
use crate::oidc::discovery::Reach;

impl Jwt {
    /// Tokens of an OpenID provider. `issuer` is its name, as tokens have it in `iss`; where its keys are it says itself
    /// (OpenID Connect Discovery 1.0 §4). Nothing is fetched before the first token comes; from then on the keys are fetched
    /// again every [10 minutes](Self::refresh_every), and when a token names one that is not known.
    ///
    /// Give the [`audience`](Self::audience) under which the provider knows this application. Few providers need the
    /// [profile](Self::access_token_profile).
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// let jwt = Jwt::oidc("https://id.example/realms/shop").audience("reports").keycloak("reports");
    /// ```
    pub fn oidc(issuer: impl Into<String>) -> Self {
        Self::fetched_from(JwksLocation::Discovered).issuer(issuer)
    }

    /// Tokens that a key verifies which is published at this address, as a JWK set (RFC 7517 §5). Fetched as those of
    /// [`Jwt::oidc`] are.
    pub fn jwks(url: impl Into<String>) -> Self {
        Self::fetched_from(JwksLocation::Jwks(url.into()))
    }

    /// Tokens of these tenants of Entra ID (`https://login.microsoftonline.com/{tenant}/v2.0`), by the keys that it publishes for all
    /// tenants. A tenant is a GUID. Identities are those of the issuer of the tenant. For tenants that are not known when the
    /// server starts: `AuthBuilder::issuers_from`.
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// let tenants = ["11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"];
    /// let jwt = Jwt::entra_tenants(tenants).audience("the client id of the API").entra();
    /// ```
    ///
    /// # Errors
    /// [`JwtError::IssuerTemplate`] for `common`, `organizations`, `consumers` and anything else that is not a GUID.
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

    /// Asks the provider of [`Jwt::oidc`] at this address instead of at its name, as between containers. Tokens and metadata still
    /// have to name the issuer. The address is `https`, or `http` on this machine: over plain `http`, anything between the two
    /// containers could answer with keys of its own. Give the provider a certificate of a private authority and that to
    /// [`root_certificate`](Self::root_certificate).
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

    /// Trusts certificates that this authority has signed, beside those of the system: one or several certificates in PEM. For a
    /// provider with a private certificate authority.
    #[must_use]
    pub fn root_certificate(self, pem: impl Into<Vec<u8>>) -> Self {
        self.adjust("root_certificate", |fetch| fetch.reach.roots.push(pem.into()))
    }

    /// Asks the provider through this proxy: `http://proxy.example:3128`. A name and password in it are sent to the proxy. The
    /// environment (`HTTPS_PROXY`) is not read.
    #[must_use]
    pub fn proxy(self, url: impl Into<String>) -> Self {
        self.fetched("proxy", |fetch| fetch.reach.proxy = Some(url.into()))
    }

    /// Sends the content of this file as a bearer token when keys and metadata are fetched. It is read each time, since such
    /// tokens are rotated. For the API server of Kubernetes, which answers no stranger:
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
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

    /// How often keys are fetched again. 10 minutes unless set. A key that the provider has taken away verifies no longer than
    /// this.
    #[must_use]
    pub fn refresh_every(self, interval: Duration) -> Self {
        self.fetched("refresh_every", |fetch| fetch.refresh_every = interval)
    }

    /// How long the last keys hold while the provider is out of reach. An hour unless set. After that, its tokens are
    /// answered with 503.
    #[must_use]
    pub fn max_stale(self, age: Duration) -> Self {
        self.fetched("max_stale", |fetch| fetch.max_stale = age)
    }

    /// The shortest time between two fetches that tokens cause, whatever keys they name; 30 s by default, at least 1 s.
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

    /// Asks the issuer about tokens that are no JWTs (RFC 7662). What it says is held against the same settings as the claims of
    /// a JWT; of the issuers of one server, one may be asked.
    #[must_use]
    pub fn introspection(mut self, introspection: Introspection) -> Self {
        self.remote.introspection = Some(introspection);
        self.once("introspection")
    }

    /// The settings for connections to the provider.
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
