//! The engine, which maps a request and the rules of its handler to a grant or a denial.
//!
//! ```text
//! request ─► collect ─► extract ─► ┌ decide ─► verify | ask rights | run check ┐ ─► grant ─► handler
//!                                  └──────────────── until decided ──────────┘ ─► deny ─► response
//! ```
//!
//! An [`Adapter`] connects a web framework. The engine reads the request only when it collects facts and extracts credentials.

mod request;
mod resource_deps;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "metrics_absent.rs"]
pub mod metrics;
pub mod startup_checks;
mod collect;
mod provider;
mod accounts;
mod open;
mod details;
mod evaluate;
mod objects;
mod body_keys;
mod identify;
pub mod conferral;
pub mod audit;
pub mod not_found;
pub mod layers;
mod describe;
pub mod build;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use self::body_keys::BodyKeys;
pub use self::body_keys::{BodyBuffer, BodyKeySettings};
pub use self::objects::rights_unavailable;
use self::open::OpenMode;
pub use self::open::OpenSettings;
pub use self::request::{Adapter, CallerOutcome, GivenRights, Observed, RequestState, ResponseHints};
pub use self::resource_deps::ResourceDeps;
use crate::audit::Sink;
use crate::client::address::AddressSource;
use crate::client::country::Countries;
use crate::client::csrf::Origins;
use crate::client::hosts::Hosts;
use crate::client::tenant::TenantLocation;
use crate::denial::Denial;
use crate::identity::issuer::{Issuer, RoleTypes};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::{Name, NameKind, Vocabulary};
use crate::oidc::protected_resource::ProtectedResource;
use crate::scheme::settings::Handles;
use crate::scheme::{ConfiguredNames, Schemes};
use crate::store::accounts::ProvidedAccounts;
use crate::store::rights::ProvidedRights;

/// The interface between a block list and the engine.
pub trait BlockCheck: Send + Sync {
    /// Returns whether requests from this address are refused. `None` is an unknown address.
    fn refuses_address(&self, address: Option<IpAddr>) -> bool;

    /// Sets the audit sink in which changes of the list are recorded.
    fn set_audit(&self, sink: Arc<dyn Sink>);

    /// Checks a verified caller against the list.
    ///
    /// # Errors
    /// The caller is blocked, their credential was revoked, or the list is stale.
    fn check(&self, caller: &Principal) -> Result<(), Denial>;
}

#[cfg(feature = "blocks")]
impl BlockCheck for crate::store::blocklist::Blocklist {
    fn refuses_address(&self, address: Option<IpAddr>) -> bool {
        self.refuses_address(address)
    }

    fn set_audit(&self, sink: Arc<dyn Sink>) {
        self.set_audit(sink);
    }

    fn check(&self, caller: &Principal) -> Result<(), Denial> {
        self.check(caller)
    }
}

/// Decides requests according to the settings of one application.
pub struct Engine<H: Adapter> {
    id: u64,
    /// The schemes, in the order in which their issuers are listed.
    schemes: Schemes<H>,
    /// Parts of schemes that extractors and endpoints use.
    handles: Handles,
    sources: Vec<Arc<Issuer>>,
    /// Whether credentials may count from some networks only.
    binds_networks: bool,
    /// Whether a browser sends the credentials of at least one scheme by itself.
    accepts_ambient: bool,
    address: AddressSource,
    countries: Option<Countries>,
    hosts: Hosts,
    /// The origins of front ends on other hosts.
    origins: Origins,
    /// The block list, which takes precedence over all rules.
    blocklist: Option<Arc<dyn BlockCheck>>,
    sink: Option<Arc<dyn Sink>>,
    audits_grants: bool,
    /// The identifier of this server as a protected resource.
    resource: Option<ProtectedResource>,
    /// The scopes that rules contain, except the rules of hidden routes.
    scopes: Mutex<BTreeSet<&'static str>>,
    /// Whether requests are checked before their rules: against blocked addresses, or in open mode.
    checks_requests: bool,
    /// The mode without authentication.
    open: Option<OpenMode>,
    /// Whether only clients on this machine are accepted, because keys or cookies are for development.
    loopback_only: bool,
    issues_tickets: bool,
    names_checked: AtomicBool,
    warned: Warned,
    /// The role types whose grants apply.
    roles: RoleTypes,
    rights_provider: Option<ProvidedRights>,
    accounts: Option<ProvidedAccounts>,
    resource_deps: ResourceDeps,
    body_keys: BodyKeys,
    /// The declared tenants.
    tenant_locations: Vec<TenantLocation>,
    /// Whether a hidden handler has a tenant outside of the path, for which the rights provider may choose one.
    hides_tenants: AtomicBool,
    /// The roles that rules negate. Grows while handlers are registered.
    negated: Mutex<&'static [Name]>,
    /// The vocabularies registered so far. Read only when handlers are registered, never during a request.
    vocabularies: Mutex<Vec<&'static Vocabulary>>,
    /// Pairs of types whose shared names have the same meaning.
    same: Vec<(&'static Vocabulary, &'static Vocabulary)>,
}

