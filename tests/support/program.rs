//! Other people's programs, as clients.

use std::process::{Command, Output};

/// Runs a program. `None` where there is none, which is said aloud, and is a failure where CI should have it.
pub fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) if std::env::var_os("CI").is_some() => panic!("CI has no {program}: {error}"),
        Err(error) => {
            eprintln!("SKIPPED: this machine has no {program}: {error}");
            None
        }
    }
}
