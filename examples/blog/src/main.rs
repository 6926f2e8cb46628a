//! A small blog: authors write posts, editors publish them, and admins may do both. Shows rules over objects, and an access list
//! that is reviewed as a file.
//!
//! Copy this if access depends on the object, for example on the author of a post. Each rule is an attribute above its handler.
//! `posts.rs` defines once which action each caller may perform on a post. `ACCESS.md`, next to `Cargo.toml`, lists the rules of
//! all routes, and a test compares the application with it. The security section of the OpenAPI document is generated from the same
//! rules. Swagger UI serves the document at `/docs/`, and admins can query the access of each role at `/access`.
//!
//! Run it with `cargo run -p blog`. It generates a key and an in-memory database for this run, and prints `curl` commands to try.
//! `PORT` is the port to listen on (8080 by default).

mod posts;

use actix_web::dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, HttpResponse, HttpServer, delete, get, post, put, web};
use auth_actix::jwt::Ticket;
use auth_actix::lease::Lease;
use auth_actix::list::ListFilter;
use auth_actix::web::Strict;
use auth_actix::{
    Auth, AuthBuilder, Authorized, Granted, Jwt, Principal, Scope, public, require, require_auth, require_permission,
    require_role, rule,
};
use futures_util::stream;
use serde::Deserialize;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::sync::broadcast;
use utoipa::{OpenApi, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::posts::{Edit, Failure, Post, Publish, Read, Summary};

#[derive(Clone, Copy, auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    #[role(implies(Author), grants(Permission::PostsPublish))]
    Editor,
    Author,
}

#[derive(auth_actix::Permission)]
#[permission(proofs = "may")]
#[allow(dead_code, reason = "rules name it as text")]
enum Permission {
    #[permission("posts:publish")]
    PostsPublish,
}

/// The title and the text of a post, as an author submits them.
#[derive(Deserialize, ToSchema)]
struct New {
    title: String,
    text: String,
}

#[public]
#[utoipa::path(responses((status = OK, body = Vec<Summary>)))]
#[get("/posts")]
async fn list(
    visible: ListFilter<Post, Read>,
    pool: web::Data<SqlitePool>,
) -> Result<web::Json<Vec<Summary>>, Failure> {
    Ok(web::Json(posts::list(&pool, &visible).await?))
}

// Published posts are readable by every caller, drafts only by the callers that `posts.rs` allows. For all others a draft does not
// exist.
#[require_auth]
#[utoipa::path(responses((status = OK, body = Post)))]
#[get("/posts/{post}")]
async fn show(post: Authorized<Post, Read>) -> web::Json<Post> {
    web::Json(post.into_inner())
}

#[require_role("author", any_object = "there is no object yet")]
#[utoipa::path(responses((status = OK, body = Post)))]
#[post("/posts")]
async fn write(
    new: web::Json<New>,
    caller: Principal,
    pool: web::Data<SqlitePool>,
) -> Result<web::Json<Post>, Failure> {
    let New { title, text } = new.into_inner();
    Ok(web::Json(posts::add(&pool, &caller, title, text).await?))
}

// The post is loaded and its author is compared before the body is read.
#[require_auth]
#[utoipa::path(responses((status = OK, body = Post)))]
#[put("/posts/{post}")]
async fn edit(
    new: web::Json<New>,
    post: Authorized<Post, Edit>,
    pool: web::Data<SqlitePool>,
) -> Result<web::Json<Post>, Failure> {
    let New { title, text } = new.into_inner();
    Ok(web::Json(posts::change(&pool, post, title, text).await?))
}

// `posts::publish` requires both proofs: the permission to publish, and a post that this caller may publish.
#[require_permission("posts:publish")]
#[utoipa::path(responses((status = OK, body = Post)))]
#[post("/posts/{post}/publish")]
async fn publish(
    post: Authorized<Post, Publish>,
    may_publish: Granted<may::PostsPublish>,
    pool: web::Data<SqlitePool>,
    news: web::Data<News>,
) -> Result<web::Json<Post>, Failure> {
    let post = posts::publish(&pool, post, &may_publish).await?;
    // Sending fails if there are no subscribers.
    let _ = news.send(post.title.clone());
    Ok(web::Json(post))
}

