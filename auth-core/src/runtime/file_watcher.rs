//! Detection and reading of changed files.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{fs, io};

use crate::runtime::clock::FileTime;

/// Returns options with which new files are readable and writable by their owner only.
pub(crate) fn owner_only() -> fs::OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes"))]
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Adds the path to an error of reading or writing a file.
pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The metadata used to detect changes of a file.
#[derive(PartialEq)]
struct FileMetadata {
    length: u64,
    modified: Option<FileTime>,
    inode: u64,
}

impl FileMetadata {
    /// Returns the metadata of a file, if it exists, and whether a further change would alter its modification time. File times are
    /// coarse, so two changes in quick succession may share one.
    fn read(path: &Path) -> (Option<Self>, bool) {
        const TIME_RESOLUTION: Duration = Duration::from_secs(1);
        let Ok(metadata) = fs::metadata(path) else { return (None, true) };
        let modified = metadata.modified().ok();
        let is_settled = modified.is_some_and(|modified| modified.elapsed().is_ok_and(|age| age > TIME_RESOLUTION));
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        (Some(Self { length: metadata.len(), modified, inode }), is_settled)
    }
}

/// A reader that reads a file again when it has changed.
///
/// A file that is being written is empty for a moment, and an empty list would admit everyone. A change is therefore read only
/// after two successive checks find the same metadata. The content is discarded if the metadata has changed during reading.
pub(crate) struct FileWatcher {
    path: PathBuf,
    /// The metadata of the content that was read last.
    seen: Option<FileMetadata>,
    is_settled: bool,
    /// The metadata of the last check.
    last: Option<Option<FileMetadata>>,
}

impl FileWatcher {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), seen: None, is_settled: false, last: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file if it has changed. Returns an error once for each change.
    pub(crate) fn read_if_changed<T, E>(&mut self, read: fn(&Path) -> Result<T, E>) -> Result<Option<T>, E> {
        let (now, is_settled) = FileMetadata::read(&self.path);
        let is_same = now == self.seen;
        if is_same && self.is_settled {
            return Ok(None);
        }
        if self.last.as_ref() != Some(&now) {
            self.last = Some(now);
            return Ok(None);
        }
        let content = read(&self.path);
        if FileMetadata::read(&self.path).0 != now {
            return Ok(None);
        }
        (self.seen, self.is_settled) = (now, is_settled);
        match content {
            Ok(content) => Ok(Some(content)),
            Err(_) if is_same => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Checks a file at an interval in a background thread while `target` is in use, and passes new content to `store`. If `read`
/// fails, the error is logged and the previous content stays in effect.
pub(crate) fn watch<T: Send + Sync + 'static, N: 'static, E: std::fmt::Display + 'static>(
    target: &Arc<T>,
    path: &Path,
    interval: Duration,
    read: fn(&Path) -> Result<N, E>,
    store: fn(&T, N),
) -> io::Result<()> {
    let (weak, mut watcher) = (Arc::downgrade(target), FileWatcher::new(path));
    let run = move || {
        loop {
            std::thread::sleep(interval);
            let Some(target) = Weak::upgrade(&weak) else { return };
            match watcher.read_if_changed(read) {
                Ok(Some(content)) => store(&target, content),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(target: "auth_core", file = %watcher.path().display(), %error, "the changed file cannot be read: the previous content stays in effect");
                }
            }
        }
    };
    std::thread::Builder::new().name("auth-watch".to_owned()).spawn(run).map(drop)
}
