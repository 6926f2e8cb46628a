//! A newsroom API with roles that imply other roles and grant permissions.
//!
//! Copy this if handlers should require what they do (`posts:publish`) instead of listing every role that may do it, and if a role
//! should include the roles below it. Implications and grants are resolved at compile time: the hierarchy costs nothing per
//! request, and a cycle in it is a compile error.
//!
//! Run it with `cargo run -p hierarchy`. `PORT` is the port to listen on (8080 by default). `JWT_SECRET` (at least 32 bytes) is the
//! secret that signs tokens.

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, delete, get, post, web};
use auth_actix::{Auth, AuthBuilder, Jwt, Principal, require, require_permission, require_role};

#[derive(auth_actix::Permission)]
enum Permission {
    // A Rust identifier cannot contain a colon, so the name in tokens is written explicitly.
    #[permission("posts:read")]
    PostsRead,
    // Permission to write posts includes permission to read them. This applies to every role and every token.
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
    // Older tokens still contain "content-editor". An alias accepts it in tokens that the application does not control. Rules
    // cannot use it.
    #[role(implies(Author), grants(Permission::PostsPublish), alias("content-editor"))]
    Editor,
    #[role(grants(Permission::PostsWrite))]
    Author,
    #[role(grants(Permission::PostsRead))]
    Reader,
    OnProbation,
}

// A string is the name in tokens. It is looked up in `Permission` at compile time.
#[require_permission("posts:read")]
#[get("/posts/{id}")]
async fn read(id: web::Path<u64>) -> impl Responder {
    format!("post {id}\n")
}

// A path has the same meaning as the string. Editors can complete and rename it.
#[require_permission(Permission::PostsWrite)]
#[post("/posts")]
async fn write(text: String) -> impl Responder {
    format!("{} characters\n", text.chars().count())
}

#[require_permission("posts:publish")]
#[post("/posts/{id}/publish")]
async fn publish(id: web::Path<u64>) -> impl Responder {
    format!("post {id} is published\n")
}

// Several names need `any(…)` or `all(…)`, because a plain list would be ambiguous. An editor also has the role "author", by
// implication.
#[require_role(any(Role::Author, "reader"))]
#[get("/desk")]
async fn desk(caller: Principal) -> impl Responder {
    // The rule decides who may call the handler. The content of the response may depend on more.
    if caller.has_role(Role::Editor) { "all posts\n" } else { "your posts\n" }
}

// `!role` requires a token with a list of roles. A token without one could hide a role.
#[require(permission("media:delete") && !role("on-probation"))]
#[delete("/media/{id}")]
async fn remove(id: web::Path<u64>) -> impl Responder {
    format!("picture {id} is deleted\n")
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "newsroom";

fn settings(secret: &[u8]) -> AuthBuilder {
    let tokens = Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE);
    // The role type whose grants apply. A scope finds the role types that its rules name, so this call only matters if all rules
    // require permissions.
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
    async fn roles_confer_what_they_imply_and_grant() {
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
        #[rustfmt::skip] // keep the columns aligned
        let table = [ //                                                read write publish desk delete
            (json!({ "roles": ["admin"] }),                             [200, 200, 200, 200, 200]),
            (json!({ "roles": ["admin", "on-probation"] }),             [200, 200, 200, 200, 403]),
            (json!({ "roles": ["editor"] }),                            [200, 200, 200, 200, 403]),
            (json!({ "roles": ["content-editor"] }),                    [200, 200, 200, 200, 403]), // the alias
            (json!({ "roles": ["author"] }),                            [200, 200, 403, 200, 403]),
            (json!({ "roles": ["reader"] }),                            [200, 403, 403, 200, 403]),
            (json!({ "roles": ["boss"] }),                              [403, 403, 403, 403, 403]), // not declared
            (json!({ "permissions": ["posts:publish"] }),               [200, 403, 200, 403, 403]),
            (json!({ "permissions": ["media:delete"] }),                [403, 403, 403, 403, 403]), // without a list of roles
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
