//! The builder of an engine. All invalid settings are reported here, before the first request.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::body_keys::{BodyKeySettings, BodyKeys};
use super::request::Adapter;
use super::{BlockCheck, Engine, OpenSettings, ResourceDeps, Warned};
use crate::audit::Sink;
use crate::client::address::{AddressSource, ForwardingHeader};
use crate::client::country::Countries;
use crate::client::csrf::Origins;
use crate::client::hosts::Hosts;
use crate::client::tenant::{Location, TenantLocation};
use crate::denial::challenge::Realm;
use crate::identity::issuer::{LoginContext, LoginSetting, RoleTypes};
use crate::identity::network::network;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::Vocabulary;
use crate::oidc::protected_resource::ProtectedResource;
use crate::runtime::set_once::SetOnce;
use crate::scheme::build_error::{BuildError, Mistakes};
use crate::scheme::settings::{AllSettings, Assembly, IssuerSettings, SettingsContext, warn};
use crate::scheme::{Authenticator, Schemes, shared_headers};
use crate::store::accounts::ProvidedAccounts;
use crate::store::rights::ProvidedRights;

/// The configured source of client addresses.
#[derive(Default)]
pub enum Address {
    /// Not configured.
    #[default]
    Unset,
    /// The peer of the connection is the client.
    Peer,
    /// These proxies report the client address in this header.
    Behind(Vec<String>, ForwardingHeader),
    /// This number of proxies report the client address in this header.
    Hops(NonZeroUsize, ForwardingHeader),
}

impl Address {
    fn is_behind_proxy(&self) -> bool {
        matches!(self, Self::Behind(..) | Self::Hops(..))
    }

    fn source(self) -> Result<AddressSource, BuildError> {
        let (written, header) = match self {
            Self::Unset => return Ok(AddressSource::Unset),
            Self::Peer => return Ok(AddressSource::Peer),
            Self::Hops(hops, header) => return Ok(AddressSource::Hops { hops, header }),
            Self::Behind(written, header) => (written, header),
        };
        if written.is_empty() {
            return Err(BuildError::NoProxy);
        }
        let (mut proxies, mut unix) = (Vec::new(), false);
        for proxy in written {
            if proxy == "unix" {
                unix = true;
            } else {
                proxies.push(network(&proxy).ok_or(BuildError::Proxy(proxy))?);
            }
        }
        Ok(AddressSource::Behind { proxies, unix, header })
    }
}

/// The settings of an application, before validation.
pub struct EngineBuilder<H: Adapter> {
    /// The realm. `restricted` by default.
    pub realm: Option<String>,
    /// The settings of the schemes.
    pub schemes: AllSettings<H>,
    /// Whether an `Authorization` line of a scheme that is not accepted is treated as absent.
    pub ignore_unsupported: bool,
    /// The single-valued settings that have been configured.
    pub once: SetOnce,
    /// The role types whose grants apply.
    pub roles: RoleTypes,
    /// The provider of rights that no credential contains.
    pub rights_provider: Option<ProvidedRights>,
    /// The provider of accounts.
    pub accounts: Option<ProvidedAccounts>,
    /// The values with which objects are loaded.
    pub resource_deps: ResourceDeps,
    /// Limits on bodies that contain keys of objects.
    pub body_keys: BodyKeySettings,
    /// The settings of the mode without authentication.
    pub open: OpenSettings,
    /// The page at which a login without an account can create one.
    pub sign_up_page: Option<String>,
    /// The declared tenants, with their locations.
    pub tenants: Vec<(String, Location)>,
    /// Pairs of types whose shared names have the same meaning.
    pub same: Vec<(&'static Vocabulary, &'static Vocabulary)>,
    /// The source of client addresses.
    pub address: Address,
    /// The source of client countries.
    pub countries: Option<Countries>,
    /// The block list, which takes precedence over all rules.
    pub blocklist: Option<Arc<dyn BlockCheck>>,
    /// The host names of this server.
    pub hosts: Vec<String>,
    /// The origins of front ends on other hosts.
    pub origins: Vec<String>,
    /// The identifier of this server as a protected resource.
    pub resource: Option<String>,
    /// The audit sink.
    pub sink: Option<Arc<dyn Sink>>,
    /// Whether all grants are recorded in the audit log.
    pub audits_grants: bool,
    /// The path of the login page.
    pub login_page: Option<String>,
    /// The prefix of the `type` of problems.
    pub problem_base: Option<String>,
}

