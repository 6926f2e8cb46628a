//! A scope that accepts only handlers with a rule.
//!
//! # Why
//! A path-based rule can disagree with the router. A rule attached to the handler cannot, if no handler can be registered without
//! one. For this reason, the scope accepts only types that implement [`Service`]: the compiler checks this for every handler, and
//! no test has to.

pub(crate) mod cache_headers;
mod endpoint;
mod service;
mod registry;
mod wrapped_service;
mod route;
mod default;
mod config;
mod unknown_path;
mod resource;

use std::marker::PhantomData;
use std::sync::Arc;

use actix_service::{apply, apply_fn_factory};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{
    AppService, HttpServiceFactory, ResourceDef, ServiceFactory, ServiceRequest, ServiceResponse, Transform,
};
use actix_web::guard::Guard as RouteGuard;
use auth_core::engine::startup_checks::{self, RuleError};
use auth_core::matrix::Matrix;
use auth_core::policy::rule::Rule;

pub use self::config::ServiceConfig;
pub use self::default::DefaultService;
use self::endpoint::Filling;
pub use self::endpoint::{ResourceEndpoint, ScopeEndpoint};
pub(crate) use self::registry::MARK;
pub(crate) use self::registry::{Collected, collected};
pub use self::resource::{Patterns, ScopeResource, resource};
pub use self::route::{
    GuardedRoute, IntoGuardedRoute, Route, delete, get, head, method, patch, post, put, query, route, to, trace,
};
pub(crate) use self::service::ROUTE_GUARDS;
pub use self::service::{Pattern, Proven, Registry, Service};
use self::unknown_path::unknown_path;
pub use self::wrapped_service::{GuardedService, Unguarded, guarded, unguarded};
use crate::auth::Auth;
use crate::guard;

/// A scope that accepts only services with a rule. Created by [`Auth::scope`].
///
/// It accepts handlers with a guard attribute above their route attribute, `auth_actix::web::get().to(f)` for functions with a rule
/// and without a route attribute, and nested scopes of this type. A service without its own rule is registered with [`guarded`] or
/// [`unguarded`].
///
/// ```
/// use actix_web::{App, get};
/// use auth_actix::{Auth, Jwt, public};
///
/// #[public]
/// #[get("/health")]
/// async fn health() -> &'static str { "up" }
///
/// # let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
/// App::new().service(auth.scope("/api").service(health));
/// ```
/// A handler without a rule does not compile:
/// ```compile_fail
/// # use actix_web::{App, get};
/// # use auth_actix::{Auth, Jwt};
/// #[get("/open")]
/// async fn open() -> &'static str { "?" }
/// # let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
/// App::new().service(auth.scope("/api").service(open));
/// ```
///
/// A function that creates a scope returns `Scope`, or `impl HttpServiceFactory + use<>` if middleware is wrapped around it.
///
/// ```
/// use auth_actix::{Auth, Scope};
///
/// fn api(auth: &Auth) -> Scope {
///     auth.scope("/api")
/// }
/// ```
///
/// It guarantees that *each handler registered through it has a rule*. Middleware that responds by itself and route guards are
/// outside of this guarantee.
#[must_use]
pub struct Scope<T = ScopeEndpoint, M = Plain> {
    path: String,
    /// The scope of actix, without middleware.
    inner: actix_web::Scope,
    /// The middleware of the application, around the slot for `inner`.
    endpoint: T,
    place: Filling<<ScopeEndpoint as ServiceFactory<ServiceRequest>>::Service>,
    registry: Registry,
    mode: PhantomData<fn() -> M>,
}

/// The mode of a scope: whether each route whose path names an object must check access to it. [`Plain`] or [`Strict`].
pub trait Mode: 'static {
    #[doc(hidden)]
    const STRICT: bool;
}

/// The mode of [`Auth::scope`]: checks of objects are optional.
#[derive(Debug)]
pub struct Plain(std::convert::Infallible);

/// The mode of [`Auth::strict_scope`]: checks of objects are required.
#[derive(Debug)]
pub struct Strict(std::convert::Infallible);

impl Mode for Plain {
    const STRICT: bool = false;
}

impl Mode for Strict {
    const STRICT: bool = true;
}

impl Auth {
    /// Returns a scope that accepts only handlers with a rule: any other does not compile. See [`Scope`].
    ///
    /// A scope with the path `""` handles every request that no earlier service has handled, as in actix. Register it last.
    pub fn scope(&self, path: &str) -> Scope {
        Scope::new(Registry::new(Some(self), path, Plain::STRICT), path)
    }

