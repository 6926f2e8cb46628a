//! Makes an API key: `make-key OWNER [ROLES] [SCOPES]`, names separated by commas. Shows the key on the terminal, once, and
//! prints the line for the file.

use std::io::{self, Write as _};

use auth_actix::ApiKey;
use secrecy::ExposeSecret as _;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "make-key OWNER [ROLES] [SCOPES]");
    let owner = arguments.next().filter(|owner| !owner.is_empty() && !owner.contains(' ')).ok_or_else(usage)?;
    let mut names = || {
        let list = arguments.next().unwrap_or_default();
        list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let (roles, scopes) = (names(), names());
    let new = ApiKey::generate(&owner).map_err(io::Error::other)?;
    // The key to the person, the line to the file.
    writeln!(io::stderr(), "{}", new.key.expose_secret())?;
    writeln!(io::stdout(), "{}", new.stored.roles(roles).scopes(scopes).to_line())
}
