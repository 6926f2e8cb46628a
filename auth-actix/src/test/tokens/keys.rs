//! Signing keys for tests of applications.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use auth_core::runtime::random::random;
use auth_core::scheme::token_settings::TestKeys;
use serde_json::{Value, json};

use crate::auth::AuthBuilder;

/// Random keys for one test, one for each issuer. An [`Auth`](crate::Auth) with [`test_keys`](crate::AuthBuilder::test_keys) uses
/// them in place of its issuers' keys. All other settings of its tokens are unchanged.
#[derive(Clone, Default)]
pub struct Keys(Arc<Mutex<BTreeMap<String, [u8; 32]>>>);

impl Keys {
    /// Creates an empty set of keys. The key of an issuer is generated when it is first used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a signed access token (RFC 9068) of the issuer for the audience. `claims` are added to the default claims and
    /// replace those of the same name. By default, the token expires after one hour.
    ///
    /// # Panics
    /// The system provides no random numbers, or `claims` is not an object.
    #[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
    pub fn token(&self, issuer: &str, audience: &str, claims: &Value) -> String {
        let now = auth_core::runtime::clock::now();
        let expires = now.plus(std::time::Duration::from_secs(3600)).seconds();
        let mut all = json!({
            "iss": issuer, "aud": audience, "sub": "alice", "exp": expires, "iat": now.seconds(), "client_id": "test",
            "jti": format!("test-{}", now.seconds()),
        });
        let own = claims.as_object().expect("the claims must be a JSON object");
        all.as_object_mut().into_iter().for_each(|all| all.extend(own.clone()));
        auth_core::scheme::bearer::sign_hs256(&self.secret(issuer), &all).expect("the token can be signed")
    }

    fn key_of(&self, issuer: &str) -> crate::jwt::Key {
        crate::jwt::Key::secret(crate::jwt::Algorithm::HS256, self.secret(issuer))
    }

    fn secret(&self, issuer: &str) -> [u8; 32] {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *keys.entry(issuer.to_owned()).or_insert_with(random)
    }
}

/// Redacts the keys.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl AuthBuilder {
    fn replace_keys(self, keys: &Keys, in_release: bool) -> Self {
        let keys = keys.clone();
        let key_of = Box::new(move |issuer: &str| keys.key_of(issuer));
        self.jwts(|tokens| tokens.test_keys = Some(TestKeys { key_of, in_release }))
    }

    /// Replaces the keys of every issuer with test keys. [`build`](Self::build) fails in release builds.
    pub fn test_keys(self, keys: &Keys) -> Self {
        self.replace_keys(keys, false)
    }

    /// Like [`test_keys`](Self::test_keys), also in release builds. For tests of release builds that never serve requests.
    pub fn allow_test_keys_in_release(self, keys: &Keys) -> Self {
        self.replace_keys(keys, true)
    }
}
