//! Requests of test cases, with the credential of a sender.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actix_http::Request;
use actix_web::HttpMessage as _;
use actix_web::http::{Method, header};
use actix_web::test::TestRequest;
use auth_core::client::address::AddressSource;
use auth_core::engine::GivenRights;
use auth_core::identity::rights::Rights;
use auth_core::identity::tenant::Tenant;
use auth_core::matrix::{CaseCaller, CaseLocation, RouteAccess};
use auth_core::policy::atom::claim_path;
use auth_core::scheme::bearer::Bearer;
use auth_core::store::accounts::TestAccount;
use serde_json::{Map, Value, json};

use super::senders::{AccountFactory, Sender, kind};
use super::tenants::{RequestTenants, dimensions};
use crate::adapter::CallerOverride;
use crate::auth::Auth;
use crate::test::{Caller, Keys};

/// The subject of all callers.
const SUBJECT: &str = "user";

/// The value of a tenant that no request names.
const ELSEWHERE: &str = "elsewhere";

/// A name that no type of names declares.
const UNDECLARED: &str = "(undeclared)";

/// Everything that the requests for a route have in common.
pub(super) struct RouteRequests<'a> {
    pub(super) keys: &'a Keys,
    pub(super) auth: &'a Auth,
    pub(super) account: Option<&'a AccountFactory>,
    pub(super) route: &'a RouteAccess,
    pub(super) path: String,
    pub(super) tenants: RequestTenants,
}

/// A change of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variation {
    /// None.
    Unchanged,
    /// The credential is bound to another tenant.
    BoundElsewhere,
    /// The application has no account of the caller.
    WithoutAccount,
    /// The caller has a further right in each tenant, which no rule names.
    WithOtherRight,
}

impl RouteRequests<'_> {
    /// Returns the request of an anonymous caller.
    pub(super) fn anonymous(&self, place: &CaseLocation) -> Option<Request> {
        Some(self.tenants.add_to(self.located(place)?, None).to_request())
    }

    /// Returns the request of a caller.
    pub(super) fn by(
        &self,
        sender: &Sender<'_>,
        caller: &CaseCaller,
        place: &CaseLocation,
        variation: Variation,
    ) -> Option<Request> {
        // A token that is always bound to one tenant is sent in another one.
        let fixed = sender.fixed.as_ref().filter(|_| variation != Variation::BoundElsewhere);
        let mut request = self.tenants.add_to(self.located(place)?, fixed);
        if sender.source.scheme.is_ambient() {
            request = request.insert_header(("Sec-Fetch-Site", "same-origin"));
        }
        let request = match sender.is_signed(caller) {
            true => {
                let token = self.token(sender, caller, variation)?;
                request.insert_header((header::AUTHORIZATION, format!("Bearer {token}"))).to_request()
            }
            false => {
                let request = request.to_request();
                let principal = self.principal(sender, caller, variation)?;
                request.extensions_mut().insert(CallerOverride(Box::new(move |_| principal.clone())));
                request
            }
        };
        if sender.source.login.loads_account() {
            let account = match (variation, self.account) {
                (Variation::WithoutAccount, _) | (_, None) => TestAccount::Missing,
                (_, Some(account)) => TestAccount::Found(account(), rights(caller, None)),
            };
            request.extensions_mut().insert(account);
        }
        if sender.has_provider {
            let caller = caller.clone();
            let has_other_right = variation == Variation::WithOtherRight;
            let rights = move |tenant: Option<&Tenant>| provided(&caller, tenant, has_other_right);
            request.extensions_mut().insert::<GivenRights>(Arc::new(rights));
        }
        Some(request)
    }

    /// Returns a request from a location. `None` if the client cannot be located there.
    fn located(&self, place: &CaseLocation) -> Option<TestRequest> {
        let method = if self.route.method == "*" { Method::GET } else { self.route.method.parse().ok()? };
        let mut request = TestRequest::with_uri(&self.path).method(method);
        if let Some(host) = self.auth.engine().hosts().first() {
            request = request.insert_header((header::HOST, host));
        }
        if *place == CaseLocation::Anywhere {
            return Some(request);
        }
        if !matches!(self.auth.engine().address(), AddressSource::Peer) {
            return None;
        }
        request = request.peer_addr(SocketAddr::new(address(place)?, 40_000));
        Some(match place {
            CaseLocation::NotKnown => request.insert_header((header::X_FORWARDED_FOR, "203.0.113.7")),
            _ => request,
        })
    }

    /// Returns a signed token.
    fn token(&self, sender: &Sender<'_>, caller: &CaseCaller, variation: Variation) -> Option<String> {
        let source = sender.source;
        let bearer = self.auth.engine().part::<Bearer>()?;
        let audience = bearer.audience_of(source).unwrap_or("any");
        let mut claims = Value::Object(claims(sender, caller));
        for (path, value) in bearer.example_claims(source) {
            *place(&mut claims, &path)? = value;
        }
        for (name, path) in &sender.claims {
            let value = match variation {
                Variation::BoundElsewhere => ELSEWHERE.to_owned(),
                _ => self.tenants.value(name, sender.fixed.as_ref())?,
            };
            *place(&mut claims, path)? = value.into();
        }
        Some(self.keys.token(&source.issuer, audience, &claims))
    }

    /// Returns a caller whose credential the test does not have.
    fn principal(
        &self,
        sender: &Sender<'_>,
        caller: &CaseCaller,
        variation: Variation,
    ) -> Option<auth_core::Principal> {
        let mut claims = claims(sender, caller);
        if sender.is_own_token() && !sender.is_limited() {
            claims.insert("client_id".to_owned(), SUBJECT.into());
        }
        let claims = Value::Object(claims).to_string();
        let principal = auth_core::Principal::from_claims(Arc::clone(sender.source), claims).ok()?;
        let tenant = match variation {
            Variation::BoundElsewhere => elsewhere(&sender.bound),
            _ => sender.tenant(&self.tenants),
        };
        let rights = sender.is_own_token().then(|| ceiling(sender, caller));
        let mut principal = principal.given_limits(rights, tenant);
        if sender.grants_by_itself(caller) {
            for tenant in &self.tenants.named {
                let names: Vec<_> = dimensions(tenant).filter_map(|name| self.tenants.dimension(name)).collect();
                let here = self.tenants.tenant(&names, sender.fixed.as_ref());
                principal = principal.given_rights(here, self::rights(caller, Some(tenant)));
            }
        }
        Some(principal)
    }
}

