//! Reads a password from standard input and prints a line for the user file, in the form `name:hash:roles`.
//!
//! ```text
//! add-user NAME [ROLE]... < password >> users.txt
//! ```
#![allow(clippy::print_stdout, reason = "the line is the output of the program")]

use std::io;

use auth_actix::password::{UsersFile, hash_password};
use internal_basic::Role;
use secrecy::SecretString;

fn main() -> io::Result<()> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or_else(|| wrong("usage: add-user NAME [ROLE]... < password".to_owned()))?;
    let roles: Vec<String> = arguments.collect();
    // The server accepts any text as a role, and no rule would match a misspelled one.
    if let Some(role) = roles.iter().find(|role| role.parse::<Role>().is_err()) {
        return Err(wrong(format!("{role:?} is not a role; write one of {}", Role::NAMES.join(", "))));
    }

    // Standard input, because an argument would be visible in the shell history and the process list.
    let mut password = String::new();
    io::stdin().read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    // Browsers cannot send control characters (RFC 7617 §2). NIST SP 800-63B-4 requires 15 characters for a password that is the
    // only factor.
    if password.chars().count() < 15 || password.chars().any(char::is_control) {
        return Err(wrong("the password must have at least 15 characters, and no control characters".to_owned()));
    }
    let hash = hash_password(&SecretString::from(password)).map_err(io::Error::other)?;

    let line = format!("{name}:{hash}:{}", roles.join(","));
    // Parses the line like the server does. A name with `#` in front would be read as a comment.
    if name.starts_with('#') || UsersFile::parse(&line).is_err() {
        return Err(wrong(format!(
            "{name:?} is not a valid name: it must not be empty, contain `:`, or start with `#`"
        )));
    }
    println!("{line}");
    Ok(())
}