// The check and the deletion share one transaction, so the row cannot change in between.
#[require(role("admin") || check(posts::is_unpublished_of(&mut tx, *id, principal).await?))]
#[utoipa::path(responses((status = NO_CONTENT)))]
#[delete("/posts/{post}")]
async fn remove(id: web::Path<i64>, Writing(mut tx): Writing) -> Result<HttpResponse, Failure> {
    posts::remove(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

// Callers without the role get 404.
#[require_role("admin", not_found)]
#[get("/statistics")]
async fn statistics(admin: Granted<proof::Admin>, pool: web::Data<SqlitePool>) -> Result<String, Failure> {
    let (all, published) = posts::count(&pool, admin.weaker()).await?;
    Ok(format!("{published} of {all} posts are published"))
}

/// A channel with the titles of newly published posts.
type News = broadcast::Sender<String>;

// Streams published titles to authors until their access ends. A page that cannot set headers exchanges its token for a ticket.
#[require_role("author")]
#[utoipa::path(responses((status = OK, content_type = "text/event-stream")))]
#[get("/news")]
async fn listen(lease: Lease, news: web::Data<News>) -> HttpResponse {
    let titles = stream::unfold(news.subscribe(), async |mut news: broadcast::Receiver<String>| {
        loop {
            match news.recv().await {
                Ok(title) => break Some((Ok::<_, actix_web::Error>(event(&title)), news)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => break None,
            }
        }
    });
    HttpResponse::Ok().content_type("text/event-stream").streaming(lease.over(titles))
}

/// Encodes a server-sent event. Line breaks are replaced, because they would start another field.
fn event(title: &str) -> web::Bytes {
    format!("data: {}\n\n", title.replace(['\r', '\n'], " ")).into()
}

#[require_role("author")]
#[utoipa::path(responses((status = OK, body = String)))]
#[post("/ticket")]
async fn ticket(ticket: Ticket) -> String {
    ticket.into_string()
}

/// A transaction that is rolled back unless it is committed.
struct Writing(Transaction<'static, Sqlite>);

impl actix_web::FromRequest for Writing {
    type Error = Failure;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let pool = request.app_data::<web::Data<SqlitePool>>().cloned();
        Box::pin(async move {
            let pool = pool.ok_or(Failure::NoDatabase)?;
            Ok(Self(pool.begin().await?))
        })
    }
}

#[derive(OpenApi)]
#[openapi(paths(list, show, write, edit, publish, remove, listen, ticket), servers((url = "/api")))]
struct Document;

/// Returns the configuration. Only the issuer of tokens and the database are passed in.
fn settings(tokens: Jwt, pool: &SqlitePool) -> AuthBuilder {
    Auth::builder().realm("blog").bearer(tokens).roles::<Role>().tickets().resource_deps(pool.clone())
}

/// State that is shared by all workers.
#[derive(Clone)]
struct Shared {
    pool: SqlitePool,
    news: News,
}

/// Returns the API. The server registers it, and the tests compare it with `ACCESS.md`.
fn api(
    auth: &Auth,
    shared: &Shared,
) -> Scope<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = actix_web::Error, InitError = ()>
    + use<>,
    Strict,
> {
    let Shared { pool, news: to_listeners } = shared.clone();
    let scope = auth.strict_scope("/api").app_data(web::Data::new(pool)).app_data(web::Data::new(to_listeners));
    let scope = scope.service(list).service(show).service(write).service(edit).service(publish).service(remove);
    scope.service(statistics).service(listen).service(ticket)
}

/// Generates the OpenAPI document, with the security requirements of the rules.
fn document(auth: &Auth, shared: &Shared) -> std::io::Result<utoipa::openapi::OpenApi> {
    api(auth, shared).access_matrix().secure_openapi(&Document::openapi()).map_err(std::io::Error::other)
}

/// Serves Swagger UI without authentication.
fn docs(auth: &Auth, document: utoipa::openapi::OpenApi) -> impl HttpServiceFactory + use<> {
    let ui = SwaggerUi::new("/{_:.*}").config(Config::from("/docs/openapi.json")).url("/openapi.json", document);
    auth.scope("/docs").service(auth_actix::guarded(rule!(public), web::scope("").service(ui)))
}

/// Serves the access matrix as an interactive page, for admins only.
fn access(auth: &Auth, shared: &Shared) -> impl HttpServiceFactory + use<> {
    let page = api(auth, shared).access_matrix().to_html();
    let page = web::get().to(move || std::future::ready(web::Html::new(page.clone())));
    auth.scope("/access").service(auth_actix::guarded(rule!(role("admin")), web::resource("").route(page)))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let shared = shared().await.map_err(std::io::Error::other)?;
    let tokens = Jwt::dev();
    say(&tokens, port);
    let auth = settings(tokens, &shared.pool).build()?;
    let document = document(&auth, &shared)?;
    let app = move || {
        App::new().service(api(&auth, &shared)).service(docs(&auth, document.clone())).service(access(&auth, &shared))
    };
    HttpServer::new(app).bind(("127.0.0.1", port))?.run().await
}

async fn shared() -> sqlx::Result<Shared> {
    Ok(Shared { pool: database().await?, news: broadcast::channel(64).0 })
}

/// Opens an in-memory database, which is deleted when its last connection closes.
async fn database() -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new().in_memory(true).shared_cache(true);
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(options).await?;
    posts::create(&pool).await?;
    Ok(pool)
}

/// Prints `curl` commands: an author writes a post but may not publish it, and an editor may.
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
fn say(tokens: &Jwt, port: u16) {
    let token = |role: &str| tokens.dev_token(Some(role)).unwrap_or_default();
    let (author, editor, admin) = (token("author"), token("editor"), token("admin"));
    let new = r#"-H 'Content-Type: application/json' -d '{"title":"First","text":"Hello"}'"#;
    println!("curl -i -H 'Authorization: Bearer {author}' {new} http://127.0.0.1:{port}/api/posts");
    println!("curl -i http://127.0.0.1:{port}/api/posts/1");
    println!("curl -i -X POST -H 'Authorization: Bearer {author}' http://127.0.0.1:{port}/api/posts/1/publish");
    println!("curl -i -X POST -H 'Authorization: Bearer {editor}' http://127.0.0.1:{port}/api/posts/1/publish");
    println!("curl -i http://127.0.0.1:{port}/docs/");
    println!("curl -i -H 'Authorization: Bearer {admin}' http://127.0.0.1:{port}/access");
}

#[cfg(test)]
mod tests;