    /// Like [`scope`](Self::scope), but each route whose pattern names an object must check whether the caller may access it: by
    /// an argument [`Authorized`](crate::Authorized), by a check over an argument, or by `in = …`. Otherwise a handler with a
    /// route attribute does not compile, and with other handlers the server does not start. `any_object = "…"` in an attribute
    /// exempts a handler, with the reason.
    ///
    /// This addresses the first risk on OWASP's list for APIs (API1:2023): a caller who passes the rule puts another id into the
    /// path.
    ///
    /// Nested scopes are strict, too.
    ///
    /// ```
    /// use actix_web::{App, get, web};
    /// use auth_actix::{Auth, Jwt, require, require_auth};
    ///
    /// #[require(check(*id == 1 || principal.is_client()))]
    /// #[get("/orders/{id}")]
    /// async fn order(id: web::Path<u64>) -> String { id.to_string() }
    ///
    /// #[require_auth(any_object = "the catalogue is the same for all")]
    /// #[get("/products/{id}")]
    /// async fn product(id: web::Path<u64>) -> String { id.to_string() }
    ///
    /// #[require_auth]
    /// async fn invoice(id: web::Path<u64>) -> String { id.to_string() }
    ///
    /// # let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
    /// assert!(auth.strict_scope("/shop").service(order).service(product).check().is_ok());
    /// let invoices = auth.strict_scope("/shop").route("/invoices/{id}", auth_actix::web::get().to(invoice));
    /// assert!(invoices.check().is_err());
    /// ```
    pub fn strict_scope(&self, path: &str) -> StrictScope {
        Scope::new(Registry::new(Some(self), path, Strict::STRICT), path)
    }
}

/// The scope type of [`Auth::strict_scope`].
pub type StrictScope<T = ScopeEndpoint> = Scope<T, Strict>;

/// Returns a scope to be nested in one of [`Auth::scope`], in the syntax of actix. It uses the `Auth` of the enclosing scope.
///
/// ```
/// use auth_actix::{Auth, public, web};
///
/// #[public]
/// async fn reports() -> &'static str { "all of them" }
///
/// # fn api(auth: &Auth) -> auth_actix::Scope {
/// auth.scope("/api").service(web::scope("/v1").route("/reports", web::get().to(reports)))
/// # }
/// ```
/// If it is not nested in a scope of [`Auth::scope`], it has no `Auth` and the server does not start.
pub fn scope(path: &str) -> Scope {
    Scope::new(Registry::new(None, path, Plain::STRICT), path)
}

impl<M> Scope<ScopeEndpoint, M> {
    fn new(registry: Registry, path: &str) -> Self {
        let (endpoint, place) = ScopeEndpoint::new();
        let inner = actix_web::web::scope(path).app_data(Arc::clone(registry.binding()));
        Self { path: path.to_owned(), inner, endpoint, place, registry, mode: PhantomData }
    }
}

