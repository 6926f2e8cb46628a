//! The lists in Redis or Valkey: a set of lines, and a number that changes with it.
//!
//! A thread of its own asks for the number every second, and for the lines where it is another one. No request waits for it.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use redis::{Client, Commands as _, Connection, RedisResult};

use super::snapshot::Snapshot;
use super::{Entry, Home, Inner};
use crate::clock;
use crate::server::{self, RedisUrlError};

const LINES: &str = "auth:blocks";
const VERSION: &str = "auth:blocks:version";

/// As often as this the number is asked for.
const EVERY: Duration = Duration::from_secs(1);

/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is wrong with lists in Redis. Quotes neither an address nor a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisBlocksError {
    /// The address names no server.
    #[error("{0}")]
    Address(RedisUrlError),
    /// It is out of reach.
    #[error("the lists in Redis are out of reach")]
    Unavailable,
    /// A line is no entry.
    #[error("a line of the lists in Redis is no entry")]
    Line,
}

/// The server, and the number of what was read of it last. The number only grows: a smaller one, or none, says that the
/// server has lost what was written since.
pub(super) struct Server {
    client: Client,
    seen: u64,
}

/// What the server has, joined with what it lost.
pub(super) struct Read {
    pub(super) snapshot: Snapshot,
    version: u64,
    /// By how much the number has to grow so that everybody reads again.
    step: u64,
}

impl Server {
    pub(super) fn new(url: &str) -> Result<Self, RedisBlocksError> {
        server::client(url).map(|client| Self { client, seen: 0 }).map_err(RedisBlocksError::Address)
    }

    fn connect(&self) -> Result<Connection, RedisBlocksError> {
        let connect = || -> RedisResult<Connection> {
            let connection = self.client.get_connection_with_timeout(PATIENCE)?;
            connection.set_read_timeout(Some(PATIENCE))?;
            connection.set_write_timeout(Some(PATIENCE))?;
            Ok(connection)
        };
        connect().map_err(|_| RedisBlocksError::Unavailable)
    }

    /// All that the server has; and of a server that lost some, what is known here too: what was revoked stays so.
    pub(super) fn read(&self, ours: &Snapshot) -> Result<Read, RedisBlocksError> {
        let mut read = read(&mut self.connect()?)?;
        if self.has_lost(read.version, ours) {
            for entry in ours.entries() {
                read.snapshot.add(entry);
            }
            read.step = self.seen.saturating_sub(read.version) + 1;
        }
        Ok(read)
    }

    fn has_lost(&self, version: u64, ours: &Snapshot) -> bool {
        version < self.seen || version == 0 && ours.len() > 0
    }

    /// Writes what is in a snapshot and not on the server, and takes away what is there and not in it. The number that it has
    /// then is looked at by the next look, as somebody else may have written in between.
    pub(super) fn write(&self, before: &Read, after: &Snapshot) -> Result<(), RedisBlocksError> {
        let lines = |snapshot: &Snapshot| snapshot.entries().map(|entry| entry.to_string()).collect::<HashSet<_>>();
        let (before, step, after) = (lines(&before.snapshot), before.step, lines(after));
        let mut all = redis::pipe();
        all.atomic();
        // After a loss all of them: what was joined is not on the server.
        for line in after.iter().filter(|line| step > 1 || !before.contains(*line)) {
            all.sadd(LINES, line).ignore();
        }
        for line in before.difference(&after) {
            all.srem(LINES, line).ignore();
        }
        all.incr(VERSION, step).ignore();
        all.query::<()>(&mut self.connect()?).map_err(|_| RedisBlocksError::Unavailable)
    }
}

fn read(connection: &mut Connection) -> Result<Read, RedisBlocksError> {
    let away = |_| RedisBlocksError::Unavailable;
    // The number first: what changes in between is read again.
    let version: Option<u64> = connection.get(VERSION).map_err(away)?;
    let lines: Vec<String> = connection.smembers(LINES).map_err(away)?;
    let mut snapshot = Snapshot::default();
    for line in lines {
        let entry: Entry = line.parse().map_err(|_| RedisBlocksError::Line)?;
        if !snapshot.add(entry) {
            return Err(RedisBlocksError::Line);
        }
    }
    Ok(Read { snapshot, version: version.unwrap_or_default(), step: 1 })
}

/// Keeps the snapshot as the server has it, as long as the lists are in use.
pub(super) fn follow(inner: &Arc<Inner>) -> std::io::Result<()> {
    let weak = Arc::downgrade(inner);
    let run = move || {
        let mut connection = None;
        while let Some(inner) = Weak::upgrade(&weak) {
            match look(&mut connection, &inner) {
                Ok(()) => inner.is_fresh(clock::monotonic()),
                Err(error) => {
                    connection = None;
                    tracing::error!(target: "auth_core", %error, "what was read before holds as long as its bound");
                }
            }
            drop(inner);
            std::thread::sleep(EVERY);
        }
    };
    std::thread::Builder::new().name("auth-blocks".to_owned()).spawn(run).map(drop)
}

/// One look. The lists are held meanwhile: what is just being added must not be replaced by what was read before it.
fn look(connection: &mut Option<Connection>, inner: &Inner) -> Result<(), RedisBlocksError> {
    let mut home = inner.home.lock().unwrap_or_else(PoisonError::into_inner);
    let Home::Redis(server) = &mut *home else { return Ok(()) };
    let mut open = match connection.take() {
        Some(open) => open,
        None => server.connect()?,
    };
    let version: Option<u64> = open.get(VERSION).map_err(|_| RedisBlocksError::Unavailable)?;
    let version = version.unwrap_or_default();
    let ours = inner.snapshot.load_full();
    if server.has_lost(version, &ours) {
        tracing::error!(target: "auth_core", entries = ours.len(), "lists in Redis were lost, and are written again");
        let all = server.read(&ours)?;
        server.write(&all, &all.snapshot)?;
        inner.snapshot.store(Arc::new(all.snapshot));
    } else if version > server.seen || !inner.was_read() {
        let read = read(&mut open)?;
        inner.snapshot.store(Arc::new(read.snapshot));
        server.seen = read.version;
    }
    *connection = Some(open);
    Ok(())
}
