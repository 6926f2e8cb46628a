//! For each authentication scheme: its public names, and its methods of the builder.

use crate::auth::AuthBuilder;

/// Bearer tokens: issuers, keys, and the cache of verified tokens.
///
#[doc = include_str!("../docs/providers.md")]
#[cfg(feature = "jwt")]
pub mod jwt {
    pub use auth_core::scheme::bearer::{
        Algorithm, IssuerResolver, IssuersUnavailable, JwtError, Key, KeyError, Resolved, TokenCache, TokenCacheError,
    };

    pub use crate::extract::ticket::Ticket;

    use std::sync::Arc;

    use auth_core::scheme::bearer::Jwt;
    use auth_core::scheme::token_settings::TokenSettings;

    use super::AuthBuilder;

    impl AuthBuilder {
        pub(crate) fn jwts(self, set: impl FnOnce(&mut TokenSettings)) -> Self {
            self.with(|engine| engine.schemes.update(set))
        }

        /// Accepts bearer tokens of this issuer.
        ///
        /// Call it once for each issuer. The `iss` claim selects the issuer of a token. If there are several issuers of
        /// credentials, each must declare what it [confers](Jwt::confers).
        pub fn bearer(self, jwt: Jwt) -> Self {
            self.jwts(|tokens| tokens.jwts.push(jwt))
        }

        /// Sets the cache of verified tokens. By default, it contains at most 10,000 tokens with public-key signatures, each for
        /// at most ten minutes. A cache hit still checks the expiry, the key, and the block lists.
        ///
        /// # Errors
        /// [`build`](Self::build) returns [`BuildError::TokenCache`](crate::BuildError::TokenCache) if the cache could never
        /// contain a token.
        pub fn token_cache(self, token_cache: TokenCache) -> Self {
            self.once("token_cache").jwts(|tokens| tokens.cache = token_cache)
        }

        /// Accepts one-use tickets in the query, `?ticket=…`, in place of a bearer token. Pages need them to open WebSockets and
        /// `EventSource`s; see [`Ticket`](crate::jwt::Ticket). A request with a ticket and another explicit credential has two
        /// credentials, and is refused.
        ///
        /// # Errors
        /// [`build`](Self::build) returns [`BuildError::TicketsWithoutTokens`](crate::BuildError::TicketsWithoutTokens) if bearer
        /// tokens are not accepted.
        pub fn tickets(self) -> Self {
            self.jwts(|tokens| tokens.tickets = true)
        }

        /// Accepts a bearer token in `Sec-WebSocket-Protocol`, after the subprotocol of this name:
        /// `new WebSocket(url, ["bearer", token])`. Browsers let scripts set no other header when they open a WebSocket. The
        /// response selects the subprotocol of this name. The token is verified like one in `Authorization`. A request with
        /// both has two credentials, and is refused.
        ///
        /// # Errors
        /// [`build`](Self::build) returns [`BuildError::Subprotocol`](crate::BuildError::Subprotocol) if the name is not a token
        /// (RFC 6455 §4.1), or if bearer tokens are not accepted.
        pub fn bearer_in_subprotocol(self, name: impl Into<String>) -> Self {
            self.once("bearer_in_subprotocol").jwts(|tokens| tokens.subprotocol = Some(name.into()))
        }

        /// Accepts bearer tokens in the cookie of this name, which should be `HttpOnly`, `Secure` and `SameSite`.
        ///
        /// Browsers send a cookie automatically, so state-changing requests must come from pages of [`hosts`](Self::hosts) or
        /// [`origins`](Self::origins). The cookie is ignored if the request has an explicit credential or a session. If the request
        /// has two cookies of this name, both are ignored.
        ///
        /// ```
        /// use auth_actix::{Auth, Jwt};
        /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
        /// let auth = Auth::builder().bearer(jwt).bearer_cookie("access_token").hosts(["app.example"]).build()?;
        /// # Ok::<(), std::io::Error>(())
        /// ```
        ///
        /// # Errors
        /// [`build`](Self::build) returns [`BuildError::Cookie`](crate::BuildError::Cookie) if the name is not a valid cookie
        /// name, or if bearer tokens are not accepted.
        pub fn bearer_cookie(self, name: impl Into<String>) -> Self {
            self.once("bearer_cookie").jwts(|tokens| tokens.cookie = Some(name.into()))
        }

