//! Accounts: the application's own records of callers.

mod login;
mod provider;
mod cache;
mod provided;

use std::fmt;

pub use self::login::{Login, Who};
pub(crate) use self::provided::{AccountLookup, LookUp, LookUpError};
pub use self::provided::{AccountsError, ProvidedAccounts, TestAccount};
pub use self::provider::{Accounts, Lookup};

/// The accounts are unavailable. The cause was logged where it occurred.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct AccountsUnavailable;

impl fmt::Debug for AccountsUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the accounts are unavailable")
    }
}
