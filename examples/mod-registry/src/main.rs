//! A registry of game modifications, with personal tokens and login sessions that clients send as a bare `Authorization` line, as
//! those of Modrinth do.
//!
//! Copy this if people issue tokens that act for them with a few scopes, if your tokens already exist in a format of your own, or if
//! members of a team have permissions on its objects.
//!
//! Run it with `cargo run -p mod-registry`. It prints commands to try. `PORT` is the port to listen on (8080 by default). All data is in
//! memory, and ends with the server.

mod projects;
mod users;

use std::io;
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::error::ErrorBadRequest;
use actix_web::{App, HttpResponse, HttpServer, Responder, Result, delete, get, patch, post, web};
use auth_actix::identity::{AccountId, Rights};
use auth_actix::list::ListFilter;
use auth_actix::tokens::{ExposeSecret as _, IssueError, NewToken, SqlTokens, Tokens};
use auth_actix::{
    Auth, AuthBuilder, Authorized, Caller, Peer, at, public, require, require_network, require_role, require_scope,
};
use serde::Deserialize;
use serde_json::json;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::projects::{Change, Delete, EditDetails, ManageTeam, Moderate, NewMember, Project, Read, Verdict};
use crate::users::{User, Users};

#[derive(Clone, Copy, auth_actix::Role)]
enum Role {
    Moderator,
}

#[derive(Clone, Copy, auth_actix::TokenScope)]
#[token_scope(rename_all = "SCREAMING_SNAKE_CASE")]
enum TokenScope {
    UserRead,
    ProjectRead,
    ProjectWrite,
    ProjectDelete,
}

// A private project is 404 for other callers, and for a token without the scope, which counts as anonymous.
#[public]
#[get("/v2/project/{id}")]
async fn show_project(project: Authorized<Project, Read>) -> impl Responder {
    web::Json(Project::clone(&project))
}

// The list has the condition of `show_project`.
#[public]
#[get("/v2/projects")]
async fn list_projects(filter: ListFilter<Project, Read>, pool: web::Data<SqlitePool>) -> Result<impl Responder> {
    Ok(web::Json(projects::list(&pool, &filter).await?))
}

