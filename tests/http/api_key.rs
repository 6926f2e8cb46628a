//! Keys in the format of an API key file.

use sha2::Digest as _;

/// A key, and the words that identify it in a file.
pub(crate) struct ApiKey {
    /// The public part.
    pub(crate) id: String,
    /// The key that a program sends.
    pub(crate) text: String,
    hash: String,
}

impl ApiKey {
    /// Returns the key with this number.
    pub(crate) fn new(number: u64) -> Self {
        let (id, secret) = (format!("{number:012}"), format!("{number:043}"));
        let hash = sha2::Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { text: format!("ak.{id}.{secret}"), id, hash }
    }

    /// Returns the line of the key, with its owner, roles, scopes and expiry.
    pub(crate) fn line(&self, rest: &str) -> String {
        format!("{} {} {rest}\n", self.id, self.hash)
    }
}
