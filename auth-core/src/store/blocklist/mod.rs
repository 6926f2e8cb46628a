//! Block lists of addresses, subjects and tokens, and revocations of tokens and sessions. They take precedence over all rules.
//!
//! # Why
//! Addresses are checked before everything else. Subjects and tokens are checked only after a credential is verified. Otherwise the
//! claims of a forged token, or a response before the password hash, would reveal who is blocked.
//!
//! Each request reads one snapshot in memory, without a lock.

#[cfg(feature = "test-util")]
pub mod conformance;
mod entry;
mod entries;
mod store;
mod file;
#[cfg(feature = "redis")]
mod redis;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;

pub use self::entries::{BlockChange, BlockEntries, BlocklistFull};
pub use self::entry::{BlockEntry, BlockEntryError};
pub use self::file::FileBlocklistStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisBlocklistStore;
pub use self::store::{BlocklistError, BlocklistFileError, BlocklistStore, MemoryBlocklistStore, RedisBlocklistError};
use crate::audit::{Event, EventKind, Sink, try_record};
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::principal::Principal;
use crate::runtime::clock::{self, Moment, Timestamp};

/// Block lists and revocations. Cheap to clone. The application keeps a clone to change entries.
///
/// ```
/// use auth_actix::blocklist::Blocklist;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let blocklist = Blocklist::memory();
/// blocklist.add("block address 203.0.113.0/24".parse()?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Blocklist(Arc<BlocklistInner>);

struct BlocklistInner {
    entries: ArcSwap<BlockEntries>,
    /// Locked while the entries change.
    store: Mutex<Box<dyn BlocklistStore>>,
    /// The time until which the entries are in effect. `None` if they never become stale. The default value marks entries that
    /// were never loaded.
    fresh_until: Option<ArcSwap<Moment>>,
    max_staleness: Duration,
    audit: OnceLock<Arc<dyn Sink>>,
}

/// The interval at which a file is checked for changes.
const FILE_INTERVAL: Duration = Duration::from_secs(2);

