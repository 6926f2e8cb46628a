//! Metadata of OpenID providers, and requests to them.

mod http;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use reqwest::Url;
use serde::Deserialize;

use crate::runtime::background_fetch::{BackgroundFetch, FetchStart, Trigger};
use crate::runtime::clock::{self, Moment};

pub use self::http::ReachError;
pub(crate) use self::http::{ClientRegistration, Failed, HttpClient, OK, Reach, RequestTimeout, SecretSent};

/// The URL of a request: `https`, or `http` on this machine only, because an intermediary could forge the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointUrl(Url);

/// The URL is not allowed for requests.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The URL is not absolute, or has no host.
    #[error("it is not an absolute URL")]
    NoUrl,
    /// The URL is not `https`, so that an intermediary could respond with its own keys.
    #[error("it is not `https`, which is required except for loopback addresses")]
    NotHttps,
    /// The URL contains a user name, a password or a fragment.
    #[error("it contains a password or a fragment")]
    Extra,
    /// The issuer contains a query. An issuer is compared as a name, and a path is appended to it (RFC 8414 §2).
    #[error("an issuer has no query")]
    Query,
}

crate::debug_as_display!(EndpointError);

impl EndpointUrl {
    pub(crate) fn new(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text).map_err(|_| EndpointError::NoUrl)?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(EndpointError::NoUrl);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(EndpointError::Extra);
        }
        let endpoint = Self(url);
        match endpoint.0.scheme() {
            "https" => Ok(endpoint),
            "http" if endpoint.is_here() => Ok(endpoint),
            _ => Err(EndpointError::NotHttps),
        }
    }

    /// Returns whether the host is this machine.
    fn is_here(&self) -> bool {
        match self.0.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

/// A provider, with its issuer and optionally another base URL for requests, as needed in containers.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    issuer: String,
    identity: EndpointUrl,
    from: Option<EndpointUrl>,
}

/// The part of the metadata of a provider that is used (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
#[derive(Clone, Debug)]
pub(crate) struct ProviderMetadata {
    pub(crate) jwks_uri: EndpointUrl,
    pub(crate) introspection_endpoint: Option<EndpointUrl>,
    /// The URL for browsers, as published by the provider, regardless of the base URL for requests.
    pub(crate) authorization_endpoint: Option<EndpointUrl>,
    pub(crate) token_endpoint: Option<EndpointUrl>,
    /// Whether authorization responses name the issuer (RFC 9207 §3).
    pub(crate) says_who_answers: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
    introspection_endpoint: Option<String>,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Maximum size of the metadata, in bytes.
const MOST: usize = 256 * 1024;

impl Provider {
    pub(crate) fn new(issuer: &str, from: Option<&str>) -> Result<Self, EndpointError> {
        let identity = EndpointUrl::new(issuer)?;
        let from = from.map(EndpointUrl::new).transpose()?;
        if identity.0.query().is_some() || from.as_ref().is_some_and(|from| from.0.query().is_some()) {
            return Err(EndpointError::Query);
        }
        Ok(Self { issuer: issuer.to_owned(), identity, from })
    }

    /// Fetches the metadata. The document must name the configured issuer exactly, because it otherwise belongs to another issuer
    /// (RFC 8414 §3.3).
    pub(crate) async fn metadata(&self, client: &HttpClient) -> Result<ProviderMetadata, Failed> {
        let base = self.from.as_ref().unwrap_or(&self.identity);
        let place = format!("{}/.well-known/openid-configuration", base.0.as_str().trim_end_matches('/'));
        let place = EndpointUrl::new(&place).map_err(Failed::Endpoint)?;
        let document = client.get(&place, MOST, RequestTimeout::Background).await?;
        let document: Document = serde_json::from_slice(&document).map_err(|_| Failed::NotUnderstood)?;
        if document.issuer != self.issuer {
            return Err(Failed::AnotherIssuer);
        }
        Ok(ProviderMetadata {
            jwks_uri: self.reached(&document.jwks_uri)?,
            // An invalid URL of these is reported when it is needed.
            introspection_endpoint: document.introspection_endpoint.and_then(|url| self.reached(&url).ok()),
            token_endpoint: document.token_endpoint.and_then(|url| self.reached(&url).ok()),
            authorization_endpoint: document.authorization_endpoint.and_then(|url| EndpointUrl::new(&url).ok()),
            says_who_answers: document.authorization_response_iss_parameter_supported,
        })
    }

    /// Returns the URL at which this server reaches a URL that the provider has published.
    fn reached(&self, named: &str) -> Result<EndpointUrl, Failed> {
        let named = EndpointUrl::new(named).map_err(Failed::Endpoint)?;
        let base = self.from.as_ref().unwrap_or(&self.identity);
        let mut reached = named.clone();
        if let Some(from) = self.from.as_ref().filter(|_| named.0.origin() == self.identity.0.origin()) {
            let moved = reached.0.set_scheme(from.0.scheme()).is_ok()
                && reached.0.set_host(from.0.host_str()).is_ok()
                && reached.0.set_port(from.0.port()).is_ok();
            if !moved {
                return Err(Failed::Endpoint(EndpointError::NoUrl));
            }
        }
        // A remote provider must not direct requests to this machine.
        if reached.is_here() && !base.is_here() { Err(Failed::Inwards) } else { Ok(reached) }
    }
}

/// The metadata of a provider, fetched when needed.
#[derive(Debug)]
pub(crate) struct DiscoveryCache {
    provider: Provider,
    current: ArcSwapOption<(Arc<ProviderMetadata>, Moment)>,
    last_error: ArcSwapOption<Failed>,
    fetch: BackgroundFetch,
}

/// Older metadata is fetched again in the background.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
const FETCH_WAIT_TIMEOUT: Duration = Duration::from_secs(6);

impl DiscoveryCache {
    pub(crate) fn new(issuer: &str, from: Option<&str>) -> Result<Self, EndpointError> {
        let provider = Provider::new(issuer, from)?;
        Ok(Self {
            provider,
            current: ArcSwapOption::empty(),
            last_error: ArcSwapOption::empty(),
            fetch: BackgroundFetch::default(),
        })
    }

