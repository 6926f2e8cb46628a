//! A small blog: posts have authors, editors publish them, admins may do all of it. Rules over objects, and who may call what as
//! a file that is reviewed.
//!
//! Copy this when who may do something hangs on the thing: a post belongs to somebody. The rules stand above the handlers
//! (`posts.rs` says who may do what to a post, once), `ACCESS.md` beside `Cargo.toml` says it of all routes, and the tests hold the
//! application against it. The OpenAPI document takes its security from the same rules, and is shown at `/docs/`; `/access` tells
//! an admin what an editor may do.
//!
//! `cargo run -p blog` starts it with a key and a database that end with it, and prints lines to paste. `PORT` says where it listens.

mod posts;

use actix_web::dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, HttpResponse, HttpServer, delete, get, post, put, web};
use auth_actix::jwt::Ticket;
use auth_actix::lease::Lease;
use auth_actix::web::Strict;
use auth_actix::{
    Auth, AuthBuilder, Authorized, Granted, Jwt, Loaded, Principal, Scope, public, require, require_auth,
    require_permission, require_role, rule,
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

/// What an author writes.
#[derive(Deserialize, ToSchema)]
struct New {
    title: String,
    text: String,
}

#[public]
#[utoipa::path(responses((status = OK, body = Vec<Summary>)))]
#[get("/posts")]
async fn list(pool: web::Data<SqlitePool>, caller: Option<Principal>) -> Result<web::Json<Vec<Summary>>, Failure> {
    Ok(web::Json(posts::list(&pool, caller.as_ref()).await?))
}

// What is published anybody may read, drafts those whom `posts.rs` names. For others a draft is not there.
#[require(authorized(Post, Read))]
#[utoipa::path(responses((status = OK, body = Post)))]
#[get("/posts/{post}")]
async fn show(post: Loaded<Post>) -> web::Json<Post> {
    web::Json(post.0)
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

// The post is loaded and its author compared before the body is read.
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

// `posts::publish` can be called for nobody who may not publish, with no post but one that they may publish.
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
    // Nobody may be listening.
    let _ = news.send(post.title.clone());
    Ok(web::Json(post))
}

// One transaction for the check and for what it lets through: the row cannot change between the two.
#[require(role("admin") || check(posts::is_unpublished_of(&mut tx, *id, principal).await?))]
#[utoipa::path(responses((status = NO_CONTENT)))]
#[delete("/posts/{post}")]
async fn remove(id: web::Path<i64>, Writing(mut tx): Writing) -> Result<HttpResponse, Failure> {
    posts::remove(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

// To all others there is no such page.
#[require_role("admin", not_found)]
#[get("/statistics")]
async fn statistics(admin: Granted<proof::Admin>, pool: web::Data<SqlitePool>) -> Result<String, Failure> {
    let (all, published) = posts::count(&pool, admin.weaker()).await?;
    Ok(format!("{published} of {all} posts are published"))
}

/// Titles of what was just published.
type News = broadcast::Sender<String>;

// What is published, as it is, to authors for as long as they are. A page that can set no header changes its token for a ticket.
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

/// A line break would begin another field.
fn event(title: &str) -> web::Bytes {
    format!("data: {}\n\n", title.replace(['\r', '\n'], " ")).into()
}

#[require_role("author")]
#[utoipa::path(responses((status = OK, body = String)))]
#[post("/ticket")]
async fn ticket(ticket: Ticket) -> String {
    ticket.into_string()
}

/// A transaction, which is rolled back unless it is committed.
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

/// All but where tokens come from.
fn settings(tokens: Jwt) -> AuthBuilder {
    Auth::builder().realm("blog").bearer(tokens).roles::<Role>().tickets()
}

/// What all workers share.
#[derive(Clone)]
struct Shared {
    pool: SqlitePool,
    news: News,
}

/// All of the API: what the server registers, and what the tests hold against `ACCESS.md`.
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

/// The document, with the security that the rules ask for.
fn document(auth: &Auth, shared: &Shared) -> std::io::Result<utoipa::openapi::OpenApi> {
    api(auth, shared).access_matrix().secure_openapi(&Document::openapi()).map_err(std::io::Error::other)
}

/// Swagger UI, for whoever writes here.
fn docs(auth: &Auth, document: utoipa::openapi::OpenApi) -> impl HttpServiceFactory + use<> {
    let ui = SwaggerUi::new("/{_:.*}").config(Config::from("/docs/openapi.json")).url("/openapi.json", document);
    auth.scope("/docs").service(auth_actix::guarded(rule!(public), web::scope("").service(ui)))
}

/// Who may call what, as a page to ask it of: for admins, who may know.
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
    let auth = settings(tokens).build()?;
    let document = document(&auth, &shared)?;
    let app = move || {
        App::new().service(api(&auth, &shared)).service(docs(&auth, document.clone())).service(access(&auth, &shared))
    };
    HttpServer::new(app).bind(("127.0.0.1", port))?.run().await
}

async fn shared() -> sqlx::Result<Shared> {
    Ok(Shared { pool: database().await?, news: broadcast::channel(64).0 })
}

/// A database in memory, which ends with its last connection.
async fn database() -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new().in_memory(true).shared_cache(true);
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(options).await?;
    posts::create(&pool).await?;
    Ok(pool)
}

/// Lines to paste: an author writes, and may not publish; an editor may.
#[allow(clippy::print_stdout, reason = "it is what whoever starts it reads")]
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