/// The tolerated clock skew for the time at which a token was issued.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The staleness of entries that never become stale: 100 years.
const UNLIMITED: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl Blocklist {
    /// Creates a block list with a custom store. Every request is refused until the entries are loaded.
    ///
    /// # Errors
    /// The thread that loads the entries cannot be started.
    pub fn new(store: impl BlocklistStore) -> std::io::Result<Self> {
        Self::start(store, None)
    }

    /// Creates a block list in the memory of this process. The entries are lost when it ends.
    pub fn memory() -> Self {
        Self(Arc::new(BlocklistInner::new(MemoryBlocklistStore, Some(BlockEntries::default()))))
    }

    /// Creates a block list in a file, with one entry per line. Changes of the file are read within seconds. If a line is invalid,
    /// the previous entries stay in effect. [`add`](Self::add) and [`remove`](Self::remove) write to the file, so only one process
    /// may call them.
    ///
    /// # Errors
    /// The file cannot be read, or a line is invalid.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, BlocklistFileError> {
        Self::file_with_interval(path, FILE_INTERVAL)
    }

    /// Like [`file`](Self::file), with a custom interval at which the file is checked. The interval of [`file`](Self::file) is 2 s.
    ///
    /// # Errors
    /// Fails like [`file`](Self::file).
    pub fn file_with_interval(path: impl AsRef<Path>, interval: Duration) -> Result<Self, BlocklistFileError> {
        let path = path.as_ref();
        let entries = file::read(path)?;
        Self::start(FileBlocklistStore::new(path, interval), Some(entries)).map_err(BlocklistFileError::Read)
    }

    fn start(store: impl BlocklistStore, loaded: Option<BlockEntries>) -> std::io::Result<Self> {
        let interval = store.refresh_interval();
        let must_load = loaded.is_none();
        let inner = Arc::new(BlocklistInner::new(store, loaded));
        if let Some(interval) = interval {
            let weak = Arc::downgrade(&inner);
            let run = move || {
                if !must_load {
                    std::thread::sleep(interval);
                }
                while let Some(inner) = Weak::upgrade(&weak) {
                    inner.refresh();
                    drop(inner);
                    std::thread::sleep(interval);
                }
            };
            std::thread::Builder::new().name("auth-blocklist".to_owned()).spawn(run)?;
        } else if must_load {
            inner.refresh();
        }
        Ok(Self(inner))
    }

    /// Adds an entry, which is in effect from the next request on.
    ///
    /// Blocks for up to a few seconds while a file or a server is written. In a handler, call it in `web::block`.
    ///
    /// # Errors
    /// The list is full, the entry has no text form, or the file or the server cannot be written. The entry is not in effect then.
    pub fn add(&self, entry: BlockEntry) -> Result<(), BlocklistError> {
        let text = entry.to_string();
        self.0.update(&BlockChange::Add(entry))?;
        self.record(EventKind::ListAdded, text);
        Ok(())
    }

    /// Removes an entry. Blocks like [`add`](Self::add).
    ///
    /// # Errors
    /// The entry has no text form, or the file or the server cannot be written. The entry stays in effect then.
    pub fn remove(&self, entry: BlockEntry) -> Result<(), BlocklistError> {
        let text = entry.to_string();
        self.0.update(&BlockChange::Remove(entry))?;
        self.record(EventKind::ListRemoved, text);
        Ok(())
    }

    /// Sets the audit sink of changes. Only the first call has an effect.
    pub(crate) fn set_audit(&self, sink: Arc<dyn Sink>) {
        let _ = self.0.audit.set(sink);
    }

    fn record(&self, happened: EventKind, entry: String) {
        if let Some(sink) = self.0.audit.get() {
            let event = Event { entry: Some(entry), ..Event::new(clock::now(), happened) };
            // The change is already in effect, so a panic of the sink does not undo it.
            if !try_record(&**sink, &event) {
                tracing::error!(target: "auth_core", "the audit sink panicked");
            }
        }
    }

    /// Returns all entries, in unspecified order.
    pub fn entries(&self) -> Vec<BlockEntry> {
        self.0.entries.load().iter().collect()
    }

    /// Returns whether requests from this address are refused. An unknown address is refused if the list blocks or allows any
    /// address. All requests are refused until the entries are loaded.
    pub(crate) fn refuses_address(&self, address: Option<IpAddr>) -> bool {
        !self.0.is_loaded() || self.0.entries.load().refuses_address(address)
    }

    /// Checks a verified caller.
    ///
    /// # Errors
    /// Returns 503 if the entries are stale, 401 if the credential was revoked, and 403 if the caller is blocked.
    pub(crate) fn check(&self, caller: &Principal) -> Result<(), Denial> {
        let denial = |reason, cause| {
            let id = Some(caller.id());
            Err(Denial { caller: id, ..Denial::refused(caller.scheme(), reason, cause) })
        };
        if self.0.is_stale() {
            let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(2));
            return denial(reason, "the block list is too old");
        }
        let entries = self.0.entries.load();
        if entries.has_only_addresses() {
            return Ok(());
        }
        // The subject by its account and by its credential (ACCT-7), and all actors that act on their behalf.
        let by_credential = || caller.account_id().map(|_| caller.credential_id());
        let ids = || {
            let subject = std::iter::once(caller.id()).chain(by_credential());
            subject.chain(caller.actors().map(|actor| actor.id()))
        };
        let token = caller.token_id();
        let token = token.as_deref().map(|jti| (caller.issuer(), jti));
        if token.is_some_and(|(issuer, jti)| entries.revokes_token(issuer, jti)) {
            return denial(Reason::RevokedCredentials, "the token was revoked");
        }
        let is_newer = |since: Timestamp| caller.issued_at().is_some_and(|issued| issued > since.plus(CLOCK_SKEW));
        if caller.is_issued() && ids().any(|id| entries.revoked_since(&id).is_some_and(|since| !is_newer(since))) {
            return denial(Reason::RevokedCredentials, "the credential was issued before a revocation of its subject");
        }
        if ids().any(|id| entries.blocks_subject(&id)) {
            return denial(Reason::AccessBlocked, "the subject or its actor is blocked");
        }
        if token.is_some_and(|(issuer, jti)| entries.blocks_token(issuer, jti)) {
            return denial(Reason::AccessBlocked, "the token is blocked");
        }
        Ok(())
    }
}

