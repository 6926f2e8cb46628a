//! The settings of an issuer, and their errors.

mod dev;
mod tenants;
mod logins;
mod places;
#[cfg(feature = "oidc")]
mod fetching;
mod mistakes;
mod prepare;
mod presets;

use std::time::Duration;

pub use self::dev::sign_hs256;
use self::logins::LoginSettings;
pub use self::mistakes::JwtError;
use self::places::PlaceSettings;
use self::tenants::TenantSetting;
use super::access::ReadAccess;
use super::conditions::Conditions;
use super::key::{Algorithm, Key, KeyError};
use super::remote::RemoteSettings;
use crate::identity::issuer::{Confers, NameList};
use crate::identity::vocabulary::NameKind;
use crate::runtime::set_once::SetOnce;

/// The settings of a token issuer: its keys, and the conditions on its tokens.
///
/// The settings that keep out unauthorized callers are mandatory: without an issuer, an audience and a key, `build()` returns an
/// error. Calls of a method that takes one of several values, such as [`audience`](Self::audience), add up. A second call of any
/// other method is an error of `build()`, because it would undo the first.
///
/// ```
/// use auth_actix::Jwt;
/// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
/// ```
#[derive(Clone)]
pub struct Jwt {
    pub(super) issuer: Option<String>,
    pub(super) unnamed: bool,
    audiences: Vec<String>,
    any_audience: bool,
    pub(super) keys: Vec<Key>,
    set: Option<KeyError>,
    /// Whether the keys come from a JWK set.
    is_set: bool,
    leeway: Duration,
    longest: usize,
    types: Vec<String>,
    /// The claims that list names. A kind without an entry uses its default claim.
    lists: Vec<(NameKind, NameList)>,
    conditions: Conditions,
    /// Claims that are configured as text, and parsed in `build`.
    audience_claim: Option<String>,
    required: Vec<(String, Vec<serde_json::Value>)>,
    client_ids: Vec<String>,
    /// Other issuers that sign with these keys.
    pub(super) signs_for: Vec<String>,
    /// The reason for an HMAC secret in addition to public keys.
    mixed_keys: Option<String>,
    /// The algorithm of RSA keys whose JWK specifies none.
    rsa_algorithm: Option<Algorithm>,
    once: SetOnce,
    /// The first error that a setting has detected.
    mistake: Option<JwtError>,
    confers: Option<Confers>,
    logins: LoginSettings,
    tenants: Vec<(String, TenantSetting)>,
    /// The claim that grants rights for each tenant, a JSON pointer, and the function that reads it.
    access: Option<(String, ReadAccess)>,
    places: PlaceSettings,
    /// Whether tokens must follow RFC 9068.
    profile: bool,
    /// The secret of [`Jwt::dev`] and [`Jwt::or_dev`].
    dev: Option<[u8; 32]>,
    pub(super) remote: RemoteSettings,
}

/// Redacts the key material.
impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwt")
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// Defaults and limits, as documented at the methods.
pub(super) const LEEWAY: Duration = Duration::from_secs(60);
const MAX_LEEWAY: Duration = Duration::from_secs(300);
const MAX_TOKEN_SIZE: usize = 8 * 1024;

