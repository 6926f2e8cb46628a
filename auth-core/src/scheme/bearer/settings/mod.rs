//! The settings of an issuer, and what can be wrong with them.

mod dev;
#[cfg(feature = "oidc")]
mod fetching;
mod mistakes;
mod prepare;
mod presets;

use std::time::Duration;

pub use self::dev::sign_hs256;
pub use self::mistakes::JwtError;
use super::conditions::Conditions;
use super::key::{Algorithm, Key, KeyError};
use super::remote::RemoteSettings;
use crate::identity::issuer::{Confers, NameList};
use crate::identity::vocabulary::NameKind;
use crate::runtime::set_once::SetOnce;

/// One issuer of tokens: its keys, and what its tokens have to say.
///
/// Nothing is optional that keeps strangers out: without an issuer, an audience and a key, `build()` refuses. Calls of one method add
/// up where it takes one of several values, such as [`audience`](Self::audience). A second call of any other method is an error of
/// `build()`, since it would undo the first.
///
/// ```
/// use auth_core::scheme::bearer::Jwt;
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
    /// The keys are those of a JWK set.
    is_set: bool,
    leeway: Duration,
    longest: usize,
    types: Vec<String>,
    /// Where names are listed; the default claims for a kind that is not among them.
    lists: Vec<(NameKind, NameList)>,
    conditions: Conditions,
    /// Claims that are named by text: what to do with each is settled in `build`.
    audience_claim: Option<String>,
    required: Vec<(String, Vec<serde_json::Value>)>,
    client_ids: Vec<String>,
    /// Other issuers that sign with these keys.
    pub(super) signs_for: Vec<String>,
    /// Why an HMAC secret is beside public keys.
    mixed_keys: Option<String>,
    /// The algorithm of RSA keys whose JWK names none.
    rsa_algorithm: Option<Algorithm>,
    once: SetOnce,
    /// What was seen to be wrong when it was set.
    mistake: Option<JwtError>,
    confers: Option<Confers>,
    tenant: Option<String>,
    /// RFC 9068.
    profile: bool,
    /// The secret of [`Jwt::dev`] and [`Jwt::or_dev`].
    dev: Option<[u8; 32]>,
    pub(super) remote: RemoteSettings,
}

/// No key material.
impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwt")
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// The defaults, as documented at the methods.
pub(super) const LEEWAY: Duration = Duration::from_secs(60);
const MAX_LEEWAY: Duration = Duration::from_secs(300);
const MAX_TOKEN_SIZE: usize = 8 * 1024;

