//! A token store in a file.

use std::collections::HashMap;
use std::future::ready;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::columns::stored;
use super::id::TokenId;
use super::line;
use super::record::{Owner, TokenRecord, TokenRecordError};
use super::store::{TokenAdmin, TokenStore};
use super::table::{EXPIRED_TTL, TokenTable, touch};
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock::{self, WallTime};
use crate::runtime::file_watcher::{at, owner_only, watch};
use crate::runtime::future::BoxFuture;
use crate::store::unavailable::StoreUnavailable;

/// Maximum number of tokens in a file. Each change writes the whole file.
const MAX_TOKENS: usize = 10_000;

/// A token store in a file, for at most 10,000 tokens. Cheap to clone.
///
/// The file contains one JSON object per line. Empty lines and lines that begin with `#` are ignored. Times are seconds since 1970.
/// `digest` has lowercase hexadecimal digits. `owner_kind` is the kind of the account, and is empty for a client. `limits` is the
/// text of [`TokenRecord::limits`]. All members are required.
///
/// ```text
/// {"digest":"ea86…","id":"4ty3T…","lineage":"4ty3T…","owner_kind":"member","owner":"7","name":"ci","created":1764000000,"expires":null,"last_used":null,"revoked":false,"limits":{"v":1,"ceiling":null,"tenants":null,"networks":null}}
/// ```
///
/// A change writes a new file, which then replaces the old one and gets its permissions. Comments are lost. Several processes may
/// change the file: a lock on the file with the additional extension `lock` serializes their changes. The file is checked for changes
/// every two seconds. If a changed file cannot be read, the error is logged and the previous tokens stay in effect. Times of use are
/// kept in memory, and are written with the next change. Tokens that expired more than 30 days ago are removed when a token is added.
///
/// ```
/// use auth_actix::tokens::FileTokenStore;
/// # let folder = std::env::temp_dir().join(format!("auth-core-tokens-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("tokens.jsonl");
/// let tokens = FileTokenStore::open(&path)?;
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct FileTokenStore(Arc<TokensFile>);

struct TokensFile {
    path: PathBuf,
    tokens: ArcSwap<TokenTable>,
    /// Times of use since the file was written, of tokens in the file only.
    used: Mutex<HashMap<TokenId, WallTime>>,
    /// Locked while the file and `tokens` are replaced.
    replacing: Mutex<()>,
}

/// An error of a file of tokens. Contains the line number, but none of the content.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TokensFileError {
    /// The file cannot be read or created.
    #[error("the file of tokens cannot be read: {0}")]
    Read(std::io::Error),
    /// The file cannot be written.
    #[error("the file of tokens cannot be written: {0}")]
    Write(std::io::Error),
    /// A line is not a valid token.
    #[error("line {0} of the file of tokens is not a token")]
    Line(usize),
    /// The digest or the identifier occurs twice.
    #[error("the digest or the identifier in line {0} of the file of tokens is also in an earlier line")]
    Twice(usize),
    /// The file contains more than 10,000 tokens.
    #[error("the file of tokens contains more than 10,000 tokens")]
    TooMany,
    /// A token is invalid.
    #[error("{0}")]
    Record(TokenRecordError),
}

crate::debug_as_display!(TokensFileError);

impl From<TokensFileError> for std::io::Error {
    fn from(error: TokensFileError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

impl FileTokenStore {
    /// Reads the file. Creates a missing file, readable and writable by its owner only.
    ///
    /// # Errors
    /// The file cannot be read or created, or a line is invalid.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TokensFileError> {
        Self::open_with_interval(path, Duration::from_secs(2))
    }

    /// Like [`open`](Self::open), with a custom interval between checks for changes.
    ///
    /// # Errors
    /// Like [`open`](Self::open).
    pub fn open_with_interval(path: impl AsRef<Path>, interval: Duration) -> Result<Self, TokensFileError> {
        let path = path.as_ref();
        owner_only().create(true).append(true).open(path).map_err(at(path)).map_err(TokensFileError::Read)?;
        // A symbolic link is followed, since its target is the file.
        let path = path.canonicalize().map_err(at(path)).map_err(TokensFileError::Read)?;
        let tokens = ArcSwap::from_pointee(read(&path)?);
        let file = Arc::new(TokensFile { path, tokens, used: Mutex::default(), replacing: Mutex::default() });
        watch(&file, &file.path, interval, read, TokensFile::replace).map_err(TokensFileError::Read)?;
        Ok(Self(file))
    }

    /// Runs a change outside of the event loop, because it waits for other processes and for the disk.
    fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut TokenTable) -> Result<T, StoreUnavailable> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreUnavailable>> {
        let file = Arc::clone(&self.0);
        let changed = tokio::task::spawn_blocking(move || file.change(change));
        Box::pin(async move { changed.await.unwrap_or(Err(StoreUnavailable)) })
    }
}

