//! API keys: long random secrets in a header of their own, for programs.
//!
//! # Why
//! A key has 256 random bits, so its SHA-256 is stored and no slow hash: guessing is hopeless, and no table holds it. It is found by
//! the public part in front of the secret, so that the secret itself is looked up nowhere.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::Digest as _;
use subtle::ConstantTimeEq as _;

use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::issuer::{Confers, Form, ListClaim, RoleTypes, Source};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::Scheme;
use crate::identity::vocabulary::Kind;
use crate::runtime::clock::{self, Timestamp};
use crate::runtime::line_text::{escape, unescape};
use crate::runtime::timeout;

/// A key as a store knows it: whose it is and what it may, and the hash of its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    id: String,
    hash: [u8; 32],
    owner: String,
    roles: Vec<String>,
    scopes: Vec<String>,
    expires: Option<Timestamp>,
}

/// A key that was just made. It is shown once: the store keeps its hash.
pub struct NewApiKey {
    /// What the program sends, such as `ak.3f9XkQ2m.…`.
    pub key: secrecy::SecretString,
    /// What the store keeps.
    pub stored: ApiKey,
}

/// No key.
impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKey").field("stored", &self.stored).finish_non_exhaustive()
    }
}

/// No hash.
impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl NewApiKey {
    /// The key, to show once.
    pub fn reveal(&self) -> &str {
        use secrecy::ExposeSecret as _;
        self.key.expose_secret()
    }
}

/// Why no key was made.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// The operating system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// The owner is part of an identity, in logs and in files.
    #[error("the owner of an API key is empty, or contains a control character")]
    Owner,
}

crate::debug_as_display!(ApiKeyError);

impl ApiKey {
    /// Makes a key for this owner.
    ///
    /// # Errors
    /// The owner is empty or contains a control character, or the system gives no random numbers.
    ///
    /// # Examples
    /// ```
    /// use auth_core::scheme::api_key::ApiKey;
    /// let new = ApiKey::generate("backup")?;
    /// let line = new.stored.roles(["reader"]).scopes(["read:reports"]).to_line();
    /// assert!(line.ends_with(" backup reader read:reports -"));
    /// # Ok::<(), auth_core::scheme::api_key::ApiKeyError>(())
    /// ```
    pub fn generate(owner: &str) -> Result<NewApiKey, ApiKeyError> {
        if owner.is_empty() || owner.contains(char::is_control) {
            return Err(ApiKeyError::Owner);
        }
        let (mut id, mut secret) = ([0; 9], [0; 32]);
        getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret)).map_err(|_| ApiKeyError::NoRandom)?;
        let (id, secret) = (URL_SAFE_NO_PAD.encode(id), URL_SAFE_NO_PAD.encode(secret));
        let stored = Self {
            hash: hash(&secret),
            owner: owner.to_owned(),
            roles: Vec::new(),
            scopes: Vec::new(),
            expires: None,
            id: id.clone(),
        };
        Ok(NewApiKey { key: format!("{PREFIX}{id}.{secret}").into(), stored })
    }

    /// The public part, by which it is found and named.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The roles of the key's owner: names, or values of the role type. Empty names are dropped. Calls add up.
    #[must_use]
    pub fn roles(mut self, roles: impl IntoIterator<Item = impl ToString>) -> Self {
        self.roles.extend(names(roles));
        self
    }

    /// The scopes of the key's owner: names, or values of the scope type. Empty names are dropped. Calls add up.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl ToString>) -> Self {
        self.scopes.extend(names(scopes));
        self
    }

    /// When it ends. Never, unless set.
    #[must_use]
    pub fn expires(self, at: Timestamp) -> Self {
        Self { expires: Some(at), ..self }
    }

    /// The line that a file of keys holds: `id hash owner roles scopes expires`, with `-` for nothing. In a name, a backslash is
    /// doubled, and white space, control characters, commas and a `-` at the beginning are written as `\u{20}`, with the code in
    /// hexadecimal digits.
    pub fn to_line(&self) -> String {
        let word = |text: &str| match text.strip_prefix('-') {
            Some(rest) => format!("\\u{{2d}}{}", escape_word(rest)),
            None => escape_word(text),
        };
        let list = |names: &[String]| match names {
            [] => "-".to_owned(),
            names => names.iter().map(|name| word(name)).collect::<Vec<_>>().join(","),
        };
        let expires = self.expires.map_or_else(|| "-".to_owned(), |expires| expires.seconds().to_string());
        let hash: String = self.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{} {hash} {} {} {} {expires}", self.id, word(&self.owner), list(&self.roles), list(&self.scopes))
    }

    fn from_line(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split(' ').collect();
        let [id, hash, owner, roles, scopes, expires] = *words.as_slice() else { return None };
        let mut bytes = [0; 32];
        for (position, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hash.get(2 * position..2 * position + 2)?, 16).ok()?;
        }
        let list = |text: &str| match text {
            "-" => Some(Vec::new()),
            names => names.split(',').map(|name| unescape(name).filter(|name| !name.is_empty())).collect(),
        };
        let expires = if expires == "-" { None } else { Some(Timestamp::from_seconds(expires.parse().ok()?)) };
        let fits = is_id(id) && hash.len() == 64 && !owner.is_empty() && !line.chars().any(char::is_control);
        fits.then_some(Self {
            id: id.to_owned(),
            hash: bytes,
            owner: unescape(owner)?,
            roles: list(roles)?,
            scopes: list(scopes)?,
            expires,
        })
    }
}

