//! Requests to other servers. They run in a background thread, so that they outlive a worker, and all workers share their
//! responses.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::{EndpointError, EndpointUrl};
use crate::runtime::background_fetch::{NoThread, spawn};

/// The timeout of a request to another server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RequestTimeout {
    /// The timeout of a fetch in the background, which requests may await.
    Background,
    /// The timeout of a request to another server that one request awaits.
    Request,
}

impl RequestTimeout {
    const fn limit(self) -> Duration {
        match self {
            Self::Background => Duration::from_secs(5),
            Self::Request => Duration::from_secs(3),
        }
    }
}

/// The failure of a request to another server, for logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failed {
    /// Contains the underlying causes, such as those of TLS.
    #[error("cannot be reached: {0}")]
    Unreachable(Box<str>),
    #[error("{0}: {1}")]
    At(Box<str>, Box<Failed>),
    #[error("the file of the bearer token cannot be read: {0}")]
    BearerFile(Box<str>),
    #[error("does not respond in time")]
    Slow,
    #[error("responds with status {0}")]
    Status(u16),
    #[error("responds with more than {0} bytes")]
    TooLarge(usize),
    #[error("responds with unexpected content")]
    NotUnderstood,
    #[error("names another issuer")]
    AnotherIssuer,
    #[error("contains a URL of this machine")]
    Inwards,
    #[error("contains a URL that is not allowed: {0}")]
    Endpoint(EndpointError),
    #[error("publishes no usable key")]
    NoKey,
    #[error("publishes more than {0} keys")]
    TooManyKeys(usize),
    #[error("no thread could be started")]
    NoThread,
}

impl Failed {
    /// Adds the URL of the request.
    fn at(self, endpoint: &EndpointUrl) -> Self {
        Self::At(endpoint.url().as_str().into(), self.into())
    }
}

/// Settings for connections to a provider.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// Certificates of authorities in PEM, which are trusted in addition to those of the system.
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) proxy: Option<String>,
    /// The file of a bearer token, which is read for each request.
    pub(crate) bearer_file: Option<PathBuf>,
}

/// An error in the settings for connections to a provider.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReachError {
    /// The value is not a certificate.
    #[error("`.root_certificate(…)` contains no PEM certificate")]
    RootCertificate,
    /// The value is not the URL of a proxy.
    #[error("`.proxy(…)` is not a URL: write `http://proxy.example:3128`")]
    Proxy,
    /// The file of the bearer token cannot be read, or contains no token.
    #[error("`.bearer_file({0:?})`: the file cannot be read, or contains no token")]
    BearerFile(PathBuf),
    /// TLS is unavailable on this system.
    #[error("TLS cannot be set up on this system")]
    Tls,
}

crate::debug_as_display!(ReachError);

/// Sends requests over `https`, or `http` on this machine. Follows no redirects, ignores proxies in the environment, and limits the
/// size of responses.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
    bearer_file: Option<PathBuf>,
}

impl HttpClient {
    pub(crate) fn new(reach: &Reach) -> Result<Self, ReachError> {
        // If two cryptography providers are compiled in and none is selected, rustls panics at the first connection.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(2))
            .user_agent(concat!("auth-actix/", env!("CARGO_PKG_VERSION")));
        for pem in &reach.roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| ReachError::RootCertificate)?;
            if roots.is_empty() {
                return Err(ReachError::RootCertificate);
            }
            builder = builder.tls_certs_merge(roots);
        }
        if let Some(proxy) = &reach.proxy {
            let is_http = proxy.starts_with("http://") || proxy.starts_with("https://");
            let proxy = reqwest::Proxy::all(proxy).ok().filter(|_| is_http).ok_or(ReachError::Proxy)?;
            builder = builder.proxy(proxy);
        }
        if let Some(path) = &reach.bearer_file {
            read_token(path).map_err(|_| ReachError::BearerFile(path.clone()))?;
        }
        let client = builder.build().map_err(|_| ReachError::Tls)?;
        Ok(Self { client, bearer_file: reach.bearer_file.clone() })
    }

    /// Returns the body of a response with status 200.
    pub(crate) async fn get(
        &self,
        endpoint: &EndpointUrl,
        most: usize,
        patience: RequestTimeout,
    ) -> Result<Vec<u8>, Failed> {
        let mut request = self.client.get(endpoint.url().clone()).header("accept", "application/json");
        if let Some(path) = &self.bearer_file {
            let token = read_token(path).map_err(|cause| Failed::BearerFile(cause).at(endpoint))?;
            request = request.bearer_auth(token.expose_secret());
        }
        let (status, body) =
            read(request.timeout(patience.limit()), most).await.map_err(|failed| failed.at(endpoint))?;
        if status == OK { Ok(body) } else { Err(Failed::Status(status).at(endpoint)) }
    }
}

/// The client credentials of this server at a provider (RFC 6749 §2.3.1).
#[derive(Clone)]
pub(crate) struct ClientRegistration {
    pub(crate) id: String,
    pub(crate) secret: SecretString,
    pub(crate) sent: SecretSent,
}

/// The location of the client secret in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretSent {
    /// `client_secret_basic`.
    InHeader,
    /// `client_secret_post`.
    InBody,
}

impl HttpClient {
    /// Posts a form as the registered client, and returns the status and the body of the response, whatever the status. Runs in the
    /// background thread, so that connections are reused. `turn` is dropped when the request ends, even if the caller no longer
    /// waits.
    pub(crate) async fn post(
        &self,
        endpoint: &EndpointUrl,
        registered: &ClientRegistration,
        form: &[(&str, &str)],
        most: usize,
        turn: impl Send + 'static,
    ) -> Result<(u16, Vec<u8>), Failed> {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let request = self.client.post(endpoint.url().clone());
        let request = match registered.sent {
            SecretSent::InHeader => {
                let (id, secret) = (encoded(&registered.id), encoded(registered.secret.expose_secret()));
                request.basic_auth(id, Some(secret))
            }
            SecretSent::InBody => {
                body.append_pair("client_id", &registered.id);
                body.append_pair("client_secret", registered.secret.expose_secret());
                request
            }
        };
        let body = body.finish();
        let request = request.header("accept", "application/json");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let spawned = spawn(async move {
            let answer = read(request.timeout(RequestTimeout::Request.limit()), most).await;
            drop(turn);
            let _ = sender.send(answer);
        });
        spawned.map_err(|NoThread| Failed::NoThread)?;
        let stopped = || Failed::Unreachable("the request was canceled".into());
        receiver.await.map_err(|_| stopped())?.map_err(|failed| failed.at(endpoint))
    }
}

pub(crate) const OK: u16 = 200;

async fn read(request: reqwest::RequestBuilder, most: usize) -> Result<(u16, Vec<u8>), Failed> {
    let failed = |error: reqwest::Error| if error.is_timeout() { Failed::Slow } else { unreachable(&error) };
    let mut response = request.send().await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > most {
            return Err(Failed::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status().as_u16(), body))
}

/// Returns the causes of an error without its URL, which may contain the password of a proxy.
fn unreachable(error: &reqwest::Error) -> Failed {
    let (mut causes, mut source) = (Vec::new(), error.source());
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    Failed::Unreachable(causes.join(": ").chars().take(300).collect::<String>().into())
}

fn read_token(path: &std::path::Path) -> Result<SecretString, Box<str>> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string().into_boxed_str())?;
    let token = text.trim();
    let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(token.into()) } else { Err("it contains no token".into()) }
}
