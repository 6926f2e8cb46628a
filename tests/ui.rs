//! What compiles, and what does not and how that reads.
//!
//! The texts were written with Rust 1.95. On another version the compiler words its own lines differently, so the exact
//! comparison is skipped, aloud.

#![cfg(test)] // for clippy, which allows more in tests

use std::process::Command;

use auth_tests::program;

const WRITTEN_WITH: &str = "rustc 1.95.";

#[test]
fn legal_handlers_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/**/*.rs");
    // What shows only when code is made: `cargo check`, and so an editor, is silent about it.
    if is_written_with_this() {
        cases.compile_fail("ui/build/*.rs");
    }
}

/// Whether the texts are those of this compiler; says so aloud where they are not.
fn is_written_with_this() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    let is_this = version.starts_with(WRITTEN_WITH);
    if !is_this {
        program::skipped(&format!("the texts of compile errors are held with {WRITTEN_WITH}x, and this is {version}"));
    }
    is_this
}

#[test]
fn misuse_does_not_compile_and_says_what_to_write() {
    if !is_written_with_this() {
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/**/*.rs");
}
