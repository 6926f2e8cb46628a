//! The trait of block list stores, and the store in memory.

use std::time::Duration;

use super::entries::{BlockChange, BlockEntries, BlocklistFull};
use super::entry::BlockEntryError;
use crate::runtime::redis_url::RedisUrlError;

/// An error of a block list.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BlocklistError {
    /// The list is full. No entry is evicted for another: revoked tokens stay revoked.
    #[error("the block list is full: at most a million entries")]
    Full,
    /// The entry has no text form: its issuer or `jti` is empty, or the address of its network has bits after the prefix.
    #[error(
        "the entry has no text form: it contains an empty issuer or `jti`, or a network with bits set after its prefix"
    )]
    NotWritable,
    /// An error of the file.
    #[error(transparent)]
    File(#[from] BlocklistFileError),
    /// An error of Redis or Valkey.
    #[error(transparent)]
    Redis(#[from] RedisBlocklistError),
    /// An error of a store of the application.
    #[error("the store of the block list failed: {0}")]
    Store(Box<dyn std::error::Error + Send + Sync>),
}

crate::debug_as_display!(BlocklistError);

impl From<BlocklistFull> for BlocklistError {
    fn from(BlocklistFull: BlocklistFull) -> Self {
        Self::Full
    }
}

/// An error of a block list file.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BlocklistFileError {
    /// The file cannot be read.
    #[error("the block list cannot be read: {0}")]
    Read(std::io::Error),
    /// The file cannot be written.
    #[error("the block list cannot be written: {0}")]
    Write(std::io::Error),
    /// A line is not a valid entry. Contains the line number, starting at 1.
    #[error("line {0} of the block list: {1}")]
    Line(usize, BlockEntryError),
    /// The file contains more than a million entries.
    #[error("more than a million entries")]
    TooMany,
}

crate::debug_as_display!(BlocklistFileError);

impl From<BlocklistFileError> for std::io::Error {
    fn from(error: BlocklistFileError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

/// An error of a block list in Redis. Contains neither the URL nor an entry.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisBlocklistError {
    /// The URL is invalid.
    #[error("{0}")]
    Address(RedisUrlError),
    /// The server is unavailable.
    #[error("the block list in Redis is unavailable")]
    Unavailable,
    /// The server has lost the entries, and this instance has not read them before.
    #[error(
        "the block list in Redis was lost: wait until an instance that has loaded it writes it again, or delete `auth:blocks:log`"
    )]
    Lost,
    /// A line is not a valid entry, or there are more than a million.
    #[error("a line of the block list in Redis is not an entry, or there are more than a million")]
    Line,
}

crate::debug_as_display!(RedisBlocklistError);

/// A store of block list entries, for [`Blocklist::new`](super::Blocklist::new).
///
/// Requests read a snapshot in memory. A background thread calls [`load`](Self::load). [`Blocklist::add`](super::Blocklist::add)
/// and [`Blocklist::remove`](super::Blocklist::remove) call [`update`](Self::update). Methods may block, and are never called
/// concurrently. The conformance suite is `auth_actix::test::blocklist_store`.
///
/// ```
/// use auth_actix::blocklist::{BlockChange, BlockEntries, BlocklistError, BlocklistStore};
///
/// # struct Database;
/// # impl Database {
/// #     fn lines(&self) -> std::io::Result<Vec<String>> { Ok(Vec::new()) }
/// #     fn write(&self, _: Vec<String>) -> std::io::Result<()> { Ok(()) }
/// # }
/// struct SqlBlocklist(Database);
///
/// impl SqlBlocklist {
///     fn read(&self) -> Result<BlockEntries, BlocklistError> {
///         let mut entries = BlockEntries::default();
///         for line in self.0.lines().map_err(|error| BlocklistError::Store(error.into()))? {
///             entries.insert(line.parse().map_err(|error| BlocklistError::Store(Box::new(error)))?)?;
///         }
///         Ok(entries)
///     }
/// }
///
/// impl BlocklistStore for SqlBlocklist {
///     fn load(&mut self, _current: &BlockEntries) -> Result<Option<BlockEntries>, BlocklistError> {
///         self.read().map(Some)
///     }
///
///     fn update(&mut self, _current: &BlockEntries, change: &BlockChange) -> Result<BlockEntries, BlocklistError> {
///         // In one transaction:
///         let mut entries = self.read()?;
///         entries.apply(change)?;
///         let lines = entries.iter().map(|entry| entry.to_string()).collect();
///         self.0.write(lines).map_err(|error| BlocklistError::Store(error.into()))?;
///         Ok(entries)
///     }
/// }
/// ```
pub trait BlocklistStore: Send + 'static {
    /// Returns the interval at which [`load`](Self::load) is called. `None` if only this process changes the entries. 1 s by
    /// default.
    fn refresh_interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    /// Returns the time that entries stay in effect while `load` fails. After that, credentials are answered with 503, since
    /// revocations may have been missed. `None` for an unlimited time. 10 s by default.
    fn max_staleness(&self) -> Option<Duration> {
        Some(Duration::from_secs(10))
    }

    /// Returns the entries, or `None` if they have not changed since the last call of `load` or `update`. `current` contains the
    /// entries in effect.
    ///
    /// # Errors
    /// The store is unavailable, or contains an invalid entry. The current entries stay in effect for
    /// [`max_staleness`](Self::max_staleness).
    fn load(&mut self, current: &BlockEntries) -> Result<Option<BlockEntries>, BlocklistError>;

    /// Applies a change to the stored entries with [`BlockEntries::apply`], stores the result, and returns it. `current` contains
    /// the entries in effect.
    ///
    /// # Errors
    /// The list is full, or the store is unavailable. Nothing is changed then.
    fn update(&mut self, current: &BlockEntries, change: &BlockChange) -> Result<BlockEntries, BlocklistError>;
}

/// A block list store in the memory of this process only. See [`Blocklist::memory`](super::Blocklist::memory).
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryBlocklistStore;

impl BlocklistStore for MemoryBlocklistStore {
    fn refresh_interval(&self) -> Option<Duration> {
        None
    }

    fn load(&mut self, _: &BlockEntries) -> Result<Option<BlockEntries>, BlocklistError> {
        Ok(None)
    }

    fn update(&mut self, current: &BlockEntries, change: &BlockChange) -> Result<BlockEntries, BlocklistError> {
        let mut entries = current.clone();
        entries.apply(change)?;
        Ok(entries)
    }
}
