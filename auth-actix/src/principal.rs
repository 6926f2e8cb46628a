//! Who calls, as handlers and checks see it.

use std::fmt;
use std::ops::Deref;

/// The caller, as an argument: what the credential said, after it was verified and the rule held.
///
/// Where the rule lets strangers in, take `Option<Principal>`; a bare `Principal` does not compile there. On a handler
/// without a rule it behaves as `#[require_auth]`. Has all that [`auth_core::Principal`] has.
///
/// ```
/// use actix_web::{Responder, get};
/// use auth_actix::{Principal, require_auth};
///
/// #[require_auth]
/// #[get("/me")]
/// async fn me(caller: Principal) -> impl Responder {
///     caller.id().to_string()
/// }
/// ```
#[derive(Clone)]
pub struct Principal(auth_core::Principal);

impl Principal {
    /// Describes a caller whom a scheme of the application has authenticated; see [`Authenticator`](crate::scheme::Authenticator).
    pub fn builder(subject: impl Into<String>) -> auth_core::PrincipalBuilder {
        auth_core::Principal::builder(subject)
    }
}

impl Deref for Principal {
    type Target = auth_core::Principal;

    fn deref(&self) -> &auth_core::Principal {
        &self.0
    }
}

impl From<auth_core::Principal> for Principal {
    fn from(principal: auth_core::Principal) -> Self {
        Self(principal)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