/// The warnings that were logged, each once.
#[derive(Default)]
struct Warned {
    of_proxy: AtomicBool,
    of_hidden_credential: AtomicBool,
}

impl<H: Adapter> Engine<H> {
    /// Returns the identifier of the engine, unique within the process.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the schemes.
    pub fn schemes(&self) -> &Schemes<H> {
        &self.schemes
    }

    /// Returns a part of a scheme by its type. `None` if the scheme is not accepted.
    pub fn part<T: 'static>(&self) -> Option<&T> {
        self.handles.get()
    }

    /// Returns the issuers whose credentials are accepted.
    pub fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    /// Returns the source of client addresses.
    pub fn address(&self) -> &AddressSource {
        &self.address
    }

    /// Returns the source of client countries.
    pub fn countries(&self) -> Option<&Countries> {
        self.countries.as_ref()
    }

    /// Returns the host names of this server.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Returns the audit sink.
    pub fn sink(&self) -> Option<&dyn Sink> {
        self.sink.as_deref()
    }

    /// Returns the identifier of this server as a protected resource.
    pub fn resource(&self) -> Option<&ProtectedResource> {
        self.resource.as_ref()
    }

    /// Returns the role types whose grants apply.
    pub fn roles(&self) -> &RoleTypes {
        &self.roles
    }

    /// Returns the provider of accounts.
    pub fn accounts(&self) -> Option<&ProvidedAccounts> {
        self.accounts.as_ref()
    }

    /// Returns the values with which objects are loaded.
    pub fn resource_deps(&self) -> &ResourceDeps {
        &self.resource_deps
    }

    /// Returns the provider of rights that no credential contains.
    pub fn rights_provider(&self) -> Option<&ProvidedRights> {
        self.rights_provider.as_ref()
    }

    fn hides_tenants(&self) -> bool {
        self.hides_tenants.load(Ordering::Relaxed)
    }

    /// Registers a role that a rule negates.
    fn note_negated(&self, name: Name) {
        let mut negated = self.negated.lock().unwrap_or_else(PoisonError::into_inner);
        if !negated.iter().any(|known| known.vocabulary.is(name.vocabulary) && known.text == name.text) {
            // Rules are registered once, at start-up, so this leaks a few bytes.
            *negated = negated.iter().copied().chain([name]).collect::<Vec<_>>().leak();
        }
    }

    fn negated_roles(&self) -> &'static [Name] {
        *self.negated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the version of the grants that are loaded as data.
    fn version_of_grants(&self) -> Option<String> {
        self.roles.version()
    }

    /// Returns whether responses may need headers that depend on the decision: for a credential or address that shared caches
    /// ignore, or for a proof of possession.
    pub fn affects_responses(&self) -> bool {
        // A rule with a network or a country requires a configured address source at start-up.
        let reads_headers = self.tenant_locations.iter().any(|tenant| tenant.header().is_some());
        self.schemes.affect_responses() || self.address != AddressSource::Unset || reads_headers
    }

    /// Returns `true` only once, for the first request that contains a forwarding header although no proxy is configured.
    fn warn_of_proxy_once(&self) -> bool {
        !self.warned.of_proxy.swap(true, Ordering::Relaxed)
    }

    /// Returns `true` only once, for the first handler without a rule that hides the refusal of a credential.
    pub fn warn_of_hidden_credential_once(&self) -> bool {
        !self.warned.of_hidden_credential.swap(true, Ordering::Relaxed)
    }

    /// Returns the issuers of tokens whose name is a URL: the authorization servers.
    pub fn authorization_servers(&self) -> Vec<&str> {
        let of_tokens = self.sources.iter().filter(|source| source.scheme == SchemeId::Bearer);
        of_tokens
            .map(|source| &*source.issuer)
            .filter(|issuer| issuer.starts_with("https://") || issuer.starts_with("http://"))
            .collect()
    }

    /// Registers a scope that the rule of a visible route contains.
    fn note_scope(&self, name: &'static str) {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }

    /// Returns the scopes that rules contain, except the rules of hidden routes.
    pub fn scopes_of_rules(&self) -> Vec<&'static str> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Registers a vocabulary that a rule uses. Fails if a registered vocabulary declares one of its names differently, since the
    /// name in a token would have two meanings.
    fn register_vocabulary(&self, vocabulary: &'static Vocabulary) -> Result<(), (&'static str, &'static Vocabulary)> {
        let mut met = self.vocabularies.lock().unwrap_or_else(PoisonError::into_inner);
        if met.iter().any(|other| other.is(vocabulary)) {
            return Ok(());
        }
        let same = |other: &Vocabulary| {
            self.same.iter().any(|(a, b)| a.is(other) && b.is(vocabulary) || a.is(vocabulary) && b.is(other))
        };
        for other in met.iter().filter(|other| other.kind == vocabulary.kind && !same(other)) {
            if let Some((name, _)) = vocabulary.name_index.all().iter().find(|(name, _)| other.index_of(name).is_some())
            {
                return Err((name, other));
            }
        }
        met.push(vocabulary);
        if vocabulary.kind == NameKind::Role && !vocabulary.open && !self.roles.add(vocabulary) {
            tracing::error!(target: "auth_actix", "more than {} types of roles: the grants of `{}` are ignored", RoleTypes::MOST, vocabulary.declared_in);
        }
        Ok(())
    }

    /// Logs a warning for each name in settings and files that no vocabulary declares. Repeated calls have no effect.
    pub fn check_names(&self) {
        if self.names_checked.swap(true, Ordering::Relaxed) {
            return;
        }
        let known = self.vocabularies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ConfiguredNames { place, issuer, kind, names } in self.configured_names() {
            let mut of_kind = known.iter().filter(|vocabulary| vocabulary.kind == kind).peekable();
            if of_kind.peek().is_none() || of_kind.clone().any(|vocabulary| vocabulary.open) {
                continue;
            }
            for name in names.iter().filter(|name| !of_kind.clone().any(|all| all.declares(name))) {
                let meant = of_kind.clone().find_map(|all| all.nearest(name));
                let help = meant.map(|meant| format!("; did you mean {meant:?}?")).unwrap_or_default();
                tracing::warn!(
                    target: "auth_actix", issuer,
                    "{place} the {} {}, which no type declares{help}", kind.word(), crate::denial::quoted(name)
                );
            }
        }
    }

    fn configured_names(&self) -> Vec<ConfiguredNames> {
        let mut all = Vec::new();
        for source in &self.sources {
            let place = if source.scheme == SchemeId::OPEN { "`.open(…)` grants" } else { "`.confers(…)` names" };
            for kind in [NameKind::Role, NameKind::Permission, NameKind::Scope] {
                let names = source.confers.listed(kind).map(str::to_owned).collect();
                let issuer = source.issuer.to_string();
                all.push(ConfiguredNames { place, issuer, kind, names });
            }
        }
        for names in self.schemes.iter().flat_map(|scheme| scheme.configured_names()) {
            // Basic and the login form may share their users.
            if !all.contains(&names) {
                all.push(names);
            }
        }
        all
    }
}

impl<H: Adapter> std::fmt::Debug for Engine<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sources.iter().map(|source| &source.issuer)).finish()
    }
}
