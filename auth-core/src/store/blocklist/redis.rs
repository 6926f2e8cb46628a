//! A block list store in Redis or Valkey. It consists of a set of lines and of a log of changes, each of which has a random id.
//!
//! `load` reads the id of the last change, and reads the lines if the id is new. If the log no longer contains the last change that
//! was read, the server has lost changes, regardless of how many have followed.

use std::collections::HashSet;
use std::time::Duration;

use redis::{Client, Commands as _, Connection, RedisResult};

use super::entries::{BlockChange, BlockEntries};
use super::store::{BlocklistError, BlocklistStore, RedisBlocklistError};
use super::{BlockEntry, Blocklist};
use crate::runtime::redis::{client, random_id};

const LINES: &str = "auth:blocks";
const LOG: &str = "auth:blocks:log";

/// A member of the set of lines that is written with the entries, and that is not an entry. If it is missing, the set was deleted or
/// evicted, and the log does not describe its changes.
const HEADING: &str = "lists";

/// Length of the change log. An instance that falls further behind considers the list lost and writes its own entries again.
const MAX_LOG_LENGTH: isize = 1000;

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

impl Blocklist {
    /// Creates a block list in Redis or Valkey, shared by all instances that use the same server:
    /// `redis://user:password@host:6379/0`.
    ///
    /// A change reaches every instance within two seconds. Every request is refused until the entries are loaded. While the server
    /// is unavailable, the loaded entries stay in effect for ten seconds. After that, credentials are answered with 503, since
    /// revocations may have been missed. If the server loses the entries, an instance that has them writes them again. Configure
    /// the server not to evict keys anyway (`maxmemory-policy noeviction`). Opens no connection.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn redis(url: &str) -> Result<Self, RedisBlocklistError> {
        Self::start(RedisBlocklistStore::new(url)?, None).map_err(|_| RedisBlocklistError::Unavailable)
    }
}

/// A block list store in Redis or Valkey. See [`Blocklist::redis`](super::Blocklist::redis).
pub struct RedisBlocklistStore {
    client: Client,
    connection: Option<Connection>,
    /// The id of the last change that was read.
    last_read: Option<String>,
    /// The id of the last change by this instance, until it is read.
    last_written: Option<String>,
}

/// The stored entries, including those that the server has lost.
struct StoredEntries {
    entries: BlockEntries,
    last_change: Option<String>,
    was_lost: bool,
}

/// Redacts the URL, which may contain a password.
impl std::fmt::Debug for RedisBlocklistStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisBlocklistStore").finish_non_exhaustive()
    }
}

fn unavailable(_: redis::RedisError) -> RedisBlocklistError {
    RedisBlocklistError::Unavailable
}

