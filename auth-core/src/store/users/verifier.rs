//! The trait of password verifiers and its types.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret as _, SecretString};

use super::UserStoreUnavailable;
use crate::runtime::future::BoxFuture;

/// A user name and a password, as a client sent them. The password is erased from memory when dropped.
pub struct PasswordCredentials {
    name: String,
    password: SecretString,
}

impl PasswordCredentials {
    /// Creates credentials from a user name and a password.
    pub fn new(name: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self { name: name.into(), password: password.into() }
    }

    /// Returns the user name. It is not verified, and may be a password typed into the wrong field, so it must not be logged.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the password.
    pub fn password(&self) -> &str {
        self.password.expose_secret()
    }
}

/// Redacts the name and the password, since users type passwords into the name field.
impl std::fmt::Debug for PasswordCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordCredentials").finish_non_exhaustive()
    }
}

/// A user, as returned by a [`PasswordVerifier`].
#[derive(Clone, Default)]
pub struct VerifiedUser {
    pub(crate) roles: Vec<String>,
    /// Ordered from the oldest to the newest.
    password_versions: Vec<String>,
}

impl VerifiedUser {
    /// Creates a user without roles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the roles of the user.
    #[must_use]
    pub fn roles(self, roles: impl IntoIterator<Item = impl ToString>) -> Self {
        Self { roles: roles.into_iter().map(|role| role.to_string()).collect(), ..self }
    }

    /// Sets a value that changes with the password, such as the time of its last change. It must not reveal the password. Sessions
    /// that began with another version end. [`PasswordAuthenticator::cache_verified`](super::PasswordAuthenticator::cache_verified)
    /// caches only users with a version.
    #[must_use]
    pub fn password_version(mut self, version: impl Into<String>) -> Self {
        self.password_versions.push(version.into());
        self
    }

    pub(super) fn current_version(&self) -> Option<&str> {
        self.password_versions.last().map(String::as_str)
    }

    /// Returns the versions of the password that the user logged in with. There are two if the login replaced the hash.
    pub(crate) fn password_versions(&self) -> &[String] {
        &self.password_versions
    }

    /// Returns whether the password is still one of these versions.
    pub(crate) fn has_password_version(&self, recorded: &[String]) -> bool {
        match self.password_versions.last() {
            Some(current) => recorded.contains(current),
            None => recorded.is_empty(),
        }
    }
}

/// Redacts the password versions.
impl std::fmt::Debug for VerifiedUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedUser").field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// Verifies user names and passwords, for [`PasswordAuthenticator::with_verifier`](super::PasswordAuthenticator::with_verifier).
///
/// The authenticator calls it behind its throttle and its limit of concurrent verifications, with a timeout of 30 s. A panic is
/// treated as unavailable. For argon2id hashes, implement [`UserStore`](super::UserStore) instead.
///
/// ```
/// use auth_actix::BoxFuture;
/// use auth_actix::password::{
///     PasswordAuthenticator, PasswordCredentials, PasswordVerifier, UserStoreUnavailable, VerifiedUser,
/// };
///
/// # async fn ldap_bind(_: &str, _: &str) -> std::io::Result<bool> { Ok(true) }
/// # async fn ldap_groups(_: &str) -> std::io::Result<Option<Vec<String>>> { Ok(Some(vec!["admin".to_owned()])) }
/// struct Ldap;
///
/// impl PasswordVerifier for Ldap {
///     fn verify<'a>(
///         &'a self,
///         credentials: &'a PasswordCredentials,
///     ) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>> {
///         Box::pin(async move {
///             // RFC 4513 §5.1.2: a bind without a password succeeds for any name.
///             let bound = !credentials.password().is_empty()
///                 && ldap_bind(credentials.name(), credentials.password()).await.map_err(|_| UserStoreUnavailable)?;
///             if bound { self.find(credentials.name()).await } else { Ok(None) }
///         })
///     }
///
///     fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>> {
///         Box::pin(async move {
///             let groups = ldap_groups(name).await.map_err(|_| UserStoreUnavailable)?;
///             Ok(groups.map(|groups| VerifiedUser::new().roles(groups)))
///         })
///     }
/// }
///
/// let users = PasswordAuthenticator::with_verifier(Ldap);
/// ```
pub trait PasswordVerifier: Send + Sync + 'static {
    /// Verifies a name and a password. Returns `None` if either is wrong. Both cases should take the same time.
    ///
    /// # Errors
    /// The verifier is unavailable. The attempt does not count as a failure.
    fn verify<'a>(
        &'a self,
        credentials: &'a PasswordCredentials,
    ) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>>;

    /// Returns a user without verifying a password. `None` if there is no such user. Sessions call it about once a minute to update
    /// roles, and end if the user no longer exists.
    ///
    /// # Errors
    /// The verifier is unavailable.
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<VerifiedUser>, UserStoreUnavailable>>;

    /// Returns the roles of all users, if they are known without I/O. At start-up, a warning is logged for each role that no type
    /// declares. Empty by default.
    fn roles(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }
}
