//! Routes for functions with a rule and without a route attribute, in the syntax of actix.

use actix_service::boxed::BoxService;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse, Transform};
use actix_web::guard::Guard as RouteGuard;
use actix_web::http::Method;
use actix_web::{Error, FromRequest, Handler, Responder};
use auth_core::policy::rule::Rule;

use super::service::{ROUTE_GUARDS, RegisteredRoute, count_note};
use crate::guard::{Guard, Guarded};

/// A route without a handler. Created by [`get`] and the functions of other methods.
#[must_use]
#[derive(Default)]
pub struct Route {
    pub(super) methods: Vec<Method>,
    guards: Vec<Box<dyn RouteGuard>>,
}

/// A route whose handler has a rule.
#[must_use]
pub struct GuardedRoute {
    pub(super) conditions: Route,
    pub(super) inner: actix_web::Route,
    pub(super) rule: &'static Rule,
    wraps: usize,
}

/// A route whose handler has a rule: [`GuardedRoute`].
#[diagnostic::on_unimplemented(
    message = "expected a route with a rule, found a route of actix-web",
    label = "scopes of `Auth` accept only services with a rule",
    note = "write `auth_actix::web::get().to(f)`, or `use auth_actix::web` in place of `actix_web::web`"
)]
pub trait IntoGuardedRoute {
    /// Returns the route.
    #[doc(hidden)]
    fn into_guarded(self) -> GuardedRoute;
}

impl IntoGuardedRoute for GuardedRoute {
    fn into_guarded(self) -> GuardedRoute {
        self
    }
}

/// The arguments of a function with a rule.
#[diagnostic::on_unimplemented(
    message = "this function has no access rule",
    label = "`to` accepts only functions with a rule",
    note = "write `#[require_auth]`, `#[require_role(\"…\")]` or another rule above it, or `#[public]` to admit anyone"
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

/// A second implementation of [`ProvenArguments`]. With only one, the compiler would infer the arguments from it, and report the
/// function's type instead of the missing rule.
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
    const RULE: &'static Rule = &auth_core::policy::rule::REFUSING;
}

impl Route {
    /// Sets the handler: a function with a rule.
    pub fn to<F, A>(self, handler: F) -> GuardedRoute
    where
        F: Handler<A>,
        A: ProvenArguments,
        F::Output: Responder + 'static,
    {
        GuardedRoute { conditions: self, inner: actix_web::web::to(handler), rule: A::RULE, wraps: 0 }
    }

    /// Restricts the route to a method.
    pub fn method(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Adds a route guard, as in actix.
    pub fn guard(mut self, guard: impl RouteGuard + 'static) -> Self {
        self.guards.push(Box::new(guard));
        self
    }

    /// Returns the route guards without the methods.
    pub(super) fn without_methods(self) -> Self {
        Self { methods: Vec::new(), ..self }
    }
}

impl GuardedRoute {
    /// Restricts the route to a method.
    pub fn method(self, method: Method) -> Self {
        Self { conditions: self.conditions.method(method), ..self }
    }

    /// Adds a route guard, as in actix.
    pub fn guard(self, guard: impl RouteGuard + 'static) -> Self {
        Self { conditions: self.conditions.guard(guard), ..self }
    }

    /// Wraps middleware around the handler, as in actix. It runs before the rule. Its own responses are not subject to it.
    pub fn wrap<W, B>(self, middleware: W) -> Self
    where
        W: Transform<
                BoxService<ServiceRequest, ServiceResponse, Error>,
                ServiceRequest,
                Response = ServiceResponse<B>,
                Error = Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        Self { inner: self.inner.wrap(middleware), wraps: self.wraps + 1, ..self }
    }

    /// Returns the entry of the access matrix for this path.
    pub(super) fn entry(&self, path: &str) -> RegisteredRoute {
        let notes = [(self.conditions.guards.len(), ROUTE_GUARDS), (self.wraps, "route middleware")];
        RegisteredRoute {
            methods: self.conditions.methods.iter().map(ToString::to_string).collect(),
            path: Some(path.to_owned()),
            notes: notes.iter().filter_map(|(count, what)| count_note(*count, what)).collect(),
            is_seen: true,
        }
    }
}

/// All methods and guards of the route as one guard.
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

/// Returns a route for every method.
pub fn route() -> Route {
    Route::default()
}

/// Returns a route for one method.
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
    trace TRACE;
}

/// Returns a route for `QUERY` requests, for a function with a rule and without a route attribute.
pub fn query() -> Route {
    match Method::from_bytes(b"QUERY") {
        Ok(query) => method(query),
        Err(_) => route().guard(actix_web::guard::fn_guard(|_| false)), // must not match every method
    }
}

/// Returns a route for every method with this handler, a function with a rule and without a route attribute.
pub fn to<F, A>(handler: F) -> GuardedRoute
where
    F: Handler<A>,
    A: ProvenArguments,
    F::Output: Responder + 'static,
{
    route().to(handler)
}
