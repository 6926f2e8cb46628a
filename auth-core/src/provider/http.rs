//! Requests to other servers. They run in a thread of their own: a worker that ends, or is busy, takes none with it, and all
//! workers share one answer.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::{Builder, Handle};

use super::{Endpoint, EndpointError};

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// Some may wait for it, and none forever.
    Background,
    /// A request waits for it.
    Request,
}

impl Patience {
    const fn limit(self) -> Duration {
        match self {
            Self::Background => Duration::from_secs(5),
            Self::Request => Duration::from_secs(3),
        }
    }
}

/// Why there is no answer. For logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failed {
    #[error("cannot be reached")]
    Unreachable,
    #[error("does not answer in time")]
    Slow,
    #[error("answers with status {0}")]
    Status(u16),
    #[error("answers with more than {0} bytes")]
    TooLarge(usize),
    #[error("answers with something else than was asked for")]
    NotUnderstood,
    #[error("says that it is another issuer")]
    AnotherIssuer,
    #[error("names an address of this machine")]
    Inwards,
    #[error("names an address that is not asked: {0}")]
    Endpoint(EndpointError),
    #[error("publishes no key that can be used")]
    NoKey,
    #[error("publishes more than {0} keys")]
    TooManyKeys(usize),
    #[error("there is no thread to ask from")]
    NoThread,
}

/// Asks over `https` (or on this machine), follows no redirect, goes through no proxy, and reads no more than it was told to.
#[derive(Clone, Debug)]
pub(crate) struct Client(reqwest::Client);

impl Client {
    /// `None` where TLS cannot be set up.
    pub(crate) fn new() -> Option<Self> {
        // Where two providers are compiled in and none is chosen, rustls panics at the first connection.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(2))
            .user_agent(concat!("auth-actix/", env!("CARGO_PKG_VERSION")));
        builder.build().ok().map(Self)
    }

    /// The body of a 200.
    pub(crate) async fn get(&self, endpoint: &Endpoint, most: usize, patience: Patience) -> Result<Vec<u8>, Failed> {
        let request = self.0.get(endpoint.url().clone()).header("accept", "application/json");
        let (status, body) = read(request.timeout(patience.limit()), most).await?;
        if status == OK { Ok(body) } else { Err(Failed::Status(status)) }
    }
}

/// Who this server is at a provider (RFC 6749 §2.3.1).
#[derive(Clone)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) secret: SecretString,
}

impl Client {
    /// Posts a form, as the client that is registered, and reads the answer, whatever its status. In the thread of requests to
    /// others, so that connections are kept from one to the next. `turn` ends with the request, whoever still waits for it.
    pub(crate) async fn post(
        &self,
        endpoint: &Endpoint,
        registered: &Registered,
        form: &[(&str, &str)],
        most: usize,
        turn: impl Send + 'static,
    ) -> Result<(u16, Vec<u8>), Failed> {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let (id, secret) = (encoded(&registered.id), encoded(registered.secret.expose_secret()));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.0.post(endpoint.url().clone()).basic_auth(id, Some(secret));
        let request = request.header("accept", "application/json");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let (tell, told) = tokio::sync::oneshot::channel();
        spawn(async move {
            let answer = read(request.timeout(Patience::Request.limit()), most).await;
            drop(turn);
            let _ = tell.send(answer);
        })?;
        told.await.map_err(|_| Failed::Unreachable)?
    }
}

pub(crate) const OK: u16 = 200;

async fn read(request: reqwest::RequestBuilder, most: usize) -> Result<(u16, Vec<u8>), Failed> {
    let failed = |error: reqwest::Error| if error.is_timeout() { Failed::Slow } else { Failed::Unreachable };
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

/// Runs it in the thread of requests to others.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Result<(), Failed> {
    static THREAD: OnceLock<Option<Handle>> = OnceLock::new();
    let start = || {
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let handle = runtime.handle().clone();
        let run = move || runtime.block_on(std::future::pending::<()>());
        std::thread::Builder::new().name("auth-provider".to_owned()).spawn(run).ok()?;
        Some(handle)
    };
    THREAD.get_or_init(start).as_ref().ok_or(Failed::NoThread)?.spawn(future);
    Ok(())
}
