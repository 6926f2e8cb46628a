//! Programs that must not compile, and the expected errors of the compiler.
//!
//! After a change, `TRYBUILD=overwrite cargo test --test compile_fail` rewrites the `.stderr` files. Review the changes: a case
//! must fail for the reason that its name states.

use std::process::Command;

/// The compiler that wrote the `.stderr` files. An application that pins its toolchain does not need this constant.
const WRITTEN_WITH: &str = "rustc 1.95.";

#[test]
fn insecure_handlers_do_not_compile() {
    let version = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into())).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if version.starts_with(WRITTEN_WITH) {
        trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
    } else {
        eprintln!("skipped: the expected output is from {WRITTEN_WITH}x, and the installed compiler is {version}");
    }
}
