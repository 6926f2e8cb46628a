//! A service for data pipelines of several organizations, with people who log in at an OpenID provider, and API keys of
//! organizations. Existing clients of Feldera can use it unchanged.
//!
//! Copy this if people have an account of your own and roles per organization, if the organization is in a header, and if programs
//! use keys that belong to an organization.
//!
//! Run it with `cargo run -p pipelines`. `ISSUER` is the issuer of an OpenID provider, and `AUDIENCE` the audience of its access tokens
//! (`pipelines` by default). Without `ISSUER`, a development key is generated for this run, and commands to try are printed. `DATABASE` is the path of a SQLite file (in memory by
//! default). `PORT` is the port to listen on (8080 by default).

mod events;
mod members;
mod pipelines;

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder, Result, delete, get, patch, post, rt, web};
use auth_actix::identity::Rights;
use auth_actix::lease::Lease;
use auth_actix::list::ListFilter;
use auth_actix::tokens::{ExposeSecret as _, NewToken, SqlTokens, Tokens};
use auth_actix::web::Strict;
use auth_actix::{
    Auth, AuthBuilder, Authorized, Caller, Confers, Id, Jwt, Principal, Scope, Tenant, at, public, require,
    require_auth, require_role,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use utoipa::{OpenApi, ToSchema};

use crate::events::Event;
use crate::members::{Member, Members};
use crate::pipelines::{Change, NewPipeline, Operate, Pipeline, See};

#[derive(Clone, Copy, auth_actix::Role)]
enum Role {
    /// Runs this installation. Not a role in an organization.
    Owner,
    #[role(implies(Write))]
    Admin,
    #[role(implies(Read))]
    Write,
    Read,
}

/// Returns the organization that the rule has decided on.
fn org(tenant: &Tenant) -> &str {
    tenant.get("org").unwrap_or_default()
}

#[require_role("read", in = org)]
#[utoipa::path(responses((status = OK, body = Vec<Pipeline>)))]
#[get("/pipelines")]
async fn list_pipelines(tenant: Tenant, pool: web::Data<SqlitePool>) -> Result<impl Responder> {
    Ok(web::Json(pipelines::list(&pool, org(&tenant)).await?))
}

#[require_role("write", in = org)]
#[utoipa::path(responses((status = CREATED, body = Pipeline)))]
#[post("/pipelines")]
async fn create_pipeline(
    tenant: Tenant,
    new: web::Json<NewPipeline>,
    pool: web::Data<SqlitePool>,
) -> Result<impl Responder> {
    Ok(HttpResponse::Created().json(pipelines::add(&pool, org(&tenant), new.into_inner()).await?))
}

#[require_role("read", in = org)]
#[utoipa::path(responses((status = OK, body = Pipeline)))]
#[get("/pipelines/{name}")]
async fn show_pipeline(pipeline: Authorized<Pipeline, See>) -> impl Responder {
    web::Json(Pipeline::clone(&pipeline))
}

#[require_role("write", in = org)]
#[utoipa::path(responses((status = OK, body = Pipeline)))]
#[patch("/pipelines/{name}")]
async fn change_pipeline(
    pipeline: Authorized<Pipeline, Operate>,
    change: web::Json<Change>,
    pool: web::Data<SqlitePool>,
) -> Result<impl Responder> {
    Ok(web::Json(pipeline.change(&pool, change.into_inner()).await?))
}

#[require_role("admin", in = org)]
#[utoipa::path(responses((status = NO_CONTENT)))]
#[delete("/pipelines/{name}")]
async fn delete_pipeline(pipeline: Authorized<Pipeline, Operate>, pool: web::Data<SqlitePool>) -> Result<HttpResponse> {
    pipeline.delete(&pool).await?;
    Ok(HttpResponse::NoContent().finish())
}

// The filter contains the organization that the rule has decided on.
#[require_role("read", in = org)]
#[utoipa::path(responses((status = OK, body = Vec<Event>)))]
#[get("/events")]
async fn list_events(filter: ListFilter<Event, See>, pool: web::Data<SqlitePool>) -> Result<impl Responder> {
    Ok(web::Json(events::list(&pool, &filter).await?))
}

/// The longest time for which a socket stays open after its access has ended.
const LEASE_INTERVAL: Duration = Duration::from_secs(2);

// A page cannot set headers for a WebSocket, so it offers the organization as a subprotocol: `feldera-tenant.acme`.
#[require_role("read", in = org)]
#[utoipa::path(responses((status = SWITCHING_PROTOCOLS)))]
#[get("/pipelines/{name}/egress")]
async fn stream_changes(
    pipeline: Authorized<Pipeline, See>,
    lease: Lease,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse> {
    let (response, mut session, _messages) = actix_ws::handle(&request, body)?;
    let greeting = json!({ "pipeline": pipeline.name, "sequence_number": 0 }).to_string();
    rt::spawn(async move {
        if session.text(greeting).await.is_ok() {
            lease.every(LEASE_INTERVAL).await;
            let _ = session.close(Some(actix_ws::CloseCode::Policy.into())).await;
        }
    });
    Ok(response)
}

#[derive(Deserialize, ToSchema)]
struct NewApiKey {
    name: String,
    /// `read` or `write`. `write` by default.
    role: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ApiKey {
    id: String,
    name: String,
    /// Shown once.
    api_key: String,
}

// A key must not create a better key, so this takes a login.
#[require(role("admin", in = org) && login && direct)]
#[utoipa::path(responses((status = CREATED, body = ApiKey)))]
#[post("/api_keys")]
async fn create_api_key(tenant: Tenant, new: web::Json<NewApiKey>, keys: web::Data<Tokens>) -> Result<impl Responder> {
    let NewApiKey { name, role } = new.into_inner();
    let role = role.unwrap_or("write".to_owned());
    let new = NewToken::for_client(name.clone(), "an administrator of the organization asked for it");
    let issued = keys.issue(new.named(name.clone()).roles([role]).tenants([(*tenant).clone()])).await?;
    let api_key = issued.secret.expose_secret().to_owned();
    Ok(HttpResponse::Created().json(ApiKey { id: issued.id.to_string(), name, api_key }))
}

#[derive(Serialize, ToSchema)]
struct Organization {
    id: String,
    name: String,
}

#[require_role("owner")]
#[utoipa::path(responses((status = OK, body = Vec<Organization>)))]
#[get("/tenants")]
async fn list_tenants(members: web::Data<Members>) -> Result<impl Responder> {
    let orgs = members.organizations().await.map_err(ErrorInternalServerError)?;
    Ok(web::Json(orgs.into_iter().map(|name| Organization { id: name.clone(), name }).collect::<Vec<_>>()))
}

#[derive(Serialize, ToSchema)]
struct Session {
    user: String,
    account: String,
}

#[require_auth]
#[utoipa::path(responses((status = OK, body = Session)))]
#[get("/config/session")]
async fn show_session(me: Caller<Member>) -> impl Responder {
    web::Json(Session { user: me.name.clone(), account: me.account_id().to_string() })
}

#[derive(Deserialize, ToSchema)]
struct SignUp {
    name: String,
}

// The caller has logged in, and has no account yet.
#[require(login)]
#[utoipa::path(responses((status = CREATED)))]
#[post("/sign_up")]
async fn sign_up(me: Principal, new: web::Json<SignUp>, members: web::Data<Members>) -> Result<HttpResponse> {
    members.sign_up(&me.credential_id(), &new.name).await.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Created().finish())
}

#[public]
#[get("/config")]
async fn show_config() -> impl Responder {
    let version = env!("CARGO_PKG_VERSION");
    web::Json(
        json!({ "edition": "Open source", "version": version, "revision": "", "runtime_revision": "", "telemetry": "", "license_validity": null, "update_info": null, "changelog_url": "", "build_info": {}, "build_source": "source", "unstable_features": "" }),
    )
}

/// The OpenAPI document, once it is generated from the rules.
type Generated = Arc<OnceLock<String>>;

#[public]
#[get("/openapi.json")]
async fn show_document(document: web::Data<OnceLock<String>>) -> impl Responder {
    HttpResponse::Ok().content_type("application/json").body(document.get().cloned().unwrap_or_default())
}

#[derive(OpenApi)]
#[openapi(
    paths(list_pipelines, create_pipeline, show_pipeline, change_pipeline, delete_pipeline, list_events, stream_changes, create_api_key, list_tenants, show_session, sign_up),
    servers((url = "/v0"))
)]
struct Document;