impl BlocklistInner {
    fn new(store: impl BlocklistStore, loaded: Option<BlockEntries>) -> Self {
        let max_staleness = store.max_staleness();
        Self {
            fresh_until: loaded.is_none().then(|| ArcSwap::from_pointee(Moment::default())),
            entries: ArcSwap::from_pointee(loaded.unwrap_or_default()),
            store: Mutex::new(Box::new(store)),
            max_staleness: max_staleness.unwrap_or(UNLIMITED),
            audit: OnceLock::new(),
        }
    }

    fn refresh(&self) {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        match store.load(&self.entries.load()) {
            Ok(entries) => {
                if let Some(entries) = entries {
                    self.entries.store(Arc::new(entries));
                }
                self.mark_fresh();
            }
            Err(error) => {
                tracing::error!(target: "auth_core", %error, "the block list cannot be refreshed: the loaded entries stay in effect for a while");
            }
        }
    }

    fn update(&self, change: &BlockChange) -> Result<(), BlocklistError> {
        let (BlockChange::Add(entry) | BlockChange::Remove(entry)) = change;
        if !entry.is_writable() {
            return Err(BlocklistError::NotWritable);
        }
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = store.update(&self.entries.load(), change)?;
        self.entries.store(Arc::new(entries));
        self.mark_fresh();
        Ok(())
    }

    fn mark_fresh(&self) {
        if let Some(fresh_until) = &self.fresh_until {
            fresh_until.store(Arc::new(clock::monotonic().plus(self.max_staleness)));
        }
    }

    fn is_loaded(&self) -> bool {
        self.fresh_until.as_ref().is_none_or(|until| **until.load() > Moment::default())
    }

    fn is_stale(&self) -> bool {
        self.fresh_until.as_ref().is_some_and(|until| until.load().after(clock::monotonic()).is_none())
    }
}

