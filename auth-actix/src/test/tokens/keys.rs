//! Keys for the tests of applications.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use auth_core::scheme::token_settings::TestKeys;
use serde_json::{Value, json};

use crate::auth::AuthBuilder;

/// Keys that end with the test, one for each issuer. An [`Auth`](crate::Auth) takes them with
/// [`test_keys`](crate::AuthBuilder::test_keys), in place of its own keys: all else about its tokens stays as configured.
#[derive(Clone, Default)]
pub struct Keys(Arc<Mutex<BTreeMap<String, [u8; 32]>>>);

impl Keys {
    /// No keys yet; each is made at random when an issuer is first named.
    pub fn new() -> Self {
        Self::default()
    }

    /// An access token (RFC 9068) of that issuer for that audience, with these claims besides; good for an hour unless they say
    /// otherwise.
    ///
    /// # Panics
    /// The system gives no random numbers, or `claims` is no object.
    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    pub fn token(&self, issuer: &str, audience: &str, claims: &Value) -> String {
        let now = auth_core::runtime::clock::now();
        let expires = now.plus(std::time::Duration::from_secs(3600)).seconds();
        let mut all = json!({
            "iss": issuer, "aud": audience, "sub": "alice", "exp": expires, "iat": now.seconds(), "client_id": "test",
            "jti": format!("test-{}", now.seconds()),
        });
        let own = claims.as_object().expect("claims are an object");
        all.as_object_mut().into_iter().for_each(|all| all.extend(own.clone()));
        auth_core::scheme::bearer::sign_hs256(&self.secret(issuer), &all).expect("a signed token")
    }

    fn key_of(&self, issuer: &str) -> crate::jwt::Key {
        crate::jwt::Key::secret(crate::jwt::Algorithm::HS256, self.secret(issuer))
    }

    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    fn secret(&self, issuer: &str) -> [u8; 32] {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *keys.entry(issuer.to_owned()).or_insert_with(|| {
            let mut key = [0; 32];
            getrandom::fill(&mut key).expect("random numbers");
            key
        })
    }
}

/// No key.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl AuthBuilder {
    fn replace_keys(self, keys: &Keys, in_release: bool) -> Self {
        let keys = keys.clone();
        let key_of = Box::new(move |issuer: &str| keys.key_of(issuer));
        self.tokens(|tokens| tokens.test_keys = Some(TestKeys { key_of, in_release }))
    }

    /// Replaces the keys of every issuer by those of a test. Refused in release builds.
    pub fn test_keys(self, keys: &Keys) -> Self {
        self.replace_keys(keys, false)
    }

    /// The same in a release build, for who tests one and never serves it.
    pub fn allow_test_keys_in_release(self, keys: &Keys) -> Self {
        self.replace_keys(keys, true)
    }
}
