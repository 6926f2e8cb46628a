//! HTTP Basic (RFC 7617) against a store of users.
//!
//! A wrong name and a wrong password are one answer after the same work: an unknown user is hashed against a decoy. The
//! hashes run off the workers' event loop, a bounded number at a time, and no network gets all of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use secrecy::ExposeSecret as _;
pub use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use tokio::sync::Semaphore;

use crate::denial::challenge::Scheme;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::principal::Principal;
use crate::source::{Confers, Form, ListClaim, RoleTypes, Source};
use crate::vocabulary::Kind;

/// What a request presents. The password is wiped when dropped, and no `Debug` shows it.
#[derive(Debug)]
pub struct NameAndPassword {
    name: String,
    password: SecretString,
}

/// Longer credentials than this are not decoded.
const LONGEST: usize = 1024;

/// Reads the token68 of Basic: canonical, padded base64 of UTF-8 without control characters, with a colon.
pub(super) fn read(token68: &str) -> Result<NameAndPassword, &'static str> {
    const LONG: &str = "the Basic credentials are longer than allowed";
    if token68.len() > LONGEST.div_ceil(3) * 4 {
        return Err(LONG);
    }
    let decoded =
        Zeroizing::new(STANDARD.decode(token68).map_err(|_| "the Basic credentials are not canonical base64")?);
    if decoded.len() > LONGEST {
        return Err(LONG);
    }
    let text = std::str::from_utf8(&decoded).map_err(|_| "the Basic credentials are not UTF-8")?;
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("the Basic credentials hold a control character");
    }
    let (name, password) = text.split_once(':').ok_or("the Basic credentials have no colon")?;
    Ok(NameAndPassword { name: name.to_owned(), password: password.into() })
}

/// A user, as a store knows them.
#[derive(Clone)]
pub struct User {
    hash: String,
    roles: Vec<String>,
}

impl User {
    /// A user whose password has this hash: argon2id as a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    ///
    /// # Errors
    /// The hash is of another kind, or weaker or dearer than allowed. See [`HashError`].
    pub fn new(hash: impl Into<String>) -> Result<Self, HashError> {
        let hash = hash.into();
        Cost::of(&hash)?;
        Ok(Self { hash, roles: Vec::new() })
    }

    /// The roles of this user.
    #[must_use]
    pub fn roles(self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { roles: roles.into_iter().map(Into::into).collect(), ..self }
    }
}

/// No hash.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// What is wrong with a password hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// No argon2id hash in PHC form.
    #[error("this is no argon2id hash in PHC form")]
    NotArgon2id,
    /// Cheaper than OWASP allows: `m=19456,t=2`, `m=12288,t=3` or `m=47104,t=1` are the least.
    #[error("the hash is too cheap: at least m=19456,t=2,p=1")]
    TooCheap,
    /// So dear that a few logins stop the server: more than 256 MiB, 16 passes or 16 lanes.
    #[error("the hash is too dear: at most m=262144,t=16,p=16")]
    TooDear,
}

/// What a hash costs to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    fn of(hash: &str) -> Result<Self, HashError> {
        let parsed = PasswordHash::new(hash).map_err(|_| HashError::NotArgon2id)?;
        let number = |name: &str| parsed.params.get_decimal(name).ok_or(HashError::NotArgon2id);
        if parsed.algorithm.as_str() != "argon2id" || parsed.salt.is_none() || parsed.hash.is_none() {
            return Err(HashError::NotArgon2id);
        }
        // What the verifier would refuse must not be stored: it would answer without the work.
        let known = parsed.version.is_none_or(|version| [16, 19].contains(&version));
        let names: Vec<_> = parsed.params.iter().map(|(name, _)| name.as_str().to_owned()).collect();
        let repeated =
            names.iter().enumerate().any(|(position, name)| names.iter().skip(position + 1).any(|other| other == name));
        if !known || repeated {
            return Err(HashError::NotArgon2id);
        }
        let cost = Self { memory: number("m")?, passes: number("t")?, lanes: number("p")? };
        argon2::Params::new(cost.memory, cost.passes, cost.lanes, None).map_err(|_| HashError::NotArgon2id)?;
        let enough = matches!((cost.memory, cost.passes), (19_456.., 2..) | (12_288.., 3..) | (47_104.., 1..));
        if !enough {
            Err(HashError::TooCheap)
        } else if cost.memory > 262_144 || cost.passes > 16 || cost.lanes > 16 {
            Err(HashError::TooDear)
        } else {
            Ok(cost)
        }
    }
}

