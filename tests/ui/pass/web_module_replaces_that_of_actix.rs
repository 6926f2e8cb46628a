//! The module `web` has every item of `actix_web::web` under the same name, so that a migration changes one `use`.
#![deny(warnings)]
use actix_web::{
    App, HttpRequest, HttpResponse, Responder,
    dev::{HttpServiceFactory, Service as _, ServiceRequest},
    get, guard,
    http::{Method, header::Accept},
    middleware::{DefaultHeaders, Logger},
};
use auth_actix::{Auth, guarded, public, require_auth, rule, unguarded, web};
use serde::Deserialize;

#[derive(Deserialize)]
struct Page {
    number: u32,
}

#[require_auth]
async fn list(
    page: web::Query<Page>,
    data: web::Data<u8>,
    own: web::ReqData<u8>,
    thin: web::ThinData<u16>,
) -> web::Json<(u32, u8, u8, u16)> {
    web::Json((page.number, **data, *own, *thin))
}

#[require_auth]
async fn create(body: web::Bytes, path: web::Path<(u8,)>) -> Result<impl Responder, actix_web::Error> {
    let length = web::block(move || body.len()).await?;
    Ok(web::Html::new(format!("{length} {}", path.0)))
}

#[require_auth]
async fn form(form: web::Form<Page>, accept: web::Header<Accept>) -> web::Redirect {
    web::Redirect::to(format!("/{}/{}", form.number, accept.0))
}

#[require_auth]
async fn either(either: web::Either<web::Json<Page>, web::Form<Page>>, _rest: web::Payload) -> String {
    match either {
        web::Either::Left(json) => json.number.to_string(),
        web::Either::Right(form) => form.number.to_string(),
    }
}

#[public]
async fn missing(request: HttpRequest) -> String {
    request.path().to_owned()
}

#[require_auth]
#[get("/item")]
async fn item() -> &'static str {
    "item"
}

fn users() -> web::Resource {
    web::resource("/users").name("users").get(list).post(create)
}

fn configure(config: &mut web::ServiceConfig) {
    config.service(users()).service(web::scope("/in").service(item).configure(more));
    config.route("/r", web::get().to(list)).app_data(web::JsonConfig::default().limit(1));
    config.external_resource("docs", "https://example.com/{page}").default_service(web::to(missing));
}

fn more(config: &mut web::ServiceConfig<'_>) {
    config.service(item);
}

fn resources(config: &mut web::ServiceConfig) {
    let all = web::resource("/a").guard(guard::Get()).app_data(web::QueryConfig::default()).wrap(Logger::default());
    let all = all.wrap_fn(|request, service| service.call(request)).app_data(web::Data::new(1_u8));
    let all = all.route(web::get().guard(guard::Header("a", "b")).to(list));
    let all = all.route(web::post().to(create).wrap(DefaultHeaders::new()).guard(guard::Post()).method(Method::PUT));
    let all = all.get(list).post(create).put(create).patch(form).delete(either).head(list).trace(list).query(list);
    config.service(all.to(list).default_service(web::to(missing)));
    let default = guarded(rule!(public), actix_web::web::to(HttpResponse::MethodNotAllowed));
    config.service(web::resource(["/b", "/c"]).route(web::method(Method::OPTIONS).to(list)).default_service(default));
    config.service(web::resource(vec!["/d".to_owned()]).route(web::route().method(Method::GET).to(list)));
    config.service(web::resource(String::from("/e")).to(form)).service(web::resource(&String::from("/f")).to(form));
}

fn scopes(config: &mut web::ServiceConfig) {
    let scope = web::scope("/v1").guard(guard::Get()).app_data(1_u8).wrap(Logger::default()).service(item);
    let scope = scope.wrap_fn(|request, service| service.call(request)).route("/x", web::patch().to(list));
    config.service(scope.default_service(web::to(missing)));
    config.service(unguarded("they ask nothing", web::redirect("/a", "/b")));
    let raw = async |request: ServiceRequest| {
        Ok::<_, actix_web::Error>(request.into_response(HttpResponse::Ok().finish()))
    };
    config.service(unguarded("it is no handler", web::service("/s").guard(guard::Get()).finish(raw)));
}

fn api(auth: &Auth) -> impl HttpServiceFactory + use<> {
    let scope = auth.scope("/api").configure(configure).configure(resources).configure(scopes);
    let scope = scope.route("/t", web::trace().to(list)).route("/q", web::query().to(list));
    let scope = scope.route("/h", web::head().to(list)).route("/any", web::to(list));
    let scope = scope.route("/d", web::delete().to(list)).route("/put", web::put().to(list));
    scope.default_service(web::to(missing)).wrap_fn(|request, service| service.call(request)).service(item)
}

/// The other types of the module that applications name.
type Others = (
    web::BytesMut,
    web::EitherExtractError<u8, u8>,
    web::FormConfig,
    web::JsonBody<u8>,
    web::PathConfig,
    web::PayloadConfig,
    web::Readlines<HttpRequest>,
    web::UrlEncoded<u8>,
);

fn parts(mut bytes: impl web::Buf, mut into: impl web::BufMut) {
    into.put_u8(bytes.get_u8());
}

fn main() {
    let _ = |auth: &Auth| App::new().service(api(auth)).service(web::resource("/plain").get(list));
    let _: Option<Others> = None;
    parts(&[1_u8][..], &mut Vec::new());
}
