//! A file that is read again when it changes.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{fs, io};

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

/// What a file looks like from outside, and whether that is settled; `None` where it is not there. Another look means other
/// content. The same one does too while it is young: times of files are coarse, and two changes may share one.
fn look(path: &Path) -> Option<(impl PartialEq + use<>, bool)> {
    /// Older than this, a change would show in the time.
    const COARSE: Duration = Duration::from_secs(1);
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok();
    let settled = modified.is_some_and(|modified| modified.elapsed().is_ok_and(|age| age > COARSE));
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0_u64;
    Some(((metadata.len(), modified, number), settled))
}

/// Looks at a file as often as this, and where it has changed reads it with `read` and takes it with `take`, as long as `of` is
/// in use. In a thread of its own: reading takes as long as it takes, and no request waits for it. What is wrong with the new
/// content goes to the log; what was read before stays.
///
/// A file that is being written is empty for a moment, and an empty list lets in. So a change is read once it looks the same
/// twice, and taken if it still does after it was read.
pub(crate) fn watch<T: Send + Sync + 'static, N: 'static, E: std::fmt::Display + 'static>(
    of: &Arc<T>,
    path: &Path,
    every: Duration,
    read: fn(&Path) -> Result<N, E>,
    take: fn(&T, N),
) -> std::io::Result<()> {
    let (weak, path) = (Arc::downgrade(of), path.to_owned());
    let look = |path: &Path| look(path).map_or((None, true), |(look, settled)| (Some(look), settled));
    let run = move || {
        // Not settled: it may have changed since it was read.
        let (mut seen, mut settled, mut last) = (None, false, None);
        loop {
            std::thread::sleep(every);
            let Some(of) = Weak::upgrade(&weak) else { return };
            let (now, is_settled) = look(&path);
            let same = now == seen;
            if same && settled {
                continue;
            }
            if last.as_ref() != Some(&now) {
                last = Some(now);
                continue;
            }
            let content = read(&path);
            if look(&path).0 != now {
                continue;
            }
            match content {
                Ok(content) => take(&of, content),
                Err(error) if same => drop(error), // told already
                Err(error) => {
                    tracing::error!(target: "auth_core", file = %path.display(), %error, "cannot be read again: what was read before stays");
                }
            }
            (seen, settled) = (now, is_settled);
        }
    };
    std::thread::Builder::new().name("auth-watch".to_owned()).spawn(run).map(drop)
}