impl TokensFile {
    fn used(&self) -> MutexGuard<'_, HashMap<TokenId, WallTime>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the tokens after another process has changed the file.
    fn replace(&self, tokens: TokenTable) {
        let _replacing = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        // This process may have changed the file after `tokens` were read. A revoked token must not become valid again.
        if read(&self.path).is_ok_and(|now| now == tokens) {
            self.used().retain(|id, _| tokens.contains_id(id));
            self.tokens.store(Arc::new(tokens));
        }
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut TokenTable) -> Result<T, StoreUnavailable>,
    ) -> Result<T, StoreUnavailable> {
        let _replacing = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: TokensFileError| {
            tracing::error!(target: "auth_core", %error, "the tokens cannot be changed");
            StoreUnavailable
        };
        let _locked =
            lock(&self.path, LOCK_TIMEOUT).map_err(at(&self.path)).map_err(TokensFileError::Write).map_err(failed)?;
        let before = read(&self.path).map_err(failed)?;
        let mut tokens = before.clone();
        let changed = change(&mut tokens)?;
        if tokens != before {
            let uses = self.used().clone();
            for (id, time) in &uses {
                if let Some(record) = tokens.get_by_id_mut(id) {
                    touch(record, *time);
                }
            }
            write(&self.path, &tokens).map_err(failed)?;
            // A use that was recorded meanwhile is kept.
            self.used().retain(|id, time| tokens.contains_id(id) && uses.get(id) != Some(time));
        }
        self.tokens.store(Arc::new(tokens));
        Ok(changed)
    }

    fn with_use(&self, mut record: TokenRecord) -> TokenRecord {
        if let Some(time) = self.used().get(&record.id) {
            touch(&mut record, *time);
        }
        record
    }
}

/// Maximum time that a change waits for changes by other processes. A process that stops while it holds the lock must not stop the
/// reading of the file here.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// Locks the file against changes by other processes, until the returned file is dropped. The file itself cannot be locked,
/// because a change replaces it.
fn lock(path: &Path, timeout: Duration) -> std::io::Result<std::fs::File> {
    const RETRY_INTERVAL: Duration = Duration::from_millis(10);
    let file = owner_only().create(true).append(true).open(beside(path, "lock"))?;
    let until = clock::monotonic().plus(timeout);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
            Err(std::fs::TryLockError::WouldBlock) if until.after(clock::monotonic()).is_none() => {
                return Err(std::io::ErrorKind::TimedOut.into());
            }
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(RETRY_INTERVAL),
        }
    }
}

/// Returns the path with an additional extension.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".");
    beside.push(extension);
    beside.into()
}

fn read(path: &Path) -> Result<TokenTable, TokensFileError> {
    let text = std::fs::read_to_string(path).map_err(at(path)).map_err(TokensFileError::Read)?;
    let mut tokens = TokenTable::default();
    for (number, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let (digest, record) = line::read(text).ok_or(TokensFileError::Line(number))?;
        tokens.add(digest, record).map_err(|_| TokensFileError::Twice(number))?;
        if tokens.len() > MAX_TOKENS {
            return Err(TokensFileError::TooMany);
        }
    }
    Ok(tokens)
}

/// Writes all tokens to a new file, which then replaces the old one, so that no reader sees a part of them.
fn write(path: &Path, tokens: &TokenTable) -> Result<(), TokensFileError> {
    let mut records: Vec<_> = tokens.iter().collect();
    records.sort_by(|(_, one), (_, other)| (one.created, &one.id).cmp(&(other.created, &other.id)));
    let mut text = String::new();
    for (digest, record) in records {
        text.push_str(&line::write(digest, record).map_err(TokensFileError::Record)?);
        text.push('\n');
    }
    let replace = || {
        let new = beside(path, "new");
        // A change that was interrupted leaves this file. It is removed, so that a link in its place is not followed.
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = owner_only().write(true).create_new(true).open(&new)?;
        file.set_permissions(std::fs::metadata(path)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(new, path)
    };
    replace().map_err(at(path)).map_err(TokensFileError::Write)
}

impl TokenStore for FileTokenStore {
    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        let found = self.0.tokens.load().get(digest).cloned();
        Box::pin(ready(Ok(found.map(|record| self.0.with_use(record)))))
    }

    fn find_now(&self, digest: &TokenDigest, visit: &mut dyn FnMut(Option<&TokenRecord>)) -> bool {
        visit(self.0.tokens.load().get(digest));
        true
    }

    fn touch<'a>(&'a self, id: &'a TokenId, at: WallTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        if self.0.tokens.load().contains_id(id) {
            let mut used = self.0.used();
            let time = used.entry(id.clone()).or_insert(at);
            *time = at.max(*time);
        }
        Box::pin(ready(Ok(())))
    }

    fn admin(&self) -> Option<&dyn TokenAdmin> {
        Some(self)
    }
}

