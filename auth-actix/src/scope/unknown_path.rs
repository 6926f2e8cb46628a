//! The response to an unknown path in a scope with a hidden handler.

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse};
use auth_core::denial::{Denial, Reason};
use auth_core::engine::not_found::{UNKNOWN_PATH, equalize_lookups};

use crate::guard;

/// Responds to an unknown path in a scope with a hidden handler, with the same work and the same bytes as a denial of that
/// handler.
pub(super) async fn unknown_path(request: HttpRequest, rest: Rest) -> Result<HttpResponse, Error> {
    let denied = guard::enforce(&request, &UNKNOWN_PATH).settled().await.err();
    if denied.is_none()
        && let Some(auth) = guard::auth_of(&request)
    {
        equalize_lookups(auth.engine(), &request).await;
    }
    let denied = denied.unwrap_or_else(|| Denial::new(Reason::InsufficientPermissions).into());
    Err(guard::refuse(&request, &UNKNOWN_PATH, denied, rest.0))
}

/// The unread request body.
pub(super) struct Rest(Payload);

impl FromRequest for Rest {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self(payload.take())))
    }
}
