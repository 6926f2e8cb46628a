//! The principal as an extractor for handlers and checks.

use std::fmt;
use std::ops::Deref;

/// An extractor for the caller: the principal of a verified credential, after the rule has granted the request.
///
/// If the rule admits anonymous callers, take `Option<Principal>`; a bare `Principal` does not compile there. In a handler without
/// a rule, it enforces `#[require_auth]`. It dereferences to [`auth_core::Principal`].
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
    /// Returns a builder for a caller that a custom scheme has authenticated; see [`Authenticator`](crate::scheme::Authenticator).
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