impl TokenAdmin for FileTokenStore {
    fn insert<'a>(
        &'a self,
        digest: &'a TokenDigest,
        record: TokenRecord,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        let digest = digest.clone();
        self.change(move |tokens| {
            tokens.remove_expired(clock::now().minus(EXPIRED_TTL).to_wall_time().ok_or(StoreUnavailable)?);
            if tokens.len() >= MAX_TOKENS || !tokens.admits(&record) {
                return Err(StoreUnavailable);
            }
            tokens.add(digest, stored(&record)?).map_err(|_| StoreUnavailable)
        })
    }

    fn find_by_id<'a>(&'a self, id: &'a TokenId) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        let found = self.0.tokens.load().get_by_id(id).cloned();
        Box::pin(ready(Ok(found.map(|record| self.0.with_use(record)))))
    }

    fn list<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<Vec<TokenRecord>, StoreUnavailable>> {
        let listed = self.0.tokens.load().list(owner);
        Box::pin(ready(Ok(listed.into_iter().map(|record| self.0.with_use(record)).collect())))
    }

    fn revoke<'a>(&'a self, lineage: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        let lineage = lineage.clone();
        self.change(move |tokens| Ok(tokens.revoke(&lineage)))
    }

    fn end_at<'a>(&'a self, id: &'a TokenId, at: WallTime) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        let id = id.clone();
        self.change(move |tokens| Ok(tokens.end_at(&id, at)))
    }

    fn delete_all<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<u64, StoreUnavailable>> {
        let owner = owner.clone();
        self.change(move |tokens| Ok(tokens.delete_all(&owner)))
    }
}

