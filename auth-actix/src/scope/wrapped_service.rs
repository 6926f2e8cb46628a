//! Wrappers that attach a rule to a service (`guarded`) or explicitly exempt it (`unguarded`).

use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{
    HttpServiceFactory, Service as ActixService, ServiceFactory, ServiceRequest, ServiceResponse, Transform,
};
use actix_web::{Error, HttpMessage, Resource, Scope};
use auth_core::policy::rule::Rule;

use super::service::{Registry, Service};
use crate::guard;

/// A service with a rule in front of it. Created by [`guarded`].
#[must_use]
pub struct GuardedService<S> {
    pub(super) rule: &'static Rule,
    pub(super) service: S,
}

/// A service that is exempt from having a rule, with the reason. Created by [`unguarded`].
#[must_use]
pub struct Unguarded<S> {
    reason: &'static str,
    place: &'static std::panic::Location<'static>,
    service: S,
}

/// Puts a rule in front of a service that is not a handler: a scope or a resource of actix, such as one with files or Swagger UI in
/// it. For [`crate::Scope::default_service`] it takes a route as well.
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use auth_actix::{Auth, Jwt, guarded, rule};
///
/// # let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
/// let docs = web::scope("/docs").route("/", web::get().to(HttpResponse::Ok));
/// App::new().service(auth.scope("/api").service(guarded(rule!(authenticated), docs)));
/// ```
pub fn guarded<S>(rule: &'static Rule, service: S) -> GuardedService<S> {
    GuardedService { rule, service }
}

/// Registers a service without a rule, for an application that is being migrated. The access matrix lists it with the reason. A
/// rule of the scope ([`crate::Scope::require`]) applies to it, too.
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use auth_actix::{Auth, Jwt, unguarded};
///
/// # let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
/// let old = web::resource("/old").to(HttpResponse::Ok);
/// App::new().service(auth.scope("/api").service(unguarded("moves next week", old)));
/// ```
#[track_caller]
pub fn unguarded<S: HttpServiceFactory + 'static>(reason: &'static str, service: S) -> Unguarded<S> {
    Unguarded { reason, place: std::panic::Location::caller(), service }
}

impl<S: HttpServiceFactory + 'static> Service for Unguarded<S> {
    type Factory = S;

    fn open(self, registry: &mut Registry) -> S {
        registry.add_unguarded(format!("{} ({})", self.reason, self.place.file()));
        tracing::warn!(target: "auth_actix", reason = self.reason, place = %self.place, "a service without a rule");
        self.service
    }
}

impl<T, B> Service for GuardedService<Scope<T>>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
{
    type Factory = BoxedFactory;

    fn open(self, registry: &mut Registry) -> BoxedFactory {
        registry.add_service(self.rule, "actix scope", false);
        BoxedFactory::new(self.service.wrap(InFront(self.rule)))
    }
}

impl<T, B> Service for GuardedService<Resource<T>>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
{
    type Factory = BoxedFactory;

    fn open(self, registry: &mut Registry) -> BoxedFactory {
        registry.add_service(self.rule, "actix resource", false);
        BoxedFactory::new(self.service.wrap(InFront(self.rule)))
    }
}

/// A factory of an unnameable type.
pub struct BoxedFactory(Box<dyn FnOnce(&mut actix_web::dev::AppService)>);

impl BoxedFactory {
    fn new(factory: impl HttpServiceFactory + 'static) -> Self {
        Self(Box::new(|config| factory.register(config)))
    }
}

impl HttpServiceFactory for BoxedFactory {
    fn register(self, config: &mut actix_web::dev::AppService) {
        (self.0)(config);
    }
}

/// Middleware that enforces a rule before the service is called.
pub(super) struct InFront(pub(super) &'static Rule);

pub(super) struct InFrontService<S> {
    rule: &'static Rule,
    service: Rc<S>,
}

impl<S, B> Transform<S, ServiceRequest> for InFront
where
    S: ActixService<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = InFrontService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(InFrontService { rule: self.0, service: Rc::new(service) }))
    }
}

impl<S, B> ActixService<ServiceRequest> for InFrontService<S>
where
    S: ActixService<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let (rule, service) = (self.rule, Rc::clone(&self.service));
        Box::pin(async move {
            if let Err(denial) = guard::enforce_in_front(request.request(), rule).await {
                let payload = HttpMessage::take_payload(&mut request);
                let error = guard::refuse(request.request(), rule, denial, payload);
                return Ok(request.error_response(error));
            }
            service.call(request).await.map(ServiceResponse::map_into_boxed_body)
        })
    }
}

impl<S> std::fmt::Debug for GuardedService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardedService").field("rule", &self.rule.text).finish_non_exhaustive()
    }
}

impl<S> std::fmt::Debug for Unguarded<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unguarded").field("reason", &self.reason).finish_non_exhaustive()
    }
}