/// Makes the hash to store for a password: argon2id with `m=19456,t=2,p=1` and a random salt.
///
/// # Errors
/// The operating system gives no random numbers.
pub fn hash_password(password: &SecretString) -> Result<String, Unavailable> {
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes()).map_err(|_| Unavailable)?;
    Ok(hash.to_string())
}

/// A store of users is out of reach. Answered with 503: neither "no such user" nor "let in".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store of users is out of reach")]
pub struct Unavailable;

/// What [`Users::find`] returns: `None` where there is no such user.
pub type Found<'a> = Pin<Box<dyn Future<Output = Result<Option<User>, Unavailable>> + Send + 'a>>;

/// A store of users.
///
/// ```
/// use auth_core::scheme::basic::{Found, User, Users};
/// struct Nobody;
/// impl Users for Nobody {
///     fn find<'a>(&'a self, _name: &'a str) -> Found<'a> {
///         Box::pin(async { Ok(None) })
///     }
/// }
/// ```
pub trait Users: Send + Sync + 'static {
    /// The user of that name, compared exactly.
    fn find<'a>(&'a self, name: &'a str) -> Found<'a>;

    /// A hash that costs as much to verify as those of the store, and that no password fits: what an unknown user is
    /// hashed against. Unless said, one with the cost of [`hash_password`].
    fn decoy(&self) -> Cow<'_, str> {
        Cow::Borrowed(DECOY)
    }
}

/// Of 32 random bytes that were thrown away.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZS1kZWNveS1zYWx0$mJ1XhTT0X0l1PzDVZpPq2w0m4m3nJzD8q8m8C3a1b2c";

/// Users from a file: a line each, `name:hash:roles`, the roles separated by commas. Empty lines and those that begin with
/// `#` are passed over, so no name begins with it. Read once.
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

/// What is wrong with a file of users. Quotes nothing but the number of the line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersFileError {
    /// It cannot be read.
    #[error("the file of users cannot be read: {0}")]
    Read(std::io::Error),
    /// A line has not the three fields.
    #[error("line {0} of the file of users is not `name:hash:roles`")]
    Line(usize),
    /// A name stands twice.
    #[error("the name in line {0} of the file of users stands in an earlier one too")]
    Twice(usize),
    /// The hash cannot be used.
    #[error("the hash in line {line} of the file of users: {error}")]
    Hash {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        error: HashError,
    },
    /// Hashes of several costs would tell by the time whether a user exists.
    #[error("the hash in line {0} of the file of users has another cost than the first one")]
    OtherCost(usize),
}

impl From<UsersFileError> for std::io::Error {
    fn from(error: UsersFileError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

impl UsersFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or a line cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, UsersFileError> {
        Self::parse(&std::fs::read_to_string(path).map_err(UsersFileError::Read)?)
    }

    /// The same from text.
    ///
    /// # Errors
    /// A line cannot be used.
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

impl Users for UsersFile {
    fn find<'a>(&'a self, name: &'a str) -> Found<'a> {
        Box::pin(std::future::ready(Ok(self.users.get(name).cloned())))
    }

    fn decoy(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.decoy)
    }
}

/// The settings of Basic.
#[derive(Clone)]
pub struct Basic {
    users: Arc<dyn Users>,
    confers: Option<Confers>,
    at_a_time: usize,
}

/// How long a request waits for its turn to hash. Longer, and it is answered with 503.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the store may take. Longer, and it is out of reach: its turn is somebody else's.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

impl<U: Users> From<U> for Basic {
    fn from(users: U) -> Self {
        Self::new(users)
    }
}

impl Basic {
    /// These users. As many hashes run at a time as there are processors, but no more than 8: each takes 19 MiB or more.
    pub fn new(users: impl Users) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { users: Arc::new(users), confers: None, at_a_time: processors.min(8) }
    }

