//! Tenants in test requests: the dimensions that rules name, their locations, and their values (TENANT-14).

use std::collections::BTreeSet;

use actix_web::dev::{Path, ResourceDef};
use actix_web::test::TestRequest;
use auth_core::engine::startup_checks::{self, TenantPlace};
use auth_core::identity::tenant::Tenant;
use auth_core::matrix::{Expr, Fact};

use crate::auth::Auth;

/// The value of a tenant that requests name. The answers in place of the rights provider do not depend on it.
const VALUE: &str = "x";

/// Returns the dimensions of a tenant as it is written: `org`, or `(org, team)`.
pub(super) fn dimensions(tenant: &str) -> impl Iterator<Item = &str> {
    tenant.trim_matches(['(', ')']).split(", ")
}

/// Returns whether both have the same dimensions, in any order.
pub(super) fn are_same(tenant: &str, bound: &[&str]) -> bool {
    dimensions(tenant).collect::<BTreeSet<_>>() == bound.iter().copied().collect()
}

/// Returns whether a credential that is bound in these dimensions is bound to the tenant.
pub(super) fn covers(bound: &[&str], tenant: &str) -> bool {
    dimensions(tenant).all(|name| bound.contains(&name))
}

/// Returns whether a credential that is bound in these dimensions can count in the tenant.
pub(super) fn may_enter(bound: &[&str], tenant: &str) -> bool {
    bound.is_empty() || dimensions(tenant).any(|name| bound.contains(&name))
}

/// The tenants of the requests for a route.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestTenants {
    /// The tenants that the rule names, as they are written.
    pub(super) named: BTreeSet<String>,
    /// The dimensions, each with its location.
    places: Vec<(&'static str, TenantPlace)>,
    pattern: String,
    path: String,
}

impl RequestTenants {
    /// Reads the tenants of a rule. `path` is the path of the requests.
    ///
    /// # Errors
    /// The dimension that is located in a subprotocol, which test requests do not send.
    pub(super) fn of(rule: &str, auth: &Auth, pattern: &str, path: &str) -> Result<Self, String> {
        let named = Expr::read(rule).map(|tree| named(&tree)).unwrap_or_default();
        let mut places: Vec<(&'static str, TenantPlace)> = Vec::new();
        for name in named.iter().flat_map(|tenant| dimensions(tenant)) {
            let place = startup_checks::tenant_place(auth.engine(), name, pattern);
            match place {
                None | Some((_, TenantPlace::Subprotocol)) => return Err(name.to_owned()),
                Some(place) if !places.contains(&place) => places.push(place),
                Some(_) => {}
            }
        }
        Ok(Self { named, places, pattern: pattern.to_owned(), path: path.to_owned() })
    }

    /// Returns the dimensions whose value only credentials contain.
    pub(super) fn only_in_credentials(&self) -> impl Iterator<Item = &'static str> {
        let of_credential = self.places.iter().filter(|(_, place)| *place == TenantPlace::Credential);
        of_credential.map(|(name, _)| *name)
    }

    /// Returns the value of a dimension in requests. `fixed` is the tenant that the credential is always bound to, whose values are sent
    /// in headers. `None` if a path cannot contain its value.
    pub(super) fn value(&self, name: &str, fixed: Option<&Tenant>) -> Option<String> {
        let fixed = fixed.and_then(|fixed| fixed.get(name));
        let place = self.places.iter().find(|(known, _)| *known == name);
        if let Some((_, TenantPlace::Path(parameter))) = place {
            let mut path = Path::new(self.path.as_str());
            ResourceDef::new(self.pattern.as_str()).capture_match_info(&mut path);
            let value = path.get(parameter)?;
            return fixed.is_none_or(|fixed| fixed == value).then(|| value.to_owned());
        }
        Some(fixed.unwrap_or(VALUE).to_owned())
    }

    /// Returns a tenant with these dimensions, with the values of requests.
    pub(super) fn tenant(&self, names: &[&'static str], fixed: Option<&Tenant>) -> Option<Tenant> {
        let (first, others) = names.split_first()?;
        let tenant = Tenant::of(first, &self.value(first, fixed)?);
        others.iter().try_fold(tenant, |tenant, name| Some(tenant.and(name, &self.value(name, fixed)?)))
    }

    /// Returns the name of a dimension that the rule names.
    pub(super) fn dimension(&self, name: &str) -> Option<&'static str> {
        self.places.iter().map(|(known, _)| *known).find(|known| *known == name)
    }

    /// Adds the headers that choose the tenants.
    pub(super) fn add_to(&self, mut request: TestRequest, fixed: Option<&Tenant>) -> TestRequest {
        for (name, place) in &self.places {
            if let (TenantPlace::Header(header), Some(value)) = (place, self.value(name, fixed)) {
                request = request.insert_header((header.as_str(), value));
            }
        }
        request
    }
}

/// Returns the tenants that a rule names, as they are written.
fn named(tree: &Expr) -> BTreeSet<String> {
    match tree {
        Expr::Literal(literal) => match &literal.fact {
            Fact::Name(_, _, Some(tenant)) | Fact::Credential(_, Some(tenant)) | Fact::TenantMember(tenant) => {
                BTreeSet::from([tenant.clone()])
            }
            _ => BTreeSet::new(),
        },
        Expr::All(parts) | Expr::Any(parts) => parts.iter().flat_map(named).collect(),
    }
}
