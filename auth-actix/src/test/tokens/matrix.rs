//! Verification of an application's rules by real requests, two for each atom that decides.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};

use actix_http::Request;
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::TestRequest;
use auth_core::client::address::AddressSource;
use auth_core::identity::issuer::Issuer;
use auth_core::identity::scheme_id::SchemeId;
use auth_core::matrix::{Case, CaseCaller, CaseLocation, Cases, Expr, ExprLiteral, Fact, Matrix, RouteAccess};
use auth_core::policy::atom::claim_path;
use auth_core::scheme::bearer::Bearer;
use serde_json::{Map, Value, json};

use super::super::routing;
use super::tenants;
use crate::adapter;
use crate::auth::Auth;
use crate::respond::{Refusal, percent_encoded};
use crate::scope::Collected;
use crate::test::{Caller, Keys};

/// Verifies the rules of an application by requests. For each route and each atom of its rule, it sends one request that is granted
/// because of the atom, and one that is denied because of it.
///
/// Each response must match the rule: a call of the handler, 401 with a challenge, 403, or 404 if the handler is hidden. A request
/// that satisfies the challenge of a denial (`scope`, `max_age`, `acr_values`) must be granted.
///
/// Tokens are signed with `keys`, which the application's `Auth` must accept ([`test_keys`](crate::AuthBuilder::test_keys)).
/// Requests pass through the whole application, and granted ones run the handler: give the application a separate database.
///
/// The headers that choose a tenant are sent, and the roles and permissions in it are answered in place of the rights provider, which
/// is asked only for rights outside of tenants. So the application needs no memberships.
///
/// Returns what no request could decide: checks, which depend on the application, countries, membership in a tenant
/// (`require_auth(in = …)`), tenants that only credentials contain, and routes whose path cannot be generated. Test these separately.
///
/// ```
/// # actix_web::rt::System::new().block_on(async {
/// use actix_web::{App, get};
/// use auth_actix::{Auth, Jwt, Role, require, test};
///
/// #[derive(Role)]
/// enum Role { Admin }
///
/// #[require(role("admin") || claim("org", "acme"))]
/// #[get("/reports")]
/// async fn reports() -> &'static str { "all of them" }
///
/// let keys = test::Keys::new();
/// let tokens = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
/// let auth = Auth::builder().bearer(tokens).test_keys(&keys).build().unwrap();
/// let undecided = test::assert_matrix(&keys, App::new().service(auth.scope("/api").service(reports))).await;
/// assert!(undecided.is_empty());
/// # });
/// ```
///
/// # Panics
/// A response does not match the rules.
pub async fn assert_matrix<R, S, B, E>(keys: &Keys, app: R) -> Vec<String>
where
    R: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
    S::InitError: fmt::Debug,
    E: fmt::Debug,
{
    match verify_matrix(keys, app, None).await {
        Ok(undecided) => undecided,
        #[allow(clippy::panic, reason = "for tests, where a panic is the report")]
        Err(wrong) => panic!("responses do not match the rules:\n{wrong}"),
    }
}

/// Like [`assert_matrix`], with the rules of a matrix such as the reviewed one ([`Matrix::from_markdown`]). Routes that the matrix
/// does not contain are skipped. If `expected` is `None`, the application's own rules apply.
///
/// # Errors
/// The responses that do not match the matrix, one per line.
pub async fn verify_matrix<R, S, B, E>(keys: &Keys, app: R, expected: Option<&Matrix>) -> Result<Vec<String>, String>
where
    R: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
    S::InitError: fmt::Debug,
    E: fmt::Debug,
{
    let (service, Collected { matrix, auths, .. }) = routing::started(app).await;
    let (mut wrong, mut undecided) = (String::new(), Vec::new());
    if !matrix.has_one_meaning() {
        let why = "a name has different meanings in two types: no request can be generated for it";
        return Ok(vec![why.to_owned()]);
    }
    for (route, auth) in matrix.routes.iter().zip(&auths) {
        let same = |other: &&RouteAccess| {
            (&other.method, &other.path, &other.handler) == (&route.method, &route.path, &route.handler)
        };
        let (rules, words) = match expected {
            None => (Some(route), &matrix.words),
            Some(expected) => (expected.routes.iter().find(same), &expected.words),
        };
        let Some(rules) = rules else { continue };
        let name = format!("{} {}", route.method, route.path);
        let (Some(path), Some(auth), true) = (sample(&route.path), auth, routing::is_reachable(route)) else {
            undecided.push(format!("{name}: no request is certain to reach this route"));
            continue;
        };
        if let Some(why) = undecidable(&rules.rule, auth) {
            undecided.push(format!("{name}: {why}"));
            continue;
        }
        let Some(cases) = Cases::of(&rules.rule, words) else {
            undecided.push(format!("{name}: the rule distinguishes too many kinds of callers"));
            continue;
        };
        undecided.extend(cases.undecided.iter().map(|atom| format!("{name}: {atom}")));
        for case in &cases.cases {
            let Some(request) = request_as(keys, auth, route, &path, case) else {
                undecided.push(format!("{name}: no request can be generated for {}", Shown(case)));
                continue;
            };
            let answer = send(&service, request).await;
            let (found, expected) = (found(&answer), outcome(rules, case));
            if found != expected {
                let _ = writeln!(wrong, "{name} as {}: expected {expected}, found {found}", Shown(case));
            }
            // A request that satisfies the challenge must be granted, unless the rule also depends on something undecided.
            let Some(obeyed) = obeyed(&answer, case).filter(|_| cases.undecided.is_empty()) else { continue };
            let Some(request) = request_as(keys, auth, route, &path, &obeyed) else { continue };
            if self::found(&send(&service, request).await) != "a call of the handler" {
                let (obeyed, case) = (Shown(&obeyed), Shown(case));
                let _ = writeln!(wrong, "{name} as {obeyed}: denied, but satisfies the challenge to {case}");
            }
        }
    }
    if wrong.is_empty() { Ok(undecided) } else { Err(wrong) }
}

