//! The evaluation of one layer: the rules of the scopes that share an engine, and the handler's rule.

use super::Engine;
use super::accounts::AccountOf;
use super::collect::CallerQuery;
use super::details::{explain, with_caller};
use super::metrics::{self, Timer};
use super::provider::{ProviderCalls, Question};
use super::request::{Activity, Adapter, CallerOutcome, Observed, RequestState};
use crate::denial::{Denial, Reason};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::tenant::Tenant;
use crate::policy::decision::{Decision, Explanation, Rules, decide_counted, effective_caller, found_instead};
use crate::policy::facts::{CallerFacts, Facts};
use crate::policy::rule::{CallerAccess, FactsNeeded, Rule};
use crate::runtime::clock::Timestamp;
use crate::runtime::future::LocalBoxFuture;
use crate::scheme::{Extracted, RequestView, Verification, Verified};

/// The state of an evaluation.
pub(super) enum Evaluation<'r> {
    /// The rules hold.
    Granted,
    /// The rules do not hold. Contains what the rights provider was asked about the caller.
    Denied(Denial, ProviderCalls),
    /// A check of the handler's rule has to run, for this caller or for an anonymous one.
    RunCheck(u8, Option<Principal>),
    /// An operation is pending. The layer has to be evaluated again with its result.
    Pending(PendingVerification<'r>),
}

/// A pending verification of a credential, or lookup of the account or of rights of its caller.
pub(super) struct PendingVerification<'r> {
    /// The scheme of the credential, and its position. `None` for a lookup.
    scheme: Option<(SchemeId, usize)>,
    since: Timer,
    verified: LocalBoxFuture<'r, Verified>,
}

struct CallerState<'r> {
    known: Option<Result<Principal, Denial>>,
    credential: Extracted<'r>,
}

impl CallerState<'_> {
    #[inline]
    fn caller(&self) -> CallerFacts<'_> {
        match (&self.known, &self.credential) {
            (Some(Ok(principal)), _) => CallerFacts::of(principal),
            (Some(Err(denial)), _) => CallerFacts::Refused(denial),
            (None, Extracted::Found(credential)) => CallerFacts::Presented(credential.scheme),
            (None, _) => CallerFacts::Nobody,
        }
    }
}

