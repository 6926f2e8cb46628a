//! The keys of the clients: where they are read, and how they are created and revoked.

use std::io;
use std::time::SystemTime;

use auth_actix::at;
use auth_actix::identity::Rights;
use auth_actix::tokens::{
    ExposeSecret as _, FileTokenStore, Owner, TokenAdmin as _, TokenDigest, TokenId, TokenPrefix, TokenRecord, Tokens,
};

/// The beginning of all keys, by which scanners of source code recognize a committed key.
const PREFIX: &str = "key_";

/// Returns the source of the keys in this store.
pub fn keys(store: FileTokenStore) -> Tokens {
    Tokens::named("key").prefix(PREFIX).store(store).places([at::header("X-Api-Key")])
}

/// Creates a key of a client, with comma-separated roles and scopes. Returns its identifier and the key, which cannot be read again.
///
/// # Errors
/// No random numbers are available, or the file cannot be written.
pub async fn create(store: &FileTokenStore, client: &str, roles: &str, scopes: &str) -> io::Result<(TokenId, String)> {
    let names = |list: &str| list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let prefix: TokenPrefix = PREFIX.parse().map_err(io::Error::other)?;
    let key = prefix.generate().map_err(io::Error::other)?;
    let id = TokenId::generate().map_err(io::Error::other)?;
    let mut record = TokenRecord::new(id.clone(), Owner::Client(client.into()), SystemTime::now());
    record.ceiling = Some(Rights::new().roles(names(roles)).scopes(names(scopes)));
    store.insert(&TokenDigest::sha256(key.expose_secret().as_bytes()), record).await.map_err(io::Error::other)?;
    Ok((id, key.expose_secret().to_owned()))
}

/// Revokes a key. Returns whether it was valid before.
///
/// # Errors
/// The file cannot be written.
pub async fn revoke(store: &FileTokenStore, id: &TokenId) -> io::Result<bool> {
    store.revoke(id).await.map_err(io::Error::other)
}
