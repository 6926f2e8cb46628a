//! The evaluation of one layer: the rules of the scopes that share an engine, and the handler's rule.

use super::Engine;
use super::collect::{self, CallerQuery};
use super::metrics::{self, Timer};
use super::request::{Activity, Adapter, CallerOutcome, RequestState};
use crate::denial::{Denial, Reason};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::policy::decision::{Decision, Explanation, decide_counted, effective_caller, found_instead};
use crate::policy::facts::{CallerFacts, Facts};
use crate::policy::rule::{CallerAccess, Rule};
use crate::runtime::clock::Timestamp;
use crate::runtime::future::LocalBoxFuture;
use crate::scheme::{Extracted, RequestView, Verification, Verified};

/// How far an evaluation has come.
pub(super) enum Evaluation<'r> {
    /// The rules hold.
    Granted,
    /// They do not. Whether the role provider was asked about the caller.
    Denied(Denial, bool),
    /// A check of the handler's rule has to be run, about this caller or an anonymous one.
    RunCheck(u8, Option<Principal>),
    /// Something has to be waited for; then the layer is evaluated again.
    Pending(PendingVerification<'r>),
}

/// A verification of a credential, or a question to the role provider.
pub(super) struct PendingVerification<'r> {
    /// The scheme of the credential, and its position.
    scheme: Option<(SchemeId, usize)>,
    since: Timer,
    verified: LocalBoxFuture<'r, Verified>,
}

impl PendingVerification<'_> {
    /// Waits, and ignores the outcome.
    pub(super) async fn discard(self) {
        let _ = self.verified.await;
    }
}

/// The caller of a request, as far as it is known.
struct CallerState<'r> {
    known: Option<Result<Principal, Denial>>,
    credential: Extracted<'r>,
}

impl CallerState<'_> {
    fn caller(&self) -> CallerFacts<'_> {
        match (&self.known, &self.credential) {
            (Some(Ok(principal)), _) => CallerFacts::Known(principal),
            (Some(Err(denial)), _) => CallerFacts::Refused(denial),
            (None, Extracted::Found(credential)) => CallerFacts::Presented(credential.scheme),
            (None, _) => CallerFacts::Nobody,
        }
    }
}

