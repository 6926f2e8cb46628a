//! User stores, and the verification of user names and passwords.
//!
//! An unknown user and a wrong password get the same response after the same amount of work: the password of an unknown user is
//! verified against a decoy hash. Hashes are computed outside the event loop. Their concurrency is limited, in total and per client
//! network.

mod hash;
mod file;
mod verifier;
mod hashed;
mod in_flight;
mod password_cache;
mod authenticator;

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use secrecy::SecretString;

pub use self::authenticator::PasswordAuthenticator;
pub use self::file::{UsersFile, UsersFileError};
use self::hash::{Cost, DECOY};
pub use self::hash::{HashError, hash_password, is_costlier_than_new};
pub use self::hashed::HashedUsers;
pub use self::verifier::{PasswordCredentials, PasswordVerifier, VerifiedUser};
use crate::runtime::future::BoxFuture;

/// A user of a [`UserStore`]: a password hash and roles.
#[derive(Clone)]
pub struct User {
    pub(crate) hash: String,
    pub(crate) roles: Vec<String>,
}

impl User {
    /// Creates a user from a password hash: argon2id as a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    ///
    /// # Errors
    /// The hash is not argon2id, or its cost is out of bounds. See [`HashError`].
    pub fn new(hash: impl Into<String>) -> Result<Self, HashError> {
        let hash = hash.into();
        Cost::of(&hash)?;
        Ok(Self { hash, roles: Vec::new() })
    }

    /// Like [`new`](Self::new), but also accepts a hash below the minimum cost. The next login replaces the hash, if the store
    /// implements [`UserStore::replace_hash`]. Until then, the duration of a failed login reveals that the user exists.
    ///
    /// # Errors
    /// The hash is not argon2id, or its cost is above the maximum.
    pub fn with_outdated_hash(hash: impl Into<String>) -> Result<Self, HashError> {
        let hash = hash.into();
        match Cost::of(&hash) {
            Ok(_) | Err(HashError::BelowMinimum) => Ok(Self { hash, roles: Vec::new() }),
            Err(error) => Err(error),
        }
    }

    /// Sets the roles of the user.
    #[must_use]
    pub fn roles(self, roles: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { roles: roles.into_iter().map(|role| role.to_string()).collect(), ..self }
    }
}

/// Redacts the hash.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// The user store is unavailable. The request is answered with 503.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of users is unavailable")]
pub struct UserStoreUnavailable;

crate::debug_as_display!(UserStoreUnavailable);

/// A store of users with argon2id password hashes, for [`PasswordAuthenticator::new`].
///
/// For users without such hashes (LDAP, PAM), implement [`PasswordVerifier`].
///
/// ```
/// use auth_actix::BoxFuture;
/// use auth_actix::password::{User, UserStore, UserStoreUnavailable};
///
/// struct NoUsers;
///
/// impl UserStore for NoUsers {
///     fn find<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>> {
///         Box::pin(async { Ok(None) })
///     }
/// }
/// ```
pub trait UserStore: Send + Sync + 'static {
    /// Returns the user with exactly this name. `None` if there is no such user.
    ///
    /// # Errors
    /// The store is unavailable.
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>>;

    /// Returns a hash that has the cost of the hashes in the store and matches no password. The passwords of unknown users are
    /// verified against it. The default has the cost of [`hash_password`].
    fn decoy(&self) -> Cow<'_, str> {
        Cow::Borrowed(DECOY)
    }

    /// Returns the roles of all users, if they are known without I/O. At start-up, a warning is logged for each role that no type
    /// declares. Empty by default.
    fn roles(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Replaces the hash of a user with a stronger one of the same password, if the stored hash is still `before`. Returns whether
    /// it was replaced. The default implementation returns `false`.
    ///
    /// # Errors
    /// The store is unavailable. The login succeeds anyway.
    fn replace_hash<'a>(
        &'a self,
        _name: &'a str,
        _before: &'a str,
        _after: &'a str,
    ) -> BoxFuture<'a, Result<bool, UserStoreUnavailable>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}