/// The parts that handlers and rules share.
#[derive(Clone)]
struct Service {
    pool: SqlitePool,
    members: Members,
    keys: Tokens,
    document: Generated,
}

impl Service {
    async fn new(pool: SqlitePool) -> io::Result<Self> {
        members::create(&pool).await.map_err(io::Error::other)?;
        pipelines::create(&pool).await.map_err(io::Error::other)?;
        events::create(&pool).await.map_err(io::Error::other)?;
        let tokens = SqlTokens::open(pool.clone());
        tokens.migrate().await.map_err(io::Error::other)?;
        let keys = Tokens::named("api-key")
            .prefix("apikey:")
            .accept_unchecked()
            .store(tokens)
            .confers(Rights::new().roles(["write", "read"]));
        Ok(Self { members: Members::new(pool.clone()), pool, keys, document: Generated::default() })
    }

    /// Returns the settings. Only the provider of logins is passed in.
    fn settings(&self, provider: Jwt) -> AuthBuilder {
        Auth::builder()
            .realm("pipelines")
            .roles::<Role>()
            .tenant("org", at::header("Feldera-Tenant").or_subprotocol("feldera-tenant."))
            .bearer(provider.confers(Confers::nothing()).logs_in())
            .tokens(self.keys.clone())
            .accounts(self.members.clone())
            .rights_from(self.members.roles.clone())
            .resource_deps(self.pool.clone())
            .sign_up_page("/sign-up")
    }
}

