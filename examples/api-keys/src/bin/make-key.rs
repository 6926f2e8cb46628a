//! Creates an API key: `make-key FILE CLIENT [ROLES] [SCOPES]`, with comma-separated names. Prints the identifier of the key, and the
//! key once.

use std::io::{self, Write as _};

use auth_actix::tokens::FileTokenStore;

#[actix_web::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "make-key FILE CLIENT [ROLES] [SCOPES]");
    let (file, client) = arguments.next().zip(arguments.next()).ok_or_else(usage)?;
    let [roles, scopes] = [(); 2].map(|()| arguments.next().unwrap_or_default());
    let (id, key) = api_keys::create(&FileTokenStore::open(file)?, &client, &roles, &scopes).await?;
    writeln!(io::stdout(), "{id} {key}")
}
