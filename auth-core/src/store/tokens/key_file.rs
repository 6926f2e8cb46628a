//! Keys in files of the earlier format, `id hash owner roles scopes expires`.
//!
//! # Why
//! Such a file contains the hash of the secret part of a key only, so its keys cannot be moved to another store. A key is found by
//! its public part, which the digest therefore contains beside the hash.

use std::collections::{BTreeSet, HashMap};
use std::future::ready;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq as _;

use super::id::TokenId;
use super::record::{Owner, TokenRecord};
use super::store::TokenStore;
use crate::identity::rights::{Answer, Rights};
use crate::identity::token_digest::TokenDigest;
use crate::identity::vocabulary::NameKind;
use crate::runtime::clock::{Timestamp, WallTime};
use crate::runtime::file_watcher::{at, watch};
use crate::runtime::future::BoxFuture;
use crate::runtime::line_text::unescape;
use crate::store::unavailable::StoreUnavailable;

/// Length of the public part of a key.
const ID_LENGTH: usize = 12;
/// Length of the secret part of a key.
const SECRET_LENGTH: usize = 43;

/// Keys in a file of an earlier format, with one key per line: `id hash owner roles scopes expires`. Cheap to clone.
///
/// A key is `ak.`, its public part, a dot, and a secret. The file contains the SHA-256 of the secret as hexadecimal digits. Roles and
/// scopes are separated by commas, and `expires` is in seconds since 1970. An empty value is `-`. Names escape white space, control
/// characters, commas and a leading `-` as `\u{20}`, and double backslashes. Empty lines and lines that begin with `#` are ignored.
///
/// The file is checked for changes every two seconds. Deleting the line of a key revokes the key. If a changed file cannot be read, the
/// error is logged and the previous keys stay in effect. New keys belong into a [`FileTokenStore`](super::FileTokenStore).
///
/// ```
/// use auth_actix::Auth;
/// use auth_actix::tokens::{ApiKeyFile, Tokens};
/// # let folder = std::env::temp_dir().join(format!("auth-core-keys-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("keys.txt");
/// # std::fs::write(&path, "AAECAwQFBgcI ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0 backup reader - -")?;
/// let auth = Auth::builder().realm("api").tokens(Tokens::api_key_file(ApiKeyFile::open(&path)?)).build()?;
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct ApiKeyFile(Arc<Keys>);

struct Keys {
    records: ArcSwap<HashMap<TokenId, (TokenDigest, TokenRecord)>>,
    /// Times of use of keys in the file.
    used: Mutex<HashMap<TokenId, WallTime>>,
}

/// An error in a file of keys. Contains the line number, but none of the content.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyFileError {
    /// The file cannot be read.
    #[error("the file of API keys cannot be read: {0}")]
    Read(std::io::Error),
    /// A line does not have the format.
    #[error("line {0} of the file of API keys is not `ID HASH OWNER ROLES SCOPES EXPIRES`")]
    Line(usize),
    /// The file contains a key twice.
    #[error("the key in line {0} of the file of API keys is also in an earlier line")]
    Twice(usize),
}

crate::debug_as_display!(ApiKeyFileError);

