//! Lua scripts, which the server runs atomically and with its own clock. All requests share one multiplexed connection, which is
//! reopened when it breaks. There is no pool to exhaust.

use std::sync::OnceLock;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Script};

use super::{RedisUrlError, client};

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// An error: the server did not run a script in time, or at all.
pub(crate) struct RedisUnavailable;

/// A connection to one server.
pub(crate) struct RedisConnection {
    client: Client,
    /// Opened by the first script, because a connection belongs to the runtime that opens it.
    manager: OnceLock<ConnectionManager>,
    prefix: String,
}

impl RedisConnection {
    /// Creates a client for the server without connecting to it. All keys begin with `prefix`.
    pub(crate) fn new(url: &str, prefix: &str) -> Result<Self, RedisUrlError> {
        Ok(Self { client: client(url)?, manager: OnceLock::new(), prefix: prefix.to_owned() })
    }

    fn manager(&self) -> Result<ConnectionManager, RedisUnavailable> {
        if let Some(manager) = self.manager.get() {
            return Ok(manager.clone());
        }
        let settings = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(200));
        let made = ConnectionManager::new_lazy_with_config(self.client.clone(), settings);
        let made = made.map_err(|_| RedisUnavailable)?;
        Ok(self.manager.get_or_init(|| made).clone())
    }

    /// Runs a script. Its first argument is the prefix. Callers cannot distinguish errors, but the kind of each error is logged.
    pub(crate) async fn run<T: redis::FromRedisValue>(
        &self,
        script: &Script,
        arguments: &[&str],
    ) -> Result<T, RedisUnavailable> {
        let mut manager = self.manager()?;
        let mut invocation = script.prepare_invoke();
        invocation.arg(&self.prefix);
        for argument in arguments {
            invocation.arg(*argument);
        }
        let answer = tokio::time::timeout(2 * RESPONSE_TIMEOUT, invocation.invoke_async(&mut manager)).await;
        answer.map_err(|_| RedisUnavailable)?.map_err(|error| {
            tracing::error!(target: "auth_core", kind = ?error.kind(), prefix = self.prefix, "a script failed in Redis");
            RedisUnavailable
        })
    }
}

/// Redacts the URL, which may contain a password.
impl std::fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConnection").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