impl RedisBlocklistStore {
    /// Creates a store on the server at this URL: `redis://user:password@host:6379/0`. Opens no connection.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn new(url: &str) -> Result<Self, RedisBlocklistError> {
        let client = client(url).map_err(RedisBlocklistError::Address)?;
        Ok(Self { client, connection: None, last_read: None, last_written: None })
    }

    /// Takes the connection, or opens one. It is put back only after a success.
    fn connect(&mut self) -> Result<Connection, RedisBlocklistError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let connect = || -> RedisResult<Connection> {
            let connection = self.client.get_connection_with_timeout(RESPONSE_TIMEOUT)?;
            connection.set_read_timeout(Some(RESPONSE_TIMEOUT))?;
            connection.set_write_timeout(Some(RESPONSE_TIMEOUT))?;
            Ok(connection)
        };
        connect().map_err(unavailable)
    }

    /// Reads all entries. If the server has lost some, adds the current ones, so that revoked tokens stay revoked.
    fn read(&self, connection: &mut Connection, current: &BlockEntries) -> Result<StoredEntries, RedisBlocklistError> {
        // The log is read first, so that changes made meanwhile are read again by the next `load`.
        let log: Vec<String> = connection.lrange(LOG, 0, MAX_LOG_LENGTH).map_err(unavailable)?;
        let lines: Vec<String> = connection.smembers(LINES).map_err(unavailable)?;
        let mut entries = BlockEntries::default();
        let has_heading = lines.iter().any(|line| line == HEADING);
        for line in lines.iter().filter(|line| *line != HEADING) {
            let entry: BlockEntry = line.parse().map_err(|_| RedisBlocklistError::Line)?;
            entries.insert(entry).map_err(|_| RedisBlocklistError::Line)?;
        }
        let known = || self.last_read.iter().chain(&self.last_written);
        let was_lost = known().any(|change| !log.contains(change))
            || log.is_empty() && current.len() > 0
            || !log.is_empty() && !has_heading;
        if was_lost && known().next().is_none() && current.len() == 0 {
            return Err(RedisBlocklistError::Lost);
        }
        if was_lost {
            for entry in current.iter() {
                entries.insert(entry).map_err(|_| RedisBlocklistError::Line)?;
            }
        }
        Ok(StoredEntries { entries, last_change: log.into_iter().next(), was_lost })
    }

    /// Writes the difference between two sets of entries. Another instance may write concurrently. The next `load` then reads both
    /// changes.
    fn write(
        &mut self,
        connection: &mut Connection,
        before: &StoredEntries,
        after: &BlockEntries,
    ) -> Result<(), RedisBlocklistError> {
        let lines = |entries: &BlockEntries| entries.iter().map(|entry| entry.to_string()).collect::<HashSet<_>>();
        let (was_lost, before, after) = (before.was_lost, lines(&before.entries), lines(after));
        let change = random_id().ok_or(RedisBlocklistError::Unavailable)?;
        let mut transaction = redis::pipe();
        transaction.atomic();
        // After a loss all entries are written, since those added from memory are not on the server.
        for line in after.iter().filter(|line| was_lost || !before.contains(*line)) {
            transaction.sadd(LINES, line).ignore();
        }
        for line in before.difference(&after) {
            transaction.srem(LINES, line).ignore();
        }
        transaction.sadd(LINES, HEADING).ignore();
        transaction.lpush(LOG, &change).ignore().ltrim(LOG, 0, MAX_LOG_LENGTH).ignore();
        // Set before the response arrives, since the change may have been written even if the response is lost.
        self.last_written = Some(change);
        transaction.query::<()>(connection).map_err(unavailable)
    }

    fn load_changes(&mut self, current: &BlockEntries) -> Result<Option<BlockEntries>, RedisBlocklistError> {
        let mut connection = self.connect()?;
        let last_change: Option<String> = connection.lindex(LOG, 0).map_err(unavailable)?;
        if last_change.is_some() && last_change == self.last_read && self.last_written.is_none() {
            self.connection = Some(connection);
            return Ok(None);
        }
        let stored = self.read(&mut connection, current)?;
        if stored.was_lost {
            tracing::error!(target: "auth_core", entries = current.len(), "the block list in Redis was lost: it is written again");
            // The next `load` reads the change that is written here.
            (self.last_read, self.last_written) = (None, None);
            self.write(&mut connection, &stored, &stored.entries)?;
        } else {
            (self.last_read, self.last_written) = (stored.last_change, None);
        }
        self.connection = Some(connection);
        Ok(Some(stored.entries))
    }
}

impl BlocklistStore for RedisBlocklistStore {
    fn load(&mut self, current: &BlockEntries) -> Result<Option<BlockEntries>, BlocklistError> {
        Ok(self.load_changes(current)?)
    }

    fn update(&mut self, current: &BlockEntries, change: &BlockChange) -> Result<BlockEntries, BlocklistError> {
        // The connection of `load` may be broken, so an update opens its own.
        self.connection = None;
        let mut connection = self.connect()?;
        let stored = self.read(&mut connection, current)?;
        let mut entries = stored.entries.clone();
        entries.apply(change)?;
        self.write(&mut connection, &stored, &entries)?;
        self.connection = Some(connection);
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocklist_in_redis_has_the_keys_of_an_earlier_version() {
        // An instance with other keys would read an empty list, and admit revoked tokens.
        assert_eq!([LINES, LOG, HEADING], ["auth:blocks", "auth:blocks:log", "lists"]);
    }
}
