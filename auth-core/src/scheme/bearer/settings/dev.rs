//! Keys of development, made at random when the server starts.

use std::time::Duration;

use serde_json::Value;

use super::super::key;
use super::Jwt;
use crate::identity::vocabulary::NameKind;

impl Jwt {
    /// For machines without the provider: in debug builds, tokens of a key made at random when the server starts are taken
    /// too, and a command for each role is printed, as [`Jwt::dev`] does; for requests from this machine alone. In release
    /// builds this does nothing.
    #[must_use]
    pub fn or_dev(mut self) -> Self {
        let mut secret = [0; 32];
        if cfg!(debug_assertions) && getrandom::fill(&mut secret).is_ok() {
            self.dev = Some(secret);
        }
        self
    }

    /// For the first five minutes: a key made at random when the server starts, and a command for each role printed. Works
    /// in debug builds and for requests from this machine alone.
    #[must_use]
    pub fn dev() -> Self {
        let mut secret = [0; 32];
        // Without random numbers there is no key, which `build` refuses.
        let dev = getrandom::fill(&mut secret).is_ok().then_some(secret);
        Self { keys: Vec::new(), dev, ..Self::hs256(secret).issuer("dev").audience("dev") }
    }

    /// Whether tokens of development are taken: [`Jwt::dev`], and in debug builds [`Jwt::or_dev`].
    pub(crate) fn is_dev(&self) -> bool {
        self.dev.is_some()
    }

    /// A token of development, for an hour, with this role where such tokens list roles.
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

/// Puts a value at the end of a path of members.
fn put(claims: &mut Value, path: &[String], value: Value) -> Option<()> {
    let place = path.iter().try_fold(claims, |place, name| {
        Some(place.as_object_mut()?.entry(name).or_insert_with(|| serde_json::json!({})))
    });
    *place? = value;
    Some(())
}

/// Signs the claims of an access token (RFC 9068 §2) with HS256: for development and tests. `None` if the backend fails.
pub fn sign_hs256(secret: &[u8], claims: &serde_json::Value) -> Option<String> {
    key::install_provider();
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let header = jsonwebtoken::Header {
        typ: Some("at+jwt".to_owned()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
    };
    jsonwebtoken::encode(&header, claims, &key).ok()
}
