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
/// bytes. For a caller with an account it is `account:KIND:ID`, and for a login that has none it is `login:` and one of the first two
/// forms, so that no stored owner equals it. The text is intended for storage and comparison, not for display. To migrate a table of
/// bare subjects, convert each row with `Id::user(ISSUER, subject)`.
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
#[error(
    "an identity has the form `user:LENGTH:ISSUER:SUBJECT`, `client:LENGTH:ISSUER:SUBJECT`, `account:KIND:ID` or `login:` and one of the first two"
)]
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

    /// Creates the identity of callers with an account.
    pub(crate) fn account(kind: &str, id: &str) -> Self {
        Self(["account:", kind, ":", id].concat().into())
    }

    /// Creates the identity of a login that has no account.
    pub(crate) fn login(credential: &Self) -> Self {
        Self(["login:", &credential.0].concat().into())
    }

    /// Returns the kind and the id of an account.
    pub(crate) fn account_parts(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix("account:")?.split_once(':')
    }

    /// Returns the text form.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn new(kind: &str, issuer: &str, subject: &str) -> Self {
        // The length prevents an issuer that contains a colon from being confused with another one.
        let length = issuer.len().to_string();
        // A single allocation, because each denial creates an identity.
        Self([kind, ":", &length, ":", issuer, ":", subject].concat().into())
    }
}

/// Returns whether the text may be a kind of accounts: 1 to 32 lowercase letters, digits and hyphens, of which the first is a letter.
pub(crate) fn is_account_kind(text: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=32).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(is_allowed)
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
        if let Some(rest) = text.strip_prefix("account:") {
            let (kind, id) = rest.split_once(':').ok_or(IdError)?;
            return if is_account_kind(kind) && !id.is_empty() { Ok(Self(text.into())) } else { Err(IdError) };
        }
        let credential = text.strip_prefix("login:").unwrap_or(&text);
        let rest = credential.strip_prefix("user:").or_else(|| credential.strip_prefix("client:")).ok_or(IdError)?;
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
            ("account:member:42", Id::account("member", "42")),
            ("account:member:a:b", Id::account("member", "a:b")),
            ("login:user:3:iss:alice", Id::login(&Id::user("iss", "alice"))),
        ];
        for (text, id) in table {
            assert_eq!(text.parse().as_ref(), Ok(&id));
            assert_eq!(id.to_string(), text);
            assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        }
    }

    #[test]
    fn a_login_names_a_user_or_a_client() {
        // ACCT-2
        for text in ["login:", "login:account:user:7", "login:login:user:3:iss:alice", "login:user:3:iss:"] {
            assert!(text.parse::<Id>().is_err(), "{text}");
        }
    }

    #[test]
    fn kinds_of_accounts_are_lowercase_words() {
        #[rustfmt::skip]
        let table = [("user", true), ("b2b-user", true), ("", false), ("User", false), ("7", false)];
        for (text, is_kind) in table {
            assert_eq!(is_account_kind(text), is_kind, "{text}");
            assert_eq!(format!("account:{text}:x").parse::<Id>().is_ok(), is_kind, "{text}");
        }
        assert!("account:user:".parse::<Id>().is_err() && "account:user".parse::<Id>().is_err());
    }
}
