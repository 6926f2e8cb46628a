//! Who is refused whatever a rule says: blocked addresses, subjects and tokens, and what was revoked.
//!
//! # Why
//! Addresses are looked at before anything else. Subjects and tokens only once a credential is verified: what a forged token
//! claims would tell anybody who is blocked, and the answer before the hash of a password would do the same.
//!
//! Each request looks at one snapshot, in memory, without a lock.

mod entry;
mod file;
#[cfg(feature = "redis")]
mod redis;
mod snapshot;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

pub use self::entry::{Entry, EntryError};
pub use self::file::FileError;
#[cfg(feature = "redis")]
pub use self::redis::RedisBlocksError;
use self::snapshot::Snapshot;
use crate::audit::{Event, Happened, Sink};
use crate::denial::{Denial, Reason};
use crate::identity::principal::Principal;
#[cfg(feature = "redis")]
use crate::runtime::clock::Moment;
use crate::runtime::clock::{self, Timestamp};

/// Block lists and revocations. Cheap to clone; the application keeps a clone to add entries to.
///
/// ```
/// use auth_core::store::blocklist::{Blocks, Entry};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let blocks = Blocks::memory();
/// blocks.add("block address 203.0.113.0/24".parse()?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Blocks(Arc<Inner>);

struct Inner {
    snapshot: ArcSwap<Snapshot>,
    /// Held while the lists change.
    home: Mutex<Home>,
    /// Until when the snapshot holds, where the lists live elsewhere.
    #[cfg(feature = "redis")]
    holds: Option<ArcSwap<Moment>>,
    audit: OnceLock<Arc<dyn Sink>>,
}

/// Where the lists live.
enum Home {
    Memory,
    File(PathBuf),
    #[cfg(feature = "redis")]
    Redis(Box<redis::Server>),
}

