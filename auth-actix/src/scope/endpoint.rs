//! A nameable type for the service that middleware is wrapped around, before the service exists.
//!
//! # Why
//! actix changes the type of a scope with each middleware, to a type without a name. This crate wraps each scope in middleware,
//! so `fn api(auth: &Auth) -> Scope` would be impossible. Here, middleware is wrapped around a slot of a named type, which is
//! filled when the service is created.

use std::cell::RefCell;
use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::Error;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, Transform};

use super::cache_headers::PrivateService;

/// Names the endpoint type that actix wraps middleware around.
#[doc(hidden)]
pub trait Wraps {
    /// The endpoint type, which actix does not name.
    type Endpoint: ServiceFactory<ServiceRequest>;
}

impl<T: ServiceFactory<ServiceRequest>> Wraps for actix_web::Scope<T> {
    type Endpoint = T;
}

impl<T: ServiceFactory<ServiceRequest>> Wraps for actix_web::Resource<T> {
    type Endpoint = T;
}

type Inside<S> = <<S as Wraps>::Endpoint as ServiceFactory<ServiceRequest>>::Service;

/// The slot for a scope's service: the default parameter of [`Scope`](crate::Scope).
pub type ScopeEndpoint = Endpoint<PrivateService<Inside<actix_web::Scope>>>;

/// The slot for a resource's service: the default parameter of [`Resource`](crate::web::Resource).
pub type ResourceEndpoint = Endpoint<Inside<actix_web::Resource>>;

/// The slot for a service that is created later.
pub struct Endpoint<S>(ServiceSlot<S>);

/// The other end of an [`Endpoint`], which fills it. The service is taken immediately afterwards.
pub(super) struct Filling<S>(ServiceSlot<S>);

type ServiceSlot<S> = Rc<RefCell<Option<S>>>;

impl<S> Endpoint<S> {
    pub(super) fn new() -> (Self, Filling<S>) {
        let place = ServiceSlot::default();
        (Self(Rc::clone(&place)), Filling(place))
    }
}

impl<S> ServiceFactory<ServiceRequest> for Endpoint<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error>,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Config = ();
    type Service = S;
    type InitError = ();
    type Future = Ready<Result<S, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        ready(self.0.take().ok_or(()))
    }
}

impl<S> Filling<S> {
    /// Returns middleware for the service of actix. It fills the slot with `make` of that service, and creates the service of
    /// `around`, the application's middleware around the slot.
    pub(super) fn within<T, F>(self, around: T, make: F) -> Within<S, T, F> {
        Within { place: self.0, around, make }
    }
}

/// The middleware of [`Filling::within`].
pub(super) struct Within<S, T, F> {
    place: ServiceSlot<S>,
    around: T,
    make: F,
}

impl<I, S, T, F, B> Transform<I, ServiceRequest> for Within<S, T, F>
where
    I: Service<ServiceRequest>,
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>,
    F: Fn(I) -> S,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = T::Service;
    type InitError = ();
    type Future = T::Future;

    fn new_transform(&self, service: I) -> Self::Future {
        self.place.replace(Some((self.make)(service)));
        self.around.new_service(())
    }
}

impl<S> fmt::Debug for Endpoint<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint")
    }
}
