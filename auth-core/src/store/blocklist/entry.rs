//! An entry of a block list: something blocked, revoked, or exclusively allowed.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;

use crate::identity::id::Id;
use crate::identity::network::network;
use crate::runtime::clock::Timestamp;
use crate::runtime::line_text::{escape, unescape};

/// An entry of a block list. Its text form is a single line, identical in a file and in Redis:
///
/// ```text
/// block address 203.0.113.0/24
/// block subject user:18:https://id.example:alice
/// block token https://id.example 7f3e91
/// revoke token https://id.example 7f3e91 1767225600
/// revoke subject user:18:https://id.example:alice 1764054000
/// allow address 10.0.0.0/8
/// ```
///
/// In an identity, an issuer or a `jti`, a backslash is written as `\\`. Control characters, white space other than a space, and
/// a space at either end are written as `\u{20}`, with the code point in hexadecimal digits. An issuer and a `jti` contain no
/// unescaped spaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockEntry {
    /// Requests from this network are refused with 403.
    BlockAddress(IpNet),
    /// Requests whose subject or actor is this principal are refused with 403 after authentication.
    BlockSubject(Id),
    /// The token with this issuer and `jti` is refused with 403 after its verification.
    BlockToken {
        /// The `iss` claim of the token.
        issuer: String,
        /// The `jti` claim of the token.
        jti: String,
    },
    /// The token with this issuer and `jti` is revoked and is answered with 401.
    RevokeToken {
        /// The `iss` claim of the token.
        issuer: String,
        /// The `jti` claim of the token.
        jti: String,
        /// The expiry time of the token (`exp`). The entry may be removed afterwards.
        expires: Timestamp,
    },
    /// Tokens and sessions with this subject or actor are revoked and answered with 401 if they were issued at or before this time.
    RevokeSubject {
        /// The subject or actor of the tokens and sessions.
        id: Id,
        /// The latest issue time that is revoked, with a tolerance of 60 s for clock skew. Tokens and sessions without an issue
        /// time are revoked too.
        since: Timestamp,
    },
    /// Restricts requests to allowed networks, for maintenance. If the list contains at least one such entry, requests from all
    /// other networks are refused with 403.
    AllowAddress(IpNet),
}

/// The line is not a valid entry.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write `block address NETWORK`, `block subject ID`, `block token ISSUER JTI`, `revoke token ISSUER JTI EXPIRES`, `revoke subject ID SINCE` or `allow address NETWORK`"
)]
pub struct BlockEntryError;

crate::debug_as_display!(BlockEntryError);

impl BlockEntry {
    /// Returns whether the entry has a text form: an issuer and a `jti` must not be empty, and a network must not have bits behind
    /// its prefix.
    pub(super) fn is_writable(&self) -> bool {
        self.to_string().parse().as_ref() == Ok(self)
    }
}

/// Escapes an identity. Spaces inside it are kept, because lines are not split there.
fn text(id: &Id) -> String {
    escape(&id.to_string(), |_| false)
}

/// Escapes an issuer or a `jti`, including its spaces, because it ends at a space.
fn word(text: &str) -> String {
    escape(text, |one| one == ' ')
}

impl fmt::Display for BlockEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BlockAddress(network) => write!(f, "block address {network}"),
            Self::BlockSubject(id) => write!(f, "block subject {}", text(id)),
            Self::BlockToken { issuer, jti } => write!(f, "block token {} {}", word(issuer), word(jti)),
            Self::RevokeToken { issuer, jti, expires } => {
                write!(f, "revoke token {} {} {}", word(issuer), word(jti), expires.seconds())
            }
            Self::RevokeSubject { id, since } => write!(f, "revoke subject {} {}", text(id), since.seconds()),
            Self::AllowAddress(network) => write!(f, "allow address {network}"),
        }
    }
}

impl FromStr for BlockEntry {
    type Err = BlockEntryError;

