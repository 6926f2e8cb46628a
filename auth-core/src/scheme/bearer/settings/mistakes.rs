//! Errors of the settings of an issuer.

use super::super::key::{Algorithm, KeyError};

/// An error of the settings of an issuer.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtError {
    /// The issuer is missing. Tokens of any issuer would be accepted.
    #[error("`.issuer(…)` is missing: tokens of any issuer would be accepted")]
    IssuerMissing,
    /// The audience is missing. Tokens for any other application of the issuer would be accepted.
    #[error("`.audience(…)` is missing: tokens made for other applications would be accepted")]
    AudienceMissing,
    /// The key is missing. Tokens could not be verified.
    #[error("there is no usable key")]
    KeyMissing,
    /// A key cannot be used.
    #[error("key {position}: {error}")]
    Key {
        /// The position of the key, from 1.
        position: usize,
        /// The error of the key.
        error: KeyError,
    },
    /// An HMAC secret is combined with public keys. A secret that is shared with this server and keys whose private part only the
    /// issuer has weaken each other.
    #[error(
        "an HMAC secret and public keys of one issuer: give each its own issuer, or give a reason with `.mixed_keys(\"reason\")`"
    )]
    MixedKeys,
    /// `.mixed_keys(…)` is called without mixed keys or without a valid reason.
    #[error("`.mixed_keys({0:?})`: write a reason, for an HMAC secret beside public keys")]
    MixedKeysUnused(String),
    /// Too many keys have the same algorithm and key id. Some of them would never be tried.
    #[error("more than 8 keys of one algorithm have one key id, or none: name each with `.kid(…)`")]
    TooManyKeys,
    /// The profile is combined with a setting that accepts any audience or a missing issuer. A token without either does not follow
    /// the profile (RFC 9068 §2.2).
    #[error(
        "`.access_token_profile()` beside `.accept_tokens_of_any_audience()` or `.without_issuer(…)`: the profile requires both"
    )]
    ProfileWithoutNames,
    /// The settings of fetched keys are invalid.
    #[cfg(feature = "oidc")]
    #[error("{0}")]
    Fetch(super::super::FetchError),
    /// The introspection settings are invalid.
    #[cfg(feature = "oidc")]
    #[error("`.introspection(…)`: {0}")]
    Introspection(super::super::IntrospectionError),
    /// The leeway exceeds 300 s, the few minutes of RFC 7519 §4.1.4.
    #[error("`.leeway(…)` is more than 300 s")]
    LeewayTooLong,
    /// A claim is located by text that is not a JSON pointer (RFC 6901).
    #[error("`{0}` is not a JSON pointer: write `{1}`")]
    Pointer(String, String),
    /// A single-value setting is made twice, so that one of the calls would be undone.
    #[error("`.{0}(…)` is called twice: the second call would replace the first")]
    Repeated(&'static str),
    /// A text setting is empty or contains control characters.
    #[error("`.{0}(…)`: the name is empty, or contains control characters")]
    Name(&'static str),
    /// The issuer name is a template for several issuers.
    #[error("{0:?} is not the issuer of a token: write the issuer of one tenant, or `Jwt::entra_tenants([…])`")]
    IssuerTemplate(String),
    /// The issuer is the URL of metadata.
    #[error("{0:?} is the address of metadata: the issuer is {1:?}")]
    IssuerIsMetadata(String, String),
    /// The namespace lacks the separator between the two parts of the claim name.
    #[error("`.auth0({0:?})`: the claim would be {0:?} followed by `roles`: write {1:?}")]
    Namespace(String, String),
    /// An audience claim is configured although any audience is accepted.
    #[error("`.audience_claim(…)` and `.accept_tokens_of_any_audience()` contradict each other")]
    AudienceClaimWithoutAudience,
    /// A required claim has no accepted value, or one that is not a string, a number or a boolean.
    #[error("`.required_claim({0:?}, …)` lists no value, or one that is not a string, a number or a boolean")]
    RequiredClaim(String),
    /// The algorithm is not an RSA algorithm. The algorithm of any other key follows from the key.
    #[error(
        "`.rsa_keys_without_alg({0:?})`: this is not an RSA algorithm; write RS256, RS384, RS512, PS256, PS384 or PS512"
    )]
    NotForRsa(Algorithm),
    /// The profile is combined with a setting that it contradicts. A token of the profile is not an ID token and has no other type.
    #[error("`.access_token_profile()` and `.{0}(…)` contradict each other")]
    ProfileBeside(&'static str),
    /// Two settings name the caller of tokens without a subject.
    #[error(
        "`.without_subject(…)` and `.clients_without_subject()` both name the caller of tokens without `sub`: call one"
    )]
    TwoNamesWithoutSubject,
    /// The places are empty, or one of them cannot contain a JWT.
    #[error("`.places([…])` accepts `at::bearer()` and `at::header(\"…\")`")]
    Place,
    /// The header is invalid or has another purpose.
    #[error("{0:?} is not a header that only credentials use")]
    Header(String),
    /// A header of a proxy is also a place of tokens, where any client can send it.
    #[error("`.proxy_header({0:?})`: any client can send the header, since it is also one of `.places([…])`")]
    ProxyHeaderIsPlace(String),
    /// Tokens of a proxy may be for another application.
    #[error("`.proxy_header(…)` requires an `.audience(…)`: the proxy adds tokens for other applications as well")]
    ProxyHeaderWithoutAudience,
    /// Two issuers have the same name.
    #[error("two settings have the same issuer: give one `Jwt` both keys, with `.or_key(…)`")]
    IssuerTwice,
    /// Two issuers share an HMAC secret, so that each could sign for the other.
    #[error("two issuers share one HMAC secret")]
    SharedSecret,
    /// An issuer without a name in its tokens is combined with other issuers. Only a single issuer may sign tokens without `iss`.
    #[error("`.without_issuer(…)` beside another issuer: their tokens could not be distinguished")]
    UnnamedAmongSeveral,
}

crate::debug_as_display!(JwtError);
