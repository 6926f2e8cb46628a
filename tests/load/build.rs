//! Generates a role type with 1,000 roles: `Admin` and `R0001` to `R0999`.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let others: String = (1..1000).map(|number| format!("    R{number:04},\n")).collect();
    let text = format!("#[derive(auth_actix::Role)]\n#[allow(dead_code)]\nenum Role {{\n    Admin,\n{others}}}\n");
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    println!("cargo::rerun-if-changed=build.rs");
    fs::write(Path::new(&folder).join("thousand.rs"), text)
}
