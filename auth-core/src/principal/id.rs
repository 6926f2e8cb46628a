//! Who a principal is, and who acts in its name.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json::Raw;

/// Who a principal is: issuer, user or client, and subject. One opaque value to compare and to store.
///
/// The subject alone is no identity: the same `sub` at two issuers is two people (RFC 7519 §4.1.2 makes it unique
/// only within its issuer).
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
        Self(format!("{kind}:{}:{issuer}:{subject}", issuer.len()).into())
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

/// Who really acts, where the credential was issued to act for somebody else (`act`, RFC 8693 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    subject: String,
    issuer: String,
    is_client: bool,
    before: Option<Box<Actor>>,
}

impl Actor {
    /// Who it is: a user of the issuer that the credential names for it, else of that of the credential; or a client, where
    /// its `client_id` is its subject.
    pub fn id(&self) -> Id {
        let kind = if self.is_client { Id::client } else { Id::user };
        kind(&self.issuer, &self.subject)
    }

    /// Its subject, at its issuer.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who acted for whom before.
    pub fn before(&self) -> Option<&Actor> {
        self.before.as_deref()
    }

    pub(super) fn read(act: Raw<'_>, issuer: &str) -> Option<Self> {
        let subject = act.member("sub")?.string()?.into_owned();
        let issuer = act.member("iss").and_then(Raw::string).map_or_else(|| issuer.to_owned(), Cow::into_owned);
        let before = act.member("act").and_then(|before| Self::read(before, &issuer));
        let is_client = act.member("client_id").and_then(Raw::string).is_some_and(|client| client == subject);
        Some(Self { subject, is_client, before: before.map(Box::new), issuer })
    }
}
