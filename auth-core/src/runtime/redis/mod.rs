//! Connections to a Redis or Valkey server.

mod scripts;

use redis::Client;

use crate::runtime::redis_url::RedisUrlError;

pub(crate) use self::scripts::RedisConnection;

/// Creates a client for the server at `url`, without connecting to it.
pub(crate) fn client(url: &str) -> Result<Client, RedisUrlError> {
    // A TLS handshake panics if no default provider is installed and rustls cannot choose one, because none or two are compiled in.
    // An error means that a provider is already installed, which is fine.
    #[cfg(feature = "redis-tls")]
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::open(url).map_err(|_| RedisUrlError)
}

/// Returns 128 random bits as hexadecimal digits, or `None` if the operating system provides no random numbers.
pub(crate) fn random_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(crate::runtime::hex::hex(&bytes))
}
