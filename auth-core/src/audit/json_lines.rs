//! Audit events in a file with one JSON object per line, and rotated files.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Event, Sink};

/// A file of audit events. When it reaches its maximum size, it is renamed to `NAME.1`, the previous `NAME.1` to `NAME.2`, and so
/// on.
#[derive(Debug)]
pub struct JsonLines {
    path: PathBuf,
    most: u64,
    kept: usize,
    file: Mutex<Option<(File, u64)>>,
}

/// The file of audit events cannot be opened.
#[derive(thiserror::Error)]
#[error("the file of audit events cannot be opened: {0}")]
pub struct JsonLinesError(std::io::Error);

crate::debug_as_display!(JsonLinesError);

impl From<JsonLinesError> for std::io::Error {
    fn from(error: JsonLinesError) -> Self {
        Self::new(error.0.kind(), error.to_string())
    }
}

impl JsonLines {
    /// Opens a file for appending, and creates it if it does not exist. On Unix, only the owner of a new file may read and write it.
    /// By default, the file is rotated at 100 MiB, and 10 rotated files are kept.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JsonLinesError> {
        let path = path.as_ref().to_owned();
        let file = append(&path).map_err(JsonLinesError)?;
        Ok(Self { path, most: 100 * 1024 * 1024, kept: 10, file: Mutex::new(Some(file)) })
    }

    /// Sets the size at which the file is rotated, in bytes, and the number of rotated files that are kept.
    #[must_use]
    pub fn rotate(self, most_bytes: u64, kept: usize) -> Self {
        Self { most: most_bytes, kept, ..self }
    }

    fn write(&self, line: &str) -> std::io::Result<()> {
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, mut length) = match open.take() {
            Some(open) => open,
            None => append(&self.path)?,
        };
        if length > 0 && length + line.len() as u64 > self.most {
            drop(file);
            self.turn_over()?;
            (file, length) = append(&self.path)?;
        }
        file.write_all(line.as_bytes())?;
        *open = Some((file, length + line.len() as u64));
        Ok(())
    }

    fn turn_over(&self) -> std::io::Result<()> {
        let name = |number: usize| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        if self.kept == 0 {
            return std::fs::remove_file(&self.path);
        }
        for number in (1..self.kept).rev() {
            if name(number).exists() {
                std::fs::rename(name(number), name(number + 1))?;
            }
        }
        std::fs::rename(&self.path, name(1))
    }
}

fn append(path: &Path) -> std::io::Result<(File, u64)> {
    let file = crate::runtime::file_watcher::owner_only().create(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

impl Sink for JsonLines {
    /// # Panics
    /// Panics if the event cannot be written, because an action without a record should not happen.
    #[allow(clippy::panic, reason = "the caller denies the request; see `Sink`")]
    fn record(&self, event: &Event) {
        let mut line = serde_json::to_string(event).unwrap_or_default();
        line.push('\n');
        if let Err(error) = self.write(&line) {
            tracing::error!(target: "auth_core", %error, "an audit event cannot be written");
            panic!("an audit event cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::EventKind;
    use crate::runtime::clock;

    proptest! {
        #[test]
        fn audit_event_texts_round_trip_through_one_json_line(texts in any::<[String; 6]>()) {
            let [method, route, subject, actor, entry, grants] = texts.clone();
            let mut event = Event::new(clock::now(), EventKind::LoggedIn);
            (event.method, event.route, event.subject) = (Some(method), Some(route), Some(subject));
            (event.actors, event.entry, event.grants) = (vec![actor], Some(entry), Some(grants));
            let line = serde_json::to_string(&event).unwrap();
            prop_assert!(!line.contains(['\n', '\r']), "{}", line);
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            let names = ["/method", "/route", "/subject", "/actors/0", "/entry", "/grants"];
            prop_assert_eq!(names.map(|name| read.pointer(name).and_then(|value| value.as_str())), texts.each_ref().map(|text| Some(text.as_str())));
        }
    }

    #[test]
    fn full_audit_file_is_rotated_and_oldest_is_deleted() {
        let folder = std::env::temp_dir().join(format!("auth-core-audit-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("audit.jsonl");
        let lines = |name: &str| std::fs::read_to_string(folder.join(name)).map(|text| text.lines().count()).ok();
        let event = Event::new(clock::now(), EventKind::LoggedIn);
        let length = serde_json::to_string(&event).unwrap().len() as u64 + 1;
        let sink = JsonLines::open(&path).unwrap().rotate(3 * length, 2);
        (0..10).for_each(|_| sink.record(&event));
        let names = ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2", "audit.jsonl.3"];
        assert_eq!(names.map(lines), [Some(1), Some(3), Some(3), None]);
        // A new sink appends to the existing file.
        drop(sink);
        JsonLines::open(&path).unwrap().record(&event);
        assert_eq!(lines("audit.jsonl"), Some(2));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(JsonLines::open(folder.join("no/such/folder")).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
