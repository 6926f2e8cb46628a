//! Tests of code that compiles, and of the errors of code that does not.
//!
//! The expected errors were written with Rust 1.95. Other versions word their own lines differently, so the exact comparison is
//! skipped and reported.

#![cfg(test)] // clippy then treats the helpers as test code

use std::process::Command;

use auth_tests::program;

const WRITTEN_WITH: &str = "rustc 1.95.";

#[test]
fn legal_handlers_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/**/*.rs");
    // Errors that only appear during code generation. `cargo check`, and therefore an editor, does not report them.
    if is_written_with_this() {
        cases.compile_fail("ui/build/*.rs");
    }
}

/// Returns whether the expected errors are those of this compiler. Reports a mismatch.
fn is_written_with_this() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    let is_this = version.starts_with(WRITTEN_WITH);
    if !is_this {
        program::skipped(&format!("the expected compile errors are those of {WRITTEN_WITH}x, and this is {version}"));
    }
    is_this
}

#[test]
fn misuse_does_not_compile_and_the_error_suggests_a_fix() {
    if !is_written_with_this() {
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/**/*.rs");
}
