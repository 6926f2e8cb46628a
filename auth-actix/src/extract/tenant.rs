//! The tenant that a request was decided for.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::policy::rule::{Rule, RuleTarget};

use crate::{adapter, guard};

/// An extractor for the tenant that the rule was decided for. It dereferences to [`auth_core::identity::tenant::Tenant`].
///
/// A handler that reads the tenant from the header or the path again could read another one than the rule. In scopes, a rule with a
/// tenant outside of the path therefore requires this argument. It does not compile if the rule names no tenant, or if the rule admits
/// callers by different dimensions of tenants.
///
/// If the request names no valid tenant, the handler is not called: the response is 400 `tenant-required`.
///
/// ```
/// use auth_actix::{Role, Tenant, at, require_role};
/// # #[derive(Role)]
/// # enum Role { Member }
///
/// #[require_role("member", in = org)]
/// #[actix_web::get("/reports")]
/// async fn reports(tenant: Tenant) -> String {
///     format!("the reports of {}", tenant.get("org").unwrap_or_default())
/// }
///
/// // Clients name the organization in a header.
/// let builder = auth_actix::Auth::builder().tenant("org", at::header("X-Org"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tenant(auth_core::identity::tenant::Tenant);

impl Tenant {
    /// Creates a tenant with one dimension.
    pub fn of(name: &'static str, value: &str) -> auth_core::identity::tenant::Tenant {
        auth_core::identity::tenant::Tenant::of(name, value)
    }

    /// Returns the tenant without the guarantee that it was decided on.
    pub fn into_inner(self) -> auth_core::identity::tenant::Tenant {
        self.0
    }
}

impl Deref for Tenant {
    type Target = auth_core::identity::tenant::Tenant;

    fn deref(&self) -> &auth_core::identity::tenant::Tenant {
        &self.0
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The rule in logs for a handler without a rule.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes a tenant"), ..auth_core::policy::rule::AUTHENTICATED };

impl FromRequest for Tenant {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let decided = adapter::read(request, |state| {
            let notes = state.notes()?;
            notes.tenant.clone().filter(|_| !notes.is_denied)
        });
        ready(decided.map(|tenant| Self(*tenant)).ok_or_else(|| {
            let cause = "a handler takes a tenant, and its rule names none, or the attribute cannot see the argument";
            let denial = Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) };
            guard::refuse(request, guard::rule_of(request).unwrap_or(&NO_RULE), denial, Payload::None)
        }))
    }
}
