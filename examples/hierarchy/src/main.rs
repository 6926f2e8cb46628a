//! A newsroom: roles that imply one another, and permissions that they grant.
//!
//! Copy this when handlers should ask for what they do (`posts:publish`) rather than for everybody who may do it, and
//! when who holds a role should hold those below it. Both are closed over when this compiles: a hierarchy costs a
//! request nothing, and a circle in it does not build. `PORT` says where it listens, `JWT_SECRET` (at least 32 bytes)
//! which secret signs tokens.

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, delete, get, post, web};
use auth_actix::{Auth, AuthBuilder, Jwt, Principal, require, require_permission, require_role};

#[derive(auth_actix::Permission)]
enum Permission {
    // A colon is no part of a Rust name, so the name that tokens carry is written out.
    #[permission("posts:read")]
    PostsRead,
    // Who may write posts may read them: said once, here, and true for every role and every token.
    #[permission("posts:write", implies(PostsRead))]
    PostsWrite,
    #[permission("posts:publish", implies(PostsRead))]
    PostsPublish,
    #[permission("media:delete")]
    MediaDelete,
}

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor), grants(Permission::MediaDelete))]
    Admin,
    // Tokens of last year still say "content-editor". Rules cannot: an alias is for what we do not control.
    #[role(implies(Author), grants(Permission::PostsPublish), alias("content-editor"))]
    Editor,
    #[role(grants(Permission::PostsWrite))]
    Author,
    #[role(grants(Permission::PostsRead))]
    Reader,
    OnProbation,
}

// As a string: what a token would say, looked up in `Permission` when this compiles.
#[require_permission("posts:read")]
#[get("/posts/{id}")]
async fn read(id: web::Path<u64>) -> impl Responder {
    format!("post {id}\n")
}

// As a path: what an editor completes and renames. It means the same.
#[require_permission(Permission::PostsWrite)]
#[post("/posts")]
async fn write(text: String) -> impl Responder {
    format!("{} characters\n", text.chars().count())
}

#[require_permission("posts:publish")]
#[post("/posts/{id}/publish")]
async fn publish(id: web::Path<u64>) -> impl Responder {
    format!("post {id} is out\n")
}

// Names combine by a word, since a bare list would leave open how. An editor holds "author" too, by implication.
#[require_role(any(Role::Author, "reader"))]
#[get("/desk")]
async fn desk(caller: Principal) -> impl Responder {
    // Who may come in is the rule's to say; what they see may depend on more.
    if caller.has_role(Role::Editor) { "all posts\n" } else { "your posts\n" }
}

// `!role` needs a token that lists roles at all: one that is silent on them could hide what it holds.
#[require(permission("media:delete") && !role("on-probation"))]
#[delete("/media/{id}")]
async fn remove(id: web::Path<u64>) -> impl Responder {
    format!("picture {id} is gone\n")
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "newsroom";

fn settings(secret: &[u8]) -> AuthBuilder {
    let tokens = Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE);
    // Whose grants count. A scope knows the role types that its rules name; said here, that is so also where all of them
    // ask for permissions.
    Auth::builder().realm("newsroom").bearer(tokens).roles::<Role>()
}

fn api(auth: &Auth) -> impl HttpServiceFactory + use<> {
    auth.scope("/api").service(read).service(write).service(publish).service(desk).service(remove)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let auth = settings(std::env::var("JWT_SECRET").unwrap_or_default().as_bytes()).build()?;
    HttpServer::new(move || App::new().service(api(&auth))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, call_service, init_service};
    use auth_actix::test::Keys;
    use serde_json::json;

    use super::*;

    #[actix_web::test]
    async fn who_holds_a_name_holds_what_it_implies_and_grants() {
        let keys = Keys::new();
        let auth = settings(&[]).test_keys(&keys).build().unwrap();
        let app = init_service(App::new().service(api(&auth))).await;
        let requests = [
            (Method::GET, "/api/posts/7"),
            (Method::POST, "/api/posts"),
            (Method::POST, "/api/posts/7/publish"),
            (Method::GET, "/api/desk"),
            (Method::DELETE, "/api/media/7"),
        ];
        #[rustfmt::skip] // a table is read by column
        let table = [ //                                                read write publish desk delete
            (json!({ "roles": ["admin"] }),                             [200, 200, 200, 200, 200]),
            (json!({ "roles": ["admin", "on-probation"] }),             [200, 200, 200, 200, 403]),
            (json!({ "roles": ["editor"] }),                            [200, 200, 200, 200, 403]),
            (json!({ "roles": ["content-editor"] }),                    [200, 200, 200, 200, 403]), // the alias
            (json!({ "roles": ["author"] }),                            [200, 200, 403, 200, 403]),
            (json!({ "roles": ["reader"] }),                            [200, 403, 403, 200, 403]),
            (json!({ "roles": ["boss"] }),                              [403, 403, 403, 403, 403]), // not declared
            (json!({ "permissions": ["posts:publish"] }),               [200, 403, 200, 403, 403]),
            (json!({ "permissions": ["media:delete"] }),                [403, 403, 403, 403, 403]), // silent on roles
            (json!({ "permissions": ["media:delete"], "roles": [] }),   [403, 403, 403, 403, 200]),
        ];
        for (claims, expected) in table {
            let token = keys.token(ISSUER, AUDIENCE, &claims);
            for ((method, path), expected) in requests.iter().zip(expected) {
                let request = TestRequest::with_uri(path).method(method.clone());
                let request = request.insert_header(("Authorization", format!("Bearer {token}"))).to_request();
                let status = call_service(&app, request).await.status();
                assert_eq!(status, expected, "{claims}: {method} {path}");
            }
        }
    }
}
