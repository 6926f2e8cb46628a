//! A scope whose handlers all carry a rule.
//!
//! # Why
//! A path-based rule and the router can disagree; a rule that hangs on the handler cannot, if no handler gets in without
//! one. So the scope takes only what is [`Service`]: the compiler asks, for each handler, not a test for some of them.

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
pub use self::service::{Pattern, Proven, Registry, Service};
use self::unknown_path::unknown_path;
pub use self::wrapped_service::{GuardedService, Unguarded, guarded, unguarded};
use crate::auth::Auth;
use crate::guard;

/// A scope that takes only what carries a rule; made by [`Auth::scope`].
///
/// It takes handlers with a guard attribute above their route attribute, `auth_actix::web::get().to(f)` for plain guarded
/// functions, scopes of its own kind, and by name what has no rule of its own: [`guarded`] and [`unguarded`].
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
/// A handler without one does not compile:
/// ```compile_fail
/// # use actix_web::{App, get};
/// # use auth_actix::{Auth, Jwt};
/// #[get("/open")]
/// async fn open() -> &'static str { "?" }
/// # let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
/// App::new().service(auth.scope("/api").service(open));
/// ```
///
/// A function that makes one returns `Scope`; with middleware around it, it returns `impl HttpServiceFactory + use<>`.
///
/// ```
/// use auth_actix::{Auth, Scope};
///
/// fn api(auth: &Auth) -> Scope {
///     auth.scope("/api")
/// }
/// ```
///
/// What it proves: *each handler registered through it carries a rule*. Middleware that answers by itself and guards of
/// routes are outside of that.
#[must_use]
pub struct Scope<T = ScopeEndpoint, M = Plain> {
    path: String,
    /// Without middleware.
    inner: actix_web::Scope,
    /// The middleware of the application, around the place where `inner` will be.
    endpoint: T,
    place: Filling<<ScopeEndpoint as ServiceFactory<ServiceRequest>>::Service>,
    registry: Registry,
    mode: PhantomData<fn() -> M>,
}

/// Whether each route of a scope whose path names an object has to ask about it: [`Plain`] or [`Strict`].
pub trait Mode: 'static {
    #[doc(hidden)]
    const STRICT: bool;
}

/// That of [`Auth::scope`].
#[derive(Debug)]
pub struct Plain(std::convert::Infallible);

/// That of [`Auth::strict_scope`].
#[derive(Debug)]
pub struct Strict(std::convert::Infallible);

impl Mode for Plain {
    const STRICT: bool = false;
}

impl Mode for Strict {
    const STRICT: bool = true;
}

impl Auth {
    /// A scope whose handlers all carry a rule: anything else does not compile. See [`Scope`].
    ///
    /// As in actix, a scope whose path is `""` answers all that was not answered before it: register it last.
    pub fn scope(&self, path: &str) -> Scope {
        Scope::new(Registry::new(Some(self), path, Plain::STRICT), path)
    }

    /// The same, where each route whose pattern names an object has to ask whether its caller may have it: by an argument
    /// [`Authorized`](crate::Authorized), by a check over an argument, by `in = …`. Otherwise a handler with a route attribute does not compile, and
    /// with others the server does not start, unless `any_object = "…"` in an attribute says why. The risk is the first on OWASP's list for APIs (API1:2023): a caller who passes
    /// the rule writes another id into the path.
    ///
    /// Scopes within it are strict too.
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

/// The scope that [`Auth::strict_scope`] makes.
pub type StrictScope<T = ScopeEndpoint> = Scope<T, Strict>;

/// A scope for one of [`Auth::scope`], as `web::scope` writes it: it takes the `Auth` of the scope that it is registered in.
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
/// A scope that is registered in no scope of [`Auth::scope`] keeps the server from starting: it has no `Auth`.
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
    /// Registers what carries a rule.
    pub fn service<S: Service>(mut self, service: S) -> Self {
        // What the types show does not compile; the rest does not start.
        const { assert!(!M::STRICT || S::ASKS, "{}", service::ANY_OBJECT) };
        let factory = service.open(&mut self.registry);
        Self { inner: self.inner.service(factory), ..self }
    }