/// Why an entry is not added.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BlocksError {
    /// There is no room. No entry is pushed out for another: what was revoked stays so.
    #[error("the lists are full: at most a million entries")]
    Full,
    /// It would be read as another one.
    #[error("an entry with a space or a control character where none can be")]
    NotWritable,
    /// The file of the lists.
    #[error(transparent)]
    File(#[from] FileError),
    /// Their server.
    #[cfg(feature = "redis")]
    #[error(transparent)]
    Redis(#[from] RedisBlocksError),
}

crate::debug_as_display!(BlocksError);

/// How long an entry of a token outlives the token: as long as any leeway.
const LEEWAY: Duration = Duration::from_secs(300);

/// How far clocks may be apart where a token says when it was made.
const CLOCKS: Duration = Duration::from_secs(60);

impl Blocks {
    /// Lists in the memory of this process: gone with it.
    pub fn memory() -> Self {
        Self::new(Snapshot::default(), Home::Memory)
    }

    /// Lists in a file, an entry a line. The file is looked at every two seconds, and read again when it has changed and stays so; a line
    /// that is no entry keeps all of the new content out. Entries that are added here are written to it: one process writes.
    ///
    /// # Errors
    /// It cannot be read, or a line is no entry.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::file_and_look(path, Duration::from_secs(2))
    }

    /// The same, with how often the file is looked at.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn file_and_look(path: impl AsRef<Path>, every: Duration) -> Result<Self, FileError> {
        let path = path.as_ref().to_owned();
        let blocks = Self::new(file::read(&path)?, Home::File(path.clone()));
        crate::runtime::file_watcher::watch(&blocks.0, &path, every, file::read, Inner::take)
            .map_err(FileError::Read)?;
        Ok(blocks)
    }

    /// Lists in Redis or Valkey, shared by all instances that name the same one: `redis://user:password@host:6379/0`. A change
    /// reaches every instance within two seconds. Until they were read once, every request is refused. Where the server is out of reach, what was read before holds for ten; after
    /// that, credentials are answered with 503, since nobody knows any more what was revoked. A server that lost the lists is
    /// given them again by an instance that has them; it should evict no keys all the same (`maxmemory-policy noeviction`). No
    /// connection is opened here.
    ///
    /// # Errors
    /// The address is none.
    #[cfg(feature = "redis")]
    pub fn redis(url: &str) -> Result<Self, RedisBlocksError> {
        let inner = Arc::new(Inner {
            snapshot: ArcSwap::from_pointee(Snapshot::default()),
            home: Mutex::new(Home::Redis(Box::new(redis::Server::new(url)?))),
            holds: Some(ArcSwap::from_pointee(Moment::default())),
            audit: OnceLock::new(),
        });
        redis::follow(&inner).map_err(|_| RedisBlocksError::Unavailable)?;
        Ok(Self(inner))
    }

    fn new(snapshot: Snapshot, home: Home) -> Self {
        Self(Arc::new(Inner {
            snapshot: ArcSwap::from_pointee(snapshot),
            home: Mutex::new(home),
            #[cfg(feature = "redis")]
            holds: None,
            audit: OnceLock::new(),
        }))
    }

    /// Adds an entry; it holds from the next request on.
    ///
    /// # Errors
    /// There is no room, or the file or the server cannot be written; then it does not hold. With a server it waits for that,
    /// up to a few seconds: from a handler, call it in `web::block`.
    pub fn add(&self, entry: Entry) -> Result<(), BlocksError> {
        let text = entry.to_string();
        self.change(entry, Snapshot::add)?;
        self.tell(Happened::ListAdded, text);
        Ok(())
    }

    /// Takes an entry out.
    ///
    /// # Errors
    /// The file cannot be written; then it still holds.
    pub fn remove(&self, entry: Entry) -> Result<(), BlocksError> {
        let text = entry.to_string();
        self.change(entry, |snapshot, entry| {
            snapshot.remove(&entry);
            true
        })?;
        self.tell(Happened::ListRemoved, text);
        Ok(())
    }

    /// Tells this sink of changes; the first one that is set.
    pub fn audit(&self, sink: Arc<dyn Sink>) {
        let _ = self.0.audit.set(sink);
    }

    fn tell(&self, happened: Happened, entry: String) {
        if let Some(sink) = self.0.audit.get() {
            let event = Event { entry: Some(entry), ..Event::new(clock::now(), happened) };
            // The change holds already: a sink that panics takes nothing back.
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sink.record(&event))).is_err() {
                tracing::error!(target: "auth_core", "the audit sink panicked");
            }
        }
    }

    fn change(&self, entry: Entry, change: impl FnOnce(&mut Snapshot, Entry) -> bool) -> Result<(), BlocksError> {
        if !entry.is_writable() {
            return Err(BlocksError::NotWritable);
        }
        let mut home = self.0.home.lock().unwrap_or_else(PoisonError::into_inner);
        // What others wrote into the file meanwhile stays.
        #[cfg(feature = "redis")]
        let mut before = None;
        let mut snapshot = match &*home {
            Home::Memory => Snapshot::clone(&self.0.snapshot.load()),
            Home::File(path) => file::read(path)?,
            #[cfg(feature = "redis")]
            Home::Redis(server) => {
                let mut connection = server.connect()?;
                let read = server.read(&mut connection, &self.0.snapshot.load())?;
                before.insert((connection, read)).1.snapshot.clone()
            }
        };
        snapshot.forget_expired(clock::now().minus(LEEWAY));
        if !change(&mut snapshot, entry) {
            return Err(BlocksError::Full);
        }
        match &mut *home {
            Home::Memory => {}
            Home::File(path) => file::write(path, &snapshot)?,
            #[cfg(feature = "redis")]
            Home::Redis(server) => {
                if let Some((connection, before)) = &mut before {
                    server.write(connection, before, &snapshot)?;
                }
            }
        }
        self.0.snapshot.store(Arc::new(snapshot));
        #[cfg(feature = "redis")]
        if before.is_some() {
            self.0.is_fresh(clock::monotonic());
        }
        Ok(())
    }

    /// All entries, in no order.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.snapshot.load().entries().collect()
    }

    /// Whether requests from there are refused. One whose address is not known is, where any address is blocked, or only some
    /// are allowed.
    pub fn refuse_address(&self, address: Option<IpAddr>) -> bool {
        // Before the lists were read once, nobody knows who is on them.
        #[cfg(feature = "redis")]
        if !self.0.was_read() {
            return true;
        }
        self.0.snapshot.load().refuses_address(address)
    }

    /// What the lists say to a verified caller.
    ///
    /// # Errors
    /// 503 where the lists live elsewhere and are too old to tell; 401 for what was revoked; then 403 for whom or what is
    /// blocked.
    pub fn judge(&self, caller: &Principal) -> Result<(), Denial> {
        let denial = |reason, cause| {
            let id = Some(caller.id());
            Err(Denial { caller: id, ..Denial::refused(caller.scheme(), reason, cause) })
        };
        #[cfg(feature = "redis")]
        if self.0.holds.as_ref().is_some_and(|until| until.load().after(clock::monotonic()).is_none()) {
            let reason = Reason::AuthenticationUnavailable(crate::denial::RetryAfter::seconds(2));
            return denial(reason, "the lists of what was revoked are too old");
        }
        let snapshot = self.0.snapshot.load();
        if snapshot.knows_nobody() {
            return Ok(());
        }
        // The subject, and everybody who acts in their name.
        let ids = || std::iter::once(caller.id()).chain(caller.actors().map(|actor| actor.id()));
        let token = caller.token_id();
        let token = token.as_deref().map(|jti| (caller.issuer(), jti));
        if token.is_some_and(|(issuer, jti)| snapshot.revokes_token(issuer, jti)) {
            return denial(Reason::RevokedCredentials, "the token was revoked");
        }
        let after = |since: Timestamp| caller.issued_at().is_some_and(|issued| issued > since.plus(CLOCKS));
        if caller.is_issued() && ids().any(|id| snapshot.revoked_since(&id).is_some_and(|since| !after(since))) {
            return denial(Reason::RevokedCredentials, "what was issued to the subject until then was revoked");
        }
        if ids().any(|id| snapshot.blocks_subject(&id)) {
            return denial(Reason::AccessBlocked, "the subject, or who acts in their name, is blocked");
        }
        if token.is_some_and(|(issuer, jti)| snapshot.blocks_token(issuer, jti)) {
            return denial(Reason::AccessBlocked, "the token is blocked");
        }
        Ok(())
    }
}

