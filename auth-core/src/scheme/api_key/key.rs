//! A single API key: generation, storage and serialization.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::Digest as _;

use crate::runtime::clock::Timestamp;
use crate::runtime::line_text::{escape, unescape};

/// A stored API key: its owner, the names that it confers, and the hash of its secret.
// Not comparable outside of tests, since `==` does not compare the hash in constant time.
#[derive(Clone)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct ApiKey {
    pub(super) id: String,
    pub(super) hash: [u8; 32],
    pub(super) owner: String,
    pub(super) roles: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) expires: Option<Timestamp>,
}

/// A newly generated key. The key is shown only once, since the store keeps only the hash of its secret.
pub struct NewApiKey {
    /// The value that the program sends, such as `ak.3f9XkQ2m.…`.
    pub key: secrecy::SecretString,
    /// The value that the store keeps.
    pub stored: ApiKey,
}

/// Redacts the key.
impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKey").field("stored", &self.stored).finish_non_exhaustive()
    }
}

/// Redacts the hash.
impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl NewApiKey {
    /// Returns the key, to be shown once.
    pub fn reveal(&self) -> &str {
        use secrecy::ExposeSecret as _;
        self.key.expose_secret()
    }
}

/// An error of generating a key.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// The operating system provides no random numbers.
    #[error("the operating system provides no random numbers")]
    NoRandom,
    /// The owner is empty or contains a control character. It is part of an identity, and appears in logs and files.
    #[error("the owner of an API key is empty, or contains a control character")]
    Owner,
}

crate::debug_as_display!(ApiKeyError);

impl ApiKey {
    /// Generates a key for this owner.
    ///
    /// # Errors
    /// The owner is empty or contains a control character, or the system provides no random numbers.
    ///
    /// # Examples
    /// ```
    /// use auth_actix::api_key::ApiKey;
    /// let new = ApiKey::generate("backup")?;
    /// let line = new.stored.roles(["reader"]).scopes(["read:reports"]).to_line();
    /// assert!(line.ends_with(" backup reader read:reports -"));
    /// # Ok::<(), auth_actix::api_key::ApiKeyError>(())
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

    /// Returns the public part, which identifies the key in lookups, logs and block lists.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Adds roles to the owner of the key: names, or values of the role type. Ignores empty names.
    #[must_use]
    pub fn roles(mut self, roles: impl IntoIterator<Item = impl ToString>) -> Self {
        self.roles.extend(names(roles));
        self
    }

    /// Adds scopes to the owner of the key: names, or values of the scope type. Ignores empty names.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl ToString>) -> Self {
        self.scopes.extend(names(scopes));
        self
    }

    /// Sets the expiry. A key never expires by default.
    #[must_use]
    pub fn expires(self, at: Timestamp) -> Self {
        Self { expires: Some(at), ..self }
    }

    /// Returns the line for a file of keys: `id hash owner roles scopes expires`, with `-` for an empty value. In a name,
    /// backslashes are doubled. White space, control characters, commas and a leading `-` are escaped as `\u{20}`, with the code
    /// point in hexadecimal digits.
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

/// Prefix of all keys, so that source code scanners detect a committed key.
pub(super) const PREFIX: &str = "ak.";

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

pub(super) fn hash(secret: &str) -> [u8; 32] {
    sha2::Sha256::digest(secret.as_bytes()).into()
}
