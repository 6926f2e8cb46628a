//! The engine: from a request and the rules of its handler to a grant or a denial.
//!
//! ```text
//! request ─► collect ─► extract ─► ┌ decide ─► verify | ask roles | run check ┐ ─► grant ─► handler
//!                                  └──────────────── until decided ──────────┘ ─► deny ─► response
//! ```
//!
//! A web framework is connected by an [`Adapter`]. The request is read when facts are collected and credentials extracted, and
//! nowhere else.

mod request;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "metrics_absent.rs"]
pub mod metrics;
pub mod startup_checks;
mod collect;
mod evaluate;
mod identify;
pub mod audit;
pub mod not_found;
pub mod layers;
mod describe;
pub mod build;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub use self::request::{Adapter, CallerOutcome, RequestState, ResponseHints};
use crate::audit::Sink;
use crate::client::address::{AddressSource, Hosts};
use crate::client::country::Countries;
use crate::client::csrf::Origins;
use crate::denial::Denial;
use crate::identity::issuer::{Issuer, RoleTypes};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::{NameKind, Vocabulary};
use crate::oidc::protected_resource::ProtectedResource;
use crate::scheme::settings::Handles;
use crate::scheme::{ConfiguredNames, Schemes};
use crate::store::roles::ProvidedRoles;

/// A block list, as the engine asks it.
pub trait BlockCheck: Send + Sync {
    /// Whether requests from this address are refused; `None` is an address that is not known.
    fn refuses_address(&self, address: Option<IpAddr>) -> bool;

    /// Records changes of the list here.
    fn set_audit(&self, sink: Arc<dyn Sink>);

    /// What the list says about a verified caller.
    ///
    /// # Errors
    /// The caller is blocked, what they sent was revoked, or the list is too old to tell.
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

/// Decides requests by the settings of one application.
pub struct Engine<H: Adapter> {
    id: u64,
    /// The schemes, in the order in which their issuers are listed.
    schemes: Schemes<H>,
    /// Parts of schemes, for extractors and endpoints.
    handles: Handles,
    sources: Vec<Arc<Issuer>>,
    /// Whether a browser sends credentials of one of the schemes by itself.
    accepts_ambient: bool,
    /// Where client addresses come from.
    address: AddressSource,
    /// Where countries come from.
    countries: Option<Countries>,
    /// The names of this server.
    hosts: Hosts,
    /// Origins of front ends elsewhere.
    origins: Origins,
    /// Who is refused whatever a rule says.
    blocklist: Option<Arc<dyn BlockCheck>>,
    /// Who records events.
    sink: Option<Arc<dyn Sink>>,
    /// Whether all grants are recorded.
    audits_grants: bool,
    /// What this server is called as a protected resource.
    resource: Option<ProtectedResource>,
    /// The scopes that rules name, except for routes that are hidden.
    scopes: Mutex<BTreeSet<&'static str>>,
    /// Whether only this machine may send requests, since keys or cookies are those of development.
    loopback_only: bool,
    /// Whether handlers can issue tickets.
    issues_tickets: bool,
    names_checked: AtomicBool,
    warned_of_proxy: AtomicBool,
    /// The role types whose grants count.
    roles: RoleTypes,
    /// Provides roles that no credential contains.
    role_provider: Option<ProvidedRoles>,
    /// The vocabularies that were registered so far. Read when handlers are registered, never in a request.
    vocabularies: Mutex<Vec<&'static Vocabulary>>,
    /// Types whose shared names mean the same.
    same: Vec<(&'static Vocabulary, &'static Vocabulary)>,
}

impl<H: Adapter> Engine<H> {
    /// Identifies the engine within the process.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The schemes.
    pub fn schemes(&self) -> &Schemes<H> {
        &self.schemes
    }

    /// A part of a scheme, by its type, if the scheme is accepted.
    pub fn part<T: 'static>(&self) -> Option<&T> {
        self.handles.get()
    }

    /// The issuers whose credentials are accepted.
    pub fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    /// Where client addresses come from.
    pub fn address(&self) -> &AddressSource {
        &self.address
    }

    /// Where countries come from.
    pub fn countries(&self) -> Option<&Countries> {
        self.countries.as_ref()
    }

    /// The names of this server.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Who records events.
    pub fn sink(&self) -> Option<&dyn Sink> {
        self.sink.as_deref()
    }

    /// What this server is called as a protected resource.
    pub fn resource(&self) -> Option<&ProtectedResource> {
        self.resource.as_ref()
    }

    /// The role types whose grants count.
    pub fn roles(&self) -> &RoleTypes {
        &self.roles
    }

    /// Provides roles that no credential contains.
    pub fn role_provider(&self) -> Option<&ProvidedRoles> {
        self.role_provider.as_ref()
    }

    /// The version of the grants that are data.
    fn version_of_grants(&self) -> Option<String> {
        self.roles.version()
    }

    /// Whether responses may have to say how they were decided: by something that shared caches do not look at, or for a proof.
    pub fn affects_responses(&self) -> bool {
        // A rule that names a network or a country does not start without an address.
        self.schemes.affect_responses() || self.address != AddressSource::Unset
    }

    /// Whether this is the first time that a request shows a proxy which no setting names.
    fn warn_of_proxy_once(&self) -> bool {
        !self.warned_of_proxy.swap(true, Ordering::Relaxed)
    }

    /// The issuers that are asked for tokens: those whose name is an address.
    pub fn authorization_servers(&self) -> Vec<&str> {
        let of_tokens = self.sources.iter().filter(|source| source.scheme == SchemeId::Bearer);
        of_tokens
            .map(|source| &*source.issuer)
            .filter(|issuer| issuer.starts_with("https://") || issuer.starts_with("http://"))
            .collect()
    }

    /// Registers a scope that the rule of a route names which is not hidden.
    fn note_scope(&self, name: &'static str) {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }

    /// The scopes that rules name.
    pub fn scopes_of_rules(&self) -> Vec<&'static str> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Registers a vocabulary that a rule names. An earlier one that declares one of its names differently is a mistake: the name in
    /// a token would have two meanings.
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
            tracing::error!(target: "auth_actix", "more than {} types of roles: the grants of `{}` do not count", RoleTypes::MOST, vocabulary.declared_in);
        }
        Ok(())
    }

    /// Logs a warning for each name in settings and files that no vocabulary declares. Runs once.
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
            for kind in [NameKind::Role, NameKind::Permission, NameKind::Scope] {
                let names = source.confers.listed(kind).map(str::to_owned).collect();
                let issuer = source.issuer.to_string();
                all.push(ConfiguredNames { place: "`.confers(…)` names", issuer, kind, names });
            }
        }
        for names in self.schemes.iter().flat_map(|scheme| scheme.configured_names()) {
            // Basic and the login form may have the same users.
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