fn names(names: impl IntoIterator<Item = impl ToString>) -> impl Iterator<Item = String> {
    names.into_iter().map(|name| name.to_string()).filter(|name| !name.is_empty())
}

fn escape_word(text: &str) -> String {
    escape(text, |one| one == ' ' || one == ',')
}

/// What keys begin with: so that scanners of source code find one that was committed.
const PREFIX: &str = "ak.";

fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn hash(secret: &str) -> [u8; 32] {
    sha2::Sha256::digest(secret.as_bytes()).into()
}

/// The store of keys is out of reach.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store of API keys is out of reach")]
pub struct KeysUnavailable;

crate::debug_as_display!(KeysUnavailable);

/// What [`ApiKeys::find`] returns: `None` where there is no such key.
pub type FoundKey<'a> = Pin<Box<dyn Future<Output = Result<Option<ApiKey>, KeysUnavailable>> + Send + 'a>>;

/// A store of keys.
pub trait ApiKeys: Send + Sync + 'static {
    /// The key of that id. Without the secret: the store is never asked for one.
    fn find<'a>(&'a self, id: &'a str) -> FoundKey<'a>;

    /// Takes note that a key was used, after it was verified. Unless said, nothing.
    fn used(&self, _id: &str, _at: Timestamp) {}

    /// Returns the roles of all keys, if they are known without I/O. Start-up logs a warning for each one that no type declares.
    /// Empty by default.
    fn roles(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Returns the scopes of all keys, if they are known without I/O. Like [`roles`](Self::roles), for scopes.
    fn scopes(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }
}

/// Keys from a file, a line each, as [`ApiKey::to_line`] writes them; empty lines and those that begin with `#` are passed over.
/// The file is looked at every two seconds: a key whose line is deleted is revoked.
#[derive(Clone)]
pub struct ApiKeysFile(Arc<File>);

struct File {
    keys: ArcSwap<HashMap<String, ApiKey>>,
    used: Mutex<HashMap<String, Timestamp>>,
}

/// What is wrong with a file of keys. Quotes nothing but the number of the line.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeysFileError {
    /// It cannot be read.
    #[error("the file of API keys cannot be read: {0}")]
    Read(std::io::Error),
    /// A line is none that [`ApiKey::to_line`] writes.
    #[error("line {0} of the file of API keys is not `ID HASH OWNER ROLES SCOPES EXPIRES`")]
    Line(usize),
    /// A key stands twice.
    #[error("the key in line {0} of the file of API keys stands in an earlier one too")]
    Twice(usize),
}

crate::debug_as_display!(ApiKeysFileError);