    fn from_str(line: &str) -> Result<Self, BlockEntryError> {
        if line.chars().any(char::is_control) {
            return Err(BlockEntryError);
        }
        let seconds = |text: &str| text.parse().map(Timestamp::from_seconds).map_err(|_| BlockEntryError);
        let plain = |text: &str| unescape(text).ok_or(BlockEntryError);
        let id = |text: &str| plain(text)?.parse::<Id>().map_err(|_| BlockEntryError);
        let net = |text: &str| network(text).ok_or(BlockEntryError);
        // Subjects may contain spaces, so the text after an identity is split off from the right.
        let (verb, rest) = line.split_once(' ').ok_or(BlockEntryError)?;
        let (noun, rest) = rest.split_once(' ').ok_or(BlockEntryError)?;
        match (verb, noun) {
            ("block", "address") => Ok(Self::BlockAddress(net(rest)?)),
            ("allow", "address") => Ok(Self::AllowAddress(net(rest)?)),
            ("block", "subject") => Ok(Self::BlockSubject(id(rest)?)),
            ("revoke", "subject") => {
                let (subject, since) = rest.rsplit_once(' ').ok_or(BlockEntryError)?;
                Ok(Self::RevokeSubject { id: id(subject)?, since: seconds(since)? })
            }
            ("block" | "revoke", "token") => {
                let words: Vec<_> = rest.split(' ').collect();
                match (verb, words.as_slice()) {
                    (_, words) if words.iter().any(|word| word.is_empty()) => Err(BlockEntryError),
                    ("block", [issuer, jti]) => Ok(Self::BlockToken { issuer: plain(issuer)?, jti: plain(jti)? }),
                    ("revoke", [issuer, jti, expires]) => {
                        Ok(Self::RevokeToken { issuer: plain(issuer)?, jti: plain(jti)?, expires: seconds(expires)? })
                    }
                    _ => Err(BlockEntryError),
                }
            }
            _ => Err(BlockEntryError),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blocklist_entry_lines_parse_strictly_and_print_unchanged() {
        let good = [
            "block address 203.0.113.0/24",
            "block address 2001:db8::/32",
            "block subject user:18:https://id.example:alice",
            "block subject user:1:a:a name with spaces",
            r"block subject user:1:a:\u{0}\u{a}block address 0.0.0.0/0",
            r"block subject user:1:a:alice\u{20}",
            r"block subject user:1:a:CORP\\alice",
            r"block token https://id.example one\u{20}two",
            "block token https://id.example 7f3e",
            "revoke token https://id.example 7f3e 1767225600",
            "revoke subject client:1:a:robot 1764054000",
            "revoke subject user:1:a:a b 5",
            "allow address 10.0.0.0/8",
        ];
        for line in good {
            let entry: BlockEntry = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(entry.to_string(), line);
            assert!(entry.is_writable());
        }
        assert_eq!("block address 10.0.0.1".parse::<BlockEntry>().unwrap().to_string(), "block address 10.0.0.1/32");
        let bad = [
            "",
            "block",
            "block address",
            "block address 10.0.0.1/8",
            "block address example.com",
            "block subject alice",
            "block token a",
            "block token a b c",
            "block token  b",
            "revoke token a b",
            "revoke token a b soon",
            "revoke subject user:1:a:b",
            "allow subject user:1:a:b",
            "deny address 10.0.0.0/8",
            "Block address 10.0.0.0/8",
            "block address 10.0.0.0/8\n",
            "block address  10.0.0.0/8",
            "block subject user:1:a:alice ",
            "block subject user:1:a:alice\t",
            r"block subject user:1:a:CORP\alice",
            r"block subject user:1:a:\u{d800}",
        ];
        for line in bad {
            assert!(line.parse::<BlockEntry>().is_err(), "{line:?}");
        }
        let empty = BlockEntry::BlockToken { issuer: "a".into(), jti: String::new() };
        assert!(!empty.is_writable(), "no line holds it");
    }

    proptest! {
        #[test]
        fn blocklist_entry_round_trips_through_one_line(issuer in "(?s).{0,16}", name in "(?s).{1,16}", seconds in any::<i64>()) {
            // S4, S5
            let (id, at) = (Id::user(&issuer, &name), Timestamp::from_seconds(seconds));
            let token = |issuer: &str| BlockEntry::RevokeToken { issuer: issuer.into(), jti: name.clone(), expires: at };
            let block = BlockEntry::BlockToken { issuer: name.clone(), jti: name.clone() };
            for entry in [BlockEntry::BlockSubject(id.clone()), BlockEntry::RevokeSubject { id, since: at }, token(&name), block] {
                let line = entry.to_string();
                prop_assert_eq!(line.lines().count(), 1);
                prop_assert_eq!(line.parse(), Ok(entry));
            }
        }
    }

    #[test]
    fn blocklist_lines_of_an_earlier_version_are_read() {
        let (issuer, jti, at) =
            ("https://id.example".to_owned(), "7f3e 91".to_owned(), Timestamp::from_seconds(1_767_225_600));
        let alice = || Id::user("https://id.example", "alice");
        let table = [
            ("block address 203.0.113.0/24", BlockEntry::BlockAddress("203.0.113.0/24".parse().unwrap())),
            ("allow address 2001:db8::/32", BlockEntry::AllowAddress("2001:db8::/32".parse().unwrap())),
            ("block subject user:18:https://id.example:alice", BlockEntry::BlockSubject(alice())),
            (r"block subject client:1:a:b\u{a} \\c", BlockEntry::BlockSubject(Id::client("a", "b\n \\c"))),
            (
                r"block token https://id.example 7f3e\u{20}91",
                BlockEntry::BlockToken { issuer: issuer.clone(), jti: jti.clone() },
            ),
            (
                r"revoke token https://id.example 7f3e\u{20}91 1767225600",
                BlockEntry::RevokeToken { issuer, jti, expires: at },
            ),
            (
                "revoke subject user:18:https://id.example:alice 1767225600",
                BlockEntry::RevokeSubject { id: alice(), since: at },
            ),
        ];
        for (line, entry) in table {
            assert_eq!(line.parse().as_ref(), Ok(&entry));
            assert_eq!(entry.to_string(), line);
        }
    }
}