#[cfg(feature = "redis")]
impl Inner {
    /// The snapshot is what the server has now.
    fn is_fresh(&self, now: Moment) {
        /// As long as this a snapshot holds without a look.
        const BOUND: Duration = Duration::from_secs(10);
        if let Some(holds) = &self.holds {
            holds.store(Arc::new(now.plus(BOUND)));
        }
    }

    /// Whether the lists were read once.
    fn was_read(&self) -> bool {
        self.holds.as_ref().is_none_or(|holds| **holds.load() > Moment::default())
    }
}

impl Inner {
    /// Takes what was read again, if the file still says so: an entry that was added meanwhile must not be lost for a moment.
    fn take(&self, snapshot: Snapshot) {
        let home = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        if let Home::File(path) = &*home
            && file::read(path).is_ok_and(|now| now == snapshot)
        {
            self.snapshot.store(Arc::new(snapshot));
        }
    }
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("entries", &self.0.snapshot.load().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::issuer::Source;
    use crate::identity::scheme_id::Scheme;
    use crate::policy::atom::tests::{alice, source};

    fn lists(lines: &[&str]) -> Blocks {
        let blocks = Blocks::memory();
        lines.iter().for_each(|line| blocks.add(line.parse().unwrap()).unwrap());
        blocks
    }

    fn status(outcome: Result<(), Denial>) -> u16 {
        outcome.map_or_else(|denial| denial.reason.answer().status, |()| 200)
    }

    #[test]
    fn an_address_is_refused_however_it_is_written_and_while_only_some_come_in() {
        // IP-7, L6
        let blocks =
            lists(&["block address 203.0.113.0/24", "block address 2001:db8:bad::/48", "block address 10.0.0.1"]);
        #[rustfmt::skip]
        let table = [
            ("203.0.113.9", true), ("::ffff:203.0.113.9", true), ("64:ff9b::203.0.113.9", true), ("203.0.114.9", false),
            ("2001:db8:bad::1", true), ("2001:db8:bae::1", false), ("10.0.0.1", true), ("10.0.0.2", false),
        ];
        for (address, refused) in table {
            assert_eq!(blocks.refuse_address(Some(address.parse().unwrap())), refused, "{address}");
        }
        assert!(blocks.refuse_address(None), "IP-9: who hides may be one of them");
        assert!(!lists(&["block subject user:1:a:b"]).refuse_address(None), "where no address is listed, none matters");
        blocks.add("allow address 10.0.0.0/8".parse().unwrap()).unwrap();
        for (address, refused) in [("10.0.0.2", false), ("10.0.0.1", true), ("192.0.2.1", true)] {
            assert_eq!(blocks.refuse_address(Some(address.parse().unwrap())), refused, "{address}");
        }
        assert!(blocks.refuse_address(None), "who hides is not among those");
        blocks.remove("allow address 10.0.0.0/8".parse().unwrap()).unwrap();
        assert!(!blocks.refuse_address(Some("192.0.2.1".parse().unwrap())));
    }

    #[test]
    fn subjects_tokens_and_actors_are_judged_by_their_whole_identity() {
        // C2, H16, M2, JWT-26: (lists, what the token says, the answer)
        const ALICE: &str = "user:18:https://id.example:alice";
        let issued = |iat: i64| format!(r#","iat":{iat}"#);
        let acting = r#","iat":9999999999,"act":{"sub":"bob"}"#;
        let deep = r#","iat":9999999999,"act":{"sub":"carol","act":{"sub":"bob","iss":"https://id.example"}}"#;
        let elsewhere = r#","act":{"sub":"bob","iss":"https://other.example"}"#;
        let block = |what: &str| format!("block subject {what}");
        let since = format!("revoke subject {ALICE} 1000");
        let later = format!("{}", clock::now().seconds() + 60);
        #[rustfmt::skip]
        let table: Vec<(String, String, u16)> = vec![
            (block(ALICE), String::new(), 403),
            (block("user:21:https://other.example:alice"), String::new(), 200),
            (block("client:18:https://id.example:alice"), String::new(), 200),
            (block("user:18:https://id.example:Alice"), String::new(), 200),
            (block("user:18:https://id.example:bob"), acting.into(), 403),
            (block("user:18:https://id.example:bob"), deep.into(), 403),
            (block("user:18:https://id.example:bob"), elsewhere.into(), 200),
            ("block token https://id.example j1".into(), r#","jti":"j1""#.into(), 403),
            ("block token https://id.example j1".into(), r#","jti":"j2""#.into(), 200),
            ("block token https://other.example j1".into(), r#","jti":"j1""#.into(), 200),
            (format!("revoke token https://id.example j1 {later}"), r#","jti":"j1""#.into(), 401),
            (format!("revoke token https://id.example j1 {later}"), r#","jti":"\u006a1""#.into(), 401),
            (format!("revoke token https://id.example j1 {later}"), String::new(), 200),
            (since.clone(), issued(999), 401),
            (since.clone(), issued(1000), 401),
            (since.clone(), issued(1060), 401), // clocks may be a minute apart
            (since.clone(), issued(1061), 200),
            (since.clone(), String::new(), 401), // M2
            (since.clone(), r#","iat":"2000""#.into(), 401),
            ("revoke subject user:18:https://id.example:bob 1000".into(), r#","iat":9,"act":{"sub":"bob"}"#.into(), 401),
        ];
        for (line, members, expected) in table {
            let caller = alice(source(), &members);
            assert_eq!(status(lists(&[&line]).judge(&caller)), expected, "{line}: {members}");
            assert_eq!(status(Blocks::memory().judge(&caller)), 200);
        }
        // Who shows a password each time has nothing that was issued.
        let basic = alice(Source { scheme: Scheme::Basic, has_claims: false, ..source() }, "");
        assert_eq!(status(lists(&[&since]).judge(&basic)), 200);
        assert_eq!(status(lists(&[&block(ALICE)]).judge(&basic)), 403);
    }

    #[test]
    fn a_revocation_stays_as_long_as_the_token_could_come_back() {
        // M2
        let now = clock::now().seconds();
        let line = |expires: i64| format!("revoke token a j{expires} {expires}");
        let blocks = lists(&[&line(now - 299), &line(now + 10), &line(now - 400)]);
        blocks.add("block address 192.0.2.1".parse().unwrap()).unwrap(); // any change throws away what is over
        let left: Vec<_> =
            blocks.entries().iter().map(Entry::to_string).filter(|line| line.starts_with("revoke")).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn a_file_is_read_again_kept_when_it_breaks_and_written_to() {
        let folder = std::env::temp_dir().join(format!("auth-core-blocks-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("blocks.txt");
        // At once: half a file, which a busy machine may leave for longer than two looks, is another list.
        let put = |text: &str| {
            std::fs::write(folder.join("new"), text).unwrap();
            std::fs::rename(folder.join("new"), &path).unwrap();
        };
        put("# who\n\nblock address 192.0.2.1\n");
        let blocks = Blocks::file_and_look(&path, Duration::from_millis(20)).unwrap();
        let refused = |last| blocks.refuse_address(Some(IpAddr::from([192, 0, 2, last])));
        let within = |expected: &dyn Fn() -> bool| {
            (0..300).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                expected()
            })
        };
        assert!(refused(1) && !refused(2));
        put("block address 192.0.2.2\n");
        assert!(within(&|| refused(2) && !refused(1)));
        put("block address 192.0.2.3\nblock adress 192.0.2.4\n");
        std::thread::sleep(Duration::from_millis(100));
        assert!(refused(2) && !refused(3), "all of it, or nothing");
        assert!(blocks.add("block address 192.0.2.5".parse().unwrap()).is_err(), "and nobody writes over it");
        put("block address 192.0.2.3\n");
        blocks.add("block address 192.0.2.5".parse().unwrap()).unwrap();
        assert!(refused(3) && refused(5));
        let again = Blocks::file(&path).unwrap();
        assert!(again.refuse_address(Some(IpAddr::from([192, 0, 2, 5]))), "it survives a restart");
        std::fs::remove_file(&path).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        assert!(refused(3), "a file that is gone lets nobody in");
        // S4, S18: who was named, and who may read it.
        put("");
        #[cfg(unix)]
        let mode = || std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777;
        #[cfg(unix)]
        for mode_of_file in [0o600, 0o640] {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode_of_file);
            std::fs::set_permissions(&path, permissions).unwrap();
            Blocks::file(&path).unwrap().add("block address 192.0.2.5".parse().unwrap()).unwrap();
            assert_eq!(mode(), mode_of_file);
        }
        let hostile = Entry::BlockSubject(crate::Id::user("https://id.example", "alice "));
        Blocks::file(&path).unwrap().add(hostile.clone()).unwrap();
        assert!(Blocks::file(&path).unwrap().entries().contains(&hostile));
        std::fs::write(&path, "no entry\n").unwrap();
        assert_eq!(Blocks::file(&path).unwrap_err().to_string(), format!("line 1 of the lists: {EntryError}"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
