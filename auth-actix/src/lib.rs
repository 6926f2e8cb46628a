#![doc = include_str!("../docs/crate.md")]
#![doc = include_str!("../docs/stores.md")]
#![doc = include_str!("../docs/accounts.md")]
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
pub mod list;
mod authorizer;
// Registration of handlers.
mod scope;
mod endpoints;
pub mod middleware;
#[cfg(feature = "client-cert")]
mod tls;
pub mod web;
mod schemes;
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
pub use auth_core::client::tenant::at;
pub use auth_core::matrix;
pub use auth_core::policy::rule::Rule;
pub use auth_core::runtime::future::{BoxFuture, LocalBoxFuture};
pub use auth_core::{Confers, Id, open};
pub use auth_macros::{
    Action, Credential, Permission, Role, TokenScope, deny_country, deny_network, public, require, require_auth,
    require_claim, require_country, require_network, require_permission, require_role, require_scope, rule,
};

pub use crate::auth::{Auth, AuthBuilder, BuildError, Peer};
pub use crate::authorizer::Authorizer;
pub use crate::extract::account::Caller;
pub use crate::extract::caller::{Claims, MaybePrincipal, PrincipalExt};
pub use crate::extract::granted::Granted;
pub use crate::extract::object::Authorized;
pub use crate::extract::object::action::Action;
pub use crate::extract::object::resource::{Allows, Policy, Resource};
#[cfg(feature = "session")]
pub use crate::extract::session::Session;
pub use crate::extract::tenant::Tenant;
pub use crate::principal::Principal;
pub use crate::schemes::*;
pub use crate::scope::{Scope, guarded, unguarded};
#[cfg(feature = "jwt")]
pub use auth_core::scheme::bearer::Jwt;

/// Identities, accounts, vocabularies, grants and role providers.
pub mod identity {
    pub use auth_core::identity::account_id::AccountId;
    pub use auth_core::identity::granted::RightsIn;
    pub use auth_core::identity::grants::{Grants, GrantsError};
    pub use auth_core::identity::issuer::NameList;
    pub use auth_core::identity::rights::{All, IntoNames, Rights};
    pub use auth_core::identity::scheme_id::SchemeId;
    pub use auth_core::identity::tenant::Tenant;
    pub use auth_core::identity::token_digest::{TokenDigest, TokenDigestError};
    pub use auth_core::identity::vocabulary::UnknownName;
    pub use auth_core::runtime::clock::Timestamp;
    pub use auth_core::store::accounts::{Accounts, AccountsError, Login, Lookup, Who};
    pub use auth_core::store::rights::{ProvidedRights, RightsProvider, RightsUnavailable};
    pub use auth_core::store::roles::{ProvidedRoles, RoleProvider, RolesUnavailable};
    pub use auth_core::store::unavailable::StoreUnavailable;
    pub use auth_core::{Actor, ClaimsError, IdError, PrincipalBuilder};
}

/// Proof types of roles, permissions and scopes, for [`Granted`].
pub mod granted {
    pub use crate::extract::granted::{Implies, Proof};
}

/// Authorization for single objects: settings of [`Resource`], and the contexts of loaders and policies.
pub mod object {
    pub use crate::extract::object::Denial;
    pub use crate::extract::object::action::Required;
    pub use crate::extract::object::resource::{
        LoadContext, ObjectVisibility, PolicyContext, PolicyUnavailable, Tenancy,
    };
    pub use crate::extract::object::unchecked::Unchecked;
}

/// Leases, which end a WebSocket or a stream when its caller loses access.
pub mod lease {
    pub use crate::extract::lease::{Lease, LeaseEnd, LeasedStream};
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
    pub use auth_core::client::tenant::{Location, LocationError};
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
