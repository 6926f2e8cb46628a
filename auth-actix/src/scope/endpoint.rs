//! What middleware is wrapped around, before that is there.
//!
//! # Why
//! actix gives a scope another type with each middleware, and a type without a name. The first middleware of each scope is ours,
//! so that no `fn api(auth: &Auth) -> Scope` could be written. Here middleware is wrapped around a place, which has a name, and
//! which is filled when the service is made.

use std::cell::RefCell;
use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::Error;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, Transform};

use super::private::PrivateService;
use crate::auth::Auth;

/// What actix wraps middleware around, by the type that it is a parameter of.
#[doc(hidden)]
pub trait Wraps {
    /// Its type, which actix does not name.
    type Endpoint: ServiceFactory<ServiceRequest>;
}

impl<T: ServiceFactory<ServiceRequest>> Wraps for actix_web::Scope<T> {
    type Endpoint = T;
}

type Inside<S> = <<S as Wraps>::Endpoint as ServiceFactory<ServiceRequest>>::Service;

/// Where the service of a scope will be: the default parameter of [`Scope`](crate::Scope).
#[doc(hidden)]
pub struct ScopeEndpoint(Place<PrivateService<Inside<actix_web::Scope>>>);

/// A place for a service, which is taken as soon as it is filled.
struct Place<S>(Rc<RefCell<Option<S>>>);

impl<S> Default for Place<S> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<S> Clone for Place<S> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl ScopeEndpoint {
    /// An empty place, and what fills it.
    pub(super) fn new() -> (Self, InScope) {
        let place = Place::default();
        (Self(place.clone()), InScope(place))
    }
}

impl ServiceFactory<ServiceRequest> for ScopeEndpoint {
    type Response = ServiceResponse;
    type Error = Error;
    type Config = ();
    type Service = PrivateService<Inside<actix_web::Scope>>;
    type InitError = ();
    type Future = Ready<Result<Self::Service, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        ready(self.0.0.take().ok_or(()))
    }
}

/// Fills the place of a scope.
pub(super) struct InScope(Place<PrivateService<Inside<actix_web::Scope>>>);

impl InScope {
    /// Middleware for the scope of actix: ours, and around it what the application has wrapped around the place.
    pub(super) fn within<T>(self, around: T, auth: Auth) -> WithinMiddleware<T> {
        WithinMiddleware { place: self.0, around, auth: Rc::new(auth) }
    }
}

/// See [`InScope::within`].
pub(super) struct WithinMiddleware<T> {
    place: Place<PrivateService<Inside<actix_web::Scope>>>,
    around: T,
    auth: Rc<Auth>,
}

impl<T, B> Transform<Inside<actix_web::Scope>, ServiceRequest> for WithinMiddleware<T>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>,
    T::Service: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = T::Service;
    type InitError = ();
    type Future = T::Future;

    fn new_transform(&self, service: Inside<actix_web::Scope>) -> Self::Future {
        self.place.0.replace(Some(PrivateService::new(service, Rc::clone(&self.auth))));
        self.around.new_service(())
    }
}

impl fmt::Debug for ScopeEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopeEndpoint")
    }
}
