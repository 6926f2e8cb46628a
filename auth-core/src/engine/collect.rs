//! Collection of [`Facts`] from a request: only those that the rules need, cheapest first.

use std::borrow::Cow;
use std::net::IpAddr;

use super::Engine;
use super::request::Adapter;
use super::startup_checks::{self, RuleError};
use crate::client::Head;
use crate::client::address::PeerOrClient;
use crate::client::country::CountryCode;
use crate::client::csrf::CrossSite;
use crate::client::tenant::TenantLocation;
use crate::denial::quoted;
use crate::policy::decision::Rules;
use crate::policy::facts::{
    CallerFacts, Checks, ExternalRights, Facts, RequestDimension, RequestRefusal, RequestTenants,
};
use crate::policy::rule::{FactsNeeded, Literal, Rule};
use crate::runtime::clock;

/// The input of a decision: a request and the rules of one layer.
pub(super) struct CallerQuery<'r, H: Adapter> {
    pub(super) request: &'r H::Request,
    pub(super) rules: Rules<'r>,
    /// The rule of the handler, for logs.
    pub(super) handler: &'static Rule,
    /// The results of checks that have already run.
    pub(super) checks: Checks,
}

impl<H: Adapter> Clone for CallerQuery<'_, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H: Adapter> Copy for CallerQuery<'_, H> {}

