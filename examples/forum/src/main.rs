//! A forum with communities, moderators and administrators. Clients send ids in the JSON body and in the query, as those of Lemmy do.
//!
//! Copy this if the id of an object is in the body or the query, if a list must contain exactly what its caller may read, or if JWTs
//! must end with a logout. Each JWT is valid only while the table `login` contains its digest. `posts.rs` defines which posts a
//! caller may read as one condition: the rule evaluates it on a loaded post, and the list writes it into its query.
//!
//! Run it with `cargo run -p forum`. It generates a key and an in-memory database for this run, and prints `curl` commands to try.
//! `DATABASE` is the URL of a database, `sqlite://forum.db?mode=rwc` or `postgres://host/name`. `JWT_SECRET` (at least 32 bytes) is the
//! secret that signs JWTs. `ADMIN` is the name of a person who becomes an administrator. `PORT` is the port to listen on (8080 by
//! default).

mod database;
mod members;
mod posts;
#[cfg(test)]
#[path = "../../../tests/support/program.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared by the tests of this repository")]
mod program;

use std::io;

use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{App, HttpResponse, HttpServer, Responder, Result, get, post, put, web};
use auth_actix::identity::SchemeId;
use auth_actix::list::ListFilter;
use auth_actix::object::{Denial, Unchecked};
use auth_actix::password::{PasswordAuthenticator, PasswordCredentials, SecretString, SqlUsers, SqlUsersError};
use auth_actix::web::Strict;
use auth_actix::{
    Auth, AuthBuilder, Authorized, Authorizer, Caller, Confers, Jwt, Scope, public, require, require_auth, require_role,
};
use serde::Deserialize;
use serde_json::json;

use crate::database::{Database, Failure};
use crate::members::{BanFrom, Member, Members, Person};
use crate::posts::{Community, Edit, Moderate, Post, Purge, Read, Remove, Text, Write};

#[derive(Clone, Copy, auth_actix::Role)]
enum Role {
    Admin,
}

#[public]
#[require(authorized(Post, Read, at = query("id")))]
#[get("/post")]
async fn get_post(post: Authorized<Post, Read>) -> impl Responder {
    web::Json(post.into_inner())
}

#[public]
#[get("/post/list")]
async fn list_posts(visible: ListFilter<Post, Read>, database: web::Data<Database>) -> Result<impl Responder, Failure> {
    Ok(web::Json(posts::list(&database, &visible).await?))
}

// The community is loaded by the id in the body before the handler gets the body.
#[require(authorized(Community, Write, at = json("/community_id")))]
#[post("/post")]
async fn create_post(
    community: Authorized<Community, Write>,
    author: Caller<Member>,
    text: web::Json<Text>,
    database: web::Data<Database>,
) -> Result<impl Responder, Failure> {
    Ok(HttpResponse::Created().json(posts::add(&database, &community, &author, &text).await?))
}

#[require(authorized(Post, Edit, at = json("/post_id")))]
#[put("/post")]
async fn edit_post(
    post: Authorized<Post, Edit>,
    text: web::Json<Text>,
    database: web::Data<Database>,
) -> Result<impl Responder, Failure> {
    Ok(web::Json(posts::change(&database, &post, &text).await?))
}

#[derive(Deserialize)]
struct Like {
    score: i16,
}