        /// Sets the resolver for issuers that are not registered by name, such as a provider with one issuer per tenant. It
        /// selects one of the issuers of [`bearer`](Self::bearer). A token never makes this server contact another host.
        pub fn issuers_from(self, resolver: impl IssuerResolver) -> Self {
            self.once("issuers_from").jwts(|tokens| tokens.resolver = Some(Arc::new(resolver)))
        }
    }
}

/// OpenID providers: fetched keys, introspection, and login at a provider.
#[cfg(feature = "oidc")]
pub mod oidc {
    pub use auth_core::oidc::discovery::{EndpointError, ReachError};
    pub use auth_core::scheme::bearer::{FetchError, Introspection, IntrospectionError};
    #[cfg(feature = "session")]
    pub use auth_core::scheme::session::oidc_login::{LoginError, OidcLogin};

    use super::AuthBuilder;

    #[cfg(feature = "session")]
    impl AuthBuilder {
        /// Logs users in at an OpenID provider. Requires [`session`](Self::session). Browsers are redirected to
        /// [`login_page`](Self::login_page), which is `/login` by default. The service
        /// [`Auth::oidc_login`](crate::Auth::oidc_login) has this path, and must be registered.
        pub fn oidc_login(self, login: OidcLogin) -> Self {
            self.once("oidc_login").with(|engine| engine.schemes.set(login))
        }
    }
}

/// Tokens bound to a key (DPoP, RFC 9449).
#[cfg(feature = "dpop")]
pub mod dpop {
    #[cfg(feature = "redis")]
    pub use auth_core::scheme::dpop::RedisReplayStore;
    pub use auth_core::scheme::dpop::{Dpop, DpopError, MemoryReplayStore, ReplayStore, ReplayStoreUnavailable};

    use super::AuthBuilder;

    impl AuthBuilder {
        /// Accepts DPoP-bound tokens of the issuers of [`bearer`](Self::bearer) with a proof of possession (RFC 9449). A bound
        /// token without a proof is refused, with or without this setting.
        pub fn dpop(self, dpop: Dpop) -> Self {
            self.set("dpop", |engine| engine.schemes.set(dpop))
        }
    }
}

/// Sessions: their settings, their stores, and the cookie.
#[cfg(feature = "session")]
pub mod session {
    #[cfg(feature = "redis")]
    pub use auth_core::scheme::session::RedisSessionStore;
    pub use auth_core::scheme::session::{
        MemorySessionStore, NewSession, ROTATION_GRACE, SessionInfo, SessionKey, SessionKeyError, SessionRecord,
        SessionState, SessionStore, SessionStoreError, Sessions, SessionsError, StoredSession,
    };

    pub use crate::extract::session::SessionCookie;

    use auth_core::scheme::session::LoginSettings;
    use auth_core::store::users::PasswordAuthenticator;

    use super::AuthBuilder;

    impl AuthBuilder {
        fn logins(self, set: impl FnOnce(&mut LoginSettings)) -> Self {
            self.with(|engine| engine.schemes.update(set))
        }

        /// Accepts session cookies. The extractor [`Session`](crate::Session) begins and ends sessions.
        pub fn session(self, sessions: Sessions) -> Self {
            self.once("session").logins(|logins| logins.sessions = Some(sessions))
        }

        /// Sets the users who can log in with a password. By default, these are the users of [`basic`](Self::basic).
        pub fn users(self, users: impl Into<PasswordAuthenticator>) -> Self {
            self.once("users").logins(|logins| logins.users = Some(users.into()))
        }
    }
}

/// HTTP Basic, user stores and password verifiers.
#[cfg(feature = "passwords")]
pub mod password {
    #[cfg(feature = "basic")]
    pub use auth_core::scheme::basic::Basic;
    pub use auth_core::store::users::{
        HashError, HashedUsers, PasswordAuthenticator, PasswordCredentials, PasswordVerifier, SecretString, User,
        UserStore, UserStoreUnavailable, UsersFile, UsersFileError, VerifiedUser, hash_password,
    };
    #[cfg(feature = "_sql")]
    pub use auth_sql::{SqlUsers, SqlUsersError};

    #[cfg(feature = "basic")]
    impl super::AuthBuilder {
        /// Accepts user names and passwords of these users in HTTP Basic (RFC 7617).
        pub fn basic(self, users: impl Into<Basic>) -> Self {
            self.set("basic", |engine| engine.schemes.set(users.into()))
        }
    }
}

