//! Routes for plain guarded functions, as actix writes them.

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::guard::Guard as RouteGuard;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder};
use auth_core::rule::Rule;

use super::service::{Entry, Registry, Service, counted};
use crate::enforce::{Guard, Guarded};

/// A route that has no handler yet. Made by [`get`] and its like.
#[must_use]
#[derive(Default)]
pub struct Route {
    methods: Vec<Method>,
    guards: Vec<Box<dyn RouteGuard>>,
}

/// A route with a handler that carries a rule.
#[must_use]
pub struct GuardedRoute {
    conditions: Route,
    inner: actix_web::Route,
    rule: &'static Rule,
}

/// The arguments of a function with a rule above.
#[diagnostic::on_unimplemented(
    message = "no rule stands above this function",
    label = "`to` takes only a function that carries a rule",
    note = "write `#[require_auth]`, `#[require_role(\"…\")]` or the like above it, or `#[public]` to let anyone in"
)]
pub trait ProvenArguments: FromRequest + 'static {
    /// The rule.
    #[doc(hidden)]
    const RULE: &'static Rule;
}

#[diagnostic::do_not_recommend]
impl<G: Guard<A>, A: FromRequest + 'static> ProvenArguments for (Guarded<G, A>,) {
    const RULE: &'static Rule = G::RULE;
}

/// With one implementation alone the compiler would infer the arguments from it, and complain about the function's type
/// instead of its rule.
#[derive(Debug)]
pub struct Nothing(std::convert::Infallible);

impl FromRequest for Nothing {
    type Error = actix_web::Error;
    type Future = std::future::Pending<Result<Self, actix_web::Error>>;

    fn from_request(_: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::pending()
    }
}

#[diagnostic::do_not_recommend]
impl ProvenArguments for (Nothing,) {
    const RULE: &'static Rule = &auth_core::rule::REFUSING;
}

impl Route {
    /// The handler: a function with a rule above.
    pub fn to<F, A>(self, handler: F) -> GuardedRoute
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        GuardedRoute { conditions: self, inner: actix_web::web::to(handler), rule: A::RULE }
    }

    /// Adds a method.
    pub fn method(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// A condition of routing, as in actix.
    pub fn guard(mut self, guard: impl RouteGuard + 'static) -> Self {
        self.guards.push(Box::new(guard));
        self
    }
}

/// The conditions of a route, all of which have to hold, as one.
impl RouteGuard for Route {
    fn check(&self, context: &actix_web::guard::GuardContext<'_>) -> bool {
        self.methods.iter().all(|method| context.head().method == *method)
            && self.guards.iter().all(|guard| guard.check(context))
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Route")
    }
}

impl std::fmt::Debug for GuardedRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardedRoute").field("rule", &self.rule.text).finish_non_exhaustive()
    }
}

/// A resource whose routes all carry a rule. Made by [`resource`].
#[must_use]
pub struct Resource {
    path: String,
    name: Option<String>,
    routes: Vec<GuardedRoute>,
    /// Whether the route's conditions are those of the resource: what [`crate::Scope::route`] makes, as in actix.
    single: bool,
}

/// A resource at a path, for several routes.
pub fn resource(path: &str) -> Resource {
    Resource { path: path.to_owned(), name: None, routes: Vec::new(), single: false }
}

impl Resource {
    /// A name, for `url_for`.
    pub fn name(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// Adds a route.
    pub fn route(mut self, route: GuardedRoute) -> Self {
        self.routes.push(route);
        self
    }

    /// The handler for every method.
    pub fn to<F, A>(self, handler: F) -> Self
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        self.route(route().to(handler))
    }

    pub(super) fn only(self, route: GuardedRoute) -> Self {
        Self { single: true, ..self.route(route) }
    }
}

impl Service for Resource {
    type Factory = Self;

    fn open(self, registry: &mut Registry) -> Self {
        for route in &self.routes {
            let methods = route.conditions.methods.iter().map(ToString::to_string).collect();
            let notes = counted(route.conditions.guards.len(), "guard of the route").into_iter().collect();
            registry.add_all(
                route.rule,
                [Entry { methods, path: Some(self.path.clone()), notes, is_seen: true }].into_iter(),
            );
        }
        self
    }
}

impl HttpServiceFactory for Resource {
    fn register(self, config: &mut AppService) {
        let hides = self.routes.iter().any(|route| route.rule.not_found);
        let mut resource = actix_web::web::resource(self.path);
        if let Some(name) = &self.name {
            resource = resource.name(name);
        }
        for GuardedRoute { conditions, inner, .. } in self.routes {
            // As in actix: by itself, a route whose conditions do not hold is passed over, and the next one is asked.
            resource = if self.single {
                resource.guard(conditions).route(inner)
            } else {
                let methods = conditions.methods.iter().cloned();
                let inner = methods.fold(inner, actix_web::Route::method);
                resource.route(inner.guard(Route { methods: Vec::new(), ..conditions }))
            };
        }
        // Where a route hides, 405 and `Allow` would tell of it.
        let resource = if hides { resource.default_service(actix_web::web::to(super::unknown_path)) } else { resource };
        resource.register(config);
    }
}

impl std::fmt::Debug for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resource").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A route for every method.
pub fn route() -> Route {
    Route::default()
}

/// A route for one method.
pub fn method(method: Method) -> Route {
    route().method(method)
}

macro_rules! methods {
    ($($name:ident $method:ident;)*) => {$(
        #[doc = concat!("A route for `", stringify!($method), "` requests, for a plain function with a rule above.")]
        pub fn $name() -> Route {
            method(Method::$method)
        }
    )*};
}

methods! {
    get GET;
    post POST;
    put PUT;
    patch PATCH;
    delete DELETE;
    head HEAD;
}
