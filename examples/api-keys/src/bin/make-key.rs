//! Creates an API key: `make-key FILE OWNER [ROLES] [SCOPES]`, with comma-separated names. Appends a line to the file and prints
//! the key once.

use std::io::{self, Write as _};

use auth_actix::api_key::ApiKeysFile;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "make-key FILE OWNER [ROLES] [SCOPES]");
    let (file, owner) = arguments.next().zip(arguments.next()).ok_or_else(usage)?;
    let mut names = || {
        let list = arguments.next().unwrap_or_default();
        list.split(',').map(str::to_owned).collect::<Vec<_>>()
    };
    let (roles, scopes) = (names(), names());
    let new = ApiKeysFile::append(file, &owner, |key| key.roles(roles).scopes(scopes))?;
    writeln!(io::stdout(), "{}", new.reveal())
}
