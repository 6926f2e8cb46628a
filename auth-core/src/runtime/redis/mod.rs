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

/// Returns the names of keys and fields in Lua scripts: the quoted texts that are neither commands nor formats.
#[cfg(test)]
pub(crate) fn stored_names(scripts: &[&'static str]) -> Vec<&'static str> {
    let quoted = scripts.iter().flat_map(|script| script.split('\'').skip(1).step_by(2));
    let names = quoted.filter(|text| text.starts_with(|first: char| first.is_ascii_lowercase()));
    names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}
