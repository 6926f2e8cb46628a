//! Several routes at one path, as actix writes them.

use std::fmt;

use actix_service::{apply, apply_fn_factory};
use actix_web::body::MessageBody;
use actix_web::dev::{AppService, HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse, Transform};
use actix_web::guard::Guard as RouteGuard;
use actix_web::{Error, Handler, Responder};
use auth_core::policy::rule::Rule;

use super::default::DefaultService;
use super::endpoint::{Filling, ResourceEndpoint};
use super::route::{self, GuardedRoute, IntoGuardedRoute, ProvenArguments};
use super::service::{RegisteredRoute, Registry, Service, count_note};

/// A resource whose routes all carry a rule. Made by [`resource`].
#[must_use]
pub struct ScopeResource<T = ResourceEndpoint> {
    patterns: Vec<String>,
    /// Without routes and middleware.
    inner: actix_web::Resource,
    /// The middleware, around the place where `inner` will be.
    endpoint: T,
    place: Filling<<ResourceEndpoint as ServiceFactory<ServiceRequest>>::Service>,
    routes: Vec<GuardedRoute>,
    /// The rule of the service for other methods.
    default: Option<&'static Rule>,
    guards: usize,
    wraps: usize,
    /// Whether the route's conditions are those of the resource: what [`crate::Scope::route`] makes, as in actix.
    single: bool,
}

/// The patterns of a resource: one, or several.
pub trait Patterns {
    /// All of them.
    #[doc(hidden)]
    fn patterns(self) -> Vec<String>;
}

impl Patterns for &str {
    fn patterns(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl Patterns for String {
    fn patterns(self) -> Vec<String> {
        vec![self]
    }
}

impl Patterns for &String {
    fn patterns(self) -> Vec<String> {
        vec![self.clone()]
    }
}

impl<P: AsRef<str>> Patterns for Vec<P> {
    fn patterns(self) -> Vec<String> {
        self.iter().map(|pattern| pattern.as_ref().to_owned()).collect()
    }
}

impl<P: AsRef<str>, const N: usize> Patterns for [P; N] {
    fn patterns(self) -> Vec<String> {
        self.iter().map(|pattern| pattern.as_ref().to_owned()).collect()
    }
}

/// A resource at a path, for several routes.
pub fn resource(path: impl Patterns) -> ScopeResource {
    let patterns = path.patterns();
    let (endpoint, place) = ResourceEndpoint::new();
    let inner = actix_web::web::resource(patterns.clone());
    let (routes, default) = (Vec::new(), None);
    ScopeResource { patterns, inner, endpoint, place, routes, default, guards: 0, wraps: 0, single: false }
}

impl<T> ScopeResource<T>
where
    T: ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()>,
{
    /// A name, for `url_for`.
    pub fn name(self, name: &str) -> Self {
        Self { inner: self.inner.name(name), ..self }
    }

    /// A condition of routing, as in actix. It decides which handler is asked, not whether it may run.
    pub fn guard(self, guard: impl RouteGuard + 'static) -> Self {
        Self { inner: self.inner.guard(guard), guards: self.guards + 1, ..self }
    }

    /// Adds a route.
    pub fn route(mut self, route: impl IntoGuardedRoute) -> Self {
        self.routes.push(route.into_guarded());
        self
    }

    // Written out, as a mistake in a call of one shows these lines.

    /// Adds a route for `GET` requests.
    pub fn get<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::get().to(handler))
    }