impl From<ApiKeysFileError> for std::io::Error {
    fn from(error: ApiKeysFileError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

impl ApiKeysFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or a line cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ApiKeysFileError> {
        Self::open_and_look(path, Duration::from_secs(2))
    }

    /// The same, with how often the file is looked at.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_and_look(path: impl AsRef<Path>, every: Duration) -> Result<Self, ApiKeysFileError> {
        let path = path.as_ref().to_owned();
        let keys = ArcSwap::from_pointee(read(&path)?);
        let file = Arc::new(File { keys, used: Mutex::default() });
        crate::runtime::file_watcher::watch(&file, &path, every, read, File::take).map_err(ApiKeysFileError::Read)?;
        Ok(Self(file))
    }

    /// Makes a key for this owner and appends its line to the file, which is created if it is missing, readable by its owner only.
    /// Servers that have the file open accept the key within two seconds.
    ///
    /// ```
    /// use auth_core::scheme::api_key::ApiKeysFile;
    /// # let folder = std::env::temp_dir().join(format!("auth-core-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("api-keys");
    /// let new = ApiKeysFile::append(&path, "backup", |key| key.roles(["reader"]))?;
    /// println!("shown once: {}", new.reveal());
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The owner cannot be one, or the file cannot be written.
    pub fn append(
        path: impl AsRef<Path>,
        owner: &str,
        rights: impl FnOnce(ApiKey) -> ApiKey,
    ) -> std::io::Result<NewApiKey> {
        use std::io::{Error, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
        let new = ApiKey::generate(owner).map_err(|error| Error::new(ErrorKind::InvalidInput, error))?;
        let stored = rights(new.stored);
        let mut file = crate::runtime::file_watcher::owner_only().create(true).append(true).read(true).open(path)?;
        // A last line without its end is not continued.
        let mut last = [b'\n'];
        if file.metadata()?.len() > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let before = if last == [b'\n'] { "" } else { "\n" };
        file.write_all(format!("{before}{}\n", stored.to_line()).as_bytes())?;
        Ok(NewApiKey { key: new.key, stored })
    }

    /// When a key was last used, since this process started.
    pub fn last_used(&self, id: &str) -> Option<Timestamp> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }
}

impl File {
    fn take(&self, keys: HashMap<String, ApiKey>) {
        self.keys.store(Arc::new(keys));
    }
}

fn read(path: &Path) -> Result<HashMap<String, ApiKey>, ApiKeysFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(crate::runtime::file_watcher::at(path))
        .map_err(ApiKeysFileError::Read)?;
    let mut keys = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let key = ApiKey::from_line(line).ok_or(ApiKeysFileError::Line(number))?;
        if keys.insert(key.id.clone(), key).is_some() {
            return Err(ApiKeysFileError::Twice(number));
        }
    }
    Ok(keys)
}

impl ApiKeys for ApiKeysFile {
    fn find<'a>(&'a self, id: &'a str) -> FoundKey<'a> {
        Box::pin(std::future::ready(Ok(self.0.keys.load().get(id).cloned())))
    }

    fn used(&self, id: &str, at: Timestamp) {
        // Only keys of the file come here, so that it does not grow.
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), at);
    }

    fn roles(&self) -> BTreeSet<String> {
        self.0.keys.load().values().flat_map(|key| &key.roles).cloned().collect()
    }

    fn scopes(&self) -> BTreeSet<String> {
        self.0.keys.load().values().flat_map(|key| &key.scopes).cloned().collect()
    }
}

impl std::fmt::Debug for ApiKeysFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeysFile").field("keys", &self.0.keys.load().len()).finish_non_exhaustive()
    }
}

/// The settings of API keys.
#[derive(Clone)]
#[must_use]
pub struct ApiKeyScheme {
    keys: Arc<dyn ApiKeys>,
    header: String,
    confers: Option<Confers>,
}

impl<K: ApiKeys> From<K> for ApiKeyScheme {
    fn from(keys: K) -> Self {
        Self::new(keys)
    }
}

impl ApiKeyScheme {
    /// These keys, in the header `X-Api-Key`.
    pub fn new(keys: impl ApiKeys) -> Self {
        Self { keys: Arc::new(keys), header: "x-api-key".to_owned(), confers: None }
    }

    /// Another header.
    pub fn header(self, name: &str) -> Self {
        Self { header: name.to_ascii_lowercase(), ..self }
    }

    /// What these keys may confer. Without other sources, everything; beside others, it has to be said.
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// Whether it says what it may confer.
    pub fn says_what_it_confers(&self) -> bool {
        self.confers.is_some()
    }

