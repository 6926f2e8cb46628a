//! Authentication by logins of actix-identity.

use actix_identity::IdentityExt as _;
use actix_web::HttpRequest;

use super::{AuthenticateError, Authenticator, CredentialLocation};
use auth_core::PrincipalBuilder;
use auth_core::runtime::future::LocalBoxFuture;

/// A scheme that authenticates the identity of actix-identity. Requires its middleware, and that of actix-session, around the
/// handlers. Roles come from [`roles_from`](crate::AuthBuilder::roles_from).
///
/// ```
/// use auth_actix::Auth;
/// use auth_actix::scheme::IdentityLogin;
/// let auth = Auth::builder().scheme(IdentityLogin).build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IdentityLogin;

impl Authenticator for IdentityLogin {
    fn name(&self) -> &'static str {
        "Identity"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Ambient
    }

    fn is_presented(&self, request: &HttpRequest) -> bool {
        request.get_identity().is_ok()
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        Box::pin(async move {
            let identity = request.get_identity().map_err(|_| AuthenticateError::Invalid)?;
            identity.id().map(crate::Principal::builder).map_err(|_| AuthenticateError::Invalid)
        })
    }
}
