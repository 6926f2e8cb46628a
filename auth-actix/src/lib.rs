#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod adapter;
// Responses to denials.
mod respond;
// Settings.
mod custom_scheme;
mod auth;
// The decision, and the error that answers a denial.
mod principal;
mod guard;
// What handlers take.
mod extract;
// What they are registered with.
mod scope;
mod endpoints;
mod middleware;
#[cfg(feature = "client-cert")]
mod tls;
pub mod web;
// For the tests of applications.
#[cfg(feature = "test-util")]
pub mod test;
#[doc(hidden)]
pub mod __private;

#[cfg(feature = "redis")]
pub use auth_core::RedisUrlError;
pub use auth_core::audit::{Bounded, Event, Happened, JsonLines, JsonLinesError, Sink, TracingSink};
pub use auth_core::client::address::Forwarding;
pub use auth_core::client::country::Countries;
#[cfg(feature = "geoip")]
pub use auth_core::client::country::{Database, DatabaseError};
pub use auth_core::denial::Answer;
pub use auth_core::identity::grants::{Grants, GrantsError};
pub use auth_core::identity::scheme_id::Scheme;
#[cfg(feature = "oidc")]
pub use auth_core::oidc::discovery::{EndpointError, ReachError};
pub use auth_core::runtime::clock::Timestamp;
pub use auth_core::runtime::future::{BoxFuture, LocalBoxFuture};
#[cfg(all(feature = "dpop", feature = "redis"))]
pub use auth_core::scheme::dpop::RedisReplayStore;
#[cfg(all(feature = "oidc", feature = "session"))]
pub use auth_core::scheme::session::oidc_login::{LoginError, OidcLogin};
#[cfg(feature = "blocks")]
pub use auth_core::store::blocklist::{
    BlockChange, BlockEntries, BlockEntry, BlockEntryError, Blocklist, BlocklistError, BlocklistFileError,
    BlocklistStore, FileBlocklistStore, MemoryBlocklistStore,
};
#[cfg(all(feature = "blocks", feature = "redis"))]
pub use auth_core::store::blocklist::{RedisBlocklistError, RedisBlocklistStore};
#[cfg(all(feature = "passwords", feature = "redis"))]
pub use auth_core::store::throttle::RedisThrottleStore;

pub use auth_core::identity::issuer::NameList;
pub use auth_core::identity::vocabulary::UnknownName;
pub use auth_core::matrix;
pub use auth_core::policy::rule::Rule;
#[cfg(feature = "api-key")]
pub use auth_core::scheme::api_key::{
    ApiKey, ApiKeyError, ApiKeyScheme, ApiKeys, ApiKeysFile, ApiKeysFileError, KeysUnavailable, NewApiKey,
};
#[cfg(feature = "basic")]
pub use auth_core::scheme::basic::Basic;
#[cfg(feature = "jwt")]
pub use auth_core::scheme::bearer::{
    Algorithm, IssuerResolver, IssuersUnavailable, Jwt, JwtError, Key, KeyError, Resolved, TokenCache, TokenCacheError,
};
#[cfg(feature = "oidc")]
pub use auth_core::scheme::bearer::{FetchError, Introspection, IntrospectionError};
#[cfg(feature = "client-cert")]
pub use auth_core::scheme::client_certificate::{CertificateName, ClientCertificates};
#[cfg(feature = "dpop")]
pub use auth_core::scheme::dpop::{Dpop, DpopError, MemoryReplayStore, ReplayStore, ReplayStoreUnavailable};
#[cfg(all(feature = "redis", feature = "session"))]
pub use auth_core::scheme::session::RedisStore;
#[cfg(feature = "session")]
pub use auth_core::scheme::session::{
    Live, LiveSession, Loaded, LogIn, MemoryStore, Record, SUPERSEDED, SessionKey, SessionKeyError, SessionStore,
    Sessions, SessionsError, StoreError,
};
pub use auth_core::store::roles::{RoleSource, RolesFrom, RolesUnavailable};
#[cfg(feature = "passwords")]
pub use auth_core::store::throttle::{
    Admission, Counted, Counter, CounterSet, LoginCounters, LoginOutcome, MemoryThrottleStore, Throttle,
    ThrottleLimits, ThrottleStore, ThrottleUnavailable,
};
#[cfg(feature = "passwords")]
pub use auth_core::store::users::{
    HashError, HashedUsers, PasswordAuthenticator, PasswordCredentials, PasswordVerifier, SecretString, User,
    UserStore, UserStoreUnavailable, UsersFile, UsersFileError, VerifiedUser, hash_password,
};
pub use auth_core::{Actor, ClaimsError, Confers, Id, IdError, PrincipalBuilder, open};
pub use auth_macros::{
    Permission, Role, TokenScope, deny_country, deny_network, public, require, require_auth, require_claim,
    require_country, require_network, require_permission, require_role, require_scope, rule,
};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use auth_sql::{SqlUsers, SqlUsersError};

pub use crate::auth::{Auth, AuthBuilder, BuildError, Peer};
#[cfg(feature = "identity")]
pub use crate::custom_scheme::IdentityLogin;
pub use crate::custom_scheme::{Authenticator, CustomScheme, Place, ProxyHeader, Rejected};
pub use crate::extract::authorized::{Allows, Authorized, Existence, Object, Resource};
pub use crate::extract::caller::{Claims, MaybePrincipal, PrincipalExt};
pub use crate::extract::granted::{Granted, Implies, Proof};
pub use crate::extract::lease::{Lease, LeaseEnd, Leased};
#[cfg(feature = "session")]
pub use crate::extract::session::{Session, SessionCookie};
#[cfg(feature = "jwt")]
pub use crate::extract::ticket::Ticket;
pub use crate::middleware::Identify;
pub use crate::principal::Principal;
pub use crate::respond::{Refused, Texts};
pub use crate::scope::{
    DefaultService, GuardedRoute, GuardedService, IntoGuardedRoute, Mode, Plain, Route, Scope, ScopeEndpoint, Service,
    Strict, StrictScope, Unguarded, delete, get, guarded, head, method, patch, post, put, route, unguarded,
};
#[cfg(feature = "client-cert")]
pub use crate::tls::keep_client_certificate;
pub use auth_core::engine::startup_checks::RuleError;