    /// The name of the header.
    pub fn header_name(&self) -> &str {
        &self.header
    }

    /// The verifier, for a realm. `roles` are the role types of the application.
    pub fn prepare(self, realm: &str, roles: &RoleTypes) -> Verifier {
        let list = |kind, name: &str| ListClaim::new(kind, Form::Array, vec![name.to_owned()]);
        let source = Source {
            issuer: format!("apikey:{realm}").into(),
            scheme: Scheme::ApiKey,
            confers: self.confers.unwrap_or_else(Confers::everything),
            lists: vec![list(Kind::Role, "roles"), list(Kind::Scope, "scopes")],
            has_claims: false,
            tenancy: Default::default(),
            all_scopes: false,
            roles: roles.clone(),
        };
        Verifier { keys: self.keys, header: self.header, source: Arc::new(source) }
    }
}

impl std::fmt::Debug for ApiKeyScheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyScheme").field("header", &self.header).finish_non_exhaustive()
    }
}

/// The verifier of API keys.
pub struct Verifier {
    keys: Arc<dyn ApiKeys>,
    header: String,
    source: Arc<Source>,
}

impl Verifier {
    /// Where its principals come from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The name of the header, in lower case.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The roles of the keys. See [`ApiKeys::roles`].
    pub fn roles(&self) -> BTreeSet<String> {
        self.keys.roles()
    }

    /// The scopes of the keys. See [`ApiKeys::scopes`].
    pub fn scopes(&self) -> BTreeSet<String> {
        self.keys.scopes()
    }

    /// Verifies a key.
    ///
    /// # Errors
    /// The denial that it deserves: 401 for whatever is wrong with it, 503 where the store is out of reach.
    pub async fn verify(&self, key: &str) -> Result<Principal, Denial> {
        let refused = |reason, cause| Denial::refused(Scheme::ApiKey, reason, cause);
        let wrong = || refused(Reason::InvalidCredentials, "there is no such API key");
        let (id, secret) = key.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')).ok_or_else(wrong)?;
        if !is_id(id) || secret.len() != 43 {
            return Err(wrong());
        }
        let found = timeout::with_timeout(async { self.keys.find(id).await }).await.unwrap_or(Err(KeysUnavailable));
        let found = found.map_err(|KeysUnavailable| {
            let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(2));
            refused(reason, "the store of API keys is out of reach")
        })?;
        let stored = found.as_ref().map_or([0; 32], |key| key.hash);
        let fits: bool = hash(secret).ct_eq(&stored).into();
        let Some(key) = found.filter(|_| fits) else { return Err(wrong()) };
        let now = clock::now();
        if key.expires.is_some_and(|expires| expires <= now) {
            return Err(refused(Reason::ExpiredCredentials, "the API key has expired"));
        }
        self.keys.used(id, now);
        // A program that acts for itself: `client_id` says so (RFC 9068 §5). The id of the key is what lists block it by.
        let mut claims = serde_json::json!({
            "sub": key.owner, "client_id": key.owner, "jti": key.id, "roles": key.roles, "scopes": key.scopes,
        });
        if let (Some(expires), Some(claims)) = (key.expires, claims.as_object_mut()) {
            claims.insert("exp".to_owned(), expires.seconds().into());
        }
        Principal::from_claims(Arc::clone(&self.source), claims.to_string())
            .map_err(|_| refused(Reason::InvalidCredentials, "the API key has no owner"))
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("header", &self.header).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    proptest! {
        #[test]
        fn a_key_is_read_as_it_was_written(owner in "[^\\p{Cc}]+", names in prop::collection::vec("(?s)-?.{0,8}", 0..4)) {
            // S6
            let stored = ApiKey::generate(&owner).unwrap().stored.roles(&names).scopes(&names);
            let line = stored.to_line();
            prop_assert_eq!(line.lines().count(), 1);
            prop_assert_eq!(ApiKey::from_line(&line), Some(stored));
        }
    }

    #[test]
    fn a_name_that_looks_like_an_empty_list_is_read_as_a_name() {
        let stored = ApiKey::generate("-").unwrap().stored.roles(["-"]).scopes(["-"]);
        assert_eq!(ApiKey::from_line(&stored.to_line()), Some(stored));
    }