impl<H: Adapter> Engine<H> {
    /// Evaluates a layer as far as that is possible without waiting. `verified` is the outcome of what was waited for.
    pub(super) fn evaluate<'r>(
        &'r self,
        query: CallerQuery<'r, H>,
        verified: Option<Result<Principal, Denial>>,
        state: &mut RequestState<H>,
    ) -> Evaluation<'r> {
        let rules = query.rules;
        let about = rules.facts_needed();
        let tenants = collect::tenants::<H>(query.request, rules, about);
        let facts = self.collect(query, about, &tenants);
        if about.caller && self.schemes.read_cookies() {
            state.notes_mut().hints.cookie = true;
        }
        let view = self.view(query.request, facts.now);
        let mut caller =
            CallerState { known: verified.or_else(|| self.found(query.request, state)), credential: Extracted::Absent };
        if caller.known.is_none() && about.caller {
            self.extract(&mut caller, &view, state);
        }
        loop {
            let mut case = facts;
            case.caller = caller.caller();
            case.caller = effective_caller(rules, &case);
            match decide_counted(rules, &case) {
                Decision::Allow => {
                    explain(query.handler, state, || Explanation::of(rules, &case));
                    let counts = matches!(case.caller, CallerFacts::Known(_));
                    self.keep_caller(query, &view, (caller.known, counts), state);
                    if about.place {
                        state.notes_mut().hints.private = true;
                    }
                    return Evaluation::Granted;
                }
                Decision::Deny(denial) => {
                    explain(query.handler, state, || Explanation::of(rules, &case));
                    let denial = self.with_detail(denial, query, &case);
                    let asked = matches!(&caller.known, Some(Ok(principal)) if principal.was_asked_about());
                    return Evaluation::Denied(denial, asked);
                }
                Decision::Check(index) => {
                    let principal = match case.caller {
                        CallerFacts::Known(principal) => Some(principal.clone()),
                        _ => None,
                    };
                    // The arguments of the check may need the caller.
                    let found = principal.clone().map_or(CallerOutcome::Nobody, CallerOutcome::Known);
                    self.store_caller(&view, found, query.handler, state);
                    return Evaluation::RunCheck(index, principal);
                }
                Decision::AskRoles(tenant) => return self.ask_roles(caller.known, tenant),
                Decision::Verify => match self.verify(&mut caller.credential, &view) {
                    Ok(verification) => caller.known = Some(self.settle(verification, state)),
                    Err(pending) => return pending,
                },
            }
        }
    }

    /// Waits, and returns the outcome with which to evaluate the layer again.
    pub(super) async fn complete(
        &self,
        request: &H::Request,
        pending: PendingVerification<'_>,
    ) -> Result<Principal, Denial> {
        let PendingVerification { scheme, since, verified } = pending;
        let verified = verified.await;
        let Some((scheme, index)) = scheme else { return verified.result };
        let mut state = H::take_state(request);
        let result = self.settle((scheme, index, since, verified), &mut state);
        H::put_state(request, state);
        result
    }

    pub(super) fn view<'r>(&'r self, request: &'r H::Request, now: Timestamp) -> RequestView<'r, H> {
        RequestView::new(request, now, &self.address)
    }

    /// The caller who was found before for this request, or set by a test.
    pub(super) fn found(&self, request: &H::Request, state: &RequestState<H>) -> Option<Result<Principal, Denial>> {
        if let Some(principal) = H::caller_override(request, &self.sources) {
            return Some(Ok(principal));
        }
        match state.cached_caller(request, self.id)? {
            CallerOutcome::Known(principal) => Some(Ok(principal)),
            CallerOutcome::Refused(denial) => Some(Err(*denial)),
            CallerOutcome::Nobody | CallerOutcome::Unavailable => None,
        }
    }

    /// The caller who was found before for this request.
    pub fn caller(&self, request: &H::Request) -> Option<Result<Principal, Denial>> {
        let state = H::take_state(request);
        let found = self.found(request, &state);
        H::put_state(request, state);
        found
    }

    /// Finds the credential of a request, and its caller if that was verified a moment ago or may not be verified now.
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

    /// Verifies a credential, or says what to wait for.
    fn verify<'r>(
        &'r self,
        extracted: &mut Extracted<'r>,
        view: &RequestView<'r, H>,
    ) -> Result<(SchemeId, usize, Timer, Verified), Evaluation<'r>> {
        // Only a credential that was found is verified.
        let set_up = || Evaluation::Denied(Denial::new(Reason::SetUp), false);
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

    /// The outcome of a verification for this request: block lists are asked, and effects are kept.
    fn settle(
        &self,
        (scheme, index, since, verified): (SchemeId, usize, Timer, Verified),
        state: &mut RequestState<H>,
    ) -> Result<Principal, Denial> {
        let was_verified = verified.result.is_ok();
        let result = verified.result.and_then(|principal| self.reject_if_blocked(principal));
        metrics::authenticated(scheme, since, result.is_ok());
        let effects = verified.effects.map(|effects| *effects).unwrap_or_default();
        // A session that is revoked does not come back; somebody who is blocked may be admitted again.
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

    /// A caller whose credential was verified, unless a list refuses them. Before the verification, a name is anybody's claim.
    pub fn reject_if_blocked(&self, principal: Principal) -> Result<Principal, Denial> {
        if let Some(blocklist) = &self.blocklist {
            blocklist.check(&principal)?;
        }
        Ok(principal)
    }

    /// Asks the role provider about a caller.
    fn ask_roles(&self, known: Option<Result<Principal, Denial>>, tenant: Option<String>) -> Evaluation<'_> {
        let (Some(Ok(principal)), Some(provider)) = (known, &self.role_provider) else {
            // Only a provider that is there is asked, and about a known caller.
            return Evaluation::Denied(Denial::new(Reason::SetUp), false);
        };
        let verified = Box::pin(async move {
            let answer = provider.look_up(&principal.id(), tenant.as_deref()).await;
            Ok(principal.with_answer(tenant.as_deref(), answer)).into()
        });
        Evaluation::Pending(PendingVerification { scheme: None, since: metrics::start(), verified })
    }

    /// Keeps the caller of a granted request. `counts` is whether the decision was made on them.
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

    /// The denial with what was found, for the log; nothing is determined if the log does not record it.
    fn with_detail(&self, denial: Denial, query: CallerQuery<'_, H>, case: &Facts<'_>) -> Denial {
        if denial.detail.is_some() || !tracing::enabled!(target: "auth_actix", tracing::Level::INFO) {
            return denial;
        }
        match denial.reason {
            Reason::CrossSiteRequest => {
                let detail = self.describe_origin(query.request);
                let cause = "the request does not show that it comes from our own pages";
                // What the rule asks for is not what is wrong.
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

/// Explains a decision to a test that wants to know, or to the log at its finest level. Costs nothing otherwise.
fn explain<H: Adapter>(handler: &'static Rule, state: &mut RequestState<H>, explained: impl FnOnce() -> Explanation) {
    let is_logged = tracing::enabled!(target: "auth_actix", tracing::Level::DEBUG);
    let is_wanted = state.notes().is_some_and(|notes| notes.explanations.is_some());
    if !is_logged && !is_wanted {
        return;
    }
    let explained = explained();
    if is_logged {
        // One line, as every entry is.
        let lines = explained.to_string();
        let why = lines.lines().map(str::trim).collect::<Vec<_>>().join("; ");
        tracing::debug!(target: "auth_actix", handler = handler.target.name(), why, "decided");
    }
    if is_wanted && let Some(all) = &mut state.notes_mut().explanations {
        all.push(explained);
    }
}