    /// What these users may be. Without other sources, everything; beside others, it has to be said.
    #[must_use]
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// How many hashes run at a time.
    #[must_use]
    pub fn at_a_time(self, hashes: std::num::NonZeroUsize) -> Self {
        Self { at_a_time: hashes.get(), ..self }
    }

    /// Whether it says what it may confer.
    pub fn says_what_it_confers(&self) -> bool {
        self.confers.is_some()
    }

    /// The verifier, for a realm. `roles` are the role types of the application.
    pub fn prepare(self, realm: &str, roles: &RoleTypes) -> Verifier {
        let source = Source {
            issuer: format!("basic:{realm}").into(),
            scheme: Scheme::Basic,
            confers: self.confers.unwrap_or_else(Confers::everything),
            lists: vec![ListClaim { kind: Kind::Role, form: Form::Array, path: vec!["roles".to_owned()] }],
            has_claims: false,
            roles: roles.clone(),
        };
        Verifier { users: self.users, source: Arc::new(source), turns: Arc::new(Turns::new(self.at_a_time)) }
    }
}

impl std::fmt::Debug for Basic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Basic").field("at_a_time", &self.at_a_time).finish_non_exhaustive()
    }
}

/// The verifier of Basic credentials.
pub struct Verifier {
    users: Arc<dyn Users>,
    source: Arc<Source>,
    turns: Arc<Turns>,
}

impl Verifier {
    /// Where its principals come from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Verifies a name and a password. `client` is the address where it is known; nobody at one network gets all turns.
    ///
    /// # Errors
    /// The denial that they deserve: 401 for whatever is wrong with them, 503 if the store or the turns are exhausted.
    pub async fn verify(&self, presented: NameAndPassword, client: Option<IpAddr>) -> Result<Principal, Denial> {
        let unavailable =
            |cause| Denial::refused(Scheme::Basic, Reason::AuthenticationUnavailable(RetryAfter::seconds(2)), cause);
        let NameAndPassword { name, password } = presented;
        let turn = self.turns.take(client).await.ok_or_else(|| unavailable("too many passwords are being verified"))?;
        let found = NoPanic(Box::pin(async { self.users.find(&name).await }));
        let found = tokio::time::timeout(STORE_PATIENCE, found).await;
        let user = found
            .unwrap_or(Err(Unavailable))
            .map_err(|Unavailable| unavailable("the store of users is out of reach"))?;
        let hash = user.as_ref().map_or_else(|| self.users.decoy().into_owned(), |user| user.hash.clone());
        let fits = tokio::task::spawn_blocking(move || {
            let _turn = turn; // kept until the hash is done, even if nobody waits for it any more
            let parsed = PasswordHash::new(&hash);
            parsed
                .is_ok_and(|hash| Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok())
        });
        let fits = fits.await.map_err(|_| unavailable("the verification of the password failed"))?;
        match user {
            Some(user) if fits => {
                let claims = serde_json::json!({ "sub": name, "roles": user.roles }).to_string();
                Principal::from_claims(Arc::clone(&self.source), claims)
                    .map_err(|_| Denial::refused(Scheme::Basic, Reason::InvalidCredentials, "the user has no name"))
            }
            _ => Err(Denial::refused(Scheme::Basic, Reason::InvalidCredentials, "the name or the password is wrong")),
        }
    }
}

/// A store that panics is out of reach.
struct NoPanic<'a>(Found<'a>);

impl Future for NoPanic<'_> {
    type Output = Result<Option<User>, Unavailable>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Unwind safe: after a panic the future is not polled again.
        let poll = std::panic::AssertUnwindSafe(|| self.0.as_mut().poll(context));
        std::panic::catch_unwind(poll).unwrap_or(Poll::Ready(Err(Unavailable)))
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("source", &self.source.issuer).finish_non_exhaustive()
    }
}