impl From<ApiKeyFileError> for std::io::Error {
    fn from(error: ApiKeyFileError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

impl ApiKeyFile {
    /// The beginning of all keys.
    pub const PREFIX: &str = "ak.";

    /// Reads the file.
    ///
    /// # Errors
    /// The file cannot be read, or a line is invalid.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ApiKeyFileError> {
        Self::open_with_interval(path, Duration::from_secs(2))
    }

    /// Like [`open`](Self::open), with a custom interval between checks for changes.
    ///
    /// # Errors
    /// Like [`open`](Self::open).
    pub fn open_with_interval(path: impl AsRef<Path>, interval: Duration) -> Result<Self, ApiKeyFileError> {
        let path = path.as_ref();
        let keys = Arc::new(Keys { records: ArcSwap::from_pointee(read(path)?), used: Mutex::default() });
        watch(&keys, path, interval, read, |keys, records| keys.records.store(Arc::new(records)))
            .map_err(ApiKeyFileError::Read)?;
        Ok(Self(keys))
    }

    /// Returns the names of one kind that keys have.
    pub(crate) fn names(&self, kind: NameKind) -> BTreeSet<String> {
        let records = self.0.records.load();
        let ceilings = records.values().filter_map(|(_, record)| record.ceiling.as_ref());
        let answers = ceilings.filter_map(|ceiling| match ceiling.of(kind) {
            Answer::Names(names) => Some(names),
            Answer::Silent | Answer::All => None,
        });
        answers.flat_map(|names| names.iter().cloned()).collect()
    }
}

impl TokenStore for ApiKeyFile {
    /// Returns the public part of a key with the hash of its secret. Another text gets a digest that no line has.
    fn digest(&self, key: &[u8]) -> TokenDigest {
        let key_digest = std::str::from_utf8(key).ok().and_then(|key| {
            let (id, secret) = key.strip_prefix(Self::PREFIX)?.split_once('.')?;
            let is_key = is_id(id) && secret.len() == SECRET_LENGTH;
            is_key.then(|| digest_of(id, TokenDigest::sha256(secret.as_bytes()).as_bytes()))?
        });
        key_digest.unwrap_or_else(|| TokenDigest::sha256(key))
    }

    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        let mut found = None;
        self.find_now(digest, &mut |record| found = record.cloned());
        let record = found.map(|record| {
            let last_used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner).get(&record.id).copied();
            TokenRecord { last_used, ..record }
        });
        Box::pin(ready(Ok(record)))
    }

    fn find_now(&self, digest: &TokenDigest, visit: &mut dyn FnMut(Option<&TokenRecord>)) -> bool {
        let id = digest.as_bytes().get(..ID_LENGTH).and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
        let records = self.0.records.load();
        let found = id
            .and_then(|id: TokenId| records.get(&id))
            .filter(|(stored, _)| stored.as_bytes().ct_eq(digest.as_bytes()).into());
        visit(found.map(|(_, record)| record));
        true
    }

    fn touch<'a>(&'a self, id: &'a TokenId, at: WallTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        // Only keys in the file are recorded, so the size is bounded.
        if self.0.records.load().contains_key(id) {
            self.0.used.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), at);
        }
        Box::pin(ready(Ok(())))
    }
}

impl std::fmt::Debug for ApiKeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyFile").field("keys", &self.0.records.load().len()).finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<HashMap<TokenId, (TokenDigest, TokenRecord)>, ApiKeyFileError> {
    let text = std::fs::read_to_string(path).map_err(at(path)).map_err(ApiKeyFileError::Read)?;
    let mut keys = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (digest, record) = read_line(line).ok_or(ApiKeyFileError::Line(number))?;
        if keys.insert(record.id.clone(), (digest, record)).is_some() {
            return Err(ApiKeyFileError::Twice(number));
        }
    }
    Ok(keys)
}

fn read_line(line: &str) -> Option<(TokenDigest, TokenRecord)> {
    let words: Vec<_> = line.split(' ').collect();
    let [id, hash, owner, roles, scopes, expires] = *words.as_slice() else { return None };
    if !is_id(id) || owner.is_empty() || line.chars().any(char::is_control) {
        return None;
    }
    let hash = TokenDigest::from_hex(hash).filter(|hash| hash.as_bytes().len() == 32)?;
    let created = Timestamp::from_seconds(0).to_wall_time()?;
    let mut record = TokenRecord::new(id.parse().ok()?, Owner::Client(unescape(owner)?.into()), created);
    record.ceiling = Some(Rights::new().roles(read_names(roles)?).permissions([""; 0]).scopes(read_names(scopes)?));
    record.expires = match expires {
        "-" => None,
        seconds => Some(Timestamp::from_seconds(seconds.parse().ok()?).to_wall_time()?),
    };
    Some((digest_of(id, hash.as_bytes())?, record))
}

fn read_names(text: &str) -> Option<Vec<String>> {
    match text {
        "-" => Some(Vec::new()),
        names => names.split(',').map(|name| unescape(name).filter(|name| !name.is_empty())).collect(),
    }
}