#[require_scope("PROJECT_WRITE")]
#[patch("/v2/project/{id}")]
async fn change_project(
    project: Authorized<Project, EditDetails>,
    change: web::Json<Change>,
    pool: web::Data<SqlitePool>,
) -> Result<HttpResponse> {
    project.change(&pool, change.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[require_scope("PROJECT_DELETE")]
#[delete("/v2/project/{id}")]
async fn delete_project(project: Authorized<Project, Delete>, pool: web::Data<SqlitePool>) -> Result<HttpResponse> {
    project.delete(&pool).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[require_scope("PROJECT_WRITE")]
#[post("/v2/project/{id}/members")]
async fn add_member(
    project: Authorized<Project, ManageTeam>,
    new: web::Json<NewMember>,
    pool: web::Data<SqlitePool>,
) -> Result<HttpResponse> {
    project.add_member(&pool, new.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[require_scope("USER_READ")]
#[get("/v2/user")]
async fn show_user(me: Caller<User>) -> impl Responder {
    let role = if me.principal().has_role(Role::Moderator) { "moderator" } else { "developer" };
    web::Json(json!({ "id": me.id, "username": me.username, "role": role }))
}

#[derive(Deserialize)]
struct NewPat {
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    expires_in_days: u32,
}

/// The source of personal tokens. A type of its own, because the application has two sources.
#[derive(Clone)]
struct PersonalTokens(Tokens);

// A token must not issue a better token, so this takes a login of the last 15 minutes. The token is compared with what the caller
// holds.
#[require(login && direct && max_age("15m"))]
#[post("/v2/pat")]
async fn create_pat(
    me: Caller<User>,
    new: web::Json<NewPat>,
    pats: web::Data<PersonalTokens>,
) -> Result<impl Responder> {
    let NewPat { name, scopes, roles, expires_in_days } = new.into_inner();
    for scope in &scopes {
        // Accepts declared scopes only.
        scope.parse::<TokenScope>().map_err(ErrorBadRequest)?;
    }
    let lifetime = Duration::from_secs(u64::from(expires_in_days) * 24 * 3600);
    let new = NewToken::by(&me).named(name).scopes(scopes).roles(roles).expires_in(lifetime);
    let issued = pats.0.issue(new).await?;
    let access_token = issued.secret.expose_secret();
    Ok(HttpResponse::Created().json(json!({ "id": issued.id.to_string(), "access_token": access_token })))
}

#[require_role("moderator")]
#[post("/v2/moderation/{id}")]
async fn moderate_project(
    project: Authorized<Project, Moderate>,
    verdict: web::Json<Verdict>,
    pool: web::Data<SqlitePool>,
) -> Result<HttpResponse> {
    project.moderate(&pool, verdict.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

// Programs of the own network call this, without a credential.
#[public]
#[require_network("10.0.0.0/8")]
#[post("/_internal/reindex")]
async fn reindex() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The parts that handlers and rules share.
#[derive(Clone)]
struct Service {
    pool: SqlitePool,
    users: Users,
    pats: PersonalTokens,
    sessions: Tokens,
}

impl Service {
    /// Creates the tables. Sessions have a database of their own, because a new session of a user with too many revokes the oldest
    /// token of its store, which must not be a personal token.
    async fn new(pool: SqlitePool, sessions: SqlitePool) -> io::Result<Self> {
        users::create(&pool).await.map_err(io::Error::other)?;
        projects::create(&pool).await.map_err(io::Error::other)?;
        let (personal, sessions) = (SqlTokens::open(pool.clone()), SqlTokens::open(sessions));
        personal.migrate().await?;
        sessions.migrate().await?;
        Ok(Self {
            users: Users::new(pool.clone()),
            pool,
            // Tokens of the first years have no checksum.
            pats: PersonalTokens(source("pat", "mrp_").store(personal).accept_unchecked()),
            // Sessions that another program has written have no ceiling.
            sessions: source("session", "mra_").store(sessions).default_ceiling(Rights::everything()).login_sessions(),
        })
    }

    fn settings(&self) -> AuthBuilder {
        Auth::builder()
            .realm("mod-registry")
            .tokens(self.pats.0.clone())
            .tokens(self.sessions.clone())
            .accounts(self.users.clone())
            .resource_deps(self.pool.clone())
            .client_address(Peer)
            // Protects the rule with a network against DNS rebinding. Add the names of your server.
            .hosts(["127.0.0.1", "localhost"])
    }

    /// Begins the session of a user, as the last step of a login. This example has no login page.
    async fn begin_session(&self, user: i64) -> Result<String, IssueError> {
        let new = NewToken::for_account(AccountId::new("user", user), "the user has logged in");
        let issued = self.sessions.issue(new.ceiling(Rights::everything()).expires_in(SESSION_LIFETIME)).await?;
        Ok(issued.secret.expose_secret().to_owned())
    }
}

const SESSION_LIFETIME: Duration = Duration::from_secs(14 * 24 * 3600);

/// Returns the settings that both sources of tokens share.
fn source(name: &str, prefix: &str) -> Tokens {
    let tokens = Tokens::named(name).prefix(prefix).for_accounts().confers(Rights::everything());
    tokens.places([at::bare_authorization()])
}

/// Returns the API. The server registers it, and the tests compare it with `ACCESS.md`.
fn api(auth: &Auth, service: &Service) -> impl HttpServiceFactory + use<> {
    let Service { pool, pats, .. } = service.clone();
    let scope = auth.scope("").app_data(web::Data::new(pool)).app_data(web::Data::new(pats));
    let scope = scope.service(show_project).service(list_projects).service(change_project).service(delete_project);
    scope.service(add_member).service(show_user).service(create_pat).service(moderate_project).service(reindex)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let service = Service::new(database().await?, database().await?).await?;
    let auth = service.settings().build()?;
    let (shared, app) = (service.clone(), auth.clone());
    let server = HttpServer::new(move || App::new().service(api(&app, &shared))).bind(("127.0.0.1", port))?;
    try_out(&service, port).await?;
    server.run().await
}

/// Opens a database in memory, which is deleted when its only connection closes.
async fn database() -> io::Result<SqlitePool> {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    pool.connect_with(SqliteConnectOptions::new().in_memory(true)).await.map_err(io::Error::other)
}

/// Adds a user with two projects, and prints `curl` commands, each with the expected status.
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn try_out(service: &Service, port: u16) -> io::Result<()> {
    let ada = service.users.add("ada").await.map_err(io::Error::other)?;
    let public = projects::add(&service.pool, ada, "Lanterns").await.map_err(io::Error::other)?;
    projects::publish(&service.pool, public).await.map_err(io::Error::other)?;
    let draft = projects::add(&service.pool, ada, "Draft").await.map_err(io::Error::other)?;
    let session = service.begin_session(ada).await.map_err(io::Error::other)?;
    let reader = NewToken::for_account(AccountId::new("user", ada), "the commands to try").scopes(["PROJECT_READ"]);
    let reader = service.pats.0.issue(reader).await.map_err(io::Error::other)?;
    let (session, reader) =
        (format!("-H 'Authorization: {session}'"), format!("-H 'Authorization: {}'", reader.secret.expose_secret()));
    let (url, json) = (format!("http://127.0.0.1:{port}"), "-H 'Content-Type: application/json'");
    println!("# a public project: 200\ncurl -i {url}/v2/project/{public}\n");
    println!("# a draft: 404\ncurl -i {url}/v2/project/{draft}\n");
    println!("# a token of its team with the scope PROJECT_READ: 200\ncurl -i {reader} {url}/v2/project/{draft}\n");
    println!(
        "# without the scope PROJECT_WRITE: 403\ncurl -i {reader} {json} -X PATCH -d '{{\"title\":\"Mine\"}}' {url}/v2/project/{draft}\n"
    );
    println!(
        "# a session issues a token: 201\ncurl -i {session} {json} -d '{{\"name\":\"ci\",\"scopes\":[\"PROJECT_WRITE\"],\"expires_in_days\":90}}' {url}/v2/pat\n"
    );
    println!(
        "# a token issues none: 401\ncurl -i {reader} {json} -d '{{\"name\":\"ci\",\"expires_in_days\":90}}' {url}/v2/pat\n"
    );
    println!("# a client outside of the network: 403\ncurl -i -X POST {url}/_internal/reindex\n");
    Ok(())
}

#[cfg(test)]
mod tests;
