//! A MariaDB server for tests, on a socket in a temporary data folder.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use auth_tests::program;

/// A running server. It is stopped on drop.
pub(crate) struct MariaDb {
    child: Child,
    folder: tempfile::TempDir,
}

impl MariaDb {
    /// Returns `None` and reports it if MariaDB is not installed.
    pub(crate) fn start() -> Option<Self> {
        program::run("mariadbd", &["--version"])?;
        let folder = tempfile::tempdir().unwrap();
        let mut install = Command::new("mariadb-install-db");
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        with_data(&mut install, folder.path());
        assert!(install.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "mariadb-install-db");
        let mut server = Command::new("mariadbd");
        server.args(["--no-defaults", "--skip-networking"]);
        with_data(&mut server, folder.path());
        server.arg(format!("--socket={}", folder.path().join("socket").display()));
        server.arg(format!("--pid-file={}", folder.path().join("pid").display()));
        let child = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { child, folder };
        for _ in 0..1_000 {
            if std::os::unix::net::UnixStream::connect(server.folder.path().join("socket")).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("mariadb does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("mysql://root@localhost/mysql?socket={}", self.folder.path().join("socket").display())
    }
}

/// MariaDB refuses to run as root, unless it is named.
fn with_data(command: &mut Command, folder: &Path) {
    let user = String::from_utf8(program::run("id", &["-un"]).unwrap().stdout).unwrap();
    command.arg(format!("--datadir={}", folder.join("data").display())).arg(format!("--user={}", user.trim()));
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