impl<H: Adapter> Default for EngineBuilder<H> {
    fn default() -> Self {
        Self {
            realm: None,
            schemes: AllSettings::default(),
            ignore_unsupported: false,
            once: SetOnce::default(),
            roles: RoleTypes::default(),
            rights_provider: None,
            accounts: None,
            resource_deps: ResourceDeps::default(),
            body_keys: BodyKeySettings::default(),
            open: OpenSettings::default(),
            sign_up_page: None,
            tenants: Vec::new(),
            same: Vec::new(),
            address: Address::default(),
            countries: None,
            blocklist: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            resource: None,
            sink: None,
            audits_grants: false,
            login_page: None,
            problem_base: None,
        }
    }
}

/// The result of [`EngineBuilder::build`].
pub struct Built<H: Adapter> {
    /// The engine.
    pub engine: Engine<H>,
    /// The realm.
    pub realm: Realm,
    /// The accepted schemes, in the order of their challenges.
    pub accepted: Vec<SchemeId>,
    /// The path of the login page.
    pub login_page: Option<String>,
    /// The path of the page at which a login without an account can create one.
    pub sign_up_page: Option<String>,
    /// The prefix of the `type` of problems.
    pub problem_base: Option<String>,
    /// The realm and the memory address of the session store, if the store is in the memory of this process.
    pub in_memory: Option<(String, usize)>,
}