impl<H: Adapter> Engine<H> {
    /// Collects all facts except the caller.
    pub(super) fn collect<'a>(
        &'a self,
        query: CallerQuery<'_, H>,
        about: FactsNeeded,
        tenants: Option<&'a RequestTenants>,
    ) -> Facts<'a> {
        let CallerQuery { request, rules, checks, .. } = query;
        let client = if about.place || self.binds_networks { self.client(request) } else { None };
        let needs_site = about.place || self.accepts_ambient;
        Facts {
            set_up: self.wrong_set_up(request, rules, about, tenants),
            now: clock::now(),
            client,
            country: if about.country { self.country(request, client) } else { None },
            refusal: if self.checks_requests { self.refusal(request) } else { None },
            cross_site: if needs_site { self.cross_site(request) } else { CrossSite::Passed },
            caller: CallerFacts::Nobody,
            sources: &self.sources,
            checks,
            external: ExternalRights { is_asked: self.rights_provider.is_some(), tenants, ..ExternalRights::default() },
        }
    }

    /// Reads the tenants that the rules name.
    #[cold]
    pub(super) fn tenants(&self, request: &H::Request, rules: Rules<'_>) -> RequestTenants {
        let read = |name| Some(RequestDimension { name, value: self.tenant_location(name).read::<H>(request)? });
        RequestTenants {
            dimensions: rules.dimensions().into_iter().filter_map(read).collect(),
            negated: self.negated_roles(),
        }
    }

    /// Returns the mistake of a rule about tenants, for a handler that no scope has checked at start-up.
    #[cold]
    fn wrong_tenants(&self, request: &H::Request, rules: Rules<'_>, tenants: &RequestTenants) -> Option<&'static str> {
        if tenants.dimensions.len() != rules.dimensions().len() {
            return Some(
                "the rule names a tenant that is not declared, and the pattern of this route does not contain it exactly once",
            );
        }
        let is_chosen = |name: &'static str| {
            let location = self.tenant_location(name);
            location.is_outside_path() && location.path().is_none_or(|path| H::path_parameter(request, path).is_none())
        };
        let mut negated = rules.literals().into_iter().filter(|literal| literal.negated).filter_map(Literal::tenant);
        let is_wrong = negated.any(|tenant| tenant.iter().any(|name| is_chosen(name)));
        is_wrong.then_some("the rule negates an atom within a tenant that the client chooses outside of the path")
    }

    /// Returns the location of a tenant. A name that no setting declares is that of a path parameter.
    pub(super) fn tenant_location(&self, name: &'static str) -> Cow<'_, TenantLocation> {
        match self.tenant_locations.iter().find(|known| known.name == name) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(TenantLocation::undeclared(name)),
        }
    }

    /// Returns whether the request was sent by another site.
    pub fn cross_site(&self, request: &H::Request) -> CrossSite {
        self.cross_site_as(H::method(request), request)
    }

    /// Like [`cross_site`](Self::cross_site), for a request that changes state regardless of its method.
    pub fn cross_site_of_change(&self, request: &H::Request) -> CrossSite {
        self.cross_site_as("POST", request)
    }

    fn cross_site_as(&self, method: &str, request: &H::Request) -> CrossSite {
        CrossSite::of(method, H::authority(request), &Head::<H>(request), &self.origins, &self.hosts)
    }

    /// Describes, for the log, the origin that a request states and the setting that would allow such requests.
    pub(super) fn describe_origin(&self, request: &H::Request) -> String {
        let shown = |name: &str| {
            let mut lines = Head::<H>(request).bytes(name).map(String::from_utf8_lossy);
            match (lines.next(), lines.next()) {
                (None, _) => "absent".to_owned(),
                (Some(line), None) => quoted(&line),
                (Some(_), Some(_)) => "repeated".to_owned(),
            }
        };
        let (site, origin) = (shown("sec-fetch-site"), shown("origin"));
        let help = match self.hosts.is_empty() {
            true => {
                "call `.hosts([…])` with the host names of this server, or `.origins([…])` with the origins of front ends on other sites"
            }
            false => "call `.origins([…])` with the origins of front ends on other sites",
        };
        format!("Sec-Fetch-Site is {site}, Origin is {origin}; {help}")
    }

    /// Returns the client address. `None` if it is unknown, or if the request is not for one of the configured host names.
    pub fn client(&self, request: &H::Request) -> Option<IpAddr> {
        let head = Head::<H>(request);
        if self.address.is_contradicted(&head) && self.warn_of_proxy_once() {
            tracing::warn!(
                target: "auth_actix",
                "a request contains a forwarding header, but `.client_address(Peer)` is for servers without a proxy: the client address is unknown"
            );
        }
        let ours = self.hosts.is_empty() || self.hosts.are_asked(H::authority(request), &head);
        self.address.client(H::peer(request), &head).filter(|_| ours)
    }

    fn country(&self, request: &H::Request, client: Option<IpAddr>) -> Option<CountryCode> {
        let from_proxy = self.address.is_from_proxy(H::peer(request));
        self.countries.as_ref()?.of(client?, from_proxy, &Head::<H>(request))
    }

    /// Returns why a request is refused whatever its rule is, if it is.
    fn refusal(&self, request: &H::Request) -> Option<RequestRefusal> {
        let address = || self.address.blocked(H::peer(request), &Head::<H>(request));
        if self.blocklist.as_ref().is_some_and(|blocklist| blocklist.refuses_address(address())) {
            return Some(RequestRefusal::AddressBlocked);
        }
        self.refusal_in_open_mode(request)
    }

    /// Returns the client address that attempts are counted by and that audit events contain.
    pub fn throttled_client(&self, request: &H::Request) -> Option<PeerOrClient> {
        self.address.throttled_client(H::peer(request), &Head::<H>(request))
    }

    fn wrong_set_up(
        &self,
        request: &H::Request,
        rules: Rules<'_>,
        about: FactsNeeded,
        tenants: Option<&RequestTenants>,
    ) -> Option<&'static str> {
        if let Some(tenants) = tenants
            && let Some(mistake) = self.wrong_tenants(request, rules, tenants)
        {
            return Some(mistake);
        }
        if about.place
            && let Some(mistake) = startup_checks::places(self, rules, about).into_iter().next()
        {
            // Start-up rejects such a rule in a scope, so this is a handler outside of all scopes.
            return Some(match mistake {
                RuleError::NoAddress(_) => {
                    "the rule names a network or a country: call `.client_address(Peer)` or `.trusted_proxies(…)`"
                }
                RuleError::NoHosts(_) => "the rule names a network or a country: call `.hosts([…])`",
                RuleError::NoCountries(_) => "the rule names a country: call `.countries(…)`",
                _ => "the rule names a network that contains trusted proxies",
            });
        }
        let from_elsewhere = || H::peer(request).is_some_and(|peer| !peer.ip().to_canonical().is_loopback());
        (self.loopback_only && from_elsewhere())
            .then_some("development keys and cookies are accepted only from this machine")
    }
}
