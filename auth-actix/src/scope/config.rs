//! Registration in separate functions.

use super::default::DefaultService;
use super::route::IntoGuardedRoute;
use super::service::{Registry, Service};

/// The argument of functions for [`crate::Scope::configure`]. It accepts the same services as the scope.
///
/// ```
/// use auth_actix::{require_auth, web};
///
/// #[require_auth]
/// async fn reports() -> &'static str { "all of them" }
///
/// fn routes(config: &mut web::ServiceConfig<'_>) {
///     config.route("/reports", web::get().to(reports));
/// }
/// ```
pub struct ServiceConfig<'a> {
    inner: &'a mut actix_web::web::ServiceConfig,
    registry: &'a mut Registry,
}

impl<'a> ServiceConfig<'a> {
    pub(super) fn new(inner: &'a mut actix_web::web::ServiceConfig, registry: &'a mut Registry) -> Self {
        Self { inner, registry }
    }

    /// Registers a service with a rule.
    pub fn service<S: Service>(&mut self, service: S) -> &mut Self {
        self.inner.service(service.open(self.registry));
        self
    }

    /// Registers a function with a rule and without a route attribute.
    pub fn route(&mut self, path: &str, route: impl IntoGuardedRoute) -> &mut Self {
        self.service(super::single(path, route.into_guarded()))
    }

    /// Adds application data for the handlers, as in actix.
    pub fn app_data<U: 'static>(&mut self, data: U) -> &mut Self {
        self.inner.app_data(data);
        self
    }

    /// Sets the service for unknown paths below the scope. See [`Scope::default_service`](crate::Scope::default_service).
    pub fn default_service<D: DefaultService<U>, U>(&mut self, service: D) -> &mut Self {
        let (rule, factory) = service.into_default();
        self.registry.add_default(rule);
        self.inner.default_service(factory);
        self
    }

    /// Registers an external URL for `url_for`, as in actix.
    pub fn external_resource(&mut self, name: impl AsRef<str>, url: impl AsRef<str>) -> &mut Self {
        self.inner.external_resource(name, url);
        self
    }

    /// Runs a function that registers further services.
    pub fn configure(&mut self, configure: impl FnOnce(&mut ServiceConfig<'_>)) -> &mut Self {
        configure(&mut ServiceConfig { inner: self.inner, registry: self.registry });
        self
    }
}

impl std::fmt::Debug for ServiceConfig<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceConfig").field("registry", &self.registry).finish_non_exhaustive()
    }
}
