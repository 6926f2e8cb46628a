//! Who has a password here: stores of users, and the verification of a name and a password.
//!
//! A wrong name and a wrong password are one answer after the same work: an unknown user is hashed against a decoy. The
//! hashes run off the workers' event loop, a bounded number at a time, and no network gets all of them.

mod file;
mod in_flight;
mod hash;
mod passwords;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
mod password_cache;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

pub use secrecy::SecretString;

pub use self::file::{UsersFile, UsersFileError};
use self::hash::{Cost, DECOY};
pub use self::hash::{HashError, hash_password};
pub use self::passwords::{NameAndPassword, Passwords};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::sql::{SqlUsers, SqlUsersError};

/// A user, as a store knows them.
#[derive(Clone)]
pub struct User {
    pub(crate) hash: String,
    pub(crate) roles: Vec<String>,
    /// The hash that may have taken the place of the other one just now.
    better: Option<String>,
}

impl User {
    /// A user whose password has this hash: argon2id as a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    ///
    /// # Errors
    /// The hash is of another kind, or weaker or dearer than allowed. See [`HashError`].
    pub fn new(hash: impl Into<String>) -> Result<Self, HashError> {
        let hash = hash.into();
        Cost::of(&hash)?;
        Ok(Self { hash, roles: Vec::new(), better: None })
    }

    /// A user whose hash may be cheaper than allowed, from before: a login that fits it has it replaced, where the store
    /// takes the new one. Until then the time of a failed login tells that such a user exists.
    ///
    /// # Errors
    /// The hash is of another kind, or dearer than allowed.
    pub fn with_outdated_hash(hash: impl Into<String>) -> Result<Self, HashError> {
        let hash = hash.into();
        match Cost::of(&hash) {
            Ok(_) | Err(HashError::TooCheap) => Ok(Self { hash, roles: Vec::new(), better: None }),
            Err(error) => Err(error),
        }
    }

    /// The roles of this user.
    #[must_use]
    pub fn roles(self, roles: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { roles: roles.into_iter().map(|role| role.to_string()).collect(), ..self }
    }
}

#[cfg(feature = "session")]
impl User {
    /// Tells the password from any other one, and says nothing of it: a digest of its salted hash.
    pub(crate) fn mark(&self) -> String {
        mark(&self.hash)
    }

    /// That of the password they logged in with, by either hash of it.
    pub(crate) fn marks(&self) -> Vec<String> {
        [Some(&self.hash), self.better.as_ref()].into_iter().flatten().map(|hash| mark(hash)).collect()
    }
}

#[cfg(feature = "session")]
fn mark(hash: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(hash).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// No hash.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// A store of users is out of reach. Answered with 503: neither "no such user" nor "let in".
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of users is out of reach")]
pub struct Unavailable;

crate::debug_as_display!(Unavailable);

/// What [`Users::find`] returns: `None` where there is no such user.
pub type Found<'a> = Pin<Box<dyn Future<Output = Result<Option<User>, Unavailable>> + Send + 'a>>;

/// What [`Users::keep_hash`] returns: whether it was kept.
pub type Kept<'a> = Pin<Box<dyn Future<Output = Result<bool, Unavailable>> + Send + 'a>>;

/// A store of users.
///
/// ```
/// use auth_core::store::users::{Found, User, Users};
/// struct Nobody;
/// impl Users for Nobody {
///     fn find<'a>(&'a self, _name: &'a str) -> Found<'a> {
///         Box::pin(async { Ok(None) })
///     }
/// }
/// ```
pub trait Users: Send + Sync + 'static {
    /// The user of that name, compared exactly.
    fn find<'a>(&'a self, name: &'a str) -> Found<'a>;

    /// A hash that costs as much to verify as those of the store, and that no password fits: what an unknown user is
    /// hashed against. Unless said, one with the cost of [`hash_password`].
    fn decoy(&self) -> Cow<'_, str> {
        Cow::Borrowed(DECOY)
    }

    /// Returns the roles of all users, if they are known without I/O. Start-up logs a warning for each one that no type declares.
    /// Empty by default.
    fn roles(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Takes a better hash of the password that the user just logged in with, in place of the one `before`, and of no other:
    /// the password may have changed meanwhile. Unless said, it is dropped.
    fn keep_hash<'a>(&'a self, _name: &'a str, _before: &'a str, _better: &'a str) -> Kept<'a> {
        Box::pin(std::future::ready(Ok(false)))
    }
}