impl Jwt {
    /// Accepts tokens signed with HS256 and this secret of at least 32 bytes.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS256, secret))
    }

    /// Accepts tokens signed with HS384 and this secret of at least 48 bytes.
    pub fn hs384(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS384, secret))
    }

    /// Accepts tokens signed with HS512 and this secret of at least 64 bytes.
    pub fn hs512(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS512, secret))
    }

    /// Accepts tokens that this key verifies.
    pub fn key(key: Key) -> Self {
        Self {
            issuer: None,
            unnamed: false,
            audiences: Vec::new(),
            any_audience: false,
            keys: vec![key],
            set: None,
            is_set: false,
            leeway: LEEWAY,
            longest: MAX_TOKEN_SIZE,
            types: Vec::new(),
            lists: Vec::new(),
            conditions: Conditions::default(),
            audience_claim: None,
            required: Vec::new(),
            client_ids: Vec::new(),
            signs_for: Vec::new(),
            mixed_keys: None,
            rsa_algorithm: None,
            once: SetOnce::default(),
            mistake: None,
            confers: None,
            logins: LoginSettings::default(),
            tenants: Vec::new(),
            access: None,
            places: PlaceSettings::default(),
            profile: false,
            dev: None,
            remote: RemoteSettings::default(),
        }
    }

    /// Accepts only access tokens of RFC 9068: `typ` is `at+jwt`, and `client_id`, `iat` and `jti` are present. Most providers do
    /// not follow RFC 9068 by default. Keycloak, Auth0, Entra ID and Okta issue tokens with `typ: JWT` or without `typ`.
    #[must_use]
    pub fn access_token_profile(self) -> Self {
        Self { profile: true, ..self }
    }

    /// Returns the issuer name of identities from these tokens, or an empty string if it is not configured.
    pub(crate) fn name_of_issuer(&self) -> &str {
        self.issuer.as_deref().unwrap_or_default()
    }

    /// Returns these settings with `key` as the only key, for tests.
    #[must_use]
    pub(crate) fn with_only(self, key: Key) -> Self {
        Self { keys: vec![key], set: None, dev: None, remote: RemoteSettings::default(), ..self }
    }

    /// Accepts tokens that a key of this JWK set (RFC 7517 §5) verifies. Unusable keys are ignored.
    pub fn jwk_set(json: &str) -> Self {
        let (keys, set) = match Key::of_set(json, usize::MAX) {
            Ok(keys) => (keys.into_iter().flatten().flatten().collect::<Vec<_>>(), None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let keys = keys.into_iter().filter(|key| key.clone().prepare().is_ok()).collect();
        Self { keys, set, is_set: true, ..Self::key(Key::secret(Algorithm::HS256, [])) }
    }

    /// Also accepts tokens that this key verifies, for manual key rotation. Each key has exactly one algorithm. May be called
    /// repeatedly, and combined with fetched keys.
    #[must_use]
    pub fn or_key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// Allows an HMAC secret in addition to public keys, while an issuer migrates from one to the other. The reason is part of the
    /// access matrix and of `ACCESS.md`. Without this setting, the combination is an error of `build()`.
    ///
    /// ```
    /// # #[cfg(feature = "oidc")] {
    /// use auth_actix::Jwt;
    /// use auth_actix::jwt::{Algorithm, Key};
    /// let jwt = Jwt::oidc("https://ref.supabase.co/auth/v1")
    ///     .audience("authenticated")
    ///     .or_key(Key::secret(Algorithm::HS256, [7; 32]))
    ///     .mixed_keys("legacy tokens end in March");
    /// # }
    /// ```
    #[must_use]
    pub fn mixed_keys(self, reason: impl Into<String>) -> Self {
        Self { mixed_keys: Some(reason.into()), ..self.once("mixed_keys") }
    }

    /// Sets the algorithm of RSA keys whose JWK has no `alg`. RS256 by default.
    ///
    /// # Errors
    /// `build()` returns [`JwtError::NotForRsa`] for an algorithm that is not for RSA, because the algorithm of any other key
    /// follows from the key.
    #[must_use]
    pub fn rsa_keys_without_alg(self, algorithm: Algorithm) -> Self {
        Self { rsa_algorithm: Some(algorithm), ..self.once("rsa_keys_without_alg") }
    }

    /// Sets the `iss` of these tokens, compared byte for byte (RFC 7519 §4.1.1). It is part of every identity.
    ///
    /// # Errors
    /// `build()` returns [`JwtError::IssuerTemplate`] for a name that stands for several issuers, such as `…/common/v2.0` of Entra
    /// ID, and [`JwtError::IssuerIsMetadata`] for the URL of metadata.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), ..self.once("issuer") }
    }

    /// Accepts tokens without `iss`, or with any `iss`. Their identities have the issuer `name`. Intended for an application that
    /// signs its own tokens. Only valid for a single issuer.
    #[must_use]
    pub fn without_issuer(self, name: impl Into<String>) -> Self {
        Self { issuer: Some(name.into()), unnamed: true, ..self.once("issuer") }
    }

    /// Also accepts tokens of this issuer, with the same keys and settings. Identities belong to the issuer that the token names.
    /// May be called repeatedly. For issuers that are unknown at startup, use `AuthBuilder::issuers_from`.
    ///
    /// A [key that names its issuer](Key::jwk) verifies only tokens of that issuer.
    #[must_use]
    pub fn or_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.signs_for.push(issuer.into());
        self
    }

    /// Adds an audience of this application. A token must name one of the configured audiences (RFC 7519 §4.1.3).
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Reads the audience from this claim instead of `aud`, such as `client_id` for access tokens of Cognito or `azp` for Clerk.
    /// The claim is a name or a JSON pointer.
    #[must_use]
    pub fn audience_claim(self, claim: impl Into<String>) -> Self {
        Self { audience_claim: Some(claim.into()), ..self.once("audience_claim") }
    }

    /// Accepts tokens for any audience, or without one. Every application of the issuer can then use the tokens of its users here.
    #[must_use]
    pub fn accept_tokens_of_any_audience(self) -> Self {
        Self { any_audience: true, ..self }
    }

    /// Requires this claim to be one of these values, or an array that contains one. Other tokens are invalid (401). The claim is a
    /// name or a JSON pointer. Calls for different claims must all be satisfied. Calls for the same claim add values.
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// let jwt = Jwt::hs256([7; 32])
    ///     .issuer("https://id.example")
    ///     .audience("reports")
    ///     .required_claim("azp", ["web", "mobile"])
    ///     .required_claim("email_verified", [true]);
    /// ```
    #[must_use]
    pub fn required_claim(
        mut self,
        claim: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<serde_json::Value>>,
    ) -> Self {
        let (claim, values) = (claim.into(), values.into_iter().map(Into::into));
        match self.required.iter_mut().find(|(known, _)| *known == claim) {
            Some((_, known)) => known.extend(values),
            None => self.required.push((claim, values.collect())),
        }
        self
    }

    /// Also accepts tokens that are marked as ID tokens (`token_use`, `typ` or `at_hash`). By default they are invalid, because an
    /// ID token informs an application about a login and is not intended for an API. Intended for providers that issue no other
    /// tokens, such as Google, Apple and Firebase. The audience is then the client id of the application.
    #[must_use]
    pub fn accept_id_tokens(mut self) -> Self {
        self.conditions.accepts_id_tokens = true;
        self
    }

    /// Also reads the client id from this claim. A token whose subject is its client id is a client token
    /// ([`Principal::is_client`](crate::Principal::is_client)). `client_id` is always read (RFC 9068 §5). The claim is a name or a
    /// JSON pointer.
    #[must_use]
    pub fn client_id_claim(mut self, claim: impl Into<String>) -> Self {
        self.client_ids.push(claim.into());
        self
    }

    /// Treats a token as a client token if this claim is this value, or an array that contains it. At Auth0, `gty` is
    /// `client-credentials`. The claim is a name or a JSON pointer.
    #[must_use]
    pub fn clients_have(mut self, claim: &str, value: impl Into<serde_json::Value>) -> Self {
        match prepare::claim_path(claim, "clients_have") {
            Ok(path) => self.conditions.client_marks.push((path, super::conditions::ClientMark::Is(value.into()))),
            Err(mistake) => {
                self.mistake.get_or_insert(mistake);
            }
        }
        self
    }

    /// Sets the tolerance for different clocks. A token is accepted for this long after its `exp` and before its `nbf`. 60 s by
    /// default, and at most 300 s, which are the "few minutes" of RFC 7519 §4.1.4.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self.once("leeway") }
    }

    /// Sets the maximum size of a token in bytes. 8 KiB by default.
    #[must_use]
    pub fn max_token_size(self, bytes: usize) -> Self {
        Self { longest: bytes, ..self.once("max_token_size") }
    }

    /// Accepts only these values of `typ` in the header, if a token has one. `application/` may be omitted. `JWT` and `at+jwt` by
    /// default. Calls add up.
    #[must_use]
    pub fn types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let short = |kind: String| kind.strip_prefix("application/").map(str::to_owned).unwrap_or(kind);
        self.types.extend(types.into_iter().map(|kind| short(kind.into())));
        self.once.add("types");
        self
    }

    /// Sets the claims that list roles, as [lists](NameList) or as JSON pointers (RFC 6901) to a string or an array of strings.
    /// `/roles` by default, as an array only. Calls add up, and replace the default.
    #[must_use]
    pub fn roles_at(self, lists: impl IntoIterator<Item = impl Into<NameList>>) -> Self {
        self.lists_at(NameKind::Role, lists)
    }

    /// Sets the claims that list permissions, as [lists](NameList) or as JSON pointers to a string or an array of strings.
    /// `/permissions` by default, as an array only. Calls add up, and replace the default.
    #[must_use]
    pub fn permissions_at(self, lists: impl IntoIterator<Item = impl Into<NameList>>) -> Self {
        self.lists_at(NameKind::Permission, lists)
    }

    /// Sets the claims that list scopes, as [lists](NameList) or as JSON pointers to one string of scopes separated by spaces (RFC
    /// 8693 §4.2) or to an array of strings. `/scope` by default, as a string only (RFC 9068 §2.2.3). Calls add up, and replace the
    /// default.
    #[must_use]
    pub fn scopes_at(self, lists: impl IntoIterator<Item = impl Into<NameList>>) -> Self {
        self.lists_at(NameKind::Scope, lists)
    }

    fn lists_at(mut self, kind: NameKind, lists: impl IntoIterator<Item = impl Into<NameList>>) -> Self {
        for list in lists.into_iter().map(Into::into) {
            if !self.lists.contains(&(kind, list.clone())) {
                self.lists.push((kind, list));
            }
        }
        self
    }

    fn once(mut self, name: &'static str) -> Self {
        self.once.note(name);
        self
    }

    /// Sets what these tokens may confer. Everything by default. Mandatory if there are several issuers, of any scheme.
    #[must_use]
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self.once("confers") }
    }

    /// Returns whether the issuer is asked about opaque tokens.
    pub(crate) fn has_introspection(&self) -> bool {
        self.remote.has_introspection()
    }

    /// Returns whether this is one of the HMAC secrets of the issuer.
    pub(crate) fn has_secret(&self, secret: &[u8]) -> bool {
        let other = Key::secret(Algorithm::HS256, secret);
        self.keys.iter().any(|key| key.is_same_secret(&other))
    }

    /// Returns whether [`confers`](Self::confers) was called.
    pub(crate) fn has_explicit_confers(&self) -> bool {
        self.confers.is_some()
    }
}
