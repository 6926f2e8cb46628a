//! The credentials with which test requests are sent: signed tokens, and hand-made callers of the other sources.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use auth_core::identity::issuer::Issuer;
use auth_core::identity::scheme_id::SchemeId;
use auth_core::identity::tenant::Tenant;
use auth_core::identity::vocabulary::NameKind;
use auth_core::matrix::CaseCaller;
use auth_core::scheme::bearer::Bearer;

use super::tenants::{RequestTenants, are_same, covers, dimensions, may_enter};
use crate::auth::Auth;

/// Creates an account of the application.
pub(super) type AccountFactory = dyn Fn() -> Arc<dyn Any + Send + Sync>;

/// A kind of credential that the application accepts, and the dimensions of the tenants to which it is bound.
pub(super) struct Sender<'a> {
    pub(super) source: &'a Arc<Issuer>,
    /// The dimensions to which the credential is bound. Empty if it is not bound.
    pub(super) bound: Vec<&'static str>,
    /// The tenant that all credentials of the source are bound to.
    pub(super) fixed: Option<Tenant>,
    /// The claims that bind the credential, each with its dimension.
    pub(super) claims: Vec<(&'static str, Vec<String>)>,
    /// Whether roles and permissions of callers are answered in place of a provider.
    pub(super) has_provider: bool,
    /// Whether the credential is used only for callers that no other one can have.
    pub(super) is_last_resort: bool,
}

impl<'a> Sender<'a> {
    /// Returns the credentials that requests for a route can contain. Those of sources that load accounts need one, and are returned
    /// only if the test has accounts.
    pub(super) fn all(auth: &'a Auth, tenants: &RequestTenants, has_accounts: bool) -> Vec<Self> {
        let sources = auth.engine().sources();
        let is_plain =
            |issuer: &str| sources.iter().any(|source| source.scheme == SchemeId::Bearer && *source.issuer == *issuer);
        let mut senders: Vec<Self> = Vec::new();
        for source in sources {
            let is_token = source.scheme.is_in_rules(SchemeId::Bearer);
            let is_in_other_place = is_token && source.scheme != SchemeId::Bearer && is_plain(&source.issuer);
            if is_in_other_place || source.login.loads_account() && !has_accounts {
                continue;
            }
            let (fixed, claims) = match auth.engine().part::<Bearer>() {
                Some(bearer) if source.scheme == SchemeId::Bearer => bearer.example_tenant(source),
                _ => (None, Vec::new()),
            };
            let is_last_resort = !is_token && source.credential_kind().is_none();
            for bound in bindings(source, tenants) {
                let (fixed, claims) = (fixed.clone(), claims.clone());
                let has_provider = auth.engine().rights_provider().is_some();
                senders.push(Self { source, bound, fixed, claims, has_provider, is_last_resort });
            }
        }
        senders
    }

    /// Returns whether the requests contain a signed token, rather than a hand-made caller.
    pub(super) fn is_signed(&self, caller: &CaseCaller) -> bool {
        self.source.scheme == SchemeId::Bearer && !self.grants_by_itself(caller)
    }

    /// Returns whether the rights of the caller in tenants are those that the application reads from a claim of its own.
    pub(super) fn grants_by_itself(&self, caller: &CaseCaller) -> bool {
        let has_rights = !caller.names_in_tenants.is_empty() || caller.is_member_of.iter().any(|(_, is)| *is);
        let is_token = self.source.tenancy.grants_in_tenants && !self.is_own_token();
        is_token && has_rights && !self.has_provider
    }

    pub(super) fn is_own_token(&self) -> bool {
        self.source.scheme.is_of_own_tokens()
    }

    /// Returns whether the credential admits its caller only by a right (RIGHTS-6).
    pub(super) fn is_limited(&self) -> bool {
        self.is_own_token() && self.source.login.loads_account()
    }

    /// Returns whether the account or the provider answers about names outside of tenants.
    fn answers_outside_tenants(&self) -> bool {
        self.has_provider || self.source.login.loads_account()
    }

