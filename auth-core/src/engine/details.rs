//! Details of decisions for logs, audit events and tests.

use super::request::{Adapter, RequestState};
use crate::denial::Denial;
use crate::identity::principal::Principal;
use crate::policy::decision::Explanation;
use crate::policy::rule::Rule;

/// Adds the verified caller to a denial that does not name it, because the credential counted as anonymous (RIGHTS-14).
pub(super) fn with_caller(denial: Denial, known: &Option<Result<Principal, Denial>>) -> Denial {
    match (known, &denial.caller) {
        (Some(Ok(principal)), None) if !principal.needs_account() => Denial { caller: Some(principal.id()), ..denial },
        _ => denial,
    }
}

/// Provides an explanation of the decision to a test that requested it, or to the log at debug level. Computes nothing otherwise.
pub(super) fn explain<H: Adapter>(
    handler: &'static Rule,
    state: &mut RequestState<H>,
    explained: impl FnOnce() -> Explanation,
) {
    let is_logged = tracing::enabled!(target: "auth_actix", tracing::Level::DEBUG);
    let is_wanted = state.notes().is_some_and(|notes| notes.explanations.is_some());
    if !is_logged && !is_wanted {
        return;
    }
    let explained = explained();
    if is_logged {
        // A log entry is a single line.
        let lines = explained.to_string();
        let why = lines.lines().map(str::trim).collect::<Vec<_>>().join("; ");
        tracing::debug!(target: "auth_actix", handler = handler.target.name(), why, "decided");
    }
    if is_wanted && let Some(all) = &mut state.notes_mut().explanations {
        all.push(explained);
    }
}