    #[test]
    fn an_owner_that_no_file_holds_has_no_key() {
        for owner in ["", "a\nb", "a\u{85}", "\0"] {
            assert_eq!(ApiKey::generate(owner).err(), Some(ApiKeyError::Owner), "{owner:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        for owner in ["backup", "a robot", "-"] {
            ApiKeysFile::append(&path, owner, |key| key.roles(["reader", "a,b"])).unwrap();
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let keys = read(&path).unwrap();
        assert_eq!(keys.len(), 3);
        assert!(keys.values().all(|key| key.roles == ["reader", "a,b"]));
        assert!(ApiKeysFile::append(&path, "a\nb", |key| key).is_err());
    }

    /// One key, and a store that is down.
    struct Store(Option<ApiKey>);

    impl ApiKeys for Store {
        fn find<'a>(&'a self, id: &'a str) -> FoundKey<'a> {
            let found = match &self.0 {
                Some(key) => Ok(Some(key.clone()).filter(|key| key.id == id)),
                None => Err(KeysUnavailable),
            };
            Box::pin(std::future::ready(found))
        }
    }

    #[tokio::test]
    async fn a_key_opens_what_it_was_made_for_and_anything_else_is_one_denial() {
        // PWD-4, LOG-1
        let NewApiKey { key, stored } = ApiKey::generate("backup").unwrap();
        let key = key.expose_secret().to_owned();
        let stored = stored.roles(["reader"]).scopes(["read:reports"]);
        let line = stored.to_line();
        assert_eq!(ApiKey::from_line(&line).as_ref(), Some(&stored));
        assert!(!line.contains(key.rsplit('.').next().unwrap()), "the secret is not stored");
        let verifier = |store| ApiKeyScheme::new(Store(store)).prepare("reports", &RoleTypes::default());
        let good = verifier(Some(stored.clone()));
        let caller = good.verify(&key).await.unwrap();
        assert_eq!(caller.id().to_string(), "client:14:apikey:reports:backup");
        assert!(caller.has_role(crate::open::Role::new("reader")) && !caller.has_role(crate::open::Role::new("admin")));
        let wrong = good.verify("nonsense").await.unwrap_err();
        let other = ApiKey::generate("backup").unwrap().key.expose_secret().to_owned();
        let (id, secret) = key[3..].split_once('.').unwrap();
        for bad in [
            other,
            key.to_uppercase(),
            format!("{key}x"),
            key[..key.len() - 1].to_owned(),
            format!("ak.{id}.{}", "A".repeat(43)),
            format!("ak.{}.{secret}", "A".repeat(12)),
            format!("ak.{id}"),
            format!("ak..{secret}"),
            secret.to_owned(),
        ] {
            assert_eq!(good.verify(&bad).await.unwrap_err(), wrong, "{bad}");
        }
        assert_eq!(wrong.reason, Reason::InvalidCredentials);
        let past = verifier(Some(stored.clone().expires(clock::now())));
        assert_eq!(past.verify(&key).await.unwrap_err().reason, Reason::ExpiredCredentials);
        let down = verifier(None).verify(&key).await.unwrap_err();
        assert!(matches!(down.reason, Reason::AuthenticationUnavailable(_)), "{down:?}");
        let shown = format!("{:?} {stored:?}", ApiKey::generate("a").unwrap());
        assert!(!shown.contains("hash"), "{shown}");
    }

    #[test]
    fn a_file_of_keys_is_refused_with_the_line_that_is_wrong() {
        let stored = ApiKey::generate("backup").unwrap().stored;
        let line = stored.to_line();
        assert!(ApiKey::from_line(&line).is_some());
        for bad in [
            "",
            "a b",
            &line.replace(" backup ", "  "),
            &line[1..],
            &format!("{line} x"),
            &line.replace(" - - -", " - - soon"),
            &line.replace(" - - -", " a,,b - -"),
            &line.replace(" - - -", " - ,a -"),
            &line.replace(" - - -", " a\tb - -"),
        ] {
            assert!(ApiKey::from_line(bad).is_none(), "{bad}");
        }
    }
}
