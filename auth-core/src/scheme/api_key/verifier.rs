//! Extraction and verification of API keys.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use super::key::{PREFIX, hash, is_id};
use super::{ApiKeyStore, ApiKeyStoreUnavailable};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::identity::vocabulary::NameKind;
use crate::runtime::{clock, timeout};
use crate::scheme::authorization_header::all;
use crate::scheme::{Authenticator, ConfiguredNames, Credential, Extracted, RequestView, SyntaxError, Verification};

/// The verifier of API keys.
pub struct ApiKeyVerifier {
    pub(super) keys: Arc<dyn ApiKeyStore>,
    pub(super) header: String,
    pub(super) source: Arc<Issuer>,
}

impl ApiKeyVerifier {
    /// Verifies a key.
    ///
    /// # Errors
    /// 401 if the key is invalid, unknown or expired. 503 if the store is unavailable.
    pub(super) async fn verify(&self, key: &str) -> Result<Principal, Denial> {
        let refused = |reason, cause| Denial::refused(SchemeId::ApiKey, reason, cause);
        let wrong = || refused(Reason::InvalidCredentials, "the API key is unknown");
        let (id, secret) = key.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')).ok_or_else(wrong)?;
        if !is_id(id) || secret.len() != 43 {
            return Err(wrong());
        }
        let found =
            timeout::with_timeout(async { self.keys.find(id).await }).await.unwrap_or(Err(ApiKeyStoreUnavailable));
        let found = found.map_err(|ApiKeyStoreUnavailable| {
            let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(2));
            refused(reason, "the store of API keys is unavailable")
        })?;
        let stored = found.as_ref().map_or([0; 32], |key| key.hash);
        let fits: bool = hash(secret).ct_eq(&stored).into();
        let Some(key) = found.filter(|_| fits) else { return Err(wrong()) };
        let now = clock::now();
        if key.expires.is_some_and(|expires| expires <= now) {
            return Err(refused(Reason::ExpiredCredentials, "the API key has expired"));
        }
        self.keys.used(id, now);
        // A program acts on its own behalf, which `client_id` indicates (RFC 9068 §5). Block lists block a key by its id (`jti`).
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

impl<H: RequestHead> Authenticator<H> for ApiKeyVerifier {
    fn scheme(&self) -> SchemeId {
        SchemeId::ApiKey
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        std::slice::from_ref(&self.source)
    }

    fn headers(&self) -> Vec<&str> {
        vec![&self.header]
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let mut lines = view.head.bytes(&self.header);
        let Some(line) = lines.next() else { return Extracted::Absent };
        if lines.next().is_some() {
            return Extracted::Refused(SyntaxError::malformed(Some(SchemeId::ApiKey), "two API keys"));
        }
        let line = line.trim_ascii();
        let is_visible = !line.is_empty() && all(line, |byte| matches!(byte, b'!'..=b'~'));
        match std::str::from_utf8(line).ok().filter(|_| is_visible) {
            Some(key) => Credential::new(SchemeId::ApiKey, key).into(),
            None => {
                Extracted::Refused(SyntaxError::malformed(Some(SchemeId::ApiKey), "the API key is not visible ASCII"))
            }
        }
    }

    fn digest(&self, credential: &Credential<'_>, _: Option<&str>, _: &RequestView<'_, H>) -> Option<TokenDigest> {
        Some(TokenDigest::sha256(credential.text.as_bytes()))
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, _: &RequestView<'r, H>) -> Verification<'r> {
        Verification::pending(self.verify(credential.text))
    }

    fn location(&self) -> Option<(&'static str, String)> {
        Some(("header", self.header.clone()))
    }

    fn configured_names(&self) -> Vec<ConfiguredNames> {
        let names = |kind, names| {
            let issuer = self.source.issuer.to_string();
            ConfiguredNames { place: "an API key has", issuer, kind, names }
        };
        vec![names(NameKind::Role, self.keys.roles()), names(NameKind::Scope, self.keys.scopes())]
    }
}

impl std::fmt::Debug for ApiKeyVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("header", &self.header).finish_non_exhaustive()
    }
}
