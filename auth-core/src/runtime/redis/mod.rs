//! A Redis or Valkey server.

mod scripts;

use redis::Client;

use crate::runtime::redis_url::RedisUrlError;

pub(crate) use self::scripts::RedisConnection;

/// A client of the server at this address. Opens no connection.
pub(crate) fn client(url: &str) -> Result<Client, RedisUrlError> {
    // Without one a handshake panics, and with two compiled in it cannot choose. That there is one already is fine.
    #[cfg(feature = "redis-tls")]
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::open(url).map_err(|_| RedisUrlError)
}

/// Returns 128 random bits as hexadecimal digits. `None` if the operating system provides no random numbers.
pub(crate) fn random_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(crate::runtime::hex::hex(&bytes))
}
