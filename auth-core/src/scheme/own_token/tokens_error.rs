//! Errors of the settings of token sources.

use super::format::TokenPrefixError;

/// An error of the settings of a token source. Contains no secret.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokensError {
    /// The name is not 1 to 32 lowercase letters, digits and hyphens.
    #[error("the name is not 1 to 32 lowercase letters, digits and `-`")]
    Name,
    /// Two sources have the same name.
    #[error("two sources have this name")]
    NameTwice,
    /// A single-valued setting is made twice.
    #[error("`.{0}(…)` is called twice: the second call would replace the first")]
    Repeated(&'static str),
    /// Nothing distinguishes the tokens of this source.
    #[error("nothing distinguishes its tokens: call `.prefix(\"…\")` or `.opaque()`")]
    NoForm,
    /// The prefix is invalid.
    #[error("`.prefix(…)`: {0}")]
    Prefix(TokenPrefixError),
    /// A token could belong to two sources.
    #[error("the prefix begins that of another source, or the other begins with it: {0:?}")]
    PrefixOverlap(String),
    /// `.accept_unchecked()` is called without a prefix.
    #[error("`.accept_unchecked()` is for tokens with a `.prefix(…)`: other tokens have no checksum")]
    UncheckedWithoutPrefix,
    /// Tokens without a prefix would be read from every `Authorization` line.
    #[error("`at::bare_authorization()` requires a `.prefix(…)`: any scheme name could be a token otherwise")]
    BareWithoutPrefix,
    /// A source of tokens has no store.
    #[error("`.store(…)` is missing")]
    NoStore,
    /// A fixed token has a store.
    #[error("a fixed token has no `.store(…)`")]
    StoreOfFixed,
    /// Found tokens are cached for more than 60 s.
    #[error("`.cache(…)` is more than 60 s, which would delay the effect of a revocation by another process")]
    CacheTtl,
    /// A fixed token is not looked up.
    #[error("a fixed token is not looked up: `.cache(…)` is for tokens with a `.store(…)`")]
    CacheOfFixed,
    /// Tokens act for accounts, and the application has none.
    #[error("`.for_accounts()` requires `.accounts(…)`")]
    NoAccounts,
    /// A fixed token has no record, and therefore no owner.
    #[error("a fixed token has no owner: `.for_accounts()` is for tokens with a `.store(…)`")]
    AccountOfFixed,
    /// The keys in a file of an earlier format belong to clients.
    #[error("the keys of `.api_key_file(…)` belong to clients: remove `.for_accounts()`")]
    AccountOfApiKeys,
    /// Tokens are login sessions, and their owners are clients.
    #[error("`.login_sessions()` requires `.for_accounts()`")]
    LoginSessionsOfClients,
    /// Another `Auth` was built with the same value, so that it would be unclear which one issues tokens.
    #[error(
        "this value, or a clone of it, belongs to another `Auth`: build one `Auth` before `HttpServer::new`, or make a second `Tokens` with the same store"
    )]
    OtherAuth,
    /// A fixed token has less than 16 bytes.
    #[error("the fixed token has less than 16 bytes")]
    FixedTooShort,
    /// A fixed token contains a character that is not accepted, or more than 512 bytes.
    #[error(
        "the fixed token is longer than 512 bytes, or contains a space, `,`, `;`, `\"`, `\\` or a character that is not visible ASCII"
    )]
    FixedSyntax,
    /// A fixed token consists of three parts of base64url, so that it is taken for a JWT.
    #[error("the fixed token has the form of a JWT")]
    FixedIsJwt,
    /// A fixed token begins with the prefix of another source, so that it would never be found.
    #[error("the fixed token begins with the prefix of the source {0:?}")]
    FixedHasPrefix(String),
    /// A fixed token equals another one, or a secret that signs tokens.
    #[error("the fixed token is also used as another secret of this application")]
    FixedIsAnotherSecret,
    /// The places are empty, or one of them cannot contain a token.
    #[error("`.places([…])` accepts `at::bearer()`, `at::bare_authorization()` and `at::header(\"…\")`")]
    Place,
    /// The header is invalid or has another purpose.
    #[error("`.places([…])`: {0:?} is not a header that only credentials use")]
    Header(String),
    /// Two sources accept tokens without a prefix, or introspection does as well.
    #[error(
        "`.opaque()` beside another source of opaque tokens, or beside introspection: give this one a `.prefix(…)`"
    )]
    OpaqueTwice,
}

crate::debug_as_display!(TokensError);
