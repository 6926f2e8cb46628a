//! Development keys, generated at random at startup.

use std::time::Duration;

use serde_json::Value;

use super::super::key;
use super::Jwt;
use crate::identity::vocabulary::NameKind;

impl Jwt {
    /// Also accepts tokens of a random key that is generated at startup, in debug builds and for requests from the local machine
    /// only. Prints a command for each role, as [`Jwt::dev`] does. Has no effect in release builds. Intended for machines without
    /// access to the provider.
    #[must_use]
    pub fn or_dev(mut self) -> Self {
        let mut secret = [0; 32];
        if cfg!(debug_assertions) && getrandom::fill(&mut secret).is_ok() {
            self.dev = Some(secret);
        }
        self
    }

    /// Creates settings with a random key that is generated at startup, and prints a command for each role. Works in debug builds
    /// and for requests from the local machine only. Intended for the first steps.
    #[must_use]
    pub fn dev() -> Self {
        let mut secret = [0; 32];
        // Without random numbers there is no key, which is an error of `build`.
        let dev = getrandom::fill(&mut secret).is_ok().then_some(secret);
        Self { keys: Vec::new(), dev, ..Self::hs256(secret).issuer("dev").audience("dev") }
    }

    /// Returns whether development tokens are accepted, because of [`Jwt::dev`], or of [`Jwt::or_dev`] in debug builds.
    pub(crate) fn is_dev(&self) -> bool {
        self.dev.is_some()
    }

    /// Creates a development token that is valid for one hour, with this role in the configured role list. Returns `None` if
    /// development tokens are not accepted or a setting is invalid.
    pub fn dev_token(&self, role: Option<&str>) -> Option<String> {
        let now = crate::runtime::clock::now();
        let subject = role.unwrap_or("dev");
        let mut claims = serde_json::json!({
            "iss": self.issuer, "sub": subject, "client_id": "dev", "auth_time": now.seconds(), "iat": now.seconds(),
            "exp": now.plus(Duration::from_secs(3600)).seconds(), "jti": format!("dev-{subject}-{}", now.seconds()),
        });
        let lists = self.list_claims().ok()?;
        let list = lists.iter().find(|list| list.kind == NameKind::Role)?;
        put(&mut claims, &list.path, list.form.value(&role.into_iter().collect::<Vec<_>>()))?;
        for (path, value) in self.conditions().ok()?.example(self.audiences.first()) {
            put(&mut claims, &path, value)?;
        }
        sign_hs256(&self.dev?, &claims)
    }
}

/// Sets the member at the end of the path, and creates missing objects.
fn put(claims: &mut Value, path: &[String], value: Value) -> Option<()> {
    let place = path.iter().try_fold(claims, |place, name| {
        Some(place.as_object_mut()?.entry(name).or_insert_with(|| serde_json::json!({})))
    });
    *place? = value;
    Some(())
}

/// Signs the claims of an access token (RFC 9068 §2) with HS256, for development and tests. Returns `None` if the backend fails.
pub fn sign_hs256(secret: &[u8], claims: &serde_json::Value) -> Option<String> {
    key::install_provider();
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let header = jsonwebtoken::Header {
        typ: Some("at+jwt".to_owned()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
    };
    jsonwebtoken::encode(&header, claims, &key).ok()
}
