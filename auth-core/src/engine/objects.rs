//! The facts with which an object is loaded and its policy is asked.

use std::sync::Arc;

use super::Engine;
use super::request::{Adapter, CallerOutcome, GivenRights};
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::principal::{Principal, RightsLookup};
use crate::identity::tenant::Tenant;
use crate::policy::rule::Rule;
use crate::runtime::clock;

impl<H: Adapter> Engine<H> {
    /// Returns the tenant that was decided on for the rule of a handler, if it names one and an argument or an object uses it.
    pub fn decided_tenant(&self, request: &H::Request) -> Option<Tenant> {
        let state = H::take_state(request);
        let tenant = state.notes().and_then(|notes| notes.tenant.as_deref().cloned());
        H::put_state(request, state);
        tenant
    }

    /// Returns whether the rights of the caller in `tenant`, or outside of tenants, are known without asking the rights provider.
    pub fn knows_rights_in(&self, caller: &Principal, tenant: Option<&Tenant>) -> bool {
        let within = tenant.map(Tenant::borrowed);
        self.rights_provider.is_none() || matches!(caller.answer(within.as_ref()), Some(RightsLookup::Answered(_)))
    }

    /// Returns the caller with the rights in `tenant`, or outside of tenants, that the rights provider has. A policy is asked only with
    /// them (RIGHTS-12). `given` replaces the provider in tests.
    ///
    /// # Errors
    /// The provider is unavailable.
    pub async fn with_rights_in(
        &self,
        caller: Principal,
        tenant: Option<Tenant>,
        given: Option<&GivenRights>,
    ) -> Result<Principal, Denial> {
        let Some(provider) = &self.rights_provider else { return Ok(caller) };
        let answer = match (caller.answer(tenant.as_ref().map(Tenant::borrowed).as_ref()), given) {
            (Some(RightsLookup::Answered(_)), _) => return Ok(caller),
            (Some(RightsLookup::OutOfReach), _) => RightsLookup::OutOfReach,
            (None, Some(given)) => RightsLookup::Answered(Arc::new(given(tenant.as_ref()))),
            (None, None) => match provider.known(&caller.id(), tenant.as_ref()) {
                Some(known) => known,
                None => provider.look_up(&caller.id(), tenant.as_ref()).await,
            },
        };
        match answer {
            RightsLookup::Answered(_) => Ok(caller.with_rights(tenant, answer)),
            RightsLookup::OutOfReach => Err(rights_unavailable(&caller)),
        }
    }

    /// Keeps a caller with answers of the rights provider for the request, so that it is asked once.
    pub fn keep_answers(&self, request: &H::Request, caller: Principal, rule: &'static Rule) {
        let mut state = H::take_state(request);
        let view = self.view(request, clock::now());
        self.store_caller(&view, CallerOutcome::Known(caller), rule, &mut state);
        H::put_state(request, state);
    }
}

/// Returns the denial of a caller whose rights are unknown.
pub fn rights_unavailable(caller: &Principal) -> Denial {
    let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(5));
    Denial::refused(caller.scheme(), reason, "the rights of the caller are unavailable")
}