    /// Returns whether the credential can be that of the caller.
    pub(super) fn can_be(&self, caller: &CaseCaller, tenants: &RequestTenants) -> bool {
        self.is_of_kind(caller)
            && self.has_bindings(caller, tenants)
            && caller.names.iter().all(|(kind, name)| self.can_give(kind, name))
            && caller.names_in_tenants.iter().all(|(kind, name, tenant)| self.can_give_in(kind, name, tenant))
            && caller.lacks.iter().all(|(kind, name, tenant)| self.can_lack(kind, name, tenant.as_deref()))
            && (caller.lists_roles || !self.is_own_token() || self.has_provider)
            && caller.incomplete_in.iter().all(|tenant| self.has_provider || self.is_for(tenant))
            && caller.is_member_of.iter().all(|(tenant, is)| self.can_be_member(tenant, *is))
            && self.has_claims_of(caller)
    }

    /// Returns whether the scheme, the kind and the login are those of the caller.
    fn is_of_kind(&self, caller: &CaseCaller) -> bool {
        let is_of = |kind: &str| self.source.credential_kind() == Some(kind);
        let has = |word: &str| SchemeId::from_word(word).is_some_and(|scheme| self.source.scheme.is_in_rules(scheme));
        // A token of a login can also be that of a client.
        let is_login = self.source.is_of_logins();
        let can_be_client = self.source.has_claims && self.source.scheme == SchemeId::Bearer;
        caller.credentials.iter().all(|(kind, is)| is_of(kind) == *is)
            && caller.schemes.iter().all(|(word, is)| has(word) == *is)
            && caller.is_login.is_none_or(|is| is == is_login || !is && can_be_client)
            && caller.has_account.is_none_or(|has| has == self.source.login.loads_account())
    }

    /// Returns whether the credential is bound as the caller requires it.
    fn has_bindings(&self, caller: &CaseCaller, tenants: &RequestTenants) -> bool {
        let is_known = self.bound.iter().all(|name| tenants.value(name, self.fixed.as_ref()).is_some());
        is_known
            && (!self.source.tenancy.is_resolved || tenants.named.is_empty())
            && tenants.only_in_credentials().all(|name| self.bound.contains(&name))
            && caller.is_bound_to.iter().all(|(tenant, is)| self.is_bound_to(tenant) == *is)
    }

    fn is_bound_to(&self, tenant: &str) -> bool {
        !self.bound.is_empty() && covers(&self.bound, tenant)
    }

    /// Returns whether the names in the credential count in the tenant.
    pub(super) fn is_for(&self, tenant: &str) -> bool {
        !self.bound.is_empty() && are_same(tenant, &self.bound)
    }

    fn confers(&self, kind: &str, name: &str) -> bool {
        self.source.confers.says(kind, name)
    }

    fn lists(&self, kind: &str) -> bool {
        self.is_own_token() || self.source.lists.iter().any(|list| list.kind.word() == kind)
    }

    /// Returns whether the caller can have a name outside of tenants.
    fn can_give(&self, kind: &str, name: &str) -> bool {
        let by_credential = self.confers(kind, name) && self.lists(kind);
        match kind {
            "scope" => by_credential && (self.bound.is_empty() || !self.is_own_token()),
            // The ceiling of a limited credential limits the rights of its account.
            _ if self.is_limited() => self.confers(kind, name),
            _ => self.bound.is_empty() && by_credential || self.answers_outside_tenants(),
        }
    }

    /// Returns whether the caller can have a name within a tenant.
    fn can_give_in(&self, kind: &str, name: &str, tenant: &str) -> bool {
        let by_provider = self.has_provider && may_enter(&self.bound, tenant);
        let by_credential = self.confers(kind, name)
            && (self.is_for(tenant) && self.lists(kind)
                || self.source.tenancy.grants_in_tenants && !self.is_own_token());
        match self.is_limited() {
            true => by_provider && self.confers(kind, name),
            false => by_provider || by_credential,
        }
    }