    /// Registers a plain guarded function: `scope.route("/x", auth_actix::web::get().to(f))`.
    pub fn route(self, path: &str, route: impl IntoGuardedRoute) -> Self {
        self.service(single(path, route.into_guarded()))
    }

    /// Registers more, in a function of its own. Its argument is [`ServiceConfig`], which takes what the scope
    /// takes.
    pub fn configure(mut self, configure: impl FnOnce(&mut ServiceConfig<'_>)) -> Self {
        let registry = &mut self.registry;
        let inner = self.inner.configure(|inner| configure(&mut ServiceConfig::new(inner, registry)));
        Self { inner, ..self }
    }

    /// A rule that has to hold beside each handler's own; it never stands in its place.
    ///
    /// # Errors
    /// A second rule does not start: write one with `&&`.
    pub fn require(mut self, rule: &'static Rule) -> Self {
        self.registry.require(rule);
        self
    }

    /// Sets the service for unknown paths below the scope: a function with a rule, `web::to(f)`, or anything else with one,
    /// `guarded(rule!(…), …)`.
    pub fn default_service<D: DefaultService<U>, U>(mut self, service: D) -> Self {
        let (rule, factory) = service.into_default();
        self.registry.add_default(rule);
        Self { inner: self.inner.default_service(factory), ..self }
    }

    /// Checks for mistakes that would keep the server from starting, in this scope and in those within it: rules that could never hold, or that need a
    /// setting. The server checks this by itself; a test may ask.
    ///
    /// # Errors
    /// All mistakes.
    pub fn check(&self) -> Result<(), Vec<RuleError>> {
        let mistakes = self.registry.check_all();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    /// Who may call what in this scope and those within it, as data. For a whole application there is
    /// `test::access_matrix`.
    pub fn access_matrix(&self) -> Matrix {
        let mut matrix = Matrix::default();
        self.registry.describe_all(&mut matrix);
        matrix.sort();
        matrix
    }

    /// Data for the handlers, as in actix. The scope's `Auth` is not among it, and is not replaced by it.
    pub fn app_data<U: 'static>(self, data: U) -> Self {
        Self { inner: self.inner.app_data(data), ..self }
    }

    /// A condition of routing, as in actix. It decides which handler is asked, not whether it may run.
    pub fn guard(self, guard: impl RouteGuard + 'static) -> Self {
        self.registry.binding().add_guard();
        Self { inner: self.inner.guard(guard), ..self }
    }

    /// Middleware around the scope, as in actix. It runs before the rules, and what it answers by itself they never see.
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

    /// Middleware around the scope, as a function, as in actix. See [`wrap`](Self::wrap).
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

    /// The scope with middleware of that type.
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
        // Those within it check themselves.
        let mistakes = self.registry.check();
        let auth = match self.registry.binding().auth().cloned() {
            Some(auth) if mistakes.is_empty() => auth,
            _ => return refuse_to_start(&mistakes, &self.path, config),
        };
        auth.register();
        let hides = self.registry.hides_something() && !self.registry.own_default();
        let inner = if hides { self.inner.default_service(actix_web::web::to(unknown_path)) } else { self.inner };
        // In the map alone: nothing answers there.
        let inner = match mark {
            Some(number) => inner.configure(|inner| {
                inner.external_resource(format!("scope {number}"), format!("{MARK}{number}"));
            }),
            None => inner,
        };
        let inner = inner.wrap(self.place.within(self.endpoint, cache_headers::answers_of(auth)));
        let binding = self.registry.binding();
        if self.registry.has_unguarded_under_rule() {
            // A service without a rule cannot be asked for one, so the rule of the scope is decided in front of all of it.
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

/// A resource with one route, as [`Scope::route`] registers it.
pub(crate) fn single(path: &str, route: GuardedRoute) -> ScopeResource {
    resource(path).only(route)
}

/// Registers what fails when the server starts, and says why.
fn refuse_to_start(mistakes: &[RuleError], path: &str, config: &mut AppService) {
    for mistake in mistakes {
        startup_checks::log_warnings(mistake);
    }
    let fails = actix_web::dev::fn_factory(|| std::future::ready(Err::<UnavailableService, ()>(())));
    config.register_service(ResourceDef::root_prefix(path), None, fails, None);
}

/// A service that is never made.
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