impl<T, M: Mode> Scope<T, M>
where
    T: ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()>,
{
    /// Registers a service with a rule.
    pub fn service<S: Service>(mut self, service: S) -> Self {
        // Mistakes that are visible in types are compile errors. Others prevent the start.
        const { assert!(!M::STRICT || S::ASKS, "{}", service::ANY_OBJECT) };
        let factory = service.open(&mut self.registry);
        Self { inner: self.inner.service(factory), ..self }
    }

    /// Registers a function with a rule and without a route attribute: `scope.route("/x", auth_actix::web::get().to(f))`.
    pub fn route(self, path: &str, route: impl IntoGuardedRoute) -> Self {
        self.service(single(path, route.into_guarded()))
    }

    /// Runs a function that registers further services. Its argument [`ServiceConfig`] accepts the same services as the scope.
    pub fn configure(mut self, configure: impl FnOnce(&mut ServiceConfig<'_>)) -> Self {
        let registry = &mut self.registry;
        let inner = self.inner.configure(|inner| configure(&mut ServiceConfig::new(inner, registry)));
        Self { inner, ..self }
    }

    /// Sets a rule that must hold in addition to each handler's rule. It never replaces a handler's rule.
    ///
    /// # Errors
    /// The server does not start if a second rule is set. Combine the two with `&&`.
    pub fn require(mut self, rule: &'static Rule) -> Self {
        self.registry.require(rule);
        self
    }

    /// Sets the service for unknown paths below the scope: a function with a rule, `web::to(f)`, or another service with one,
    /// `guarded(rule!(…), …)`.
    pub fn default_service<D: DefaultService<U>, U>(mut self, service: D) -> Self {
        let (rule, factory) = service.into_default();
        self.registry.add_default(rule);
        Self { inner: self.inner.default_service(factory), ..self }
    }

    /// Checks this scope and those nested in it for mistakes that prevent the start of the server, such as unsatisfiable rules or
    /// missing settings. The server runs these checks itself; a test can run them earlier.
    ///
    /// # Errors
    /// All mistakes.
    pub fn check(&self) -> Result<(), Vec<RuleError>> {
        let mistakes = self.registry.check_all();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    /// Returns the access matrix of this scope and those nested in it. For a whole application, use `test::access_matrix`.
    pub fn access_matrix(&self) -> Matrix {
        let mut matrix = Matrix::default();
        self.registry.describe_all(&mut matrix);
        matrix.sort();
        matrix
    }

    /// Adds application data for the handlers, as in actix. The scope's `Auth` is stored separately and cannot be replaced by it.
    pub fn app_data<U: 'static>(self, data: U) -> Self {
        Self { inner: self.inner.app_data(data), ..self }
    }

    /// Adds a route guard, as in actix. It selects the handler to call, and does not decide whether the call is allowed.
    pub fn guard(self, guard: impl RouteGuard + 'static) -> Self {
        self.registry.binding().add_guard();
        Self { inner: self.inner.guard(guard), ..self }
    }

    /// Wraps middleware around the scope, as in actix. It runs before the rules. Its own responses are not subject to them.
    pub fn wrap<W, B>(
        self,
        middleware: W,
    ) -> Scope<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>,
        M,
    >
    where
        W: Transform<T::Service, ServiceRequest, Response = ServiceResponse<B>, Error = Error, InitError = ()>
            + 'static,
        B: MessageBody,
    {
        self.around::<W, _>(|endpoint| apply(middleware, endpoint))
    }

    /// Wraps a function as middleware around the scope, as in actix. See [`wrap`](Self::wrap).
    pub fn wrap_fn<F, R, B>(
        self,
        middleware: F,
    ) -> Scope<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>,
        M,
    >
    where
        F: Fn(ServiceRequest, &T::Service) -> R + Clone + 'static,
        R: Future<Output = Result<ServiceResponse<B>, Error>>,
        B: MessageBody,
    {
        self.around::<F, _>(|endpoint| apply_fn_factory(endpoint, middleware))
    }

    /// Returns the scope with middleware of type `W`.
    fn around<W, U>(self, wrapped: impl FnOnce(T) -> U) -> Scope<U, M> {
        let Self { path, inner, endpoint, place, registry, .. } = self;
        registry.binding().add_middleware(std::any::type_name::<W>());
        Scope { path, inner, endpoint: wrapped(endpoint), place, registry, mode: PhantomData }
    }
}

impl<T, M: Mode, B> HttpServiceFactory for Scope<T, M>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
{
    fn register(self, config: &mut AppService) {
        self.registry.binding().nest_in_registering(config.is_root());
        let mark = self.registry.add_to_matrix();
        // Nested scopes check themselves.
        let mistakes = self.registry.check();
        let auth = match self.registry.binding().auth().cloned() {
            Some(auth) if mistakes.is_empty() => auth,
            _ => return refuse_to_start(&mistakes, &self.path, config),
        };
        auth.register();
        let hides = self.registry.hides_something() && !self.registry.own_default();
        let inner = if hides { self.inner.default_service(actix_web::web::to(unknown_path)) } else { self.inner };
        // Only a marker in the resource map. No service handles it.
        let inner = match mark {
            Some(number) => inner.configure(|inner| {
                inner.external_resource(format!("scope {number}"), format!("{MARK}{number}"));
            }),
            None => inner,
        };
        let inner = inner.wrap(self.place.within(self.endpoint, cache_headers::answers_of(auth)));
        let binding = self.registry.binding();
        if self.registry.has_unguarded_under_rule() {
            // A service without a rule cannot enforce the rule of the scope, so the rule is enforced in front of the whole scope.
            let inner = inner.wrap(wrapped_service::InFront(&guard::PASS));
            return binding.registering(|| inner.register(config));
        }
        binding.registering(|| inner.register(config));
    }
}

impl<T, M: Mode, B> Service for Scope<T, M>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
{
    type Factory = Self;

    fn open(self, registry: &mut Registry) -> Self {
        self.registry.nest_in(registry);
        self
    }
}

impl<T, M> std::fmt::Debug for Scope<T, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Returns a resource with one route, as [`Scope::route`] registers it.
pub(crate) fn single(path: &str, route: GuardedRoute) -> ScopeResource {
    resource(path).only(route)
}

/// Registers a service whose creation fails at start-up, and logs the mistakes.
fn refuse_to_start(mistakes: &[RuleError], path: &str, config: &mut AppService) {
    for mistake in mistakes {
        startup_checks::log_warnings(mistake);
    }
    let fails = actix_web::dev::fn_factory(|| std::future::ready(Err::<UnavailableService, ()>(())));
    config.register_service(ResourceDef::root_prefix(path), None, fails, None);
}

/// A service that is never created.
struct UnavailableService;

impl actix_web::dev::Service<ServiceRequest> for UnavailableService {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = std::future::Pending<Result<ServiceResponse, Error>>;

    actix_web::dev::always_ready!();

    fn call(&self, _: ServiceRequest) -> Self::Future {
        std::future::pending()
    }
}
