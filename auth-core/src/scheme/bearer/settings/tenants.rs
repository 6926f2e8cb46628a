//! The tenants that the tokens of an issuer are bound to.

use std::sync::Arc;

use super::Jwt;
use crate::identity::granted::RightsIn;
use crate::identity::rights::Rights;

/// The source of a dimension of the tenant that tokens are bound to.
#[derive(Clone, Debug)]
pub(super) enum TenantSetting {
    /// All tokens are bound to this value.
    Value(String),
    /// Each token names the value in this claim, a JSON pointer. The flag is whether the claim may be absent.
    Claim(String, bool),
}

impl Jwt {
    /// Binds all tokens of the issuer to a value of a dimension of tenants. Roles and permissions of these tokens count only in rules
    /// that name the tenant. In another tenant, such a token satisfies no requirement on the caller. A session does not keep the tenant,
    /// so do not create sessions from these tokens.
    #[must_use]
    pub fn tenant(self, name: &str, value: &str) -> Self {
        self.tenant_setting(name, TenantSetting::Value(value.to_owned()))
    }

    /// Binds each token to the tenant that it names in a claim, a JSON pointer (RFC 6901) to a string of at most 128 bytes. Use it only
    /// for an issuer that is trusted to choose the tenant of its users. A token without the claim is denied with 401. Otherwise like
    /// [`tenant`](Self::tenant).
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("payments");
    /// let jwt = jwt.tenant_in_claim("org", "/org_id").tenant_in_claim("merchant", "/merchant_id");
    /// ```
    #[must_use]
    pub fn tenant_in_claim(self, name: &str, pointer: &str) -> Self {
        self.tenant_setting(name, TenantSetting::Claim(pointer.to_owned(), false))
    }

    /// Like [`tenant_in_claim`](Self::tenant_in_claim), for an issuer that omits the claim from some tokens. Roles and permissions of a
    /// token without the claim count nowhere.
    #[must_use]
    pub fn tenant_in_claim_if_present(self, name: &str, pointer: &str) -> Self {
        self.tenant_setting(name, TenantSetting::Claim(pointer.to_owned(), true))
    }

    /// Reads rights for each tenant from a claim, a JSON pointer (RFC 6901). `read` receives the value of the claim, and returns rights
    /// with the place where they count. They never exceed what the issuer [may confer](Self::confers), and they bind the token to no
    /// tenant.
    ///
    /// `None` makes the whole claim unknown: it then grants nothing and proves the absence of nothing. Return it for each value that
    /// is not exactly as expected, so that a malformed entry never widens access. A token without the claim has no such rights.
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// use auth_actix::identity::{Rights, RightsIn, Tenant};
    /// // {"access": {"books": "rw", "music": "r"}}
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("search").access_by_tenant("/access", |access| {
    ///     let each = access.as_object()?.iter().map(|(collection, letters)| {
    ///         let roles: &[&str] = match letters.as_str()? {
    ///             "r" => &["read"],
    ///             "rw" => &["read", "write"],
    ///             _ => return None,
    ///         };
    ///         Some((RightsIn::Tenant(Tenant::of("collection", collection)), Rights::new().roles(roles)))
    ///     });
    ///     each.collect()
    /// });
    /// ```
    #[must_use]
    pub fn access_by_tenant(
        self,
        pointer: &str,
        read: impl Fn(&serde_json::Value) -> Option<Vec<(RightsIn, Rights)>> + Send + Sync + 'static,
    ) -> Self {
        Self { access: Some((pointer.to_owned(), Arc::new(read))), ..self.once("access_by_tenant") }
    }

    /// Returns whether tokens are bound to tenants.
    pub(crate) fn is_of_tenant(&self) -> bool {
        !self.tenants.is_empty()
    }

    fn tenant_setting(mut self, name: &str, setting: TenantSetting) -> Self {
        self.tenants.push((name.to_owned(), setting));
        self
    }
}
