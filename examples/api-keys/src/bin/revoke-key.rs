//! Revokes an API key: `revoke-key FILE ID`.

use std::io;

use auth_actix::tokens::FileTokenStore;

#[actix_web::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "revoke-key FILE ID");
    let (file, id) = arguments.next().zip(arguments.next()).ok_or_else(usage)?;
    let id = id.parse().map_err(io::Error::other)?;
    match api_keys::revoke(&FileTokenStore::open(file)?, &id).await? {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::NotFound, "no valid key has this identifier")),
    }
}
