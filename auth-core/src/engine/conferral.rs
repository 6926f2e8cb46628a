//! The check of what a caller passes on to a credential that it issues (TOKEN-7).
//!
//! # Why
//! A credential must not hold more than the caller holds at this moment. The account and the rights are therefore looked up again: the
//! rule of the handler may not have asked for them, and a handler may keep its caller for longer than a request.

use std::sync::PoisonError;

use super::Engine;
use super::request::Adapter;
use crate::denial::{Denial, Reason, RetryAfter, quoted};
use crate::identity::network::Network;
use crate::identity::principal::{Principal, RightsLookup};
use crate::identity::rights::{Answer, NameRef, Rights};
use crate::identity::tenant::{Tenant, TenantRef};
use crate::identity::vocabulary::{Declares as _, NO_INDEX, NameKind, Vocabulary, open};
use crate::runtime::clock;

/// The rights and limits of a credential that a caller issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conferral {
    /// The rights that the credential is limited to.
    pub ceiling: Rights,
    /// The tenants that the credential is bound to.
    pub tenants: Option<Vec<Tenant>>,
    /// The networks from which the credential counts.
    pub networks: Option<Vec<Network>>,
}

/// Maximum number of tenants of a credential that a caller issues. The rights provider is asked about each.
const MAX_TENANTS: usize = 16;

impl<H: Adapter> Engine<H> {
    /// Checks that a caller holds what it passes on, with its account and its rights as of now. Returns it with the tenants and networks
    /// of the caller, if it names none.
    ///
    /// # Errors
    /// 403 if the caller uses a token or has an actor, or does not hold a name, a tenant or a network. 401 if the credential has expired
    /// or was revoked, or if its account no longer exists. 503 if the account or the rights are unavailable.
    pub async fn check_conferral(&self, caller: &Principal, conferral: Conferral) -> Result<Conferral, Denial> {
        let digest = caller.credential_digest().cloned();
        let deny = |caller: &Principal, cause| Denial { caller: Some(caller.id()), ..beyond(caller, cause) };
        if caller.source().is_of_own_tokens() {
            return Err(deny(caller, "a caller with a token cannot issue a token"));
        }
        if caller.has_actor() {
            return Err(deny(caller, "a caller with an actor cannot issue a token"));
        }
        if caller.expires_at().is_some_and(|end| end <= clock::now()) {
            let denied = Denial::refused(caller.scheme(), Reason::ExpiredCredentials, "the credential has expired");
            return Err(Denial { caller: Some(caller.id()), ..denied });
        }
        let now = self.reject_if_blocked(caller.before_answers())?;
        let now = self.account_of(now, digest).await?;
        if now.id() != caller.id() {
            return Err(deny(caller, "the credential now identifies another caller"));
        }
        let conferral = self.within_limits(&now, conferral)?;
        self.check_rights(now, &conferral).await?;
        Ok(conferral)
    }

    /// Compares tenants and networks with those of the caller.
    fn within_limits(&self, caller: &Principal, conferral: Conferral) -> Result<Conferral, Denial> {
        let Conferral { ceiling, tenants, networks } = conferral;
        let is_bound = caller.is_bound();
        let tenants = tenants.or_else(|| is_bound.then(|| caller.bound_tenants().to_vec()));
        let named = tenants.as_deref().unwrap_or_default();
        if named.len() > MAX_TENANTS {
            return Err(beyond(caller, "a token that a caller issues has at most 16 tenants"));
        }
        if is_bound && !named.iter().all(|tenant| caller.is_bound_within(tenant)) {
            return Err(beyond(caller, "the token would count in a tenant that the credential is not bound to"));
        }
        let of_caller = caller.networks();
        let networks = networks.or_else(|| of_caller.map(<[Network]>::to_vec));
        let is_inside = |network: &Network| {
            of_caller.is_none_or(|of_caller| of_caller.iter().any(|around| around.includes(network)))
        };
        if !networks.iter().flatten().all(is_inside) {
            return Err(beyond(caller, "the token would count from a network from which the credential does not"));
        }
        Ok(Conferral { ceiling, tenants, networks })
    }

