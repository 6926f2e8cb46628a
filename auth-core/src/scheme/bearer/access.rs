//! A claim that grants rights for each tenant.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;

use super::conditions::{Path, lookup};
use crate::identity::granted::{GrantedRights, RightsIn};
use crate::identity::issuer::Confers;
use crate::identity::rights::Rights;
use crate::runtime::strict_json::pointer;

/// Reads the value of the claim.
pub(super) type ReadAccess = Arc<dyn Fn(&Value) -> Option<Vec<(RightsIn, Rights)>> + Send + Sync>;

/// The claim, and the function of the application that reads it.
#[derive(Clone)]
pub(super) struct AccessClaim {
    pub(super) path: Path,
    pub(super) read: ReadAccess,
}

impl AccessClaim {
    /// Returns the rights that the claims grant. They are unknown if the claim is absent, or if the application cannot read it.
    pub(super) fn granted(&self, claims: &str, confers: &Confers) -> GrantedRights {
        let value = lookup(claims, &self.path).and_then(|raw| serde_json::from_str::<Value>(raw.text()).ok());
        let Some(value) = value else { return GrantedRights::Unknown };
        // A panic must not grant anything, and must not reach other requests of the worker.
        let read = catch_unwind(AssertUnwindSafe(|| (self.read)(&value))).unwrap_or_else(|_| {
            tracing::error!(target: "auth_core", claim = pointer(&self.path), "the function of `.access_by_tenant(…)` panicked: the claim grants nothing");
            None
        });
        read.map_or(GrantedRights::Unknown, |rights| GrantedRights::new(rights, confers))
    }
}
