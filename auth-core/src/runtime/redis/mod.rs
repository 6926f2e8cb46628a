//! A Redis or Valkey server.

#[cfg(any(feature = "passwords", feature = "dpop"))]
mod scripts;

use redis::Client;

#[cfg(any(feature = "passwords", feature = "dpop"))]
pub(crate) use self::scripts::RedisConnection;

/// An address that names no server. Quotes nothing: it may hold a password.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no address of Redis: write `redis://host:6379/0`, or `rediss://…` with the feature `redis-tls`")]
pub struct RedisUrlError;

crate::debug_as_display!(RedisUrlError);

/// A client of the server at this address. Opens no connection.
pub(crate) fn client(url: &str) -> Result<Client, RedisUrlError> {
    // Without one a handshake panics, and with two compiled in it cannot choose. That there is one already is fine.
    #[cfg(feature = "redis-tls")]
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::open(url).map_err(|_| RedisUrlError)
}
