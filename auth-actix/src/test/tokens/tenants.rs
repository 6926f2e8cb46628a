//! Requests within tenants: the headers that choose a tenant, and the answers of the rights provider (TENANT-14).

use actix_http::Request;
use actix_web::HttpMessage as _;
use actix_web::test::TestRequest;
use auth_core::engine::startup_checks;
use auth_core::identity::issuer::Issuer;
use auth_core::identity::rights::Rights;
use auth_core::identity::tenant::Tenant;
use auth_core::matrix::{CaseCaller, Expr, Fact, RouteAccess};

use crate::adapter::RightsOverride;
use crate::auth::Auth;

/// The value of a tenant in a header. The answers of the rights provider do not depend on it.
const VALUE: &str = "x";

/// A name that no type of names declares.
const UNDECLARED: &str = "(undeclared)";

/// Returns the dimensions of the tenants that a rule names, as they are written.
fn tenants(route: &RouteAccess) -> Vec<String> {
    fn of(tree: &Expr) -> Vec<String> {
        match tree {
            Expr::Literal(literal) => match &literal.fact {
                Fact::Name(_, _, Some(tenant)) | Fact::Credential(_, Some(tenant)) | Fact::TenantMember(tenant) => {
                    vec![tenant.clone()]
                }
                _ => Vec::new(),
            },
            Expr::All(parts) | Expr::Any(parts) => parts.iter().flat_map(of).collect(),
        }
    }
    Expr::read(&route.rule).map(|tree| of(&tree)).unwrap_or_default()
}

/// Returns the names of the dimensions: `org`, or `(org, team)`.
fn dimensions(tenant: &str) -> impl Iterator<Item = &str> {
    tenant.trim_matches(['(', ')']).split(", ")
}

/// Returns whether the rule of a route names a tenant.
pub(super) fn names_tenant(route: &RouteAccess) -> bool {
    !tenants(route).is_empty()
}

/// Returns whether the credentials of an issuer are bound to tenants, which would have to be those of the request.
pub(super) fn is_bound(source: &Issuer) -> bool {
    let tenancy = &source.tenancy;
    !tenancy.always.is_empty() || !tenancy.optional.is_empty() || tenancy.is_resolved
}

/// Adds the headers that choose the tenants of the rule. Returns `None` if a tenant is neither in a header nor in the path.
pub(super) fn named(mut request: TestRequest, auth: &Auth, route: &RouteAccess) -> Option<TestRequest> {
    let all = tenants(route);
    for name in all.iter().flat_map(|tenant| dimensions(tenant)) {
        let is_in_path = || startup_checks::is_tenant_in_path(auth.engine(), name, &route.path);
        match route.tenant_headers.iter().find(|(_, tenant)| tenant == name) {
            Some((header, _)) => request = request.insert_header((header.as_str(), VALUE)),
            None if is_in_path() => {}
            None => return None,
        }
    }
    Some(request)
}

/// Sets the rights in tenants of the caller. Returns `None` if the application has no rights provider that could answer them.
pub(super) fn answered(request: Request, auth: &Auth, caller: &CaseCaller) -> Option<Request> {
    let (names, incomplete) = (caller.names_in_tenants.clone(), caller.incomplete_in.clone());
    if auth.engine().rights_provider().is_none() {
        return names.is_empty().then_some(request);
    }
    let rights = move |tenant: &Tenant| {
        let is_of = |dimensions_of: &str| tenant.dimensions().map(|(name, _)| name).eq(dimensions(dimensions_of));
        let of = |wanted: &str| {
            let of_kind = names.iter().filter(|(kind, _, tenant)| kind == wanted && is_of(tenant));
            of_kind.map(|(_, name, _)| name.clone()).collect::<Vec<_>>()
        };
        // An empty answer, and one with a name that no type declares, prove no absence.
        let is_incomplete = incomplete.iter().any(|dimensions_of| is_of(dimensions_of));
        let roles = of("role").into_iter().chain(is_incomplete.then(|| UNDECLARED.to_owned()));
        let permissions = of("permission").into_iter().chain([UNDECLARED.to_owned()]);
        Rights::new().roles(roles).permissions(permissions)
    };
    request.extensions_mut().insert(RightsOverride(Box::new(rights)));
    Some(request)
}
