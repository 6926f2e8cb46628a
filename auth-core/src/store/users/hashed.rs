//! The verifier of users with argon2id password hashes.

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use super::hash::{self, DECOY};
use super::verifier::{PasswordCredentials, PasswordVerifier, VerifiedUser};
use super::{User, UserStore, UserStoreUnavailable};
use crate::runtime::future::BoxFuture;
use crate::runtime::hex::hex;
use crate::runtime::timeout;

/// The [`PasswordVerifier`] of a [`UserStore`], which verifies argon2id hashes.
#[derive(Clone, Debug)]
pub struct HashedUsers<S> {
    store: Arc<S>,
}

impl<S: UserStore> HashedUsers<S> {
    /// Creates a verifier for the users of this store.
    pub fn new(store: S) -> Self {
        Self { store: Arc::new(store) }
    }

    async fn load(&self, name: &str) -> Result<Option<User>, UserStoreUnavailable> {
        timeout::with_timeout(async { self.store.find(name).await }).await.unwrap_or(Err(UserStoreUnavailable))
    }

    async fn verify_hash(
        &self,
        credentials: &PasswordCredentials,
    ) -> Result<Option<VerifiedUser>, UserStoreUnavailable> {
        let user = self.load(credentials.name()).await?;
        let hash = user.as_ref().map_or_else(|| self.store.decoy().into_owned(), |user| user.hash.clone());
        let password = SecretString::from(credentials.password());
        let verified = tokio::task::spawn_blocking(move || {
            let matches = hash::matches(&password, &hash);
            let is_outdated = hash::is_cheaper_than_new(&hash);
            if is_outdated && !matches {
                // A failed login must take as long as for other users.
                hash::matches(&password, DECOY);
            }
            // The plain password is available only during a login, so an outdated hash is replaced now.
            let stronger = if matches && is_outdated { hash::hash_password(&password).ok() } else { None };
            (matches, stronger)
        });
        let (matches, stronger) = verified.await.map_err(|_| UserStoreUnavailable)?;
        let Some(user) = user.filter(|_| matches) else { return Ok(None) };
        let verified = of_hash(&user);
        let replaced = match stronger {
            Some(stronger) => self.replace_hash(credentials, &user.hash, stronger).await,
            None => None,
        };
        Ok(Some(match replaced {
            Some(hash) => verified.password_version(version(&hash)),
            None => verified,
        }))
    }

    /// Replaces an outdated hash. Returns the hash that is stored now, if it is one of this password: the new one, or that of a
    /// concurrent login. The login succeeds whether or not the hash is replaced.
    async fn replace_hash(&self, credentials: &PasswordCredentials, before: &str, after: String) -> Option<String> {
        let name = credentials.name();
        let replaced = timeout::with_timeout(async { self.store.replace_hash(name, before, &after).await });
        if matches!(replaced.await, Some(Ok(true))) {
            return Some(after);
        }
        let stored = self.load(name).await.ok()??.hash;
        let is_new = stored != before;
        let password = SecretString::from(credentials.password());
        let matches =
            tokio::task::spawn_blocking(move || (is_new && hash::matches(&password, &stored)).then_some(stored));
        matches.await.ok()?
    }
}

impl<S: UserStore> PasswordVerifier for HashedUsers<S> {
    fn verify<'a>(
        &'a self,
        credentials: &'a PasswordCredentials,
    ) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>> {
        Box::pin(self.verify_hash(credentials))
    }

    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>> {
        // The authenticator applies its own timeout to a lookup.
        Box::pin(async move { Ok(self.store.find(name).await?.as_ref().map(of_hash)) })
    }

    fn roles(&self) -> BTreeSet<String> {
        self.store.roles()
    }
}

fn of_hash(user: &User) -> VerifiedUser {
    VerifiedUser::new().roles(&user.roles).password_version(version(&user.hash))
}

/// Returns a digest of the salted hash, which identifies the password without revealing anything about it.
fn version(hash: &str) -> String {
    hex(Sha256::digest(hash).get(..12).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_version_of_an_earlier_version_is_unchanged() {
        // Sessions contain this version. Another one would end all sessions of users with passwords.
        let table = [
            ("", "e3b0c44298fc1c149afbf4c8"),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA", "922ab04b4e5feb4ba85f83cd"),
        ];
        for (hash, expected) in table {
            assert_eq!(version(hash), expected);
        }
    }
}
