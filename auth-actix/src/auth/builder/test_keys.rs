//! Keys of tests.

use auth_core::engine::schemes::tokens::TestKeys;

use super::AuthBuilder;
use crate::stand_in::Keys;

impl AuthBuilder {
    fn replace_keys(self, keys: &Keys, in_release: bool) -> Self {
        let keys = keys.clone();
        let replace = Box::new(move |jwt| keys.replace(jwt));
        self.tokens(|tokens| tokens.test_keys = Some(TestKeys { replace, in_release }))
    }

    /// Replaces the keys of every issuer by those of a test. Refused in release builds.
    pub fn test_keys(self, keys: &Keys) -> Self {
        self.replace_keys(keys, false)
    }

    /// The same in a release build, for who tests one and never serves it.
    pub fn test_keys_although_this_is_a_release_build(self, keys: &Keys) -> Self {
        self.replace_keys(keys, true)
    }
}
