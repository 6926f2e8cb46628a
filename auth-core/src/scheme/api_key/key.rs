//! One API key: how it is made, stored and written to a file.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::Digest as _;

use crate::runtime::clock::Timestamp;
use crate::runtime::line_text::{escape, unescape};

/// A key as a store knows it: whose it is and what it may, and the hash of its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub(super) id: String,
    pub(super) hash: [u8; 32],
    pub(super) owner: String,
    pub(super) roles: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) expires: Option<Timestamp>,
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
        let hash = crate::runtime::hex::hex(&self.hash);
        format!("{} {hash} {} {} {} {expires}", self.id, word(&self.owner), list(&self.roles), list(&self.scopes))
    }

    pub(super) fn from_line(line: &str) -> Option<Self> {
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
pub(super) const PREFIX: &str = "ak.";

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

pub(super) fn hash(secret: &str) -> [u8; 32] {
    sha2::Sha256::digest(secret.as_bytes()).into()
}