    /// Checks that the caller holds each name of the ceiling, in each tenant of the credential, or else outside of tenants.
    async fn check_rights(&self, mut caller: Principal, conferral: &Conferral) -> Result<(), Denial> {
        let Conferral { ceiling, tenants, .. } = conferral;
        let places: Vec<Option<&Tenant>> = match tenants {
            Some(tenants) => tenants.iter().map(Some).collect(),
            None => vec![None],
        };
        let is_named = |kind| !ceiling.of(kind).is_empty();
        let names_rights = is_named(NameKind::Role) || is_named(NameKind::Permission);
        for tenant in places {
            let is_own = tenant.is_some_and(|tenant| caller.bound_tenants().contains(tenant));
            let needs_membership = tenant.is_some() && !is_own;
            if names_rights || needs_membership {
                caller = self.with_rights_now(caller, tenant).await?;
            }
            let here = tenant.map(Tenant::borrowed);
            if needs_membership && !self.is_member(&caller, tenant) {
                return Err(beyond(&caller, "the token would count in a tenant in which the caller has no rights"));
            }
            for kind in [NameKind::Role, NameKind::Permission] {
                self.check_held(&caller, kind, ceiling, here.as_ref())?;
            }
        }
        if is_named(NameKind::Scope) && caller.is_limited_by_scopes() {
            self.check_held(&caller, NameKind::Scope, ceiling, None)?;
        }
        Ok(())
    }

    async fn with_rights_now(&self, caller: Principal, tenant: Option<&Tenant>) -> Result<Principal, Denial> {
        let Some(provider) = &self.rights_provider else { return Ok(caller) };
        let answer = provider.look_up(&caller.id(), tenant).await;
        if matches!(answer, RightsLookup::OutOfReach) {
            let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(5));
            return Err(Denial::refused(caller.scheme(), reason, "the rights of the caller are unavailable"));
        }
        Ok(caller.with_rights(tenant.cloned(), answer))
    }

    /// Returns whether the caller has a right in the tenant, as `require_auth(in = …)` requires it (TENANT-13).
    fn is_member(&self, caller: &Principal, tenant: Option<&Tenant>) -> bool {
        let Some(tenant) = tenant.map(Tenant::borrowed) else { return true };
        let negated = self.negated_roles();
        let is_answered = match caller.answer(Some(&tenant)) {
            Some(RightsLookup::Answered(rights)) => rights.has_any_but(negated, &self.roles),
            Some(RightsLookup::OutOfReach) | None => false,
        };
        is_answered || caller.is_granted_any_but(negated, &tenant)
    }

    fn check_held(
        &self,
        caller: &Principal,
        kind: NameKind,
        ceiling: &Rights,
        tenant: Option<&TenantRef<'_>>,
    ) -> Result<(), Denial> {
        let missing = match ceiling.of(kind) {
            Answer::Silent => None,
            Answer::All => (!caller.holds_all(kind, tenant)).then(|| format!("all {}s", kind.word())),
            Answer::Names(names) => {
                let is_held = |name: &&String| {
                    self.meanings(kind, name).into_iter().all(|name| caller.holds_within(name, tenant))
                };
                let missing = names.iter().find(|name| !is_held(name));
                missing.map(|name| format!("the {} {}", kind.word(), quoted(name)))
            }
        };
        let Some(missing) = missing else { return Ok(()) };
        Err(beyond(caller, "the token would hold a name that the caller does not hold").with_detail(missing))
    }

    /// Returns the name in each vocabulary that declares it. A name that none declares has no meaning beyond its text.
    fn meanings<'n>(&self, kind: NameKind, text: &'n str) -> Vec<NameRef<'n>> {
        let open = match kind {
            NameKind::Role => open::Role::VOCABULARY,
            NameKind::Permission => open::Permission::VOCABULARY,
            NameKind::Scope => open::TokenScope::VOCABULARY,
            // A right is never a kind of credentials.
            NameKind::Credential => return Vec::new(),
        };
        let meaning = |vocabulary: &'static Vocabulary| {
            let index = vocabulary.index_of(text)?;
            Some(NameRef { vocabulary, index, text })
        };
        let vocabularies = self.vocabularies_of(kind);
        let declared: Vec<_> = vocabularies.into_iter().filter_map(meaning).collect();
        if declared.is_empty() { vec![NameRef { vocabulary: open, index: NO_INDEX, text }] } else { declared }
    }

    /// Returns the vocabularies of a kind in rules and in grants of roles.
    fn vocabularies_of(&self, kind: NameKind) -> Vec<&'static Vocabulary> {
        let mut known = self.vocabularies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for roles in self.roles.iter() {
            for (_, index) in roles.names.iter().zip(0..) {
                self.roles.each_grant(roles, index, &mut |granted| {
                    if !known.iter().any(|vocabulary| vocabulary.is(granted.vocabulary)) {
                        known.push(granted.vocabulary);
                    }
                });
            }
        }
        known.retain(|vocabulary| vocabulary.kind == kind);
        known
    }
}

fn beyond(caller: &Principal, cause: &'static str) -> Denial {
    Denial { caller: Some(caller.id()), ..Denial::refused(caller.scheme(), Reason::InsufficientPermissions, cause) }
}