/// Who may hash now. Without a bound a flood of logins takes all memory; without one for each network a single source
/// takes all turns (M8).
struct Turns {
    running: Arc<Semaphore>,
    /// How many requests of each network run or wait, and of those without a known address.
    here: Mutex<HashMap<Option<IpNet>, usize>>,
    at_a_time: usize,
}

/// A turn; ends when dropped.
struct Turn {
    _running: tokio::sync::OwnedSemaphorePermit,
    _waiting: Place,
}

/// A place in the queue, counted for a network.
struct Place {
    turns: Arc<Turns>,
    network: Option<IpNet>,
}

impl Turns {
    /// How many requests wait for each turn, in all, and how many of one network.
    const QUEUE: usize = 8;
    const QUEUE_OF_ONE: usize = 4;

    fn new(at_a_time: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(at_a_time)), here: Mutex::default(), at_a_time }
    }

    async fn take(self: &Arc<Self>, client: Option<IpAddr>) -> Option<Turn> {
        let waiting = self.enter(client.map(network_of))?;
        let running = tokio::time::timeout(PATIENCE, Arc::clone(&self.running).acquire_owned()).await.ok()?.ok()?;
        Some(Turn { _running: running, _waiting: waiting })
    }

    fn enter(self: &Arc<Self>, network: Option<IpNet>) -> Option<Place> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = here.values().sum();
        let mine = here.get(&network).copied().unwrap_or_default();
        // Where addresses are not known, one bound has to do for all.
        let most = if network.is_some() { Self::QUEUE_OF_ONE } else { Self::QUEUE };
        if all >= self.at_a_time * Self::QUEUE || mine >= self.at_a_time * most {
            return None;
        }
        here.insert(network, mine + 1);
        Some(Place { turns: Arc::clone(self), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut here = self.turns.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = here.get_mut(&self.network) {
            *mine -= 1;
            if *mine == 0 {
                here.remove(&self.network);
            }
        }
    }
}

