//! Metrics through the facade of the `metrics` crate. The application chooses the recorder. Nothing is counted without the feature
//! `metrics`.
//!
//! | name | kind | labels |
//! | --- | --- | --- |
//! | `auth_decisions_total` | counter | `outcome` (`granted`, `denied`, `failed`), `reason` (the problem, or `none`), `scheme`, `handler` |
//! | `auth_authentication_seconds` | histogram | `scheme`, `outcome` (`verified`, `refused`) |

use crate::denial::Denial;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::policy::rule::Rule;
use crate::runtime::clock::{self, Moment};

pub(crate) const IS_ENABLED: bool = true;

fn name(scheme: Option<SchemeId>) -> &'static str {
    scheme.map_or("none", SchemeId::name)
}

pub(crate) fn granted(rule: &'static Rule, caller: Option<&Principal>) {
    metrics::counter!(
        "auth_decisions_total", "outcome" => "granted", "reason" => "none",
        "scheme" => name(caller.map(|caller| caller.scheme())), "handler" => rule.target.name()
    )
    .increment(1);
}

/// Counts a request that was answered with a denial.
pub fn count_denial(rule: &'static Rule, denial: &Denial) {
    let outcome = if denial.reason.is_of_server() { "failed" } else { "denied" };
    metrics::counter!(
        "auth_decisions_total", "outcome" => outcome, "reason" => denial.reason.response().problem,
        "scheme" => name(denial.scheme), "handler" => rule.target.name()
    )
    .increment(1);
}

#[derive(Clone, Copy)]
pub(crate) struct Timer(Moment);

pub(crate) fn start() -> Timer {
    Timer(clock::monotonic())
}

pub(crate) fn authenticated(scheme: SchemeId, since: Timer, verified: bool) {
    let outcome = if verified { "verified" } else { "refused" };
    let took = clock::monotonic().after(since.0).unwrap_or_default();
    metrics::histogram!("auth_authentication_seconds", "scheme" => scheme.name(), "outcome" => outcome).record(took);
}
