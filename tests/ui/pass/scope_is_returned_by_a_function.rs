//! A function that creates a scope can name its type, as with actix.
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{HttpServiceFactory, Service as _, ServiceFactory, ServiceRequest, ServiceResponse},
    get,
    middleware::{DefaultHeaders, NormalizePath},
};
use auth_actix::{Auth, Scope, require_auth, rule};
use auth_actix::web::{Strict, StrictScope};

#[require_auth]
#[get("/report")]
async fn report() -> &'static str {
    "daily"
}

#[require_auth]
async fn plain() -> &'static str {
    "plain"
}

fn named(auth: &Auth) -> Scope {
    auth.scope("/api").service(report).route("/plain", auth_actix::web::get().to(plain)).guard(actix_web::guard::Get())
}

fn nested(auth: &Auth) -> Scope {
    auth.scope("/nested").require(rule!(authenticated)).app_data(1_u8).service(named(auth)).service(wrapped(auth))
}

fn strict(auth: &Auth) -> StrictScope {
    auth.strict_scope("/strict").service(report)
}

fn wrapped(auth: &Auth) -> impl HttpServiceFactory + auth_actix::web::Service + use<> {
    named(auth).wrap(NormalizePath::trim())
}

fn of_any_body(
    auth: &Auth,
) -> Scope<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let scope = named(auth).wrap(DefaultHeaders::new()).wrap_fn(|request, service| {
        let answer = service.call(request);
        async { Ok(answer.await?.map_into_right_body::<()>()) }
    });
    scope.service(report)
}

fn of_any_type(
    auth: &Auth,
) -> Scope<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()> + use<>,
    Strict,
> {
    strict(auth)
}

struct Api {
    scope: fn(&Auth) -> Scope,
}

fn main() {
    let api = Api { scope: named };
    let _ = move |auth: &Auth| {
        let app = App::new().service((api.scope)(auth)).service(nested(auth)).service(strict(auth));
        app.service(wrapped(auth)).service(of_any_body(auth)).service(of_any_type(auth));
    };
}
