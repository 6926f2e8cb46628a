#![doc = include_str!("../docs/crate.md")]
#![doc = include_str!("../docs/stores.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Endpoints and test support share helpers. Where only some of them are compiled, some of the helpers are unused.
#![cfg_attr(
    not(all(feature = "client-cert", feature = "jwt", feature = "oidc", feature = "session", feature = "test-util")),
    allow(dead_code, unused_imports, reason = "used by features that are not compiled")
)]

mod adapter;
// Responses to denials.
mod respond;
// Settings.
mod custom_scheme;
mod auth;
// The enforcement of rules, and the error that carries the response to a denial.
mod principal;
mod guard;
// Extractors for handlers.
mod extract;
// Registration of handlers.
mod scope;
mod endpoints;
pub mod middleware;
#[cfg(feature = "client-cert")]
mod tls;
pub mod web;
// Test support for applications.
#[cfg(feature = "test-util")]
pub mod test;
#[doc(hidden)]
pub mod __private;
// Compiles the code blocks of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use auth_core::RedisUrlError;
pub use auth_core::matrix;
pub use auth_core::policy::rule::Rule;
pub use auth_core::runtime::future::{BoxFuture, LocalBoxFuture};
pub use auth_core::{Confers, Id, open};
pub use auth_macros::{
    Permission, Role, TokenScope, deny_country, deny_network, public, require, require_auth, require_claim,
    require_country, require_network, require_permission, require_role, require_scope, rule,
};

pub use crate::auth::{Auth, AuthBuilder, BuildError, Peer};
pub use crate::extract::authorized::{Allows, Authorized, Loaded, Resource};
pub use crate::extract::caller::{Claims, MaybePrincipal, PrincipalExt};
pub use crate::extract::granted::Granted;
#[cfg(feature = "session")]
pub use crate::extract::session::Session;
pub use crate::principal::Principal;
pub use crate::scope::{Scope, guarded, unguarded};
#[cfg(feature = "jwt")]
pub use auth_core::scheme::bearer::Jwt;

/// Identities, vocabularies, grants and role providers.
pub mod identity {
    pub use auth_core::identity::grants::{Grants, GrantsError};
    pub use auth_core::identity::issuer::NameList;
    pub use auth_core::identity::scheme_id::SchemeId;
    pub use auth_core::identity::vocabulary::UnknownName;
    pub use auth_core::runtime::clock::Timestamp;
    pub use auth_core::store::roles::{ProvidedRoles, RoleProvider, RolesUnavailable};
    pub use auth_core::{Actor, ClaimsError, IdError, PrincipalBuilder};
}

/// Proof types of roles, permissions and scopes, for [`Granted`].
pub mod granted {
    pub use crate::extract::granted::{Implies, Proof};
}

/// Authorization for single objects: settings of [`Resource`].
pub mod object {
    pub use crate::extract::authorized::ObjectVisibility;
}

/// Leases, which end a WebSocket or a stream when its caller loses access.
pub mod lease {
    pub use crate::extract::lease::{Lease, LeaseEnd, LeasedStream};
}

/// Bearer tokens: issuers, keys, and the cache of verified tokens.
///
#[doc = include_str!("../docs/providers.md")]
#[cfg(feature = "jwt")]
pub mod jwt {
    pub use auth_core::scheme::bearer::{
        Algorithm, IssuerResolver, IssuersUnavailable, JwtError, Key, KeyError, Resolved, TokenCache, TokenCacheError,
    };

    pub use crate::extract::ticket::Ticket;
}

/// OpenID providers: fetched keys, introspection, and login at a provider.
#[cfg(feature = "oidc")]
pub mod oidc {
    pub use auth_core::oidc::discovery::{EndpointError, ReachError};
    pub use auth_core::scheme::bearer::{FetchError, Introspection, IntrospectionError};
    #[cfg(feature = "session")]
    pub use auth_core::scheme::session::oidc_login::{LoginError, OidcLogin};
}

/// Tokens bound to a key (DPoP, RFC 9449).
#[cfg(feature = "dpop")]
pub mod dpop {
    #[cfg(feature = "redis")]
    pub use auth_core::scheme::dpop::RedisReplayStore;
    pub use auth_core::scheme::dpop::{Dpop, DpopError, MemoryReplayStore, ReplayStore, ReplayStoreUnavailable};
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
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub use auth_sql::{SqlUsers, SqlUsersError};
}

/// Throttling of failed logins.
#[cfg(feature = "passwords")]
pub mod throttle {
    #[cfg(feature = "redis")]
    pub use auth_core::store::throttle::RedisThrottleStore;
    pub use auth_core::store::throttle::{
        Admission, COUNT_TTL, Counted, Counter, CounterSet, KNOWN_PLACE_TTL, LoginCounters, LoginOutcome,
        MAX_SHARED_DELAY, MemoryThrottleStore, Throttle, ThrottleLimits, ThrottleStore, ThrottleUnavailable,
    };
}

/// API keys.
#[cfg(feature = "api-key")]
pub mod api_key {
    pub use auth_core::scheme::api_key::{
        ApiKey, ApiKeyError, ApiKeyScheme, ApiKeyStore, ApiKeyStoreUnavailable, ApiKeysFile, ApiKeysFileError,
        NewApiKey,
    };
}

/// Client certificates (mutual TLS).
#[cfg(feature = "client-cert")]
pub mod client_certificate {
    pub use auth_core::scheme::client_certificate::{CertificateName, ClientCertificates};

    pub use crate::tls::keep_client_certificate;
}

/// Custom authentication schemes.
pub mod scheme {
    #[cfg(feature = "identity")]
    pub use crate::custom_scheme::IdentityLogin;
    pub use crate::custom_scheme::{AuthenticateError, Authenticator, CredentialLocation, CustomScheme, ProxyHeader};
}

/// Block lists and revocation.
#[cfg(feature = "blocks")]
pub mod blocklist {
    #[cfg(feature = "redis")]
    pub use auth_core::store::blocklist::RedisBlocklistStore;
    pub use auth_core::store::blocklist::{
        BlockChange, BlockEntries, BlockEntry, BlockEntryError, Blocklist, BlocklistError, BlocklistFileError,
        BlocklistFull, BlocklistStore, FileBlocklistStore, MemoryBlocklistStore, RedisBlocklistError,
    };
}

/// Client addresses behind proxies, and the countries of addresses.
pub mod client {
    pub use auth_core::client::address::ForwardingHeader;
    pub use auth_core::client::country::Countries;
    #[cfg(feature = "geoip")]
    pub use auth_core::client::country::{Database, DatabaseError};
}

/// Audit events and their sinks.
pub mod audit {
    pub use auth_core::audit::{Bounded, Event, EventKind, JsonLines, JsonLinesError, Sink, TracingSink};
}

/// Responses to denials: page texts and custom rendering.
pub mod response {
    pub use auth_core::denial::DenialResponse;

    pub use crate::respond::{Messages, Refused};
}
