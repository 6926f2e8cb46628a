//! Open mode, in which every request has the same caller and no credential is read (TOKEN-19).
//!
//! # Why
//! The caller is verified by a scheme, so that each rule, extractor and audit event treats it like any other. The requests that open mode
//! refuses are a matter of the engine, because they do not depend on whether a rule needs the caller.

use std::sync::Arc;

use super::{Authenticator, Credential, Extracted, RequestView, Verification};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason};
use crate::identity::granted::GrantedRights;
use crate::identity::issuer::{Confers, Issuer, LoginSource, RoleTypes};
use crate::identity::principal::{Binding, LoadedAccount, Principal};
use crate::identity::rights::Rights;
use crate::identity::scheme_id::SchemeId;
use crate::identity::tenant::IssuerTenancy;

/// The issuer of the caller of open mode.
const ISSUER: &str = "local";

/// The claims of the caller of open mode.
const CLAIMS: &str = r#"{"sub":"administrator"}"#;

/// The scheme of requests in open mode.
pub(crate) struct OpenScheme {
    sources: [Arc<Issuer>; 1],
    administrator: Option<Principal>,
}

impl OpenScheme {
    /// Creates the scheme of a caller with these rights, and perhaps an account.
    pub(crate) fn new(rights: Rights, account: Option<LoadedAccount>, roles: &RoleTypes) -> Self {
        let source = Arc::new(Issuer {
            issuer: ISSUER.into(),
            scheme: SchemeId::OPEN,
            confers: rights.to_confers(),
            lists: Vec::new(),
            has_claims: false,
            tenancy: IssuerTenancy { grants_in_tenants: true, ..IssuerTenancy::default() },
            all_scopes: false,
            login: LoginSource::default(),
            roles: roles.clone(),
        });
        let granted = GrantedRights::unbound(rights, &Confers::everything());
        let administrator = Principal::from_claims(Arc::clone(&source), CLAIMS.to_owned()).ok();
        let administrator = administrator.map(|caller| caller.granting(granted, Binding::None, None));
        let administrator = administrator.map(|caller| match account {
            Some(account) => caller.with_account_of(account, None),
            None => caller,
        });
        Self { sources: [source], administrator }
    }
}

impl<H: RequestHead> Authenticator<H> for OpenScheme {
    fn scheme(&self) -> SchemeId {
        SchemeId::OPEN
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    /// Returns the credential of every request. It takes the place of that in `Authorization`, so that whatever the client sends is
    /// ignored.
    fn extract<'r>(&self, _: &RequestView<'r, H>) -> Extracted<'r> {
        Credential::in_authorization(SchemeId::OPEN, "").into()
    }

    fn verify<'r>(&'r self, _: Credential<'r>, _: &RequestView<'r, H>) -> Verification<'r> {
        let administrator = self.administrator.clone();
        Verification::Ready(administrator.ok_or_else(|| Denial::new(Reason::SetUp)).into())
    }

    /// Caches do not know that the response depends on the client.
    fn affects_responses(&self) -> bool {
        true
    }

    fn describe(&self, _: &Issuer) -> String {
        ", for every request, without a credential".to_owned()
    }
}
