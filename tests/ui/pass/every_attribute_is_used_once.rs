use actix_web::{App, get};
use auth_actix::{Auth, deny_network, public, require, require_auth, require_claim, require_network, require_permission, require_role, require_scope};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

#[derive(auth_actix::Permission)]
enum Permission {
    #[permission("posts:write")]
    PostsWrite,
}

#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("read:reports")]
    ReadReports,
}

#[public]
#[get("/public")]
async fn by_anyone() -> &'static str {
    "anyone"
}

#[require_auth]
#[get("/auth")]
async fn by_the_authenticated() -> &'static str {
    "authenticated"
}

#[require_role("admin")]
#[get("/role")]
async fn by_role() -> &'static str {
    "role"
}

#[require_permission("posts:write")]
#[get("/permission")]
async fn by_permission() -> &'static str {
    "permission"
}

#[require_scope("read:reports")]
#[get("/scope")]
async fn by_scope() -> &'static str {
    "scope"
}

#[require_claim("org", "acme")]
#[get("/claim")]
async fn by_claim() -> &'static str {
    "claim"
}

#[require_auth]
#[require_network("10.0.0.0/8", "::1")]
#[get("/network")]
async fn from_inside() -> &'static str {
    "inside"
}

#[public]
#[deny_network("203.0.113.0/24")]
#[get("/denied")]
async fn from_elsewhere() -> &'static str {
    "elsewhere"
}

#[require(role("admin") || (permission("posts:write") && !network("203.0.113.0/24")))]
#[get("/rule")]
async fn by_rule() -> &'static str {
    "rule"
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth
            .scope("/api")
            .service(by_anyone)
            .service(by_the_authenticated)
            .service(by_role)
            .service(by_permission)
            .service(by_scope)
            .service(by_claim)
            .service(from_inside)
            .service(from_elsewhere)
            .service(by_rule);
        App::new().service(scope);
    };
}
