//! Questions to the rights provider about the caller of a request.

use std::sync::Arc;

use super::Engine;
use super::request::Adapter;
use crate::denial::Denial;
use crate::identity::principal::{Principal, RightsLookup};
use crate::identity::tenant::Tenant;
use crate::runtime::future::LocalBoxFuture;
use crate::scheme::Verified;

/// The calls to the rights provider about one caller.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ProviderCalls {
    pub(super) rights: bool,
    pub(super) default_tenant: bool,
}

impl ProviderCalls {
    /// Returns the calls that were made about a caller.
    #[inline]
    pub(super) fn about(caller: &Option<Result<Principal, Denial>>) -> Self {
        match caller {
            Some(Ok(principal)) => {
                Self { rights: principal.was_asked_about(), default_tenant: principal.default_tenant().is_some() }
            }
            _ => Self::default(),
        }
    }
}

/// A question to the rights provider.
pub(super) enum Question {
    /// The rights of the caller in a tenant, or outside of tenants.
    Rights(Option<Tenant>),
    /// The tenant of a request that names none.
    DefaultTenant,
}

impl<H: Adapter> Engine<H> {
    /// Adds the cached answer to a question to the caller. Returns `false` if the provider has to be asked.
    pub(super) fn answer_from_cache(
        &self,
        request: &H::Request,
        known: &mut Option<Result<Principal, Denial>>,
        question: &Question,
    ) -> bool {
        let Some(answered) = self.cached_answer(request, known, question) else { return false };
        *known = Some(Ok(answered));
        true
    }

    fn cached_answer(
        &self,
        request: &H::Request,
        known: &Option<Result<Principal, Denial>>,
        question: &Question,
    ) -> Option<Principal> {
        let (Some(Ok(principal)), Question::Rights(tenant)) = (known, question) else { return None };
        if H::rights_override(request).is_some() {
            return None;
        }
        let answer = self.rights_provider.as_ref()?.known(&principal.id(), tenant.as_ref())?;
        Some(principal.with_rights(tenant.clone(), answer))
    }

    /// Asks the provider about a known caller. Returns `None` if no provider is configured, or the caller is not known.
    pub(super) fn ask_provider(
        &self,
        request: &H::Request,
        known: Option<Result<Principal, Denial>>,
        question: Question,
    ) -> Option<LocalBoxFuture<'_, Verified>> {
        let (Some(Ok(principal)), Some(provider)) = (known, &self.rights_provider) else { return None };
        let given = match &question {
            Question::Rights(tenant) => H::rights_override(request).map(|given| given(tenant.as_ref())),
            Question::DefaultTenant => None,
        };
        Some(Box::pin(async move {
            let id = principal.id();
            let principal = match question {
                Question::Rights(tenant) => {
                    let answer = match given {
                        Some(rights) => RightsLookup::Answered(Arc::new(rights)),
                        None => provider.look_up(&id, tenant.as_ref()).await,
                    };
                    principal.with_rights(tenant, answer)
                }
                Question::DefaultTenant => principal.with_default_tenant(provider.default_tenant(&id).await),
            };
            Ok(principal).into()
        }))
    }
}
