//! Authentication by a header of a trusted proxy.

use actix_web::HttpRequest;

use super::{AuthenticateError, Authenticator, CredentialLocation};
use auth_core::PrincipalBuilder;
use auth_core::runtime::future::LocalBoxFuture;

/// A scheme that takes the caller from a header of a trusted proxy. The proxy must set the header, and remove it from every request
/// that contains it. It is ignored unless the peer is one of [`trusted_proxies`](crate::AuthBuilder::trusted_proxies).
///
/// ```
/// use auth_actix::Auth;
/// use auth_actix::client::ForwardingHeader;
/// use auth_actix::scheme::ProxyHeader;
/// let auth = Auth::builder()
///     .trusted_proxies(["10.0.0.1"], ForwardingHeader::XForwardedFor)
///     .scheme(ProxyHeader::new("X-Forwarded-User").roles("X-Forwarded-Groups"))
///     .build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProxyHeader {
    user: String,
    roles: Option<String>,
}

impl ProxyHeader {
    /// Creates the scheme for the header that contains the name of the caller.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), roles: None }
    }

    /// Sets the header that lists the caller's roles, separated by commas.
    #[must_use]
    pub fn roles(self, header: impl Into<String>) -> Self {
        Self { roles: Some(header.into()), ..self }
    }
}

/// Returns the line of a header, if there is exactly one and it is UTF-8 without control characters.
fn single<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut lines = request.headers().get_all(name);
    let line = std::str::from_utf8(lines.next()?.as_bytes()).ok()?.trim_matches([' ', '\t']);
    (lines.next().is_none() && !line.chars().any(char::is_control)).then_some(line)
}

impl Authenticator for ProxyHeader {
    fn name(&self) -> &'static str {
        "Proxy"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Ambient
    }

    fn is_presented(&self, request: &HttpRequest) -> bool {
        request.headers().contains_key(&self.user)
    }

    fn comes_from_a_proxy(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        [Some(&self.user), self.roles.as_ref()].into_iter().flatten().map(String::as_str).collect()
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        Box::pin(async move {
            let user = single(request, &self.user).filter(|user| !user.is_empty()).ok_or(AuthenticateError::Invalid)?;
            let caller = crate::Principal::builder(user);
            match &self.roles {
                Some(header) if request.headers().contains_key(header) => {
                    let roles = single(request, header).ok_or(AuthenticateError::Invalid)?;
                    Ok(caller.roles(roles.split(',').map(str::trim).filter(|role| !role.is_empty())))
                }
                // Without the header, the roles are unknown and not empty.
                _ => Ok(caller),
            }
        })
    }
}
