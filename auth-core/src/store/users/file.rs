//! A user store in a file.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::hash::{Cost, DECOY};
use super::{HashError, User, UserStore, UserStoreUnavailable};
use crate::runtime::future::BoxFuture;

/// A user store in a file, with one line per user: `name:hash:roles`. The roles are separated by commas. Empty lines and lines that
/// begin with `#` are ignored, so a name cannot begin with `#`. The file is read once.
///
/// ```text
/// # name : argon2id hash : roles
/// alice:$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$…:admin,editor
/// ```
#[derive(Debug)]
pub struct UsersFile {
    users: HashMap<String, User>,
    decoy: String,
}

/// An error of a user file. Contains the line number, but none of the file's content.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum UsersFileError {
    /// The file cannot be read.
    #[error("the file of users cannot be read: {0}")]
    Read(std::io::Error),
    /// A line does not consist of three fields, or its name is invalid.
    #[error("line {0} of the file of users is not `name:hash:roles`")]
    Line(usize),
    /// A name occurs twice.
    #[error("the name in line {0} of the file of users is also in an earlier line")]
    Twice(usize),
    /// The hash is invalid.
    #[error("the hash in line {line} of the file of users: {error}")]
    Hash {
        /// The line number, starting at 1.
        line: usize,
        /// The error of the hash.
        error: HashError,
    },
    /// The hashes have different costs. The duration of a login would reveal whether a user exists.
    #[error("the parameters of the hash in line {0} of the file of users differ from those of the first hash")]
    OtherCost(usize),
}

crate::debug_as_display!(UsersFileError);

impl From<UsersFileError> for std::io::Error {
    fn from(error: UsersFileError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

impl UsersFile {
    /// Reads a user file.
    ///
    /// # Errors
    /// The file cannot be read, or a line is invalid.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, UsersFileError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(crate::runtime::file_watcher::at(path))
            .map_err(UsersFileError::Read)?;
        Self::parse(&text)
    }

    /// Like [`open`](Self::open), from the text of a file.
    ///
    /// # Errors
    /// A line is invalid.
    pub fn parse(text: &str) -> Result<Self, UsersFileError> {
        let (mut users, mut first): (HashMap<String, User>, Option<Cost>) = (HashMap::new(), None);
        let mut decoy = DECOY.to_owned();
        for (line, text) in (1..).zip(text.lines()) {
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let fields: Vec<_> = text.trim_end().split(':').collect();
            let [name, hash, roles] = *fields.as_slice() else { return Err(UsersFileError::Line(line)) };
            if name.is_empty() || name.chars().any(char::is_control) {
                return Err(UsersFileError::Line(line));
            }
            let cost = Cost::of(hash).map_err(|error| UsersFileError::Hash { line, error })?;
            if first.is_some_and(|first| first != cost) {
                return Err(UsersFileError::OtherCost(line));
            }
            first = Some(cost);
            decoy = DECOY.replace("m=19456,t=2,p=1", &format!("m={},t={},p={}", cost.memory, cost.passes, cost.lanes));
            let roles = roles.split(',').map(str::trim).filter(|role| !role.is_empty());
            let user = User::new(hash).map_err(|error| UsersFileError::Hash { line, error })?.roles(roles);
            if users.insert(name.to_owned(), user).is_some() {
                return Err(UsersFileError::Twice(line));
            }
        }
        Ok(Self { users, decoy })
    }
}

impl UserStore for UsersFile {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>> {
        Box::pin(std::future::ready(Ok(self.users.get(name).cloned())))
    }

    fn decoy(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.decoy)
    }

    fn roles(&self) -> BTreeSet<String> {
        self.users.values().flat_map(|user| &user.roles).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hash_password;
    use super::*;

    static HASH: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| hash_password(&"pw".into()).unwrap());

    proptest! {
        #[test]
        fn users_file_line_defines_exactly_the_named_user(name in "[a:#\\r \\PC]{0,6}", role in "[a:,\\n \\PC]{0,6}") {
            let read = UsersFile::parse(&format!("{name}:{}:{role}", *HASH));
            let is_name = !name.is_empty() && !name.starts_with('#') && !name.contains(|one: char| one == ':' || one.is_control());
            if is_name && !role.contains([':', '\n']) {
                let users = read.unwrap().users;
                let [(found, user)] = &*users.iter().collect::<Vec<_>>() else { panic!("{name:?} makes {}", users.len()) };
                prop_assert_eq!(*found, &name);
                let roles = role.split(',').map(str::trim).filter(|role| !role.is_empty());
                prop_assert_eq!(user.roles.iter().map(String::as_str).collect::<Vec<_>>(), roles.collect::<Vec<_>>());
            } else {
                prop_assert!(read.map_or(true, |read| !read.users.keys().any(|found| *found != name)), "{:?}", name);
            }
        }
    }

    #[test]
    fn users_file_errors_name_the_invalid_line() {
        let hash = hash_password(&"pw".into()).unwrap();
        let cheap = hash.replace("m=19456", "m=4096");
        let dear = hash.replace("m=19456", "m=1048576");
        let other = hash.replace("t=2", "t=3");
        assert_eq!(
            UsersFile::parse(&format!("# users\n\nalice:{hash}:admin, editor\nbob:{hash}:\n")).unwrap().users.len(),
            2
        );
        #[rustfmt::skip]
        let table = [
            (format!("alice:{hash}"), "line 1 of the file of users is not `name:hash:roles`"),
            (format!(":{hash}:admin"), "line 1 of the file of users is not `name:hash:roles`"),
            (format!("alice:{hash}:a\nalice:{hash}:b"), "the name in line 2 of the file of users is also in an earlier line"),
            ("alice:pw:a".to_owned(), "the hash in line 1 of the file of users: this is not an argon2id hash in PHC format"),
            (format!("alice:{cheap}:a"), "the hash in line 1 of the file of users: the parameters of the hash are too low: at least m=19456,t=2,p=1"),
            (format!("alice:{dear}:a"), "the hash in line 1 of the file of users: the parameters of the hash are too high: at most m=262144,t=16,p=16"),
            (format!("alice:{hash}:a\nbob:{other}:b"), "the parameters of the hash in line 2 of the file of users differ from those of the first hash"),
        ];
        for (text, expected) in table {
            assert_eq!(UsersFile::parse(&text).unwrap_err().to_string(), expected);
        }
        // A hash that the verifier would reject without computing a hash is invalid.
        for (from, to) in [("v=19", "v=18"), ("m=19456,", "m=19456,m=9,"), ("p=1", "p=0")] {
            assert!(User::new(hash.replace(from, to)).is_err(), "{to}");
        }
        assert!(matches!(UsersFile::open("no/such/file"), Err(UsersFileError::Read(_))));
    }

    #[test]
    fn users_file_of_an_earlier_version_is_read() {
        const LINE: &str = "alice:$argon2id$v=19$m=19456,t=2,p=1$ChCAZy+RmC2oXBmj5enw2A$kDztHMgeFlvnD2xRfuGPWXeq8a5jo0bFkSUNUpAvx5E:admin,editor";
        let users = UsersFile::parse(LINE).unwrap().users;
        assert_eq!(users["alice"].roles, ["admin", "editor"]);
        let matches = |password: &str| super::super::hash::matches(&password.into(), &users["alice"].hash);
        assert!(matches("correct horse") && !matches("correct horsf"));
    }
}
