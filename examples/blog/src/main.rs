//! A small blog: posts have authors, editors publish them, admins may do all of it. Rules over objects, and who may call what as
//! a file that is reviewed.
//!
//! Copy this when who may do something hangs on the thing: a post belongs to somebody. The rules stand above the handlers
//! (`posts.rs` says who may do what to a post, once), `ACCESS.md` beside `Cargo.toml` says it of all routes, and the tests hold the
//! application against it. The OpenAPI document takes its security from the same rules, and is shown at `/docs/`.
//!
//! `cargo run -p blog` starts it with a key and a database that end with it, and prints lines to paste. `PORT` says where it listens.

mod posts;

use actix_web::dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, HttpServer, delete, get, post, put, web};
use auth_actix::{
    Auth, AuthBuilder, Authorized, Granted, Jwt, Object, Principal, Scope, Strict, public, require, require_auth,
    require_role, rule,
};
use serde::Deserialize;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Sqlite, SqlitePool, Transaction};
use utoipa::{OpenApi, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::posts::{Edit, Failure, Post, Publish, Read, Summary};

#[derive(Clone, Copy, auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    #[role(implies(Author))]
    Editor,
    Author,
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
async fn show(post: Object<Post>) -> web::Json<Post> {
    web::Json(post.0)
}

#[require_role("author", any_object = "there is no object yet")]
#[utoipa::path(responses((status = CREATED, body = Post)))]
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

// `posts::publish` can be called for nobody but an editor, with no post but one that may be published.
#[require_role("editor")]
#[utoipa::path(responses((status = OK, body = Post)))]
#[post("/posts/{post}/publish")]
async fn publish(
    post: Authorized<Post, Publish>,
    editor: Granted<proof::Editor>,
    pool: web::Data<SqlitePool>,
) -> Result<web::Json<Post>, Failure> {
    Ok(web::Json(posts::publish(&pool, post, &editor).await?))
}

// One transaction for the check and for what it lets through: the row cannot change between the two.
#[require(role("admin") || check(posts::is_unpublished_of(&mut tx, *id, principal).await?))]
#[utoipa::path(responses((status = NO_CONTENT)))]
#[delete("/posts/{post}")]
async fn remove(id: web::Path<i64>, Writing(mut tx): Writing) -> Result<actix_web::HttpResponse, Failure> {
    posts::remove(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(actix_web::HttpResponse::NoContent().finish())
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
#[openapi(paths(list, show, write, edit, publish, remove), servers((url = "/api")))]
struct Document;

/// All but where tokens come from.
fn settings(tokens: Jwt) -> AuthBuilder {
    Auth::builder().realm("blog").bearer(tokens).roles::<Role>()
}

/// All of the API: what the server registers, and what the tests hold against `ACCESS.md`.
fn api(
    auth: &Auth,
    pool: &SqlitePool,
) -> Scope<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = actix_web::Error, InitError = ()>
    + use<>,
    Strict,
> {
    let scope = auth.strict_scope("/api").app_data(web::Data::new(pool.clone()));
    scope.service(list).service(show).service(write).service(edit).service(publish).service(remove)
}

/// The document, with the security that the rules ask for.
fn document(auth: &Auth, pool: &SqlitePool) -> std::io::Result<utoipa::openapi::OpenApi> {
    api(auth, pool).access_matrix().secure_openapi(&Document::openapi()).map_err(std::io::Error::other)
}

/// Swagger UI, for whoever writes here.
fn docs(auth: &Auth, document: utoipa::openapi::OpenApi) -> impl HttpServiceFactory + use<> {
    let ui = SwaggerUi::new("/{_:.*}").config(Config::from("/docs/openapi.json")).url("/openapi.json", document);
    auth.scope("/docs").service(auth_actix::guarded(rule!(public), web::scope("").service(ui)))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let pool = database().await.map_err(std::io::Error::other)?;
    let tokens = Jwt::dev();
    say(&tokens, port);
    let auth = settings(tokens).build()?;
    let document = document(&auth, &pool)?;
    HttpServer::new(move || App::new().service(api(&auth, &pool)).service(docs(&auth, document.clone())))
        .bind(("127.0.0.1", port))?
        .run()
        .await
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
    let (author, editor) = (token("author"), token("editor"));
    let new = r#"-H 'Content-Type: application/json' -d '{"title":"First","text":"Hello"}'"#;
    println!("curl -i -H 'Authorization: Bearer {author}' {new} http://127.0.0.1:{port}/api/posts");
    println!("curl -i http://127.0.0.1:{port}/api/posts/1");
    println!("curl -i -X POST -H 'Authorization: Bearer {author}' http://127.0.0.1:{port}/api/posts/1/publish");
    println!("curl -i -X POST -H 'Authorization: Bearer {editor}' http://127.0.0.1:{port}/api/posts/1/publish");
    println!("curl -i http://127.0.0.1:{port}/docs/");
}

#[cfg(test)]
mod tests;
