//! A block list store in a file.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::entries::{BlockChange, BlockEntries};
use super::store::{BlocklistError, BlocklistFileError, BlocklistStore};
use crate::runtime::file_watcher::FileWatcher;

/// A block list store in a file, which other programs may also change. See [`Blocklist::file`](super::Blocklist::file).
pub struct FileBlocklistStore {
    interval: Duration,
    watcher: FileWatcher,
}

impl FileBlocklistStore {
    /// Creates a store for the file at this path, which is checked for changes at this interval.
    pub fn new(path: impl AsRef<Path>, interval: Duration) -> Self {
        Self { interval, watcher: FileWatcher::new(path.as_ref()) }
    }
}

impl BlocklistStore for FileBlocklistStore {
    fn refresh_interval(&self) -> Option<Duration> {
        Some(self.interval)
    }

    fn max_staleness(&self) -> Option<Duration> {
        None
    }

    fn load(&mut self, _: &BlockEntries) -> Result<Option<BlockEntries>, BlocklistError> {
        Ok(self.watcher.read_if_changed(read)?)
    }

    fn update(&mut self, _: &BlockEntries, change: &BlockChange) -> Result<BlockEntries, BlocklistError> {
        let mut entries = read(self.watcher.path())?;
        entries.apply(change)?;
        write(self.watcher.path(), &entries)?;
        Ok(entries)
    }
}

impl std::fmt::Debug for FileBlocklistStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileBlocklistStore").field("path", &self.watcher.path()).finish_non_exhaustive()
    }
}

/// Reads all entries of a file. Empty lines and lines that begin with `#` are ignored.
pub(super) fn read(path: &Path) -> Result<BlockEntries, BlocklistFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(crate::runtime::file_watcher::at(path))
        .map_err(BlocklistFileError::Read)?;
    let mut entries = BlockEntries::default();
    for (number, line) in (1..).zip(text.lines()) {
        // Lines are not trimmed: spaces at either end belong to a name, or are a mistake that must not block another subject.
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let entry = line.parse().map_err(|error| BlocklistFileError::Line(number, error))?;
        entries.insert(entry).map_err(|_| BlocklistFileError::TooMany)?;
    }
    Ok(entries)
}

/// Writes all entries to a new file, which then replaces the old one, so that no reader sees a partial list. The file permissions
/// are preserved. Comments are lost.
fn write(path: &Path, entries: &BlockEntries) -> Result<(), BlocklistFileError> {
    let mut lines: Vec<_> = entries.iter().map(|entry| entry.to_string()).collect();
    lines.sort();
    lines.push(String::new());
    let replace = || {
        // A symbolic link is followed, since its target is the list.
        let path = path.canonicalize()?;
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let mut file = create(Path::new(&beside))?;
        file.set_permissions(std::fs::metadata(&path)?.permissions())?;
        file.write_all(lines.join("\n").as_bytes())?;
        file.sync_all()?;
        std::fs::rename(beside, path)
    };
    replace().map_err(crate::runtime::file_watcher::at(path)).map_err(BlocklistFileError::Write)
}

/// Creates a file that only its owner can read, until it gets the permissions of the list that it replaces.
fn create(path: &Path) -> std::io::Result<std::fs::File> {
    crate::runtime::file_watcher::owner_only().write(true).create(true).truncate(true).open(path)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(unix)]
    fn new_blocklist_file_is_readable_only_by_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = super::create(&folder.path().join("blocks.new")).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