/// Tokens that the application issues: their sources, records and stores.
#[cfg(feature = "own-tokens")]
pub mod tokens {
    mod issue_error;
    mod source;
    mod new_token;
    mod administration;
    mod endpoints;

    pub use auth_core::denial::Denial;
    pub use auth_core::identity::network::{Network, NetworkError};
    pub use auth_core::scheme::build_error::TokenEndpointsError;
    pub use auth_core::scheme::own_token::{ExposeSecret, SecretString, TokenPrefix, TokenPrefixError, TokensError};
    pub use auth_core::store::tokens::{
        ApiKeyFile, ApiKeyFileError, FileTokenStore, MemoryTokenStore, Owner, RandomUnavailable, TokenAdmin,
        TokenDigest, TokenDigestError, TokenId, TokenIdError, TokenRecord, TokenRecordError, TokenStore,
        TokensFileError,
    };
    pub use auth_core::store::unavailable::StoreUnavailable;
    #[cfg(feature = "_sql")]
    pub use auth_sql::{SqlPool, SqlTokens, SqlTokensError};

    pub use self::issue_error::IssueError;
    pub use self::new_token::{IssuedToken, NewToken};
    pub use self::source::Tokens;

    use auth_core::scheme::own_token::TokenSources;

    use super::AuthBuilder;

    impl AuthBuilder {
        /// Accepts tokens of this source. Call it once for each source. If there are several issuers of credentials, each must
        /// declare what it [confers](Tokens::confers). A clone of `tokens` issues tokens when the `Auth` is built.
        ///
        /// # Errors
        /// [`build`](Self::build) returns [`BuildError::Tokens`](crate::BuildError::Tokens) if the settings are invalid, if a
        /// token could belong to two sources, or if another `Auth` was built with a clone of `tokens`.
        pub fn tokens(self, tokens: Tokens) -> Self {
            let Tokens { settings, link } = tokens;
            let settings = if link.is_set() { settings.taken() } else { settings };
            let add = |all: &mut TokenSources| all.sources.push(settings);
            self.link(link).with(|engine| engine.schemes.update(add))
        }
    }
}

/// Client certificates (mutual TLS).
#[cfg(feature = "client-cert")]
pub mod client_certificate {
    pub use auth_core::scheme::client_certificate::{CertificateName, ClientCertificates};

    pub use crate::tls::keep_client_certificate;

    use super::AuthBuilder;

    impl AuthBuilder {
        /// Accepts client certificates (mutual TLS). Certificates come from TLS connections that rustls has verified, by
        /// [`keep_client_certificate`](crate::client_certificate::keep_client_certificate), or from trusted proxies, if
        /// [`from_proxies`](crate::client_certificate::ClientCertificates::from_proxies) is configured.
        ///
        /// Browsers present a certificate automatically. It is ignored if the request has an explicit credential. State-changing
        /// requests must come from pages of [`hosts`](Self::hosts) or [`origins`](Self::origins).
        ///
        /// ```
        /// use auth_actix::{Auth, Id};
        /// use auth_actix::client_certificate::{CertificateName, ClientCertificates};
        /// let roles = |caller: Id, _tenant: Option<String>| async move {
        ///     let reader = Id::client("certificate:restricted", "spiffe://example.org/reader");
        ///     Ok(if caller == reader { vec!["reader".to_owned()] } else { Vec::new() })
        /// };
        /// let certificates = ClientCertificates::named_by(CertificateName::Uri);
        /// let auth = Auth::builder().client_certificates(certificates).roles_from(roles).hosts(["api.example"]).build()?;
        /// # Ok::<(), std::io::Error>(())
        /// ```
        pub fn client_certificates(self, certificates: ClientCertificates) -> Self {
            self.set("client_certificates", |engine| engine.schemes.set(certificates))
        }
    }
}

/// Custom authentication schemes.
pub mod scheme {
    #[cfg(feature = "identity")]
    pub use crate::custom_scheme::IdentityLogin;
    pub use crate::custom_scheme::{AuthenticateError, Authenticator, CredentialLocation, CustomScheme, ProxyHeader};

    use super::AuthBuilder;
    use crate::custom_scheme::CustomSchemes;

    impl AuthBuilder {
        /// Accepts the credentials of a custom scheme. Call it once for each scheme.
        pub fn scheme(self, scheme: impl Into<CustomScheme>) -> Self {
            self.with(|engine| engine.schemes.update(|schemes: &mut CustomSchemes| schemes.0.push(scheme.into())))
        }
    }
}