/// The identifier of the next engine.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl<H: Adapter> EngineBuilder<H> {
    /// Records that a single-valued setting was configured. [`build`](Self::build) reports a repeated one, since the second call
    /// would override the first.
    pub fn once(mut self, name: &'static str) -> Self {
        self.once.note(name);
        self
    }

    /// Validates the settings and prepares keys and verifiers. Opens no connection.
    ///
    /// # Errors
    /// Settings are invalid. The error lists all of them.
    pub fn build(mut self) -> Result<Built<H>, BuildError> {
        let mut mistakes = Mistakes::default();
        self.check(&mut mistakes);
        let loopback_only = self.schemes.iter().any(|scheme| scheme.is_for_this_machine());
        let realm_text = self.realm.take().unwrap_or_else(|| "restricted".to_owned());
        let realm = mistakes.collect(checked_realm(&realm_text).map(Some));
        let resource = mistakes.collect(self.resource.take().map(checked_resource).transpose());
        let logins = self.login_context();
        let assembly = Assembly::new(&realm_text, &self.roles, resource.as_ref(), self.login_page.take(), logins);
        let mut assembly = assembly.prepare_all(self.schemes, self.sink.clone(), &mut mistakes);
        let open = mistakes.collect(self.open.prepare(self.accounts.as_ref(), &mut assembly));
        let Assembly { schemes, login_page, checks_passwords, issues_tickets, memory_address, handles, .. } = assembly;
        let accepted = accepted(schemes.iter().flat_map(|scheme| scheme.sources()).map(|source| source.scheme));

        let (login_page, sign_up_page) = checked_pages(login_page, self.sign_up_page.take(), &mut mistakes);
        let problem_base = mistakes.collect(self.problem_base.take().map(checked_problem_base).transpose());
        let address = mistakes.collect(self.address.source());
        let hosts = mistakes.collect(checked_hosts(self.hosts, open.is_some()));
        let origins = mistakes.collect(Origins::new(self.origins).map_err(BuildError::Origin));
        let tenant_locations = checked_tenants(self.tenants, &schemes, &mut mistakes);
        let realm = mistakes.settled(realm)?;
        audit_blocks(self.blocklist.as_ref(), self.sink.as_ref());
        let sources: Vec<_> = schemes.iter().flat_map(|scheme| scheme.sources()).cloned().collect();
        let engine = Engine {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            binds_networks: schemes.iter().any(|scheme| scheme.binds_networks()),
            schemes: Schemes::new(schemes, self.ignore_unsupported),
            handles,
            accepts_ambient: sources.iter().any(|source| source.scheme.is_ambient()),
            sources,
            address,
            countries: self.countries,
            hosts,
            origins,
            checks_requests: self.blocklist.is_some() || open.is_some(),
            blocklist: self.blocklist,
            sink: self.sink,
            audits_grants: self.audits_grants,
            resource,
            scopes: Mutex::default(),
            open,
            loopback_only,
            issues_tickets,
            names_checked: AtomicBool::new(false),
            warned: Warned::default(),
            vocabularies: Mutex::new(self.roles.iter().collect()),
            roles: self.roles,
            rights_provider: self.rights_provider,
            accounts: self.accounts,
            resource_deps: self.resource_deps,
            body_keys: BodyKeys::new(self.body_keys),
            tenant_locations,
            hides_tenants: AtomicBool::new(false),
            negated: Mutex::new(&[]),
            same: self.same,
        };
        engine.warn_of_risks(checks_passwords);
        let in_memory = memory_address.map(|address| (realm_text, address));
        Ok(Built { engine, realm, accepted, login_page, sign_up_page, problem_base, in_memory })
    }

    fn login_context(&self) -> LoginContext {
        let is_only_issuer = self.schemes.iter().map(|scheme| scheme.issuers().len()).sum::<usize>() == 1;
        LoginContext { is_only_issuer, has_accounts: self.accounts.is_some() }
    }

    /// Reports settings that are invalid by themselves or in combination.
    fn check(&self, mistakes: &mut Mistakes) {
        for setting in self.once.repeated() {
            mistakes.add(BuildError::Repeated(setting));
        }
        for mistake in self.resource_deps.mistakes() {
            mistakes.add(mistake);
        }
        mistakes.collect(self.body_keys.check());
        if self.once.has("roles_from") && self.once.has("rights_from") {
            mistakes.add(BuildError::TwoRightsProviders);
        }
        // At least one issuer is required. With several issuers, each must declare what it may confer.
        let issuers: Vec<_> = self.schemes.iter().flat_map(|scheme| scheme.issuers()).collect();
        match issuers.len() {
            0 if self.open.is_open() => {}
            0 => mistakes.add(BuildError::NoScheme),
            1 => {}
            2.. => {
                let silent = |says: fn(&IssuerSettings) -> bool| {
                    issuers
                        .iter()
                        .filter(move |issuer| !says(issuer))
                        .map(|issuer| issuer.method)
                        .collect::<BTreeSet<_>>()
                };
                let without_confers = silent(|issuer| issuer.declares_confers);
                without_confers.into_iter().for_each(|name| mistakes.add(BuildError::ConfersMissing(name)));
                if self.accounts.is_some() {
                    let without_login = silent(|issuer| issuer.login != LoginSetting::Unset);
                    without_login.into_iter().for_each(|name| mistakes.add(BuildError::LoginMissing(name)));
                }
            }
        }
        self.open.check(&issuers, self.address.is_behind_proxy(), mistakes);
        let accounts = self.accounts.as_ref().map_or(Ok(()), ProvidedAccounts::check);
        mistakes.collect(accounts.map_err(BuildError::Accounts));
        let context = SettingsContext {
            has_realm: self.realm.is_some(),
            is_behind_proxy: self.address.is_behind_proxy(),
            names_proxies: matches!(self.address, Address::Behind(..)),
            settings: &self.schemes,
        };
        for scheme in self.schemes.iter() {
            scheme.check(&context, mistakes);
        }
        mistakes.collect(check_country_header(self.countries.as_ref(), self.address.is_behind_proxy()));
        if self.blocklist.is_some() && matches!(self.address, Address::Unset) {
            mistakes.add(BuildError::BlocksWithoutAddress);
        }
    }
}

/// Records changes of the block list in the audit log.
fn audit_blocks(blocklist: Option<&Arc<dyn BlockCheck>>, sink: Option<&Arc<dyn Sink>>) {
    if let (Some(blocklist), Some(sink)) = (blocklist, sink) {
        blocklist.set_audit(Arc::clone(sink));
    }
}

