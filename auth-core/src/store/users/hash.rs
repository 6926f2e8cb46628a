//! Password hashes: argon2id in PHC form, within minimum and maximum costs.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use secrecy::ExposeSecret as _;

use super::{SecretString, UserStoreUnavailable};

/// An error of a password hash.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The hash is not an argon2id hash in PHC form.
    #[error("this is not an argon2id hash in PHC format")]
    NotArgon2id,
    /// The cost is below the minimum of OWASP: `m=19456,t=2`, `m=12288,t=3` or `m=47104,t=1`.
    #[error("the parameters of the hash are too low: at least m=19456,t=2,p=1")]
    BelowMinimum,
    /// The cost is above the maximum: 256 MiB, 16 passes or 16 lanes. A few logins could exhaust the server.
    #[error("the parameters of the hash are too high: at most m=262144,t=16,p=16")]
    AboveMaximum,
}

crate::debug_as_display!(HashError);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl Cost {
    pub(super) fn of(hash: &str) -> Result<Self, HashError> {
        let cost = Self::read(hash)?;
        let enough = matches!((cost.memory, cost.passes), (19_456.., 2..) | (12_288.., 3..) | (47_104.., 1..));
        if cost.memory > 262_144 || cost.passes > 16 || cost.lanes > 16 {
            Err(HashError::AboveMaximum)
        } else if !enough {
            Err(HashError::BelowMinimum)
        } else {
            Ok(cost)
        }
    }

    fn read(hash: &str) -> Result<Self, HashError> {
        let parsed = PasswordHash::new(hash).map_err(|_| HashError::NotArgon2id)?;
        let number = |name: &str| parsed.params.get_decimal(name).ok_or(HashError::NotArgon2id);
        if parsed.algorithm.as_str() != "argon2id" || parsed.salt.is_none() || parsed.hash.is_none() {
            return Err(HashError::NotArgon2id);
        }
        // A hash that the verifier rejects must not be stored: it would be rejected without computing a hash, and the response time
        // would differ.
        let known = parsed.version.is_none_or(|version| [16, 19].contains(&version));
        let names: Vec<_> = parsed.params.iter().map(|(name, _)| name.as_str().to_owned()).collect();
        let repeated =
            names.iter().enumerate().any(|(position, name)| names.iter().skip(position + 1).any(|other| other == name));
        if !known || repeated {
            return Err(HashError::NotArgon2id);
        }
        let cost = Self { memory: number("m")?, passes: number("t")?, lanes: number("p")? };
        argon2::Params::new(cost.memory, cost.passes, cost.lanes, None).map_err(|_| HashError::NotArgon2id)?;
        Ok(cost)
    }
}

/// Hashes a password for storage: argon2id with `m=19456,t=2,p=1` and a random salt.
///
/// # Errors
/// The operating system provides no random numbers.
pub fn hash_password(password: &SecretString) -> Result<String, UserStoreUnavailable> {
    let hash =
        Argon2::default().hash_password(password.expose_secret().as_bytes()).map_err(|_| UserStoreUnavailable)?;
    Ok(hash.to_string())
}

/// Returns whether the password has this hash. An invalid hash matches no password.
pub(super) fn matches(password: &SecretString, hash: &str) -> bool {
    let parsed = PasswordHash::new(hash);
    parsed.is_ok_and(|hash| Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok())
}

/// Returns whether the hash costs less to verify than one of [`hash_password`].
pub(super) fn is_cheaper_than_new(hash: &str) -> bool {
    compared_to_new(hash).is_some_and(std::cmp::Ordering::is_lt)
}

/// Returns whether the hash costs more to verify than one of [`hash_password`]. In a store of such hashes, the duration of a login
/// would reveal that the user exists.
pub fn is_costlier_than_new(hash: &str) -> bool {
    compared_to_new(hash).is_some_and(std::cmp::Ordering::is_gt)
}

fn compared_to_new(hash: &str) -> Option<std::cmp::Ordering> {
    let work = |cost: Cost| u64::from(cost.memory) * u64::from(cost.passes);
    let (new, old) = (Cost::read(DECOY).ok()?, Cost::read(hash).ok()?);
    Some(work(old).cmp(&work(new)))
}

/// The hash of 32 random bytes that were discarded.
pub(super) const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZS1kZWNveS1zYWx0$mJ1XhTT0X0l1PzDVZpPq2w0m4m3nJzD8q8m8C3a1b2c";
