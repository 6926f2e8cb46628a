//! A file that is read again when it changes.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// What a file looks like from outside; `None` where it is not there. Another look means other content.
fn look(path: &Path) -> Option<impl PartialEq + use<>> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
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
    let mut seen = look(&path);
    let run = move || {
        loop {
            std::thread::sleep(every);
            let Some(of) = Weak::upgrade(&weak) else { return };
            let now = look(&path);
            if now == seen {
                continue;
            }
            match reload(&of) {
                Ok(()) => tracing::info!(target: "auth_core", file = %path.display(), "read again"),
                Err(error) => {
                    tracing::error!(target: "auth_core", file = %path.display(), %error, "cannot be read again: what was read before stays");
                }
            }
            seen = now;
        }
    };
    std::thread::Builder::new().name("auth-watch".to_owned()).spawn(run).map(drop)
}
