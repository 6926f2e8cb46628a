//! Middleware that identifies the caller before the handler's rule decides, for logs, rate limits and row-level security. It makes
//! no decision.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use auth_core::engine::RequestState;

use crate::adapter;
use crate::auth::Auth;
use crate::extract::caller::IDENTIFIES;
use crate::scope::cache_headers;

/// Middleware that identifies the caller. Created by [`Auth::identify`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Identify(Auth);

impl Auth {
    /// Returns middleware that identifies the caller. Code that runs inside it, before the handler, can call
    /// [`req.principal()`](crate::PrincipalExt::principal).
    ///
    /// The middleware denies no request. The handler's rule decides whether a credential is valid and sufficient, and uses the
    /// verification result. The principal is `None` if a store is unavailable, and for ambient credentials of cross-site browser
    /// requests.
    ///
    /// actix runs middleware from the last [`wrap`](actix_web::App::wrap) to the first, so call `wrap(auth.identify())` after the
    /// middleware that needs the principal.
    ///
    /// ```
    /// use actix_web::dev::Service as _;
    /// use actix_web::{App, get};
    /// use auth_actix::{Auth, Jwt, PrincipalExt as _, public};
    ///
    /// #[public]
    /// #[get("/")]
    /// async fn index() -> &'static str { "hello" }
    ///
    /// let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build()?;
    /// let app = App::new()
    ///     .wrap_fn(|request, service| {
    ///         let caller = request.principal().map(|caller| caller.id().to_string());
    ///         tracing::info!(?caller, "a request");
    ///         service.call(request)
    ///     })
    ///     .wrap(auth.identify())
    ///     .service(auth.scope("").service(index));
    /// # let _ = app;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn identify(&self) -> Identify {
        Identify(self.clone())
    }
}

impl<S, B> Transform<S, ServiceRequest> for Identify
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = IdentifyService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(IdentifyService { auth: self.0.clone(), service: Rc::new(service) }))
    }
}

/// The service of [`Identify`].
pub struct IdentifyService<S> {
    auth: Auth,
    service: Rc<S>,
}

impl<S> std::fmt::Debug for IdentifyService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentifyService").finish_non_exhaustive()
    }
}

impl<S, B> Service<ServiceRequest> for IdentifyService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (auth, service) = (self.auth.clone(), Rc::clone(&self.service));
        Box::pin(async move {
            // The request is not cloned: actix cannot match routes while a clone exists.
            auth.engine().identify(request.request(), &IDENTIFIES).await;
            let mut answer = service.call(request).await?;
            // Outside of all scopes, no other code marks the response as private to the caller.
            let hints = adapter::update(answer.request(), RequestState::take_hints);
            cache_headers::settle(hints, answer.headers_mut(), &auth);
            Ok(answer)
        })
    }
}
