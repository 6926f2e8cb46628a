//! A Postgres server for tests, on a free port and with a temporary data folder. The tests of an example include this file.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::program;

/// A running server. It is stopped on drop.
pub(crate) struct Postgres {
    programs: PathBuf,
    port: u16,
    child: Child,
    folder: tempfile::TempDir,
}

/// Returns the folder of the programs: the location in Debian packages, or an empty path for `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let found = debian.into_iter().find(|bin| bin.join("postgres").exists());
    found.or_else(|| program::run("postgres", &["--version"]).map(|_| PathBuf::new()))
}

/// Postgres refuses to run as root. In that case it runs as the user `postgres`, who owns the folder.
fn command(program: &Path, folder: &Path) -> Command {
    if folder.metadata().unwrap().uid() == own_uid() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

/// Returns the user id that owns the files of this process.
fn own_uid() -> u32 {
    tempfile::tempdir().unwrap().path().metadata().unwrap().uid()
}

impl Postgres {
    /// Returns `None` and reports it if Postgres is not installed.
    pub(crate) fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap();
        if own_uid() == 0 {
            let owner = program::run("id", &["-u", "postgres"]).unwrap().stdout;
            let owner = String::from_utf8(owner).unwrap().trim().parse().unwrap();
            chown(folder.path(), Some(owner), None).unwrap();
        }
        let data = folder.path().join("data");
        let mut initdb = command(&programs.join("initdb"), folder.path());
        initdb.args(["-U", "app", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8", "-D"]).arg(&data);
        assert!(initdb.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "initdb");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = spawn(&programs, folder.path(), port);
        let postgres = Self { programs, port, child, folder };
        postgres.wait();
        Some(postgres)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://app@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn kill(&mut self) {
        // SIGQUIT to the postmaster stops all its processes immediately.
        let pid = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        assert!(Command::new("kill").args(["-QUIT", pid]).status().unwrap().success());
        self.child.wait().unwrap();
    }

    /// Restarts the server at the same address.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.programs, self.folder.path(), self.port);
        self.wait();
    }

    fn wait(&self) {
        let port = self.port.to_string();
        for _ in 0..300 {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.args(["-h", "127.0.0.1", "-p", &port, "-U", "app"]).stdout(Stdio::null());
            if ready.status().unwrap().success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("postgres does not start");
    }
}

fn spawn(programs: &Path, folder: &Path, port: u16) -> Child {
    let mut server = command(&programs.join("postgres"), folder);
    server.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    server.arg("-c").arg(format!("unix_socket_directories={}", folder.display())).args(["-c", "fsync=off"]);
    server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.kill();
        }
    }
}