    /// Adds a route for `POST` requests.
    pub fn post<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::post().to(handler))
    }

    /// Adds a route for `PUT` requests.
    pub fn put<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::put().to(handler))
    }

    /// Adds a route for `PATCH` requests.
    pub fn patch<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::patch().to(handler))
    }

    /// Adds a route for `DELETE` requests.
    pub fn delete<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::delete().to(handler))
    }

    /// Adds a route for `HEAD` requests.
    pub fn head<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::head().to(handler))
    }

    /// Adds a route for `TRACE` requests.
    pub fn trace<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::trace().to(handler))
    }

    /// Adds a route for `QUERY` requests.
    pub fn query<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::query().to(handler))
    }

    /// The handler for every method.
    pub fn to<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route::to(handler))
    }

    /// Data for the handlers, as in actix.
    pub fn app_data<U: 'static>(self, data: U) -> Self {
        Self { inner: self.inner.app_data(data), ..self }
    }

    /// Sets the service for methods without a route: a function with a rule, `web::to(f)`, or anything else with one,
    /// `guarded(rule!(…), …)`.
    pub fn default_service<D: DefaultService<U>, U>(self, service: D) -> Self {
        let (rule, factory) = service.into_default();
        Self { inner: self.inner.default_service(factory), default: Some(rule), ..self }
    }

    /// Middleware around the resource, as in actix. It runs before the rules, and what it answers by itself they never see.
    pub fn wrap<W, B>(
        self,
        middleware: W,
    ) -> ScopeResource<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>,
    >
    where
        W: Transform<T::Service, ServiceRequest, Response = ServiceResponse<B>, Error = Error, InitError = ()>
            + 'static,
        B: MessageBody,
    {
        self.around(|endpoint| apply(middleware, endpoint))
    }

    /// Middleware around the resource, as a function, as in actix. See [`wrap`](Self::wrap).
    pub fn wrap_fn<F, R, B>(
        self,
        middleware: F,
    ) -> ScopeResource<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>,
    >
    where
        F: Fn(ServiceRequest, &T::Service) -> R + Clone + 'static,
        R: Future<Output = Result<ServiceResponse<B>, Error>>,
        B: MessageBody,
    {
        self.around(|endpoint| apply_fn_factory(endpoint, middleware))
    }

    fn around<U>(self, wrapped: impl FnOnce(T) -> U) -> ScopeResource<U> {
        let Self { patterns, inner, endpoint, place, routes, default, guards, wraps, single } = self;
        let endpoint = wrapped(endpoint);
        ScopeResource { patterns, inner, endpoint, place, routes, default, guards, wraps: wraps + 1, single }
    }

    pub(super) fn only(self, route: GuardedRoute) -> Self {
        Self { single: true, ..self.route(route) }
    }

    /// Whether a route answers refused callers as an unknown path does.
    fn hides(&self) -> bool {
        self.routes.iter().any(|route| route.rule.not_found)
    }
}

impl<T, B> Service for ScopeResource<T>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
{
    type Factory = Self;

    fn open(self, registry: &mut Registry) -> Self {
        let own = [(self.guards, "guard of the resource"), (self.wraps, "middleware of the resource")];
        let own: Vec<_> = own.iter().filter_map(|(count, what)| count_note(*count, what)).collect();
        for route in &self.routes {
            let entries = self.patterns.iter().map(|path| {
                let entry = route.entry(path);
                RegisteredRoute { notes: [entry.notes, own.clone()].concat(), ..entry }
            });
            registry.add_all(route.rule, entries);
        }
        if let Some(rule) = self.default {
            registry.add_default_at(self.patterns.join(", "), rule, self.hides());
        }
        self
    }
}

impl<T, B> HttpServiceFactory for ScopeResource<T>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
{
    fn register(self, config: &mut AppService) {
        let hides = self.hides();
        let mut resource = self.inner;
        for GuardedRoute { conditions, inner, .. } in self.routes {
            // As in actix: by itself, a route whose conditions do not hold is passed over, and the next one is asked.
            resource = if self.single {
                resource.guard(conditions).route(inner)
            } else {
                let methods = conditions.methods.iter().cloned();
                let inner = methods.fold(inner, actix_web::Route::method);
                resource.route(inner.guard(conditions.without_methods()))
            };
        }
        // Where a route hides, 405 and `Allow` would tell of it.
        let resource = if hides { resource.default_service(actix_web::web::to(super::unknown_path)) } else { resource };
        resource.wrap(self.place.within(self.endpoint, |service| service)).register(config);
    }
}

impl<T> fmt::Debug for ScopeResource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource").field("path", &self.patterns).finish_non_exhaustive()
    }
}