/// Returns a tenant with these dimensions that no request names.
fn elsewhere(names: &[&'static str]) -> Option<Tenant> {
    let (first, others) = names.split_first()?;
    Some(others.iter().fold(Tenant::of(first, ELSEWHERE), |tenant, name| tenant.and(name, ELSEWHERE)))
}

/// Returns the member of the claims to which this path leads.
fn place<'v>(claims: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(claims, |place, name| Some(place.as_object_mut()?.entry(name).or_insert_with(|| json!({}))))
}

/// Returns the names of this kind.
fn of_kind<'n>(names: &[(&'n String, &'n String)], wanted: &str) -> impl Iterator<Item = &'n str> + use<'n> {
    let names: Vec<_> = names.iter().filter(|(kind, _)| *kind == wanted).map(|(_, name)| name.as_str()).collect();
    names.into_iter()
}

/// Returns the roles and permissions of the caller in a tenant, as it is written, or outside of tenants. A member has at least one right.
fn rights(caller: &CaseCaller, tenant: Option<&str>) -> Rights {
    let inside = caller.names_in_tenants.iter().filter(|(_, _, of)| Some(of.as_str()) == tenant);
    let inside = inside.map(|(kind, name, _)| (kind, name));
    let outside = caller.names.iter().filter(|_| tenant.is_none()).map(|(kind, name)| (kind, name));
    let all: Vec<_> = inside.chain(outside).collect();
    let is_member = tenant.is_some_and(|tenant| caller.is_member_of.iter().any(|(of, is)| of == tenant && *is));
    let permissions = of_kind(&all, "permission").chain(is_member.then_some(UNDECLARED));
    let rights = Rights::new().permissions(permissions);
    // Without an answer about roles, the absence of a role is unknown.
    let answers_roles = tenant.is_some() || caller.lists_roles;
    if answers_roles { rights.roles(of_kind(&all, "role")) } else { rights }
}

