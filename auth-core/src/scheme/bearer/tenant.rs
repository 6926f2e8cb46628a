//! The tenants that tokens are bound to: those of their issuer, of the resolver, and of claims that the issuer may use for it.

use super::conditions::{Path, lookup};
use super::denials::invalid;
use crate::denial::Denial;
use crate::identity::principal::Binding;
use crate::identity::tenant::{IssuerTenancy, Tenant};
use crate::runtime::strict_json::pointer;

/// The tenants of the tokens of an issuer.
#[derive(Clone, Debug, Default)]
pub(super) struct TokenTenants {
    fixed: Option<Tenant>,
    claims: Vec<TenantClaim>,
}

#[derive(Clone, Debug)]
struct TenantClaim {
    name: &'static str,
    path: Path,
    is_optional: bool,
}

impl TokenTenants {
    /// Binds all tokens to a value.
    pub(super) fn add_value(&mut self, name: &'static str, value: &str) {
        self.fixed = Some(match self.fixed.take() {
            Some(tenant) => tenant.and(name, value),
            None => Tenant::of(name, value),
        });
    }

    /// Binds each token to the value in a claim.
    pub(super) fn add_claim(&mut self, name: &'static str, path: Path, is_optional: bool) {
        self.claims.push(TenantClaim { name, path, is_optional });
    }

    /// Returns the value that all tokens are bound to, and the claims that name other values, each with its dimension.
    pub(super) fn example(&self) -> (Option<Tenant>, Vec<(&'static str, Path)>) {
        (self.fixed.clone(), self.claims.iter().map(|claim| (claim.name, claim.path.clone())).collect())
    }

    /// Returns whether tokens are already bound to a value of this dimension.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let fixed = self.fixed.iter().flat_map(|tenant| tenant.dimensions().map(|(name, _)| name));
        fixed.chain(self.claims.iter().map(|claim| claim.name))
    }

    /// Returns the dimensions that tokens are bound to.
    pub(super) fn tenancy(&self, is_resolved: bool, grants_in_tenants: bool) -> IssuerTenancy {
        let fixed = self.fixed.iter().flat_map(|tenant| tenant.dimensions().map(|(name, _)| name));
        let claims = |is_optional| {
            self.claims.iter().filter(move |claim| claim.is_optional == is_optional).map(|claim| claim.name)
        };
        let (always, optional) = (fixed.chain(claims(false)).collect(), claims(true).collect());
        IssuerTenancy { always, optional, is_resolved, grants_in_tenants }
    }

    /// Returns the tenant of a token. `resolved` is the tenant that a resolver has returned for its issuer.
    ///
    /// # Errors
    /// A claim is absent or unusable, or contradicts the resolver.
    pub(super) fn of(&self, claims: &str, resolved: Option<&Tenant>) -> Result<Binding, Denial> {
        let mut tenant = self.fixed.clone();
        let mut is_incomplete = false;
        let mut bind = |name, value: &str| {
            match tenant.as_ref().and_then(|tenant| tenant.get(name)) {
                Some(known) if known != value => {
                    return Err(invalid("two sources bind the token to different tenants"));
                }
                Some(_) => {}
                None => {
                    tenant = Some(match tenant.take() {
                        Some(tenant) => tenant.and(name, value),
                        None => Tenant::of(name, value),
                    });
                }
            }
            Ok(())
        };
        for (name, value) in resolved.into_iter().flat_map(Tenant::dimensions) {
            bind(name, value)?;
        }
        for TenantClaim { name, path, is_optional } in &self.claims {
            let detail = || format!("it is at {}", pointer(path));
            let Some(value) = lookup(claims, path) else {
                if *is_optional {
                    is_incomplete = true;
                    continue;
                }
                return Err(invalid("the claim that names the tenant is absent").with_detail(detail()));
            };
            let value = value.string().filter(|value| (1..=Tenant::LONGEST).contains(&value.len()));
            let value = value.ok_or_else(|| {
                invalid("the claim that names the tenant is not a short string").with_detail(detail())
            })?;
            bind(name, &value)?;
        }
        Ok(match (tenant, is_incomplete) {
            (tenant, true) => Binding::Incomplete(tenant),
            (Some(tenant), false) => Binding::Tenant(tenant),
            (None, false) => Binding::None,
        })
    }
}

/// Describes the settings, for the matrix.
impl std::fmt::Display for TokenTenants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(tenant) = &self.fixed {
            write!(f, ", tenant {tenant:?}")?;
        }
        for TenantClaim { name, path, is_optional } in &self.claims {
            let condition = if *is_optional { " if the claim is present" } else { "" };
            write!(f, ", tenant {name} in {}{condition}", pointer(path))?;
        }
        Ok(())
    }
}
