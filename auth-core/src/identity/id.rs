//! Identities of principals.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The identity of a principal, which consists of the issuer, the kind (user or client), and the subject. It is an opaque value for
/// comparison and storage.
///
/// A subject is not an identity by itself: one `sub` at two issuers denotes two principals (RFC 7519 §4.1.2 makes it unique only
/// within its issuer).
///
/// The text form is `user:LENGTH:ISSUER:SUBJECT` or `client:LENGTH:ISSUER:SUBJECT`, where LENGTH is the length of the issuer in
/// bytes. It is intended for storage and comparison, not for display. To migrate a table of bare subjects, convert each row with
/// `Id::user(ISSUER, subject)`.
///
/// # Examples
/// ```
/// use auth_actix::Id;
/// let stored: Id = "user:18:https://id.example:alice".parse()?;
/// assert_eq!(stored.to_string(), "user:18:https://id.example:alice");
/// # Ok::<(), auth_actix::identity::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(Box<str>);

/// The text is not a valid [`Id`].
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identity has the form `user:LENGTH:ISSUER:SUBJECT` or `client:LENGTH:ISSUER:SUBJECT`")]
pub struct IdError;

crate::debug_as_display!(IdError);

impl Id {
    /// Creates the identity of a user of an issuer, for comparison and storage.
    pub fn user(issuer: &str, subject: &str) -> Self {
        Self::new("user", issuer, subject)
    }

    /// Creates the identity of a client of an issuer. A client is a program that acts on its own behalf.
    pub fn client(issuer: &str, subject: &str) -> Self {
        Self::new("client", issuer, subject)
    }

    fn new(kind: &str, issuer: &str, subject: &str) -> Self {
        // The length prevents an issuer that contains a colon from being confused with another one.
        let length = issuer.len().to_string();
        // A single allocation, because each denial creates an identity.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_round_trip_and_differ_by_kind_issuer_and_subject(issuer in "(?s).{0,16}", subject in "(?s).{1,16}", other in ("(?s).{0,16}", "(?s).{0,16}")) {
            for id in [Id::user(&issuer, &subject), Id::client(&issuer, &subject)] {
                prop_assert_eq!(id.to_string().parse::<Id>().ok(), Some(id));
            }
            let same = (issuer.as_str(), subject.as_str()) == (other.0.as_str(), other.1.as_str());
            prop_assert_eq!(Id::user(&issuer, &subject) == Id::user(&other.0, &other.1), same);
            prop_assert_ne!(Id::user(&issuer, &subject), Id::client(&issuer, &subject));
        }

        #[test]
        fn ids_with_equal_concatenation_are_distinct(text in "[a:1]{1,8}", at in 0_usize..8, other in 0_usize..8) {
            let (at, other) = (at.min(text.len()), other.min(text.len()));
            let of = |at: usize| Id::user(&text[..at], &text[at..]);
            prop_assert_eq!(of(at) == of(other), at == other);
        }
    }

    #[test]
    fn ids_of_an_earlier_version_are_read() {
        let table = [
            ("user:18:https://id.example:alice", Id::user("https://id.example", "alice")),
            ("client:14:apikey:reports:backup", Id::client("apikey:reports", "backup")),
            ("user:13:local:reports:b\u{f6}b: a", Id::user("local:reports", "b\u{f6}b: a")),
            ("user:0::x", Id::user("", "x")),
        ];
        for (text, id) in table {
            assert_eq!(text.parse().as_ref(), Ok(&id));
            assert_eq!(id.to_string(), text);
            assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        }
    }
}
