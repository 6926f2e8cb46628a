//! Used proofs in Redis or Valkey, shared by all instances.

use std::sync::Arc;
use std::time::Duration;

use redis::Script;

use super::replay::{ReplayStore, ReplayStoreUnavailable};
use super::{Dpop, DpopError, ReplaySetting};
use crate::runtime::future::BoxFuture;
use crate::runtime::hex::hex;
use crate::runtime::redis::RedisConnection;
use crate::runtime::redis_url::RedisUrlError;

/// Entries expire by the clock of the Redis server. The script returns 1 for the first use.
const INSERT: &str = "return redis.call('SET', ARGV[1] .. ARGV[2], '', 'NX', 'PX', ARGV[3]) and 1 or 0";

impl Dpop {
    /// Records used proofs in Redis or Valkey, shared by all instances: `redis://user:password@host:6379/0`.
    pub fn redis(self, url: impl Into<String>) -> Self {
        let url = url.into();
        let open = move |realm: &str| {
            let store = RedisReplayStore::new(&url, realm).map_err(DpopError::Redis)?;
            Ok(Arc::new(store) as Arc<dyn ReplayStore>)
        };
        Self { replay: ReplaySetting::Shared(Arc::new(open)), ..self }
    }
}

/// A store of used proofs in Redis or Valkey. The keys begin with `auth:<realm>:dpop:`.
#[derive(Debug)]
pub struct RedisReplayStore {
    connection: RedisConnection,
    insert: Script,
}

impl RedisReplayStore {
    /// Creates a store on the server at this URL: `redis://user:password@host:6379/0`. Opens no connection.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn new(url: &str, realm: &str) -> Result<Self, RedisUrlError> {
        Ok(Self { connection: RedisConnection::new(url, &format!("auth:{realm}:dpop:"))?, insert: Script::new(INSERT) })
    }
}

impl ReplayStore for RedisReplayStore {
    fn insert(&self, proof: [u8; 32], ttl: Duration) -> BoxFuture<'_, Result<bool, ReplayStoreUnavailable>> {
        Box::pin(async move {
            let inserted = self.connection.run::<u8>(&self.insert, &[&hex(&proof), &ttl.as_millis().to_string()]).await;
            inserted.map(|inserted| inserted == 1).map_err(|_| ReplayStoreUnavailable)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_proofs_in_redis_have_the_keys_of_an_earlier_version() {
        let store = RedisReplayStore::new("redis://localhost", "reports").unwrap();
        assert!(format!("{store:?}").contains("prefix: \"auth:reports:dpop:\""));
        assert_eq!(INSERT, "return redis.call('SET', ARGV[1] .. ARGV[2], '', 'NX', 'PX', ARGV[3]) and 1 or 0");
        assert_eq!(hex(&[0xab; 2]), "abab");
    }
}