/// Returns the answer in place of the rights provider. An empty answer for a tenant proves no absence, and neither does one with a name that
/// no type declares.
fn provided(caller: &CaseCaller, tenant: Option<&Tenant>, has_other_right: bool) -> Rights {
    let is_of =
        |written: &str| tenant.is_some_and(|tenant| tenant.dimensions().map(|(name, _)| name).eq(dimensions(written)));
    let inside = caller.names_in_tenants.iter().filter(|(_, _, of)| is_of(of)).map(|(kind, name, _)| (kind, name));
    let outside = caller.names.iter().filter(|_| tenant.is_none()).map(|(kind, name)| (kind, name));
    let all: Vec<_> = inside.chain(outside).collect();
    let is_incomplete = match tenant {
        Some(_) => caller.incomplete_in.iter().any(|written| is_of(written)),
        None => !caller.lists_roles,
    };
    let is_member = caller.is_member_of.iter().any(|(written, is)| is_of(written) && *is);
    let proves_absence = caller.lacks.iter().any(|(_, _, written)| written.as_deref().is_some_and(is_of));
    let roles = of_kind(&all, "role").chain(is_incomplete.then_some(UNDECLARED));
    let permissions =
        of_kind(&all, "permission").chain((is_member || proves_absence || has_other_right).then_some(UNDECLARED));
    Rights::new().roles(roles).permissions(permissions)
}

/// Returns the rights within which a token of the application counts.
fn ceiling(sender: &Sender<'_>, caller: &CaseCaller) -> Rights {
    let within = caller.names_in_tenants.iter().filter(|(_, _, tenant)| sender.is_limited() || sender.is_for(tenant));
    let outside = caller.names.iter().filter(|_| sender.is_limited() || sender.bound.is_empty());
    let all: Vec<_> =
        within.map(|(kind, name, _)| (kind, name)).chain(outside.map(|(kind, name)| (kind, name))).collect();
    let of = |kind| of_kind(&all, kind);
    Rights::new().roles(of("role")).permissions(of("permission")).scopes(of("scope"))
}

/// Returns the claims of the credential. Rights of a bound credential count in its tenant only.
fn claims(sender: &Sender<'_>, caller: &CaseCaller) -> Map<String, Value> {
    let mut of = Caller::user(SUBJECT);
    let own = caller.names_in_tenants.iter().filter(|(_, _, tenant)| sender.is_for(tenant));
    let own = own.map(|(word, name, _)| (word, name));
    let outside = caller.names.iter().filter(|(word, _)| word == "scope" || sender.bound.is_empty());
    for (word, name) in own.chain(outside.map(|(word, name)| (word, name))) {
        if sender.source.confers.says(word, name) {
            of = of.with_name(kind(word), name);
        }
    }
    for (name, values) in &caller.claims {
        let values = values.iter().map(|value| serde_json::from_str(value).unwrap_or_default());
        let mut values: Vec<Value> = values.collect();
        let value = if values.len() == 1 { values.remove(0) } else { values.into() };
        // A JSON pointer names a nested claim.
        let mut names: Vec<_> = claim_path(name).collect();
        let first = names.remove(0).into_owned();
        of = of.claim(first, names.into_iter().rev().fold(value, |inner, name| json!({ name: inner })));
    }
    if let Some(age) = caller.age {
        let at = auth_core::runtime::clock::now().seconds().saturating_sub(i64::try_from(age).unwrap_or(i64::MAX));
        of = of.claim("auth_time", at);
    }
    if let Some(acr) = &caller.acr {
        of = of.claim("acr", acr.as_str());
    }
    if caller.has_actor {
        of = of.claim("act", json!({ "sub": "actor" }));
    }
    if caller.is_login == Some(false) && sender.source.is_of_logins() {
        of = of.claim("client_id", SUBJECT);
    }
    let lists_roles = match sender.bound.is_empty() {
        true => caller.lists_roles,
        false => !caller.incomplete_in.iter().any(|tenant| sender.is_for(tenant)),
    };
    of.claims(sender.source, lists_roles)
}

/// Returns an address at the location.
fn address(place: &CaseLocation) -> Option<IpAddr> {
    let elsewhere = ["203.0.113.9", "198.51.100.9", "192.0.2.9", "8.8.8.8", "2001:db8::9", "127.0.0.1"];
    let mut elsewhere = elsewhere.into_iter().filter_map(|address| address.parse::<IpAddr>().ok());
    match place {
        CaseLocation::Anywhere | CaseLocation::NotKnown => elsewhere.next(),
        CaseLocation::Outside(networks) => {
            elsewhere.find(|address| !networks.iter().any(|network| network.contains(address)))
        }
        CaseLocation::Within(network, narrower) => {
            let first = [network.network(), network.broadcast()];
            let between = network.subnets(network.prefix_len().saturating_add(4).min(network.max_prefix_len()));
            let between = between.into_iter().flatten().map(|subnet| subnet.network());
            first.into_iter().chain(between).find(|address| !narrower.iter().any(|other| other.contains(address)))
        }
    }
}
