//! API keys from a file.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::{ApiKey, ApiKeyStore, ApiKeyStoreUnavailable, NewApiKey};
use crate::runtime::clock::Timestamp;
use crate::runtime::future::BoxFuture;

/// API keys from a file with one key per line, as written by [`ApiKey::to_line`]. Empty lines and lines that begin with `#` are
/// ignored. The file is checked for changes every two seconds. Deleting the line of a key revokes the key.
#[derive(Clone)]
pub struct ApiKeysFile(Arc<ApiKeysFileState>);

struct ApiKeysFileState {
    keys: ArcSwap<HashMap<String, ApiKey>>,
    used: Mutex<HashMap<String, Timestamp>>,
}

/// An error in a file of API keys. Quotes only the line number.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeysFileError {
    /// The file cannot be read.
    #[error("the file of API keys cannot be read: {0}")]
    Read(std::io::Error),
    /// A line does not have the format of [`ApiKey::to_line`].
    #[error("line {0} of the file of API keys is not `ID HASH OWNER ROLES SCOPES EXPIRES`")]
    Line(usize),
    /// The file contains a key twice.
    #[error("the key in line {0} of the file of API keys is also in an earlier line")]
    Twice(usize),
}

crate::debug_as_display!(ApiKeysFileError);

impl From<ApiKeysFileError> for std::io::Error {
    fn from(error: ApiKeysFileError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

impl ApiKeysFile {
    /// Reads the file.
    ///
    /// # Errors
    /// The file cannot be read, or a line is invalid.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ApiKeysFileError> {
        Self::open_with_interval(path, Duration::from_secs(2))
    }

    /// Like [`open`](Self::open), with a custom interval between checks for changes.
    ///
    /// # Errors
    /// Like [`open`](Self::open).
    pub fn open_with_interval(path: impl AsRef<Path>, every: Duration) -> Result<Self, ApiKeysFileError> {
        let path = path.as_ref().to_owned();
        let keys = ArcSwap::from_pointee(read(&path)?);
        let file = Arc::new(ApiKeysFileState { keys, used: Mutex::default() });
        crate::runtime::file_watcher::watch(&file, &path, every, read, ApiKeysFileState::replace_keys)
            .map_err(ApiKeysFileError::Read)?;
        Ok(Self(file))
    }

    /// Generates a key for this owner and appends its line to the file. Creates a missing file, readable and writable only by its
    /// owner. Servers that have the file open accept the key within two seconds.
    ///
    /// ```
    /// use auth_actix::api_key::ApiKeysFile;
    /// # let folder = std::env::temp_dir().join(format!("auth-core-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("api-keys");
    /// let new = ApiKeysFile::append(&path, "backup", |key| key.roles(["reader"]))?;
    /// println!("shown once: {}", new.reveal());
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The owner is invalid, no random numbers are available, or the file cannot be written.
    pub fn append(
        path: impl AsRef<Path>,
        owner: &str,
        rights: impl FnOnce(ApiKey) -> ApiKey,
    ) -> std::io::Result<NewApiKey> {
        use std::io::{Error, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
        let new = ApiKey::generate(owner).map_err(|error| Error::new(ErrorKind::InvalidInput, error))?;
        let stored = rights(new.stored);
        let mut file = crate::runtime::file_watcher::owner_only().create(true).append(true).read(true).open(path)?;
        // The last line may lack its line break. The new line must not continue it.
        let mut last = [b'\n'];
        if file.metadata()?.len() > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let before = if last == [b'\n'] { "" } else { "\n" };
        file.write_all(format!("{before}{}\n", stored.to_line()).as_bytes())?;
        Ok(NewApiKey { key: new.key, stored })
    }

    /// Returns the time at which a key was last used in this process.
    pub fn last_used(&self, id: &str) -> Option<Timestamp> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }
}

impl ApiKeysFileState {
    fn replace_keys(&self, keys: HashMap<String, ApiKey>) {
        self.keys.store(Arc::new(keys));
    }
}

pub(super) fn read(path: &Path) -> Result<HashMap<String, ApiKey>, ApiKeysFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(crate::runtime::file_watcher::at(path))
        .map_err(ApiKeysFileError::Read)?;
    let mut keys = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let key = ApiKey::from_line(line).ok_or(ApiKeysFileError::Line(number))?;
        if keys.insert(key.id.clone(), key).is_some() {
            return Err(ApiKeysFileError::Twice(number));
        }
    }
    Ok(keys)
}

impl ApiKeyStore for ApiKeysFile {
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<ApiKey>, ApiKeyStoreUnavailable>> {
        Box::pin(std::future::ready(Ok(self.0.keys.load().get(id).cloned())))
    }

    fn used(&self, id: &str, at: Timestamp) {
        // Only keys in the file are recorded, so the size is bounded.
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), at);
    }

    fn roles(&self) -> BTreeSet<String> {
        self.0.keys.load().values().flat_map(|key| &key.roles).cloned().collect()
    }

    fn scopes(&self) -> BTreeSet<String> {
        self.0.keys.load().values().flat_map(|key| &key.scopes).cloned().collect()
    }
}

impl std::fmt::Debug for ApiKeysFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeysFile").field("keys", &self.0.keys.load().len()).finish_non_exhaustive()
    }
}