#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
async fn send<S, B>(service: &S, request: Request) -> ServiceResponse<B>
where
    S: Service<Request, Response = ServiceResponse<B>, Error: fmt::Debug>,
{
    adapter::update(&request, |state| state.notes_mut().is_granted = Some(false));
    service.call(request).await.expect("the application returns a response")
}

/// Returns the case whose caller satisfies the challenge of the response: it has these scopes too (RFC 6750 §3), or logs in again,
/// at this level (RFC 9470 §3).
fn obeyed<B>(answer: &ServiceResponse<B>, case: &Case) -> Option<Case> {
    let challenges: Vec<_> =
        answer.headers().get_all(header::WWW_AUTHENTICATE).filter_map(|line| line.to_str().ok()).collect();
    let parameter = |name: &str| {
        let begins = format!("{name}=\"");
        let (_, rest) = challenges.iter().find_map(|line| line.split_once(begins.as_str()))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let mut caller = case.caller.clone()?;
    let (scopes, age, levels) = (parameter("scope"), parameter("max_age"), parameter("acr_values"));
    (scopes.is_some() || age.is_some() || levels.is_some()).then(|| {
        let names =
            scopes.iter().flat_map(|scopes| scopes.split(' ')).map(|name| ("scope".to_owned(), name.to_owned()));
        caller.names.extend(names);
        caller.age = age.map(|_| 0).or(caller.age);
        caller.acr = levels.and_then(|levels| levels.split(' ').next().map(str::to_owned)).or(caller.acr.take());
        case.clone().with_caller(caller)
    })
}

/// Returns whether the rule requires a claim that every token contains, or that lists names. No caller can be generated by such a
/// claim only.
fn requires_reserved_claim(tree: &Expr, auth: &Auth) -> bool {
    const NEEDED: [&str; 12] =
        ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "acr", "azp", "client_id", "act"];
    match tree {
        Expr::Literal(ExprLiteral { fact: Fact::Claim(name, _), .. }) => {
            // A nested claim is generated without siblings.
            let name =
                &name.strip_prefix('/').map_or(name.as_str(), |path| path.split('/').next().unwrap_or(path)).to_owned();
            let lists = auth.engine().sources().iter().flat_map(|source| &source.lists);
            NEEDED.contains(&name.as_str()) || lists.filter_map(|list| list.path.first()).any(|list| list == name)
        }
        Expr::Literal(_) => false,
        Expr::All(parts) | Expr::Any(parts) => parts.iter().any(|part| requires_reserved_claim(part, auth)),
    }
}

/// Returns why no request can decide about a rule, if none can.
fn undecidable(rule: &str, auth: &Auth) -> Option<&'static str> {
    if auth.engine().is_open() {
        return Some("open mode has one caller");
    }
    let is_reserved = Expr::read(rule).is_some_and(|tree| requires_reserved_claim(&tree, auth));
    is_reserved.then_some("the rule requires a claim that every token contains, or that lists names")
}

/// Returns the expected outcome of a request.
fn outcome(route: &RouteAccess, case: &Case) -> &'static str {
    match case {
        Case { granted: true, .. } => "a call of the handler",
        _ if route.not_found => "an unknown path",
        Case { could: true, .. } => "401 with a challenge",
        Case { could: false, .. } => "403",
    }
}

