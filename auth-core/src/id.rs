//! Who somebody is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who a principal is: issuer, user or client, and subject. One opaque value to compare and to store.
///
/// The subject is not an identity by itself: one `sub` at two issuers is two people (RFC 7519 §4.1.2 makes it unique only within
/// its issuer).
///
/// Its text is `user:LENGTH:ISSUER:SUBJECT` or `client:LENGTH:ISSUER:SUBJECT`, where LENGTH is the length of the issuer in bytes. It is made
/// for storing and comparing, not for showing. A table with bare subjects moves over with `Id::user(ISSUER, subject)` for each row.
///
/// # Examples
/// ```
/// use auth_core::Id;
/// let stored: Id = "user:18:https://id.example:alice".parse()?;
/// assert_eq!(stored.to_string(), "user:18:https://id.example:alice");
/// # Ok::<(), auth_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(Box<str>);

/// Text that is no [`Id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identity reads `user:LENGTH:ISSUER:SUBJECT` or `client:LENGTH:ISSUER:SUBJECT`")]
pub struct IdError;

impl Id {
    /// The identity of that user of that issuer, to compare with and to store.
    pub fn user(issuer: &str, subject: &str) -> Self {
        Self::new("user", issuer, subject)
    }

    /// The identity of that client of that issuer: a program that acts for itself.
    pub fn client(issuer: &str, subject: &str) -> Self {
        Self::new("client", issuer, subject)
    }

    fn new(kind: &str, issuer: &str, subject: &str) -> Self {
        // The length keeps an issuer that holds a colon from passing for another one.
        let length = issuer.len().to_string();
        // In one piece of memory: a refusal makes one.
        Self([kind, ":", &length, ":", issuer, ":", subject].concat().into())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Id {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        let rest = text.strip_prefix("user:").or_else(|| text.strip_prefix("client:")).ok_or(IdError)?;
        let (length, rest) = rest.split_once(':').ok_or(IdError)?;
        let issuer: usize = length.parse().map_err(|_| IdError)?;
        let subject = rest.get(issuer..).and_then(|rest| rest.strip_prefix(':')).ok_or(IdError)?;
        if subject.is_empty() || length != issuer.to_string() { Err(IdError) } else { Ok(Self(text.into())) }
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0.into()
    }
}
