//! Identifiers of accounts, which are the application's own records of callers.

use std::fmt;
use std::str::FromStr;

use super::id::Id;

/// The identifier of an account: a kind, such as `merchant`, and an id that is unique within the kind.
///
/// The kind is part of the identity: merchant 7 and user 7 are two callers. A renamed kind changes every identity. An id must never
/// be assigned to a second account, because blocks and owner columns would then apply to it.
///
/// ```
/// use auth_actix::identity::AccountId;
/// let id = AccountId::new("merchant", 7);
/// assert_eq!(id.parse::<i64>("merchant"), Some(7));
/// assert_eq!(id.parse::<i64>("user"), None);
/// assert_eq!(id.to_string(), "account:merchant:7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId {
    kind: Box<str>,
    id: Box<str>,
}

impl AccountId {
    /// Creates the identifier of the account `id` of this kind.
    pub fn new(kind: &'static str, id: impl ToString) -> Self {
        Self::stored(kind, &id.to_string())
    }

    /// Creates an identifier from its parts in a store, which does not know the kinds of the application.
    #[doc(hidden)]
    pub fn stored(kind: &str, id: &str) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }

    /// Returns the kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the id of an account of this kind. `None` if the account is of another kind, or if the id is not a `T`.
    pub fn parse<T: FromStr>(&self, kind: &str) -> Option<T> {
        if &*self.kind == kind { self.id.parse().ok() } else { None }
    }

    /// Returns the id without its kind, for stores.
    #[doc(hidden)]
    pub fn text(&self) -> &str {
        &self.id
    }

    /// Returns the identity of callers with this account.
    pub fn identity(&self) -> Id {
        Id::account(&self.kind, &self.id)
    }
}

/// Writes the text of [`identity`](AccountId::identity).
impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account:{}:{}", self.kind, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_two_kinds_have_two_identities() {
        // ACCT-2
        let (merchant, user) = (AccountId::new("merchant", 7), AccountId::new("user", "7"));
        assert_ne!(merchant.identity(), user.identity());
        assert_eq!((merchant.parse::<u8>("merchant"), merchant.parse::<u8>("user")), (Some(7), None));
        assert_eq!(AccountId::new("user", "x").parse::<u8>("user"), None);
        assert_eq!(merchant.identity().to_string(), merchant.to_string());
    }
}
