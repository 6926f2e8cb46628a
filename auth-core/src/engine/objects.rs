//! The facts with which an object is loaded and its policy is asked.

use super::Engine;
use super::provider::Question;
use super::request::{Adapter, CallerOutcome};
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

    /// Returns the caller with the rights in `tenant`, or outside of tenants, that the rights provider has. A policy is asked only with
    /// them (RIGHTS-12). They are kept for the request, so that the provider is asked once.
    ///
    /// # Errors
    /// The provider is unavailable.
    pub async fn with_rights_in(
        &self,
        request: &H::Request,
        caller: Principal,
        tenant: Option<Tenant>,
        rule: &'static Rule,
    ) -> Result<Principal, Denial> {
        let within = tenant.as_ref().map(Tenant::borrowed);
        if self.rights_provider.is_none() || matches!(caller.answer(within.as_ref()), Some(RightsLookup::Answered(_))) {
            return Ok(caller);
        }
        let was_asked = caller.answer(within.as_ref()).is_some();
        let question = Question::Rights(tenant.clone());
        let asked = match self.ask_provider(request, Some(Ok(caller.clone())), question).filter(|_| !was_asked) {
            Some(asked) => asked.await.result?,
            None => caller,
        };
        if !matches!(asked.answer(within.as_ref()), Some(RightsLookup::Answered(_))) {
            let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(5));
            return Err(Denial::refused(asked.scheme(), reason, "the rights of the caller are unavailable"));
        }
        let mut state = H::take_state(request);
        let view = self.view(request, clock::now());
        self.store_caller(&view, CallerOutcome::Known(asked.clone()), rule, &mut state);
        H::put_state(request, state);
        Ok(asked)
    }
}
