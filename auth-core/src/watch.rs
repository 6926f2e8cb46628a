//! A file that is read again when it changes.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

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

/// Looks at a file as often as this, and calls `reload` where it has changed, as long as `of` is in use. In a thread of its
/// own: reading takes as long as it takes, and no request waits for it. What is wrong with the new content goes to the log;
/// what was read before stays.
pub(crate) fn watch<T: Send + Sync + 'static, E: std::fmt::Display + 'static>(
    of: &Arc<T>,
    path: &Path,
    every: Duration,
    reload: fn(&T) -> Result<(), E>,
) -> std::io::Result<()> {
    let (weak, path) = (Arc::downgrade(of), path.to_owned());
    let run = move || {
        // Not settled: it may have changed since it was read.
        let (mut seen, mut settled) = (None, false);
        loop {
            std::thread::sleep(every);
            let Some(of) = Weak::upgrade(&weak) else { return };
            // Before the reading: a change while it is read shows next time.
            let (now, is_settled) = look(&path).map_or((None, true), |(look, settled)| (Some(look), settled));
            let same = now == seen;
            if same && settled {
                continue;
            }
            match reload(&of) {
                Ok(()) if same => {}
                Ok(()) => tracing::debug!(target: "auth_core", file = %path.display(), "read again"),
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