/// Returns the API. The server registers it, and the tests compare it with `ACCESS.md`.
fn api(
    auth: &Auth,
    service: &Service,
) -> Scope<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = actix_web::Error, InitError = ()>
    + use<>,
    Strict,
> {
    let Service { pool, members, keys, document } = service.clone();
    let scope = auth.strict_scope("/v0").app_data(web::Data::new(pool)).app_data(web::Data::new(members));
    let scope = scope.app_data(web::Data::new(keys)).app_data(web::Data::from(document));
    let scope = scope.service(list_pipelines).service(create_pipeline).service(list_events);
    let scope = scope.service(show_pipeline).service(change_pipeline).service(delete_pipeline).service(stream_changes);
    let scope = scope.service(create_api_key).service(list_tenants).service(show_session).service(sign_up);
    scope.service(show_config).service(show_document)
}

/// Generates the OpenAPI document, with the security requirements and the tenants of the rules.
fn document(auth: &Auth, service: &Service) -> io::Result<utoipa::openapi::OpenApi> {
    api(auth, service).access_matrix().secure_openapi(&Document::openapi()).map_err(io::Error::other)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let named = |name| std::env::var(name).ok();
    let port = named("PORT").and_then(|port| port.parse().ok()).unwrap_or(8080);
    let service = Service::new(database(named("DATABASE")).await.map_err(io::Error::other)?).await?;
    let provider = match named("ISSUER") {
        Some(issuer) => Jwt::oidc(issuer).audience(named("AUDIENCE").unwrap_or("pipelines".to_owned())),
        None => {
            let provider = Jwt::dev();
            try_out(&service, &provider, port).await.map_err(io::Error::other)?;
            provider
        }
    };
    let auth = service.settings(provider).build()?;
    let text = document(&auth, &service)?.to_json().map_err(io::Error::other)?;
    service.document.get_or_init(|| text);
    HttpServer::new(move || App::new().service(api(&auth, &service))).bind(("127.0.0.1", port))?.run().await
}

/// Opens a database. One in memory is deleted when its last connection closes.
async fn database(path: Option<String>) -> sqlx::Result<SqlitePool> {
    let pool = SqlitePoolOptions::new();
    match path {
        Some(path) => pool.connect_with(SqliteConnectOptions::new().filename(path).create_if_missing(true)).await,
        None => {
            let options = SqliteConnectOptions::new().in_memory(true);
            pool.max_connections(1).idle_timeout(None).max_lifetime(None).connect_with(options).await
        }
    }
}

/// Adds a member to an organization, and prints `curl` commands.
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn try_out(service: &Service, provider: &Jwt, port: u16) -> sqlx::Result<()> {
    // The subject of a development token is the name of its role. The source confers no roles.
    let login = Id::user("dev", "alice");
    service.members.sign_up(&login, "Alice").await?;
    let member = service.members.identity(&login).await?;
    service.members.set_role("acme", &member, Some("admin")).await?;
    let token = provider.dev_token(Some("alice")).unwrap_or_default();
    let (by, url) = (format!("-H 'Authorization: Bearer {token}'"), format!("http://127.0.0.1:{port}/v0"));
    let (json, acme) = ("-H 'Content-Type: application/json'", "-H 'Feldera-Tenant: acme'");
    println!(
        "# a pipeline of acme: 201\ncurl -i {by} {acme} {json} -d '{{\"name\":\"sales\",\"program_code\":\"\"}}' {url}/pipelines\n"
    );
    println!("# the only organization of the caller: 200\ncurl -i {by} {url}/pipelines/sales\n");
    println!("# another organization: 403\ncurl -i {by} -H 'Feldera-Tenant: umbrella' {url}/pipelines/sales\n");
    println!("# an API key of acme: 201\ncurl -i {by} {acme} {json} -d '{{\"name\":\"ci\"}}' {url}/api_keys\n");
    println!("# anonymous: 401\ncurl -i {acme} {url}/pipelines\n");
    Ok(())
}

#[cfg(test)]
mod tests;
