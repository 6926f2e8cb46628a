#![deny(unused_imports)]

use actix_web::{App, get};
use auth_actix::open::{Permission, Role, TokenScope};
use auth_actix::{Auth, require, require_permission, require_role, require_scope};

#[require_role("any name will do")]
#[get("/role")]
async fn by_role() -> &'static str {
    "role"
}

#[require_role(any("admin", "ROLE_EDITOR"))]
#[get("/roles")]
async fn by_roles() -> &'static str {
    "roles"
}

#[require_permission("posts:write")]
#[get("/permission")]
async fn by_permission() -> &'static str {
    "permission"
}

#[require_scope("https://api.example/read:reports")]
#[get("/scope")]
async fn by_scope() -> &'static str {
    "scope"
}

#[require(role("übersetzer") || (permission("posts:write") && scope("write")))]
#[get("/rule")]
async fn by_rule() -> &'static str {
    "rule"
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/api").service(by_role).service(by_roles).service(by_permission);
        App::new().service(scope.service(by_scope).service(by_rule));
    };
}