/// The network that counts as one source: /24 of IPv4, /64 of IPv6.
fn network_of(address: IpAddr) -> IpNet {
    let length = if address.is_ipv4() { 24 } else { 64 };
    IpNet::new(address, length).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn reads_what_rfc_7617_writes_and_nothing_else() {
        // BASIC-2 to BASIC-6
        let encode = |text: &[u8]| STANDARD.encode(text);
        #[rustfmt::skip]
        let good: &[(&[u8], &str, &str)] = &[
            (b"alice:pw", "alice", "pw"), (b"alice:a:b:", "alice", "a:b:"), (b"alice:", "alice", ""), (b":", "", ""),
            ("j\u{fc}rgen:\u{20ac}".as_bytes(), "j\u{fc}rgen", "\u{20ac}"),
        ];
        for (text, name, password) in good {
            let read = read(&encode(text)).unwrap();
            assert_eq!((read.name.as_str(), read.password.expose_secret()), (*name, *password));
        }
        let long = encode(&[&[b'a'; 1024][..], b":b"].concat());
        let controls: Vec<_> = [b"a:\0", b"a:\r", b"a\n:", b"a:\x7f"].iter().map(|text| encode(*text)).collect();
        let no_colon = encode(b"alice");
        let latin_1 = encode(b"j\xfcrgen:x");
        let bad = ["YTpi=", "YTpiYw", "YTpiY-_=", "YTp=", "YTpiYx==", "YTpi YTpi", &long, &no_colon, &latin_1];
        for text in bad.into_iter().chain(controls.iter().map(String::as_str)) {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(!format!("{:?}", read(&encode(b"alice:canary")).unwrap()).contains("canary"), "LOG-1");
    }

    #[test]
    fn a_file_of_users_is_refused_with_the_line_that_is_wrong() {
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
            (format!("alice:{hash}:a\nalice:{hash}:b"), "the name in line 2 of the file of users stands in an earlier one too"),
            ("alice:pw:a".to_owned(), "the hash in line 1 of the file of users: this is no argon2id hash in PHC form"),
            (format!("alice:{cheap}:a"), "the hash in line 1 of the file of users: the hash is too cheap: at least m=19456,t=2,p=1"),
            (format!("alice:{dear}:a"), "the hash in line 1 of the file of users: the hash is too dear: at most m=262144,t=16,p=16"),
            (format!("alice:{hash}:a\nbob:{other}:b"), "the hash in line 2 of the file of users has another cost than the first one"),
        ];
        for (text, expected) in table {
            assert_eq!(UsersFile::parse(&text).unwrap_err().to_string(), expected);
        }
        // What would answer without the work of a hash is none.
        for (from, to) in [("v=19", "v=18"), ("m=19456,", "m=19456,m=9,"), ("p=1", "p=0")] {
            assert!(User::new(hash.replace(from, to)).is_err(), "{to}");
        }
        assert!(matches!(UsersFile::open("no/such/file"), Err(UsersFileError::Read(_))));
    }

    /// Counts how often it was asked for a decoy: once for each unknown user.
    struct Counting(UsersFile, AtomicUsize);

    impl Users for Counting {
        fn find<'a>(&'a self, name: &'a str) -> Found<'a> {
            if name == "down" {
                return Box::pin(std::future::ready(Err(Unavailable)));
            }
            self.0.find(name)
        }

        fn decoy(&self) -> Cow<'_, str> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.decoy()
        }
    }

    fn verifier(text: &str) -> Verifier {
        Basic::new(Counting(UsersFile::parse(text).unwrap(), AtomicUsize::new(0)))
            .prepare("tools", &RoleTypes::default())
    }

    fn presented(name: &str, password: &str) -> NameAndPassword {
        NameAndPassword { name: name.to_owned(), password: password.into() }
    }

    #[tokio::test]
    async fn a_wrong_name_and_a_wrong_password_are_one_denial_after_one_hash() {
        // BASIC-8, BRUTE-2, PWD-1, T34
        let hash = hash_password(&"correct horse".into()).unwrap();
        let verifier = verifier(&format!("alice:{hash}:admin\n"));
        let known = verifier.verify(presented("alice", "correct horse"), None).await.unwrap();
        assert_eq!(known.id().to_string(), "user:11:basic:tools:alice");
        assert!(known.has_role(crate::open::Role::new("admin")) && !known.has_role(crate::open::Role::new("editor")));
        let wrong = verifier.verify(presented("alice", "wrong"), None).await.unwrap_err();
        for (name, password) in [("nobody", "correct horse"), ("nobody", ""), ("", ""), ("Alice", "correct horse")] {
            assert_eq!(verifier.verify(presented(name, password), None).await.unwrap_err(), wrong, "{name}");
        }
        let down = verifier.verify(presented("down", "x"), None).await.unwrap_err();
        assert!(matches!(down.reason, Reason::AuthenticationUnavailable(_)), "{down:?}");
        assert_eq!(Cost::of(&verifier.users.decoy()), Cost::of(&hash), "the decoy costs the same");
    }

    #[tokio::test]
    async fn no_network_takes_all_turns_and_nobody_waits_for_ever() {
        // M8, PWD-3
        let turns = Arc::new(Turns::new(1));
        let address = |last| Some(IpAddr::from([203, 0, 113, last]));
        let mut places: Vec<_> = (1..=4).map(|last| turns.enter(address(last).map(network_of)).unwrap()).collect();
        assert!(turns.enter(address(9).map(network_of)).is_none(), "one network has its share");
        places.extend((0..4).map(|other| turns.enter(Some(network_of(IpAddr::from([198, 51, other, 1])))).unwrap()));
        assert!(turns.enter(Some(network_of(IpAddr::from([192, 0, 2, 1])))).is_none(), "and so has everybody");
        places.clear();
        assert!(turns.here.lock().unwrap().is_empty(), "no trace is left");
        let turn = turns.take(None).await.unwrap();
        tokio::time::pause();
        assert!(turns.take(None).await.is_none(), "after a while the answer is 503");
        drop(turn);
        assert!(turns.take(None).await.is_some());
    }
}
