//! Errors of the settings of an issuer.

use super::super::key::{Algorithm, KeyError};

/// An error of the settings of an issuer.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtError {
    /// Tokens of anybody would be accepted.
    #[error("`.issuer(…)` is missing: whose tokens are these?")]
    IssuerMissing,
    /// Tokens for any other application of the issuer would be accepted.
    #[error("`.audience(…)` is missing: tokens made for other applications would be accepted")]
    AudienceMissing,
    /// There is nothing to verify with.
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
    /// A secret that this server shares and keys of which only the issuer has the private part make one another weaker.
    #[error(
        "an HMAC secret and public keys of one issuer: give each its own issuer, or say for which time with `.mixed_keys(\"reason\")`"
    )]
    MixedKeys,
    /// There is nothing that it would allow.
    #[error("`.mixed_keys({0:?})`: write a reason, for an HMAC secret beside public keys")]
    MixedKeysUnused(String),
    /// Some of them would never be tried.
    #[error("more than 8 keys of one algorithm have one key id, or none: name each with `.kid(…)`")]
    TooManyKeys,
    /// Without one of the two, no token follows the profile (RFC 9068 §2.2).
    #[error(
        "`.access_token_profile()` beside `.accept_tokens_of_any_audience()` or `.without_issuer(…)`: the profile asks for both"
    )]
    ProfileWithoutNames,
    /// Keys cannot be fetched in this way.
    #[cfg(feature = "oidc")]
    #[error("{0}")]
    Fetch(super::super::FetchError),
    /// The issuer cannot be asked about opaque tokens in this way.
    #[cfg(feature = "oidc")]
    #[error("`.introspection(…)`: {0}")]
    Introspection(super::super::IntrospectionError),
    /// More than the few minutes of RFC 7519 §4.1.4.
    #[error("`.leeway(…)` is more than 300 s")]
    LeewayTooLong,
    /// A claim is located by text that is not a JSON pointer (RFC 6901).
    #[error("`{0}` is not a JSON pointer: write `{1}`")]
    Pointer(String, String),
    /// A setting of one value is made twice, so that one of them would be undone.
    #[error("`.{0}(…)` is called twice: the calls would undo each other")]
    Repeated(&'static str),
    /// A setting that takes text is given none, or text with control characters.
    #[error("`.{0}(…)` is given an empty name, or one with control characters")]
    Name(&'static str),
    /// The name of the issuer stands for several.
    #[error("{0:?} is the issuer of no token: write the issuer of one tenant, or `Jwt::entra_tenants([…])`")]
    IssuerTemplate(String),
    /// The address of metadata is not the issuer.
    #[error("{0:?} is the address of metadata: the issuer is {1:?}")]
    IssuerIsMetadata(String, String),
    /// The claim would be named without what separates the two parts of its name.
    #[error("`.auth0({0:?})`: the claim would be {0:?} followed by `roles`: write {1:?}")]
    Namespace(String, String),
    /// Tokens with either claim would be accepted.
    #[error("`.audience_claim(…)` beside `.accept_tokens_of_any_audience()`: one undoes the other")]
    AudienceClaimWithoutAudience,
    /// Nothing could be that claim.
    #[error("`.required_claim({0:?}, …)` lists no value, or one that is not a string, a number or a boolean")]
    RequiredClaim(String),
    /// The algorithms of other keys follow from the key.
    #[error(
        "`.rsa_keys_without_alg({0:?})`: only the algorithm of RSA keys is open; write RS256, RS384, RS512, PS256, PS384 or PS512"
    )]
    NotForRsa(Algorithm),
    /// No token of the profile is an ID token, or has another type.
    #[error("`.access_token_profile()` beside `.{0}(…)`: one undoes the other")]
    ProfileBeside(&'static str),
    /// Two issuers have one name.
    #[error("the issuer is there twice: give one `Jwt` both keys, with `.or_key(…)`")]
    IssuerTwice,
    /// Who may sign for one could sign for the other.
    #[error("two issuers share one HMAC secret")]
    SharedSecret,
    /// Only an issuer that is alone may sign tokens without `iss`.
    #[error("`.without_issuer(…)` beside another issuer: nothing would tell their tokens apart")]
    UnnamedAmongSeveral,
}

crate::debug_as_display!(JwtError);
