//! The lists in a file.

use std::io::Write as _;
use std::path::Path;

use super::entry::EntryError;
use super::snapshot::Snapshot;

/// What is wrong with a file of lists.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("the lists cannot be read: {0}")]
    Read(std::io::Error),
    /// It cannot be written.
    #[error("the lists cannot be written: {0}")]
    Write(std::io::Error),
    /// A line is no entry.
    #[error("line {0} of the lists: {1}")]
    Line(usize, EntryError),
    /// There are too many.
    #[error("more than a million entries")]
    TooMany,
}

crate::debug_as_display!(FileError);

impl From<FileError> for std::io::Error {
    fn from(error: FileError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

/// All entries of the file. Empty lines and those that begin with `#` are passed over.
pub(super) fn read(path: &Path) -> Result<Snapshot, FileError> {
    let text =
        std::fs::read_to_string(path).map_err(crate::runtime::file_watcher::at(path)).map_err(FileError::Read)?;
    let mut snapshot = Snapshot::default();
    for (number, line) in (1..).zip(text.lines()) {
        // Blanks at an end belong to a name, or are a mistake that must not block somebody else.
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let entry = line.parse().map_err(|error| FileError::Line(number, error))?;
        if !snapshot.add(entry) {
            return Err(FileError::TooMany);
        }
    }
    Ok(snapshot)
}

/// Writes all entries: beside the file, and then in its place, so that no reader sees half of it. Who may read the file stays as it
/// was. Comments are lost.
pub(super) fn write(path: &Path, snapshot: &Snapshot) -> Result<(), FileError> {
    let mut lines: Vec<_> = snapshot.entries().map(|entry| entry.to_string()).collect();
    lines.sort();
    lines.push(String::new());
    let replace = || {
        // A link is followed: what it points to is the list.
        let path = path.canonicalize()?;
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let mut file = create(Path::new(&beside))?;
        file.set_permissions(std::fs::metadata(&path)?.permissions())?;
        file.write_all(lines.join("\n").as_bytes())?;
        file.sync_all()?;
        std::fs::rename(beside, path)
    };
    replace().map_err(crate::runtime::file_watcher::at(path)).map_err(FileError::Write)
}

/// Creates a file that only its owner may read: until it has the permissions of the list that it replaces.
fn create(path: &Path) -> std::io::Result<std::fs::File> {
    crate::runtime::file_watcher::owner_only().write(true).create(true).truncate(true).open(path)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(unix)]
    fn a_new_list_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = super::create(&folder.path().join("blocks.new")).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
