//! Middleware for those who have to know the caller before a handler's rule has decided: logs, limits on requests, row-level
//! security. It decides nothing.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use auth_core::engine::RequestState;
use auth_core::policy::rule::{CallerAccess, Rule, RuleTarget};

use crate::adapter;
use crate::auth::Auth;
use crate::scope::cache_headers;

/// Middleware that makes out who calls; made by [`Auth::identify`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Identify(Auth);

impl Auth {
    /// Middleware that makes out who calls, for what runs before the handler: behind it,
    /// [`req.principal()`](crate::PrincipalExt::principal) is there. It refuses nobody: whether a credential is good enough, or
    /// good at all, the rule of the handler decides, which finds it verified. What a cross-site request of a browser brings by
    /// itself counts for nobody here, and while a store is out of reach nobody is known.
    ///
    /// Middleware of actix runs from the last [`wrap`](actix_web::App::wrap) to the first, so this one is wrapped after those
    /// that need it.
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

/// Nobody is refused by it: it reads the caller, and copes with an outage.
static IDENTIFIES: Rule = Rule {
    target: RuleTarget::Other("`auth.identify()`"),
    reads: CallerAccess::CallerOrOutage,
    ..auth_core::policy::rule::PUBLIC
};

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

/// The middleware, in front of a service.
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
            // No clone of it: one that is still there would keep actix from matching it anew.
            auth.engine().identify(request.request(), &IDENTIFIES).await;
            let mut answer = service.call(request).await?;
            // Outside of all scopes nobody else says that the answer may be about somebody.
            let hints = adapter::update(answer.request(), RequestState::take_hints);
            cache_headers::settle(hints, answer.headers_mut(), &auth);
            Ok(answer)
        })
    }
}