fn digest_of(id: &str, hash: &[u8]) -> Option<TokenDigest> {
    TokenDigest::from_bytes(&[id.as_bytes(), hash].concat()).ok()
}

fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ak.AAECAwQFBgcI.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const HASH: &str = "ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0";

    fn file(text: &str) -> (Result<ApiKeyFile, ApiKeyFileError>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.txt");
        std::fs::write(&path, text).unwrap();
        (ApiKeyFile::open(path), folder)
    }

    #[tokio::test]
    async fn lines_of_an_earlier_version_are_read() {
        // TOKEN-6
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        #[rustfmt::skip]
        let table = [
            ("backup - - -",                                                          "backup",    vec![],                  vec![],                    None),
            (r"a\u{20}robot\\ reader,a\u{2c}b read:reports,\u{2d} 4102444800",        r"a robot\", vec!["reader", "a,b"],   vec!["read:reports", "-"], Some(4_102_444_800)),
        ];
        for (line, owner, roles, scopes, expires) in table {
            let (keys, _folder) = file(&format!("# comment\n\nAAECAwQFBgcI {HASH} {line}\n"));
            let keys = keys.unwrap();
            let record = keys.find(&keys.digest(KEY.as_bytes())).await.unwrap().unwrap();
            assert_eq!((record.id.as_str(), &record.owner), ("AAECAwQFBgcI", &Owner::Client(owner.into())));
            let rights = Rights::new().roles(names(&roles)).permissions([""; 0]).scopes(names(&scopes));
            assert_eq!(record.ceiling, Some(rights), "{line}");
            assert_eq!(record.expires.map(|at| Timestamp::from_wall_time(at).seconds()), expires, "{line}");
            assert_eq!(keys.names(NameKind::Role), names(&roles).into_iter().collect(), "{line}");
        }
    }

    #[tokio::test]
    async fn only_the_secret_of_the_same_line_is_found() {
        // TOKEN-6
        let (keys, _folder) =
            file(&format!("AAECAwQFBgcI {HASH} backup - - -\nAAECAwQFBgcJ {} other - - -", "0".repeat(64)));
        let keys = keys.unwrap();
        let (id, secret) = KEY.strip_prefix("ak.").unwrap().split_once('.').unwrap();
        #[rustfmt::skip]
        let table = [
            (KEY.to_owned(),                             true),
            (format!("ak.AAECAwQFBgcJ.{secret}"),        false),
            (format!("ak.{id}.{}", "A".repeat(43)),      false),
            (format!("ak.{id}.{secret}x"),               false),
            (format!("ak.{id}."),                        false),
            (format!("ak.{id}"),                         false),
            (format!("ak..{secret}"),                    false),
            (format!("{id}{HASH}"),                      false),
            (format!("{id}.{secret}"),                   false),
            (KEY.to_uppercase(),                         false),
            (String::new(),                              false),
        ];
        for (key, is_found) in table {
            let found = keys.find(&keys.digest(key.as_bytes())).await.unwrap();
            assert_eq!(found.is_some(), is_found, "{key}");
        }
    }

    #[test]
    fn malformed_lines_are_errors_with_their_number() {
        let line = format!("AAECAwQFBgcI {HASH} backup - - -");
        assert!(file(&line).0.is_ok());
        for bad in [
            "a b".to_owned(),
            line.replace(" backup ", "  "),
            line[1..].to_owned(),
            line.replace("ea86", "EA86"),
            line.replace("ea86", ""),
            format!("{line} x"),
            line.replace(" - - -", " - - soon"),
            line.replace(" - - -", " a,,b - -"),
            line.replace(" - - -", " - ,a -"),
            line.replace(" - - -", " a\tb - -"),
        ] {
            let (read, _folder) = file(&format!("\n{bad}"));
            assert!(matches!(read, Err(ApiKeyFileError::Line(2))), "{bad}");
        }
        assert!(matches!(file(&format!("{line}\n{line}")).0, Err(ApiKeyFileError::Twice(2))));
    }
}
