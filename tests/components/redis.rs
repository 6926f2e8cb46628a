//! A Redis or Valkey server for tests, on a free port and with a temporary data folder.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use auth_tests::program;

/// A running server. It is stopped on drop.
pub(crate) struct Redis {
    program: String,
    port: u16,
    child: Child,
    folder: tempfile::TempDir,
}

/// The URL of a server with TLS, and the path of the certificate authority that signed its certificate.
pub(crate) struct Tls {
    pub(crate) url: String,
    pub(crate) authority: String,
}

/// Returns the installed programs. In CI both are required.
pub(crate) fn programs() -> Vec<&'static str> {
    let there = |name: &&str| program::run(name, &["--version"]).is_some();
    ["redis-server", "valkey-server"].into_iter().filter(there).collect()
}

impl Redis {
    pub(crate) fn start(program: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = spawn(program, port, folder.path(), &[]);
        let redis = Self { program: program.to_owned(), port, child, folder };
        redis.wait();
        redis
    }

    /// Like [`start`](Self::start), with an additional TLS port and a certificate of a test authority.
    pub(crate) fn start_with_tls() -> Option<(Self, Tls)> {
        program::run("redis-server", &["--version"])?;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let [authority, signing, key, certificate] =
            ["authority.pem", "signing.pem", "key.pem", "server.pem"].map(path);
        let make = |subject: &str, more: &[&str]| {
            let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
            let made = program::run("openssl", &[&new[..], &["-subj", subject], more].concat())?;
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            Some(())
        };
        make("/CN=authority", &["-keyout", &signing, "-out", &authority])?;
        let of_server = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
        let by_authority = ["-CA", &authority, "-CAkey", &signing, "-keyout", &key, "-out", &certificate];
        make("/CN=127.0.0.1", &[&of_server[..], &by_authority].concat())?;
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (port, tls_port) = (free(), free());
        let tls = ["--tls-port", &tls_port.to_string(), "--tls-auth-clients", "no", "--tls-cert-file", &certificate];
        let tls = [&tls[..], &["--tls-key-file", &key, "--tls-ca-cert-file", &authority]].concat();
        let child = spawn("redis-server", port, folder.path(), &tls);
        let redis = Self { program: "redis-server".to_owned(), port, child, folder };
        redis.wait();
        let url = format!("rediss://127.0.0.1:{tls_port}/");
        Some((redis, Tls { url, authority }))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Returns a URL of the server with a user that has read permission only.
    pub(crate) fn url_that_may_not_write(&self) -> String {
        self.command("ACL SETUSER reader on >pw ~* +@read +@connection +@scripting");
        format!("redis://reader:pw@127.0.0.1:{}/", self.port)
    }

    /// Sends a command and returns the first line of the response.
    pub(crate) fn command(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap_or_default().to_owned()
    }

    pub(crate) fn all_keys(&self) -> Vec<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        stream.write_all(b"KEYS *\r\n").unwrap();
        let mut all = Vec::new();
        // Ends at the read timeout.
        let _ = stream.read_to_end(&mut all);
        String::from_utf8(all)
            .unwrap()
            .lines()
            .filter(|line| !line.starts_with(['*', '$']))
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Restarts the server at the same address, without data.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.program, self.port, self.folder.path(), &[]);
        self.wait();
    }

    /// Suspends the process, which then accepts connections without responding, or resumes it.
    pub(crate) fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    fn wait(&self) {
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() && self.command("PING") == "+PONG" {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{} does not start", self.program);
    }
}

fn spawn(program: &str, port: u16, folder: &std::path::Path, more: &[&str]) -> Child {
    let port = port.to_string();
    let mut command = Command::new(program);
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]).arg(folder);
    command.args(more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