impl Jwt {
    /// Tokens signed with HS256 and this secret of at least 32 bytes.
    pub fn hs256(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS256, secret))
    }

    /// Tokens signed with HS384 and this secret of at least 48 bytes.
    pub fn hs384(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS384, secret))
    }

    /// Tokens signed with HS512 and this secret of at least 64 bytes.
    pub fn hs512(secret: impl AsRef<[u8]>) -> Self {
        Self::key(Key::secret(Algorithm::HS512, secret))
    }

    /// Tokens that this key verifies.
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
            tenant: None,
            profile: false,
            dev: None,
            remote: RemoteSettings::default(),
        }
    }

    /// Accepts only access tokens of RFC 9068: `typ` is `at+jwt`, and `client_id`, `iat` and `jti` are present. Most providers do not
    /// follow it by default: Keycloak, Auth0, Entra ID and Okta issue tokens with `typ: JWT` or without one.
    #[must_use]
    pub fn access_token_profile(self) -> Self {
        Self { profile: true, ..self }
    }

    /// The name under which identities of these tokens stand; empty where nobody said.
    pub(crate) fn name_of_issuer(&self) -> &str {
        self.issuer.as_deref().unwrap_or_default()
    }

    /// The same settings with another key: for tests.
    #[must_use]
    pub(crate) fn with_only(self, key: Key) -> Self {
        Self { keys: vec![key], set: None, dev: None, remote: RemoteSettings::default(), ..self }
    }

    /// Tokens that a key of this JWK set (RFC 7517 §5) verifies. Keys that cannot be used are left out.
    pub fn jwk_set(json: &str) -> Self {
        let (keys, set) = match Key::of_set(json, usize::MAX) {
            Ok(keys) => (keys.into_iter().flatten().flatten().collect::<Vec<_>>(), None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let keys = keys.into_iter().filter(|key| key.clone().prepare().is_ok()).collect();
        Self { keys, set, is_set: true, ..Self::key(Key::secret(Algorithm::HS256, [])) }
    }

    /// Also accepts tokens that this key verifies, for a rotation of keys by hand. Each key has exactly one algorithm. May be called
    /// again, and beside keys that are fetched.
    #[must_use]
    pub fn or_key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// Allows an HMAC secret beside public keys, for the time in which an issuer moves from one to the other. The reason is part of
    /// the access matrix and of `ACCESS.md`. Without this, `build()` refuses the two together.
    ///
    /// ```
    /// # #[cfg(feature = "oidc")] {
    /// use auth_core::scheme::bearer::{Algorithm, Jwt, Key};
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

    /// The algorithm of RSA keys whose JWK has no `alg`. RS256 by default.
    ///
    /// # Errors
    /// [`JwtError::NotForRsa`]: the algorithm of any other key follows from the key.
    #[must_use]
    pub fn rsa_keys_without_alg(self, algorithm: Algorithm) -> Self {
        Self { rsa_algorithm: Some(algorithm), ..self.once("rsa_keys_without_alg") }
    }

    /// The `iss` of these tokens, compared byte for byte (RFC 7519 §4.1.1). It is part of every identity.
    ///
    /// # Errors
    /// [`JwtError::IssuerTemplate`] for a name that stands for several issuers, such as `…/common/v2.0` of Entra ID, and
    /// [`JwtError::IssuerIsMetadata`] for the address of metadata.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), ..self.once("issuer") }
    }

    /// Accepts tokens without `iss`, whose identities have the issuer `name`. For an application that signs its own tokens. Only
    /// for one issuer without others.
    #[must_use]
    pub fn without_issuer(self, name: impl Into<String>) -> Self {
        Self { issuer: Some(name.into()), unnamed: true, ..self.once("issuer") }
    }

    /// Also accepts tokens of this issuer, by the same keys and settings. Identities are those of the issuer that the token names. May
    /// be called again. For issuers that are not known when the server starts: `AuthBuilder::issuers_from`.
    ///
    /// A [key that names its issuer](Key::jwk) verifies tokens of that issuer only.
    #[must_use]
    pub fn or_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.signs_for.push(issuer.into());
        self
    }

    /// An audience of this application. A token must name one of those that were given (RFC 7519 §4.1.3).
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Reads the audience from this claim instead of `aud`: `client_id` for access tokens of Cognito, `azp` for Clerk. A name, or
    /// a JSON pointer.
    #[must_use]
    pub fn audience_claim(self, claim: impl Into<String>) -> Self {
        Self { audience_claim: Some(claim.into()), ..self.once("audience_claim") }
    }

    /// Accepts tokens for any audience, or for none. Every application of the issuer can then use the tokens of its users here.
    #[must_use]
    pub fn accept_tokens_of_any_audience(self) -> Self {
        Self { any_audience: true, ..self }
    }

    /// Requires that this claim is one of these values, or an array that contains one. Tokens of which that is not true are
    /// invalid (401). A name, or a JSON pointer. Calls for different claims must all hold; calls for one claim add values.
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
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

    /// Also accepts tokens that say that they are ID tokens (`token_use`, `typ` or `at_hash`). Without this they are invalid: an ID
    /// token tells an application who has logged in to it, and is not made to be sent to an API. For providers that issue no
    /// other tokens, such as Google, Apple and Firebase; the audience is then the client id of the application.
    #[must_use]
    pub fn accept_id_tokens(mut self) -> Self {
        self.conditions.accepts_id_tokens = true;
        self
    }

    /// Also reads the id of a client from this claim. A token whose subject is the id of its client is one of a client
    /// ([`Principal::is_client`](crate::Principal::is_client)). `client_id` is read in any case (RFC 9068 §5). A name, or a JSON pointer.
    #[must_use]
    pub fn client_id_claim(mut self, claim: impl Into<String>) -> Self {
        self.client_ids.push(claim.into());
        self
    }

    /// A token in which this claim is this value, or an array that contains it, is one of a client: `gty` is `client-credentials` at
    /// Auth0. A name, or a JSON pointer.
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

    /// Accepts tokens without `sub` as those of the client that `client_id`, or another
    /// [claim for the client's id](Self::client_id_claim), names. Without this they are invalid. Applies to
    /// answers of introspection too.
    #[must_use]
    pub fn clients_without_subject(mut self) -> Self {
        self.conditions.clients_without_subject = true;
        self
    }

    /// Accepts a token for this long past its `exp`, and as long before its `nbf`, for clocks that differ. 60 s by default; at most
    /// 300 s, by the "few minutes" of RFC 7519 §4.1.4.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway, ..self.once("leeway") }
    }

    /// The longest token that is read, in bytes. 8 KiB by default.
    #[must_use]
    pub fn max_token_size(self, bytes: usize) -> Self {
        Self { longest: bytes, ..self.once("max_token_size") }
    }

    /// Accepts only these values of `typ` in the header, where a token has one; `application/` may be left out. `JWT` and `at+jwt`
    /// by default. Calls add up.
    #[must_use]
    pub fn types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let short = |kind: String| kind.strip_prefix("application/").map(str::to_owned).unwrap_or(kind);
        self.types.extend(types.into_iter().map(|kind| short(kind.into())));
        self.once.add("types");
        self
    }

    /// The claims that list roles: [lists](NameList), or JSON pointers (RFC 6901) to a string or an array of strings. `/roles` by
    /// default, as an array only. Calls add up, and replace the default.
    #[must_use]
    pub fn roles_at(self, lists: impl IntoIterator<Item = impl Into<NameList>>) -> Self {
        self.lists_at(NameKind::Role, lists)
    }

    /// The claims that list permissions: [lists](NameList), or JSON pointers to a string or an array of strings. `/permissions`
    /// by default, as an array only. Calls add up, and replace the default.
    #[must_use]
    pub fn permissions_at(self, lists: impl IntoIterator<Item = impl Into<NameList>>) -> Self {
        self.lists_at(NameKind::Permission, lists)
    }

    /// The claims that list scopes: [lists](NameList), or JSON pointers to one string of scopes separated by spaces (RFC 8693 §4.2)
    /// or to an array of strings. By default `/scope`, as a string only (RFC 9068 §2.2.3). Calls add up, and replace the default.
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

    /// What these tokens may confer. Without other sources, everything; beside others, it has to be said.
    #[must_use]
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self.once("confers") }
    }

    /// The tenant whose issuer this is: roles and permissions of its tokens count where a rule says `in` that tenant, and nowhere
    /// else; a session keeps no tenant, so do not give them to one. A claim never binds an issuer to a tenant: whoever runs it would
    /// choose.
    #[must_use]
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: Some(tenant.into()), ..self.once("tenant") }
    }

    /// Whether its tokens are of a tenant.
    pub(crate) fn is_of_tenant(&self) -> bool {
        self.tenant.is_some()
    }

    /// Whether this is one of its HMAC secrets.
    pub(crate) fn has_secret(&self, secret: &[u8]) -> bool {
        let other = Key::secret(Algorithm::HS256, secret);
        self.keys.iter().any(|key| key.is_same_secret(&other))
    }

    /// Whether it says what it may confer.
    pub(crate) fn has_explicit_confers(&self) -> bool {
        self.confers.is_some()
    }
}