/// Returns the actual outcome of a request.
fn found<B>(answer: &ServiceResponse<B>) -> &'static str {
    // An argument of the handler may refuse the request after its rule has granted it.
    if adapter::read(answer.request(), |state| state.notes()?.is_granted).unwrap_or_default() {
        return "a call of the handler";
    }
    let is_refused = answer.response().error().is_some_and(|error| error.as_error::<Refusal>().is_some());
    let challenged = answer.headers().contains_key(header::WWW_AUTHENTICATE);
    match (is_refused, answer.status()) {
        (true, StatusCode::UNAUTHORIZED) if challenged => "401 with a challenge",
        (true, StatusCode::FORBIDDEN) => "403",
        (true, StatusCode::NOT_FOUND) if !challenged => "an unknown path",
        _ => "another response",
    }
}

/// Returns the request of a case. Returns `None` if it cannot be generated.
fn request_as(keys: &Keys, auth: &Auth, route: &RouteAccess, path: &str, case: &Case) -> Option<Request> {
    let method = if route.method == "*" { Method::GET } else { route.method.parse().ok()? };
    let mut request = TestRequest::with_uri(path).method(method);
    if let Some(host) = auth.engine().hosts().first() {
        request = request.insert_header((header::HOST, host));
    }
    if case.place != CaseLocation::Anywhere {
        if !matches!(auth.engine().address(), AddressSource::Peer) {
            return None;
        }
        let address = address(&case.place)?;
        request = request.peer_addr(SocketAddr::new(address, 40_000));
        if case.place == CaseLocation::NotKnown {
            request = request.insert_header((header::X_FORWARDED_FOR, "203.0.113.7"));
        }
    }
    let is_in_tenants = tenants::names_tenant(route);
    if is_in_tenants {
        request = tenants::named(request, auth, route)?;
    }
    if let Some(caller) = &case.caller {
        let confers = |source: &&std::sync::Arc<Issuer>| {
            source.scheme == SchemeId::Bearer
                && !(is_in_tenants && tenants::is_bound(source))
                && caller.names.iter().all(|(kind, name)| source.confers.says(kind, name))
                && caller.claims.iter().all(|(name, _)| source.confers.says("claim", name))
                && caller.acr.iter().all(|value| source.confers.says("acr", value))
        };
        let source = auth.engine().sources().iter().find(confers)?;
        let audience = auth.engine().part::<Bearer>()?.audience_of(source).unwrap_or("any");
        let mut claims = Value::Object(claims(caller, source));
        for (path, value) in auth.engine().part::<Bearer>()?.example_claims(source) {
            let place = path.iter().try_fold(&mut claims, |place, name| {
                Some(place.as_object_mut()?.entry(name).or_insert_with(|| json!({})))
            });
            *place? = value;
        }
        let token = keys.token(&source.issuer, audience, &claims);
        request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
        return tenants::answered(request.to_request(), auth, caller);
    }
    Some(request.to_request())
}

fn claims(caller: &CaseCaller, source: &Issuer) -> Map<String, Value> {
    let mut of = Caller::user("user");
    for (kind, name) in &caller.names {
        of = match kind.as_str() {
            "role" => of.role(name),
            "permission" => of.permission(name),
            _ => of.scope(name),
        };
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
    of.claims(source, caller.lists_roles)
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

/// A description of the caller.
struct Shown<'a>(&'a Case);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.caller {
            None => f.write_str("an anonymous caller")?,
            Some(caller) => {
                f.write_str("an authenticated caller")?;
                caller.names.iter().try_for_each(|(kind, name)| write!(f, ", {kind} {name:?}"))?;
                let mut within = caller.names_in_tenants.iter();
                within.try_for_each(|(kind, name, tenant)| write!(f, ", {kind} {name:?} in {tenant}"))?;
                caller.claims.iter().try_for_each(|(name, values)| write!(f, ", {name} {}", values.join(" ")))?;
                caller.acr.iter().try_for_each(|acr| write!(f, ", acr {acr}"))?;
                caller.age.iter().try_for_each(|age| write!(f, ", logged in {age} s ago"))?;
                if !caller.lists_roles {
                    f.write_str(", roles unknown")?;
                }
            }
        }
        match &self.0.place {
            CaseLocation::Anywhere => Ok(()),
            CaseLocation::Within(network, _) => write!(f, " from {network}"),
            CaseLocation::Outside(_) => f.write_str(" from an address outside of these networks"),
            CaseLocation::NotKnown => f.write_str(" from an unknown address"),
        }
    }
}

/// Returns a path that matches the pattern, percent-encoded. Returns `None` if none can be generated.
fn sample(pattern: &str) -> Option<String> {
    let is_known = pattern.starts_with('/') && !pattern.contains('…');
    is_known.then(|| routing::filled(pattern, "x")).flatten().map(|path| percent_encoded(&path))
}
