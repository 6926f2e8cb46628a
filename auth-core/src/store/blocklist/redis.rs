//! The lists in Redis or Valkey: a set of lines, and a log of changes, each of which has a random mark.
//!
//! A thread of its own asks for the last mark every second, and for the lines where it is another one. No request waits for it.
//! Where the mark that was seen last is in the log no more, the server has lost what was written since, however many changes
//! there were after that.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use redis::{Client, Commands as _, Connection, RedisResult};

use super::snapshot::Snapshot;
use super::{Entry, Home, Inner};
use crate::runtime::clock;
use crate::runtime::redis::{RedisUrlError, client};

const LINES: &str = "auth:blocks";
const LOG: &str = "auth:blocks:log";

/// Stands among the lines and is none: where it is not, the lines are not those that the log is of.
const HEADING: &str = "lists";

/// So many marks are kept. Who was away for longer takes the lists for lost, and what was taken out meanwhile is back.
const KEPT: isize = 1000;

/// As often as this the last mark is asked for.
const EVERY: Duration = Duration::from_secs(1);

/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is wrong with lists in Redis. Quotes neither an address nor a line.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisBlocksError {
    /// The address names no server.
    #[error("{0}")]
    Address(RedisUrlError),
    /// It is out of reach.
    #[error("the lists in Redis are out of reach")]
    Unavailable,
    /// The server has lost the lines, and nobody here knows what they were.
    #[error(
        "the lists in Redis were lost: an instance that has read them writes them again; or delete `auth:blocks:log`"
    )]
    Lost,
    /// A line is no entry.
    #[error("a line of the lists in Redis is no entry")]
    Line,
}

crate::debug_as_display!(RedisBlocksError);

/// The server, and the last mark of what was read of it.
pub(super) struct Server {
    client: Client,
    seen: Option<String>,
    /// What this instance wrote and has not seen again yet.
    written: Option<String>,
}

/// What the server has, joined with what it lost.
pub(super) struct Read {
    pub(super) snapshot: Snapshot,
    last: Option<String>,
    was_lost: bool,
}

impl Server {
    pub(super) fn new(url: &str) -> Result<Self, RedisBlocksError> {
        client(url).map(|client| Self { client, seen: None, written: None }).map_err(RedisBlocksError::Address)
    }

    pub(super) fn connect(&self) -> Result<Connection, RedisBlocksError> {
        let connect = || -> RedisResult<Connection> {
            let connection = self.client.get_connection_with_timeout(PATIENCE)?;
            connection.set_read_timeout(Some(PATIENCE))?;
            connection.set_write_timeout(Some(PATIENCE))?;
            Ok(connection)
        };
        connect().map_err(|_| RedisBlocksError::Unavailable)
    }

    /// All that the server has; and of a server that lost some, what is known here too: what was revoked stays so.
    pub(super) fn read(&self, connection: &mut Connection, ours: &Snapshot) -> Result<Read, RedisBlocksError> {
        let away = |_| RedisBlocksError::Unavailable;
        // The log first: what changes in between is read again.
        let log: Vec<String> = connection.lrange(LOG, 0, KEPT).map_err(away)?;
        let lines: Vec<String> = connection.smembers(LINES).map_err(away)?;
        let mut snapshot = Snapshot::default();
        let has_heading = lines.iter().any(|line| line == HEADING);
        for line in lines.iter().filter(|line| *line != HEADING) {
            let entry: Entry = line.parse().map_err(|_| RedisBlocksError::Line)?;
            if !snapshot.add(entry) {
                return Err(RedisBlocksError::Line);
            }
        }
        let known = || self.seen.iter().chain(&self.written);
        let was_lost = known().any(|mark| !log.contains(mark))
            || log.is_empty() && ours.len() > 0
            || !log.is_empty() && !has_heading;
        if was_lost && known().next().is_none() && ours.len() == 0 {
            return Err(RedisBlocksError::Lost);
        }
        if was_lost {
            for entry in ours.entries() {
                snapshot.add(entry);
            }
        }
        Ok(Read { snapshot, last: log.into_iter().next(), was_lost })
    }

    /// Writes what is in a snapshot and not on the server, and takes away what is there and not in it. What is there then is
    /// looked at by the next look, as somebody else may have written in between.
    pub(super) fn write(
        &mut self,
        connection: &mut Connection,
        before: &Read,
        after: &Snapshot,
    ) -> Result<(), RedisBlocksError> {
        let lines = |snapshot: &Snapshot| snapshot.entries().map(|entry| entry.to_string()).collect::<HashSet<_>>();
        let (was_lost, before, after) = (before.was_lost, lines(&before.snapshot), lines(after));
        let mark = mark().ok_or(RedisBlocksError::Unavailable)?;
        let mut all = redis::pipe();
        all.atomic();
        // After a loss all of them: what was joined is not on the server.
        for line in after.iter().filter(|line| was_lost || !before.contains(*line)) {
            all.sadd(LINES, line).ignore();
        }
        for line in before.difference(&after) {
            all.srem(LINES, line).ignore();
        }
        all.sadd(LINES, HEADING).ignore();
        all.lpush(LOG, &mark).ignore().ltrim(LOG, 0, KEPT).ignore();
        // It may have been written although no answer says so.
        self.written = Some(mark);
        all.query::<()>(connection).map_err(|_| RedisBlocksError::Unavailable)
    }
}

/// What no other change has.
fn mark() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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
    let last: Option<String> = open.lindex(LOG, 0).map_err(|_| RedisBlocksError::Unavailable)?;
    if last != server.seen || server.written.is_some() || !inner.was_read() {
        let ours = inner.snapshot.load_full();
        let read = server.read(&mut open, &ours)?;
        if read.was_lost {
            tracing::error!(target: "auth_core", entries = ours.len(), "lists in Redis were lost, and are written again");
            // What was seen is gone; what is written now is looked at next.
            (server.seen, server.written) = (None, None);
            server.write(&mut open, &read, &read.snapshot)?;
        } else {
            (server.seen, server.written) = (read.last, None);
        }
        inner.snapshot.store(Arc::new(read.snapshot));
    }
    *connection = Some(open);
    Ok(())
}
