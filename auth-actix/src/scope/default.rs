//! Default services with a rule.

use std::fmt;

use actix_service::boxed::{self, BoxServiceFactory};
use actix_service::{IntoServiceFactory, ServiceFactoryExt as _, apply};
use actix_web::Error;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};

use auth_core::policy::rule::Rule;

use super::route::GuardedRoute;
use super::wrapped_service::{GuardedService, InFront};

/// A service with a rule, for [`Scope::default_service`](crate::Scope::default_service).
#[diagnostic::on_unimplemented(
    message = "expected a default service with a rule, found one without",
    label = "scopes of `Auth` accept only services with a rule",
    note = "write `guarded(rule!(…), …)`, or `auth_actix::web::to(f)` of a function with a rule"
)]
pub trait DefaultService<U> {
    /// Returns the rule, and the service for actix.
    #[doc(hidden)]
    fn into_default(self) -> (&'static Rule, BoxedDefault);
}

/// A default service with the rule in front.
pub(super) type BoxedDefault = BoxServiceFactory<(), ServiceRequest, ServiceResponse, Error, ()>;

#[diagnostic::do_not_recommend]
impl<S, U> DefaultService<U> for GuardedService<S>
where
    S: IntoServiceFactory<U, ServiceRequest>,
    U: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error> + 'static,
    U::InitError: fmt::Debug,
{
    fn into_default(self) -> (&'static Rule, BoxedDefault) {
        let service = self.service.into_factory().map_init_err(|error| {
            tracing::error!(target: "auth_actix", ?error, "the default service cannot be created");
        });
        (self.rule, boxed::factory(apply(InFront(self.rule), service)))
    }
}

#[diagnostic::do_not_recommend]
impl DefaultService<actix_web::Route> for GuardedRoute {
    fn into_default(self) -> (&'static Rule, BoxedDefault) {
        (self.rule, boxed::factory(self.inner))
    }
}
