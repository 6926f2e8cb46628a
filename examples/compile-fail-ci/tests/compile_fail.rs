//! What must not compile, and how the compiler says so.
//!
//! After a change, `TRYBUILD=overwrite cargo test --test compile_fail` rewrites the `.stderr` files. Read them: a
//! case that fails for another reason than its name says proves nothing.

use std::process::Command;

/// The compiler whose words the `.stderr` files hold. An application that pins its toolchain needs no such line.
const WRITTEN_WITH: &str = "rustc 1.95.";

#[test]
fn insecure_handlers_do_not_compile() {
    let version = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into())).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if version.starts_with(WRITTEN_WITH) {
        trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
    } else {
        eprintln!("skipped: the expected output is that of {WRITTEN_WITH}x, and this is {version}");
    }
}
