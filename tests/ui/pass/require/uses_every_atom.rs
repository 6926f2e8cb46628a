use actix_web::{App, get};
use auth_actix::{Auth, require};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
    Editor,
    Viewer,
}

#[derive(auth_actix::Permission)]
enum Permission {
    PostsRead,
    #[permission("posts:write")]
    PostsWrite,
}

#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("read:reports")]
    ReadReports,
    #[token_scope("https://api.example/write")]
    WriteReports,
}

#[require(role("admin"))]
#[get("/role")]
async fn role() -> &'static str {
    "role"
}

#[require(role(Role::Admin))]
#[get("/role-by-path")]
async fn role_by_path() -> &'static str {
    "role_by_path"
}

#[require(role(any("admin", "editor")))]
#[get("/roles")]
async fn roles() -> &'static str {
    "roles"
}

#[require(permission("posts:write"))]
#[get("/permissions")]
async fn permissions() -> &'static str {
    "permissions"
}

#[require(permission(all("posts-read", Permission::PostsWrite)))]
#[get("/all-permissions")]
async fn all_permissions() -> &'static str {
    "all_permissions"
}

#[require(scope("read:reports"))]
#[get("/scope")]
async fn scope() -> &'static str {
    "scope"
}

#[require(claim("org", "acme"))]
#[get("/claim")]
async fn claim() -> &'static str {
    "claim"
}

#[require(authenticated)]
#[get("/authenticated")]
async fn authenticated() -> &'static str {
    "authenticated"
}

#[require(max_age("5m"))]
#[get("/max-age")]
async fn max_age() -> &'static str {
    "max_age"
}

#[require(acr("urn:example:mfa"))]
#[get("/acr")]
async fn acr() -> &'static str {
    "acr"
}

#[require(scheme("bearer"))]
#[get("/scheme")]
async fn scheme() -> &'static str {
    "scheme"
}

#[require(authenticated && network("10.0.0.0/8", "::1"))]
#[get("/network")]
async fn network() -> &'static str {
    "network"
}

fn main() {
    let _ = |auth: &Auth| {
        let api = auth
            .scope("/api")
            .service(role)
            .service(role_by_path)
            .service(roles)
            .service(permissions)
            .service(all_permissions)
            .service(scope)
            .service(claim)
            .service(authenticated)
            .service(max_age)
            .service(acr)
            .service(scheme)
            .service(network);
        App::new().service(api);
    };
}