    /// Returns whether the caller can be known to lack a name.
    fn can_lack(&self, kind: &str, name: &str, tenant: Option<&str>) -> bool {
        let by_credential = self.confers(kind, name) && self.lists(kind);
        match (kind, tenant) {
            ("scope", _) => !(self.source.all_scopes && self.confers(kind, name)),
            _ if self.is_own_token() || self.source.tenancy.grants_in_tenants => false,
            (_, None) => self.answers_outside_tenants() || self.bound.is_empty() && by_credential,
            (_, Some(tenant)) => {
                self.has_provider && may_enter(&self.bound, tenant) || self.is_for(tenant) && by_credential
            }
        }
    }

    fn can_be_member(&self, tenant: &str, is: bool) -> bool {
        let by_rights = self.has_provider || self.source.tenancy.grants_in_tenants && !self.is_own_token();
        match is {
            true => self.is_bound_to(tenant) || by_rights && may_enter(&self.bound, tenant),
            false => !self.is_bound_to(tenant),
        }
    }

    /// Returns whether the credential can contain the claims, the age and the level of the login, and the actor.
    fn has_claims_of(&self, caller: &CaseCaller) -> bool {
        let is_plain = caller.claims.is_empty() && caller.age.is_none() && caller.acr.is_none() && !caller.has_actor;
        let is_token = self.source.scheme == SchemeId::Bearer && !self.grants_by_itself(caller);
        // The rights of an account do not count for an actor.
        let keeps_names = !caller.has_actor
            || self.has_provider
            || caller.names.iter().all(|(kind, name)| self.bound.is_empty() && self.confers(kind, name));
        is_plain
            || is_token
                && keeps_names
                && caller.claims.iter().all(|(name, _)| self.confers("claim", name))
                && caller.acr.iter().all(|value| self.confers("acr", value))
    }

    /// Returns whether the credential can be bound to another tenant than that of a request.
    pub(super) fn can_be_bound_elsewhere(&self, tenants: &RequestTenants) -> bool {
        self.bound.iter().any(|name| match self.fixed.as_ref().and_then(|fixed| fixed.get(name)) {
            _ if tenants.only_in_credentials().any(|known| known == *name) => false,
            Some(fixed) => tenants.value(name, None).is_some_and(|value| value != fixed),
            None => tenants.dimension(name).is_some(),
        })
    }

    /// Returns the tenant to which the credential is bound.
    pub(super) fn tenant(&self, tenants: &RequestTenants) -> Option<Tenant> {
        tenants.tenant(&self.bound, self.fixed.as_ref())
    }

    /// Describes the credential.
    pub(super) fn shown(&self) -> String {
        let name = self.source.credential_kind().unwrap_or(self.source.scheme.name());
        match self.bound.is_empty() {
            true => format!("{name} of {:?}", self.source.issuer),
            false => format!("{name} of {:?} for ({})", self.source.issuer, self.bound.join(", ")),
        }
    }
}

/// Returns the dimensions in which credentials of a source can be bound, one entry for each kind of binding.
fn bindings(source: &Issuer, tenants: &RequestTenants) -> Vec<Vec<&'static str>> {
    let tenancy = &source.tenancy;
    if !source.scheme.is_of_own_tokens() {
        return vec![tenancy.always.iter().chain(&tenancy.optional).copied().collect()];
    }
    let of = |tenant: &String| dimensions(tenant).filter_map(|name| tenants.dimension(name)).collect();
    let named: BTreeSet<Vec<&'static str>> = tenants.named.iter().map(of).collect();
    std::iter::once(Vec::new()).chain(named).collect()
}

/// Returns the kind of a name.
pub(super) fn kind(word: &str) -> NameKind {
    match word {
        "role" => NameKind::Role,
        "permission" => NameKind::Permission,
        _ => NameKind::Scope,
    }
}