impl std::fmt::Debug for FileTokenStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileTokenStore").field("path", &self.0.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ago, at, limited, limited_line, record};
    use super::*;

    fn open(path: &Path) -> Result<FileTokenStore, TokensFileError> {
        FileTokenStore::open_with_interval(path, Duration::from_millis(10))
    }

    #[tokio::test]
    async fn tokens_persist_in_a_file_of_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.jsonl");
        let store = open(&path).unwrap();
        let digest = TokenDigest::sha256(b"pat_secret");
        let old = TokenRecord { expires: Some(at(1_764_000_001)), ..record("old") };
        store.insert(&TokenDigest::sha256(b"old"), old).await.unwrap();
        store.insert(&digest, limited()).await.unwrap();
        #[cfg(unix)]
        for name in ["tokens.jsonl", "tokens.jsonl.lock"] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("pat_secret") && text.ends_with("}\n"), "{text}");
        store.touch(&limited().id, at(1_764_000_100)).await.unwrap();
        assert!(!std::fs::read_to_string(&path).unwrap().contains("1764000100"), "a use writes no file");
        assert!(store.revoke(&limited().lineage).await.unwrap());
        assert!(std::fs::read_to_string(&path).unwrap().contains("1764000100"), "a change writes the uses");
        let expected = TokenRecord { revoked: true, last_used: Some(at(1_764_000_100)), ..limited() };
        assert_eq!(open(&path).unwrap().find(&digest).await, Ok(Some(expected)), "after a restart");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no file is left over");
    }

    #[tokio::test]
    async fn tokens_that_expired_long_ago_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.jsonl");
        let store = open(&path).unwrap();
        for (id, expires) in [("a", ago(31)), ("b", ago(29)), ("c", None)] {
            store.insert(&TokenDigest::sha256(id.as_bytes()), TokenRecord { expires, ..record(id) }).await.unwrap();
        }
        let kept = store.list(&record("a").owner).await.unwrap();
        assert_eq!(kept.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn invalid_files_of_tokens_do_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.jsonl");
        let line = limited_line();
        let other_id = line.replace("\"7\"", "\"8\"");
        let other_digest = line.replace("07", "08");
        let ok = format!("# tokens\n\n{line}\n{}", other_id.replace("07", "08"));
        std::fs::write(&path, &ok).unwrap();
        assert!(open(&path).is_ok(), "comments, empty lines, and a last line without a line break");
        #[rustfmt::skip]
        let table = [
            (format!("{line}\n{}", &line[..line.len() - 1]), "line 2 of the file of tokens is not a token"),
            (format!("{line}{other_id}"),                    "line 1 of the file of tokens is not a token"),
            (format!("x\n{line}"),                           "line 1 of the file of tokens is not a token"),
            (format!("{line}\n{line}"),                      "the digest or the identifier in line 2 of the file of tokens is also in an earlier line"),
            (format!("{line}\n{other_id}"),                  "the digest or the identifier in line 2 of the file of tokens is also in an earlier line"),
            (format!("{line}\n{other_digest}"),              "the digest or the identifier in line 2 of the file of tokens is also in an earlier line"),
        ];
        for (text, expected) in table {
            std::fs::write(&path, text).unwrap();
            assert_eq!(open(&path).unwrap_err().to_string(), expected);
        }
        std::fs::write(&path, [b'\xff']).unwrap();
        assert!(matches!(open(&path), Err(TokensFileError::Read(_))));
        assert!(matches!(open(&folder.path().join("no/such/file")), Err(TokensFileError::Read(_))));
        assert!(matches!(open(folder.path()), Err(TokensFileError::Read(_))), "a folder");
    }

    #[test]
    fn a_lock_that_another_process_holds_is_awaited_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.jsonl");
        let short = Duration::from_millis(30);
        let held = lock(&path, short).unwrap();
        assert_eq!(lock(&path, short).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || lock(&path, LOCK_TIMEOUT).is_ok()
        });
        drop(held);
        assert!(waiting.join().unwrap());
    }

    /// Waits until the store returns the expected answer.
    async fn eventually(store: &FileTokenStore, digest: &TokenDigest, expected: bool) -> bool {
        for _ in 0..500 {
            if store.find(digest).await.unwrap().is_some() == expected {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    #[tokio::test]
    async fn processes_share_a_file_of_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.jsonl");
        let (one, other) = (open(&path).unwrap(), open(&path).unwrap());
        let [first, second] = [b"first", b"other"].map(|token| TokenDigest::sha256(token));
        one.insert(&first, record("1")).await.unwrap();
        // The other instance may not have read the file again. A change reads it first.
        other.insert(&second, record("2")).await.unwrap();
        assert!(other.find(&first).await.unwrap().is_some());
        assert!(eventually(&one, &second, true).await, "a change by another process is read");
        assert_eq!(one.insert(&second, record("3")).await, Err(StoreUnavailable));
        other.delete_all(&record("1").owner).await.unwrap();
        assert!(eventually(&one, &first, false).await);
        one.insert(&first, record("1")).await.unwrap();
        let invalid = folder.path().join("invalid.jsonl");
        std::fs::write(&invalid, "not a token\n").unwrap();
        std::fs::rename(invalid, &path).unwrap();
        assert_eq!(one.revoke(&record("1").id).await, Err(StoreUnavailable), "an unreadable file is not replaced");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(one.find(&first).await.unwrap().is_some(), "the previous tokens stay in effect");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a token\n");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_planted_link_is_not_followed_by_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let (path, victim) = (folder.path().join("tokens.jsonl"), folder.path().join("victim"));
        std::fs::write(&victim, "kept").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join("tokens.jsonl.new")).unwrap();
        let store = open(&path).unwrap();
        store.insert(&TokenDigest::sha256(b"first"), record("1")).await.unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept");
        // The target of a link is the file of tokens, and keeps its permissions.
        let link = folder.path().join("link.jsonl");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            open(&link).unwrap().insert(&TokenDigest::sha256(b"second"), record("2")).await.unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        }
        assert!(link.is_symlink() && std::fs::read_to_string(&path).unwrap().lines().count() == 2);
    }

    #[cfg(feature = "test-util")]
    #[tokio::test]
    async fn file_token_store_passes_the_suite() {
        // TOKEN-5, TOKEN-12, TOKEN-14
        let folder = tempfile::tempdir().unwrap();
        let store = FileTokenStore::open(folder.path().join("tokens.jsonl")).unwrap();
        super::super::conformance::token_store(store).await;
    }
}