/// Validates the tenants, and the headers of all schemes.
fn checked_tenants<H: Adapter>(
    declared: Vec<(String, Location)>,
    schemes: &[Arc<dyn Authenticator<H>>],
    mistakes: &mut Mistakes,
) -> Vec<TenantLocation> {
    for (name, header) in shared_headers(schemes) {
        mistakes.add(BuildError::SchemeHeader(name, header));
    }
    let credentials: Vec<_> = schemes.iter().flat_map(|scheme| scheme.headers()).collect();
    let locations = TenantLocation::all(declared, &credentials);
    mistakes.collect(locations.map_err(|(name, error)| BuildError::Tenant(name, error)))
}

/// Returns the schemes that appear in challenges, each once.
fn accepted(schemes: impl Iterator<Item = SchemeId>) -> Vec<SchemeId> {
    let mut accepted: Vec<SchemeId> = Vec::new();
    for scheme in schemes.filter(|scheme| *scheme != SchemeId::OPEN).map(SchemeId::challenged) {
        if !accepted.contains(&scheme) {
            accepted.push(scheme);
        }
    }
    accepted
}

impl<H: Adapter> Engine<H> {
    /// Warns about valid settings that few applications want.
    fn warn_of_risks(&self, checks_passwords: bool) {
        if checks_passwords && self.address == AddressSource::Unset {
            tracing::warn!(
                target: "auth_actix",
                "login throttling uses only the account name: call `.client_address(Peer)` or `.trusted_proxies(…)`, otherwise an attacker can lock out any user"
            );
        }
        if let Some(open) = &self.open {
            warn(&format!("{open}"));
        }
        if self.accepts_ambient && self.hosts.is_empty() && self.origins.iter().next().is_none() {
            // Chromium does not send `Sec-Fetch-Site` with a WebSocket handshake, and no browser sends it to a server without TLS.
            warn(
                "requests with cookies or Basic credentials cannot open a WebSocket, or change state over plain HTTP: call `.hosts([…])` with the host names of this server, or `.origins([…])` with the origins of its front ends",
            );
        }
    }
}

/// Requires a proxy for a country header: without one, any client could forge the header.
fn check_country_header(countries: Option<&Countries>, is_behind: bool) -> Result<(), BuildError> {
    let Some(name) = countries.and_then(Countries::header_name) else { return Ok(()) };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_name && is_behind { Ok(()) } else { Err(BuildError::CountryHeader(name.to_owned())) }
}

/// Returns whether the text is a path on this site, without anything that a browser would interpret as another site.
fn is_local_page(page: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'"');
    page.starts_with('/') && !page.starts_with("//") && page.bytes().all(plain)
}

fn checked_pages(
    login: Option<String>,
    sign_up: Option<String>,
    mistakes: &mut Mistakes,
) -> (Option<String>, Option<String>) {
    let mut checked = |page: Option<String>, wrong: fn(String) -> BuildError| {
        let checked = page.map(|page| if is_local_page(&page) { Ok(page) } else { Err(wrong(page)) });
        mistakes.collect(checked.transpose())
    };
    (checked(login, BuildError::LoginPage), checked(sign_up, BuildError::SignUpPage))
}

fn checked_realm(text: &str) -> Result<Realm, BuildError> {
    Realm::new(text).map_err(|error| BuildError::Realm(text.to_owned(), error))
}

fn checked_hosts(names: Vec<String>, is_open: bool) -> Result<Hosts, BuildError> {
    let hosts = Hosts::new(names).map_err(BuildError::Host)?;
    Ok(if is_open { hosts.with_loopback() } else { hosts })
}

fn checked_resource(identifier: String) -> Result<ProtectedResource, BuildError> {
    ProtectedResource::new(&identifier).map_err(|error| BuildError::Resource(identifier, error))
}

fn checked_problem_base(base: String) -> Result<String, BuildError> {
    let scheme = base.split_once(':').map_or("", |(scheme, _)| scheme);
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"\\<>{}|^`".contains(&byte);
    let absolute = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = absolute && base.ends_with(['/', ':', '#']) && base.bytes().all(plain);
    if fits { Ok(base) } else { Err(BuildError::ProblemBase(base)) }
}