impl std::fmt::Debug for Blocklist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocklist").field("entries", &self.0.entries.load().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::issuer::Issuer;
    use crate::identity::scheme_id::SchemeId;
    use crate::policy::atom::tests::{alice, source};

    fn lists(lines: &[&str]) -> Blocklist {
        let blocks = Blocklist::memory();
        lines.iter().for_each(|line| blocks.add(line.parse().unwrap()).unwrap());
        blocks
    }

    fn status(outcome: Result<(), Denial>) -> u16 {
        outcome.map_or_else(|denial| denial.reason.response().status, |()| 200)
    }

    #[test]
    fn blocked_and_unlisted_addresses_are_refused_in_any_notation() {
        // IP-7, L6
        let blocks =
            lists(&["block address 203.0.113.0/24", "block address 2001:db8:bad::/48", "block address 10.0.0.1"]);
        #[rustfmt::skip]
        let table = [
            ("203.0.113.9", true), ("::ffff:203.0.113.9", true), ("64:ff9b::203.0.113.9", true), ("203.0.114.9", false),
            ("2001:db8:bad::1", true), ("2001:db8:bae::1", false), ("10.0.0.1", true), ("10.0.0.2", false),
        ];
        for (address, refused) in table {
            assert_eq!(blocks.refuses_address(Some(address.parse().unwrap())), refused, "{address}");
        }
        assert!(blocks.refuses_address(None), "IP-9: an unknown address may be blocked");
        assert!(
            !lists(&["block subject user:1:a:b"]).refuses_address(None),
            "without blocked addresses, an unknown address is not refused"
        );
        blocks.add("allow address 10.0.0.0/8".parse().unwrap()).unwrap();
        for (address, refused) in [("10.0.0.2", false), ("10.0.0.1", true), ("192.0.2.1", true)] {
            assert_eq!(blocks.refuses_address(Some(address.parse().unwrap())), refused, "{address}");
        }
        assert!(blocks.refuses_address(None), "an unknown address is not an allowed one");
        blocks.remove("allow address 10.0.0.0/8".parse().unwrap()).unwrap();
        assert!(!blocks.refuses_address(Some("192.0.2.1".parse().unwrap())));
    }

    #[test]
    fn blocklist_matches_subjects_tokens_and_actors_with_issuer() {
        // C2, H16, M2, JWT-26: (list entries, members of the token, expected status)
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
            assert_eq!(status(lists(&[&line]).check(&caller)), expected, "{line}: {members}");
            assert_eq!(status(Blocklist::memory().check(&caller)), 200);
        }
        // A caller who sends a password with each request has no issued credential to revoke.
        let basic = alice(Issuer { scheme: SchemeId::Basic, has_claims: false, ..source() }, "");
        assert_eq!(status(lists(&[&since]).check(&basic)), 200);
        assert_eq!(status(lists(&[&block(ALICE)]).check(&basic)), 403);
    }

    #[test]
    fn revocations_are_kept_for_the_maximum_token_leeway() {
        // M2
        let now = clock::now().seconds();
        let line = |expires: i64| format!("revoke token a j{expires} {expires}");
        let blocks = lists(&[&line(now - 299), &line(now + 10), &line(now - 400)]);
        blocks.add("block address 192.0.2.1".parse().unwrap()).unwrap(); // any change removes expired revocations
        let left: Vec<_> =
            blocks.entries().iter().map(BlockEntry::to_string).filter(|line| line.starts_with("revoke")).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn blocklist_file_reloads_persists_and_survives_damage() {
        let folder = std::env::temp_dir().join(format!("auth-core-blocks-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("blocks.txt");
        // Replaced atomically, since a busy machine may leave a partial file for longer than two checks, and it would be read as
        // another list.
        let put = |text: &str| {
            std::fs::write(folder.join("new"), text).unwrap();
            std::fs::rename(folder.join("new"), &path).unwrap();
        };
        put("# who\n\nblock address 192.0.2.1\n");
        let blocks = Blocklist::file_with_interval(&path, Duration::from_millis(20)).unwrap();
        let refused = |last| blocks.refuses_address(Some(IpAddr::from([192, 0, 2, last])));
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
        assert!(refused(2) && !refused(3), "an invalid file is not applied in part");
        assert!(blocks.add("block address 192.0.2.5".parse().unwrap()).is_err(), "an invalid file is not overwritten");
        put("block address 192.0.2.3\n");
        blocks.add("block address 192.0.2.5".parse().unwrap()).unwrap();
        assert!(refused(3) && refused(5));
        let again = Blocklist::file(&path).unwrap();
        assert!(again.refuses_address(Some(IpAddr::from([192, 0, 2, 5]))), "it survives a restart");
        std::fs::remove_file(&path).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        assert!(refused(3), "a deleted file admits no blocked caller");
        // S4, S18: the names of subjects, and the permissions of the file.
        put("");
        #[cfg(unix)]
        let mode = || std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777;
        #[cfg(unix)]
        for mode_of_file in [0o600, 0o640] {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode_of_file);
            std::fs::set_permissions(&path, permissions).unwrap();
            Blocklist::file(&path).unwrap().add("block address 192.0.2.5".parse().unwrap()).unwrap();
            assert_eq!(mode(), mode_of_file);
        }
        let hostile = BlockEntry::BlockSubject(crate::Id::user("https://id.example", "alice "));
        Blocklist::file(&path).unwrap().add(hostile.clone()).unwrap();
        assert!(Blocklist::file(&path).unwrap().entries().contains(&hostile));
        std::fs::write(&path, "no entry\n").unwrap();
        assert_eq!(
            Blocklist::file(&path).unwrap_err().to_string(),
            format!("line 1 of the block list: {BlockEntryError}")
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