    /// Returns the cached metadata. If nothing is cached or `refresh` is set, awaits a fetch. If the fetch fails, the previous
    /// metadata stays in effect.
    pub(crate) async fn metadata(
        self: &Arc<Self>,
        client: &HttpClient,
        refresh: bool,
    ) -> Result<Arc<ProviderMetadata>, Failed> {
        let current = || self.current.load().as_ref().map(|current| (Arc::clone(&current.0), current.1));
        let previous = current();
        if let Some((metadata, since)) = &previous
            && !refresh
        {
            if since.plus(MAX_AGE) < clock::monotonic() {
                let _ = self.start(client);
            }
            return Ok(Arc::clone(metadata));
        }
        let last_error = || self.last_error.load().as_deref().cloned();
        let error = match self.start(client) {
            FetchStart::InFlight(mut in_flight) => {
                match tokio::time::timeout(FETCH_WAIT_TIMEOUT, in_flight.changed()).await {
                    Err(_) => Some(Failed::Slow),
                    Ok(_) => last_error(),
                }
            }
            FetchStart::TooEarly => last_error(),
            FetchStart::NoThread => Some(Failed::NoThread),
        };
        match (current().or(previous), error) {
            (Some((metadata, _)), _) => Ok(metadata),
            (None, error) => Err(error.unwrap_or(Failed::Slow)),
        }
    }

    fn start(self: &Arc<Self>, client: &HttpClient) -> FetchStart {
        self.fetch.start(Trigger::Request, Duration::ZERO, |_| {
            let (this, client) = (Arc::clone(self), client.clone());
            async move {
                let error = match this.provider.metadata(&client).await {
                    Ok(metadata) => {
                        this.current.store(Some(Arc::new((Arc::new(metadata), clock::monotonic()))));
                        None
                    }
                    Err(error) => Some(Arc::new(error)),
                };
                let failed = error.is_some();
                this.last_error.store(error);
                this.fetch.finish(failed, |_| if failed { RETRY_INTERVAL } else { Duration::ZERO });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_urls_require_https_or_loopback() {
        // JWKS-1
        let table = [
            ("https://id.example", Ok(())),
            ("https://id.example/realms/a?x=1", Ok(())),
            ("http://localhost:8080/keys", Ok(())),
            ("http://127.0.0.9/keys", Ok(())),
            ("http://[::1]:1/keys", Ok(())),
            ("http://id.example/keys", Err(EndpointError::NotHttps)),
            ("http://10.0.0.1/keys", Err(EndpointError::NotHttps)),
            ("http://localhost.example/keys", Err(EndpointError::NotHttps)),
            ("http://127.0.0.1.example/keys", Err(EndpointError::NotHttps)),
            ("file:///etc/passwd", Err(EndpointError::NoUrl)),
            ("ftp://id.example/keys", Err(EndpointError::NotHttps)),
            ("id.example", Err(EndpointError::NoUrl)),
            ("", Err(EndpointError::NoUrl)),
            ("https://a:b@id.example", Err(EndpointError::Extra)),
            ("https://id.example#keys", Err(EndpointError::Extra)),
        ];
        for (text, expected) in table {
            assert_eq!(EndpointUrl::new(text).map(drop), expected, "{text}");
        }
        assert_eq!(Provider::new("https://id.example?tenant=a", None).map(drop), Err(EndpointError::Query));
    }

    #[test]
    fn provider_endpoints_are_reached_through_the_fetch_base_url() {
        // JWKS-1: (issuer, base URL for requests, published URL, expected URL)
        #[rustfmt::skip]
        let table = [
            ("https://id.example", None, "https://id.example/keys", Some("https://id.example/keys")),
            ("https://id.example", None, "https://keys.example/a", Some("https://keys.example/a")),
            ("https://id.example", None, "http://id.example/keys", None),
            ("https://id.example", None, "http://127.0.0.1/keys", None),
            ("https://id.example", None, "https://localhost/keys", None),
            ("http://127.0.0.1:7", None, "http://127.0.0.1:7/keys", Some("http://127.0.0.1:7/keys")),
            ("https://id.example", Some("http://127.0.0.1:7"), "https://id.example/keys?a=1", Some("http://127.0.0.1:7/keys?a=1")),
            ("https://id.example:8443", Some("https://inside.example"), "https://id.example:8443/keys", Some("https://inside.example/keys")),
            ("https://id.example", Some("https://inside.example:1"), "https://keys.example/a", Some("https://keys.example/a")),
        ];
        for (issuer, from, named, expected) in table {
            let reached = Provider::new(issuer, from).unwrap().reached(named).ok();
            assert_eq!(reached.as_ref().map(|reached| reached.0.as_str()), expected, "{issuer} {from:?} {named}");
        }
    }
}
