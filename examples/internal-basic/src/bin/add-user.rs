//! Reads a password from standard input and prints a line for the file of users, `name:hash:roles`.
//!
//! ```text
//! add-user NAME [ROLE]... < password >> users.txt
//! ```
#![allow(clippy::print_stdout, reason = "the line is what it is for")]

use std::io;

use auth_actix::password::{UsersFile, hash_password};
use internal_basic::Role;
use secrecy::SecretString;

fn main() -> io::Result<()> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or_else(|| wrong("usage: add-user NAME [ROLE]... < password".to_owned()))?;
    let roles: Vec<String> = arguments.collect();
    // The server takes any text for a role, and a typo would be a role that no rule asks for.
    if let Some(role) = roles.iter().find(|role| role.parse::<Role>().is_err()) {
        return Err(wrong(format!("{role:?} is no role; there are {}", Role::NAMES.join(", "))));
    }

    // Standard input, since an argument would stand in the shell's history and in the list of processes.
    let mut password = String::new();
    io::stdin().read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    // A browser cannot send control characters (RFC 7617 §2), and 15 characters are what NIST SP 800-63B-4 asks of a
    // password that is all there is.
    if password.chars().count() < 15 || password.chars().any(char::is_control) {
        return Err(wrong("a password has at least 15 characters, and no control characters".to_owned()));
    }
    let hash = hash_password(&SecretString::from(password)).map_err(io::Error::other)?;

    let line = format!("{name}:{hash}:{}", roles.join(","));
    // The server reads it the same way, and would pass over a name that begins a comment.
    if name.starts_with('#') || UsersFile::parse(&line).is_err() {
        return Err(wrong(format!("{name:?} cannot be a name: without `:`, without `#` in front, and not empty")));
    }
    println!("{line}");
    Ok(())
}
