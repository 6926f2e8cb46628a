//! Authentication apart from a decision: before all rules, for a lease, and for the ticket of a caller.

use super::Engine;
use super::collect::CallerQuery;
use super::evaluate::Evaluation;
use super::request::{Adapter, CallerOutcome};
use crate::denial::{Denial, Reason};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::policy::decision::Rules;
use crate::policy::facts::Checks;
use crate::policy::rule::Rule;
use crate::runtime::clock::{self, Timestamp};
use crate::scheme::{Extracted, Verification};

impl<H: Adapter> Engine<H> {
    /// Returns the bearer token of a request, unless it is presented by a ticket.
    pub fn bearer_token<'r>(&'r self, request: &'r H::Request) -> Option<&'r str> {
        let view = self.view(request, clock::now());
        match self.schemes.extract(&view) {
            Extracted::Found(found) if found.scheme != SchemeId::Bearer || found.is_in_query => None,
            Extracted::Found(found) if found.verified.is_some() => view.authorization.token68(SchemeId::Bearer)?.ok(),
            Extracted::Found(found) => Some(found.text),
            _ => None,
        }
    }

    /// Authenticates the caller without a decision, which is left to the rules of handlers.
    pub async fn identify(&self, request: &H::Request, rule: &'static Rule) {
        let query = CallerQuery {
            request,
            rules: Rules { scopes: &[], handler: rule },
            handler: rule,
            checks: Checks::default(),
        };
        let mut verified = None;
        loop {
            let mut state = H::take_state(request);
            let evaluation = self.evaluate(query, verified.take(), &mut state);
            // The refusal is stored, so that the credential is verified only once and a failure is counted only once. A ticket would be
            // unknown, and a proof of possession used, if the rule of a handler verified it again after an outage.
            if let Evaluation::Denied(denial, _) = &evaluation
                && denial.scheme.is_some()
                && (!denial.reason.is_of_server() || matches!(denial.reason, Reason::AuthenticationUnavailable(_)))
            {
                let view = self.view(request, clock::now());
                self.store_caller(&view, CallerOutcome::Refused(Box::new(denial.clone())), rule, &mut state);
            }
            H::put_state(request, state);
            let Evaluation::Pending(pending) = evaluation else { return };
            verified = Some(self.complete(request, pending).await);
        }
    }

    /// Verifies the credential again and returns the current caller. A credential that can be verified only once is not verified
    /// again: the known caller is returned, without looked-up roles.
    async fn caller_now(&self, request: &H::Request, known: &Principal) -> Result<Principal, Denial> {
        if let Some(principal) = H::caller_override(request, &self.sources) {
            return Ok(principal);
        }
        let view = self.view(request, clock::now());
        let Extracted::Found(credential) = self.schemes.extract(&view) else { return Ok(known.without_answers()) };
        let state = H::take_state(request);
        let replacement = state.replacement(self.id).map(str::to_owned);
        H::put_state(request, state);
        let scheme = self.schemes.of(&credential).filter(|scheme| !scheme.is_verified_once());
        let verification = scheme.and_then(|scheme| scheme.reverify(credential, replacement.as_deref(), &view));
        match verification {
            None => Ok(known.without_answers()),
            Some(Verification::Ready(verified)) => verified.result,
            Some(Verification::Pending(verified)) => verified.await.result,
        }
    }

    /// Verifies the caller of a granted request again. Returns the expiry time of the credential. `None` if the engine has no
    /// caller for this request, or if the credential does not expire.
    ///
    /// # Errors
    /// The credential is no longer accepted, or now belongs to another principal.
    pub async fn reverify(&self, request: &H::Request, rule: &'static Rule) -> Result<Option<Timestamp>, Denial> {
        let state = H::take_state(request);
        let found = state.cached_caller(request, self.id);
        H::put_state(request, state);
        let Some(CallerOutcome::Known(known)) = found else { return Ok(None) };
        let principal = self.reject_if_blocked(self.caller_now(request, &known).await?)?;
        let principal = self.reload_account(request, principal).await?;
        if principal.id() != known.id() || !principal.actors().eq(known.actors()) {
            let cause = "the credential now identifies another caller";
            return Err(Denial::refused(principal.scheme(), Reason::RevokedCredentials, cause));
        }
        // A token that cannot be verified again ends at its expiry time, without leeway.
        let is_verified_again = principal.scheme() != SchemeId::Dpop;
        if !is_verified_again && principal.expires_at().is_some_and(|end| end <= clock::now()) {
            return Err(Denial::refused(principal.scheme(), Reason::ExpiredCredentials, "the credential has expired"));
        }
        let expires = principal.expires_at();
        let mut state = H::take_state(request);
        let view = self.view(request, clock::now());
        self.store_caller(&view, CallerOutcome::Known(principal), rule, &mut state);
        H::put_state(request, state);
        Ok(expires)
    }
}