impl<H: Adapter> Engine<H> {
    /// Evaluates a layer as far as possible without waiting. `verified` is the result of the previous pending operation.
    pub(super) fn evaluate<'r>(
        &'r self,
        query: CallerQuery<'r, H>,
        verified: Option<Result<Principal, Denial>>,
        state: &mut RequestState<H>,
    ) -> Evaluation<'r> {
        let rules = query.rules;
        let about = rules.facts_needed();
        let tenants = about.tenant.then(|| self.tenants(query.request, rules));
        let facts = self.collect(query, about, tenants.as_ref());
        self.note_inputs(rules, about, state);
        let view = self.view(query.request, facts.now);
        let mut caller =
            CallerState { known: verified.or_else(|| self.found(query.request, state)), credential: Extracted::Absent };
        if caller.known.is_none() && about.caller {
            self.extract(&mut caller, &view, state);
        }
        loop {
            let mut case = Facts { caller: caller.caller(), ..facts };
            case.caller = effective_caller(rules, &case);
            match decide_counted(rules, &case) {
                Decision::Allow => {
                    explain(query.handler, state, || Explanation::of(rules, &case));
                    let counts = case.caller.principal().is_some();
                    keep_tenant(rules, &case, state);
                    self.keep_caller(query, &view, (caller.known, counts), state);
                    if about.place {
                        state.notes_mut().hints.private = true;
                    }
                    return Evaluation::Granted;
                }
                Decision::Deny(denial) => {
                    explain(query.handler, state, || Explanation::of(rules, &case));
                    let denial = with_caller(self.with_detail(denial, query, &case), &caller.known);
                    return Evaluation::Denied(denial, ProviderCalls::about(&caller.known));
                }
                Decision::Check(index) => {
                    state.observe(Observed::Check);
                    keep_tenant(rules, &case, state);
                    // The extractors of the check's arguments may need the caller.
                    let principal = case.caller.principal().cloned();
                    let found = principal.clone().map_or(CallerOutcome::Nobody, CallerOutcome::Known);
                    about.caller.then(|| self.store_caller(&view, found, query.handler, state));
                    return Evaluation::RunCheck(index, principal);
                }
                Decision::AskRights(dimensions) => {
                    let question = Question::Rights(asked_tenant(&case, dimensions));
                    if !self.answer_from_cache(query.request, &mut caller.known, &question) {
                        return self.ask(query.request, caller.known, question);
                    }
                }
                Decision::AskDefaultTenant => return self.ask(query.request, caller.known, Question::DefaultTenant),
                Decision::Verify => {
                    if let Err(pending) = self.verify_or_load(&mut caller, &view, state) {
                        return pending;
                    }
                }
            }
        }
    }

    /// Verifies the credential. If that was done, loads the account of the caller.
    fn verify_or_load<'r>(
        &'r self,
        caller: &mut CallerState<'r>,
        view: &RequestView<'r, H>,
        state: &mut RequestState<H>,
    ) -> Result<(), Evaluation<'r>> {
        let result = match caller.known.take() {
            Some(Ok(principal)) => match self.load_account(principal, view, state) {
                AccountOf::Known(result) => {
                    self.note_ended_session(&result, state);
                    result
                }
                AccountOf::Pending(verified) => {
                    let since = metrics::start();
                    return Err(Evaluation::Pending(PendingVerification { scheme: None, since, verified }));
                }
            },
            _ => {
                let verification = self.verify(&mut caller.credential, view)?;
                self.settle(verification, state)
            }
        };
        caller.known = Some(result);
        Ok(())
    }

    /// Waits for the operation and returns the result with which to evaluate the layer again.
    pub(super) async fn complete(
        &self,
        request: &H::Request,
        pending: PendingVerification<'_>,
    ) -> Result<Principal, Denial> {
        let PendingVerification { scheme, since, verified } = pending;
        let verified = verified.await;
        let mut state = H::take_state(request);
        let result = match scheme {
            Some((scheme, index)) => self.settle((scheme, index, since, verified), &mut state),
            None => {
                self.note_ended_session(&verified.result, &mut state);
                verified.result
            }
        };
        H::put_state(request, state);
        result
    }

    pub(super) fn view<'r>(&'r self, request: &'r H::Request, now: Timestamp) -> RequestView<'r, H> {
        RequestView::new(request, now, &self.address)
    }

    /// Returns the caller that was already determined for this request, or set by a test.
    pub(super) fn found(&self, request: &H::Request, state: &RequestState<H>) -> Option<Result<Principal, Denial>> {
        if let Some(principal) = H::caller_override(request, &self.sources)
            && !(principal.needs_account() && state.cached_caller(request, self.id).is_some())
        {
            return Some(Ok(principal));
        }
        match state.cached_caller(request, self.id)? {
            CallerOutcome::Known(principal) => Some(Ok(principal)),
            CallerOutcome::Refused(denial) => Some(Err(*denial)),
            CallerOutcome::Nobody | CallerOutcome::Unavailable => None,
        }
    }

    /// Returns the caller that was already determined for this request.
    pub fn caller(&self, request: &H::Request) -> Option<Result<Principal, Denial>> {
        let state = H::take_state(request);
        let found = self.found(request, &state);
        H::put_state(request, state);
        found
    }

    /// Extracts the credential of a request. Also determines the caller if the credential was verified recently or is currently
    /// throttled.
    fn extract<'r>(&self, caller: &mut CallerState<'r>, view: &RequestView<'r, H>, state: &mut RequestState<H>) {
        let mut credential = match self.schemes.extract(view) {
            Extracted::Found(credential) => credential,
            Extracted::Refused(error) => {
                caller.known = Some(Err(error.into()));
                return;
            }
            other => {
                caller.credential = other;
                return;
            }
        };
        if credential.is_in_query {
            state.notes_mut().hints.private = true;
        }
        if let Some(principal) = credential.verified.take() {
            let since = metrics::start();
            let result = self.reject_if_blocked(principal);
            metrics::authenticated(credential.scheme, since, result.is_ok());
            caller.known = Some(result);
            return;
        }
        let scheme = self.schemes.of(&credential);
        caller.known = scheme.and_then(|scheme| scheme.throttle(&credential, view)).map(Err);
        caller.credential = credential.into();
    }

    /// Verifies a credential. Returns the pending evaluation if the verification has to wait.
    fn verify<'r>(
        &'r self,
        extracted: &mut Extracted<'r>,
        view: &RequestView<'r, H>,
    ) -> Result<(SchemeId, usize, Timer, Verified), Evaluation<'r>> {
        // Only an extracted credential is verified. Anything else is a bug, so it fails closed.
        let set_up = || Evaluation::Denied(Denial::new(Reason::SetUp), ProviderCalls::default());
        let Extracted::Found(credential) = std::mem::replace(extracted, Extracted::Absent) else {
            return Err(set_up());
        };
        let scheme = (credential.scheme, credential.index());
        let since = metrics::start();
        match self.schemes.of(&credential).ok_or_else(set_up)?.verify(credential, view) {
            Verification::Ready(verified) => Ok((scheme.0, scheme.1, since, verified)),
            Verification::Pending(verified) => {
                Err(Evaluation::Pending(PendingVerification { scheme: Some(scheme), since, verified }))
            }
        }
    }

    /// Applies the result of a verification to this request: checks the block lists and keeps the effects.
    fn settle(
        &self,
        (scheme, index, since, verified): (SchemeId, usize, Timer, Verified),
        state: &mut RequestState<H>,
    ) -> Result<Principal, Denial> {
        let was_verified = verified.result.is_ok();
        let result = verified.result.and_then(|principal| self.reject_if_blocked(principal));
        metrics::authenticated(scheme, since, result.is_ok());
        let effects = verified.effects.map(|effects| *effects).unwrap_or_default();
        // A revoked session never becomes valid again, so its cookie is deleted. A blocked caller may be unblocked later, so the
        // cookie is kept.
        let is_revoked = matches!(&result, Err(denial) if denial.reason == Reason::RevokedCredentials);
        if (effects.delete_cookie || was_verified && is_revoked)
            && let Some(line) = self.schemes.at(index).and_then(|scheme| scheme.delete_cookie())
        {
            state.notes_mut().hints.delete_cookie = Some(line);
        }
        if let Some(nonce) = effects.next_nonce {
            state.notes_mut().hints.next_nonce = Some(nonce);
        }
        if let Some(credential) = effects.replacement {
            state.replace_credential(self.id, credential);
        }
        if let Some(key) = effects.activity.filter(|_| result.is_ok()) {
            state.add_activity(Activity { engine: self.id, scheme: index, key });
        }
        result
    }

    /// Returns the verified caller, unless a block list refuses them. Checked only after verification, since before it a name is an
    /// unverified claim.
    pub fn reject_if_blocked(&self, principal: Principal) -> Result<Principal, Denial> {
        if let Some(blocklist) = &self.blocklist {
            blocklist.check(&principal)?;
        }
        Ok(principal)
    }

    /// Returns the pending evaluation of a question to the rights provider.
    fn ask(
        &self,
        request: &H::Request,
        known: Option<Result<Principal, Denial>>,
        question: Question,
    ) -> Evaluation<'_> {
        match self.ask_provider(request, known, question) {
            Some(verified) => {
                Evaluation::Pending(PendingVerification { scheme: None, since: metrics::start(), verified })
            }
            // The decision asks only if a provider is configured and the caller is known.
            None => Evaluation::Denied(Denial::new(Reason::SetUp), ProviderCalls::default()),
        }
    }

    /// Notes the headers on which the response depends.
    #[inline]
    fn note_inputs(&self, rules: Rules<'_>, about: FactsNeeded, state: &mut RequestState<H>) {
        if about.caller && self.schemes.read_cookies() {
            state.notes_mut().hints.cookie = true;
        }
        if !about.tenant {
            return;
        }
        for name in rules.dimensions() {
            if let Some(location) = self.tenant_locations.iter().find(|known| known.name == name) {
                let vary = state.notes_mut().hints.vary.get_or_insert_default();
                vary.extend(
                    location.header().filter(|header| !vary.iter().any(|known| known == header)).map(str::to_owned),
                );
            }
        }
    }

    /// Stores the caller of a granted request. `counts` is whether the decision was based on them.
    fn keep_caller(
        &self,
        query: CallerQuery<'_, H>,
        view: &RequestView<'_, H>,
        (known, counts): (Option<Result<Principal, Denial>>, bool),
        state: &mut RequestState<H>,
    ) {
        let found = match known {
            Some(Ok(principal)) if counts => {
                if !principal.scheme().is_known_to_caches() {
                    state.notes_mut().hints.private = true;
                }
                CallerOutcome::Known(principal)
            }
            Some(Ok(principal)) => {
                if self.sink.is_some() {
                    state.notes_mut().uncounted = Some(principal);
                }
                if query.rules.handler.reads == CallerAccess::Nothing {
                    return;
                }
                CallerOutcome::Nobody
            }
            _ if query.rules.handler.reads == CallerAccess::Nothing => return,
            Some(Err(denial)) if matches!(denial.reason, Reason::AuthenticationUnavailable(_)) => {
                CallerOutcome::Unavailable
            }
            _ => CallerOutcome::Nobody,
        };
        self.store_caller(view, found, query.handler, state);
    }

    pub(super) fn store_caller(
        &self,
        view: &RequestView<'_, H>,
        found: CallerOutcome,
        rule: &'static Rule,
        state: &mut RequestState<H>,
    ) {
        state.store_caller((self.id, self.schemes.headers()), view, found, rule);
    }

    /// Adds details for the log to a denial. Computes nothing if the log level is disabled.
    fn with_detail(&self, denial: Denial, query: CallerQuery<'_, H>, case: &Facts<'_>) -> Denial {
        if denial.detail.is_some() || !tracing::enabled!(target: "auth_actix", tracing::Level::INFO) {
            return denial;
        }
        match denial.reason {
            Reason::CrossSiteRequest => {
                let detail = self.describe_origin(query.request);
                let cause = "the request is not provably same-origin";
                // The atoms of the rule are not the cause of this denial.
                Denial { cause: Some(cause), failed: Vec::new(), ..denial }.with_detail(detail)
            }
            Reason::InsufficientPermissions | Reason::InsufficientScope(_) => match found_instead(query.rules, case) {
                Some(found) => denial.with_detail(found),
                None => denial,
            },
            _ => denial,
        }
    }
}

/// Returns the tenant with these dimensions that a request is about.
#[cold]
fn asked_tenant(case: &Facts<'_>, dimensions: Option<&'static [&'static str]>) -> Option<Tenant> {
    let caller = case.caller.principal()?;
    case.external.tenant(dimensions?, Some(caller)).ok()?.to_tenant()
}

/// Stores the tenant that was decided on, if the handler takes it or an object is loaded with it.
fn keep_tenant<H: Adapter>(rules: Rules<'_>, case: &Facts<'_>, state: &mut RequestState<H>) {
    if case.external.tenants.is_none() || !rules.handler.uses_tenant() {
        return;
    }
    let tenant = case.external.tenant(&rules.dimensions(), case.caller.principal());
    state.notes_mut().tenant = tenant.ok().and_then(|tenant| tenant.to_tenant()).map(Box::new);
}
