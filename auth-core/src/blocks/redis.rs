//! The lists in Redis or Valkey: a set of lines, and a number that changes with it.
//!
//! A thread of its own asks for the number every second, and for the lines where it is another one. No request waits for it.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::{Client, Commands as _, Connection, RedisResult};

use super::snapshot::Snapshot;
use super::{Entry, Inner};
use crate::clock;

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
    #[error("this is no address of Redis: write `redis://host:6379/0`")]
    Address,
    /// It is out of reach.
    #[error("the lists in Redis are out of reach")]
    Unavailable,
    /// A line is no entry.
    #[error("a line of the lists in Redis is no entry")]
    Line,
}

/// The server.
pub(super) struct Server(Client);

impl Server {
    pub(super) fn new(url: &str) -> Result<Self, RedisBlocksError> {
        Client::open(url).map(Self).map_err(|_| RedisBlocksError::Address)
    }

    fn connect(&self) -> Result<Connection, RedisBlocksError> {
        let connect = || -> RedisResult<Connection> {
            let connection = self.0.get_connection_with_timeout(PATIENCE)?;
            connection.set_read_timeout(Some(PATIENCE))?;
            connection.set_write_timeout(Some(PATIENCE))?;
            Ok(connection)
        };
        connect().map_err(|_| RedisBlocksError::Unavailable)
    }

    /// All lines, as a snapshot.
    pub(super) fn read(&self) -> Result<Snapshot, RedisBlocksError> {
        read(&mut self.connect()?).map(|(snapshot, _)| snapshot)
    }

    /// Writes what is in one snapshot and not in the other.
    pub(super) fn write(&self, before: &Snapshot, after: &Snapshot) -> Result<(), RedisBlocksError> {
        let lines = |snapshot: &Snapshot| snapshot.entries().map(|entry| entry.to_string()).collect::<HashSet<_>>();
        let (before, after) = (lines(before), lines(after));
        let mut all = redis::pipe();
        all.atomic();
        for line in after.difference(&before) {
            all.sadd(LINES, line).ignore();
        }
        for line in before.difference(&after) {
            all.srem(LINES, line).ignore();
        }
        all.incr(VERSION, 1).ignore();
        all.query::<()>(&mut self.connect()?).map_err(|_| RedisBlocksError::Unavailable)
    }
}

fn read(connection: &mut Connection) -> Result<(Snapshot, Option<u64>), RedisBlocksError> {
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
    Ok((snapshot, version))
}

/// Keeps the snapshot as the server has it, as long as the lists are in use.
pub(super) fn follow(inner: &Arc<Inner>, server: Server) -> std::io::Result<()> {
    let weak = Arc::downgrade(inner);
    let run = move || {
        let (mut connection, mut seen) = (None, None);
        while let Some(inner) = Weak::upgrade(&weak) {
            match look(&server, &mut connection, &mut seen, &inner) {
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

/// One look; `seen` is the number of what was read last.
fn look(
    server: &Server,
    connection: &mut Option<Connection>,
    seen: &mut Option<Option<u64>>,
    inner: &Inner,
) -> Result<(), RedisBlocksError> {
    let mut open = match connection.take() {
        Some(open) => open,
        None => server.connect()?,
    };
    let version: Option<u64> = open.get(VERSION).map_err(|_| RedisBlocksError::Unavailable)?;
    let ours = inner.snapshot.load_full();
    if version.is_none() && ours.len() > 0 {
        // It was emptied: by a restart, not by us, whose every change counts up. What was revoked stays so.
        tracing::error!(target: "auth_core", entries = ours.len(), "the lists in Redis were lost, and are written again");
        server.write(&Snapshot::default(), &ours)?;
    } else if *seen != Some(version) {
        let (snapshot, version) = read(&mut open)?;
        inner.snapshot.store(Arc::new(snapshot));
        *seen = Some(version);
    }
    *connection = Some(open);
    Ok(())
}
