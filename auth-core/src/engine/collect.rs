//! Collection of [`Facts`] from a request: only those that the rules need, cheapest first.

use std::net::IpAddr;

use super::Engine;
use super::request::Adapter;
use super::startup_checks::{self, RuleError};
use crate::client::address::PeerOrClient;
use crate::client::country::CountryCode;
use crate::client::csrf::CrossSite;
use crate::client::{Head, RequestHead};
use crate::denial::quoted;
use crate::policy::decision::Rules;
use crate::policy::facts::{CallerFacts, Checks, ExternalRoles, Facts};
use crate::policy::rule::{FactsNeeded, Rule};
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

/// Returns the values of the path parameters that the rules use as tenants.
pub(super) fn tenants<H: RequestHead>(
    request: &H::Request,
    rules: Rules<'_>,
    about: FactsNeeded,
) -> Vec<(&'static str, String)> {
    if !about.tenant {
        return Vec::new();
    }
    rules.tenants().filter_map(|name| Some((name, H::path_parameter(request, name)?))).collect()
}

impl<H: Adapter> Engine<H> {
    /// Collects all facts except the caller.
    pub(super) fn collect<'a>(
        &'a self,
        query: CallerQuery<'_, H>,
        about: FactsNeeded,
        tenants: &'a [(&'static str, String)],
    ) -> Facts<'a> {
        let CallerQuery { request, rules, checks, .. } = query;
        let client = if about.place { self.client(request) } else { None };
        let needs_site = about.place || self.accepts_ambient;
        Facts {
            set_up: self.wrong_set_up(request, rules, about, tenants),
            now: clock::now(),
            client,
            country: if about.country { self.country(request, client) } else { None },
            address_blocked: self.address_is_blocked(request),
            cross_site: if needs_site { self.cross_site(request) } else { CrossSite::Passed },
            caller: CallerFacts::Nobody,
            sources: &self.sources,
            checks,
            elsewhere: ExternalRoles { is_asked: self.role_provider.is_some(), tenants, unknown_holds: false },
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
                (Some(_), Some(_)) => "there twice".to_owned(),
            }
        };
        let (site, origin) = (shown("sec-fetch-site"), shown("origin"));
        let help = match self.hosts.is_empty() {
            true => "`.hosts([…])` names this server, `.origins([…])` its front ends elsewhere",
            false => "`.origins([…])` names front ends elsewhere",
        };
        format!("Sec-Fetch-Site is {site}, Origin is {origin}; {help}")
    }

    /// Returns the client address. `None` if it is unknown, or if the request is not for one of the configured host names.
    pub fn client(&self, request: &H::Request) -> Option<IpAddr> {
        let head = Head::<H>(request);
        if self.address.is_contradicted(&head) && self.warn_of_proxy_once() {
            tracing::warn!(
                target: "auth_actix",
                "a request carries a forwarding header, and `.client_address(Peer)` is configured for a server without a proxy: the client address is unknown"
            );
        }
        let ours = self.hosts.is_empty() || self.hosts.are_asked(H::authority(request), &head);
        self.address.client(H::peer(request), &head).filter(|_| ours)
    }

    fn country(&self, request: &H::Request, client: Option<IpAddr>) -> Option<CountryCode> {
        let from_proxy = self.address.is_from_proxy(H::peer(request));
        self.countries.as_ref()?.of(client?, from_proxy, &Head::<H>(request))
    }

    fn address_is_blocked(&self, request: &H::Request) -> bool {
        let address = || self.address.blocked(H::peer(request), &Head::<H>(request));
        self.blocklist.as_ref().is_some_and(|blocklist| blocklist.refuses_address(address()))
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
        tenants: &[(&'static str, String)],
    ) -> Option<&'static str> {
        let is_known = |name: &str| tenants.iter().any(|(known, _)| *known == name);
        if about.tenant && !rules.tenants().all(is_known) {
            return Some("the rule says `in` a name that the pattern of this route does not have, or has twice");
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
                _ => "the rule names a network that holds trusted proxies",
            });
        }
        let from_elsewhere = || H::peer(request).is_some_and(|peer| !peer.ip().to_canonical().is_loopback());
        (self.loopback_only && from_elsewhere()).then_some("keys and cookies of development are for this machine alone")
    }
}
