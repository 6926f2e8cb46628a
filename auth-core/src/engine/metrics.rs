//! Metrics, through the facade of the `metrics` crate: the application says where they go. Without the feature, nothing.
//!
//! | name | kind | labels |
//! | --- | --- | --- |
//! | `auth_decisions_total` | counter | `outcome` (`granted`, `denied`, `failed`), `reason` (the problem, or `none`), `scheme`, `handler` |
//! | `auth_authentication_seconds` | histogram | `scheme`, `outcome` (`verified`, `refused`) |
#![cfg_attr(not(feature = "metrics"), allow(unused_variables, reason = "nobody counts"))]

use crate::denial::Denial;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::policy::rule::Rule;
#[cfg(feature = "metrics")]
use crate::runtime::clock::{self, Moment};

#[cfg(feature = "metrics")]
fn name(scheme: Option<SchemeId>) -> &'static str {
    scheme.map_or("none", SchemeId::name)
}

/// A request was let in.
pub(crate) fn granted(rule: &'static Rule, caller: Option<&Principal>) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "auth_decisions_total", "outcome" => "granted", "reason" => "none",
        "scheme" => name(caller.map(|caller| caller.scheme())), "handler" => rule.target.name()
    )
    .increment(1);
}

/// A request was refused, and answered so.
pub fn count_denial(rule: &'static Rule, denial: &Denial) {
    #[cfg(feature = "metrics")]
    {
        let outcome = if denial.reason.is_of_server() { "failed" } else { "denied" };
        metrics::counter!(
            "auth_decisions_total", "outcome" => outcome, "reason" => denial.reason.response().problem,
            "scheme" => name(denial.scheme), "handler" => rule.target.name()
        )
        .increment(1);
    }
}

/// When something began that is timed; where nobody counts, the clock is not looked at.
#[derive(Clone, Copy)]
pub(crate) struct Timer {
    #[cfg(feature = "metrics")]
    at: Moment,
}

/// Something begins that is timed.
pub(crate) fn start() -> Timer {
    Timer {
        #[cfg(feature = "metrics")]
        at: clock::monotonic(),
    }
}

/// A credential was verified, or was refused.
pub(crate) fn authenticated(scheme: SchemeId, since: Timer, verified: bool) {
    #[cfg(feature = "metrics")]
    {
        let outcome = if verified { "verified" } else { "refused" };
        let took = clock::monotonic().after(since.at).unwrap_or_default();
        metrics::histogram!("auth_authentication_seconds", "scheme" => scheme.name(), "outcome" => outcome)
            .record(took);
    }
}
