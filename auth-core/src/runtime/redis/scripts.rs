//! What has to be one step is one script: the server runs it as a whole, by its own clock. All requests multiplex over one
//! connection, which is opened again when it breaks; there is no pool to run dry.

use std::sync::OnceLock;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Script};

use super::{RedisUrlError, client};

/// An answer takes no longer than this, or the server is out of reach.
const PATIENCE: Duration = Duration::from_secs(1);

/// The server did not do what it was asked, or not in time.
pub(crate) struct OutOfReach;

/// One server.
pub(crate) struct RedisConnection {
    client: Client,
    /// Made with the first script: it belongs to the runtime that it is made in.
    manager: OnceLock<ConnectionManager>,
    prefix: String,
}

impl RedisConnection {
    /// Opens no connection. What it keeps begins with `prefix`.
    pub(crate) fn new(url: &str, prefix: &str) -> Result<Self, RedisUrlError> {
        Ok(Self { client: client(url)?, manager: OnceLock::new(), prefix: prefix.to_owned() })
    }

    fn manager(&self) -> Result<ConnectionManager, OutOfReach> {
        if let Some(manager) = self.manager.get() {
            return Ok(manager.clone());
        }
        let settings = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(200));
        let made = ConnectionManager::new_lazy_with_config(self.client.clone(), settings);
        let made = made.map_err(|_| OutOfReach)?;
        Ok(self.manager.get_or_init(|| made).clone())
    }

    /// Runs a script, whose first argument is the prefix. Whatever goes wrong, the server is out of reach: nothing is let
    /// through, and nothing is said of why.
    pub(crate) async fn run<T: redis::FromRedisValue>(
        &self,
        script: &Script,
        arguments: &[&str],
    ) -> Result<T, OutOfReach> {
        let mut manager = self.manager()?;
        let mut invocation = script.prepare_invoke();
        invocation.arg(&self.prefix);
        for argument in arguments {
            invocation.arg(*argument);
        }
        let answer = tokio::time::timeout(2 * PATIENCE, invocation.invoke_async(&mut manager)).await;
        answer.map_err(|_| OutOfReach)?.map_err(|error| {
            tracing::error!(target: "auth_core", kind = ?error.kind(), prefix = self.prefix, "what is shared in Redis");
            OutOfReach
        })
    }
}

/// No address: it may hold a password.
impl std::fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConnection").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