// Each member may like the posts that they may read. Without `#[public]`, anonymous callers are not admitted.
#[require(authorized(Post, Read, at = json("/post_id")))]
#[post("/post/like")]
async fn like_post(
    post: Authorized<Post, Read>,
    me: Caller<Member>,
    like: web::Json<Like>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Failure> {
    posts::like(&database, &post, &me, like.score.signum()).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
struct Removal {
    removed: bool,
}

#[require(authorized(Post, Remove, at = json("/post_id")))]
#[post("/post/remove")]
async fn remove_post(
    post: Authorized<Post, Remove>,
    removal: web::Json<Removal>,
    database: web::Data<Database>,
) -> Result<HttpResponse, Failure> {
    posts::remove(&database, &post, removal.removed).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
struct Ban {
    person_id: Unchecked<Person>,
    ban: bool,
}

// The body names two objects. The rule decides on the community, and the handler asks about the person, of whom it has only an
// unchecked id.
#[require(authorized(Community, Moderate, at = json("/community_id")))]
#[post("/community/ban_user")]
async fn ban_user(
    community: Authorized<Community, Moderate>,
    ban: web::Json<Ban>,
    may: Authorizer,
    database: web::Data<Database>,
    auth: web::Data<Auth>,
) -> Result<HttpResponse> {
    let Ban { person_id, ban } = ban.into_inner();
    let person = may.object::<Person, BanFrom>(person_id).await?;
    posts::ban(&database, &community, &person, ban).await.map_err(Failure::from)?;
    auth.invalidate_account(&members::account(person.id)).await;
    Ok(HttpResponse::NoContent().finish())
}

#[require_role("admin")]
#[require(authorized(Post, Purge, at = json("/post_id")))]
#[post("/admin/purge/post")]
async fn purge_post(post: Authorized<Post, Purge>, database: web::Data<Database>) -> Result<HttpResponse, Failure> {
    posts::purge(&database, &post).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
struct NewCommunity {
    name: String,
}

#[require_auth]
#[post("/community")]
async fn create_community(
    me: Caller<Member>,
    new: web::Json<NewCommunity>,
    database: web::Data<Database>,
    auth: web::Data<Auth>,
) -> Result<impl Responder, Failure> {
    let community = posts::create_community(&database, me.id, &new.name).await?;
    auth.invalidate_account(me.account_id()).await;
    Ok(HttpResponse::Created().json(community))
}

#[require_auth]
#[get("/account")]
async fn show_account(me: Caller<Member>) -> impl Responder {
    web::Json(json!({ "id": me.id, "name": me.name, "moderates": me.moderates }))
}

#[derive(Deserialize)]
struct Password {
    username: String,
    password: String,
}

#[public]
#[post("/user/register")]
async fn register(
    new: web::Json<Password>,
    users: web::Data<SqlUsers>,
    members: web::Data<Members>,
) -> Result<HttpResponse> {
    let Password { username, password } = new.into_inner();
    match users.add(&username, &SecretString::from(password), [""; 0]).await {
        Ok(()) => {}
        Err(SqlUsersError::Exists) => return Ok(HttpResponse::Conflict().finish()),
        Err(mistake @ (SqlUsersError::Name | SqlUsersError::Password)) => {
            return Ok(HttpResponse::BadRequest().body(mistake.to_string()));
        }
        Err(_) => return Ok(HttpResponse::ServiceUnavailable().finish()),
    }
    let person = members.person(&username).await.map_err(Failure::from)?;
    Ok(HttpResponse::Created().json(json!({ "jwt": members.log_in(person).await? })))
}

#[public]
#[post("/user/login")]
async fn log_in(
    login: web::Json<Password>,
    passwords: web::Data<PasswordAuthenticator>,
    members: web::Data<Members>,
) -> Result<HttpResponse> {
    let Password { username, password } = login.into_inner();
    let verified = passwords.verify(SchemeId::Bearer, PasswordCredentials::new(username, password), None).await;
    let (name, _) = match verified.map_err(Denial::from) {
        Ok(verified) => verified,
        Err(denial) if denial.status() == 401 => {
            return Ok(HttpResponse::Unauthorized().insert_header((WWW_AUTHENTICATE, "Bearer")).finish());
        }
        Err(denial) => return Err(denial.into()),
    };
    let person = members.person(&name).await.map_err(Failure::from)?;
    Ok(HttpResponse::Ok().json(json!({ "jwt": members.log_in(person).await? })))
}

// The JWT of this request ends, other JWTs of the member do not.
#[require_auth]
#[post("/user/logout")]
async fn log_out(
    me: Caller<Member>,
    members: web::Data<Members>,
    auth: web::Data<Auth>,
) -> Result<HttpResponse, Failure> {
    members.log_out(&me).await?;
    auth.invalidate_account(me.account_id()).await;
    Ok(HttpResponse::NoContent().finish())
}

/// The parts that handlers and rules share.
#[derive(Clone)]
struct Forum {
    database: Database,
    members: Members,
    users: SqlUsers,
    passwords: PasswordAuthenticator,
    secret: Vec<u8>,
}

impl Forum {
    async fn new(database: Database, secret: Vec<u8>) -> io::Result<Self> {
        let users = database.users();
        users.migrate().await?;
        let members = Members::new(database.clone(), secret.clone());
        Ok(Self { members, passwords: PasswordAuthenticator::new(database.users()), users, database, secret })
    }

    fn settings(&self) -> AuthBuilder {
        let tokens = Jwt::hs256(&self.secret).issuer(members::ISSUER).audience(members::AUDIENCE);
        Auth::builder()
            .realm("forum")
            .roles::<Role>()
            .bearer(tokens.confers(Confers::nothing()).logs_in())
            .accounts(self.members.clone())
            .resource_deps(self.database.clone())
    }
}

/// Returns the API. The server registers it, and the tests compare it with `ACCESS.md`.
fn api(
    auth: &Auth,
    forum: &Forum,
) -> Scope<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = actix_web::Error, InitError = ()>
    + use<>,
    Strict,
> {
    let Forum { database, members, users, passwords, .. } = forum.clone();
    let scope = auth.strict_scope("/api/v3").app_data(web::Data::new(database)).app_data(web::Data::new(members));
    let scope = scope.app_data(web::Data::new(users)).app_data(web::Data::new(passwords));
    let scope = scope.app_data(web::Data::new(auth.clone()));
    let scope = scope.service(get_post).service(list_posts).service(create_post).service(edit_post);
    let scope = scope.service(like_post).service(remove_post).service(ban_user);
    let scope = scope.service(purge_post).service(create_community);
    scope.service(show_account).service(register).service(log_in).service(log_out)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let named = |name| std::env::var(name).ok();
    let port = named("PORT").and_then(|port| port.parse().ok()).unwrap_or(8080);
    let url = named("DATABASE");
    let database = Database::open(url.as_deref()).await.map_err(io::Error::other)?;
    let secret = named("JWT_SECRET").map_or_else(random_secret, |secret| Ok(secret.into_bytes()))?;
    let forum = Forum::new(database, secret).await?;
    if let Some(name) = named("ADMIN") {
        forum.members.make_admin(&name).await.map_err(io::Error::other)?;
    }
    let auth = forum.settings().build()?;
    if url.is_none() {
        try_out(&forum, port).await.map_err(io::Error::other)?;
    }
    HttpServer::new(move || App::new().service(api(&auth, &forum))).bind(("127.0.0.1", port))?.run().await
}

/// Generates a secret for this run.
fn random_secret() -> io::Result<Vec<u8>> {
    let mut secret = vec![0; 32];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    Ok(secret)
}

/// Adds a community with a moderator and a member, and prints `curl` commands.
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn try_out(forum: &Forum, port: u16) -> std::result::Result<(), Failure> {
    let members = &forum.members;
    let (moderator, member) = (members.person("bob").await?, members.person("alice").await?);
    let community = posts::create_community(&forum.database, moderator, "cats").await?.id;
    let by = |token: String| format!("-H 'Authorization: Bearer {token}' -H 'Content-Type: application/json'");
    let (bob, alice) = (by(members.log_in(moderator).await?), by(members.log_in(member).await?));
    let url = format!("http://127.0.0.1:{port}/api/v3");
    let text = r#""title":"First","body":"Hello"}'"#;
    println!("# a post: 201\ncurl -i {alice} -d '{{\"community_id\":{community},{text} {url}/post\n");
    println!("# the posts that everyone may read: 200\ncurl -i {url}/post/list\n");
    println!("# the post of another member: 404\ncurl -i -X PUT {bob} -d '{{\"post_id\":1,{text} {url}/post\n");
    println!("# a moderator hides it: 204\ncurl -i {bob} -d '{{\"post_id\":1,\"removed\":true}}' {url}/post/remove\n");
    println!("# for others it does not exist: 404\ncurl -i '{url}/post?id=1'\n");
    println!(
        "# no further posts in this community: 204\ncurl -i {bob} -d '{{\"community_id\":{community},\"person_id\":{member},\"ban\":true}}' {url}/community/ban_user\n"
    );
    println!("# a banned member: 404\ncurl -i {alice} -d '{{\"community_id\":{community},{text} {url}/post\n");
    println!("# a logout: 204\ncurl -i -X POST {alice} {url}/user/logout\n");
    println!("# the JWT after the logout: 401\ncurl -i {alice} {url}/account\n");
    Ok(())
}

#[cfg(test)]
mod tests;
