//! Denials that must look like the response to an unknown path, including their timing.

use super::Engine;
use super::collect::CallerQuery;
use super::evaluate::Evaluation;
use super::request::{Adapter, RequestState};
use crate::denial::{Denial, Reason};
use crate::policy::decision::Rules;
use crate::policy::facts::Checks;
use crate::policy::rule::{Rule, RuleTarget};
use crate::runtime::future::LocalBoxFuture;

/// The rule of an unknown path next to a hidden one. It causes the same steps and grants no request.
pub static UNKNOWN_PATH: Rule = Rule {
    text: "authenticated, and then nothing is here",
    target: RuleTarget::Other("an unknown path"),
    not_found: true,
    ..crate::policy::rule::AUTHENTICATED
};

/// Returns the work that a request for an unknown path would have caused and that this denial skipped: the verification of a
/// credential, or a lookup of roles. The result is discarded. Without this work, the response time would distinguish a hidden
/// handler from an unknown path.
pub(super) fn work<'r, H: Adapter>(
    engine: &'r Engine<H>,
    request: &'r H::Request,
    denial: &Denial,
    asked_roles: bool,
    state: &mut RequestState<H>,
) -> Option<LocalBoxFuture<'r, ()>> {
    // The role provider is asked once about every known caller, whether or not the roles could matter (H5).
    if let (Some(caller), Some(provider), false) = (denial.caller.clone(), engine.role_provider(), asked_roles) {
        return Some(Box::pin(async move {
            let _ = provider.look_up(&caller, None).await;
        }));
    }
    let is_early = matches!(denial.reason, Reason::AccessBlocked | Reason::CrossSiteRequest | Reason::SetUp);
    if !is_early || denial.caller.is_some() {
        return None;
    }
    let rules = Rules { scopes: &[], handler: &UNKNOWN_PATH };
    let query = CallerQuery { request, rules, handler: &UNKNOWN_PATH, checks: Checks::default() };
    match engine.evaluate(query, None, state) {
        Evaluation::Pending(pending) => Some(Box::pin(pending.discard())),
        _ => None,
    }
}

/// Looks up the roles of the caller of a request for an unknown path, as a hidden handler would have done.
pub async fn equalize_role_lookup<H: Adapter>(engine: &Engine<H>, request: &H::Request) {
    let Some(provider) = engine.role_provider() else { return };
    if let Some(Ok(caller)) = engine.caller(request) {
        let _ = provider.look_up(&caller.id(), None).await;
    }
}
