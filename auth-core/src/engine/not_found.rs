//! Denials that must look like the response to an unknown path, including their timing.

use super::Engine;
use super::collect::CallerQuery;
use super::evaluate::{Evaluation, PendingVerification};
use super::provider::ProviderCalls;
use super::request::{Adapter, RequestState};
use crate::denial::{Denial, Reason};
use crate::identity::id::Id;
use crate::policy::decision::Rules;
use crate::policy::facts::Checks;
use crate::policy::rule::{Rule, RuleTarget};
use crate::runtime::future::LocalBoxFuture;
use crate::store::rights::ProvidedRights;

/// The rule for unknown paths in a scope with a hidden handler. It causes the same steps as that handler, and grants no request.
pub static UNKNOWN_PATH: Rule = Rule {
    text: "authenticated, then not found",
    target: RuleTarget::Other("an unknown path"),
    not_found: true,
    ..crate::policy::rule::AUTHENTICATED
};

/// Returns the work that a request for an unknown path would have caused and that this denial skipped: the verification of a
/// credential, and lookups of the account and of rights. The result is discarded. Without this work, the response time would
/// distinguish a hidden handler from an unknown path.
pub(super) fn work<'r, H: Adapter>(
    engine: &'r Engine<H>,
    request: &'r H::Request,
    denial: &Denial,
    asked: ProviderCalls,
    state: &mut RequestState<H>,
) -> Option<LocalBoxFuture<'r, ()>> {
    // The rights provider is asked once about every known caller, whether or not the rights could matter (H5, ACCT-15).
    let may_ask = !asked.rights || !asked.default_tenant && engine.hides_tenants();
    if let (Some(caller), Some(provider), true) = (denial.caller.clone(), engine.rights_provider(), may_ask) {
        return Some(Box::pin(ask(engine, provider, caller, asked)));
    }
    let is_early = matches!(denial.reason, Reason::AccessBlocked | Reason::CrossSiteRequest | Reason::SetUp);
    if !is_early || denial.caller.is_some() {
        return None;
    }
    let rules = Rules { scopes: &[], handler: &UNKNOWN_PATH };
    let query = CallerQuery { request, rules, handler: &UNKNOWN_PATH, checks: Checks::default() };
    match engine.evaluate(query, None, state) {
        Evaluation::Pending(pending) => Some(Box::pin(work_of_unknown_path(engine, query, pending))),
        Evaluation::Granted if engine.rights_provider().is_some() => Some(Box::pin(equalize_lookups(engine, request))),
        _ => None,
    }
}

/// Waits for the operations of a request for an unknown path: the verification, the lookup of the account, and that of rights.
async fn work_of_unknown_path<H: Adapter>(
    engine: &Engine<H>,
    query: CallerQuery<'_, H>,
    mut pending: PendingVerification<'_>,
) {
    loop {
        let verified = engine.complete(query.request, pending).await;
        let mut state = H::take_state(query.request);
        let evaluation = engine.evaluate(query, Some(verified), &mut state);
        H::put_state(query.request, state);
        match evaluation {
            Evaluation::Pending(next) => pending = next,
            Evaluation::Granted => return equalize_lookups(engine, query.request).await,
            Evaluation::Denied(denial, asked) => {
                if let (Some(caller), Some(provider)) = (denial.caller, engine.rights_provider()) {
                    ask(engine, provider, caller, asked).await;
                }
                return;
            }
            Evaluation::RunCheck(..) => return,
        }
    }
}

/// Asks the rights provider what it was not asked yet, and discards the answers.
async fn ask<H: Adapter>(engine: &Engine<H>, provider: &ProvidedRights, caller: Id, asked: ProviderCalls) {
    if !asked.default_tenant && engine.hides_tenants() {
        let _ = provider.default_tenant(&caller).await;
    }
    if !asked.rights {
        let _ = provider.look_up(&caller, None).await;
    }
}

/// Looks up the rights of the caller of a request for an unknown path, as a hidden handler would have done.
pub async fn equalize_lookups<H: Adapter>(engine: &Engine<H>, request: &H::Request) {
    let Some(provider) = engine.rights_provider() else { return };
    if let Some(Ok(caller)) = engine.caller(request) {
        ask(engine, provider, caller.id(), ProviderCalls::default()).await;
    }
}
